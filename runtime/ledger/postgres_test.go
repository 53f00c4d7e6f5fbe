package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
)

func TestALiveLeaseKeepsOthersOut(t *testing.T) {
	url := postgresURL(t)
	l, other := ledgertest.Open(t, url), ledgertest.Open(t, url)
	w := ledgertest.Lead(t, l, "a")
	claim := ledger.Claim{Holder: "b", Address: "b:7000", Lease: time.Hour}
	_, err := other.Lead(t.Context(), claim)
	var held *ledger.HeldError
	if !errors.As(err, &held) || !errors.Is(err, ledger.ErrHeld) || held.Leader.Holder != "a" ||
		held.Leader.Address != "a:7000" || held.Leader.Epoch != 1 || held.Leader.Until.IsZero() {
		t.Fatalf("leading beside a live lease gives %v, want ErrHeld by a", err)
	}
	claim.Replaces = 7
	if _, err := other.Lead(t.Context(), claim); !errors.Is(err, ledger.ErrHeld) {
		t.Errorf("replacing an epoch that does not lead gives %v, want ErrHeld", err)
	}
	// The same pod, restarted, does not wait for itself.
	again, err := other.Lead(t.Context(), ledger.Claim{Holder: "a", Lease: time.Hour})
	if err != nil || again.Epoch() != 2 {
		t.Fatalf("the same holder leads again with %v", err)
	}
	if _, err := w.Append(t.Context(), time.Now(), ledgertest.Entries("late")); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("its earlier life appends with %v, want ErrFenced", err)
	}
}

func TestALeaseThatEndedIsTaken(t *testing.T) {
	url := postgresURL(t)
	l, other := ledgertest.Open(t, url), ledgertest.Open(t, url)
	w, err := l.Lead(t.Context(), ledger.Claim{Holder: "a", Lease: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	// The database's clock decides; an hour passes by moving the end.
	ledgertest.SQL(t, url, "update ledger_epoch set lease_until = lease_until - 3600001")
	if leader, err := other.Leader(t.Context()); err != nil || leader.Live {
		t.Errorf("the leader is %+v, %v, want its lease ended", leader, err)
	}
	if err := w.Renew(t.Context()); err != nil {
		t.Errorf("a late renewal that nobody forestalled gives %v", err)
	}
	if leader, err := other.Leader(t.Context()); err != nil || !leader.Live {
		t.Errorf("the leader is %+v, %v, want it to live after its renewal", leader, err)
	}
	ledgertest.SQL(t, url, "update ledger_epoch set lease_until = lease_until - 3600001")
	if _, err := other.Lead(t.Context(), ledger.Claim{Holder: "b", Lease: time.Hour}); err != nil {
		t.Errorf("a lease that ended is taken with %v", err)
	}
	if err := w.Renew(t.Context()); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("the old holder renews with %v, want ErrFenced", err)
	}
}

func TestALeaseStandsNoLongerWhenTheDatabasesClockIsSetBack(t *testing.T) {
	url := postgresURL(t)
	l, other := ledgertest.Open(t, url), ledgertest.Open(t, url)
	w, err := l.Lead(t.Context(), ledger.Claim{Holder: "a", Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	claim := ledger.Claim{Holder: "b", Lease: time.Minute}
	// A clock that is set back by a second or less, as time servers do, takes nobody's place.
	ledgertest.SQL(t, url, "update ledger_epoch set lease_until = lease_until + 900")
	if leader, err := other.Leader(t.Context()); err != nil || !leader.Live {
		t.Errorf("after a correction the leader is %+v, %v, want it to live", leader, err)
	}
	if _, err := other.Lead(t.Context(), claim); !errors.Is(err, ledger.ErrHeld) {
		t.Errorf("after a correction another leads with %v, want ErrHeld", err)
	}
	// Two minutes back: the lease would seem to stand for three.
	ledgertest.SQL(t, url, "update ledger_epoch set lease_until = lease_until + 120000")
	if leader, err := other.Leader(t.Context()); err != nil || leader.Live {
		t.Errorf("the leader is %+v, %v, want its lease void", leader, err)
	}
	if err := w.Renew(t.Context()); err != nil {
		t.Errorf("a leader that is there renews with %v", err)
	}
	if leader, err := other.Leader(t.Context()); err != nil || !leader.Live {
		t.Errorf("the leader is %+v, %v, want it to live after its renewal", leader, err)
	}
	ledgertest.SQL(t, url, "update ledger_epoch set lease_until = lease_until + 120000")
	if _, err := other.Lead(t.Context(), claim); err != nil {
		t.Errorf("the void lease is taken with %v", err)
	}
	if err := w.Renew(t.Context()); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("the old holder renews with %v, want ErrFenced", err)
	}
	// A row of a release that does not tell how long its lease is.
	ledgertest.SQL(t, url, "update ledger_epoch set lease_ms = 0, lease_until = lease_until + 120000")
	if leader, err := other.Leader(t.Context()); err != nil || !leader.Live {
		t.Errorf("the leader is %+v, %v, want the lease of an older release to stand", leader, err)
	}
}

func TestOnlyOneOfManyClaimsWins(t *testing.T) {
	url := postgresURL(t)
	var running sync.WaitGroup
	won := make(chan string, 8)
	for _, holder := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		running.Go(func() {
			// Each pod opens the ledger at the same time: the tables are made once.
			l, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: ledgertest.Desk})
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			switch _, err := l.Lead(t.Context(), ledger.Claim{Holder: holder, Lease: time.Hour}); {
			case err == nil:
				won <- holder
			case !errors.Is(err, ledger.ErrHeld):
				t.Errorf("%s gets %v", holder, err)
			}
		})
	}
	running.Wait()
	if len(won) != 1 {
		t.Errorf("%d of 8 claims won", len(won))
	}
}

