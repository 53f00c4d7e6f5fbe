package archive

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Bounds of what is gathered of a ledger's end.
const (
	// recentFrom is how far behind a file must be for it to be worth it: less is caught up with in a moment.
	recentFrom = 50_000
	// recentPiece is how many records are read at once, from the end backwards, recentMost how many in all.
	recentPiece = 50_000
	recentMost  = 400_000
	// recentKept is how many messages of one conversation are kept.
	recentKept = 200
	// wholeWithin is how long who asks for more than recent messages waits for the archive.
	wholeWithin = 3 * time.Second
)

// Recent is an archive that may still be far behind the desk, because it is being made from the ledger in a new place.
// Meanwhile it has the messages of the conversations that go on, from the end of the ledger: that is what people who
// come back to them ask for. All else waits for the archive. Once that has caught up, it is the archive and no more.
type Recent struct {
	archive *Archive
	began   uint64      // what the archive has to reach
	behind  atomic.Bool // it has not yet

	mu       sync.Mutex
	position uint64
	of       map[desk.ConversationID]*recent
	whole    bool
}

// recent is one conversation's messages.
type recent struct {
	begun    bool // its beginning was met: there are no messages before these, but for those that were let go
	let      bool // some were
	messages []spoken
}

type spoken struct {
	by desk.Principal
	protocol.Message
}

// NewRecent stands before an archive. It is the archive alone until Gather.
func NewRecent(a *Archive) *Recent { return &Recent{archive: a} }

// Gather reads the end of the ledger, when the archive's file is far behind the state. Call it before the archive's
// Run and before Follow; the state is that of the position from which on Follow is called.
func (r *Recent) Gather(ctx context.Context, read Read, state *desk.State) error {
	r.began, r.position = state.Seq, state.Seq
	file := uint64(0)
	if p := r.archive.opened; p != nil {
		file = p.position
	}
	if state.Seq < recentFrom || file > state.Seq-recentFrom && file <= state.Seq {
		return nil
	}
	r.of = map[desk.ConversationID]*recent{}
	missing := 0
	for id, c := range state.Conversations {
		if c.Place.Open() {
			r.of[id] = &recent{}
			missing++
		}
	}
	end := state.Seq
	for least := state.Seq - min(state.Seq, recentMost); missing > 0 && end > least; {
		from := max(least, end-min(end, recentPiece))
		found, err := r.gather(ctx, read, from, end)
		if err != nil {
			return fmt.Errorf("read the end of the ledger: %w", err)
		}
		missing -= found
		end = from
	}
	r.whole = missing == 0
	r.behind.Store(true)
	return nil
}

// gather reads the records after from up to end, which stand before all that was read, and tells of how many
// conversations it met the beginning.
func (r *Recent) gather(ctx context.Context, read Read, from, end uint64) (found int, err error) {
	piece := map[desk.ConversationID][]spoken{}
	for record, err := range read(ctx, from) {
		if err != nil {
			return found, err
		}
		if record.Seq > end {
			break
		}
		if m, is := record.Event.(desk.MessageSent); is && r.of[m.Conversation] != nil {
			piece[m.Conversation] = append(piece[m.Conversation], spokenIn(record, m))
		}
		if c := r.of[begins(record.Event)]; c != nil {
			c.begun = true
			found++
		}
	}
	for id, messages := range piece {
		c := r.of[id]
		c.messages = append(messages, c.messages...)
		c.trim()
	}
	return found, nil
}

func (c *recent) trim() {
	if over := len(c.messages) - recentKept; over > 0 {
		c.messages, c.let = slices.Clone(c.messages[over:]), true
	}
}

// begins is the conversation that an event is the beginning of; empty when it is of none.
func begins(e desk.Event) desk.ConversationID {
	switch e := e.(type) {
	case desk.CustomerJoined:
		return e.Conversation
	case desk.ContactLeft:
		return e.Conversation
	}
	return ""
}

func spokenIn(r desk.Record, m desk.MessageSent) spoken {
	s := spoken{Message: protocol.Message{Seq: r.Seq, Conversation: string(m.Conversation), From: string(m.From), Author: m.Author, Text: m.Text, At: r.At}}
	if r.Origin != nil {
		s.by, s.Client, s.CID = r.Origin.Principal, r.Origin.Client, r.Origin.CID
	}
	return s
}

