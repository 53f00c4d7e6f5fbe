package controllers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/settings"
)

const routed = `
kind: Team
metadata: {name: field}
spec:
  mode: Grab
  teamChat: Disabled
  members:
  - {name: dot, skills: [sv, fi], listing: Public}
---
kind: Queue
metadata: {name: overflow}
spec: {}
---
kind: Queue
metadata: {name: support}
spec:
  teamRefs: [{name: field}]
  distribution: {mode: Automatic, strategy: SkillsThenLeastBusy, offerTimeoutSeconds: 20, requiredSkills: [sv, fi]}
  priority: 7
  secureMetadata: Required
  waitingRules:
  - {afterSeconds: 600, action: Move, queueRef: {name: overflow}}
  - {afterSeconds: 600, action: Alert}
  - {afterSeconds: 180, action: Alert}
  transferTargets: {queues: [overflow], teams: [field]}
  issues:
  - {name: visit, displayName: A visit, teamRef: {name: field}, priority: 3}
  - {name: invoice, requiredSkills: [sv]}
  features: {typing: Disabled, emoji: Disabled}
  thresholds: {soonOverdueSeconds: 60, overdueSeconds: 90, clock: OpeningHours, agentLost: KeepPending, idleAfterSeconds: 120, idle: DoNotCount}
---
kind: Channel
metadata: {name: web}
spec:
  type: Web
  web:
    issueQueueRefs: [{name: overflow}]
    agents: Online
    sessionKeys: Refused
    targeting:
    - {type: PagePattern, pattern: "*/cart"}
    - {type: Language, languages: [sv, fi]}
    - {type: TimeOnPage, seconds: 10}
    - {type: PagesSeen, pages: 2}
    - {type: ScrollDepth, percent: 50}
    - {type: VisitorShare, percent: 20}
    - {type: Attribute, attribute: plan, values: [pro, gold]}
    - {type: ExitIntent}
  route: {queueRef: {name: support}}
  whenUnavailable: {action: ContactForm, busy: {action: Message}, offline: {message: Nobody is here.}, closed: {action: Hide}}
`

// As the runtime reads it, with the defaults filled in by the API server.
const routedPlain = `
teams:
- {name: field, mode: Grab, chat: Disabled, maxConversations: 3, members: [{name: dot, role: Representative, skills: [fi, sv], listing: Public}]}
queues:
- name: overflow
  whenBusy: {offer: Nothing}
  manualSwitch: Members
  offerTimeoutSeconds: 30
  distribution: {mode: Manual}
  thresholds: {agentLostSeconds: 30, customerLostSeconds: 60, closeAfterIdleSeconds: 86400, soonOverdueSeconds: 180, overdueSeconds: 300,
    clock: WallClock, agentLost: ReturnToQueue, idleAfterSeconds: 600, idle: Count}
- name: support
  teams: [field]
  whenBusy: {offer: Nothing}
  manualSwitch: Members
  offerTimeoutSeconds: 20
  distribution: {mode: Automatic, strategy: SkillsThenLeastBusy, requiredSkills: [sv, fi]}
  priority: 7
  secureMetadata: Required
  waitingRules:
  - {afterSeconds: 180, action: Alert}
  - {afterSeconds: 600, action: Alert}
  - {afterSeconds: 600, action: Move, queue: overflow}
  transferTargets: {queues: [overflow], teams: [field]}
  issues:
  - {name: visit, displayName: A visit, team: field, priority: 3}
  - {name: invoice, requiredSkills: [sv]}
  disabled: [emoji, typing]
  thresholds: {agentLostSeconds: 30, customerLostSeconds: 60, closeAfterIdleSeconds: 86400, soonOverdueSeconds: 60, overdueSeconds: 90,
    clock: OpeningHours, agentLost: KeepPending, idleAfterSeconds: 120, idle: DoNotCount}
channels:
- name: web
  type: Web
  queue: support
  issueQueues: [overflow]
  agents: Online
  sessionKeys: Refused
  unavailable: {action: ContactForm, busy: {action: Message}, offline: {message: Nobody is here.}, closed: {action: Hide}}
  targeting:
  - {type: PagePattern, pattern: "*/cart"}
  - {type: Language, languages: [fi, sv]}
  - {type: TimeOnPage, atLeast: 10}
  - {type: PagesSeen, atLeast: 2}
  - {type: ScrollDepth, atLeast: 50}
  - {type: VisitorShare, atLeast: 20}
  - {type: Attribute, attribute: plan, values: [gold, pro]}
  - {type: ExitIntent}
`

