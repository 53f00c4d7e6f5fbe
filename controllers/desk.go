package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/controllers/specs"
	"usher.chat/runtime/settings"
)

// +kubebuilder:rbac:groups=usher.chat,resources=desks,verbs=get;list;watch
// +kubebuilder:rbac:groups=usher.chat,resources=desks/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",namespace=usher-system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=usher-system,resources=leases,verbs=get;create;update

// Times of the desk reconciler.
const (
	deskResync   = 10 * time.Minute // a desk at rest is looked at this often
	foreignRetry = time.Minute      // whether a foreign object is gone
	deskGrace    = 3 * time.Second  // how long a first Queue waits for a Desk applied with it
)

// DeskReconciler compiles a namespace's resources, sends them to the runtime, and keeps the
// workload. A request names the Desk "default" of a namespace, whether that resource is there or
// not: a namespace with at least one Queue, or with a Desk, is a desk.
type DeskReconciler struct {
	Parts
	Live              client.Reader // past the cache
	Image             string
	OperatorNamespace string

	writer    *statusWriter
	workloads *workloads
	holidays  *holidayFiles
}

// SetupWithManager registers the reconciler.
func (r *DeskReconciler) SetupWithManager(m ctrl.Manager, o controller.Options) error {
	r.writer = newStatusWriter(r.Client, r.Clock)
	r.workloads = newWorkloads(r.Client, r.Live, r.Clock)
	r.holidays = newHolidayFiles(r.Client, r.Live)
	toDesk := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: v1alpha1.DeskName}}}
	})
	// Specs, not status: figures never compile a desk.
	spec := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(m).
		Named("desk").
		For(&v1alpha1.Desk{}, spec).
		Watches(&v1alpha1.Queue{}, toDesk, spec).
		Watches(&v1alpha1.Team{}, toDesk, spec).
		Watches(&v1alpha1.Channel{}, toDesk, spec).
		Watches(&v1alpha1.Schedule{}, toDesk, spec).
		Watches(&corev1.ConfigMap{}, toDesk).
		Watches(&appsv1.StatefulSet{}, toDesk).
		Watches(&appsv1.Deployment{}, toDesk).
		Watches(&autoscalingv2.HorizontalPodAutoscaler{}, toDesk, spec).
		Watches(&corev1.PersistentVolumeClaim{}, toDesk).
		Watches(&corev1.Service{}, toDesk).
		Watches(&corev1.ServiceAccount{}, toDesk).
		Watches(&policyv1.PodDisruptionBudget{}, toDesk, spec).
		Watches(&networkingv1.NetworkPolicy{}, toDesk, spec).
		WatchesRawSource(r.Hub.Source(KindDesk)).
		WithOptions(o).
		Complete(r)
}

// Reconcile one desk.
func (r *DeskReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	namespace := req.Namespace
	objects, err := r.list(ctx, namespace)
	if err != nil {
		return ctrl.Result{}, err
	}
	exists := len(objects.Queues) > 0 || objects.Desk != nil
	compiled := Compile(objects)
	r.Hub.Put(namespace, exists, compiled)
	if !exists {
		r.Runtime.Remove(namespace)
		r.writer.forget(req.NamespacedName)
		return ctrl.Result{}, r.workloads.remove(ctx, namespace)
	}

	// Settings first: a person waits for them, and certificates have time.
	if known, ok := r.workloads.known(namespace); ok {
		if err := r.Runtime.Set(namespace, &compiled.Settings, known.creds); err != nil {
			return ctrl.Result{}, err
		}
	}
	in := specs.Input{Namespace: namespace, Image: r.Image, OperatorNamespace: r.OperatorNamespace}
	if objects.Desk != nil {
		in.Desk = objects.Desk.Spec
	}
	early := r.early(&objects)
	out, failed := r.workloads.ensure(ctx, in, early > 0)
	result := ctrl.Result{RequeueAfter: soonest(deskResync, early)}
	var foreign *foreignError
	switch {
	case failed == nil:
		if err := r.Runtime.Set(namespace, &compiled.Settings, out.creds); err != nil {
			return ctrl.Result{}, err
		}
		result.RequeueAfter = soonest(result.RequeueAfter, out.renew.Sub(r.Clock.Now()))
	case terminating(failed):
		return ctrl.Result{}, nil // the namespace is on its way out
	case errors.As(failed, &foreign):
		out.state.Verdict = Verdict{v1alpha1.ReasonNameConflict, foreign.Error()}
		result.RequeueAfter, failed = foreignRetry, nil
	case apierrors.IsConflict(failed):
		return ctrl.Result{}, failed // a race; again
	default:
		out.state.Verdict = Verdict{v1alpha1.ReasonWorkloadFailed, clip(failed.Error())}
	}
	if !out.state.Store.OK() || out.state.Verdict.Reason == v1alpha1.ReasonMigrationNeeded {
		// What was annotated is seen at once, unless it is a claim without labels.
		result.RequeueAfter = soonest(result.RequeueAfter, foreignRetry)
	}
	if objects.Desk == nil && out.state.Verdict.OK() {
		// Without a Desk there is nobody else to tell it to.
		out.state.Verdict = out.state.Store
	}
	r.Hub.PutWorkload(namespace, out.state)
	again, err := r.status(ctx, objects.Desk, len(objects.Queues), out, compiled.Settings.Version())
	if err = errors.Join(failed, err); err != nil {
		return ctrl.Result{}, err
	}
	result.RequeueAfter = soonest(result.RequeueAfter, again)
	return result, nil
}

