package desk_test

import (
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Personal and team queues; seed 001.

func TestThePersonalQueueHoldsWhoWaitsForMeAloneAndInvitationsToMe(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "cem")
	transferred := w.join("s1")
	w.must(w.choose("ana", transferred))
	w.must(w.hand("ana", transferred, toAgent("ben")))
	keyed := w.joinBy("s2", func(j *desk.Join) { j.Key = w.key("ben", "7654321") })
	chosen := w.joinBy("s3", func(j *desk.Join) { j.Agent = "ben" })
	button := w.joinBy("s4", func(j *desk.Join) { j.To = toAgent("ben") })
	for i, id := range []desk.ConversationID{transferred, keyed, chosen, button} {
		c := w.conv(id)
		if want := []desk.Via{desk.ViaTransfer, desk.ViaKey, desk.ViaChosen, desk.ViaLink}[i]; c.ForAgent != "ben" || c.Via != want || w.s.PlaceInLine(c) != i+1 {
			t.Errorf("%s: for %q via %q, place %d", id, c.ForAgent, c.Via, w.s.PlaceInLine(c))
		}
		w.refused(w.choose("cem", id), desk.NotFound) // alone
	}
	shared := w.join("s5")
	w.must(w.choose("ana", shared))
	w.must(w.ask("ana", shared, toAgent("ben")))
	if list := w.s.InvitationsFor("ben"); len(list) != 1 || list[0].ID != shared {
		t.Errorf("invited to %v", list)
	}
	if len(w.s.PersonalLine("ben")) != 4 || len(w.s.Line("support")) != 0 {
		t.Error("they stand in the personal queue, in no other")
	}
	w.must(w.next("ben"))
	w.is(transferred, "with ben") // next over all takes the oldest
	w.is(keyed, "waits for ben, place 1")
}

func TestTheTeamQueueHoldsWhoWaitsForAnyMemberAndInvitationsToTheTeam(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "eve", "fay")
	issue := w.joinBy("s1", func(j *desk.Join) { j.Issue = "billing/refund" }) // owned by tier2
	button := w.joinBy("s2", func(j *desk.Join) { j.To = toTeam("tier2") })
	handed := w.join("s3")
	w.must(w.choose("ana", handed))
	w.must(w.hand("ana", handed, toTeam("tier2")))
	for i, id := range []desk.ConversationID{issue, button, handed} {
		c := w.conv(id)
		if want := []desk.Via{desk.ViaIssue, desk.ViaLink, desk.ViaTransfer}[i]; c.ForTeam != "tier2" || c.Via != want || w.s.PlaceInLine(c) != i+1 {
			t.Errorf("%s: for team %q via %q, place %d", id, c.ForTeam, c.Via, w.s.PlaceInLine(c))
		}
	}
	w.refused(w.choose("ben", issue), desk.NotFound)
	if c := w.conv(issue); c.Issue != "Refunds" || c.Queue != "billing" {
		t.Errorf("issue %q of queue %s", c.Issue, c.Queue)
	}
	d := w.must(desk.Pick{Origin: w.who("eve"), Agent: "eve", Team: "tier2"})
	if d.Conversation != issue {
		t.Fatalf("the first of the team's queue is %s", d.Conversation)
	}
	w.must(w.grab("fay", button))
	w.refused(desk.Pick{Origin: w.who("ben"), Agent: "ben", Team: "tier2"}, desk.NotFound)
	shared := w.join("s4")
	w.must(w.choose("ben", shared))
	w.must(w.ask("ben", shared, toTeam("tier2")))
	for _, agent := range []string{"eve", "fay"} {
		if len(w.s.InvitationsFor(agent)) != 1 {
			t.Errorf("%s is not invited", agent)
		}
	}
	w.must(w.enter("fay", shared)) // any member may take it; the first does
	w.is(shared, "with ben and fay")
	if len(w.s.InvitationsFor("eve")) != 0 {
		t.Error("the invitation still stands")
	}
	w.refused(w.enter("eve", shared), desk.NotFound)
}

func TestNextOverEverythingTakesTheOldestOfPersonTeamsAndQueues(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	person := w.joinBy("s1", func(j *desk.Join) { j.Key = w.key("eve", "1111111") })
	w.pass(time.Second)
	team := w.joinBy("s2", func(j *desk.Join) { j.To = toTeam("tier2") })
	w.pass(time.Second)
	queue := w.shop("s3")
	for _, want := range []desk.ConversationID{person, team, queue} {
		if d := w.must(w.next("eve")); d.Conversation != want {
			t.Fatalf("next is %s, want %s", d.Conversation, want)
		}
	}
	w.refused(w.next("eve"), desk.QueueEmpty)
}

