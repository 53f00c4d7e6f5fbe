package calendar_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
)

func TestCompileSaysWhatToChange(t *testing.T) {
	day := []calendar.Period{span("08:00", "16:00")}
	weekly := func(days []calendar.Weekday, periods ...calendar.Period) calendar.Schedule {
		return calendar.Schedule{TimeZone: "UTC", Weekly: []calendar.WeeklyRule{{Days: days, Periods: periods}}}
	}
	mon := []calendar.Weekday{calendar.Mon}
	cases := []struct {
		name     string
		schedule calendar.Schedule
		field    string
		value    string
		message  string
	}{
		{"no zone", calendar.Schedule{}, "timeZone", "", "Europe/Helsinki"},
		{"an unknown zone", calendar.Schedule{TimeZone: "Europe/Atlantis"}, "timeZone", "Europe/Atlantis", "unknown time zone"},
		{"the machine's own zone", calendar.Schedule{TimeZone: "Local"}, "timeZone", "Local", "IANA"},
		{"a zone with leap seconds", calendar.Schedule{TimeZone: "right/Europe/Berlin"}, "timeZone", "right/Europe/Berlin", "IANA"},
		{"a zone that climbs out", calendar.Schedule{TimeZone: "../../etc/passwd"}, "timeZone", "../../etc/passwd", "unknown"},
		{"an unknown state", calendar.Schedule{TimeZone: "UTC", State: "Paused"}, "state", "Paused", "Active or Suspended"},
		{"a rule without days", weekly(nil, day...), "weekly[0].days", "", "at least one day"},
		{"a rule without periods", weekly(mon), "weekly[0].periods", "", "at least one period"},
		{"an unknown day", weekly([]calendar.Weekday{"Monday"}, day...), "weekly[0].days[0]", "Monday", "Mon, Tue"},
		{"a day twice", weekly([]calendar.Weekday{"Mon", "Mon"}, day...), "weekly[0].days[1]", "Mon", "twice"},
		{"a start without a zero", weekly(mon, span("8:00", "16:00")), "weekly[0].periods[0].start", "8:00", "HH:MM"},
		{"a start of 24:00", weekly(mon, span("24:00", "02:00")), "weekly[0].periods[0].start", "24:00", "00:00 of the next day"},
		{"an end of 24:01", weekly(mon, span("08:00", "24:01")), "weekly[0].periods[0].end", "24:01", "HH:MM"},
		{"an end of 25:00", weekly(mon, span("08:00", "25:00")), "weekly[0].periods[0].end", "25:00", "HH:MM"},
		{"minutes of 60", weekly(mon, span("08:60", "16:00")), "weekly[0].periods[0].start", "08:60", "HH:MM"},
		{"signs for digits", weekly(mon, span("+8:00", "16:00")), "weekly[0].periods[0].start", "+8:00", "HH:MM"},
		{"seconds", weekly(mon, span("08:00:00", "16:00")), "weekly[0].periods[0].start", "08:00:00", "HH:MM"},
		{"an empty period", weekly(mon, span("08:00", "08:00")), "weekly[0].periods[0]", "08:00-08:00", "00:00 to 24:00"},
		{"an overlap", weekly(mon, span("08:00", "12:00"), span("11:59", "13:00")), "weekly[0].periods[1]", "11:59-13:00", "overlaps with 08:00-12:00 (weekly[0].periods[0])"},
		{"an overlap with a night", weekly(mon, span("23:00", "23:30"), span("22:00", "02:00")), "weekly[0].periods[0]", "23:00-23:30", "overlaps with 22:00-02:00"},
		{"the same period twice", weekly(mon, span("08:00", "12:00"), span("08:00", "12:00")), "weekly[0].periods[1]", "08:00-12:00", "overlaps"},
		{"an exception's overlap", calendar.Schedule{TimeZone: "UTC", Exceptions: []calendar.Exception{{Date: "2026-01-01",
			Periods: []calendar.Period{span("08:00", "12:00"), span("10:00", "11:00")}}}}, "exceptions[0].periods[1]", "10:00-11:00", "overlaps"},
		{"a date that does not exist", calendar.Schedule{TimeZone: "UTC", Exceptions: []calendar.Exception{{Date: "2027-02-29"}}}, "exceptions[0].date", "2027-02-29", "exists"},
		{"a date of another form", calendar.Schedule{TimeZone: "UTC", Exceptions: []calendar.Exception{{Date: "24.12.2026"}}}, "exceptions[0].date", "24.12.2026", "YYYY-MM-DD"},
		{"an unknown recurrence", calendar.Schedule{TimeZone: "UTC", Exceptions: []calendar.Exception{{Date: "2026-12-24", Recurrence: "Monthly"}}}, "exceptions[0].recurrence", "Monthly", "Yearly"},
		{"a date excepted twice", calendar.Schedule{TimeZone: "UTC", Exceptions: []calendar.Exception{{Date: "2026-12-24"}, {Date: "2026-12-24"}}}, "exceptions[1].date", "2026-12-24", "exceptions[0] has the same date"},
		{"a day excepted twice a year", calendar.Schedule{TimeZone: "UTC", Exceptions: []calendar.Exception{
			{Date: "2025-12-24", Recurrence: "Yearly"}, {Date: "2026-12-24", Recurrence: "Yearly"}}}, "exceptions[1].date", "2026-12-24", "yearly on the same day"},
		{"a holiday that is no date", calendar.Schedule{TimeZone: "UTC", Holidays: []calendar.Holiday{{Date: "Christmas"}}}, "holidays[0].date", "Christmas", "YYYY-MM-DD"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			err := calendar.Validate(tc.schedule)
			var invalid *calendar.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want an *InvalidError", err)
			}
			if len(invalid.Problems) != 1 {
				t.Fatalf("got %d problems, want one: %v", len(invalid.Problems), err)
			}
			p := invalid.Problems[0]
			if p.Field != tc.field || p.Value != tc.value || !strings.Contains(p.Message, tc.message) {
				t.Errorf("got %+v, want %s %q: ...%s...", p, tc.field, tc.value, tc.message)
			}
		})
	}
}

