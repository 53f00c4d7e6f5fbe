package archive_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
)

func TestWhatTheQueueCannotHoldIsReadFromTheLedger(t *testing.T) {
	w := chat(t, 10, 4000, 16_000) // 64 MB
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	// Nobody takes: the router must not notice.
	for from, last := uint64(0), uint64(len(w.log)); from < last; from += 100 {
		a.Follow(w.records(from, min(from+100, last)))
	}
	s := a.Status()
	if s.Dropped < 10 || s.Latest != uint64(len(w.log)) || s.Position != 0 {
		t.Fatalf("status %+v, want about half of it dropped", s)
	}
	stop := run(t, a, w.read)
	wait(t, a, s.Latest)
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAGapWhileItRunsIsReadFromTheLedger(t *testing.T) {
	w := chat(t, 10, 4000, 16_000)
	last := uint64(len(w.log))
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	read := func(ctx context.Context, after uint64) iter.Seq2[desk.Record, error] {
		once.Do(func() {
			close(entered)
			<-leave
		})
		return upTo(w, 0)(ctx, after)
	}
	path := filepath.Join(t.TempDir(), "archive.db")
	a := open(t, path)
	stop := run(t, a, read)
	<-entered
	// The first half by the queue, which overflows; a hole; then some more.
	for from := uint64(0); from < last-100; from += 50 {
		a.Follow(w.records(from, min(from+50, last-100)))
	}
	a.Follow(w.records(last-50, last))
	if s := a.Status(); s.Dropped == 0 {
		t.Fatalf("status %+v, want drops", s)
	}
	close(leave)
	wait(t, a, last)
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	alike(t, dump(t, path), dump(t, rebuilt(t, w.read, last)))
}

func TestTheQueueIsBoundedInRecordsToo(t *testing.T) {
	w := newWorld(t)
	id := desk.ConversationID(w.join("s1", "web", ""))
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	seq := w.s.Seq
	for range 70_000 {
		seq++
		a.Follow([]desk.Record{{Seq: seq, Event: desk.MessageSent{Conversation: id, Text: "x"}}})
	}
	if s := a.Status(); s.Dropped < 4000 || s.Dropped > 5000 {
		t.Errorf("status %+v, want what is beyond 65,536 dropped", s)
	}
}

func TestWhoeverWaitsSeesWhatWasCommitted(t *testing.T) {
	w := newWorld(t)
	w.online("ana")
	id := w.join("s1", "web", "")
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, w.read)
	wait(t, a, w.s.Seq)
	var callers sync.WaitGroup
	for i := range 300 {
		before := w.s.Seq
		w.must(desk.Say{Origin: w.by("s:s1"), Text: fmt.Sprint(i)})
		seq := w.s.Seq
		a.Follow(w.records(before, seq))
		callers.Go(func() {
			if err := a.Wait(t.Context(), seq); err != nil {
				t.Error(err)
				return
			}
			got, err := a.Messages(t.Context(), id, seq-1, seq+1, 10)
			if err != nil || len(got) != 1 || got[0].Text != fmt.Sprint(i) {
				t.Errorf("message %d after Wait: %v, %v", i, got, err)
			}
		})
	}
	callers.Wait()
}

func TestWaitGivesUpWithItsContext(t *testing.T) {
	w := newWorld(t)
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, w.read)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := a.Wait(ctx, 1000); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	wait(t, a, w.s.Seq)
}

func TestALedgerThatCannotBeReadStallsTheArchiveUntilItCan(t *testing.T) {
	w := wandered(t, 5, 200)
	broken := errors.New("the disk makes noises")
	var mu sync.Mutex
	failing := true
	read := func(ctx context.Context, after uint64) iter.Seq2[desk.Record, error] {
		mu.Lock()
		defer mu.Unlock()
		if failing {
			return func(yield func(desk.Record, error) bool) {
				for _, r := range w.records(after, 50) {
					if !yield(r, nil) {
						return
					}
				}
				yield(desk.Record{}, broken)
			}
		}
		return upTo(w, 0)(ctx, after)
	}
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, read)
	var stalled *archive.StalledError
	if err := a.Wait(t.Context(), 100); !errors.As(err, &stalled) || !errors.Is(err, broken) {
		t.Fatalf("waiting for a stalled archive gives %v", err)
	}
	if err := a.Status().Stalled; !errors.Is(err, broken) {
		t.Errorf("status says %v", err)
	}
	mu.Lock()
	failing = false
	mu.Unlock()
	throughStalls(t, a, w.s.Seq)
	if err := a.Status().Stalled; err != nil {
		t.Errorf("status says %v after the ledger came back", err)
	}
}

func TestARecordOutOfPlaceIsNeverTaken(t *testing.T) {
	w := wandered(t, 6, 200)
	read := func(ctx context.Context, after uint64) iter.Seq2[desk.Record, error] {
		return func(yield func(desk.Record, error) bool) {
			for _, r := range w.records(after, 0) {
				if r.Seq != 40 && !yield(r, nil) { // a ledger with a hole
					return
				}
			}
		}
	}
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, read)
	var stalled *archive.StalledError
	if err := a.Wait(t.Context(), 100); !errors.As(err, &stalled) {
		t.Fatalf("got %v", err)
	}
	if got := a.Position(); got > 39 {
		t.Errorf("position %d is beyond the hole", got)
	}
}

func TestOnlyOneMayRunIt(t *testing.T) {
	w := newWorld(t)
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, w.read)
	wait(t, a, w.s.Seq)
	if err := a.Run(t.Context(), w.read); err == nil {
		t.Error("a second Run began")
	}
}

func TestAClosedArchiveSaysSo(t *testing.T) {
	w := newWorld(t)
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	stop := run(t, a, w.read)
	wait(t, a, w.s.Seq)
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Wait(t.Context(), 1000); !errors.Is(err, archive.ErrClosed) {
		t.Errorf("Wait gives %v", err)
	}
	if _, err := a.Log(t.Context(), "support", 0, 1); !errors.Is(err, archive.ErrClosed) {
		t.Errorf("Log gives %v", err)
	}
}
