package desk

import (
	"cmp"
	"slices"
	"strings"
)

// Deadlines are an index: what time will bring, found from the state. An entry is only a hint where
// to look; due checks it against the state, so that entries need not be taken out when what they
// were for is gone.

type deadlineKind uint8

const (
	checkQueue    deadlineKind = iota + 1 // its state may change
	offerExpires                          // an offer was not accepted
	agentLost                             // the agent of a conversation was away for too long
	customerLost                          // a waiting customer was away for too long, since in line
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

// deadlines is a heap, the earliest first. It is written out, for each decision comes by here. Each entry
// has four below it, which are neighbours in memory: of tens of thousands a way down has eight steps.
type deadlines []deadline

const below = 4

func (d deadlines) less(i, j int) bool {
	a, b := &d[i], &d[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return a.compare(*b) < 0
}

func (a deadline) compare(b deadline) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind), strings.Compare(a.key, b.key))
}

func (d *deadlines) push(e deadline) {
	*d = append(*d, e)
	list := *d
	for i := len(list) - 1; i > 0; {
		up := (i - 1) / below
		if !list.less(i, up) {
			break
		}
		list[i], list[up] = list[up], list[i]
		i = up
	}
}

// pop takes the first away.
func (d *deadlines) pop() {
	list := *d
	last := len(list) - 1
	list[0] = list[last]
	list[last] = deadline{}
	*d = list[:last]
	d.sink()
}

// sink puts the first, which has become later, where it belongs.
func (d *deadlines) sink() {
	list := *d
	for i := 0; ; {
		least := i
		for j := below*i + 1; j < min(below*i+below+1, len(list)); j++ {
			if list.less(j, least) {
				least = j
			}
		}
		if least == i {
			return
		}
		list[i], list[least] = list[least], list[i]
		i = least
	}
}

// agenda is all deadlines. Each conversation has one that lies a day ahead; what is looked at all the time is
// kept apart from these, and is few.
type agenda struct{ near, far deadlines }

// of is where a kind is kept.
func (a *agenda) of(kind deadlineKind) *deadlines {
	if kind == idleTooLong {
		return &a.far
	}
	return &a.near
}

// next is where the first of all stands; nil when there is none.
func (a *agenda) next() *deadlines {
	switch {
	case len(a.near) == 0 && len(a.far) == 0:
		return nil
	case len(a.near) == 0 || len(a.far) > 0 && a.far[0].compare(a.near[0]) < 0:
		return &a.far
	}
	return &a.near
}

// conversationDeadlines are all kinds whose key is a conversation.
var conversationDeadlines = []deadlineKind{
	offerExpires, agentLost, customerLost, idleTooLong, goesIdle, agentRemoved, queueRemoved, lineRemoved, chosenLost, ruleDue,
}

func (s *State) at(at int64, kind deadlineKind, key string) {
	if s.follows {
		return
	}
	s.deadlines.of(kind).push(deadline{at, kind, key})
}

// hint asks to look at deadlines of a conversation that may come by the state as it is.
func (s *State) hint(at int64, c *Conversation, kinds ...deadlineKind) {
	if s.follows {
		return
	}
	for _, kind := range kinds {
		// At its own time, though that may have passed: what is overdue comes in the order in which it
		// was due, on every router.
		if due, ok := s.dueAt(deadline{at, kind, string(c.ID)}); ok {
			s.at(due, kind, string(c.ID))
		}
	}
}

// NextDeadline is when Tick will have something to do, in milliseconds; false when nothing is to
// come. It tidies the index, nothing else.
func (s *State) NextDeadline() (int64, bool) {
	d, ok := s.nextDeadline()
	return d.at, ok
}

func (s *State) nextDeadline() (deadline, bool) {
	if len(s.deadlines.near)+len(s.deadlines.far) > s.sweepAt {
		s.sweep()
	}
	for h := s.deadlines.next(); h != nil; h = s.deadlines.next() {
		d := (*h)[0]
		at, ok := s.dueAt(d)
		switch {
		case !ok:
			h.pop()
		case at != d.at:
			(*h)[0].at = at
			h.sink()
		default:
			return d, true
		}
	}
	return deadline{}, false
}

// sweep drops entries for what is gone. Conversations that end early leave some that lie a day ahead.
func (s *State) sweep() {
	for _, h := range []*deadlines{&s.deadlines.near, &s.deadlines.far} {
		kept := (*h)[:0]
		for _, d := range *h {
			if at, ok := s.dueAt(d); ok {
				kept = append(kept, deadline{at, d.kind, d.key})
			}
		}
		clear((*h)[len(kept):])
		slices.SortFunc(kept, deadline.compare) // what is in order is a heap
		*h = slices.Compact(kept)
	}
	s.sweepAt = max(minSweep, 2*(len(s.deadlines.near)+len(s.deadlines.far)))
}

const minSweep = 256

// due is the first deadline that has come.
func (s *State) due(now int64) (deadline, bool) {
	for {
		d, ok := s.nextDeadline()
		if !ok || d.at > now {
			return deadline{}, false
		}
		if d.kind != checkQueue {
			return d, true
		}
		// A queue whose check finds nothing new has no event to tell; look for its next moment.
		q := s.Queues[d.key]
		if _, changed := s.switched(q, now); changed {
			return d, true
		}
		s.deadlines.of(checkQueue).pop()
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
		if s.next(p).customer == nil {
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
		customer := c.customer
		if c.Place != Waiting && c.Place != OfferedTo || customer == nil || customer.LostAt == 0 {
			return 0, false
		}
		// Who was away while in service has the usual time from when that ended.
		return max(customer.LostAt, c.rulesFrom()) + s.customerLost(c.Queue), true
	case idleTooLong:
		return s.closesAt(c), true
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
