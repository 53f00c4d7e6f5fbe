package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher.chat/runtime/calendar"
)

// moments are near what is odd: jumps of clocks, a missing day, leap days, ends
// of years.
var moments = []string{
	"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z",
	"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z", "2011-12-30T10:00:00Z", "2026-02-15T02:00:00Z",
	"2028-02-29T12:00:00Z", "2026-12-31T22:00:00Z", "2027-02-28T23:00:00Z", "2026-11-20T12:00:00Z",
}

var zones = []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
	"Pacific/Apia", "Africa/Casablanca", "UTC", "America/St_Johns", "Europe/Dublin"}

func drawMoment(t *rapid.T) time.Time {
	base, err := time.Parse(time.RFC3339, rapid.SampledFrom(moments).Draw(t, "moment"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return base.Add(time.Duration(rapid.IntRange(-3*86400, 3*86400).Draw(t, "seconds")) * time.Second)
}

func drawPeriods(t *rapid.T, most int) []calendar.Period {
	// Times from a coarse and a fine grid, so that periods touch, meet midnight
	// and fall into skipped hours often.
	minute := rapid.OneOf(rapid.Map(rapid.IntRange(0, 47), func(n int) int { return n * 30 }),
		rapid.IntRange(0, 1439))
	periods := []calendar.Period{}
	for range rapid.IntRange(0, most).Draw(t, "periods") {
		start, end := minute.Draw(t, "start"), minute.Draw(t, "end")
		p := span(clock(start), clock(end))
		if end == 0 && rapid.Bool().Draw(t, "24:00") {
			p.End = "24:00"
		}
		periods = append(periods, p)
	}
	return periods
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// drawSchedule draws a schedule around a moment; pieces that Compile refuses are
// left out.
func drawSchedule(t *rapid.T, near time.Time) (calendar.Schedule, *calendar.Compiled) {
	s := calendar.Schedule{TimeZone: rapid.SampledFrom(zones).Draw(t, "zone")}
	days := []calendar.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	for range rapid.IntRange(0, 3).Draw(t, "rules") {
		rule := calendar.WeeklyRule{
			Days:    rapid.SliceOfNDistinct(rapid.SampledFrom(days), 1, 7, rapid.ID[calendar.Weekday]).Draw(t, "days"),
			Periods: drawPeriods(t, 2),
		}
		// Clashing rules are the common refusal: keep a rule only if it fits.
		with := s
		with.Weekly = append(append([]calendar.WeeklyRule{}, s.Weekly...), rule)
		if calendar.Validate(with) == nil {
			s = with
		}
	}
	date := func(label string) string {
		return near.AddDate(0, 0, rapid.IntRange(-4, 4).Draw(t, label)).Format(time.DateOnly)
	}
	for range rapid.IntRange(0, 3).Draw(t, "exceptions") {
		e := calendar.Exception{Date: date("exception"), Periods: drawPeriods(t, 2)}
		if rapid.Bool().Draw(t, "yearly") {
			e.Recurrence = calendar.Yearly
		}
		with := s
		with.Exceptions = append(append([]calendar.Exception{}, s.Exceptions...), e)
		if calendar.Validate(with) == nil {
			s = with
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "holidays") {
		s.Holidays = append(s.Holidays, calendar.Holiday{Date: date("holiday")})
	}
	c, err := calendar.Compile(s)
	if err != nil {
		t.Fatalf("a schedule built of valid pieces is refused: %v", err)
	}
	return s, c
}

func TestTheAnswerIsWhatTheClockReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := drawMoment(t)
		s, c := drawSchedule(t, near)
		for range 200 {
			at := near.Add(time.Duration(rapid.IntRange(-5*86400, 5*86400).Draw(t, "at")) * time.Second)
			if got, want := c.At(at).Open, reading(s, c.Zone(), at); got != want {
				t.Fatalf("at %v: open is %v, the clock says %v", at.In(c.Zone()), got, want)
			}
		}
	})
}

// TestNextAgreesWithWaitingForIt steps minute by minute, as all these zones jump
// at whole minutes, and looks at the second before and after each change.
func TestNextAgreesWithWaitingForIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := drawMoment(t)
		s, c := drawSchedule(t, near)
		open := reading(s, c.Zone(), near)
		next, ok := c.Next(near)
		end := near.Add(10 * 24 * time.Hour)
		for at := near.Truncate(time.Minute).Add(time.Minute); at.Before(end); at = at.Add(time.Minute) {
			if reading(s, c.Zone(), at) == open {
				continue
			}
			if !ok || !next.Time.Equal(at) {
				t.Fatalf("from %v: waiting finds %v, Next says %v %v", near, at.In(c.Zone()), next.Time, ok)
			}
			if reading(s, c.Zone(), at.Add(-time.Second)) != open || next.Open == open {
				t.Fatalf("from %v: the change at %v is not one", near, next.Time)
			}
			return
		}
		if ok && next.Time.Before(end) {
			t.Fatalf("from %v: Next says %v, waiting finds nothing", near, next.Time)
		}
	})
}

