package specs

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"usher.chat/api/v1alpha1"
)

// MetricSockets is the metric of pods by which they are scaled: the open sockets of each.
const MetricSockets = "usher_sockets"

// Times of a rollout.
const (
	minReadySeconds         = 5   // a pod counts only then, so that its clients are back before the next one goes
	progressDeadlineSeconds = 600 // as long as a start may take
)

// shrinkEverySeconds is the time between two pods that an autoscaler takes away: the clients of each
// have to find another one.
const shrinkEverySeconds = 120

// Deployment is the runtime with a database: stateless pods, each of which takes any client. One that
// is exchanged leaves when another one is ready in its place.
//
// The number of pods is left out when in.Scaled says that it is somebody else's.
func Deployment(in Input) *appsv1ac.DeploymentApplyConfiguration {
	spec := appsv1ac.DeploymentSpec().
		WithStrategy(appsv1ac.DeploymentStrategy().
			WithType(appsv1.RollingUpdateDeploymentStrategyType).
			WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
				WithMaxSurge(intstr.FromInt32(1)).
				WithMaxUnavailable(intstr.FromInt32(0)))).
		WithMinReadySeconds(minReadySeconds).
		WithProgressDeadlineSeconds(progressDeadlineSeconds).
		WithRevisionHistoryLimit(3).
		WithSelector(labelSelector(in)).
		WithTemplate(corev1ac.PodTemplateSpec().
			WithLabels(Labels(in.Namespace)).
			WithSpec(pod(in)))
	if !in.Scaled {
		spec.WithReplicas(Replicas(in.Desk))
	}
	return appsv1ac.Deployment(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithAnnotations(map[string]string{v1alpha1.AnnotationBuiltFrom: builtFrom(in.Desk)}).
		WithOwnerReferences(owner(in)).
		WithSpec(spec)
}

// Replicas is the number of pods that a Desk begins with.
func Replicas(d v1alpha1.DeskSpec) int32 {
	if d.Autoscaling != nil {
		return cmp.Or(d.Autoscaling.MinReplicas, 1)
	}
	return ptr.Deref(d.Replicas, 1)
}

// Replica sets the number of pods of a Deployment that exists, and nothing else: applied by another
// field manager before the Deployment is applied without it, it keeps the number where it is.
func Replica(in Input, replicas int32) *appsv1ac.DeploymentApplyConfiguration {
	return appsv1ac.Deployment(Workload, in.Namespace).
		WithSpec(appsv1ac.DeploymentSpec().WithReplicas(replicas))
}

// Autoscaler chooses the number of the Deployment's pods. It grows at once and shrinks slowly, because
// sockets stay where they are: new pods take new clients, and a pod that goes sends its own to others.
func Autoscaler(in Input) *autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration {
	a := in.Desk.Autoscaling
	spec := autoscalingv2ac.HorizontalPodAutoscalerSpec().
		WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().
			WithAPIVersion("apps/v1").WithKind("Deployment").WithName(Workload)).
		WithMinReplicas(cmp.Or(a.MinReplicas, 1)).
		WithMaxReplicas(a.MaxReplicas).
		WithBehavior(autoscalingv2ac.HorizontalPodAutoscalerBehavior().
			WithScaleDown(autoscalingv2ac.HPAScalingRules().
				WithPolicies(autoscalingv2ac.HPAScalingPolicy().
					WithType(autoscalingv2.PodsScalingPolicy).
					WithValue(1).
					WithPeriodSeconds(shrinkEverySeconds))))
	if a.TargetCPUUtilizationPercentage != nil {
		spec.WithMetrics(autoscalingv2ac.MetricSpec().
			WithType(autoscalingv2.ResourceMetricSourceType).
			WithResource(autoscalingv2ac.ResourceMetricSource().
				WithName(corev1.ResourceCPU).
				WithTarget(autoscalingv2ac.MetricTarget().
					WithType(autoscalingv2.UtilizationMetricType).
					WithAverageUtilization(*a.TargetCPUUtilizationPercentage))))
	}
	if a.TargetSocketsPerPod != nil {
		spec.WithMetrics(autoscalingv2ac.MetricSpec().
			WithType(autoscalingv2.PodsMetricSourceType).
			WithPods(autoscalingv2ac.PodsMetricSource().
				WithMetric(autoscalingv2ac.MetricIdentifier().WithName(MetricSockets)).
				WithTarget(autoscalingv2ac.MetricTarget().
					WithType(autoscalingv2.AverageValueMetricType).
					WithAverageValue(*resource.NewQuantity(int64(*a.TargetSocketsPerPod), resource.DecimalSI)))))
	}
	return autoscalingv2ac.HorizontalPodAutoscaler(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(spec)
}

func labelSelector(in Input) *metav1ac.LabelSelectorApplyConfiguration {
	return metav1ac.LabelSelector().WithMatchLabels(selector(in.Namespace))
}
