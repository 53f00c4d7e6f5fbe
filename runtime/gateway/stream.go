package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"crypto/rand"

	"github.com/lxzan/gws"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// Times of a socket.
const (
	helloWithin  = 10 * time.Second
	pingEvery    = 20 * time.Second
	beats        = 100 // turns within pingEvery
	silentAtMost = 35 * time.Second
	// drainOver is the pause over which clients of a pod that goes away spread their coming back.
	drainOver = 2 * time.Second
	// inFlight bounds the commands of one socket that have no answer yet; then it is not read from.
	inFlight = 64
)

// streams upgrades connections and reads what comes in on them.
type streams struct {
	g         *Gateway
	customers *gws.Upgrader
	agents    *gws.Upgrader
	writers   *writers
	open      atomic.Int64
	draining  atomic.Bool
	apart     atomic.Bool // from who leads: nobody can be served here, see Gateway.Apart
}

func newStreams(g *Gateway) *streams {
	st := &streams{g: g, writers: newWriters()}
	options := gws.ServerOption{
		ReadMaxPayloadSize: protocol.MaxFrameBytes, WriteMaxPayloadSize: 64 << 20,
		ReadBufferSize: 512, CheckUtf8Enabled: true, SubProtocols: []string{protocol.Subprotocol},
		HandshakeTimeout: helloWithin,
		NewSession:       func() gws.SessionStorage { return new(slot) },
		// A panic while one frame is handled must not end the process for everybody else.
		Recovery: func(gws.Logger) { st.recovered() },
	}
	customers, agents := options, options
	customers.ReadBufferSize = 256 // there are many, and most who wait never say a thing; what is longer is read past it
	st.customers = gws.NewUpgrader(reader{st}, &customers)
	st.agents = gws.NewUpgrader(reader{st}, &agents)
	return st
}

func (st *streams) recovered() {
	if p := recover(); p != nil {
		st.g.log.Error("a frame could not be handled", "panic", p)
	}
}

func (st *streams) count() int { return int(st.open.Load()) }

// closed tells whether nobody is let in here.
func (st *streams) closed() bool { return st.draining.Load() || st.apart.Load() }

func (st *streams) serveAgent(w http.ResponseWriter, r *http.Request, signedIn who) {
	st.serve(st.agents, w, r, &socket{agent: signedIn.agent, session: signedIn.session, principal: signedIn.principal()})
}

func (st *streams) serveCustomer(w http.ResponseWriter, r *http.Request) {
	// The channel's origins are checked with the hello, which names the channel.
	st.serve(st.customers, w, r, &socket{origin: originOf(r), from: st.g.addressOf(r)})
}

func (st *streams) serve(u *gws.Upgrader, w http.ResponseWriter, r *http.Request, s *socket) {
	if st.closed() {
		w.Header().Set("Retry-After", "1")
		writeError(w, protocol.Error{Code: "unavailable", Message: "This pod is going away; connect again.", RetryAfterMS: 500})
		return
	}
	conn, err := u.Upgrade(w, r)
	if err != nil {
		st.g.log.Debug("no socket", "error", err, "from", r.RemoteAddr)
		return
	}
	s.conn, s.writers = conn, st.writers
	s.alive(st.g.running())
	conn.Session().Store(sessionKey, s)
	_ = conn.SetReadDeadline(time.Now().Add(helloWithin))
	// Not in the goroutine of the request, whose buffers would live as long as the socket.
	go conn.ReadLoop()
}

const sessionKey = "socket"

// slot holds a connection's one value: the library's own storage is a map for each of thousands of
// connections.
type slot struct{ value any }

func (s *slot) Len() int                  { return 1 }
func (s *slot) Load(string) (any, bool)   { return s.value, s.value != nil }
func (s *slot) Delete(string)             { s.value = nil }
func (s *slot) Store(_ string, value any) { s.value = value }
func (s *slot) Range(f func(string, any) bool) {
	if s.value != nil {
		f(sessionKey, s.value)
	}
}

func socketOf(conn *gws.Conn) *socket {
	v, _ := conn.Session().Load(sessionKey)
	return v.(*socket)
}

// reader handles what comes in on a socket. Each socket has one goroutine that reads.
type reader struct{ st *streams }

func (r reader) OnOpen(*gws.Conn) { r.st.open.Add(1) }

func (r reader) OnClose(conn *gws.Conn, _ error) {
	s := socketOf(conn)
	s.drop()
	r.st.open.Add(-1)
	r.st.g.hub.leave(s)
}

// OnPing answers behind what is on its way out already: nobody else writes to the connection.
func (r reader) OnPing(conn *gws.Conn, payload []byte) {
	socketOf(conn).queue(frame{bytes: bytes.Clone(payload), control: gws.OpcodePong})
}

