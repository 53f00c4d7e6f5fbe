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
