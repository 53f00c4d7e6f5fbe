package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"usher.chat/runtime/desk"
)

// Options of Open.
type Options struct {
	// Logger is told of rebuilds and stalls; nil for nothing.
	Logger *slog.Logger
}

// Archive is the archive of one desk. All methods may be called at any time by anybody.
type Archive struct {
	path    string
	log     *slog.Logger
	intake  intake
	running atomic.Bool
	damage  chan struct{} // of capacity one: a reader met a damaged page
	store   store
	opened  *projection // what Open read of the file, for the first Run

	mu       sync.Mutex
	position uint64
	stalled  error
	closed   bool
	dropped  uint64
	rebuilds uint64
	waiters  int
	moved    chan struct{} // closed and replaced when position, stalled or closed changes
}

// ErrClosed is the answer of a closed archive.
var ErrClosed = errors.New("the archive is closed")

// StalledError tells that the archive cannot go on now, and why: its disk is full, say, or the ledger
// cannot be read. It tries again by itself.
type StalledError struct {
	// Position is how far it came.
	Position uint64
	Err      error
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("the archive stands still at %d: %v", e.Position, e.Err)
}
func (e *StalledError) Unwrap() error { return e.Err }

// Open opens the archive in a file, made if it is not there; a file that cannot be used is replaced.
// Only one process at a time may have it: the lock of the ledger beside it sees to that. An error is
// about the path; a disk that is full is none, see Status.
func Open(ctx context.Context, path string, o Options) (*Archive, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Archive{path: path, log: o.Logger, damage: make(chan struct{}, 1), moved: make(chan struct{})}
	a.intake.init()
	// How far the file is counts only when Run has seen that it is of this ledger.
	var err error
	a.opened, err = a.openStore(ctx)
	if kindOf(err) == kindFull {
		a.stall(err)
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// openStore opens the file and reads where it stands; a file that cannot be used is replaced.
func (a *Archive) openStore(ctx context.Context) (*projection, error) {
	p, err := a.store.open(ctx, a.path)
	if errors.Is(err, errUnusable) || kindOf(err) == kindCorrupt {
		a.log.Warn("the archive is made again from the ledger", "file", a.path, "because", err)
		a.countRebuild()
		p, err = a.store.replace(ctx, a.path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the archive %s: %w", a.path, err)
	}
	return p, nil
}

// Close ends all reads. Run must have ended before. Nothing can be lost, so the error is nil.
func (a *Archive) Close() error {
	a.mu.Lock()
	a.closed = true
	a.tell()
	a.mu.Unlock()
	a.store.close()
	return nil
}

// Position is the sequence of the last record that can be read; 0 until Run has looked at the ledger.
func (a *Archive) Position() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.position
}

// Status is how an archive does.
type Status struct {
	// Position is the sequence of the last record that can be read; Latest that of the last one that
	// Follow was given, or 0.
	Position, Latest uint64
	// Stalled is a *StalledError while the archive cannot go on, else nil.
	Stalled error
	// Dropped counts the commits that the queue had no room for, and that were read from the ledger
	// instead; Rebuilds how often the file was made anew because what was there could not be used.
	Dropped, Rebuilds uint64
}

// Status is for health, readiness and metrics. A desk whose archive stalls goes on.
func (a *Archive) Status() Status {
	latest := a.intake.last()
	a.mu.Lock()
	defer a.mu.Unlock()
	return Status{Position: a.position, Latest: latest, Stalled: a.stalledError(), Dropped: a.dropped, Rebuilds: a.rebuilds}
}

// Follow takes records that are durable, in the order of the ledger, and returns at once. The router
// calls it after each commit. The records must not be changed afterwards; the slice may be used again.
// When more is queued than Run can take, the records are dropped here and read from the ledger later.
func (a *Archive) Follow(records []desk.Record) {
	if a.intake.put(records) {
		a.mu.Lock()
		a.dropped++
		a.mu.Unlock()
	}
}

// Wait returns when everything up to a sequence can be read. It gives up when the context ends, and at
// once when the archive stalls: then the error is a *StalledError, and "try again later" is the answer.
func (a *Archive) Wait(ctx context.Context, seq uint64) error {
	a.mu.Lock()
	a.waiters++
	defer func() {
		a.waiters--
		a.mu.Unlock()
	}()
	for a.position < seq {
		if a.closed {
			return ErrClosed
		}
		if err := a.stalledError(); err != nil {
			return err
		}
		a.intake.hurry()
		moved, position := a.moved, a.position
		a.mu.Unlock()
		select {
		case <-ctx.Done():
			a.mu.Lock()
			return fmt.Errorf("wait for %d in the archive, which is at %d: %w", seq, position, ctx.Err())
		case <-moved:
		}
		a.mu.Lock()
	}
	return nil
}

// waited tells whether somebody waits for what is queued.
func (a *Archive) waited() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiters > 0
}

func (a *Archive) stalledError() error {
	if a.stalled == nil {
		return nil
	}
	return &StalledError{Position: a.position, Err: a.stalled}
}

// tell wakes those who wait. Call with mu held.
func (a *Archive) tell() {
	close(a.moved)
	a.moved = make(chan struct{})
}

// advance says how far the archive is; it may be back at 0. An archive that gets further does not stand
// still, so whoever waited for this position also reads a status without a stall.
func (a *Archive) advance(position uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	further := position > a.position
	if a.position = position; further {
		a.unstall()
	}
	a.tell()
}

// unstall notes that the archive works, again or still. Call with mu held.
func (a *Archive) unstall() {
	if a.stalled != nil {
		a.log.Info("the archive goes on", "position", a.position)
		a.stalled = nil
	}
}

func (a *Archive) stall(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stalled == nil {
		a.log.Error("the archive stands still; the desk goes on", "position", a.position, "error", err)
	}
	a.stalled = err
	a.tell()
}

func (a *Archive) goOn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stalled != nil {
		a.unstall()
		a.tell()
	}
}

func (a *Archive) countRebuild() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rebuilds++
}
