package desk

import (
	"slices"

	"usher.chat/runtime/settings"
)

// Reasons why a waiting rule's move was not made.
const (
	SkippedMissing  = "missing"  // the queue is not there
	SkippedVisited  = "visited"  // a rule moved the customer out of that queue or into it before
	SkippedUnserved = "unserved" // no team of the queue has a member: nobody would see the customer
	SkippedClosed   = "closed"   // the queue is closed and takes nobody in
)

// nextRule is the first waiting rule of a waiting conversation that has not been applied, and when it
// comes due; 0 when there is none (feature R13).
func (s *State) nextRule(c *Conversation) (*settings.WaitingRule, int64) {
	set := s.Setting(c.Queue)
	if c.Place != Waiting || set == nil {
		return nil, 0
	}
	for i := range set.WaitingRules {
		if r := &set.WaitingRules[i]; r.AfterSeconds > c.RulesDone {
			return r, c.rulesFrom() + int64(r.AfterSeconds)*1000
		}
	}
	return nil, 0
}

// decideRule applies the waiting rule that is due, and others of the same second with it.
func (s *State) decideRule(c *Conversation, now int64) Decision {
	due, _ := s.nextRule(c)
	var d Decision
	moved := false
	for _, r := range s.Setting(c.Queue).WaitingRules {
		if r.AfterSeconds != due.AfterSeconds || moved {
			continue
		}
		e := RuleApplied{Conversation: c.ID, Queue: c.Queue, After: r.AfterSeconds, Action: r.Action}
		if r.Action == settings.RuleMove {
			e.To, e.Skipped = r.Queue, s.whyNotMove(c, r.Queue, now)
			moved = e.Skipped == ""
		}
		d.Events = append(d.Events, e)
	}
	return d
}

func (s *State) whyNotMove(c *Conversation, to string, now int64) string {
	q := s.Queues[to]
	switch {
	case q == nil:
		return SkippedMissing
	case to == c.Queue || slices.Contains(c.Visited, to):
		return SkippedVisited
	case len(q.pool.members) == 0:
		return SkippedUnserved
	case !s.answer(q, now).Open:
		return SkippedClosed
	}
	return ""
}

func (s *State) applyRule(e RuleApplied, at int64) {
	c := s.Conversations[e.Conversation]
	c.RulesDone = e.After
	switch {
	case e.Action == settings.RuleAlert:
		if q := s.Queues[c.Queue]; q != nil && !c.Alerted {
			q.alerted++
		}
		c.Alerted = true
	case e.Skipped == "":
		s.take(c, at)
		c.Visited = with(with(c.Visited, c.Queue), e.To)
		c.ForAgent, c.ForTeam, c.From, c.Note = "", "", "", ""
		c.Via = ViaRule
		s.moveTo(c, e.To)
		s.wait(c, at)
		return
	}
	s.hint(at, c, ruleDue)
}
