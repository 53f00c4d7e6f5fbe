package ledger_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"usher.chat/runtime/ledger"
)

// pooler lends the sessions of a server, each to whoever comes, for one transaction or for as long as the client is there.
type pooler struct {
	t       *testing.T
	server  string
	session bool // lent for as long as the client is there
	turns   bool // the one that was idle longest goes first, else the last one
	most    int
	refuses bool // what a session is told at its beginning

	mu    sync.Mutex
	freed *sync.Cond
	idle  []*pgproto3.Frontend
	made  int
	here  map[net.Conn]struct{} // the clients
}

func (p *pooler) clients() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.here)
}

// newPooler returns the URL that leads through it.
func newPooler(t *testing.T, url string, p *pooler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.t, p.server, p.freed, p.here = t, url, sync.NewCond(&p.mu), map[net.Conn]struct{}{}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.here[client] = struct{}{}
			p.mu.Unlock()
			running.Go(func() {
				defer func() {
					_ = client.Close()
					p.mu.Lock()
					delete(p.here, client)
					p.mu.Unlock()
				}()
				if err := p.serve(client); err != nil {
					t.Log(err)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		for client := range p.here {
			_ = client.Close()
		}
		p.mu.Unlock()
		running.Wait()
	})
	return strings.Replace(url, server.Address(), listener.Addr().String(), 1)
}

func (p *pooler) lend() (*pgproto3.Frontend, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) == 0 && p.made == p.most {
		p.freed.Wait()
	}
	if n := len(p.idle); n > 0 {
		at := n - 1
		if p.turns && p.made == p.most {
			at = 0
		}
		one := p.idle[at]
		p.idle = append(p.idle[:at:at], p.idle[at+1:]...)
		return one, nil
	}
	p.made++
	conn, err := pgx.Connect(context.Background(), p.server)
	if err != nil {
		return nil, err
	}
	taken, err := conn.PgConn().Hijack()
	if err != nil {
		return nil, err
	}
	p.t.Cleanup(func() { _ = taken.Conn.Close() })
	return pgproto3.NewFrontend(taken.Conn, taken.Conn), nil
}

func (p *pooler) giveBack(one *pgproto3.Frontend) {
	p.mu.Lock()
	p.idle = append(p.idle, one)
	p.mu.Unlock()
	p.freed.Signal()
}

func (p *pooler) serve(client net.Conn) error {
	in := pgproto3.NewBackend(client, client)
	if _, err := in.ReceiveStartupMessage(); err != nil {
		return err
	}
	in.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{"server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"} {
		in.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	in.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}})
	in.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if err := in.Flush(); err != nil {
		return err
	}
	var out *pgproto3.Frontend
	refused := false
	defer func() {
		if out != nil {
			p.giveBack(out)
		}
	}()
	for {
		message, err := in.Receive()
		if err != nil {
			return nil // the client is gone
		}
		switch message := message.(type) {
		case *pgproto3.Terminate:
			return nil
		case *pgproto3.Parse:
			refused = p.refuses && strings.Contains(message.Query, "set_config")
		case *pgproto3.Sync:
			if refused {
				refused = false
				in.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42501", Message: "not for you"})
				in.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
				if err := in.Flush(); err != nil {
					return err
				}
				continue
			}
		}
		if refused {
			continue
		}
		if out == nil {
			if out, err = p.lend(); err != nil {
				return err
			}
		}
		out.Send(message)
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
		default:
			continue
		}
		if err := out.Flush(); err != nil {
			return err
		}
		for ready := byte(0); ready == 0; {
			answer, err := out.Receive()
			if err != nil {
				return err
			}
			in.Send(answer)
			if is, ok := answer.(*pgproto3.ReadyForQuery); ok {
				ready = is.TxStatus
			}
			if ready == 'I' && !p.session {
				p.giveBack(out)
				out = nil
				break
			}
		}
		if err := in.Flush(); err != nil {
			return err
		}
	}
}

// What a session is told, the desk's schema before all, holds for the session. One that is another's with the next
// transaction would put one desk's log among another's.
func TestAPoolerThatLendsSessionsForATransactionIsRefused(t *testing.T) {
	for name, p := range map[string]*pooler{
		"the session used last":                  {most: 20},
		"sessions in turns":                      {most: 6, turns: true},
		"one session":                            {most: 1},
		"for as long as the client is connected": {most: 20, session: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			through := newPooler(t, postgresURL(t), p)
			l, err := ledger.Open(ctx, ledger.Options{URL: through, Desk: "acme"})
			if err == nil {
				defer func() { _ = l.Close() }()
			}
			switch {
			case p.session && err != nil:
				t.Error(err)
			case p.session:
				w, err := l.Lead(ctx, ledger.Claim{Holder: "pod", Lease: time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Append(ctx, time.Now(), [][]byte{[]byte("one")}); err != nil {
					t.Error(err)
				}
			case !errors.Is(err, ledger.ErrPooled):
				t.Errorf("opened with %v", err)
			case !strings.Contains(err.Error(), "pool_mode"):
				t.Errorf("%v does not say what to do", err)
			}
		})
	}
}

// A desk that cannot be served tries again and again; each time it would hold one more of the server's sessions.
func TestASessionThatCannotBePreparedIsGivenUp(t *testing.T) {
	p := &pooler{session: true, most: 20, refuses: true}
	through := newPooler(t, postgresURL(t), p)
	for range 3 {
		if _, err := ledger.Open(t.Context(), ledger.Options{URL: through, Desk: "acme"}); err == nil || !strings.Contains(err.Error(), "not for you") {
			t.Fatalf("opened with %v", err)
		}
	}
	for late := time.Now().Add(time.Minute); p.clients() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%d connections are left", p.clients())
		}
	}
}
