package archive_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"usher.chat/runtime/archive"
)

// victim in the environment is the file that this process fills until it is killed.
const victim = "USHER_ARCHIVETEST_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		fill(path)
	}
	os.Exit(m.Run())
}

// crashWorld is the same in every process.
func crashWorld(t testing.TB) *world { return wandered(t, 11, 6_000) }

func fill(path string) {
	t := &processTB{}
	w := crashWorld(t)
	a, err := archive.Open(t.Context(), path, archive.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() { _ = a.Run(t.Context(), upTo(w, 1)) }()
	fmt.Println("ready")
	for at := uint64(1); at < w.s.Seq; at += 3 { // many small transactions, for as long as the test lets it
		a.Follow(w.records(at, min(at+3, w.s.Seq)))
		_ = a.Wait(t.Context(), min(at+3, w.s.Seq))
		fmt.Println("committed")
	}
	time.Sleep(time.Hour)
	os.Exit(1)
}

// Whenever the process is killed, the rows in the file are those of its position, and the rest comes from the ledger.
func TestAKillLeavesRowsAndPositionTogether(t *testing.T) {
	w := crashWorld(t)
	want := ""
	stopped := map[string]int{}
	for i := range 8 {
		path := filepath.Join(t.TempDir(), "archive.db")
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), victim+"="+path)
		command.Stderr = os.Stderr
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		// As soon as it is ready, or after some transactions: in the middle of whatever it does by then.
		lines := bufio.NewScanner(out)
		for range 1 + i*200 {
			if !lines.Scan() {
				t.Fatalf("the process said no more: %v", lines.Err())
			}
		}
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait()                            // it was killed
		if err := open(t, path).Close(); err != nil { // makes the file, if it was killed before
			t.Fatal(err)
		}
		at := positionOf(t, path)
		switch at {
		case 0:
			stopped["before the first"]++
		case w.s.Seq:
			stopped["after the last"]++
		default:
			stopped["in the middle"]++
			alike(t, dump(t, path), dump(t, rebuilt(t, upTo(w, at), at)))
		}
		a := open(t, path)
		stop := run(t, a, w.read)
		wait(t, a, w.s.Seq)
		stop()
		if s := a.Status(); s.Rebuilds != 0 {
			t.Errorf("killed at %d the file was replaced", at)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = dump(t, rebuilt(t, w.read, w.s.Seq))
		}
		alike(t, dump(t, path), want)
	}
	t.Logf("killed %v", stopped)
	if stopped["in the middle"] == 0 {
		t.Error("no kill came in the middle")
	}
}
