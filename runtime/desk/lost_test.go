package desk_test

import (
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Transfer, invite, overflow, loss.

func TestALostAgentsSharedConversationGoesToWhoSharesLongest(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "cem", "eve")
	id := w.served("s1")
	w.must(w.ask("ben", id, toAgent("eve")))
	w.must(w.enter("eve", id))
	w.pass(time.Second)
	w.must(w.enter("cem", id))
	w.gone("a:ben")
	w.until(w.now.Add(29 * time.Second))
	w.is(id, "with ben and eve and cem")
	w.until(w.now.Add(time.Second))
	w.is(id, "with eve and cem")
	e := w.last().(desk.Left)
	if e.Agent != "ben" || e.Owner != "eve" || e.Why != desk.ReturnedLost {
		t.Errorf("%+v", e)
	}
	// The new owner is of no team of the queue, and stays all the same.
	w.until(w.now.Add(time.Hour))
	w.is(id, "with eve and cem")
	w.gone("a:eve")
	w.gone("a:cem")
	w.until(w.now.Add(time.Minute))
	w.is(id, "waits in support, place 1")
}

func TestALostAgentsConversationGoesBackToTheQueueWithItsArrivalTimeAndANote(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.served("s1")
	w.pass(time.Minute)
	later := w.join("s2")
	w.gone("a:ben")
	w.until(w.now.Add(30 * time.Second))
	w.is(id, "waits in support, place 1")
	w.is(later, "waits in support, place 2")
	if w.conv(id).Returned != desk.ReturnedLost {
		t.Errorf("the note is %q", w.conv(id).Returned)
	}
}

func TestALostAgentsConversationsWaitInThePendingListIfTheSettingSaysSo(t *testing.T) {
	set := acme()
	set.Queues[0].Thresholds.AgentLost = settings.LostToPending
	w := newWorld(t, set)
	w.online("ben")
	id := w.served("s1")
	w.gone("a:ben")
	w.until(w.now.Add(30 * time.Second))
	w.is(id, "waits for ben, place 1")
	if w.conv(id).Via != desk.ViaLost {
		t.Errorf("%+v", w.conv(id))
	}
	w.until(w.now.Add(time.Hour))
	w.is(id, "waits for ben, place 1")
	w.online("ben")
	w.must(w.next("ben"))
	w.is(id, "with ben")
	// Leaving by one's own will is no loss.
	w.must(w.leave("ben", id))
	w.is(id, "waits in support, place 1")
}

func TestReturningInTimeChangesNothing(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	id := w.served("s1")
	w.must(w.enter("ana", id))
	for range 5 {
		w.gone("a:ben")
		w.until(w.now.Add(29*time.Second + 999*time.Millisecond))
		w.online("ben")
	}
	w.is(id, "with ben and ana")
	count[desk.Left](t, w, 0)
	count[desk.Returned](t, w, 0)
}

func TestTheTimeOfALostAgentIsASetting(t *testing.T) {
	set := acme()
	set.Queues[0].Thresholds.AgentLostSeconds = 90
	w := newWorld(t, set)
	w.online("ben")
	id := w.served("s1")
	w.gone("a:ben")
	w.until(w.now.Add(89 * time.Second))
	w.is(id, "with ben")
	w.until(w.now.Add(time.Second))
	w.is(id, "waits in support, place 1")
}

func TestWhoWaitsForAnAgentInPersonWaitsForAllWhenThatAgentIsLost(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.joinBy("s1", func(j *desk.Join) { j.Agent = "ben" })
	w.pass(time.Second)
	w.gone("a:ben")
	w.until(w.now.Add(29 * time.Second))
	w.is(id, "waits for ben, place 1")
	w.until(w.now.Add(time.Second))
	w.is(id, "waits in support, place 1")
}

func TestASharerWhoIsLostLeavesAndTheOwnerStays(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	id := w.served("s1")
	w.must(w.enter("ana", id))
	w.gone("a:ana")
	w.until(w.now.Add(30 * time.Second))
	w.is(id, "with ben")
}

func signedIn(w *world, agent, session string) {
	w.t.Helper()
	w.must(desk.SignIn{Agent: agent, Session: session, Link: agent + session, Expires: desk.Millis(w.now.Add(12 * time.Hour)), LinkExpires: desk.Millis(w.now.Add(time.Hour))})
}

