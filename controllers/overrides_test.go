package controllers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
	"usher.chat/runtime/settings"
)

// sent is the override that the runtime was sent for the queue support.
func (d *desk) sent() *calendar.Override {
	d.t.Helper()
	got, _ := d.runtime.Settings()
	if got == nil || len(got.Queues) == 0 {
		return nil
	}
	return got.Queues[0].Override
}

func (d *desk) answer() *settings.OverrideAnswer {
	got, _ := d.runtime.Settings()
	return got.Queues[0].OverrideAnswer
}

func readyDesk(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.apply("kustomize-controller", plainQueue)
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
	return d
}

func TestAnOverrideByAPlainPatchReachesTheRuntimeWithItsFieldManagerAndSurvivesGit(t *testing.T) {
	d := readyDesk(t)
	started := time.Now()
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"override":{"state":"Closed","reason":"fire drill"}}}`))
	if err := d.Patch(ctx, d.queue("support"), patch, client.FieldOwner(v1alpha1.FieldManagerCLI)); err != nil {
		t.Fatal(err)
	}
	d.until("closed at the runtime", func() (bool, any) { o := d.sent(); return o != nil, o })
	t.Logf("from the patch to the runtime's settings: %s", time.Since(started))
	if o := d.sent(); o.State != calendar.Closed || o.By != v1alpha1.FieldManagerCLI || o.Reason != "fire drill" || o.Until != nil {
		t.Fatalf("the runtime was sent %+v", o)
	}
	c := d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionOverridden, metav1.ConditionTrue, v1alpha1.ReasonOverrideInForce)
	says(t, c, "held Closed by usher-cli", "fire drill")
	d.ready(&v1alpha1.Queue{}, "support")

	generation := d.queue("support").Generation
	for range 10 {
		d.apply("kustomize-controller", plainQueue)
	}
	if q := d.queue("support"); q.Spec.Override == nil || q.Generation != generation {
		t.Fatalf("ten syncs of Git changed the queue: %+v", q.Spec)
	}
	d.apply(v1alpha1.FieldManagerCLI, "kind: Queue\nmetadata: {name: support}\nspec: {}\n")
	if q := d.queue("support"); q.Spec.Override == nil {
		t.Fatal("an apply took away what an update had set")
	}
	remove := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"override":null}}`))
	if err := d.Patch(ctx, d.queue("support"), remove, client.FieldOwner(v1alpha1.FieldManagerCLI)); err != nil {
		t.Fatal(err)
	}
	d.until("back to the schedule", func() (bool, any) { o := d.sent(); return o == nil, o })
	d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionOverridden, metav1.ConditionFalse, v1alpha1.ReasonNoOverride)
}

func TestWhoIsNamedInTheOverrideComesBeforeTheFieldManager(t *testing.T) {
	d := readyDesk(t)
	d.apply(v1alpha1.FieldManagerCLI, "kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Open, by: ana}}\n")
	d.until("opened by ana", func() (bool, any) { o := d.sent(); return o != nil && o.By == "ana", o })
}

func TestAnOverrideThatWasAppliedIsGivenBackByApplyingWithoutIt(t *testing.T) {
	d := readyDesk(t)
	d.apply(v1alpha1.FieldManagerCLI, "kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Closed}}\n")
	d.until("closed", func() (bool, any) { o := d.sent(); return o != nil, o })
	d.apply("kustomize-controller", plainQueue)
	d.apply(v1alpha1.FieldManagerCLI, "kind: Queue\nmetadata: {name: support}\nspec: {}\n")
	d.until("back to the schedule", func() (bool, any) { o := d.sent(); return o == nil, o })
	if q := d.queue("support"); q.Spec.DisplayName != "Support" {
		t.Fatalf("Git's fields went along: %+v", q.Spec)
	}
}

func TestTwoOwnersOfAnOverrideNeverMakeAMixture(t *testing.T) {
	d := readyDesk(t)
	d.apply("first", "kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Closed, reason: incident, by: ana}}\n")
	d.apply("second", "kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Open}}\n")
	if o := d.queue("support").Spec.Override; o.State != v1alpha1.StateOpen || o.Reason != "" || o.By != "" {
		t.Fatalf("a mixture: %+v", o)
	}
	d.until("the second's", func() (bool, any) {
		o := d.sent()
		return o != nil && o.State == calendar.Open && o.By == "second" && o.Reason == "", o
	})
}

