package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Step is one level of the precedence and what it had to say.
type Step struct {
	Level Cause `json:"level"`
	// Applies is true for the one level that decided.
	Applies bool `json:"applies"`
	// Detail says why or why not, in words.
	Detail string `json:"detail"`
}

// Explain goes through the precedence for the instant t, in its order: override,
// suspended schedule, exception, holiday, weekly periods, always open. Exactly
// one step applies, and it is the cause that [Resolve] gives. (Feature X2.)
func Explain(c *Compiled, o *Override, t time.Time) []Step {
	decided := Resolve(c, o, t)
	steps := []Step{{Level: CauseOverride, Detail: explainOverride(o, t, c.Zone())}}
	if c == nil {
		const none = "there is no schedule"
		steps = append(steps,
			Step{Level: CauseSuspended, Detail: none},
			Step{Level: CauseException, Detail: none},
			Step{Level: CauseHoliday, Detail: none},
			Step{Level: CauseSchedule, Detail: none},
			Step{Level: CauseAlwaysOpen, Detail: "without a schedule it is always open"},
		)
	} else {
		day := floorDiv(c.wall(t), secondsPerDay)
		suspended := "the schedule is Active"
		if c.suspended {
			suspended = "the schedule is Suspended, so it is closed until it is Active again or an override opens"
		}
		steps = append(steps,
			Step{Level: CauseSuspended, Detail: suspended},
			Step{Level: CauseException, Detail: c.explainException(day, t)},
			Step{Level: CauseHoliday, Detail: c.explainHoliday(day)},
			Step{Level: CauseSchedule, Detail: c.explainWeekly(day, t)},
			Step{Level: CauseAlwaysOpen, Detail: "there is a schedule"},
		)
	}
	for i := range steps {
		steps[i].Applies = steps[i].Level == decided.Cause
	}
	return steps
}

func explainOverride(o *Override, t time.Time, zone *time.Location) string {
	if o == nil {
		return "nobody opened or closed by hand"
	}
	if o.State != Open && o.State != Closed {
		return fmt.Sprintf("an override with the unknown state %q is without effect; write Open or Closed", clip(string(o.State)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "set to %s", o.State)
	if o.By != "" {
		fmt.Fprintf(&b, " by %s", o.By)
	}
	switch {
	case o.Until == nil:
		b.WriteString(" until it is taken away")
	case t.Before(*o.Until):
		fmt.Fprintf(&b, " until %s", stamp(o.Until.In(zone)))
	default:
		fmt.Fprintf(&b, ", but that expired at %s", stamp(o.Until.In(zone)))
	}
	if o.Reason != "" {
		fmt.Fprintf(&b, ": %s", o.Reason)
	}
	return b.String()
}

func (c *Compiled) explainException(day int64, t time.Time) string {
	p := c.dated[day]
	if p == nil {
		p = c.yearlyPlan(day)
	}
	if p == nil {
		detail := fmt.Sprintf("no exception names %s", dateWords(day))
		// A decision by yesterday's exception is this level's too.
		if tail := c.tailOf(day, t, CauseException); tail != "" {
			detail += "; " + tail
		}
		return detail
	}
	detail := fmt.Sprintf("exception %q replaces %s: %s%s", p.name, dateWords(day), periodsWords(p.spans), c.clockWords(t))
	if tail := c.tailOf(day, t, ""); tail != "" {
		detail += "; " + tail
	}
	return detail
}

func (c *Compiled) explainHoliday(day int64) string {
	p := c.holidays[day]
	switch {
	case p == nil:
		return fmt.Sprintf("%s is no holiday", dateWords(day))
	case c.plan(day) != p:
		return fmt.Sprintf("%s is the holiday %q, but the exception comes first", dateWords(day), p.name)
	}
	return fmt.Sprintf("%s is the holiday %q: closed", dateWords(day), p.name)
}

func (c *Compiled) explainWeekly(day int64, t time.Time) string {
	if p := c.plan(day); p.cause != CauseSchedule {
		detail := fmt.Sprintf("the weekly periods of %s are replaced", dateWords(day))
		if tail := c.tailOf(day, t, CauseSchedule); tail != "" {
			detail += "; " + tail
		}
		return detail
	}
	detail := fmt.Sprintf("%s: %s%s", dateWords(day), periodsWords(c.weekly[weekday(day)].spans), c.clockWords(t))
	if tail := c.tailOf(day, t, CauseSchedule); tail != "" {
		detail += "; " + tail
	}
	return detail
}

// tailOf speaks of a period of the evening before that still runs and decides
// at t, if it comes from the level asked for (any when empty).
func (c *Compiled) tailOf(day int64, t time.Time, level Cause) string {
	from, p, s := c.cover(c.wall(t))
	if s == nil || from == day || level != "" && p.cause != level {
		return ""
	}
	return fmt.Sprintf("%s of %s still runs", s.text, dateWords(from))
}

func (c *Compiled) clockWords(t time.Time) string {
	return fmt.Sprintf("; the clock in %s reads %s", c.zone, t.In(c.zone).Format(time.TimeOnly))
}

func periodsWords(spans []span) string {
	if len(spans) == 0 {
		return "closed all day"
	}
	texts := make([]string, len(spans))
	for i, s := range spans {
		texts[i] = s.text
	}
	return "open " + strings.Join(texts, ", ")
}

func dateWords(day int64) string {
	return wallDate(day).Format("Mon 2006-01-02")
}

func stamp(t time.Time) string {
	return t.Format("2006-01-02 15:04:05 MST")
}
