package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TeamSpec says who is in the team.
type TeamSpec struct {
	// displayName is what people read; the resource's name when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// members are the team's agents. The same name in several teams of a desk is the same agent.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=500
	Members []Member `json:"members,omitempty"`

	// defaults hold for members that say nothing else.
	// +optional
	// +kubebuilder:default={}
	Defaults MemberDefaults `json:"defaults,omitzero"`
}

// Member is one agent of a team.
type Member struct {
	// name of the agent, unique in the desk: lower-case letters, digits and dashes.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// displayName is what customers and other agents read; name when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`
	// subject tells who that is, such as a mail address; it is written into the log.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Subject string `json:"subject,omitempty"`
	// role: an Admin sees and may do all in the team's queues, a Representative serves.
	// +optional
	// +kubebuilder:default=Representative
	Role MemberRole `json:"role,omitempty"`
	// maxConversations at one time. Absent: defaults.maxConversations.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxConversations *int32 `json:"maxConversations,omitempty"`
}

// MemberRole is what a member may do. (Feature R7.)
// +kubebuilder:validation:Enum=Representative;Admin
type MemberRole string

// The two roles.
const (
	RoleRepresentative MemberRole = "Representative"
	RoleAdmin          MemberRole = "Admin"
)

// MemberDefaults hold for members that say nothing else.
type MemberDefaults struct {
	// maxConversations of one agent at one time.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxConversations int32 `json:"maxConversations,omitempty"`
}

// TeamStatus is what is known of the team.
type TeamStatus struct {
	// observedGeneration is the generation of the spec that the rest of the status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// members counts the team's members.
	// +optional
	Members *int32 `json:"members,omitempty"`
	// queues counts the queues that the team serves.
	// +optional
	Queues *int32 `json:"queues,omitempty"`
	// conditions: Accepted, Programmed and Ready; Reconciling and Stalled only while true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Team is a set of agents who serve queues.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=usher,shortName=ut
// +kubebuilder:printcolumn:name="Members",type=integer,JSONPath=`.status.members`
// +kubebuilder:printcolumn:name="Queues",type=integer,JSONPath=`.status.queues`,description="Queues that the team serves"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
type Team struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is the wish.
	// +optional
	// +kubebuilder:default={}
	Spec TeamSpec `json:"spec,omitzero"`
	// status is what is.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status TeamStatus `json:"status,omitzero"`
}

// TeamList is a list of teams.
// +kubebuilder:object:root=true
type TeamList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Team `json:"items"`
}
