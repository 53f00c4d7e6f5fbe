package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Messages are those of a conversation with a sequence above after and, unless before is 0, below
// before, in order; when there are more than limit, the newest of them. A conversation that is not
// there has none. Client and CID are left out: they are for the sender alone, see [Archive.MessagesFor].
func (a *Archive) Messages(ctx context.Context, conversation string, after, before uint64, limit int) ([]protocol.Message, error) {
	return a.MessagesFor(ctx, "", conversation, after, before, limit)
}

// MessagesFor is Messages as one of the two sides sees them: with Client and CID for what it wrote
// itself. It does not check that the principal may read the conversation.
func (a *Archive) MessagesFor(ctx context.Context, reader desk.Principal, conversation string, after, before uint64, limit int) ([]protocol.Message, error) {
	var list []protocol.Message
	var session string
	if before == 0 {
		before = math.MaxUint64
	}
	err := a.read(ctx, func(db *sql.DB) (err error) {
		list, session, err = messages(ctx, db, conversation, after, before, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the messages of %s: %w", conversation, err)
	}
	for i := range list {
		if by(&list[i], session) != reader {
			list[i].Client, list[i].CID = "", 0
		}
	}
	slices.Reverse(list)
	return list, nil
}

// Log is the activity log of a queue (feature Q4) below a sequence, or from its end when before is 0,
// the newest first, at most limit lines. A queue that never was has none. That of the empty name is the
// desk's own, of what belongs to no queue.
func (a *Archive) Log(ctx context.Context, queue string, before uint64, limit int) ([]protocol.LogEntry, error) {
	var entries []protocol.LogEntry
	err := a.read(ctx, func(db *sql.DB) error {
		entries = nil
		return each(ctx, db, `select seq, at, type, who, to_kind, to_name, cause, reason, until, conversation, name, generation, waited
			from log where queue = ? and seq < ? order by seq desc limit ?`,
			func(scan func(...any) error) error {
				e := protocol.LogEntry{Queue: queue}
				var to protocol.Target
				if err := scan(&e.Seq, &e.At, &e.Type, &e.By, &to.Kind, &to.Name, &e.Cause, &e.Reason, &e.Until, &e.Conversation,
					&e.Name, &e.Generation, &e.WaitedMS); err != nil {
					return err
				}
				if to.Kind != "" {
					e.To = &to
				}
				entries = append(entries, e)
				return nil
			}, queue, end(before), max(0, limit))
	})
	if err != nil {
		return nil, fmt.Errorf("read the log of %s: %w", queue, err)
	}
	return entries, nil
}

// read runs a query beside the writer. A damaged page makes Run replace the file.
func (a *Archive) read(ctx context.Context, query func(*sql.DB) error) error {
	a.store.mu.RLock()
	defer a.store.mu.RUnlock()
	if a.store.reads == nil {
		return a.absent()
	}
	err := query(a.store.reads)
	if kindOf(err) == kindCorrupt {
		signal(a.damage)
		return a.absent()
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// absent is why there is no file to read from.
func (a *Archive) absent() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	if err := a.stalledError(); err != nil {
		return err
	}
	return &StalledError{Position: a.position, Err: errors.New("it is being made again")}
}

// bound and end take sequences to SQLite's integers.
func bound(seq uint64) int64 { return int64(min(seq, math.MaxInt64)) }

func end(before uint64) int64 {
	if before == 0 {
		return math.MaxInt64
	}
	return bound(before)
}
