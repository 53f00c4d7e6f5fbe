package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// What people complain about most in open-source products of this kind, each as its opposite. The
// numbers are those of the products' public issues and pull requests.

// Chatwoot 13050, 10583, 10376, 10685, 10059: waiting ones are not assigned when somebody frees up, and
// newer ones overtake them.
func TestACustomerWhoWaitsIsNeverOvertakenByALaterOne(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	var ids []desk.ConversationID
	for i := range 6 {
		ids = append(ids, w.join(fmt.Sprintf("s%d", i)))
		w.pass(time.Second)
	}
	w.online("cem") // one at a time
	for i, id := range ids {
		w.is(id, "offered to cem")
		w.must(w.accept("cem", id))
		late := w.join(fmt.Sprintf("late%d", i)) // comes just before somebody frees up
		w.must(w.end("cem", id))
		if w.conv(late).Place != desk.Waiting {
			t.Fatalf("%s overtook %d others", late, len(ids)-i-1)
		}
	}
}

// Chatwoot 13516, 14508, 5362; Live Helper Chat 1073: no timer takes it back from a silent agent.
func TestASilentAgentDoesNotKeepACustomer(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	w.pass(time.Second)
	w.online("ana")
	id := w.join("s1")
	w.is(id, "offered to ben")
	w.pass(30 * time.Second) // says nothing
	w.is(id, "offered to ana")
	w.must(w.accept("ana", id))
	w.must(w.write("s1", "hello?"))
	w.pass(5 * time.Minute) // accepted, and says nothing: everybody of the team sees it as overdue and may join
	w.status(id, desk.StatusOverdue)
	w.must(w.enter("ben", id))
}

// Chatwoot 7204, 4158, 9587, 5436; LibreDesk 568: assigned to agents who are offline.
func TestNobodyIsGivenToAnAgentWhoIsNotHere(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyRandom))
	w.online("ana", "ben", "cem")
	w.must(w.presence("ana", desk.Away))
	w.gone("a:ben")
	for i := range 4 {
		w.join(fmt.Sprintf("s%d", i))
	}
	for _, e := range events[desk.Offered](w, 0) {
		if e.Agent != "cem" {
			t.Errorf("offered to %s", e.Agent)
		}
	}
	count[desk.Offered](t, w, 1)
}

// Chatwoot 9587: a customer who comes back goes to an agent who is absent.
func TestACustomerWhoComesBackIsForWhoeverIsHere(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	first := w.join("s1")
	w.must(w.accept("ben", first))
	w.must(desk.End{Origin: w.by("s:s1")})
	w.gone("a:ben")
	w.online("cem")
	w.is(w.join("s1"), "offered to cem")
}

// Chatwoot 11034, 1198; Rocket.Chat 35722, 19352, 21839; LibreDesk 29: uneven load, limits not kept.
func TestLoadIsEvenAndLimitsAreKeptWhateverTheOrderOfEnds(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.team("tier1", func(team *settings.Team) { team.Members[2].MaxConversations = 0 })
	w.online("ana", "ben", "cem")
	for i := range 40 {
		id := w.join(fmt.Sprintf("s%d", i))
		if c := w.conv(id); c.Place == desk.OfferedTo {
			w.must(w.accept(c.Agent, id))
		}
		low, high := 9, 0
		for _, agent := range []string{"ana", "ben", "cem"} {
			low, high = min(low, w.s.Load(agent)), max(high, w.s.Load(agent))
		}
		if high > 3 || i < 9 && high-low > 1 {
			t.Fatalf("after %d customers one has %d and another %d", i+1, high, low)
		}
		if i%3 == 2 {
			w.must(desk.End{Origin: w.by(desk.CustomerPrincipal(fmt.Sprintf("s%d", i-2)))})
		}
	}
}

// Tiledesk keeps counters beside the state, which drifted below zero.
func TestNoCounterDriftsForThereIsNone(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ana", "ben")
	for i := range 10 {
		s := fmt.Sprintf("s%d", i)
		id := w.join(s)
		agent := w.conv(id).Agent
		w.must(w.refuse(agent, id))
		w.must(w.accept(w.conv(id).Agent, id))
		w.must(desk.End{Origin: w.by(desk.CustomerPrincipal(s))})
	}
	if w.s.Load("ana")+w.s.Load("ben") != 0 {
		t.Error("somebody has a load and no conversation")
	}
	if f, _ := w.s.Figures("support"); f.Waiting+f.Offered+f.InService != 0 || f.FreePlaces != 6 {
		t.Errorf("%+v", f)
	}
}

