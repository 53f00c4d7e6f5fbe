package v1alpha1

// Types of conditions.
const (
	// ConditionAccepted: the spec makes sense by itself.
	ConditionAccepted = "Accepted"
	// ConditionResolvedRefs: everything that the spec names is there and usable. While it is false
	// the last settings that were whole stay in force.
	ConditionResolvedRefs = "ResolvedRefs"
	// ConditionProgrammed: the runtime says that it applied exactly this generation.
	ConditionProgrammed = "Programmed"
	// ConditionOverridden: an opening or closing by hand is in force.
	ConditionOverridden = "Overridden"
	// ConditionOverflowLoop is there, and true, only while waiting rules of the queue and others would
	// move a customer in a circle. (Feature X7.)
	ConditionOverflowLoop = "OverflowLoop"
	// ConditionReady sums the others up, without Overridden and OverflowLoop: a closed queue is ready.
	ConditionReady = "Ready"
	// ConditionReconciling is there, and true, only while the runtime has not applied the generation.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is there, and true, only while somebody has to change something.
	ConditionStalled = "Stalled"
)

// Reasons of Accepted.
const (
	ReasonAccepted = "Accepted"
	// ReasonInvalid: the message lists what to change.
	ReasonInvalid = "Invalid"
	// ReasonMigrationNeeded: the Desk asks for another store than the one that holds the desk's history,
	// which stays in use; the message has the command. Of Ready when the history was left and nothing
	// takes its place.
	ReasonMigrationNeeded = "MigrationNeeded"
)

// Reasons of ResolvedRefs.
const (
	ReasonResolved            = "Resolved"
	ReasonScheduleNotFound    = "ScheduleNotFound"
	ReasonScheduleInvalid     = "ScheduleInvalid"
	ReasonTeamNotFound        = "TeamNotFound"
	ReasonQueueNotFound       = "QueueNotFound"
	ReasonHolidaysNotFound    = "HolidaysNotFound"
	ReasonHolidaysNotLabelled = "HolidaysNotLabelled"
	ReasonHolidaysInvalid     = "HolidaysInvalid"
)

// Reasons of Programmed.
const (
	ReasonProgrammed = "Programmed"
	// ReasonPending: the runtime has not yet said that it applied the generation.
	ReasonPending = "Pending"
	// ReasonNotSent: the generation cannot be sent, because Accepted or ResolvedRefs is false; the
	// last good one stays in force.
	ReasonNotSent = "NotSent"
	// ReasonRefused: the runtime refused the settings; the message has its words.
	ReasonRefused = "Refused"
	// ReasonRuntimeUnreachable: the operator cannot reach the runtime.
	ReasonRuntimeUnreachable = "RuntimeUnreachable"
	// ReasonNoQueue: the namespace has no Queue, so nothing runs that could apply it.
	ReasonNoQueue = "NoQueue"
)

// Reasons of Overridden.
const (
	ReasonOverrideInForce = "InForce"
	ReasonOverrideExpired = "Expired"
	ReasonNoOverride      = "NoOverride"
)

// ReasonRuleLoop of OverflowLoop: the message has the path and what to change.
const ReasonRuleLoop = "RuleLoop"

// Reasons of Ready, beside those of the condition that makes it false.
const (
	ReasonReady = "Ready"
	// ReasonNameConflict: an object that is not Usher's bears a name that Usher needs.
	ReasonNameConflict = "NameConflict"
	// ReasonWorkloadFailed: the API server refused a part of the workload.
	ReasonWorkloadFailed = "WorkloadFailed"
	// ReasonRuntimeNotReady: the runtime's pod is not ready.
	ReasonRuntimeNotReady = "RuntimeNotReady"
	// ReasonStorageFixed: the Desk asks for another volume than the one that exists.
	ReasonStorageFixed = "StorageFixed"
	// ReasonStoreChanging: the pods of the store that was left are ending; those of the other follow.
	ReasonStoreChanging = "StoreChanging"
)

// Reasons of Reconciling and Stalled of a Desk that is ready.
const (
	// ReasonPodsNotReady: the desk serves, with fewer pods than it should have.
	ReasonPodsNotReady = "PodsNotReady"
	// ReasonRolloutStuck: new pods do not become ready; the old ones serve on.
	ReasonRolloutStuck = "RolloutStuck"
)

// Reasons of Events.
const (
	EventOverrideExpired = "OverrideExpired"
	EventOverrideRefused = "OverrideRefused"
	EventOverrideCarried = "OverrideCarried"
	EventOverflowLoop    = "OverflowLoop"
	EventReady           = "BecameReady"
	EventNotReady        = "BecameNotReady"
)

// Field managers and labels that Usher writes.
const (
	// FieldManagerOperator owns the children of a desk and all status.
	FieldManagerOperator = "usher-operator"
	// FieldManagerConsole owns a spec.override that was made in the console.
	FieldManagerConsole = "usher-console"
	// FieldManagerCLI is for overrides made with kubectl.
	FieldManagerCLI = "usher-cli"
	// FieldManagerScale holds the number of pods of a Deployment while an autoscaler changes it, so that
	// it does not fall back to one when FieldManagerOperator lets go of it.
	FieldManagerScale = "usher-scale"

	// LabelManagedBy with the value ManagedBy marks every child.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "usher"
	// LabelDesk holds the desk's name.
	LabelDesk = "usher.chat/desk"
	// LabelHolidays with the value "true" marks ConfigMaps that Schedules may name.
	LabelHolidays = "usher.chat/holidays"
	// AnnotationRetired, with any text, on the claim data-usher-0 or on the Deployment usher says that the
	// ledger which it stands for is the desk's no longer: it was moved, or left behind.
	AnnotationRetired = "usher.chat/ledger-retired"
	// AnnotationBuiltFrom of the Deployment holds what of the Desk it was built from, as JSON.
	AnnotationBuiltFrom = "usher.chat/built-from"

	// LabelMetrics with the value "true" on a namespace lets its pods scrape the runtime's metrics.
	LabelMetrics = "usher.chat/metrics"
)
