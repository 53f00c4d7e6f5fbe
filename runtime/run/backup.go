package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"usher.chat/runtime/backup"
	"usher.chat/runtime/control"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// forgetArchive removes what was made from a ledger that another one replaces.
func (p *pod) forgetArchive() error {
	found, err := filepath.Glob(filepath.Join(p.o.Data, "archive.db*"))
	if err != nil {
		return err
	}
	for _, path := range found {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// Backup writes the log up to its end of now. Rows do not change once they are written, but for erasures, so pieces that
// are read one after the other are of one moment.
func (k *keeper) Backup(ctx context.Context, w io.Writer) error {
	if !k.sqlite() {
		return unsuitable("the ledger of this desk is in PostgreSQL; save it with the database's own tools: docs/operations.md says how")
	}
	l := k.pod.ledger
	last, err := l.Last(ctx)
	if err != nil {
		return err
	}
	if last == 0 {
		return unsuitable("this desk has no history yet")
	}
	file, err := backup.NewWriter(w, backup.Header{Desk: k.pod.o.Desk, Release: k.pod.o.Version, At: k.pod.o.Now().UTC(), Last: last})
	if err != nil {
		return err
	}
	for row, err := range l.Rows(ctx, 0, last) {
		if err == nil {
			err = file.Add(row)
		}
		if err != nil {
			return err
		}
	}
	if err := file.Close(); err != nil {
		return err
	}
	k.pod.log.Info("a backup was read", "entries", last)
	return nil
}

// Restore puts a backup in the place of a ledger in which nothing has happened yet.
func (k *keeper) Restore(ctx context.Context, r io.Reader) (restored protocol.Restored, err error) {
	if !k.sqlite() {
		return restored, unsuitable("the ledger of this desk is in PostgreSQL; restore it with the database's own tools: docs/operations.md says how")
	}
	if !k.one.TryLock() {
		return restored, unsuitable("something else is being done with the ledger")
	}
	defer k.one.Unlock()
	if err := k.empty(ctx); err != nil {
		return restored, err
	}
	file, err := backup.NewReader(r)
	if err != nil {
		return restored, bad(err)
	}
	if file.Header.Desk != k.pod.o.Desk {
		return restored, unsuitable("the backup is of desk %q, this is desk %q", file.Header.Desk, k.pod.o.Desk)
	}
	chain, err := k.pod.ledger.Stage(ctx, rowsOf(file), func(staged *ledger.Ledger) error {
		if _, whole := file.Chain(); !whole {
			return bad(backup.ErrTruncated)
		}
		for _, err := range router.Records(ctx, staged, 0) { // what this release cannot read must not be found out later
			var unknown *desk.DecodeError
			if errors.As(err, &unknown) {
				return bad(fmt.Errorf("%w: %w", backup.ErrTooNew, err))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return restored, bad(err)
	}
	if err := k.pod.ledger.Replace(ctx, func() error { return k.empty(ctx) }); err != nil {
		return restored, err
	}
	k.pod.left.Store(true)
	k.pod.log.Warn("a backup was restored; the runtime starts anew with it", "entries", chain.Entries, "hash", chain.Sum.String())
	return protocol.Restored{Entries: chain.Entries, Groups: chain.Groups, Last: chain.Last, Hash: chain.Sum.String()}, nil
}

func rowsOf(file *backup.Reader) iter.Seq2[ledger.Row, error] { return file.Rows() }

// bad tells a file that another try does not mend.
func bad(err error) error {
	var kind backup.Error
	if errors.As(err, &kind) || errors.Is(err, ledger.ErrCorrupt) {
		return &control.RefusalError{Code: protocol.CodeBadBackup, Err: err}
	}
	return err
}

// empty is an error unless nothing has happened in the desk yet but its own coming and going.
func (k *keeper) empty(ctx context.Context) error {
	for record, err := range router.Records(ctx, k.pod.ledger, 0) {
		if err != nil {
			return err
		}
		switch record.Event.(type) {
		case desk.RouterStarted, desk.SettingsChanged, desk.QueueSwitched, desk.GatewayLost, desk.OverrideRequested, desk.OverrideAnswered,
			desk.Connected, desk.Disconnected, desk.SignedIn, desk.SignedOut, desk.PresenceSet:
		default:
			return &control.RefusalError{Code: protocol.CodeNotEmpty, Err: fmt.Errorf(
				"the desk has a history already (%T at %d), which a restore would end; restore into a new one", record.Event, record.Seq)}
		}
	}
	return nil
}

// Restart ends the pod well; what started it starts it again.
func (k *keeper) Restart() {
	if k.pod.rested != nil {
		k.pod.rested()
	}
}
