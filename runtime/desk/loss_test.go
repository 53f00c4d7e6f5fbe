package desk_test

import (
	"slices"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

func TestAnAgentWhoIsNoLongerAMemberGivesConversationsBack(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	first, second := w.join("s1"), w.join("s2")
	w.pick("ben")
	w.pick("ana")
	w.change(func(s *settings.Settings) {
		s.Teams[0].Members = slices.DeleteFunc(slices.Clone(s.Teams[0].Members), func(m settings.Member) bool { return m.Name == "ben" })
	})
	c := w.conv(first)
	if c.Place != desk.Waiting || c.Returned != desk.ReturnedRemoved || w.s.PlaceInLine(c) != 1 {
		t.Fatalf("%+v", c)
	}
	if w.conv(second).Agent != "ana" {
		t.Error("ana's conversation was touched")
	}
	w.refused(desk.Pick{Origin: w.by("a:ben"), Agent: "ben"}, desk.NotEntitled)
	if w.s.SessionValid("ben", "x", desk.Millis(w.now)) {
		t.Error("a leaver's session is valid")
	}
}

func TestAQueueThatIsRemovedEndsTheWaitAndLetsServiceGoOn(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	served, offered := w.join("s1"), w.join("s2")
	waiting := w.join("s3")
	w.pick("ana")
	other := w.pick("ben")
	if other != offered {
		t.Fatalf("ben has %s", other)
	}
	fourth := w.join("s4")
	if got := w.offer("ben", other); got != waiting {
		t.Fatalf("ben is offered %s", got)
	}
	w.change(func(s *settings.Settings) { s.Queues = nil })
	for _, id := range []desk.ConversationID{waiting, fourth} {
		if c := w.conv(id); c.Place != desk.Over || c.EndedWhy != desk.EndedRemoved {
			t.Errorf("%+v", c)
		}
	}
	if w.conv(served).Place != desk.InService {
		t.Fatal("service ended with the queue")
	}
	w.must(desk.Say{Origin: w.by("a:ana"), Conversation: served, Text: "we go on"})
	w.refusedJoin(desk.NotOffered)
	// The queue comes back while the conversation goes on: it counts there again.
	w.change(func(s *settings.Settings) { s.Queues = oneQueue().Queues })
	if f, _ := w.s.Figures("support"); f.InService != 1 || f.Waiting != 0 || f.Offered != 0 {
		t.Errorf("%+v", f)
	}
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: served})
	if f, _ := w.s.Figures("support"); f.InService != 0 {
		t.Errorf("after the end: %+v", f)
	}
}

func TestServiceInAQueueThatIsNotThereAnyMoreEndsWhenTheAgentGoes(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	id := w.join("s1")
	w.pick("ana")
	w.change(func(s *settings.Settings) { s.Queues = nil })
	w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
	if c := w.conv(id); c.Place != desk.Over || c.EndedWhy != desk.EndedRemoved {
		t.Errorf("%+v", c)
	}
}

func TestAConversationWithoutACustomersMessageForADayIsClosed(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	waiting, served := w.join("s1"), w.join("s2")
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Conversation: served})
	w.until(w.now.Add(12 * time.Hour))
	w.must(desk.Say{Origin: w.by("s:s2"), Text: "I am still here"})
	w.must(desk.Say{Origin: w.by("a:ana"), Conversation: served, Text: "so am I"})
	w.until(w.now.Add(12*time.Hour - time.Millisecond))
	if w.conv(waiting).Place != desk.Waiting {
		t.Fatal("closed too early")
	}
	w.until(w.now.Add(time.Millisecond))
	if c := w.conv(waiting); c.Place != desk.Over || c.EndedWhy != desk.EndedIdle {
		t.Errorf("%+v", c)
	}
	if w.conv(served).Place != desk.InService {
		t.Error("the customer's message counts, and it is 12 h old")
	}
	w.until(w.now.Add(12 * time.Hour))
	if c := w.conv(served); c.Place != desk.Over || c.EndedWhy != desk.EndedIdle {
		t.Errorf("%+v", c)
	}
}

