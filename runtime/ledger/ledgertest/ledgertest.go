// Package ledgertest is the suite of tests that every database behind a ledger passes.
//
//	func TestMain(m *testing.M) {
//		ledgertest.Child() // ends the process when it was started to be killed
//		os.Exit(m.Run())
//	}
//
//	func TestTheSuitePasses(t *testing.T) {
//		ledgertest.Run(t, func(t *testing.T) string { return "sqlite://" + t.TempDir() + "/ledger.db" })
//	}
package ledgertest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	neturl "net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
)

// Desk is the desk that the suite writes to.
const Desk = "acme"

// lease is longer than any test: none ends by itself.
const lease = time.Hour

// at is a time with nanoseconds, which have to survive.
func at() time.Time { return time.Date(2026, 11, 21, 6, 30, 0, 123456789, time.UTC) }

// Run runs the suite. fresh returns the URL of a new, empty database each time.
func Run(t *testing.T, fresh func(t *testing.T) string) {
	for name, test := range map[string]func(t *testing.T, url string){
		"groups are read back in order with their positions, epoch and time": testReadBack,
		"positions and epochs go on after reopening":                         testReopen,
		"a read begins inside a group and ends at its limit":                 testReadParts,
		"a long log is read in pieces without a gap":                         testLongLog,
		"an empty group is refused and changes nothing":                      testEmpty,
		"a group of 10 MiB is written and read whole":                        testBig,
		"a group over the largest size is refused":                           testTooBig,
		"appends from many callers get positions of their own":               testConcurrent,
		"an append with an ended context writes nothing":                     testEndedContext,
		"a closed ledger says so":                                            testClosed,
		"desks do not see each other":                                        testDesks,
		"a replaced writer is refused in everything":                         testReplaced,
		"a writer that resigned is refused and its successor is not held up": testResign,
		"a writer of a log that was set back is refused in everything":       testSetBack,
		"an epoch that was given twice is one writer's only":                 testEpochTwice,
		"a follower gets what is appended and ends with its context":         testFollow,
		"a follower of a log that lost its end says so":                      testLostEnd,
		"a missing row is a gap that is named":                               testGap,
		"a damaged row is named":                                             testCorrupt,
		"the last two snapshots stay and the newest whole one is given":      testSnapshots,
		"entries are rewritten in their places and by the leader alone":      testRewrite,
		"a reader beside a rewriter gets whole rows":                         testRewriteBesideReaders,
		"dropped snapshots do not come back":                                 testDropSnapshots,
		"racing takeovers leave no late row":                                 testRace,
		"a killed process has lost nothing that it acknowledged":             testKilled,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

// Open opens a ledger and closes it after the test.
func Open(t *testing.T, url string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: Desk, Poll: time.Millisecond})
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

// Lead takes the lead, from whoever has it.
func Lead(t *testing.T, l *ledger.Ledger, holder string) *ledger.Writer {
	t.Helper()
	leader, err := l.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Lead(t.Context(), ledger.Claim{Holder: holder, Address: holder + ":7000", Lease: lease,
		Replaces: leader.Epoch})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Append appends texts as one group and fails the test when that fails.
func Append(t *testing.T, w *ledger.Writer, texts ...string) ledger.Position {
	t.Helper()
	first, err := w.Append(t.Context(), at(), Entries(texts...))
	if err != nil {
		t.Fatal(err)
	}
	return first
}

// Entries turns texts into entries.
func Entries(texts ...string) [][]byte {
	entries := make([][]byte, len(texts))
	for i, text := range texts {
		entries[i] = []byte(text)
	}
	return entries
}

// Read gives all groups after a position, up to the error that ended them.
func Read(ctx context.Context, l *ledger.Ledger, after ledger.Position, limit ledger.Limit) ([]ledger.Group, error) {
	var groups []ledger.Group
	for group, err := range l.Read(ctx, after, limit) {
		if err != nil {
			return groups, err
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// want compares groups, written like "1@1 a b" for position 1, epoch 1, entries a and b.
func want(t *testing.T, got []ledger.Group, wanted ...string) {
	t.Helper()
	var texts []string
	for _, group := range got {
		text := fmt.Sprintf("%d@%d %s", group.First, group.Epoch, bytes.Join(group.Entries, []byte(" ")))
		texts = append(texts, text)
		if !group.At.Equal(at()) {
			t.Errorf("group %q has time %s, want %s", text, group.At, at())
		}
	}
	if fmt.Sprint(texts) != fmt.Sprint(wanted) {
		t.Errorf("got groups %q, want %q", texts, wanted)
	}
}

// read is Read for tests in which it does not fail.
func read(t *testing.T, l *ledger.Ledger, after ledger.Position, limit ledger.Limit) []ledger.Group {
	t.Helper()
	groups, err := Read(t.Context(), l, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

// SQL runs a statement behind the ledger's back and returns how many rows it changed.
func SQL(t *testing.T, url, statement string) int64 {
	t.Helper()
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite://"); ok {
		driver, name = "sqlite", path
	} else if address, err := neturl.Parse(url); err == nil {
		query := address.Query()
		query.Set("search_path", `"`+ledger.Schema(Desk)+`"`) // where the desk's tables are
		address.RawQuery = query.Encode()
		name = address.String()
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	rows, err := result.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func testReadBack(t *testing.T, url string) {
	l := Open(t, url)
	if last, err := l.Last(t.Context()); err != nil || last != 0 {
		t.Errorf("the last position of an empty log is %d, %v", last, err)
	}
	want(t, read(t, l, 0, ledger.Limit{}))
	w := Lead(t, l, "a")
	for i, texts := range [][]string{{"one"}, {"two", "", "three"}, {"four", "five"}} {
		if first := Append(t, w, texts...); first != []ledger.Position{1, 2, 5}[i] {
			t.Errorf("group %d is at %d", i, first)
		}
	}
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one", "2@1 two  three", "5@1 four five")
	if last, err := l.Last(t.Context()); err != nil || last != 6 || w.Next() != 7 {
		t.Errorf("the last position is %d, %v, and the next %d; want 6 and 7", last, err, w.Next())
	}
}

func testReopen(t *testing.T, url string) {
	l := Open(t, url)
	Append(t, Lead(t, l, "a"), "one", "two")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = Open(t, url)
	leader, err := l.Leader(t.Context())
	if err != nil || leader.Epoch != 1 || leader.Holder != "a" || leader.Address != "a:7000" || !leader.Live {
		t.Errorf("the leader is %+v, %v", leader, err)
	}
	w := Lead(t, l, "b")
	if first := Append(t, w, "three"); first != 3 || w.Epoch() != 2 {
		t.Errorf("the first append after reopening is at %d with epoch %d, want 3 and 2", first, w.Epoch())
	}
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one two", "3@2 three")
}

func testReadParts(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	Append(t, w, "1", "2", "3")
	Append(t, w, "4")
	Append(t, w, "5", "6")
	want(t, read(t, l, 1, ledger.Limit{}), "2@1 2 3", "4@1 4", "5@1 5 6")
	want(t, read(t, l, 3, ledger.Limit{}), "4@1 4", "5@1 5 6")
	want(t, read(t, l, 5, ledger.Limit{}), "6@1 6")
	want(t, read(t, l, 6, ledger.Limit{}))
	want(t, read(t, l, 60, ledger.Limit{}))
	want(t, read(t, l, 0, ledger.Limit{Entries: 1}), "1@1 1 2 3")
	want(t, read(t, l, 2, ledger.Limit{Entries: 2}), "3@1 3", "4@1 4")
	want(t, read(t, l, 0, ledger.Limit{Bytes: 1}), "1@1 1 2 3")
	for group, err := range l.Read(t.Context(), 0, ledger.Limit{}) {
		if err != nil || group.First != 1 {
			t.Errorf("got %v, %v", group, err)
		}
		break
	}
}

func testLongLog(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	large := strings.Repeat("x", 3<<20)
	for i := range 1100 { // more rows than a piece has, and two that fill one each
		if i == 600 || i == 601 {
			Append(t, w, large, "y")
			continue
		}
		Append(t, w, "x", "y")
	}
	next := ledger.Position(1)
	for _, group := range read(t, l, 0, ledger.Limit{}) {
		if group.First != next || len(group.Entries) != 2 {
			t.Fatalf("got %d entries at %d, want 2 at %d", len(group.Entries), group.First, next)
		}
		next = group.Last() + 1
	}
	if next != 2201 {
		t.Errorf("the log ends before %d, want 2201", next)
	}
	if groups := read(t, l, 0, ledger.Limit{Entries: 1400}); len(groups) != 700 {
		t.Errorf("1400 entries came in %d groups, want 700", len(groups))
	}
}

func testEmpty(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	if _, err := w.Append(t.Context(), at(), nil); !errors.Is(err, ledger.ErrEmpty) {
		t.Errorf("an empty group gives %v, want ErrEmpty", err)
	}
	Append(t, w, "one")
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one")
}

func testBig(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	entries := make([][]byte, 10)
	for i := range entries {
		entries[i] = bytes.Repeat([]byte{byte(i), 0, 0xff, '\''}, 1<<18)
	}
	if _, err := w.Append(t.Context(), at(), entries); err != nil {
		t.Fatal(err)
	}
	Append(t, w, "after")
	groups := read(t, l, 0, ledger.Limit{})
	if len(groups) != 2 || len(groups[0].Entries) != len(entries) {
		t.Fatalf("got %d groups", len(groups))
	}
	for i, entry := range groups[0].Entries {
		if !bytes.Equal(entry, entries[i]) {
			t.Errorf("entry %d differs", i)
		}
	}
}

func testTooBig(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	entry := make([]byte, ledger.MaxGroup/8)
	entries := [][]byte{entry, entry, entry, entry, entry, entry, entry, entry}
	if _, err := w.Append(t.Context(), at(), entries); !errors.Is(err, ledger.ErrTooLarge) {
		t.Errorf("a group over the largest size gives %v, want ErrTooLarge", err)
	}
	if first := Append(t, w, "one"); first != 1 {
		t.Errorf("the append after it is at %d, want 1", first)
	}
}

func testConcurrent(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	const callers, appends = 8, 25
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for j := range appends {
				if _, err := w.Append(t.Context(), at(), Entries(fmt.Sprint(i), fmt.Sprint(j))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	next := make([]int, callers)
	for _, group := range read(t, l, 0, ledger.Limit{}) {
		var i, j int
		if _, err := fmt.Sscan(string(bytes.Join(group.Entries, []byte(" "))), &i, &j); err != nil || next[i] != j {
			t.Fatalf("append %d of caller %d comes at %d, want its append %d, %v", j, i, group.First, next[i], err)
		}
		next[i]++
	}
	if last, err := l.Last(t.Context()); err != nil || last != 2*callers*appends {
		t.Errorf("the last position is %d, %v, want %d", last, err, 2*callers*appends)
	}
}

func testEndedContext(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	Append(t, w, "one")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Append(ctx, at(), Entries("never"))
	if !errors.Is(err, context.Canceled) || errors.Is(err, ledger.ErrUnknown) {
		t.Errorf("an append with an ended context gives %v, want context.Canceled and no ErrUnknown", err)
	}
	Append(t, w, "two")
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one", "2@1 two")
}

func testClosed(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, appended := w.Append(t.Context(), at(), Entries("never"))
	_, last := l.Last(t.Context())
	_, readErr := Read(t.Context(), l, 0, ledger.Limit{})
	for doing, err := range map[string]error{"append": appended, "last": last, "read": readErr,
		"renew": w.Renew(t.Context())} {
		if !errors.Is(err, ledger.ErrClosed) || errors.Is(err, ledger.ErrUnknown) {
			t.Errorf("%s on a closed ledger gives %v, want ErrClosed", doing, err)
		}
	}
}

func testDesks(t *testing.T, url string) {
	l := Open(t, url)
	Append(t, Lead(t, l, "a"), "of acme")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: "other"})
	if err != nil {
		t.Fatal(err)
	}
	w := Lead(t, other, "b")
	if first := Append(t, w, "of other"); first != 1 || w.Epoch() != 1 {
		t.Errorf("the first append of another desk is at %d with epoch %d, want 1 and 1", first, w.Epoch())
	}
	want(t, read(t, other, 0, ledger.Limit{}), "1@1 of other")
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, read(t, Open(t, url), 0, ledger.Limit{}), "1@1 of acme")
}
