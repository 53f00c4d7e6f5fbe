package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

// skills gives the rules of a list of skills.
func skills(field, format string) []rule {
	return []rule{
		{field + ", sixteen", fmt.Sprintf(format, listOf(16, "s%d")), ""},
		{field + ", seventeen", fmt.Sprintf(format, listOf(17, "s%d")), "must have at most 16 items"},
		{field + " with a capital", fmt.Sprintf(format, "[Fi]"), "should match"},
		{field + " with a blank", fmt.Sprintf(format, `["a b"]`), "should match"},
		{field + " with nothing in it", fmt.Sprintf(format, `[""]`), "should be at least 1 chars long"},
		{field + " at its most", fmt.Sprintf(format, "["+long(63)+"]"), ""},
		{field + " too long", fmt.Sprintf(format, "["+long(64)+"]"), "Too long: may not be more than 63"},
	}
}

func TestDistributionIsTakenOrRefusedWithWords(t *testing.T) {
	const bySkills = `{distribution: {mode: Automatic, strategy: SkillsThenLeastBusy, requiredSkills: %s}}`
	check(t, "Queue", "support", join(
		[]rule{
			{"nothing said", `{distribution: {}}`, ""},
			{"Manual", `{distribution: {mode: Manual, offerTimeoutSeconds: 20}}`, ""},
			{"Automatic", `{distribution: {mode: Automatic}}`, ""},
			{"another mode", `{distribution: {mode: Auto}}`, `supported values: "Manual", "Automatic"`},
			{"Random", `{distribution: {mode: Automatic, strategy: Random}}`, ""},
			{"LeastBusy", `{distribution: {mode: Automatic, strategy: LeastBusy}}`, ""},
			{"LongestIdle", `{distribution: {mode: Automatic, strategy: LongestIdle}}`, ""},
			{"RoundRobin", `{distribution: {mode: Automatic, strategy: RoundRobin}}`, ""},
			{"another strategy", `{distribution: {mode: Automatic, strategy: Best}}`, `supported values: "Random", "LeastBusy", "LongestIdle", "RoundRobin", "SkillsThenLeastBusy"`},
			{"a strategy with Manual", `{distribution: {mode: Manual, strategy: LeastBusy}}`, "strategy chooses to whom the desk offers a customer and so needs mode: Automatic; set mode to Automatic or remove strategy"},
			{"a strategy with the default mode", `{distribution: {strategy: LeastBusy}}`, "set mode to Automatic or remove strategy"},
			{"skills without a strategy", `{distribution: {mode: Automatic, requiredSkills: [fi]}}`, "only the strategy SkillsThenLeastBusy looks at requiredSkills; set strategy to it or remove requiredSkills"},
			{"skills with another strategy", `{distribution: {mode: Automatic, strategy: LeastBusy, requiredSkills: [fi]}}`, "set strategy to it or remove requiredSkills"},
			{"SkillsThenLeastBusy without skills", `{distribution: {mode: Automatic, strategy: SkillsThenLeastBusy}}`, "strategy SkillsThenLeastBusy needs skills to look for; add distribution.requiredSkills, or requiredSkills of an issue, or set strategy to LeastBusy"},
			{"SkillsThenLeastBusy with an empty list", fmt.Sprintf(bySkills, "[]"), "should have at least 1 items"},
			{"SkillsThenLeastBusy with issues without skills", `{distribution: {mode: Automatic, strategy: SkillsThenLeastBusy}, issues: [{name: a}]}`, "needs skills to look for"},
			{"SkillsThenLeastBusy with an issue's skills", `{distribution: {mode: Automatic, strategy: SkillsThenLeastBusy}, issues: [{name: a}, {name: b, requiredSkills: [fi]}]}`, ""},
			{"a skill twice", fmt.Sprintf(bySkills, "[fi, sv, fi]"), "a skill stands twice; remove one"},
			{"the old place of offerTimeoutSeconds", `{offerTimeoutSeconds: 30}`, "unknown field"},
		},
		skills("requiredSkills", bySkills),
		number("offerTimeoutSeconds", `{distribution: {offerTimeoutSeconds: %d}}`, 5, 300),
		number("priority", `{priority: %d}`, -100, 100),
	))
}