func TestLoggingOutWithConversationsOpenAsksFirst(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	signedIn(w, "ben", "one")
	alone, shared := w.served("s1"), w.served("s2")
	w.must(w.enter("ana", shared))
	w.refused(desk.SignOut{Agent: "ben", Session: "one"}, desk.OpenConversations)
	w.is(alone, "with ben")
	if !w.s.SessionValid("ben", "one", desk.Millis(w.now)) {
		t.Error("signed out by a question")
	}
	w.must(desk.SignOut{Agent: "ben", Session: "one", Force: true})
	w.is(alone, "waits in support, place 1")
	w.is(shared, "with ana")
	if w.conv(alone).Returned != desk.ReturnedSignOut || w.s.SessionValid("ben", "one", desk.Millis(w.now)) {
		t.Errorf("%+v", w.conv(alone))
	}
	if d := w.must(desk.SignOut{Agent: "ben", Session: "one", Force: true}); len(d.Events) != 0 {
		t.Error("signed out twice")
	}
}

func TestSigningOutGivesAnOfferToTheNextAtOnce(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	signedIn(w, "ben", "one")
	id := w.join("s1")
	w.is(id, "offered to ben")
	w.pass(time.Second)
	w.online("cem")
	w.refused(desk.SignOut{Agent: "ben", Session: "one"}, desk.OpenConversations)
	w.must(desk.SignOut{Agent: "ben", Session: "one", Force: true})
	w.is(id, "offered to cem")
	if got := w.s.PresenceOf("ben"); got != "offline" {
		t.Errorf("presence %q", got)
	}
}

func TestLoggingOutOfOneOfTwoSessionsChangesNothing(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	signedIn(w, "ben", "one")
	signedIn(w, "ben", "two")
	id := w.served("s1")
	w.must(desk.SignOut{Agent: "ben", Session: "one"})
	w.is(id, "with ben")
	w.refused(desk.SignOut{Agent: "ben", Session: "two"}, desk.OpenConversations)
}

// The socket of whoever signs out is closed a moment later. In between nobody is to be offered to a
// person who has gone home: the customer would wait for the end of the offer.
func TestWhoHasSignedOutIsOfferedNobody(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	signedIn(w, "ben", "one")
	id := w.join("s1")
	w.must(w.accept("ben", id))
	waits := w.join("s2")
	w.must(w.refuse("ben", waits))
	third := w.join("s3")
	w.must(w.refuse("ben", third))
	w.must(desk.SignOut{Agent: "ben", Session: "one", Force: true})
	w.is(id, "waits in support, place 1")
	fourth := w.join("s4")
	w.is(fourth, "waits in support, place 4")
	w.availability(desk.AvailableQueue)
	if f, _ := w.s.Figures("support"); f.Online != 0 {
		t.Errorf("%+v", f)
	}
	w.gone("a:ben") // now the socket is closed
	signedIn(w, "ben", "two")
	w.online("ben")
	w.is(fourth, "offered to ben")
}

func TestACustomerWhoIsLostKeepsThePlaceForAMinuteInEveryLine(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben", "eve")
	inQueue := w.shop("s1")
	inTeam := w.joinBy("s2", func(j *desk.Join) { j.To = toTeam("tier2") })
	inPerson := w.joinBy("s3", func(j *desk.Join) { j.Agent = "ben" })
	offered := w.join("s4")
	w.is(offered, "offered to ben")
	served := w.shop("s5")
	w.must(w.grab("eve", served))
	ids := []desk.ConversationID{inQueue, inTeam, inPerson, offered}
	for _, s := range []desk.Principal{"s:s1", "s:s2", "s:s3", "s:s4", "s:s5"} {
		w.gone(s)
	}
	w.until(w.now.Add(59 * time.Second))
	for _, id := range ids {
		if !w.conv(id).Place.Open() {
			t.Errorf("%s: %s", id, w.where(id))
		}
	}
	w.until(w.now.Add(time.Second))
	for _, id := range ids {
		w.is(id, "over: abandoned")
	}
	w.is(served, "with eve") // in service: offline
}
