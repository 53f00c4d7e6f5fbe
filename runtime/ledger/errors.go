package ledger

import (
	"fmt"
	"time"
)

// Error is a kind of failure, matched with [errors.Is]. What a caller needs to know beyond the kind is in [HeldError],
// [GapError] and [CorruptError], matched with [errors.As].
type Error string

func (e Error) Error() string { return string(e) }

const (
	// ErrHeld means that somebody else leads with a live lease. The error is a *[HeldError].
	ErrHeld Error = "the ledger is led by another"
	// ErrFenced means that this writer has lost its place, or gave it up: nothing was written and nothing more will be
	// by this writer. It also is the answer when the log ends before what this writer wrote: the database was set back.
	ErrFenced Error = "the writer has lost its place"
	// ErrFull means that the disk of the database is full: nothing was written. The same append may be tried again and
	// succeeds when there is room.
	ErrFull Error = "the disk of the ledger is full"
	// ErrUnknown means that the answer to an append was lost: the group is in, or is not. [Writer.Recover] tells.
	ErrUnknown Error = "the outcome of the append is unknown"
	// ErrGap means that the log does not continue where it must. The error is a *[GapError].
	ErrGap Error = "the ledger has a gap"
	// ErrCorrupt means that a stored row is not what was written. The error is a *[CorruptError].
	ErrCorrupt Error = "the ledger is damaged"
	// ErrEmpty means that an append had no entry.
	ErrEmpty Error = "a group needs an entry"
	// ErrTooLarge means that a group is larger than [MaxGroup] or a snapshot than [MaxSnapshot].
	ErrTooLarge Error = "too large for one row"
	// ErrLocked means that another process has this SQLite file.
	ErrLocked Error = "the ledger file is in use by another process"
	// ErrNetworkDisk means that a SQLite file would lie on a network file system, where its locks and syncs mean
	// nothing.
	ErrNetworkDisk Error = "SQLite does not work on a network file system"
	// ErrPooled means that a pooler stands before PostgreSQL which lends a session for one transaction, and then to somebody
	// else.
	ErrPooled Error = "the database's sessions are shared"
	// ErrBusy means that readers keep the database from being cleaned; it may be tried again.
	ErrBusy Error = "the ledger is being read"
	// ErrClosed means that the ledger was closed.
	ErrClosed Error = "the ledger is closed"
)

// Leader tells who leads a desk.
type Leader struct {
	Epoch   uint64    // grows by at least one with every change of the writer
	Holder  string    // the name from the claim
	Address string    // where others reach it, from the claim
	Until   time.Time // end of the lease by the database's clock; zero time when it was handed over
	Live    bool      // whether the lease had not ended by the database's clock when this was read
}

// HeldError tells who leads and until when.
type HeldError struct{ Leader Leader }

func (e *HeldError) Error() string {
	return fmt.Sprintf("%v: %q at %q with epoch %d until %s", ErrHeld, e.Leader.Holder, e.Leader.Address,
		e.Leader.Epoch, e.Leader.Until.Format(time.RFC3339Nano))
}

// Is matches [ErrHeld].
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// GapError tells where the log does not continue.
type GapError struct {
	Want Position // the position that had to come
	Got  Position // the position that came instead; 0 when the log ends before Want, which a reader had already passed
	Last Position // the last position of the log when Got is 0
}

func (e *GapError) Error() string {
	if e.Got == 0 {
		return fmt.Sprintf("%v: it ends at %d, but %d has been read before", ErrGap, e.Last, e.Want-1)
	}
	return fmt.Sprintf("%v: wanted position %d, found %d", ErrGap, e.Want, e.Got)
}

// Is matches [ErrGap].
func (e *GapError) Is(target error) bool { return target == ErrGap }

// CorruptError names the row that is damaged.
type CorruptError struct {
	Table string   // ledger or ledger_snapshot
	Desk  string   // the desk of the row
	First Position // first_seq of the group, or position of the snapshot
	Cause string   // what is wrong with it
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%v: row %d of desk %q in table %s: %s", ErrCorrupt, e.First, e.Desk, e.Table, e.Cause)
}

// Is matches [ErrCorrupt].
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }
