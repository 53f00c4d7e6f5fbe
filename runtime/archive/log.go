package archive

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// logOf adds a line about a conversation to the log of its queue.
func (p *projection) logOf(r desk.Record, c *conversation, e protocol.LogEntry) {
	e.Queue, e.Conversation, e.Name = c.queue, string(c.id), c.name
	p.log(r, e)
}

// log adds a line, with the generation of the queue's settings in force.
func (p *projection) log(r desk.Record, e protocol.LogEntry) {
	generation := p.resources[resourceKey{kindQueue, e.Queue}].generation
	var to protocol.Target
	if e.To != nil {
		to = *e.To
	}
	p.batch.logs.add(e.Queue, r.Seq, r.At, e.Type, e.By, to.Kind, to.Name, e.Cause, e.Reason, e.Until, e.Conversation, e.Name, generation, e.WaitedMS)
}

func (p *projection) switched(r desk.Record, e desk.QueueSwitched) {
	entry := protocol.LogEntry{Queue: e.Queue, Type: "closed", By: e.By, Cause: e.Cause, Reason: e.Detail, Until: e.Until}
	if e.State == settings.QueueOpen {
		entry.Type = "opened"
	}
	p.log(r, entry)
}

// keysLocked is of no queue: who tries session keys has not named one yet.
func (p *projection) keysLocked(r desk.Record, e desk.KeysLocked) {
	p.log(r, protocol.LogEntry{Type: "keysLocked", Reason: fmt.Sprintf("%d wrong session keys from %s", e.Tries, e.Source), Until: e.Until})
}

// Causes of a line about an open or close made in the console, beside those of calendar.
const (
	CauseRequested = "Requested" // followed by Open, Closed or Auto: "RequestedClosed"
	CauseCarried   = "Carried"   // the resource has it now
	CauseRefused   = "Refused"   // the resource cannot have it; the reason says why
)

func (p *projection) requested(r desk.Record, q settings.OverrideRequest) {
	p.requests[q.Queue] = request{id: q.ID, by: q.By}
	p.batch.requests = true
	state := string(q.State)
	if state == "" {
		state = "Auto"
	}
	entry := protocol.LogEntry{Queue: q.Queue, Type: "override", By: q.By, Cause: CauseRequested + state, Reason: q.Reason}
	if q.Until != nil {
		entry.Until = q.Until.UnixMilli()
	}
	p.log(r, entry)
}

func (p *projection) answered(r desk.Record, e desk.OverrideAnswered) {
	entry := protocol.LogEntry{Queue: e.Queue, Type: "override", Cause: CauseCarried}
	if e.Refused != "" {
		entry.Cause, entry.Reason = CauseRefused, e.Refused
	}
	if q := p.requests[e.Queue]; q.id == e.ID {
		entry.By = q.by
		delete(p.requests, e.Queue)
		p.batch.requests = true
	}
	p.log(r, entry)
}

// Causes of a line about settings: the parts that changed, as in "Queue, Schedule helsinki", or one of
// these.
const (
	CauseAdded   = "Added"
	CauseRemoved = "Removed"
)

// settings adds a line for each queue whose settings changed, or those of its schedule or its teams.
func (p *projection) settings(r desk.Record, s settings.Settings) {
	before := p.resources
	p.resources = resourcesOf(s)
	p.members = membersOf(s)
	p.batch.settings = true
	changed := func(kind, name string) bool {
		key := resourceKey{kind, name}
		was, known := before[key]
		is, there := p.resources[key]
		return known != there || was != is
	}
	for _, q := range s.Queues {
		if _, known := before[resourceKey{kindQueue, q.Name}]; !known {
			p.log(r, protocol.LogEntry{Queue: q.Name, Type: "settings", Cause: CauseAdded})
			continue
		}
		var parts []string
		if changed(kindQueue, q.Name) {
			parts = append(parts, kindQueue)
		}
		if q.Schedule != "" && changed(kindSchedule, q.Schedule) {
			parts = append(parts, kindSchedule+" "+q.Schedule)
		}
		for _, team := range q.Teams {
			if changed(kindTeam, team) {
				parts = append(parts, kindTeam+" "+team)
			}
		}
		if len(parts) > 0 {
			p.log(r, protocol.LogEntry{Queue: q.Name, Type: "settings", Cause: strings.Join(slices.Compact(parts), ", ")})
		}
	}
	for key := range before {
		if _, there := p.resources[key]; key.kind == kindQueue && !there {
			p.log(r, protocol.LogEntry{Queue: key.name, Type: "settings", Cause: CauseRemoved})
			if _, pending := p.requests[key.name]; pending {
				delete(p.requests, key.name)
				p.batch.requests = true
			}
		}
	}
}

// resourcesOf is what of the settings the log tells changes of. Settings from a file have no
// generations, so the content counts too.
func resourcesOf(s settings.Settings) map[resourceKey]resource {
	all := make(map[resourceKey]resource, len(s.Queues)+len(s.Teams)+len(s.Schedules))
	for _, q := range s.Queues {
		q.OverrideAnswer = nil // has a line of its own
		all[resourceKey{kindQueue, q.Name}] = resource{q.Generation, hashOf(q)}
	}
	for _, t := range s.Teams {
		all[resourceKey{kindTeam, t.Name}] = resource{t.Generation, hashOf(t)}
	}
	for _, c := range s.Schedules {
		all[resourceKey{kindSchedule, c.Name}] = resource{c.Generation, hashOf(c)}
	}
	return all
}

func hashOf(v any) [8]byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs
	}
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}

// membersOf are the names by which people know the members, where these have one.
func membersOf(s settings.Settings) map[string]string {
	names := map[string]string{}
	for _, t := range s.Teams {
		for _, m := range t.Members {
			if name := desk.Visible(m.DisplayName); name != "" && name != m.Name {
				names[m.Name] = name
			}
		}
	}
	return names
}
