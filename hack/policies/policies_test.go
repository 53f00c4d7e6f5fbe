// Package policies holds what is tried with an evaluator of NetworkPolicies that is not ours. It is a module of its own:
// what it needs is no concern of the product.
package policies

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Labels and ports as controllers/specs has them; that they are in the policies is what is tested.
const (
	portHTTP    = 8080
	portOps     = 9090
	portControl = 8443
	portPeer    = 7443

	labelDesk    = "usher.chat/desk"
	labelMetrics = "usher.chat/metrics"
)

func desk(namespace string) map[string]string {
	return map[string]string{"app.kubernetes.io/name": "usher", "app.kubernetes.io/component": "runtime", labelDesk: namespace}
}

// policiesIn are the policies in a file; those that name no namespace are of the one that is given.
func policiesIn(t *testing.T, namespace string, path ...string) (list []*networkingv1.NetworkPolicy) {
	t.Helper()
	file := filepath.Join(append([]string{"..", ".."}, path...)...)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(data), "---\n") {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(part), &kind); err != nil {
			t.Fatal(err)
		}
		if kind.Kind != "NetworkPolicy" {
			continue
		}
		p := &networkingv1.NetworkPolicy{}
		if err := yaml.UnmarshalStrict([]byte(part), p); err != nil {
			t.Fatal(err)
		}
		p.Namespace = cmp.Or(p.Namespace, namespace)
		list = append(list, p)
	}
	if len(list) == 0 {
		t.Fatalf("%s has no NetworkPolicy", file)
	}
	return list
}

// The addresses of what is not chosen by labels.
const (
	addressPods     = "10.244.1.7"
	addressDatabase = "10.20.0.9" // within the network that the desk on PostgreSQL names
	addressNextToIt = "10.20.1.9"
	addressCustomer = "203.0.113.7"
)

func podIn(namespace string, labels map[string]string) *matcher.TrafficPeer {
	of := map[string]string{corev1.LabelMetadataName: namespace}
	if namespace == "monitoring" {
		of[labelMetrics] = "true"
	}
	return &matcher.TrafficPeer{IP: addressPods, Internal: &matcher.InternalPeer{Namespace: namespace, NamespaceLabels: of, PodLabels: labels}}
}

func machine(address string) *matcher.TrafficPeer { return &matcher.TrafficPeer{IP: address} }

