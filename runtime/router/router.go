// Package router is the one writer of a desk: it takes commands, lets the domain decide in one order,
// makes the events durable, and only then answers and tells the followers.
//
//	r, err := router.Lead(ctx, router.Options{Ledger: l, Holder: "usher-0", Gateway: id})
//	go r.Run(ctx)                       // until ctx ends, or another took the lead
//	result, err := r.Do(ctx, command)   // durable when it returns without an error
//
// Commands that come in while a group is being written are decided and written together after it:
// group commit, with no timer and no waiting for company. At most one group is on its way.
//
// When the ledger cannot be written (a full disk), the group in hand is kept and tried again until it
// is in; its callers, and whoever comes meanwhile, get ErrUnavailable at once. What was decided is
// never undone, so a command that was answered so may still take effect: sent again with its number
// it has one effect in all.
package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
)

// ErrUnavailable means that the ledger cannot be written now, or that more commands wait than can be
// taken in. The command may be sent again with the same number.
var ErrUnavailable = errors.New("the ledger cannot be written now")

// ErrStopped means that this router leads no more.
var ErrStopped = errors.New("the router has stopped")

// errInterrupted means that it stopped before the outcome of a command was known.
var errInterrupted = fmt.Errorf("%w before the outcome was known", ErrStopped)

// Options of a router. Zero values have defaults but for Ledger, Holder and Gateway.
type Options struct {
	Ledger *ledger.Ledger
	// Holder names this pod in the ledger; Address is where others would reach it.
	Holder, Address string
	// Gateway is this process's gateway: a name that no earlier process had.
	Gateway string
	Clock   func() time.Time
	Logger  *slog.Logger
	// Lease is how long another waits before it takes the place of a leader that is silent. 6 s.
	Lease time.Duration
	// Waiting bounds the commands of one pod that wait for a decision. 16,384.
	Waiting int
	// SnapshotEvery is the number of records between two snapshots. 100,000.
	SnapshotEvery uint64
	// Retry is the pause between two attempts to write a group. 200 ms.
	Retry time.Duration
}

// Follower is told of every record after it is durable, in order. It must not keep the caller waiting.
type Follower interface{ Follow(records []desk.Record) }

// Result is the answer to a command.
type Result struct {
	// Seq is the sequence of the command's first event; 0 when it had none.
	Seq          uint64
	Conversation desk.ConversationID
	// Repeated tells that the same command had its effect before.
	Repeated bool
}

type request struct {
	command desk.Command
	done    func(Result, error)
}

// Router leads a desk. Do and Submit may be called from any goroutine.
type Router struct {
	options   Options
	log       *slog.Logger
	writer    *ledger.Writer
	state     *desk.State
	followers []Follower
	requests  *intake
	stalled   atomic.Pointer[error]
	last      int64 // time of the last decision: the clock never goes back
	snapshot  snapshots
	erasing   erasing
	quit      chan struct{} // closed by Stop
	once      sync.Once

	// Of a desk with several pods (member.go).
	gateways []string                             // that may still be there, beside this one
	carry    func(first uint64, entries [][]byte) // takes what was committed to the other pods
	together func(func())                         // has what its function brings about go to each of them at once
	resigned func()                               // called when the lead was given back
	forget   func(upTo uint64)                    // lets go of what is kept for the other pods
	dirty    bool                                 // the state may hold decisions that are not durable
	attempt  time.Duration                        // how long one try to write may take; 0 for as long as it takes
}

// Lead takes the lead of the desk, waiting for it when another has it, and reads the state from the
// last snapshot and the tail of the ledger.
func Lead(ctx context.Context, o Options) (*Router, error) {
	o = o.withDefaults()
	w, err := claim(ctx, o)
	if err != nil {
		return nil, err
	}
	r := newRouter(o, w)
	if err := r.load(ctx); err != nil {
		return nil, fmt.Errorf("read the desk's state: %w", err)
	}
	return r, nil
}

