package ical

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is a VEVENT, in whole days.
type event struct {
	line       int
	properties []property

	uid, summary string
	start        int64
	length       int64 // days, at least 1
	rule         *rule
	added        []int64
	excluded     map[int64]bool
	// replaces is the instance that this event stands for.
	replaces  *int64
	cancelled bool
}

// read fills an event from its properties; false when it was refused.
func (p *parser) read(e *event) bool {
	// The names first, so that every problem can say of which event it is.
	for _, prop := range e.properties {
		switch prop.IANAToken {
		case "SUMMARY":
			e.summary = strings.TrimSpace(prop.Value)
		case "UID":
			e.uid = prop.Value
		case "STATUS":
			e.cancelled = strings.EqualFold(prop.Value, "CANCELLED")
		}
	}
	before := len(p.problems)
	refuse := func(line int, message string, args ...any) { p.refuse(line, e.summary, message, args...) }
	e.length, e.excluded = 1, map[int64]bool{}
	var start, end, duration, rrule *property
	for i := range e.properties {
		prop := &e.properties[i]
		single := func(to **property) {
			if *to != nil {
				refuse(prop.line, "a second %s; an event has one", prop.IANAToken)
			}
			*to = prop
		}
		switch prop.IANAToken {
		case "DTSTART":
			single(&start)
		case "DTEND":
			single(&end)
		case "DURATION":
			single(&duration)
		case "RRULE":
			single(&rrule)
		case "EXRULE":
			refuse(prop.line, "EXRULE is not supported; list the days as EXDATE")
		case "RDATE", "EXDATE":
			for _, text := range strings.Split(prop.Value, ",") {
				day, ok := wholeDay(text)
				switch {
				case !ok:
					refuse(prop.line, "%s %q is no whole day; write YYYYMMDD", prop.IANAToken, clip(text))
				case prop.IANAToken == "RDATE":
					e.added = append(e.added, day)
				default:
					e.excluded[day] = true
				}
			}
		case "RECURRENCE-ID":
			day, ok := wholeDay(prop.Value)
			if !ok {
				refuse(prop.line, "RECURRENCE-ID %q is no whole day; write YYYYMMDD", clip(prop.Value))
			}
			if len(prop.ICalParameters["RANGE"]) > 0 {
				refuse(prop.line, "RANGE is not supported; write each changed day as an event of its own")
			}
			e.replaces = &day
		}
	}
	if start == nil {
		refuse(e.line, "no DTSTART; write DTSTART;VALUE=DATE:YYYYMMDD")
		return false
	}
	var ok bool
	if e.start, ok = wholeDay(start.Value); !ok {
		refuse(start.line, "DTSTART %q is no whole day; a holiday closes whole days: write DTSTART;VALUE=DATE:YYYYMMDD, or use an exception with periods in the schedule", clip(start.Value))
	}
	timed := len(start.Value) > len("20060102")
	switch {
	case end != nil && duration != nil:
		refuse(duration.line, "both DTEND and DURATION; leave one out")
	case end != nil:
		last, ok := wholeDay(end.Value)
		switch {
		case !ok:
			refuse(end.line, "DTEND %q is no whole day; write DTEND;VALUE=DATE:YYYYMMDD", clip(end.Value))
		case last < e.start:
			refuse(end.line, "DTEND %s is before DTSTART", end.Value)
		case timed && last == e.start:
			refuse(end.line, "the event is over as it begins; write DTSTART;VALUE=DATE:YYYYMMDD")
		default:
			// The same day twice is wrong by the RFC, common, and plain.
			e.length = max(1, last-e.start)
		}
	case duration != nil:
		if e.length, ok = durationDays(duration.Value); !ok {
			refuse(duration.line, "DURATION %q is not in whole days; write P1D or P1W", clip(duration.Value))
		}
	case timed:
		refuse(start.line, "DTSTART %s has a time and no DTEND; a holiday closes whole days: write DTSTART;VALUE=DATE:YYYYMMDD", start.Value)
	}
	if rrule != nil {
		var err error
		if e.rule, err = parseRule(rrule.Value, e.start); err != nil {
			refuse(rrule.line, "RRULE: %v", err)
		}
	}
	return len(p.problems) == before && len(p.problems) < mostProblems
}

// wholeDay reads YYYYMMDD, also with a local midnight after it. A midnight of
// Greenwich is not one everywhere and is no whole day.
func wholeDay(text string) (int64, bool) {
	date, err := time.Parse("20060102", strings.TrimSuffix(strings.TrimSpace(text), "T000000"))
	if err != nil {
		return 0, false
	}
	return dayOf(date), true
}

// durationDays reads P<n>D and P<n>W, up to a year.
func durationDays(text string) (int64, bool) {
	number, ok := strings.CutPrefix(strings.TrimPrefix(text, "+"), "P")
	if !ok || number == "" {
		return 1, false
	}
	unit := int64(1)
	switch number[len(number)-1] {
	case 'D':
	case 'W':
		unit = 7
	default:
		return 1, false
	}
	n, err := strconv.ParseUint(number[:len(number)-1], 10, 16)
	if err != nil || n == 0 || int64(n)*unit > 366 {
		return 1, false
	}
	return int64(n) * unit, true
}

// instances are the days on which the event begins, from first to last.
func (p *parser) instances(e *event, first, last int64) ([]int64, error) {
	days := append([]int64{e.start}, e.added...)
	if e.rule != nil {
		more, ok := e.rule.expand(e.start, first, last, &p.steps)
		if !ok {
			return nil, &LimitError{What: "rule steps", Limit: ruleSteps}
		}
		days = append(days, more...)
	}
	slices.Sort(days)
	days = slices.Compact(days)
	return slices.DeleteFunc(days, func(day int64) bool {
		return day < first || day > last || e.excluded[day]
	}), nil
}
