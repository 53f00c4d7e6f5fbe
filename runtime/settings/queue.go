package settings

import (
	"slices"

	"usher.chat/runtime/calendar"
)

// Queue is a line of customers and who serves it.
type Queue struct {
	Name        string `json:"name"`
	Generation  int64  `json:"generation"`
	DisplayName string `json:"displayName,omitempty"`
	// Schedule names one of Settings.Schedules; empty means always open. When the named schedule is
	// not among them (missing or invalid), the last one that the runtime knew stays in force.
	Schedule string `json:"schedule,omitempty"`
	// Teams names those who serve the queue. A team that is not in Settings.Teams adds nobody.
	Teams []string `json:"teams,omitempty"`
	// Override is the open or close by hand that the resource carries (features Q2, X1).
	Override *calendar.Override `json:"override,omitempty"`
	// OverrideAnswer tells what became of the last open or close that was made in the console.
	OverrideAnswer *OverrideAnswer `json:"overrideAnswer,omitempty"`
	WhenBusy       WhenBusy        `json:"whenBusy"`
	// ManualSwitch says who of the queue's teams may open and close it by hand.
	ManualSwitch ManualSwitch `json:"manualSwitch,omitempty"`
	// OfferTimeoutSeconds: an offer that is not accepted in time goes back to the line. 5 to 300.
	OfferTimeoutSeconds int        `json:"offerTimeoutSeconds,omitempty"`
	Thresholds          Thresholds `json:"thresholds"`
	// Distribution says how a waiting customer gets to an agent (features R3, R4).
	Distribution Distribution `json:"distribution,omitzero"`
	// Priority of the queue among an agent's queues; the higher is served first. -100 to 100.
	Priority int `json:"priority,omitempty"`
	// WaitingRules are what happens to customers who wait for long, by AfterSeconds (feature R13).
	WaitingRules []WaitingRule `json:"waitingRules,omitempty"`
	// TransferTargets bounds to whom conversations of the queue may be handed; nil: to any (R12).
	TransferTargets *TransferTargets `json:"transferTargets,omitempty"`
	// Issues that customers choose from in the submission form (feature R10).
	Issues []Issue `json:"issues,omitempty"`
	// Retention of the queue's conversations (feature X9); nil: the desk's.
	Retention *Retention `json:"retention,omitempty"`
	// SecureMetadata says what becomes of facts that sites seal about customers (feature C9); empty: Optional.
	SecureMetadata SecureMetadata `json:"secureMetadata,omitempty"`
	// Features that are switched off (feature Q13); all others are on.
	Disabled []Feature `json:"disabled,omitempty"`
}

// Distribution says how a waiting customer gets to an agent.
type Distribution struct {
	// Mode: Manual (default), agents pick; Automatic, the desk offers.
	Mode DistributionMode `json:"mode,omitempty"`
	// Strategy by which the agent is chosen in mode Automatic; Random when empty.
	Strategy Strategy `json:"strategy,omitempty"`
	// RequiredSkills for SkillsThenLeastBusy, the most important first. When no free agent has all,
	// the last is dropped, and so on.
	RequiredSkills []string `json:"requiredSkills,omitempty"`
}

// DistributionMode says who chooses: agents or the desk.
type DistributionMode string

const (
	DistributionManual    DistributionMode = "Manual"
	DistributionAutomatic DistributionMode = "Automatic"
)

// Strategy chooses one of the free agents.
type Strategy string

const (
	StrategyRandom              Strategy = "Random"              // any of them alike; the draw is recorded
	StrategyLeastBusy           Strategy = "LeastBusy"           // fewest conversations, then longest so
	StrategyLongestIdle         Strategy = "LongestIdle"         // longest since the last conversation began or ended
	StrategyRoundRobin          Strategy = "RoundRobin"          // longest since the last offer
	StrategySkillsThenLeastBusy Strategy = "SkillsThenLeastBusy" // most of the required skills, then LeastBusy
)

// WaitingRule acts on a customer who has waited since arrival for AfterSeconds.
type WaitingRule struct {
	AfterSeconds int        `json:"afterSeconds"` // 1 to MaxSeconds
	Action       RuleAction `json:"action"`
	// Queue to move to, for Move. One that is not there, or where the customer has waited before by
	// a rule, is passed over and the log says so.
	Queue string `json:"queue,omitempty"`
}

// RuleAction is what a waiting rule does.
type RuleAction string

const (
	RuleAlert RuleAction = "Alert" // tells the agents and the log, once
	RuleMove  RuleAction = "Move"  // to another queue, keeping the time of arrival
)

// TransferTargets bounds to whom conversations of a queue may be handed. An agent may be chosen when
// a member of one of Teams, or of a team that serves one of Queues or the queue itself.
type TransferTargets struct {
	Queues []string `json:"queues,omitempty"`
	Teams  []string `json:"teams,omitempty"`
}

// Issue is what a customer may choose in the submission form.
type Issue struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	// Team that owns the issue: its customers wait in that team's queue. Empty: in the queue itself.
	Team string `json:"team,omitempty"`
	// RequiredSkills come before those of the queue.
	RequiredSkills []string `json:"requiredSkills,omitempty"`
	// Priority of its customers within the line; the higher is served first. -100 to 100.
	Priority int `json:"priority,omitempty"`
}

// Feature is something that a queue may switch off (feature Q13).
type Feature string

