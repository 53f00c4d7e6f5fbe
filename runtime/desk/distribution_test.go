package desk_test

import (
	"fmt"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Routing.

func TestOrderIsPriorityOfTheQueueThenOfTheConversationThenArrival(t *testing.T) {
	set := acme()
	set.Queues[2].Teams = []string{"tier2"} // dan, eve and fay serve billing and overflow
	set.Channels = append(set.Channels, settings.Channel{Name: "late", Type: settings.ChannelWeb, Queue: "overflow"})
	set.Queues[2].Priority = -1
	w := newWorld(t, set)
	w.online("eve")
	low := w.joinBy("s1", func(j *desk.Join) { j.Channel = "late" })
	w.pass(time.Second)
	first := w.shop("s2")
	w.pass(time.Second)
	second := w.shop("s3")
	w.pass(time.Second)
	urgent := w.joinBy("s4", func(j *desk.Join) { j.Channel, j.Issue = "shop", "billing/urgent" })
	w.is(urgent, "waits in billing, place 1")
	w.is(first, "waits in billing, place 2")
	w.is(second, "waits in billing, place 3")
	for _, want := range []desk.ConversationID{urgent, first, second} {
		if d := w.must(w.next("eve")); d.Conversation != want {
			t.Fatalf("picked %s, want %s", d.Conversation, want)
		}
	}
	w.must(w.end("eve", first))
	w.is(low, "offered to eve") // the first in line of all her queues, now that nobody of more weight waits
}

func TestAConversationThatComesBackKeepsItsArrivalTime(t *testing.T) {
	for name, back := range map[string]func(*world, desk.ConversationID){
		"by a refusal":  func(w *world, id desk.ConversationID) { w.must(w.refuse("ben", id)) },
		"by a time-out": func(w *world, _ desk.ConversationID) { w.pass(30 * time.Second) },
		"by a lost agent": func(w *world, id desk.ConversationID) {
			w.must(w.accept("ben", id))
			w.gone("a:ben")
			w.pass(30 * time.Second)
		},
		"by leaving": func(w *world, id desk.ConversationID) {
			w.must(w.accept("ben", id))
			w.must(w.presence("ben", desk.Away))
			w.must(w.leave("ben", id))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, automatic(settings.StrategyLeastBusy))
			first := w.join("s1")
			w.pass(time.Second)
			w.join("s2")
			w.online("ben")
			w.is(first, "offered to ben")
			arrived := w.conv(first).ArrivedAt
			// The others in the line go to nobody, so that its order can be seen.
			w.must(w.presence("ben", desk.FinishMine))
			back(w, first)
			w.is(first, "waits in support, place 1")
			if w.conv(first).ArrivedAt != arrived {
				t.Error("the time of arrival changed")
			}
		})
	}
}

func TestManualPickNextOrAChosenOne(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	first, second, third := w.join("s1"), w.join("s2"), w.join("s3")
	w.pass(time.Hour)
	count[desk.Offered](t, w, 0) // nobody is given anything without asking
	w.must(w.choose("ana", second))
	w.is(second, "with ana")
	if got := w.pick("ben"); got != first {
		t.Fatalf("next is %s", got)
	}
	w.is(third, "waits in support, place 1")
	if e := events[desk.Picked](w, 0); e[0].How != desk.PickedChosen || e[1].How != desk.PickedNext || e[1].WaitedMS != time.Hour.Milliseconds() {
		t.Fatalf("%+v", e)
	}
}

func TestAutomaticOffersAsSoonAsSomebodyWaitsAndAnAgentIsThere(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	first := w.join("s1")
	w.is(first, "waits in support, place 1")
	w.pass(time.Minute)
	w.online("cem")
	w.is(first, "offered to cem") // at the moment of coming, not a second later
	second := w.join("s2")
	w.is(second, "waits in support, place 1") // cem may have one
	w.online("ben")
	w.is(second, "offered to ben")
	for _, e := range events[desk.Offered](w, 0) {
		if e.Until != desk.Millis(w.now.Add(30*time.Second)) {
			t.Errorf("the offer ends at %d", e.Until)
		}
	}
}

