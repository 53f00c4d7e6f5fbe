package router_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/router"
)

const private = "Kukkamäki"

// rewritten waits until a follower has heard that everything erased is out of the ledger.
type rewritten struct {
	mu   sync.Mutex
	done map[uint64]bool
}

func (f *rewritten) Follow(records []desk.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range records {
		if e, ok := r.Event.(desk.Rewritten); ok {
			if f.done == nil {
				f.done = map[uint64]bool{}
			}
			f.done[e.Erased] = true
		}
	}
}

func (f *rewritten) wait(t *testing.T, seq uint64) {
	t.Helper()
	late := time.Now().Add(time.Minute)
	for {
		f.mu.Lock()
		done := f.done[seq]
		f.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("what was erased at %d is not rewritten", seq)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// talk is a conversation of a customer who says much of itself, and is over; and of another beside it who is not.
func talk(r *running, session string) desk.ConversationID {
	j := join(session)
	j.Name, j.Email, j.Page, j.Text = private, private+"@example.org", "https://example.org/"+private, private
	id := r.do(j).Conversation
	for i := range 50 {
		r.do(say(session, uint64(i+2), strings.Repeat(private+" ", 1+i*5)))
		if i == 0 {
			r.do(join("beside-" + session))
		}
		r.do(say("beside-"+session, uint64(i+2), fmt.Sprint("of somebody else ", i)))
	}
	return id
}

func has(t *testing.T, directory, text string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(directory, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			found = append(found, f.Name())
		}
	}
	return found
}

func erase(id desk.ConversationID) desk.Erase {
	return desk.Erase{Conversations: []desk.ConversationID{id}, By: "dpo", Cause: desk.ErasedRequest, End: true}
}

// nothing of it is in the ledger or its snapshots, all of the others is, and the ledger comes to the state of the router.
func nothing(t *testing.T, l *ledger.Ledger, others int) {
	t.Helper()
	replayed := desk.New()
	count := 0
	for _, r := range records(t, l) {
		b, err := desk.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(private)) {
			t.Fatalf("%d, %T, still has it", r.Seq, r.Event)
		}
		if m, ok := r.Event.(desk.MessageSent); ok && strings.HasPrefix(m.Text, "of somebody else") {
			count++
		}
		replayed.Apply(r)
	}
	if count != others {
		t.Errorf("%d messages of others are there, want %d", count, others)
	}
	s, found, err := l.LatestSnapshot(t.Context(), desk.SnapshotVersion)
	if err != nil || !found {
		t.Fatalf("a snapshot: %v, %v", found, err)
	}
	if bytes.Contains(s.State, []byte(private)) {
		t.Error("the snapshot has it")
	}
	state, err := desk.Restore(s.State)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records(t, l)[state.Seq:] {
		state.Apply(r)
	}
	one, err1 := state.Hash()
	two, err2 := replayed.Hash()
	if one != two || err1 != nil || err2 != nil {
		t.Errorf("from the snapshot the state is %s, from the beginning %s (%v, %v)", one, two, err1, err2)
	}
}

func TestWhatIsErasedIsInNoFileOfTheLedgerAndTheStateIsTheSame(t *testing.T) {
	directory := t.TempDir()
	l := openLedger(t, sqliteURL(directory))
	r := start(t, lead(t, router.Options{Ledger: l}))
	r.do(settingsOf())
	id := talk(r, "maria")
	r.stop() // with a snapshot that has it

	follower := &rewritten{}
	next := lead(t, router.Options{Ledger: l, SnapshotEvery: 20})
	next.Follow(follower)
	r = start(t, next)
	if len(has(t, directory, private)) == 0 {
		t.Fatal("it is in no file before, so that this shows nothing")
	}
	r.do(erase(id))
	last := records(t, l)
	at := slices.IndexFunc(last, func(r desk.Record) bool { _, ok := r.Event.(desk.Erased); return ok })
	follower.wait(t, last[at].Seq)
	if found := has(t, directory, private); len(found) > 0 {
		t.Errorf("it is still in %q", found)
	}
	nothing(t, l, 50)
	r.stop()
	start(t, lead(t, router.Options{Ledger: l})).stop()
	nothing(t, l, 50)
}

// TestARouterFinishesWhatTheOneBeforeItDidNot: the record is in the ledger, and nothing was done about it.
func TestARouterFinishesWhatTheOneBeforeItDidNot(t *testing.T) {
	directory := t.TempDir()
	l := openLedger(t, sqliteURL(directory))
	r := start(t, lead(t, router.Options{Ledger: l}))
	r.do(settingsOf())
	first, second := talk(r, "maria"), talk(r, "liisa")
	r.do(desk.End{Origin: origin("maria", 99)})
	r.do(desk.End{Origin: origin("liisa", 99)})
	r.stop()

	w, err := l.Lead(t.Context(), ledger.Claim{Holder: "usher-0", Lease: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	seq := w.Next()
	for i, e := range []desk.Erased{
		{Conversations: []desk.ConversationID{first}, Cause: desk.ErasedRequest, From: 1},                       // its end is not known
		{Conversations: []desk.ConversationID{second}, Cause: desk.ErasedRetention, From: seq - 1, To: seq - 1}, // nothing of it lies there
	} {
		at := time.Now()
		b, err := desk.Encode(desk.Record{Seq: seq + uint64(i), At: desk.Millis(at), Event: e})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Append(t.Context(), at, [][]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	follower := &rewritten{}
	next := lead(t, router.Options{Ledger: l})
	next.Follow(follower)
	start(t, next)
	follower.wait(t, seq)
	follower.wait(t, seq+1)
	for _, r := range records(t, l) {
		if b, err := desk.Encode(r); err != nil || bytes.Contains(b, []byte(private)) {
			t.Fatalf("%d, %T, still has it (%v)", r.Seq, r.Event, err)
		}
	}
}

func TestAllPodsForgetWhatOneErasesAndTheTableHasIt(t *testing.T) {
	list, l := several(t, 3)
	leader := leading(t, list)
	var other *podding
	for _, p := range list {
		if p != leader {
			other = p
		}
	}
	other.insist(t, settingsOf())
	j := join("maria")
	j.Name, j.Text = private, private
	id := other.insist(t, j).Conversation
	for i := range 30 {
		other.insist(t, say("maria", uint64(i+2), private))
	}
	seq := other.insist(t, erase(id)).Seq
	for _, p := range list {
		p.until(t, "everything is rewritten", func(s *desk.State) bool {
			return s.Seq > seq+1 && len(s.Erasures) == 0 && s.Conversations[id] == nil
		})
	}
	nothing(t, l, 0)
	// A pod that is killed and one that comes: both go on from a ledger that was written anew.
	if err := leader.stop(); err != nil {
		t.Error(err)
	}
	other.insist(t, join("liisa"))
	nothing(t, l, 0)
}