func TestATimeLimitThatIsShortenedActsAtOnce(t *testing.T) {
	set := oneQueue()
	set.Queues = append(set.Queues, settings.Queue{Name: "sales", Teams: []string{"tier1"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}})
	set.Channels = append(set.Channels, settings.Channel{Name: "shop", Type: settings.ChannelWeb, Queue: "sales"})
	w := newWorld(t, set)
	w.online("ana")
	// Somebody of another queue, whose deadline comes first and hides those after it.
	w.must(desk.Join{Origin: w.by("s:s0"), Session: "s0", Channel: "shop"})
	w.until(w.now.Add(time.Second))
	id, lost := w.join("s1"), w.join("s2")
	w.must(desk.Disconnect{Principal: "s:s2", Gateway: "g"})
	w.until(w.now.Add(30 * time.Second))
	w.support(func(q *settings.Queue) {
		q.Thresholds = settings.Thresholds{CustomerLostSeconds: 20, CloseAfterIdleSeconds: 3600}
	})
	if c := w.conv(lost); c.EndedWhy != desk.EndedAbandoned {
		t.Errorf("gone for 30 s with a limit of 20: %+v", c)
	}
	w.until(w.now.Add(time.Hour - 30*time.Second))
	if c := w.conv(id); c.EndedWhy != desk.EndedIdle {
		t.Errorf("silent for an hour with a limit of an hour: %+v", c)
	}
}

func TestAnOfferIsMadeOnEndingOnlyAndNeverTwiceToWhoLetItPass(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	a, b := w.join("s1"), w.join("s2")
	w.pick("ana")
	w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: a})
	if c := w.conv(a); c.Place != desk.Waiting || c.Returned != desk.ReturnedLeft || w.s.PlaceInLine(c) != 1 {
		t.Fatalf("leaving gives it back to its place and offers nobody: %+v", c)
	}
	w.pick("ana")
	third := w.join("s3")
	if got := w.offer("ana", a); got != b {
		t.Fatalf("offered %s", got)
	}
	if r, _ := w.s.Figures("support"); r.Offered != 1 || w.s.Load("ana") != 1 {
		t.Fatalf("an offer counts against the limit: %+v", r)
	}
	e := w.refused(desk.Pick{Origin: w.by("a:ben"), Agent: "ben", Conversation: b}, desk.AlreadyTaken)
	if e.By != "ana" {
		t.Errorf("by %q", e.By)
	}
	w.must(desk.Refuse{Origin: w.by("a:ana"), Agent: "ana", Conversation: b})
	if c := w.conv(b); c.Place != desk.Waiting || c.Returned != desk.ReturnedRefused || w.s.PlaceInLine(c) != 1 {
		t.Fatalf("%+v", c)
	}
	// By hand ana may still take the one that she let pass; by an offer she gets the next.
	if got := w.pick("ana"); got != b {
		t.Fatalf("picked %s", got)
	}
	w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: b})
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Conversation: third})
	fourth := w.join("s4")
	if got := w.offer("ana", third); got != fourth {
		t.Fatalf("offered %s", got)
	}
	w.must(desk.Accept{Origin: w.by("a:ana"), Agent: "ana", Conversation: fourth})
	if c := w.conv(fourth); c.Place != desk.InService || !c.FromQueue {
		t.Errorf("%+v", c)
	}
}

func TestACustomersEndOffersTheAgentNobody(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	w.join("s1")
	second := w.join("s2")
	w.pick("ana")
	w.must(desk.End{Origin: w.by("s:s1")})
	if c := w.conv(second); c.Place != desk.Waiting {
		t.Errorf("%+v", c)
	}
}

func TestNobodyIsOfferedToAnAgentAtTheLimitOrOffline(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	first := w.join("s1")
	w.pick("ana")
	second := w.join("s2")
	w.must(desk.Disconnect{Principal: "a:ana", Gateway: "g"})
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: first})
	if c := w.conv(second); c.Place != desk.Waiting {
		t.Fatalf("offered to an agent who is offline: %+v", c)
	}
	w.online("ana")
	w.pass(time.Minute)
	if c := w.conv(second); c.Place != desk.Waiting {
		t.Fatalf("an offer follows an end at once or never: %+v", c)
	}
	w.join("s3")
	a := w.pick("ana")
	w.pick("ana")
	w.join("s4")
	w.change(func(s *settings.Settings) { s.Teams[0].MaxConversations = 1 })
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: a})
	if got := w.s.Load("ana"); got != 1 {
		t.Errorf("ana has %d of 1", got)
	}
}

func TestAnotherRouterDoesNotMakeTheOffersOfTheOneBefore(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	first, second := w.join("s1"), w.join("s2")
	w.pick("ana")
	w.pick("ben")
	w.must(desk.Disconnect{Principal: "a:ben", Gateway: "g"})
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: first}) // nobody waits
	w.until(w.now.Add(30 * time.Second))                         // ben's customer does now
	replayed := desk.New()
	for _, r := range w.log {
		replayed.Apply(r)
	}
	w.s = replayed
	w.must(desk.Start{Epoch: 2, Gateways: []string{"g"}})
	if c := w.conv(second); c.Place != desk.Waiting || c.Returned != desk.ReturnedLost {
		t.Errorf("%+v", c)
	}
}

