package ledger_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
)

const secret = "Kukkamäki-secret"

// told is a ledger with a word in many rows, small and large, and in snapshots of two versions; and the same without it
// beside them, so that pages are shared.
func told(t *testing.T, l *ledger.Ledger) *ledger.Writer {
	t.Helper()
	w := ledgertest.Lead(t, l, "a")
	for i := range 600 {
		text := fmt.Sprintf("entry %d of somebody else", i)
		if i%3 == 0 {
			text = strings.Repeat(secret+" ", 1+i%700)
		}
		ledgertest.Append(t, w, text, "after it")
		if i%200 == 100 {
			err := l.PutSnapshot(t.Context(), ledger.Snapshot{Position: w.Next() - 1, Version: 1 + i/200%2, State: []byte(secret)})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

func erase(t *testing.T, l *ledger.Ledger, w *ledger.Writer) {
	t.Helper()
	last := w.Next() - 1
	if n, err := w.Rewrite(t.Context(), 1, last, ledgertest.Blank(secret)); err != nil || n != 200 {
		t.Fatalf("%d entries changed, %v", n, err)
	}
	if err := l.PutSnapshot(t.Context(), ledger.Snapshot{Position: last, Version: 2, State: []byte("nothing")}); err != nil {
		t.Fatal(err)
	}
	if n, err := l.DropSnapshots(t.Context(), last); err != nil || n == 0 {
		t.Fatalf("%d snapshots dropped, %v", n, err)
	}
	if err := l.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// grep is which files below a directory have a text in their bytes.
func grep(t *testing.T, dir, text string, but ...string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		for _, skip := range but {
			if strings.Contains(path, skip) {
				return nil
			}
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNoByteOfWhatWasRewrittenIsInTheFilesOfSQLite(t *testing.T) {
	dir := t.TempDir()
	l := ledgertest.Open(t, "sqlite://"+dir+"/ledger.db")
	w := told(t, l)
	if found := grep(t, dir, secret); len(found) == 0 {
		t.Fatal("it is in no file before, so that this shows nothing")
	}
	erase(t, l, w)
	if found := grep(t, dir, secret); len(found) > 0 {
		t.Errorf("it is still in %q", found)
	}
}

func TestWhatWasRewrittenIsNotInTheTablesOfPostgreSQLAndAfterVacuumFullNotInItsFiles(t *testing.T) {
	url := postgresURL(t)
	l := ledgertest.Open(t, url)
	w := told(t, l)
	statement := func(text string) {
		t.Helper()
		ledgertest.SQL(t, url, text)
	}
	statement("checkpoint")
	directory := filepath.Join(server.Directory(), "data", "base")
	if found := grep(t, directory, secret); len(found) == 0 {
		t.Fatal("it is in no file before, so that this shows nothing")
	}
	erase(t, l, w)
	rows := ledgertest.SQL(t, url, fmt.Sprintf(`update ledger set count = count where position('%s'::bytea in body) > 0`, secret)) +
		ledgertest.SQL(t, url, fmt.Sprintf(`update ledger_snapshot set version = version where position('%s'::bytea in state) > 0`, secret))
	if rows != 0 {
		t.Errorf("it is still in %d rows", rows)
	}
	statement("checkpoint")
	t.Logf("after VACUUM, the free space of %d files still has it", len(grep(t, directory, secret)))
	schema := pgx.Identifier{ledger.Schema(l.Desk())}.Sanitize()
	statement("vacuum full " + schema + ".ledger")
	statement("vacuum full " + schema + ".ledger_snapshot")
	statement("checkpoint")
	if found := grep(t, directory, secret); len(found) > 0 {
		t.Errorf("after VACUUM FULL it is still in %q", found)
	}
	if err := l.Clean(t.Context()); err != nil {
		t.Error(err)
	}
}
