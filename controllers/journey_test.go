package controllers_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/settings"
)

const (
	whole = `
kind: Schedule
metadata: {name: office}
spec:
  timeZone: Europe/Helsinki
  weekly:
  - {days: [Mon, Tue, Wed, Thu, Fri], periods: [{start: "08:00", end: "12:00"}, {start: "13:00", end: "18:00"}]}
---
kind: Team
metadata: {name: tier1}
spec:
  members:
  - {name: cem}
  - {name: ana, role: Admin, subject: ana@acme.example, maxConversations: 5}
---
kind: Queue
metadata: {name: support}
spec:
  displayName: Support
  scheduleRef: {name: office}
  teamRefs: [{name: tier1}]
  whenBusy: {offer: Queue, capacity: {mode: PerOnlineAgent, places: 2}}
---
kind: Channel
metadata: {name: web}
spec:
  type: Web
  web: {allowedOrigins: ["https://www.acme.example"]}
  route: {queueRef: {name: support}}
---
kind: Desk
metadata: {name: default}
spec: {displayName: Acme, publicURL: "https://chat.acme.example"}
`
	plainQueue = `
kind: Queue
metadata: {name: support}
spec: {displayName: Support}
`
)

// figures tells the runtime what to report of the queue support.
func (d *desk) figures(alter func(*settings.QueueFigures)) {
	d.t.Helper()
	d.runtime.Report(func(r *settings.Report) {
		f := r.Queues["support"]
		alter(&f)
		r.Queues["support"] = f
	})
}

func TestADeskThatIsWholeBecomesReadyAndItsSettingsReachTheRuntime(t *testing.T) {
	d := newDesk(t)
	d.apply("git", whole)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	d.ready(&v1alpha1.Team{}, "tier1")
	d.ready(&v1alpha1.Schedule{}, "office")
	d.ready(&v1alpha1.Channel{}, "web")
	d.ready(&v1alpha1.Desk{}, "default")

	got, _ := d.runtime.Settings()
	if err := got.Validate(); err != nil {
		t.Fatalf("the runtime would refuse what it was sent: %v", err)
	}
	q := got.Queues[0]
	if q.Schedule != "office" || !slices.Equal(q.Teams, []string{"tier1"}) || q.WhenBusy.Capacity.Places != 2 ||
		q.OfferTimeoutSeconds != 30 || q.Thresholds.CloseAfterIdleSeconds != 86400 || q.ManualSwitch != settings.SwitchMembers {
		t.Fatalf("the queue reached the runtime as %+v", q)
	}
	if m := got.Teams[0].Members; m[0].Name != "ana" || m[0].Role != settings.RoleAdmin || m[0].MaxConversations != 5 ||
		m[1].Role != settings.RoleRepresentative || got.Teams[0].MaxConversations != 3 {
		t.Fatalf("the team reached the runtime as %+v", got.Teams[0])
	}
	if got.Desk.PublicURL != "https://chat.acme.example" || got.Desk.DisplayName != "Acme" || got.Desk.Name != d.ns {
		t.Fatalf("the desk reached the runtime as %+v", got.Desk)
	}

	var c v1alpha1.Channel
	d.ready(&c, "web")
	if c.Status.URL != "https://chat.acme.example/w/web" {
		t.Fatalf("the channel's address is %q", c.Status.URL)
	}
	var team v1alpha1.Team
	d.ready(&team, "tier1")
	if *team.Status.Members != 2 || *team.Status.Queues != 1 {
		t.Fatalf("the team has %d members and %d queues", *team.Status.Members, *team.Status.Queues)
	}
	var office v1alpha1.Schedule
	d.ready(&office, "office")
	if office.Status.State == "" || office.Status.NextChange == nil || len(office.Status.Upcoming) != 8 {
		t.Fatalf("the schedule tells %+v", office.Status)
	}
}

