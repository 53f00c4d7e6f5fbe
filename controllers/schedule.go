package controllers

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

// NewScheduleReconciler returns what writes the status of Schedules.
func NewScheduleReconciler(p Parts) *StatusReconciler[*v1alpha1.Schedule, v1alpha1.ScheduleStatus] {
	return &StatusReconciler[*v1alpha1.Schedule, v1alpha1.ScheduleStatus]{
		Parts: p, Kind: KindSchedule,
		New:        func() *v1alpha1.Schedule { return &v1alpha1.Schedule{} },
		Status:     func(s *v1alpha1.Schedule) *v1alpha1.ScheduleStatus { return &s.Status },
		Conditions: func(s *v1alpha1.ScheduleStatus) []metav1.Condition { return s.Conditions },
		Compute:    ScheduleStatus,
		Urgent:     func(_, _ v1alpha1.ScheduleStatus) bool { return true }, // no figures that could wait
	}
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