func TestAnOfferedConversationIsShownAtOnceAndCountsAndStartsOnAccept(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("cem")
	id := w.join("s1")
	w.must(w.write("s1", "my order is late"))
	w.is(id, "offered to cem")
	if !w.s.MaySee("cem", w.conv(id)) || !w.s.MayPreview("cem", w.conv(id)) {
		t.Error("cem cannot read what is offered to him")
	}
	if w.s.Load("cem") != 1 {
		t.Errorf("load %d", w.s.Load("cem"))
	}
	w.is(w.join("s2"), "waits in support, place 1")
	if w.conv(id).StartedAt != 0 {
		t.Error("service has started before the accept")
	}
	w.refused(w.answer("cem", id), desk.NotEntitled)
	w.pass(10 * time.Second)
	w.must(w.accept("cem", id))
	w.is(id, "with cem")
	if w.conv(id).StartedAt != desk.Millis(w.now) || w.s.Load("cem") != 1 {
		t.Errorf("%+v", w.conv(id))
	}
	w.must(w.answer("cem", id))
}

func TestRefusedOrNotAcceptedInThirtySecondsIsForTheNextBest(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ana")
	w.pass(time.Second)
	w.online("ben")
	w.pass(time.Second)
	w.online("cem")
	id := w.join("s1")
	w.is(id, "offered to ana") // longest without
	w.must(w.refuse("ana", id))
	w.is(id, "offered to ben")
	w.pass(29 * time.Second)
	w.is(id, "offered to ben")
	w.pass(time.Second)
	w.is(id, "offered to cem")
	w.must(w.refuse("cem", id))
	w.is(id, "waits in support, place 1") // all were tried: it stays for picking
	w.pass(10 * time.Minute)
	w.gone("a:ana")
	w.online("ana")
	w.is(id, "waits in support, place 1") // never the same agent again
	count[desk.Offered](t, w, 3)
	w.must(w.choose("ana", id))
	w.is(id, "with ana")
}

func TestWhatAnAgentLetPassIsOfferedAgainOnlyAfterATransferToThatAgentByHand(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben", "gus")
	id := w.join("s1")
	w.must(w.refuse("ben", id))
	w.online("ana")
	w.is(id, "offered to ana")
	w.must(w.accept("ana", id))
	w.must(w.presence("ana", desk.Away))
	w.must(w.hand("ana", id, toAgent("ben")))
	w.is(id, "waits for ben, place 1")
	w.must(w.choose("ben", id))
	w.must(w.hand("ben", id, toQueue("overflow")))
	w.must(desk.Pick{Origin: w.who("gus"), Agent: "gus", Queue: "overflow"})
	w.must(w.hand("gus", id, toQueue("support")))
	w.is(id, "offered to ben")
}

func TestTheTimeOfAnOfferIsASetting(t *testing.T) {
	set := automatic(settings.StrategyLeastBusy)
	set.Queues[0].OfferTimeoutSeconds = 7
	w := newWorld(t, set)
	w.online("ben")
	id := w.join("s1")
	w.pass(7*time.Second - time.Millisecond)
	w.is(id, "offered to ben")
	w.pass(time.Millisecond)
	w.is(id, "waits in support, place 1")
}

func TestAnAgentWhoComesLaterIsOfferedWhoeverOthersLetPass(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyRandom))
	w.online("ben")
	id := w.join("s1")
	w.must(w.refuse("ben", id))
	second := w.join("s2")
	w.is(second, "offered to ben") // the first in line waits for others; ben is free for the next
	w.pass(time.Minute)
	w.online("cem")
	w.is(id, "offered to cem")
}

