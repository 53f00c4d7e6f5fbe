package desk_test

import (
	"fmt"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Routing: limits, presence, idle conversations.

func TestLimitsAreCountedOverAllQueuesFromState(t *testing.T) {
	set := automatic(settings.StrategyLeastBusy)
	set.Queues[1].Distribution = set.Queues[0].Distribution
	set.Teams[0].Members[2].MaxConversations = 2
	set.Teams[1].Members = append(set.Teams[1].Members, settings.Member{Name: "cem"})
	w := newWorld(t, set)
	w.online("cem")
	first, second := w.shop("s1"), w.join("s2")
	w.is(first, "offered to cem")
	w.is(second, "offered to cem")
	third := w.shop("s3")
	w.is(third, "waits in billing, place 1")
	w.must(w.accept("cem", first))
	w.is(third, "waits in billing, place 1") // the same conversation, no new place
	w.must(w.refuse("cem", second))
	w.is(third, "offered to cem")
	w.refused(w.choose("cem", second), desk.LimitReached)
}

func TestTheMembersLimitComesBeforeTheTeamsAndThenThree(t *testing.T) {
	set := acme()
	set.Teams[0].MaxConversations = 5
	w := newWorld(t, set)
	for agent, want := range map[string]int{"ana": 5, "ben": 5, "cem": 1, "eve": settings.DefaultMaxConversations} {
		if got := w.s.Member(agent).Max; got != want {
			t.Errorf("%s may have %d, want %d", agent, got, want)
		}
	}
}

func TestAwayAndFinishMineGetNothingAutomatic(t *testing.T) {
	for _, presence := range []desk.Presence{desk.Away, desk.FinishMine} {
		t.Run(string(presence), func(t *testing.T) {
			w := newWorld(t, automatic(settings.StrategyLeastBusy))
			w.online("ben")
			mine := w.join("s0")
			w.must(w.accept("ben", mine))
			w.must(w.presence("ben", presence))
			id := w.join("s1")
			w.is(id, "waits in support, place 1")
			w.must(w.end("ben", mine)) // ending one brings no other
			w.is(id, "waits in support, place 1")
			if got := w.s.PresenceOf("ben"); got != string(presence) {
				t.Errorf("presence %q", got)
			}
			w.must(w.choose("ben", id)) // by hand, one may
			w.is(id, "with ben")
			w.is(w.join("s2"), "waits in support, place 1")
			w.must(w.presence("ben", desk.Available))
			w.is("c3", "offered to ben")
		})
	}
}

func TestOfflineGetsNothingAutomaticAndIsNotOnline(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	w.gone("a:ben")
	id := w.join("s1")
	w.is(id, "waits in support, place 1")
	if got := w.s.PresenceOf("ben"); got != "offline" {
		t.Errorf("presence %q", got)
	}
	w.must(w.presence("ben", desk.Away)) // said over a client without a socket
	w.online("ben")
	w.is(id, "waits in support, place 1")
	if f, _ := w.s.Figures("support"); f.Online != 0 || f.Available != 0 {
		t.Errorf("%+v", f)
	}
}

func TestFinishMineCountsAsOnlineAndAwayDoesNot(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	for _, c := range []struct {
		presence          desk.Presence
		online, available int
	}{{desk.Available, 2, 2}, {desk.FinishMine, 2, 1}, {desk.Away, 1, 1}} {
		w.must(w.presence("ben", c.presence))
		f, _ := w.s.Figures("support")
		team := w.s.TeamFigures("tier1")
		if f.Online != c.online || f.Available != c.available || team.Online != c.online || team.Available != c.available {
			t.Errorf("%q: %+v, team %+v", c.presence, f, team)
		}
	}
}

func TestAPresenceThatIsNotKnownIsRefused(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	w.refused(w.presence("ben", "sleeping"), desk.BadRequest)
	w.refused(w.presence("ben", "offline"), desk.BadRequest)
	w.refused(w.presence("nobody", desk.Away), desk.NotEntitled)
	if d := w.must(w.presence("ben", desk.Available)); len(d.Events) != 0 {
		t.Errorf("nothing changed, and there are %v", d.Events)
	}
}

func TestAnOfferStandsWhenItsAgentGoesAwayUntilItsTime(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	id := w.join("s1")
	w.must(w.presence("ben", desk.Away))
	w.is(id, "offered to ben")
	w.pass(29 * time.Second)
	w.must(w.accept("ben", id))
	w.is(id, "with ben")
}

func TestPicksNeverExceedTheLimitAndOwnWishesMay(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "cem", "dan", "eve")
	w.must(w.choose("cem", w.join("s1"))) // cem may have one, and has it
	waiting := w.join("s2")
	w.refused(w.next("cem"), desk.LimitReached)
	w.refused(w.choose("cem", waiting), desk.LimitReached)
	w.refused(desk.Pick{Origin: w.who("cem"), Agent: "cem", Queue: "support"}, desk.LimitReached)
	w.refused(w.enter("cem", waiting), desk.LimitReached)
	w.must(w.choose("ana", waiting))
	w.must(w.enter("cem", waiting)) // sharing what another has
	invited := w.join("s3")
	w.must(w.choose("ana", invited))
	w.must(w.ask("ana", invited, toAgent("cem")))
	w.must(w.enter("cem", invited)) // an invitation
	handed := w.join("s4")
	w.must(w.choose("ana", handed))
	w.must(w.hand("ana", handed, toAgent("cem")))
	w.must(w.choose("cem", handed)) // what waits for him in person
	if got := w.s.Load("cem"); got != 4 {
		t.Fatalf("cem has %d", got)
	}
	team := w.join("s5")
	w.must(w.choose("ana", team))
	w.must(w.hand("ana", team, toTeam("tier1")))
	w.refused(desk.Pick{Origin: w.who("cem"), Agent: "cem", Team: "tier1"}, desk.LimitReached)
}

