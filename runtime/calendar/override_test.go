package calendar_test

import (
	"errors"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
)

func TestThePrecedenceDecides(t *testing.T) {
	hours := everyDay(span("08:00", "16:00"))
	at := instant(t, "2026-12-25T10:00:00Z")
	later, earlier := at.Add(time.Hour), at.Add(-time.Hour)
	c := compile(t, calendar.Schedule{TimeZone: "UTC", Weekly: hours})
	holiday := compile(t, calendar.Schedule{TimeZone: "UTC", Weekly: hours,
		Holidays: []calendar.Holiday{{Name: "Christmas", Date: "2026-12-25"}}})
	yearly := calendar.Exception{Name: "every year", Date: "2020-12-25", Recurrence: calendar.Yearly}
	exception := calendar.Schedule{TimeZone: "UTC", Weekly: hours,
		Holidays:   []calendar.Holiday{{Name: "Christmas", Date: "2026-12-25"}},
		Exceptions: []calendar.Exception{yearly}}
	dated := exception
	dated.Exceptions = []calendar.Exception{yearly, {Date: "2026-12-25", Periods: []calendar.Period{span("09:00", "11:00")}}}
	future := exception
	future.Exceptions = []calendar.Exception{{Name: "from next year", Date: "2027-12-25", Recurrence: calendar.Yearly}}
	suspended := dated
	suspended.State = calendar.Suspended
	off := compile(t, suspended)
	cases := []struct {
		name     string
		c        *calendar.Compiled
		override *calendar.Override
		open     bool
		cause    calendar.Cause
		rule     string
	}{
		{"nothing: always open", nil, nil, true, calendar.CauseAlwaysOpen, ""},
		{"weekly over always open", c, nil, true, calendar.CauseSchedule, "Fri 08:00-16:00"},
		{"holiday over weekly", holiday, nil, false, calendar.CauseHoliday, "Christmas"},
		{"yearly exception over holiday", compile(t, exception), nil, false, calendar.CauseException, "every year"},
		{"dated exception over yearly; without a name its date", compile(t, dated), nil, true, calendar.CauseException, "2026-12-25"},
		{"a yearly exception does not act before its date", compile(t, future), nil, false, calendar.CauseHoliday, "Christmas"},
		{"suspended over exceptions", off, nil, false, calendar.CauseSuspended, ""},
		{"override opens a suspended one", off, &calendar.Override{State: calendar.Open, Reason: "flood"}, true, calendar.CauseOverride, "flood"},
		{"override without an end", c, &calendar.Override{State: calendar.Closed}, false, calendar.CauseOverride, ""},
		{"override over always open", nil, &calendar.Override{State: calendar.Closed}, false, calendar.CauseOverride, ""},
		{"override with time left", c, &calendar.Override{State: calendar.Closed, Until: &later}, false, calendar.CauseOverride, ""},
		{"override at its end is over", c, &calendar.Override{State: calendar.Closed, Until: &at}, true, calendar.CauseSchedule, "Fri 08:00-16:00"},
		{"override that has expired", c, &calendar.Override{State: calendar.Closed, Until: &earlier}, true, calendar.CauseSchedule, "Fri 08:00-16:00"},
		{"override of an unknown state is without effect", c, &calendar.Override{State: "closed"}, true, calendar.CauseSchedule, "Fri 08:00-16:00"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			a := calendar.Resolve(tc.c, tc.override, at)
			if a.Open != tc.open || a.Cause != tc.cause || a.Rule != tc.rule {
				t.Errorf("got %+v, want open %v by %s %q", a, tc.open, tc.cause, tc.rule)
			}
			steps := calendar.Explain(tc.c, tc.override, at)
			for _, step := range steps {
				if step.Applies != (step.Level == tc.cause) {
					t.Errorf("explained as %+v", steps)
				}
			}
		})
	}
}

