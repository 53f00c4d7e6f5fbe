package controllers

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// runtimeGrace is how long a runtime may be out of reach before what it serves is no longer ready:
// a restart of the pod is no alarm.
const runtimeGrace = 30 * time.Second

// Judgement is everything that the conditions of one object are computed from.
type Judgement struct {
	Facts
	Generation int64
	// HasRefs: the kind has the condition ResolvedRefs.
	HasRefs bool
	// Applied generation of this object, by the runtime's last report; false without a report.
	Applied func(settings.Applied) (int64, bool)
	View    runtimeclient.View
	// Pods says that the object serves, but not with all the pods that it should have.
	Pods Verdict
	Now  time.Time
}

// Conditions computes Accepted, ResolvedRefs, Programmed, Ready, Reconciling and Stalled from the
// old ones. It is pure: equal input gives equal output, and transition times move only with a
// status.
func Conditions(old []metav1.Condition, j Judgement) []metav1.Condition {
	list := append([]metav1.Condition(nil), old...)
	set := func(kind string, status metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&list, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: clip(message),
			ObservedGeneration: j.Generation,
			LastTransitionTime: metav1.NewTime(j.Now.Truncate(time.Second)),
		})
	}
	verdict := func(kind string, v Verdict, reason, message string) {
		if v.OK() {
			set(kind, metav1.ConditionTrue, reason, message)
			return
		}
		set(kind, metav1.ConditionFalse, v.Reason, v.Message)
	}

	verdict(v1alpha1.ConditionAccepted, j.Finding.Accepted, v1alpha1.ReasonAccepted, "the spec is valid")
	if j.HasRefs {
		verdict(v1alpha1.ConditionResolvedRefs, j.Finding.Resolved, v1alpha1.ReasonResolved, "everything that the spec names is there")
	}
	programmed := j.programmed(old)
	verdict(v1alpha1.ConditionProgrammed, programmed, v1alpha1.ReasonProgrammed, "the runtime has applied this generation")

	ready := j.ready(programmed)
	verdict(v1alpha1.ConditionReady, ready, v1alpha1.ReasonReady, "")

	open := ready // what is left to do
	if open.OK() {
		open = j.Pods
	}
	switch {
	case open.OK():
		meta.RemoveStatusCondition(&list, v1alpha1.ConditionReconciling)
		meta.RemoveStatusCondition(&list, v1alpha1.ConditionStalled)
	case stalls(open.Reason):
		meta.RemoveStatusCondition(&list, v1alpha1.ConditionReconciling)
		set(v1alpha1.ConditionStalled, metav1.ConditionTrue, open.Reason, open.Message)
	default:
		meta.RemoveStatusCondition(&list, v1alpha1.ConditionStalled)
		set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, open.Reason, open.Message)
	}
	return list
}

// stalls tells reasons for which somebody has to change something from those that pass, if only
// because the object that is missing comes later in the same sync.
func stalls(reason string) bool {
	switch reason {
	case v1alpha1.ReasonInvalid, v1alpha1.ReasonHolidaysInvalid, v1alpha1.ReasonHolidaysNotLabelled,
		v1alpha1.ReasonRefused, v1alpha1.ReasonNameConflict, v1alpha1.ReasonStorageFixed,
		v1alpha1.ReasonMigrationNeeded, v1alpha1.ReasonRolloutStuck:
		return true
	}
	return false
}

func (j Judgement) programmed(old []metav1.Condition) Verdict {
	switch {
	case !j.Exists:
		return Verdict{v1alpha1.ReasonNoQueue, "the namespace has no Queue, so there is no runtime yet; create one"}
	case !j.Finding.Sent:
		return Verdict{v1alpha1.ReasonNotSent, "this generation cannot be used as it is, so the last good one stays in force"}
	}
	if j.View.Report != nil {
		if applied, ok := j.Applied(j.View.Report.Applied); ok && applied == j.Generation {
			return Verdict{}
		}
	} else if c := meta.FindStatusCondition(old, v1alpha1.ConditionProgrammed); c != nil &&
		c.Status == metav1.ConditionTrue && c.ObservedGeneration == j.Generation {
		// The runtime once said so, and keeps what it applied; this operator has only not yet heard
		// from it.
		return Verdict{}
	}
	switch {
	case j.View.Refused != "":
		return Verdict{v1alpha1.ReasonRefused, "the runtime refused the desk's settings and keeps the last good ones: " + j.View.Refused}
	case !j.View.Connected && j.down():
		return Verdict{v1alpha1.ReasonRuntimeUnreachable, "the runtime cannot be reached: " + cmp.Or(j.View.Problem, "not connected yet") + j.hint()}
	}
	return Verdict{v1alpha1.ReasonPending, "waiting for the runtime to apply this generation"}
}

func (j Judgement) hint() string {
	if j.Workload.Hint == "" || j.Workload.PodReady {
		return ""
	}
	return "; " + j.Workload.Hint
}

func (j Judgement) down() bool {
	return !j.View.Connected && !j.View.Since.IsZero() && j.Now.Sub(j.View.Since) >= runtimeGrace
}

func (j Judgement) ready(programmed Verdict) Verdict {
	switch {
	case !j.Finding.Accepted.OK():
		return j.Finding.Accepted
	case !j.Finding.Resolved.OK():
		return j.Finding.Resolved
	case !j.Workload.Verdict.OK():
		return j.Workload.Verdict
	case !programmed.OK():
		return programmed
	case j.down() && !j.Workload.PodReady:
		return Verdict{v1alpha1.ReasonRuntimeNotReady, "the runtime's pod is not ready: " + j.View.Problem + j.hint()}
	}
	return Verdict{}
}

// recheck is when the conditions may change by the mere passing of time; zero for never.
func (j Judgement) recheck() time.Duration {
	if j.Exists && !j.View.Connected && !j.View.Since.IsZero() {
		if left := runtimeGrace - j.Now.Sub(j.View.Since); left > 0 {
			return left
		}
	}
	return 0
}

// clip keeps a message within what an API server stores, and a person reads.
func clip(s string) string {
	const most = 1024
	if len(s) <= most {
		return s
	}
	cut := most - 3
	for cut > 0 && s[cut]&0xC0 == 0x80 { // not within a letter
		cut--
	}
	return s[:cut] + "..."
}

// nextChange puts a change into the words of the API. The day is always named, so that it reads
// the same whenever it is looked at.
func nextChange(at time.Time, open bool, cause string, zone *time.Location) v1alpha1.NextChange {
	state := v1alpha1.StateClosed
	if open {
		state = v1alpha1.StateOpen
	}
	local := at.In(zone)
	layout := "Mon 2 Jan 15:04"
	if local.Second() != 0 {
		layout = "Mon 2 Jan 15:04:05"
	}
	return v1alpha1.NextChange{
		Time:    metav1.NewTime(at.UTC().Truncate(time.Second)),
		State:   state,
		Cause:   cause,
		Summary: fmt.Sprintf("%s %s (%s)", state, local.Format(layout), zone),
	}
}

// soonest is the smaller of two delays, where zero means never.
func soonest(a, b time.Duration) time.Duration {
	switch {
	case a <= 0:
		return max(b, 0)
	case b <= 0:
		return a
	}
	return min(a, b)
}
