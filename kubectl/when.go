package kubectl

import (
	"strconv"
	"strings"
	"time"
)

// toward says which of several moments is meant when a text leaves that open, as "18:00" does.
type toward int

const (
	nearest toward = iota // today's
	ahead                 // the next one from now
	back                  // the last one until now
)

// whenForms is what a refusal names.
const whenForms = `write RFC 3339 (2026-11-30T18:00:00+02:00), a date (2026-11-30), date and time (2026-11-30T18:00), a time (18:00), or a day and a time ("tomorrow 08:00", "fri 18:00")`

var localLayouts = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// parseWhen reads a moment as people write them. What names no zone is in the given one. A date alone
// is its beginning. A local time that spring skips is the moment of the jump, as with schedules; of one
// that autumn repeats it is the first, unless that has passed and ahead is asked for.
func parseWhen(text string, now time.Time, zone *time.Location, way toward) (time.Time, error) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return within(t, text)
	}
	for _, layout := range localLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return within(pick(onClock(t, zone), now, way), text)
		}
	}
	switch text {
	case "":
		return time.Time{}, usagef("a time is missing; %s", whenForms)
	case "now":
		return now, nil
	}
	return parseDay(text, now, zone, way)
}

// parseDay reads a time of day, with or without a day in words before it.
func parseDay(text string, now time.Time, zone *time.Location, way toward) (time.Time, error) {
	day, clock, two := strings.Cut(strings.ToLower(text), " ")
	clock = strings.TrimSpace(clock)
	if !two && strings.Contains(day, ":") {
		day, clock = "", day
	}
	var offset time.Duration
	if clock != "" {
		var ok bool
		if offset, ok = clockTime(clock); !ok {
			return time.Time{}, usagef("%q is no time; %s", text, whenForms)
		}
	}
	local := now.In(zone)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC) // as the wall reads
	at := func(days int) []time.Time { return onClock(midnight.AddDate(0, 0, days).Add(offset), zone) }
	search := func(step int, fits func(days int) bool) (time.Time, error) {
		for days := 0; days >= -8 && days <= 8; days += step {
			if !fits(days) {
				continue
			}
			for _, t := range directed(at(days), way) {
				if way == nearest || way == ahead && t.After(now) || way == back && !t.After(now) {
					return t, nil
				}
			}
		}
		return time.Time{}, usagef("%q is no time; %s", text, whenForms) // cannot be: eight days have every weekday
	}
	step := 1
	if way == back {
		step = -1
	}
	switch day {
	case "":
		return search(step, func(int) bool { return true })
	case "today":
		return pick(at(0), now, way), nil
	case "tomorrow":
		return pick(at(1), now, way), nil
	case "yesterday":
		return pick(at(-1), now, way), nil
	}
	wanted, ok := weekdayNamed(day)
	if !ok {
		return time.Time{}, usagef("%q is no time; %s", text, whenForms)
	}
	return search(step, func(days int) bool { return midnight.AddDate(0, 0, days).Weekday() == wanted })
}

// onClock are the instants at which the zone's clock reads what t does, which is in UTC: one, two when
// autumn repeats it, or that of the jump when spring skips it.
func onClock(t time.Time, zone *time.Location) []time.Time {
	var found []time.Time
	for _, around := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := t.Add(around).In(zone).Zone()
		instant := t.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, o := instant.Zone(); o == offset && (len(found) == 0 || !found[0].Equal(instant)) {
			found = append(found, instant)
		}
	}
	if len(found) == 0 {
		_, before := t.Add(-26 * time.Hour).In(zone).Zone()
		begin, _ := t.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
		if begin.IsZero() {
			begin = t.Add(-time.Duration(before) * time.Second)
		}
		found = append(found, begin.In(zone))
	}
	return found
}

// pick one of the instants that a text may mean.
func pick(instants []time.Time, now time.Time, way toward) time.Time {
	for _, t := range instants {
		if way != ahead || t.After(now) {
			return t
		}
	}
	return instants[len(instants)-1]
}

func directed(instants []time.Time, way toward) []time.Time {
	if way == back && len(instants) == 2 {
		return []time.Time{instants[1], instants[0]}
	}
	return instants
}

// clockTime reads "18:00", "18:00:30" or "24:00".
func clockTime(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), true
		}
	}
	return 0, false
}

func weekdayNamed(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		full := strings.ToLower(d.String())
		if name == full || name == full[:3] {
			return d, true
		}
	}
	return 0, false
}

// within keeps to years that every part of the product can write.
func within(t time.Time, text string) (time.Time, error) {
	if y := t.UTC().Year(); y < 1971 || y > 9998 {
		return time.Time{}, usagef("%q is out of range; the year must be 1971 to 9998", text)
	}
	return t, nil
}

// mostFor is the longest --for.
const mostFor = 366 * 24 * time.Hour

// parseFor reads a length of time such as 2h, 90m, 1h30m or 3d.
func parseFor(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		days, isDays := strings.CutSuffix(text, "d")
		n, bad := strconv.ParseFloat(days, 64)
		if !isDays || bad != nil || n != n || n < 0 || n > 366 {
			return 0, usagef("%q is no length of time; write 2h, 90m, 1h30m or 3d", text)
		}
		d = time.Duration(n * 24 * float64(time.Hour))
	}
	switch {
	case d < time.Second:
		return 0, usagef("%q is too short; give at least 1s", text)
	case d > mostFor:
		return 0, usagef("%q is too long; give at most 366d, or no end", text)
	}
	return d, nil
}
