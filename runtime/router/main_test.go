package router_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/runtest"
)

// server is set once in TestMain, before any test runs.
var server *pgtest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = pgtest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// clock is the machine's, moved.
type clock struct{ by atomic.Int64 }

func (c *clock) now() time.Time         { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *clock) move(by time.Duration)  { c.by.Add(int64(by)) }
func sqliteURL(directory string) string { return "sqlite://" + directory + "/ledger.db" }

func openLedger(t *testing.T, url string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// lead takes the lead; the router does not run yet.
func lead(t *testing.T, o router.Options) *router.Router {
	t.Helper()
	if o.Holder == "" {
		o.Holder = "usher-0"
	}
	if o.Gateway == "" {
		o.Gateway = o.Holder + "/" + t.Name()
	}
	r, err := router.Lead(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// running is a router that runs.
type running struct {
	*router.Router
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error
}

func start(t *testing.T, r *router.Router) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a := &running{r, t, cancel, make(chan error, 1)}
	go func() { a.ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-a.ended:
		case <-time.After(time.Minute):
			t.Error("the router did not end")
		}
	})
	return a
}

// end waits for the router's end.
func (a *running) end() error {
	a.t.Helper()
	select {
	case err := <-a.ended:
		a.ended <- err
		return err
	case <-time.After(time.Minute):
		a.t.Fatal("the router did not end within a minute")
		return nil
	}
}

// stop ends the router as a pod's end does.
func (a *running) stop() {
	a.t.Helper()
	a.cancel()
	if err := a.end(); err != nil {
		a.t.Fatalf("the router ended with %v", err)
	}
}

// do is a command that must be accepted.
func (a *running) do(c desk.Command) router.Result {
	a.t.Helper()
	result, err := a.Do(within(a.t), c)
	if err != nil {
		a.t.Fatalf("%T: %v", c, err)
	}
	return result
}

// try is a command that may be refused.
func (a *running) try(c desk.Command) error {
	a.t.Helper()
	_, err := a.Do(within(a.t), c)
	if errors.Is(err, context.DeadlineExceeded) {
		a.t.Fatalf("%T was not answered", c)
	}
	return err
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func settingsOf() desk.Command { return desk.ApplySettings{Settings: runtest.Sample()} }

func origin(session string, cid uint64) desk.Origin {
	return desk.Origin{Principal: desk.CustomerPrincipal(session), Client: "tab-" + session, CID: cid}
}

func join(session string) desk.Join {
	return desk.Join{Origin: origin(session, 1), Session: session, Channel: "web", Name: session}
}

func say(session string, cid uint64, text string) desk.Say {
	return desk.Say{Origin: origin(session, cid), Text: text}
}

// records reads a ledger from its beginning.
func records(t *testing.T, l *ledger.Ledger) []desk.Record {
	t.Helper()
	var list []desk.Record
	for record, err := range router.Records(t.Context(), l, 0) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, record)
	}
	return list
}

// said are the texts of a ledger's messages, with how often each stands there.
func said(list []desk.Record) (texts []string, times map[string]int) {
	times = map[string]int{}
	for _, record := range list {
		if m, ok := record.Event.(desk.MessageSent); ok {
			texts = append(texts, m.Text)
			times[m.Text]++
		}
	}
	return texts, times
}
