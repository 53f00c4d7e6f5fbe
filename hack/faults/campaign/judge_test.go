package campaign

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// log is a ledger that is given, for what counts only.
type log struct {
	Stage
	events []desk.Event
}

func (l log) Records(context.Context) iter.Seq2[desk.Record, error] {
	return func(yield func(desk.Record, error) bool) {
		for i, e := range l.events {
			if !yield(desk.Record{Seq: uint64(i + 1), At: int64(1000 + i), Event: e}, nil) {
				return
			}
		}
	}
}

// story is a customer who waits behind another, is picked, and talks with the agent.
func story() (c *crowd, l log) {
	set := Settings("acme", Options{Pairs: 2, Waiting: 2, Agents: 2})
	l.events = []desk.Event{
		desk.SettingsChanged{Version: "1", Settings: set},                                                  // 1
		desk.CustomerJoined{Conversation: "c1", Session: "s1", Queue: Queue, Channel: Channel},             // 2
		desk.CustomerJoined{Conversation: "c2", Session: "s2", Queue: Queue, Channel: Channel},             // 3
		desk.Picked{Conversation: "c1", Agent: Agent(0), How: desk.PickedNext, Team: "everybody"},          // 4
		desk.MessageSent{Conversation: "c1", From: desk.SideCustomer, Text: "customer-1 says 1"},           // 5
		desk.MessageSent{Conversation: "c1", From: desk.SideAgent, Author: Agent(0), Text: "agent says 1"}, // 6
	}
	c = newCrowd(l, Options{Say: func(string) {}})
	person := func(name string, side desk.Side) *somebody {
		return &somebody{crowd: c, memory: newMemory(name, side == desk.SideAgent, c.began), side: side}
	}
	one, two, agent := person("customer-1", desk.SideCustomer), person("customer-2", desk.SideCustomer), person(Agent(0), desk.SideAgent)
	other := person(Agent(1), desk.SideAgent)
	c.customers, c.agents = []*somebody{one, two}, []*somebody{agent, other}
	at := func(ms int) time.Time { return c.began.Add(time.Duration(ms) * time.Millisecond) }
	one.memory.note(Op{What: "join", Conversation: "c1", Seq: 2, from: one.side}, at(1), at(2), &c.fault)
	two.memory.note(Op{What: "join", Conversation: "c2", Seq: 3, from: two.side}, at(3), at(4), &c.fault)
	agent.memory.note(Op{What: "pick", Conversation: "c1", Seq: 4, from: agent.side}, at(5), at(6), &c.fault)
	other.memory.note(Op{What: "pick", Conversation: "c1", Code: "already_taken", By: Agent(0), from: agent.side}, at(5), at(7), &c.fault)
	one.memory.note(Op{What: "say", Conversation: "c1", Text: "customer-1 says 1", Seq: 5, from: one.side}, at(8), at(9), &c.fault)
	agent.memory.note(Op{What: "say", Conversation: "c1", Text: "agent says 1", Seq: 6, from: agent.side}, at(10), at(11), &c.fault)
	place := func(prev, seq uint64, id string, place int) protocol.Change {
		return protocol.Change{Kind: protocol.KindConversation, Conversation: &protocol.Conversation{ID: id, Place: place, State: protocol.StateWaiting}}
	}
	one.memory.told(1, 2, place(1, 2, "c1", 1))
	two.memory.told(2, 3, place(2, 3, "c2", 2))
	two.memory.told(3, 5, place(3, 5, "c2", 1)) // true since 4
	tell(agent, 5, "customer-1 says 1", desk.SideCustomer)
	tell(one, 6, "agent says 1", desk.SideAgent)
	return c, l
}

func tell(s *somebody, seq uint64, text string, from desk.Side) {
	s.memory.told(seq-1, seq, protocol.Change{Kind: protocol.KindMessage, Message: &protocol.Message{Conversation: "c1", Seq: seq, Text: text, From: string(from)}})
	if n := len(s.memory.hears); n > 0 {
		op := &s.memory.hears[n-1]
		op.Call, op.Return = int64(time.Second), int64(time.Second) // after it was said
	}
}

