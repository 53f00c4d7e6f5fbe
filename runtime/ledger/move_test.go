package ledger_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
)

// fill appends so many groups of three entries.
func fillGroups(t *testing.T, w *ledger.Writer, groups int) {
	t.Helper()
	for n := range groups {
		ledgertest.Append(t, w, fmt.Sprintf("a%d", n), fmt.Sprintf("b%d", n), strings.Repeat("c", n%700))
	}
}

// whole is the chain of all of a ledger.
func whole(t *testing.T, l *ledger.Ledger) (c ledger.Chain) {
	t.Helper()
	for row, err := range l.Rows(t.Context(), 0, 1<<62) {
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// left checks that a ledger was moved with all it has, and that it is led in the one place and not in the other.
func left(t *testing.T, source, target *ledger.Ledger, moved ledger.Moved) {
	t.Helper()
	from, to := whole(t, source), whole(t, target)
	if from != to || from != moved.Chain {
		t.Fatalf("moved %+v: the ledger has %+v, the copy %+v", moved.Chain, from, to)
	}
	var gone *ledger.MovedError
	_, err := source.Lead(t.Context(), ledger.Claim{Holder: "again", Lease: time.Second})
	if !errors.Is(err, ledger.ErrMoved) || !errors.As(err, &gone) || gone.Moved.Chain != moved.Chain {
		t.Fatalf("the ledger that was left is led: %v", err)
	}
	w, err := target.Lead(t.Context(), ledger.Claim{Holder: "pod", Lease: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if w.Next() != to.Last+1 {
		t.Fatalf("the copy goes on at %d behind %d", w.Next(), to.Last)
	}
	ledgertest.Append(t, w, "goes on")
	if got := whole(t, target); got.Last != to.Last+1 {
		t.Fatalf("the copy reads to %d", got.Last)
	}
}

func TestALedgerMovesWhileItIsLedAndTakesEverythingAlong(t *testing.T) {
	source, target := ledgertest.Open(t, sqliteURL(t)), ledgertest.Open(t, postgresURL(t))
	w := ledgertest.Lead(t, source, "pod")
	fillGroups(t, w, 3000)
	snapshot := ledger.Snapshot{Position: 3000, Version: 7, State: []byte(strings.Repeat("state", 1000))}
	if err := source.PutSnapshot(t.Context(), snapshot); err != nil {
		t.Fatal(err)
	}
	var acknowledged ledger.Position
	ended := make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			first, err := w.Append(t.Context(), time.Unix(1, int64(n)), ledgertest.Entries("while", "moving"))
			if err != nil {
				ended <- err
				return
			}
			acknowledged = first + 1
		}
	}()
	phases := map[string]bool{}
	moved, err := ledger.Move(t.Context(), source, target, ledger.MoveOptions{
		To: "there", Progress: func(p ledger.MoveProgress) { phases[p.Phase] = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ledger.ErrFenced) {
		t.Fatalf("the writer of a ledger that was left ended with %v", err)
	}
	if moved.Chain.Last != acknowledged {
		t.Fatalf("%d were acknowledged, %d moved", acknowledged, moved.Chain.Last)
	}
	for _, phase := range []string{ledger.PhaseComparing, ledger.PhaseCopying, ledger.PhasePausing} {
		if !phases[phase] {
			t.Errorf("nothing was said of %s", phase)
		}
	}
	got, found, err := target.LatestSnapshot(t.Context(), 7)
	if err != nil || !found || string(got.State) != string(snapshot.State) {
		t.Errorf("the snapshot did not come along: %v, %v", found, err)
	}
	t.Logf("%d entries, the last %d while it moved; nothing was acknowledged for %d ms", moved.Chain.Last,
		moved.Chain.Last-9000, moved.PausedMS)
	left(t, source, target, moved)
	if _, err := ledger.Move(t.Context(), source, target, ledger.MoveOptions{}); !errors.Is(err, ledger.ErrMoved) {
		t.Errorf("a second move: %v", err)
	}
	if err := source.TakeBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	ledgertest.Append(t, ledgertest.Lead(t, source, "pod"), "taken back")
}

func TestACopyThatIsNotWholeCannotBeLedAndIsGoneOnWith(t *testing.T) {
	source, target := ledgertest.Open(t, sqliteURL(t)), ledgertest.Open(t, postgresURL(t))
	w := ledgertest.Lead(t, source, "pod")
	fillGroups(t, w, 4000)
	var last ledger.Position
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		copied := 0
		moved, err := ledger.Move(ctx, source, target, ledger.MoveOptions{Progress: func(p ledger.MoveProgress) {
			if p.Phase == ledger.PhaseCopying && p.Done > last {
				last = p.Done
				if copied++; copied == 2 {
					cancel()
				}
			}
		}})
		cancel()
		if err == nil {
			if n < 3 {
				t.Fatalf("it was broken off %d times only", n-1)
			}
			left(t, source, target, moved)
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := target.Lead(t.Context(), ledger.Claim{Holder: "pod", Lease: time.Second}); !errors.Is(err, ledger.ErrUnfinished) {
			t.Fatalf("an unfinished copy is led: %v", err)
		}
		fillGroups(t, w, 10) // the desk goes on
	}
}

func TestRowsThatAreRewrittenDuringAMoveAreRewrittenInTheCopy(t *testing.T) {
	source, target := ledgertest.Open(t, sqliteURL(t)), ledgertest.Open(t, postgresURL(t))
	fillGroups(t, ledgertest.Lead(t, source, "pod"), 2000)
	erased := 0
	moved, err := ledger.Move(t.Context(), source, target, ledger.MoveOptions{Progress: func(p ledger.MoveProgress) {
		if p.Phase == ledger.PhaseCopying && p.Done > 3000 && erased < 2 {
			erased++
			if err := source.RewriteForTest(t.Context(), 301, ledgertest.Entries("", fmt.Sprint("erased ", erased), "")); err != nil {
				t.Error(err)
			}
		}
	}})
	if err != nil || erased != 2 {
		t.Fatal(erased, err)
	}
	groups, err := ledgertest.Read(t.Context(), target, 300, ledger.Limit{Entries: 3})
	if err != nil || string(groups[0].Entries[1]) != "erased 2" {
		t.Fatalf("the copy has %q, %v", groups[0].Entries, err)
	}
	left(t, source, target, moved)
}

func TestAMoveThatCannotLeaveTheLedgerLosesNothingAndComesToItsEndLater(t *testing.T) {
	url := sqliteURL(t)
	source, target := ledgertest.Open(t, url), ledgertest.Open(t, postgresURL(t))
	w := ledgertest.Lead(t, source, "pod")
	fillGroups(t, w, 100)
	ledgertest.SQL(t, url, "create trigger full before insert on ledger_mark begin select raise(abort, 'no room'); end")
	if _, err := ledger.Move(t.Context(), source, target, ledger.MoveOptions{}); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Fatalf("got %v", err)
	}
	ledgertest.Append(t, w, "acknowledged after the copy was whole") // as after a crash in between
	ledgertest.SQL(t, url, "drop trigger full")
	moved, err := ledger.Move(t.Context(), source, target, ledger.MoveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if moved.Chain.Last != 301 {
		t.Fatalf("moved %+v", moved.Chain)
	}
	left(t, source, target, moved)
}

func TestAPauseThatIsTooShortLetsTheDeskGoOn(t *testing.T) {
	source, target := ledgertest.Open(t, sqliteURL(t)), ledgertest.Open(t, postgresURL(t))
	w := ledgertest.Lead(t, source, "pod")
	fillGroups(t, w, 10)
	_, err := ledger.Move(t.Context(), source, target, ledger.MoveOptions{Pause: time.Nanosecond})
	if !errors.Is(err, ledger.ErrMoving) {
		t.Fatalf("got %v", err)
	}
	ledgertest.Append(t, w, "goes on")
}

func TestADatabaseWithAnotherHistoryIsRefused(t *testing.T) {
	source := ledgertest.Open(t, sqliteURL(t))
	fillGroups(t, ledgertest.Lead(t, source, "pod"), 20)
	move := func(t *testing.T, target *ledger.Ledger, words string) {
		t.Helper()
		before := whole(t, target)
		_, err := ledger.Move(t.Context(), source, target, ledger.MoveOptions{})
		var refused *ledger.TargetError
		if !errors.Is(err, ledger.ErrTargetInUse) || !errors.As(err, &refused) || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %q", err, words)
		}
		if after := whole(t, target); after != before {
			t.Errorf("it was changed from %+v to %+v", before, after)
		}
	}
	t.Run("a desk ran on it", func(t *testing.T) {
		url := postgresURL(t)
		target := ledgertest.Open(t, url)
		w := ledgertest.Lead(t, target, "usher-6d5f")
		fillGroups(t, w, 30)
		move(t, target, `led by "usher-6d5f" just now`)
		if err := w.Resign(t.Context()); err != nil {
			t.Fatal(err)
		}
		move(t, target, "a desk ran on it: 90 entries")
	})
	t.Run("the copy of another ledger", func(t *testing.T) {
		other, target := ledgertest.Open(t, sqliteURL(t)), ledgertest.Open(t, postgresURL(t))
		ledgertest.Append(t, ledgertest.Lead(t, other, "pod"), "other")
		if _, err := ledger.Move(t.Context(), other, target, ledger.MoveOptions{}); err != nil {
			t.Fatal(err)
		}
		move(t, target, "the copy of another ledger")
	})
	t.Run("another desk's rows", func(t *testing.T) {
		url := postgresURL(t)
		target := ledgertest.Open(t, url)
		ledgertest.SQL(t, url, `insert into ledger values ('globex', 1, 1, 1, 1, '\x00')`)
		move(t, target, `the history of desk "globex"`)
	})
	t.Run("it is newer", func(t *testing.T) {
		dir, old := t.TempDir(), t.TempDir()
		first := ledgertest.Open(t, "sqlite://"+dir+"/ledger.db")
		w := ledgertest.Lead(t, first, "pod")
		ledgertest.Append(t, w, "one")
		if err := errors.Join(w.Resign(t.Context()), first.Close()); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		first = ledgertest.Open(t, "sqlite://"+dir+"/ledger.db")
		ledgertest.Append(t, ledgertest.Lead(t, first, "pod"), "two")
		target := ledgertest.Open(t, postgresURL(t))
		if _, err := ledger.Move(t.Context(), first, target, ledger.MoveOptions{}); err != nil {
			t.Fatal(err)
		}
		source = ledgertest.Open(t, "sqlite://"+old+"/ledger.db")
		move(t, target, "it is newer: 2 entries, the ledger has 1")
	})
	t.Run("another row in the copy", func(t *testing.T) {
		url := postgresURL(t)
		target := ledgertest.Open(t, url)
		source = ledgertest.Open(t, sqliteURL(t))
		fillGroups(t, ledgertest.Lead(t, source, "pod"), 20)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := ledger.Move(ctx, source, target, ledger.MoveOptions{Pause: time.Minute, Progress: func(p ledger.MoveProgress) {
			if p.Phase == ledger.PhasePausing && p.Done == 60 {
				cancel()
			}
		}})
		if err == nil {
			t.Fatal("it came to its end")
		}
		ledgertest.SQL(t, url, "update ledger set at = at + 1 where first_seq = 4")
		_, err = ledger.Move(t.Context(), source, target, ledger.MoveOptions{})
		if !errors.Is(err, ledger.ErrTargetInUse) && !errors.Is(err, ledger.ErrCorrupt) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("only from SQLite to PostgreSQL", func(t *testing.T) {
		if _, err := ledger.Move(t.Context(), ledgertest.Open(t, postgresURL(t)), source, ledger.MoveOptions{}); err == nil {
			t.Error("moved the other way")
		}
	})
}

// moverURL in the environment makes a process of the tests into one that appends and moves until it is killed.
const moverURL = "USHER_LEDGER_MOVER"

func moverChild() {
	source, target, found := strings.Cut(os.Getenv(moverURL), " ")
	if !found {
		return
	}
	if err := moveInChild(context.Background(), source, target); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func moveInChild(ctx context.Context, source, target string) error {
	s, err := ledger.Open(ctx, ledger.Options{URL: source, Desk: ledgertest.Desk})
	if err != nil {
		return err
	}
	t, err := ledger.Open(ctx, ledger.Options{URL: target, Desk: ledgertest.Desk})
	if err != nil {
		return err
	}
	w, err := s.Lead(ctx, ledger.Claim{Holder: "child", Lease: time.Second})
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(format string, a ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format+"\n", a...)
	}
	go func() {
		for {
			first, err := w.Append(ctx, time.Unix(1, 1), ledgertest.Entries("said"))
			if err != nil {
				return
			}
			say("ack %d", first)
		}
	}()
	moved, err := ledger.Move(ctx, s, t, ledger.MoveOptions{Progress: func(p ledger.MoveProgress) { say("at %s %d", p.Phase, p.Done) }})
	if err != nil {
		return err
	}
	b, err := json.Marshal(moved)
	if err != nil {
		return err
	}
	say("moved %s", b)
	return nil
}

func TestAKilledMoveLosesNothingThatWasAcknowledged(t *testing.T) {
	from, to := sqliteURL(t), postgresURL(t)
	source := ledgertest.Open(t, from)
	w := ledgertest.Lead(t, source, "pod")
	fillGroups(t, w, 2500)
	acknowledged := w.Next() - 1
	if err := errors.Join(w.Resign(t.Context()), source.Close()); err != nil {
		t.Fatal(err)
	}
	var moved ledger.Moved
	kills := 0
	for n := 1; moved.Chain.Last == 0; n++ {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), moverURL+"="+from+" "+to)
		child.Stderr = t.Output()
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		steps, killed := 0, false
		for lines := bufio.NewScanner(out); lines.Scan(); { // also what it had still said when it was killed
			line := lines.Text()
			if text, ok := strings.CutPrefix(line, "moved "); ok {
				if err := json.Unmarshal([]byte(text), &moved); err != nil {
					t.Fatal(err)
				}
			} else if _, err := fmt.Sscanf(line, "ack %d", &acknowledged); err != nil {
				// Each time a step later, and in the last ones some time after the pause has begun. A slow machine
				// has more steps each time: from the 30th time on it is left alone.
				if steps++; n < 30 && steps == n || n > 14 && strings.HasPrefix(line, "at pausing") && n < 24 {
					if n > 14 {
						time.Sleep(time.Duration(n-14) * time.Millisecond) // not to wait for something: to kill later
					}
					killed = true
					if err := child.Process.Signal(syscall.SIGKILL); err != nil && moved.Chain.Last == 0 {
						t.Fatal(err)
					}
				}
			}
		}
		err = child.Wait()
		if killed {
			kills++
		} else if err != nil {
			t.Fatal(err)
		}
		// Killed after the ledger was left, before it could say so.
		again := ledgertest.Open(t, from)
		var gone *ledger.MovedError
		if err := again.Moved(t.Context()); errors.As(err, &gone) {
			moved = gone.Moved
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if n > 60 {
			t.Fatal("it does not come to its end")
		}
	}
	if moved.Chain.Last < acknowledged || kills < 5 {
		t.Fatalf("%d kills: %d acknowledged, %d moved", kills, acknowledged, moved.Chain.Last)
	}
	t.Logf("%d kills: %d acknowledged, all of them moved", kills, acknowledged)
	left(t, ledgertest.Open(t, from), ledgertest.Open(t, to), moved)
}
