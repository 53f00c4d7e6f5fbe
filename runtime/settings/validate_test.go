package settings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher.chat/runtime/settings"
)

// routed uses everything that there is to say about routing.
const routed = `
desk: {name: acme}
teams:
- name: tier1
  mode: Grab
  chat: Disabled
  members:
  - {name: ben, skills: [fi, billing], listing: Public}
  - {name: ana, role: Admin, listing: Hidden}
queues:
- name: support
  teams: [tier2, tier1]
  distribution: {mode: Automatic, strategy: SkillsThenLeastBusy, requiredSkills: [fi, billing]}
  priority: -100
  waitingRules:
  - {afterSeconds: 180, action: Alert}
  - {afterSeconds: 180, action: Move, queue: overflow}
  - {afterSeconds: 600, action: Move, queue: gone}
  transferTargets: {queues: [overflow, billing], teams: [tier2, tier1]}
  issues:
  - {name: visit, displayName: A visit, team: field}
  - {name: invoice, requiredSkills: [fi, billing]}
  disabled: [typing, emoji]
  thresholds: {soonOverdueSeconds: 60, overdueSeconds: 61, clock: OpeningHours, agentLost: KeepPending, idleAfterSeconds: 30, idle: DoNotCount}
  whenBusy: {}
- {name: overflow, whenBusy: {}, thresholds: {}}
channels:
- name: web
  type: Web
  queue: support
  issueQueues: [overflow, billing]
  agents: Online
  sessionKeys: Refused
  unavailable:
    action: ContactForm
    busy: {action: Message, message: All are busy.}
    offline: {action: Hide}
    closed: {message: Until tomorrow.}
  targeting:
  - {type: PagePattern, pattern: "*/cart/*"}
  - {type: Referrer, pattern: "https://search.example/*"}
  - {type: Language, languages: [pt, en]}
  - {type: TimeOnPage, atLeast: 86400}
  - {type: PagesSeen, atLeast: 1000}
  - {type: ScrollDepth, atLeast: 100}
  - {type: ReturningVisitor}
  - {type: ExitIntent}
  - {type: Attribute, attribute: plan, values: [pro, gold]}
  - {type: VisitorShare, atLeast: 1}
`

