package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the image has no zone database
)

const (
	secondsPerDay = 24 * 60 * 60
	// thursday is the weekday of day 0, 1 January 1970.
	thursday = 3
)

// Compiled is a schedule that answers. It never changes, so that many queues and
// goroutines may share one. A nil *Compiled is always open.
type Compiled struct {
	zone      *time.Location
	suspended bool
	// constant: the wall clock never changes the answer, so nothing is searched.
	constant bool
	// weekly is by day from Monday; never nil.
	weekly [7]*plan
	// dated and holidays are by day number, yearly by month and day.
	dated    map[int64]*plan
	yearly   map[monthDay]*plan
	holidays map[int64]*plan
}

// plan is what one kind of day does.
type plan struct {
	cause Cause
	// name is that of the exception or holiday, its date when it has none.
	name string
	// from is the first day number on which a yearly plan applies.
	from int64
	// spans are sorted by start and do not overlap.
	spans []span
}

// span is a period in seconds from the midnight that its day begins with; end is
// more than a day when the period runs into the next one.
type span struct {
	start, end int64
	// rule is what an answer names when this span makes it open.
	rule string
	// text is the period as written, for explanations.
	text string
	// field is where the period was declared.
	field string
}

type monthDay struct {
	month time.Month
	day   int
}

// Validate reports everything that [Compile] would refuse, as *[InvalidError].
func Validate(s Schedule) error {
	_, err := Compile(s)
	return err
}

// Compile checks a schedule and makes it answer. The error is an *[InvalidError]
// with every problem: an unknown zone, a malformed time or date, overlapping or
// empty periods, a date excepted twice.
func Compile(s Schedule) (*Compiled, error) {
	var bad problems
	c := &Compiled{zone: compileZone(s.TimeZone, &bad)}
	switch s.State {
	case "", Active:
	case Suspended:
		c.suspended = true
	default:
		bad.add("state", string(s.State), "write Active or Suspended")
	}
	c.compileWeekly(s.Weekly, &bad)
	c.compileExceptions(s.Exceptions, &bad)
	c.compileHolidays(s.Holidays, &bad)
	if err := bad.err(); err != nil {
		return nil, err
	}
	c.constant = c.isConstant()
	return c, nil
}

// Zone is the schedule's time zone; UTC for a nil *Compiled.
func (c *Compiled) Zone() *time.Location {
	if c == nil {
		return time.UTC
	}
	return c.zone
}

func compileZone(name string, bad *problems) *time.Location {
	const hint = "write an IANA time zone such as Europe/Helsinki"
	// These load, but mean the machine's zone, none at all, or a variant that
	// only some machines have and that counts leap seconds.
	if name == "" || name == "Local" || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/") {
		bad.add("timeZone", name, hint)
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		bad.add("timeZone", name, "unknown time zone; %s", hint)
		return nil
	}
	return zone
}

