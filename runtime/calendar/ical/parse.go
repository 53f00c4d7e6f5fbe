package ical

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"

	"usher.chat/runtime/calendar"
)

// Window is the years whose days are wanted, both included. It may span at most
// 50 years, from 1 to 9999.
type Window struct {
	FirstYear, LastYear int
}

// Limits bound what a file may cost. A zero field means its default.
type Limits struct {
	Bytes  int // 1 MiB
	Events int // 5,000
	Days   int // 20,000 resulting days
}

const (
	defaultBytes  = 1 << 20
	defaultEvents = 5000
	defaultDays   = 20_000
	// ruleSteps bounds the days looked at to expand all rules of a file.
	ruleSteps = 10_000_000
)

// Parse reads the holidays of the window, sorted by date and name, each once.
// Errors are *[InvalidError], *[LimitError] or that of the reader.
func Parse(r io.Reader, w Window, l Limits) ([]calendar.Holiday, error) {
	if w.FirstYear < 1 || w.LastYear > 9999 || w.LastYear < w.FirstYear || w.LastYear-w.FirstYear >= 50 {
		return nil, fmt.Errorf("expanding holidays: the window %d to %d is not 1 to 50 years between 1 and 9999", w.FirstYear, w.LastYear)
	}
	l = Limits{cmp.Or(l.Bytes, defaultBytes), cmp.Or(l.Events, defaultEvents), cmp.Or(l.Days, defaultDays)}
	text, err := io.ReadAll(io.LimitReader(r, int64(l.Bytes)+1))
	if err != nil {
		return nil, fmt.Errorf("reading an iCalendar file: %w", err)
	}
	if len(text) > l.Bytes {
		return nil, &LimitError{What: "bytes", Limit: l.Bytes}
	}
	p := &parser{limits: l, steps: ruleSteps}
	events, err := p.events(text)
	if err != nil {
		return nil, err
	}
	first := dayOf(time.Date(w.FirstYear, 1, 1, 0, 0, 0, 0, time.UTC))
	last := dayOf(time.Date(w.LastYear, 12, 31, 0, 0, 0, 0, time.UTC))
	holidays, err := p.resolve(events, first, last)
	if err != nil {
		return nil, err
	}
	if len(p.problems) > 0 {
		return nil, &InvalidError{Problems: p.problems}
	}
	return holidays, nil
}

type parser struct {
	limits   Limits
	problems []Problem
	steps    int
}

// refuse notes a problem; false when there are enough of them.
func (p *parser) refuse(line int, event, message string, args ...any) bool {
	if len(p.problems) < mostProblems {
		p.problems = append(p.problems, Problem{line, event, fmt.Sprintf(message, args...)})
	}
	return len(p.problems) < mostProblems
}

// logical is a content line after unfolding, with where it began.
type logical struct {
	number int
	text   string
}

// unfold joins the lines that RFC 5545 splits at 75 bytes. The library can do it
// too, but forgets the line numbers.
func unfold(text []byte) []logical {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var lines []logical
	var folded strings.Builder
	flush := func() {
		if n := len(lines); n > 0 && folded.Len() > 0 {
			lines[n-1].text += folded.String()
			folded.Reset()
		}
	}
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		line := bytes.TrimRight(raw, "\r\n")
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && len(lines) > 0 {
			folded.Write(line[1:])
			continue
		}
		flush()
		if len(line) > 0 {
			lines = append(lines, logical{number, string(line)})
		}
	}
	flush()
	return lines
}

// property is a parsed content line.
type property struct {
	*ics.BaseProperty
	line int
}

func parseProperty(l logical) (property, bool) {
	// Names are case-insensitive, the library compares them as they are.
	if end := strings.IndexAny(l.text, ":;"); end > 0 {
		l.text = strings.ToUpper(l.text[:end]) + l.text[end:]
	}
	base, err := ics.ParseProperty(ics.ContentLine(l.text))
	if err != nil || base == nil || !strings.HasPrefix(l.text, base.IANAToken) {
		return property{}, false
	}
	return property{base, l.number}, true
}