func TestALimitThatIsLoweredTakesNothingAwayAndGivesNothingMore(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ben")
	var ids []desk.ConversationID
	for i := range 3 {
		ids = append(ids, w.join(fmt.Sprintf("s%d", i)))
		w.must(w.accept("ben", ids[i]))
	}
	limit := func(n int) { w.team("tier1", func(team *settings.Team) { team.Members[1].MaxConversations = n }) }
	limit(1)
	for _, id := range ids {
		w.is(id, "with ben")
	}
	waits := w.join("s9")
	w.must(w.end("ben", ids[0]))
	w.must(w.end("ben", ids[1]))
	w.is(waits, "waits in support, place 1") // one is as many as ben may have now
	limit(2)
	w.is(waits, "offered to ben")
}

func TestARaisedLimitIsUsedAtOnce(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("cem")
	w.join("s1")
	second, third := w.join("s2"), w.join("s3")
	w.is(second, "waits in support, place 1")
	w.team("tier1", func(team *settings.Team) { team.Members[2].MaxConversations = 2 })
	w.is(second, "offered to cem")
	w.is(third, "waits in support, place 1")
}

func TestIdleConversationsDoNotCountIfTheSettingSaysSo(t *testing.T) {
	for _, free := range []bool{false, true} {
		t.Run(fmt.Sprint(free), func(t *testing.T) {
			set := automatic(settings.StrategyLeastBusy)
			set.Queues[0].Distribution.Mode = settings.DistributionAutomatic
			if free {
				set.Queues[0].Thresholds.Idle = settings.IdleFree
			}
			w := newWorld(t, set)
			w.online("cem")
			id := w.join("s1")
			w.must(w.accept("cem", id))
			waits := w.join("s2")
			w.until(w.now.Add(5 * time.Minute))
			w.must(w.write("s1", "one moment"))
			w.until(w.now.Add(10*time.Minute - time.Millisecond))
			w.is(waits, "waits in support, place 1")
			w.until(w.now.Add(time.Millisecond))
			if !free {
				w.is(waits, "waits in support, place 1")
				return
			}
			w.is(waits, "offered to cem")
			w.must(w.accept("cem", waits))
			if w.s.Load("cem") != 1 {
				t.Fatalf("load %d", w.s.Load("cem"))
			}
			// The customer is back: the load may be over the limit, nothing is taken away, nobody comes.
			w.must(w.write("s1", "here I am"))
			if w.s.Load("cem") != 2 || w.conv(id).Idle {
				t.Fatalf("load %d, idle %t", w.s.Load("cem"), w.conv(id).Idle)
			}
			w.is(w.join("s3"), "waits in support, place 1")
			w.until(w.now.Add(10 * time.Minute))
			if !w.conv(id).Idle {
				t.Error("silent for ten minutes again")
			}
		})
	}
}

func TestTheIdleSettingActsUnderWay(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("cem")
	w.must(w.accept("cem", w.join("s1")))
	waits := w.join("s2")
	w.until(w.now.Add(time.Hour))
	w.is(waits, "waits in support, place 1")
	w.queue("support", func(q *settings.Queue) { q.Thresholds.Idle = settings.IdleFree })
	w.is(waits, "offered to cem")
	w.queue("support", func(q *settings.Queue) { q.Thresholds.Idle = settings.IdleCounts })
	if w.s.Load("cem") != 2 {
		t.Fatalf("load %d", w.s.Load("cem"))
	}
	w.is(waits, "offered to cem")
}
