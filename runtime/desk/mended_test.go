package desk_test

import (
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// What the simulator and a reading of routing found, each as the shortest story that shows it.

// twoQueues has a second queue and team, "billing", whose member is dan.
func twoQueues() settings.Settings {
	s := oneQueue()
	s.Teams = append(s.Teams, settings.Team{Name: "tier2", Members: []settings.Member{{Name: "dan"}}})
	s.Queues = append(s.Queues, settings.Queue{Name: "billing", Teams: []string{"tier2"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}})
	return s
}

func TestALongWaitDoesNotMakeAConversationIdleAsItBegins(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.support(func(q *settings.Queue) { q.Thresholds.Idle = settings.IdleFree })
	w.online("ana")
	id := w.join("s1")
	w.until(w.now.Add(20 * time.Minute))
	w.pick("ana")
	if w.conv(id).Idle || w.s.Load("ana") != 1 {
		t.Fatalf("idle %t, load %d", w.conv(id).Idle, w.s.Load("ana"))
	}
	w.until(w.now.Add(10 * time.Minute))
	if !w.conv(id).Idle || w.s.Load("ana") != 0 {
		t.Fatalf("after ten minutes of silence: idle %t, load %d", w.conv(id).Idle, w.s.Load("ana"))
	}
}

func TestAShorterTimeToCloseHoldsFromTheMomentOfComingIntoTheQueue(t *testing.T) {
	set := twoQueues()
	set.Queues[1].Thresholds.CloseAfterIdleSeconds = 3600
	w := newWorld(t, set)
	w.online("ana", "dan")
	id := w.join("s1")
	w.pick("ana")
	w.must(desk.Transfer{Origin: w.by("a:ana"), Agent: "ana", Conversation: id, To: desk.Target{Kind: desk.ToQueue, Name: "billing"}})
	w.until(w.now.Add(time.Hour))
	if c := w.conv(id); c.Place != desk.Over || c.EndedWhy != desk.EndedIdle {
		t.Fatalf("%+v", c)
	}
}

func TestARuleMovesNobodyIntoAQueueTwiceEvenWithATransferBetween(t *testing.T) {
	set := twoQueues()
	set.Queues[0].WaitingRules = []settings.WaitingRule{{AfterSeconds: 60, Action: settings.RuleMove, Queue: "billing"}}
	set.Queues = append(set.Queues, settings.Queue{Name: "third", Teams: []string{"tier2"}, WaitingRules: set.Queues[0].WaitingRules})
	w := newWorld(t, set)
	w.online("ana", "dan")
	id := w.join("s1")
	w.until(w.now.Add(time.Minute))
	w.must(desk.Pick{Origin: w.by("a:dan"), Agent: "dan", Queue: "billing"})
	w.must(desk.Transfer{Origin: w.by("a:dan"), Agent: "dan", Conversation: id, To: desk.Target{Kind: desk.ToQueue, Name: "third"}})
	w.until(w.now.Add(2 * time.Minute))
	if e, ok := w.last().(desk.RuleApplied); !ok || e.Skipped != desk.SkippedVisited || w.conv(id).Queue != "third" {
		t.Fatalf("%+v, in %s", w.last(), w.conv(id).Queue)
	}
}

func TestWhoWaitsForATeamWhoseLastMemberLeavesWaitsInTheQueueAgain(t *testing.T) {
	w := newWorld(t, twoQueues())
	w.online("ana", "dan")
	id := w.join("s1")
	w.pick("ana")
	w.must(desk.Transfer{Origin: w.by("a:ana"), Agent: "ana", Conversation: id, To: desk.Target{Kind: desk.ToTeam, Name: "tier2"}})
	w.change(func(s *settings.Settings) { s.Teams[1].Members = nil })
	if c := w.conv(id); c.ForTeam != "" || c.Queue != "support" || w.s.PlaceInLine(c) != 1 {
		t.Fatalf("%+v", c)
	}
}

func TestWhoComesBackWithoutASocketHasTheFullTimeToOpenOne(t *testing.T) {
	w := newWorld(t, oneQueue())
	id := w.join("s1")
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "hello"})
	w.must(desk.Disconnect{Principal: "s:s1", Gateway: "g"})
	w.until(w.now.Add(time.Hour))
	if w.conv(id).Place != desk.Inactive {
		t.Fatalf("%+v", w.conv(id))
	}
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "anybody there?"})
	w.until(w.now.Add(59 * time.Second))
	if w.conv(id).Place != desk.Waiting {
		t.Fatalf("before a minute: %+v", w.conv(id))
	}
	w.until(w.now.Add(time.Second))
	if w.conv(id).Place != desk.Inactive {
		t.Fatalf("after a minute: %+v", w.conv(id))
	}
}

func TestARestartLeavesAloneWhatWasHandedToAnAgentWhoWasAway(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	id := w.join("s1")
	w.pick("ana")
	w.must(desk.Transfer{Origin: w.by("a:ana"), Agent: "ana", Conversation: id, To: desk.Target{Kind: desk.ToAgent, Name: "ben"}})
	w.pass(time.Minute)
	w.must(desk.Start{Epoch: 2, Gateways: []string{"g"}})
	w.until(w.now.Add(time.Hour))
	if c := w.conv(id); c.ForAgent != "ben" || c.Place != desk.Waiting {
		t.Fatalf("%+v", c)
	}
}