func TestFiguresOfTheRuntimeBecomeStatus(t *testing.T) {
	d := newDesk(t)
	d.apply("git", whole)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	since := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	first := operator.clock.Now().Add(-2 * time.Minute)
	d.figures(func(f *settings.QueueFigures) {
		*f = settings.QueueFigures{
			State: settings.QueueOpen, Cause: "Schedule", Detail: "Mon 08:00-12:00", Since: since,
			Next:    &settings.NextState{Time: time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC), State: settings.QueueClosed, Cause: "Schedule"},
			Waiting: 3, InService: 2, FirstWaitingSince: &first, AgentsOnline: 4, AgentsAvailable: 1, PlacesLeft: 5, Availability: "Queue",
		}
	})
	var q *v1alpha1.Queue
	d.until("the figures", func() (bool, any) {
		q = d.queue("support")
		return q.Status.State == v1alpha1.StateOpen, q.Status
	})
	s := q.Status
	if s.StateCause != "Schedule" || s.StateDetail != "Mon 08:00-12:00" || !s.StateSince.Time.Equal(since) ||
		*s.Waiting != 3 || *s.InService != 2 || *s.LongestWaitSeconds != 120 || *s.PlacesLeft != 5 ||
		s.Agents.Online != 4 || s.Agents.Available != 1 || s.Availability != "Queue" {
		t.Fatalf("status is %+v", s)
	}
	if n := s.NextChange; n.Summary != "Closed Sat 21 Nov 18:00 (Europe/Helsinki)" || n.State != v1alpha1.StateClosed {
		t.Fatalf("the next change reads %+v", n)
	}
	d.until("the channel's availability", func() (bool, any) {
		var c v1alpha1.Channel
		err := d.Get(ctx, d.key("web"), &c)
		return err == nil && c.Status.Availability == "Queue", c.Status
	})

	// A closed queue without a bound is as ready as an open one.
	d.figures(func(f *settings.QueueFigures) { f.State, f.PlacesLeft, f.Next = settings.QueueClosed, -1, nil })
	d.until("closed", func() (bool, any) {
		q = d.queue("support")
		return q.Status.State == v1alpha1.StateClosed && q.Status.PlacesLeft == nil && q.Status.NextChange == nil, q.Status
	})
	d.ready(&v1alpha1.Queue{}, "support")
}

func TestFiguresAreWrittenAtOnceBetweenNoneAndSomeAndElseRarely(t *testing.T) {
	d := newDesk(t)
	d.apply("git", plainQueue)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	d.figures(func(f *settings.QueueFigures) { f.State, f.AgentsOnline = settings.QueueOpen, 2 })
	d.until("open", func() (bool, any) { q := d.queue("support"); return q.Status.State == v1alpha1.StateOpen, q.Status })

	d.figures(func(f *settings.QueueFigures) { f.Waiting = 1 })
	d.until("one waiting, at once", func() (bool, any) { q := d.queue("support"); return *q.Status.Waiting == 1, q.Status })
	d.settle()
	before := len(d.statuses("queues/support"))
	for n := 2; n < 30; n++ {
		d.figures(func(f *settings.QueueFigures) { f.Waiting = n })
		time.Sleep(5 * time.Millisecond) // so that the runtime's lines are not one
	}
	d.settle()
	if after := d.statuses("queues/support"); len(after) != before {
		t.Fatalf("more waiting was written at once: %v", after[before:])
	}
	if q := d.queue("support"); *q.Status.Waiting != 1 {
		t.Fatalf("%d waiting was written at once", *q.Status.Waiting)
	}
	d.figures(func(f *settings.QueueFigures) { f.Waiting = 0 })
	d.until("nobody waiting, at once", func() (bool, any) { q := d.queue("support"); return *q.Status.Waiting == 0, q.Status })
	d.figures(func(f *settings.QueueFigures) { f.AgentsOnline = 7 })
	d.settle()
	if q := d.queue("support"); q.Status.Agents.Online != 2 {
		t.Fatal("a mere figure was written at once")
	}
	operator.clock.move(20 * time.Second)
	d.poke("support")
	d.until("seven agents, after 15 s", func() (bool, any) { q := d.queue("support"); return q.Status.Agents.Online == 7, q.Status })
}

