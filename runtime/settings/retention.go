package settings

// Retention says how long conversations are kept that are over, or inactive.
type Retention struct {
	// DeleteAfterDays: so many days of 24 hours after its end a conversation is erased for good, an inactive one as many
	// after the customer last arrived. 0: it is kept. At most MaxRetentionDays.
	DeleteAfterDays int `json:"deleteAfterDays"`
}

// MaxRetentionDays is a hundred years.
const MaxRetentionDays = 36500

// Days are those after which conversations are erased; 0 for never.
func (r *Retention) Days() int {
	if r == nil {
		return 0
	}
	return r.DeleteAfterDays
}

func (r *Retention) validate(add adder, at string) {
	if r != nil {
		within(add, at+".deleteAfterDays", r.DeleteAfterDays, 0, MaxRetentionDays)
	}
}
