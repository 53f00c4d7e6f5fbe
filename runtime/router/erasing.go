package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
)

// erasing writes the records of what was erased anew, beside the decisions (ADR 15). Which are still to be done follows
// from the state, so whatever ends it, the next router begins it again.
type erasing struct {
	working bool   // a job is under way; of Run's goroutine
	upTo    uint64 // the last erasure that it is for
	jobs    sync.WaitGroup
}

// consider begins a job when there is something to do and none is under way. What is in the state is durable.
func (e *erasing) consider(ctx context.Context, r *Router) {
	pending := r.state.Erasures
	if e.working && (len(pending) == 0 || pending[0].Seq > e.upTo) {
		e.working = false
	}
	if e.working || len(pending) == 0 {
		return
	}
	state, err := r.state.Snapshot()
	if err != nil {
		r.log.Error("the state cannot be encoded", "error", err)
		return
	}
	job := &erasure{
		r: r, pending: append([]desk.Erasure(nil), pending...),
		snapshot: ledger.Snapshot{Position: r.state.Seq, Version: desk.SnapshotVersion, State: state},
	}
	e.working, e.upTo = true, pending[len(pending)-1].Seq
	r.snapshot.at = r.state.Seq
	e.jobs.Go(func() { job.run(ctx) })
}

// erasure is one job.
type erasure struct {
	r        *Router
	pending  []desk.Erasure
	snapshot ledger.Snapshot // a state without what was erased
}

// run tries until it is done, the router ends, or another has the lead.
func (j *erasure) run(ctx context.Context) {
	r := j.r
	began := time.Now()
	pause := r.options.Retry
	var entries []uint64
	for {
		var err error
		if entries, err = j.work(ctx); err == nil {
			break
		}
		if ctx.Err() != nil || errors.Is(err, ledger.ErrFenced) {
			return // whoever leads next does it
		}
		r.log.Warn("what was erased is not out of the ledger yet; trying again", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, 30*time.Second)
	}
	for i, e := range j.pending {
		r.log.Info("erased from the ledger", "seq", e.Seq, "conversations", len(e.Conversations), "entries", entries[i],
			"took", time.Since(began).Round(time.Millisecond))
		j.finish(ctx, desk.FinishErasure{Erased: e.Seq, Entries: entries[i]})
	}
}

// work takes everything out, in an order in which nothing can come back: the rows first, then the snapshots before the
// new one, then what the database itself and this process remember.
func (j *erasure) work(ctx context.Context) (entries []uint64, err error) {
	r := j.r
	last := j.pending[len(j.pending)-1].Seq
	for _, e := range j.pending {
		n, err := rewrite(ctx, r.writer, e)
		if err != nil {
			return nil, err
		}
		entries = append(entries, uint64(n))
	}
	if err := j.replaceSnapshots(ctx, last); err != nil {
		return nil, err
	}
	if err := r.options.Ledger.Clean(ctx); err != nil {
		return nil, err
	}
	if r.forget != nil {
		r.forget(last)
	}
	return entries, nil
}

// replaceSnapshots waits for one that is being written: it may be of before.
func (j *erasure) replaceSnapshots(ctx context.Context, last uint64) error {
	select {
	case j.r.snapshot.busy <- struct{}{}:
		defer func() { <-j.r.snapshot.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := j.r.options.Ledger.PutSnapshot(ctx, j.snapshot); err != nil {
		return err
	}
	_, err := j.r.options.Ledger.DropSnapshots(ctx, last)
	return err
}

// finish has it noted that an erasure is done. A router that cannot is told again.
func (j *erasure) finish(ctx context.Context, c desk.FinishErasure) {
	for ctx.Err() == nil {
		_, err := j.r.Do(ctx, c)
		if err == nil || errors.Is(err, ErrStopped) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(j.r.options.Retry):
		}
	}
}

// rewrite writes the records of erased conversations anew. Where these lie was told by whoever asked; when one does not
// begin there, the whole ledger before is looked through.
func rewrite(ctx context.Context, w *ledger.Writer, e desk.Erasure) (changed int, err error) {
	ids := make(map[desk.ConversationID]bool, len(e.Conversations))
	for _, id := range e.Conversations {
		ids[id] = true
	}
	begun := map[desk.ConversationID]bool{}
	change := func(seq ledger.Position, entry []byte) ([]byte, error) {
		record, err := desk.Decode(seq, entry)
		if err != nil {
			return nil, err
		}
		switch e := record.Event.(type) {
		case desk.CustomerJoined:
			begun[e.Conversation] = begun[e.Conversation] || ids[e.Conversation]
		case desk.ContactLeft:
			begun[e.Conversation] = begun[e.Conversation] || ids[e.Conversation]
		}
		var scrubbed bool
		if record.Event, scrubbed = desk.Scrub(record.Event, ids); !scrubbed {
			return entry, nil
		}
		return desk.Encode(record)
	}
	all := func() bool {
		for id := range ids {
			if !begun[id] {
				return false
			}
		}
		return true
	}
	from, to := max(1, e.From), e.To
	if to == 0 || to >= e.Seq {
		to = e.Seq - 1
	}
	if changed, err = w.Rewrite(ctx, from, to, change); err == nil && !all() {
		var more int
		more, err = w.Rewrite(ctx, 1, e.Seq-1, change)
		changed += more
	}
	if err != nil {
		return changed, fmt.Errorf("erase %d conversations: %w", len(ids), err)
	}
	return changed, nil
}
