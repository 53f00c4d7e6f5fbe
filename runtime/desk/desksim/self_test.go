package desksim_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
)

// The simulator is only worth what it notices. Each of these spoils a state as a defect would.
func TestTheSimulatorNoticesWhatIsSpoiled(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*desk.State) bool // false: there is nothing to spoil yet
		want  string
	}{
		"a customer who vanished from the state": {func(s *desk.State) bool {
			for id, c := range s.Conversations {
				if c.Place == desk.Waiting {
					delete(s.Conversations, id)
					return true
				}
			}
			return false
		}, "not known"},
		"an arrival that was changed": {func(s *desk.State) bool {
			for name := range s.Queues {
				if line := s.Line(name); len(line) > 1 {
					line[0].ArrivedAt = line[1].ArrivedAt + 1
					return true
				}
			}
			return false
		}, "order of arrival"},
		"a queue that is the wrong way": {func(s *desk.State) bool {
			for _, q := range s.Queues {
				if q.State == "Open" {
					q.State = "Closed"
					return true
				}
			}
			return false
		}, "the calendar says"},
		"an agent who is another": {func(s *desk.State) bool {
			for _, c := range s.Conversations {
				if c.Place == desk.InService {
					c.Agent = "somebody"
					return true
				}
			}
			return false
		}, "in the hands of"},
		"a message that is counted twice": {func(s *desk.State) bool {
			for _, c := range s.Conversations {
				if c.Messages > 0 {
					c.Messages++
					return true
				}
			}
			return false
		}, "were written"},
		"a connection that nobody noted": {func(s *desk.State) bool {
			for _, name := range slices.Sorted(maps.Keys(s.Customers)) {
				if c := s.Customers[name]; len(c.Gateways) == 0 {
					c.Gateways = []string{"g9"}
					return true
				}
			}
			return false
		}, "lost since"},
	} {
		t.Run(name, func(t *testing.T) {
			done := false
			config := desksim.ChaosConfig{Seed: 3, Steps: 600, Break: func(_ int, s *desk.State) {
				if !done {
					done = c.spoil(s)
				}
			}}
			_, err := desksim.Chaos(config)
			var f *desksim.Failure
			if !errors.As(err, &f) || !strings.Contains(err.Error(), c.want) || f.Seed != 3 || len(f.Last) == 0 {
				t.Fatalf("done %t: %v", done, err)
			}
		})
	}
}

func TestAFailureIsTheSameEachTimeAndShrinks(t *testing.T) {
	config := desksim.ChaosConfig{Seed: 5, Steps: 400, Break: func(_ int, s *desk.State) {
		for _, c := range s.Conversations {
			if c.Place == desk.InService && c.Messages > 0 {
				c.Messages = 0
			}
		}
	}}
	_, first := desksim.Chaos(config)
	_, second := desksim.Chaos(config)
	var f *desksim.Failure
	if !errors.As(first, &f) || second == nil || first.Error() != second.Error() {
		t.Fatalf("%v\n%v", first, second)
	}
	small := desksim.Shrink(config, f)
	if len(small.Without) == 0 || small.Step > f.Step || slices.Contains(small.Without, "pick") {
		t.Errorf("%d steps without %v", small.Step, small.Without)
	}
}
