package archive_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	"usher.chat/runtime/protocol"
)

// Messages of a conversation share rows: whatever part of them is asked for is the same as of one row each.
func TestMessagesAreReadAcrossTheRowsThatTheyShare(t *testing.T) {
	const count = 500
	w := chat(t, 3, count, 20)
	last := uint64(len(w.log))
	path := filepath.Join(t.TempDir(), "archive.db")
	a := open(t, path)
	run(t, a, w.read)
	wait(t, a, last)
	id := "c2"
	all, err := a.Messages(t.Context(), id, 0, 0, count)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < count/3 || !slices.IsSortedFunc(all, func(a, b protocol.Message) int { return int(a.Seq) - int(b.Seq) }) {
		t.Fatalf("%d messages, or not in order", len(all))
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows int
	if err := db.QueryRow("select count(*) from said").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if rows < count/64 || rows > count/8 {
		t.Errorf("%d messages are in %d rows", count, rows)
	}
	for after := range uint64(40) {
		for _, before := range []uint64{0, last / 3, last / 2, last - after} {
			for _, limit := range []int{0, 1, 7, 64, 65, 130, count} {
				var want []protocol.Message
				for _, m := range all {
					if m.Seq > after*7 && (before == 0 || m.Seq < before) {
						want = append(want, m)
					}
				}
				want = want[max(0, len(want)-limit):]
				got, err := a.Messages(t.Context(), id, after*7, before, limit)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("after %d before %d, at most %d: %d messages, want %d", after*7, before, limit, len(got), len(want))
				}
			}
		}
	}
}
