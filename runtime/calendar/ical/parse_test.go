package ical_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/calendar/ical"
)

// file wraps the lines of one event.
func file(lines ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@example\r\nSUMMARY:Day off\r\n" +
		strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
}

func dates(holidays []calendar.Holiday) string {
	var list []string
	for _, h := range holidays {
		list = append(list, h.Date)
	}
	return strings.Join(list, " ")
}

func TestEventsBecomeDays(t *testing.T) {
	cases := []struct {
		name  string
		lines []string
		want  string // from 2026 to 2028
	}{
		{"one day", []string{"DTSTART;VALUE=DATE:20261224"}, "2026-12-24"},
		{"without VALUE=DATE", []string{"DTSTART:20261224"}, "2026-12-24"},
		{"in small letters", []string{"dtstart;value=date:20261224"}, "2026-12-24"},
		{"the end is outside", []string{"DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"}, "2026-12-24 2026-12-25 2026-12-26"},
		{"an end on the same day is one day", []string{"DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261224"}, "2026-12-24"},
		{"a duration", []string{"DTSTART;VALUE=DATE:20261224", "DURATION:P2D"}, "2026-12-24 2026-12-25"},
		{"local midnight to midnight", []string{"DTSTART;TZID=Europe/Helsinki:20261224T000000", "DTEND;TZID=Europe/Helsinki:20261225T000000"}, "2026-12-24"},
		{"over the edges of the window", []string{"DTSTART;VALUE=DATE:20251230", "DTEND;VALUE=DATE:20260102"}, "2026-01-01"},
		{"outside the window", []string{"DTSTART;VALUE=DATE:20251224"}, ""},
		{"cancelled", []string{"DTSTART;VALUE=DATE:20261224", "STATUS:CANCELLED"}, ""},
		{"transparent ones count, as public calendars mark all so", []string{"DTSTART;VALUE=DATE:20261224", "TRANSP:TRANSPARENT"}, "2026-12-24"},
		{"yearly from long ago", []string{"DTSTART;VALUE=DATE:19171206", "RRULE:FREQ=YEARLY"}, "2026-12-06 2027-12-06 2028-12-06"},
		{"leap days come in leap years", []string{"DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY"}, "2028-02-29"},
		{"the fourth Thursday of November", []string{"DTSTART;VALUE=DATE:20201126", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"}, "2026-11-26 2027-11-25 2028-11-23"},
		{"the last Monday of May", []string{"DTSTART;VALUE=DATE:20200525", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO"}, "2026-05-25 2027-05-31 2028-05-29"},
		{"the Saturday between two dates", []string{"DTSTART;VALUE=DATE:20250621", "RRULE:FREQ=YEARLY;BYMONTH=6;BYDAY=SA;BYMONTHDAY=20,21,22,23,24,25,26"}, "2026-06-20 2027-06-26 2028-06-24"},
		{"the last working day of a month", []string{"DTSTART;VALUE=DATE:20260130", "RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"}, "2026-01-30 2026-02-27 2026-03-31"},
		{"until includes its day", []string{"DTSTART;VALUE=DATE:20261221", "RRULE:FREQ=DAILY;UNTIL=20261223"}, "2026-12-21 2026-12-22 2026-12-23"},
		{"every other day, five times", []string{"DTSTART;VALUE=DATE:20251230", "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=5"}, "2026-01-01 2026-01-03 2026-01-05 2026-01-07"},
		{"weekly with a day taken out", []string{"DTSTART;VALUE=DATE:20261204", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;VALUE=DATE:20261211,20261218"}, "2026-12-04 2026-12-25"},
		{"added days", []string{"DTSTART;VALUE=DATE:20261204", "RDATE;VALUE=DATE:20261208,20261204"}, "2026-12-04 2026-12-08"},
		{"an alarm inside is passed over", []string{"DTSTART;VALUE=DATE:20261204", "BEGIN:VALARM", "TRIGGER:-PT15M", "DURATION:PT5M", "END:VALARM"}, "2026-12-04"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ical.Parse(strings.NewReader(file(tc.lines...)), ical.Window{FirstYear: 2026, LastYear: 2028}, ical.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if dates(got) != tc.want {
				t.Errorf("got %q, want %q", dates(got), tc.want)
			}
		})
	}
}

func TestAChangedInstanceReplacesItsOwn(t *testing.T) {
	text := "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nSUMMARY:Fair\nDTSTART;VALUE=DATE:20260601\nRRULE:FREQ=YEARLY\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20270601\nSUMMARY:Fair\\, moved\nDTSTART;VALUE=DATE:20270603\nEND:VEVENT\n" +
		"BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20280601\nSTATUS:CANCELLED\nDTSTART;VALUE=DATE:20280601\nEND:VEVENT\nEND:VCALENDAR\n"
	got, err := ical.Parse(strings.NewReader(text), ical.Window{FirstYear: 2026, LastYear: 2028}, ical.Limits{})
	want := []calendar.Holiday{{Name: "Fair", Date: "2026-06-01"}, {Name: "Fair, moved", Date: "2027-06-03"}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

func TestFoldedLinesAndAByteOrderMarkAreRead(t *testing.T) {
	text := "\xef\xbb\xbfBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Itsen\r\n äisyys\r\n päivä\r\nDTSTART;VAL\r\n\tUE=DATE:202612\r\n 06\r\nEND:VEVENT\r\nEND:VCALENDAR"
	got, err := ical.Parse(strings.NewReader(text), ical.Window{FirstYear: 2026, LastYear: 2026}, ical.Limits{})
	if err != nil || len(got) != 1 || got[0] != (calendar.Holiday{Name: "Itsenäisyyspäivä", Date: "2026-12-06"}) {
		t.Errorf("got %v (%v)", got, err)
	}
}

func TestWhatIsNotUnderstoodIsRefusedByNameAndLine(t *testing.T) {
	start := "DTSTART;VALUE=DATE:20261224"
	cases := []struct {
		name, text string
		line       int
		message    string
	}{
		{"empty", "", 1, "empty"},
		{"no calendar", "hello: world", 1, "BEGIN:VCALENDAR"},
		{"no line", "BEGIN:VCALENDAR\nwhat", 2, "NAME:VALUE"},
		{"cut off", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261224", 3, "ends before END:VEVENT"},
		{"ends crossed", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", 3, "no BEGIN"},
		{"not UTF-8", "BEGIN:VCALENDAR\nX:\xff", 1, "UTF-8"},
		{"no start", file(), 3, "no DTSTART"},
		{"a timed event", file("DTSTART:20261224T120000Z", "DTEND:20261224T130000Z"), 6, "whole day"},
		{"a midnight of Greenwich", file("DTSTART:20261224T000000Z"), 6, "whole day"},
		{"a midnight without an end", file("DTSTART:20261224T000000"), 6, "no DTEND"},
		{"a date that does not exist", file("DTSTART;VALUE=DATE:20260230"), 6, "whole day"},
		{"an end before the start", file(start, "DTEND;VALUE=DATE:20261223"), 7, "before DTSTART"},
		{"hours", file(start, "DURATION:PT5H"), 7, "whole days"},
		{"two rules", file(start, "RRULE:FREQ=YEARLY", "RRULE:FREQ=DAILY"), 8, "second RRULE"},
		{"hourly", file(start, "RRULE:FREQ=HOURLY"), 7, "FREQ=HOURLY is not supported"},
		{"week numbers", file(start, "RRULE:FREQ=YEARLY;BYWEEKNO=20"), 7, "BYWEEKNO is not supported"},
		{"days of the year", file(start, "RRULE:FREQ=YEARLY;BYYEARDAY=100"), 7, "BYYEARDAY is not supported"},
		{"another calendar", file(start, "RRULE:RSCALE=CHINESE;FREQ=YEARLY"), 7, "RSCALE is not supported"},
		{"no frequency", file(start, "RRULE:COUNT=2"), 7, "FREQ is missing"},
		{"interval of nothing", file(start, "RRULE:FREQ=DAILY;INTERVAL=0"), 7, "from 1 to"},
		{"count and until", file(start, "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101"), 7, "both COUNT and UNTIL"},
		{"a bad until", file(start, "RRULE:FREQ=DAILY;UNTIL=soon"), 7, "no date"},
		{"a bad day", file(start, "RRULE:FREQ=WEEKLY;BYDAY=XX"), 7, "MO to SU"},
		{"a numbered day of a week", file(start, "RRULE:FREQ=WEEKLY;BYDAY=2MO"), 7, "does not go with FREQ=WEEKLY"},
		{"rules that take away", file(start, "EXRULE:FREQ=DAILY"), 7, "EXRULE is not supported"},
		{"periods that are added", file(start, "RDATE;VALUE=PERIOD:20261224T100000Z/PT1H"), 7, "no whole day"},
		{"a range of changes", file(start, "RECURRENCE-ID;RANGE=THISANDFUTURE:20261224"), 7, "RANGE is not supported"},
		{"a line after a folded one", file("DESCRIPTION:a\r\n b\r\n c", start, "EXDATE:never"), 10, "EXDATE"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ical.Parse(strings.NewReader(tc.text), ical.Window{FirstYear: 2026, LastYear: 2028}, ical.Limits{})
			var invalid *ical.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want an *InvalidError", err)
			}
			if p := invalid.Problems[0]; p.Line != tc.line || !strings.Contains(p.Message, tc.message) {
				t.Errorf("got %+v, want line %d ...%s...", p, tc.line, tc.message)
			}
		})
	}
}

func TestLimitsAreErrorsByType(t *testing.T) {
	event := "BEGIN:VEVENT\nDTSTART:20261224\nEND:VEVENT\n"
	many := func(n int, event string) string {
		return "BEGIN:VCALENDAR\n" + strings.Repeat(event, n) + "END:VCALENDAR\n"
	}
	counted := "BEGIN:VEVENT\nDTSTART:00010101\nRRULE:FREQ=DAILY;COUNT=100000\nEND:VEVENT\n"
	cases := []struct {
		name, text string
		limits     ical.Limits
		what       string
	}{
		{"too many bytes", strings.Repeat("x", 1<<20+1), ical.Limits{}, "bytes"},
		{"too many events", many(5001, event), ical.Limits{}, "events"},
		{"too many days", file("DTSTART:20260101", "RRULE:FREQ=DAILY"), ical.Limits{Days: 365}, "days"},
		{"long events every day", file("DTSTART:00010101", "DTEND:99991231", "RRULE:FREQ=DAILY"), ical.Limits{}, "rule steps"},
		{"rules that take too long", many(200, counted), ical.Limits{}, "rule steps"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ical.Parse(strings.NewReader(tc.text), ical.Window{FirstYear: 2026, LastYear: 2028}, tc.limits)
			var limit *ical.LimitError
			if !errors.As(err, &limit) || limit.What != tc.what {
				t.Errorf("got %v, want a *LimitError of %s", err, tc.what)
			}
		})
	}
	if got, err := ical.Parse(strings.NewReader(many(5000, event)), ical.Window{FirstYear: 2026, LastYear: 2028}, ical.Limits{}); err != nil || len(got) != 1 {
		t.Errorf("5,000 events on one day: %d days, %v", len(got), err)
	}
	for _, w := range []ical.Window{{}, {2028, 2026}, {2000, 2050}, {9990, 10001}} {
		if _, err := ical.Parse(strings.NewReader(many(1, event)), w, ical.Limits{}); err == nil {
			t.Errorf("the window %v is not refused", w)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "EXDATE:20271125"))
	f.Add(file("DTSTART:20260130", "DURATION:P1W", "RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=MO,FR;BYSETPOS=-1;WKST=SU"))
	f.Add(file("DTSTART;TZID=\"a;b\":20261224T000000", "DTEND:20261225T000000", "RECURRENCE-ID:20261223"))
	f.Add("BEGIN:VCALENDAR\n ;\n\tEND:VCALENDAR")
	f.Fuzz(func(t *testing.T, text string) {
		holidays, err := ical.Parse(strings.NewReader(text), ical.Window{FirstYear: 2026, LastYear: 2028}, ical.Limits{Bytes: 4096, Events: 50})
		if err != nil {
			var invalid *ical.InvalidError
			var limit *ical.LimitError
			if !errors.As(err, &limit) && (!errors.As(err, &invalid) || len(invalid.Problems) == 0) {
				t.Fatalf("refused without a type: %v", err)
			}
			return
		}
		if err := calendar.Validate(calendar.Schedule{TimeZone: "UTC", Holidays: holidays}); err != nil {
			t.Fatalf("the calendar refuses what was read: %v", err)
		}
		for i, h := range holidays {
			if h.Date < "2026-01-01" || h.Date > "2028-12-31" || i > 0 && h.Date < holidays[i-1].Date {
				t.Fatalf("%v is outside the window or out of order", h)
			}
		}
	})
}