// Chatwoot 10221, 6422, 11495, 3272, 8274, 12194: agents see other teams' conversations.
func TestAgentsNeverSeeAnotherTeamsConversations(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve", "gus")
	id := w.shop("s1")
	outside := func() {
		t.Helper()
		for _, agent := range []string{"ana", "ben", "cem", "gus"} {
			if w.s.MaySee(agent, w.conv(id)) || w.s.MayPreview(agent, w.conv(id)) || w.s.MayTake(agent, w.conv(id)) {
				t.Errorf("%s sees it, %s", agent, w.where(id))
			}
			// Nor can a refusal tell that it exists: it reads as for one that does not.
			for _, c := range []desk.Command{w.choose(agent, id), w.enter(agent, id), w.answer(agent, id), w.end(agent, id), w.hand(agent, id, toTeam("night"))} {
				e := w.refused(c, desk.NotFound)
				if !strings.Contains(e.Message, "there is no conversation") {
					t.Errorf("%T: %s", c, e.Message)
				}
			}
		}
	}
	outside()
	w.must(w.grab("eve", id))
	outside()
	w.must(w.write("s1", "hello"))
	w.must(w.leave("eve", id))
	outside()
	w.must(desk.End{Origin: w.by("s:s1")})
	w.is(id, "inactive in billing: left")
	outside()
}

// Rocket.Chat 23642, 22105, 18029, 18200, 20022: an entry is invisible until a reload, or stuck for ever.
func TestNoEntryIsStuckTimeAloneMovesEveryConversationOn(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ana", "ben", "eve", "gus")
	offered := w.join("s1")
	served := w.shop("s2")
	w.must(w.grab("eve", served))
	shared := w.shop("s3")
	w.must(w.grab("eve", shared))
	w.must(w.ask("eve", shared, toAgent("gus")))
	w.must(w.enter("gus", shared))
	person, team := w.joinBy("s4", func(j *desk.Join) { j.Agent = "ben" }), w.joinBy("s5", func(j *desk.Join) { j.To = toTeam("tier2") })
	form := w.must(w.form("s6", func(*desk.Contact) {})).Conversation
	// Everybody goes home without a word: no agent, no customer, no message.
	for _, agent := range []string{"ana", "ben", "eve", "gus"} {
		w.gone(desk.AgentPrincipal(agent))
	}
	for _, s := range []string{"s1", "s2", "s3", "s4", "s5"} {
		w.gone(desk.CustomerPrincipal(s))
	}
	w.until(w.now.Add(31 * 24 * time.Hour))
	for _, id := range []desk.ConversationID{offered, served, shared, person, team, form} {
		if c := w.s.Conversations[id]; c != nil && c.Place != desk.Over {
			t.Errorf("%s: %s", id, w.where(id))
		}
	}
	if _, due := w.s.NextDeadline(); due {
		t.Error("something is still to come")
	}
}

// Rocket.Chat 22206, 37776, 39087: two agents take one.
func TestNoCustomerIsTakenTwiceByWhateverWay(t *testing.T) {
	takes := map[string]func(*world, string, desk.ConversationID) desk.Command{
		"pick":  func(w *world, a string, id desk.ConversationID) desk.Command { return w.choose(a, id) },
		"grab":  func(w *world, a string, id desk.ConversationID) desk.Command { return w.grab(a, id) },
		"next":  func(w *world, a string, _ desk.ConversationID) desk.Command { return w.next(a) },
		"enter": func(w *world, a string, id desk.ConversationID) desk.Command { return w.enter(a, id) },
	}
	for one, first := range takes {
		for other, second := range takes {
			w := newWorld(t, acme())
			w.online("eve", "fay")
			id := w.shop("s1")
			w.must(first(w, "eve", id))
			if _, err := w.do(second(w, "fay", id)); err == nil {
				t.Errorf("%s, then %s: both won", one, other)
			}
			w.is(id, "with eve")
			count[desk.Picked](t, w, 1)
		}
	}
}

// Rocket.Chat 38148, 26307: one visitor gets two rooms.
func TestACustomerHasOneConversationHoweverOftenTheyAsk(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	j := desk.Join{Origin: desk.Origin{Principal: "s:s1", Client: "tab-1", CID: 1}, Session: "s1", Channel: "web"}
	id := w.must(j).Conversation
	for range 3 { // the answer was lost on a weak net
		if d := w.must(j); d.Conversation != id || d.Repeated == nil {
			t.Fatalf("%+v", d)
		}
	}
	j.Origin.Client = "tab-2"
	w.refused(j, desk.AlreadyJoined)
	w.must(w.choose("ben", id))
	j.Origin.CID = 2
	w.refused(j, desk.AlreadyJoined)
	count[desk.CustomerJoined](t, w, 1)
}

