package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"encoding/json"

	"github.com/lxzan/gws"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
)

func sample() settings.Settings {
	s := settings.Settings{
		Desk: settings.Desk{Name: "acme", PublicURL: "https://desk.acme.example"},
		Teams: []settings.Team{{Name: "tier1", Generation: 1, Members: []settings.Member{
			{Name: "ana", Role: settings.RoleAdmin}, {Name: "ben"},
		}}},
		Queues: []settings.Queue{{Name: "support", Generation: 1, Teams: []string{"tier1"},
			WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityFixed, Places: 10000}}}},
		Channels: []settings.Channel{{Name: "web", Generation: 1, Type: settings.ChannelWeb, Queue: "support",
			AllowedOrigins: []string{"https://www.acme.example"}}},
	}
	s.Sort()
	return s
}

// someConn is a real connection, for sockets whose frames a test reads from their queue.
func someConn(t testing.TB) *gws.Conn {
	t.Helper()
	made := make(chan *gws.Conn, 1)
	upgrader := gws.NewUpgrader(&gws.BuiltinEventHandler{}, nil)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			t.Error(err)
		}
		made <- conn
	}))
	t.Cleanup(srv.Close)
	client, _, err := gws.NewClient(&gws.BuiltinEventHandler{}, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(srv.URL, "http")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.NetConn().Close() })
	return <-made
}

// held is a socket whose frames stay in its queue, as if its writer were busy.
func held(conn *gws.Conn, s *socket) *socket {
	s.conn, s.writing = conn, true
	return s
}

// taken are the frames that wait in a socket's queue, which is empty afterwards.
func (s *socket) taken() (frames [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.out {
		frames = append(frames, f.text(nil))
	}
	s.out, s.waiting = nil, 0
	return frames
}

// changes are what the updates in a socket's queue tell.
func changes(t *testing.T, s *socket) (list []protocol.Change) {
	t.Helper()
	for _, b := range s.taken() {
		var u protocol.Update
		if err := json.Unmarshal(b, &u); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		list = append(list, u.Changes...)
	}
	return list
}

// tale is a desk whose log is written by the test, with a hub that follows it and a clock that stands.
type tale struct {
	t   testing.TB
	s   *desk.State
	h   *hub
	at  time.Time
	cid uint64
}

func newTale(t testing.TB) *tale {
	w := &tale{t: t, s: desk.New(), at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	w.h = newHub(desk.New().Follow(), func() time.Time { return w.at })
	w.h.presence = newPresence(w.h, nil, "pod")
	w.h.history = func(string, desk.ConversationID, uint64) {}
	w.do(desk.Start{Epoch: 1, Gateways: []string{"pod"}})
	w.do(desk.ApplySettings{Settings: sample()})
	return w
}

// do decides a command, with what is due at once, and lets the hub follow.
func (w *tale) do(c desk.Command) {
	w.t.Helper()
	d, err := desk.Decide(w.s, c, w.at)
	if err != nil {
		w.t.Fatalf("%T: %v", c, err)
	}
	var list []desk.Record
	for i, e := range d.Events {
		r := desk.Record{Seq: w.s.Seq + 1, At: desk.Millis(w.at), Event: e}
		if i == 0 {
			r.Origin = desk.OriginOf(c)
		}
		w.s.Apply(r)
		list = append(list, r)
	}
	w.h.apply(list)
	if at, due := w.s.NextDeadline(); due && at <= desk.Millis(w.at) {
		w.do(desk.Tick{})
	}
}

func (w *tale) origin(session string) desk.Origin {
	w.cid++
	return desk.Origin{Principal: desk.CustomerPrincipal(session), Client: "tab-" + session, CID: w.cid}
}

func (w *tale) join(session string) {
	w.t.Helper()
	w.do(desk.Join{Origin: w.origin(session), Session: session, Channel: "web"})
	w.do(desk.Connect{Principal: desk.CustomerPrincipal(session), Gateway: "pod"})
}

func (w *tale) end(session string) {
	w.t.Helper()
	w.do(desk.End{Origin: w.origin(session)})
}

// pass lets time go on, and the hub tell what it held back.
func (w *tale) pass(d time.Duration) {
	w.at = w.at.Add(d)
	w.h.paced()
}

func (w *tale) enter(s *socket) *socket {
	s.live, s.writing = true, true
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	if s.agent != "" {
		s.queues = w.h.state.Member(s.agent).Queues
	}
	w.h.enter(s)
	s.prev = w.h.state.Seq
	return s
}

func (w *tale) agent(name string) *socket {
	return w.enter(&socket{agent: name, principal: desk.AgentPrincipal(name)})
}

func (w *tale) customer(session string) *socket {
	return w.enter(&socket{session: session, channel: "web", principal: desk.CustomerPrincipal(session)})
}

// pod is a gateway with a real router over a real ledger.
type pod struct {
	*Gateway
	router *router.Router
	ledger *ledger.Ledger
	tokens *access.Tokens
	moved  chan struct{} // the copy has moved on
}

func newPod(t testing.TB, clock func() time.Time, through func(Router) Router, change ...func(*Options)) *pod {
	t.Helper()
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), ledger.Options{URL: "sqlite://" + dir + "/ledger.db", Desk: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := router.Lead(t.Context(), router.Options{Ledger: l, Holder: "pod", Gateway: "pod/1"})
	if err != nil {
		t.Fatal(err)
	}
	replica, err := r.Replica()
	if err != nil {
		t.Fatal(err)
	}
	keys, err := access.GenerateKeys(dir + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	p := &pod{router: r, ledger: l, moved: make(chan struct{}, 1), tokens: access.New(access.Options{Desk: "acme", Keys: keys, Now: time.Now})}
	var to Router = r
	if through != nil {
		to = through(r)
	}
	o := Options{
		Desk: "acme", Router: to, State: replica, Tokens: p.tokens, Gateway: "pod/1", Clock: clock,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Changed: func() {
			select {
			case p.moved <- struct{}{}:
			default:
			}
		},
	}
	for _, f := range change {
		f(&o)
	}
	p.Gateway = New(o)
	r.Follow(p.Gateway)
	routing, stopRouting := context.WithCancel(context.Background())
	serving, stopServing := context.WithCancel(context.Background())
	routed, served := make(chan error, 1), make(chan struct{})
	go func() { routed <- r.Run(routing) }()
	go func() { p.Run(serving); close(served) }()
	t.Cleanup(func() {
		stopServing()
		<-served
		stopRouting()
		if err := <-routed; err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	p.do(t, desk.ApplySettings{Settings: sample()})
	return p
}

func (p *pod) do(t testing.TB, c desk.Command) {
	t.Helper()
	result, err := p.router.Do(t.Context(), c)
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	p.Wait(result.Seq)
}

// until waits until a condition holds on the gateway's copy of the state.
func (p *pod) until(t testing.TB, what string, holds func(s *desk.State) bool) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		is := false
		p.Read(func(s *desk.State) { is = holds(s) })
		if is {
			return
		}
		select {
		case <-p.moved:
		case <-late:
			t.Fatalf("after a minute it does not hold that %s", what)
		}
	}
}

func (p *pod) token(t testing.TB, session string) string {
	t.Helper()
	token, err := p.tokens.IssueCustomer(session, "web", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func name(i int) string { return fmt.Sprintf("s%d", i) }
