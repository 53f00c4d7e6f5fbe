package desksim

import (
	"fmt"
	"strings"
	"time"
)

// Result is what a run did.
type Result struct {
	// Steps are commands and moments at which something was due; Events the records they led to.
	Steps, Events uint64
	// Conversations that began, and of those the ones that an agent served.
	Conversations, Served uint64
	// SimulatedTime passed on the desk, WallTime outside.
	SimulatedTime, WallTime time.Duration
	// Hash is that of the last state.
	Hash string
	// Entries are the encoded records, when the configuration asks for them.
	Entries [][]byte
	// Did counts what a chaos run did, by kind of step; Refused its refusals, by code; Kinds its records.
	Did, Refused, Kinds map[string]int
}

// Speed is how many times faster than life the run was.
func (r Result) Speed() float64 {
	if r.WallTime <= 0 {
		return 0
	}
	return r.SimulatedTime.Seconds() / r.WallTime.Seconds()
}

// Failure is a rule that did not hold. The same seed and configuration lead to it again.
type Failure struct {
	Seed uint64
	Step uint64
	At   time.Time
	// Doing is the step that broke it, Problems what is wrong after it.
	Doing    string
	Problems []string
	// Last are the last records, the newest last.
	Last []string
	// Without names the kinds of steps that are not needed to get there (see Shrink).
	Without []string
}

func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, step %d, %s, %s", f.Seed, f.Step, f.At.Format("Mon 2006-01-02T15:04:05.000Z07:00"), f.Doing)
	for _, p := range f.Problems {
		fmt.Fprintf(&b, "\n  wrong: %s", p)
	}
	if len(f.Without) > 0 {
		fmt.Fprintf(&b, "\n  happens too without: %s", strings.Join(f.Without, ", "))
	}
	for _, r := range f.Last {
		fmt.Fprintf(&b, "\n  %s", r)
	}
	return b.String()
}
