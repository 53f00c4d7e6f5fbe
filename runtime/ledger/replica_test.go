package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
	"usher.chat/runtime/ledger/pgtest"
)

// A primary whose synchronous replica is away must not show, to anybody, a group that no replica has: a failover would
// lose it after it was read. Giving up on an append therefore never cancels it.
func TestAGroupThatNoReplicaHasIsNeverSeen(t *testing.T) {
	alone, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := alone.Stop(); err != nil {
			t.Error(err)
		}
	})
	url := alone.URL("postgres")
	l := ledgertest.Open(t, url)
	w := ledgertest.Lead(t, l, "a")
	ledgertest.Append(t, w, "replicated")
	conn := connect(t, url)
	replica := func(statement string) {
		t.Helper()
		for _, statement := range []string{statement, "select pg_reload_conf()"} {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	replica("alter system set synchronous_standby_names = 'away'")

	ctx, cancel := context.WithCancel(t.Context())
	appended := make(chan error, 1)
	go func() { // the server takes its new settings a moment later: the first appends may not wait yet
		var err error
		for err == nil {
			err = <-appendUnder(ctx, w)
		}
		appended <- err
	}()
	waiting(t, url, "SyncRep")
	cancel()
	if err := <-appended; !errors.Is(err, ledger.ErrUnknown) {
		t.Fatalf("an append that waits for a replica and is given up ends with %v, want ErrUnknown", err)
	}
	seen, err := l.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	recovered := make(chan error, 1)
	go func() {
		_, err := w.Recover(ctx)
		recovered <- err
	}()
	waiting(t, url, "transactionid") // it waits for the append, which is still not known
	cancel()
	if err := <-recovered; !errors.Is(err, context.Canceled) || errors.Is(err, ledger.ErrFenced) {
		t.Errorf("a recovery that is given up ends with %v, want context.Canceled", err)
	}
	if last, err := l.Last(t.Context()); err != nil || last != seen {
		t.Errorf("giving up showed an entry that no replica has: the log ends at %d, %v, before at %d", last, err, seen)
	}

	replica("alter system reset synchronous_standby_names")
	wantRecovered(t, w, true)
	if last, err := l.Last(t.Context()); err != nil || last != seen+1 || w.Next() != seen+2 {
		t.Errorf("with the replica's word gone the log ends at %d, %v, want %d", last, err, seen+1)
	}
	ledgertest.Append(t, w, "after")
}

func appendUnder(ctx context.Context, w *ledger.Writer) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := w.Append(ctx, time.Now(), ledgertest.Entries("under way"))
		ended <- err
	}()
	return ended
}