func TestRoutingReachesTheRuntimeInItsWords(t *testing.T) {
	d := newDesk(t)
	d.apply("git", routed)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	d.ready(&v1alpha1.Team{}, "field")
	d.ready(&v1alpha1.Channel{}, "web")
	got, _ := d.runtime.Settings()
	if err := got.Validate(); err != nil {
		t.Fatal(err)
	}
	for i := range got.Queues {
		got.Queues[i].Generation = 0
	}
	for i := range got.Teams {
		got.Teams[i].Generation = 0
	}
	for i := range got.Channels {
		got.Channels[i].Generation = 0
	}
	want := settings.Settings{Desk: got.Desk}
	if err := yaml.UnmarshalStrict([]byte(routedPlain), &want); err != nil {
		t.Fatal(err)
	}
	if a, b := pretty(t, got), pretty(t, want); a != b {
		t.Errorf("the runtime got\n%s\nwant\n%s", a, b)
	}

	// Without a strategy, the one that the documentation calls the default.
	d.apply("git", "kind: Queue\nmetadata: {name: overflow}\nspec: {distribution: {mode: Automatic}}\n")
	d.until("a random choice", func() (bool, any) {
		got, _ := d.runtime.Settings()
		return got.Queues[0].Distribution.Strategy == settings.StrategyRandom, got.Queues[0]
	})
}

