package desk_test

import (
	"slices"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Settings that change in the middle. After every command of these tests the simulator's checks say
// that each conversation is in exactly one place, and that whoever waits can be seen by somebody.

func TestAnOwnerWhoIsRemovedLeavesTheConversationToWhoSharesItOrToTheLine(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "cem")
	alone, shared := w.served("s1"), w.served("s2")
	w.must(w.enter("cem", shared))
	w.leaver("tier1", "ben")
	w.is(alone, "waits in support, place 1")
	w.is(shared, "with cem")
	if w.conv(alone).Returned != desk.ReturnedRemoved {
		t.Errorf("%+v", w.conv(alone))
	}
	w.sees(alone, "ana", "cem")
}

func TestASharerWhoIsRemovedLeavesAndWhoWasInvitedInPersonStaysAMemberOfAnyTeam(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "cem", "gus")
	id := w.served("s1")
	w.must(w.enter("cem", id))
	w.must(w.ask("ben", id, toAgent("gus")))
	w.must(w.enter("gus", id))
	w.leaver("tier1", "cem")
	w.is(id, "with ben and gus")
	w.leaver("night", "gus")
	w.is(id, "with ben")
}

func TestOwnerAndSharersRemovedAtOnceLeaveNobodyLost(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "cem")
	id := w.served("s1")
	w.must(w.enter("cem", id))
	w.team("tier1", func(team *settings.Team) { team.Members = team.Members[:1] })
	w.is(id, "waits in support, place 1")
	w.sees(id, "ana")
}

func TestWhoIsInvitedAndRemovedIsInvitedNoMoreAndTheInvitationCanBeTakenBack(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	id := w.served("s1")
	w.must(w.ask("ben", id, toAgent("eve")))
	w.leaver("tier2", "eve")
	w.sees(id, "ana", "ben", "cem")
	w.refused(w.enter("eve", id), desk.NotFound)
	w.must(desk.Uninvite{Origin: w.who("ben"), Agent: "ben", Conversation: id, To: toAgent("eve")})
}

func TestWhoWaitsForSomebodyWhoIsRemovedWaitsForAll(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	later := w.join("s2")
	id := w.joinBy("s1", func(j *desk.Join) { j.Agent = "ben" })
	w.leaver("tier1", "ben")
	w.is(later, "waits in support, place 1")
	w.is(id, "waits in support, place 2")
}

func TestWhatIsOfferedToSomebodyWhoIsRemovedIsOfferedToTheNextAtOnce(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	w.pass(time.Second)
	w.online("cem")
	id := w.join("s1")
	w.is(id, "offered to ben")
	w.leaver("tier1", "ben")
	w.is(id, "offered to cem")
}

func TestAMemberWhoMovesToAnotherTeamOfTheQueueKeepsConversations(t *testing.T) {
	set := acme()
	set.Queues[0].Teams = []string{"tier1", "night"}
	w := newWorld(t, set)
	w.online("ben")
	id := w.served("s1")
	w.change(func(s *settings.Settings) {
		for i := range s.Teams {
			m := slices.DeleteFunc(slices.Clone(s.Teams[i].Members), func(m settings.Member) bool { return m.Name == "ben" })
			if s.Teams[i].Name == "night" {
				m = append(m, settings.Member{Name: "ben"})
			}
			s.Teams[i].Members = m
		}
	})
	w.is(id, "with ben")
}

func TestAQueueThatIsDeletedSendsItsPeopleToTheQueueOfTheirChannel(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "cem", "eve")
	served := w.served("s1")
	ended := w.served("s2")
	waiting, inactive := w.join("s3"), w.join("s4")
	w.must(w.write("s4", "hello"))
	w.must(desk.End{Origin: w.by("s:s4")})
	w.must(w.end("ben", ended))
	w.is(waiting, "offered to ben")
	second := w.join("s5")
	team := w.join("s6")
	w.must(w.choose("cem", team))
	w.must(w.hand("cem", team, toTeam("tier2")))
	w.change(func(s *settings.Settings) {
		s.Queues = slices.DeleteFunc(s.Queues, func(q settings.Queue) bool { return q.Name == "support" })
		s.Channels[1].Queue = "billing" // web
	})
	w.is(waiting, "waits in billing, place 1")
	w.is(second, "waits in billing, place 2")
	w.is(served, "with ben")
	w.is(team, "waits for team tier2, place 1")
	w.sees(inactive, "dan", "eve", "fay") // listed where customers of the channel go now
	w.must(w.leave("ben", served))
	w.is(served, "waits in billing, place 1") // here since before them
	// It comes back: whoever moved stays where it waits.
	w.change(func(s *settings.Settings) {
		s.Queues = append(s.Queues, acme().Queues[0])
		s.Channels[1].Queue = "support"
	})
	w.is(waiting, "waits in billing, place 2")
	w.sees(inactive, "ana", "ben", "cem")
	w.is(w.join("s7"), "waits in support, place 1")
}

