package desksim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// firstSettings are those of a desk at the beginning of a chaos run.
func firstSettings(rng *rand.Rand) settings.Settings {
	s := settings.Settings{Desk: settings.Desk{Name: "chaos"}}
	for _, name := range scheduleNames() {
		s.Schedules = append(s.Schedules, anySchedule(rng, name))
	}
	for i := range teams {
		s.Teams = append(s.Teams, anyMembers(rng, teamName(i)))
	}
	for i := range queues {
		name := fmt.Sprintf("queue-%d", i)
		q := settings.Queue{Name: name, Teams: anyTeams(rng), WhenBusy: anyWhenBusy(rng), Thresholds: anyThresholds(rng)}
		if i > 1 {
			q.Schedule = pickOf(rng, scheduleNames())
		}
		q.Distribution, q.WaitingRules, q.Issues = anyDistribution(rng), anyRules(rng, name), anyIssues(rng)
		q.TransferTargets, q.Disabled, q.Priority = anyTargets(rng), anyDisabled(rng), pickOf(rng, []int{0, 0, 0, 5})
		s.Queues = append(s.Queues, q)
		s.Channels = append(s.Channels, anyChannel(rng, i))
	}
	s.Sort()
	return s
}

func scheduleNames() []string { return []string{"helsinki", "lord-howe", "new-york"} }

// anySchedule draws opening hours in the zone that belongs to a name.
func anySchedule(rng *rand.Rand, name string) calendar.Schedule {
	zones := map[string]string{"helsinki": "Europe/Helsinki", "lord-howe": "Australia/Lord_Howe", "new-york": "America/New_York"}
	all := []calendar.Weekday{calendar.Mon, calendar.Tue, calendar.Wed, calendar.Thu, calendar.Fri, calendar.Sat, calendar.Sun}
	s := calendar.Schedule{Name: name, TimeZone: zones[name], Generation: rng.Int64N(1 << 30)}
	if rng.IntN(8) == 0 {
		s.State = calendar.Suspended
	}
	s.Weekly = []calendar.WeeklyRule{{Days: all, Periods: pickOf(rng, [][]calendar.Period{
		{{Start: "08:00", End: "12:00"}, {Start: "13:00", End: "24:00"}},
		{{Start: "02:00", End: "03:00"}, {Start: "09:00", End: "21:00"}},
		{{Start: "00:00", End: "24:00"}},
		{{Start: "20:00", End: "02:30"}, {Start: "06:00", End: "19:00"}},
	})}}
	if rng.IntN(3) == 0 {
		s.Exceptions = []calendar.Exception{{Name: "clocks", Date: pickOf(rng, []string{"2026-03-29", "2026-10-25", "2026-04-05"}), Periods: []calendar.Period{{Start: "01:30", End: "04:00"}}}}
		s.Holidays = []calendar.Holiday{{Name: "holiday", Date: pickOf(rng, []string{"2026-03-30", "2026-10-26", "2027-01-01"})}}
	}
	return s
}

func teamName(i int) string { return fmt.Sprintf("team-%d", i) }

func anyMembers(rng *rand.Rand, name string) settings.Team {
	t := anyTeam(rng, settings.Team{Name: name})
	for a := range agents {
		if rng.IntN(2) == 0 {
			t.Members = append(t.Members, anyMember(rng, fmt.Sprintf("agent-%d", a)))
		}
	}
	return t
}

func anyTeam(rng *rand.Rand, t settings.Team) settings.Team {
	t.Mode = pickOf(rng, []settings.TeamMode{"", settings.TeamCollaboration, settings.TeamGrab})
	t.Chat = pickOf(rng, []settings.TeamChat{"", settings.TeamChatEnabled, settings.TeamChatDisabled})
	return t
}

func anyMember(rng *rand.Rand, name string) settings.Member {
	return settings.Member{
		Name: name, DisplayName: "Agent " + name, MaxConversations: rng.IntN(4),
		Role:    pickOf(rng, []settings.Role{"", settings.RoleRepresentative, settings.RoleAdmin}),
		Skills:  some(rng, skills()),
		Listing: pickOf(rng, []settings.Listing{"", settings.ListingPublic}),
	}
}

func skills() []string { return []string{"french", "german", "law"} }

// some draws a part of a list, in any order.
func some(rng *rand.Rand, list []string) []string {
	list = slices.Clone(list)
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:rng.IntN(len(list)+1)]
}

func anyDistribution(rng *rand.Rand) settings.Distribution {
	return settings.Distribution{
		Mode: pickOf(rng, []settings.DistributionMode{"", settings.DistributionManual, settings.DistributionAutomatic, settings.DistributionAutomatic, settings.DistributionAutomatic}),
		Strategy: pickOf(rng, []settings.Strategy{"", settings.StrategyRandom, settings.StrategyLeastBusy, settings.StrategyLongestIdle,
			settings.StrategyRoundRobin, settings.StrategySkillsThenLeastBusy, settings.StrategySkillsThenLeastBusy}),
		RequiredSkills: some(rng, skills()),
	}
}

