package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// QueueSpec says when the queue is open, who serves it, and what happens while all are busy.
// +kubebuilder:validation:XValidation:rule="!has(self.distribution) || !has(self.distribution.strategy) || self.distribution.strategy != 'SkillsThenLeastBusy' || has(self.distribution.requiredSkills) || (has(self.issues) && self.issues.exists(i, has(i.requiredSkills)))",message="strategy SkillsThenLeastBusy needs skills to look for; add distribution.requiredSkills, or requiredSkills of an issue, or set strategy to LeastBusy"
// +kubebuilder:validation:XValidation:rule="!has(self.retention) || self.retention.deleteAfterDays == 0 || !has(self.thresholds) || !has(self.thresholds.closeAfterIdleSeconds) || self.retention.deleteAfterDays * 86400 >= self.thresholds.closeAfterIdleSeconds",message="a customer may be silent for longer than conversations are kept; raise retention.deleteAfterDays or lower thresholds.closeAfterIdleSeconds"
type QueueSpec struct {
	// displayName is what customers and agents read; the resource's name when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// scheduleRef names the Schedule by which the queue opens and closes. Absent: always open.
	// +optional
	ScheduleRef *LocalRef `json:"scheduleRef,omitempty"`

	// teamRefs names the Teams whose members serve the queue. Without one nobody does.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	TeamRefs []LocalRef `json:"teamRefs,omitempty"`

	// whenBusy says what is offered to customers while no agent is free.
	// +optional
	// +kubebuilder:default={}
	WhenBusy WhenBusy `json:"whenBusy,omitzero"`

	// distribution says how a waiting customer gets to an agent.
	// +optional
	// +kubebuilder:default={}
	Distribution Distribution `json:"distribution,omitzero"`

	// priority of the queue among those that an agent serves: customers of the higher come first.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=-100
	// +kubebuilder:validation:Maximum=100
	Priority int32 `json:"priority,omitempty"`

	// waitingRules are what happens to customers who wait for long.
	// +optional
	// +listType=map
	// +listMapKey=afterSeconds
	// +listMapKey=action
	// +kubebuilder:validation:MaxItems=16
	WaitingRules []WaitingRule `json:"waitingRules,omitempty"`

	// transferTargets bounds to whom conversations of the queue may be handed. Absent: to any.
	// +optional
	TransferTargets *TransferTargets `json:"transferTargets,omitempty"`

	// issues that customers choose from in the submission form of a Channel, in this order.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Issues []Issue `json:"issues,omitempty"`

	// features that may be switched off.
	// +optional
	// +kubebuilder:default={}
	Features Features `json:"features,omitzero"`

	// secureMetadata says what becomes of facts that a site seals about its signed-in customers:
	// Optional shows them to agents, Required takes no customer without, Ignore keeps them nowhere.
	// +optional
	// +kubebuilder:default=Optional
	SecureMetadata SecureMetadata `json:"secureMetadata,omitempty"`

	// thresholds are the queue's time limits.
	// +optional
	// +kubebuilder:default={}
	Thresholds Thresholds `json:"thresholds,omitzero"`

	// retention of the queue's conversations. Absent: that of the Desk; without one they are kept.
	// +optional
	Retention *Retention `json:"retention,omitempty"`

	// manualSwitch says who may open and close the queue by hand in the console: all members of its
	// teams, or only their admins.
	// +optional
	// +kubebuilder:default=Members
	ManualSwitch ManualSwitch `json:"manualSwitch,omitempty"`

	// override opens or closes the queue by hand, whatever its schedule says. It is not meant for
	// Git: apply it with a field manager of its own that does not begin with "kubectl".
	// +optional
	Override *Override `json:"override,omitempty"`
}

// WhenBusy says what happens while no agent is free.
// +kubebuilder:validation:XValidation:rule="!has(self.capacity) || self.offer == 'Queue'",message="capacity counts waiting places and so needs offer: Queue; set offer to Queue or remove capacity"
type WhenBusy struct {
	// offer: Nothing offers the chat only while an agent is free; Queue lets customers wait.
	// +optional
	// +kubebuilder:default=Nothing
	Offer BusyOffer `json:"offer,omitempty"`

	// capacity bounds how many may wait. Absent with offer Queue: no bound.
	// +optional
	Capacity *Capacity `json:"capacity,omitempty"`
}

// BusyOffer is what customers are offered while no agent is free.
// +kubebuilder:validation:Enum=Nothing;Queue
type BusyOffer string

// The two offers.
const (
	OfferNothing BusyOffer = "Nothing"
	OfferQueue   BusyOffer = "Queue"
)

// SecureMetadata says what becomes of secure metadata. (Feature C9.)
// +kubebuilder:validation:Enum=Ignore;Optional;Required
type SecureMetadata string

