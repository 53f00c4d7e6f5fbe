package desk_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
	"usher.chat/runtime/settings"
)

// world drives a state as the router does, without a ledger.
type world struct {
	t   *testing.T
	s   *desk.State
	now time.Time
	log []desk.Record
	cid uint64
	set settings.Settings
	// quick leaves out the checks of every step, for tests of thousands of steps.
	quick bool
}

func newWorld(t *testing.T, set settings.Settings) *world {
	w := &world{t: t, s: desk.New(), now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	w.must(desk.Start{Epoch: 1})
	w.put(set)
	return w
}

func (w *world) put(set settings.Settings) {
	w.t.Helper()
	set.Sort()
	if err := set.Validate(); err != nil {
		w.t.Fatal(err)
	}
	w.set = set
	b, err := json.Marshal(set)
	if err != nil {
		w.t.Fatal(err)
	}
	var own settings.Settings // the domain keeps what it is given
	if err := json.Unmarshal(b, &own); err != nil {
		w.t.Fatal(err)
	}
	w.must(desk.ApplySettings{Settings: own})
}

// change puts settings in force that differ a little.
func (w *world) change(f func(*settings.Settings)) {
	w.t.Helper()
	set := w.set
	set.Schedules, set.Teams = slices.Clone(set.Schedules), slices.Clone(set.Teams)
	set.Queues, set.Channels = slices.Clone(set.Queues), slices.Clone(set.Channels)
	f(&set)
	w.put(set)
}

// support changes the queue that most tests have.
func (w *world) support(f func(*settings.Queue)) {
	w.t.Helper()
	w.change(func(s *settings.Settings) {
		f(&s.Queues[slices.IndexFunc(s.Queues, func(q settings.Queue) bool { return q.Name == "support" })])
	})
}

func (w *world) conv(id desk.ConversationID) *desk.Conversation {
	w.t.Helper()
	c := w.s.Conversations[id]
	if c == nil {
		w.t.Fatalf("there is no %s", id)
	}
	return c
}

func (w *world) state(want settings.QueueState, cause string) {
	w.t.Helper()
	r, _ := w.s.Report("support", w.now)
	if q := w.s.Queues["support"]; q.State != want || r.State != want || r.Cause != cause {
		w.t.Fatalf("at %s support is %s, reported %s by %s; want %s by %s", w.now, q.State, r.State, r.Cause, want, cause)
	}
}

func (w *world) availability(want desk.Availability) {
	w.t.Helper()
	if f, _ := w.s.Figures("support"); f.Availability != want {
		w.t.Fatalf("%+v, want %s", f, want)
	}
}

// refusedJoin: somebody new may not join, and why.
func (w *world) refusedJoin(code desk.Code) {
	w.t.Helper()
	w.refused(desk.Join{Origin: w.by("s:new"), Session: "new", Channel: "web"}, code)
}

// until lets time pass up to an instant.
func (w *world) until(at time.Time) {
	w.t.Helper()
	for {
		next, ok := w.s.NextDeadline()
		if !ok || next > desk.Millis(at) {
			break
		}
		w.now = desk.Instant(max(next, desk.Millis(w.now)))
		w.must(desk.Tick{})
	}
	w.now = at
}

func (w *world) last() desk.Event { return w.log[len(w.log)-1].Event }

func (w *world) do(c desk.Command) (desk.Decision, error) {
	w.t.Helper()
	d, err := desk.Decide(w.s, c, w.now)
	if err != nil {
		return d, err
	}
	w.apply(d, desk.OriginOf(c))
	for range 10000 {
		at, ok := w.s.NextDeadline()
		if !ok || at > desk.Millis(w.now) {
			w.sound()
			return d, nil
		}
		tick, err := desk.Decide(w.s, desk.Tick{}, w.now)
		if err != nil {
			return d, err
		}
		w.apply(tick, nil)
	}
	w.t.Fatal("deadlines without an end")
	return d, nil
}

func (w *world) apply(d desk.Decision, o *desk.Origin) {
	for i, e := range d.Events {
		r := desk.Record{Seq: w.s.Seq + 1, At: desk.Millis(w.now), Event: e}
		if i == 0 {
			r.Origin = o
		}
		b, err := desk.Encode(r)
		if err != nil {
			w.t.Fatal(err)
		}
		if r, err = desk.Decode(r.Seq, b); err != nil {
			w.t.Fatal(err)
		}
		if !w.quick {
			for _, wrong := range desksim.Lawful(w.s, r) {
				w.t.Errorf("unlawful: %s", wrong)
			}
		}
		w.s.Apply(r)
		w.log = append(w.log, r)
	}
}

// sound: whatever a test does, after it holds all that must always hold.
func (w *world) sound() {
	w.t.Helper()
	if w.quick {
		return
	}
	for _, wrong := range desksim.Check(w.s, desk.Millis(w.now)) {
		w.t.Errorf("unsound: %s", wrong)
	}
}

func (w *world) must(c desk.Command) desk.Decision {
	w.t.Helper()
	d, err := w.do(c)
	if err != nil {
		w.t.Fatalf("%T: %v", c, err)
	}
	return d
}

func (w *world) refused(c desk.Command, code desk.Code) *desk.Error {
	w.t.Helper()
	_, err := w.do(c)
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != code {
		w.t.Fatalf("%T: got %v, want %s", c, err, code)
	}
	return e
}

func (w *world) by(p desk.Principal) desk.Origin {
	w.cid++
	return desk.Origin{Principal: p, Client: "client-1", CID: w.cid}
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.must(desk.Tick{})
}

func (w *world) online(agents ...string) {
	for _, a := range agents {
		w.must(desk.Connect{Principal: desk.AgentPrincipal(a), Gateway: "g"})
	}
}

func (w *world) join(session string) desk.ConversationID {
	w.t.Helper()
	p := desk.CustomerPrincipal(session)
	d := w.must(desk.Join{Origin: w.by(p), Session: session, Channel: "web", Name: session})
	w.must(desk.Connect{Principal: p, Gateway: "g"})
	return d.Conversation
}

func (w *world) pick(agent string) desk.ConversationID {
	w.t.Helper()
	return w.must(desk.Pick{Origin: w.by(desk.AgentPrincipal(agent)), Agent: agent, Queue: "support"}).Conversation
}

// offer lets an agent end a conversation, and is the one that is offered then.
func (w *world) offer(agent string, ended desk.ConversationID) desk.ConversationID {
	w.t.Helper()
	w.must(desk.End{Origin: w.by(desk.AgentPrincipal(agent)), Conversation: ended})
	for _, c := range w.s.ConversationsOf(agent) {
		if c.Place == desk.OfferedTo {
			return c.ID
		}
	}
	w.t.Fatalf("%s is offered nobody", agent)
	return ""
}

func oneQueue() settings.Settings {
	return settings.Settings{
		Desk:  settings.Desk{Name: "acme"},
		Teams: []settings.Team{{Name: "tier1", Members: []settings.Member{{Name: "ana", Role: settings.RoleAdmin}, {Name: "ben"}, {Name: "cem", MaxConversations: 1}}}},
		Queues: []settings.Queue{{Name: "support", Teams: []string{"tier1"}, WhenBusy: settings.WhenBusy{
			Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityFixed, Places: 5}}}},
		Channels: []settings.Channel{{Name: "web", Type: settings.ChannelWeb, Queue: "support"}},
	}
}

