package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
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

// +kubebuilder:rbac:groups=usher.chat,resources=channels,verbs=get;list;watch
// +kubebuilder:rbac:groups=usher.chat,resources=channels/status,verbs=patch

// HostedPath is where the runtime serves the page of a channel, before the channel's name.
const HostedPath = "/w/"

// ChannelReconciler writes the status of Channels.
type ChannelReconciler struct {
	Client  client.Client
	Clock   clock.PassiveClock
	Hub     *Hub
	Runtime *runtimeclient.Client
	Events  events.EventRecorder

	writer *statusWriter
}

// SetupWithManager registers the reconciler.
func (r *ChannelReconciler) SetupWithManager(m ctrl.Manager, o controller.Options) error {
	r.writer = newStatusWriter(r.Client, r.Clock)
	return ctrl.NewControllerManagedBy(m).
		Named("channel").
		For(&v1alpha1.Channel{}).
		WatchesRawSource(r.Hub.Source(KindChannel)).
		WithOptions(o).
		Complete(r)
}

// Reconcile one Channel.
func (r *ChannelReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var c v1alpha1.Channel
	if err := r.Client.Get(ctx, req.NamespacedName, &c); err != nil {
		if apierrors.IsNotFound(err) {
			r.writer.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the channel %s: %w", req, err)
	}
	facts, ok := r.Hub.Facts(c.Namespace, Key{KindChannel, c.Name}, c.Generation)
	if !ok {
		return ctrl.Result{}, nil // the hub wakes it
	}
	view, _ := r.Runtime.View(c.Namespace)
	fresh := c.DeepCopy()
	var again time.Duration
	fresh.Status, again = ChannelStatus(&c, facts, view, r.Clock.Now())
	later, err := r.writer.write(ctx, &c, fresh, c.Status, fresh.Status, channelUrgent(c.Status, fresh.Status))
	if err != nil {
		return ctrl.Result{}, err
	}
	if later == 0 {
		readyEvents(r.Events, &c, c.Status.Conditions, fresh.Status.Conditions)
	}
	return ctrl.Result{RequeueAfter: soonest(later, again)}, nil
}

// channelUrgent says whether more than the availability changed, which follows each busy agent.
func channelUrgent(old, fresh v1alpha1.ChannelStatus) bool {
	if (old.Availability == "") != (fresh.Availability == "") {
		return true
	}
	old.Availability, fresh.Availability = "", ""
	return !equality.Semantic.DeepEqual(old, fresh)
}

// ChannelStatus computes a Channel's status, and when it may change by the mere passing of time.
func ChannelStatus(c *v1alpha1.Channel, facts Facts, view runtimeclient.View, now time.Time) (v1alpha1.ChannelStatus, time.Duration) {
	s := *c.Status.DeepCopy()
	s.ObservedGeneration = c.Generation
	s.URL = facts.Finding.PublicURL + HostedPath + c.Name
	j := Judgement{
		Facts: facts, Generation: c.Generation, HasRefs: true, View: view, Now: now,
		Applied: func(a settings.Applied) (int64, bool) { g, ok := a.Channels[c.Name]; return g, ok },
	}
	s.Conditions = Conditions(s.Conditions, j)
	if view.Report != nil {
		s.Availability = view.Report.Queues[c.Spec.Route.QueueRef.Name].Availability
	}
	return s, j.recheck()
}
