package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// good is the judgement of an object with which all is well.
func good() Judgement {
	return Judgement{
		Facts:      Facts{Finding: Finding{Generation: 3, Sent: true}, Exists: true, Workload: Workload{PodReady: true}},
		Generation: 3, HasRefs: true, Now: noon,
		Applied: func(a settings.Applied) (int64, bool) { g, ok := a.Queues["support"]; return g, ok },
		View: runtimeclient.View{
			Connected: true, Since: noon.Add(-time.Hour),
			Report: &settings.Report{Applied: settings.Applied{Queues: map[string]int64{"support": 3}}},
		},
	}
}

func TestReadyFollowsTheFirstThingThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name    string
		alter   func(*Judgement)
		reason  string
		stalled bool
	}{
		{"all is well", func(*Judgement) {}, v1alpha1.ReasonReady, false},
		{"invalid before unresolved", func(j *Judgement) {
			j.Finding.Accepted = Verdict{v1alpha1.ReasonInvalid, "m"}
			j.Finding.Resolved = Verdict{v1alpha1.ReasonTeamNotFound, "m"}
		}, v1alpha1.ReasonInvalid, true},
		{"unresolved before the workload", func(j *Judgement) {
			j.Finding.Resolved = Verdict{v1alpha1.ReasonTeamNotFound, "m"}
			j.Workload.Verdict = Verdict{v1alpha1.ReasonNameConflict, "m"}
		}, v1alpha1.ReasonTeamNotFound, false},
		{"a name conflict", func(j *Judgement) { j.Workload.Verdict = Verdict{v1alpha1.ReasonNameConflict, "m"} }, v1alpha1.ReasonNameConflict, true},
		{"an older generation applied", func(j *Judgement) { j.View.Report.Applied.Queues["support"] = 2 }, v1alpha1.ReasonPending, false},
		{"unknown to the runtime", func(j *Judgement) { j.View.Report.Applied.Queues = nil }, v1alpha1.ReasonPending, false},
		{"refused", func(j *Judgement) { j.View.Report.Applied.Queues = nil; j.View.Refused = "no" }, v1alpha1.ReasonRefused, true},
		{"no desk", func(j *Judgement) { j.Exists = false }, v1alpha1.ReasonNoQueue, false},
		{"away for 29 s", func(j *Judgement) {
			j.View.Connected, j.View.Since, j.Workload.PodReady = false, noon.Add(-29*time.Second), false
		}, v1alpha1.ReasonReady, false},
		{"away for 30 s", func(j *Judgement) {
			j.View.Connected, j.View.Since, j.Workload.PodReady = false, noon.Add(-30*time.Second), false
		}, v1alpha1.ReasonRuntimeNotReady, false},
		{"away for 30 s with a ready pod", func(j *Judgement) { j.View.Connected, j.View.Since = false, noon.Add(-30*time.Second) }, v1alpha1.ReasonReady, false},
		{"never reached", func(j *Judgement) { j.View = runtimeclient.View{Since: noon.Add(-time.Minute)} }, v1alpha1.ReasonRuntimeUnreachable, false},
	} {
		j := good()
		c.alter(&j)
		list := Conditions(nil, j)
		ready := meta.FindStatusCondition(list, v1alpha1.ConditionReady)
		if ready.Reason != c.reason || (ready.Status == metav1.ConditionTrue) != (c.reason == v1alpha1.ReasonReady) {
			t.Errorf("%s: %s/%s, want %s", c.name, ready.Status, ready.Reason, c.reason)
		}
		stalled := meta.IsStatusConditionTrue(list, v1alpha1.ConditionStalled)
		reconciling := meta.IsStatusConditionTrue(list, v1alpha1.ConditionReconciling)
		if stalled != c.stalled || reconciling != (!stalled && c.reason != v1alpha1.ReasonReady) {
			t.Errorf("%s: stalled %v, reconciling %v", c.name, stalled, reconciling)
		}
		later := j
		later.Now = noon.Add(time.Second)
		if c.name != "away for 29 s" {
			if again := Conditions(list, later); fmt.Sprint(again) != fmt.Sprint(list) {
				t.Errorf("%s: time alone changed the conditions\n%v\n%v", c.name, list, again)
			}
		}
	}
}

func TestWhatWasProgrammedStaysSoWhileANewOperatorHasHeardNothing(t *testing.T) {
	list := Conditions(nil, good())
	j := good()
	j.View = runtimeclient.View{Since: noon}
	if again := Conditions(list, j); !meta.IsStatusConditionTrue(again, v1alpha1.ConditionReady) {
		t.Fatalf("a restart of the operator made it %v", again)
	}
	j.Generation, j.Finding.Generation = 4, 4
	if again := Conditions(list, j); meta.IsStatusConditionTrue(again, v1alpha1.ConditionProgrammed) {
		t.Fatal("another generation was taken for programmed")
	}
}