func TestAFollowerInAnotherPodGetsEveryGroup(t *testing.T) {
	url := postgresURL(t)
	w := ledgertest.Lead(t, ledgertest.Open(t, url), "a")
	const appends = 300
	followed := make(chan error, 1)
	follower := ledgertest.Open(t, url)
	go func() {
		next := ledger.Position(1)
		for group, err := range follower.Follow(t.Context(), 0) {
			if err == nil && group.First != next {
				err = errors.New("a group was passed over")
			}
			if err != nil {
				followed <- err
				return
			}
			if next = group.Last() + 1; next > 2*appends {
				followed <- nil
				return
			}
		}
	}()
	for range appends {
		ledgertest.Append(t, w, "x", "y")
	}
	if err := <-followed; err != nil {
		t.Error(err)
	}
}

// Settings of a role under which PostgreSQL acknowledges what it may lose do not reach the ledger's sessions.
func TestSettingsThatLoseAcknowledgedGroupsAreUndone(t *testing.T) {
	url := postgresURL(t)
	database := databaseName(t, url)
	untimed := url + "&statement_timeout=0" // for what this test itself does, which may take longer on a busy machine
	for _, setting := range []string{"synchronous_commit = off", "statement_timeout = '50ms'",
		"default_transaction_isolation = 'serializable'"} {
		ledgertest.SQL(t, untimed, "alter database "+database+" set "+setting)
	}
	l := ledgertest.Open(t, url)
	w := ledgertest.Lead(t, l, "a")
	ledgertest.SQL(t, untimed, `create function note() returns trigger language plpgsql as $$ begin
		perform pg_sleep(0.2);
		insert into noted values (current_setting('synchronous_commit') || ' ' || current_setting('statement_timeout') ||
			' ' || current_setting('transaction_isolation'));
		return new; end $$; create table noted (settings text);
		create trigger note before insert on ledger for each row execute function note()`)
	ledgertest.Append(t, w, "longer than the timeout")
	conn := connect(t, untimed)
	var settings string
	if err := conn.QueryRow(t.Context(), "select settings from noted").Scan(&settings); err != nil {
		t.Fatal(err)
	}
	if settings != "on 0 read committed" {
		t.Errorf("an append ran under %q", settings)
	}
}

func TestAPrimaryThatBecameReadOnlyIsLeftForTheNextOne(t *testing.T) {
	url := postgresURL(t)
	l := ledgertest.Open(t, url)
	w := ledgertest.Lead(t, l, "a")
	// One session only turns read-only, as the sessions of a primary that steps down do.
	ledgertest.SQL(t, url, `create function step_down() returns trigger language plpgsql as $$ begin
		perform set_config('default_transaction_read_only', 'on', false); return new; end $$;
		create trigger step_down before insert on ledger for each row execute function step_down()`)
	ledgertest.Append(t, w, "the last on the old primary")
	_, err := w.Append(t.Context(), time.Now(), ledgertest.Entries("refused"))
	if err == nil || errors.Is(err, ledger.ErrUnknown) || errors.Is(err, ledger.ErrFenced) {
		t.Errorf("an append to a read-only server gives %v, want a plain refusal", err)
	}
	if first := ledgertest.Append(t, w, "on the next connection"); first != 2 {
		t.Errorf("the next append is at %d, want 2", first)
	}
}

func TestAFullTablespaceRefusesAppendsUntilThereIsRoom(t *testing.T) {
	withMounts(t, func(t *testing.T) {
		url := postgresURL(t)
		l := ledgertest.Open(t, url)
		disk, err := os.MkdirTemp(server.Directory(), "small")
		if err != nil {
			t.Fatal(err)
		}
		owner, err := os.Stat(server.Directory())
		if err != nil {
			t.Fatal(err)
		}
		mount(t, disk, fmt.Sprintf("size=8m,mode=700,uid=%d", owner.Sys().(*syscall.Stat_t).Uid))
		ledgertest.SQL(t, url, "create tablespace small location '"+disk+"'")
		ledgertest.SQL(t, url, "alter table ledger set tablespace small")
		t.Cleanup(func() {
			conn := connect(t, url)
			_, moved := conn.Exec(context.WithoutCancel(t.Context()), "alter table ledger set tablespace pg_default")
			_, dropped := conn.Exec(context.WithoutCancel(t.Context()), "drop tablespace small")
			if err := errors.Join(moved, dropped); err != nil {
				t.Error(err)
			}
		})
		fillAndFree(t, l, filepath.Join(disk, "ballast"))
	})
}

func TestAServerThatIsNotThereIsNamedWithoutThePassword(t *testing.T) {
	_, err := ledger.Open(t.Context(), ledger.Options{Desk: "acme",
		URL: "postgres://usher:geheim@127.0.0.1:1/x?sslmode=disable"})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	schema := pgx.Identifier{ledger.Schema(ledgertest.Desk)}.Sanitize()
	if _, err := conn.Exec(ctx, "select set_config('search_path', $1, false)", schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	return conn
}

func databaseName(t *testing.T, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}
