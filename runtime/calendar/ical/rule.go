package ical

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rule is an RRULE over days.
//
// The kept library parses lines but does not expand rules, and the one that does
// had its last release in January 2023; over whole days it is short enough.
type rule struct {
	freq      string
	interval  int
	count     int    // 0: no count
	until     *int64 // the last day it may give
	months    []int
	monthDays []int
	weekdays  []ordinalDay
	positions []int
	weekStart time.Weekday
}

// ordinalDay is "MO", or "2MO" and "-1MO" within the month or year.
type ordinalDay struct {
	n   int
	day time.Weekday
}

var errForm = errors.New("write it as PART=VALUE;PART=VALUE")

func parseRule(text string, start int64) (*rule, error) {
	r := &rule{interval: 1, weekStart: time.Monday}
	seen := map[string]bool{}
	for _, part := range strings.Split(strings.TrimSuffix(strings.ToUpper(text), ";"), ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || value == "" {
			return nil, errForm
		}
		if seen[name] {
			return nil, fmt.Errorf("%s is there twice", clip(name))
		}
		seen[name] = true
		var err error
		switch name {
		case "FREQ":
			if !slices.Contains([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value) {
				return nil, fmt.Errorf("FREQ=%s is not supported; use DAILY, WEEKLY, MONTHLY or YEARLY", clip(value))
			}
			r.freq = value
		case "INTERVAL":
			r.interval, err = number(value, 1, 10_000)
		case "COUNT":
			r.count, err = number(value, 1, 100_000)
		case "UNTIL":
			// With a time, it is its date that counts.
			date, parseErr := time.Parse("20060102", value[:min(8, len(value))])
			if rest := value[min(8, len(value)):]; parseErr != nil || rest != "" && !strings.HasPrefix(rest, "T") {
				return nil, fmt.Errorf("UNTIL=%s is no date; write YYYYMMDD", clip(value))
			}
			day := dayOf(date)
			r.until = &day
		case "BYMONTH":
			r.months, err = numbers(value, 1, 12, false)
		case "BYMONTHDAY":
			r.monthDays, err = numbers(value, 1, 31, true)
		case "BYSETPOS":
			r.positions, err = numbers(value, 1, 366, true)
		case "BYDAY":
			r.weekdays, err = ordinalDays(value)
		case "WKST":
			days, dayErr := ordinalDays(value)
			if dayErr != nil || len(days) != 1 || days[0].n != 0 {
				return nil, fmt.Errorf("WKST=%s is no day; write MO to SU", clip(value))
			}
			r.weekStart = days[0].day
		default:
			return nil, fmt.Errorf("%s is not supported; use BYMONTH, BYMONTHDAY, BYDAY or BYSETPOS, or list the days as RDATE", clip(name))
		}
		if err != nil {
			return nil, fmt.Errorf("%s=%s: %w", name, clip(value), err)
		}
	}
	return r, r.complete(start)
}

// complete checks the parts together and takes from DTSTART what they leave open.
func (r *rule) complete(start int64) error {
	switch {
	case r.freq == "":
		return errors.New("FREQ is missing")
	case r.count > 0 && r.until != nil:
		return errors.New("both COUNT and UNTIL; leave one out")
	case r.freq == "WEEKLY" && len(r.monthDays) > 0:
		return errors.New("BYMONTHDAY does not go with FREQ=WEEKLY")
	case len(r.positions) > 0 && len(r.months)+len(r.monthDays)+len(r.weekdays) == 0:
		return errors.New("BYSETPOS needs another BY part")
	}
	for _, w := range r.weekdays {
		if w.n != 0 && (r.freq == "DAILY" || r.freq == "WEEKLY") {
			return fmt.Errorf("a number in BYDAY does not go with FREQ=%s", r.freq)
		}
	}
	if len(r.weekdays)+len(r.monthDays) > 0 {
		return nil
	}
	_, month, day := dateOf(start).Date()
	switch r.freq {
	case "YEARLY":
		if len(r.months) == 0 {
			r.months = []int{int(month)}
		}
		r.monthDays = []int{day}
	case "MONTHLY":
		r.monthDays = []int{day}
	case "WEEKLY":
		r.weekdays = []ordinalDay{{day: dateOf(start).Weekday()}}
	}
	return nil
}

// expand gives the days of the rule up to last that are not before first; false
// when the steps are used up. DTSTART is the first instance and counts as one.
func (r *rule) expand(start, first, last int64, steps *int) ([]int64, bool) {
	if r.until != nil {
		last = min(last, *r.until)
	}
	var days []int64
	counted := 1
	for n := r.firstPeriod(start, first); ; n++ {
		begin, end := r.period(start, n)
		if begin > last {
			return days, true
		}
		if *steps -= int(end-begin) + 1; *steps < 0 {
			return nil, false
		}
		for _, day := range r.choose(begin, end) {
			if day <= start {
				continue
			}
			if day > last || r.count > 0 && counted == r.count {
				return days, true
			}
			counted++
			if day >= first {
				days = append(days, day)
			}
		}
	}
}

// firstPeriod skips what ends before the first day, unless all must be counted.
func (r *rule) firstPeriod(start, first int64) int64 {
	if r.count > 0 || first <= start {
		return 0
	}
	longest := map[string]int64{"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}[r.freq]
	return max(0, (first-start)/(longest*int64(r.interval))-1)
}

// period is the n-th day, week, month or year of the rule: [begin, end).
func (r *rule) period(start, n int64) (begin, end int64) {
	date := dateOf(start)
	step := int(n) * r.interval
	switch r.freq {
	case "DAILY":
		return start + int64(step), start + int64(step) + 1
	case "WEEKLY":
		begin = start - int64((date.Weekday()-r.weekStart+7)%7) + 7*int64(step)
		return begin, begin + 7
	case "MONTHLY":
		month := time.Date(date.Year(), date.Month()+time.Month(step), 1, 0, 0, 0, 0, time.UTC)
		return dayOf(month), dayOf(month.AddDate(0, 1, 0))
	}
	year := time.Date(date.Year()+step, 1, 1, 0, 0, 0, 0, time.UTC)
	return dayOf(year), dayOf(year.AddDate(1, 0, 0))
}

// choose are the days of a period that all BY parts allow.
func (r *rule) choose(begin, end int64) []int64 {
	var days []int64
	for day := begin; day < end; day++ {
		if r.allows(dateOf(day)) {
			days = append(days, day)
		}
	}
	if len(r.positions) == 0 {
		return days
	}
	var chosen []int64
	for i, day := range days {
		if slices.Contains(r.positions, i+1) || slices.Contains(r.positions, i-len(days)) {
			chosen = append(chosen, day)
		}
	}
	return chosen
}

func (r *rule) allows(date time.Time) bool {
	year, month, day := date.Date()
	if len(r.months) > 0 && !slices.Contains(r.months, int(month)) {
		return false
	}
	length := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if len(r.monthDays) > 0 && !slices.Contains(r.monthDays, day) && !slices.Contains(r.monthDays, day-length-1) {
		return false
	}
	if len(r.weekdays) == 0 {
		return true
	}
	// Numbers count within the month, or the year when no month is named.
	at, of := day, length
	if r.freq == "YEARLY" && len(r.months) == 0 {
		at, of = date.YearDay(), time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
	}
	return slices.ContainsFunc(r.weekdays, func(w ordinalDay) bool {
		return w.day == date.Weekday() && (w.n == 0 || w.n == (at-1)/7+1 || w.n == -((of-at)/7+1))
	})
}

func number(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("write a number from %d to %d", least, most)
	}
	return n, nil
}

func numbers(text string, least, most int, negative bool) ([]int, error) {
	var list []int
	for _, item := range strings.Split(text, ",") {
		n, err := strconv.Atoi(item)
		size := n
		if negative && n < 0 {
			size = -n
		}
		if err != nil || size < least || size > most {
			return nil, fmt.Errorf("write numbers from %d to %d", least, most)
		}
		list = append(list, n)
	}
	return list, nil
}

func ordinalDays(text string) ([]ordinalDay, error) {
	names := []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
	var list []ordinalDay
	for _, item := range strings.Split(text, ",") {
		cut := max(0, len(item)-2)
		day := slices.Index(names, item[cut:])
		n := 0
		if cut > 0 {
			var err error
			if n, err = strconv.Atoi(item[:cut]); err != nil || n == 0 || n < -53 || n > 53 {
				day = -1
			}
		}
		if day < 0 {
			return nil, errors.New("write days as MO to SU, with a number before it as 2MO or -1FR")
		}
		list = append(list, ordinalDay{n, time.Weekday(day)})
	}
	return list, nil
}