func TestAReplayDoesNotOfferWhatWasNotOffered(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	first := w.join("s1")
	w.pick("ana")
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: first}) // nobody waits
	second := w.join("s2")
	replayed := desk.New()
	for _, r := range w.log {
		replayed.Apply(r)
	}
	w.s = replayed
	w.must(desk.Start{Epoch: 2, Gateways: []string{"g"}})
	if c := w.conv(second); c.Place != desk.Waiting {
		t.Errorf("%+v", c)
	}
}

func TestAnOfferEndsAtItsTimeWhetherATimerWasLateOrNot(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	first, second := w.join("s1"), w.join("s2")
	w.pick("ana")
	w.offer("ana", first)
	w.now = w.now.Add(30 * time.Second) // nothing has ticked
	w.refused(desk.Accept{Origin: w.by("a:ana"), Agent: "ana", Conversation: second}, desk.OfferExpired)
}

func TestAnAgentWhoPicksWithoutAConnectionHasTheFullTimeToComeBack(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	w.must(desk.Disconnect{Principal: "a:ana", Gateway: "g"})
	w.until(w.now.Add(time.Hour))
	id := w.join("s1")
	w.pick("ana")
	w.until(w.now.Add(29 * time.Second))
	if w.conv(id).Place != desk.InService {
		t.Fatal("taken away too early")
	}
	w.until(w.now.Add(time.Second))
	if c := w.conv(id); c.Place != desk.Waiting || c.Returned != desk.ReturnedLost {
		t.Errorf("%+v", c)
	}
}

func TestACustomerInServiceWhoIsLostStays(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	id := w.join("s1")
	w.pick("ana")
	w.must(desk.Disconnect{Principal: "s:s1", Gateway: "g"})
	w.until(w.now.Add(time.Hour))
	if w.conv(id).Place != desk.InService {
		t.Fatal("in service a customer may be away")
	}
	// Back in the line, whoever put it there: the usual time to come back counts from then.
	w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
	w.until(w.now.Add(59 * time.Second))
	if c := w.conv(id); c.Place != desk.Waiting {
		t.Fatalf("back in the line for less than a minute: %+v", c)
	}
	w.until(w.now.Add(time.Second))
	if c := w.conv(id); c.EndedWhy != desk.EndedAbandoned {
		t.Errorf("back in the line for a minute, and not come back: %+v", c)
	}
}

func TestACustomerWhoIsLostAndHandedOnHasTheUsualTimeInTheNewLine(t *testing.T) {
	w := newWorld(t, twoQueues())
	w.online("ana")
	id := w.join("s1")
	w.pick("ana")
	w.must(desk.Disconnect{Principal: "s:s1", Gateway: "g"})
	w.until(w.now.Add(10 * time.Minute))
	w.must(desk.Transfer{Origin: w.by("a:ana"), Agent: "ana", Conversation: id, To: desk.Target{Kind: desk.ToQueue, Name: "billing"}})
	w.until(w.now.Add(59 * time.Second))
	if c := w.conv(id); c.Place != desk.Waiting {
		t.Fatalf("handed on less than a minute ago: %+v", c)
	}
	w.must(desk.Connect{Principal: "s:s1", Gateway: "g"})
	w.until(w.now.Add(time.Hour))
	if c := w.conv(id); c.Place != desk.Waiting {
		t.Errorf("the customer came back in time: %+v", c)
	}
}

func TestConnectionsOverTwoGatewaysAreLostWithTheLast(t *testing.T) {
	w := newWorld(t, oneQueue())
	id := w.join("s1")
	w.must(desk.Connect{Principal: "s:s1", Gateway: "h"})
	w.must(desk.Disconnect{Principal: "s:s1", Gateway: "g"})
	w.until(w.now.Add(time.Hour))
	if w.conv(id).Place != desk.Waiting {
		t.Fatal("connected through h")
	}
	// A router that leads without h: from now on the customer has a minute.
	w.must(desk.Start{Epoch: 2, Gateways: []string{"g"}})
	w.until(w.now.Add(59 * time.Second))
	if w.conv(id).Place != desk.Waiting {
		t.Fatal("a restart gives everybody the usual time")
	}
	w.until(w.now.Add(time.Second))
	if w.conv(id).EndedWhy != desk.EndedAbandoned {
		t.Errorf("%+v", w.conv(id))
	}
}
