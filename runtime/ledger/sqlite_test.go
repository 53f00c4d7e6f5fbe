package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
)

func TestASecondProcessCannotOpenTheFile(t *testing.T) {
	url := sqliteURL(t)
	first := ledgertest.Open(t, url)
	// The lock is of the open file, not of the process: a second one here meets it as another process would.
	_, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: "acme"})
	if !errors.Is(err, ledger.ErrLocked) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v, want ErrLocked with the number of the process", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	ledgertest.Open(t, url)
}

func TestOnlyTheOwnerReadsTheFile(t *testing.T) {
	url := sqliteURL(t)
	l := ledgertest.Open(t, url)
	ledgertest.Append(t, ledgertest.Lead(t, l, "a"), "private")
	directory := filepath.Dir(strings.TrimPrefix(url, "sqlite://"))
	files, err := os.ReadDir(directory)
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v, want 0600", file.Name(), info.Mode().Perm(), err)
		}
	}
}

func TestSQLiteTakesTheLeadAtOnce(t *testing.T) {
	l := ledgertest.Open(t, sqliteURL(t))
	ledgertest.Lead(t, l, "a")
	w, err := l.Lead(t.Context(), ledger.Claim{Holder: "b", Lease: time.Hour})
	if err != nil || w.Epoch() != 2 {
		t.Errorf("leading beside a live lease gives %v", err)
	}
}

func TestAURLThatIsNotOneFileIsRefusedWithWords(t *testing.T) {
	for url, words := range map[string]string{
		"":                                `must begin with "sqlite:///" or "postgres://"`,
		"/data/ledger.db":                 "must begin with",
		"mysql://host/db":                 "must begin with",
		"sqlite://ledger.db":              "by its whole path",
		"sqlite://data/ledger.db":         "by its whole path",
		"sqlite:///":                      "by its whole path",
		"sqlite:///data/":                 "by its whole path",
		"sqlite:///data/l.db?mode=memory": "nothing but the path",
		"postgres://u:geheim@host:port/x": "URL",
		"postgres://u:geheim@[::1/x":      "URL",
		"postgres://u:geheim@host/x?sslmode=perhaps": "URL",
	} {
		_, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: "acme"})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q gives %v, want %q in it and no password", url, err, words)
		}
	}
	if _, err := ledger.Open(t.Context(), ledger.Options{URL: sqliteURL(t)}); err == nil {
		t.Error("a ledger without a desk was opened")
	}
}

func TestAPathWithSpecialCharactersIsTakenAsItIs(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "50% of a?b#c d")
	url := "sqlite://" + strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", " ", "%20").Replace(directory) + "/l.db"
	ledgertest.Append(t, ledgertest.Lead(t, ledgertest.Open(t, url), "a"), "one")
	if _, err := os.Stat(filepath.Join(directory, "l.db")); err != nil {
		t.Error(err)
	}
}

func TestADatabaseOfANewerReleaseIsRefused(t *testing.T) {
	url := sqliteURL(t)
	if err := ledgertest.Open(t, url).Close(); err != nil {
		t.Fatal(err)
	}
	ledgertest.SQL(t, url, "insert into ledger_migration (version_id, is_applied) values (99, 1)")
	_, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: "acme"})
	if err == nil || !strings.Contains(err.Error(), "use the newer release") {
		t.Errorf("got %v", err)
	}
}

// A crash of the machine may keep any part of the write-ahead log that was not yet synced. Whatever is kept, what
// opens is a whole log that ends early, never one with a hole or half a group.
func TestAWriteAheadLogCutAnywhereLeavesAWholeLog(t *testing.T) {
	url := sqliteURL(t)
	l := ledgertest.Open(t, url)
	w := ledgertest.Lead(t, l, "a")
	for i := range 30 {
		ledgertest.Append(t, w, "first of group "+strconv.Itoa(i), strings.Repeat("x", i*700))
	}
	path := strings.TrimPrefix(url, "sqlite://")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[ledger.Position]bool{}
	for cut := len(wal); cut > 0; cut -= 4099 {
		copied := filepath.Join(t.TempDir(), "ledger.db")
		if err := errors.Join(os.WriteFile(copied, file, 0o600), os.WriteFile(copied+"-wal", wal[:cut], 0o600)); err != nil {
			t.Fatal(err)
		}
		l, err := ledger.Open(t.Context(), ledger.Options{URL: "sqlite://" + copied, Desk: ledgertest.Desk})
		if err != nil {
			t.Fatal(err)
		}
		groups, err := ledgertest.Read(t.Context(), l, 0, ledger.Limit{})
		last, lastErr := l.Last(t.Context())
		if err != nil || lastErr != nil || last != ledger.Position(2*len(groups)) {
			t.Errorf("cut at %d: %d groups, last position %d, %v, %v", cut, len(groups), last, err, lastErr)
		}
		seen[last] = true
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !seen[60] || len(seen) < 10 {
		t.Errorf("the cuts gave %d different ends, want the whole log and many shorter ones", len(seen))
	}
}

func TestAFullDiskRefusesAppendsUntilThereIsRoom(t *testing.T) {
	withMounts(t, func(t *testing.T) {
		directory := t.TempDir()
		mount(t, directory, "size=2m")
		fillAndFree(t, ledgertest.Open(t, "sqlite://"+directory+"/ledger.db"), filepath.Join(directory, "ballast"))
	})
}

// fillAndFree appends, fills the disk with a file, appends until that is refused, removes the file and appends again
// with the same writer.
func fillAndFree(t *testing.T, l *ledger.Ledger, ballast string) {
	t.Helper()
	w := ledgertest.Lead(t, l, "a")
	ledgertest.Append(t, w, "before")
	fill(t, ballast)
	text := strings.Repeat("x", 60_000)
	for refused := 0; refused < 20; {
		_, err := w.Append(t.Context(), time.Unix(0, 0), ledgertest.Entries(text))
		switch {
		case errors.Is(err, ledger.ErrFull) && !errors.Is(err, ledger.ErrUnknown):
			refused++
		case err != nil:
			t.Fatalf("a full disk gives %v, want ErrFull", err)
		}
	}
	next := w.Next()
	if groups, err := ledgertest.Read(t.Context(), l, 0, ledger.Limit{}); err != nil ||
		ledger.Position(len(groups)) != next-1 {
		t.Errorf("on a full disk %d groups are read, %v, want %d", len(groups), err, next-1)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if first := ledgertest.Append(t, w, "after"); first != next {
		t.Errorf("the first append with room is at %d, want %d", first, next)
	}
	if groups, err := ledgertest.Read(context.WithoutCancel(t.Context()), l, 0, ledger.Limit{}); err != nil ||
		ledger.Position(len(groups)) != next {
		t.Errorf("with room %d groups are read, %v, want %d", len(groups), err, next)
	}
}
