package calendar

import "time"

// Horizon is how far [Compiled.Next] looks ahead and [Answer.Since] looks back:
// two years.
const Horizon = 2 * 366 * 24 * time.Hour

// Reach bounds the window of [Compiled.Changes]: a hundred years.
const Reach = 100 * 366 * 24 * time.Hour

// Answer says whether it is open at an instant, and why.
type Answer struct {
	Open  bool  `json:"open"`
	Cause Cause `json:"cause"`
	// Rule names what decided: an exception or holiday by its name (its date
	// when it has none), a weekly period as "Fri 22:00-02:00". Empty when closed
	// by the lack of a period, and for the other causes; for an override, its
	// reason.
	Rule string `json:"rule,omitempty"`
	// Since is when Open last changed. Zero: longer ago than [Horizon], or not
	// known, as with an override.
	Since time.Time `json:"since,omitzero"`
	// Date is the local date "YYYY-MM-DD" whose plan decided: after midnight
	// that of the evening before while its period runs. Empty when no date did.
	Date string `json:"date,omitempty"`
}

// Change is an instant at which it opens or closes.
type Change struct {
	Time time.Time `json:"time"`
	// Open is the state from then on, with its cause and rule as in [Answer].
	Open  bool   `json:"open"`
	Cause Cause  `json:"cause"`
	Rule  string `json:"rule,omitempty"`
}

// At answers for the instant t. Its Since is in the schedule's zone.
func (c *Compiled) At(t time.Time) Answer {
	a := c.verdict(t)
	a.Since = c.since(t)
	return a
}

// verdict is the answer without the search for its beginning.
func (c *Compiled) verdict(t time.Time) Answer {
	switch {
	case c == nil:
		return Answer{Open: true, Cause: CauseAlwaysOpen}
	case c.suspended:
		return Answer{Cause: CauseSuspended}
	}
	day, p, s := c.cover(c.wall(t))
	a := Answer{Open: s != nil, Cause: p.cause, Rule: p.name, Date: wallDate(day).Format(time.DateOnly)}
	if s != nil {
		a.Rule = s.rule
	}
	return a
}

// Next is the first instant after t at which Open differs from that at t; false
// when there is none within [Horizon].
func (c *Compiled) Next(t time.Time) (Change, bool) {
	return c.next(t, t.Add(Horizon))
}

// Changes lists the changes from one instant (included) to another (excluded),
// oldest first, at most max of them. Windows that follow each other list each
// change once. A window longer than [Reach] is cut there.
func (c *Compiled) Changes(from, to time.Time, max int) []Change {
	return ChangesWith(c, nil, from, to, max)
}

func (c *Compiled) next(t, limit time.Time) (Change, bool) {
	at, ok := c.nextInstant(t.Unix(), limit.Unix())
	if !ok {
		return Change{}, false
	}
	when := time.Unix(at, 0).In(c.zone)
	a := c.verdict(when)
	return Change{Time: when, Open: a.Open, Cause: a.Cause, Rule: a.Rule}, true
}

// wall is what the local clock reads at t.
func (c *Compiled) wall(t time.Time) int64 {
	_, offset := t.In(c.zone).Zone()
	return t.Unix() + int64(offset)
}

// stretch is a time during which the zone's offset is constant.
type stretch struct {
	offset int64
	// begin and end are instants; end is the first of the next stretch.
	begin, end         int64
	hasBegin, hasFinal bool
}

func (c *Compiled) stretch(instant int64) stretch {
	local := time.Unix(instant, 0).In(c.zone)
	_, offset := local.Zone()
	s := stretch{offset: int64(offset)}
	begin, end := local.ZoneBounds()
	if !begin.IsZero() {
		s.begin, s.hasBegin = min(begin.Unix(), instant), true
	}
	if !end.IsZero() {
		s.end, s.hasFinal = end.Unix(), true
		// Beyond the listed transitions the library takes a year for 365 days
		// and says, on the last day of a leap year, that the stretch has ended
		// already. No zone's yearly rule has a jump on that day.
		if s.end <= instant {
			s.end = (floorDiv(instant, secondsPerDay) + 1) * secondsPerDay
		}
	}
	return s
}

// nextInstant searches one stretch after the other. A jump of the clock may
// itself open or close: then the change is at the jump.
func (c *Compiled) nextInstant(instant, limit int64) (int64, bool) {
	if c == nil || c.constant {
		return 0, false
	}
	s := c.stretch(instant)
	open := c.openAt(instant + s.offset)
	for {
		last := limit
		if s.hasFinal && s.end <= limit {
			last = s.end - 1
		}
		if wall, ok := c.flipAfter(instant+s.offset, last+s.offset); ok {
			return wall - s.offset, true
		}
		if last == limit {
			return 0, false
		}
		instant = s.end
		s = c.stretch(instant)
		if c.openAt(instant+s.offset) != open {
			return instant, true
		}
	}
}

// since searches back as nextInstant searches ahead.
func (c *Compiled) since(t time.Time) time.Time {
	if c == nil || c.constant {
		return time.Time{}
	}
	instant := t.Unix()
	limit := t.Add(-Horizon).Unix()
	s := c.stretch(instant)
	open := c.openAt(instant + s.offset)
	for {
		first := limit
		// The first instant of a stretch is judged together with the one before
		// it, below.
		if s.hasBegin && s.begin >= limit {
			first = s.begin + 1
		}
		if wall, ok := c.flipUntil(instant+s.offset, first+s.offset); ok {
			return time.Unix(wall-s.offset, 0).In(c.zone)
		}
		if first == limit {
			return time.Time{}
		}
		begin := s.begin
		instant = begin - 1
		s = c.stretch(instant)
		if c.openAt(instant+s.offset) != open {
			return time.Unix(begin, 0).In(c.zone)
		}
	}
}