func TestTheEndOfAnOverrideIsTheNextChangeOnlyIfTheScheduleSaysOtherwise(t *testing.T) {
	c := compile(t, calendar.Schedule{TimeZone: "Europe/Helsinki", Weekly: everyDay(span("08:00", "16:00"))})
	now := instant(t, "2026-11-20T10:00:00+02:00")
	until := func(s string) *time.Time { at := instant(t, s); return &at }
	cases := []struct {
		name     string
		c        *calendar.Compiled
		override calendar.Override
		want     string
		open     bool
	}{
		{"closed by hand until noon: opens at noon", c, calendar.Override{State: calendar.Closed, Until: until("2026-11-20T12:00:00.5+02:00")}, "2026-11-20T12:00:00.5+02:00", true},
		{"closed by hand until night: opens in the morning", c, calendar.Override{State: calendar.Closed, Until: until("2026-11-20T20:00:00+02:00")}, "2026-11-21T08:00:00+02:00", true},
		{"closed by hand until the very opening", c, calendar.Override{State: calendar.Closed, Until: until("2026-11-21T08:00:00+02:00")}, "2026-11-21T08:00:00+02:00", true},
		{"open by hand until evening: closes then", c, calendar.Override{State: calendar.Open, Until: until("2026-11-20T20:00:00+02:00")}, "2026-11-20T20:00:00+02:00", false},
		{"open by hand until noon: closes as ever", c, calendar.Override{State: calendar.Open, Until: until("2026-11-20T12:00:00+02:00")}, "2026-11-20T16:00:00+02:00", false},
		{"an expired one changes nothing", c, calendar.Override{State: calendar.Closed, Until: until("2026-11-20T09:00:00+02:00")}, "2026-11-20T16:00:00+02:00", false},
		{"without a schedule it opens at the end", nil, calendar.Override{State: calendar.Closed, Until: until("2030-01-01T00:00:00Z")}, "2030-01-01T00:00:00Z", true},
		{"no end: never", c, calendar.Override{State: calendar.Closed}, "", false},
		{"open by hand and open without a schedule: never", nil, calendar.Override{State: calendar.Open, Until: until("2026-11-21T00:00:00Z")}, "", false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			change, ok := calendar.NextChange(tc.c, &tc.override, now)
			if tc.want == "" {
				if ok {
					t.Fatalf("got %+v, want none", change)
				}
				return
			}
			if !ok || !change.Time.Equal(instant(t, tc.want)) || change.Open != tc.open {
				t.Errorf("got %+v %v, want %s open %v", change, ok, tc.want, tc.open)
			}
		})
	}
}

func TestSinceKnowsOfAnOverrideThatHasExpired(t *testing.T) {
	c := compile(t, calendar.Schedule{TimeZone: "UTC", Weekly: everyDay(span("08:00", "16:00"))})
	until := instant(t, "2026-11-20T11:00:00Z")
	at := instant(t, "2026-11-20T12:00:00Z")
	if a := calendar.Resolve(c, &calendar.Override{State: calendar.Closed, Until: &until}, at); !a.Since.Equal(until) {
		t.Errorf("after a closing until 11:00 it is open since %v", a.Since)
	}
	if a := calendar.Resolve(c, &calendar.Override{State: calendar.Open, Until: &until}, at); !a.Since.Equal(instant(t, "2026-11-20T08:00:00Z")) {
		t.Errorf("after an opening until 11:00 it is open since %v", a.Since)
	}
}

