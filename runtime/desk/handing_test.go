package desk_test

import (
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Transfer and invite.

// served is a conversation that ben has.
func (w *world) served(session string) desk.ConversationID {
	w.t.Helper()
	id := w.join(session)
	w.must(w.choose("ben", id))
	return id
}

func TestATransferGoesToAnAgentATeamOrAQueueAndTheSenderLeaves(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	for i, c := range []struct {
		to   desk.Target
		want string
	}{
		{toAgent("eve"), "waits for eve, place 1"},
		{toTeam("tier2"), "waits for team tier2, place 1"},
		{toQueue("billing"), "waits in billing, place 1"},
	} {
		id := w.served(string(rune('a' + i)))
		w.must(w.answer("ben", id))
		arrived, messages := w.conv(id).ArrivedAt, w.conv(id).Messages
		w.pass(time.Minute)
		hand := w.hand("ben", id, c.to)
		hand.Note = "  knows the order number  "
		w.must(hand)
		w.is(id, c.want)
		got := w.conv(id)
		if got.ArrivedAt != arrived || got.Messages != messages || got.From != "ben" || got.Note != "knows the order number" || got.Via != desk.ViaTransfer {
			t.Errorf("history, note and sender: %+v", got)
		}
		w.refused(w.answer("ben", id), desk.NotFound) // he has left
		if w.s.Load("ben") != 0 {
			t.Errorf("load %d", w.s.Load("ben"))
		}
		w.must(w.choose("eve", id))
		w.is(id, "with eve")
		w.must(w.end("eve", id))
	}
}

func TestATransferToAPersonWhoIsOfflineWaitsInThePersonalQueue(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.served("s1")
	w.must(w.hand("ben", id, toAgent("gus")))
	w.until(w.now.Add(time.Hour))
	w.is(id, "waits for gus, place 1")
	w.online("gus")
	w.must(w.next("gus"))
	w.is(id, "with gus")
}

func TestATransferThatIsDeclinedReturnsToTheSender(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	id := w.served("s1")
	w.must(w.hand("ben", id, toAgent("eve")))
	w.refused(w.decline("ben", id), desk.NotFound)
	w.must(w.decline("eve", id))
	w.is(id, "waits for ben, place 1")
	if c := w.conv(id); c.Via != desk.ViaReturn || c.From != "eve" {
		t.Errorf("%+v", c)
	}
	w.must(w.decline("ben", id)) // the sender wants it no more either: it is nobody's, so everybody's
	w.is(id, "waits in support, place 1")
}

func TestATransferThatIsDeclinedAfterTheSenderLeftTheTeamGoesToTheQueue(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	id := w.served("s1")
	w.must(w.hand("ben", id, toAgent("eve")))
	w.leaver("tier1", "ben")
	w.must(w.decline("eve", id))
	w.is(id, "waits in support, place 1")
}

func TestWhoWasChosenByNameMayDeclineAndTheQueueHasTheCustomer(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	earlier := w.join("s0")
	w.pass(time.Second)
	id := w.joinBy("s1", func(j *desk.Join) { j.Agent = "ben" })
	w.pass(time.Second)
	later := w.join("s2")
	w.must(w.decline("ben", id))
	w.is(earlier, "waits in support, place 1")
	w.is(id, "waits in support, place 2") // at the time of arrival
	w.is(later, "waits in support, place 3")
	if w.conv(id).Returned != desk.ReturnedHanded {
		t.Errorf("%+v", w.conv(id))
	}
}

func TestATransferToNobodyEntitledIsRefusedBeforeItHappens(t *testing.T) {
	set := acme()
	set.Queues = append(set.Queues, settings.Queue{Name: "unserved", Teams: []string{"ghosts"}})
	w := newWorld(t, set)
	w.online("ana", "ben")
	id := w.served("s1")
	for _, c := range []struct {
		to   desk.Target
		code desk.Code
	}{
		{toAgent("ben"), desk.ToSelf},
		{toAgent("nobody"), desk.NotFound},
		{toAgent(""), desk.NotFound},
		{toTeam("nobody"), desk.NotFound},
		{toTeam("ghosts"), desk.NoAgents},
		{toQueue("nothing"), desk.NotFound},
		{toQueue("unserved"), desk.NoAgents},
		{toQueue("support"), desk.ToSelf},
		{desk.Target{}, desk.BadRequest},
		{desk.Target{Kind: "moon", Name: "eve"}, desk.BadRequest},
	} {
		w.refused(w.hand("ben", id, c.to), c.code)
		w.is(id, "with ben")
	}
}

func TestATransferToAClosedQueueIsRefused(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "dan")
	id := w.served("s1")
	w.must(desk.Switch{Origin: w.who("dan"), Agent: "dan", ID: "r", Queue: "billing", State: settings.QueueClosed})
	w.refused(w.hand("ben", id, toQueue("billing")), desk.QueueClosed)
	w.must(w.hand("ben", id, toAgent("dan"))) // people may be closed to customers and there for each other
	w.is(id, "waits for dan, place 1")
}

