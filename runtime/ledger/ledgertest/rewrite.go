package ledgertest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"usher.chat/runtime/ledger"
)

// Blank takes a word out of entries, with dots in its place.
func Blank(word string) func(ledger.Position, []byte) ([]byte, error) {
	return func(_ ledger.Position, entry []byte) ([]byte, error) {
		return bytes.ReplaceAll(entry, []byte(word), []byte("..")), nil
	}
}

func testRewrite(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	Append(t, w, "one word", "two")
	Append(t, w, "three", "four word", "five word")
	Append(t, w, "six word")
	rewrite := func(from, to ledger.Position, wanted int) {
		t.Helper()
		if n, err := w.Rewrite(t.Context(), from, to, Blank("word")); err != nil || n != wanted {
			t.Errorf("from %d to %d: %d entries changed, %v; want %d", from, to, n, err, wanted)
		}
	}
	rewrite(4, 4, 1) // within a row
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one word two", "3@1 three four .. five word", "6@1 six word")
	rewrite(0, 5, 2)
	rewrite(0, 5, 0) // again
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one .. two", "3@1 three four .. five ..", "6@1 six word")
	rewrite(6, 1000, 1)
	rewrite(7, 1000, 0)
	if first := Append(t, w, "seven"); first != 7 {
		t.Errorf("after a rewrite the next entry is %d", first)
	}
	broken := errors.New("broken")
	if _, err := w.Rewrite(t.Context(), 1, 7, func(ledger.Position, []byte) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("an error of the change became %v", err)
	}

	successor := Lead(t, Open2(t, l, url), "b")
	if n, err := w.Rewrite(t.Context(), 1, 7, Blank("e")); !errors.Is(err, ledger.ErrFenced) || n != 0 {
		t.Errorf("a replaced writer changed %d entries, %v", n, err)
	}
	want(t, read(t, l, 0, ledger.Limit{}), "1@1 one .. two", "3@1 three four .. five ..", "6@1 six ..", "7@1 seven")
	if n, err := successor.Rewrite(t.Context(), 1, 7, Blank("seven")); err != nil || n != 1 {
		t.Errorf("its successor changed %d, %v", n, err)
	}
	want(t, read(t, l, 5, ledger.Limit{}), "6@1 six ..", "7@1 ..")
}

// Open2 is a second way to a ledger: of its own where several processes may have one.
func Open2(t *testing.T, l *ledger.Ledger, url string) *ledger.Ledger {
	t.Helper()
	if strings.HasPrefix(url, "sqlite") {
		return l
	}
	return Open(t, url)
}

// A reader beside a rewriter gets each row whole, as it was or as it is.
func testRewriteBesideReaders(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	const groups = 300
	for i := range groups {
		Append(t, w, fmt.Sprintf("%d word", i), strings.Repeat("word ", 1+i%50*20))
	}
	ended := make(chan error, 1)
	go func() {
		_, err := w.Rewrite(t.Context(), 1, 2*groups, Blank("word"))
		ended <- err
	}()
	for done := false; !done; {
		select {
		case err := <-ended:
			if done = true; err != nil {
				t.Error(err)
			}
		default:
		}
		if first := Append(t, w, "beside"); first <= 2*groups {
			t.Errorf("an append beside it got %d", first)
		}
		count := 0
		for _, g := range read(t, l, 0, ledger.Limit{Entries: 2 * groups}) {
			was, is := 0, 0
			for _, entry := range g.Entries {
				if bytes.Contains(entry, []byte("word")) {
					was++
				} else if bytes.Contains(entry, []byte("..")) {
					is++
				}
			}
			if count += len(g.Entries); was > 0 && is > 0 {
				t.Fatalf("group %d is half changed", g.First)
			}
		}
		if count < 2*groups {
			t.Fatalf("%d entries were read", count)
		}
	}
}

func testDropSnapshots(t *testing.T, url string) {
	l := Open(t, url)
	w := Lead(t, l, "a")
	for range 9 {
		Append(t, w, "x")
	}
	put := func(position ledger.Position, version int) {
		t.Helper()
		if err := l.PutSnapshot(t.Context(), ledger.Snapshot{Position: position, Version: version, State: []byte(fmt.Sprint(position))}); err != nil {
			t.Fatal(err)
		}
	}
	put(3, 1)
	put(4, 2)
	put(7, 2)
	if n, err := l.DropSnapshots(t.Context(), 7); err != nil || n != 2 {
		t.Errorf("%d were dropped, %v; want 2", n, err)
	}
	// One that is written late, by a process that was frozen over it, does not come back.
	put(4, 2)
	put(6, 1)
	if n, err := l.DropSnapshots(t.Context(), 7); err != nil || n != 0 {
		t.Errorf("%d old ones came back, %v", n, err)
	}
	if s, found, err := l.LatestSnapshot(t.Context(), 2); err != nil || !found || s.Position != 7 {
		t.Errorf("the latest is at %d, %v, %v", s.Position, found, err)
	}
	put(9, 2)
	if err := l.Clean(t.Context()); err != nil {
		t.Error(err)
	}
}