func TestEachKindOfHarmIsCounted(t *testing.T) {
	type counts struct{ lost, doubled, order, twice, places int }
	for name, test := range map[string]struct {
		harm   func(c *crowd, l *log)
		want   counts
		picks  porcupine.CheckResult
		spoken porcupine.CheckResult
	}{
		"none": {harm: func(*crowd, *log) {}},
		"a message that was acknowledged is not there": {harm: func(_ *crowd, l *log) {
			l.events[4] = desk.Disconnected{Principal: "s:nobody", Gateway: "g"}
		}, want: counts{lost: 1}},
		"a message was never told to the other side": {harm: func(c *crowd, _ *log) { c.lacks("…") }, want: counts{lost: 1}},
		"a join is not there": {harm: func(c *crowd, _ *log) {
			c.customers[0].memory.ops = append(c.customers[0].memory.ops, Op{What: "join", Conversation: "c9"})
		}, want: counts{lost: 1}},
		"a message is there twice": {harm: func(_ *crowd, l *log) { l.events = append(l.events, l.events[4]) }, want: counts{doubled: 1}},
		"a message that was refused is there": {harm: func(c *crowd, _ *log) {
			op := &c.customers[0].memory.ops[1]
			op.Code, op.Seq = "ended", 0
		}, want: counts{doubled: 1}},
		"a join of which nobody knows": {harm: func(_ *crowd, l *log) {
			l.events = append(l.events, desk.CustomerJoined{Conversation: "c3", Session: "s3", Queue: Queue, Channel: Channel})
		}, want: counts{doubled: 1}},
		"an answer names another place in the log": {harm: func(c *crowd, _ *log) { c.customers[0].memory.ops[1].Seq = 6 }, want: counts{order: 1},
			spoken: porcupine.Illegal}, // the agent was told of it before

		"a later message is told first": {harm: func(c *crowd, _ *log) {
			tell(c.customers[0], 5, "customer-1 says 1", desk.SideCustomer)
		}, want: counts{order: 1}},
		"a message becomes another": {harm: func(c *crowd, _ *log) {
			tell(c.customers[0], 6, "agent says 2", desk.SideAgent)
		}, want: counts{order: 1}},
		"two have a customer": {harm: func(c *crowd, _ *log) {
			op := &c.agents[1].memory.ops[0]
			op.Code, op.By = "", ""
		}, want: counts{twice: 1}, picks: porcupine.Illegal},
		"a customer is picked while somebody has them": {harm: func(_ *crowd, l *log) {
			l.events = append(l.events, desk.Picked{Conversation: "c1", Agent: Agent(1), How: desk.PickedChosen, Team: "everybody"})
		}, want: counts{twice: 1}},
		"a place is told that never was": {harm: func(c *crowd, _ *log) { c.customers[1].memory.places[1].Place = 3 }, want: counts{places: 1}},
		"a place is told after it was so": {harm: func(c *crowd, _ *log) {
			c.customers[1].memory.places[1].Since, c.customers[1].memory.places[1].Place = 4, 2
		}, want: counts{places: 1}},
		"a message is told before it can have been said": {harm: func(c *crowd, _ *log) {
			c.agents[0].memory.hears[0].Call, c.agents[0].memory.hears[0].Return = 1, 1
		}, spoken: porcupine.Illegal},
	} {
		c, l := story()
		test.harm(c, &l)
		r := &Result{}
		if err := c.judge(t.Context(), l, r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n := r.Counts
		if got := (counts{n.Lost, n.Doubled, n.OutOfOrder, n.PickedTwice, n.PlacesWrong}); got != test.want {
			t.Errorf("%s: %+v, want %+v: %q", name, got, test.want, n.Details)
		}
		for what, pair := range map[string][2]porcupine.CheckResult{"picks": {n.PicksLinearizable, test.picks}, "messages": {n.MessagesLinearizable, test.spoken}} {
			if want := pair[1]; pair[0] != want && (want != "" || pair[0] != porcupine.Ok) {
				t.Errorf("%s: %s are %s", name, what, pair[0])
			}
		}
		if fine := r.Wrong() == nil; fine != (name == "none") {
			t.Errorf("%s: wrong says %v", name, r.Wrong())
		}
	}
}

func TestRecoveryIsTheLongestWaitFromTheFaultOn(t *testing.T) {
	c, _ := story()
	m := c.customers[0].memory
	at := func(ms int) time.Time { return c.began.Add(time.Duration(ms) * time.Millisecond) }
	c.fault.set(at(100), time.Time{})
	m.note(Op{What: "say"}, at(40), at(90), &c.fault)   // before it
	m.note(Op{What: "say"}, at(50), at(400), &c.fault)  // under way: from the fault on
	m.note(Op{What: "say"}, at(410), at(450), &c.fault) // shorter
	c.fault.set(at(100), at(1000))
	m.note(Op{What: "say"}, at(1001), at(3000), &c.fault) // after it
	if got := m.wait(); got != 300*time.Millisecond {
		t.Errorf("waited %s", got)
	}
	if got := m.wait(); got != 0 {
		t.Errorf("and again %s", got)
	}
}

func TestARefusalThatNobodyShouldGetFailsACampaignAndManyEndIt(t *testing.T) {
	c, _ := story()
	if err := errors.Join(c.unexpected(), c.failure()); err != nil {
		t.Errorf("before any: %v", err)
	}
	refuse := func() {
		c.agents[0].surprised("speak", "c1", &protocol.Error{Code: "ended", Message: "the conversation is over"})
	}
	refuse()
	if err := c.unexpected(); err == nil || !strings.Contains(err.Error(), "may not speak c1: ended") {
		t.Errorf("after one: %v", err)
	}
	if err := c.failure(); err != nil {
		t.Errorf("one ends it: %v", err)
	}
	for range mostSurprises {
		refuse()
	}
	if c.failure() == nil {
		t.Errorf("%d do not end it", mostSurprises+1)
	}
}
