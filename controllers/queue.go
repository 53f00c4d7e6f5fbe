package controllers

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// +kubebuilder:rbac:groups=usher.chat,resources=queues,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=usher.chat,resources=queues/status,verbs=patch

// NewQueueReconciler returns what brings a Queue's figures to its status, and opens and closes from
// the console into its spec.override.
func NewQueueReconciler(p Parts) *StatusReconciler[*v1alpha1.Queue, v1alpha1.QueueStatus] {
	own := queues{p}
	return &StatusReconciler[*v1alpha1.Queue, v1alpha1.QueueStatus]{
		Parts: p, Kind: KindQueue,
		New:        func() *v1alpha1.Queue { return &v1alpha1.Queue{} },
		Status:     func(q *v1alpha1.Queue) *v1alpha1.QueueStatus { return &q.Status },
		Conditions: func(s *v1alpha1.QueueStatus) []metav1.Condition { return s.Conditions },
		Compute:    QueueStatus,
		Urgent:     queueUrgent,
		Before:     own.carryOverrides,
		Tell:       own.tell,
	}
}

// queues does what Queues need beside their status.
type queues struct{ Parts }

// tell makes Events of what changed between two written statuses, beside readiness.
func (r queues) tell(old *v1alpha1.Queue, fresh *v1alpha1.QueueStatus) {
	before := meta.FindStatusCondition(old.Status.Conditions, v1alpha1.ConditionOverridden)
	after := meta.FindStatusCondition(fresh.Conditions, v1alpha1.ConditionOverridden)
	r.tellLoop(old, fresh)
	if after != nil && after.Reason == v1alpha1.ReasonOverrideExpired &&
		(before == nil || before.Reason != v1alpha1.ReasonOverrideExpired) {
		r.Events.Eventf(old, nil, corev1.EventTypeNormal, v1alpha1.EventOverrideExpired, "Expire", "%s", after.Message)
	}
}

// tellLoop makes an Event of a loop of waiting rules that is new, or goes another way than before.
func (r queues) tellLoop(old *v1alpha1.Queue, fresh *v1alpha1.QueueStatus) {
	before := meta.FindStatusCondition(old.Status.Conditions, v1alpha1.ConditionOverflowLoop)
	after := meta.FindStatusCondition(fresh.Conditions, v1alpha1.ConditionOverflowLoop)
	if after != nil && (before == nil || before.Message != after.Message) {
		r.Events.Eventf(old, nil, corev1.EventTypeWarning, v1alpha1.EventOverflowLoop, "Reconcile", "%s", after.Message)
	}
}

// QueueStatus computes a Queue's status, and when it may change by the mere passing of time.
func QueueStatus(q *v1alpha1.Queue, facts Facts, view runtimeclient.View, now time.Time) (v1alpha1.QueueStatus, time.Duration) {
	s := *q.Status.DeepCopy()
	s.ObservedGeneration = q.Generation
	j := Judgement{
		Facts: facts, Generation: q.Generation, HasRefs: true, View: view, Now: now,
		Applied: func(a settings.Applied) (int64, bool) { g, ok := a.Queues[q.Name]; return g, ok },
	}
	s.Conditions = Conditions(s.Conditions, j)
	looping(&s.Conditions, q, facts.Finding.Loop, now)
	again := soonest(j.recheck(), overridden(&s.Conditions, q, facts.Finding.Zone, now))
	if view.Report == nil {
		return s, again // the last figures are the best there are
	}
	f, ok := view.Report.Queues[q.Name]
	if !ok {
		return s, again
	}
	s.State = v1alpha1.OpenState(f.State)
	s.StateCause = f.Cause
	s.StateDetail = clip(f.Detail)
	s.StateSince = nil
	if !f.Since.IsZero() {
		s.StateSince = ptr.To(metav1.NewTime(f.Since.UTC().Truncate(time.Second)))
	}
	s.NextChange = nil
	if f.Next != nil {
		s.NextChange = ptr.To(nextChange(f.Next.Time, f.Next.State == settings.QueueOpen, f.Next.Cause, facts.Finding.Zone))
	}
	s.Availability = f.Availability
	s.Waiting = ptr.To(int32(f.Waiting))
	s.InService = ptr.To(int32(f.InService))
	s.Inactive = ptr.To(int32(f.Inactive))
	s.PlacesLeft = nil
	if f.PlacesLeft >= 0 {
		s.PlacesLeft = ptr.To(int32(f.PlacesLeft))
	}
	s.Agents = &v1alpha1.AgentFigures{Online: int32(f.AgentsOnline), Available: int32(f.AgentsAvailable)}
	s.LongestWaitSeconds = ptr.To[int64](0)
	if f.Waiting > 0 && f.FirstWaitingSince != nil {
		wait, next := coarse(now.Sub(*f.FirstWaitingSince))
		s.LongestWaitSeconds = ptr.To(int64(wait / time.Second))
		again = soonest(again, next)
	}
	return s, again
}

