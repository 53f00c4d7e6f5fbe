package desksim

import (
	"cmp"
	"slices"
	"sort"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// offered: an offer goes to one who is free and did not let it pass, of a customer whom nobody comes
// before, and the agent is the one whom the strategy says.
func (k *check) offered(e desk.Offered) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Place != desk.Waiting || c.ForAgent != "" || c.ForTeam != "" {
		k.wrong("it does not wait in a queue")
		return
	}
	if !free(k.s, e.Agent) || slices.Contains(c.Refused, e.Agent) || !serves(k.s, e.Agent, c.Queue) {
		k.wrong("free %t, let pass by %v, serves %t", free(k.s, e.Agent), c.Refused, serves(k.s, e.Agent, c.Queue))
	}
	if e.Until != k.now+offerAfter(k.s, c.Queue) {
		k.wrong("it ends at %d, it is %d", e.Until, k.now)
	}
	if e.Choice == nil {
		k.wrong("it does not say why")
		return
	}
	for _, d := range k.s.Conversations {
		if d.Place != desk.Waiting || d.ForAgent != "" || d.ForTeam != "" || d == c || !earlier(k.s, d, c) {
			continue
		}
		set := queueSetting(k.s, d.Queue)
		mine := serves(k.s, e.Agent, d.Queue) && !slices.Contains(d.Refused, e.Agent)
		if mine && (e.Choice.Freed || set.Distribution.Mode == settings.DistributionAutomatic) {
			k.wrong("%s is before it", d.ID)
		}
	}
	if !e.Choice.Freed {
		k.chosen(c, e)
	}
}

// candidates are those who can be offered a waiting customer, sorted.
func (k *check) candidates(c *desk.Conversation) []string {
	return slices.DeleteFunc(agentsOf(k.s, c.Queue), func(a string) bool { return !free(k.s, a) || slices.Contains(c.Refused, a) })
}

// chosen: the agent is the best of the candidates by the queue's strategy, and the choice says so.
func (k *check) chosen(c *desk.Conversation, e desk.Offered) {
	set := queueSetting(k.s, c.Queue)
	if set.Distribution.Mode != settings.DistributionAutomatic {
		k.wrong("queue %s does not offer", c.Queue)
	}
	list := k.candidates(c)
	want := ""
	switch strategy := set.Distribution.Strategy; strategy {
	case settings.StrategyRandom, "":
		if draw := splitMix(k.s.Random); draw != e.Choice.Draw {
			k.wrong("the draw is %d, from the generator comes %d", e.Choice.Draw, draw)
		}
		if len(list) > 0 {
			want = list[e.Choice.Draw%uint64(len(list))]
		}
	default:
		skills := k.required(c)
		sort.SliceStable(list, func(i, j int) bool { return k.better(strategy, skills, list[i], list[j]) })
		if len(list) > 0 {
			want = list[0]
		}
	}
	if e.Agent != want {
		k.wrong("by %q of %v it should be %s", set.Distribution.Strategy, list, want)
	}
	k.reasons(c, e, list)
}

// better ranks two agents by a strategy.
func (k *check) better(strategy settings.Strategy, skills []string, x, y string) bool {
	a, b := k.s.Agents[x], k.s.Agents[y]
	busy := cmp.Or(cmp.Compare(loadOf(k.s, x), loadOf(k.s, y)), cmp.Compare(a.Since, b.Since))
	switch strategy {
	case settings.StrategyLeastBusy:
		return busy < 0
	case settings.StrategyLongestIdle:
		return a.Since < b.Since
	case settings.StrategyRoundRobin:
		return a.OfferedAt < b.OfferedAt
	}
	return cmp.Or(cmp.Compare(k.leading(y, skills), k.leading(x, skills)), busy) < 0
}

// required are the skills of the issue, then those of the queue, each once.
func (k *check) required(c *desk.Conversation) []string {
	var list []string
	for _, skill := range slices.Concat(c.Skills, queueSetting(k.s, c.Queue).Distribution.RequiredSkills) {
		if !slices.Contains(list, skill) {
			list = append(list, skill)
		}
	}
	return list
}

// leading is how many skills from the first on an agent has in all memberships together.
func (k *check) leading(agent string, skills []string) int {
	has := map[string]bool{}
	for _, t := range k.s.Settings.Teams {
		for _, m := range t.Members {
			for _, skill := range m.Skills {
				has[skill] = has[skill] || m.Name == agent
			}
		}
	}
	for i, skill := range skills {
		if !has[skill] {
			return i
		}
	}
	return len(skills)
}

// reasons: of everybody who serves the queue the choice tells why it was not this one (feature X3).
func (k *check) reasons(c *desk.Conversation, e desk.Offered, free []string) {
	skilled := queueSetting(k.s, c.Queue).Distribution.Strategy == settings.StrategySkillsThenLeastBusy
	skills := k.required(c)
	want := map[string]desk.Reason{}
	passed := desk.Passed{}
	able := 0
	for _, agent := range agentsOf(k.s, c.Queue) {
		a := k.s.Agents[agent]
		switch {
		case agent == e.Agent:
			want[agent] = ""
			able++
		case !online(k.s, agent):
			want[agent] = desk.PassedOffline
			passed.Offline++
		case a.Presence == desk.Away:
			want[agent] = desk.PassedAway
			passed.Away++
		case a.Presence == desk.FinishMine:
			want[agent] = desk.PassedFinishMine
			passed.FinishMine++
		case loadOf(k.s, agent) >= limitOf(k.s, agent):
			want[agent] = desk.PassedLimit
			passed.Limit++
		case slices.Contains(c.Refused, agent):
			want[agent] = desk.PassedRefused
			passed.Refused++
		case skilled && k.leading(agent, skills) < k.leading(e.Agent, skills):
			want[agent] = desk.PassedSkills
			passed.Skills++
		default:
			want[agent] = desk.PassedScore
			able++
		}
	}
	if e.Choice.Passed != passed || e.Choice.Free != able {
		k.wrong("%d could have been chosen and %+v not; it says %d and %+v", able, passed, e.Choice.Free, e.Choice.Passed)
	}
	if len(e.Choice.Candidates) == 0 || e.Choice.Candidates[0].Agent != e.Agent {
		k.wrong("the first candidate is another: %+v", e.Choice.Candidates)
	}
	seen := map[string]bool{}
	for _, candidate := range e.Choice.Candidates {
		if why, there := want[candidate.Agent]; !there || why != candidate.Why || seen[candidate.Agent] ||
			candidate.Load != loadOf(k.s, candidate.Agent) || candidate.Limit != limitOf(k.s, candidate.Agent) {
			k.wrong("candidate %+v should be %q", candidate, why)
		}
		seen[candidate.Agent] = true
	}
	if len(want) <= 32 && len(seen) != len(want) {
		k.wrong("%d candidates, %d serve the queue", len(seen), len(want))
	}
}

// splitMix is the generator of random draws (Steele, Lea and Flood 2014, "Fast splittable pseudorandom
// number generators").
func splitMix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
