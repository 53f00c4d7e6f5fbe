package calendar_test

import (
	"slices"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
)

// instant reads RFC 3339.
func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatalf("the test's own time %q: %v", s, err)
	}
	return at
}

func compile(t testing.TB, s calendar.Schedule) *calendar.Compiled {
	t.Helper()
	c, err := calendar.Compile(s)
	if err != nil {
		t.Fatalf("compiling %+v: %v", s, err)
	}
	return c
}

func everyDay(periods ...calendar.Period) []calendar.WeeklyRule {
	return []calendar.WeeklyRule{{
		Days: []calendar.Weekday{calendar.Mon, calendar.Tue, calendar.Wed, calendar.Thu,
			calendar.Fri, calendar.Sat, calendar.Sun},
		Periods: periods,
	}}
}

func on(day calendar.Weekday, periods ...calendar.Period) calendar.WeeklyRule {
	return calendar.WeeklyRule{Days: []calendar.Weekday{day}, Periods: periods}
}

func span(start, end string) calendar.Period { return calendar.Period{Start: start, End: end} }

// reading is a second implementation of the rule, straight from its words: it
// reads the local clock as text and compares with the declared schedule. It
// knows nothing of compiling, of stretches or of day numbers.
func reading(s calendar.Schedule, zone *time.Location, t time.Time) bool {
	if s.State == calendar.Suspended {
		return false
	}
	local := t.In(zone)
	clock := local.Format("15:04")
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	for _, p := range periodsOf(s, today) {
		if p.Start <= clock && (clock < p.End || p.End < p.Start) {
			return true
		}
	}
	for _, p := range periodsOf(s, today.AddDate(0, 0, -1)) {
		if p.End < p.Start && clock < p.End {
			return true
		}
	}
	return false
}

func periodsOf(s calendar.Schedule, date time.Time) (periods []calendar.Period) {
	text := date.Format(time.DateOnly)
	for _, e := range s.Exceptions {
		if e.Recurrence == calendar.Once && e.Date == text {
			return e.Periods
		}
	}
	for _, e := range s.Exceptions {
		if e.Recurrence == calendar.Yearly && e.Date[5:] == text[5:] && e.Date <= text {
			return e.Periods
		}
	}
	for _, h := range s.Holidays {
		if h.Date == text {
			return nil
		}
	}
	for _, rule := range s.Weekly {
		if slices.Contains(rule.Days, calendar.Weekday(date.Format("Mon"))) {
			periods = append(periods, rule.Periods...)
		}
	}
	return periods
}
