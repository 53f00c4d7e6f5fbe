package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"usher.chat/runtime/ledger"
)

func testFollow(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	Append(t, w, "1", "2")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	groups := make(chan ledger.Group)
	ended := make(chan error, 1)
	go func() {
		for group, err := range l.Follow(ctx, 1) {
			if err != nil {
				ended <- err
				return
			}
			groups <- group
		}
	}()
	want(t, []ledger.Group{<-groups}, "2@1 2")
	for range 20 {
		first := Append(t, w, "x", "y")
		if group := <-groups; group.First != first || len(group.Entries) != 2 {
			t.Fatalf("the follower got %d entries at %d, want 2 at %d", len(group.Entries), group.First, first)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the follower ended with %v, want context.Canceled", err)
	}
}

func testLostEnd(t *testing.T, url string) {
	l := Open(t, url)
	Append(t, Lead(t, l, "a"), "1", "2")
	for _, err := range l.Follow(t.Context(), 5) {
		var gap *ledger.GapError
		if !errors.As(err, &gap) || gap.Want != 6 || gap.Last != 2 || !errors.Is(err, ledger.ErrGap) {
			t.Errorf("following from after the end gives %v, want a gap at 6 after 2", err)
		}
		break
	}
}

func testGap(t *testing.T, url string) {
	for _, missing := range []ledger.Position{1, 3} {
		l := Open(t, url)
		if last, err := l.Last(t.Context()); err == nil && last == 0 {
			w := Lead(t, l, "a")
			Append(t, w, "1", "2")
			Append(t, w, "3")
			Append(t, w, "4")
		}
		statement := "delete from ledger where first_seq = 3"
		if missing == 1 {
			statement = "update ledger set first_seq = first_seq + 100"
		}
		SQL(t, url, statement)
		groups, err := Read(t.Context(), l, 0, ledger.Limit{})
		var gap *ledger.GapError
		if !errors.As(err, &gap) || !errors.Is(err, ledger.ErrGap) || gap.Want != missing {
			t.Errorf("reading gives %d groups and %v, want a gap at %d", len(groups), err, missing)
		}
		if missing == 1 {
			SQL(t, url, "update ledger set first_seq = first_seq - 100")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func testCorrupt(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	Append(t, w, "1", "2")
	Append(t, w, "3")
	Append(t, w, "4", "5")
	bytea := func(text string) string { return "'\\x" + text + "'" }
	if strings.HasPrefix(url, "sqlite") {
		bytea = func(text string) string { return "x'" + text + "'" }
	}
	for _, damage := range []struct {
		name, statement, undo string
	}{
		{"another epoch", "epoch = 9", "epoch = 1"},
		{"another time", "at = at + 1", "at = at - 1"},
		{"another number of entries", "count = 2", "count = 1"},
		{"another body", "body = " + bytea("0101017800000000"), ""},
		{"a format of the future", "body = " + bytea("0201017800000000"), ""},
		{"a body cut off", "body = " + bytea("01"), ""},
		{"an empty body", "body = " + bytea(""), ""},
	} {
		if rows := SQL(t, url, "update ledger set "+damage.statement+" where first_seq = 3"); rows != 1 {
			t.Fatalf("%s: damaged %d rows", damage.name, rows)
		}
		groups, err := Read(t.Context(), l, 0, ledger.Limit{})
		var corrupt *ledger.CorruptError
		if !errors.As(err, &corrupt) || !errors.Is(err, ledger.ErrCorrupt) || corrupt.First != 3 || corrupt.Desk != Desk ||
			corrupt.Table != "ledger" {
			t.Errorf("%s: reading gives %v, want ErrCorrupt for row 3", damage.name, err)
		}
		want(t, groups, "1@1 1 2") // what is whole before it is given
		if damage.undo != "" {
			SQL(t, url, "update ledger set "+damage.undo+" where first_seq = 3")
		}
	}
	want(t, read(t, l, 3, ledger.Limit{}), "4@1 4 5")
}

func testSnapshots(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	for range 20 {
		Append(t, w, "x")
	}
	if _, found, err := l.LatestSnapshot(t.Context(), 1); err != nil || found {
		t.Errorf("without a snapshot: found %v, %v", found, err)
	}
	if err := l.PutSnapshot(t.Context(), ledger.Snapshot{Position: 21, Version: 1}); err == nil {
		t.Error("a snapshot past the end of the log was taken")
	}
	put := func(position ledger.Position, version int, state string) {
		t.Helper()
		if err := l.PutSnapshot(t.Context(), ledger.Snapshot{Position: position, Version: version,
			State: []byte(state)}); err != nil {
			t.Fatal(err)
		}
	}
	latest := func(version int, position ledger.Position, state string) {
		t.Helper()
		snapshot, found, err := l.LatestSnapshot(t.Context(), version)
		if err != nil || !found || snapshot.Position != position || snapshot.Version != version ||
			!bytes.Equal(snapshot.State, []byte(state)) {
			t.Errorf("the latest of version %d is at %d with %d bytes, found %v, %v; want %d bytes at %d", version,
				snapshot.Position, len(snapshot.State), found, err, len(state), position)
		}
	}
	large := strings.Repeat("a state that says the same again and again. ", 100_000)
	put(5, 1, "")
	latest(1, 5, "")
	put(6, 1, "six")
	put(6, 1, "six again")
	latest(1, 6, "six again")
	put(7, 1, large)
	latest(1, 7, large)
	for position := ledger.Position(8); position < 12; position++ {
		put(position, 2, "of version 2")
	}
	latest(1, 7, large) // a rollback finds it
	latest(2, 11, "of version 2")
	if rows := SQL(t, url, "update ledger_snapshot set version = version"); rows != 4 {
		t.Errorf("%d snapshots are kept, want 2 of each version", rows)
	}
	SQL(t, url, "update ledger_snapshot set checksum = checksum + 1 where position = 7")
	latest(1, 6, "six again")
	put(12, 3, "of version 3")
	latest(2, 11, "of version 2")
	if _, found, err := l.LatestSnapshot(t.Context(), 1); err != nil || found {
		t.Errorf("a snapshot two versions back is still there: %v, %v", found, err)
	}
}