const (
	FeatureEmoji       Feature = "emoji"       // the emoji picker, of both sides
	FeatureTyping      Feature = "typing"      // "… is typing", of both sides
	FeaturePreview     Feature = "preview"     // reading a conversation before taking it (R16)
	FeatureTransfer    Feature = "transfer"    // handing conversations on (R12)
	FeatureInvitations Feature = "invitations" // inviting others to a conversation (R11)
)

// Features are all of them, sorted.
func Features() []Feature {
	return []Feature{FeatureEmoji, FeatureInvitations, FeaturePreview, FeatureTransfer, FeatureTyping}
}

// Has tells whether a feature is on.
func (q *Queue) Has(f Feature) bool { return !slices.Contains(q.Disabled, f) }

// SecureMetadata says what becomes of secure metadata that a customer brings.
type SecureMetadata string

const (
	SecureIgnore   SecureMetadata = "Ignore"   // taken off, and kept nowhere
	SecureOptional SecureMetadata = "Optional" // shown to agents (default)
	SecureRequired SecureMetadata = "Required" // who brings none may not join
)

// WhenBusy says what happens when no agent is free (feature Q6).
type WhenBusy struct {
	Offer    Offer     `json:"offer,omitempty"`
	Capacity *Capacity `json:"capacity,omitempty"`
}

// Offer is what is offered to customers while no agent is free.
type Offer string

const (
	// OfferNothing (the default): the chat is offered only while an agent has a free place for it.
	OfferNothing Offer = "Nothing"
	// OfferQueue: customers may wait, up to the capacity.
	OfferQueue Offer = "Queue"
)

// Capacity bounds the number of waiting customers (feature Q7).
type Capacity struct {
	Mode   CapacityMode `json:"mode"`
	Places int          `json:"places"` // 1 to 10,000; for each online agent when Mode says so
}

// CapacityMode says what Capacity.Places counts.
type CapacityMode string

const (
	CapacityFixed          CapacityMode = "Fixed"
	CapacityPerOnlineAgent CapacityMode = "PerOnlineAgent"
)

// ManualSwitch says who may open and close a queue by hand.
type ManualSwitch string

const (
	SwitchMembers ManualSwitch = "Members" // every member of the queue's teams (default)
	SwitchAdmins  ManualSwitch = "Admins"  // team admins only
)

// Thresholds are the queue's time limits, in seconds (design: semantics, "Numbers are defaults").
type Thresholds struct {
	// AgentLostSeconds: an agent's connection lost for this long puts the agent's conversations back
	// in the line, at their time of arrival. Default 30.
	AgentLostSeconds int `json:"agentLostSeconds,omitempty"`
	// CustomerLostSeconds: a waiting customer whose connection is lost for this long leaves the line
	// ("abandoned"). Default 60.
	CustomerLostSeconds int `json:"customerLostSeconds,omitempty"`
	// CloseAfterIdleSeconds: a conversation with no customer message for this long is closed.
	// Default 86,400.
	CloseAfterIdleSeconds int `json:"closeAfterIdleSeconds,omitempty"`
	// SoonOverdueSeconds and OverdueSeconds: a customer's message without an answer for this long
	// makes the conversation's status so (feature V5). Defaults 180 and 300.
	SoonOverdueSeconds int `json:"soonOverdueSeconds,omitempty"`
	OverdueSeconds     int `json:"overdueSeconds,omitempty"`
	// Clock that counts for the two above: WallClock (default) or OpeningHours.
	Clock Clock `json:"clock,omitempty"`
	// AgentLost says where conversations go whose agent's connection was lost.
	AgentLost AgentLost `json:"agentLost,omitempty"`
	// IdleAfterSeconds: a conversation in which the customer was silent for this long is idle.
	// Default 600.
	IdleAfterSeconds int `json:"idleAfterSeconds,omitempty"`
	// Idle says whether idle conversations count against the agent's limit.
	Idle IdleCounting `json:"idle,omitempty"`
}

// Clock is how the time to an answer is counted.
type Clock string

const (
	WallClock    Clock = "WallClock"
	OpeningHours Clock = "OpeningHours" // only while the queue's schedule has it open
)

// AgentLost is where the conversations of an agent go whose connection was lost for too long (R14).
type AgentLost string

const (
	LostToQueue   AgentLost = "ReturnToQueue" // default: back to the line, at the time of arrival
	LostToPending AgentLost = "KeepPending"   // waiting for that agent, in the personal queue
)

// IdleCounting says whether an idle conversation counts against its agent's limit.
type IdleCounting string

const (
	IdleCounts IdleCounting = "Count" // default
	IdleFree   IdleCounting = "DoNotCount"
)

// Defaults of the numbers above.
const (
	DefaultOfferTimeoutSeconds   = 30
	DefaultAgentLostSeconds      = 30
	DefaultCustomerLostSeconds   = 60
	DefaultCloseAfterIdleSeconds = 86400
	DefaultMaxConversations      = 3
	DefaultSoonOverdueSeconds    = 180
	DefaultOverdueSeconds        = 300
	DefaultIdleAfterSeconds      = 600
)

// OverrideAnswer is the operator's answer to an open or close made in the console.
type OverrideAnswer struct {
	// Request is the id of the request that is answered.
	Request string `json:"request"`
	// Refused says why it was not carried into the resource ("field manager usher-cli holds
	// spec.override"); empty when the resource carries it now.
	Refused string `json:"refused,omitempty"`
}