func TestAnOverrideThatExpiredIsInertAndToldOnce(t *testing.T) {
	d := readyDesk(t)
	until := operator.clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
	d.apply(v1alpha1.FieldManagerCLI, fmt.Sprintf(
		"kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Closed, until: %q}}\n", until.Format(time.RFC3339)))
	says(t, d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionOverridden, metav1.ConditionTrue, v1alpha1.ReasonOverrideInForce), "until "+until.Format("2006-01-02 15:04"))
	d.until("its end at the runtime", func() (bool, any) { o := d.sent(); return o != nil && o.Until.Equal(until), o })
	operator.clock.move(2 * time.Hour)
	for range 3 {
		d.poke("support")
		d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionOverridden, metav1.ConditionFalse, v1alpha1.ReasonOverrideExpired)
	}
	d.ready(&v1alpha1.Queue{}, "support")
	d.settle()
	if e := d.events(v1alpha1.EventOverrideExpired); len(e) != 1 {
		t.Fatalf("%d events of the expiry: %v", len(e), e)
	}
	if d.queue("support").Spec.Override == nil {
		t.Fatal("the operator took the override away")
	}
}

func (d *desk) request(o settings.OverrideRequest) {
	d.t.Helper()
	o.Queue = "support"
	d.runtime.Report(func(r *settings.Report) { r.Overrides = []settings.OverrideRequest{o} })
	d.until("an answer to "+o.ID, func() (bool, any) {
		a := d.answer()
		return a != nil && a.Request == o.ID, a
	})
	d.runtime.Report(func(r *settings.Report) { r.Overrides = nil })
}

func TestAnOpeningFromTheConsoleIsCarriedIntoTheResourceAndBackAgain(t *testing.T) {
	d := readyDesk(t)
	until := operator.clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
	d.request(settings.OverrideRequest{ID: "1", State: settings.QueueClosed, Until: &until, Reason: "training", By: "ana"})
	if a := d.answer(); a.Refused != "" {
		t.Fatalf("refused: %s", a.Refused)
	}
	if o := d.sent(); o == nil || o.State != calendar.Closed || o.By != "ana" || o.Reason != "training" || !o.Until.Equal(until) {
		t.Fatalf("the answer came without the override: %+v", o)
	}
	d.apply("kustomize-controller", plainQueue)
	if o := d.queue("support").Spec.Override; o == nil || o.By != "ana" {
		t.Fatalf("a sync of Git took the console's override: %+v", o)
	}
	d.request(settings.OverrideRequest{ID: "2", By: "ana"})
	if q := d.queue("support"); q.Spec.Override != nil || d.answer().Refused != "" {
		t.Fatalf("not given back: %+v %+v", q.Spec.Override, d.answer())
	}
	// Like events become a series of one.
	d.until("an event", func() (bool, any) { e := d.events(v1alpha1.EventOverrideCarried); return len(e) >= 1, e })
}

func TestAnOverrideOfAnotherManagerStandsAndTheConsoleIsToldWhose(t *testing.T) {
	d := readyDesk(t)
	d.apply(v1alpha1.FieldManagerCLI, "kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Closed, reason: incident}}\n")
	d.request(settings.OverrideRequest{ID: "1", State: settings.QueueOpen, By: "ana"})
	if a := d.answer(); !strings.Contains(a.Refused, "field manager usher-cli holds spec.override") {
		t.Fatalf("answered %+v", a)
	}
	if o := d.queue("support").Spec.Override; o.State != v1alpha1.StateClosed || o.Reason != "incident" {
		t.Fatalf("the console won: %+v", o)
	}
	d.request(settings.OverrideRequest{ID: "2", By: "ana"})
	if a := d.answer(); !strings.Contains(a.Refused, "field manager usher-cli holds spec.override") {
		t.Fatalf("giving back somebody else's was answered %+v", a)
	}
	// Like events become a series of one.
	d.until("an event", func() (bool, any) { e := d.events(v1alpha1.EventOverrideRefused); return len(e) >= 1, e })
}

func TestOfTwoWishesFromTheConsoleTheLaterCounts(t *testing.T) {
	d := readyDesk(t)
	d.runtime.Report(func(r *settings.Report) {
		r.Overrides = []settings.OverrideRequest{
			{ID: "1", Queue: "support", State: settings.QueueClosed, By: "ana"},
			{ID: "2", Queue: "support", State: settings.QueueOpen, By: "ben"},
		}
	})
	d.until("the second's", func() (bool, any) { a := d.answer(); return a != nil && a.Request == "2", a })
	if o := d.queue("support").Spec.Override; o.State != v1alpha1.StateOpen || o.By != "ben" {
		t.Fatalf("got %+v", o)
	}
}
