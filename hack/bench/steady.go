package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/lxzan/gws"

	"usher.chat/runtime/access"
	"usher.chat/runtime/archive"
	domain "usher.chat/runtime/desk"
	"usher.chat/runtime/gateway"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
)

// The day that is pushed through: a customer every 5 s, 20 messages with each, one of 50 leaves a form instead.
const (
	steadyHours    = 24
	steadyLanes    = 32 // agents, and conversations at once
	steadyMessages = 20
	steadyForms    = 50
	steadyPerHour  = int(time.Hour / arrivalEvery)
	// steadyWarm is how many hours are not compared: state that is kept for an hour has to fill first.
	steadyWarm = 2
)

// benchSteady pushes a day through a router, an archive and a gateway with sockets, on PostgreSQL, as fast as they go.
// The desk's clock is moved on by each arrival, so that all which is kept by age ages; the sockets' own time (pings,
// paces) is the machine's. After each hour, when nobody is connected but the agents, it looks at what is held.
func benchSteady(ctx context.Context, e *env) (list []figure, err error) {
	database, store, err := startDatabase(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	d, err := startSteady(ctx, e, store)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	began := time.Now()
	var samples []held
	for hour := range steadyHours {
		if err := d.hour(ctx); err != nil {
			return nil, fmt.Errorf("hour %d: %w", hour+1, err)
		}
		now, err := d.look(ctx)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "  hour %2d: %s\n", hour+1, now)
		samples = append(samples, now)
	}
	took := time.Since(began)
	first, last := average(samples[steadyWarm:steadyWarm+4]), average(samples[steadyHours-4:])
	note := fmt.Sprintf("%d conversations, %d events of 24 h in %s; hours %d to %d against the last four", d.conversations.Load(), d.events(),
		took.Round(time.Second), steadyWarm+1, steadyWarm+4)
	// What is left in inactive conversations is kept for 30 days, so that much the state may grow.
	forms := float64(d.forms.Load()) * (steadyHours - 4) / steadyHours * 4096
	list = append(list,
		atMost("steady_heap_growth", 100*(last.heap-forms-first.heap)/first.heap, "%", 0, 5, note+fmt.Sprintf("; %.1f MiB, then %.1f, with up to %.1f of forms that are kept for 30 days",
			first.heap/(1<<20), last.heap/(1<<20), forms/(1<<20))),
		atMost("steady_goroutines_growth", last.goroutines-first.goroutines, "", 0, 2, fmt.Sprintf("%.0f, then %.0f", first.goroutines, last.goroutines)),
		atMost("steady_files_growth", last.files-first.files, "", 0, 2, fmt.Sprintf("open files and sockets: %.0f, then %.0f", first.files, last.files)),
		atMost("steady_database_connections_growth", last.connections-first.connections, "", 0, 0, fmt.Sprintf("%.0f, then %.0f", first.connections, last.connections)),
		atMost("steady_state_growth", last.ended-first.ended, "conversations", 0, 10, fmt.Sprintf("ended ones that are still in the state: %.0f, then %.0f; an hour's", first.ended, last.ended)))
	left, err := d.monthLater(ctx)
	if err != nil {
		return list, err
	}
	end, err := d.look(ctx)
	if err != nil {
		return list, err
	}
	return append(list, atMost("steady_heap_after_31_days", 100*(end.heap-samples[0].heap)/samples[0].heap, "%", 0, 5,
		fmt.Sprintf("over that of the first hour: %.1f MiB, then %.1f", samples[0].heap/(1<<20), end.heap/(1<<20))), atMost("steady_left_after_31_days", float64(left), "conversations and sessions", 0, 0,
		fmt.Sprintf("in the state, of %d forms and %d conversations", d.forms.Load(), d.conversations.Load()))), nil
}

// held is what a process holds at one moment.
type held struct{ heap, goroutines, files, connections, ended, open float64 }

func (h held) String() string {
	return fmt.Sprintf("heap %.1f MiB, %.0f goroutines, %.0f files, %.0f database connections, %.0f ended and %.0f other conversations in the state",
		h.heap/(1<<20), h.goroutines, h.files, h.connections, h.ended, h.open)
}

func average(list []held) (a held) {
	n := float64(len(list))
	for _, h := range list {
		a.heap += h.heap / n
		a.goroutines += h.goroutines / n
		a.files += h.files / n
		a.connections += h.connections / n
		a.ended += h.ended / n
		a.open += h.open / n
	}
	return a
}

// steadyDesk is a runtime within this process.
type steadyDesk struct {
	url           string
	router        *router.Router
	archive       *archive.Archive
	gateway       *gateway.Gateway
	tokens        *access.Tokens
	reads         *sql.DB
	clock         atomic.Int64 // nanoseconds
	agents        []*steadySide
	conversations atomic.Int64
	forms         atomic.Int64
	close         func() error
}

func (d *steadyDesk) now() time.Time { return time.Unix(0, d.clock.Load()) }

