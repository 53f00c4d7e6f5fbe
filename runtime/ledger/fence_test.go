package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
)

func TestRacingTakeoversOfTwoPodsLeaveNoLateRow(t *testing.T) {
	url := postgresURL(t)
	if late := ledgertest.Race(t, func() *ledger.Ledger { return ledgertest.Open(t, url) }, ledgertest.Rounds); late != 0 {
		t.Errorf("%d of %d takeovers left a late row", late, ledgertest.Rounds)
	}
}

// Without the two words FOR SHARE the fence does not hold, and the race must see it: else it proves nothing.
func TestTheRaceSeesAFenceThatDoesNotHold(t *testing.T) {
	url := postgresURL(t)
	late, rounds := 0, 0
	for late == 0 && rounds < 20*ledgertest.Rounds { // how often it happens depends on what else the machine does
		late += ledgertest.Race(t, func() *ledger.Ledger { return openUnfenced(t, url) }, ledgertest.Rounds)
		rounds += ledgertest.Rounds
	}
	t.Logf("without FOR SHARE %d of %d takeovers left a late row", late, rounds)
	if late == 0 {
		t.Errorf("without FOR SHARE none of %d takeovers left a late row: the race does not test the fence", rounds)
	}
}

func TestATakeoverWaitsForTheAppendThatIsUnderWay(t *testing.T) {
	url := postgresURL(t)
	old := ledgertest.Lead(t, ledgertest.Open(t, url), "a")
	proceed := stallAppends(t, url)
	appended := appendUnder(t.Context(), old)
	waiting(t, url, "advisory")

	other := ledgertest.Open(t, url)
	led := make(chan *ledger.Writer, 1)
	go func() {
		w, err := other.Lead(t.Context(), ledger.Claim{Holder: "b", Lease: time.Hour, Replaces: 1})
		if err != nil {
			t.Error(err)
		}
		led <- w
	}()
	waiting(t, url, "transactionid")
	select {
	case <-led:
		t.Fatal("the successor leads while an append of the old writer may still commit")
	default:
	}
	proceed()
	if err := <-appended; err != nil {
		t.Errorf("the append that was under way ended with %v", err)
	}
	if w := <-led; w != nil && w.Next() != 2 {
		t.Errorf("the successor continues at %d, want 2: after the append that was under way", w.Next())
	}
}

func TestWithoutTheFenceATakeoverMissesTheAppendThatIsUnderWay(t *testing.T) {
	url := postgresURL(t)
	old := ledgertest.Lead(t, openUnfenced(t, url), "a")
	proceed := stallAppends(t, url)
	appended := appendUnder(t.Context(), old)
	waiting(t, url, "advisory")
	other := openUnfenced(t, url)
	w := ledgertest.Lead(t, other, "b")
	proceed()
	if err := <-appended; err != nil {
		t.Fatal(err)
	}
	if last, err := other.Last(t.Context()); err != nil || last < w.Next() {
		t.Errorf("the log ends at %d, %v, and the successor continues at %d: the late row was expected", last, err, w.Next())
	}
}

func openUnfenced(t *testing.T, url string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.WithoutFence(ledger.Options{URL: url, Desk: ledgertest.Desk}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// stallKey is the advisory lock that stalled appends wait for.
const stallKey = "4711"

// stallAppends makes every append wait inside its statement, after the fence was asked, until proceed is called.
func stallAppends(t *testing.T, url string) (proceed func()) {
	t.Helper()
	ledgertest.SQL(t, url, `create function stall() returns trigger language plpgsql as $$ begin
		perform pg_advisory_xact_lock_shared(`+stallKey+`); return new; end $$;
		create trigger stall before insert on ledger for each row execute function stall()`)
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "select pg_advisory_lock("+stallKey+")"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := conn.Exec(t.Context(), "select pg_advisory_unlock("+stallKey+")"); err != nil {
			t.Fatal(err)
		}
	}
}

// waiting returns when a session of the database waits: for a lock of a kind, or SyncRep for a replica.
func waiting(t *testing.T, url, kind string) {
	t.Helper()
	conn := connect(t, url)
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-ticker.C {
		var pid int
		err := conn.QueryRow(t.Context(), `select pid from pg_stat_activity
			where datname = current_database() and wait_event_type in ('Lock', 'IPC') and wait_event = $1 limit 1`, kind).Scan(&pid)
		if err == nil {
			return
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
	}
	t.Fatalf("no session came to wait for %s", kind)
}
