package pgtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/ledger/pgtest"
)

func TestAStandbyThatIsPromotedHasEverythingThatWasAcknowledged(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	pair, err := pgtest.StartPair(ctx, "127.0.0.1", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pair.Stop(); err != nil {
			t.Error(err)
		}
	})
	url, err := pair.NewDatabase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	url += "&target_session_attrs=read-write"
	do := func(statement string) {
		t.Helper()
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	do("create table written (n int)")
	for round := range 2 { // there and back
		do("insert into written values (1)")
		was := pair.Primary().Address()
		if err := pair.FailOver(); err != nil {
			t.Fatal(err)
		}
		do("insert into written values (2)")
		if err := pair.Rebuild(ctx); err != nil {
			t.Fatal(err)
		}
		if pair.Standby().Address() != was {
			t.Errorf("round %d: the standby is at %s, the primary was at %s", round, pair.Standby().Address(), was)
		}
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var n int
	if err := conn.QueryRow(ctx, "select count(*) from written").Scan(&n); err != nil || n != 4 {
		t.Errorf("%d rows, %v, want 4", n, err)
	}
}
