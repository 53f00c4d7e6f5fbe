package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// +kubebuilder:rbac:groups=usher.chat,resources=schedules,verbs=get;list;watch
// +kubebuilder:rbac:groups=usher.chat,resources=schedules/status,verbs=patch

// upcomingChanges is how many changes a Schedule's status tells ahead, and upcomingReach how far.
const (
	upcomingChanges = 8
	upcomingReach   = 366 * 24 * time.Hour
)

// ScheduleReconciler writes the status of Schedules.
type ScheduleReconciler struct {
	Client  client.Client
	Clock   clock.PassiveClock
	Hub     *Hub
	Runtime *runtimeclient.Client
	Events  events.EventRecorder

	writer *statusWriter
}

// SetupWithManager registers the reconciler.
func (r *ScheduleReconciler) SetupWithManager(m ctrl.Manager, o controller.Options) error {
	r.writer = newStatusWriter(r.Client, r.Clock)
	return ctrl.NewControllerManagedBy(m).
		Named("schedule").
		For(&v1alpha1.Schedule{}).
		WatchesRawSource(r.Hub.Source(KindSchedule)).
		WithOptions(o).
		Complete(r)
}

// Reconcile one Schedule.
func (r *ScheduleReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var s v1alpha1.Schedule
	if err := r.Client.Get(ctx, req.NamespacedName, &s); err != nil {
		if apierrors.IsNotFound(err) {
			r.writer.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the schedule %s: %w", req, err)
	}
	facts, ok := r.Hub.Facts(s.Namespace, Key{KindSchedule, s.Name}, s.Generation)
	if !ok {
		return ctrl.Result{}, nil // the hub wakes it
	}
	view, _ := r.Runtime.View(s.Namespace)
	fresh := s.DeepCopy()
	var again time.Duration
	fresh.Status, again = ScheduleStatus(&s, facts, view, r.Clock.Now())
	later, err := r.writer.write(ctx, &s, fresh, s.Status, fresh.Status, true)
	if err != nil {
		return ctrl.Result{}, err
	}
	if later == 0 {
		readyEvents(r.Events, &s, s.Status.Conditions, fresh.Status.Conditions)
	}
	return ctrl.Result{RequeueAfter: soonest(later, again)}, nil
}

// ScheduleStatus computes a Schedule's status, and when it changes by the mere passing of time. Of
// a Schedule that is not whole the last state is kept, like the runtime keeps it.
func ScheduleStatus(s *v1alpha1.Schedule, facts Facts, view runtimeclient.View, now time.Time) (v1alpha1.ScheduleStatus, time.Duration) {
	out := *s.Status.DeepCopy()
	out.ObservedGeneration = s.Generation
	j := Judgement{
		Facts: facts, Generation: s.Generation, HasRefs: true, View: view, Now: now,
		Applied: func(a settings.Applied) (int64, bool) { g, ok := a.Schedules[s.Name]; return g, ok },
	}
	out.Conditions = Conditions(out.Conditions, j)
	compiled := facts.Finding.Schedule
	if compiled == nil {
		return out, j.recheck()
	}
	answer := compiled.At(now)
	out.State = v1alpha1.StateClosed
	if answer.Open {
		out.State = v1alpha1.StateOpen
	}
	out.Cause = string(answer.Cause)
	out.NextChange, out.Upcoming = nil, nil
	changes := compiled.Changes(now.Add(1), now.Add(upcomingReach), upcomingChanges)
	if len(changes) == 0 {
		if c, ok := compiled.Next(now); ok {
			changes = append(changes, c)
		}
	}
	for i, c := range changes {
		n := nextChange(c.Time, c.Open, string(c.Cause), facts.Finding.Zone)
		if i == 0 {
			out.NextChange = &n
		}
		out.Upcoming = append(out.Upcoming, n)
	}
	again := j.recheck()
	if len(changes) > 0 {
		again = soonest(again, changes[0].Time.Sub(now))
	}
	return out, again
}
