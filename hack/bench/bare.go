package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"usher.chat/runtime/ledger/ledgerbench"
	"usher.chat/runtime/protocol"
)

// The limit: the same pairs over the same library with nothing in between; no store, no state, no
// rights. It is measured in two ways: as a relay that passes frames on without looking at them, and as
// the least that speaks the protocol: it reads the command's number, answers the sender, and passes the
// message on. The second does the socket work of the product, so the product is compared with it.

type relay struct {
	gws.BuiltinEventHandler
	acks  bool
	mu    sync.Mutex
	first map[string]*gws.Conn
	other sync.Map // *gws.Conn -> *gws.Conn
}

func (r *relay) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	if r.acks {
		var c protocol.Command
		if json.Unmarshal(m.Bytes(), &c) != nil {
			return
		}
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"ack","cid":`+strconv.FormatUint(c.CID, 10)+`,"seq":1}`))
	}
	if to, ok := r.other.Load(conn); ok {
		_ = to.(*gws.Conn).WriteMessage(gws.OpcodeText, m.Bytes())
	}
}

func serveBare() error {
	r := &relay{first: map[string]*gws.Conn{}, acks: slices.Contains(os.Args, "acks")}
	up := gws.NewUpgrader(r, &gws.ServerOption{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	return (&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		conn, err := up.Upgrade(w, req)
		if err != nil {
			return
		}
		pair := req.URL.Query().Get("pair")
		r.mu.Lock()
		if a := r.first[pair]; a != nil {
			r.other.Store(a, conn)
			r.other.Store(conn, a)
			delete(r.first, pair)
		} else {
			r.first[pair] = conn
		}
		r.mu.Unlock()
		go conn.ReadLoop()
	}), ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

// bareSide is one end of a pair.
type bareSide struct {
	gws.BuiltinEventHandler
	got func()
}

func (s *bareSide) OnMessage(_ *gws.Conn, m *gws.Message) {
	ack := bytes.HasPrefix(m.Bytes(), []byte(`{"type":"ack"`))
	_ = m.Close()
	if !ack {
		s.got()
	}
}

// barePairs runs n pairs for a while.
func barePairs(ctx context.Context, e *env, n int, args ...string) (pairsResult, error) {
	server, err := start(ctx, e.self, append([]string{"bare"}, args...)...)
	if err != nil {
		return pairsResult{}, err
	}
	defer server.stop()
	payload := []byte(`{"type":"say","cid":1,"text":"` + string(bytes.Repeat([]byte("x"), 180)) + `"}`)
	m := newMeter(n)
	for i := range n {
		var sides [2]*gws.Conn
		for side := range 2 {
			handler := &bareSide{}
			conn, _, err := gws.NewClient(handler, &gws.ClientOption{Addr: "ws" + server.url[4:] + "/?pair=" + strconv.Itoa(i)})
			if err != nil {
				return pairsResult{}, err
			}
			defer func() { _ = conn.NetConn().Close() }()
			sides[side] = conn
			handler.got = func() {
				if m.received(i) {
					m.sent(i)
					_ = conn.WriteMessage(gws.OpcodeText, payload)
				}
			}
		}
		for _, conn := range sides {
			go conn.ReadLoop()
		}
		m.start = append(m.start, func() { m.sent(i); _ = sides[0].WriteMessage(gws.OpcodeText, payload) })
	}
	return m.run(ctx, e.duration), nil
}

func benchLimits(ctx context.Context, e *env) ([]figure, error) {
	one, err := barePairs(ctx, e, 1)
	if err != nil {
		return nil, err
	}
	relayed, err := barePairs(ctx, e, 100)
	if err != nil {
		return nil, err
	}
	hundred, err := barePairs(ctx, e, 100, "acks")
	if err != nil {
		return nil, err
	}
	e.bareP50, e.bareMessages, e.bareCost = one.p50, hundred.perSecond, hundred.cost
	dir, err := os.MkdirTemp(e.dir, "sync-")
	if err != nil {
		return nil, err
	}
	if e.syncs, err = ledgerbench.SyncBench(dir, 2*time.Second); err != nil {
		return nil, err
	}
	return []figure{
		{Name: "limit_bare_sockets_100_pairs", Value: hundred.perSecond, Unit: "messages/s", Note: "no store; command read, sender answered, message passed on; p99 " + hundred.p99.Round(10*time.Microsecond).String() + "; " + hundred.cost.String()},
		{Name: "limit_relay_100_pairs", Value: relayed.perSecond, Unit: "messages/s", Note: "no store, no answers, frames not looked at"},
		{Name: "limit_bare_sockets_1_pair_p50", Value: ms(one.p50), Unit: "ms"},
		{Name: "limit_fdatasync", Value: e.syncs, Unit: "1/s", Note: fmt.Sprintf("%.3f ms each", 1000/e.syncs)},
	}, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func benchLedger(ctx context.Context, e *env) ([]figure, error) {
	dir, err := os.MkdirTemp(e.dir, "ledger-")
	if err != nil {
		return nil, err
	}
	r, err := ledgerbench.AppendBench(ctx, "sqlite://"+dir+"/ledger.db", 100, 300, e.duration)
	if err != nil {
		return nil, err
	}
	return []figure{atLeast("ledger_append_100", r.PerSecond, "events/s", e.syncs, 60000,
		fmt.Sprintf("limit is one event a sync; p50 %v, p99 %v", r.P50.Round(time.Microsecond), r.P99.Round(time.Microsecond)))}, nil
}
