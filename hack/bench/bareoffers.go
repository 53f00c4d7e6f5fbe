package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"
)

// The limit of offers: a server of the same library with as many sockets that writes as many frames of the same
// size to them, and answers an agent's frame at once with one to the same agent; no store, no state, no rights.

// frames are what clients were told while it was measured.
type frames struct{ count, bytes atomic.Int64 }

func (f *frames) add(n int) {
	f.count.Add(1)
	f.bytes.Add(int64(n))
}

func (f *frames) reset() {
	f.count.Store(0)
	f.bytes.Store(0)
}

// pace is how much is written a second: frames, and bytes of each.
type pace struct{ perSecond, size int }

func (f *frames) pace(over time.Duration) pace {
	n := f.count.Load()
	return pace{int(float64(n) / over.Seconds()), int(f.bytes.Load() / max(n, 1))}
}

func (p pace) String() string { return fmt.Sprintf("%d frames/s of %d bytes", p.perSecond, p.size) }

// teller is the bare server.
type teller struct {
	gws.BuiltinEventHandler
	mu                sync.Mutex
	customers, agents []*gws.Conn
}

var bareOffer = []byte(`{"type":"update","seq":1,"prev":1,"changes":[{"kind":"conversation","conversation":{"id":"1","state":"offered"}}]}`)

func (t *teller) OnMessage(conn *gws.Conn, m *gws.Message) {
	_ = m.Close()
	_ = conn.WriteMessage(gws.OpcodeText, bareOffer)
}

// tell writes to one socket after the other, in portions as a server does that has other work.
func (t *teller) tell(list func() []*gws.Conn, p pace) {
	frame := bytes.Repeat([]byte{'x'}, p.size)
	const ticks = 20
	next := 0
	for range time.Tick(time.Second / ticks) {
		t.mu.Lock()
		all := list()
		t.mu.Unlock()
		for range p.perSecond / ticks {
			if len(all) == 0 {
				break
			}
			next++
			_ = all[next%len(all)].WriteMessage(gws.OpcodeText, frame)
		}
	}
}

func serveTelling(args []string) error {
	f := flag.NewFlagSet("telling", flag.ContinueOnError)
	var customers, agents pace
	f.IntVar(&customers.perSecond, "customers", 0, "frames a second to customers")
	f.IntVar(&customers.size, "customer-bytes", 0, "of each")
	f.IntVar(&agents.perSecond, "agents", 0, "frames a second to agents")
	f.IntVar(&agents.size, "agent-bytes", 0, "of each")
	if err := f.Parse(args); err != nil {
		return err
	}
	t := &teller{}
	up := gws.NewUpgrader(t, &gws.ServerOption{ReadBufferSize: 512, WriteMaxPayloadSize: 64 << 20})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go t.tell(func() []*gws.Conn { return t.customers }, customers)
	go t.tell(func() []*gws.Conn { return t.agents }, agents)
	fmt.Printf("listening on http://%s\n", l.Addr())
	return (&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		conn, err := up.Upgrade(w, req)
		if err != nil {
			return
		}
		t.mu.Lock()
		if req.URL.Query().Has("agent") {
			t.agents = append(t.agents, conn)
		} else {
			t.customers = append(t.customers, conn)
		}
		t.mu.Unlock()
		go conn.ReadLoop()
	}), ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

// bareAgent notes how long an answer took.
type bareAgent struct {
	gws.BuiltinEventHandler
	conn  *gws.Conn
	mu    sync.Mutex
	asked time.Time
	waits []time.Duration
}

func (a *bareAgent) OnMessage(_ *gws.Conn, m *gws.Message) {
	now := time.Now()
	if bytes.Contains(m.Bytes(), offeredMark) {
		a.mu.Lock()
		a.waits = append(a.waits, now.Sub(a.asked))
		a.mu.Unlock()
	}
	_ = m.Close()
}

// bareOffers measures the bare server at a pace.
func bareOffers(ctx context.Context, e *env, customers, agents pace, took time.Duration) (waits []time.Duration, cores float64, err error) {
	s, err := start(ctx, e.self, "telling",
		"-customers", strconv.Itoa(customers.perSecond), "-customer-bytes", strconv.Itoa(customers.size),
		"-agents", strconv.Itoa(agents.perSecond), "-agent-bytes", strconv.Itoa(agents.size))
	if err != nil {
		return nil, 0, err
	}
	defer s.stop()
	var conns []*gws.Conn
	defer func() { hangUp(conns) }()
	connect := func(h gws.Event, query string) (*gws.Conn, error) {
		c, _, err := gws.NewClient(h, &gws.ClientOption{Addr: "ws" + s.url[4:] + "/" + query, ReadMaxPayloadSize: 64 << 20, ReadBufferSize: 1024})
		if err == nil {
			conns = append(conns, c)
			go c.ReadLoop()
		}
		return c, err
	}
	for range manyWaiting + manyAgents {
		if _, err := connect(&gws.BuiltinEventHandler{}, ""); err != nil {
			return nil, 0, err
		}
	}
	list := make([]*bareAgent, manyAgents)
	for i := range list {
		list[i] = &bareAgent{}
		if list[i].conn, err = connect(list[i], "?agent"); err != nil {
			return nil, 0, err
		}
	}
	pause(ctx, 2*time.Second)
	cpu, began := s.cpu(), time.Now()
	rng := rand.New(rand.NewPCG(1, 1))
	tick := time.NewTicker(time.Second / endsASecond)
	defer tick.Stop()
	for time.Since(began) < took {
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-tick.C:
		}
		a := list[rng.IntN(len(list))]
		a.mu.Lock()
		a.asked = time.Now()
		a.mu.Unlock()
		_ = a.conn.WriteMessage(gws.OpcodeText, []byte(`{"cid":1,"type":"end","conversation":"1"}`))
	}
	cores = (s.cpu() - cpu).Seconds() / time.Since(began).Seconds()
	pause(ctx, 2*time.Second)
	for _, a := range list {
		a.mu.Lock()
		waits = append(waits, a.waits...)
		a.mu.Unlock()
	}
	if len(waits) == 0 {
		return nil, 0, errors.New("the bare server answered nobody")
	}
	slices.Sort(waits)
	return waits, cores, nil
}

// telling runs the bare server when this process is it.
func telling() (is bool) {
	if len(os.Args) < 2 || os.Args[1] != "telling" {
		return false
	}
	if err := serveTelling(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench telling:", err)
		os.Exit(1)
	}
	return true
}