func TestCompileReportsAllProblemsAtOnce(t *testing.T) {
	err := calendar.Validate(calendar.Schedule{
		TimeZone: "Mars/Olympus", State: "Off",
		Weekly:     []calendar.WeeklyRule{on("Moonday", span("8", "9")), on(calendar.Tue, span("10:00", "10:00"))},
		Exceptions: []calendar.Exception{{Date: "never"}},
		Holidays:   []calendar.Holiday{{Date: "2026-13-01"}},
	})
	want := []string{"timeZone", "state", "weekly[0].periods[0].start", "weekly[0].periods[0].end",
		"weekly[0].days[0]", "weekly[1].periods[0]", "exceptions[0].date", "holidays[0].date"}
	var invalid *calendar.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v, want an *InvalidError", err)
	}
	var got []string
	for _, p := range invalid.Problems {
		got = append(got, p.Field)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("fields\n got %v\nwant %v", got, want)
	}
}

func TestAnErrorTextStaysShort(t *testing.T) {
	holidays := make([]calendar.Holiday, 5000)
	for i := range holidays {
		holidays[i].Date = strings.Repeat("é", 1000)
	}
	err := calendar.Validate(calendar.Schedule{TimeZone: "UTC", Holidays: holidays})
	if text := err.Error(); len(text) > 3000 || !strings.HasSuffix(text, "and 4990 more") {
		t.Errorf("text of %d bytes ends in %q", len(text), text[max(0, len(text)-40):])
	}
}

func TestPeriodsThatOnlyTouchAreAllowed(t *testing.T) {
	c := compile(t, calendar.Schedule{TimeZone: "UTC", Weekly: []calendar.WeeklyRule{
		on(calendar.Mon, span("08:00", "12:00"), span("12:00", "13:00")),
		on(calendar.Mon, span("13:00", "24:00")), on(calendar.Tue, span("00:00", "01:00"))}})
	changes := c.Changes(instant(t, "2026-11-23T00:00:00Z"), instant(t, "2026-11-25T00:00:00Z"), 10)
	if len(changes) != 2 || changes[1].Time != instant(t, "2026-11-24T01:00:00Z") {
		t.Errorf("got %v, want one opening and one closing", changes)
	}
}

