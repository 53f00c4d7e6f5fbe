package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// What a desk of 2,000 agents does: with three conversations each and five minutes for one, 20 end in
// every second, and as many customers come.
const (
	manyAgents  = 2000
	manyWaiting = 10000
	endsASecond = 20
)

// automatic makes the bench's queue one whose customers are offered, each agent one at a time.
func automatic(s *settings.Settings) {
	s.Teams[0].MaxConversations = 1
	s.Queues[0].Distribution = settings.Distribution{Mode: settings.DistributionAutomatic}
	s.Queues[0].OfferTimeoutSeconds = 300
	s.Queues[0].Thresholds.CustomerLostSeconds = 3600
}

// serving is an agent's socket that accepts every offer and ends when it is told to.
type serving struct {
	gws.BuiltinEventHandler
	conn    *gws.Conn
	ready   chan struct{}
	once    sync.Once
	mu      sync.Mutex
	cid     int
	serves  string    // the conversation that it serves
	ended   time.Time // when it was told to end one; zero after the next offer
	waits   []time.Duration
	told    *frames
	updates atomic.Int64 // when the last update came, in nanoseconds
}

var (
	conversationMark = []byte(`{"kind":"conversation","conversation":{"id":"`)
	offeredMark      = []byte(`,"state":"offered"`)
	inServiceMark    = []byte(`,"state":"inService"`)
	endedMark        = []byte(`,"state":"ended"`)
)

func (a *serving) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	now := time.Now()
	b := m.Bytes()
	a.told.add(len(b))
	switch {
	case bytes.HasPrefix(b, pingMark):
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pong"}`))
		return
	case bytes.HasPrefix(b, snapshotMark):
		if !bytes.HasSuffix(b, []byte(`"more":true}`)) {
			a.once.Do(func() { close(a.ready) })
		}
	case bytes.HasPrefix(b, []byte(`{"type":"update"`)):
		a.updates.Store(now.UnixNano())
	}
	for {
		i := bytes.Index(b, conversationMark)
		if i < 0 {
			return
		}
		b = b[i+len(conversationMark):]
		end := bytes.IndexByte(b, '"')
		id := string(b[:end])
		switch rest := b[end+1:]; {
		case bytes.HasPrefix(rest, offeredMark):
			a.mu.Lock()
			if !a.ended.IsZero() {
				a.waits = append(a.waits, now.Sub(a.ended))
				a.ended = time.Time{}
			}
			a.mu.Unlock()
			a.send(`"type":"accept","conversation":"` + id + `"`)
		case bytes.HasPrefix(rest, inServiceMark):
			a.mu.Lock()
			a.serves = id
			a.mu.Unlock()
		}
	}
}

func (a *serving) send(fields string) {
	a.mu.Lock()
	a.cid++
	cid := a.cid
	a.mu.Unlock()
	_ = a.conn.WriteMessage(gws.OpcodeText, []byte(`{"cid":`+strconv.Itoa(cid)+`,`+fields+`}`))
}

// end ends what the agent serves; false when it serves nobody at the moment.
func (a *serving) end() bool {
	a.mu.Lock()
	id := a.serves
	if id != "" {
		a.serves, a.ended = "", time.Now()
	}
	a.mu.Unlock()
	if id != "" {
		a.send(`"type":"end","conversation":"` + id + `"`)
	}
	return id != ""
}

// staff connects all agents.
func staff(ctx context.Context, d *desk, n int, told *frames) ([]*serving, error) {
	agents := make([]*serving, n)
	errs := make(chan error, n)
	slots := make(chan struct{}, 8)
	for i := range n {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			var err error
			agents[i], err = staffOne(ctx, d, i, told)
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			return nil, err
		}
	}
	return agents, nil
}