// early is how long to wait yet for a Desk, which shapes the volume and comes in the same apply as
// the first Queue, perhaps after it; zero when there is no reason to.
func (r *DeskReconciler) early(o *Objects) time.Duration {
	if o.Desk != nil {
		return 0
	}
	now := r.Clock.Now()
	left := deskGrace
	for i := range o.Queues {
		left = min(left, deskGrace-now.Sub(o.Queues[i].CreationTimestamp.Time))
	}
	return max(left, 0)
}

// terminating says whether an object could not be made because its namespace is being deleted.
func terminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// list everything that the settings of a namespace are made of.
func (r *DeskReconciler) list(ctx context.Context, namespace string) (Objects, error) {
	o := Objects{Namespace: namespace, Answers: r.Hub.Answers(namespace), Holidays: map[string]compile.HolidayFile{}}
	var (
		desks     v1alpha1.DeskList
		queues    v1alpha1.QueueList
		teams     v1alpha1.TeamList
		channels  v1alpha1.ChannelList
		schedules v1alpha1.ScheduleList
	)
	for _, list := range []client.ObjectList{&desks, &queues, &teams, &channels, &schedules} {
		if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return o, fmt.Errorf("listing %T of %s: %w", list, namespace, err)
		}
	}
	o.Queues, o.Teams, o.Channels, o.Schedules = queues.Items, teams.Items, channels.Items, schedules.Items
	if len(desks.Items) > 0 {
		o.Desk = &desks.Items[0]
	}
	year := r.Clock.Now().Year()
	for i := range o.Schedules {
		s := &o.Schedules[i]
		if s.Spec.Holidays == nil {
			continue
		}
		file, err := r.holidays.read(ctx, s, year)
		if err != nil {
			return o, err
		}
		o.Holidays[s.Name] = file
	}
	return o, nil
}

// status writes that of the Desk, if there is one.
func (r *DeskReconciler) status(ctx context.Context, desk *v1alpha1.Desk, queues int, out outcome, version string) (time.Duration, error) {
	if desk == nil {
		return 0, nil
	}
	facts, ok := r.Hub.Facts(desk.Namespace, Key{KindDesk, desk.Name}, desk.Generation)
	if !ok {
		return 0, nil
	}
	facts.Workload = out.state
	if facts.Workload.Verdict.OK() {
		facts.Workload.Verdict = out.state.Storage
	}
	if facts.Finding.Accepted.OK() {
		facts.Finding.Accepted = out.state.Store
	}
	view, _ := r.Runtime.View(desk.Namespace)
	fresh := desk.DeepCopy()
	var again time.Duration
	fresh.Status, again = DeskStatus(desk, facts, out.pods, view, queues, r.Image, version, r.Clock.Now())
	later, err := r.writer.write(ctx, desk, fresh, desk.Status, fresh.Status, deskUrgent(desk.Status, fresh.Status))
	if err != nil {
		return 0, err
	}
	if later == 0 {
		readyEvents(r.Events, desk, desk.Status.Conditions, fresh.Status.Conditions)
	}
	return soonest(later, again), nil
}

// deskUrgent says whether more than the version of the settings changed.
func deskUrgent(old, fresh v1alpha1.DeskStatus) bool {
	if (old.Version == "") != (fresh.Version == "") {
		return true
	}
	old.Version, fresh.Version = "", ""
	return !equality.Semantic.DeepEqual(old, fresh)
}

// DeskStatus computes a Desk's status, and when it may change by the mere passing of time. Version is
// that of the settings as they should be.
func DeskStatus(d *v1alpha1.Desk, facts Facts, pods Pods, view runtimeclient.View, queues int, image, version string, now time.Time) (v1alpha1.DeskStatus, time.Duration) {
	s := *d.Status.DeepCopy()
	s.ObservedGeneration = d.Generation
	s.Queues = ptr.To(int32(queues))
	s.Image = image
	s.Store, s.Replicas, s.ReadyReplicas = pods.Store, ptr.To(pods.Wanted), ptr.To(pods.Ready)
	s.URL = d.Spec.PublicURL
	if s.URL == "" {
		s.URL = fmt.Sprintf("http://%s.%s.svc", specs.Workload, d.Namespace)
	}
	if view.Report != nil {
		s.Version = view.Report.Version
		// A holder may say its address too.
		s.Leader, _, _ = strings.Cut(view.Report.Leader, "@")
	}
	if s.Store != v1alpha1.StorePostgreSQL {
		s.Leader = ""
	}
	// The runtime knows no generation of the Desk: it is applied with the first settings that carry
	// it. Settings that change later because of a queue do not take that back, unless refused.
	before := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionProgrammed)
	already := before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == d.Generation
	applied := view.Acked || view.Report != nil && view.Report.Version == version || already && view.Refused == ""
	j := Judgement{
		Facts: facts, Generation: d.Generation, View: view, Pods: pods.verdict(d.Namespace), Now: now,
		Applied: func(settings.Applied) (int64, bool) { return d.Generation, applied },
	}
	s.Conditions = Conditions(s.Conditions, j)
	return s, j.recheck()
}