func newRouter(o Options, w *ledger.Writer) *Router {
	return &Router{options: o, log: o.Logger, writer: w, requests: newIntake(o.Waiting), quit: make(chan struct{}),
		snapshot: snapshots{busy: make(chan struct{}, 1)}, together: func(f func()) { f() }}
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Lease = or(o.Lease, 6*time.Second)
	o.Retry = or(o.Retry, 200*time.Millisecond)
	o.Waiting = or(o.Waiting, 16384)
	o.SnapshotEvery = or(o.SnapshotEvery, 100_000)
	return o
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func claim(ctx context.Context, o Options) (*ledger.Writer, error) {
	told := false
	for {
		w, err := o.Ledger.Lead(ctx, ledger.Claim{Holder: o.Holder, Address: o.Address, Lease: o.Lease})
		if err == nil || !errors.Is(err, ledger.ErrHeld) {
			return w, err
		}
		if !told {
			o.Logger.Info("waiting for the lead", "held", err)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(o.Retry):
		}
	}
}

func (r *Router) load(ctx context.Context) error {
	state, from, err := read(ctx, r.options)
	if err != nil {
		return err
	}
	r.state, r.last, r.snapshot.at = state, state.At, from
	return nil
}

// read makes the state from the last snapshot and the tail of the ledger; from is the snapshot's position.
func read(ctx context.Context, o Options) (state *desk.State, from uint64, err error) {
	began := time.Now()
	state = desk.New()
	if snap, found, err := o.Ledger.LatestSnapshot(ctx, desk.SnapshotVersion); err != nil {
		o.Logger.Warn("the snapshot cannot be read; replaying the whole ledger", "error", err)
	} else if found {
		if s, err := desk.Restore(snap.State); err != nil {
			o.Logger.Warn("the snapshot cannot be used; replaying the whole ledger", "error", err)
		} else {
			state = s
		}
	}
	from = state.Seq
	for record, err := range Records(ctx, o.Ledger, from) {
		if err != nil {
			return nil, 0, err
		}
		state.Apply(record)
	}
	o.Logger.Info("state read", "seq", state.Seq, "snapshot", from, "took", time.Since(began).Round(time.Millisecond))
	return state, from, nil
}

// Replica is a copy of the state that only follows; Follow gets what comes after it. Both are for
// before Run.
func (r *Router) Replica() (*desk.State, error) { return replica(r.state) }

func replica(state *desk.State) (*desk.State, error) {
	b, err := state.Snapshot()
	if err != nil {
		return nil, err
	}
	s, err := desk.Restore(b)
	if err != nil {
		return nil, err
	}
	return s.Follow(), nil
}

// Follow adds a follower. Call it before Run.
func (r *Router) Follow(f Follower) { r.followers = append(r.followers, f) }

// Position is the last sequence at the time of Lead, for followers that catch up by themselves.
func (r *Router) Position() uint64 { return r.state.Seq }

// Stalled tells why nothing can be written at present; nil while all is well.
func (r *Router) Stalled() error {
	if err := r.stalled.Load(); err != nil {
		return *err
	}
	return nil
}

// Do has a command decided and waits until its events are durable. Errors are *desk.Error for a
// command that can have no effect, ErrUnavailable, ErrStopped, or the context's: then the outcome is
// not known, and the same command may be sent again.
func (r *Router) Do(ctx context.Context, c desk.Command) (Result, error) {
	return do(ctx, r, c)
}

// Submit has a command decided, in the order of the calls, and calls done when its events are
// durable or it is refused. It never blocks; done must not either.
func (r *Router) Submit(c desk.Command, done func(Result, error)) {
	r.submit("", c, done)
}

// submit is Submit for a command that came from another pod.
func (r *Router) submit(pod string, c desk.Command, done func(Result, error)) {
	if err := r.requests.put(pod, request{c, done}); err != nil {
		done(Result{}, err)
	}
}

// Run decides until the context ends or another has taken the lead (ledger.ErrFenced).
func (r *Router) Run(ctx context.Context) error {
	defer r.stop()
	renewed := make(chan error, 1)
	renewing, cancel := context.WithCancel(ctx)
	defer cancel()
	go r.renew(renewing, renewed)
	defer r.erasing.jobs.Wait()
	defer cancel() // before it
	if err := r.decideNow(ctx, desk.Start{Epoch: r.writer.Epoch(), Gateways: append([]string{r.options.Gateway}, r.gateways...), Seed: rand.Uint64()}); err != nil {
		return r.end(ctx, err)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var batch []request
		select {
		case <-ctx.Done():
			return r.end(ctx, nil)
		case <-r.quit:
			return r.end(ctx, nil)
		case err := <-renewed:
			return r.end(ctx, err)
		case <-r.requests.ready:
			batch = r.requests.take(groupRequests)
		case <-timer.C:
		}
		if err := r.step(ctx, batch); err != nil {
			return r.end(ctx, err)
		}
		r.snapshot.consider(r)
		r.erasing.consider(renewing, r)
		timer.Reset(r.untilDeadline())
	}
}

func (r *Router) decideNow(ctx context.Context, c desk.Command) error {
	return r.step(ctx, []request{{c, func(Result, error) {}}})
}

// Stop lets Run end between two groups and give the lead back. Commands that it did not look at are answered ErrStopped.
func (r *Router) Stop() { r.once.Do(func() { close(r.quit) }) }

// end hands the lead over and keeps the state, so that the next start is quick.
func (r *Router) end(ctx context.Context, cause error) error {
	if cause != nil && ctx.Err() == nil {
		return cause
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	resigned := r.writer.Resign(after)
	if r.resigned != nil {
		r.resigned() // before anything that takes time
	}
	r.snapshot.wait()
	if cause == nil && !r.dirty {
		if err := r.snapshot.write(after, r.options.Ledger, r.state); err != nil {
			r.log.Warn("no snapshot at the end; the next start replays more", "error", err)
		}
	}
	if resigned != nil && !errors.Is(resigned, ledger.ErrFenced) {
		return fmt.Errorf("hand over the lead: %w", resigned)
	}
	return nil
}

func (r *Router) stop() {
	for _, q := range r.requests.stop() {
		q.done(Result{}, ErrStopped)
	}
}

func (r *Router) renew(ctx context.Context, lost chan<- error) {
	every := time.NewTicker(r.options.Lease / 3)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			renewing, cancel := context.WithTimeout(ctx, r.options.Lease) // a later answer is worth nothing
			err := r.writer.Renew(renewing)
			cancel()
			if errors.Is(err, ledger.ErrFenced) {
				lost <- err
				return
			} else if err != nil && ctx.Err() == nil {
				r.log.Warn("the lease could not be renewed", "error", err)
			}
		}
	}
}

// lookAtClock is how often the time is looked at though nothing is due: a timer runs by what is measured, and knows nothing
// of a clock that somebody has set, or of a machine that has slept.
const lookAtClock = time.Second

func (r *Router) untilDeadline() time.Duration {
	at, ok := r.state.NextDeadline()
	if !ok {
		return lookAtClock
	}
	return min(max(0, desk.Instant(at).Sub(r.options.Clock())), lookAtClock)
}
