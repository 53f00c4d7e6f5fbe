package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"usher.chat/runtime/ledger/wipe"
)

// Rewrite changes entries that are on disk: change is given each between two positions, both included, and gives what
// is to stand there instead, or the same. Positions, counts, epochs and times stay; a row whose entries are all the
// same is not touched. It gives how many entries were changed, also with an error.
//
// It may run beside appends, and be done again after whatever ended it. Each row is one statement that holds the
// epoch's row as an append does: a writer that was replaced changes nothing any more and gets [ErrFenced]. A reader gets
// a row as it was or as it is.
func (w *Writer) Rewrite(ctx context.Context, from, to Position, change func(Position, []byte) ([]byte, error)) (changed int, err error) {
	l := w.ledger
	// Whole rows: a read that begins within one would give only its end.
	var first int64
	err = l.reads.QueryRowContext(ctx, l.queries.start, l.desk, int64(max(1, from))).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, l.failed("rewrite", err)
	}
	for group, err := range l.Read(ctx, Position(first)-1, Limit{}) {
		if err != nil {
			return changed, err
		}
		if group.First > to {
			break
		}
		entries, n := make([][]byte, len(group.Entries)), 0
		for i, entry := range group.Entries {
			entries[i] = entry
			if at := group.First + Position(i); at < from || at > to {
				continue
			}
			if entries[i], err = change(group.First+Position(i), entry); err != nil {
				return changed, fmt.Errorf("rewrite entry %d of desk %q: %w", group.First+Position(i), l.desk, err)
			}
			if !bytes.Equal(entries[i], entry) {
				n++
			}
		}
		if n == 0 {
			continue
		}
		if err := w.replace(ctx, group, entries); err != nil {
			return changed, err
		}
		changed += n
	}
	return changed, ctx.Err()
}

// replace writes a group's row anew.
func (w *Writer) replace(ctx context.Context, group Group, entries [][]byte) error {
	l := w.ledger
	body, err := encodeBody(group.First, group.Epoch, group.At.UnixNano(), entries)
	if err != nil {
		return fmt.Errorf("rewrite group %d of desk %q: %w", group.First, l.desk, err)
	}
	for {
		if w.lost.Load() {
			return w.fenced("rewrite the ledger")
		}
		epoch := w.Epoch()
		result, err := l.control.ExecContext(l.statementContext(ctx), l.queries.rewrite, l.desk, int64(epoch),
			int64(group.First), body, w.claim)
		if err != nil {
			return l.failed("rewrite", err)
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return l.failed("rewrite", err)
		}
		if rows == 1 {
			return nil
		}
		if epoch == w.Epoch() { // else an append was recovered meanwhile, which takes another epoch
			return w.fenced("rewrite the ledger")
		}
	}
}

// DropSnapshots forgets the snapshots, of all versions, that stand for positions before one, and tells how many these
// were. [Ledger.PutSnapshot] takes none that is older than the newest.
func (l *Ledger) DropSnapshots(ctx context.Context, before Position) (int, error) {
	result, err := l.control.ExecContext(l.statementContext(ctx), l.queries.dropStates, l.desk, int64(before))
	if err != nil {
		return 0, l.failed("drop snapshots", err)
	}
	rows, err := result.RowsAffected()
	if err != nil {
		return 0, l.failed("drop snapshots", err)
	}
	return int(rows), nil
}

// Clean makes the database let go of what rows were before they were changed or deleted: of SQLite the free
// space of pages is overwritten, and the write-ahead log folded into the file and emptied (deleted bytes are overwritten
// when they are deleted); of PostgreSQL the dead
// versions of rows are given free, by VACUUM. What their pages still hold until they are used again, and what is in
// PostgreSQL's own write-ahead log and in backups, is out of its reach.
func (l *Ledger) Clean(ctx context.Context) error {
	if l.dialect.name == "postgres" {
		for _, statement := range []string{"vacuum ledger", "vacuum ledger_snapshot"} {
			if _, err := l.control.ExecContext(ctx, statement); err != nil {
				return l.failed("clean", err)
			}
		}
		return nil
	}
	wiped, err := wipe.Pages(ctx, l.reads, func(f func(*sql.Conn) error) error {
		conn, err := l.appends.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		return f(conn)
	})
	if errors.Is(err, wipe.ErrTooLarge) {
		l.log.WarnContext(ctx, "free space of the ledger's file was not wiped; VACUUM does it", "because", err)
	} else if err != nil {
		return l.failed("clean", err)
	}
	l.log.DebugContext(ctx, "free space of the ledger's file was wiped", "pages", wiped)
	var busy, frames, done int
	err = l.appends.QueryRowContext(l.statementContext(ctx), "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &done)
	if err != nil {
		return l.failed("clean", err)
	}
	if busy != 0 {
		return fmt.Errorf("clean the ledger of desk %q: %w", l.desk, ErrBusy)
	}
	return nil
}
