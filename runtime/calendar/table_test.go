package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
)

// TestChangesAcrossTheOddDaysOfZones lists what opens and closes in a window, in
// local time with its offset, and compares every minute of it with a reading of
// the clock.
func TestChangesAcrossTheOddDaysOfZones(t *testing.T) {
	night := everyDay(span("22:00", "06:00"))
	cases := []struct {
		name       string
		zone       string
		weekly     []calendar.WeeklyRule
		exceptions []calendar.Exception
		holidays   []calendar.Holiday
		from, to   string
		want       []string
	}{
		{
			name: "Berlin in spring: a start inside the skipped hour opens at the jump",
			zone: "Europe/Berlin", weekly: everyDay(span("02:30", "04:00")),
			from: "2026-03-28T12:00:00Z", to: "2026-03-30T12:00:00Z",
			want: []string{"open 2026-03-29T03:00:00+02:00", "close 2026-03-29T04:00:00+02:00",
				"open 2026-03-30T02:30:00+02:00", "close 2026-03-30T04:00:00+02:00"},
		},
		{
			name: "Berlin in spring: a period wholly inside the skipped hour does not happen",
			zone: "Europe/Berlin", weekly: everyDay(span("02:10", "02:50")),
			from: "2026-03-28T12:00:00Z", to: "2026-03-30T12:00:00Z",
			want: []string{"open 2026-03-30T02:10:00+02:00", "close 2026-03-30T02:50:00+02:00"},
		},
		{
			name: "Berlin in spring: an end inside the skipped hour closes at the jump",
			zone: "Europe/Berlin", weekly: everyDay(span("01:00", "02:30")),
			from: "2026-03-28T12:00:00Z", to: "2026-03-29T12:00:00Z",
			want: []string{"open 2026-03-29T01:00:00+01:00", "close 2026-03-29T03:00:00+02:00"},
		},
		{
			name: "Berlin in spring: a night is an hour shorter",
			zone: "Europe/Berlin", weekly: night,
			from: "2026-03-28T12:00:00Z", to: "2026-03-29T12:00:00Z",
			want: []string{"open 2026-03-28T22:00:00+01:00", "close 2026-03-29T06:00:00+02:00"},
		},
		{
			name: "Berlin in autumn: a period inside the repeated hour happens twice",
			zone: "Europe/Berlin", weekly: everyDay(span("02:15", "02:45")),
			from: "2026-10-24T12:00:00Z", to: "2026-10-25T12:00:00Z",
			want: []string{"open 2026-10-25T02:15:00+02:00", "close 2026-10-25T02:45:00+02:00",
				"open 2026-10-25T02:15:00+01:00", "close 2026-10-25T02:45:00+01:00"},
		},
		{
			name: "Berlin in autumn: a start inside the repeated hour closes again as the clock goes back",
			zone: "Europe/Berlin", weekly: everyDay(span("02:30", "05:00")),
			from: "2026-10-24T12:00:00Z", to: "2026-10-25T12:00:00Z",
			want: []string{"open 2026-10-25T02:30:00+02:00", "close 2026-10-25T02:00:00+01:00",
				"open 2026-10-25T02:30:00+01:00", "close 2026-10-25T05:00:00+01:00"},
		},
		{
			name: "Berlin in autumn: an end inside the repeated hour opens again as the clock goes back",
			zone: "Europe/Berlin", weekly: everyDay(span("01:00", "02:30")),
			from: "2026-10-24T12:00:00Z", to: "2026-10-25T12:00:00Z",
			want: []string{"open 2026-10-25T01:00:00+02:00", "close 2026-10-25T02:30:00+02:00",
				"open 2026-10-25T02:00:00+01:00", "close 2026-10-25T02:30:00+01:00"},
		},
		{
			name: "Berlin in autumn: an end at the jump itself closes only after the repeated hour",
			zone: "Europe/Berlin", weekly: everyDay(span("01:00", "03:00")),
			from: "2026-10-24T12:00:00Z", to: "2026-10-25T12:00:00Z",
			want: []string{"open 2026-10-25T01:00:00+02:00", "close 2026-10-25T03:00:00+01:00"},
		},
		{
			name: "New York jumps at two, not at one in the morning of Greenwich",
			zone: "America/New_York", weekly: everyDay(span("02:30", "03:30")),
			from: "2026-03-07T17:00:00Z", to: "2026-03-08T17:00:00Z",
			want: []string{"open 2026-03-08T03:00:00-04:00", "close 2026-03-08T03:30:00-04:00"},
		},
		{
			name: "New York in autumn",
			zone: "America/New_York", weekly: everyDay(span("01:30", "01:45")),
			from: "2026-10-31T17:00:00Z", to: "2026-11-01T17:00:00Z",
			want: []string{"open 2026-11-01T01:30:00-04:00", "close 2026-11-01T01:45:00-04:00",
				"open 2026-11-01T01:30:00-05:00", "close 2026-11-01T01:45:00-05:00"},
		},
		{
			name: "Lord Howe goes back by half an hour",
			zone: "Australia/Lord_Howe", weekly: everyDay(span("01:45", "03:00")),
			from: "2026-04-04T06:00:00Z", to: "2026-04-05T06:00:00Z",
			want: []string{"open 2026-04-05T01:45:00+11:00", "close 2026-04-05T01:30:00+10:30",
				"open 2026-04-05T01:45:00+10:30", "close 2026-04-05T03:00:00+10:30"},
		},
		{
			name: "Lord Howe skips half an hour",
			zone: "Australia/Lord_Howe", weekly: everyDay(span("02:15", "02:45")),
			from: "2026-10-03T06:00:00Z", to: "2026-10-04T06:00:00Z",
			want: []string{"open 2026-10-04T02:30:00+11:00", "close 2026-10-04T02:45:00+11:00"},
		},
		{
			name: "Kathmandu is a quarter of an hour off the half",
			zone: "Asia/Kathmandu", weekly: everyDay(span("10:00", "17:00")),
			from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z",
			want: []string{"open 2026-11-20T10:00:00+05:45", "close 2026-11-20T17:00:00+05:45"},
		},
		{
			name: "Apia has no Friday: its own hours never come, the tail of its night does",
			zone: "Pacific/Apia",
			weekly: []calendar.WeeklyRule{on(calendar.Thu, span("20:00", "23:00")),
				on(calendar.Fri, span("09:00", "17:00"), span("22:00", "02:00")), on(calendar.Sat, span("10:00", "12:00"))},
			from: "2011-12-29T12:00:00Z", to: "2011-12-31T12:00:00Z",
			want: []string{"open 2011-12-29T20:00:00-10:00", "close 2011-12-29T23:00:00-10:00",
				"open 2011-12-31T00:00:00+14:00", "close 2011-12-31T02:00:00+14:00",
				"open 2011-12-31T10:00:00+14:00", "close 2011-12-31T12:00:00+14:00"},
		},
		{
			name: "Apia: the night of Thursday ends at the jump, for the clock never reads its Friday morning",
			zone: "Pacific/Apia", weekly: []calendar.WeeklyRule{on(calendar.Thu, span("22:00", "06:00"))},
			from: "2011-12-29T12:00:00Z", to: "2011-12-31T12:00:00Z",
			want: []string{"open 2011-12-29T22:00:00-10:00", "close 2011-12-31T00:00:00+14:00"},
		},
		{
			name: "Casablanca goes back for Ramadan and forward after it",
			zone: "Africa/Casablanca", weekly: everyDay(span("02:30", "02:40")),
			from: "2026-02-15T00:00:00Z", to: "2026-02-16T00:00:00Z",
			want: []string{"open 2026-02-15T02:30:00+01:00", "close 2026-02-15T02:40:00+01:00",
				"open 2026-02-15T02:30:00Z", "close 2026-02-15T02:40:00Z"},
		},
		{
			name: "Monrovia's offset had seconds until 1972",
			zone: "Africa/Monrovia", weekly: everyDay(span("10:00", "11:00")),
			from: "1971-06-01T00:00:00Z", to: "1971-06-02T00:00:00Z",
			// RFC 3339 cannot say -00:44:30; the comparison below is by instants.
			want: []string{"open 1971-06-01T10:00:00-00:44", "close 1971-06-01T11:00:00-00:44"},
		},
		{
			name: "a yearly exception of 29 February waits for the leap year",
			zone: "Europe/Berlin", weekly: everyDay(span("08:00", "09:00")),
			exceptions: []calendar.Exception{{Name: "leap", Date: "2024-02-29", Recurrence: calendar.Yearly}},
			from:       "2028-02-28T00:00:00Z", to: "2028-03-02T00:00:00Z",
			want: []string{"open 2028-02-28T08:00:00+01:00", "close 2028-02-28T09:00:00+01:00",
				"open 2028-03-01T08:00:00+01:00", "close 2028-03-01T09:00:00+01:00"},
		},
		{
			name: "a yearly exception of 29 February changes nothing in other years",
			zone: "Europe/Berlin", weekly: everyDay(span("08:00", "09:00")),
			exceptions: []calendar.Exception{{Name: "leap", Date: "2024-02-29", Recurrence: calendar.Yearly}},
			from:       "2027-02-28T00:00:00Z", to: "2027-03-02T00:00:00Z",
			want: []string{"open 2027-02-28T08:00:00+01:00", "close 2027-02-28T09:00:00+01:00",
				"open 2027-03-01T08:00:00+01:00", "close 2027-03-01T09:00:00+01:00"},
		},
		{
			name: "the last night of the year runs into a new year that is closed",
			zone: "Europe/Helsinki", weekly: night,
			exceptions: []calendar.Exception{{Name: "new-year", Date: "2026-01-01", Recurrence: calendar.Yearly}},
			from:       "2026-12-31T12:00:00Z", to: "2027-01-03T00:00:00Z",
			want: []string{"open 2026-12-31T22:00:00+02:00", "close 2027-01-01T06:00:00+02:00",
				"open 2027-01-02T22:00:00+02:00"},
		},
		{
			name: "an exception takes its own night away and leaves the one before",
			zone: "Europe/Helsinki", weekly: night,
			exceptions: []calendar.Exception{{Name: "inventory", Date: "2026-11-30", Periods: []calendar.Period{span("10:00", "14:00")}}},
			from:       "2026-11-29T12:00:00Z", to: "2026-12-01T12:00:00Z",
			want: []string{"open 2026-11-29T22:00:00+02:00", "close 2026-11-30T06:00:00+02:00",
				"open 2026-11-30T10:00:00+02:00", "close 2026-11-30T14:00:00+02:00"},
		},
		{
			name: "an exception's own night runs into an ordinary day and joins its morning",
			zone: "Europe/Helsinki", weekly: everyDay(span("05:00", "08:00")),
			exceptions: []calendar.Exception{{Date: "2026-11-30", Periods: []calendar.Period{span("20:00", "05:00")}}},
			from:       "2026-11-30T12:00:00Z", to: "2026-12-01T12:00:00Z",
			want: []string{"open 2026-11-30T20:00:00+02:00", "close 2026-12-01T08:00:00+02:00"},
		},
		{
			name: "a holiday replaces its day, an exception replaces a holiday",
			zone: "Europe/Helsinki", weekly: everyDay(span("08:00", "16:00")),
			exceptions: []calendar.Exception{{Date: "2026-12-25", Periods: []calendar.Period{span("12:00", "13:00")}}},
			holidays:   []calendar.Holiday{{Name: "Eve", Date: "2026-12-24"}, {Name: "Christmas", Date: "2026-12-25"}},
			from:       "2026-12-24T00:00:00Z", to: "2026-12-26T00:00:00Z",
			want: []string{"open 2026-12-25T12:00:00+02:00", "close 2026-12-25T13:00:00+02:00"},
		},
		{
			name: "24:00 meets the 00:00 of the next day without a change",
			zone: "Europe/Helsinki", weekly: []calendar.WeeklyRule{
				on(calendar.Mon, span("18:00", "24:00")), on(calendar.Tue, span("00:00", "02:00"))},
			from: "2026-11-23T00:00:00Z", to: "2026-11-25T00:00:00Z",
			want: []string{"open 2026-11-23T18:00:00+02:00", "close 2026-11-24T02:00:00+02:00"},
		},
		{
			name: "an end of 00:00 is an end of 24:00",
			zone: "Europe/Helsinki", weekly: []calendar.WeeklyRule{on(calendar.Mon, span("18:00", "00:00"))},
			from: "2026-11-23T00:00:00Z", to: "2026-11-25T00:00:00Z",
			want: []string{"open 2026-11-23T18:00:00+02:00", "close 2026-11-24T00:00:00+02:00"},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := calendar.Schedule{TimeZone: tc.zone, Weekly: tc.weekly, Exceptions: tc.exceptions, Holidays: tc.holidays}
			c := compile(t, s)
			from, to := instant(t, tc.from), instant(t, tc.to)
			var got []string
			for _, change := range c.Changes(from, to, 100) {
				verb := "close"
				if change.Open {
					verb = "open"
				}
				got = append(got, verb+" "+change.Time.Format(time.RFC3339))
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("changes\n got %v\nwant %v", got, tc.want)
			}
			for at := from; at.Before(to); at = at.Add(30 * time.Second) {
				if got, want := c.At(at).Open, reading(s, c.Zone(), at); got != want {
					t.Fatalf("at %s: open is %v, the clock says %v", at.In(c.Zone()), got, want)
				}
			}
		})
	}
}
