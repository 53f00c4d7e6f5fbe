package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Claim says who wants to write.
type Claim struct {
	// Holder names the claimant. A claim takes a live lease of its own name at once: it is the same pod, restarted.
	Holder string
	// Address is where others reach the holder; the ledger only tells it, see [Ledger.Leader].
	Address string
	// Lease is how long the claim stands without [Writer.Renew], by the database's clock; at least a millisecond. It
	// stands no longer when that clock is set back meanwhile.
	// SQLite has the lock of its file instead and takes the lead at once.
	Lease time.Duration
	// Replaces is the epoch of a leader that is known to be gone, whose live lease is not waited for; 0 for none. The
	// fence makes a mistake here harmless for the log.
	Replaces uint64
}

// Lead takes the place of the writer with the next epoch, and returns when no append of an older epoch can come any
// more. A live lease of another is [ErrHeld] with a *[HeldError].
//
// A ledger that was left is [ErrMoved], and one that is not whole yet is [ErrUnfinished].
func (l *Ledger) Lead(ctx context.Context, claim Claim) (*Writer, error) {
	if err := l.leadable(ctx, l.control); err != nil {
		return nil, fmt.Errorf("lead desk %q: %w", l.desk, err)
	}
	return l.lead(ctx, claim)
}

// lead is Lead, also of a ledger that is not whole yet.
func (l *Ledger) lead(ctx context.Context, claim Claim) (*Writer, error) {
	if claim.Holder == "" || claim.Lease < time.Millisecond {
		return nil, fmt.Errorf("lead desk %q: a claim needs a holder and a lease of at least 1ms", l.desk)
	}
	w := &Writer{ledger: l, claim: rand.Text(), lease: claim.Lease}
	for {
		_, err := l.control.ExecContext(l.statementContext(ctx), l.queries.lead, l.desk, w.claim, claim.Holder,
			claim.Address, claim.Lease.Milliseconds(), int64(claim.Replaces))
		if err != nil {
			return nil, l.failed("lead", err)
		}
		leader, owner, err := l.leader(ctx, l.control)
		if err != nil {
			return nil, err
		}
		if owner == w.claim {
			w.epoch.Store(leader.Epoch)
			break
		}
		if leader.Live {
			return nil, fmt.Errorf("lead desk %q: %w", l.desk, &HeldError{Leader: leader})
		}
		// The lease ended between the two statements: claim again.
	}
	last, err := l.Last(ctx)
	if err != nil {
		return nil, err
	}
	w.goOn(last + 1)
	return w, nil
}

// Leader tells who leads, or led last; the zero Leader when nobody ever has.
func (l *Ledger) Leader(ctx context.Context) (Leader, error) {
	leader, _, err := l.leader(ctx, l.reads)
	return leader, err
}

func (l *Ledger) leader(ctx context.Context, db *sql.DB) (leader Leader, claim string, err error) {
	var epoch, until int64
	err = db.QueryRowContext(ctx, l.queries.leader, l.desk).
		Scan(&epoch, &claim, &leader.Holder, &leader.Address, &until, &leader.Live)
	if errors.Is(err, sql.ErrNoRows) {
		return Leader{}, "", nil
	}
	if err != nil {
		return Leader{}, "", l.failed("read the leader", err)
	}
	leader.Epoch = uint64(epoch)
	if until > 0 {
		leader.Until = time.UnixMilli(until).UTC()
	}
	return leader, claim, nil
}

// Renew lets the lease start again from now. It may be called while an append is under way. [ErrFenced] says that the
// place is lost; any other error that the lease runs on as it was.
func (w *Writer) Renew(ctx context.Context) error {
	if w.lost.Load() {
		return w.fenced("renew the lease")
	}
	held, err := w.update(ctx, w.ledger.queries.renew, w.lease.Milliseconds(), int64(w.known.Load()))
	if err != nil {
		return w.ledger.failed("renew the lease", err)
	}
	if !held {
		w.lost.Store(true)
		return w.fenced("renew the lease")
	}
	return nil
}

// Resign gives the place up, after the append that is under way: the next claim takes it at once. The writer is fenced
// afterwards, also when an error says that the others do not know and wait for the end of the lease.
func (w *Writer) Resign(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost.Swap(true) {
		return w.fenced("resign")
	}
	held, err := w.update(ctx, w.ledger.queries.resign)
	if err != nil {
		return w.ledger.failed("resign", err)
	}
	if !held {
		return w.fenced("resign")
	}
	return nil
}

// update changes the epoch's row as long as it is this writer's, and tells whether it was.
func (w *Writer) update(ctx context.Context, query string, arguments ...any) (bool, error) {
	l := w.ledger
	result, err := l.control.ExecContext(l.statementContext(ctx), query, append([]any{l.desk, w.claim}, arguments...)...)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

func (w *Writer) fenced(doing string) error {
	return fmt.Errorf("%s of desk %q with epoch %d: %w", doing, w.ledger.desk, w.Epoch(), ErrFenced)
}
