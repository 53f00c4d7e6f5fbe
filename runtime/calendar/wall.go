package calendar

import "time"

// The wall clock is counted in seconds since 1970-01-01 00:00 as it reads, with
// no zone: a "wall" below. Every boundary of a schedule is a fixed wall, and
// between two changes of the zone's offset walls and instants run in step. So
// all searching is done on walls, one constant-offset stretch after the other.

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// wallDate is the date of a day number.
func wallDate(day int64) time.Time {
	return time.Unix(day*secondsPerDay, 0).UTC()
}

// plan is what decides about the periods that begin on a day.
func (c *Compiled) plan(day int64) *plan {
	if len(c.dated) > 0 {
		if p := c.dated[day]; p != nil {
			return p
		}
	}
	if p := c.yearlyPlan(day); p != nil {
		return p
	}
	if len(c.holidays) > 0 {
		if p := c.holidays[day]; p != nil {
			return p
		}
	}
	return c.weekly[weekday(day)]
}

func (c *Compiled) yearlyPlan(day int64) *plan {
	if len(c.yearly) == 0 {
		return nil
	}
	_, month, date := wallDate(day).Date()
	if p := c.yearly[monthDay{month, date}]; p != nil && day >= p.from {
		return p
	}
	return nil
}

func weekday(day int64) int {
	return int(((day+thursday)%7 + 7) % 7)
}

// cover is the span that makes the wall open and the day it began on. The day's
// own spans are asked before the tail of the day before.
func (c *Compiled) cover(wall int64) (day int64, p *plan, s *span) {
	day = floorDiv(wall, secondsPerDay)
	for _, d := range [...]int64{day, day - 1} {
		p := c.plan(d)
		at := wall - d*secondsPerDay
		for i := range p.spans {
			if s := &p.spans[i]; s.start <= at && at < s.end {
				return d, p, s
			}
		}
	}
	return day, c.plan(day), nil
}

func (c *Compiled) openAt(wall int64) bool {
	_, _, s := c.cover(wall)
	return s != nil
}

// flipAfter is the first wall after the given one that is open where that one is
// closed or the reverse. It gives up at limit.
func (c *Compiled) flipAfter(wall, limit int64) (int64, bool) {
	if c.constant {
		return 0, false
	}
	if day, _, s := c.cover(wall); s != nil {
		for s != nil && wall < limit {
			wall = day*secondsPerDay + s.end
			day, _, s = c.cover(wall)
		}
		return wall, s == nil && wall <= limit
	}
	// While closed nothing runs over from the day before, so the next to open is
	// the next start.
	for day := floorDiv(wall, secondsPerDay); day*secondsPerDay <= limit; day++ {
		for _, s := range c.plan(day).spans {
			if start := day*secondsPerDay + s.start; start > wall {
				return start, start <= limit
			}
		}
	}
	return 0, false
}

// flipUntil is the wall at which the present stretch of open or closed began,
// at or before the given one. It gives up at limit.
func (c *Compiled) flipUntil(wall, limit int64) (int64, bool) {
	if c.constant {
		return 0, false
	}
	if day, _, s := c.cover(wall); s != nil {
		for s != nil && wall > limit {
			wall = day*secondsPerDay + s.start
			day, _, s = c.cover(wall - 1)
		}
		return wall, s == nil && wall >= limit
	}
	for day := floorDiv(wall, secondsPerDay); (day+2)*secondsPerDay >= limit; day-- {
		latest, found := c.lastEnd(day, wall)
		if !found {
			continue
		}
		// A period of the day before may end later than any of this day's.
		if before, ok := c.lastEnd(day-1, wall); ok {
			latest = max(latest, before)
		}
		return latest, latest >= limit
	}
	return 0, false
}

// lastEnd is the latest end, at or before the wall, of a period that began on
// the day.
func (c *Compiled) lastEnd(day, wall int64) (latest int64, found bool) {
	for _, s := range c.plan(day).spans {
		if end := day*secondsPerDay + s.end; end <= wall && (!found || end > latest) {
			latest, found = end, true
		}
	}
	return latest, found
}

// isConstant says whether the wall clock alone decides nothing: the same answer
// on each day of the week and no day that differs.
func (c *Compiled) isConstant() bool {
	if c.suspended {
		return true
	}
	if len(c.dated)+len(c.yearly)+len(c.holidays) > 0 {
		return false
	}
	// Two weeks hold every pair of neighbouring days.
	_, flips := c.flipAfter(0, 14*secondsPerDay)
	return !flips
}
