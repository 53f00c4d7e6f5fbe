package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Writer appends to the log as long as it is the newest claim. Its methods may be called from any goroutine; appends
// are one at a time.
type Writer struct {
	ledger *Ledger
	claim  string
	lease  time.Duration
	epoch  atomic.Uint64
	known  atomic.Uint64 // next as of the last answer, to be read while an append is under way
	lost   atomic.Bool

	mu      sync.Mutex
	next    Position
	pending *pending // an append whose answer was lost
}

// pending is what Recover needs to find a group again.
type pending struct {
	first Position
	count int
	epoch uint64
	body  []byte
}

// Epoch of the writer. It grows in [Writer.Recover].
func (w *Writer) Epoch() uint64 { return w.epoch.Load() }

// Next is the position that the next entry gets.
func (w *Writer) Next() Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

// Append writes entries as one group, and returns the position of the first when all of them are on disk. at is the
// time that readers get with the group, kept to the nanosecond. The entries are not kept.
//
// [ErrFenced], [ErrFull], [ErrEmpty], [ErrTooLarge] and every error that is not [ErrUnknown] mean that nothing was
// written. After ErrUnknown, which comes with the position that the group has if it is in, every append is refused with
// ErrUnknown until [Writer.Recover] has told. A context that ends while the database commits is ErrUnknown too (on
// SQLite a commit is always waited for).
func (w *Writer) Append(ctx context.Context, at time.Time, entries [][]byte) (first Position, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost.Load() {
		return 0, w.fenced("append to the ledger")
	}
	if w.pending != nil {
		return 0, fmt.Errorf("append to the ledger of desk %q: %w: an append before it has to be recovered first",
			w.ledger.desk, ErrUnknown)
	}
	first = w.next
	epoch, nanos := w.epoch.Load(), at.UnixNano()
	body, err := encodeBody(first, epoch, nanos, entries)
	if err != nil {
		return 0, fmt.Errorf("append to the ledger of desk %q: %w", w.ledger.desk, err)
	}
	fenced, kind, err := w.ledger.insert(ctx, w.claim, first, len(entries), epoch, nanos, body)
	switch {
	case err == nil && !fenced:
		w.goOn(first + Position(len(entries)))
		return first, nil
	case err == nil:
		w.lost.Store(true)
		return 0, w.fenced("append to the ledger")
	case kind == ErrUnknown:
		w.pending = &pending{first: first, count: len(entries), epoch: epoch, body: body}
		return first, fmt.Errorf("append to the ledger of desk %q at %d: %w: %w", w.ledger.desk, first, ErrUnknown, err)
	}
	return 0, w.ledger.failed("append to the ledger", err)
}

// goOn sets where the next entry goes.
func (w *Writer) goOn(next Position) {
	w.next = next
	w.known.Store(next)
}

// insert runs the one statement of an append. The kind of an error tells about its outcome: ErrUnknown only when the
// statement may have reached the database.
func (l *Ledger) insert(ctx context.Context, claim string, first Position, count int, epoch uint64, at int64, body []byte) (
	fenced bool, kind Error, err error) {
	for {
		conn, err := l.appends.Conn(ctx)
		if err != nil {
			return false, "", err
		}
		result, err := conn.ExecContext(l.statementContext(ctx), l.queries.insert,
			l.desk, int64(epoch), int64(first), count, at, body, claim)
		if err != nil {
			if kind = l.dialect.kind(err); l.dialect.stale(err) {
				_ = conn.Raw(func(any) error { return driver.ErrBadConn })
			}
		}
		_ = conn.Close()
		if errors.Is(err, driver.ErrBadConn) {
			// The driver found the connection dead before it sent anything: the one case that is safe to do again.
			continue
		}
		if err != nil {
			return false, kind, err
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return false, ErrUnknown, err
		}
		return rows == 0, "", nil
	}
}

// Recover tells whether the append that ended with [ErrUnknown] is in, and makes the writer fit to append again. It
// takes the next epoch first: that waits for a statement which may still run in the database, and refuses one which may
// still be on its way there, so the answer is final.
//
// written is also right when the error is [ErrFenced]: a successor has done the same. With any other error nothing is
// known yet; call it again. Without an unknown append it does nothing and returns false.
func (w *Writer) Recover(ctx context.Context) (written bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending == nil {
		return false, nil
	}
	l := w.ledger
	if _, err := w.update(ctx, l.queries.recover, int64(w.Epoch())); err != nil {
		return false, l.failed("recover an append", err)
	}
	leader, claim, err := l.leader(ctx, l.control)
	if err != nil {
		return false, err
	}
	mine := claim == w.claim
	if mine {
		w.epoch.Store(leader.Epoch)
	}
	var epoch int64
	var body []byte
	err = l.control.QueryRowContext(ctx, l.queries.row, l.desk, int64(w.pending.first)).Scan(&epoch, &body)
	switch {
	case err == nil:
		written = uint64(epoch) == w.pending.epoch && bytes.Equal(body, w.pending.body)
	case !errors.Is(err, sql.ErrNoRows):
		return false, l.failed("recover an append", err)
	}
	found := err == nil
	if written {
		w.goOn(w.pending.first + Position(w.pending.count))
	}
	w.pending = nil
	if !mine || found && !written { // another's row stands at the place: then this writer is not the one
		w.lost.Store(true)
		return written, w.fenced("recover an append")
	}
	return written, nil
}
