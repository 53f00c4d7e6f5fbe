package desk_test

import (
	"fmt"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

func withWhenBusy(b settings.WhenBusy) settings.Settings {
	s := oneQueue()
	s.Queues[0].WhenBusy = b
	return s
}

func TestWhenBusyNothingOffersTheChatOnlyWhileAnAgentIsFree(t *testing.T) {
	w := newWorld(t, withWhenBusy(settings.WhenBusy{}))
	w.availability(desk.IsOffline)
	w.refusedJoin(desk.NotOffered)
	w.online("cem") // one conversation at once
	w.availability(desk.AvailableNow)
	first := w.join("s1")
	// Cem's one place is spoken for by the one who waits.
	w.availability(desk.IsBusy)
	w.refusedJoin(desk.NotOffered)
	w.pick("cem")
	w.availability(desk.IsBusy)
	w.must(desk.End{Origin: w.by("a:cem"), Conversation: first})
	w.availability(desk.AvailableNow)
	w.join("s2")
}

func TestBusyAndOfflineAreTwoConditions(t *testing.T) {
	w := newWorld(t, withWhenBusy(settings.WhenBusy{Offer: settings.OfferNothing}))
	offline := w.refused(desk.Join{Origin: w.by("s:x"), Session: "x", Channel: "web"}, desk.NotOffered).Message
	w.online("cem")
	w.join("s1")
	w.pick("cem")
	busy := w.refused(desk.Join{Origin: w.by("s:x"), Session: "x", Channel: "web"}, desk.NotOffered).Message
	if offline == busy {
		t.Errorf("both say %q", busy)
	}
	w.must(desk.Disconnect{Principal: "a:cem", Gateway: "g"})
	w.availability(desk.IsOffline)
}

func TestFourAgentsOnlineWithTwoPlacesEachMakeEightPlaces(t *testing.T) {
	set := withWhenBusy(settings.WhenBusy{Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityPerOnlineAgent, Places: 2}})
	set.Teams[0].Members = append(set.Teams[0].Members, settings.Member{Name: "dot"})
	w := newWorld(t, set)
	w.availability(desk.IsOffline)
	w.refusedJoin(desk.NotOffered)
	w.online("ana", "ben", "cem", "dot")
	for i := range 8 {
		if f, _ := w.s.Figures("support"); f.Places != 8 || f.PlacesLeft != 8-i {
			t.Fatalf("with %d who wait: %+v", i, f)
		}
		w.join(fmt.Sprintf("s%d", i))
	}
	w.availability(desk.IsFull)
	w.refusedJoin(desk.QueueFull)
	// An agent goes: the capacity falls, nobody is put out.
	w.must(desk.Disconnect{Principal: "a:dot", Gateway: "g"})
	f, _ := w.s.Figures("support")
	if f.Places != 6 || f.PlacesLeft != 0 || f.Waiting != 8 {
		t.Fatalf("after an agent went: %+v", f)
	}
	w.pick("ana")
	w.pick("ana")
	w.refusedJoin(desk.QueueFull)
	w.pick("ana")
	w.join("late")
	w.online("dot")
	if f, _ := w.s.Figures("support"); f.Places != 8 || f.PlacesLeft != 2 {
		t.Fatalf("after the agent is back: %+v", f)
	}
}

func TestAFixedCapacityCountsWhoWaitsAndDoesNotDependOnAgents(t *testing.T) {
	w := newWorld(t, oneQueue()) // five places
	for i := range 5 {
		w.join(fmt.Sprintf("s%d", i))
	}
	w.availability(desk.IsFull)
	w.online("ana", "ben")
	w.refusedJoin(desk.QueueFull)
	w.pick("ana")
	w.join("s5")
	w.refusedJoin(desk.QueueFull)
}

func TestALineWithoutCapacityTakesEverybodyIn(t *testing.T) {
	w := newWorld(t, withWhenBusy(settings.WhenBusy{Offer: settings.OfferQueue}))
	for i := range 50 {
		w.join(fmt.Sprintf("s%d", i))
	}
	f, _ := w.s.Figures("support")
	if f.Places != desk.NoLimit || f.PlacesLeft != desk.NoLimit || f.Availability != desk.AvailableQueue {
		t.Errorf("%+v", f)
	}
}

