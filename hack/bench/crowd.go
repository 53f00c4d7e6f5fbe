package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"bytes"

	"github.com/lxzan/gws"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// benchPicks lets 64 agents race for customers: everybody asks for the next, again and again.
func benchPicks(ctx context.Context, e *env) ([]figure, error) {
	const agents, customers = 64, 30000
	d, err := startDesk(ctx, e, agents)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	if err := crowd(ctx, d, customers); err != nil {
		return nil, err
	}
	var clients []*gatewaytest.Client
	for i := range agents {
		c, err := d.pickers(ctx, i)
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	var mu sync.Mutex
	won := map[string]int{}
	var picks, doubles atomic.Int64
	deadline := time.Now().Add(e.duration)
	began := time.Now()
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			defer c.Drop()
			for time.Now().Before(deadline) && ctx.Err() == nil {
				ack, err := c.Do(ctx, protocol.Command{Type: protocol.TypePick, Queue: "line"})
				var r *gatewaytest.Refusal
				if errors.As(err, &r) {
					return // the line is empty
				}
				if err != nil {
					return
				}
				picks.Add(1)
				mu.Lock()
				if _, twice := won[ack.Conversation]; twice {
					doubles.Add(1)
				}
				won[ack.Conversation] = i
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	rate := float64(picks.Load()) / time.Since(began).Seconds()
	f := atLeast("picks_64_agents", rate, "picks/s", 0, 4000, fmt.Sprintf("%d picks, %d double wins", picks.Load(), doubles.Load()))
	f.Met = f.Met && doubles.Load() == 0
	return []figure{f}, nil
}

// pickers connects agent i without keeping what it is told: every agent of the queue hears of every
// pick, and 64 clients that parse it all would measure themselves.
func (d *desk) pickers(ctx context.Context, i int) (*gatewaytest.Client, error) {
	c, err := d.agent(ctx, i)
	if err == nil {
		c.OnlyAnswers()
	}
	return c, err
}

// crowd lets n customers join over HTTP, each a session of its own.
func crowd(ctx context.Context, d *desk, n int) error {
	jobs := make(chan int)
	errs := make(chan error, 1)
	var wg sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	for range 32 {
		wg.Go(func() {
			for i := range jobs {
				if err := joinByHTTP(ctx, client, d, i); err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	select {
	case err := <-errs:
		return fmt.Errorf("join: %w", err)
	default:
		return nil
	}
}

func joinByHTTP(ctx context.Context, client *http.Client, d *desk, i int) error {
	token, err := d.tokens.IssueCustomer("bench-"+strconv.Itoa(i), "web", time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/customer/commands", bytes.NewReader([]byte(`{"type":"join","cid":1,"client":"bench-join"}`)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// waiter is a waiting customer's socket that notes when it was told a place.
type waiter struct {
	gws.BuiltinEventHandler
	ready chan struct{}
	once  sync.Once
	place atomic.Int64
	told  atomic.Int64 // when, in nanoseconds
}

var placeMark = []byte(`"place":`)

func (w *waiter) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	b := m.Bytes()
	if bytes.HasPrefix(b, pingMark) {
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pong"}`))
		return
	}
	if i := bytes.LastIndex(b, placeMark); i >= 0 {
		n := int64(0)
		for _, c := range b[i+len(placeMark):] {
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + int64(c-'0')
		}
		w.place.Store(n)
		w.told.Store(time.Now().UnixNano())
	}
	if bytes.HasPrefix(b, snapshotMark) {
		w.once.Do(func() { close(w.ready) })
	}
}

// connectCrowd opens a socket for each of n customers who wait already.
func connectCrowd(ctx context.Context, d *desk, n int) ([]*waiter, []*gws.Conn, error) {
	return connectCrowdAs(ctx, d, n, func(w *waiter) gws.Event { return w })
}

// connectCrowdAs does so with customers who do something of their own with what they are told.
func connectCrowdAs(ctx context.Context, d *desk, n int, as func(*waiter) gws.Event) ([]*waiter, []*gws.Conn, error) {
	waiters, conns := make([]*waiter, n), make([]*gws.Conn, n)
	errs := make(chan error, n)
	slots := make(chan struct{}, 64)
	for i := range n {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			token, err := d.tokens.IssueCustomer("bench-"+strconv.Itoa(i), "web", time.Now().Add(time.Hour))
			if err != nil {
				errs <- err
				return
			}
			w := &waiter{ready: make(chan struct{})}
			conn, _, err := gws.NewClient(as(w), &gws.ClientOption{Addr: "ws" + d.url[4:] + "/v1/customer/stream", ReadBufferSize: 1024,
				RequestHeader: http.Header{"Sec-WebSocket-Protocol": {protocol.Subprotocol}}})
			if err != nil {
				errs <- err
				return
			}
			go conn.ReadLoop()
			if err := conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"hello","v":1,"client":"bench-wait","channel":"web","session":"`+token+`"}`)); err != nil {
				errs <- err
				return
			}
			select {
			case <-w.ready:
			case <-time.After(30 * time.Second):
				errs <- errors.New("no snapshot within 30 s")
				return
			}
			waiters[i], conns[i] = w, conn
			errs <- nil
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			return nil, nil, err
		}
	}
	return waiters, conns, nil
}

// benchPlaces lets the first of 10,000 leave and waits until everybody else knows the new place.
func benchPlaces(ctx context.Context, e *env) ([]figure, error) {
	const n = 10000
	d, err := startDesk(ctx, e, 1)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	if err := crowd(ctx, d, n); err != nil {
		return nil, err
	}
	waiters, conns, err := connectCrowd(ctx, d, n)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range conns {
			_ = c.NetConn().Close()
		}
	}()
	pause(ctx, 12*time.Second) // the counts of joining are told
	first := -1
	before := make([]int64, n)
	for i, w := range waiters {
		before[i] = w.place.Load()
		if before[i] == 1 {
			first = i
		}
	}
	if first < 0 {
		return nil, errors.New("nobody is first in line")
	}
	began := time.Now()
	if err := conns[first].WriteMessage(gws.OpcodeText, []byte(`{"type":"end","cid":2}`)); err != nil {
		return nil, err
	}
	deadline := began.Add(10 * time.Second)
	for i, w := range waiters {
		for i != first && w.place.Load() != before[i]-1 {
			if time.Now().After(deadline) {
				return nil, fmt.Errorf("customer %d still has place %d", i, w.place.Load())
			}
			time.Sleep(time.Millisecond)
		}
	}
	var last int64
	for i, w := range waiters {
		if i != first {
			last = max(last, w.told.Load())
		}
	}
	took := time.Duration(last - began.UnixNano())
	return []figure{atMost("places_10000", took.Seconds(), "s", 0, 2, "one leaves, all others are told")}, nil
}

// benchMemory compares an idle pod with one where 10,000 wait.
func benchMemory(ctx context.Context, e *env) ([]figure, error) {
	const n = 10000
	d, err := startDesk(ctx, e, 1)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	pause(ctx, 30*time.Second)
	idle, err := d.memory()
	if err != nil {
		return nil, err
	}
	if err := crowd(ctx, d, n); err != nil {
		return nil, err
	}
	_, conns, err := connectCrowd(ctx, d, n)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range conns {
			_ = c.NetConn().Close()
		}
	}()
	// The heap of the rush goes back to the system by itself within a few minutes; not waited for in
	// full, so the figure is on the high side.
	pause(ctx, 90*time.Second)
	full, err := d.memory()
	if err != nil {
		return nil, err
	}
	if err := e.heap(ctx, d, "memory"); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return []figure{
		atMost("memory_waiting_customer", float64(full-idle)/n/1024, "KiB", 0, 12, "resident, socket included, 90 s after 10,000 joined"),
		atMost("memory_idle_pod", float64(idle)/(1<<20), "MiB", 0, 40, "resident"),
	}, nil
}
