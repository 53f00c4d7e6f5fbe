package ledger_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
)

// As docs/operations.md says: pg_dump of the desk's schema while it is led, pg_restore into an empty database.
func TestADumpOfADesksSchemaRestoresToTheSameLog(t *testing.T) {
	from, to := postgresURL(t), postgresURL(t)
	l := ledgertest.Open(t, from)
	w := ledgertest.Lead(t, l, "pod")
	fillGroups(t, w, 500)
	stopped, stop := make(chan error, 1), make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if _, err := w.Append(t.Context(), time.Unix(1, 1), ledgertest.Entries("while it is dumped")); err != nil {
				stopped <- err
				return
			}
		}
	}()
	file := filepath.Join(t.TempDir(), "acme.dump")
	for _, command := range [][]string{
		{"pg_dump", "--format=custom", "--schema=" + ledger.Schema(ledgertest.Desk), "--file=" + file, from},
		{"pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname=" + to, file},
	} {
		if out, err := exec.CommandContext(t.Context(), server.Program(command[0]), command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command[0], err, out)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	restored := ledgertest.Open(t, to)
	got := whole(t, restored)
	var want ledger.Chain
	for row, err := range l.Rows(t.Context(), 0, got.Last) {
		if err != nil {
			t.Fatal(err)
		}
		if err := want.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	if got.Last < 1500 || got != want {
		t.Fatalf("restored %+v, want %+v", got, want)
	}
	if next := ledgertest.Lead(t, restored, "pod"); next.Next() != got.Last+1 {
		t.Errorf("it goes on at %d after %d", next.Next(), got.Last)
	}
	t.Logf("%d entries", got.Last)
}
