package podstest_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/podstest"
)

func checkedPicks(t *testing.T, ctx context.Context, d *podstest.Desk, want int) {
	t.Helper()
	picked := map[desk.ConversationID]int{}
	for record, err := range router.Records(ctx, d.Ledger, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := record.Event.(desk.Picked); ok {
			picked[e.Conversation]++
		}
	}
	for id, n := range picked {
		if n != 1 {
			t.Errorf("the ledger has %d picks of %s", n, id)
		}
	}
	if len(picked) != want {
		t.Errorf("the ledger has picks of %d conversations, want %d", len(picked), want)
	}
}

func TestADatabaseThatIsKilledAndComesBackLosesNothing(t *testing.T) {
	ctx := within(t)
	own, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
	})
	store, err := own.NewDatabase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d := pods(t, ctx, func(o *podstest.Options) { o.Store = store })
	list := pairs(t, ctx, d, 10)
	stop := load(t, ctx, list)
	pause(ctx, 500*time.Millisecond)
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	pause(ctx, 2*time.Second) // longer than the lease
	if err := own.Restart(); err != nil {
		t.Fatal(err)
	}
	worst, first := recovery(ctx, list, time.Now())
	t.Logf("PostgreSQL is back: first answer after %s, everybody has one after %s", first.Round(time.Millisecond), worst.Round(time.Millisecond))
	stop()
	heard(t, ctx, list)
	checked(t, ctx, d, list)
}

// cutter stands between the pods and the database, and cuts a connection when it has passed on a statement with a
// mark in it: the statement runs, its answer is lost.
type cutter struct {
	server string
	mu     sync.Mutex
	marks  [][]byte
	cut    int
}

func (c *cutter) arm(mark string) {
	c.mu.Lock()
	c.marks = append(c.marks, []byte(mark))
	c.mu.Unlock()
}

func (c *cutter) strikes(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, mark := range c.marks {
		if bytes.Contains(b, mark) {
			c.marks = append(c.marks[:i], c.marks[i+1:]...)
			c.cut++
			return true
		}
	}
	return false
}

