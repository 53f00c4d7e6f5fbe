package kubectl

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"usher.chat/api/v1alpha1"
)

// busyDesk has a queue in every condition that somebody has to see at a glance.
func busyDesk() (*v1alpha1.Desk, []v1alpha1.Queue) {
	ready := func(generation int64) metav1.Condition {
		return metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, ObservedGeneration: generation}
	}
	at := func(text string) *metav1.Time { return ptr.To(stamp(text)) }
	next := func(state v1alpha1.OpenState, text string) *v1alpha1.NextChange {
		return &v1alpha1.NextChange{Time: stamp(text), State: state, Cause: "Schedule"}
	}
	queue := func(name string, spec v1alpha1.QueueSpec, status v1alpha1.QueueStatus) v1alpha1.Queue {
		return v1alpha1.Queue{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: name}, Spec: spec, Status: status}
	}
	office := &v1alpha1.LocalRef{Name: "office"}
	missing := "spec.scheduleRef names the Schedule \"night\", which is not in this namespace; create it or name another. Until then the last schedule stays in force, if there was one"
	return &v1alpha1.Desk{Status: v1alpha1.DeskStatus{URL: "https://care.acme.example"}}, []v1alpha1.Queue{
		queue("billing", v1alpha1.QueueSpec{TeamRefs: []v1alpha1.LocalRef{{Name: "tier1"}}}, v1alpha1.QueueStatus{
			State: v1alpha1.StateOpen, StateCause: "AlwaysOpen", Waiting: ptr.To[int32](0), InService: ptr.To[int32](2),
			Agents: &v1alpha1.AgentFigures{Online: 3, Available: 1}, Conditions: []metav1.Condition{ready(1)},
		}),
		queue("complaints-and-returns", v1alpha1.QueueSpec{ScheduleRef: office}, v1alpha1.QueueStatus{
			State: v1alpha1.StateClosed, StateCause: "Holiday", StateDetail: "Independence Day\x1b[2J", StateSince: at("2026-11-20T16:00:00Z"),
			NextChange: next(v1alpha1.StateOpen, "2026-11-23T06:00:00Z"), Waiting: ptr.To[int32](1), LongestWaitSeconds: ptr.To[int64](3700),
			InService: ptr.To[int32](0), Agents: &v1alpha1.AgentFigures{}, Conditions: []metav1.Condition{ready(1)},
		}),
		queue("night", v1alpha1.QueueSpec{ScheduleRef: &v1alpha1.LocalRef{Name: "night"}}, v1alpha1.QueueStatus{
			Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionResolvedRefs, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonScheduleNotFound, Message: missing},
				{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonScheduleNotFound, Message: missing},
			},
		}),
		queue("support", v1alpha1.QueueSpec{DisplayName: "Customer support", ScheduleRef: office, TeamRefs: []v1alpha1.LocalRef{{Name: "tier1"}, {Name: "tier2"}},
			Override: &v1alpha1.Override{State: v1alpha1.StateClosed, Until: at("2026-11-21T12:30:00Z"), Reason: "fire drill", By: "ana@acme.example"}},
			v1alpha1.QueueStatus{
				State: v1alpha1.StateClosed, StateCause: "Override", StateDetail: "fire drill", StateSince: at("2026-11-21T09:58:00Z"),
				NextChange: next(v1alpha1.StateOpen, "2026-11-21T12:30:00Z"), Waiting: ptr.To[int32](12), LongestWaitSeconds: ptr.To[int64](255),
				InService: ptr.To[int32](9), PlacesLeft: ptr.To[int32](0), Agents: &v1alpha1.AgentFigures{Online: 4, Available: 0}, Conditions: []metav1.Condition{ready(3)},
			}),
	}
}

func (e *env) busyView(width int, color bool) (overview, detail string) {
	desk, queues := busyDesk()
	zoneOf := func(q *v1alpha1.Queue) zone {
		if q.Spec.ScheduleRef == nil {
			return zone{Location: e.local, machine: true}
		}
		return e.zoneNamed("Europe/Helsinki")
	}
	v := view{now: morning, width: width, color: color}
	return v.overview("acme", false, desk, queues, zoneOf), v.detail(&queues[3], zoneOf(&queues[3])) + "\n" + v.detail(&queues[2], zoneOf(&queues[2]))
}

func TestTheOverviewFitsTheTerminal(t *testing.T) {
	e := &env{local: stamp("2026-11-21T10:00:00Z").UTC().Location()}
	for name, width := range map[string]int{"status-80": 80, "status-140": 140, "status-pipe": 0} {
		overview, detail := e.busyView(width, false)
		golden(t, name, overview+"\n---\n"+detail)
		for line := range strings.Lines(overview + detail) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); width > 0 && n > width {
				t.Errorf("a line has %d letters in %d columns: %s", n, width, line)
			}
			if strings.ContainsRune(line, '\x1b') {
				t.Errorf("control characters: %q", line)
			}
		}
	}
	for width := 20; width < 200; width += 7 {
		overview, _ := e.busyView(width, false)
		if !strings.Contains(overview, "closed") {
			t.Errorf("at %d columns no state is left:\n%s", width, overview)
		}
	}
}

func TestColoursSayNothingThatTheTextDoesNot(t *testing.T) {
	e := &env{local: stamp("2026-11-21T10:00:00Z").UTC().Location()}
	plainText, plainDetail := e.busyView(100, false)
	colored, coloredDetail := e.busyView(100, true)
	for _, c := range []string{"\x1b[32m● open\x1b[0m", "\x1b[31m○ closed\x1b[0m", "\x1b[34m12\x1b[0m"} {
		if !strings.Contains(colored, c) {
			t.Errorf("no %q in\n%s", c, colored)
		}
	}
	if uncolored(colored) != plainText || uncolored(coloredDetail) != plainDetail {
		t.Errorf("with colours it reads otherwise:\n%s\n%s", uncolored(colored), plainText)
	}
}

func uncolored(text string) string {
	for _, c := range []color{green, red, blue, amber, bold, faint, "0"} {
		text = strings.ReplaceAll(text, "\x1b["+string(c)+"m", "")
	}
	return text
}

func TestColoursAreForTerminalsOnly(t *testing.T) {
	if wantsColor(&bytes.Buffer{}) || isTerminal(&bytes.Buffer{}) {
		t.Error("a buffer is taken for a terminal")
	}
}

func TestStatusReadsTheCluster(t *testing.T) {
	p := onCluster(t)
	p.run("status").done().names("No queues in namespace " + p.namespace)
	p.apply(gitOps, desk)
	p.report("support", 1, v1alpha1.StateOpen, "Schedule", metav1.ConditionTrue)
	r := p.run("status").done().names("desk "+p.namespace+" · 1 of 2 queues open", "QUEUE", "● open", "? unknown")
	if strings.Contains(r.out, "NAMESPACE") {
		t.Error(r.out)
	}
	p.run("status", "-A").done().names("NAMESPACE", p.namespace, "all desks")
	p.run("status", "support").done().names("Customer support", "● open", "office")
	p.run("status", "queue/nobody").ends(ExitFailed).names("there are: billing and support")
	p.run("status", "-o", "name").done().says("queue.usher.chat/billing\nqueue.usher.chat/support\n")
	p.run("status", "support", "-o", "jsonpath={.status.state}").done().says("Open")
	p.run("status", "-o", "json").done().names(`"kind": "QueueList"`, `"state": "Open"`)
	p.run("status", "-o", "yaml").done().names("kind: QueueList")
}