// The three answers.
const (
	SecureIgnore   SecureMetadata = "Ignore"
	SecureOptional SecureMetadata = "Optional"
	SecureRequired SecureMetadata = "Required"
)

// Capacity is the number of places to wait in.
type Capacity struct {
	// mode: Fixed counts places for the whole queue, PerOnlineAgent for each agent who is online.
	// +required
	Mode CapacityMode `json:"mode"`
	// places to wait in, in the unit of mode.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Places int32 `json:"places"`
}

// CapacityMode is what Capacity.places counts.
// +kubebuilder:validation:Enum=Fixed;PerOnlineAgent
type CapacityMode string

// The two modes.
const (
	CapacityFixed          CapacityMode = "Fixed"
	CapacityPerOnlineAgent CapacityMode = "PerOnlineAgent"
)

// Thresholds are time limits, in seconds, and what follows from them.
// +kubebuilder:validation:XValidation:rule="!has(self.soonOverdueSeconds) || !has(self.overdueSeconds) || self.soonOverdueSeconds < self.overdueSeconds",message="soonOverdueSeconds (180 when absent) must be less than overdueSeconds (300 when absent); lower the first or raise the second"
type Thresholds struct {
	// agentLostSeconds: an agent's connection lost for this long puts the agent's conversations back
	// into the line, at their times of arrival.
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=3600
	AgentLostSeconds int32 `json:"agentLostSeconds,omitempty"`
	// customerLostSeconds: a waiting customer whose connection is lost for this long leaves the line.
	// +optional
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=3600
	CustomerLostSeconds int32 `json:"customerLostSeconds,omitempty"`
	// closeAfterIdleSeconds: a conversation in which the customer wrote nothing for this long is
	// closed.
	// +optional
	// +kubebuilder:default=86400
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=2592000
	CloseAfterIdleSeconds int32 `json:"closeAfterIdleSeconds,omitempty"`
	// soonOverdueSeconds: a customer's message without an answer for this long makes the
	// conversation soon overdue. Less than overdueSeconds.
	// +optional
	// +kubebuilder:default=180
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2592000
	SoonOverdueSeconds int32 `json:"soonOverdueSeconds,omitempty"`
	// overdueSeconds: a customer's message without an answer for this long makes the conversation
	// overdue.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2592000
	OverdueSeconds int32 `json:"overdueSeconds,omitempty"`
	// clock that counts for the two above: WallClock, or OpeningHours, which stands still while the
	// queue is closed.
	// +optional
	// +kubebuilder:default=WallClock
	Clock Clock `json:"clock,omitempty"`
	// agentLost says where conversations go whose agent's connection was lost for agentLostSeconds:
	// ReturnToQueue puts them back into the line, KeepPending keeps them for that agent.
	// +optional
	// +kubebuilder:default=ReturnToQueue
	AgentLost AgentLost `json:"agentLost,omitempty"`
	// idleAfterSeconds: a conversation in which the customer was silent for this long is idle.
	// +optional
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2592000
	IdleAfterSeconds int32 `json:"idleAfterSeconds,omitempty"`
	// idle says whether idle conversations count against the agent's limit: Count or DoNotCount.
	// +optional
	// +kubebuilder:default=Count
	Idle IdleCounting `json:"idle,omitempty"`
}

// Clock is how the time to an answer is counted.
// +kubebuilder:validation:Enum=WallClock;OpeningHours
type Clock string

// The two clocks.
const (
	WallClock    Clock = "WallClock"
	OpeningHours Clock = "OpeningHours"
)

// AgentLost is where the conversations of an agent go whose connection was lost. (Feature R14.)
// +kubebuilder:validation:Enum=ReturnToQueue;KeepPending
type AgentLost string

// The two ways.
const (
	LostToQueue   AgentLost = "ReturnToQueue"
	LostToPending AgentLost = "KeepPending"
)

// IdleCounting says whether an idle conversation counts against its agent's limit.
// +kubebuilder:validation:Enum=Count;DoNotCount
type IdleCounting string

// The two answers.
const (
	IdleCounts IdleCounting = "Count"
	IdleFree   IdleCounting = "DoNotCount"
)

// ManualSwitch says who may open and close a queue by hand.
// +kubebuilder:validation:Enum=Members;Admins
type ManualSwitch string

// The two answers.
const (
	SwitchMembers ManualSwitch = "Members"
	SwitchAdmins  ManualSwitch = "Admins"
)