// poke makes the operator look at a queue again.
func (d *desk) poke(name string) {
	d.t.Helper()
	// Whatever the operator writes at the same time.
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"test/poke":%q}}}`, time.Now())
	if err := d.Patch(ctx, d.queue(name), client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		d.t.Fatal(err)
	}
}

func TestAnIdleOperatorWritesNothingAndARestartedOneNeither(t *testing.T) {
	d := newDesk(t)
	d.apply("git", whole)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	d.ready(&v1alpha1.Channel{}, "web")
	d.ready(&v1alpha1.Desk{}, "default")
	d.figures(func(f *settings.QueueFigures) { f.State, f.Cause = settings.QueueOpen, "AlwaysOpen" })
	d.until("open", func() (bool, any) { q := d.queue("support"); return q.Status.State == v1alpha1.StateOpen, q.Status })
	d.settle()
	versions := d.versions()
	before := len(operator.writes.of(d.ns))
	for range 20 { // heartbeats
		d.runtime.Report(func(r *settings.Report) { r.At = r.At.Add(time.Second) })
		d.poke("support")
	}
	d.settle()
	if after := operator.writes.of(d.ns); len(after) != before {
		t.Fatalf("an idle operator sent %v", after[before:])
	}
	restartOperator(t)
	d.until("applied again", func() (bool, any) { _, puts := d.runtime.Settings(); return puts >= 2, puts })
	d.settle()
	if after := d.versions(); !equalVersions(versions, after) {
		t.Fatalf("a restarted operator changed objects:\n%v\n%v", versions, after)
	}
}

func TestADeskStaysReadyWhileItsQueuesChange(t *testing.T) {
	d := newDesk(t)
	d.apply("git", whole)
	d.run()
	var before v1alpha1.Desk
	d.ready(&before, "default")
	for range 5 {
		d.apply("git", "kind: Queue\nmetadata: {name: support}\nspec: {distribution: {offerTimeoutSeconds: "+strconv.Itoa(10+rand.IntN(200))+"}}\n")
		d.ready(&v1alpha1.Queue{}, "support")
	}
	d.settle()
	var after v1alpha1.Desk
	d.ready(&after, "default")
	if !equality.Semantic.DeepEqual(before.Status.Conditions, after.Status.Conditions) {
		t.Fatalf("the desk flapped: %v\n%v", before.Status.Conditions, after.Status.Conditions)
	}
	if e := d.events(v1alpha1.EventNotReady); len(e) > 0 {
		t.Fatalf("applying a change was told as a fault: %v", e)
	}
}

func TestOnlyTheGenerationThatTheRuntimeAppliedIsProgrammed(t *testing.T) {
	d := newDesk(t)
	d.apply("git", plainQueue)
	d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonPending)
	d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonPending)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	if c := d.queue("support").Status.Conditions; slices.ContainsFunc(c, func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled
	}) {
		t.Fatalf("Reconciling or Stalled stayed: %v", c)
	}

	d.runtime.Refuse(&refusal)
	d.apply("git", `
kind: Queue
metadata: {name: support}
spec: {displayName: Other}
`)
	c := d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonRefused)
	if want := "the runtime refused the desk's settings and keeps the last good ones: queue support: no (invalid_settings)"; c.Message != want {
		t.Fatalf("the message is %q, want %q", c.Message, want)
	}
	d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRefused)
	d.runtime.Refuse(nil)
	d.apply("git", plainQueue)
	d.ready(&v1alpha1.Queue{}, "support")
}

func TestARuntimeThatStaysAwayIsToldAfterAGrace(t *testing.T) {
	d := newDesk(t)
	d.apply("git", plainQueue)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	operator.dials.Delete(d.ns)
	d.runtime.Close()
	d.settle()
	d.ready(&v1alpha1.Queue{}, "support") // a restart is no alarm
	operator.clock.move(time.Minute)
	d.poke("support")
	d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRuntimeNotReady)
	d.until("one event", func() (bool, any) { e := d.events(v1alpha1.EventNotReady); return len(e) == 1, e })
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
}
