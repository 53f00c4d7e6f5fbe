package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
)

// through opens a ledger behind a proxy, leads, and appends once.
func through(t *testing.T) (*proxy, *ledger.Ledger, *ledger.Writer, string) {
	t.Helper()
	direct := postgresURL(t)
	p, url := newProxy(t, direct)
	l := ledgertest.Open(t, url)
	w := ledgertest.Lead(t, l, "a")
	ledgertest.Append(t, w, "before")
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.cancels != 0 {
			t.Errorf("%d statements were cancelled: the connection is to be dropped, no more", p.cancels)
		}
	})
	return p, l, w, direct
}

func texts(t *testing.T, l *ledger.Ledger) (all []string) {
	t.Helper()
	groups, err := ledgertest.Read(t.Context(), l, 0, ledger.Limit{})
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range groups {
		all = append(all, string(group.Entries[0]))
	}
	return all
}

func wantTexts(t *testing.T, l *ledger.Ledger, wanted ...string) {
	t.Helper()
	got := texts(t, l)
	if len(got) != len(wanted) {
		t.Fatalf("the log has %q, want %q", got, wanted)
	}
	for i := range got {
		if got[i] != wanted[i] {
			t.Fatalf("the log has %q, want %q", got, wanted)
		}
	}
}

func wantUnknown(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ledger.ErrUnknown) {
		t.Fatalf("an append whose connection breaks ends with %v, want ErrUnknown", err)
	}
}

func wantRecovered(t *testing.T, w *ledger.Writer, wanted bool) {
	t.Helper()
	if written, err := recoverSoon(t, w); err != nil || written != wanted {
		t.Fatalf("recovering says written %v, %v, want %v", written, err, wanted)
	}
	if written, err := w.Recover(t.Context()); err != nil || written {
		t.Fatalf("recovering nothing says written %v, %v", written, err)
	}
}

func TestARequestThatWasLostIsNotInTheLog(t *testing.T) {
	p, l, w, _ := through(t)
	p.strike(loseRequest)
	_, err := w.Append(t.Context(), time.Now(), p.marked("lost"))
	wantUnknown(t, err)
	if _, err := w.Append(t.Context(), time.Now(), ledgertest.Entries("too soon")); !errors.Is(err, ledger.ErrUnknown) {
		t.Errorf("an append before recovering gives %v, want ErrUnknown", err)
	}
	wantRecovered(t, w, false)
	ledgertest.Append(t, w, "after")
	wantTexts(t, l, "before", "after")
}

func TestAnAnswerThatWasLostIsFoundInTheLog(t *testing.T) {
	p, l, w, _ := through(t)
	p.strike(loseAnswer)
	first, err := w.Append(t.Context(), time.Now(), p.marked("written"))
	wantUnknown(t, err)
	if first != 2 {
		t.Errorf("the unknown group would be at %d, want 2", first)
	}
	wantRecovered(t, w, true)
	if w.Epoch() != 2 {
		t.Errorf("after recovering the epoch is %d, want 2", w.Epoch())
	}
	if first := ledgertest.Append(t, w, "after"); first != 4 {
		t.Errorf("the append after it is at %d, want 4", first)
	}
	wantTexts(t, l, "before", "written", "after")
}

func TestRecoveringWaitsForAStatementThatStillRuns(t *testing.T) {
	p, l, w, direct := through(t)
	proceed := stallAppends(t, direct)
	struck, _, _ := p.strike(cutWaiting)
	appended := make(chan error, 1)
	go func() {
		_, err := w.Append(t.Context(), time.Now(), p.marked("still running"))
		appended <- err
	}()
	<-struck
	wantUnknown(t, <-appended)
	waiting(t, direct, "advisory")
	recovered := make(chan bool, 1)
	go func() {
		written, err := w.Recover(t.Context())
		if err != nil {
			t.Error(err)
		}
		recovered <- written
	}()
	waiting(t, direct, "transactionid") // it cannot know yet
	proceed()
	if !<-recovered {
		t.Error("recovering says that the statement which still ran wrote nothing")
	}
	wantTexts(t, l, "before", "still running")
}

