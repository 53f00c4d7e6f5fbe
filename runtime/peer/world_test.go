package peer_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/peer"
)

// authority is the desk's own.
func authority(t *testing.T, desk string) *controltest.CA {
	t.Helper()
	ca, err := controltest.NewCA(desk, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// put writes a certificate into a directory of its own.
func put(t *testing.T, pair controltest.Pair, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := pair.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// world is a leader's server that listens.
type world struct {
	*peer.Server
	address string
	tls     string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pair, err := authority(t, "acme").Peer(peer.Name("acme"))
	return listen(t, put(t, pair, err))
}

func listen(t *testing.T, tls string) *world {
	t.Helper()
	s, err := peer.NewServer(peer.ServerOptions{Desk: "acme", TLS: tls, Gateway: "leader/1"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &world{s, l.Addr().String(), tls}
}

// begin starts a term that answers every command with its own bytes.
func (w *world) begin(last uint64) *peer.Term {
	return w.Begin(peer.TermOptions{Epoch: 7, Last: last, Do: echo})
}

func echo(_ string, body []byte, done func(peer.Answer)) {
	done(peer.Answer{Conversation: string(body)})
}

func (w *world) options(gateway string, after uint64) peer.JoinOptions {
	return peer.JoinOptions{Address: w.address, Desk: "acme", TLS: w.tls, Gateway: gateway, After: after}
}

func (w *world) join(t *testing.T, gateway string, after uint64) *peer.Stream {
	t.Helper()
	s, err := peer.Join(t.Context(), w.options(gateway, after))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// heard is all that a pod was told.
type heard struct {
	mu      sync.Mutex
	next    uint64
	entries int
	answers map[uint64]string
	marks   int
	moved   *peer.Moved
	err     error
	changed chan struct{}
}

// hear reads a stream to its end.
func hear(s *peer.Stream, after uint64) *heard {
	h := &heard{next: after + 1, answers: map[uint64]string{}, changed: make(chan struct{})}
	go func() {
		for {
			f, err := s.Next()
			h.mu.Lock()
			for _, g := range f.Groups {
				if g.First != h.next && h.entries > 0 {
					h.err = errHole
				}
				h.next = g.First + uint64(len(g.Entries))
				h.entries += len(g.Entries)
			}
			for _, a := range f.Answers {
				h.answers[a.ID] = a.Conversation
			}
			h.marks += len(f.Marks)
			if f.Moved != nil {
				h.moved = f.Moved
			}
			if err != nil && h.err == nil {
				h.err = err
			}
			close(h.changed)
			h.changed = make(chan struct{})
			h.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return h
}

// until waits for something that was heard.
func (h *heard) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		h.mu.Lock()
		ok, changed, err := holds(), h.changed, h.err
		h.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%s: not within 30 s (%d entries, next %d, %v)", what, h.entries, h.next, err)
		}
	}
}