func TestAnAgentOfTwoQueuesIsOfferedWhoWaitsLongestInBoth(t *testing.T) {
	set := automatic(settings.StrategyLeastBusy)
	set.Queues[1].Distribution = set.Queues[0].Distribution
	set.Teams[0].Members[2].MaxConversations = 1
	set.Teams[1].Members = append(set.Teams[1].Members, settings.Member{Name: "cem"})
	w := newWorld(t, set)
	billing := w.shop("s1")
	w.pass(time.Second)
	support := w.join("s2")
	w.online("cem")
	w.is(billing, "offered to cem")
	w.is(support, "waits in support, place 1")
	w.must(w.accept("cem", billing))
	w.must(w.end("cem", billing))
	w.is(support, "offered to cem")
}

func TestAnAgentWhoEndsAConversationIsOfferedTheFirstInLineWithTheNoticeThatItComesFromTheQueue(t *testing.T) {
	w := newWorld(t, acme()) // nothing is distributed by itself
	w.online("ben")
	ended := w.join("s1")
	w.pick("ben")
	w.pass(time.Second)
	first, second := w.join("s2"), w.join("s3")
	w.must(w.end("ben", ended))
	w.is(first, "offered to ben")
	w.is(second, "waits in support, place 1")
	if e := w.last().(desk.Offered); !e.Choice.Freed || e.Choice.Candidates[0].Agent != "ben" || !w.conv(first).FromQueue {
		t.Fatalf("%+v", e)
	}
	w.must(w.accept("ben", first))
	if !w.conv(first).FromQueue {
		t.Error("the notice is gone with the accept")
	}
	w.is(second, "waits in support, place 1")
}

func TestWhenBusyNothingAndAutomaticOfferWhileAnAgentIsFree(t *testing.T) {
	set := automatic(settings.StrategyRandom)
	set.Queues[0].WhenBusy = settings.WhenBusy{}
	w := newWorld(t, set)
	w.availability(desk.IsOffline)
	w.refusedJoin(desk.NotOffered)
	w.online("cem")
	w.availability(desk.AvailableNow)
	id := w.join("s1")
	w.is(id, "offered to cem")
	w.availability(desk.IsBusy) // what is offered counts against the limit
	w.refusedJoin(desk.NotOffered)
	w.online("ben")
	for i := range 3 {
		w.availability(desk.AvailableNow)
		w.is(w.join(fmt.Sprintf("t%d", i)), "offered to ben")
	}
	w.availability(desk.IsBusy)
	w.must(w.presence("cem", desk.Away))
	w.gone("a:ben")
	w.availability(desk.IsOffline) // who is away does not count as online
}

func TestPlacesPerOnlineAgentCountNoAgentWhoIsAway(t *testing.T) {
	set := acme()
	set.Teams[0].Members = append(set.Teams[0].Members, settings.Member{Name: "dot"})
	set.Queues[0].WhenBusy.Capacity = &settings.Capacity{Mode: settings.CapacityPerOnlineAgent, Places: 2}
	w := newWorld(t, set)
	places := func(want int) {
		t.Helper()
		if f, _ := w.s.Figures("support"); f.Places != want {
			t.Fatalf("%d places, want %d", f.Places, want)
		}
	}
	w.online("ana", "ben", "cem", "dot")
	places(8)
	w.must(w.presence("dot", desk.Away))
	places(6)
	w.must(w.presence("ben", desk.FinishMine)) // is here, and may pick
	places(6)
	w.must(w.presence("dot", desk.Available))
	places(8)
	for i := range 8 {
		w.join(fmt.Sprintf("s%d", i))
	}
	w.availability(desk.IsFull)
	w.refusedJoin(desk.QueueFull) // the ninth
	// Whoever waits for a team or an agent takes no place in the queue's own line.
	w.joinBy("key", func(j *desk.Join) { j.Key = w.key("ben", "1234567") })
	if f, _ := w.s.Figures("support"); f.Waiting != 8 {
		t.Fatalf("%+v", f)
	}
}
