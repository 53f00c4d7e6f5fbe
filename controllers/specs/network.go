package specs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
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

// DisruptionBudget lets a node drain: with one pod any stricter budget would stop it for ever, and so
// would pods that do not become ready, if they counted.
func DisruptionBudget(in Input) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(labelSelector(in)))
}

// NetworkPolicy lets people in from anywhere, the operator to the control port, and scrapers to the
// metrics. Pods on SQLite reach nothing. Those with a database reach it and the cluster's names, and
// each other and nobody else on the port between pods. Probes come from the node and are not subject
// to it.
func NetworkPolicy(in Input) *networkingv1ac.NetworkPolicyApplyConfiguration {
	spec := networkingv1ac.NetworkPolicySpec().
		WithPodSelector(labelSelector(in)).
		WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
		WithIngress(
			networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(PortHTTP)),
			networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(PortControl)).
				WithFrom(fromNamespaces(corev1.LabelMetadataName, in.OperatorNamespace)),
			networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(PortOps)).
				WithFrom(fromNamespaces(v1alpha1.LabelMetrics, "true")))
	if in.Desk.Store.Postgres != nil {
		// Without a namespace a peer is of this one.
		pods := networkingv1ac.NetworkPolicyPeer().WithPodSelector(labelSelector(in))
		spec.WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(PortPeer)).WithFrom(pods)).
			WithEgress(networkingv1ac.NetworkPolicyEgressRule().WithPorts(policyPort(PortPeer)).WithTo(pods))
	}
	if store := cmp.Or(in.Desk.Store.Postgres, in.Opening); store != nil {
		spec.WithEgress(toDatabase(store.Network), toNames())
	}
	return networkingv1ac.NetworkPolicy(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(spec)
}

func toDatabase(n v1alpha1.PostgresNetwork) *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	rule := networkingv1ac.NetworkPolicyEgressRule().WithPorts(policyPort(cmp.Or(n.Port, defaultPostgres)))
	for _, cidr := range n.CIDRs {
		rule.WithTo(networkingv1ac.NetworkPolicyPeer().WithIPBlock(networkingv1ac.IPBlock().WithCIDR(cidr)))
	}
	for _, namespace := range n.Namespaces {
		rule.WithTo(fromNamespaces(corev1.LabelMetadataName, namespace))
	}
	return rule
}

// toNames lets the pods ask for the database's address. Where the cluster's names are served differs, so
// the ports are open towards everywhere. A policy sees the port of the pods behind the Service: 53 as a rule,
// 5353 where they run without the right to open a low port, as on OpenShift.
func toNames() *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	rule := networkingv1ac.NetworkPolicyEgressRule()
	for _, port := range []int32{portNames, portNamesUnprivileged} {
		rule.WithPorts(policyPort(port), policyPort(port).WithProtocol(corev1.ProtocolUDP))
	}
	return rule
}

// Ports of others.
const (
	defaultPostgres       = 5432
	portNames             = 53
	portNamesUnprivileged = 5353
)

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

// RandomSecret holds a key that must never be made anew while it is there; it hangs on nothing. It is
// not immutable, so that a person can exchange the key, and the pods see the files change. It is to be
// applied under [RandomManager], without force: then whoever comes second, be it another operator at
// the same moment, is refused and does not exchange it.
func RandomSecret(in Input, name, key string, random []byte) *corev1ac.SecretApplyConfiguration {
	return corev1ac.Secret(name, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithType(corev1.SecretTypeOpaque).
		WithData(map[string][]byte{key: random})
}

// RandomManager is the field manager of a random key: one of its own for each.
func RandomManager(random []byte) string {
	sum := sha256.Sum256(random)
	return v1alpha1.FieldManagerOperator + "-" + hex.EncodeToString(sum[:8])
}