func TestWaitsAreToldCoarser(t *testing.T) {
	for _, c := range []struct{ wait, told, next time.Duration }{
		{-time.Second, 0, 15 * time.Second},
		{0, 0, 15 * time.Second},
		{14 * time.Second, 0, time.Second},
		{59 * time.Second, 45 * time.Second, time.Second},
		{61 * time.Second, time.Minute, 59 * time.Second},
		{time.Hour + 4*time.Minute, time.Hour, time.Minute},
	} {
		if told, next := coarse(c.wait); told != c.told || next != c.next {
			t.Errorf("%s: told %s and again after %s, want %s and %s", c.wait, told, next, c.told, c.next)
		}
	}
}

func TestTheNextChangeReadsTheSameWheneverItIsLookedAt(t *testing.T) {
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	if got := nextChange(noon, false, "Schedule", helsinki).Summary; got != "Closed Sat 21 Nov 14:00 (Europe/Helsinki)" {
		t.Error(got)
	}
	if got := nextChange(noon.Add(7*time.Second), true, "Override", time.UTC).Summary; got != "Open Sat 21 Nov 12:00:07 (UTC)" {
		t.Error(got)
	}
}

func TestLongMessagesAreCutBetweenLetters(t *testing.T) {
	for n := 1020; n < 1030; n++ {
		got := clip(strings.Repeat("a", n) + strings.Repeat("ä", 10))
		if len(got) > 1024 || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%d letters: %d bytes, valid %v", n, len(got), strings.ToValidUTF8(got, "") == got)
		}
	}
}

func TestOnlyChangesThatPeopleWaitForAreUrgent(t *testing.T) {
	status := func(alter func(*v1alpha1.QueueStatus)) *v1alpha1.QueueStatus {
		n := func(i int32) *int32 { return &i }
		s := &v1alpha1.QueueStatus{State: v1alpha1.StateOpen, Waiting: n(3), InService: n(2), PlacesLeft: n(4), Agents: &v1alpha1.AgentFigures{Online: 2, Available: 1}}
		alter(s)
		return s
	}
	same := status(func(*v1alpha1.QueueStatus) {})
	for name, c := range map[string]struct {
		alter  func(*v1alpha1.QueueStatus)
		urgent bool
	}{
		"one more waiting":   {func(s *v1alpha1.QueueStatus) { *s.Waiting = 4 }, false},
		"nobody waiting":     {func(s *v1alpha1.QueueStatus) { *s.Waiting = 0 }, true},
		"no place left":      {func(s *v1alpha1.QueueStatus) { *s.PlacesLeft = 0 }, true},
		"no bound any more":  {func(s *v1alpha1.QueueStatus) { s.PlacesLeft = nil }, true},
		"no agent available": {func(s *v1alpha1.QueueStatus) { s.Agents.Available = 0 }, true},
		"one more agent":     {func(s *v1alpha1.QueueStatus) { s.Agents.Online = 3 }, false},
		"closed":             {func(s *v1alpha1.QueueStatus) { s.State = v1alpha1.StateClosed }, true},
		"availability":       {func(s *v1alpha1.QueueStatus) { s.Availability = "Full" }, false},
	} {
		if got := queueUrgent(*same, *status(c.alter)); got != c.urgent {
			t.Errorf("%s: urgent %v", name, got)
		}
	}
}

func BenchmarkCompileAThousandQueues(b *testing.B) {
	o := Objects{Namespace: "acme", Schedules: []v1alpha1.Schedule{{
		ObjectMeta: metav1.ObjectMeta{Name: "office", Generation: 1},
		Spec: v1alpha1.ScheduleSpec{TimeZone: "Europe/Helsinki", Weekly: []v1alpha1.WeeklyRule{{
			Days: []v1alpha1.Weekday{"Mon", "Tue"}, Periods: []v1alpha1.Period{{Start: "08:00", End: "18:00"}},
		}}},
	}}}
	for i := range 1000 {
		o.Queues = append(o.Queues, v1alpha1.Queue{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("queue-%04d", i), Generation: 1},
			Spec:       v1alpha1.QueueSpec{ScheduleRef: &v1alpha1.LocalRef{Name: "office"}, TeamRefs: []v1alpha1.LocalRef{{Name: "tier1"}}},
		})
	}
	for b.Loop() {
		if c := Compile(o); len(c.Settings.Queues) != 1000 {
			b.Fatal("queues were lost")
		}
	}
}
