package calendar

// State says whether a schedule acts.
type State string

const (
	// Active is the normal state, and what an empty State means.
	Active State = "Active"
	// Suspended switches the schedule off, as for a vacation: closed until it
	// is Active again or an override opens.
	Suspended State = "Suspended"
)

// Weekday is a day of the week by its English three-letter name.
type Weekday string

// The seven days.
const (
	Mon Weekday = "Mon"
	Tue Weekday = "Tue"
	Wed Weekday = "Wed"
	Thu Weekday = "Thu"
	Fri Weekday = "Fri"
	Sat Weekday = "Sat"
	Sun Weekday = "Sun"
)

// Recurrence says whether an exception returns.
type Recurrence string

const (
	// Once is an exception of a single date.
	Once Recurrence = ""
	// Yearly is an exception of the same month and day of each year, from its
	// own date on.
	Yearly Recurrence = "Yearly"
)

// Schedule is opening hours as they are declared and stored. [Compile] checks
// it and makes it answer.
type Schedule struct {
	// Name is for people; it plays no part in an answer.
	Name string `json:"name,omitempty"`
	// Generation is that of the resource it came from, for logs.
	Generation int64 `json:"generation,omitempty"`
	// TimeZone is an IANA name such as "Europe/Helsinki". Required.
	TimeZone string `json:"timeZone"`
	// State is Active when empty.
	State State `json:"state,omitempty"`
	// Weekly is the ordinary week. None: closed unless an exception opens.
	Weekly []WeeklyRule `json:"weekly,omitempty"`
	// Exceptions replace whole days.
	Exceptions []Exception `json:"exceptions,omitempty"`
	// Holidays close whole days. Of several on one date the first is named.
	Holidays []Holiday `json:"holidays,omitempty"`
}

// WeeklyRule gives the same periods to some days of each week. A day may be in
// several rules as long as their periods do not overlap.
type WeeklyRule struct {
	Days    []Weekday `json:"days"`
	Periods []Period  `json:"periods"`
}

// Period is a part of a day by the local wall clock, both as "HH:MM".
type Period struct {
	// Start is inside the period: "00:00" to "23:59".
	Start string `json:"start"`
	// End is outside it: "00:00" to "24:00". Before Start: on the next day.
	End string `json:"end"`
}

// Exception replaces the periods of one date.
type Exception struct {
	Name string `json:"name,omitempty"`
	// Date is "YYYY-MM-DD".
	Date       string     `json:"date"`
	Recurrence Recurrence `json:"recurrence,omitempty"`
	// Periods of that day. None: closed.
	Periods []Period `json:"periods,omitempty"`
}

// Holiday closes one date. Calendars with rules are resolved to dates first, by
// the package ical.
type Holiday struct {
	Name string `json:"name,omitempty"`
	// Date is "YYYY-MM-DD".
	Date string `json:"date"`
}

// Cause says which level of the precedence decided an answer.
type Cause string

const (
	// CauseAlwaysOpen: there is no schedule.
	CauseAlwaysOpen Cause = "AlwaysOpen"
	// CauseSchedule: the weekly periods.
	CauseSchedule Cause = "Schedule"
	// CauseException: an exception of the day.
	CauseException Cause = "Exception"
	// CauseHoliday: a holiday of the day.
	CauseHoliday Cause = "Holiday"
	// CauseSuspended: the schedule is switched off.
	CauseSuspended Cause = "ScheduleSuspended"
	// CauseOverride: somebody opened or closed by hand.
	CauseOverride Cause = "Override"
)
