package campaign

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Strike is one fault that happened.
type Strike struct {
	Fault  string        `json:"fault"`
	At     time.Duration `json:"at"`     // since the beginning
	Lasted time.Duration `json:"lasted"` // until what broke was whole again or replaced
	Whole  time.Duration `json:"whole"`  // until everything was as before and everybody had an answer to something new
	// Waits are the longest that each person waited for an answer, from the fault on at the earliest.
	Waits []time.Duration `json:"-"`
}

func (s Strike) waits() (p50, worst time.Duration) { return spread(s.Waits) }

func spread(list []time.Duration) (p50, worst time.Duration) {
	if len(list) == 0 {
		return 0, 0
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2], list[len(list)-1]
}

// Result of a campaign.
type Result struct {
	Seed     uint64    `json:"seed"`
	Began    time.Time `json:"began"`
	Strikes  []Strike  `json:"strikes"`
	Counts   Counts    `json:"counts"`
	Again    int       `json:"again"`    // commands that were given more than once
	Gaps     int       `json:"gaps"`     // holes in what somebody was told; must be none
	Returned int       `json:"returned"` // conversations that went back to the line
	Records  uint64    `json:"records"`  // of the ledger
	History  []Op      `json:"-"`
}

// Row is a line of the table.
type Row struct {
	Fault  string        `json:"fault"`
	Times  int           `json:"times"`
	Lasted time.Duration `json:"lasted"` // median
	P50    time.Duration `json:"p50"`    // of the longest wait of each person
	Max    time.Duration `json:"max"`
}

// Rows are the recovery times by fault, in the order of their names, the baseline first.
func (r *Result) Rows() []Row {
	by := map[string][]Strike{}
	var names []string
	for _, s := range r.Strikes {
		if by[s.Fault] == nil {
			names = append(names, s.Fault)
		}
		by[s.Fault] = append(by[s.Fault], s)
	}
	slices.SortFunc(names, func(a, b string) int {
		if a == Baseline || b == Baseline {
			return strings.Compare(fmt.Sprint(a != Baseline), fmt.Sprint(b != Baseline))
		}
		return strings.Compare(a, b)
	})
	var rows []Row
	for _, name := range names {
		row := Row{Fault: name, Times: len(by[name])}
		var lasted, waits []time.Duration
		for _, s := range by[name] {
			lasted, waits = append(lasted, s.Lasted), append(waits, s.Waits...)
		}
		row.Lasted, _ = spread(lasted)
		row.P50, row.Max = spread(waits)
		rows = append(rows, row)
	}
	return rows
}

// String is the table and the counts.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| fault | times | lasts | p50 | max |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, row := range r.Rows() {
		fmt.Fprintf(&b, "| %s | %d | %.1f s | %.2f s | %.2f s |\n", row.Fault, row.Times, row.Lasted.Seconds(), row.P50.Seconds(), row.Max.Seconds())
	}
	n := r.Counts
	fmt.Fprintf(&b, "\nseed %d: %d faults; acknowledged: %d messages, %d joins, %d picks; told: %d messages, %d places; %d records; %d given again, %d back to the line\n",
		r.Seed, len(r.Strikes), n.Messages, n.Joins, n.Picks, n.Heard, n.Places, r.Records, r.Again, r.Returned)
	fmt.Fprintf(&b, "lost %d, doubled %d, out of order %d, picked twice %d, places wrong %d, gaps %d; porcupine: picks %s, messages %s\n",
		n.Lost, n.Doubled, n.OutOfOrder, n.PickedTwice, n.PlacesWrong, r.Gaps, n.PicksLinearizable, n.MessagesLinearizable)
	for _, detail := range n.Details {
		fmt.Fprintf(&b, "  %s\n", detail)
	}
	return b.String()
}

// Wrong tells what must not be.
func (r *Result) Wrong() error {
	n := r.Counts
	switch {
	case n.Lost+n.Doubled+n.OutOfOrder+n.PickedTwice+n.PlacesWrong+r.Gaps > 0:
		return fmt.Errorf("seed %d: lost %d, doubled %d, out of order %d, picked twice %d, places wrong %d, gaps %d",
			r.Seed, n.Lost, n.Doubled, n.OutOfOrder, n.PickedTwice, n.PlacesWrong, r.Gaps)
	case n.PicksLinearizable != porcupine.Ok || n.MessagesLinearizable != porcupine.Ok:
		return fmt.Errorf("seed %d: linearizable: picks %s, messages %s", r.Seed, n.PicksLinearizable, n.MessagesLinearizable)
	case n.Messages == 0 || n.Picks == 0 || n.Places == 0 || n.Joins == 0 || n.Heard == 0:
		return errors.New("nothing was seen")
	}
	return nil
}

// WriteHistory writes everything that the clients remember, one JSON object a line, in the order of the answers.
func (r *Result) WriteHistory(w io.Writer) error {
	slices.SortStableFunc(r.History, func(a, b Op) int { return int(a.Return - b.Return) })
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	for _, op := range r.History {
		if err := encoder.Encode(op); err != nil {
			return fmt.Errorf("write the history: %w", err)
		}
	}
	return out.Flush()
}

// WriteJSON writes the result for programs, without the history.
func (r *Result) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		*Result
		Rows []Row `json:"rows"`
	}{r, r.Rows()})
}