// Follow is Archive.Follow.
func (r *Recent) Follow(records []desk.Record) {
	r.archive.Follow(records)
	if !r.stillBehind() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		return
	}
	for _, record := range records {
		if record.Seq <= r.position {
			continue
		}
		r.position = record.Seq
		if id := begins(record.Event); id != "" {
			c := r.of[id]
			if c == nil {
				c = &recent{}
				r.of[id] = c
			}
			c.begun = true
		}
		switch e := record.Event.(type) {
		case desk.MessageSent:
			if c := r.of[e.Conversation]; c != nil {
				c.messages = append(c.messages, spokenIn(record, e))
				c.trim()
			}
		case desk.Erased:
			for _, id := range e.Conversations {
				delete(r.of, id)
			}
		}
	}
}

// stillBehind looks whether the archive has caught up, and lets go of what was gathered when it has.
func (r *Recent) stillBehind() bool {
	if !r.behind.Load() {
		return false
	}
	if r.archive.Position() < r.began {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of = nil
	r.behind.Store(false)
	return false
}

// Serves tells whether everybody who comes back to a conversation that goes on can be told its messages.
func (r *Recent) Serves() bool { return !r.stillBehind() || r.whole }

// Wait is Archive.Wait for what MessagesFor can answer.
func (r *Recent) Wait(ctx context.Context, seq uint64) error {
	if r.stillBehind() {
		r.mu.Lock()
		has := r.of != nil && r.position >= seq
		r.mu.Unlock()
		if has {
			return nil
		}
	}
	return r.archive.Wait(ctx, seq)
}

// MessagesFor is Archive.MessagesFor. Of a conversation of which not enough was gathered it waits for the archive.
func (r *Recent) MessagesFor(ctx context.Context, reader desk.Principal, conversation string, after, before uint64, limit int) ([]protocol.Message, error) {
	if r.stillBehind() {
		if list, enough := r.messages(reader, conversation, after, before, limit); enough {
			return list, nil
		}
		if err := r.archive.Wait(ctx, max(r.began, before-min(before, 1))); err != nil {
			return nil, err
		}
	}
	return r.archive.MessagesFor(ctx, reader, conversation, after, before, limit)
}

func (r *Recent) messages(reader desk.Principal, conversation string, after, before uint64, limit int) ([]protocol.Message, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.of[desk.ConversationID(conversation)]
	if c == nil {
		return nil, false
	}
	// Nothing is missing before the first that is asked for.
	enough := c.begun && !c.let || len(c.messages) > 0 && after >= c.messages[0].Seq
	var list []protocol.Message
	for i := len(c.messages) - 1; i >= 0 && len(list) < limit; i-- {
		m := c.messages[i]
		if m.Seq <= after || before != 0 && m.Seq >= before {
			continue
		}
		if m.by != reader {
			m.Client, m.CID = "", 0
		}
		list = append(list, m.Message)
	}
	slices.Reverse(list)
	return list, enough || len(list) == limit
}

// caughtUp waits a little for the archive to have what it had to catch up with.
func (r *Recent) caughtUp(ctx context.Context) error {
	if !r.stillBehind() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wholeWithin)
	defer cancel()
	r.mu.Lock()
	position := r.position
	r.mu.Unlock()
	return r.archive.Wait(ctx, position)
}

// Log is Archive.Log.
func (r *Recent) Log(ctx context.Context, queue string, before uint64, limit int) ([]protocol.LogEntry, error) {
	if err := r.caughtUp(ctx); err != nil {
		return nil, err
	}
	return r.archive.Log(ctx, queue, before, limit)
}

// PostsFor is Archive.PostsFor.
func (r *Recent) PostsFor(ctx context.Context, reader desk.Principal, room string, before uint64, limit int) ([]protocol.Post, error) {
	if err := r.caughtUp(ctx); err != nil {
		return nil, err
	}
	return r.archive.PostsFor(ctx, reader, room, before, limit)
}

// Steps is Archive.Steps.
func (r *Recent) Steps(ctx context.Context, conversation string) ([]protocol.Step, error) {
	if err := r.caughtUp(ctx); err != nil {
		return nil, err
	}
	return r.archive.Steps(ctx, conversation)
}
