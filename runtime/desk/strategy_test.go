package desk_test

import (
	"fmt"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// crowd is a desk whose support queue is served by n agents, a0 to a(n-1), of one conversation each.
func crowd(n int, d settings.Distribution) settings.Settings {
	set := acme()
	set.Teams[0].Members = nil
	for i := range n {
		set.Teams[0].Members = append(set.Teams[0].Members, settings.Member{Name: fmt.Sprintf("a%d", i), MaxConversations: 1})
	}
	d.Mode = settings.DistributionAutomatic
	set.Queues[0].Distribution = d
	return set
}

// through lets a customer come, be offered, be taken and go; it is the agent.
func (w *world) through(session string) string {
	w.t.Helper()
	id := w.join(session)
	c := w.conv(id)
	if c.Place != desk.OfferedTo {
		w.t.Fatalf("%s", w.where(id))
	}
	agent := c.Agent
	w.must(w.accept(agent, id))
	w.must(desk.End{Origin: w.by(desk.CustomerPrincipal(session))})
	return agent
}

func TestRandomIsUniform(t *testing.T) {
	const agents, rounds = 5, 2000
	w := newWorld(t, crowd(agents, settings.Distribution{Strategy: settings.StrategyRandom}))
	w.must(desk.Start{Epoch: 2, Seed: 20261121})
	for i := range agents {
		w.online(fmt.Sprintf("a%d", i))
	}
	w.quick = true // the same few steps two thousand times
	n := map[string]int{}
	for i := range rounds {
		n[w.through(fmt.Sprintf("s%d", i))]++
	}
	// Pearson's chi-square with 4 degrees of freedom: 18.47 is exceeded once in a thousand seeds.
	chi := 0.0
	for i := range agents {
		d := float64(n[fmt.Sprintf("a%d", i)]) - rounds/agents
		chi += d * d / (rounds / agents)
	}
	if chi > 18.47 || chi == 0 {
		t.Fatalf("chi-square %.2f: %v", chi, n)
	}
}

func TestRandomDrawsAreRecordedAndRepeatable(t *testing.T) {
	run := func(seed uint64) (w *world, chosen []string) {
		w = newWorld(t, crowd(7, settings.Distribution{}))
		w.must(desk.Start{Epoch: 2, Seed: seed})
		for i := range 7 {
			w.online(fmt.Sprintf("a%d", i))
		}
		for i := range 40 {
			chosen = append(chosen, w.through(fmt.Sprintf("s%d", i)))
		}
		return w, chosen
	}
	w, first := run(7)
	_, again := run(7)
	_, other := run(8)
	if fmt.Sprint(first) != fmt.Sprint(again) || fmt.Sprint(first) == fmt.Sprint(other) {
		t.Fatalf("seed 7 gives %v, then %v; seed 8 %v", first, again, other)
	}
	for i, e := range events[desk.Offered](w, 0) {
		// All seven are free: the draw names one of them, in the order of their names.
		if e.Choice.Strategy != settings.StrategyRandom || e.Choice.Free != 7 || fmt.Sprintf("a%d", e.Choice.Draw%7) != first[i] {
			t.Fatalf("offer %d: %+v, chosen was %s", i, e.Choice, first[i])
		}
	}
	// Who replays the ledger has the same next draw.
	copied := desk.New()
	for _, r := range w.log {
		copied.Apply(r)
	}
	if copied.Random != w.s.Random || copied.Random == 7 {
		t.Fatalf("after a replay the generator is at %d, it was at %d", copied.Random, w.s.Random)
	}
}

func TestLeastBusyTakesTheFewestConversationsThenWhoHasHadThemLongest(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLeastBusy))
	w.online("ana")
	w.pass(time.Second)
	w.online("ben")
	w.pass(time.Second)
	a := w.join("s1")
	w.is(a, "offered to ana") // both have none; ana is here longer
	w.pass(time.Second)
	w.is(w.join("s2"), "offered to ben")
	w.pass(time.Second)
	w.is(w.join("s3"), "offered to ana") // both have one; ana's is older
	w.pass(time.Second)
	w.is(w.join("s4"), "offered to ben")
	w.pass(time.Second)
	w.online("cem")
	w.is(w.join("s5"), "offered to cem")
}