func startSteady(ctx context.Context, e *env, store string) (_ *steadyDesk, err error) {
	dir, err := os.MkdirTemp(e.dir, "steady-")
	if err != nil {
		return nil, err
	}
	d := &steadyDesk{}
	d.clock.Store(time.Now().UnixNano())
	l, err := ledger.Open(ctx, ledger.Options{URL: store, Desk: "bench"})
	if err != nil {
		return nil, err
	}
	if d.reads, err = sql.Open("pgx", store); err != nil {
		return nil, err
	}
	d.reads.SetMaxOpenConns(1)
	if d.router, err = router.Lead(ctx, router.Options{Ledger: l, Holder: "steady", Gateway: "steady/1", Clock: d.now}); err != nil {
		return nil, err
	}
	replica, err := d.router.Replica()
	if err != nil {
		return nil, err
	}
	keys, err := access.GenerateKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	d.tokens = access.New(access.Options{Desk: "bench", Keys: keys, Now: time.Now})
	if d.archive, err = archive.Open(ctx, filepath.Join(dir, "archive.db"), archive.Options{}); err != nil {
		return nil, err
	}
	fast := gateway.Rate{PerSecond: 1e6, Burst: 1e6}
	d.gateway = gateway.New(gateway.Options{Desk: "bench", Router: d.router, State: replica, Archive: d.archive, Tokens: d.tokens,
		Gateway: "steady/1", Rates: gateway.Rates{Customer: fast, Agent: fast, Frames: fast}})
	d.router.Follow(d.archive)
	d.router.Follow(d.gateway)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.url = "http://" + listener.Addr().String()
	people := &http.Server{Handler: d.gateway, ReadHeaderTimeout: gateway.ReadHeaderWithin}
	running, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { _ = d.router.Run(running) })
	group.Go(func() {
		_ = d.archive.Run(running, func(ctx context.Context, after uint64) iter.Seq2[domain.Record, error] {
			return router.Records(ctx, l, after)
		})
	})
	group.Go(func() { d.gateway.Run(running) })
	group.Go(func() { _ = people.Serve(listener) })
	d.close = func() error {
		for _, a := range d.agents {
			_ = a.conn.NetConn().Close()
		}
		err := people.Close()
		stop()
		group.Wait()
		return errors.Join(err, d.archive.Close(), d.reads.Close(), l.Close())
	}
	set := deskSettings(steadyLanes)
	set.Channels[0].Unavailable.Action = settings.UnavailableContactForm
	// A minute of the desk's is some milliseconds here: less than it takes to tell that somebody connected.
	set.Queues[0].Thresholds.CustomerLostSeconds, set.Queues[0].Thresholds.AgentLostSeconds = 3600, 3600
	set.Sort()
	result, err := d.router.Do(ctx, domain.ApplySettings{Settings: set})
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.gateway.Wait(result.Seq)
	for lane := range steadyLanes {
		token, err := d.tokens.IssueLink(agentName(lane), access.NewID(rand.Reader), time.Now().Add(time.Hour))
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		header, err := gatewaytest.SignIn(ctx, d.url, access.SignInURL(d.url, token))
		if err == nil {
			var a *steadySide
			if a, err = d.connect(ctx, "/v1/agent/stream", header, `"client":"steady-agent"`); err == nil {
				d.agents = append(d.agents, a)
			}
		}
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	return d, nil
}

// steadySide is one end of a conversation; it keeps nothing of what it is told.
type steadySide struct {
	gws.BuiltinEventHandler
	conn  *gws.Conn
	live  chan struct{}
	acks  chan []byte // acks and refusals
	cid   uint64
	begun bool
}

func (s *steadySide) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	b := m.Bytes()
	switch {
	case bytes.HasPrefix(b, pingMark):
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pong"}`))
	case bytes.HasPrefix(b, snapshotMark):
		if !bytes.HasSuffix(b, moreMark) && !s.begun {
			s.begun = true
			close(s.live)
		}
	case bytes.HasPrefix(b, ackMark), bytes.HasPrefix(b, refusedMark):
		s.acks <- bytes.Clone(b)
	}
}

func (s *steadySide) OnClose(*gws.Conn, error) { close(s.acks) }

var refusedMark = []byte(`{"type":"refused"`)

func (d *steadyDesk) connect(ctx context.Context, path string, header http.Header, hello string) (*steadySide, error) {
	header = header.Clone()
	header.Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
	s := &steadySide{live: make(chan struct{}), acks: make(chan []byte, 1)}
	conn, _, err := gws.NewClient(s, &gws.ClientOption{Addr: "ws" + d.url[4:] + path, RequestHeader: header, ReadBufferSize: 1024, ReadMaxPayloadSize: 16 << 20})
	if err != nil {
		return nil, err
	}
	s.conn = conn
	go conn.ReadLoop()
	if err := conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"hello","v":1,`+hello+`}`)); err != nil {
		return nil, err
	}
	select {
	case <-s.live:
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Minute):
		return nil, errors.New("no snapshot within a minute")
	}
}

// do sends a command and waits for its answer: the conversation that it names.
func (s *steadySide) do(ctx context.Context, rest string) (string, error) {
	s.cid++
	if err := s.conn.WriteMessage(gws.OpcodeText, []byte(`{"cid":`+strconv.FormatUint(s.cid, 10)+`,"type":`+rest+`}`)); err != nil {
		return "", err
	}
	select {
	case b, open := <-s.acks:
		if !open {
			return "", errors.New("the socket is closed")
		}
		if bytes.HasPrefix(b, refusedMark) {
			return "", fmt.Errorf("refused: %s", b)
		}
		_, id, _ := bytes.Cut(b, []byte(`"conversation":"`))
		id, _, _ = bytes.Cut(id, []byte(`"`))
		return string(id), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// hour lets an hour's customers come, and waits until all have gone.