func TestACustomerWaitsIsPickedWritesAndEnds(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	first, second := w.join("s1"), w.join("s2")
	if got := w.s.PlaceInLine(w.s.Conversations[second]); got != 2 {
		t.Fatalf("second customer has place %d", got)
	}
	if got := w.pick("ana"); got != first {
		t.Fatalf("picked %s, the first in line is %s", got, first)
	}
	if got := w.s.PlaceInLine(w.s.Conversations[second]); got != 1 {
		t.Fatalf("after a pick the second customer has place %d", got)
	}
	e := w.refused(desk.Pick{Origin: w.by("a:ben"), Agent: "ben", Conversation: first}, desk.AlreadyTaken)
	if e.By != "ana" {
		t.Fatalf("taken by %q", e.By)
	}
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "hello"})
	if w.s.Conversations[first].UnansweredSince == 0 {
		t.Fatal("a customer's message waits for an answer")
	}
	w.must(desk.Say{Origin: w.by("a:ana"), Conversation: first, Text: "hi"})
	w.refused(desk.Say{Origin: w.by("a:ben"), Conversation: first, Text: "hi"}, desk.NotEntitled)
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: first})
	w.refused(desk.Say{Origin: w.by("s:s1"), Text: "one more"}, desk.ConversationEnded)
}