func TestWaitingRulesAreTakenOrRefusedWithWords(t *testing.T) {
	check(t, "Queue", "support", join(
		[]rule{
			{"an alert and moves, in any order", `{waitingRules: [{afterSeconds: 600, action: Move, queueRef: {name: overflow}}, {afterSeconds: 180, action: Alert}, {afterSeconds: 600, action: Alert}]}`, ""},
			{"no time", `{waitingRules: [{action: Alert}]}`, "afterSeconds: Required value"},
			{"no action", `{waitingRules: [{afterSeconds: 60}]}`, "action: Required value"},
			{"another action", `{waitingRules: [{afterSeconds: 60, action: Drop}]}`, `supported values: "Alert", "Move"`},
			{"Move to nowhere", `{waitingRules: [{afterSeconds: 60, action: Move}]}`, "action Move needs to know where to; add queueRef with the name of another queue"},
			{"Alert with a queue", `{waitingRules: [{afterSeconds: 60, action: Alert, queueRef: {name: a}}]}`, "action Alert moves nobody; remove queueRef or set action to Move"},
			{"Move to itself", `{waitingRules: [{afterSeconds: 60, action: Move, queueRef: {name: support}}]}`, "a waiting rule moves customers into the queue where they are; name another queue in its queueRef"},
			{"two moves at one time", `{waitingRules: [{afterSeconds: 60, action: Move, queueRef: {name: a}}, {afterSeconds: 60, action: Move, queueRef: {name: b}}]}`, "Duplicate value"},
			{"two alerts at one time", `{waitingRules: [{afterSeconds: 60, action: Alert}, {afterSeconds: 60, action: Alert}]}`, "Duplicate value"},
			{"sixteen", `{waitingRules: ` + listOf(16, `{afterSeconds: 1%d, action: Move, queueRef: {name: a}}`) + `}`, ""},
			{"seventeen", `{waitingRules: ` + listOf(17, `{afterSeconds: 1%d, action: Alert}`) + `}`, "must have at most 16 items"},
		},
		number("afterSeconds", `{waitingRules: [{afterSeconds: %d, action: Alert}]}`, 1, 2592000),
		reference("queueRef", `{waitingRules: [{afterSeconds: 60, action: Move, queueRef: %s}]}`),
	))
}

