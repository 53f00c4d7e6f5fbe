package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// +kubebuilder:rbac:groups=usher.chat,resources=teams,verbs=get;list;watch
// +kubebuilder:rbac:groups=usher.chat,resources=teams/status,verbs=patch

// TeamReconciler writes the status of Teams.
type TeamReconciler struct {
	Client  client.Client
	Clock   clock.PassiveClock
	Hub     *Hub
	Runtime *runtimeclient.Client
	Events  events.EventRecorder

	writer *statusWriter
}

// SetupWithManager registers the reconciler.
func (r *TeamReconciler) SetupWithManager(m ctrl.Manager, o controller.Options) error {
	r.writer = newStatusWriter(r.Client, r.Clock)
	return ctrl.NewControllerManagedBy(m).
		Named("team").
		For(&v1alpha1.Team{}).
		WatchesRawSource(r.Hub.Source(KindTeam)).
		WithOptions(o).
		Complete(r)
}

// Reconcile one Team.
func (r *TeamReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var t v1alpha1.Team
	if err := r.Client.Get(ctx, req.NamespacedName, &t); err != nil {
		if apierrors.IsNotFound(err) {
			r.writer.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the team %s: %w", req, err)
	}
	facts, ok := r.Hub.Facts(t.Namespace, Key{KindTeam, t.Name}, t.Generation)
	if !ok {
		return ctrl.Result{}, nil // the hub wakes it
	}
	view, _ := r.Runtime.View(t.Namespace)
	fresh := t.DeepCopy()
	var again time.Duration
	fresh.Status, again = TeamStatus(&t, facts, view, r.Clock.Now())
	later, err := r.writer.write(ctx, &t, fresh, t.Status, fresh.Status, teamUrgent(t.Status, fresh.Status))
	if err != nil {
		return ctrl.Result{}, err
	}
	if later == 0 {
		readyEvents(r.Events, &t, t.Status.Conditions, fresh.Status.Conditions)
	}
	return ctrl.Result{RequeueAfter: soonest(later, again)}, nil
}

// teamUrgent says whether more than figures changed, or a figure between none and some.
func teamUrgent(old, fresh v1alpha1.TeamStatus) bool {
	a, b := old, fresh
	a.Agents, a.Waiting, b.Agents, b.Waiting = nil, nil, nil, nil
	return !equality.Semantic.DeepEqual(a, b) || agentsFlip(old.Agents, fresh.Agents) || flips(old.Waiting, fresh.Waiting)
}

// TeamStatus computes a Team's status, and when it may change by the mere passing of time.
func TeamStatus(t *v1alpha1.Team, facts Facts, view runtimeclient.View, now time.Time) (v1alpha1.TeamStatus, time.Duration) {
	s := *t.Status.DeepCopy()
	s.ObservedGeneration = t.Generation
	s.Members = ptr.To(int32(len(t.Spec.Members)))
	s.Queues = ptr.To(int32(facts.Finding.Queues))
	j := Judgement{
		Facts: facts, Generation: t.Generation, View: view, Now: now,
		Applied: func(a settings.Applied) (int64, bool) { g, ok := a.Teams[t.Name]; return g, ok },
	}
	s.Conditions = Conditions(s.Conditions, j)
	if view.Report != nil {
		if f, ok := view.Report.Teams[t.Name]; ok {
			s.Agents = &v1alpha1.AgentFigures{Online: int32(f.Online), Available: int32(f.Available)}
			s.Waiting = ptr.To(int32(f.Waiting))
		}
	}
	return s, j.recheck()
}
