package desksim

import (
	"fmt"
	"slices"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// keepEnded is how long an ended conversation is known, in milliseconds.
const keepEnded = hour

type check struct {
	s   *desk.State
	now int64
	bad []string
}

func (k *check) wrong(format string, args ...any) {
	k.bad = append(k.bad, fmt.Sprintf(format, args...))
}

// Check looks at a state whose ticks are done for what must always hold, and tells what does not.
// Now is the time of the last tick, in milliseconds.
func Check(s *desk.State, now int64) []string {
	k := &check{s: s, now: now}
	k.places()
	k.people()
	k.queues()
	k.deadlines()
	return k.bad
}

// places: a conversation is in exactly one place, and the indexes agree.
func (k *check) places() {
	inLine, inHands := map[desk.ConversationID]int{}, map[desk.ConversationID]int{}
	for name := range k.s.Queues {
		for _, c := range k.s.Line(name) {
			inLine[c.ID]++
			if c.Queue != name {
				k.wrong("%s of queue %s stands in the line of %s", c.ID, c.Queue, name)
			}
		}
	}
	for name := range k.s.Agents {
		for _, c := range k.s.ConversationsOf(name) {
			inHands[c.ID]++
			if c.Agent != name {
				k.wrong("%s of agent %q is in the hands of %s", c.ID, c.Agent, name)
			}
		}
	}
	numbers := map[uint64]desk.ConversationID{}
	for id, c := range k.s.Conversations {
		if c.ID != id || c.ID != desk.ConversationID(fmt.Sprintf("c%d", c.Number)) {
			k.wrong("%s is kept as %s with number %d", c.ID, id, c.Number)
		}
		if other, twice := numbers[c.Number]; twice || c.Number > k.s.LastConversation {
			k.wrong("%s has number %d (also %s, the last is %d)", id, c.Number, other, k.s.LastConversation)
		}
		numbers[c.Number] = id
		want := [2]int{}
		switch c.Place {
		case desk.Waiting:
			want = [2]int{1, 0}
			if c.Agent != "" || k.s.Queues[c.Queue] == nil {
				k.wrong("%s waits in %q (which is there: %t) with agent %q", id, c.Queue, k.s.Queues[c.Queue] != nil, c.Agent)
			}
		case desk.OfferedTo:
			want = [2]int{0, 1}
			if slices.Contains(c.Refused, c.Agent) {
				k.wrong("%s is offered to %s who let it pass", id, c.Agent)
			}
			if !serves(k.s, c.Agent, c.Queue) {
				k.wrong("%s is offered to %s who does not serve %s", id, c.Agent, c.Queue)
			}
		case desk.InService:
			want = [2]int{0, 1}
			if k.s.Queues[c.Queue] != nil && !serves(k.s, c.Agent, c.Queue) {
				k.wrong("%s is served by %s who does not serve %s", id, c.Agent, c.Queue)
			}
		case desk.Over:
			if c.EndedAt == 0 || c.EndedWhy == "" || c.UnansweredSince != 0 {
				k.wrong("%s is over without an end: %+v", id, *c)
			}
			if c.EndedAt+keepEnded <= k.s.At {
				k.wrong("%s has been over since %d and is still known at %d", id, c.EndedAt, k.s.At)
			}
		default:
			k.wrong("%s is in place %d", id, c.Place)
		}
		if got := [2]int{inLine[id], inHands[id]}; got != want {
			k.wrong("%s (place %d, queue %s, agent %q) is in %d lines and %d hands", id, c.Place, c.Queue, c.Agent, got[0], got[1])
		}
		delete(inLine, id)
		delete(inHands, id)
	}
	if len(inLine)+len(inHands) > 0 {
		k.wrong("there are conversations in lines or hands that are not known: %v %v", inLine, inHands)
	}
}

// people: customers and agents.
func (k *check) people() {
	active := map[string]desk.ConversationID{}
	for id, c := range k.s.Conversations {
		if c.Place == desk.Over {
			continue
		}
		if other, two := active[c.Session]; two {
			k.wrong("session %s has two conversations, %s and %s", c.Session, id, other)
		}
		active[c.Session] = id
		if customer := k.s.Customers[c.Session]; customer == nil || customer.Conversation != id {
			k.wrong("%s is not the conversation of its customer %s", id, c.Session)
		}
	}
	for session, c := range k.s.Customers {
		if conv := k.s.Conversations[c.Conversation]; conv == nil || conv.Session != session || c.Session != session {
			k.wrong("customer %s has conversation %s, which is not there or another's", session, c.Conversation)
		}
		if (len(c.Gateways) > 0) != (c.LostAt == 0) {
			k.wrong("customer %s is on %v and lost since %d", session, c.Gateways, c.LostAt)
		}
	}
	for name, a := range k.s.Agents {
		if len(a.Gateways) > 0 && a.LostAt != 0 {
			k.wrong("agent %s is on %v and lost since %d", name, a.Gateways, a.LostAt)
		}
		if got, want := k.s.Load(name), loadOf(k.s, name); got != want {
			k.wrong("agent %s has load %d, counted %d", name, got, want)
		}
		if len(a.Gateways) == 0 && a.LostAt == 0 && loadOf(k.s, name) > 0 {
			k.wrong("agent %s is not connected, not lost, and has conversations", name)
		}
		limit := 0
		if m := k.s.Member(name); m != nil {
			limit = m.Max
		}
		if want := limitOf(k.s, name); limit != want {
			k.wrong("agent %s has limit %d, by the settings %d", name, limit, want)
		}
	}
}

// queues: order, figures, and the state that the calendar says.
func (k *check) queues() {
	if len(k.s.Queues) != len(k.s.Settings.Queues) {
		k.wrong("%d queues are set, %d are there", len(k.s.Settings.Queues), len(k.s.Queues))
	}
	for name, q := range k.s.Queues {
		line := k.s.Line(name)
		if !slices.Equal(line, waitingIn(k.s, name)) {
			k.wrong("the line of %s is not in the order of arrival", name)
		}
		for i, c := range line {
			if got := k.s.PlaceInLine(c); got != i+1 {
				k.wrong("%s has place %d in %s, %d are before it", c.ID, got, name, i)
			}
		}
		if got, want := k.s.AgentsOf(name), agentsOf(k.s, name); !slices.Equal(got, want) {
			k.wrong("queue %s has agents %v, by the settings %v", name, got, want)
		}
		got, _ := k.s.Figures(name)
		if want := figures(k.s, q); got != want {
			k.wrong("figures of %s are %+v, counted %+v", name, got, want)
		}
		if n := len(k.s.Offers(name)); n != got.Offered {
			k.wrong("%s has %d offers, counted %d", name, n, got.Offered)
		}
		k.level(q)
	}
	for name := range k.s.Requests {
		if k.s.Queues[name] == nil {
			k.wrong("there is a request for queue %s, which is not there", name)
		}
	}
}

// level: a queue reads what override, schedule and clock say, however it came there.
func (k *check) level(q *desk.Queue) {
	open, cause, err := resolve(k.s, q, k.now)
	if err != nil {
		k.wrong("queue %s: %v", q.Name, err)
		return
	}
	state := settings.QueueClosed
	if open {
		state = settings.QueueOpen
	}
	if q.State != state {
		k.wrong("queue %s is %s, the calendar says %s (%s)", q.Name, q.State, state, cause)
	}
	byHand := cause == string(calendar.CauseOverride)
	if (q.Cause == string(calendar.CauseOverride)) != byHand {
		k.wrong("queue %s has cause %s, the calendar says %s", q.Name, q.Cause, cause)
	}
	if o := overrideOf(k.s, q.Name); byHand && (q.By != o.By || q.Detail != o.Reason) {
		k.wrong("queue %s is held by %q for %q, the override is %q's for %q", q.Name, q.By, q.Detail, o.By, o.Reason)
	}
	if q.Since > k.now {
		k.wrong("queue %s is %s since %d, it is %d", q.Name, q.State, q.Since, k.now)
	}
	r, _ := k.s.Report(q.Name, desk.Instant(k.now))
	if r.State != state || r.Cause != cause {
		k.wrong("queue %s is reported %s by %s, the calendar says %s by %s", q.Name, r.State, r.Cause, state, cause)
	}
	if v := k.s.Override(q.Name, desk.Instant(k.now)); (v != nil) != byHand {
		k.wrong("queue %s shows the override %+v, the cause is %s", q.Name, v, cause)
	}
}

// deadlines: nothing that is due is left undone, and nobody is left without a way out.
func (k *check) deadlines() {
	next, some := k.s.NextDeadline()
	if some && next <= k.now {
		k.wrong("a deadline of %d is left at %d", next, k.now)
	}
	for id, c := range k.s.Conversations {
		if c.Place == desk.Over {
			continue
		}
		at := wayOut(k.s, c)
		if at <= k.now {
			k.wrong("%s (place %d) was to move on at %d, it is %d", id, c.Place, at, k.now)
		}
		if !some || next > at {
			k.wrong("%s (place %d) is to move on at %d, the next deadline is %d (%t)", id, c.Place, at, next, some)
		}
	}
	for name, q := range k.s.Queues {
		var compiled *calendar.Compiled
		if q.Schedule != nil {
			compiled, _ = compile(q.Schedule)
		}
		if compiled == nil && queueSetting(k.s, name).Schedule != "" {
			continue
		}
		if change, ok := calendar.NextChange(compiled, overrideOf(k.s, name), desk.Instant(k.now)); ok {
			at := change.Time.UnixMilli()
			if !some || next > at+1 {
				k.wrong("queue %s changes at %d, the next deadline is %d (%t)", name, at, next, some)
			}
		}
	}
}
