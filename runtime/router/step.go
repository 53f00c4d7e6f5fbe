package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
)

// Bounds of one group. A larger one would make those in it wait for each other.
const (
	groupRequests = 4096
	groupBytes    = 4 << 20
	// recordBytes is the largest single event: settings of a very large desk.
	recordBytes = 24 << 20
)

// group is what was decided and is not durable yet.
type group struct {
	records []desk.Record
	entries [][]byte
	bytes   int
	answers []answer
	behind  []request // those of the same batch who are decided after it
}

type answer struct {
	done   func(Result, error)
	result Result
	err    error
}

// step decides a batch, with what time brings, and writes it. An error ends the router.
func (r *Router) step(ctx context.Context, batch []request) (err error) {
	g := &group{behind: batch}
	defer func() {
		if err != nil {
			r.dirty = true
			g.reply(errInterrupted)
		}
	}()
	for len(g.behind) > 0 {
		if err := r.decide(g, g.behind[0]); err != nil {
			return err
		}
		g.behind = g.behind[1:]
		if g.bytes > groupBytes {
			if err := r.commit(ctx, g); err != nil {
				return err
			}
			g = &group{behind: g.behind}
		}
	}
	if err := r.ticks(g); err != nil {
		return err
	}
	return r.commit(ctx, g)
}

// now is the time of a decision; it never goes back, whatever the clock does.
func (r *Router) now() time.Time {
	r.last = max(r.last, desk.Millis(r.options.Clock()))
	return desk.Instant(r.last)
}

// decide lets a command have its effect in the group, and gives the group its answer unless there is an error.
func (r *Router) decide(g *group, q request) error {
	// What was due before the command stands before it in the log.
	if err := r.ticks(g); err != nil {
		return err
	}
	now := r.now()
	d, err := desk.Decide(r.state, q.command, now)
	if err != nil {
		g.answers = append(g.answers, answer{q.done, Result{}, err})
		return nil
	}
	result := Result{Conversation: d.Conversation}
	if _, asks := q.command.(desk.Sync); asks {
		result.Seq = r.state.Seq // durable when it is told: it is answered with the group
	}
	if d.Repeated != nil {
		result.Seq, result.Repeated = d.Repeated.Seq, true
	}
	if len(d.Events) > 0 {
		if s, large := d.Events[0].(desk.SettingsChanged); large && tooLarge(s) {
			g.answers = append(g.answers, answer{q.done, Result{}, &desk.Error{Code: desk.BadRequest, Message: "the settings are too large for one event"}})
			return nil
		}
		result.Seq = r.state.Seq + 1
		if err := r.add(g, d.Events, desk.OriginOf(q.command), now); err != nil {
			return err
		}
	}
	// What follows at once (the next in line is offered) belongs to the same group.
	if err := r.ticks(g); err != nil {
		return err
	}
	g.answers = append(g.answers, answer{q.done, result, nil})
	return nil
}

func tooLarge(s desk.SettingsChanged) bool {
	b, err := desk.Encode(desk.Record{Event: s})
	return err != nil || len(b) > recordBytes
}

// ticks lets every due deadline have its effect.
func (r *Router) ticks(g *group) error {
	for {
		now := r.now()
		at, ok := r.state.NextDeadline()
		if !ok || at > desk.Millis(now) {
			return nil
		}
		d, err := desk.Decide(r.state, desk.Tick{}, now)
		if err != nil {
			return fmt.Errorf("tick: %w", err)
		}
		if len(d.Events) == 0 {
			continue // it was an index entry with nothing behind it
		}
		if err := r.add(g, d.Events, nil, now); err != nil {
			return err
		}
	}
}

func (r *Router) add(g *group, events []desk.Event, origin *desk.Origin, now time.Time) error {
	for i, e := range events {
		record := desk.Record{Seq: r.state.Seq + 1, At: desk.Millis(now), Event: e}
		if i == 0 {
			record.Origin = origin
		}
		entry, err := desk.Encode(record)
		if err != nil {
			return err
		}
		r.state.Apply(record)
		g.records = append(g.records, record)
		g.entries = append(g.entries, entry)
		g.bytes += len(entry)
	}
	return nil
}

// commit writes a group, then tells the followers and the callers. It returns when the group is in,
// or with an error that ends the router; then the callers are not answered yet.
func (r *Router) commit(ctx context.Context, g *group) error {
	if len(g.entries) > 0 {
		err := r.append(ctx, g)
		for err != nil {
			if errors.Is(err, ledger.ErrFenced) || ctx.Err() != nil {
				return err
			}
			r.stall(err)
			g.reply(ErrUnavailable)
			if err := r.pause(ctx); err != nil {
				return err
			}
			err = r.append(ctx, g)
		}
		r.flow()
	}
	r.together(func() { r.tell(g) })
	return nil
}

// tell passes on what is durable.
func (r *Router) tell(g *group) {
	if len(g.entries) > 0 {
		if r.carry != nil {
			r.carry(g.records[0].Seq, g.entries)
		}
		for _, f := range r.followers {
			f.Follow(g.records)
		}
	}
	g.reply(nil)
}

// append writes the group once. After an answer that was lost it finds out whether the group is in.
func (r *Router) append(ctx context.Context, g *group) error {
	if r.attempt > 0 {
		// A database that cannot be reached may never say so. The connection is dropped then, and nothing cancelled.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.attempt)
		defer cancel()
	}
	first, err := r.writer.Append(ctx, r.options.Clock(), g.entries)
	if errors.Is(err, ledger.ErrUnknown) {
		written, recovered := r.writer.Recover(ctx)
		if recovered != nil {
			return recovered
		}
		if written {
			return nil
		}
	}
	if err == nil && first != g.records[0].Seq {
		panic(fmt.Sprintf("router: the ledger gave position %d to record %d", first, g.records[0].Seq))
	}
	return err
}

// reply answers those in the group; an error is also for those behind it, who are not decided any more, and for those
// who were refused: that may follow from what stands before it in the group, and is not durable.
func (g *group) reply(err error) {
	for _, a := range g.answers {
		if err == nil {
			a.done(a.result, a.err)
		} else {
			a.done(Result{}, err)
		}
	}
	g.answers = nil
	if err == nil {
		return
	}
	for _, q := range g.behind {
		q.done(Result{}, err)
	}
	g.behind = nil
}

// pause waits a little before the next attempt, and answers meanwhile whoever comes.
func (r *Router) pause(ctx context.Context) error {
	timer := time.NewTimer(r.options.Retry)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		case <-r.requests.ready:
			for _, q := range r.requests.take(groupRequests) {
				q.done(Result{}, ErrUnavailable)
			}
		}
	}
}

func (r *Router) stall(err error) {
	if r.stalled.Swap(&err) == nil {
		r.log.Error("the ledger cannot be written; nothing is acknowledged until it can", "error", err)
	}
}

func (r *Router) flow() {
	if r.stalled.Load() != nil && r.stalled.Swap(nil) != nil {
		r.log.Info("the ledger can be written again")
	}
}