// anyRules draws waiting rules, which may lead in a loop, to a queue that is missing, or back.
func anyRules(rng *rand.Rand, name string) []settings.WaitingRule {
	var rules []settings.WaitingRule
	for _, after := range []int{5, 20, 60, 300, 900} {
		if rng.IntN(4) == 0 {
			rules = append(rules, settings.WaitingRule{AfterSeconds: after, Action: settings.RuleAlert})
		}
		if to := fmt.Sprintf("queue-%d", rng.IntN(queues+1)); rng.IntN(4) == 0 && to != name {
			rules = append(rules, settings.WaitingRule{AfterSeconds: after, Action: settings.RuleMove, Queue: to})
			if n := len(rules); rng.IntN(3) == 0 && (n < 2 || rules[n-2].AfterSeconds != after) {
				rules = append(rules, settings.WaitingRule{AfterSeconds: after, Action: settings.RuleAlert}) // too late
				break
			}
		}
	}
	return rules
}

func anyIssues(rng *rand.Rand) []settings.Issue {
	var list []settings.Issue
	for _, name := range some(rng, []string{"billing", "delivery", "law"}) {
		list = append(list, settings.Issue{Name: name, Team: pickOf(rng, []string{"", "team-0", "team-1", "nowhere"}),
			RequiredSkills: some(rng, skills()), Priority: pickOf(rng, []int{0, 0, 3})})
	}
	return list
}

func anyTargets(rng *rand.Rand) *settings.TransferTargets {
	if rng.IntN(3) > 0 {
		return nil
	}
	return &settings.TransferTargets{Queues: some(rng, []string{"queue-0", "queue-1", "queue-2"}), Teams: some(rng, []string{"team-0", "team-1", "team-2"})}
}

func anyDisabled(rng *rand.Rand) []settings.Feature {
	if rng.IntN(4) > 0 {
		return nil
	}
	return pickOf(rng, [][]settings.Feature{{settings.FeatureTransfer}, {settings.FeatureInvitations, settings.FeaturePreview}})
}

func anyChannel(rng *rand.Rand, i int) settings.Channel {
	return settings.Channel{
		Name: fmt.Sprintf("channel-%d", i), Type: settings.ChannelWeb, Queue: fmt.Sprintf("queue-%d", i),
		Agents:      pickOf(rng, []settings.AgentList{"", settings.AgentListOnline}),
		SessionKeys: pickOf(rng, []settings.SessionKeys{"", "", settings.SessionKeysRefused}),
		IssueQueues: some(rng, []string{"queue-0", "queue-1", "queue-2"}),
		Unavailable: settings.Unavailable{Action: pickOf(rng, []settings.UnavailableAction{"", settings.UnavailableContactForm})},
	}
}

func anyTeams(rng *rand.Rand) []string {
	list := []string{"team-0", "team-1", "team-2", "team-that-is-missing"}
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	list = list[:1+rng.IntN(3)]
	slices.Sort(list)
	return list
}

func anyWhenBusy(rng *rand.Rand) settings.WhenBusy {
	switch rng.IntN(5) {
	case 0:
		return settings.WhenBusy{}
	case 1:
		return settings.WhenBusy{Offer: settings.OfferQueue}
	case 2:
		return settings.WhenBusy{Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityPerOnlineAgent, Places: 1 + rng.IntN(3)}}
	}
	return settings.WhenBusy{Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityFixed, Places: 1 + rng.IntN(8)}}
}

func anyThresholds(rng *rand.Rand) settings.Thresholds {
	return settings.Thresholds{
		AgentLostSeconds: pickOf(rng, []int{0, 0, 5, 600}), CustomerLostSeconds: pickOf(rng, []int{0, 0, 10, 900}),
		CloseAfterIdleSeconds: pickOf(rng, []int{0, 0, 3600, 200000}),
		AgentLost:             pickOf(rng, []settings.AgentLost{"", settings.LostToQueue, settings.LostToPending}),
		Idle:                  pickOf(rng, []settings.IdleCounting{"", settings.IdleFree}), IdleAfterSeconds: pickOf(rng, []int{0, 0, 20}),
	}
}

func anyOverride(rng *rand.Rand, now int64) *calendar.Override {
	if rng.IntN(2) == 0 {
		return nil
	}
	o := &calendar.Override{State: pickOf(rng, []calendar.OverrideState{calendar.Open, calendar.Open, calendar.Closed}), Reason: "by kubectl", By: "platform"}
	// An end of more than milliseconds, before now and after it.
	if rng.IntN(3) > 0 {
		until := desk.Instant(now).Add(time.Duration(rng.Int64N(26)-2)*time.Hour + time.Duration(rng.Int64N(1_000_000_000)))
		o.Until = &until
	}
	return o
}

// requested is the override that a resource carries after an open or close in the console.
func requested(r settings.OverrideRequest) *calendar.Override {
	if r.State == "" {
		return nil
	}
	return &calendar.Override{State: calendar.OverrideState(r.State), Until: r.Until, Reason: r.Reason, By: r.By}
}

// cloned is a copy that shares nothing: the domain keeps what it is given.
func cloned(s settings.Settings) settings.Settings {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // plain structs
	}
	var c settings.Settings
	if err := json.Unmarshal(b, &c); err != nil {
		panic(err)
	}
	return c
}
