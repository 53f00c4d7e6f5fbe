package calendar

import "time"

// OverrideState is what a person set by hand.
type OverrideState string

const (
	// Open lets customers in whatever the schedule says.
	Open OverrideState = "Open"
	// Closed lets none in whatever the schedule says.
	Closed OverrideState = "Closed"
)

// Override is a manual opening or closing. It acts on the instant it is there
// and as long as it has not expired; nobody has to take it away.
type Override struct {
	State OverrideState `json:"state"`
	// Until is the first instant at which it no longer acts. Nil: until it is
	// taken away.
	Until *time.Time `json:"until,omitempty"`
	// Reason and By are for people.
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
}

// ValidateOverride reports what is wrong with an override as *[InvalidError]. An
// Until in the past is not wrong, only without effect.
func ValidateOverride(o Override) error {
	var bad problems
	if o.State != Open && o.State != Closed {
		bad.add("state", string(o.State), "write Open or Closed")
	}
	return bad.err()
}

// inForce says whether it acts at t. One with a state that does not exist never
// does: a queue must not flip because of a misspelling.
func (o *Override) inForce(t time.Time) bool {
	if o == nil || o.State != Open && o.State != Closed {
		return false
	}
	return o.Until == nil || t.Before(*o.Until)
}

// Resolve answers for the instant t by the whole precedence: the override o if
// it acts, else the schedule c. Either may be nil; without both it is always
// open. (Features X1, Q2.)
//
// Since is zero while an override acts, for an override does not say when it was
// set; whoever set it knows.
func Resolve(c *Compiled, o *Override, t time.Time) Answer {
	if o.inForce(t) {
		return Answer{Open: o.State == Open, Cause: CauseOverride, Rule: o.Reason}
	}
	a := c.At(t)
	// An expired override may have held the other state until it expired.
	if expired := o.expiry(); !expired.IsZero() && !expired.After(t) && a.Since.Before(expired) {
		if c.verdict(expired).Open != (o.State == Open) {
			a.Since = expired.In(c.Zone())
		}
	}
	return a
}

// expiry is when an override ends, zero when it does not or does not act at all.
func (o *Override) expiry() time.Time {
	if o == nil || o.Until == nil || o.State != Open && o.State != Closed {
		return time.Time{}
	}
	return *o.Until
}

// NextChange is the first instant after t at which [Resolve] differs in Open:
// the end of an override if the schedule then says otherwise, or a later change
// of the schedule. It is false when there is none within [Horizon] of t, or of
// the end of the override.
func NextChange(c *Compiled, o *Override, t time.Time) (Change, bool) {
	from := t
	if o.inForce(t) && o.Until != nil {
		from = *o.Until
	}
	return nextChange(c, o, t, from.Add(Horizon))
}

// ChangesWith is [Compiled.Changes] with an override taken into account.
func ChangesWith(c *Compiled, o *Override, from, to time.Time, max int) []Change {
	if end := from.Add(Reach); to.After(end) {
		to = end
	}
	var list []Change
	// A change at from itself is one that differs from the instant before.
	for t := from.Add(-1); len(list) < max; {
		change, ok := nextChange(c, o, t, to)
		if !ok || !change.Time.Before(to) {
			break
		}
		list = append(list, change)
		t = change.Time
	}
	return list
}

// nextChange searches the schedule up to limit.
func nextChange(c *Compiled, o *Override, t, limit time.Time) (Change, bool) {
	if !o.inForce(t) {
		return c.next(t, limit)
	}
	if o.Until == nil {
		return Change{}, false
	}
	until := *o.Until
	after := c.verdict(until)
	if after.Open == (o.State == Open) {
		return c.next(until, limit)
	}
	return Change{Time: until.In(c.Zone()), Open: after.Open, Cause: after.Cause, Rule: after.Rule}, true
}
