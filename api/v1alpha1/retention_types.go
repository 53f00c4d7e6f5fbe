package v1alpha1

// Retention says how long conversations are kept that are over, or inactive. (Feature X9.)
type Retention struct {
	// deleteAfterDays: so many days of 24 hours after its end a conversation is erased for good: what was
	// written, and what the customer said of itself. An inactive one as many after the customer last came.
	// 0: it is kept.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=36500
	DeleteAfterDays int32 `json:"deleteAfterDays"`
}