func TestAnOverrideIsOpenOrClosed(t *testing.T) {
	for _, state := range []calendar.OverrideState{calendar.Open, calendar.Closed} {
		if err := calendar.ValidateOverride(calendar.Override{State: state}); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
	var invalid *calendar.InvalidError
	if err := calendar.ValidateOverride(calendar.Override{State: "Shut"}); !errors.As(err, &invalid) {
		t.Errorf("Shut is not refused: %v", err)
	}
}

func TestNextAndSinceGiveUpAtTheHorizon(t *testing.T) {
	c := compile(t, calendar.Schedule{TimeZone: "Europe/Berlin",
		Exceptions: []calendar.Exception{{Date: "2026-01-01", Periods: []calendar.Period{span("00:00", "24:00")}}}})
	opens := instant(t, "2026-01-01T00:00:00+01:00")
	closes := instant(t, "2026-01-02T00:00:00+01:00")
	if change, ok := c.Next(opens.Add(-calendar.Horizon)); !ok || !change.Time.Equal(opens) {
		t.Errorf("exactly at the horizon: got %v %v", change, ok)
	}
	if change, ok := c.Next(opens.Add(-calendar.Horizon - time.Second)); ok {
		t.Errorf("beyond the horizon: got %v", change)
	}
	if a := c.At(closes.Add(calendar.Horizon)); !a.Since.Equal(closes) {
		t.Errorf("exactly at the horizon: since %v", a.Since)
	}
	if a := c.At(closes.Add(calendar.Horizon + time.Second)); !a.Since.IsZero() {
		t.Errorf("beyond the horizon: since %v", a.Since)
	}
	if list := c.Changes(opens.AddDate(-50, 0, 0), opens.AddDate(50, 0, 0), 10); len(list) != 2 {
		t.Errorf("a preview of a century lists %v", list)
	}
	if list := c.Changes(opens, closes, 10); len(list) != 1 || !list[0].Time.Equal(opens) {
		t.Errorf("the first instant is in the window, the last is not: %v", list)
	}
}

func TestASuspendedOrUnchangingScheduleHasNoNextChange(t *testing.T) {
	at := instant(t, "2026-03-29T00:00:00Z")
	for name, s := range map[string]calendar.Schedule{
		"suspended":         {TimeZone: "Europe/Berlin", State: calendar.Suspended, Weekly: everyDay(span("08:00", "16:00"))},
		"open all the week": {TimeZone: "Europe/Berlin", Weekly: everyDay(span("00:00", "24:00"))},
		"open by nights":    {TimeZone: "Europe/Berlin", Weekly: everyDay(span("06:00", "05:00"), span("05:00", "06:00"))},
		"never open":        {TimeZone: "Europe/Berlin"},
	} {
		c := compile(t, s)
		if change, ok := c.Next(at); ok {
			t.Errorf("%s: changes at %v", name, change)
		}
		if a := c.At(at); !a.Since.IsZero() {
			t.Errorf("%s: since %v", name, a.Since)
		}
	}
}

func TestAnAnswerNamesTheRuleAndTheDateThatDecided(t *testing.T) {
	c := compile(t, calendar.Schedule{TimeZone: "Europe/Helsinki",
		Weekly:     []calendar.WeeklyRule{on(calendar.Fri, span("22:00", "02:00"))},
		Exceptions: []calendar.Exception{{Name: "inventory", Date: "2026-11-21"}}})
	cases := []struct{ at, want string }{
		{"2026-11-20T21:59:59+02:00", "false Schedule  2026-11-20"},
		{"2026-11-20T22:00:00+02:00", "true Schedule Fri 22:00-02:00 2026-11-20"},
		{"2026-11-21T01:59:59.999999999+02:00", "true Schedule Fri 22:00-02:00 2026-11-20"},
		{"2026-11-21T02:00:00+02:00", "false Exception inventory 2026-11-21"},
	}
	for _, tc := range cases {
		a := c.At(instant(t, tc.at))
		got := map[bool]string{true: "true ", false: "false "}[a.Open] + string(a.Cause) + " " + a.Rule + " " + a.Date
		if got != tc.want {
			t.Errorf("at %s: got %q, want %q", tc.at, got, tc.want)
		}
	}
}

// The library's ZoneBounds ends the last day of a leap year before it begins,
// where a zone goes by its rule instead of listed transitions.
func TestTheLastDayOfALeapYearPasses(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Gaza"} {
		s := calendar.Schedule{TimeZone: zone, Weekly: everyDay(span("22:00", "06:00"))}
		c := compile(t, s)
		for _, year := range []int{2028, 2040, 2088, 2096} {
			from := time.Date(year, time.December, 30, 0, 0, 0, 0, time.UTC)
			changes := c.Changes(from, from.AddDate(0, 0, 4), 100)
			if len(changes) != 8 {
				t.Errorf("%s %d: four days have %d changes, want 8: %v", zone, year, len(changes), changes)
			}
			for at := from; at.Before(from.AddDate(0, 0, 4)); at = at.Add(time.Minute) {
				if a := c.At(at); a.Open != reading(s, c.Zone(), at) || at.Sub(a.Since) >= 16*time.Hour || a.Since.After(at) {
					t.Fatalf("%s at %v: %+v", zone, at, a)
				}
			}
		}
	}
}

func TestANightMayEndAfterThePeriodsOfTheNextMorning(t *testing.T) {
	c := compile(t, calendar.Schedule{TimeZone: "UTC", Weekly: []calendar.WeeklyRule{
		on(calendar.Tue, span("01:00", "00:30")), on(calendar.Wed, span("00:00", "00:01"))}})
	want := instant(t, "2026-03-25T00:30:00Z")
	if a := c.At(instant(t, "2026-03-29T01:00:00Z")); !a.Since.Equal(want) {
		t.Errorf("closed since %v, want %v", a.Since, want)
	}
}
