// Package specs builds the objects of one desk's workload. Every function is pure: the same input
// gives the same object, which is then applied as it is.
//
//	in := specs.Input{Namespace: "acme", Image: "usher:1.0", OperatorNamespace: "usher-system"}
//	set := specs.StatefulSet(in)
//
// The runtime is a StatefulSet of one pod with SQLite on a volume, or, with a database, a Deployment
// of stateless pods:
//
//	in.Desk.Store.Postgres = &v1alpha1.PostgresStore{SecretRef: v1alpha1.LocalRef{Name: "usher-pg-app"}}
//	deployment := specs.Deployment(in)
//
// The objects hang on the ServiceAccount usher-runtime by owner references: when the operator
// deletes it, because the namespace's last Queue is gone, the garbage collector takes the rest. Three
// things stay, for the next Queue to find: the claim with the ledger, and the Secrets usher-keys and
// usher-sign-in, without which open sessions would end. A namespace that is deleted takes
// everything along, with the operator up or down. (Features K2, X5.)
package specs

import (
	"usher.chat/api/v1alpha1"

	"k8s.io/apimachinery/pkg/types"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

// Names of the objects in the namespace of a desk.
const (
	Workload       = "usher"          // StatefulSet or Deployment, autoscaler, Service, PodDisruptionBudget, NetworkPolicy
	ServiceAccount = "usher-runtime"  // on which the others hang
	ControlService = "usher-control"  // headless Service of the control port
	SecretCA       = "usher-ca"       // the desk's authority
	SecretControl  = "usher-control"  // the runtime's serving certificate
	SecretOperator = "usher-operator" // the operator's client certificate
	SecretPeer     = "usher-peer"     // with which the pods of a desk know each other
	SecretViewer   = "usher-viewer"   // a client certificate that may read, for kubectl
	SecretKeys     = "usher-keys"     // the keys that sign sessions
	SecretSignIn   = "usher-sign-in"  // the keys that sign agents' sign-in links
	SecretMetadata = "usher-metadata" // the keys of secure metadata; made by people, or not there
	Claim          = "data-usher-0"   // the volume with the ledger
)

// Keys of the random Secrets, each of RandomBytes bytes. What has KeyOldSuffix beside it is accepted
// too, but signs nothing: the one before, while keys are being exchanged, or the one to come.
const (
	KeySession   = "session"
	KeySignIn    = "key"
	KeyOldSuffix = "-old"
	RandomBytes  = 32
)

// Ports of the runtime's container, and of the Service usher.
const (
	PortHTTP    = 8080
	PortOps     = 9090
	PortControl = 8443
	PortPeer    = 7443 // between the pods of a desk
	PortService = 80
)

// DefaultStorage is the size of the ledger's volume without a Desk.
const DefaultStorage = "10Gi"

// Input is what the workload of one desk depends on.
type Input struct {
	// Namespace is the desk.
	Namespace string
	// Image of the runtime.
	Image string
	// OperatorNamespace is where the operator runs; only from there the control port is reached.
	OperatorNamespace string
	// Owner is the uid of the ServiceAccount on which the objects hang.
	Owner types.UID
	// Desk is the Desk's spec; its zero value without one.
	Desk v1alpha1.DeskSpec
	// Scaled says that somebody else, an autoscaler, sets the number of the Deployment's pods by now.
	Scaled bool
	// Opening says that SQLite is still in use while the Desk wishes for this database: pods may reach
	// it already, to move there.
	Opening *v1alpha1.PostgresStore
	// Storage that the StatefulSet has, which cannot be changed; nil when there is none yet.
	Storage *v1alpha1.DeskStorage
}

// PeerName is what the certificate of a desk's pods is for, as servers and as clients of each other.
// (docs/adr/0013-several-pods.md)
func PeerName(namespace string) string { return namespace + ".peers.usher.chat" }

// Labels of every object of a desk.
func Labels(namespace string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      "usher",
		"app.kubernetes.io/component": "runtime",
		v1alpha1.LabelManagedBy:       v1alpha1.ManagedBy,
		v1alpha1.LabelDesk:            namespace,
	}
}

// selector is a subset of Labels that never changes.
func selector(namespace string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      "usher",
		"app.kubernetes.io/component": "runtime",
		v1alpha1.LabelDesk:            namespace,
	}
}

func owner(in Input) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion("v1").
		WithKind("ServiceAccount").
		WithName(ServiceAccount).
		WithUID(in.Owner)
}
