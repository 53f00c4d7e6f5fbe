package router_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/router"
)

func TestALeaderThatIsReplacedEndsAndAcknowledgesNothingLate(t *testing.T) {
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, other := openLedger(t, url), openLedger(t, url)
	r := start(t, lead(t, router.Options{Ledger: l, Lease: time.Hour}))
	r.do(settingsOf())
	const callers = 8
	acked := make([][]uint64, callers)
	var group sync.WaitGroup
	under := make(chan struct{}, callers)
	for caller := range callers {
		session := fmt.Sprintf("s%d", caller)
		r.do(join(session))
		group.Go(func() {
			for cid := uint64(2); ; cid++ {
				result, err := r.Do(within(t), say(session, cid, fmt.Sprint(session, " ", cid)))
				if err != nil {
					if !errors.Is(err, router.ErrStopped) {
						t.Errorf("the replaced leader answers %v", err)
					}
					return
				}
				acked[caller] = append(acked[caller], result.Seq)
				if cid == 5 {
					under <- struct{}{}
				}
			}
		})
	}
	for range callers {
		<-under
	}
	leader, err := other.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := other.Lead(t.Context(), ledger.Claim{Holder: "usher-1", Lease: time.Hour, Replaces: leader.Epoch})
	if err != nil {
		t.Fatal(err)
	}
	first := w.Next()
	if err := r.end(); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("it ended with %v", err)
	}
	group.Wait()
	list := records(t, other)
	if uint64(len(list)) != first-1 {
		t.Errorf("the ledger has %d records, the successor continues at %d", len(list), first)
	}
	for caller, seqs := range acked {
		for i, seq := range seqs {
			if seq >= first {
				t.Fatalf("an answer names %d, which belongs to the successor, who continues at %d", seq, first)
			}
			m, ok := list[seq-1].Event.(desk.MessageSent)
			if want := fmt.Sprint("s", caller, " ", i+2); !ok || m.Text != want {
				t.Errorf("%q was acknowledged at %d, where stands %+v", want, seq, list[seq-1].Event)
			}
		}
	}
}

// taking is a follower that lets another take the lead when the first group is in.
type taking struct {
	once sync.Once
	take func()
}

func (f *taking) Follow([]desk.Record) { f.once.Do(f.take) }

// A refusal may follow from something that was decided just before it and never came to be: then it is not true.
func TestARefusalThatFollowsFromWhatWasNeverWrittenIsNotTold(t *testing.T) {
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, other := openLedger(t, url), openLedger(t, url)
	before := start(t, lead(t, router.Options{Ledger: l, Lease: time.Hour}))
	before.do(settingsOf())
	joined := before.do(join("s1"))
	before.stop()
	r := lead(t, router.Options{Ledger: l, Lease: time.Hour})
	r.Follow(&taking{take: func() {
		leader, err := other.Leader(t.Context())
		if err == nil {
			_, err = other.Lead(t.Context(), ledger.Claim{Holder: "usher-1", Lease: time.Hour, Replaces: leader.Epoch})
		}
		if err != nil {
			t.Error(err)
		}
	}})
	// Both are decided in one group, the first after the start: the customer leaves, and says something.
	answers := make(chan error, 2)
	leaves := desk.End{Origin: origin("s1", 8), Conversation: joined.Conversation}
	for _, c := range []desk.Command{leaves, say("s1", 9, "are you there?")} {
		r.Submit(c, func(_ router.Result, err error) { answers <- err })
	}
	if err := start(t, r).end(); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("it ended with %v", err)
	}
	for range 2 {
		if err := <-answers; !errors.Is(err, router.ErrStopped) {
			t.Errorf("the answer is %v, and nothing of it is in the ledger", err)
		}
	}
	for _, record := range records(t, other) {
		if e, ended := record.Event.(desk.Ended); ended {
			t.Errorf("the ledger has %+v", e)
		}
	}
}
