package ledger

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"
)

// MaxSnapshot is the largest state of a snapshot in bytes, before compression.
const MaxSnapshot = 512 << 20

// keptSnapshots is how many snapshots of a version stay, and how many of all other versions together: the newest may
// be damaged, and a release may be rolled back.
const keptSnapshots = 2

// Snapshot is a state and the position of the last entry in it.
type Snapshot struct {
	Position Position // at least 1
	Version  int      // format of State; a reader asks for the one that it knows
	State    []byte
}

// PutSnapshot stores a snapshot, compressed, and forgets all but the last two of its version and two of all others. The
// caller puts only what is durable into it: a position past the end of the log is refused.
func (l *Ledger) PutSnapshot(ctx context.Context, snapshot Snapshot) error {
	if snapshot.Position == 0 {
		return fmt.Errorf("put a snapshot of desk %q: it has no position", l.desk)
	}
	if len(snapshot.State) > MaxSnapshot {
		return fmt.Errorf("put a snapshot of desk %q: %w: %d bytes, at most %d", l.desk, ErrTooLarge,
			len(snapshot.State), MaxSnapshot)
	}
	last, err := l.Last(ctx)
	if err != nil {
		return err
	}
	if snapshot.Position > last {
		return fmt.Errorf("put a snapshot of desk %q: position %d is past the end of the log at %d", l.desk,
			snapshot.Position, last)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("put a snapshot of desk %q: %w", l.desk, err)
	}
	state := encoder.EncodeAll(snapshot.State, nil)
	if err := l.storeSnapshot(l.statementContext(ctx), snapshot, state); err != nil {
		return l.failed("put a snapshot", err)
	}
	return nil
}

func (l *Ledger) storeSnapshot(ctx context.Context, snapshot Snapshot, state []byte) (err error) {
	tx, err := l.control.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	sum := int64(crc32.Checksum(state, castagnoli()))
	if _, err = tx.ExecContext(ctx, l.queries.putState, l.desk, snapshot.Version, int64(snapshot.Position), sum,
		state); err != nil {
		return err
	}
	for _, forget := range []string{l.queries.oldState, l.queries.oldOther} {
		if _, err = tx.ExecContext(ctx, forget, l.desk, snapshot.Version, keptSnapshots); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// LatestSnapshot gives the newest snapshot of a version that is whole; found is false when there is none, and the state
// is then to be had from the whole log. A damaged one is passed over with a word in the log.
func (l *Ledger) LatestSnapshot(ctx context.Context, version int) (snapshot Snapshot, found bool, err error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxSnapshot))
	if err != nil {
		return Snapshot{}, false, fmt.Errorf("read a snapshot of desk %q: %w", l.desk, err)
	}
	defer decoder.Close()
	rows, err := l.reads.QueryContext(ctx, l.queries.states, l.desk, version)
	if err != nil {
		return Snapshot{}, false, l.failed("read a snapshot", err)
	}
	defer rows.Close()
	for rows.Next() {
		var position, sum int64
		var stored []byte
		if err := rows.Scan(&position, &sum, &stored); err != nil {
			return Snapshot{}, false, l.failed("read a snapshot", err)
		}
		state, err := openState(decoder, stored, sum)
		if err != nil {
			l.log.ErrorContext(ctx, "a snapshot is passed over", "error", &CorruptError{Table: "ledger_snapshot",
				Desk: l.desk, First: Position(position), Cause: err.Error()})
			continue
		}
		return Snapshot{Position: Position(position), Version: version, State: state}, true, nil
	}
	if err := rows.Err(); err != nil {
		return Snapshot{}, false, l.failed("read a snapshot", err)
	}
	return Snapshot{}, false, nil
}

func openState(decoder *zstd.Decoder, stored []byte, sum int64) ([]byte, error) {
	if int64(crc32.Checksum(stored, castagnoli())) != sum {
		return nil, errors.New("its checksum differs")
	}
	state, err := decoder.DecodeAll(stored, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress it: %w", err)
	}
	return state, nil
}