func TestEnteringWhatWaitsObeysTheLimitAsAPickDoes(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("cem")
	w.join("s1")
	second := w.join("s2")
	w.pick("cem")
	w.refused(desk.Enter{Origin: w.by("a:cem"), Agent: "cem", Conversation: second}, desk.LimitReached)
}

func TestAnAlertEndsWithTheWaitThatItWasFor(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.support(func(q *settings.Queue) {
		q.WaitingRules = []settings.WaitingRule{{AfterSeconds: 60, Action: settings.RuleAlert}}
	})
	w.online("ana")
	id := w.join("s1")
	w.until(w.now.Add(time.Minute))
	if f, _ := w.s.Figures("support"); f.Alerted != 1 {
		t.Fatalf("%+v", f)
	}
	w.pick("ana")
	w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
	if f, _ := w.s.Figures("support"); f.Alerted != 0 || w.conv(id).Alerted {
		t.Fatalf("%+v", f)
	}
	w.until(w.now.Add(time.Minute))
	if f, _ := w.s.Figures("support"); f.Alerted != 1 {
		t.Fatalf("of the wait after it: %+v", f)
	}
}

func TestAChangeOfSettingsOffersNobodyToWhoEndedLongAgo(t *testing.T) {
	w := newWorld(t, twoQueues())
	w.online("ana", "dan")
	first := w.join("s1")
	w.pick("ana")
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: first}) // nobody waits
	w.change(func(s *settings.Settings) { s.Channels[0].Queue = "billing" })
	second := w.join("s2")
	w.must(desk.Connect{Principal: "a:ben", Gateway: "g"})
	w.change(func(s *settings.Settings) { s.Queues[0].Teams = []string{"tier1", "tier2"} })
	if c := w.conv(second); c.Place != desk.Waiting {
		t.Fatalf("%+v", c)
	}
}

func TestWhoWaitsInPersonIsLookedAtWhenTheAgentPicksWithoutASocket(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	id := w.join("s1")
	w.pick("ana")
	w.must(desk.Transfer{Origin: w.by("a:ana"), Agent: "ana", Conversation: id, To: desk.Target{Kind: desk.ToAgent, Name: "cem"}})
	w.join("s2")
	w.until(w.now.Add(time.Minute))
	w.pick("cem")
	w.until(w.now.Add(30 * time.Second))
	if c := w.conv(id); c.ForAgent != "" || c.Returned != desk.ReturnedLost {
		t.Fatalf("%+v", c)
	}
}

func TestWhoLeavesACustomerIsNotOfferedTheSameOneAtOnce(t *testing.T) {
	set := oneQueue()
	set.Queues[0].Distribution.Mode = settings.DistributionAutomatic
	w := newWorld(t, set)
	w.online("ana")
	id := w.join("s1")
	w.until(w.now)
	w.must(desk.Accept{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
	w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
	w.until(w.now)
	if c := w.conv(id); c.Place != desk.Waiting {
		t.Fatalf("%+v", c)
	}
	w.online("ben")
	w.until(w.now)
	if c := w.conv(id); c.Place != desk.OfferedTo || c.Agent != "ben" {
		t.Fatalf("%+v", c)
	}
}

func TestWhatWasLeftBehindOnFridayIsThereOnMonday(t *testing.T) {
	w := newWorld(t, oneQueue())
	id := w.join("s1")
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "My heating is broken"})
	w.must(desk.End{Origin: w.by("s:s1")})
	w.until(w.now.Add(29 * 24 * time.Hour))
	if c := w.conv(id); c.Place != desk.Inactive {
		t.Fatalf("after 29 days: %+v", c)
	}
	w.until(w.now.Add(24 * time.Hour))
	if c := w.conv(id); c.Place != desk.Over || c.EndedWhy != desk.EndedIdle {
		t.Fatalf("after 30 days: %+v", c)
	}
}

func TestWhatWasLeftBehindInAQueueThatIsNoMoreIsListedInThatOfItsChannel(t *testing.T) {
	set := twoQueues()
	w := newWorld(t, set)
	id := w.join("s1")
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "My heating is broken"})
	w.must(desk.End{Origin: w.by("s:s1")})
	later := twoQueues()
	later.Queues = later.Queues[1:] // support is gone, its channel leads to billing
	later.Channels[0].Queue = "billing"
	later.Sort()
	w.must(desk.ApplySettings{Settings: later})
	if list := w.s.InactiveOf("billing"); len(list) != 1 || list[0].ID != id || !w.s.MaySee("dan", list[0]) {
		t.Fatalf("billing has %v", list)
	}
	if f, _ := w.s.Figures("billing"); f.Inactive != 1 {
		t.Fatalf("figures %+v", f)
	}
	w.must(desk.End{Origin: w.by("a:dan"), Conversation: id})
	if f, _ := w.s.Figures("billing"); f.Inactive != 0 {
		t.Fatalf("figures %+v after the end", f)
	}
}

func TestWhoComesBackSaysAnewWhoItIs(t *testing.T) {
	w := newWorld(t, oneQueue())
	id := w.join("s1")
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "Hello"})
	w.must(desk.End{Origin: w.by("s:s1")})
	w.must(desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web", Name: "Maria", Email: "maria@example.com", Page: "https://www.acme.example/b"})
	c := w.conv(id)
	if c.Place != desk.Waiting || c.Name != "Maria" || c.Email != "maria@example.com" || c.Page != "https://www.acme.example/b" {
		t.Fatalf("%+v", c)
	}
}
