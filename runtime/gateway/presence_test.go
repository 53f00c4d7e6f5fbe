package gateway

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
)

func applying(s settings.Settings) desk.Command { return desk.ApplySettings{Settings: s} }

// unwilling refuses two of three commands for the moment, as a router does on a full disk.
type unwilling struct {
	Router
	asked, refused atomic.Int64
}

func (u *unwilling) Submit(c desk.Command, done func(router.Result, error)) {
	if u.asked.Add(1)%3 != 0 {
		u.refused.Add(1)
		done(router.Result{}, router.ErrUnavailable)
		return
	}
	u.Router.Submit(c, done)
}

func (p *pod) in(s *socket) {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	p.hub.enter(s)
}

func TestComingAndGoingQuicklyEndsInAgreementAlsoWhenCommandsAreRefused(t *testing.T) {
	var u *unwilling
	p := newPod(t, time.Now, func(r Router) Router { u = &unwilling{Router: r}; return u })
	p.hub.presence.retries = time.Millisecond
	conn := someConn(t)
	p.do(t, desk.Join{Origin: desk.Origin{Principal: desk.CustomerPrincipal("maria"), Client: "tab", CID: 1}, Session: "maria", Channel: "web"})
	here := func(s *desk.State) bool { return slices.Contains(s.Customers["maria"].Gateways, "pod/1") }
	for round := range 20 {
		var last *socket
		for range 50 {
			if last != nil {
				p.hub.leave(last)
			}
			last = held(conn, &socket{session: "maria", channel: "web", principal: desk.CustomerPrincipal("maria")})
			p.in(last)
		}
		second := held(conn, &socket{session: "maria", channel: "web", principal: desk.CustomerPrincipal("maria")})
		p.in(second)
		p.hub.leave(last)
		p.until(t, "the customer is here while one tab is", here)
		p.hub.leave(second)
		p.until(t, "the customer is gone with the last tab", func(s *desk.State) bool { return !here(s) })
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if u.refused.Load() == 0 {
		t.Error("no command was refused: the test shows nothing")
	}
	t.Logf("%d commands, %d refused", u.asked.Load(), u.refused.Load())
}

func TestSomebodyWhoNeverJoinedIsNobodysBusiness(t *testing.T) {
	p := newPod(t, time.Now, nil)
	conn := someConn(t)
	visitor := held(conn, &socket{session: "visitor", channel: "web", principal: desk.CustomerPrincipal("visitor")})
	p.in(visitor)
	before := uint64(0)
	p.Read(func(s *desk.State) { before = s.Seq })
	// The visitor joins while connected: now it is known, and that it is here with it.
	p.do(t, desk.Join{Origin: desk.Origin{Principal: visitor.principal, Client: "tab", CID: 1}, Session: "visitor", Channel: "web"})
	p.until(t, "who joins is here", func(s *desk.State) bool { return s.Customers["visitor"].Online() })
	p.Read(func(s *desk.State) {
		if s.Seq != before+2 {
			t.Errorf("%d records for a join and a presence", s.Seq-before)
		}
	})
	p.hub.leave(visitor)
	p.until(t, "and goes", func(s *desk.State) bool { return !s.Customers["visitor"].Online() })
}

func TestASocketThatIsGoneBeforeItsSnapshotDoesNotStay(t *testing.T) {
	p := newPod(t, time.Now, nil)
	gone := held(someConn(t), &socket{agent: "ana", session: "signed-in", principal: desk.AgentPrincipal("ana"), client: "agents-tab"})
	gone.drop()
	p.hub.leave(gone) // its end comes first, its snapshot is made after it
	if err := p.hydrate(t.Context(), gone, nil); err != nil {
		t.Fatal(err)
	}
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	if n := len(p.hub.sockets); n != 0 || p.hub.connected(gone.principal) {
		t.Errorf("%d sockets are there after the only one has gone: the agent would be online for ever", n)
	}
}

func TestTheGatewayEndsWhileAnAnswerWaitsForItsRecord(t *testing.T) {
	w := newTale(t)
	g := New(Options{State: desk.New().Follow(), Clock: time.Now})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { g.Run(ctx); close(ended) }()
	// The router has answered with this sequence, and the hub gets no turn any more to apply it.
	g.hub.presence.look(desk.CustomerPrincipal("maria"), w.s.Seq)
	waited := make(chan struct{})
	go func() { g.Wait(w.s.Seq); close(waited) }()
	cancel()
	for what, done := range map[string]chan struct{}{"the gateway": ended, "a request": waited} {
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatalf("%s still waits for a record a minute after the end", what)
		}
	}
	// And the router is not held up by a gateway that has ended.
	followed := make(chan struct{})
	go func() {
		for range 2 * cap(g.hub.feed) {
			g.Follow([]desk.Record{{Seq: 1, At: 1, Event: desk.RouterStarted{Epoch: 1}}})
		}
		close(followed)
	}()
	select {
	case <-followed:
	case <-time.After(time.Minute):
		t.Fatal("the router is held up by a gateway that has ended")
	}
}
