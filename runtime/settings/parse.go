package settings

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"usher.chat/runtime/calendar"
)

// MaxBytes is the size of the largest settings that Parse reads: 1,000 queues with room to spare.
const MaxBytes = 16 << 20

// MaxSeconds is the longest of all time limits: thirty days. One that is longer could not be told
// from a mistake, and far longer ones not be added to a clock.
const MaxSeconds = 30 * 24 * 3600

// Parse reads settings from JSON or YAML. Unknown fields, lists with a name twice and values out of
// range are an *InvalidError that names all of them. A reference to nothing is not: see Queue.
func Parse(data []byte) (Settings, error) {
	var s Settings
	if len(data) > MaxBytes {
		return s, &InvalidError{Problems: []string{fmt.Sprintf("the settings are larger than %d bytes", MaxBytes)}}
	}
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return s, &InvalidError{Problems: []string{"not YAML or JSON: " + err.Error()}}
	}
	dec := json.NewDecoder(bytes.NewReader(asJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, &InvalidError{Problems: []string{err.Error()}}
	}
	s.Sort()
	if err := s.Validate(); err != nil {
		return s, err
	}
	return s, nil
}

// Sort puts all lists in the order of their names, which the rest of the runtime relies on, save those
// whose order says something: waiting rules, required skills, what customers read (issues, and the
// queues whose issues a channel lists) and targeting rules.
func (s *Settings) Sort() {
	slices.SortFunc(s.Schedules, func(a, b calendar.Schedule) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Teams, func(a, b Team) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Queues, func(a, b Queue) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Channels, func(a, b Channel) int { return strings.Compare(a.Name, b.Name) })
	for i := range s.Teams {
		t := &s.Teams[i]
		slices.SortFunc(t.Members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
		for j := range t.Members {
			slices.Sort(t.Members[j].Skills)
		}
	}
	for i := range s.Queues {
		q := &s.Queues[i]
		slices.Sort(q.Teams)
		slices.Sort(q.Disabled)
		if q.TransferTargets != nil {
			slices.Sort(q.TransferTargets.Queues)
			slices.Sort(q.TransferTargets.Teams)
		}
	}
	for i := range s.Channels {
		c := &s.Channels[i]
		slices.Sort(c.AllowedOrigins)
		for j := range c.Targeting {
			slices.Sort(c.Targeting[j].Languages)
			slices.Sort(c.Targeting[j].Values)
		}
	}
}

// Version names the content: equal settings have equal versions.
func (s Settings) Version() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // plain structs
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// InvalidError lists all that is wrong with settings, each with the place and what to change.
type InvalidError struct{ Problems []string }

func (e *InvalidError) Error() string {
	return "invalid settings: " + strings.Join(e.Problems, "; ")
}