// TestThePoliciesLetPassWhatADeskNeedsAndNothingElse asks an evaluator of policies that is not ours, with the policies
// of three desks, the tenants' own that lets nothing pass, the operator's and the sample database's in force together
// (X8). Policies see the port of the pod behind a Service.
func TestThePoliciesLetPassWhatADeskNeedsAndNothingElse(t *testing.T) {
	policies := slices.Concat(
		policiesIn(t, "", "controllers", "specs", "testdata", "policies.yaml"),
		policiesIn(t, "", "config", "manager", "network_policy.yaml"),
		policiesIn(t, "moving", "config", "samples-postgres", "database.yaml"),
		policiesIn(t, "acme", "config", "samples", "tenant", "network_policy.yaml"),
		policiesIn(t, "globex", "config", "samples", "tenant", "network_policy.yaml"),
		policiesIn(t, "moving", "config", "samples", "tenant", "network_policy.yaml"),
	)
	rules := matcher.BuildNetworkPolicies(false, policies)

	var (
		acmeDesk   = podIn("acme", desk("acme"))
		globexDesk = podIn("globex", desk("globex"))
		movingDesk = podIn("moving", desk("moving"))
		// A pod that wears the labels of another desk.
		dressedUp = podIn("acme", desk("globex"))
		acmeApp   = podIn("acme", map[string]string{"app.kubernetes.io/name": "shop"})
		globexApp = podIn("globex", map[string]string{"app.kubernetes.io/name": "shop"})
		database  = podIn("moving", map[string]string{"app.kubernetes.io/name": "database"})
		databases = podIn("databases", map[string]string{"app": "postgres"})
		operator  = podIn("usher-system", map[string]string{"app.kubernetes.io/name": "usher", "app.kubernetes.io/component": "operator"})
		scraper   = podIn("monitoring", map[string]string{"app.kubernetes.io/name": "prometheus"})
		names     = podIn("kube-system", map[string]string{"k8s-app": "kube-dns"})
		ingress   = podIn("ingress", map[string]string{"app": "ingress"})
		customer  = machine(addressCustomer)
	)
	const portPostgres, portNames, portNamesBehind, portHTTPS = 5432, 53, 5353, 443
	for _, c := range []struct {
		what     string
		from, to *matcher.TrafficPeer
		port     int
		protocol corev1.Protocol
		passes   bool
	}{
		{"a customer, to a desk on SQLite", customer, acmeDesk, portHTTP, corev1.ProtocolTCP, true},
		{"an ingress, to a desk on PostgreSQL", ingress, globexDesk, portHTTP, corev1.ProtocolTCP, true},
		{"the operator, to the control port", operator, acmeDesk, portControl, corev1.ProtocolTCP, true},
		{"the operator, to the control port of the other", operator, globexDesk, portControl, corev1.ProtocolTCP, true},
		{"a scraper, to a desk", scraper, globexDesk, portOps, corev1.ProtocolTCP, true},
		{"a scraper, to the operator", scraper, operator, portOps, corev1.ProtocolTCP, true},
		{"a desk's pod, to another of the desk", globexDesk, globexDesk, portPeer, corev1.ProtocolTCP, true},
		{"a desk, to its database by network", globexDesk, machine(addressDatabase), 5433, corev1.ProtocolTCP, true},
		{"a desk, to its database by namespace", globexDesk, databases, 5433, corev1.ProtocolTCP, true},
		{"a desk that moves, to its database", movingDesk, database, portPostgres, corev1.ProtocolTCP, true},
		{"a desk on PostgreSQL, asking for a name", globexDesk, names, portNames, corev1.ProtocolUDP, true},
		{"a desk on PostgreSQL, asking for a long name", globexDesk, names, portNames, corev1.ProtocolTCP, true},
		{"a desk on PostgreSQL, where names are served behind another port", globexDesk, names, portNamesBehind, corev1.ProtocolUDP, true},
		{"the same for a long name", globexDesk, names, portNamesBehind, corev1.ProtocolTCP, true},

		{"a customer, to the control port", customer, acmeDesk, portControl, corev1.ProtocolTCP, false},
		{"another tenant's desk, to the control port", globexDesk, acmeDesk, portControl, corev1.ProtocolTCP, false},
		{"another pod of the tenant, to the control port", acmeApp, acmeDesk, portControl, corev1.ProtocolTCP, false},
		{"another tenant's pod, to the metrics", globexApp, acmeDesk, portOps, corev1.ProtocolTCP, false},
		{"a customer, to the metrics", customer, globexDesk, portOps, corev1.ProtocolTCP, false},
		{"another tenant's desk, to the port between pods", acmeDesk, globexDesk, portPeer, corev1.ProtocolTCP, false},
		{"a pod in another namespace with the desk's labels, to the port between pods", dressedUp, globexDesk, portPeer, corev1.ProtocolTCP, false},
		{"another pod of the tenant, to the port between pods", globexApp, globexDesk, portPeer, corev1.ProtocolTCP, false},
		{"a desk's pod, to the port between pods of a desk on SQLite", acmeDesk, acmeDesk, portPeer, corev1.ProtocolTCP, false},
		{"a desk on SQLite, to a database", acmeDesk, machine(addressDatabase), portPostgres, corev1.ProtocolTCP, false},
		{"a desk on SQLite, to a customer's machine", acmeDesk, customer, portHTTPS, corev1.ProtocolTCP, false},
		{"a desk on SQLite, asking for a name", acmeDesk, names, portNames, corev1.ProtocolUDP, false},
		{"a desk, to another network", globexDesk, machine(addressNextToIt), 5433, corev1.ProtocolTCP, false},
		{"a desk, to another port of its database", globexDesk, machine(addressDatabase), 22, corev1.ProtocolTCP, false},
		{"a desk, to the internet", globexDesk, customer, portHTTPS, corev1.ProtocolTCP, false},
		{"a desk, to another tenant's database", globexDesk, database, portPostgres, corev1.ProtocolTCP, false},
		{"another tenant's desk, to the sample's database", acmeDesk, database, portPostgres, corev1.ProtocolTCP, false},
		{"a pod of another namespace, to the sample's database", databases, database, portPostgres, corev1.ProtocolTCP, false},
		{"a desk, to the operator", globexDesk, operator, portOps, corev1.ProtocolTCP, false},
		{"a customer, to the operator", customer, operator, portControl, corev1.ProtocolTCP, false},
	} {
		name := ""
		if c.to == database {
			name = "postgres"
		}
		found := rules.IsTrafficAllowed(&matcher.Traffic{Source: c.from, Destination: c.to, ResolvedPort: c.port, ResolvedPortName: name, Protocol: c.protocol})
		if got := found.IsAllowed(); got != c.passes {
			t.Errorf("%s (%s %d): it passes: %t, want %t\n%s", c.what, c.protocol, c.port, got, c.passes, found.Table())
		}
	}
}
