package ical

import (
	"fmt"
	"strings"
)

// Problem is one thing to change in a file.
type Problem struct {
	// Line counts from 1, in the file as it is folded.
	Line int `json:"line"`
	// Event is its SUMMARY, if it was read by then.
	Event   string `json:"event,omitempty"`
	Message string `json:"message"`
}

// InvalidError says what is malformed or not supported in a file, at most twenty
// problems of it.
type InvalidError struct {
	Problems []Problem
}

const mostProblems = 20

func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = fmt.Sprintf("line %d: %s", p.Line, p.Message)
		if p.Event != "" {
			texts[i] = fmt.Sprintf("line %d, event %q: %s", p.Line, clip(p.Event), p.Message)
		}
	}
	return strings.Join(texts, "; ")
}

// LimitError says which limit a file exceeds.
type LimitError struct {
	// What is "bytes", "events", "days" or "rule steps".
	What  string
	Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the calendar has more than %d %s; split it or leave out what is not needed", e.Limit, e.What)
}

func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