func TestACapacityThatIsLoweredPutsNobodyOut(t *testing.T) {
	w := newWorld(t, oneQueue())
	for i := range 5 {
		w.join(fmt.Sprintf("s%d", i))
	}
	w.support(func(q *settings.Queue) {
		q.WhenBusy.Capacity = &settings.Capacity{Mode: settings.CapacityFixed, Places: 2}
	})
	if f, _ := w.s.Figures("support"); f.Waiting != 5 || f.PlacesLeft != 0 || f.Availability != desk.IsFull {
		t.Errorf("%+v", f)
	}
	w.support(func(q *settings.Queue) { q.WhenBusy = settings.WhenBusy{} })
	if f, _ := w.s.Figures("support"); f.Waiting != 5 {
		t.Errorf("%+v", f)
	}
}

func TestTheLimitCountsOverAllQueuesAndTheLowestOfAllMembershipsHolds(t *testing.T) {
	set := oneQueue()
	set.Teams = append(set.Teams, settings.Team{Name: "tier2", MaxConversations: 2, Members: []settings.Member{{Name: "ana"}}})
	set.Queues = append(set.Queues, settings.Queue{Name: "sales", Teams: []string{"tier2"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}})
	set.Channels = append(set.Channels, settings.Channel{Name: "shop", Type: settings.ChannelWeb, Queue: "sales"})
	w := newWorld(t, set)
	w.online("ana")
	if got := w.s.Member("ana").Max; got != 2 {
		t.Fatalf("the limit is %d, the lower of 3 and 2 is 2", got)
	}
	w.join("s1")
	w.must(desk.Join{Origin: w.by("s:s2"), Session: "s2", Channel: "shop"})
	w.join("s3")
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Queue: "sales"})
	w.pick("ana")
	w.refused(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Queue: "support"}, desk.LimitReached)
	// A limit that is lowered takes nothing away.
	w.change(func(s *settings.Settings) { s.Teams[1].MaxConversations = 1 })
	if got := w.s.Load("ana"); got != 2 {
		t.Errorf("ana has %d", got)
	}
}

func TestTheLongestWaitIsTheFirstOnes(t *testing.T) {
	w := newWorld(t, oneQueue())
	began := w.now
	first := w.join("s1")
	w.pass(40 * time.Second)
	w.join("s2")
	if f, _ := w.s.Figures("support"); f.FirstArrival != desk.Millis(began) {
		t.Errorf("first arrival %d, want %d", f.FirstArrival, desk.Millis(began))
	}
	r, _ := w.s.Report("support", w.now)
	if r.FirstWaitingSince == nil || !r.FirstWaitingSince.Equal(began) {
		t.Errorf("reported %v", r.FirstWaitingSince)
	}
	w.must(desk.End{Origin: w.by("s:s1"), Conversation: first})
	if f, _ := w.s.Figures("support"); f.FirstArrival != desk.Millis(began.Add(40*time.Second)) {
		t.Errorf("after the first left: %d", f.FirstArrival)
	}
}

func TestPickingNextOverAllQueuesTakesWhoWaitsLongest(t *testing.T) {
	set := oneQueue()
	set.Queues = append(set.Queues, settings.Queue{Name: "a-queue", Teams: []string{"tier1"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}})
	set.Channels = append(set.Channels, settings.Channel{Name: "shop", Type: settings.ChannelWeb, Queue: "a-queue"})
	w := newWorld(t, set)
	w.online("ana")
	oldest := w.join("s1")
	w.pass(time.Second)
	w.must(desk.Join{Origin: w.by("s:s2"), Session: "s2", Channel: "shop"})
	w.must(desk.Connect{Principal: "s:s2", Gateway: "g"})
	d := w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana"})
	if d.Conversation != oldest {
		t.Errorf("picked %s", d.Conversation)
	}
}