func (d *steadyDesk) hour(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	arrivals := make(chan struct{})
	var group sync.WaitGroup
	for _, agent := range d.agents {
		group.Go(func() {
			for range arrivals {
				if err := d.converse(ctx, agent); err != nil {
					cancel(err)
				}
			}
		})
	}
	for range steadyPerHour {
		d.clock.Add(int64(arrivalEvery))
		select {
		case arrivals <- struct{}{}:
		case <-ctx.Done():
		}
	}
	close(arrivals)
	group.Wait()
	return context.Cause(ctx)
}

func (d *steadyDesk) converse(ctx context.Context, agent *steadySide) error {
	token, err := d.tokens.IssueCustomer(access.NewID(rand.Reader), "web", time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	customer, err := d.connect(ctx, "/v1/customer/stream", http.Header{}, `"client":"steady-customer","channel":"web","session":"`+token+`"`)
	if err != nil {
		return err
	}
	defer func() { _ = customer.conn.NetConn().Close() }()
	if n := d.conversations.Load() + d.forms.Load(); n%steadyForms == steadyForms-1 {
		d.forms.Add(1)
		_, err := customer.do(ctx, `"contact","name":"Otto","email":"otto@acme.example","text":"Please call me back."`)
		return err
	}
	d.conversations.Add(1)
	id, err := customer.do(ctx, `"join","name":"Maija"`)
	if err != nil {
		return err
	}
	of := `,"conversation":"` + id + `"`
	if _, err := agent.do(ctx, `"pick"`+of); err != nil {
		return err
	}
	for range steadyMessages / 2 {
		if _, err := customer.do(ctx, `"say","text":"Good morning, where is my parcel? It should have been here yesterday."`); err != nil {
			return err
		}
		if _, err := agent.do(ctx, `"say"`+of+`,"text":"Let me look; one moment, please. It is on its way to you."`); err != nil {
			return err
		}
	}
	// By the customer: an agent who ends one is offered the next in line, whom another lane's agent picks.
	_, err = customer.do(ctx, `"end"`)
	return err
}

func (d *steadyDesk) events() (seq uint64) {
	d.gateway.Read(func(s *domain.State) { seq = s.Seq })
	return seq
}

// look waits until nobody is connected but the agents, and the archive has all, and tells what is held.
func (d *steadyDesk) look(ctx context.Context) (h held, err error) {
	for quiet := false; !quiet; pause(ctx, 20*time.Millisecond) {
		if ctx.Err() != nil {
			return h, ctx.Err()
		}
		d.gateway.Read(func(s *domain.State) {
			quiet = d.gateway.Sockets() == len(d.agents)
			for _, c := range s.Customers {
				quiet = quiet && !c.Online()
			}
		})
	}
	// A tick of the desk's, so that what has aged is gone, on the copy too.
	result, err := d.router.Do(ctx, domain.Sync{})
	if err != nil {
		return h, err
	}
	d.gateway.Wait(result.Seq)
	if err := d.archive.Wait(ctx, result.Seq); err != nil {
		return h, err
	}
	pause(ctx, 3*time.Second) // paces and portions of what was told come to an end
	d.gateway.Read(func(s *domain.State) {
		for _, c := range s.Conversations {
			if c.Place == domain.Over {
				h.ended++
			} else {
				h.open++
			}
		}
	})
	var memory runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&memory)
	h.heap, h.goroutines = float64(memory.HeapAlloc), float64(runtime.NumGoroutine())
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return h, err
	}
	h.files = float64(len(files))
	return h, d.reads.QueryRowContext(ctx, "select count(*) from pg_stat_activity where application_name = 'usher-ledger'").Scan(&h.connections)
}

// monthLater lets 31 days go by, and tells how much of the day is still in the state.
func (d *steadyDesk) monthLater(ctx context.Context) (left int, err error) {
	for _, by := range []time.Duration{31 * 24 * time.Hour, 2 * time.Hour} {
		d.clock.Add(int64(by))
		// An event, for what was kept is let go of by the next one.
		if _, err := d.router.Do(ctx, domain.LockKeys{Source: "nobody"}); err != nil {
			return 0, err
		}
	}
	result, err := d.router.Do(ctx, domain.Sync{})
	if err != nil {
		return 0, err
	}
	d.gateway.Wait(result.Seq)
	d.gateway.Read(func(s *domain.State) { left = len(s.Conversations) + len(s.Customers) })
	return left, nil
}
