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

	// mode: with Collaboration every member sees the team's conversations and may join; with Grab
	// every member is notified, the first to grab has it, and then only that member and the admins
	// see it.
	// +optional
	// +kubebuilder:default=Collaboration
	Mode TeamMode `json:"mode,omitempty"`

	// teamChat is the members' own chat.
	// +optional
	// +kubebuilder:default=Enabled
	TeamChat Switch `json:"teamChat,omitempty"`

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
	// skills of the agent, for queues with the strategy SkillsThenLeastBusy. Those of all teams of
	// the agent count together.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Skills []Skill `json:"skills,omitempty"`
	// listing: customers may choose a Public agent by name, on the pages of Channels that list
	// agents.
	// +optional
	// +kubebuilder:default=Hidden
	Listing Listing `json:"listing,omitempty"`
}

// TeamMode says who sees and joins a team's conversations. (Features R5, R6.)
// +kubebuilder:validation:Enum=Collaboration;Grab
type TeamMode string

// The two modes.
const (
	TeamCollaboration TeamMode = "Collaboration"
	TeamGrab          TeamMode = "Grab"
)

// Listing says whether customers may choose an agent by name. (Feature R9.)
// +kubebuilder:validation:Enum=Hidden;Public
type Listing string

// The two listings.
const (
	ListingHidden Listing = "Hidden"
	ListingPublic Listing = "Public"
)

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
	// agents counts members who are connected, and of these who would get another conversation.
	// Refreshed at most every 15 s, but at once between none and some.
	// +optional
	Agents *AgentFigures `json:"agents,omitempty"`
	// waiting counts the customers in the team's own queue. Refreshed like agents.
	// +optional
	Waiting *int32 `json:"waiting,omitempty"`
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
// +kubebuilder:printcolumn:name="Online",type=integer,JSONPath=`.status.agents.online`,description="Members who are connected"
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`,description="Customers in the team's own queue"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`,priority=1
// +kubebuilder:printcolumn:name="Available",type=integer,JSONPath=`.status.agents.available`,priority=1,description="Members online who would get another conversation"
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
