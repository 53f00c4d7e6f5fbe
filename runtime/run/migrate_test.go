package run_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/run"
)

// migrate runs `usher migrate`.
func migrate(t *testing.T, args ...string) (said string, err error) {
	t.Helper()
	c := run.Migrate()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	err = c.ExecuteContext(t.Context())
	return out.String(), err
}

// wrote is a directory in which a runtime of a desk has written two entries.
func wrote(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	l, err := ledger.Open(t.Context(), ledger.Options{URL: "sqlite://" + filepath.Join(dir, "ledger.db"), Desk: name})
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Lead(t.Context(), ledger.Claim{Holder: "usher-0", Lease: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(t.Context(), time.Now(), [][]byte{[]byte("one"), []byte("two")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Resign(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMigrateMovesWhatThereIsAndSaysWhenThereIsNothing(t *testing.T) {
	server, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	database, err := server.NewDatabase(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	dir := wrote(t, "acme")

	// A desk that is not in the file, and a file that is not there, are not moved as if they were empty.
	if said, err := migrate(t, "--data", dir, "--desk", "other", "--store", database); err == nil || !strings.Contains(err.Error(), `"other"`) || !strings.Contains(err.Error(), "--desk") {
		t.Errorf("another desk: %v, %s", err, said)
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for _, args := range [][]string{{"--store", database}, {"--take-back"}} {
		if said, err := migrate(t, append(args, "--data", nowhere, "--desk", "acme")...); err == nil || !strings.Contains(err.Error(), nowhere) || !strings.Contains(err.Error(), "--data") {
			t.Errorf("no file, %v: %v, %s", args, err, said)
		}
		if _, err := os.Stat(nowhere); !os.IsNotExist(err) {
			t.Errorf("something was made in %s: %v", nowhere, err)
		}
	}

	said, err := migrate(t, "--data", dir, "--desk", "acme", "--store", database)
	if err != nil || !strings.Contains(said, "2 entries in 1 groups") {
		t.Fatalf("%v, %s", err, said)
	}
	if again, err := migrate(t, "--data", dir, "--desk", "acme", "--store", database); err != nil || !strings.Contains(again, "2 entries in 1 groups") {
		t.Errorf("once more: %v, %s", err, again)
	}
	l, err := ledger.Open(t.Context(), ledger.Options{URL: database, Desk: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if last, err := l.Last(t.Context()); err != nil || last != 2 {
		t.Errorf("PostgreSQL has %d entries, %v", last, err)
	}
	if said, err := migrate(t, "--data", dir, "--desk", "acme", "--take-back"); err != nil {
		t.Errorf("taken back: %v, %s", err, said)
	}
}