func TestAStatementThatArrivesAfterRecoveringIsRefused(t *testing.T) {
	p, l, w, _ := through(t)
	struck, release, decided := p.strike(holdRequest)
	_, err := w.Append(t.Context(), time.Now(), p.marked("late"))
	wantUnknown(t, err)
	<-struck
	wantRecovered(t, w, false)
	// The statement comes to the server now, before anything else has its place.
	close(release)
	<-decided
	wantTexts(t, l, "before")
	ledgertest.Append(t, w, "after")
	wantTexts(t, l, "before", "after")
}

func TestARecoveryThatWasGivenUpAndCommitsAfterTheNextOneFencesNobody(t *testing.T) {
	p, l, w, _ := through(t)
	p.strike(loseRequest)
	_, err := w.Append(t.Context(), time.Now(), p.marked("lost"))
	wantUnknown(t, err)
	late := w.LateRecovery()
	wantRecovered(t, w, false)
	if err := late(t.Context()); err != nil {
		t.Fatal(err)
	}
	ledgertest.Append(t, w, "after")
	wantTexts(t, l, "before", "after")
}

func TestAContextThatEndsInTheMiddleDropsTheConnectionAndNoMore(t *testing.T) {
	_, l, w, direct := through(t)
	proceed := stallAppends(t, direct)
	ctx, cancel := context.WithCancel(t.Context())
	appended := make(chan error, 1)
	go func() {
		_, err := w.Append(ctx, time.Now(), ledgertest.Entries("given up"))
		appended <- err
	}()
	waiting(t, direct, "advisory")
	cancel()
	wantUnknown(t, <-appended)
	proceed()
	wantRecovered(t, w, true) // the server went on with it
	wantTexts(t, l, "before", "given up")
}

func TestASuccessorDoesNotHideWhatBecameOfAnUnknownAppend(t *testing.T) {
	for f, wanted := range map[fault]bool{loseAnswer: true, loseRequest: false} {
		p, _, w, direct := through(t)
		p.strike(f)
		_, err := w.Append(t.Context(), time.Now(), p.marked("written"))
		wantUnknown(t, err)
		successor := ledgertest.Lead(t, ledgertest.Open(t, direct), "b")
		ledgertest.Append(t, successor, "of the successor", "2")
		written, err := w.Recover(t.Context())
		if !errors.Is(err, ledger.ErrFenced) || written != wanted {
			t.Errorf("recovering behind a successor says written %v, %v, want %v and ErrFenced", written, err, wanted)
		}
		if _, err := w.Append(t.Context(), time.Now(), ledgertest.Entries("late")); !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("appending behind a successor gives %v, want ErrFenced", err)
		}
	}
}

func TestALostServerIsReachedAgain(t *testing.T) {
	_, _, w, direct := through(t)
	conn := connect(t, direct)
	for range 3 {
		if _, err := conn.Exec(t.Context(), `select pg_terminate_backend(pid, 5000) from pg_stat_activity
			where datname = current_database() and application_name = 'usher-ledger'`); err != nil {
			t.Fatal(err)
		}
		_, err := w.Append(t.Context(), time.Now(), ledgertest.Entries("again"))
		if errors.Is(err, ledger.ErrUnknown) {
			written, err := recoverSoon(t, w)
			if err != nil {
				t.Fatal(err)
			}
			if written {
				continue
			}
			ledgertest.Append(t, w, "again")
		} else if err != nil {
			t.Fatal(err)
		}
	}
	wantTexts(t, ledgertest.Open(t, direct), "before", "again", "again", "again")
}

// recoverSoon recovers, again while the connections that were cut are met one after the other.
func recoverSoon(t *testing.T, w *ledger.Writer) (written bool, err error) {
	for range 10 {
		if written, err = w.Recover(t.Context()); err == nil {
			return written, nil
		}
	}
	return false, err
}