func TestTransferTargetsIssuesAndFeaturesAreTakenOrRefusedWithWords(t *testing.T) {
	var lists []rule
	for _, field := range []string{"queues", "teams"} {
		format := `{transferTargets: {` + field + `: %s}}`
		lists = join(lists, []rule{
			{field + ", one twice", fmt.Sprintf(format, "[a, a]"), "Duplicate value"},
			{field + ", sixty-four", fmt.Sprintf(format, listOf(64, "a%d")), ""},
			{field + ", sixty-five", fmt.Sprintf(format, listOf(65, "a%d")), "must have at most 64 items"},
			{field + " with a capital", fmt.Sprintf(format, "[Billing]"), "should match"},
			{field + " with nothing in it", fmt.Sprintf(format, `[""]`), "should be at least 1 chars long"},
			{field + " at its most", fmt.Sprintf(format, "["+long(253)+"]"), ""},
			{field + " too long", fmt.Sprintf(format, "["+long(254)+"]"), "Too long: may not be more than 253"},
		})
	}
	var features []rule
	for _, f := range []string{"emoji", "typing", "preview", "transfer", "invitations"} {
		features = append(features,
			rule{f + " off", `{features: {` + f + `: Disabled}}`, ""},
			rule{f + " by a word", `{features: {` + f + `: "Off"}}`, `supported values: "Enabled", "Disabled"`})
	}
	check(t, "Queue", "support", join(lists, features,
		[]rule{
			{"to its own agents only", `{transferTargets: {}}`, ""},
			{"a feature that is none", `{features: {music: Disabled}}`, "unknown field"},
			{"an issue", `{issues: [{name: invoice, displayName: My invoice, teamRef: {name: tier2}, priority: 5, requiredSkills: [fi, sv]}]}`, ""},
			{"an issue without a name", `{issues: [{displayName: My invoice}]}`, "name: Required value"},
			{"an issue with a capital", `{issues: [{name: Invoice}]}`, "should match"},
			{"an issue twice", `{issues: [{name: invoice}, {name: invoice}]}`, "Duplicate value"},
			{"an issue with a skill twice", `{issues: [{name: a, requiredSkills: [fi, fi]}]}`, "a skill stands twice; remove one"},
			{"an issue with an empty list of skills", `{issues: [{name: a, requiredSkills: []}]}`, "should have at least 1 items"},
			{"sixty-four issues", `{issues: ` + listOf(64, "{name: a%d}") + `}`, ""},
			{"sixty-five issues", `{issues: ` + listOf(65, "{name: a%d}") + `}`, "must have at most 64 items"},
			{"as many skills as there may be", `{issues: ` + listOf(64, "{name: a%d, requiredSkills: "+strings.ReplaceAll(listOf(16, strings.Repeat("s", 60)+"%d"), "%", "%%")+"}") + `}`, ""},
		},
		text("issue's name", `{issues: [{name: %s}]}`, 63),
		text("issue's displayName", `{issues: [{name: a, displayName: %s}]}`, 128),
		number("issue's priority", `{issues: [{name: a, priority: %d}]}`, -100, 100),
		reference("issue's teamRef", `{issues: [{name: a, teamRef: %s}]}`),
		skills("issue's requiredSkills", `{issues: [{name: a, requiredSkills: %s}]}`),
	))
}

func TestThresholdsAreTakenOrRefusedWithWords(t *testing.T) {
	const order = "soonOverdueSeconds (180 when absent) must be less than overdueSeconds (300 when absent); lower the first or raise the second"
	check(t, "Queue", "support", join(
		[]rule{
			{"just in order", `{thresholds: {soonOverdueSeconds: 59, overdueSeconds: 60}}`, ""},
			{"both the same", `{thresholds: {soonOverdueSeconds: 60, overdueSeconds: 60}}`, order},
			{"under the other's default", `{thresholds: {overdueSeconds: 180}}`, order},
			{"over the other's default", `{thresholds: {soonOverdueSeconds: 300}}`, order},
			{"the other clock", `{thresholds: {clock: OpeningHours}}`, ""},
			{"a third clock", `{thresholds: {clock: Sun}}`, `supported values: "WallClock", "OpeningHours"`},
			{"pending when lost", `{thresholds: {agentLost: KeepPending}}`, ""},
			{"something else when lost", `{thresholds: {agentLost: Drop}}`, `supported values: "ReturnToQueue", "KeepPending"`},
			{"idle ones free", `{thresholds: {idle: DoNotCount}}`, ""},
			{"idle ones half", `{thresholds: {idle: Half}}`, `supported values: "Count", "DoNotCount"`},
		},
		number("soonOverdueSeconds", `{thresholds: {overdueSeconds: 2592000, soonOverdueSeconds: %d}}`, 1, 2592000)[:1],
		number("soonOverdueSeconds", `{thresholds: {overdueSeconds: 2592000, soonOverdueSeconds: %d}}`, 1, 2592000)[2:],
		number("overdueSeconds", `{thresholds: {soonOverdueSeconds: 1, overdueSeconds: %d}}`, 1, 2592000)[1:],
		number("idleAfterSeconds", `{thresholds: {idleAfterSeconds: %d}}`, 1, 2592000),
	))
}

