package ledger_test

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"

	"usher.chat/runtime/ledger/ledgertest"
)

// fault is what a proxy does to the connection that carries the marked statement.
type fault int

const (
	none        fault = iota
	loseRequest       // the statement never reaches the server
	loseAnswer        // the statement is executed and its answer is lost
	cutWaiting        // the statement reaches the server, which waits with it; the client is cut off
	holdRequest       // the client is cut off; the statement reaches the server when release is called
)

// proxy stands between a ledger and the server and cuts the connection on a marked statement.
type proxy struct {
	server string
	marker []byte

	mu      sync.Mutex
	fault   fault
	struck  chan struct{} // closed when the fault has struck
	release chan struct{} // closed to let a held statement go on
	decided chan struct{} // closed when the server has answered a held statement
	cancels int           // requests to cancel a statement that passed
}

// newProxy returns a proxy and the URL that leads through it.
func newProxy(t *testing.T, url string) (*proxy, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{server: server.Address(), marker: []byte("marked-statement")}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return p, strings.Replace(url, server.Address(), listener.Addr().String(), 1)
}

// strike arms the proxy for one fault.
func (p *proxy) strike(f fault) (struck, release, decided chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.struck, p.release, p.decided = f, make(chan struct{}), make(chan struct{}), make(chan struct{})
	return p.struck, p.release, p.decided
}

func (p *proxy) take() (f fault, struck, release, decided chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, p.fault = p.fault, none
	return f, p.struck, p.release, p.decided
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	upstream, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer upstream.Close()
	answers := make(chan struct{})
	var lose sync.Once
	lost := make(chan struct{})
	go func() { // the answers
		defer close(answers)
		defer client.Close()
		buffer := make([]byte, 1<<16)
		for {
			n, err := upstream.Read(buffer)
			if err != nil {
				return
			}
			select {
			case <-lost: // executed, and nobody hears of it
				return
			default:
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	p.requests(client, upstream, func() { lose.Do(func() { close(lost) }) }, answers)
}

// requests carries what the client sends and plays the fault on the marked statement.
func (p *proxy) requests(client, upstream net.Conn, lose func(), answers <-chan struct{}) {
	buffer := make([]byte, 1<<16)
	for first := true; ; first = false {
		n, err := client.Read(buffer)
		if err != nil {
			_ = upstream.Close()
			<-answers
			return
		}
		if first && bytes.HasPrefix(buffer[:n], []byte{0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e}) { // CancelRequest
			p.mu.Lock()
			p.cancels++
			p.mu.Unlock()
		}
		if !bytes.Contains(buffer[:n], p.marker) {
			if _, err := upstream.Write(buffer[:n]); err != nil {
				return
			}
			continue
		}
		f, struck, release, decided := p.take()
		switch f {
		case none:
			if _, err := upstream.Write(buffer[:n]); err != nil {
				return
			}
			continue
		case loseRequest:
		case loseAnswer:
			lose()
			_, _ = upstream.Write(buffer[:n])
			<-answers
		case cutWaiting:
			lose()
			_, _ = upstream.Write(buffer[:n])
			_ = client.Close()
			close(struck)
			<-answers
			return
		case holdRequest:
			_ = client.Close()
			close(struck)
			<-release
			lose()
			_, _ = upstream.Write(buffer[:n])
			<-answers // the server has decided
			close(decided)
			return
		}
		close(struck)
		return
	}
}

func (p *proxy) marked(text string) [][]byte {
	return ledgertest.Entries(text, string(p.marker))
}
