package desk

import "slices"

// next is what match finds. Each decision asks for it several times, and it changes with the state only.
func (s *State) next(p *pool) pairing {
	if p.matched != s.Seq || s.Seq == 0 {
		p.found.queue, p.found.customer, p.found.seat = s.match(p)
		p.matched = s.Seq
	}
	return p.found
}

// match is the customer whom a pool is to be offered next, and to whom: the first in order for whom
// an agent is free (feature R3). An agent who serves other queues too is not given to a customer who
// comes after one of theirs.
func (s *State) match(p *pool) (*Queue, *Conversation, *seat) {
	var best *Conversation
	var queue *Queue
	var chosen *seat
	for _, q := range p.queues {
		if c, a := s.nextOf(q, best); c != nil {
			queue, best, chosen = q, c, a
		}
	}
	if best == nil {
		return nil, nil, nil
	}
	for {
		q, c := s.betterFor(chosen, best)
		if c == nil {
			return queue, best, chosen
		}
		queue, best, chosen = q, c, s.choose(q, c)
	}
}

// nextOf is the first of a queue whom somebody can be offered, if it comes before another.
func (s *State) nextOf(q *Queue, before *Conversation) (*Conversation, *seat) {
	if o := q.order(); o == nil || len(o.free) == 0 {
		return nil, nil
	}
	for _, c := range q.line {
		if before != nil && !c.before(before) {
			return nil, nil
		}
		if a := s.choose(q, c); a != nil {
			return c, a
		}
	}
	return nil, nil
}

// betterFor is a customer who comes before another and may be offered to an agent.
func (s *State) betterFor(a *seat, than *Conversation) (*Queue, *Conversation) {
	var queue *Queue
	var best *Conversation
	for _, post := range a.member.posts {
		for _, q := range post.pool.queues {
			if !q.automatic || len(q.line) == 0 || !q.line[0].before(than) {
				continue
			}
			for _, c := range q.line {
				if !c.before(than) {
					break
				}
				if !slices.Contains(c.Refused, a.name) {
					queue, best, than = q, c, c
					break
				}
			}
		}
	}
	return queue, best
}

func (s *State) decideDistribute(p *pool, now int64) Decision {
	found := s.next(p)
	c := found.customer
	return only(Offered{
		Conversation: c.ID, Agent: found.seat.name, Until: now + s.offerTimeout(c.Queue), Choice: s.explain(found.queue, c, found.seat),
	})
}

// decideOffer offers the first in line to an agent who ended a conversation (feature Q10).
func (s *State) decideOffer(agent string, now int64) Decision {
	c := s.offerable(agent)
	e := Offered{Conversation: c.ID, Agent: agent, Until: now + s.offerTimeout(c.Queue), Choice: &Choice{Freed: true}}
	if q := s.Queues[c.Queue]; q != nil {
		e.Choice.Generation = q.set.Generation
		e.Choice.Passed = q.pool.passed()
	}
	a := s.Agents[agent]
	e.Choice.Free = 1
	e.Choice.add(&a.seat, false, "")
	return only(e)
}

// offerable is whom an agent may be offered after ending a conversation: nobody when not free, and
// never one whom the agent let pass before.
func (s *State) offerable(agent string) *Conversation {
	m := s.members[agent]
	if a := s.Agents[agent]; m == nil || a == nil || a.seat.standing != standsFree {
		return nil
	}
	return s.firstInQueues(m, func(c *Conversation) bool { return !slices.Contains(c.Refused, agent) })
}

// firstInQueues is the first in order who waits in the queues of an agent and fits.
func (s *State) firstInQueues(m *Member, fits func(*Conversation) bool) *Conversation {
	var best *Conversation
	for _, name := range m.Queues {
		if c := s.Queues[name].line.first(fits); c != nil && (best == nil || c.before(best)) {
			best = c
		}
	}
	return best
}