// Rocket.Chat 17080, 30065, 22043, 23404, 27816: transfers to nobody, without consent, the old agent stays in.
func TestATransferReachesSomebodyWhoMayRefuseAndTheSenderIsOut(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	id := w.served("s1")
	w.refused(w.hand("ben", id, toTeam("ghosts")), desk.NoAgents)
	w.is(id, "with ben")
	w.must(w.hand("ben", id, toAgent("eve")))
	w.refused(w.answer("ben", id), desk.NotFound)
	w.must(w.decline("eve", id))
	w.is(id, "waits for ben, place 1")
	if w.conv(id).Messages != 0 || w.conv(id).Number != 1 {
		t.Error("it is another conversation now")
	}
}

// Rocket.Chat 22505: forwarding when the agent goes offline fails, for it is the same department.
func TestALostAgentsConversationGoesBackToTheVeryQueueItCameFrom(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	id := w.join("s1")
	w.must(w.accept("ben", id))
	w.online("cem")
	w.gone("a:ben")
	w.until(w.now.Add(30 * time.Second))
	w.is(id, "offered to cem")
}

// Chatwoot 6959; Ticketz 361: an agent moved to another team, and the conversation vanished.
func TestAnAgentWhoMovesToAnotherTeamTakesNoConversationOutOfSight(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	id := w.served("s1")
	w.change(func(s *settings.Settings) {
		for i := range s.Teams {
			switch s.Teams[i].Name {
			case "tier1":
				s.Teams[i].Members = append(s.Teams[i].Members[:1:1], s.Teams[i].Members[2])
			case "night":
				s.Teams[i].Members = append(s.Teams[i].Members[:1:1], settings.Member{Name: "ben"})
			}
		}
	})
	w.is(id, "waits in support, place 1")
	w.sees(id, "ana", "cem")
}

// Zammad counts the position on a reconnect over all topics; Chatwoot 8047, 10059 and others show none.
func TestThePlaceIsThatInTheOwnLineAndOfNoOther(t *testing.T) {
	w := newWorld(t, acme())
	for i := range 5 {
		w.shop(fmt.Sprintf("other%d", i))
	}
	w.joinBy("team", func(j *desk.Join) { j.To = toTeam("tier1") })
	first, second := w.join("s1"), w.join("s2")
	for range 2 {
		if w.s.PlaceInLine(w.conv(first)) != 1 || w.s.PlaceInLine(w.conv(second)) != 2 || w.s.LineLength(w.conv(first)) != 2 {
			t.Fatal("the place counts others")
		}
		w.gone("s:s2")
		w.must(desk.Connect{Principal: "s:s2", Gateway: "g"})
	}
}

// Zammad 1083, 4970, 1075; Rocket.Chat 19062: the widget is open with no agent, and there is no form.
func TestWithoutAnAgentTheChatIsNotOfferedAndAFormIsTaken(t *testing.T) {
	set := acme()
	set.Queues[0].WhenBusy = settings.WhenBusy{}
	w := newWorld(t, set)
	w.availability(desk.IsOffline)
	w.refusedJoin(desk.NotOffered)
	w.is(w.must(w.form("s1", func(*desk.Contact) {})).Conversation, "inactive in support: contact")
	w.online("ben")
	w.availability(desk.AvailableNow)
	w.gone("a:ben")
	w.availability(desk.IsOffline) // with the socket, not minutes after
}

// Chatwoot fails open: without a policy an agent's limit is none.
func TestALimitThatNobodySetIsThree(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyRandom))
	w.online("ben")
	for i := range 5 {
		w.join(fmt.Sprintf("s%d", i))
	}
	count[desk.Offered](t, w, settings.DefaultMaxConversations)
}

// LibreDesk looks every five minutes whether somebody waits.
func TestAnOfferFollowsInTheSameMillisecond(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	id := w.join("s1")
	w.pass(time.Minute)
	w.online("ben")
	if r := w.log[len(w.log)-1]; w.where(id) != "offered to ben" || r.At != desk.Millis(w.now) {
		t.Errorf("%s, %+v", w.where(id), r)
	}
}