// Override is an opening or closing by hand. It is atomic: whoever applies it owns all of it, so
// that two owners cannot mix theirs. One whose until has passed is inert. (Feature Q2.)
// +structType=atomic
type Override struct {
	// state to hold.
	// +required
	State OpenState `json:"state"`
	// until is the moment from which the schedule decides again. Absent: until the override is
	// removed.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
	// reason, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`
	// by tells who did it, as stated by whoever wrote it. Absent: the field manager is named.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	By string `json:"by,omitempty"`
}

// QueueStatus is the queue as its runtime last reported it.
type QueueStatus struct {
	// observedGeneration is the generation of the spec that the rest of the status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// state in force now. Absent until the runtime has told it.
	// +optional
	State OpenState `json:"state,omitempty"`
	// stateCause: AlwaysOpen, Schedule, Exception, Holiday, ScheduleSuspended, Override or
	// ScheduleMissing.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	StateCause string `json:"stateCause,omitempty"`
	// stateDetail names the exception or holiday, or who opened or closed and why.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	StateDetail string `json:"stateDetail,omitempty"`
	// stateSince is when the state last changed.
	// +optional
	StateSince *metav1.Time `json:"stateSince,omitempty"`
	// nextChange is when the state will change by itself. Absent: not within two years.
	// +optional
	NextChange *NextChange `json:"nextChange,omitempty"`
	// availability is what a channel offers a new customer now.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Availability string `json:"availability,omitempty"`
	// waiting counts the customers in the line. Refreshed at most every 15 s, but at once between
	// none and some; live figures are on the agents' console.
	// +optional
	Waiting *int32 `json:"waiting,omitempty"`
	// longestWaitSeconds is how long the first in line has waited; to 15 s in the first minute, to a
	// minute in the first hour, to five minutes after it.
	// +optional
	LongestWaitSeconds *int64 `json:"longestWaitSeconds,omitempty"`
	// inService counts conversations with an agent.
	// +optional
	InService *int32 `json:"inService,omitempty"`
	// inactive counts contact forms, and conversations whose customer left before an agent came.
	// +optional
	Inactive *int32 `json:"inactive,omitempty"`
	// placesLeft counts how many more may wait. Absent: no bound.
	// +optional
	PlacesLeft *int32 `json:"placesLeft,omitempty"`
	// agents counts those who serve the queue.
	// +optional
	Agents *AgentFigures `json:"agents,omitempty"`
	// conditions: Accepted, ResolvedRefs, Programmed, Overridden and Ready; OverflowLoop, Reconciling
	// and Stalled only while true. A closed queue is ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// AgentFigures counts agents.
type AgentFigures struct {
	// online agents.
	// +required
	Online int32 `json:"online"`
	// available agents: online and under their limit of conversations.
	// +required
	Available int32 `json:"available"`
}

// Queue is a line of customers and who serves it.
// +kubebuilder:validation:XValidation:rule="!has(self.spec) || !has(self.spec.waitingRules) || self.spec.waitingRules.all(r, !has(r.queueRef) || r.queueRef.name != self.metadata.name)",message="a waiting rule moves customers into the queue where they are; name another queue in its queueRef"
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=usher,shortName=uq
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`,description="Open or Closed, in force now"
// +kubebuilder:printcolumn:name="Cause",type=string,JSONPath=`.status.stateCause`,description="What decided the state"
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waiting`,description="Customers in the line"
// +kubebuilder:printcolumn:name="Longest",type=integer,JSONPath=`.status.longestWaitSeconds`,description="Seconds that the first in line has waited"
// +kubebuilder:printcolumn:name="Agents",type=integer,JSONPath=`.status.agents.online`,description="Agents online"
// +kubebuilder:printcolumn:name="Places",type=integer,JSONPath=`.status.placesLeft`,description="How many more may wait; empty: no bound"
// +kubebuilder:printcolumn:name="Next Change",type=string,JSONPath=`.status.nextChange.summary`,description="When the state changes by itself"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Available",type=integer,JSONPath=`.status.agents.available`,priority=1,description="Agents online and under their limit"
// +kubebuilder:printcolumn:name="In Service",type=integer,JSONPath=`.status.inService`,priority=1,description="Conversations with an agent"
// +kubebuilder:printcolumn:name="Inactive",type=integer,JSONPath=`.status.inactive`,priority=1,description="Contact forms, and customers who left before an agent came"
// +kubebuilder:printcolumn:name="Schedule",type=string,JSONPath=`.spec.scheduleRef.name`,priority=1
// +kubebuilder:printcolumn:name="Detail",type=string,JSONPath=`.status.stateDetail`,priority=1
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
type Queue struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is the wish.
	// +optional
	// +kubebuilder:default={}
	Spec QueueSpec `json:"spec,omitzero"`
	// status is what is.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status QueueStatus `json:"status,omitzero"`
}

// QueueList is a list of queues.
// +kubebuilder:object:root=true
type QueueList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Queue `json:"items"`
}
