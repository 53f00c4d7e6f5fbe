package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lxzan/gws"

	domain "usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/podstest"
)

const (
	resumers = 10_000
	// foundFor is how long a pod that is gone is still among the addresses that a client may be led to.
	foundFor = time.Second
)

// benchResume spreads 10,000 customers over three pods, kills one pod, and waits until each of its sockets is whole
// again on another. Clients wait as runtime/protocol/socket.ts does: at random, up to half a second, doubled after each
// attempt that failed.
func benchResume(ctx context.Context, e *env) (list []figure, err error) {
	several, err := startThree(ctx, e, 1, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, several.Close()) }()
	c := &resuming{pods: several.Pods}
	c.gone.Store(-1)
	for i := range resumers {
		token, err := several.tokens.IssueCustomer("bench-"+strconv.Itoa(i), "web", time.Now().Add(time.Hour))
		if err != nil {
			return nil, err
		}
		c.all = append(c.all, &resumer{of: c, n: i, token: token, pod: i % len(several.Pods)})
	}
	defer c.drop()
	if err := c.each(c.all, 64, func(r *resumer) error {
		if err := r.connect(ctx); err != nil {
			return err
		}
		return errors.Join(r.do(ctx, `"join"`), r.say(ctx, "before"))
	}); err != nil {
		return nil, fmt.Errorf("connect %d customers: %w", resumers, err)
	}
	pause(ctx, 5*time.Second) // places are told, and all is quiet

	// Not the one that leads, and then the one that leads: both happen.
	leader, err := several.Leader(ctx)
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{"follower", "leader"} {
		victim := several.Pods[(slices.Index(several.Pods, leader)+1)%3]
		if kind == "leader" {
			if victim, err = several.Leader(ctx); err != nil {
				return list, err
			}
		}
		figures, err := c.kill(ctx, victim, kind)
		list = append(list, figures...)
		if err != nil {
			return list, err
		}
		if err := victim.Start(ctx); err != nil {
			return list, err
		}
		if err := readyAt(ctx, victim.Ops()+"/readyz"); err != nil {
			return list, err
		}
		c.gone.Store(-1)
	}
	lost, doubled, err := c.counted(ctx, several.Desk)
	if err != nil {
		return list, err
	}
	return append(list, atMost("resume_messages_lost", float64(lost), "messages", 0, 0, fmt.Sprintf("of %d acknowledged, in the ledger; %d doubled", c.acked.Load(), doubled))), nil
}

// resuming are all customers of one measurement.
type resuming struct {
	pods  []*podstest.Pod
	all   []*resumer
	gone  atomic.Int64 // the pod that is gone and is not led to any more; -1 for none
	acked atomic.Int64
	mu    sync.Mutex
	said  map[string]struct{} // texts that were acknowledged
}

// kill kills a pod with all its sockets.
func (c *resuming) kill(ctx context.Context, victim *podstest.Pod, kind string) ([]figure, error) {
	index := slices.Index(c.pods, victim)
	c.gone.Store(-1)
	var hit []*resumer
	for _, r := range c.all {
		if r.pod == index {
			hit = append(hit, r)
		}
	}
	began := time.Now()
	removed := time.AfterFunc(foundFor, func() { c.gone.Store(int64(index)) })
	defer removed.Stop()
	if err := victim.Signal(syscall.SIGKILL); err != nil {
		return nil, err
	}
	waits := make([]time.Duration, len(hit))
	var failed atomic.Int64
	var group sync.WaitGroup
	for i, r := range hit {
		group.Go(func() {
			if err := r.resume(ctx); err != nil {
				failed.Add(1)
				return
			}
			waits[i] = time.Since(began)
		})
	}
	group.Wait()
	victim.Wait()
	if failed.Load() > 0 {
		return nil, fmt.Errorf("%d of %d sockets did not come back", failed.Load(), len(hit))
	}
	if err := c.each(hit, 64, func(r *resumer) error { return r.say(ctx, "after the "+kind) }); err != nil {
		return nil, fmt.Errorf("after the %s was killed: %w", kind, err)
	}
	slices.Sort(waits)
	note := fmt.Sprintf("%d sockets of the %s, of 10,000 on 3 pods; p99 %v; the dead pod is among the addresses for 1 s",
		len(hit), kind, percentile(waits, 99).Round(time.Millisecond))
	return []figure{
		atMost("resume_"+kind+"_p50", percentile(waits, 50).Seconds(), "s", 5, 5, note),
		atMost("resume_"+kind+"_max", waits[len(waits)-1].Seconds(), "s", 5, 5, note),
	}, nil
}

