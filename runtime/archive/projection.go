package archive

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// projection turns records into rows. It keeps what later records need of earlier ones, which is also
// in the file; when a transaction fails it is thrown away and read again.
type projection struct {
	position uint64
	at       int64
	kind     string

	live      map[desk.ConversationID]*conversation // those that have not ended
	resources map[resourceKey]resource
	requests  map[string]request // by queue
	batch     batch
}

// batch is what the next transaction writes.
type batch struct {
	records, bytes int
	messages       rows
	logs           rows
	served         rows
	conversations  []*conversation // changed ones, each once
	settings       bool            // resources changed
	requests       bool
}

func (b *batch) reset() {
	for _, c := range b.conversations {
		c.dirty = false
	}
	clear(b.conversations)
	*b = batch{
		messages: b.messages.emptied(), logs: b.logs.emptied(), served: b.served.emptied(),
		conversations: b.conversations[:0],
	}
}

// conversation is a row of that table.
type conversation struct {
	key                                uint64
	id                                 desk.ConversationID
	queue, channel, session            string
	name, page, agent, endedWhy, ended string
	arrivedAt, startedAt, endedAt      int64
	dirty                              bool
}

type resourceKey struct{ kind, name string }

// Kinds of resources, as their users call them.
const (
	kindQueue    = "Queue"
	kindTeam     = "Team"
	kindSchedule = "Schedule"
)

type resource struct {
	generation int64
	hash       [8]byte
}

type request struct{ id, by string }

func newProjection() *projection {
	return &projection{
		live:      map[desk.ConversationID]*conversation{},
		resources: map[resourceKey]resource{},
		requests:  map[string]request{},
	}
}

// knows tells whether the ledger has, where the projection stands, the record that stood there when it
// was written: if not, the ledger is another one, or was set back.
func (p *projection) knows(ctx context.Context, read Read) (bool, error) {
	if p.position == 0 {
		return true, nil
	}
	for r, err := range read(ctx, p.position-1) {
		if err != nil {
			return false, fmt.Errorf("read the ledger at %d: %w", p.position, err)
		}
		return r.Seq == p.position && r.At == p.at && nameOf(r.Event) == p.kind, nil
	}
	return false, nil
}

func nameOf(e desk.Event) string { return reflect.TypeOf(e).Name() }

// apply adds what a record brings to the batch.
func (p *projection) apply(r desk.Record) error {
	if r.Seq != p.position+1 {
		return fmt.Errorf("record %d of the ledger came after %d", r.Seq, p.position)
	}
	if err := p.project(r); err != nil {
		return fmt.Errorf("archive record %d: %w", r.Seq, err)
	}
	p.position, p.at, p.kind = r.Seq, r.At, nameOf(r.Event)
	p.batch.records++
	p.batch.bytes += recordBytes
	return nil
}

func (p *projection) project(r desk.Record) error {
	switch e := r.Event.(type) {
	case desk.MessageSent:
		return p.message(r, e)
	case desk.CustomerJoined:
		c := &conversation{
			key: r.Seq, id: e.Conversation, queue: e.Queue, channel: e.Channel, session: e.Session,
			name: e.Name, page: e.Page, arrivedAt: r.At,
		}
		p.live[c.id] = c
		p.changed(c)
		p.logOf(r, c, protocol.LogEntry{Type: "joined", Cause: e.Channel})
	case desk.Picked:
		return p.with(e.Conversation, func(c *conversation) {
			c.agent, c.startedAt = e.Agent, r.At
			p.batch.served.add(c.key, e.Agent)
			p.logOf(r, c, protocol.LogEntry{Type: "picked", By: e.Agent, Cause: string(e.How), WaitedMS: e.WaitedMS})
		})
	case desk.Offered:
		return p.with(e.Conversation, func(c *conversation) {
			c.agent = e.Agent
			p.logOf(r, c, protocol.LogEntry{Type: "offered", By: e.Agent, Until: e.Until})
		})
	case desk.Returned:
		return p.with(e.Conversation, func(c *conversation) {
			c.agent, c.startedAt = "", 0
			p.logOf(r, c, protocol.LogEntry{Type: "returned", By: e.Agent, Cause: string(e.Why)})
		})
	case desk.Ended:
		return p.with(e.Conversation, func(c *conversation) {
			c.endedAt, c.endedWhy, c.ended = r.At, string(e.Why), e.By
			delete(p.live, c.id)
			entry := protocol.LogEntry{Type: "ended", By: e.By, Cause: string(e.Why)}
			if e.Why == desk.EndedLeft || e.Why == desk.EndedAbandoned {
				entry.Type = "left"
			}
			p.logOf(r, c, entry)
		})
	case desk.QueueSwitched:
		entry := protocol.LogEntry{Queue: e.Queue, Type: "closed", By: e.By, Cause: e.Cause, Reason: e.Detail, Until: e.Until}
		if e.State == settings.QueueOpen {
			entry.Type = "opened"
		}
		p.log(r, entry)
	case desk.OverrideRequested:
		p.requested(r, e.Request)
	case desk.OverrideAnswered:
		p.answered(r, e)
	case desk.SettingsChanged:
		p.settings(r, e.Settings)
	}
	return nil // the others say nothing of a queue or a conversation
}

// with changes a conversation that has not ended.
func (p *projection) with(id desk.ConversationID, change func(*conversation)) error {
	c := p.live[id]
	if c == nil {
		return fmt.Errorf("conversation %s did not begin, or has ended", id)
	}
	p.changed(c)
	change(c)
	return nil
}

func (p *projection) changed(c *conversation) {
	if !c.dirty {
		c.dirty = true
		p.batch.conversations = append(p.batch.conversations, c)
	}
}

func (p *projection) message(r desk.Record, e desk.MessageSent) error {
	c := p.live[e.Conversation]
	if c == nil {
		return fmt.Errorf("conversation %s did not begin, or has ended", e.Conversation)
	}
	client, cid := "", uint64(0)
	if r.Origin != nil {
		client, cid = r.Origin.Client, r.Origin.CID
	}
	p.batch.messages.add(r.Seq, c.key, string(e.From), e.Author, e.Text, r.At, client, int64(cid))
	p.batch.bytes += len(e.Text)
	return nil
}

// logOf adds a line about a conversation to the log of its queue.
func (p *projection) logOf(r desk.Record, c *conversation, e protocol.LogEntry) {
	e.Queue, e.Conversation, e.Name = c.queue, string(c.id), c.name
	p.log(r, e)
}

// log adds a line, with the generation of the queue's settings in force.
func (p *projection) log(r desk.Record, e protocol.LogEntry) {
	generation := p.resources[resourceKey{kindQueue, e.Queue}].generation
	p.batch.logs.add(e.Queue, r.Seq, r.At, e.Type, e.By, e.Cause, e.Reason, e.Until, e.Conversation, e.Name, generation, e.WaitedMS)
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
