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

// Sort puts all lists in the order of their names, which the rest of the runtime relies on.
func (s *Settings) Sort() {
	slices.SortFunc(s.Schedules, func(a, b calendar.Schedule) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Teams, func(a, b Team) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Queues, func(a, b Queue) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Channels, func(a, b Channel) int { return strings.Compare(a.Name, b.Name) })
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

// Validate checks what the runtime relies on. A schedule that a queue names but that is not there is
// not a problem: see Queue.Schedule.
func (s Settings) Validate() error {
	var bad []string
	add := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if s.Desk.Name == "" {
		add("desk.name: write the name of the desk")
	}
	for i, c := range s.Schedules {
		unique(add, "schedules", i, c.Name, func(j int) string { return s.Schedules[j].Name })
		if err := calendar.Validate(c); err != nil {
			add("schedules[%s]: %v", c.Name, err)
		}
	}
	for i, t := range s.Teams {
		unique(add, "teams", i, t.Name, func(j int) string { return s.Teams[j].Name })
		seen := map[string]bool{}
		for _, m := range t.Members {
			switch {
			case m.Name == "":
				add("teams[%s].members: every member has a name", t.Name)
			case seen[m.Name]:
				add("teams[%s].members: %q stands twice", t.Name, m.Name)
			case m.Role != "" && m.Role != RoleRepresentative && m.Role != RoleAdmin:
				add("teams[%s].members[%s].role: %q; write Representative or Admin", t.Name, m.Name, m.Role)
			case m.MaxConversations < 0:
				add("teams[%s].members[%s].maxConversations: must not be negative", t.Name, m.Name)
			}
			seen[m.Name] = true
		}
		if t.MaxConversations < 0 {
			add("teams[%s].maxConversations: must not be negative", t.Name)
		}
	}
	for i, q := range s.Queues {
		unique(add, "queues", i, q.Name, func(j int) string { return s.Queues[j].Name })
		q.validate(add)
	}
	for i, c := range s.Channels {
		unique(add, "channels", i, c.Name, func(j int) string { return s.Channels[j].Name })
		if c.Type != ChannelWeb {
			add("channels[%s].type: %q; write Web", c.Name, c.Type)
		}
		if c.Queue == "" {
			add("channels[%s].queue: write the queue that its customers wait in", c.Name)
		}
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return &InvalidError{Problems: bad}
	}
	return nil
}

func (q Queue) validate(add func(string, ...any)) {
	if o := q.WhenBusy.Offer; o != "" && o != OfferNothing && o != OfferQueue {
		add("queues[%s].whenBusy.offer: %q; write Nothing or Queue", q.Name, o)
	}
	if c := q.WhenBusy.Capacity; c != nil {
		if c.Mode != CapacityFixed && c.Mode != CapacityPerOnlineAgent {
			add("queues[%s].whenBusy.capacity.mode: %q; write Fixed or PerOnlineAgent", q.Name, c.Mode)
		}
		if c.Places < 1 || c.Places > 10000 {
			add("queues[%s].whenBusy.capacity.places: %d; must be 1 to 10000", q.Name, c.Places)
		}
	}
	if m := q.ManualSwitch; m != "" && m != SwitchMembers && m != SwitchAdmins {
		add("queues[%s].manualSwitch: %q; write Members or Admins", q.Name, m)
	}
	if q.Override != nil {
		if err := calendar.ValidateOverride(*q.Override); err != nil {
			add("queues[%s].override: %v", q.Name, err)
		}
		if u := q.Override.Until; u != nil && u.UTC().Year() >= 9999 {
			// In another zone it would have a year that JSON cannot carry, and no report could be sent.
			add("queues[%s].override.until: must be before the year 9999; leave it out for no end", q.Name)
		}
	}
	for name, n := range map[string]int{
		"offerTimeoutSeconds": q.OfferTimeoutSeconds, "thresholds.agentLostSeconds": q.Thresholds.AgentLostSeconds,
		"thresholds.customerLostSeconds": q.Thresholds.CustomerLostSeconds, "thresholds.closeAfterIdleSeconds": q.Thresholds.CloseAfterIdleSeconds,
	} {
		if n < 0 || n > MaxSeconds {
			add("queues[%s].%s: %d; must be 0 (the default) to %d", q.Name, name, n, MaxSeconds)
		}
	}
}

// unique reports a name that is missing, or that the entry before it has too (the lists are sorted).
func unique(add func(string, ...any), list string, i int, name string, nameOf func(int) string) {
	if name == "" {
		add("%s[%d]: has no name", list, i)
	} else if i > 0 && nameOf(i-1) == name {
		add("%s: %q stands twice", list, name)
	}
}
