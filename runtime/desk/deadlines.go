package desk

import "container/heap"

// Deadlines are an index: what time will bring, found from the state. An entry is only a hint where
// to look; due checks it against the state, so that entries need not be taken out when what they
// were for is gone.

type deadlineKind uint8

const (
	checkQueue    deadlineKind = iota + 1 // its state may change
	offerExpires                          // an offer was not accepted
	agentLost                             // the agent of a conversation was away for too long
	customerLost                          // a waiting customer was away for too long
	idleTooLong                           // no customer message for too long
	agentRemoved                          // the agent of a conversation serves its queue no more
	queueRemoved                          // the queue of a waiting conversation is no more
	offerTheFirst                         // to an agent who ended a conversation
	distribute                            // a pool's customers may be offered
	ruleDue                               // a waiting rule
	chosenLost                            // the agent for whom a customer waits in person is gone
	goesIdle                              // the customer was silent for so long
	lineRemoved                           // where a conversation waits is no more
)

type deadline struct {
	at   int64
	kind deadlineKind
	key  string // queue, agent, pool or conversation
}

// deadlines is a heap, the earliest first.
type deadlines []deadline

func (d deadlines) Len() int { return len(d) }
func (d deadlines) Less(i, j int) bool {
	a, b := d[i], d[j]
	if a.at != b.at {
		return a.at < b.at
	}
	if a.kind != b.kind {
		return a.kind < b.kind
	}
	return a.key < b.key
}
func (d deadlines) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deadlines) Push(x any)   { *d = append(*d, x.(deadline)) }
func (d *deadlines) Pop() any {
	old := *d
	last := old[len(old)-1]
	*d = old[:len(old)-1]
	return last
}

// conversationDeadlines are all kinds whose key is a conversation.
var conversationDeadlines = []deadlineKind{
	offerExpires, agentLost, customerLost, idleTooLong, goesIdle, agentRemoved, queueRemoved, lineRemoved, chosenLost, ruleDue,
}

func (s *State) at(at int64, kind deadlineKind, key string) {
	if s.follows {
		return
	}
	heap.Push(&s.deadlines, deadline{at, kind, key})
}

// hint asks to look at deadlines of a conversation that may come by the state as it is; due moves them
// to where they belong.
func (s *State) hint(at int64, c *Conversation, kinds ...deadlineKind) {
	if s.follows {
		return
	}
	for _, kind := range kinds {
		if _, ok := s.dueAt(deadline{at, kind, string(c.ID)}); ok {
			s.at(at, kind, string(c.ID))
		}
	}
}

// NextDeadline is when Tick will have something to do, in milliseconds; false when nothing is to
// come. It tidies the index, nothing else.
func (s *State) NextDeadline() (int64, bool) {
	for len(s.deadlines) > 0 {
		d := s.deadlines[0]
		at, ok := s.dueAt(d)
		switch {
		case !ok:
			heap.Pop(&s.deadlines)
		case at != d.at:
			s.deadlines[0].at = at
			heap.Fix(&s.deadlines, 0)
		default:
			return at, true
		}
	}
	return 0, false
}

// due is the first deadline that has come.
func (s *State) due(now int64) (deadline, bool) {
	for {
		at, ok := s.NextDeadline()
		if !ok || at > now {
			return deadline{}, false
		}
		d := s.deadlines[0]
		if d.kind != checkQueue {
			return d, true
		}
		// A queue whose check finds nothing new has no event to tell; look for its next moment.
		q := s.Queues[d.key]
		if _, changed := s.switched(q, now); changed {
			return d, true
		}
		heap.Pop(&s.deadlines)
		s.planCheck(q, now)
	}
}

// dueAt is when a deadline comes by the state as it is; false when it never will.
func (s *State) dueAt(d deadline) (int64, bool) {
	switch d.kind {
	case checkQueue:
		q := s.Queues[d.key]
		return d.at, q != nil && q.nextCheck == d.at
	case offerTheFirst:
		return d.at, s.offerNext == d.key && s.offerable(d.key) != nil
	case distribute:
		p := s.pools[d.key]
		if p == nil || !p.hot {
			return 0, false
		}
		if _, c, _ := s.match(p); c == nil {
			p.hot = false
			return 0, false
		}
		return d.at, true
	}
	c := s.Conversations[ConversationID(d.key)]
	if c == nil || c.Place == Over {
		return 0, false
	}
	switch d.kind {
	case offerExpires:
		return c.OfferUntil, c.Place == OfferedTo
	case agentLost:
		_, at := s.lost(c)
		return at, at != 0
	case customerLost:
		customer := s.Customers[c.Session]
		if c.Place != Waiting && c.Place != OfferedTo || customer == nil || customer.LostAt == 0 {
			return 0, false
		}
		return customer.LostAt + s.customerLost(c.Queue), true
	case idleTooLong:
		return c.LastCustomerAt + s.idle(c.Queue), true
	case goesIdle:
		// What a customer waited in a line is no silence: nobody was there to be written to.
		return max(c.LastCustomerAt, c.StartedAt) + s.idleAfter(c.Queue), s.mayIdle(c)
	case agentRemoved:
		return d.at, s.unentitled(c) != ""
	case queueRemoved:
		return d.at, (c.Place == Waiting || c.Place == OfferedTo) && s.Queues[c.Queue] == nil && s.stranded(c)
	case lineRemoved:
		return d.at, c.Place == Waiting && s.Queues[c.Queue] != nil && s.lineOf(c) == nil
	case chosenLost:
		at := s.chosenLostAt(c)
		return at, at != 0
	case ruleDue:
		_, at := s.nextRule(c)
		return at, at != 0
	}
	return 0, false
}