func (c *resuming) each(list []*resumer, atOnce int, do func(*resumer) error) error {
	errs := make(chan error, len(list))
	slots := make(chan struct{}, atOnce)
	for _, r := range list {
		slots <- struct{}{}
		go func() { errs <- do(r); <-slots }()
	}
	var all error
	failed := 0
	for range list {
		if err := <-errs; err != nil {
			if failed++; failed == 1 {
				all = err
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d failed, the first: %w", failed, all)
	}
	return nil
}

// counted compares what was acknowledged with the ledger.
func (c *resuming) counted(ctx context.Context, d *podstest.Desk) (lost, doubled int, err error) {
	times := map[string]int{}
	for record, err := range router.Records(ctx, d.Ledger, 0) {
		if err != nil {
			return 0, 0, err
		}
		if m, is := record.Event.(domain.MessageSent); is {
			times[m.Text]++
		}
	}
	for text := range c.said {
		switch n := times[text]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	return lost, doubled, nil
}

func (c *resuming) drop() {
	for _, r := range c.all {
		if s := r.socket.Load(); s != nil {
			_ = s.conn.NetConn().Close()
		}
	}
}

// resumer is a customer who comes back when the socket is lost.
type resumer struct {
	of     *resuming
	n      int
	pod    int
	token  string
	cid    uint64
	seq    atomic.Uint64
	socket atomic.Pointer[resumerSocket]
}

type resumerSocket struct {
	gws.BuiltinEventHandler
	of    *resumer
	conn  *gws.Conn
	live  chan struct{}
	over  chan struct{}
	acked chan uint64
	begun bool
}

var (
	updateMark = []byte(`{"type":"update"`)
	ackMark    = []byte(`{"type":"ack"`)
	moreMark   = []byte(`"more":true}`)
)

func (s *resumerSocket) OnClose(*gws.Conn, error) { close(s.over) }

func (s *resumerSocket) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	b := m.Bytes()
	switch {
	case bytes.HasPrefix(b, pingMark):
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pong"}`))
	case bytes.HasPrefix(b, snapshotMark):
		s.of.seq.Store(numberOf(b, `"seq":`))
		if !bytes.HasSuffix(b, moreMark) && !s.begun {
			s.begun = true
			close(s.live)
		}
	case bytes.HasPrefix(b, updateMark):
		s.of.seq.Store(numberOf(b, `"seq":`))
	case bytes.HasPrefix(b, ackMark):
		select {
		case s.acked <- numberOf(b, `"cid":`):
		default:
		}
	}
}

// numberOf is the first number behind a mark.
func numberOf(b []byte, mark string) (n uint64) {
	i := bytes.Index(b, []byte(mark))
	if i < 0 {
		return 0
	}
	for _, c := range b[i+len(mark):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// connect connects to the customer's pod and returns when all that it may see is there.
func (r *resumer) connect(ctx context.Context) error {
	url := r.of.pods[r.pod].URL()
	if url == "" {
		return errors.New("the pod is gone")
	}
	s := &resumerSocket{of: r, live: make(chan struct{}), over: make(chan struct{}), acked: make(chan uint64, 4)}
	conn, _, err := gws.NewClient(s, &gws.ClientOption{Addr: "ws" + url[4:] + "/v1/customer/stream", ReadBufferSize: 1024, HandshakeTimeout: 10 * time.Second,
		RequestHeader: http.Header{"Sec-WebSocket-Protocol": {protocol.Subprotocol}}})
	if err != nil {
		return err
	}
	s.conn = conn
	go conn.ReadLoop()
	hello := `{"type":"hello","v":1,"client":"bench-resumer","channel":"web","session":"` + r.token + `"`
	if seq := r.seq.Load(); seq > 0 {
		hello += `,"seq":` + strconv.FormatUint(seq, 10)
	}
	if err := conn.WriteMessage(gws.OpcodeText, []byte(hello+"}")); err != nil {
		return err
	}
	select {
	case <-s.live:
		r.socket.Store(s)
		return nil
	case <-s.over:
		return errors.New("closed before the snapshot")
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(10 * time.Second):
		_ = conn.NetConn().Close()
		return errors.New("no snapshot within 10 s")
	}
}

// resume notices that the socket is gone, and comes back as a browser does, to whichever pod it is led to.
func (r *resumer) resume(ctx context.Context) error {
	if s := r.socket.Load(); s != nil {
		select {
		case <-s.over:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for attempt := range 20 {
		most := min(30*time.Second, 500*time.Millisecond<<attempt)
		pause(ctx, rand.N(most))
		for r.pod = rand.IntN(len(r.of.pods)); int64(r.pod) == r.of.gone.Load(); {
			r.pod = rand.IntN(len(r.of.pods))
		}
		if err := r.connect(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.New("20 attempts failed")
}

// do sends a command until it is answered. Its rest is what stands behind the type.
func (r *resumer) do(ctx context.Context, rest string) error {
	r.cid++
	for ctx.Err() == nil {
		s := r.socket.Load()
		_ = s.conn.WriteMessage(gws.OpcodeText, []byte(`{"cid":`+strconv.FormatUint(r.cid, 10)+`,"type":`+rest+`}`))
		again := time.NewTimer(10 * time.Second)
		for waiting := true; waiting; {
			select {
			case cid := <-s.acked:
				if cid == r.cid {
					again.Stop()
					return nil
				}
			case <-s.over:
				waiting = false
				if err := r.resume(ctx); err != nil {
					return err
				}
			case <-again.C:
				waiting = false
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return ctx.Err()
}

func (r *resumer) say(ctx context.Context, when string) error {
	text := "customer " + strconv.Itoa(r.n) + " says something " + when
	if err := r.do(ctx, `"say","text":"`+text+`"`); err != nil {
		return err
	}
	r.of.acked.Add(1)
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.of.said == nil {
		r.of.said = map[string]struct{}{}
	}
	r.of.said[text] = struct{}{}
	return nil
}
