package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LocalRef names another resource of the same namespace.
type LocalRef struct {
	// name of the resource.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Name string `json:"name"`
}

// OpenState is open or closed.
// +kubebuilder:validation:Enum=Open;Closed
type OpenState string

// The two states.
const (
	StateOpen   OpenState = "Open"
	StateClosed OpenState = "Closed"
)

// NextChange is the next time at which something opens or closes by itself.
type NextChange struct {
	// time of the change, to the second.
	// +required
	Time metav1.Time `json:"time"`
	// state from then on.
	// +required
	State OpenState `json:"state"`
	// cause of that state: Schedule, Exception, Holiday, ScheduleSuspended or AlwaysOpen.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Cause string `json:"cause,omitempty"`
	// summary is the change in one line for people, in the zone of the schedule (UTC without one),
	// such as "Closed Sat 21 Nov 18:00 (Europe/Helsinki)".
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Summary string `json:"summary,omitempty"`
}
