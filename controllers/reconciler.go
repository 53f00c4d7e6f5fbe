package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
)

// Parts are what the reconcilers of all kinds work with.
type Parts struct {
	Client  client.Client
	Clock   clock.PassiveClock
	Hub     *Hub
	Runtime *runtimeclient.Client
	Events  events.EventRecorder
}

// StatusReconciler writes the status, of type S, of the objects of one kind, of type O.
type StatusReconciler[O client.Object, S any] struct {
	Parts
	// Kind by which the hub knows the objects.
	Kind string
	// New is an empty object.
	New func() O
	// Status is where an object has its own, and Conditions are those in it.
	Status     func(O) *S
	Conditions func(*S) []metav1.Condition
	// Compute gives the status that an object should have, and when that may change by the mere
	// passing of time; zero for never.
	Compute func(O, Facts, runtimeclient.View, time.Time) (S, time.Duration)
	// Urgent says whether a change is more than one of figures, which may wait.
	Urgent func(old, fresh S) bool
	// Before, if there is one, is what the kind needs done before its status is computed.
	Before func(context.Context, O, runtimeclient.View) error
	// Tell, if there is one, makes Events of what changed between two written statuses, beside
	// those of readiness.
	Tell func(old O, fresh *S)

	writer *statusWriter
}

// SetupWithManager registers the reconciler.
func (r *StatusReconciler[O, S]) SetupWithManager(m ctrl.Manager, o controller.Options) error {
	r.writer = newStatusWriter(r.Client, r.Clock)
	return ctrl.NewControllerManagedBy(m).
		Named(strings.ToLower(r.Kind)).
		For(r.New()).
		WatchesRawSource(r.Hub.Source(r.Kind)).
		WithOptions(o).
		Complete(r)
}

// Reconcile one object.
func (r *StatusReconciler[O, S]) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	object := r.New()
	if err := r.Client.Get(ctx, req.NamespacedName, object); err != nil {
		if apierrors.IsNotFound(err) {
			r.writer.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the %s %s: %w", strings.ToLower(r.Kind), req, err)
	}
	view, _ := r.Runtime.View(req.Namespace)
	if r.Before != nil {
		if err := r.Before(ctx, object, view); err != nil {
			return ctrl.Result{}, err
		}
	}
	facts, ok := r.Hub.Facts(req.Namespace, Key{r.Kind, req.Name}, object.GetGeneration())
	if !ok {
		return ctrl.Result{}, nil // the hub wakes it
	}
	changed := object.DeepCopyObject().(O)
	old, fresh := r.Status(object), r.Status(changed)
	var again time.Duration
	*fresh, again = r.Compute(object, facts, view, r.Clock.Now())
	later, err := r.writer.write(ctx, object, changed, *old, *fresh, r.Urgent(*old, *fresh))
	if err != nil {
		return ctrl.Result{}, err
	}
	if later == 0 {
		readyEvents(r.Events, object, r.Conditions(old), r.Conditions(fresh))
		if r.Tell != nil {
			r.Tell(object, fresh)
		}
	}
	return ctrl.Result{RequeueAfter: soonest(later, again)}, nil
}

// readyEvents tells once when an object becomes ready, or no longer is. The moment in which the
// runtime applies a change is neither.
func readyEvents(recorder events.EventRecorder, object client.Object, before, after []metav1.Condition) {
	was, is := meta.FindStatusCondition(before, v1alpha1.ConditionReady), meta.FindStatusCondition(after, v1alpha1.ConditionReady)
	switch {
	case is == nil || was != nil && was.Status == is.Status:
	case is.Reason == v1alpha1.ReasonPending || was != nil && was.Reason == v1alpha1.ReasonPending && was.ObservedGeneration > 1:
	case is.Status == metav1.ConditionTrue:
		recorder.Eventf(object, nil, corev1.EventTypeNormal, v1alpha1.EventReady, "Reconcile", "ready")
	case was != nil:
		recorder.Eventf(object, nil, corev1.EventTypeWarning, v1alpha1.EventNotReady, "Reconcile", "%s: %s", is.Reason, is.Message)
	}
}
