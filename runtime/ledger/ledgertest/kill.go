package ledgertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
)

// childURL in the environment makes a process of the tests into one that appends until it is killed.
const childURL = "USHER_LEDGERTEST_CHILD"

// killings of one run of the suite.
const killings = 12

// Child appends until it is killed, when the process was started for that; else it returns at once. Call it first in
// TestMain.
func Child() {
	url := os.Getenv(childURL)
	if url == "" {
		return
	}
	err := appendForEver(context.Background(), url)
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func appendForEver(ctx context.Context, url string) error {
	l, err := ledger.Open(ctx, ledger.Options{URL: url, Desk: Desk})
	if err != nil {
		return err
	}
	w, err := l.Lead(ctx, ledger.Claim{Holder: "child", Lease: lease})
	if err != nil {
		return err
	}
	for {
		next := w.Next()
		group := make([][]byte, 1+next%17)
		for i := range group {
			group[i] = killedEntry(next + ledger.Position(i))
		}
		if _, err := w.Append(ctx, at(), group); err != nil {
			return err
		}
		// The acknowledgement: from here on it must be there.
		if _, err := fmt.Printf("%d\n", w.Next()-1); err != nil {
			return err
		}
	}
}

// killedEntry is the entry at a position, of a few bytes up to 20 KiB.
func killedEntry(position ledger.Position) []byte {
	return []byte(fmt.Sprintf("%d:", position) + strings.Repeat("x", int(position*7919%20011)))
}

func testKilled(t *testing.T, url string) {
	var acknowledged ledger.Position
	for killing := range killings {
		acknowledged = max(acknowledged, killChild(t, url, 1+killing*9))
		l := Open(t, url)
		last := checkKilled(t, l)
		if last < acknowledged {
			t.Fatalf("after killing %d the log ends at %d, but %d was acknowledged", killing, last, acknowledged)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d killings, %d entries acknowledged", killings, acknowledged)
}

// killChild starts a process that appends, kills it after so many acknowledgements in the middle of whatever it does,
// and returns the last position that it acknowledged.
func killChild(t *testing.T, url string, after int) (acknowledged ledger.Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childURL+"="+url)
	child.Stderr = t.Output()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines, acks := bufio.NewScanner(out), 0
	for lines.Scan() { // also what it had still said when it was killed
		if _, err := fmt.Sscan(lines.Text(), &acknowledged); err != nil {
			t.Fatalf("the child said %q: %v", lines.Text(), err)
		}
		if acks++; acks == after {
			if err := child.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || acks < after {
		t.Fatalf("the child ended with %v after %d acknowledgements, want it killed after %d", err, acks, after)
	}
	return acknowledged
}

// checkKilled reads the whole log, compares each entry and returns the last position.
func checkKilled(t *testing.T, l *ledger.Ledger) (last ledger.Position) {
	t.Helper()
	for _, group := range read(t, l, 0, ledger.Limit{}) {
		for i, entry := range group.Entries {
			position := group.First + ledger.Position(i)
			if string(entry) != string(killedEntry(position)) {
				t.Fatalf("the entry at %d is not what was written", position)
			}
		}
		last = group.Last()
	}
	return last
}
