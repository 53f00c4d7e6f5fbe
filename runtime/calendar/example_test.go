package calendar_test

import (
	"fmt"
	"time"

	"usher.chat/runtime/calendar"
)

func ExampleCompiled_At() {
	c, err := calendar.Compile(calendar.Schedule{
		TimeZone: "Europe/Helsinki",
		Weekly: []calendar.WeeklyRule{{
			Days:    []calendar.Weekday{calendar.Fri},
			Periods: []calendar.Period{{Start: "22:00", End: "02:00"}},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, time.November, 20, 23, 0, 0, 0, time.UTC) // Saturday 01:00 in Helsinki
	answer := c.At(now)
	next, _ := c.Next(now)
	fmt.Println(answer.Open, answer.Cause, answer.Rule, "since", answer.Since.Format(time.RFC3339))
	fmt.Println("closes", next.Time.Format(time.RFC3339))
	// Output:
	// true Schedule Fri 22:00-02:00 since 2026-11-20T22:00:00+02:00
	// closes 2026-11-21T02:00:00+02:00
}

func ExampleExplain() {
	c, err := calendar.Compile(calendar.Schedule{
		TimeZone: "Europe/Helsinki",
		Weekly: []calendar.WeeklyRule{{
			Days:    []calendar.Weekday{calendar.Thu},
			Periods: []calendar.Period{{Start: "08:00", End: "16:00"}},
		}},
		Holidays: []calendar.Holiday{{Name: "Christmas Eve", Date: "2026-12-24"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	until := time.Date(2026, time.December, 20, 6, 0, 0, 0, time.UTC)
	drill := &calendar.Override{State: calendar.Closed, Until: &until, By: "ana", Reason: "fire drill"}
	for _, step := range calendar.Explain(c, drill, time.Date(2026, time.December, 24, 8, 0, 0, 0, time.UTC)) {
		mark := " "
		if step.Applies {
			mark = ">"
		}
		fmt.Printf("%s %-17s %s\n", mark, step.Level, step.Detail)
	}
	// Output:
	//   Override          set to Closed by ana, but that expired at 2026-12-20 08:00:00 EET: fire drill
	//   ScheduleSuspended the schedule is Active
	//   Exception         no exception names Thu 2026-12-24
	// > Holiday           Thu 2026-12-24 is the holiday "Christmas Eve": closed
	//   Schedule          the weekly periods of Thu 2026-12-24 are replaced
	//   AlwaysOpen        there is a schedule
}