func staffOne(ctx context.Context, d *desk, i int, told *frames) (*serving, error) {
	header, err := d.agentHeader(ctx, i)
	if err != nil {
		return nil, err
	}
	a := &serving{ready: make(chan struct{}), told: told}
	h := http.Header(header).Clone()
	h.Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
	a.conn, _, err = gws.NewClient(a, &gws.ClientOption{Addr: "ws" + d.url[4:] + "/v1/agent/stream", RequestHeader: h, ReadMaxPayloadSize: 64 << 20, ReadBufferSize: 4096})
	if err != nil {
		return nil, err
	}
	go a.conn.ReadLoop()
	if err := a.conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"hello","v":1,"client":"bench-serve"}`)); err != nil {
		return nil, err
	}
	select {
	case <-a.ready:
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(2 * time.Minute):
		return nil, errors.New("an agent has no snapshot after two minutes")
	}
}

// comesAgain is a customer who joins again as soon as a conversation has ended, so that the line stays
// as long as it is.
type comesAgain struct {
	waiter
	told *frames
	cid  int
}

func (w *comesAgain) OnMessage(conn *gws.Conn, m *gws.Message) {
	w.told.add(len(m.Bytes()))
	if bytes.Contains(m.Bytes(), endedMark) && bytes.HasPrefix(m.Bytes(), []byte(`{"type":"update"`)) {
		w.cid++
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"join","cid":`+strconv.Itoa(w.cid)+`}`))
	}
	w.waiter.OnMessage(conn, m)
}

