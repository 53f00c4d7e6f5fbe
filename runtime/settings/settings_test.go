package settings_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

const sample = `
desk: {name: acme, displayName: Acme}
schedules:
- name: office
  timeZone: Europe/Helsinki
  weekly: [{days: [Mon, Tue], periods: [{start: "08:00", end: "12:00"}, {start: "22:00", end: "02:00"}]}]
teams:
- {name: tier2, members: [{name: ben}]}
- {name: tier1, maxConversations: 4, members: [{name: ana, role: Admin, maxConversations: 2}]}
queues:
- name: support
  generation: 3
  schedule: office
  teams: [tier1, tier2]
  override: {state: Closed, until: "2026-11-21T12:00:00Z", reason: fire drill, by: ana}
  whenBusy: {offer: Queue, capacity: {mode: PerOnlineAgent, places: 2}}
  manualSwitch: Admins
  offerTimeoutSeconds: 20
  thresholds: {agentLostSeconds: 10, customerLostSeconds: 20, closeAfterIdleSeconds: 3600}
- {name: sales, teams: [nobody], schedule: missing}
channels:
- {name: web, type: Web, queue: support, allowedOrigins: ["https://www.acme.example"], unavailable: {action: Hide}}
`

func TestParseSortsListsAndNamesTheContent(t *testing.T) {
	a, err := settings.Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if a.Queues[0].Name != "sales" || a.Teams[0].Name != "tier1" {
		t.Errorf("not sorted: %s, %s", a.Queues[0].Name, a.Teams[0].Name)
	}
	b := a
	b.Queues = slices.Clone(a.Queues)
	slices.Reverse(b.Queues)
	asJSON, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := settings.Parse(asJSON)
	if err != nil {
		t.Fatal(err)
	}
	if again.Version() != a.Version() {
		t.Error("the same settings in another order and as JSON have another version")
	}
	again.Queues[0].Generation++
	if again.Version() == a.Version() {
		t.Error("other settings have the same version")
	}
}

