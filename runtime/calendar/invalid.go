package calendar

import (
	"fmt"
	"strings"
)

// Problem is one thing to change in a schedule or an override.
type Problem struct {
	// Field is a path such as "weekly[0].periods[1].start".
	Field string `json:"field"`
	// Value is what stands there.
	Value string `json:"value"`
	// Message says what to change, for people.
	Message string `json:"message"`
}

// InvalidError says everything that is wrong with a schedule or an override.
type InvalidError struct {
	Problems []Problem
}

// shownProblems bounds the text of an error; Problems has all of them.
const shownProblems = 10

// Error lists the first ten problems, one after the other.
func (e *InvalidError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == shownProblems {
			fmt.Fprintf(&b, "; and %d more", len(e.Problems)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %q: %s", p.Field, clip(p.Value), p.Message)
	}
	return b.String()
}

// clip keeps a hostile value from filling a status message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

type problems []Problem

func (p *problems) add(field, value, message string, args ...any) {
	*p = append(*p, Problem{Field: field, Value: value, Message: fmt.Sprintf(message, args...)})
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &InvalidError{Problems: p}
}
