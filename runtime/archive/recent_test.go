package archive_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
)

// late is a desk with a long history: some conversations began at its beginning, others near its end. Each has its
// beginning and messages in turns with the others.
func late(t testing.TB, old, fresh int, before, after int) *world {
	w := newWorld(t)
	w.online("ana")
	var ids []desk.ConversationID
	join := func(n int) {
		for range n {
			session := fmt.Sprintf("s%d", len(ids))
			ids = append(ids, desk.ConversationID(w.join(session, "web", "hello")))
		}
	}
	say := func(n int) {
		for i := range n {
			who := i % len(ids)
			o := desk.Origin{Principal: desk.CustomerPrincipal(fmt.Sprintf("s%d", who)), Client: "tab-0123456789abcdef", CID: uint64(i + 1_000_000)}
			r := desk.Record{Seq: w.s.Seq + 1, At: desk.Millis(w.now), Event: desk.MessageSent{Conversation: ids[who], From: desk.SideCustomer, Text: fmt.Sprint("message ", i)}, Origin: &o}
			w.s.Apply(r)
			w.log = append(w.log, r)
		}
	}
	join(old)
	say(before)
	join(fresh)
	say(after)
	return w
}

// gathered is what stands before an archive that has nothing yet.
func gathered(t *testing.T, w *world) (*archive.Recent, *archive.Archive) {
	t.Helper()
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	r := archive.NewRecent(a)
	if err := r.Gather(t.Context(), w.read, w.s); err != nil {
		t.Fatal(err)
	}
	return r, a
}

func TestWhileTheArchiveIsMadeMessagesAreThoseThatItWillHave(t *testing.T) {
	w := late(t, 1, 60, 20_000, 100_000)
	r, _ := gathered(t, w)
	whole := open(t, filepath.Join(t.TempDir(), "archive.db"))
	stop := run(t, whole, w.read)
	defer stop()
	last := uint64(len(w.log))
	wait(t, whole, last)
	if err := r.Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	same, waits := 0, 0
	for range 3000 {
		id, session := fmt.Sprintf("c%d", 1+rng.IntN(61)), fmt.Sprintf("s%d", rng.IntN(61))
		after, before, limit := uint64(0), last+1, 1+rng.IntN(51)
		if rng.IntN(2) == 0 {
			after = last - uint64(rng.IntN(30_000))
		}
		if rng.IntN(3) == 0 {
			before = last - uint64(rng.IntN(20_000))
		}
		want, err := whole.MessagesFor(t.Context(), desk.CustomerPrincipal(session), id, after, before, limit)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		got, err := r.MessagesFor(ctx, desk.CustomerPrincipal(session), id, after, before, limit)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			waits++ // further back than it has: for the archive
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("messages of %s after %d before %d, at most %d:\n got %v\nwant %v", id, after, before, limit, got, want)
		}
		same++
	}
	if same < 2000 || waits == 0 {
		t.Errorf("%d answers, %d would wait for the archive", same, waits)
	}
}

func TestWhoWasThereBeforeWhatIsGatheredWaitsForTheArchive(t *testing.T) {
	w := late(t, 1, 5, 500_000, 1000)
	r, _ := gathered(t, w)
	if r.Serves() {
		t.Error("a conversation that began too long ago is said to be served")
	}
	w = late(t, 0, 5, 0, 60_000)
	if r, _ = gathered(t, w); !r.Serves() {
		t.Error("conversations that began lately are not served")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := r.Log(ctx, "support", 0, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the log of a history that is not there: %v", err)
	}
}

func TestWhatComesMeanwhileIsThereAndTheArchiveTakesOver(t *testing.T) {
	w := late(t, 0, 5, 0, 60_000)
	r, a := gathered(t, w)
	before := w.s.Seq
	id := w.join("later", "web", "I have just come")
	r.Follow(w.records(before, w.s.Seq))
	read := func() []string {
		list, err := r.MessagesFor(t.Context(), "s:later", id, 0, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, m := range list {
			texts = append(texts, m.Text)
		}
		return texts
	}
	if err := r.Wait(t.Context(), w.s.Seq); err != nil {
		t.Fatal(err)
	}
	if got := read(); !slices.Equal(got, []string{"I have just come"}) {
		t.Errorf("before the archive: %q", got)
	}
	// What is erased is gone from what was gathered too.
	r.Follow([]desk.Record{{Seq: w.s.Seq + 1, Event: desk.Erased{Conversations: []desk.ConversationID{"c1"}}}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if list, err := r.MessagesFor(ctx, "s:s0", "c1", 0, 0, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("what was erased: %v, %v", list, err)
	}
	stop := run(t, a, w.read)
	defer stop()
	wait(t, a, w.s.Seq)
	if got := read(); !slices.Equal(got, []string{"I have just come"}) || !r.Serves() {
		t.Errorf("from the archive: %q", got)
	}
	if _, err := r.Steps(t.Context(), id); err != nil {
		t.Errorf("the steps: %v", err)
	}
}
