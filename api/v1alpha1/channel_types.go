package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ChannelSpec says how customers come in and to which queue.
// +kubebuilder:validation:XValidation:rule="self.type != 'Web' || has(self.web)",message="type Web needs the block web; add web: {} or fill it"
type ChannelSpec struct {
	// type of the channel. Exactly the block of that name is set.
	// +required
	Type ChannelType `json:"type"`

	// displayName is what people read; the resource's name when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// web is chat on a web page; for type Web.
	// +optional
	Web *WebChannel `json:"web,omitempty"`

	// route says where conversations of the channel go.
	// +required
	Route Route `json:"route"`

	// whenUnavailable says what the widget does while the chat is not offered.
	// +optional
	// +kubebuilder:default={}
	WhenUnavailable WhenUnavailable `json:"whenUnavailable,omitzero"`
}

// ChannelType is the kind of a channel.
// +kubebuilder:validation:Enum=Web
type ChannelType string

// ChannelWeb is chat on a web page.
const ChannelWeb ChannelType = "Web"

// WebChannel is chat on a web page.
type WebChannel struct {
	// allowedOrigins are the sites on whose pages the widget may run, such as
	// "https://www.acme.example"; "*" allows any. None: only the channel's hosted page.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^(\*|https?://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?)$`
	AllowedOrigins []string `json:"allowedOrigins,omitempty"`
	// accentColor is the widget's colour as #rrggbb; the product's when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=7
	// +kubebuilder:validation:Pattern=`^#[0-9a-fA-F]{6}$`
	AccentColor string `json:"accentColor,omitempty"`
	// greeting stands above the form.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	Greeting string `json:"greeting,omitempty"`
	// issueQueueRefs name Queues whose issues the submission form lists, after those of
	// route.queueRef.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	IssueQueueRefs []LocalRef `json:"issueQueueRefs,omitempty"`
	// agents: Online lists the Public members of the queue's teams who are online, so that customers
	// may choose one by name; Hidden lists nobody.
	// +optional
	// +kubebuilder:default=Hidden
	Agents AgentList `json:"agents,omitempty"`
	// sessionKeys: whether the page takes the keys that agents give out.
	// +optional
	// +kubebuilder:default=Accepted
	SessionKeys SessionKeys `json:"sessionKeys,omitempty"`
	// targeting are conditions under which the widget shows itself on pages of your own; all must
	// hold. None: always.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Targeting []TargetingRule `json:"targeting,omitempty"`
}

// AgentList says whether a page lists agents by name. (Feature R9.)
// +kubebuilder:validation:Enum=Hidden;Online
type AgentList string

// The two lists.
const (
	AgentListHidden AgentList = "Hidden"
	AgentListOnline AgentList = "Online"
)

// SessionKeys says whether a page takes session keys. (Feature R9.)
// +kubebuilder:validation:Enum=Accepted;Refused
type SessionKeys string

// The two answers.
const (
	SessionKeysAccepted SessionKeys = "Accepted"
	SessionKeysRefused  SessionKeys = "Refused"
)

// Route says where conversations go.
type Route struct {
	// queueRef names the Queue in which customers wait.
	// +required
	QueueRef LocalRef `json:"queueRef"`
}

// WhenUnavailable is what the widget does while the chat is not offered.
type WhenUnavailable struct {
	// action: Message keeps the launcher and tells why, and when it opens; Hide shows nothing;
	// ContactForm takes a message and an address, which are listed among the queue's inactive
	// conversations.
	// +optional
	// +kubebuilder:default=Message
	Action UnavailableAction `json:"action,omitempty"`
	// message is added to what the widget tells.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	Message string `json:"message,omitempty"`
	// busy holds instead while every agent is at the limit, or no place to wait is left.
	// +optional
	Busy *UnavailableState `json:"busy,omitempty"`
	// offline holds instead while no agent is online.
	// +optional
	Offline *UnavailableState `json:"offline,omitempty"`
	// closed holds instead while the queue is closed.
	// +optional
	Closed *UnavailableState `json:"closed,omitempty"`
}

// UnavailableState is what the widget does in one state.
// +kubebuilder:validation:MinProperties=1
type UnavailableState struct {
	// action in this state; whenUnavailable.action when absent.
	// +optional
	Action UnavailableAction `json:"action,omitempty"`
	// message in this state; whenUnavailable.message when absent.
	// +optional
	// +kubebuilder:validation:MaxLength=500
	Message string `json:"message,omitempty"`
}

// UnavailableAction is what the widget does while the chat is not offered.
// +kubebuilder:validation:Enum=Message;Hide;ContactForm
type UnavailableAction string

// The three actions.
const (
	UnavailableMessage     UnavailableAction = "Message"
	UnavailableHide        UnavailableAction = "Hide"
	UnavailableContactForm UnavailableAction = "ContactForm"
)

// ChannelStatus is what is known of the channel.
type ChannelStatus struct {
	// observedGeneration is the generation of the spec that the rest of the status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// url of the hosted page. Only its path while the Desk has no publicURL.
	// +optional
	// +kubebuilder:validation:MaxLength=600
	URL string `json:"url,omitempty"`
	// availability is what the channel offers a new customer now.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Availability string `json:"availability,omitempty"`
	// conditions: Accepted, ResolvedRefs, Programmed and Ready; Reconciling and Stalled only while
	// true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Channel is a way in for customers.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=usher,shortName=uch
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Queue",type=string,JSONPath=`.spec.route.queueRef.name`
// +kubebuilder:printcolumn:name="Availability",type=string,JSONPath=`.status.availability`,description="What a new customer is offered now"
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
type Channel struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is the wish.
	// +required
	Spec ChannelSpec `json:"spec"`
	// status is what is.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ChannelStatus `json:"status,omitzero"`
}

// ChannelList is a list of channels.
// +kubebuilder:object:root=true
type ChannelList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Channel `json:"items"`
}
