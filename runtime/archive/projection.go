package archive

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"usher.chat/runtime/desk"
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
	members   map[string]string  // names by which people know them, where they have one
	batch     batch
	unclean   bool // the write-ahead log still has what was erased
}

// batch is what the next transaction writes.
type batch struct {
	records, bytes int
	said           []stretch
	saidIn         map[uint64]int // where a conversation's last are
	logs           rows
	served         rows
	steps, posts   rows
	reaches        rows
	erasures       []erasure
	conversations  []*conversation // changed ones, each once
	settings       bool            // resources and members changed
	requests       bool
}

func (b *batch) reset() {
	for _, c := range b.conversations {
		c.dirty = false
	}
	clear(b.conversations)
	clear(b.said)
	clear(b.saidIn)
	*b = batch{
		said: b.said[:0], saidIn: b.saidIn, logs: b.logs.emptied(), served: b.served.emptied(),
		steps: b.steps.emptied(), posts: b.posts.emptied(), reaches: b.reaches.emptied(),
		conversations: b.conversations[:0],
	}
}

// conversation is a row of that table.
type conversation struct {
	key                           uint64
	id                            desk.ConversationID
	queue, channel, session       string
	name, page                    string
	email, phone, issue           string
	agent, forTeam, forAgent      string
	inactive, endedWhy, ended     string
	arrivedAt, startedAt, endedAt int64
	dirty                         bool
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
		members:   map[string]string{},
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
	p.batch.bytes += sizeOf(r.Event)
	return nil
}

// project knows every kind of event: one that it forgot would be a hole in the history.
func (p *projection) project(r desk.Record) error {
	switch e := r.Event.(type) {
	case desk.MessageSent:
		return p.message(r, e)
	case desk.CustomerJoined:
		p.joined(r, e)
	case desk.ContactLeft:
		p.contact(r, e)
	case desk.Picked:
		return p.with(e.Conversation, func(c *conversation) { p.picked(r, c, e) })
	case desk.Offered:
		return p.with(e.Conversation, func(c *conversation) { p.offered(r, c, e) })
	case desk.Returned:
		return p.with(e.Conversation, func(c *conversation) { p.returned(r, c, e) })
	case desk.Ended:
		return p.with(e.Conversation, func(c *conversation) { p.ended(r, c, e) })
	case desk.Transferred:
		return p.with(e.Conversation, func(c *conversation) { p.transferred(r, c, e) })
	case desk.HandedBack:
		return p.with(e.Conversation, func(c *conversation) { p.handedBack(r, c, e) })
	case desk.Rerouted:
		return p.with(e.Conversation, func(c *conversation) { p.rerouted(r, c, e) })
	case desk.Entered:
		return p.with(e.Conversation, func(c *conversation) { p.entered(r, c, e) })
	case desk.Left:
		return p.with(e.Conversation, func(c *conversation) { p.left(r, c, e) })
	case desk.Invited:
		return p.with(e.Conversation, func(c *conversation) { p.invited(r, c, e) })
	case desk.Uninvited:
		return p.with(e.Conversation, func(c *conversation) { p.uninvited(r, c, e) })
	case desk.RuleApplied:
		return p.with(e.Conversation, func(c *conversation) { p.ruleApplied(r, c, e) })
	case desk.WentInactive:
		return p.with(e.Conversation, func(c *conversation) { p.wentInactive(r, c, e) })
	case desk.Revived:
		return p.with(e.Conversation, func(c *conversation) { p.revived(r, c, e) })
	case desk.WentIdle:
		return p.with(e.Conversation, func(c *conversation) { p.wentIdle(r, c) })
	case desk.Erased:
		p.erased(r, e)
	case desk.Posted:
		p.posted(r, e)
	case desk.KeysLocked:
		p.keysLocked(r, e)
	case desk.QueueSwitched:
		p.switched(r, e)
	case desk.OverrideRequested:
		p.requested(r, e.Request)
	case desk.OverrideAnswered:
		p.answered(r, e)
	case desk.SettingsChanged:
		p.settings(r, e.Settings)
	case desk.Connected, desk.Disconnected, desk.RouterStarted, desk.GatewayLost, desk.SignedIn, desk.SignedOut, desk.PresenceSet,
		desk.KeyMade, desk.KeyDropped, desk.Favoured, desk.RoomRead, desk.Rewritten:
		// They say nothing of a queue or a conversation.
	default:
		return fmt.Errorf("%w for %T", errNoRule, r.Event)
	}
	return nil
}

// errNoRule is a defect of this package.
var errNoRule = errors.New("there is no rule")

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
	client, cid := originOf(r)
	p.batch.say(c.key, message{Seq: r.Seq, Side: string(e.From), Author: e.Author, Text: e.Text, At: r.At, Client: client, CID: cid})
	return nil
}