func TestASessionKeyHasSevenDigitsIsUsedOnceAndStartsWithinFifteenMinutes(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	with := func(session, key string) desk.Join {
		return desk.Join{Origin: w.by(desk.CustomerPrincipal(session)), Session: session, Channel: "web", Key: key}
	}
	w.refused(desk.NewKey{Origin: w.who("ben"), Agent: "ben", Keys: []string{"123", "12345678"}}, desk.LimitReached)
	first := w.key("ben", "0000001")
	w.refused(with("s1", "0000002"), desk.KeyInvalid)
	w.pass(15*time.Minute - time.Millisecond)
	id := w.must(with("s1", first)).Conversation
	w.is(id, "waits for ben, place 1")
	w.refused(with("s2", first), desk.KeyInvalid) // used
	second := w.key("ben", "0000002")
	w.pass(15 * time.Minute)
	w.refused(with("s2", second), desk.KeyInvalid) // expired
	// However long the session after: nothing of it hangs on the key.
	third := w.key("ben", "0000003")
	long := w.must(with("s3", third)).Conversation
	w.must(desk.Connect{Principal: "s:s3", Gateway: "g"})
	w.must(w.choose("ben", long))
	w.until(w.now.Add(2 * time.Hour))
	w.is(long, "with ben")
}