func TestTwoHolidaysOnOneDateAreOne(t *testing.T) {
	c := compile(t, calendar.Schedule{TimeZone: "UTC", Weekly: everyDay(span("00:00", "24:00")), Holidays: []calendar.Holiday{
		{Name: "first", Date: "2026-12-25"}, {Name: "second", Date: "2026-12-25"}}})
	if a := c.At(instant(t, "2026-12-25T12:00:00Z")); a.Open || a.Rule != "first" {
		t.Errorf("got %+v, want closed by the first", a)
	}
}

func TestAScheduleSurvivesJSON(t *testing.T) {
	before := calendar.Schedule{Name: "office", Generation: 7, TimeZone: "Europe/Helsinki", State: calendar.Suspended,
		Weekly:     everyDay(span("08:00", "24:00")),
		Exceptions: []calendar.Exception{{Name: "x", Date: "2026-01-01", Recurrence: calendar.Yearly, Periods: []calendar.Period{span("10:00", "11:00")}}},
		Holidays:   []calendar.Holiday{{Name: "y", Date: "2026-01-06"}}}
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"timeZone":"Europe/Helsinki"`) {
		t.Errorf("names are not lowerCamel: %s", text)
	}
	var after calendar.Schedule
	if err := json.Unmarshal(text, &after); err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("got %+v (%v), want %+v", after, err, before)
	}
}

// FuzzCompile looks for a schedule that is accepted and then does not hold
// together, or that is not refused by type.
func FuzzCompile(f *testing.F) {
	seeds := []string{
		`{"timeZone":"Europe/Helsinki","weekly":[{"days":["Mon","Fri"],"periods":[{"start":"08:00","end":"12:00"},{"start":"22:00","end":"02:00"}]}]}`,
		`{"timeZone":"Australia/Lord_Howe","exceptions":[{"date":"2024-02-29","recurrence":"Yearly","periods":[{"start":"00:00","end":"24:00"}]}],"holidays":[{"date":"2026-12-25"}]}`,
		`{"timeZone":"UTC","weekly":[{"days":["Mon"],"periods":[{"start":"08:00","end":"08:00"}]}]}`,
		`{"timeZone":"Local","state":"Suspended"}`,
		`{}`, `[]`, `{"timeZone":"UTC","exceptions":[{"date":"0000-01-01"},{"date":"9999-12-31"}]}`,
	}
	for _, s := range seeds {
		f.Add(s, int64(1_774_746_000))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		var s calendar.Schedule
		if json.Unmarshal([]byte(text), &s) != nil {
			return
		}
		c, err := calendar.Compile(s)
		if err != nil {
			var invalid *calendar.InvalidError
			if !errors.As(err, &invalid) || len(invalid.Problems) == 0 || invalid.Error() == "" {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		// Years 1 to 9999, as RFC 3339 can say them.
		at := time.Unix(unix%253_402_300_000, 0)
		if unix < 0 {
			at = time.Unix(unix%62_135_596_800, 0)
		}
		now := c.At(at)
		if now.Since.After(at) {
			t.Fatalf("at %v: it is so since %v, later", at, now.Since)
		}
		if next, ok := c.Next(at); ok {
			if !next.Time.After(at) || next.Open == now.Open || c.At(next.Time).Open != next.Open {
				t.Fatalf("at %v: %+v changes to %+v", at, now, next)
			}
			if since := c.At(next.Time).Since; !since.Equal(next.Time) {
				t.Fatalf("the change at %v looks from behind like one at %v", next.Time, since)
			}
		}
		applied := 0
		for _, step := range calendar.Explain(c, nil, at) {
			if step.Applies {
				applied++
			}
		}
		if applied != 1 {
			t.Fatalf("at %v: %d levels apply", at, applied)
		}
	})
}