// coarse rounds a wait down, the longer the more, and says when it will read differently: a long
// line is no reason to write its status each second.
func coarse(wait time.Duration) (rounded, next time.Duration) {
	wait = max(wait, 0)
	step := statusEvery
	switch {
	case wait >= time.Hour:
		step = 5 * time.Minute
	case wait >= time.Minute:
		step = time.Minute
	}
	rounded = wait.Truncate(step)
	return rounded, rounded + step - wait
}

// looping sets the condition OverflowLoop, which is there only while there is a loop.
func looping(list *[]metav1.Condition, q *v1alpha1.Queue, loop Verdict, now time.Time) {
	if loop.OK() {
		meta.RemoveStatusCondition(list, v1alpha1.ConditionOverflowLoop)
		return
	}
	meta.SetStatusCondition(list, metav1.Condition{
		Type: v1alpha1.ConditionOverflowLoop, Status: metav1.ConditionTrue, Reason: loop.Reason, Message: clip(loop.Message),
		ObservedGeneration: q.Generation, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
	})
}

// overridden sets the condition Overridden, and says when that changes by itself.
func overridden(list *[]metav1.Condition, q *v1alpha1.Queue, zone *time.Location, now time.Time) time.Duration {
	c := metav1.Condition{
		Type: v1alpha1.ConditionOverridden, Status: metav1.ConditionFalse,
		ObservedGeneration: q.Generation, LastTransitionTime: metav1.NewTime(now.Truncate(time.Second)),
	}
	var again time.Duration
	o := compile.Override(q)
	switch {
	case o == nil:
		c.Reason, c.Message = v1alpha1.ReasonNoOverride, "nobody holds it open or closed by hand"
	case o.Until != nil && !now.Before(*o.Until):
		c.Reason = v1alpha1.ReasonOverrideExpired
		c.Message = fmt.Sprintf("the override to %s by %s has no effect since %s; whoever set it may remove it",
			o.State, o.By, o.Until.In(zoneOr(zone)).Format("2006-01-02 15:04 MST"))
	default:
		c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonOverrideInForce
		c.Message = fmt.Sprintf("held %s by %s", o.State, o.By)
		if o.Until != nil {
			c.Message += " until " + o.Until.In(zoneOr(zone)).Format("2006-01-02 15:04 MST")
			again = o.Until.Sub(now)
		} else {
			c.Message += " until removed"
		}
		if o.Reason != "" {
			c.Message += ": " + o.Reason
		}
	}
	c.Message = clip(c.Message)
	meta.SetStatusCondition(list, c)
	return again
}

func zoneOr(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// queueUrgent says whether more than figures changed, or a figure between none and some.
func queueUrgent(old, fresh v1alpha1.QueueStatus) bool {
	a, b := old, fresh
	for _, s := range []*v1alpha1.QueueStatus{&a, &b} {
		s.Waiting, s.LongestWaitSeconds, s.InService, s.Inactive, s.PlacesLeft, s.Agents, s.Availability = nil, nil, nil, nil, nil, nil, ""
	}
	if !equality.Semantic.DeepEqual(a, b) {
		return true
	}
	return flips(old.Waiting, fresh.Waiting) || flips(old.InService, fresh.InService) ||
		flips(old.PlacesLeft, fresh.PlacesLeft) || flips(old.Inactive, fresh.Inactive) || agentsFlip(old.Agents, fresh.Agents)
}

// flips between unknown, none and some.
func flips(a, b *int32) bool {
	if a == nil || b == nil {
		return a != b
	}
	return (*a == 0) != (*b == 0)
}

// agentsFlip says whether those online or those available went between none and some.
func agentsFlip(a, b *v1alpha1.AgentFigures) bool {
	if a == nil || b == nil {
		return a != b
	}
	return flips(&a.Online, &b.Online) || flips(&a.Available, &b.Available)
}
