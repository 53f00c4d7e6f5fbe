package kubectl

import (
	"fmt"
	"strings"
	"time"
)

// zone is where a time is told.
type zone struct {
	*time.Location
	// machine: no schedule names a zone, so it is this machine's, which has to be said.
	machine bool
}

// abbreviation of the zone at t, such as EET; UTC+05:45 where none is in use.
func (z zone) abbreviation(t time.Time) string {
	name, offset := t.In(z.Location).Zone()
	if name == "" || strings.ContainsAny(name[:1], "+-0123456789") {
		sign := '+'
		if offset < 0 {
			sign, offset = '-', -offset
		}
		return fmt.Sprintf("UTC%c%02d:%02d", sign, offset/3600, offset%3600/60)
	}
	return name
}

// moment as a person near now reads it: "14:30 (EET)", "tomorrow 08:00 (EET)", "Mon 30 Nov 08:00 (EET)".
func (z zone) moment(t, now time.Time) string {
	note := z.abbreviation(t)
	if z.machine {
		note += ", this machine's time"
	}
	return z.short(t, now) + " (" + note + ")"
}

// short is moment without the zone.
func (z zone) short(t, now time.Time) string {
	t, now = t.In(z.Location), now.In(z.Location)
	clock := "15:04"
	if t.Second() != 0 {
		clock = "15:04:05"
	}
	switch days := daysBetween(now, t); {
	case days == 0:
		return t.Format(clock)
	case days == 1:
		return "tomorrow " + t.Format(clock)
	case days == -1:
		return "yesterday " + t.Format(clock)
	case t.Year() == now.Year():
		return t.Format("Mon 2 Jan " + clock)
	}
	return t.Format("Mon 2 Jan 2006 " + clock)
}

// full tells the day always.
func (z zone) full(t time.Time) string {
	t = t.In(z.Location)
	clock := "15:04"
	if t.Second() != 0 {
		clock = "15:04:05"
	}
	return t.Format("Mon 2 Jan 2006 "+clock) + " (" + z.abbreviation(t) + ")"
}

func daysBetween(a, b time.Time) int {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(day(b).Sub(day(a)).Hours() / 24)
}

// waited is a length of time in two units at most: 41s, 4m12s, 2h05m, 3d.
func waited(d time.Duration) string {
	d = max(0, d).Truncate(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}

// causeWords puts a cause of an API field into words.
func causeWords(cause string) string {
	switch cause {
	case "AlwaysOpen":
		return "always open"
	case "Schedule":
		return "schedule"
	case "Exception":
		return "exception"
	case "Holiday":
		return "holiday"
	case "ScheduleSuspended":
		return "schedule suspended"
	case "ScheduleMissing":
		return "schedule missing"
	case "Override":
		return "by hand"
	}
	return cause
}

// count is "1 queue", "2 queues".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
