// Package gateway is where people meet a desk: customers and agents by socket and HTTP, each seeing
// what they have a right to and nothing else.
//
//	g := gateway.New(gateway.Options{Router: r, State: replica, Archive: a, Tokens: t, …})
//	r.Follow(g)                      // records come in here
//	go g.Run(ctx)
//	http.Serve(listener, g)          // /v1, the console, the widget
//
// The rules of the socket are in docs/reference/socket-protocol.md, the HTTP API is described by
// runtime/protocol/openapi.yaml.
package gateway

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// Router is what the gateway needs of the router.
type Router interface {
	Do(ctx context.Context, c desk.Command) (router.Result, error)
	Submit(c desk.Command, done func(router.Result, error))
	Stalled() error
}

// Archive is what the gateway needs of the archive.
type Archive interface {
	Wait(ctx context.Context, seq uint64) error
	MessagesFor(ctx context.Context, reader desk.Principal, conversation string, after, before uint64, limit int) ([]protocol.Message, error)
	Log(ctx context.Context, queue string, before uint64, limit int) ([]protocol.LogEntry, error)
	PostsFor(ctx context.Context, reader desk.Principal, room string, before uint64, limit int) ([]protocol.Post, error)
	Steps(ctx context.Context, conversation string) ([]protocol.Step, error)
}

// Options of a gateway.
type Options struct {
	Desk    string
	Router  Router
	State   *desk.State // a following copy at the router's position
	Archive Archive
	Tokens  *access.Tokens
	// Metadata opens what sites sealed about customers (feature C9); nil knows no key.
	Metadata *access.Metadata
	// Eraser erases what an admin asks for; nil refuses that.
	Eraser Eraser
	// Gateway names this process among the pods; it is the router's Options.Gateway.
	Gateway string
	Console fs.FS // the built console; nil without
	Widget  fs.FS // the built widget; nil without
	// OpenAPI is the description of the HTTP API, served as it is.
	OpenAPI []byte
	// Changed, if set, is called whenever this pod's copy of the state has moved on. It must not block.
	Changed func()
	// Typing, if set, is told of everybody who types on this pod: in which conversation, and which agent; without
	// one the customer. It must not block. The other pods' Typed gets it.
	Typing func(conversation desk.ConversationID, agent string)
	Clock  func() time.Time
	Logger *slog.Logger
	Rates  Rates
	// TrustedProxies are the networks of proxies whose X-Forwarded-For says where a request comes from. None: the
	// peer's address counts.
	TrustedProxies []netip.Prefix
	// Waiting is how many commands of this pod may be without an answer; 12,288. From an eighth of it on typing marks
	// are dropped, from a quarter places are told later, from a half new joins are refused, and at the whole sockets
	// are read more slowly.
	Waiting int
}

// Rates bound what one client may send; a zero one has its default.
type Rates struct {
	// Customer and Agent bound commands: a second, and at once. 5 and 20; 20 and 60.
	Customer, Agent Rate
	// Frames bounds everything that a socket sends, malformed frames too; beyond it the socket is
	// closed. 50 and 200.
	Frames Rate
}

// Rate is a token bucket.
type Rate struct {
	PerSecond float64
	Burst     int
}

func (r Rate) or(perSecond float64, burst int) Rate {
	if r == (Rate{}) {
		return Rate{perSecond, burst}
	}
	return r
}

// How long sessions last.
const (
	customerSession = 7 * 24 * time.Hour
	agentSession    = 12 * time.Hour
)

// Gateway serves one desk's people on one pod.
type Gateway struct {
	o     Options
	log   *slog.Logger
	began time.Time
	hub   *hub
	mux   http.Handler
	stop  chan struct{}
	// streams counts open sockets, and drain tells them to go.
	streams *streams
	posts   *posters
	keys    *keyGuard
	load    *load
}

// running is for how long the gateway is there. What is measured by it does not change when somebody sets the clock.
func (g *Gateway) running() time.Duration { return g.o.Clock().Sub(g.began) }

// New makes a gateway. It serves nothing useful before Run.
func New(o Options) *Gateway {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metadata == nil {
		o.Metadata = access.NewMetadata(access.MetadataKeys{}, o.Clock)
	}
	o.Rates.Customer = o.Rates.Customer.or(5, 20)
	o.Rates.Agent = o.Rates.Agent.or(20, 60)
	o.Rates.Frames = o.Rates.Frames.or(50, 200)
	g := &Gateway{o: o, log: o.Logger, began: o.Clock(), hub: newHub(o.State, o.Clock), stop: make(chan struct{})}
	g.posts, g.keys, g.load = newPosters(o.Rates), newKeyGuard(), newLoad(o.Waiting)
	g.hub.shed = g.load.shed
	g.hub.presence = newPresence(g.hub, o.Router, o.Gateway)
	g.hub.history = g.sendHistory
	if o.Changed != nil {
		g.hub.changed = o.Changed
	}
	if o.Typing != nil {
		g.hub.typed = o.Typing
	}
	g.streams = newStreams(g)
	g.mux = g.routes()
	return g
}

// Follow takes durable records, in order, from the router.
func (g *Gateway) Follow(records []desk.Record) { g.hub.Follow(records) }

// Typed takes a typing mark of another pod.
func (g *Gateway) Typed(conversation desk.ConversationID, agent string) {
	if !g.load.shed(ShedTyping) {
		g.hub.othersTyping(conversation, agent)
	}
}

// Read lets f look at the state of this pod's copy. f must not keep anything of it.
func (g *Gateway) Read(f func(s *desk.State)) { g.hub.read(f) }

// Run works until the context ends, then asks all clients to go elsewhere and closes their sockets.
func (g *Gateway) Run(ctx context.Context) {
	done := make(chan struct{})
	go func() { g.hub.presence.run(g.stop); close(done) }()
	go g.streams.keepAlive(g.stop)
	crowdDone := make(chan struct{})
	go func() { g.hub.crowd.run(g.stop); close(crowdDone) }()
	hubDone := make(chan struct{})
	go func() { g.hub.run(g.stop); close(hubDone) }()
	<-ctx.Done()
	g.streams.drain()
	g.load.stop()
	close(g.stop)
	<-done
	<-hubDone
	<-crowdDone
}

// Apart says whether this pod cannot reach the one that leads, while there is one. Its clients are sent away then, and
// others not let in: elsewhere they can be served. It does not block.
func (g *Gateway) Apart(is bool) {
	if g.streams.apart.Swap(is) == is {
		return
	}
	if !is {
		g.log.Info("the pod that leads can be reached again; clients are let in")
		return
	}
	g.log.Warn("another pod leads and cannot be reached; clients are sent to other pods", "sockets", g.Sockets())
	go g.streams.sendAway()
}

// Wait returns when this pod's copy has everything up to seq, or when the gateway has ended.
func (g *Gateway) Wait(seq uint64) { g.hub.wait(seq) }

// Sockets is how many clients are connected.
func (g *Gateway) Sockets() int { return g.streams.count() }

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs
	}
	return b
}
