package archive_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
)

// wandered is a world in which much happened.
func wandered(t testing.TB, seed uint64, steps int) *world {
	w := newWorld(t)
	w.wander(rand.New(rand.NewPCG(seed, 7)), steps)
	return w
}

func TestAnyPrefixAndThenTheRestIsTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := wandered(t, rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 150).Draw(rt, "steps"))
		path := filepath.Join(t.TempDir(), "archive.db")
		at, opened := uint64(0), 0
		for at < w.s.Seq {
			next := rapid.Uint64Range(at+1, w.s.Seq).Draw(rt, "until")
			if opened++; opened > 4 {
				next = w.s.Seq
			}
			a := open(t, path)
			if got := positionOf(t, path); got != at {
				rt.Fatalf("opened at %d, want %d", got, at)
			}
			if rapid.Bool().Draw(rt, "by the queue") {
				stop := run(t, a, upTo(w, max(1, at)))
				if at == 0 {
					wait(t, a, 1)
				}
				for from := max(1, at); from < next; {
					to := rapid.Uint64Range(from+1, next).Draw(rt, "commit")
					a.Follow(w.records(from, to))
					from = to
				}
				wait(t, a, next)
				stop()
			} else {
				stop := run(t, a, upTo(w, next))
				wait(t, a, next)
				stop()
			}
			if err := a.Close(); err != nil {
				rt.Fatal(err)
			}
			at = next
		}
		alike(t, dump(t, path), dump(t, rebuilt(t, w.read, at)))
	})
}

func TestAFileThatCannotBeUsedIsReplacedAndFilledAgain(t *testing.T) {
	w := wandered(t, 1, 2000)
	good := rebuilt(t, w.read, w.s.Seq)
	want := dump(t, good)
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	statement := func(s string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(b []byte) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	garbled := bytes.Clone(content)
	for i := 4096; i < len(garbled); i++ {
		garbled[i] ^= 0x5a
	}
	for name, damage := range map[string]func(*testing.T, string){
		"no database":                               write([]byte("this is no database, and long enough to be read as one")),
		"cut in the first page":                     write(content[:1000]),
		"cut in the middle":                         write(content[:len(content)/2]),
		"all pages but the first garbled":           write(garbled),
		"another release":                           statement("pragma user_version = 99"),
		"another program":                           statement("pragma application_id = 5"),
		"without a position":                        statement("delete from position"),
		"without a table":                           statement("drop table said"),
		"ahead of the ledger":                       statement("update position set seq = seq + 1000"),
		"of another ledger":                         statement("update position set at = at - 1"),
		"of a ledger whose record there is another": statement("update position set kind = 'Said'"),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.db")
			write(content)(t, path)
			damage(t, path)
			a := open(t, path)
			stop := run(t, a, w.read)
			throughStalls(t, a, w.s.Seq)
			if s := a.Status(); s.Rebuilds != 1 || s.Stalled != nil {
				t.Errorf("status %+v, want one rebuild", s)
			}
			stop()
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			alike(t, dump(t, path), want)
		})
	}
}

// throughStalls waits for a sequence, again after each stall.
func throughStalls(t testing.TB, a *archive.Archive, seq uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := a.Wait(ctx, seq)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedPageThatAReaderMeetsMakesTheFileAnew(t *testing.T) {
	w := newWorld(t)
	w.online("ana")
	id := w.join("s1", "web", "hello")
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana"})
	for range 3000 {
		w.must(desk.Say{Origin: w.by("s:s1"), Text: "some text that fills a page in the end, and then another one"})
	}
	path := rebuilt(t, w.read, w.s.Seq)
	want := dump(t, path)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	page := bytes.Repeat([]byte{0xff}, 4096)
	// Behind the first pages of each table and index, which are read when the file is opened.
	for at := int64(40 * 4096); at < info.Size()-20*4096; at += 4096 {
		if _, err := file.WriteAt(page, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	a := open(t, path)
	stop := run(t, a, w.read)
	wait(t, a, w.s.Seq)
	var stalled *archive.StalledError
	if _, err := a.Messages(t.Context(), id, 0, 0, 10_000); !errors.As(err, &stalled) {
		t.Fatalf("reading damaged pages gives %v", err)
	}
	for deadline := time.Now().Add(time.Minute); a.Status().Rebuilds == 0 && time.Now().Before(deadline); {
		_ = a.Wait(t.Context(), w.s.Seq+1)
	}
	throughStalls(t, a, w.s.Seq)
	if got, err := a.Messages(t.Context(), id, 0, 0, 10_000); err != nil || len(got) != 3001 {
		t.Errorf("%d messages after the rebuild, %v", len(got), err)
	}
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	alike(t, dump(t, path), want)
}

func TestTheRecordsOfARealLedgerAreKnownAgain(t *testing.T) {
	w := wandered(t, 3, 500)
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), ledger.Options{URL: "sqlite://" + dir + "/ledger.db", Desk: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lead, err := l.Lead(t.Context(), ledger.Claim{Holder: "a", Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range w.records(0, 0) {
		b, err := desk.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lead.Append(t.Context(), desk.Instant(r.At), [][]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(ctx context.Context, after uint64) iter.Seq2[desk.Record, error] {
		return func(yield func(desk.Record, error) bool) {
			for group, err := range l.Read(ctx, after, ledger.Limit{}) {
				if err != nil {
					yield(desk.Record{}, err)
					return
				}
				for i, entry := range group.Entries {
					r, err := desk.Decode(group.First+uint64(i), entry)
					if !yield(r, err) || err != nil {
						return
					}
				}
			}
		}
	}
	want := dump(t, rebuilt(t, w.read, w.s.Seq))
	// Written from the router's own records, known again by those that were decoded.
	path := filepath.Join(dir, "archive.db")
	for range 3 {
		a := open(t, path)
		stop := run(t, a, read)
		wait(t, a, w.s.Seq)
		a.Follow(w.records(w.s.Seq-1, 0))
		stop()
		if s := a.Status(); s.Rebuilds != 0 || s.Stalled != nil {
			t.Fatalf("status %+v", s)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		alike(t, dump(t, path), want)
	}
}
