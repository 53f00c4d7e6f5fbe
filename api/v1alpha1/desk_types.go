package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DeskSpec is what belongs to the whole desk. Without a Desk the defaults serve.
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || self.replicas == 1 || has(self.store) && has(self.store.postgres)",message="several pods need a database they share: set spec.store.postgres, or replicas: 1"
// +kubebuilder:validation:XValidation:rule="!has(self.autoscaling) || has(self.store) && has(self.store.postgres)",message="several pods need a database they share: set spec.store.postgres, or remove spec.autoscaling"
// +kubebuilder:validation:XValidation:rule="!has(self.autoscaling) || !has(self.replicas)",message="autoscaling chooses the number of pods: remove spec.replicas, or spec.autoscaling"
// +kubebuilder:validation:XValidation:rule="!has(self.autoscaling) || !has(self.autoscaling.targetCPUUtilizationPercentage) || !has(self.resources) || !has(self.resources.requests) || has(self.resources.requests.cpu)",message="autoscaling by CPU is measured against what the pods request: set spec.resources.requests.cpu, or remove targetCPUUtilizationPercentage"
type DeskSpec struct {
	// displayName is shown in the console; the namespace when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// publicURL is how people reach the desk: scheme, host and port, no path. With https its
	// cookies are Secure. Absent: whatever host a request names.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$`
	PublicURL string `json:"publicURL,omitempty"`

	// retention of conversations of queues that have none of their own. Absent: they are kept.
	// +optional
	Retention *Retention `json:"retention,omitempty"`

	// service is how the desk is reachable in and around the cluster.
	// +optional
	// +kubebuilder:default={}
	Service DeskService `json:"service,omitzero"`

	// store of the ledger. Absent: SQLite on a volume, and one pod. A desk that has a history is not moved
	// by changing this alone: that is told by the reason MigrationNeeded.
	// +optional
	Store DeskStore `json:"store,omitzero"`

	// replicas is the number of pods. More than one needs store.postgres. Absent: one, or what
	// autoscaling chooses.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	Replicas *int32 `json:"replicas,omitempty"`

	// autoscaling chooses the number of pods by load, in place of replicas. It needs store.postgres.
	// +optional
	Autoscaling *DeskAutoscaling `json:"autoscaling,omitempty"`

	// storage of a ledger in SQLite. A volume that is there is never exchanged: asking for another one
	// then is told by the reason StorageFixed. Without meaning with store.postgres.
	// +optional
	// +kubebuilder:default={}
	Storage DeskStorage `json:"storage,omitzero"`

	// resources of the runtime's container.
	// +optional
	// +kubebuilder:default={}
	Resources DeskResources `json:"resources,omitzero"`
}

// DeskService is the Service usher of the namespace, port 80.
// +kubebuilder:validation:XValidation:rule="!has(self.nodePort) || self.type == 'NodePort'",message="nodePort needs type: NodePort; set the type or remove nodePort"
type DeskService struct {
	// type of the Service.
	// +optional
	// +kubebuilder:default=ClusterIP
	Type ServiceType `json:"type,omitempty"`
	// nodePort to use with type NodePort. Absent: the cluster chooses.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	NodePort *int32 `json:"nodePort,omitempty"`
	// trustedProxies are networks of the proxies that stand before the Service, such as an ingress: what
	// they write into X-Forwarded-For says where people come from, which limits who tries wrong session
	// keys. Absent: the address of the connection counts.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.all(c, isCIDR(c))",message="an entry is no network; write each as address/bits, such as 10.20.0.0/24"
	TrustedProxies []string `json:"trustedProxies,omitempty"`
}

// ServiceType is the type of a Service.
// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
type ServiceType string

// The three types.
const (
	ServiceClusterIP    ServiceType = "ClusterIP"
	ServiceNodePort     ServiceType = "NodePort"
	ServiceLoadBalancer ServiceType = "LoadBalancer"
)

// DeskStorage is the volume of the ledger.
type DeskStorage struct {
	// size of the volume, such as 10Gi.
	// +optional
	// +kubebuilder:default="10Gi"
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,6}(Mi|Gi|Ti)$`
	Size string `json:"size,omitempty"`
	// storageClassName; the cluster's default class when absent.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	StorageClassName *string `json:"storageClassName,omitempty"`
}

// DeskResources are the requests and limits of the runtime's container.
type DeskResources struct {
	// requests are what the scheduler reserves.
	// +optional
	// +kubebuilder:default={cpu: "100m", memory: "128Mi"}
	Requests ComputeAmounts `json:"requests,omitzero"`
	// limits are what the container may use at most. Absent: no limit.
	// +optional
	Limits *ComputeAmounts `json:"limits,omitempty"`
}

// ComputeAmounts is processor time and memory.
type ComputeAmounts struct {
	// cpu in cores, such as 500m.
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory in bytes, such as 512Mi.
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// DeskStatus is what is known of the desk's runtime.
type DeskStatus struct {
	// observedGeneration is the generation of the spec that the rest of the status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// url at which the desk is reachable: publicURL, or the Service's name in the cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	URL string `json:"url,omitempty"`
	// version of the settings that the runtime applied last.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Version string `json:"version,omitempty"`
	// image that the runtime is meant to run.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`
	// queues counts the desk's queues.
	// +optional
	Queues *int32 `json:"queues,omitempty"`
	// store that the desk runs on, whatever the spec wishes.
	// +optional
	Store StoreKind `json:"store,omitempty"`
	// replicas is how many pods there should be now.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// readyReplicas is how many of them are ready.
	// +optional
	ReadyReplicas *int32 `json:"readyReplicas,omitempty"`
	// leader is the pod that decides, as the runtime reports it.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Leader string `json:"leader,omitempty"`
	// conditions: Accepted, Programmed and Ready; Reconciling and Stalled only while true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// DeskName is the only name that a Desk may have.
const DeskName = "default"

// Desk is optional and holds what belongs to none of the other kinds.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=usher,shortName=udesk
// +kubebuilder:validation:XValidation:rule="self.metadata.name == 'default'",message="a namespace has one Desk and it is named default; rename it"
// +kubebuilder:printcolumn:name="Queues",type=integer,JSONPath=`.status.queues`
// +kubebuilder:printcolumn:name="Store",type=string,JSONPath=`.status.store`
// +kubebuilder:printcolumn:name="Pods",type=integer,JSONPath=`.status.replicas`
// +kubebuilder:printcolumn:name="Pods Ready",type=integer,JSONPath=`.status.readyReplicas`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Leader",type=string,JSONPath=`.status.leader`,priority=1
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`,priority=1
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.status.image`,priority=1
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
type Desk struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is the wish.
	// +optional
	// +kubebuilder:default={}
	Spec DeskSpec `json:"spec,omitzero"`
	// status is what is.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status DeskStatus `json:"status,omitzero"`
}

// DeskList is a list of desks.
// +kubebuilder:object:root=true
type DeskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Desk `json:"items"`
}