func TestAnAgentMayHaveFiveSessionKeysAndDropThem(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	for _, key := range []string{"0000001", "0000002", "0000003", "0000004", "0000005"} {
		w.key("ben", key)
	}
	sixth := func() desk.NewKey {
		return desk.NewKey{Origin: w.who("ben"), Agent: "ben", Keys: []string{"0000006"}}
	}
	w.refused(sixth(), desk.LimitReached)
	w.key("eve", "0000007") // that is each agent's own number
	w.refused(desk.DropKey{Origin: w.who("eve"), Agent: "eve", Key: "0000003"}, desk.NotFound)
	w.must(desk.DropKey{Origin: w.who("ben"), Agent: "ben", Key: "0000003"})
	w.refused(desk.DropKey{Origin: w.who("ben"), Agent: "ben", Key: "0000003"}, desk.NotFound)
	w.refused(desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web", Key: "0000003"}, desk.KeyInvalid)
	w.must(sixth())
	w.pass(15 * time.Minute)
	if len(w.s.KeysOf("ben", desk.Millis(w.now))) != 0 {
		t.Error("expired keys count")
	}
	w.must(desk.NewKey{Origin: w.who("ben"), Agent: "ben", Keys: []string{"0000008"}})
	if len(w.s.Keys) != 1 {
		t.Errorf("expired keys are kept: %v", w.s.Keys)
	}
}

func TestAKeyThatIsInUseIsNotGivenTwice(t *testing.T) {
	w := newWorld(t, acme())
	w.key("ben", "1234567")
	w.must(desk.NewKey{Origin: w.who("eve"), Agent: "eve", Keys: []string{"1234567", "7654321"}})
	if w.s.Keys["1234567"].Agent != "ben" || w.s.Keys["7654321"].Agent != "eve" {
		t.Fatalf("%v", w.s.Keys)
	}
	w.refused(desk.NewKey{Origin: w.who("eve"), Agent: "eve", Keys: []string{"1234567", "7654321"}}, desk.LimitReached)
}

func TestWhoWasGivenASessionKeyIsAwaitedEvenInAClosedOrFullQueue(t *testing.T) {
	set := acme()
	set.Queues[0].WhenBusy = settings.WhenBusy{}
	w := newWorld(t, set)
	w.online("ana", "ben")
	w.byHand(settings.QueueClosed, time.Time{})
	id := w.joinBy("s1", func(j *desk.Join) { j.Key = w.key("ben", "1234567") })
	w.is(id, "waits for ben, place 1")
}

func TestAKeyOfAnAgentWhoIsOfflineLetsTheCustomerWait(t *testing.T) {
	w := newWorld(t, acme())
	key := w.key("ben", "1234567")
	id := w.joinBy("s1", func(j *desk.Join) { j.Key = key })
	w.until(w.now.Add(time.Hour))
	w.is(id, "waits for ben, place 1")
}

func TestPublicMembersWhoAreHereCanBeChosenByName(t *testing.T) {
	w := newWorld(t, acme())
	choosing := func(agent string) desk.Join {
		return desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web", Agent: agent}
	}
	w.refused(choosing("ben"), desk.NotOffered) // not online
	w.online("ana", "ben")
	if got := w.s.Choosable("web"); len(got) != 1 || got[0] != "ben" {
		t.Fatalf("%v", got)
	}
	w.refused(choosing("ana"), desk.NotOffered)    // hidden
	w.refused(choosing("nobody"), desk.NotOffered) // and nobody learns who exists
	w.must(w.presence("ben", desk.Away))
	w.refused(choosing("ben"), desk.NotOffered)
	w.must(w.presence("ben", desk.FinishMine))
	w.refused(choosing("ben"), desk.NotOffered)
	w.must(w.presence("ben", desk.Available))
	w.is(w.must(choosing("ben")).Conversation, "waits for ben, place 1")
	w.change(func(s *settings.Settings) { s.Channels[1].Agents = settings.AgentListHidden })
	if got := w.s.Choosable("web"); got != nil {
		t.Fatalf("%v", got)
	}
	if w.s.Choosable("fax") != nil {
		t.Error("a channel that is not there lists somebody")
	}
}

func TestALinkLeadsToItsQueueTeamOrAgent(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	w.is(w.joinBy("s1", func(j *desk.Join) { j.To = toQueue("billing") }), "waits in billing, place 1")
	w.is(w.joinBy("s2", func(j *desk.Join) { j.To = toTeam("tier2") }), "waits for team tier2, place 1")
	w.is(w.joinBy("s3", func(j *desk.Join) { j.To = toAgent("ben") }), "waits for ben, place 1")
	for _, to := range []desk.Target{toQueue("gone"), toTeam("gone"), toTeam("ghosts"), toAgent("gone"), {Kind: "moon", Name: "x"}} {
		w.refused(desk.Join{Origin: w.by("s:s4"), Session: "s4", Channel: "web", To: to}, desk.LinkInvalid)
	}
	w.refused(desk.Join{Origin: w.by("s:s4"), Session: "s4", Channel: "web", To: toAgent("eve")}, desk.NotOffered)
	w.must(w.presence("ben", desk.Away)) // is connected: the page's own button leads there all the same
	w.is(w.joinBy("s5", func(j *desk.Join) { j.To = toAgent("ben") }), "waits for ben, place 2")
}

func TestAnIssueLeadsToTheQueueOrTheTeamThatOwnsIt(t *testing.T) {
	w := newWorld(t, acme())
	by := func(issue string) func(*desk.Join) { return func(j *desk.Join) { j.Issue = issue } }
	w.is(w.joinBy("s1", by("billing/refund")), "waits for team tier2, place 1")
	other := w.joinBy("s2", by("billing/other"))
	w.is(other, "waits in billing, place 1")
	urgent := w.joinBy("s3", by("billing/urgent"))
	w.is(urgent, "waits in billing, place 1")
	w.is(other, "waits in billing, place 2")
	for _, issue := range []string{"billing/none", "overflow/x", "gone/refund", "refund", "/", "billing/"} {
		w.refused(desk.Join{Origin: w.by("s:s4"), Session: "s4", Channel: "web", Issue: issue}, desk.NotFound)
	}
	// The owner team has nobody: the issue's queue takes its customers.
	w.change(func(s *settings.Settings) { s.Queues[0].Issues[0].Team = "ghosts" }) // queues are in order of their names: billing
	w.is(w.joinBy("s5", by("billing/refund")), "waits in billing, place 3")
}

func TestAClosedQueueTakesNobodyInByAnyWayButAKey(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "eve")
	w.byHand(settings.QueueClosed, time.Time{})
	for _, f := range []func(*desk.Join){
		func(*desk.Join) {},
		func(j *desk.Join) { j.Agent = "ben" },
		func(j *desk.Join) { j.To = toAgent("ben") },
		func(j *desk.Join) { j.To = toTeam("tier2") },
		func(j *desk.Join) { j.To = toQueue("support") },
	} {
		j := desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web"}
		f(&j)
		w.refused(j, desk.QueueClosed)
	}
	w.is(w.joinBy("s1", func(j *desk.Join) { j.To = toQueue("billing") }), "waits in billing, place 1")
}

func TestFavouritesAreKeptInOrderOfSettings(t *testing.T) {
	w := newWorld(t, acme())
	star := func(agent string, to desk.Target, on bool) desk.Favour {
		return desk.Favour{Origin: w.who(agent), Agent: agent, To: to, On: on}
	}
	w.must(star("ben", toQueue("support"), true))
	w.must(star("ben", toTeam("tier1"), true))
	if !w.s.Favours("ben", toQueue("support")) || !w.s.Favours("ben", toTeam("tier1")) || w.s.Favours("ana", toTeam("tier1")) {
		t.Error("the stars are not where they were set")
	}
	if d := w.must(star("ben", toTeam("tier1"), true)); len(d.Events) != 0 {
		t.Error("set twice")
	}
	w.must(star("ben", toTeam("tier1"), false))
	if w.s.Favours("ben", toTeam("tier1")) {
		t.Error("it was taken away")
	}
	w.refused(star("ben", toQueue("billing"), true), desk.NotFound)
	w.refused(star("ben", toTeam("tier2"), true), desk.NotFound)
	w.refused(star("nobody", toTeam("tier2"), true), desk.NotFound)
	w.refused(star("ben", toAgent("ana"), true), desk.BadRequest)
}