func TestTeamsWithRoutingAreTakenOrRefusedWithWords(t *testing.T) {
	check(t, "Team", "tier1", join(
		[]rule{
			{"Grab", `{mode: Grab, teamChat: Disabled}`, ""},
			{"another mode", `{mode: Rob}`, `supported values: "Collaboration", "Grab"`},
			{"another teamChat", `{teamChat: Quiet}`, `supported values: "Enabled", "Disabled"`},
			{"a public agent", `{members: [{name: ana, listing: Public}]}`, ""},
			{"another listing", `{members: [{name: ana, listing: Listed}]}`, `supported values: "Hidden", "Public"`},
			{"a skill twice", `{members: [{name: ana, skills: [fi, fi]}]}`, "Duplicate value"},
			{"a negative limit", `{members: [{name: ana, maxConversations: -1}]}`, "should be greater than or equal to 1"},
		},
		skills("skills", `{members: [{name: ana, skills: %s}]}`),
	))
}

func TestChannelsWithRoutingAreTakenOrRefusedWithWords(t *testing.T) {
	web := func(block string) string { return `{type: Web, web: ` + block + `, route: {queueRef: {name: a}}}` }
	unavailable := func(block string) string {
		return `{type: Web, web: {}, route: {queueRef: {name: a}}, whenUnavailable: ` + block + `}`
	}
	check(t, "Channel", "web", join(
		[]rule{
			{"issues of other queues", web(`{issueQueueRefs: [{name: b}, {name: c}]}`), ""},
			{"a queue twice", web(`{issueQueueRefs: [{name: b}, {name: b}]}`), "Duplicate value"},
			{"sixty-four queues", web(`{issueQueueRefs: ` + listOf(64, "{name: q%d}") + `}`), ""},
			{"sixty-five queues", web(`{issueQueueRefs: ` + listOf(65, "{name: q%d}") + `}`), "must have at most 64 items"},
			{"agents who are online", web(`{agents: Online}`), ""},
			{"all agents", web(`{agents: All}`), `supported values: "Hidden", "Online"`},
			{"no session keys", web(`{sessionKeys: Refused}`), ""},
			{"session keys by a word", web(`{sessionKeys: "Yes"}`), `supported values: "Accepted", "Refused"`},
			{"a contact form", unavailable(`{action: ContactForm}`), ""},
			{"states", unavailable(`{action: Message, busy: {action: ContactForm}, offline: {message: Nobody is here.}, closed: {action: Hide, message: none}}`), ""},
			{"a state that says nothing", unavailable(`{busy: {}}`), "should have at least 1 properties"},
			{"another action of a state", unavailable(`{closed: {action: Ring}}`), `supported values: "Message", "Hide", "ContactForm"`},
		},
		text("busy.message", unavailable(`{busy: {message: %s}}`), 500),
		text("offline.message", unavailable(`{offline: {message: %s}}`), 500),
		text("closed.message", unavailable(`{closed: {message: %s}}`), 500),
		reference("issueQueueRefs", web(`{issueQueueRefs: [%s]}`)),
	))
}

