package erasure_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/erasure"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/runtest"
	"usher.chat/runtime/settings"
)

// world is a router with its ledger and archive, and a clock that is set by hand.
type world struct {
	t       *testing.T
	ledger  *ledger.Ledger
	router  *router.Router
	archive *archive.Archive
	eraser  *erasure.Eraser

	mu    sync.Mutex
	now   time.Time
	state *desk.State
	cid   uint64
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	// Whatever is due by then comes before the next command.
	w.do(desk.Sync{})
}

func (w *world) Follow(records []desk.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range records {
		w.state.Apply(r)
	}
}

func (w *world) read(f func(s *desk.State)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.state)
}

func newWorld(t *testing.T, set settings.Settings, batch int) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)}
	var err error
	dir := t.TempDir()
	if w.ledger, err = ledger.Open(t.Context(), ledger.Options{URL: "sqlite://" + dir + "/ledger.db", Desk: "acme"}); err != nil {
		t.Fatal(err)
	}
	if w.router, err = router.Lead(t.Context(), router.Options{Ledger: w.ledger, Holder: "usher-0", Gateway: "g", Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	if w.archive, err = archive.Open(t.Context(), filepath.Join(dir, "archive.db"), archive.Options{}); err != nil {
		t.Fatal(err)
	}
	if w.state, err = w.router.Replica(); err != nil {
		t.Fatal(err)
	}
	w.router.Follow(w.archive)
	w.router.Follow(w)
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := w.router.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	parts.Go(func() {
		if err := w.archive.Run(ctx, func(ctx context.Context, after uint64) iter.Seq2[desk.Record, error] {
			return router.Records(ctx, w.ledger, after)
		}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		parts.Wait()
		_ = w.archive.Close()
		_ = w.ledger.Close()
	})
	w.eraser = erasure.New(erasure.Options{Router: w.router, Archive: w.archive, Read: w.read, Now: w.clock, Batch: batch, Page: 2, At: w.writtenAt})
	w.do(desk.ApplySettings{Settings: set})
	return w
}

func (w *world) do(c desk.Command) router.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	result, err := w.router.Do(ctx, c)
	if err != nil {
		w.t.Fatalf("%T: %v", c, err)
	}
	return result
}

// ended is a conversation on a channel that is over.
func (w *world) ended(channel string) string {
	w.t.Helper()
	w.cid++
	session := fmt.Sprint("s", w.cid)
	o := desk.Origin{Principal: desk.CustomerPrincipal(session), Client: "client-1", CID: 1}
	id := w.do(desk.Join{Origin: o, Session: session, Channel: channel, Name: "Maria"}).Conversation
	o.CID = 2
	w.do(desk.End{Origin: o})
	return string(id)
}

// left are the conversations that a pass leaves, in order.
func (w *world) left(passes int) string {
	w.t.Helper()
	for range passes {
		if _, err := w.eraser.Pass(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	var seq uint64
	w.read(func(s *desk.State) { seq = s.Seq })
	if err := w.archive.Wait(w.t.Context(), seq); err != nil {
		w.t.Fatal(err)
	}
	var list []string
	for n := range w.cid {
		s, err := w.archive.Span(w.t.Context(), fmt.Sprint("c", n+1))
		if err != nil {
			w.t.Fatal(err)
		}
		if !s.Erased {
			list = append(list, s.ID)
		}
	}
	return strings.Join(list, " ")
}

func TestConversationsAreErasedWhenTheyAreOlderThanTheirQueueKeepsThem(t *testing.T) {
	set := runtest.Sample()
	for i := range set.Queues {
		set.Queues[i].WhenBusy = settings.WhenBusy{Offer: settings.OfferQueue}
	}
	set.Sort()
	w := newWorld(t, set, 2)
	first := w.ended("web")    // c1, of support
	second := w.ended("bills") // c2, of billing
	w.pass(10 * 24 * time.Hour)
	third := w.ended("web")
	if got := w.left(2); got != first+" "+second+" "+third {
		t.Fatalf("without a retention %q are left", got)
	}

	// Billing keeps for ever, whatever the desk says.
	set.Desk.Retention = &settings.Retention{DeleteAfterDays: 10}
	for i := range set.Queues {
		if set.Queues[i].Name == "billing" {
			set.Queues[i].Retention = &settings.Retention{}
		}
	}
	w.do(desk.ApplySettings{Settings: set})
	if got := w.left(1); got != first+" "+second+" "+third {
		t.Fatalf("after 10 days %q are left: inactive ones go after, not at, the day", got)
	}
	w.pass(time.Hour)
	if got := w.left(1); got != second+" "+third {
		t.Fatalf("after 10 days and an hour %q are left", got)
	}
	w.pass(5 * 24 * time.Hour)
	if got := w.left(3); got != second+" "+third {
		t.Fatalf("after 15 days %q are left", got)
	}

	// A batch at a time, and the log has a line for each.
	for range 4 {
		w.ended("web")
	}
	w.pass(11 * 24 * time.Hour)
	if more, err := w.eraser.Pass(t.Context()); err != nil || !more {
		t.Errorf("a full batch says that there is no more: %v", err)
	}
	if got := w.left(0); got != second+" c5 c6 c7" {
		t.Errorf("after one batch %q are left", got)
	}
	if got := w.left(2); got != second {
		t.Errorf("after three %q are left", got)
	}
	entries, err := w.archive.Log(t.Context(), "support", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, e := range entries {
		if e.Type == "erased" {
			lines++
			if e.Cause != string(desk.ErasedRetention) || e.By != "" {
				t.Errorf("the log says %+v", e)
			}
		}
	}
	if lines != 4 {
		t.Errorf("%d lines of the log are of erasures, want 4", lines)
	}
	for r, err := range router.Records(t.Context(), w.ledger, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if j, ok := r.Event.(desk.CustomerJoined); ok && j.Name != "" && string(j.Conversation) != second {
			t.Errorf("%s still says that it was %s", j.Conversation, j.Name)
		}
	}
}

func TestAQueueThatIsNoMoreGoesByTheDesk(t *testing.T) {
	set := runtest.Sample()
	set.Queues[0].WhenBusy = settings.WhenBusy{Offer: settings.OfferQueue} // billing
	w := newWorld(t, set, 10)
	id := w.ended("bills")
	w.pass(3 * time.Hour)
	set.Queues = set.Queues[1:]
	set.Channels = set.Channels[1:]
	set.Desk.Retention = &settings.Retention{DeleteAfterDays: 1}
	w.do(desk.ApplySettings{Settings: set})
	if got := w.left(1); got != id {
		t.Errorf("%q are left", got)
	}
	w.pass(48 * time.Hour)
	if got := w.left(1); got != "" {
		t.Errorf("%q are left after its time", got)
	}
}

func TestAnInactiveConversationIsErasedByWhenTheCustomerLastCame(t *testing.T) {
	set := runtest.Sample()
	for i := range set.Queues {
		set.Queues[i].Thresholds.CloseAfterIdleSeconds = 30 * 24 * 3600
		set.Queues[i].Retention = &settings.Retention{DeleteAfterDays: 2}
	}
	w := newWorld(t, set, 10)
	w.cid = 1
	o := desk.Origin{Principal: "s:s1", Client: "client-1", CID: 1}
	w.do(desk.Join{Origin: o, Session: "s1", Channel: "web", Name: "Maria", Text: "hello"})
	o.CID = 2
	w.do(desk.End{Origin: o}) // wrote, and left before anybody came
	w.pass(47 * time.Hour)
	if got := w.left(1); got != "c1" {
		t.Errorf("%q are left before its time", got)
	}
	inactive := 0
	w.read(func(s *desk.State) { inactive = len(s.InactiveOf("support")) })
	if inactive != 1 {
		t.Errorf("%d are inactive", inactive)
	}
	w.pass(2 * time.Hour)
	if got := w.left(1); got != "" {
		t.Errorf("%q are left after its time", got)
	}
}

func TestARequestThatIsNotOneIsRefused(t *testing.T) {
	w := newWorld(t, runtest.Sample(), 10)
	w.ended("web")
	for _, r := range []protocol.EraseRequest{
		{}, {Conversation: "c1", Email: "a@b"}, {Email: "a@b", Phone: "1"}, {Phone: "nobody"}, {Conversation: "c9"}, {Email: "a@b"},
	} {
		if _, err := w.eraser.Erase(t.Context(), r); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	if got := w.left(0); got != "c1" {
		t.Errorf("%q are left", got)
	}
}
