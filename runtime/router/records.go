package router

import (
	"context"
	"iter"
	"sync"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
)

// Records reads the ledger after a position as the domain's records. An entry that this release
// cannot read ends it with a *desk.DecodeError.
func Records(ctx context.Context, l *ledger.Ledger, after uint64) iter.Seq2[desk.Record, error] {
	return func(yield func(desk.Record, error) bool) {
		for group, err := range l.Read(ctx, after, ledger.Limit{}) {
			if err != nil {
				yield(desk.Record{}, err)
				return
			}
			for i, entry := range group.Entries {
				record, err := desk.Decode(group.First+uint64(i), entry)
				if !yield(record, err) || err != nil {
					return
				}
			}
		}
	}
}

// snapshots writes the state now and then, in the background: encoding it takes the router's time,
// compressing and storing it does not.
type snapshots struct {
	at      uint64 // position of the last one
	writing sync.WaitGroup
	busy    chan struct{} // of capacity one: held while one is stored
}

func (s *snapshots) consider(r *Router) {
	if r.state.Seq-s.at < r.options.SnapshotEvery {
		return
	}
	select {
	case s.busy <- struct{}{}:
	default:
		return // the one before is still being written
	}
	position := r.state.Seq
	b, err := r.state.Snapshot()
	if err != nil {
		r.log.Error("the state cannot be encoded", "error", err)
		<-s.busy
		return
	}
	s.at = position
	s.writing.Add(1)
	go func() {
		defer s.writing.Done()
		defer func() { <-s.busy }()
		snap := ledger.Snapshot{Position: position, Version: desk.SnapshotVersion, State: b}
		if err := r.options.Ledger.PutSnapshot(context.Background(), snap); err != nil {
			r.log.Warn("the snapshot was not stored; the next start replays more", "error", err)
		}
	}()
}

func (s *snapshots) wait() { s.writing.Wait() }

func (s *snapshots) write(ctx context.Context, l *ledger.Ledger, state *desk.State) error {
	if state.Seq == s.at || state.Seq == 0 {
		return nil
	}
	b, err := state.Snapshot()
	if err != nil {
		return err
	}
	s.at = state.Seq
	return l.PutSnapshot(ctx, ledger.Snapshot{Position: state.Seq, Version: desk.SnapshotVersion, State: b})
}
