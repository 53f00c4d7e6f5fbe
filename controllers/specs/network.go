package specs

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"usher.chat/api/v1alpha1"
)

// Service is where people reach the desk: port 80.
func Service(in Input) *corev1ac.ServiceApplyConfiguration {
	port := corev1ac.ServicePort().
		WithName("http").
		WithPort(PortService).
		WithProtocol(corev1.ProtocolTCP).
		WithTargetPort(intstr.FromString("http"))
	if in.Desk.Service.NodePort != nil {
		port.WithNodePort(*in.Desk.Service.NodePort)
	}
	kind := cmp.Or(in.Desk.Service.Type, v1alpha1.ServiceClusterIP)
	return corev1ac.Service(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceType(kind)).
			WithSelector(selector(in.Namespace)).
			WithPorts(port))
}

// Control is the headless Service of the control port. It names the pod before it is ready: a
// runtime without settings is not ready, and gets them here.
func Control(in Input) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(ControlService, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(corev1ac.ServiceSpec().
			WithClusterIP(corev1.ClusterIPNone).
			WithPublishNotReadyAddresses(true).
			WithSelector(selector(in.Namespace)).
			WithPorts(corev1ac.ServicePort().
				WithName("control").
				WithPort(PortControl).
				WithProtocol(corev1.ProtocolTCP).
				WithTargetPort(intstr.FromString("control"))))
}

// Account is the pod's ServiceAccount. It has no rights and its token is not mounted.
func Account(in Input) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(ServiceAccount, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithAutomountServiceAccountToken(false)
}

// DisruptionBudget lets a node drain: with one pod any stricter budget would stop it for ever.
func DisruptionBudget(in Input) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Namespace))))
}

// NetworkPolicy lets people in from anywhere, the operator to the control port, scrapers to the
// metrics, and the runtime out to nowhere. Probes come from the node and are not subject to it.
func NetworkPolicy(in Input) *networkingv1ac.NetworkPolicyApplyConfiguration {
	return networkingv1ac.NetworkPolicy(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Namespace))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithIngress(
				networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(PortHTTP)),
				networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(PortControl)).
					WithFrom(fromNamespaces(corev1.LabelMetadataName, in.OperatorNamespace)),
				networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(PortOps)).
					WithFrom(fromNamespaces(v1alpha1.LabelMetrics, "true"))))
}

func policyPort(port int32) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
	return networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(port))
}

func fromNamespaces(label, value string) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	return networkingv1ac.NetworkPolicyPeer().
		WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{label: value}))
}

// Secret holds data that can be made anew, such as certificates. It hangs on the ServiceAccount.
func Secret(in Input, name string, data map[string][]byte) *corev1ac.SecretApplyConfiguration {
	return corev1ac.Secret(name, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithType(corev1.SecretTypeOpaque).
		WithData(data)
}

// RandomSecret holds a key that must never be made anew while it is there: it is immutable, so
// that even two operators at once cannot exchange it, and hangs on nothing.
func RandomSecret(in Input, name, key string, random []byte) *corev1ac.SecretApplyConfiguration {
	return corev1ac.Secret(name, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithType(corev1.SecretTypeOpaque).
		WithImmutable(true).
		WithData(map[string][]byte{key: random})
}
