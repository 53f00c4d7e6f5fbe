package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// rawSide is one end of a conversation that only counts: a client that parsed every frame would
// measure itself. It answers each message of the other side with one of its own.
type rawSide struct {
	gws.BuiltinEventHandler
	from  []byte // how the other side's messages are marked
	ready chan struct{}
	got   func()
	seen  atomic.Bool
}

var (
	messageMark  = []byte(`{"kind":"message"`)
	snapshotMark = []byte(`{"type":"snapshot"`)
	pingMark     = []byte(`{"type":"ping"`)
)

func (s *rawSide) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	b := m.Bytes()
	switch {
	case bytes.HasPrefix(b, snapshotMark):
		if s.seen.CompareAndSwap(false, true) {
			close(s.ready)
		}
	case bytes.HasPrefix(b, pingMark):
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pong"}`))
	default:
		for rest := b; ; {
			i := bytes.Index(rest, messageMark)
			if i < 0 {
				return
			}
			rest = rest[i+len(messageMark):]
			if bytes.Contains(rest[:min(len(rest), 120)], s.from) {
				s.got()
			}
		}
	}
}

func rawConnect(ctx context.Context, d *desk, path string, header http.Header, hello string, side *rawSide) (*gws.Conn, error) {
	header = header.Clone()
	header.Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
	conn, _, err := gws.NewClient(side, &gws.ClientOption{Addr: "ws" + d.url[4:] + path, RequestHeader: header, ReadMaxPayloadSize: 16 << 20})
	if err != nil {
		return nil, err
	}
	go conn.ReadLoop()
	if err := conn.WriteMessage(gws.OpcodeText, []byte(hello)); err != nil {
		return nil, err
	}
	select {
	case <-side.ready:
		return conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(20 * time.Second):
		return nil, fmt.Errorf("no snapshot on %s", path)
	}
}

// deskPairs lets n agents and n customers talk.
func deskPairs(ctx context.Context, e *env, n int) (pairsResult, error) {
	d, err := startDesk(ctx, e, n)
	if err != nil {
		return pairsResult{}, err
	}
	defer d.stop()
	return pairsOver(ctx, e, n, []*desk{d})
}

// pairsOver does so on one or several pods of a desk: each pair's customer is on one, the agent on the next.
func pairsOver(ctx context.Context, e *env, n int, pods []*desk, loaded ...func()) (pairsResult, error) {
	text := string(bytes.Repeat([]byte("x"), 180))
	m := newMeter(n)
	for i := range n {
		here, there := pods[i%len(pods)], pods[(i+1)%len(pods)]
		c, err := gatewaytest.Customer(ctx, here.url, "web", "")
		if err != nil {
			return pairsResult{}, err
		}
		ack, err := c.Do(ctx, protocol.Command{Type: protocol.TypeJoin})
		if err != nil {
			return pairsResult{}, err
		}
		c.Drop()
		customer := &rawSide{from: []byte(`"from":"agent"`), ready: make(chan struct{})}
		customerConn, err := rawConnect(ctx, here, "/v1/customer/stream", http.Header{},
			`{"type":"hello","v":1,"client":"bench-customer","channel":"web","session":"`+c.Session()+`"}`, customer)
		if err != nil {
			return pairsResult{}, err
		}
		header, err := there.agentHeader(ctx, i)
		if err != nil {
			return pairsResult{}, err
		}
		agent := &rawSide{from: []byte(`"from":"customer"`), ready: make(chan struct{})}
		agentConn, err := rawConnect(ctx, there, "/v1/agent/stream", header, `{"type":"hello","v":1,"client":"bench-agent"}`, agent)
		if err != nil {
			return pairsResult{}, err
		}
		var customerCID, agentCID atomic.Uint64
		agentCID.Store(1)
		if err := agentConn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pick","cid":1,"conversation":"`+ack.Conversation+`"}`)); err != nil {
			return pairsResult{}, err
		}
		customerSays := func() {
			m.sent(i)
			b := strconv.AppendUint([]byte(`{"type":"say","cid":`), customerCID.Add(1), 10)
			_ = customerConn.WriteMessage(gws.OpcodeText, append(b, `,"text":"`+text+`"}`...))
		}
		agentSays := func() {
			m.sent(i)
			b := strconv.AppendUint([]byte(`{"type":"say","cid":`), agentCID.Add(1), 10)
			_ = agentConn.WriteMessage(gws.OpcodeText, append(b, `,"conversation":"`+ack.Conversation+`","text":"`+text+`"}`...))
		}
		customer.got = func() {
			if m.received(i) {
				customerSays()
			}
		}
		agent.got = func() {
			if m.received(i) {
				agentSays()
			}
		}
		m.start = append(m.start, customerSays)
		defer func() { _, _ = customerConn.NetConn().Close(), agentConn.NetConn().Close() }()
	}
	pause(ctx, 500*time.Millisecond) // all are picked
	for _, f := range loaded {       // all are in place: they talk from now on
		f()
	}
	profiled := e.profile(ctx, pods[0], fmt.Sprintf("pairs-%d-pods-%d", n, len(pods)), e.duration)
	result := m.run(ctx, e.duration)
	if err := profiled(); err != nil {
		return pairsResult{}, fmt.Errorf("profile: %w", err)
	}
	return result, nil
}

// note tells how long messages took and what each cost, against that of the bare server.
func (r pairsResult) note(bare cost) string {
	text := fmt.Sprintf("p50 %v, p99 %v", r.p50.Round(10*time.Microsecond), r.p99.Round(10*time.Microsecond))
	if all := r.cost.all(); all > 0 {
		text += fmt.Sprintf("; %v, %.2f by processor time", r.cost, float64(bare.all())/float64(all))
	}
	return text
}

func benchMessages(ctx context.Context, e *env) ([]figure, error) {
	one, err := deskPairs(ctx, e, 1)
	if err != nil {
		return nil, err
	}
	hundred, err := deskPairs(ctx, e, 100)
	if err != nil {
		return nil, err
	}
	limit := ms(e.bareP50) + 2*1000/e.syncs
	return []figure{
		atLeast("messages_100_pairs", hundred.perSecond, "messages/s", e.bareMessages, 0.45*e.bareMessages,
			fmt.Sprintf("durable; %s", hundred.note(e.bareCost))),
		atMost("message_latency_1_pair_p50", ms(one.p50), "ms", limit, limit, fmt.Sprintf("limit is the bare p50 and two syncs; p99 %v", one.p99.Round(10*time.Microsecond))),
	}, nil
}
