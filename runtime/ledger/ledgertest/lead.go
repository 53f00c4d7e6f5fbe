package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"usher.chat/runtime/ledger"
)

// Rounds of takeovers in the suite's race.
const Rounds = 250

func testReplaced(t *testing.T, url string) {
	l := Open(t, url)
	old := Lead(t, l, "a")
	Append(t, old, "one")
	if err := old.Renew(t.Context()); err != nil {
		t.Error(err)
	}
	successor := Lead(t, l, "b")
	if successor.Epoch() != old.Epoch()+1 || successor.Next() != 2 {
		t.Errorf("the successor has epoch %d and continues at %d", successor.Epoch(), successor.Next())
	}
	for range 2 { // asked, and known
		if _, err := old.Append(t.Context(), at(), Entries("late")); !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("an append of a replaced writer gives %v, want ErrFenced", err)
		}
	}
	if err := old.Renew(t.Context()); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("the lease of a replaced writer renews with %v, want ErrFenced", err)
	}
	if err := old.Resign(t.Context()); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("a replaced writer resigns with %v, want ErrFenced", err)
	}
	Append(t, successor, "two")
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one", "2@2 two")
}

// A database that was recovered to a moment names the writer of that moment, who may still be there and have more.
func testSetBack(t *testing.T, url string) {
	l := Open(t, url)
	old := Lead(t, l, "a")
	Append(t, old, "one")
	Append(t, old, "two", "three")
	SQL(t, url, "delete from ledger where first_seq = 2")
	if err := old.Renew(t.Context()); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("the lease of a writer with more than there is renews with %v, want ErrFenced", err)
	}
	again := Lead(t, l, "a")
	Append(t, again, "other two", "other three")
	SQL(t, url, "delete from ledger where first_seq = 2")
	for range 2 { // asked, and known
		if _, err := again.Append(t.Context(), at(), Entries("four")); !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("an append behind a hole gives %v, want ErrFenced", err)
		}
	}
	Append(t, Lead(t, l, "b"), "two again")
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one", "2@3 two again")
}

// After a recovery to a moment epochs are counted on from that moment: an old process may know the same number.
func testEpochTwice(t *testing.T, url string) {
	l := Open(t, url)
	old := Lead(t, l, "a")
	Append(t, old, "one")
	SQL(t, url, "update ledger_epoch set claim = 'that of another'")
	if _, err := old.Rewrite(t.Context(), 1, 1, func(ledger.Position, []byte) ([]byte, error) { return []byte("gone"), nil }); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("a rewrite with another's epoch gives %v, want ErrFenced", err)
	}
	if _, err := old.Append(t.Context(), at(), Entries("two")); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("an append with another's epoch gives %v, want ErrFenced", err)
	}
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one")
}

func testResign(t *testing.T, url string) {
	l := Open(t, url)
	old := Lead(t, l, "a")
	if err := old.Resign(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Append(t.Context(), at(), Entries("late")); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("an append after resigning gives %v, want ErrFenced", err)
	}
	if leader, err := l.Leader(t.Context()); err != nil || leader.Live || !leader.Until.IsZero() {
		t.Errorf("after resigning the leader is %+v, %v", leader, err)
	}
	if _, err := l.Lead(t.Context(), ledger.Claim{Holder: "b", Lease: lease}); err != nil {
		t.Errorf("the successor of a writer that resigned gets %v", err)
	}
}

func testRace(t *testing.T, url string) {
	l := Open(t, url)
	if late := Race(t, func() *ledger.Ledger { return l }, Rounds); late != 0 {
		t.Errorf("%d of %d takeovers left a late row of the old writer", late, Rounds)
	}
}

// Race lets a writer append without pause while another takes its place, so many times, and counts the takeovers after
// which a row of the old writer appeared that its successor had not seen. open is called for the two sides.
func Race(t *testing.T, open func() *ledger.Ledger, rounds int) (late int) {
	t.Helper()
	sides := [2]*ledger.Ledger{open(), open()}
	old := Lead(t, sides[0], "side-0")
	for round := range rounds {
		appended := make(chan struct{}, 1)
		ended := make(chan error, 1)
		go func() {
			for {
				if _, err := old.Append(t.Context(), at(), Entries("a", "b")); err != nil {
					ended <- err
					return
				}
				select {
				case appended <- struct{}{}:
				default:
				}
			}
		}()
		<-appended
		side := (round + 1) % 2
		successor, err := sides[side].Lead(t.Context(), ledger.Claim{Holder: fmt.Sprintf("side-%d", side), Lease: lease,
			Replaces: old.Epoch()})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, ledger.ErrFenced) {
			t.Fatalf("in round %d the old writer ended with %v, want ErrFenced", round, err)
		}
		last, err := sides[side].Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if last >= successor.Next() {
			late++
			successor = Lead(t, sides[side], fmt.Sprintf("side-%d", side)) // which reads the tail again
		}
		old = successor
	}
	if _, err := Read(context.WithoutCancel(t.Context()), sides[0], 0, ledger.Limit{}); err != nil && late == 0 {
		t.Errorf("after the race the log is not whole: %v", err)
	}
	return late
}
