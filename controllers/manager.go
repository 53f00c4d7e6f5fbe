package controllers

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/controllers/specs"
)

// LeaderElectionID is the Lease of the operator that leads.
const LeaderElectionID = "usher-operator"

// Options of an operator.
type Options struct {
	// Image of the runtime. Required.
	Image string
	// Namespace of the operator itself.
	Namespace string
	// LeaderElection: of several operators only one acts.
	LeaderElection bool
	// MetricsAddress and HealthAddress are where to listen; "0" is nowhere.
	MetricsAddress, HealthAddress string
	// Clock; the machine's when nil.
	Clock clock.Clock
	// Dial reaches a desk's control port; by the name of its Service when nil.
	Dial runtimeclient.Dialer
	// Registry takes the operator's own metrics. Required.
	Registry prometheus.Registerer
	Log      logr.Logger
	// SkipNameValidation lets several operators live in one process, as tests do.
	SkipNameValidation bool
}

// NewScheme knows all that the operator reads and writes.
func NewScheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		return nil, err
	}
	return s, v1alpha1.AddToScheme(s)
}

// New builds an operator; it begins with Start.
func New(cfg *rest.Config, o Options) (ctrl.Manager, error) {
	if o.Image == "" {
		return nil, fmt.Errorf("no image of the runtime is given: use --runtime-image or USHER_IMAGE")
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Dial == nil {
		o.Dial = DialService
	}
	scheme, err := NewScheme()
	if err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	m, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:                        scheme,
		Logger:                        o.Log,
		Cache:                         cacheOptions(),
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
		Metrics:                       metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress:        o.HealthAddress,
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              LeaderElectionID,
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true,
		Controller:                    config.Controller{SkipNameValidation: ptr.To(o.SkipNameValidation)},
	})
	if err != nil {
		return nil, fmt.Errorf("building the manager: %w", err)
	}
	if err := setup(m, o); err != nil {
		return nil, err
	}
	if err := m.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("adding a health check: %w", err)
	}
	if err := m.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("adding a readiness check: %w", err)
	}
	return m, nil
}

// cacheOptions keep in memory what is ours, and of other objects only what is labelled for us.
func cacheOptions() cache.Options {
	children := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy})}
	return cache.Options{
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.StatefulSet{}:                    children,
			&appsv1.Deployment{}:                     children,
			&autoscalingv2.HorizontalPodAutoscaler{}: children,
			&corev1.Service{}:                        children,
			&corev1.ServiceAccount{}:                 children,
			&policyv1.PodDisruptionBudget{}:          children,
			&networkingv1.NetworkPolicy{}:            children,
			// Made by the StatefulSet, with the labels of its pods.
			&corev1.PersistentVolumeClaim{}: {Label: labels.SelectorFromSet(labels.Set{
				"app.kubernetes.io/name": "usher", "app.kubernetes.io/component": "runtime"})},
			&corev1.ConfigMap{}: {Label: labels.SelectorFromSet(labels.Set{v1alpha1.LabelHolidays: "true"})},
		},
	}
}

func setup(m ctrl.Manager, o Options) error {
	hub := NewHub()
	var metrics *Metrics
	runtimes := runtimeclient.New(runtimeclient.Options{
		Dial: o.Dial, Clock: o.Clock, Log: o.Log.WithName("runtimes"), Notify: hub.Notify,
		Programmed: func(desk string, took time.Duration) { metrics.Programmed(desk, took) },
	})
	metrics, err := NewMetrics(o.Registry, runtimes.Len, runtimes.Connected)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	err = m.Add(leaderRunnable(func(ctx context.Context) error {
		<-ctx.Done()
		runtimes.Close()
		return nil
	}))
	if err != nil {
		return fmt.Errorf("adding the runtime client: %w", err)
	}
	parts := Parts{
		Client: m.GetClient(), Clock: o.Clock, Hub: hub, Runtime: runtimes, Events: m.GetEventRecorder("usher-operator"),
	}
	type reconciler interface {
		SetupWithManager(ctrl.Manager, controller.Options) error
	}
	for _, r := range []reconciler{
		&DeskReconciler{Parts: parts, Live: m.GetAPIReader(), Image: o.Image, OperatorNamespace: o.Namespace},
		NewQueueReconciler(parts),
		NewTeamReconciler(parts),
		NewChannelReconciler(parts),
		NewScheduleReconciler(parts),
	} {
		if err := r.SetupWithManager(m, controller.Options{MaxConcurrentReconciles: 8}); err != nil {
			return fmt.Errorf("setting up %T: %w", r, err)
		}
	}
	return nil
}

// leaderRunnable runs while this operator leads.
type leaderRunnable func(context.Context) error

func (r leaderRunnable) Start(ctx context.Context) error { return r(ctx) }
func (r leaderRunnable) NeedLeaderElection() bool        { return true }

// DialService reaches the control port by the name of its headless Service.
func DialService(ctx context.Context, desk string) (net.Conn, error) {
	var d net.Dialer
	host := specs.ControlService + "." + desk + ".svc"
	return d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(specs.PortControl)))
}
