package archive_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/disktest"
)

func TestAFullDiskStallsTheArchiveAndNobodyElse(t *testing.T) {
	disktest.With(t, "3m", func(t *testing.T, dir string) {
		w := chat(t, 10, 6000, 1000) // 6 MB
		last := uint64(len(w.log))
		path := filepath.Join(dir, "archive.db")
		a := open(t, path)
		stop := run(t, a, upTo(w, 100))
		wait(t, a, 100)
		disktest.Stuff(t, filepath.Join(dir, "ballast"))
		var worst time.Duration
		for from := uint64(100); from < last/2; from += 100 {
			began := time.Now()
			a.Follow(w.records(from, min(from+100, last/2)))
			worst = max(worst, time.Since(began))
		}
		var stalled *archive.StalledError
		if err := a.Wait(t.Context(), last/2); !errors.As(err, &stalled) {
			t.Fatalf("waiting on a full disk gives %v", err)
		}
		t.Logf("%v; the longest Follow took %v", stalled, worst)
		// What is there can be read meanwhile.
		if _, err := a.Log(t.Context(), "support", 0, 10); err != nil {
			t.Errorf("reading on a full disk gives %v", err)
		}
		stop()
		at := a.Position() // until then it still tries, and a smaller transaction may find room
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		alike(t, dump(t, path), dump(t, rebuilt(t, upTo(w, at), at)))

		// Started again while the disk is still full; then there is room.
		a = open(t, path)
		run(t, a, w.read)
		if err := a.Wait(t.Context(), last); !errors.As(err, &stalled) {
			t.Fatalf("waiting on a full disk gives %v", err)
		}
		if err := syscall.Mount("usher-test", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
			t.Fatal(err)
		}
		throughStalls(t, a, last)
		if s := a.Status(); s.Stalled != nil || s.Rebuilds != 0 {
			t.Errorf("status %+v with room again", s)
		}
		got, err := a.Messages(t.Context(), "c1", 0, 0, 1<<20)
		if err != nil || len(got) != 600 {
			t.Errorf("%d messages, %v", len(got), err)
		}
	})
}

func TestADiskThatIsFullAtTheStartStopsNoDesk(t *testing.T) {
	disktest.With(t, "64k", func(t *testing.T, dir string) {
		w := newWorld(t)
		w.join("s1", "web", "hello")
		disktest.Stuff(t, filepath.Join(dir, "ballast"))
		a := open(t, filepath.Join(dir, "archive.db"))
		run(t, a, w.read)
		a.Follow([]desk.Record{w.log[len(w.log)-1]})
		var stalled *archive.StalledError
		if err := a.Wait(t.Context(), w.s.Seq); !errors.As(err, &stalled) {
			t.Fatalf("got %v", err)
		}
		if _, err := a.Log(t.Context(), "support", 0, 1); !errors.As(err, &stalled) {
			t.Fatalf("reading gives %v", err)
		}
		if err := syscall.Mount("usher-test", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
			t.Fatal(err)
		}
		throughStalls(t, a, w.s.Seq)
		if s := a.Status(); s.Stalled != nil {
			t.Errorf("status %+v with room again", s)
		}
	})
}