func (c *Compiled) compileWeekly(rules []WeeklyRule, bad *problems) {
	for i := range c.weekly {
		c.weekly[i] = &plan{cause: CauseSchedule}
	}
	for i, rule := range rules {
		field := fmt.Sprintf("weekly[%d]", i)
		if len(rule.Days) == 0 {
			bad.add(field+".days", "", "name at least one day, Mon to Sun")
		}
		if len(rule.Periods) == 0 {
			bad.add(field+".periods", "", "give at least one period, or remove the rule; days without a rule are closed")
		}
		spans := compilePeriods(field+".periods", rule.Periods, bad)
		var seen [7]bool
		for j, day := range rule.Days {
			n := dayIndex(day)
			switch {
			case n < 0:
				bad.add(fmt.Sprintf("%s.days[%d]", field, j), string(day), "write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
				continue
			case seen[n]:
				bad.add(fmt.Sprintf("%s.days[%d]", field, j), string(day), "the day is listed twice; name it once")
				continue
			}
			seen[n] = true
			for _, s := range spans {
				s.rule = string(day) + " " + s.text
				c.weekly[n].spans = append(c.weekly[n].spans, s)
			}
		}
	}
	// Two rules may clash on several days; one message for each pair will do.
	told := map[[2]string]bool{}
	for _, p := range c.weekly {
		arrange(p.spans, told, bad)
	}
}

func (c *Compiled) compileExceptions(exceptions []Exception, bad *problems) {
	c.dated, c.yearly = map[int64]*plan{}, map[monthDay]*plan{}
	once, yearly := map[int64]int{}, map[monthDay]int{}
	for i, e := range exceptions {
		field := fmt.Sprintf("exceptions[%d]", i)
		p := &plan{cause: CauseException, name: cmp.Or(e.Name, e.Date)}
		p.spans = compilePeriods(field+".periods", e.Periods, bad)
		for k := range p.spans {
			p.spans[k].rule = p.name
		}
		arrange(p.spans, map[[2]string]bool{}, bad)
		number, date, ok := compileDate(field+".date", e.Date, bad)
		if !ok {
			continue
		}
		switch e.Recurrence {
		case Once:
			if first, twice := once[number]; twice {
				bad.add(field+".date", e.Date, "exceptions[%d] has the same date; join the two", first)
				continue
			}
			once[number], c.dated[number] = i, p
		case Yearly:
			key := monthDay{date.Month(), date.Day()}
			if first, twice := yearly[key]; twice {
				bad.add(field+".date", e.Date, "exceptions[%d] returns yearly on the same day; join the two", first)
				continue
			}
			p.from = number
			yearly[key], c.yearly[key] = i, p
		default:
			bad.add(field+".recurrence", string(e.Recurrence), "write Yearly, or leave it out for a single date")
		}
	}
}

func (c *Compiled) compileHolidays(holidays []Holiday, bad *problems) {
	c.holidays = make(map[int64]*plan, len(holidays))
	for i, h := range holidays {
		number, _, ok := compileDate(fmt.Sprintf("holidays[%d].date", i), h.Date, bad)
		if !ok || c.holidays[number] != nil {
			continue
		}
		c.holidays[number] = &plan{cause: CauseHoliday, name: cmp.Or(h.Name, h.Date)}
	}
}

func compileDate(field, value string, bad *problems) (int64, time.Time, bool) {
	date, err := time.Parse(time.DateOnly, value)
	if err != nil {
		bad.add(field, value, "write a date that exists as YYYY-MM-DD")
		return 0, time.Time{}, false
	}
	return floorDiv(date.Unix(), secondsPerDay), date, true
}

// compilePeriods leaves out what it refuses, so that a malformed time is not
// reported a second time as an overlap.
func compilePeriods(field string, periods []Period, bad *problems) []span {
	spans := make([]span, 0, len(periods))
	for i, p := range periods {
		at := fmt.Sprintf("%s[%d]", field, i)
		text := p.Start + "-" + p.End
		start, startOK := clockSeconds(p.Start)
		end, endOK := clockSeconds(p.End)
		switch {
		case !startOK:
			bad.add(at+".start", p.Start, "write a time as HH:MM, 00:00 to 23:59")
		case start == secondsPerDay:
			bad.add(at+".start", p.Start, "24:00 can only be an end; let the period start at 00:00 of the next day")
			startOK = false
		}
		if !endOK {
			bad.add(at+".end", p.End, "write a time as HH:MM, 00:00 to 24:00")
		}
		if !startOK || !endOK {
			continue
		}
		if start == end {
			bad.add(at, text, "start and end are equal, so the period is empty; for the whole day write 00:00 to 24:00")
			continue
		}
		if end < start {
			end += secondsPerDay
		}
		spans = append(spans, span{start: start, end: end, text: text, field: at})
	}
	return spans
}

// arrange sorts the spans of a day and reports those that overlap.
func arrange(spans []span, told map[[2]string]bool, bad *problems) {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.field, b.field))
	})
	for i := 1; i < len(spans); i++ {
		before, after := spans[i-1], spans[i]
		pair := [2]string{before.field, after.field}
		if after.start < before.end && !told[pair] {
			told[pair] = true
			bad.add(after.field, after.text, "overlaps with %s (%s) on the same day; join the two or move one", before.text, before.field)
		}
	}
}

// clockSeconds reads "HH:MM" up to 24:00, strictly.
func clockSeconds(s string) (int64, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	hour := int64(s[0]-'0')*10 + int64(s[1]-'0')
	minute := int64(s[3]-'0')*10 + int64(s[4]-'0')
	if minute > 59 || hour > 24 || hour == 24 && minute != 0 {
		return 0, false
	}
	return hour*3600 + minute*60, true
}

// dayIndex counts from Monday; -1 is no day.
func dayIndex(day Weekday) int {
	return slices.Index([]Weekday{Mon, Tue, Wed, Thu, Fri, Sat, Sun}, day)
}
