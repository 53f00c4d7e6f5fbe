// Package ical reads holidays from an iCalendar file (RFC 5545) and resolves
// them to days, so that package calendar needs neither rules nor a library.
//
//	holidays, err := ical.Parse(file, ical.Window{FirstYear: 2026, LastYear: 2028}, ical.Limits{})
//	if err != nil {
//		return err // *ical.InvalidError names line and event; *ical.LimitError the limit
//	}
//	schedule.Holidays = holidays
//
// Each VEVENT closes the days from DTSTART up to DTEND (outside) or for its
// DURATION in days; one day without either. RRULE with FREQ DAILY, WEEKLY,
// MONTHLY or YEARLY and INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY,
// BYSETPOS and WKST is expanded, RDATE and EXDATE are heeded, an event with a
// RECURRENCE-ID replaces that instance, and a cancelled event counts for
// nothing. DTSTART is always the first instance, as the RFC has it.
//
// A timed event is refused by name, for a holiday closes whole days and a
// meeting must not close one silently. The one exception is an event from local
// midnight to local midnight, which some programs write for whole days.
// Whatever else is not supported (other parts of RRULE, EXRULE, periods in
// RDATE, RANGE) is refused by name too: a holiday that is lost without a word
// would leave a queue open. Other components and properties are passed over.
// (Feature X2.)
package ical