func TestAQueueThatIsDeletedWithItsChannelEndsTheWaitByName(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	served := w.served("s1")
	waiting := w.join("s2")
	w.without("support")
	w.is(waiting, "over: removed")
	w.is(served, "with ben")
	w.must(w.answer("ben", served))
	w.must(w.hand("ben", served, toAgent("gus"))) // and can be handed on
	w.is(served, "waits for gus, place 1")
	w.refused(w.decline("eve", served), desk.NotFound)
}

func TestATeamThatIsDeletedOrEmptiedSendsWhoWaitsForItToTheQueue(t *testing.T) {
	for name, change := range map[string]func(*settings.Settings){
		"deleted": func(s *settings.Settings) {
			s.Teams = slices.DeleteFunc(s.Teams, func(t settings.Team) bool { return t.Name == "tier2" })
		},
		"emptied": func(s *settings.Settings) {
			i := slices.IndexFunc(s.Teams, func(t settings.Team) bool { return t.Name == "tier2" })
			s.Teams[i].Members = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, acme())
			w.online("ben", "eve")
			waits, invited := w.served("s1"), w.served("s2")
			w.must(w.hand("ben", waits, toTeam("tier2")))
			w.must(w.ask("ben", invited, toTeam("tier2")))
			w.change(change)
			w.is(waits, "waits in support, place 1")
			w.is(invited, "with ben")
			w.must(w.choose("ben", waits))
		})
	}
}

func TestClosingByScheduleKeepsWhoWaitsAndWhoIsOffered(t *testing.T) {
	set := automatic(settings.StrategyLeastBusy)
	set.Schedules = office(settings.WallClock).Schedules
	set.Queues[0].Schedule = "office"
	w := newWorld(t, set)
	w.until(at("2026-11-24 13:59:45")) // a Tuesday, fifteen seconds before closing
	w.online("cem")
	offered, waits := w.join("s1"), w.join("s2")
	w.until(at("2026-11-24 14:00:00"))
	w.state(settings.QueueClosed, "Schedule")
	w.is(offered, "offered to cem")
	w.is(waits, "waits in support, place 1")
	w.refusedJoin(desk.QueueClosed)
	w.must(w.accept("cem", offered))
	w.must(w.end("cem", offered))
	w.is(waits, "offered to cem") // those who wait are still served
}

func TestSwitchingToAutomaticOffersWhoWaitsAtOnceAndBackLetsOffersStand(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	first, second := w.join("s1"), w.join("s2")
	w.is(first, "waits in support, place 1")
	mode := func(m settings.DistributionMode) {
		w.queue("support", func(q *settings.Queue) { q.Distribution.Mode = m })
	}
	mode(settings.DistributionAutomatic)
	w.is(first, "offered to ben")
	w.is(second, "offered to ben")
	mode(settings.DistributionManual)
	w.is(first, "offered to ben")
	third := w.join("s3")
	w.is(third, "waits in support, place 1")
	w.must(w.accept("ben", first))
	w.pass(30 * time.Second)
	w.is(second, "waits in support, place 1")
	mode(settings.DistributionAutomatic)
	w.is(second, "waits in support, place 1") // ben let it pass
	w.is(third, "offered to ben")
}

func TestAStrategyThatIsSwitchedHoldsForTheNextChoice(t *testing.T) {
	w := newWorld(t, skilled("tax"))
	w.online("a0", "a1")
	w.queue("support", func(q *settings.Queue) { q.Distribution.Strategy = settings.StrategyRoundRobin; q.Generation = 2 })
	w.is(w.join("s1"), "offered to a0")
	w.queue("support", func(q *settings.Queue) {
		q.Distribution.Strategy = settings.StrategySkillsThenLeastBusy
		q.Generation = 3
	})
	w.is(w.join("s2"), "offered to a1")
	if list := events[desk.Offered](w, 0); list[0].Choice.Generation != 2 || list[1].Choice.Generation != 3 {
		t.Error("the choices do not name the settings that applied")
	}
}