func TestTransfersKeepToTheAllowList(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.served("s1")
	list := func(queues, teams []string) {
		w.queue("support", func(q *settings.Queue) {
			q.TransferTargets = &settings.TransferTargets{Queues: queues, Teams: teams}
		})
	}
	list([]string{"billing"}, nil)
	w.refused(w.hand("ben", id, toQueue("overflow")), desk.NotAllowed)
	w.refused(w.hand("ben", id, toTeam("tier2")), desk.NotAllowed)
	w.refused(w.hand("ben", id, toAgent("gus")), desk.NotAllowed)
	list(nil, []string{"night"})
	w.refused(w.hand("ben", id, toQueue("billing")), desk.NotAllowed)
	w.refused(w.hand("ben", id, toAgent("eve")), desk.NotAllowed)
	w.must(w.hand("ben", id, toAgent("gus"))) // a member of an allowed team
	again := w.served("s2")
	list(nil, nil)
	w.refused(w.hand("ben", again, toTeam("night")), desk.NotAllowed)
	w.must(w.hand("ben", again, toAgent("ana"))) // who serves the queue itself
	third := w.served("s3")
	list([]string{"billing"}, []string{"night"})
	w.must(w.hand("ben", third, toAgent("eve"))) // who serves an allowed queue
}

func TestATransferAndAnInvitationMayBeSwitchedOff(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.served("s1")
	w.queue("support", func(q *settings.Queue) {
		q.Disabled = []settings.Feature{settings.FeatureTransfer, settings.FeatureInvitations}
	})
	w.refused(w.hand("ben", id, toTeam("tier2")), desk.FeatureOff)
	w.refused(w.ask("ben", id, toTeam("tier2")), desk.FeatureOff)
}

func TestAnInvitationBringsTheInvitedInAndBothStay(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve", "fay")
	id := w.served("s1")
	w.must(w.ask("ben", id, toAgent("eve")))
	w.refused(w.ask("ben", id, toAgent("eve")), desk.AlreadyIn)
	w.refused(w.ask("ben", id, toAgent("ben")), desk.ToSelf)
	w.must(w.enter("eve", id))
	w.is(id, "with ben and eve")
	w.must(w.answer("eve", id))
	w.refused(w.ask("ben", id, toAgent("eve")), desk.AlreadyIn)
	w.must(w.ask("eve", id, toAgent("fay"))) // who shares it may invite too
	w.must(w.decline("fay", id))
	if len(w.conv(id).Invitations) != 0 {
		t.Errorf("%+v", w.conv(id).Invitations)
	}
	w.refused(w.enter("fay", id), desk.NotFound) // declined is declined
	w.refused(w.decline("fay", id), desk.NotFound)
}