func TestListsAreSortedUnlessTheirOrderSaysSomething(t *testing.T) {
	s, err := settings.Parse([]byte(routed))
	if err != nil {
		t.Fatal(err)
	}
	q := s.Queues[1]
	for _, c := range []struct{ got, want any }{
		{s.Teams[0].Members[0].Name, "ana"},
		{s.Teams[0].Members[1].Skills, []string{"billing", "fi"}},
		{q.Teams, []string{"tier1", "tier2"}},
		{q.TransferTargets.Queues, []string{"billing", "overflow"}},
		{q.TransferTargets.Teams, []string{"tier1", "tier2"}},
		{q.Disabled, []settings.Feature{"emoji", "typing"}},
		{s.Channels[0].Targeting[2].Languages, []string{"en", "pt"}},
		{s.Channels[0].Targeting[8].Values, []string{"gold", "pro"}},
		// As they were:
		{q.Distribution.RequiredSkills, []string{"fi", "billing"}},
		{q.Issues[0].Name, "visit"},
		{q.Issues[1].RequiredSkills, []string{"fi", "billing"}},
		{q.WaitingRules[2].Queue, "gone"},
		{s.Channels[0].IssueQueues, []string{"overflow", "billing"}},
	} {
		if fmt.Sprint(c.got) != fmt.Sprint(c.want) {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}

func TestEachProblemWithRoutingSaysWhatToChange(t *testing.T) {
	long := func(n int) string { return strings.Repeat("ä", n) }
	many := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("n%02d", i)
		}
		return list
	}
	type (
		team    = settings.Team
		queue   = settings.Queue
		channel = settings.Channel
		rule    = settings.WaitingRule
		target  = settings.TargetingRule
	)
	ofTeam := func(f func(*team)) func(*settings.Settings) {
		return func(s *settings.Settings) { f(&s.Teams[0]) }
	}
	ofQueue := func(f func(*queue)) func(*settings.Settings) {
		return func(s *settings.Settings) { f(&s.Queues[1]) }
	}
	ofChannel := func(f func(*channel)) func(*settings.Settings) {
		return func(s *settings.Settings) { f(&s.Channels[0]) }
	}
	targeting := func(r target) func(*settings.Settings) {
		return ofChannel(func(c *channel) { c.Targeting = []target{r} })
	}
	rules := func(list ...rule) func(*settings.Settings) {
		return ofQueue(func(q *queue) { q.WaitingRules = list })
	}
	for _, c := range []struct {
		want   string // empty: taken
		change func(*settings.Settings)
	}{
		{`teams[tier1].mode: "Rob"; write Collaboration or Grab`, ofTeam(func(t *team) { t.Mode = "Rob" })},
		{`teams[tier1].chat: "On"; write Enabled or Disabled`, ofTeam(func(t *team) { t.Chat = "On" })},
		{`teams[tier1].members[ana].listing: "Listed"; write Hidden or Public`, ofTeam(func(t *team) { t.Members[0].Listing = "Listed" })},
		{`teams[tier1].members[ana].skills[0]: has no name`, ofTeam(func(t *team) { t.Members[0].Skills = []string{" "} })},
		{`teams[tier1].members[ana].skills: "fi" stands twice`, ofTeam(func(t *team) { t.Members[0].Skills = []string{"fi", "fi"} })},
		{`teams[tier1].members[ana].skills[0]: 64 letters; at most 63`, ofTeam(func(t *team) { t.Members[0].Skills = []string{long(64)} })},
		{``, ofTeam(func(t *team) { t.Members[0].Skills = []string{long(63)} })},
		{`teams[tier1].members[ana].skills: 17 entries; at most 16`, ofTeam(func(t *team) { t.Members[0].Skills = many(17) })},
		{``, ofTeam(func(t *team) { t.Members[0].Skills = many(16) })},

		{`queues[support].distribution.mode: "Auto"; write Manual or Automatic`, ofQueue(func(q *queue) { q.Distribution.Mode = "Auto" })},
		{`queues[support].distribution.strategy: "Best"; write Random, LeastBusy, LongestIdle, RoundRobin or SkillsThenLeastBusy`, ofQueue(func(q *queue) { q.Distribution.Strategy = "Best" })},
		{`queues[support].distribution.requiredSkills: "a" stands twice`, ofQueue(func(q *queue) { q.Distribution.RequiredSkills = []string{"a", "a"} })},
		{`queues[support].distribution.requiredSkills: 17 entries; at most 16`, ofQueue(func(q *queue) { q.Distribution.RequiredSkills = many(17) })},
		{`queues[support].priority: 101; must be -100 to 100`, ofQueue(func(q *queue) { q.Priority = 101 })},
		{`queues[support].priority: -101; must be -100 to 100`, ofQueue(func(q *queue) { q.Priority = -101 })},
		{``, ofQueue(func(q *queue) { q.Priority = 100 })},

		{`queues[support].waitingRules[0].afterSeconds: 0; must be 1 to 2592000`, rules(rule{0, settings.RuleAlert, ""})},
		{`queues[support].waitingRules[0].afterSeconds: 2592001; must be 1 to`, rules(rule{settings.MaxSeconds + 1, settings.RuleAlert, ""})},
		{`queues[support].waitingRules[0].action: ""; write Alert or Move`, rules(rule{1, "", ""})},
		{`queues[support].waitingRules[0].queue: write the queue to move to`, rules(rule{1, settings.RuleMove, ""})},
		{`queues[support].waitingRules[0].queue: "support" is the queue itself; write another`, rules(rule{1, settings.RuleMove, "support"})},
		{`queues[support].waitingRules[0].queue: Alert moves nobody; remove it or write action Move`, rules(rule{1, settings.RuleAlert, "overflow"})},
		{`queues[support].waitingRules[0].queue: 254 letters; at most 253`, rules(rule{1, settings.RuleMove, long(254)})},
		{`queues[support].waitingRules[1].afterSeconds: two rules move at 5; only one can, so change or remove one`, rules(rule{5, settings.RuleMove, "a"}, rule{5, settings.RuleMove, "b"})},
		{`queues[support].waitingRules[1].afterSeconds: 4 comes after 5; sort the rules by afterSeconds`, rules(rule{5, settings.RuleAlert, ""}, rule{4, settings.RuleMove, "b"})},
		{`queues[support].waitingRules: 17 rules; at most 16`, rules(slices.Repeat([]rule{{5, settings.RuleAlert, ""}}, 17)...)},
		{``, rules(slices.Repeat([]rule{{5, settings.RuleAlert, ""}}, 16)...)},

		{``, ofQueue(func(q *queue) { q.TransferTargets = &settings.TransferTargets{} })},
		{`queues[support].transferTargets.queues: "a" stands twice`, ofQueue(func(q *queue) { q.TransferTargets.Queues = []string{"a", "a"} })},
		{`queues[support].transferTargets.queues: 65 entries; at most 64`, ofQueue(func(q *queue) { q.TransferTargets.Queues = many(65) })},
		{`queues[support].transferTargets.teams[0]: has no name`, ofQueue(func(q *queue) { q.TransferTargets.Teams = []string{""} })},
		{``, ofQueue(func(q *queue) { q.TransferTargets.Teams = many(64) })},

		{`queues[support].issues[0]: has no name`, ofQueue(func(q *queue) { q.Issues[0].Name = "" })},
		{`queues[support].issues: "invoice" stands twice`, ofQueue(func(q *queue) { q.Issues[0].Name = "invoice" })},
		{`queues[support].issues[0]: 64 letters; at most 63`, ofQueue(func(q *queue) { q.Issues[0].Name = long(64) })},
		{`queues[support].issues[visit].displayName: 129 letters; at most 128`, ofQueue(func(q *queue) { q.Issues[0].DisplayName = long(129) })},
		{`queues[support].issues[visit].team: 254 letters; at most 253`, ofQueue(func(q *queue) { q.Issues[0].Team = long(254) })},
		{`queues[support].issues[visit].requiredSkills: "a" stands twice`, ofQueue(func(q *queue) { q.Issues[0].RequiredSkills = []string{"a", "a"} })},
		{`queues[support].issues[visit].priority: 101; must be -100 to 100`, ofQueue(func(q *queue) { q.Issues[0].Priority = 101 })},
		{``, ofQueue(func(q *queue) { q.Issues[0].Priority = -100 })},
		{`queues[support].issues: 65 entries; at most 64`, ofQueue(func(q *queue) {
			q.Issues = nil
			for _, name := range many(65) {
				q.Issues = append(q.Issues, settings.Issue{Name: name})
			}
		})},
		{`queues[support].disabled[0]: "music" is no feature that could be switched off; there are [emoji invitations preview transfer typing]`, ofQueue(func(q *queue) { q.Disabled = []settings.Feature{"music"} })},
		{`queues[support].disabled: "emoji" stands twice`, ofQueue(func(q *queue) { q.Disabled = []settings.Feature{"emoji", "emoji"} })},
		{``, ofQueue(func(q *queue) { q.Disabled = settings.Features() })},
		{`queues[support].disabled: 6 entries; at most 5`, ofQueue(func(q *queue) { q.Disabled = slices.Repeat([]settings.Feature{"emoji"}, 6) })},

		{`queues[support].thresholds.soonOverdueSeconds: -1; must be 0`, ofQueue(func(q *queue) { q.Thresholds.SoonOverdueSeconds = -1 })},
		{`queues[support].thresholds.overdueSeconds: 2592001; must be 0`, ofQueue(func(q *queue) { q.Thresholds.OverdueSeconds = settings.MaxSeconds + 1 })},
		{`queues[support].thresholds.idleAfterSeconds: -1; must be 0`, ofQueue(func(q *queue) { q.Thresholds.IdleAfterSeconds = -1 })},
		{`queues[support].thresholds.soonOverdueSeconds: 61; must be less than overdueSeconds, which is 61`, ofQueue(func(q *queue) { q.Thresholds.SoonOverdueSeconds = 61 })},
		{`queues[support].thresholds.soonOverdueSeconds: 180; must be less than overdueSeconds, which is 61`, ofQueue(func(q *queue) { q.Thresholds.SoonOverdueSeconds = 0 })},
		{`queues[support].thresholds.soonOverdueSeconds: 300; must be less than overdueSeconds, which is 300`, ofQueue(func(q *queue) { q.Thresholds.SoonOverdueSeconds, q.Thresholds.OverdueSeconds = 300, 0 })},
		{`queues[support].thresholds.clock: "Sun"; write WallClock or OpeningHours`, ofQueue(func(q *queue) { q.Thresholds.Clock = "Sun" })},
		{`queues[support].thresholds.agentLost: "Drop"; write ReturnToQueue or KeepPending`, ofQueue(func(q *queue) { q.Thresholds.AgentLost = "Drop" })},
		{`queues[support].thresholds.idle: "Half"; write Count or DoNotCount`, ofQueue(func(q *queue) { q.Thresholds.Idle = "Half" })},

		{`channels[web].agents: "All"; write Hidden or Online`, ofChannel(func(c *channel) { c.Agents = "All" })},
		{`channels[web].sessionKeys: "Yes"; write Accepted or Refused`, ofChannel(func(c *channel) { c.SessionKeys = "Yes" })},
		{`channels[web].issueQueues: "a" stands twice`, ofChannel(func(c *channel) { c.IssueQueues = []string{"a", "a"} })},
		{`channels[web].issueQueues: 65 entries; at most 64`, ofChannel(func(c *channel) { c.IssueQueues = many(65) })},
		{`channels[web].unavailable.action: "Ring"; write Message, Hide or ContactForm`, ofChannel(func(c *channel) { c.Unavailable.Action = "Ring" })},
		{`channels[web].unavailable.message: 501 letters; at most 500`, ofChannel(func(c *channel) { c.Unavailable.Message = long(501) })},
		{`channels[web].unavailable.busy.action: "Ring"; write`, ofChannel(func(c *channel) { c.Unavailable.Busy.Action = "Ring" })},
		{`channels[web].unavailable.offline.action: "Ring"; write`, ofChannel(func(c *channel) { c.Unavailable.Offline.Action = "Ring" })},
		{`channels[web].unavailable.closed.message: 501 letters; at most 500`, ofChannel(func(c *channel) { c.Unavailable.Closed.Message = long(501) })},

		{`channels[web].targeting: 65 rules; at most 64`, ofChannel(func(c *channel) { c.Targeting = slices.Repeat([]target{{Type: settings.TargetExitIntent}}, 65) })},
		{`channels[web].targeting[0].type: "Mood"; write PagePattern, `, targeting(target{Type: "Mood"})},
		{`channels[web].targeting[0].pattern: the type PagePattern needs it; add it`, targeting(target{Type: settings.TargetPagePattern})},
		{`channels[web].targeting[0].pattern: 501 letters; at most 500`, targeting(target{Type: settings.TargetPagePattern, Pattern: long(501)})},
		{`channels[web].targeting[0].pattern: does not belong to the type ExitIntent; remove it`, targeting(target{Type: settings.TargetExitIntent, Pattern: "*"})},
		{`channels[web].targeting[0].languages: the type Language needs it; add it`, targeting(target{Type: settings.TargetLanguage})},
		{`channels[web].targeting[0].languages: "pt" stands twice`, targeting(target{Type: settings.TargetLanguage, Languages: []string{"pt", "pt"}})},
		{`channels[web].targeting[0].languages[0]: 36 letters; at most 35`, targeting(target{Type: settings.TargetLanguage, Languages: []string{long(36)}})},
		{`channels[web].targeting[0].languages: does not belong to the type Referrer; remove it`, targeting(target{Type: settings.TargetReferrer, Pattern: "*", Languages: []string{"pt"}})},
		{`channels[web].targeting[0].atLeast: the type ScrollDepth needs it; add it`, targeting(target{Type: settings.TargetScrollDepth})},
		{`channels[web].targeting[0].atLeast: 101; must be 1 to 100`, targeting(target{Type: settings.TargetScrollDepth, AtLeast: 101})},
		{`channels[web].targeting[0].atLeast: 101; must be 1 to 100`, targeting(target{Type: settings.TargetShare, AtLeast: 101})},
		{`channels[web].targeting[0].atLeast: -1; must be 1 to 1000`, targeting(target{Type: settings.TargetPagesSeen, AtLeast: -1})},
		{`channels[web].targeting[0].atLeast: 86401; must be 1 to 86400`, targeting(target{Type: settings.TargetTimeOnPage, AtLeast: 86401})},
		{`channels[web].targeting[0].atLeast: does not belong to the type ReturningVisitor; remove it`, targeting(target{Type: settings.TargetReturning, AtLeast: 1})},
		{`channels[web].targeting[0].attribute: the type Attribute needs it; add it`, targeting(target{Type: settings.TargetAttribute, Values: []string{"a"}})},
		{`channels[web].targeting[0].values: the type Attribute needs it; add it`, targeting(target{Type: settings.TargetAttribute, Attribute: "plan"})},
		{`channels[web].targeting[0].attribute: 64 letters; at most 63`, targeting(target{Type: settings.TargetAttribute, Attribute: long(64), Values: []string{"a"}})},
		{`channels[web].targeting[0].values[0]: 129 letters; at most 128`, targeting(target{Type: settings.TargetAttribute, Attribute: "plan", Values: []string{long(129)}})},
		{`channels[web].targeting[0].values: 65 entries; at most 64`, targeting(target{Type: settings.TargetAttribute, Attribute: "plan", Values: many(65)})},
	} {
		s, err := settings.Parse([]byte(routed))
		if err != nil {
			t.Fatal(err)
		}
		c.change(&s)
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = settings.Parse(b)
		var invalid *settings.InvalidError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("refused: %v", err)
		case c.want != "" && (!errors.As(err, &invalid) || len(invalid.Problems) != 1 || !strings.HasPrefix(invalid.Problems[0], c.want)):
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
}

func TestALoopOfMovesIsNoProblemOfTheSettings(t *testing.T) {
	_, err := settings.Parse([]byte(`
desk: {name: acme}
queues:
- {name: a, whenBusy: {}, thresholds: {}, waitingRules: [{afterSeconds: 60, action: Move, queue: b}]}
- {name: b, whenBusy: {}, thresholds: {}, waitingRules: [{afterSeconds: 90, action: Move, queue: a}]}
`))
	if err != nil {
		t.Error(err)
	}
}