// benchOffers lets agents end conversations at the rate of a desk of 2,000, with 10,000 customers who
// wait, and measures until the next customer is offered to that agent.
func benchOffers(ctx context.Context, e *env) ([]figure, error) {
	d, err := startDeskWith(ctx, e, manyAgents, automatic)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	if err := crowd(ctx, d, manyWaiting+manyAgents); err != nil {
		return nil, err
	}
	var toCustomers, toAgents frames
	_, conns, err := connectCrowdAs(ctx, d, manyWaiting+manyAgents, func(w *waiter) gws.Event {
		return &comesAgain{waiter: waiter{ready: w.ready}, told: &toCustomers, cid: 1}
	})
	if err != nil {
		return nil, err
	}
	defer hangUp(conns)
	began := time.Now()
	agents, err := staff(ctx, d, manyAgents, &toAgents)
	if err != nil {
		return nil, err
	}
	connected := time.Since(began)
	defer func() {
		for _, a := range agents {
			_ = a.conn.NetConn().Close()
		}
	}()
	if err := allServe(ctx, agents); err != nil {
		return nil, err
	}
	pause(ctx, 12*time.Second) // the counts of the rush are told
	fmt.Fprintf(os.Stderr, "  %d agents connected in %s; %d ends a second\n", manyAgents, connected.Round(time.Millisecond), endsASecond)
	took := max(e.duration, 15*time.Second)
	profiled := e.profile(ctx, d, "offers", took)
	toCustomers.reset()
	toAgents.reset()
	cpu, began := d.cpu(), time.Now()
	rng := rand.New(rand.NewPCG(1, 1))
	tick := time.NewTicker(time.Second / endsASecond)
	defer tick.Stop()
	for deadline := time.Now().Add(took); time.Now().Before(deadline); {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		for range 100 {
			if agents[rng.IntN(len(agents))].end() {
				break
			}
		}
	}
	used := (d.cpu() - cpu).Seconds() / time.Since(began).Seconds()
	customersTold, agentsTold := toCustomers.pace(time.Since(began)), toAgents.pace(time.Since(began))
	if err := profiled(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	pause(ctx, 2*time.Second)
	var waits []time.Duration
	lost := 0
	for _, a := range agents {
		a.mu.Lock()
		waits = append(waits, a.waits...)
		if !a.ended.IsZero() {
			lost++
		}
		a.mu.Unlock()
	}
	p50, p99 := percentile(waits, 50), percentile(waits, 99)
	fmt.Fprintf(os.Stderr, "  customers are told %s, agents %s\n", customersTold, agentsTold)
	if lost > 0 || len(waits) == 0 {
		return nil, fmt.Errorf("%d agents were offered nobody within two seconds of an end; of %d others p50 %s, p99 %s; the server uses %.2f cores", lost, len(waits), p50, p99, used)
	}
	change, err := queueChange(ctx, d, agents)
	if err != nil {
		return nil, err
	}
	for _, a := range agents {
		_ = a.conn.NetConn().Close()
	}
	hangUp(conns)
	d.stop() // the bare one has the machine for itself
	bare, bareCores, err := bareOffers(ctx, e, customersTold, agentsTold, took)
	if err != nil {
		return nil, fmt.Errorf("the bare server: %w", err)
	}
	limit := ms(percentile(bare, 99))
	return []figure{
		atMost("offer_after_free_p99", ms(p99), "ms", limit, 50, fmt.Sprintf(
			"p50 %.1f ms, max %.1f ms, %d ends at %d/s, %d waiting, %d agents; customers are told %s, agents %s; the server uses %.2f cores",
			ms(p50), ms(slices.Max(waits)), len(waits), endsASecond, manyWaiting, manyAgents, customersTold, agentsTold, used)),
		{Name: "limit_bare_offer_p99", Value: limit, Unit: "ms", Note: fmt.Sprintf(
			"p50 %.1f ms, max %.1f ms; the same frames to as many sockets, and an answer at once to each end; it uses %.2f cores",
			ms(percentile(bare, 50)), ms(slices.Max(bare)), bareCores)},
		change,
	}, nil
}

// allServe waits until every agent serves somebody.
func allServe(ctx context.Context, agents []*serving) error {
	deadline := time.Now().Add(2 * time.Minute)
	for _, a := range agents {
		for {
			a.mu.Lock()
			serves := a.serves != ""
			a.mu.Unlock()
			if serves {
				break
			}
			if time.Now().After(deadline) || ctx.Err() != nil {
				return errors.New("not every agent serves somebody after two minutes")
			}
			pause(ctx, 5*time.Millisecond)
		}
	}
	return nil
}

// queueChange lets one more customer join, again and again, and measures until the last of the agents
// has been told, and what it costs the server.
func queueChange(ctx context.Context, d *desk, agents []*serving) (figure, error) {
	const times = 20
	client := &http.Client{}
	var waits []time.Duration
	idle := d.cpu()
	const watched = 5 * time.Second
	pause(ctx, watched)
	idle = (d.cpu() - idle) / (watched / time.Second) // a second
	cpu, start := d.cpu(), time.Now()
	for n := range times {
		pause(ctx, 500*time.Millisecond)
		began := time.Now()
		if err := joinByHTTP(ctx, client, d, 1_000_000+n); err != nil {
			return figure{}, err
		}
		for _, a := range agents {
			for a.updates.Load() < began.UnixNano() {
				if time.Since(began) > 10*time.Second || ctx.Err() != nil {
					return figure{}, errors.New("an agent was not told within ten seconds")
				}
				time.Sleep(100 * time.Microsecond)
			}
		}
		last := int64(0)
		for _, a := range agents {
			last = max(last, a.updates.Load())
		}
		waits = append(waits, time.Duration(last-began.UnixNano()))
	}
	each := (d.cpu() - cpu - time.Duration(float64(idle)*time.Since(start).Seconds())) / times
	return figure{Name: "queue_change_2000_agents", Value: ms(percentile(waits, 50)), Unit: "ms", Note: fmt.Sprintf(
		"one joins, until the last of %d agents is told; at most %.1f ms; the server works %.1f ms for each", len(agents), ms(slices.Max(waits)), ms(each))}, nil
}

// cpu is how long the server has worked.
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func hangUp(conns []*gws.Conn) {
	for _, c := range conns {
		_ = c.NetConn().Close()
	}
}
