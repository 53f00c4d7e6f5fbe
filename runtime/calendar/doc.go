// Package calendar answers three questions about opening hours: is it open at
// an instant, why, and when does that change. It is pure: no clock, no I/O after
// [Compile], no state that depends on the order of questions.
//
//	c, err := calendar.Compile(calendar.Schedule{
//		Name:     "office",
//		TimeZone: "Europe/Helsinki",
//		Weekly: []calendar.WeeklyRule{{
//			Days:    []calendar.Weekday{calendar.Mon, calendar.Tue},
//			Periods: []calendar.Period{{Start: "08:00", End: "12:00"}, {Start: "22:00", End: "02:00"}},
//		}},
//		Holidays: []calendar.Holiday{{Name: "Independence Day", Date: "2027-12-06"}},
//	})
//	if err != nil {
//		return err // *calendar.InvalidError lists every problem with its field
//	}
//	answer := c.At(now)        // Open, Cause, Rule, Since, Date
//	change, ok := c.Next(now)  // the first instant after now at which Open differs
//
// # The one rule
//
// It is open exactly while the local wall clock reads inside a period. A start
// is inside, an end is not. "24:00" is allowed as an end; an end before the
// start runs into the next day. Because only the reading counts, no local time
// is ever converted to an instant: a start inside the hour that spring skips
// takes effect at the jump, the hour that autumn repeats is judged twice, and on
// a day that a zone left out altogether nothing happens.
//
// An exception or a holiday replaces the periods of its own day. What began the
// evening before runs to its end.
//
// # Precedence
//
// The first that applies decides: an override that has not expired, a suspended
// schedule, an exception of that date, a yearly exception, a holiday, the weekly
// periods. Without a schedule it is always open. [Resolve] and [NextChange] take
// the override into account, the methods of [Compiled] do not.
//
// A suspended schedule means closed, with the cause [CauseSuspended]: it is
// what a vacation needs, and only an override opens the queue meanwhile. The
// weekly periods, exceptions and holidays are kept and act again once the state
// is Active.
//
// A yearly exception applies from its date on, never before it. One of 29
// February applies in leap years only. Dates are those of the schedule's zone.
//
// The zone database is embedded, so that an image without one gives the same
// answers. (Features Q3, K3, X1, X2.)
package calendar