func (r reader) OnPong(*gws.Conn, []byte) {}

func (r reader) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer func() { _ = message.Close() }()
	s := socketOf(conn)
	if s.ending() {
		return
	}
	now := r.st.g.running()
	// Not with each frame, and when the hello has come, for which there was less time.
	if s.alive(now) || s.client == "" {
		s.expect()
	}
	if !s.frames.take(r.st.g.o.Rates.Frames, now) {
		s.close(protocol.CloseRateLimited, "too many frames")
		return
	}
	if message.Opcode != gws.OpcodeText {
		s.close(protocol.CloseProtocol, "frames are text")
		return
	}
	if s.client == "" {
		r.st.hello(s, message.Bytes())
		return
	}
	r.st.frame(s, message.Bytes())
}

// pong is the usual answer to a ping. Ten thousand idle clients send 500 a second; parsed, each would leave a
// kilobyte behind.
const pong = `{"type":"pong"}`

// frame handles everything after the hello.
func (st *streams) frame(s *socket, data []byte) {
	if string(data) == pong {
		return
	}
	c, bad := parseCommand(data)
	if bad != nil {
		s.send(marshal(protocol.ErrorFrame{Type: protocol.TypeError, Error: *bad}))
		return
	}
	switch c.Type {
	case protocol.TypePong:
		return
	case protocol.TypeTyping:
		if st.g.load.shed(ShedTyping) {
			return
		}
		st.g.hub.typing(s, desk.ConversationID(c.Conversation))
		return
	case protocol.TypeWatch:
		st.g.hub.watch(s, c.Views)
		return
	case protocol.TypeHello:
		s.close(protocol.CloseProtocol, "hello comes once")
		return
	}
	refuse := func(e protocol.Error) {
		s.send(marshal(protocol.Refused{Type: protocol.TypeRefused, CID: c.CID, Error: e}))
	}
	by := who{agent: s.agent, session: s.session, channel: s.channel, client: s.client, from: s.from}
	if bad := st.g.guarded(c, &by); bad != nil {
		refuse(*bad)
		return
	}
	cmd, bad := command(c, by)
	if bad != nil {
		refuse(*bad)
		return
	}
	if !s.does.take(pick(s.agent != "", st.g.o.Rates.Agent, st.g.o.Rates.Customer), st.g.running()) {
		refuse(protocol.Error{Code: "rate_limited", Message: "Too many at once. Wait a moment and send it again.", RetryAfterMS: 1000})
		return
	}
	if bad := st.g.refuses(c, by); bad != nil {
		refuse(*bad)
		return
	}
	if !st.await(s) {
		return // the pod ends; the client has no answer and sends it again elsewhere
	}
	cid, keyed, from := c.CID, triesKey(c), by.from // not the whole command, for as long as it is under way
	st.g.o.Router.Submit(cmd, func(result router.Result, err error) {
		st.g.load.end(&s.turn)
		if keyed {
			st.g.tried(from, err)
		}
		switch {
		case err != nil:
			s.send(marshal(answerFrame(cid, result, err)))
		case result.Repeated:
			s.send(ackFrame(ackOf(cid, result)))
		default:
			st.g.hub.answer(s, result.Seq, ackFrame(ackOf(cid, result)))
		}
	})
}

// await waits until a command of a socket can be taken. Meanwhile nothing else is read from it.
func (st *streams) await(s *socket) bool {
	s.paused.Store(true)
	defer s.paused.Store(false)
	taken, waited := st.g.load.begin(&s.turn)
	if waited {
		s.alive(st.g.running())
		s.expect()
	}
	return taken
}

// hello starts a socket: who it is, then welcome and snapshot.
func (st *streams) hello(s *socket, data []byte) {
	var h protocol.Hello
	fail := func(code int, e protocol.Error) {
		s.send(marshal(protocol.ErrorFrame{Type: protocol.TypeError, Error: e}))
		s.close(code, e.Code)
	}
	if err := json.Unmarshal(data, &h); err != nil || h.Type != protocol.TypeHello {
		fail(protocol.CloseProtocol, *badRequest("the first frame is a hello"))
		return
	}
	if h.V != protocol.Version {
		fail(protocol.CloseVersion, protocol.Error{Code: "unsupported_version", Message: "This desk speaks version 1. Load the page again."})
		return
	}
	if !validClient(h.Client) {
		fail(protocol.CloseProtocol, *badRequest("client is 8 to 64 of A-Z a-z 0-9 _ -"))
		return
	}
	welcome := protocol.Welcome{
		Type: protocol.TypeWelcome, V: protocol.Version, Agent: s.agent, Time: desk.Millis(st.g.o.Clock()),
		Limits: protocol.Limits{Text: protocol.MaxTextRunes, Frame: protocol.MaxFrameBytes, PingSeconds: int(pingEvery / time.Second)},
	}
	if s.agent == "" {
		token, bad := st.admit(s, h)
		if bad != nil {
			fail(pick(bad.Code == "unavailable", 1013, protocol.CloseSignedOut), *bad)
			return
		}
		welcome.Session = token
	}
	s.client = h.Client
	s.send(marshal(welcome))
	go st.begin(s, h.Seq, h.Keeps)
}