func TestTargetingRulesHaveExactlyTheFieldsOfTheirType(t *testing.T) {
	web := func(rules string) string {
		return `{type: Web, web: {targeting: ` + rules + `}, route: {queueRef: {name: a}}}`
	}
	fields := map[string]string{
		"pattern": `"https://*"`, "languages": "[pt, en-GB]", "seconds": "10", "pages": "2", "percent": "50", "attribute": "plan", "values": "[pro, gold]",
	}
	needs := map[string][]string{
		"PagePattern": {"pattern"}, "Referrer": {"pattern"}, "Language": {"languages"}, "TimeOnPage": {"seconds"}, "PagesSeen": {"pages"},
		"ScrollDepth": {"percent"}, "VisitorShare": {"percent"}, "Attribute": {"attribute", "values"}, "ReturningVisitor": {}, "ExitIntent": {},
	}
	var rules []rule
	for kind, own := range needs {
		with := func(names ...string) string {
			text := "[{type: " + kind
			for _, n := range names {
				text += ", " + n + ": " + fields[n]
			}
			return web(text + "}]")
		}
		rules = append(rules, rule{kind, with(own...), ""})
		for i, missing := range own {
			others := append(append([]string{}, own[:i]...), own[i+1:]...)
			rules = append(rules, rule{kind + " without " + missing, with(others...), missing})
		}
		for field := range fields {
			if !strings.Contains(" "+strings.Join(own, " ")+" ", " "+field+" ") {
				rules = append(rules, rule{kind + " with " + field, with(append([]string{field}, own...)...), field})
			}
		}
	}
	check(t, "Channel", "web", join(rules,
		[]rule{
			{"no type", web(`[{pattern: "*"}]`), "type: Required value"},
			{"another type", web(`[{type: Mood}]`), `supported values: "PagePattern"`},
			{"a pattern of nothing", web(`[{type: PagePattern, pattern: ""}]`), "should be at least 1 chars long"},
			{"words of a missing field", web(`[{type: PagePattern}]`), "pattern is for the types PagePattern and Referrer, which need it; add it or remove it"},
			{"words of a field too many", web(`[{type: ExitIntent, seconds: 3}]`), "seconds is for the type TimeOnPage, which needs it; add it or remove it"},
			{"a language that is none", web(`[{type: Language, languages: ["p t"]}]`), "should match"},
			{"a language twice", web(`[{type: Language, languages: [pt, pt]}]`), "Duplicate value"},
			{"no languages", web(`[{type: Language, languages: []}]`), "should have at least 1 items"},
			{"a value that is blank", web(`[{type: Attribute, attribute: plan, values: [" "]}]`), "should match"},
			{"a value twice", web(`[{type: Attribute, attribute: plan, values: [a, a]}]`), "Duplicate value"},
			{"sixty-four rules", web(listOf(64, `{type: PagesSeen, pages: 1%d}`)), ""},
			{"sixty-five rules", web(listOf(65, `{type: PagesSeen, pages: 1%d}`)), "must have at most 64 items"},
		},
		text("pattern", web(`[{type: Referrer, pattern: %s}]`), 500),
		text("attribute", web(`[{type: Attribute, attribute: %s, values: [a]}]`), 63),
		text("value", web(`[{type: Attribute, attribute: a, values: [%s]}]`), 128),
		number("seconds", web(`[{type: TimeOnPage, seconds: %d}]`), 1, 86400),
		number("pages", web(`[{type: PagesSeen, pages: %d}]`), 1, 1000),
		number("percent", web(`[{type: VisitorShare, percent: %d}]`), 1, 100),
	))
}

// What customers read in a form has an order, and it is the one that was written last.
func TestIssuesKeepTheOrderInWhichTheyWereWritten(t *testing.T) {
	c, ns := apitest.Client(t), apitest.Namespace(t)
	for _, order := range []string{"[c, a, b]", "[b, c, a]", "[d, b, a]"} {
		var names []string
		if err := yaml.Unmarshal([]byte(order), &names); err != nil {
			t.Fatal(err)
		}
		if err := apitest.Apply(c, ns, "git", "kind: Queue\nmetadata: {name: q}\nspec: {issues: [{name: "+strings.Join(names, "}, {name: ")+"}]}\n"); err != nil {
			t.Fatal(err)
		}
		var q v1alpha1.Queue
		if err := c.Get(ctx, client.ObjectKey{Namespace: ns, Name: "q"}, &q); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range q.Spec.Issues {
			got = append(got, i.Name)
		}
		if fmt.Sprint(got) != fmt.Sprint(names) {
			t.Errorf("applied %v, stored %v", names, got)
		}
	}
}