func TestTheAnswerIsConstantUntilNextAndSinceBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := drawMoment(t)
		_, c := drawSchedule(t, near)
		now := c.At(near)
		next, ok := c.Next(near)
		if !ok {
			next.Time = near.Add(20 * 24 * time.Hour)
		}
		since := now.Since
		if since.IsZero() {
			since = near.Add(-20 * 24 * time.Hour)
		} else if before := c.At(since.Add(-1)); before.Open == now.Open {
			t.Fatalf("at %v: the instant before %v is no different", near, since)
		}
		for range 50 {
			share := time.Duration(rapid.Int64Range(0, int64(next.Time.Sub(since))-1).Draw(t, "share"))
			a := c.At(since.Add(share))
			if a.Open != now.Open || !a.Since.Equal(now.Since) && !now.Since.IsZero() {
				t.Fatalf("at %v: %+v, but at %v: %+v (next %v)", near, now, since.Add(share), a, next)
			}
		}
	})
}

func TestAnswersDoNotDependOnTheOrderOfQuestions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := drawMoment(t)
		s, c := drawSchedule(t, near)
		type asked struct {
			at     time.Time
			answer calendar.Answer
			next   calendar.Change
		}
		var list []asked
		for range 20 {
			at := near.Add(time.Duration(rapid.IntRange(-9*86400, 9*86400).Draw(t, "at")) * time.Second)
			next, _ := c.Next(at)
			list = append(list, asked{at, c.At(at), next})
		}
		again, err := calendar.Compile(s)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, a := range rapid.Permutation(list).Draw(t, "order") {
			next, _ := again.Next(a.at)
			if got := again.At(a.at); got.Open != a.answer.Open || got.Rule != a.answer.Rule ||
				!got.Since.Equal(a.answer.Since) || !next.Time.Equal(a.next.Time) {
				t.Fatalf("at %v: first %+v, then %+v", a.at, a.answer, got)
			}
		}
	})
}

// TestWindowsThatFollowEachOtherListEachChangeOnce also checks the override.
func TestWindowsThatFollowEachOtherListEachChangeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := drawMoment(t)
		_, c := drawSchedule(t, from)
		o := drawOverride(t, from)
		cut := from.Add(time.Duration(rapid.IntRange(0, 8*86400).Draw(t, "cut")) * time.Second)
		to := from.Add(8 * 24 * time.Hour)
		whole := calendar.ChangesWith(c, o, from, to, 1000)
		parts := append(calendar.ChangesWith(c, o, from, cut, 1000), calendar.ChangesWith(c, o, cut, to, 1000)...)
		if fmt.Sprint(whole) != fmt.Sprint(parts) {
			t.Fatalf("whole %v\nparts %v", whole, parts)
		}
		for i := 1; i < len(whole); i++ {
			if !whole[i].Time.After(whole[i-1].Time) || whole[i].Open == whole[i-1].Open {
				t.Fatalf("%v does not follow %v", whole[i], whole[i-1])
			}
		}
	})
}

func drawOverride(t *rapid.T, near time.Time) *calendar.Override {
	if rapid.IntRange(0, 3).Draw(t, "override") == 0 {
		return nil
	}
	o := &calendar.Override{State: rapid.SampledFrom([]calendar.OverrideState{calendar.Open, calendar.Closed}).Draw(t, "state")}
	if rapid.IntRange(0, 4).Draw(t, "ends") > 0 {
		until := near.Add(time.Duration(rapid.IntRange(-3*86400, 6*86400).Draw(t, "until")) * time.Second)
		o.Until = &until
	}
	return o
}

func TestTheOverrideAndTheScheduleTogetherAreConstantUntilTheNextChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := drawMoment(t)
		var c *calendar.Compiled
		if rapid.IntRange(0, 4).Draw(t, "schedule") > 0 {
			_, c = drawSchedule(t, near)
		}
		o := drawOverride(t, near)
		now := calendar.Resolve(c, o, near)
		next, ok := calendar.NextChange(c, o, near)
		end := next.Time
		if !ok {
			end = near.Add(20 * 24 * time.Hour)
		} else if a := calendar.Resolve(c, o, next.Time); a.Open == now.Open || a.Open != next.Open || a.Cause != next.Cause || a.Rule != next.Rule {
			t.Fatalf("from %+v the change %+v leads to %+v", now, next, a)
		} else if !a.Since.Equal(next.Time) {
			t.Fatalf("the change at %v looks from behind like one at %v", next.Time, a.Since)
		}
		for range 50 {
			at := near.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(near))-1).Draw(t, "share")))
			if a := calendar.Resolve(c, o, at); a.Open != now.Open {
				t.Fatalf("at %v: %+v, but at %v: %+v (next %v)", near, now, at, a, next)
			}
			applied := 0
			for _, step := range calendar.Explain(c, o, at) {
				if step.Applies {
					applied++
				}
			}
			if applied != 1 {
				t.Fatalf("at %v: %d levels apply", at, applied)
			}
		}
	})
}