func TestAPriorityThatIsChangedReordersAtOnce(t *testing.T) {
	set := acme()
	set.Queues[1].Teams = []string{"tier1"}
	w := newWorld(t, set)
	w.online("ben")
	support := w.join("s1")
	w.pass(time.Second)
	billing := w.shop("s2")
	w.queue("billing", func(q *settings.Queue) { q.Priority = 10 })
	if d := w.must(w.next("ben")); d.Conversation != billing {
		t.Errorf("next is %s, want %s", d.Conversation, billing)
	}
	// In a team's queue people of several queues stand in one line.
	handed, other := w.joinBy("s3", func(j *desk.Join) { j.To = toTeam("tier2") }), w.joinBy("s4", func(j *desk.Join) { j.Channel, j.To = "shop", toTeam("tier2") })
	w.is(other, "waits for team tier2, place 1")
	w.is(handed, "waits for team tier2, place 2")
	w.queue("support", func(q *settings.Queue) { q.Priority = 20 })
	w.is(handed, "waits for team tier2, place 1")
	if d := w.must(w.next("ben")); d.Conversation != support {
		t.Errorf("next is %s", d.Conversation)
	}
}

func TestAPriorityThatIsChangedReordersWhoWaitsForAnAgentInPersonToo(t *testing.T) {
	w := newWorld(t, acme())
	w.online("gus")
	first := w.joinBy("s1", func(j *desk.Join) { j.To = toAgent("gus") })
	second := w.joinBy("s2", func(j *desk.Join) { j.Channel, j.To = "shop", toAgent("gus") })
	w.is(first, "waits for gus, place 1")
	w.queue("billing", func(q *settings.Queue) { q.Priority = 1 })
	w.is(second, "waits for gus, place 1")
	w.must(w.choose("gus", first))
	w.is(second, "waits for gus, place 1")
}

func TestAChannelThatIsRemovedLetsItsConversationsGoOn(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	served := w.served("s1")
	waiting, inactive := w.join("s2"), w.join("s3")
	w.must(w.write("s3", "hello"))
	w.must(desk.End{Origin: w.by("s:s3")})
	w.change(func(s *settings.Settings) {
		s.Channels = slices.DeleteFunc(s.Channels, func(c settings.Channel) bool { return c.Name == "web" })
	})
	w.is(served, "with ben")
	w.is(waiting, "waits in support, place 1")
	w.must(w.write("s3", "still there?"))
	w.is(inactive, "waits in support, place 2")
	w.refused(desk.Join{Origin: w.by("s:s4"), Session: "s4", Channel: "web"}, desk.NotFound)
	w.must(w.leave("ben", served))
	w.is(served, "waits in support, place 1")
}

func TestTeamsOfAQueueThatChangeChangeWhoSeesAndServesAtOnce(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("gus")
	id := w.join("s1")
	w.is(id, "waits in support, place 1")
	w.sees(id, "ana", "ben", "cem")
	w.queue("support", func(q *settings.Queue) { q.Teams = []string{"night"} })
	w.is(id, "offered to gus")
	w.sees(id, "gus")
	w.queue("support", func(q *settings.Queue) { q.Teams = []string{"tier1"} })
	w.is(id, "waits in support, place 1")
	w.sees(id, "ana", "ben", "cem")
}

func TestFeaturesSwitchedOffUnderWayStopWhatIsNewAndKeepWhatStands(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	id := w.served("s1")
	w.must(w.ask("ben", id, toAgent("eve")))
	handed := w.served("s2")
	w.must(w.hand("ben", handed, toAgent("eve")))
	w.queue("support", func(q *settings.Queue) {
		q.Disabled = []settings.Feature{settings.FeatureInvitations, settings.FeatureTransfer}
	})
	w.must(w.enter("eve", id)) // was invited before
	w.is(id, "with ben and eve")
	w.must(w.choose("eve", handed))
	w.refused(w.hand("eve", id, toTeam("tier2")), desk.FeatureOff)
	w.refused(w.ask("eve", id, toTeam("night")), desk.FeatureOff)
}

func TestASettingsChangeWithNobodyLeftToServeKeepsTheLine(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyRandom))
	w.online("ben")
	offered, waits := w.join("s1"), w.join("s2")
	w.must(w.accept("ben", offered))
	w.queue("support", func(q *settings.Queue) { q.Teams = nil })
	w.is(offered, "with ben") // is of the team that it is served through
	w.is(waits, "waits in support, place 1")
	w.queue("support", func(q *settings.Queue) { q.Teams = []string{"tier1"} })
	w.is(waits, "offered to ben")
}

func TestAnOverrideThatClosesUnderWayRefusesTransfersAndRulesButServesTheLine(t *testing.T) {
	set := acme()
	set.Queues[0].WaitingRules = []settings.WaitingRule{move(60, "billing")}
	w := newWorld(t, set)
	w.online("ben", "eve")
	id, waits := w.served("s1"), w.shop("s2")
	moving := w.join("s3")
	w.queue("billing", func(q *settings.Queue) { q.Override = &calendar.Override{State: calendar.Closed} })
	w.refused(w.hand("ben", id, toQueue("billing")), desk.QueueClosed)
	w.until(w.now.Add(time.Minute))
	w.is(moving, "waits in support, place 1")
	w.must(w.grab("eve", waits))
}