func pretty(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// repeat a format with a number in it.
func repeat(n int, format string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(format, i)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// One resource that the API server takes and the runtime does not would stop a whole desk's changes.
func TestWhatTheSchemaTakesAtItsMostTheRuntimeTakesToo(t *testing.T) {
	d := newDesk(t)
	long := func(n int) string { return strings.Repeat("ä", n) }
	skills := repeat(16, strings.Repeat("s", 61)+"%02d")
	names := repeat(64, strings.Repeat("n", 251)+"%02d")
	refs := repeat(64, "{name: "+strings.Repeat("n", 251)+"%02d}")
	d.apply("git", `
kind: Team
metadata: {name: t}
spec: {members: [{name: ana, displayName: `+long(128)+`, skills: `+skills+`}]}
---
kind: Queue
metadata: {name: q}
spec:
  distribution: {mode: Automatic, strategy: SkillsThenLeastBusy, offerTimeoutSeconds: 300, requiredSkills: `+skills+`}
  priority: -100
  waitingRules: `+strings.ReplaceAll(repeat(16, "{afterSeconds: 25919%02d, action: Move, queueRef: {name: "+strings.Repeat("n", 253)+"}}"), "2591915", "2592000")+`
  transferTargets: {queues: `+names+`, teams: `+names+`}
  issues: `+repeat(64, "{name: "+strings.Repeat("i", 61)+"%02d, displayName: "+long(128)+", teamRef: {name: "+strings.Repeat("n", 253)+"}, priority: 100, requiredSkills: "+skills+"}")+`
  features: {emoji: Disabled, typing: Disabled, preview: Disabled, transfer: Disabled, invitations: Disabled}
  thresholds: {soonOverdueSeconds: 2591999, overdueSeconds: 2592000, idleAfterSeconds: 2592000, closeAfterIdleSeconds: 2592000}
---
kind: Queue
metadata: {name: least}
spec:
  waitingRules: [{afterSeconds: 1, action: Alert}]
  transferTargets: {}
  thresholds: {soonOverdueSeconds: 1, overdueSeconds: 2, idleAfterSeconds: 1}
---
kind: Channel
metadata: {name: c}
spec:
  type: Web
  web:
    issueQueueRefs: `+refs+`
    targeting:
    - {type: PagePattern, pattern: `+long(500)+`}
    - {type: Referrer, pattern: " "}
    - {type: Language, languages: `+repeat(64, "pt-%02d-aaaaaaaa-bbbbbbbb-cccccccc-dd")+`}
    - {type: TimeOnPage, seconds: 86400}
    - {type: PagesSeen, pages: 1000}
    - {type: ScrollDepth, percent: 100}
    - {type: VisitorShare, percent: 1}
    - {type: Attribute, attribute: `+long(63)+`, values: `+repeat(64, long(126)+"%02d")+`}
    - {type: Attribute, attribute: " ", values: [" a "]}
  route: {queueRef: {name: q}}
  whenUnavailable: {busy: {message: `+long(500)+`}, offline: {action: Hide}, closed: {message: `+long(500)+`}}
`)
	d.run()
	d.until("all of it", func() (bool, any) {
		got, _ := d.runtime.Settings()
		return got != nil && len(got.Queues) == 2 && len(got.Channels) == 1 && len(got.Teams) == 1, got
	})
	got, _ := d.runtime.Settings()
	if err := got.Validate(); err != nil {
		t.Fatal(err)
	}
	d.condition(&v1alpha1.Queue{}, "q", v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonQueueNotFound)
	d.condition(&v1alpha1.Queue{}, "q", v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
}

func TestWhatRoutingNamesAndIsNotThereIsToldAndHealsWhenItComes(t *testing.T) {
	d := newDesk(t)
	d.apply("git", `
kind: Queue
metadata: {name: support}
spec:
  waitingRules: [{afterSeconds: 600, action: Move, queueRef: {name: overflow}}]
---
kind: Queue
metadata: {name: billing}
spec:
  transferTargets: {queues: [support, overflow], teams: [field]}
  issues: [{name: visit, teamRef: {name: field}}]
---
kind: Channel
metadata: {name: web}
spec: {type: Web, web: {issueQueueRefs: [{name: overflow}, {name: billing}]}, route: {queueRef: {name: support}}}
`)
	d.run()
	refs := v1alpha1.ConditionResolvedRefs
	c := d.condition(&v1alpha1.Queue{}, "support", refs, metav1.ConditionFalse, v1alpha1.ReasonQueueNotFound)
	says(t, c, "spec.waitingRules", "after 600 s", `Queue "overflow"`, "create it", "passed over")
	c = d.condition(&v1alpha1.Queue{}, "billing", refs, metav1.ConditionFalse, v1alpha1.ReasonTeamNotFound)
	says(t, c, `spec.issues says that the issue "visit" belongs to the Team "field"`, `spec.transferTargets names the Queue "overflow"`, `spec.transferTargets names the Team "field"`)
	c = d.condition(&v1alpha1.Channel{}, "web", refs, metav1.ConditionFalse, v1alpha1.ReasonQueueNotFound)
	says(t, c, "spec.web.issueQueueRefs", `Queue "overflow"`, "its issues are not listed")
	if strings.Contains(c.Message, "billing") {
		t.Errorf("a queue that is there is told: %s", c.Message)
	}
	d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)

	d.apply("git", "kind: Queue\nmetadata: {name: overflow}\nspec: {}\n---\nkind: Team\nmetadata: {name: field}\nspec: {}\n")
	d.ready(&v1alpha1.Queue{}, "support")
	d.ready(&v1alpha1.Queue{}, "billing")
	d.ready(&v1alpha1.Channel{}, "web")
}

func TestALoopOfWaitingRulesIsToldOnEachQueueOfItAndHarmsNothing(t *testing.T) {
	d := newDesk(t)
	moving := func(name, to string) string {
		return "kind: Queue\nmetadata: {name: " + name + "}\nspec: {waitingRules: [{afterSeconds: 600, action: Move, queueRef: {name: " + to + "}}]}\n"
	}
	d.apply("git", strings.Join([]string{moving("support", "overflow"), moving("sales", "support"), "kind: Queue\nmetadata: {name: overflow}\nspec: {}\n"}, "---\n"))
	d.run()
	for _, name := range []string{"support", "sales", "overflow"} {
		d.ready(&v1alpha1.Queue{}, name)
		if c := meta.FindStatusCondition(d.queue(name).Status.Conditions, v1alpha1.ConditionOverflowLoop); c != nil {
			t.Fatalf("%s is on no loop, and says %s", name, c.Message)
		}
	}

	d.apply("git", moving("overflow", "support"))
	var q v1alpha1.Queue
	for name, path := range map[string]string{"support": "support -> overflow -> support", "overflow": "overflow -> support -> overflow"} {
		c := d.condition(&q, name, v1alpha1.ConditionOverflowLoop, metav1.ConditionTrue, v1alpha1.ReasonRuleLoop)
		says(t, c, path+": a customer would be moved in a circle; remove or redirect one of these waiting rules", "nobody twice into the same queue")
		d.ready(&q, name)
		d.condition(&q, name, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
		if meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionStalled) != nil {
			t.Errorf("%s stalls", name)
		}
	}
	d.until("a warning for each queue, once", func() (bool, any) {
		e := d.events(v1alpha1.EventOverflowLoop)
		return len(e) == 2 && e[0].Type == corev1.EventTypeWarning && e[0].InvolvedObject.Name != e[1].InvolvedObject.Name, e
	})
	d.settle()
	if c := meta.FindStatusCondition(d.queue("sales").Status.Conditions, v1alpha1.ConditionOverflowLoop); c != nil {
		t.Errorf("sales only leads into the loop, and says %s", c.Message)
	}

	// Another way round is news; the same again is none.
	d.apply("git", moving("overflow", "sales"))
	d.until("the longer path", func() (bool, any) {
		c := d.condition(&q, "support", v1alpha1.ConditionOverflowLoop, metav1.ConditionTrue, v1alpha1.ReasonRuleLoop)
		return strings.HasPrefix(c.Message, "support -> overflow -> sales -> support: "), c
	})
	d.condition(&q, "sales", v1alpha1.ConditionOverflowLoop, metav1.ConditionTrue, v1alpha1.ReasonRuleLoop)
	d.until("five warnings", func() (bool, any) { e := d.events(v1alpha1.EventOverflowLoop); return len(e) == 5, e })
	d.apply("git", "kind: Queue\nmetadata: {name: overflow}\nspec: {displayName: Others, waitingRules: [{afterSeconds: 600, action: Move, queueRef: {name: sales}}]}\n")
	d.ready(&q, "overflow")
	d.settle()
	if e := d.events(v1alpha1.EventOverflowLoop); len(e) != 5 {
		t.Errorf("%d warnings, of 3 loops of which none is new", len(e))
	}

	d.apply("git", "kind: Queue\nmetadata: {name: overflow}\nspec: {}\n")
	for _, name := range []string{"support", "sales", "overflow"} {
		d.until("no loop at "+name, func() (bool, any) {
			list := d.queue(name).Status.Conditions
			return meta.FindStatusCondition(list, v1alpha1.ConditionOverflowLoop) == nil, list
		})
	}
}

func TestFiguresOfATeamBecomeStatusAsThoseOfAQueueDo(t *testing.T) {
	d := newDesk(t)
	d.apply("git", whole)
	d.run()
	d.ready(&v1alpha1.Team{}, "tier1")
	team := func() v1alpha1.TeamStatus {
		var found v1alpha1.Team
		if err := d.Get(ctx, d.key("tier1"), &found); err != nil {
			t.Fatal(err)
		}
		return found.Status
	}
	if s := team(); s.Agents != nil || s.Waiting != nil {
		t.Fatalf("figures that nobody reported: %+v", s)
	}
	report := func(f settings.TeamFigures) {
		d.runtime.Report(func(r *settings.Report) { r.Teams = map[string]settings.TeamFigures{"tier1": f} })
	}
	report(settings.TeamFigures{Online: 2, Available: 1})
	d.until("two online, at once", func() (bool, any) {
		s := team()
		return s.Agents != nil && s.Agents.Online == 2 && s.Agents.Available == 1 && *s.Waiting == 0, s
	})
	report(settings.TeamFigures{Online: 2, Available: 1, Waiting: 1})
	d.until("one waiting, at once", func() (bool, any) { s := team(); return *s.Waiting == 1, s })
	d.settle()
	before := len(d.statuses("teams/tier1"))
	for n := 2; n < 20; n++ {
		report(settings.TeamFigures{Online: 2, Available: 1, Waiting: n})
		time.Sleep(5 * time.Millisecond) // so that the runtime's lines are not one
	}
	d.settle()
	if after := d.statuses("teams/tier1"); len(after) != before {
		t.Fatalf("mere figures were written at once: %v", after[before:])
	}
	operator.clock.move(20 * time.Second)
	report(settings.TeamFigures{Online: 2, Available: 1, Waiting: 20})
	d.until("twenty waiting, after 15 s", func() (bool, any) { s := team(); return *s.Waiting == 20, s })

	d.figures(func(f *settings.QueueFigures) { f.Inactive = 3 })
	d.until("three inactive, at once", func() (bool, any) { s := d.queue("support").Status; return s.Inactive != nil && *s.Inactive == 3, s })
}