// admit finds a customer's session, or makes one, and gives its token anew.
func (st *streams) admit(s *socket, h protocol.Hello) (string, *protocol.Error) {
	var found, allowed bool
	st.g.hub.read(func(state *desk.State) {
		set := state.Channel(h.Channel)
		found = set != nil
		allowed = found && s.origin.mayUse(set.AllowedOrigins, state.Settings.Desk.PublicURL)
	})
	if !found && h.Session != "" {
		session, channel, _, err := st.g.o.Tokens.VerifyCustomer(h.Session)
		found = err == nil && channel == h.Channel && st.g.mayGoOn(session, channel)
		allowed = found
	}
	switch {
	case !found:
		return "", &protocol.Error{Code: string(desk.NotFound), Message: "There is no such channel."}
	case !allowed:
		return "", &protocol.Error{Code: "origin_refused", Message: "Pages of " + clip(s.origin.name, 100) + " may not use this channel."}
	}
	s.channel = h.Channel
	if h.Session != "" {
		session, channel, _, err := st.g.o.Tokens.VerifyCustomer(h.Session)
		switch {
		case err == nil && channel == h.Channel:
			s.session = session
		case err == nil, errors.Is(err, access.ErrExpired):
			// Another channel's, or too old: a new session begins.
		default:
			return "", &protocol.Error{Code: string(desk.Unauthorized), Message: "This session is not valid. Start a new one."}
		}
	}
	if s.session == "" {
		s.session = access.NewID(rand.Reader)
	}
	s.principal = desk.CustomerPrincipal(s.session)
	token, err := st.g.o.Tokens.IssueCustomer(s.session, s.channel, st.g.o.Clock().Add(customerSession))
	if err != nil {
		st.g.log.Error("no session token", "error", err)
		return "", &protocol.Error{Code: "unavailable", Message: "No session could be made; try again.", RetryAfterMS: 1000}
	}
	return token, nil
}

// begin sends the snapshot and lets updates follow it.
func (st *streams) begin(s *socket, seq uint64, keeps *protocol.Kept) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if st.closed() {
		sendElsewhere(s)
		return
	}
	st.g.reach(ctx, seq)
	if err := st.g.hydrate(ctx, s, keeps); err != nil {
		st.g.log.Warn("no snapshot for a client", "error", err)
		s.close(1013, "try again later")
	}
	if st.closed() { // since before it was entered, perhaps: then sendAway did not see it
		sendElsewhere(s)
	}
}

// keepAlive pings and drops who is silent or signed out.
func (st *streams) keepAlive(stop <-chan struct{}) {
	tick := time.NewTicker(pingEvery / beats)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		now := st.g.o.Clock()
		st.beat(now, n%beats)
		if n%(beats/int(pingEvery/time.Second)) == 0 {
			st.dropSilent(st.g.running())
			st.g.hub.dropExpired(desk.Millis(now))
		}
	}
}

// beat pings those whose turn it is.
func (st *streams) beat(now time.Time, turn int) {
	h := st.g.hub
	ping := frame{bytes: marshal(protocol.Ping{Type: protocol.TypePing, Time: desk.Millis(now)})}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for s := range h.sockets {
		if s.beat == turn {
			s.queueLater(h.crowd, ping)
		}
	}
}

func (st *streams) dropSilent(now time.Duration) {
	h := st.g.hub
	h.mu.RLock()
	defer h.mu.RUnlock()
	for s := range h.sockets {
		if s.silentFor(now) > silentAtMost {
			s.close(protocol.ClosePingMissed, "no pong")
		}
	}
}

// drain lets nobody in any more, and sends everybody elsewhere.
func (st *streams) drain() {
	st.draining.Store(true)
	st.sendAway()
}

// sendAway asks clients to come back elsewhere, and closes their sockets when they had the time to.
func (st *streams) sendAway() {
	st.g.hub.mu.RLock()
	for s := range st.g.hub.sockets {
		sendElsewhere(s)
	}
	st.g.hub.mu.RUnlock()
}

func sendElsewhere(s *socket) {
	s.send(marshal(protocol.GoAway{Type: protocol.TypeGoAway, AfterMS: drainOver.Milliseconds()}))
	s.close(1001, "going away")
}