func TestAnAgentWhoEndsAConversationIsOfferedTheFirstInLine(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	first, second := w.join("s1"), w.join("s2")
	w.pick("ana")
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: first})
	c := w.s.Conversations[second]
	if c.Place != desk.OfferedTo || c.Agent != "ana" {
		t.Fatalf("the next is %+v", c)
	}
	w.pass(29 * time.Second)
	if c.Place != desk.OfferedTo {
		t.Fatal("the offer stands for 30 s")
	}
	w.pass(time.Second)
	if c.Place != desk.Waiting || c.Returned != desk.ReturnedExpired || w.s.PlaceInLine(c) != 1 {
		t.Fatalf("an offer that was not accepted goes back to its place: %+v", c)
	}
}

func TestALostAgentsConversationGoesBackToItsPlaceAfterThirtySeconds(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	first := w.join("s1")
	w.pick("ana")
	w.join("s2")
	w.must(desk.Disconnect{Principal: "a:ana", Gateway: "g"})
	w.pass(29 * time.Second)
	w.online("ana")
	w.pass(time.Hour)
	c := w.s.Conversations[first]
	if c.Place != desk.InService {
		t.Fatal("an agent who comes back in time keeps the conversation")
	}
	w.must(desk.Disconnect{Principal: "a:ana", Gateway: "g"})
	w.pass(30 * time.Second)
	if c.Place != desk.Waiting || w.s.PlaceInLine(c) != 1 || c.Returned != desk.ReturnedLost {
		t.Fatalf("lost: %+v", c)
	}
}

func TestAWaitingCustomerWhoIsGoneForAMinuteLeavesTheLine(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	id := w.join("s1")
	w.must(desk.Disconnect{Principal: "s:s1", Gateway: "g"})
	w.pass(59 * time.Second)
	w.must(desk.Connect{Principal: "s:s1", Gateway: "g"})
	w.pass(10 * time.Minute)
	if w.s.Conversations[id].Place != desk.Waiting {
		t.Fatal("back in time, the place is kept")
	}
	w.must(desk.Disconnect{Principal: "s:s1", Gateway: "g"})
	w.pass(time.Minute)
	if c := w.s.Conversations[id]; c.Place != desk.Over || c.EndedWhy != desk.EndedAbandoned {
		t.Fatalf("%+v", c)
	}
}

func TestTheSameCommandTwiceHasOneEffectAndTheSameAnswer(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	w.join("s1")
	say := desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: "tab-1", CID: 7}, Text: "hello"}
	w.must(say)
	seq := w.s.Seq
	d := w.must(say)
	if len(d.Events) != 0 || d.Repeated == nil || d.Repeated.Seq != seq || w.s.Seq != seq {
		t.Fatalf("%+v", d)
	}
	say.Origin.CID = 5
	w.refused(say, desk.OutOfOrder)
}

func TestACopyMadeFromASnapshotIsTheSameState(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	a := w.join("s1")
	w.join("s2")
	w.join("s3")
	w.pick("ana")
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: a})
	b, err := w.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	copied, err := desk.Restore(b)
	if err != nil {
		t.Fatal(err)
	}
	replayed := desk.New()
	for _, r := range w.log {
		replayed.Apply(r)
	}
	want, _ := w.s.Hash()
	for name, s := range map[string]*desk.State{"snapshot": copied, "replay": replayed} {
		if got, _ := s.Hash(); got != want {
			t.Fatalf("%s differs", name)
		}
		if len(s.Line("support")) != len(w.s.Line("support")) {
			t.Fatalf("%s: the line differs", name)
		}
	}
}

func TestAFullQueueAndAClosedOneTakeNobodyInAndClosingRemovesNobody(t *testing.T) {
	w := newWorld(t, oneQueue())
	for _, s := range []string{"s1", "s2", "s3", "s4", "s5"} {
		w.join(s)
	}
	join := func() desk.Join { return desk.Join{Origin: w.by("s:x"), Session: "x", Channel: "web"} }
	w.refused(join(), desk.QueueFull)
	w.online("ana")
	until := desk.Millis(w.now.Add(2 * time.Hour))
	w.must(desk.Switch{Origin: w.by("a:ana"), Agent: "ana", ID: "r1", Queue: "support", State: settings.QueueClosed, Until: until, Reason: "fire drill"})
	w.refused(join(), desk.QueueClosed)
	if got := len(w.s.Line("support")); got != 5 {
		t.Fatalf("%d wait after closing", got)
	}
	w.pass(2 * time.Hour)
	if w.s.Queues["support"].State != settings.QueueOpen {
		t.Fatal("the override has ended")
	}
}