func TestEachProblemSaysWhatToChange(t *testing.T) {
	valid, err := settings.Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want   string
		change func(*settings.Settings)
	}{
		{`desk.name: write the name of the desk`, func(s *settings.Settings) { s.Desk.Name = "" }},
		{`schedules[office]: `, func(s *settings.Settings) { s.Schedules[0].TimeZone = "Mars/Olympus" }},
		{`schedules[0]: has no name`, func(s *settings.Settings) { s.Schedules[0].Name = "" }},
		{`schedules: "office" stands twice`, func(s *settings.Settings) { s.Schedules = append(s.Schedules, s.Schedules[0]) }},
		{`teams: "tier1" stands twice`, func(s *settings.Settings) { s.Teams[1].Name = "tier1" }},
		{`teams[0]: has no name`, func(s *settings.Settings) { s.Teams[0].Name = "" }},
		{`teams[tier1].members: every member has a name`, func(s *settings.Settings) { s.Teams[0].Members[0].Name = "" }},
		{`teams[tier1].members: "ana" stands twice`, func(s *settings.Settings) { s.Teams[0].Members = append(s.Teams[0].Members, s.Teams[0].Members[0]) }},
		{`teams[tier1].members[ana].role: "Boss"; write Representative or Admin`, func(s *settings.Settings) { s.Teams[0].Members[0].Role = "Boss" }},
		{`teams[tier1].members[ana].maxConversations: must not be negative`, func(s *settings.Settings) { s.Teams[0].Members[0].MaxConversations = -1 }},
		{`teams[tier1].maxConversations: must not be negative`, func(s *settings.Settings) { s.Teams[0].MaxConversations = -1 }},
		{`queues: "sales" stands twice`, func(s *settings.Settings) { s.Queues[1].Name = "sales" }},
		{`queues[0]: has no name`, func(s *settings.Settings) { s.Queues[0].Name = "" }},
		{`queues[support].whenBusy.offer: "Music"; write Nothing or Queue`, func(s *settings.Settings) { s.Queues[1].WhenBusy.Offer = "Music" }},
		{`queues[support].whenBusy.capacity.mode: "Some"; write Fixed or PerOnlineAgent`, func(s *settings.Settings) {
			s.Queues[1].WhenBusy.Capacity = &settings.Capacity{Mode: "Some", Places: 1}
		}},
		{`queues[support].whenBusy.capacity.places: 0; must be 1 to 10000`, func(s *settings.Settings) {
			s.Queues[1].WhenBusy.Capacity = &settings.Capacity{Mode: settings.CapacityFixed}
		}},
		{`queues[support].whenBusy.capacity.places: 10001; must be 1 to 10000`, func(s *settings.Settings) {
			s.Queues[1].WhenBusy.Capacity = &settings.Capacity{Mode: settings.CapacityFixed, Places: 10001}
		}},
		{`queues[support].manualSwitch: "Anyone"; write Members or Admins`, func(s *settings.Settings) { s.Queues[1].ManualSwitch = "Anyone" }},
		{`queues[support].secureMetadata: "Always"; write Ignore, Optional or Required`, func(s *settings.Settings) { s.Queues[1].SecureMetadata = "Always" }},
		{`queues[support].override: `, func(s *settings.Settings) { s.Queues[1].Override.State = "Ajar" }},
		{`queues[support].override.until: must be before the year 9999; leave it out for no end`, func(s *settings.Settings) {
			far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
			s.Queues[1].Override.Until = &far
		}},
		{`queues[support].offerTimeoutSeconds: -1; must be 0 (the default) to 2592000`, func(s *settings.Settings) { s.Queues[1].OfferTimeoutSeconds = -1 }},
		{`queues[support].thresholds.agentLostSeconds: -1; must be 0 (the default) to 2592000`, func(s *settings.Settings) { s.Queues[1].Thresholds.AgentLostSeconds = -1 }},
		{`queues[support].thresholds.customerLostSeconds: -1; must be 0 (the default) to 2592000`, func(s *settings.Settings) { s.Queues[1].Thresholds.CustomerLostSeconds = -1 }},
		{`queues[support].thresholds.closeAfterIdleSeconds: -1; must be 0 (the default) to 2592000`, func(s *settings.Settings) { s.Queues[1].Thresholds.CloseAfterIdleSeconds = -1 }},
		{`queues[support].thresholds.agentLostSeconds: 2592001; must be 0`, func(s *settings.Settings) { s.Queues[1].Thresholds.AgentLostSeconds = settings.MaxSeconds + 1 }},
		{`channels: "web" stands twice`, func(s *settings.Settings) { s.Channels = append(s.Channels, s.Channels[0]) }},
		{`channels[0]: has no name`, func(s *settings.Settings) { s.Channels[0].Name = "" }},
		{`channels[web].type: "Fax"; write Web`, func(s *settings.Settings) { s.Channels[0].Type = "Fax" }},
		{`channels[web].queue: write the queue that its customers wait in`, func(s *settings.Settings) { s.Channels[0].Queue = "" }},
	} {
		b, err := json.Marshal(valid)
		if err != nil {
			t.Fatal(err)
		}
		var s settings.Settings
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatal(err)
		}
		c.change(&s)
		if b, err = json.Marshal(s); err != nil {
			t.Fatal(err)
		}
		_, err = settings.Parse(b)
		var invalid *settings.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || !strings.HasPrefix(invalid.Problems[0], c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	_, err := settings.Parse([]byte(`{"desk": {}, "queues": [{"name": "q", "manualSwitch": "x", "offerTimeoutSeconds": -1}]}`))
	var invalid *settings.InvalidError
	if !errors.As(err, &invalid) || len(invalid.Problems) != 3 || !strings.HasPrefix(err.Error(), "invalid settings: desk.name") {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoSettingsIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"an unknown field":     {`{"desk": {"name": "a"}, "queues": [{"name": "q", "colour": "red"}]}`, `unknown field "colour"`},
		"a field twice":        {"desk: {name: a}\ndesk: {name: b}\n", "already set"},
		"a wrong type":         {`{"desk": {"name": "a"}, "queues": [{"name": "q", "offerTimeoutSeconds": "long"}]}`, "offerTimeoutSeconds"},
		"a broken time":        {`{"desk": {"name": "a"}, "queues": [{"name": "q", "override": {"state": "Open", "until": "tomorrow"}}]}`, "tomorrow"},
		"no YAML":              {"\t{", "not YAML or JSON"},
		"nothing":              {"", "desk.name"},
		"more than may be":     {strings.Repeat(" ", settings.MaxBytes+1), "larger than"},
		"a list for an object": {`[]`, "cannot unmarshal"},
	} {
		_, err := settings.Parse([]byte(c.data))
		var invalid *settings.InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse: whatever is accepted can be written and read again as the same, and put in force.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"desk":{"name":"a"},"queues":[{"name":"q","generation":1,"whenBusy":{},"thresholds":{},"override":{"state":"Open","until":"9998-12-31T23:59:59-14:00"}}]}`))
	f.Add([]byte("desk: &a {name: x}\nteams: [{name: t, members: [{name: m}]}]\n"))
	f.Add([]byte(routed))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := settings.Parse(data)
		var invalid *settings.InvalidError
		if err != nil {
			if !errors.As(err, &invalid) || len(invalid.Problems) == 0 {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := settings.Parse(b)
		if err != nil || again.Version() != s.Version() {
			t.Fatalf("%s reads back as version %s, was %s (%v)", b, again.Version(), s.Version(), err)
		}
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		state := desk.New()
		d, err := desk.Decide(state, desk.ApplySettings{Settings: s}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range d.Events {
			r := desk.Record{Seq: state.Seq + 1, At: desk.Millis(now), Event: e}
			entry, err := desk.Encode(r)
			if err != nil {
				t.Fatal(err)
			}
			decoded, err := desk.Decode(r.Seq, entry)
			if err != nil {
				t.Fatal(err)
			}
			if twice, err := desk.Encode(decoded); err != nil || !bytes.Equal(entry, twice) {
				t.Fatalf("%x, then %x (%v)", entry, twice, err)
			}
			state.Apply(r)
		}
		for _, q := range s.Queues {
			figures, _ := state.Report(q.Name, now)
			if _, err := json.Marshal(figures); err != nil {
				t.Fatal(err)
			}
		}
	})
}