// events collects the top-level VEVENTs; what is nested in them, as alarms, and
// all other components are passed over.
func (p *parser) events(text []byte) ([]*event, error) {
	if !utf8.Valid(text) {
		return nil, &InvalidError{[]Problem{{Line: 1, Message: "the file is not valid UTF-8; save it as UTF-8"}}}
	}
	malformed := func(line int, message string) error {
		return &InvalidError{[]Problem{{Line: line, Message: message}}}
	}
	var events []*event
	var open []string
	var current *event
	line := 0
	for _, l := range unfold(text) {
		line = l.number
		prop, ok := parseProperty(l)
		if !ok {
			return nil, malformed(line, "this is no iCalendar line NAME:VALUE")
		}
		value := strings.ToUpper(prop.Value)
		switch prop.IANAToken {
		case "BEGIN":
			if (len(open) == 0) != (value == "VCALENDAR") {
				return nil, malformed(line, "an iCalendar file begins with BEGIN:VCALENDAR, and has it nowhere else but after its end")
			}
			open = append(open, value)
			if len(open) == 2 && value == "VEVENT" {
				if len(events) == p.limits.Events {
					return nil, &LimitError{What: "events", Limit: p.limits.Events}
				}
				current = &event{line: line}
				events = append(events, current)
			}
		case "END":
			if len(open) == 0 || open[len(open)-1] != value {
				return nil, malformed(line, "this END has no BEGIN")
			}
			if open = open[:len(open)-1]; len(open) == 1 {
				current = nil
			}
		default:
			if len(open) == 0 {
				return nil, malformed(line, "an iCalendar file begins with BEGIN:VCALENDAR")
			}
			if current != nil && len(open) == 2 {
				current.properties = append(current.properties, prop)
			}
		}
	}
	if line == 0 {
		return nil, malformed(1, "the file is empty; an iCalendar file begins with BEGIN:VCALENDAR")
	}
	if len(open) > 0 {
		return nil, malformed(line, "the file ends before END:"+open[len(open)-1])
	}
	return events, nil
}

// resolve turns events into days of the window.
func (p *parser) resolve(events []*event, first, last int64) ([]calendar.Holiday, error) {
	type instance struct {
		uid string
		day int64
	}
	replaced := map[instance]bool{}
	var good []*event
	for _, e := range events {
		if !p.read(e) {
			continue
		}
		if e.replaces != nil {
			replaced[instance{e.uid, *e.replaces}] = true
		}
		if !e.cancelled {
			good = append(good, e)
		}
	}
	seen := map[calendar.Holiday]bool{}
	var holidays []calendar.Holiday
	for _, e := range good {
		// An instance that begins before the window may reach into it.
		days, err := p.instances(e, first-e.length+1, last)
		if err != nil {
			return nil, err
		}
		for _, day := range days {
			if e.replaces == nil && replaced[instance{e.uid, day}] {
				continue
			}
			for d := max(day, first); d <= min(day+e.length-1, last); d++ {
				// Long events that repeat daily cover the same days again and again.
				if p.steps--; p.steps < 0 {
					return nil, &LimitError{What: "rule steps", Limit: ruleSteps}
				}
				h := calendar.Holiday{Name: e.summary, Date: dateOf(d).Format(time.DateOnly)}
				if seen[h] {
					continue
				}
				if len(holidays) == p.limits.Days {
					return nil, &LimitError{What: "days", Limit: p.limits.Days}
				}
				seen[h] = true
				holidays = append(holidays, h)
			}
		}
	}
	slices.SortFunc(holidays, func(a, b calendar.Holiday) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Name, b.Name))
	})
	return holidays, nil
}

func dayOf(date time.Time) int64 { return date.Unix() / 86400 }

func dateOf(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }
