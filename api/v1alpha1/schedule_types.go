package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ScheduleSpec is opening hours: open exactly while the local wall clock reads inside a period.
type ScheduleSpec struct {
	// timeZone is an IANA name such as "Europe/Helsinki".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_+/-]*$`
	// +kubebuilder:validation:XValidation:rule="self != 'Local'",message="Local depends on the machine; name an IANA zone such as Europe/Helsinki, or UTC"
	TimeZone string `json:"timeZone"`

	// state: Suspended switches the schedule off, as for a vacation: closed until it is Active again
	// or an override opens the queue.
	// +optional
	// +kubebuilder:default=Active
	State ScheduleState `json:"state,omitempty"`

	// weekly is the ordinary week. None: closed unless an exception opens.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=14
	Weekly []WeeklyRule `json:"weekly,omitempty"`

	// exceptions replace whole days.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	Exceptions []ScheduleException `json:"exceptions,omitempty"`

	// holidays close whole days, by an iCalendar file.
	// +optional
	Holidays *Holidays `json:"holidays,omitempty"`
}

// ScheduleState says whether a schedule acts.
// +kubebuilder:validation:Enum=Active;Suspended
type ScheduleState string

// The two states of a schedule.
const (
	ScheduleActive    ScheduleState = "Active"
	ScheduleSuspended ScheduleState = "Suspended"
)

// WeeklyRule gives the same periods to some days of each week.
type WeeklyRule struct {
	// days of the week.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	Days []Weekday `json:"days"`
	// periods of each of these days.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=12
	Periods []Period `json:"periods"`
}

// Weekday is a day of the week.
// +kubebuilder:validation:Enum=Mon;Tue;Wed;Thu;Fri;Sat;Sun
type Weekday string

// Period is a part of a day by the local wall clock.
// +kubebuilder:validation:XValidation:rule="self.start != self.end",message="start and end are equal, which could mean nothing or everything; write 00:00 and 24:00 for the whole day, or remove the period"
type Period struct {
	// start, HH:MM, is inside the period.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:Pattern=`^([01][0-9]|2[0-3]):[0-5][0-9]$`
	Start string `json:"start"`
	// end, HH:MM up to 24:00, is outside it. Before start: on the next day.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:Pattern=`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`
	End string `json:"end"`
}

// ScheduleException replaces the periods of one date.
type ScheduleException struct {
	// name of the exception, unique in the schedule.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// date, YYYY-MM-DD, in the schedule's zone.
	// +required
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`
	Date string `json:"date"`
	// recurrence: Yearly repeats the exception each year from its date on. Absent: once.
	// +optional
	Recurrence Recurrence `json:"recurrence,omitempty"`
	// periods of that day. None: closed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=12
	Periods []Period `json:"periods,omitempty"`
}

// Recurrence says whether an exception returns.
// +kubebuilder:validation:Enum=Yearly
type Recurrence string

// Yearly repeats an exception each year.
const Yearly Recurrence = "Yearly"

// Holidays close whole days.
type Holidays struct {
	// configMapRef names an iCalendar file in a ConfigMap of this namespace. The ConfigMap carries
	// the label usher.chat/holidays: "true", so that its changes are noticed.
	// +required
	ConfigMapRef ConfigMapKeyRef `json:"configMapRef"`
}

// ConfigMapKeyRef names one file of a ConfigMap.
type ConfigMapKeyRef struct {
	LocalRef `json:",inline"`
	// key of the file in the ConfigMap's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key"`
}

// ScheduleStatus is what the schedule says now, without any override.
type ScheduleStatus struct {
	// observedGeneration is the generation of the spec that the rest of the status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// state that the schedule gives its queues now.
	// +optional
	State OpenState `json:"state,omitempty"`
	// cause: Schedule, Exception, Holiday or ScheduleSuspended.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Cause string `json:"cause,omitempty"`
	// nextChange is when the state will change. Absent: not within two years.
	// +optional
	NextChange *NextChange `json:"nextChange,omitempty"`
	// upcoming are the next changes, at most eight.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Upcoming []NextChange `json:"upcoming,omitempty"`
	// conditions: Accepted, ResolvedRefs, Programmed and Ready; Reconciling and Stalled only while
	// true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Schedule is opening hours in a time zone of their own. (Features K3, Q3.)
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=usher,shortName=usch
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`,description="What the schedule gives its queues now"
// +kubebuilder:printcolumn:name="Cause",type=string,JSONPath=`.status.cause`
// +kubebuilder:printcolumn:name="Next Change",type=string,JSONPath=`.status.nextChange.summary`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Zone",type=string,JSONPath=`.spec.timeZone`,priority=1
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
type Schedule struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is the wish.
	// +required
	Spec ScheduleSpec `json:"spec"`
	// status is what is.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ScheduleStatus `json:"status,omitzero"`
}

// ScheduleList is a list of schedules.
// +kubebuilder:object:root=true
type ScheduleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Schedule `json:"items"`
}