func TestLongestIdleTakesWhoseLastChangeIsOldest(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLongestIdle))
	w.online("ben")
	w.pass(time.Second)
	w.online("ana")
	w.pass(time.Second)
	w.online("cem")
	w.pass(time.Second)
	first := w.join("s1")
	w.is(first, "offered to ben")
	w.must(w.accept("ben", first))
	w.pass(time.Second)
	second := w.join("s2")
	w.is(second, "offered to ana") // ben has just begun, though he could take two more
	w.pass(time.Second)
	// A break: idle counts from its end, not from before it.
	w.must(w.presence("cem", desk.Away))
	w.pass(time.Second)
	w.must(w.presence("cem", desk.Available))
	w.pass(time.Second)
	w.is(w.join("s3"), "offered to ben")
	// A connection that was gone: from coming back.
	w.pass(time.Second)
	w.gone("a:ana")
	w.online("ana")
	w.pass(time.Second)
	w.is(w.join("s4"), "offered to cem")
	w.is(w.join("s5"), "offered to ben")
	w.is(w.join("s6"), "offered to ana")
}

func TestASecondTabAndASecondPresenceChangeNothingOfIdleTime(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyLongestIdle))
	w.online("ben")
	w.pass(time.Second)
	w.online("ana")
	w.pass(time.Second)
	w.must(desk.Connect{Principal: "a:ben", Gateway: "g2"})
	w.must(desk.Disconnect{Principal: "a:ben", Gateway: "g"})
	w.must(w.presence("ben", desk.Available))
	w.is(w.join("s1"), "offered to ben")
}

func TestRoundRobinGoesAroundByTheLastOffer(t *testing.T) {
	w := newWorld(t, automatic(settings.StrategyRoundRobin))
	w.team("tier1", func(team *settings.Team) { team.Members[2].MaxConversations = 0 })
	w.online("cem", "ben", "ana")
	w.is(w.join("s1"), "offered to ana")
	id := w.join("s2")
	w.is(id, "offered to ben")
	w.must(w.refuse("ben", id)) // that was a turn too
	w.is(id, "offered to cem")
	w.must(w.refuse("cem", id))
	w.is(id, "offered to ana")
	w.is(w.join("t1"), "offered to ben")
	w.is(w.join("t2"), "offered to cem")
	w.is(w.join("t3"), "offered to ana")
}

// skilled: a0 speaks de, a1 speaks fi and knows tax, a2 fi and de, a3 nothing.
func skilled(required ...string) settings.Settings {
	set := crowd(4, settings.Distribution{Strategy: settings.StrategySkillsThenLeastBusy, RequiredSkills: required})
	m := set.Teams[0].Members
	m[0].Skills, m[1].Skills, m[2].Skills = []string{"de"}, []string{"fi", "tax"}, []string{"de", "fi"}
	return set
}

func TestSkillsAreDroppedFromTheLowestOneAtATime(t *testing.T) {
	w := newWorld(t, skilled("fi", "tax", "de"))
	w.online("a0", "a1", "a2", "a3")
	// Nobody has all three. Without the last, a1 has the others; then a2 has the first; then all alike.
	for i, want := range []string{"a1", "a2", "a0", "a3"} {
		id := w.join(fmt.Sprintf("s%d", i))
		w.is(id, "offered to "+want)
		offers := events[desk.Offered](w, 0)
		choice := offers[len(offers)-1].Choice
		if dropped := []int{1, 2, 3, 3}[i]; choice.Dropped != dropped || len(choice.Required) != 3 {
			t.Fatalf("%s: %+v, want %d dropped", want, choice, dropped)
		}
	}
}

func TestSkillsOfAnIssueComeBeforeThoseOfTheQueue(t *testing.T) {
	set := skilled("de")
	set.Queues[0].Issues = []settings.Issue{{Name: "tax", RequiredSkills: []string{"tax"}}}
	w := newWorld(t, set)
	w.online("a0", "a1", "a2", "a3")
	w.is(w.joinBy("s1", func(j *desk.Join) { j.Issue = "support/tax" }), "offered to a1")
	w.is(w.joinBy("s2", func(j *desk.Join) { j.Issue = "support/tax" }), "offered to a0") // nobody with tax is free: then by load
	choice := events[desk.Offered](w, 0)[1].Choice
	if fmt.Sprint(choice.Required) != "[tax de]" || choice.Dropped != 2 {
		t.Fatalf("%+v", choice)
	}
}

