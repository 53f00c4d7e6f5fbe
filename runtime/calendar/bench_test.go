package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
)

// office is what the sample desk has, with ten years of holidays.
func office() calendar.Schedule {
	s := calendar.Schedule{
		TimeZone: "Europe/Helsinki",
		Weekly: []calendar.WeeklyRule{
			{Days: []calendar.Weekday{"Mon", "Tue", "Wed", "Thu"}, Periods: []calendar.Period{span("08:00", "12:00"), span("13:00", "18:00")}},
			on(calendar.Fri, span("22:00", "02:00")),
		},
		Exceptions: []calendar.Exception{
			{Name: "inventory", Date: "2026-11-30", Periods: []calendar.Period{span("10:00", "14:00")}},
			{Name: "new-year", Date: "2027-01-01", Recurrence: calendar.Yearly},
		},
	}
	for year := 2024; year < 2034; year++ {
		for _, day := range []string{"01-06", "05-01", "12-06", "12-24", "12-25", "12-26"} {
			s.Holidays = append(s.Holidays, calendar.Holiday{Date: fmt.Sprintf("%d-%s", year, day)})
		}
	}
	return s
}

func benchTimes() []time.Time {
	at := time.Date(2026, time.November, 16, 0, 3, 0, 0, time.UTC)
	var times []time.Time
	for range 64 {
		times = append(times, at)
		at = at.Add(5*time.Hour + 7*time.Minute)
	}
	return times
}

func BenchmarkAt(b *testing.B) {
	c, times := compile(b, office()), benchTimes()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.At(times[i%len(times)])
	}
}

func BenchmarkNext(b *testing.B) {
	c, times := compile(b, office()), benchTimes()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Next(times[i%len(times)])
	}
}

// BenchmarkNextNever is the worst case: two years searched in vain.
func BenchmarkNextNever(b *testing.B) {
	s := office()
	s.Weekly = everyDay(span("00:00", "24:00"))
	s.Exceptions = []calendar.Exception{{Date: "2020-06-01", Recurrence: calendar.Yearly, Periods: []calendar.Period{span("00:00", "24:00")}}}
	s.Holidays = []calendar.Holiday{{Date: "2020-01-01"}}
	c, times := compile(b, s), benchTimes()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if change, ok := c.Next(times[i%len(times)]); ok {
			b.Fatalf("changes at %v", change)
		}
	}
}

func BenchmarkThousandQueues(b *testing.B) {
	c := compile(b, office())
	at := time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		for range 1000 {
			calendar.Resolve(c, nil, at)
			calendar.NextChange(c, nil, at)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	s := office()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := calendar.Compile(s); err != nil {
			b.Fatal(err)
		}
	}
}
