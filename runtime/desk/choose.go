package desk

import (
	"slices"

	"usher.chat/runtime/settings"
)

const (
	// maxCandidates: of a pool of at most so many every agent is recorded with the reason; of a larger
	// one the best fewCandidates.
	maxCandidates = 32
	fewCandidates = 8
)

// choose finds the agent to whom a waiting customer is offered, by the queue's strategy; nil when
// nobody can be. (Features R3, X3.)
func (s *State) choose(q *Queue, c *Conversation) *seat {
	o := q.order()
	if o == nil || len(o.free) == 0 {
		return nil
	}
	switch q.set.Distribution.Strategy {
	case settings.StrategySkillsThenLeastBusy:
		best, most := (*seat)(nil), -1
		required := required(q, c)
		for a := range o.seats {
			if n := leading(a.member, required); n > most && !slices.Contains(c.Refused, a.name) {
				if best, most = a, n; n == len(required) {
					break
				}
			}
		}
		return best
	case settings.StrategyLeastBusy, settings.StrategyLongestIdle, settings.StrategyRoundRobin:
		for a := range o.seats {
			if !slices.Contains(c.Refused, a.name) {
				return a
			}
		}
		return nil
	}
	free := len(o.free)
	if len(c.Refused) > 0 {
		free = 0
		for a := range o.seats {
			if !slices.Contains(c.Refused, a.name) {
				free++
			}
		}
		if free == 0 {
			return nil
		}
	}
	i := int(s.draw() % uint64(free))
	if len(c.Refused) == 0 {
		return o.pool.seats[o.free[i]]
	}
	for a := range o.seats {
		if slices.Contains(c.Refused, a.name) {
			continue
		}
		if i == 0 {
			return a
		}
		i--
	}
	return nil
}

// order is that of the queue's strategy; nil while it does not distribute.
func (q *Queue) order() *order {
	if !q.automatic {
		return nil
	}
	name, _ := orderOf(q.set.Distribution.Strategy)
	return q.pool.orders[name]
}

// required are the skills that a conversation asks for, the most important first.
func required(q *Queue, c *Conversation) []string {
	if len(c.Skills) == 0 {
		return q.set.Distribution.RequiredSkills
	}
	list := slices.Clone(c.Skills)
	for _, skill := range q.set.Distribution.RequiredSkills {
		if !slices.Contains(list, skill) {
			list = append(list, skill)
		}
	}
	return list
}

// leading is how many of the required skills an agent has before the first that is missing: the
// lowest-ranked are dropped one at a time.
func leading(m *Member, required []string) int {
	for i, skill := range required {
		if _, has := slices.BinarySearch(m.Skills, skill); !has {
			return i
		}
	}
	return len(required)
}

// draw is the next random number, by SplitMix64. Apply moves the generator on when it was used, so
// that the same ledger gives the same draws and a test can repeat them.
func (s *State) draw() uint64 {
	z := s.Random + splitMixStep
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

const splitMixStep = 0x9e3779b97f4a7c15

// explain records how an agent was chosen.
func (s *State) explain(q *Queue, c *Conversation, chosen *seat) *Choice {
	set := q.set
	most := len(q.pool.members)
	if most > maxCandidates {
		most = fewCandidates
	}
	e := newChoice(most)
	e.Generation, e.Strategy = set.Generation, set.Distribution.Strategy
	if e.Strategy == "" {
		e.Strategy = settings.StrategyRandom
	}
	if e.Strategy == settings.StrategyRandom {
		e.Draw = s.draw()
	}
	skilled := e.Strategy == settings.StrategySkillsThenLeastBusy
	if skilled {
		e.Required = required(q, c)
		e.Dropped = len(e.Required) - leading(chosen.member, e.Required)
	}
	e.Passed = q.pool.passed()
	e.add(chosen, skilled, "")
	e.Free = 1
	o := q.order()
	for a := range o.seats {
		if a == chosen {
			continue
		}
		why := PassedScore
		switch {
		case len(c.Refused) > 0 && slices.Contains(c.Refused, a.name):
			why = PassedRefused
			e.Passed.Refused++
		case skilled && leading(a.member, e.Required) < len(e.Required)-e.Dropped:
			why = PassedSkills
			e.Passed.Skills++
		default:
			e.Free++
		}
		if len(e.Candidates) < most {
			e.add(a, skilled, why)
		} else if len(c.Refused) == 0 && !skilled {
			e.Free = len(o.free)
			break
		}
	}
	if len(q.pool.members) > maxCandidates {
		return e
	}
	for _, name := range q.pool.members {
		a := s.Agents[name]
		switch {
		case a == nil:
			e.Candidates = append(e.Candidates, Candidate{Agent: name, Limit: s.members[name].Max, Why: PassedOffline})
		case a.seat.standing != standsFree:
			e.add(&a.seat, skilled, a.seat.standing.reason())
		}
	}
	return e
}

// newChoice is one with room for so many candidates: of few it is one piece of memory with them.
func newChoice(most int) *Choice {
	if most > fewCandidates {
		return &Choice{Candidates: make([]Candidate, 0, most)}
	}
	few := &struct {
		choice     Choice
		candidates [fewCandidates]Candidate
	}{}
	few.choice.Candidates = few.candidates[:0]
	return &few.choice
}

func (e *Choice) add(a *seat, skilled bool, why Reason) {
	c := Candidate{Agent: a.name, Load: a.load, Limit: a.member.Max, Since: a.since, Turn: a.turn, Why: why}
	if skilled {
		c.Skills = leading(a.member, e.Required)
	}
	e.Candidates = append(e.Candidates, c)
}

// passed counts the agents of a pool who are not free.
func (p *pool) passed() Passed {
	return Passed{
		Offline: p.counts[standsOffline], Away: p.counts[standsAway],
		FinishMine: p.counts[standsFinishMine], Limit: p.counts[standsFull],
	}
}