func TestSkillsOfAllMembershipsCountTogether(t *testing.T) {
	set := skilled("fi", "cards")
	set.Teams[2].Members = append(set.Teams[2].Members, settings.Member{Name: "a2", Skills: []string{"cards"}})
	w := newWorld(t, set)
	w.online("a0", "a1", "a2", "a3")
	w.is(w.join("s1"), "offered to a2")
}

func TestWhoLetACustomerPassIsPassedOverByEveryStrategy(t *testing.T) {
	for _, strategy := range []settings.Strategy{settings.StrategyRandom, settings.StrategyLeastBusy, settings.StrategyLongestIdle, settings.StrategyRoundRobin, settings.StrategySkillsThenLeastBusy} {
		t.Run(string(strategy), func(t *testing.T) {
			w := newWorld(t, crowd(6, settings.Distribution{Strategy: strategy, RequiredSkills: []string{"fi"}}))
			for i := range 6 {
				w.online(fmt.Sprintf("a%d", i))
			}
			id := w.join("s1")
			seen := map[string]bool{}
			for range 6 {
				agent := w.conv(id).Agent
				if agent == "" || seen[agent] {
					t.Fatalf("%s, offered before to %v", w.where(id), seen)
				}
				seen[agent] = true
				w.must(w.refuse(agent, id))
			}
			w.is(id, "waits in support, place 1")
			count[desk.Offered](t, w, 6)
		})
	}
}

func TestEveryDecisionRecordsCandidatesScoresAndWhyEachWasPassedOver(t *testing.T) {
	w := newWorld(t, crowd(8, settings.Distribution{Strategy: settings.StrategyLeastBusy}))
	w.queue("support", func(q *settings.Queue) { q.Generation = 42 })
	for i := 1; i < 8; i++ {
		w.online(fmt.Sprintf("a%d", i))
		w.pass(time.Second)
	}
	w.must(w.presence("a1", desk.Away))
	w.must(w.presence("a2", desk.FinishMine))
	w.is(w.join("s1"), "offered to a3") // at the limit from here on
	id := w.join("s2")
	w.is(id, "offered to a4")
	w.must(w.refuse("a4", id))
	w.is(id, "offered to a5")
	e := w.last().(desk.Offered)
	if c := e.Choice; c.Generation != 42 || c.Strategy != settings.StrategyLeastBusy || c.Free != 3 || c.Freed {
		t.Fatalf("%+v", c)
	}
	if want := (desk.Passed{Offline: 1, Away: 1, FinishMine: 1, Limit: 1, Refused: 1}); e.Choice.Passed != want {
		t.Errorf("passed %+v, want %+v", e.Choice.Passed, want)
	}
	want := map[string]desk.Reason{
		"a0": desk.PassedOffline, "a1": desk.PassedAway, "a2": desk.PassedFinishMine, "a3": desk.PassedLimit,
		"a4": desk.PassedRefused, "a5": "", "a6": desk.PassedScore, "a7": desk.PassedScore,
	}
	if len(e.Choice.Candidates) != 8 || e.Choice.Candidates[0].Agent != "a5" {
		t.Fatalf("%+v", e.Choice.Candidates)
	}
	for _, c := range e.Choice.Candidates {
		load := 0
		if c.Agent == "a3" {
			load = 1
		}
		if c.Why != want[c.Agent] || c.Limit != 1 || c.Load != load {
			t.Errorf("%+v, want %q", c, want[c.Agent])
		}
	}
}

func TestOfALargePoolTheBestFewAreRecordedAndAllAreCounted(t *testing.T) {
	w := newWorld(t, crowd(50, settings.Distribution{Strategy: settings.StrategyLeastBusy}))
	for i := range 40 {
		w.online(fmt.Sprintf("a%d", i))
	}
	w.must(w.presence("a7", desk.Away))
	w.join("s1")
	choice := events[desk.Offered](w, 0)[0].Choice
	if len(choice.Candidates) != 8 || choice.Free != 39 || choice.Passed != (desk.Passed{Offline: 10, Away: 1}) {
		t.Fatalf("%+v", choice)
	}
}