func TestAnInvitationOfNobodyIsRefused(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.served("s1")
	w.refused(w.ask("ben", id, toAgent("nobody")), desk.NotFound)
	w.refused(w.ask("ben", id, toTeam("nobody")), desk.NotFound)
	w.refused(w.ask("ben", id, toTeam("ghosts")), desk.NoAgents)
	w.refused(w.ask("ben", id, toQueue("billing")), desk.BadRequest)
	w.refused(desk.Uninvite{Origin: w.who("ben"), Agent: "ben", Conversation: id, To: toAgent("eve")}, desk.NotFound)
	w.refused(desk.Uninvite{Origin: w.who("ben"), Agent: "ben", Conversation: id, To: toQueue("billing")}, desk.NotFound)
	w.refused(w.ask("ben", "c99", toAgent("eve")), desk.NotFound)
	w.refused(w.ask("eve", id, toAgent("eve")), desk.NotFound)
}

func TestATeamThatIsInItAsAWholeIsNotInvited(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "gus")
	id := w.served("s1")
	w.must(w.ask("ben", id, toTeam("night")))
	w.must(w.enter("gus", id))
	w.refused(w.ask("ben", id, toTeam("night")), desk.AlreadyIn) // there is nobody else who could come
	w.must(w.leave("gus", id))
	w.must(w.ask("ben", id, toTeam("night")))
}

func TestAConversationMayHaveSixteenOpenInvitations(t *testing.T) {
	set := acme()
	for i := range 17 {
		set.Teams[2].Members = append(set.Teams[2].Members, settings.Member{Name: "n" + string(rune('a'+i))})
	}
	w := newWorld(t, set)
	w.online("ben")
	id := w.served("s1")
	for i := range 16 {
		w.must(w.ask("ben", id, toAgent("n"+string(rune('a'+i)))))
	}
	w.refused(w.ask("ben", id, toAgent("nq")), desk.LimitReached)
	w.must(desk.Uninvite{Origin: w.who("ben"), Agent: "ben", Conversation: id, To: toAgent("na")})
	w.must(w.ask("ben", id, toAgent("nq")))
}

func TestInvitationsEndWithTheConversationAndWithATransfer(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	first, second := w.served("s1"), w.served("s2")
	w.must(w.ask("ben", first, toAgent("eve")))
	w.must(w.ask("ben", second, toTeam("tier2")))
	w.must(w.end("ben", first))
	w.must(w.hand("ben", second, toQueue("overflow")))
	if list := w.s.InvitationsFor("eve"); len(list) != 0 {
		t.Fatalf("invited to %d", len(list))
	}
}

func TestIfTheLastAgentLeavesWithoutClosingTheConversationIsRepNeededAgain(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	id := w.served("s1")
	w.must(w.enter("ana", id))
	w.must(w.leave("ben", id))
	w.is(id, "with ana") // who shares it has it now
	w.must(w.leave("ana", id))
	w.is(id, "waits in support, place 1")
	if got := w.s.Status(w.conv(id), desk.Millis(w.now)); got != desk.StatusRepNeeded {
		t.Errorf("status %s", got)
	}
}

func TestATransferOfASharedConversationTakesAllOfThemOut(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "eve")
	id := w.served("s1")
	w.must(w.enter("ana", id))
	w.must(w.hand("ben", id, toAgent("eve")))
	w.is(id, "waits for eve, place 1")
	if w.s.Load("ana")+w.s.Load("ben") != 0 {
		t.Error("somebody still has it")
	}
}

func TestNotesHaveABoundAndAreText(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.served("s1")
	for note, code := range map[string]desk.Code{
		strings.Repeat("é", desk.MaxNote+1): desk.TextTooLong, "\xff": desk.TextInvalid, "red\x1b[31m": desk.TextInvalid,
	} {
		hand, ask := w.hand("ben", id, toAgent("eve")), w.ask("ben", id, toAgent("eve"))
		hand.Note, ask.Note = note, note
		w.refused(hand, code)
		w.refused(ask, code)
	}
	hand := w.hand("ben", id, toAgent("eve"))
	hand.Note = strings.Repeat("é", desk.MaxNote-2) + "\n."
	w.must(hand)
}
