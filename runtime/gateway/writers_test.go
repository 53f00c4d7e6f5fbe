package gateway

import (
	"strings"
	"testing"
)

func writersOf(list ...*socket) *writers {
	w := newWriters()
	w.most = 1
	for _, s := range list {
		s.writers = w
	}
	return w
}

func TestAClientThatDoesNotReadHoldsUpNobodyWhomTheSameGoroutineWrites(t *testing.T) {
	slow, reader, read := ends(t)
	other, client, start := ends(t)
	start()
	writersOf(slow, other)
	large := strings.Repeat("x", 32<<20)
	slow.queue(frame{bytes: []byte(large), snapshot: true})
	slow.queue(frame{bytes: []byte("behind it")})
	other.queue(frame{bytes: []byte("hello")})
	if got := client.next(t); got != "hello" {
		t.Errorf("told %q", got)
	}
	read()
	if got := reader.next(t); got != large {
		t.Errorf("told %d bytes", len(got))
	}
	if got := reader.next(t); got != "behind it" {
		t.Errorf("told %q behind it", got)
	}
}

func TestWritersEndWhenThereIsNothingToWriteAndComeAgain(t *testing.T) {
	s, client, start := ends(t)
	start()
	w := writersOf(s)
	idle := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.running == 0 && len(w.list) == 0
	}
	for i := range 100 {
		s.queue(frame{bytes: []byte(name(i))})
		if got := client.next(t); got != name(i) {
			t.Fatalf("told %q, want %q", got, name(i))
		}
		until(t, idle)
	}
}
