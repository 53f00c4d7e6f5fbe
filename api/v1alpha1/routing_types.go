package v1alpha1

// Distribution says how a waiting customer gets to an agent. (Features R3, R4.)
// +kubebuilder:validation:XValidation:rule="!has(self.strategy) || self.mode == 'Automatic'",message="strategy chooses to whom the desk offers a customer and so needs mode: Automatic; set mode to Automatic or remove strategy"
// +kubebuilder:validation:XValidation:rule="!has(self.requiredSkills) || (has(self.strategy) && self.strategy == 'SkillsThenLeastBusy')",message="only the strategy SkillsThenLeastBusy looks at requiredSkills; set strategy to it or remove requiredSkills"
type Distribution struct {
	// mode: Manual lets agents pick, Automatic has the desk offer customers to agents.
	// +optional
	// +kubebuilder:default=Manual
	Mode DistributionMode `json:"mode,omitempty"`
	// strategy by which one of the free agents is chosen, for mode Automatic; Random when absent.
	// +optional
	Strategy Strategy `json:"strategy,omitempty"`
	// offerTimeoutSeconds: an offer that an agent does not accept within this time goes to the next
	// one, or back to the line at its time of arrival.
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=300
	OfferTimeoutSeconds int32 `json:"offerTimeoutSeconds,omitempty"`
	// requiredSkills for the strategy SkillsThenLeastBusy, the most important first: when no free
	// agent has all, the last one is dropped, and so on.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a == b))",message="a skill stands twice; remove one"
	RequiredSkills []Skill `json:"requiredSkills,omitempty"`
}

// DistributionMode says who chooses: agents or the desk.
// +kubebuilder:validation:Enum=Manual;Automatic
type DistributionMode string

// The two modes.
const (
	DistributionManual    DistributionMode = "Manual"
	DistributionAutomatic DistributionMode = "Automatic"
)

// Strategy chooses one of the free agents.
// +kubebuilder:validation:Enum=Random;LeastBusy;LongestIdle;RoundRobin;SkillsThenLeastBusy
type Strategy string

// The five strategies.
const (
	StrategyRandom              Strategy = "Random"
	StrategyLeastBusy           Strategy = "LeastBusy"
	StrategyLongestIdle         Strategy = "LongestIdle"
	StrategyRoundRobin          Strategy = "RoundRobin"
	StrategySkillsThenLeastBusy Strategy = "SkillsThenLeastBusy"
)

// Skill is something that an agent can do: lower-case letters, digits and dashes.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
type Skill string

// WaitingRule acts on customers who have waited for long. (Feature R13.)
// +kubebuilder:validation:XValidation:rule="self.action != 'Move' || has(self.queueRef)",message="action Move needs to know where to; add queueRef with the name of another queue"
// +kubebuilder:validation:XValidation:rule="self.action != 'Alert' || !has(self.queueRef)",message="action Alert moves nobody; remove queueRef or set action to Move"
type WaitingRule struct {
	// afterSeconds since the customer's arrival at the desk, or since waiting again after having been
	// served.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2592000
	AfterSeconds int32 `json:"afterSeconds"`
	// action: Alert tells the agents and the log, once; Move puts the customer into another queue,
	// at the time of arrival.
	// +required
	Action RuleAction `json:"action"`
	// queueRef names the Queue to move to, for action Move.
	// +optional
	QueueRef *LocalRef `json:"queueRef,omitempty"`
}

// RuleAction is what a waiting rule does.
// +kubebuilder:validation:Enum=Alert;Move
type RuleAction string

// The two actions.
const (
	RuleAlert RuleAction = "Alert"
	RuleMove  RuleAction = "Move"
)

// TransferTargets bounds to whom conversations may be handed. An agent may be chosen who is a member
// of one of the teams, or of a team that serves one of the queues or the queue itself. (Feature R12.)
type TransferTargets struct {
	// queues by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	Queues []ResourceName `json:"queues,omitempty"`
	// teams by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	Teams []ResourceName `json:"teams,omitempty"`
}

// ResourceName is the name of a resource of the same namespace.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
type ResourceName string

// Issue is what a customer may choose in the submission form. (Feature R10.)
type Issue struct {
	// name of the issue: lower-case letters, digits and dashes.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// displayName is what customers and agents read; name when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`
	// teamRef names the Team that owns the issue: its customers wait in that team's queue. Absent:
	// in the queue itself.
	// +optional
	TeamRef *LocalRef `json:"teamRef,omitempty"`
	// requiredSkills of this issue; they come before those of distribution.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a == b))",message="a skill stands twice; remove one"
	RequiredSkills []Skill `json:"requiredSkills,omitempty"`
	// priority of its customers within the line: those of the higher come first.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=-100
	// +kubebuilder:validation:Maximum=100
	Priority int32 `json:"priority,omitempty"`
}

// Features are what a queue may switch off. (Feature Q13.)
type Features struct {
	// emoji: the emoji picker, of both sides.
	// +optional
	// +kubebuilder:default=Enabled
	Emoji Switch `json:"emoji,omitempty"`
	// typing: that the other side is typing is shown, on both.
	// +optional
	// +kubebuilder:default=Enabled
	Typing Switch `json:"typing,omitempty"`
	// preview: agents may read a conversation before they take it.
	// +optional
	// +kubebuilder:default=Enabled
	Preview Switch `json:"preview,omitempty"`
	// transfer: agents may hand conversations on.
	// +optional
	// +kubebuilder:default=Enabled
	Transfer Switch `json:"transfer,omitempty"`
	// invitations: agents may invite others to a conversation.
	// +optional
	// +kubebuilder:default=Enabled
	Invitations Switch `json:"invitations,omitempty"`
}

// Switch is on or off.
// +kubebuilder:validation:Enum=Enabled;Disabled
type Switch string

// On and off.
const (
	Enabled  Switch = "Enabled"
	Disabled Switch = "Disabled"
)