func (c *cutter) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	upstream, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer func() { _ = upstream.Close() }()
	over := make(chan struct{}, 2)
	var mute sync.Mutex // held while an answer is passed on
	muted := false
	go func() {
		defer func() { over <- struct{}{} }()
		buffer := make([]byte, 1<<20)
		for {
			n, err := client.Read(buffer)
			if n > 0 {
				struck := c.strikes(buffer[:n])
				if struck {
					mute.Lock()
					muted = true
					mute.Unlock()
				}
				if _, err := upstream.Write(buffer[:n]); err != nil {
					return
				}
				if struck {
					_ = client.Close()
					time.Sleep(50 * time.Millisecond) // the server commits: it must not see the end of the connection before
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		defer func() { over <- struct{}{} }()
		buffer := make([]byte, 1<<20)
		for {
			n, err := upstream.Read(buffer)
			mute.Lock()
			silent := muted
			if n > 0 && !silent {
				_, _ = client.Write(buffer[:n])
			}
			mute.Unlock()
			if err != nil {
				return
			}
		}
	}()
	<-over
	_ = client.Close()
	_ = upstream.Close()
	<-over
}

func TestAConnectionThatIsCutInTheMiddleOfACommitLosesAndDoublesNothing(t *testing.T) {
	ctx := within(t)
	store, err := server.NewDatabase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	c := &cutter{server: server.Address()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	through := strings.Replace(store, server.Address(), listener.Addr().String(), 1)
	d := pods(t, ctx, func(o *podstest.Options) { o.Store = through })
	list := pairs(t, ctx, d, 10)
	for round := range 3 {
		c.arm("customer 3 says " + string(rune('5'+round)))
	}
	stop := load(t, ctx, list)
	pause(ctx, 1500*time.Millisecond)
	stop()
	heard(t, ctx, list)
	checked(t, ctx, d, list)
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%d commits were cut off", c.cut)
	if c.cut == 0 {
		t.Error("no commit was cut off: the test shows nothing")
	}
}

// swallower passes connections on until it is told to swallow what they carry, without closing them: a network that is cut.
type swallower struct {
	mu       sync.Mutex
	swallows bool
	conns    []net.Conn
}

func (s *swallower) serve(listener net.Listener, to string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		upstream, err := net.Dial("tcp", to)
		if err != nil {
			_ = client.Close()
			continue
		}
		s.mu.Lock()
		s.conns = append(s.conns, client, upstream)
		s.mu.Unlock()
		go s.pass(upstream, client)
		go s.pass(client, upstream)
	}
}

func (s *swallower) pass(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		s.mu.Lock()
		swallows := s.swallows
		s.mu.Unlock()
		if swallows {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// swallow cuts the network, and heal mends it: what was swallowed has broken its connections.
func (s *swallower) swallow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swallows = true
}

func (s *swallower) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swallows = false
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

func TestALeaderThatIsCutOffFromTheDatabaseIsReplacedAndFollowsWhenItIsBack(t *testing.T) {
	ctx := within(t)
	store, err := server.NewDatabase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var networks []*swallower
	var through []string
	for range 3 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		s := &swallower{}
		go s.serve(listener, server.Address())
		networks = append(networks, s)
		through = append(through, strings.Replace(store, server.Address(), listener.Addr().String(), 1))
	}
	d := pods(t, ctx, func(o *podstest.Options) {
		o.Store, o.StoreOf = store, func(pod int) string { return through[pod] }
	})
	list := pairs(t, ctx, d, 12)
	stop := load(t, ctx, list)
	pause(ctx, 500*time.Millisecond)
	p := leader(t, ctx, d)
	network := networks[index(d, p)]
	network.swallow()
	since := time.Now()
	next := p
	for next == p && ctx.Err() == nil {
		pause(ctx, 10*time.Millisecond)
		next = leader(t, ctx, d)
	}
	t.Logf("%s was cut off, %s leads after %s", p.Name(), next.Name(), time.Since(since).Round(time.Millisecond))
	// Nothing can be stored there, and whoever routes people is told so.
	for status := 0; status != http.StatusServiceUnavailable && ctx.Err() == nil; {
		pause(ctx, 20*time.Millisecond)
		if status, err = ready(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s is not ready after %s", p.Name(), time.Since(since).Round(time.Millisecond))
	network.heal()
	healed := time.Now()
	worst, _ := recovery(ctx, list, healed)
	t.Logf("the network is mended: everybody has an answer %s later", worst.Round(time.Millisecond))
	stop()
	heard(t, ctx, list)
	checked(t, ctx, d, list)
	for status := 0; status != http.StatusOK && ctx.Err() == nil; {
		pause(ctx, 20*time.Millisecond)
		if status, err = ready(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if !p.Running() {
		t.Error("the process that was cut off has ended")
	}
}

func TestAPodOfAnotherDeskIsNotTakenIn(t *testing.T) {
	ctx := within(t)
	store, err := server.NewDatabase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	acme := pods(t, ctx, func(o *podstest.Options) { o.Store, o.Pods = store, 2 })
	other := sample(20)
	other.Desk.Name = "other"
	second := pods(t, ctx, func(o *podstest.Options) { o.Store, o.Settings, o.Pods = store, other, 2 })
	for _, d := range []*podstest.Desk{acme, second} {
		c, err := d.Customer(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Drop()
		joined, err := c.Insist(ctx, protocol.Command{Type: protocol.TypeJoin})
		if err != nil {
			t.Fatal(err)
		}
		if joined.Conversation != "c1" {
			t.Errorf("the first conversation of the desk is %s: they are not apart", joined.Conversation)
		}
		// A token of one desk opens nothing on the other.
		elsewhere := acme
		if d == acme {
			elsewhere = second
		}
		stolen, err := elsewhere.Customer(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		stolen.Drop()
	}
	stolenAddress(t, ctx, acme, second)
}
