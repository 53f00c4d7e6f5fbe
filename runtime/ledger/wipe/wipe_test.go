package wipe_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"usher.chat/runtime/ledger/wipe"
)

const secret = "Kukkamäki"

// TestWhatSplitPagesLeaveBehindIsCleared: rows that were moved when a page was split, and then rewritten and deleted.
func TestWhatSplitPagesLeaveBehindIsCleared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(WAL)&_pragma=secure_delete(ON)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("create table a (k integer primary key, v text) without rowid")
	exec("create table b (k integer primary key, v text)")
	exec("create index b_v on b (v)")
	for i := range 4000 {
		text := fmt.Sprint("kept ", i)
		if i%5 == 0 {
			text = strings.Repeat(secret+" ", 1+i%40)
		}
		exec("insert into a values (?, ?)", i*7919%4001, text)
		exec("insert into b values (?, ?)", i*7919%4001, text)
	}
	exec("update a set v = '' where v like ?", secret+"%")
	exec("delete from b where v like ?", secret+"%")
	exec("pragma wal_checkpoint(truncate)")
	if n := count(t, path); n == 0 {
		t.Fatal("SQLite left nothing behind, so that this shows nothing")
	}
	before := all(t, db)
	write := func(f func(*sql.Conn) error) error {
		c, err := db.Conn(context.Background())
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		return f(c)
	}
	wiped, err := wipe.Pages(t.Context(), db, write)
	if err != nil || wiped == 0 {
		t.Fatalf("%d pages, %v", wiped, err)
	}
	exec("pragma wal_checkpoint(truncate)")
	if n := count(t, path); n > 0 {
		t.Errorf("it is there %d times", n)
	}
	if again, err := wipe.Pages(t.Context(), db, write); err != nil || again != 0 {
		t.Errorf("a second time %d pages, %v", again, err)
	}
	var sound string
	if err := db.QueryRow("pragma integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the file is %q, %v", sound, err)
	}
	if after := all(t, db); after != before {
		t.Error("the rows are others")
	}
}

func count(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte(secret))
}

func all(t *testing.T, db *sql.DB) (text string) {
	t.Helper()
	err := db.QueryRow(`select (select group_concat(k || v) from (select * from a order by k)) ||
		(select group_concat(k || v) from (select * from b order by v, k))`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func FuzzClear(f *testing.F) {
	f.Add([]byte{0x0d, 0, 0, 0, 1, 0, 14, 0, 0, 12, 9, 9, 9, 9, 1, 1}, false)
	f.Fuzz(func(t *testing.T, page []byte, first bool) {
		before := bytes.Clone(page)
		wipe.Clear(page, first)
		if wipe.Clear(page, first) {
			t.Errorf("%x is cleared twice", before)
		}
	})
}
