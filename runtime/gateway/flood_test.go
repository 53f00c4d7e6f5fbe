package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// slowStore lets every commit take longer, with the real store before it; while it is shut none ends.
type slowStore struct {
	by   atomic.Int64
	shut sync.RWMutex
}

func (s *slowStore) Follow([]desk.Record) {
	s.shut.RLock()
	defer s.shut.RUnlock()
	time.Sleep(time.Duration(s.by.Load()))
}

// flooder is a customer's socket that says everything at once, and notes what it is told.
type flooder struct {
	gws.BuiltinEventHandler
	name  string
	conn  *gws.Conn
	live  chan struct{}
	acked chan [2]uint64 // number and sequence of each command that was acknowledged

	mu      sync.Mutex
	refused []protocol.Error
}

func (f *flooder) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	var frame struct {
		Type  string         `json:"type"`
		CID   uint64         `json:"cid"`
		Seq   uint64         `json:"seq"`
		More  bool           `json:"more"`
		Error protocol.Error `json:"error"`
	}
	if json.Unmarshal(m.Bytes(), &frame) != nil {
		return
	}
	switch frame.Type {
	case protocol.TypeSnapshot:
		close(f.live)
	case protocol.TypePing:
		_ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pong"}`))
	case protocol.TypeRefused:
		f.mu.Lock()
		f.refused = append(f.refused, frame.Error)
		f.mu.Unlock()
	case protocol.TypeAck:
		f.acked <- [2]uint64{frame.CID, frame.Seq}
	}
}

func (f *flooder) send(t *testing.T, frame string) {
	if err := f.conn.WriteMessage(gws.OpcodeText, []byte(frame)); err != nil {
		t.Error(err)
	}
}

func flood(t *testing.T, p *pod, url, name string, most int) *flooder {
	t.Helper()
	f := &flooder{name: name, live: make(chan struct{}), acked: make(chan [2]uint64, 2*most)}
	conn, _, err := gws.NewClient(f, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(url, "http") + "/v1/customer/stream",
		RequestHeader: http.Header{"Sec-WebSocket-Protocol": {protocol.Subprotocol}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.NetConn().Close() })
	f.conn = conn
	go conn.ReadLoop()
	f.send(t, `{"type":"hello","v":1,"client":"flooding-client","channel":"web","session":"`+p.token(t, name)+`"}`)
	return f
}

func TestUnderAFloodMessagesWaitTypingIsDroppedJoinsAreRefusedAndItEndsByItself(t *testing.T) {
	const customers, messages = 24, 150
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	store := &slowStore{}
	fast := Rate{PerSecond: 1e6, Burst: 1e6}
	p := newPod(t, time.Now, func(r Router) Router { r.(*router.Router).Follow(store); return r },
		func(o *Options) {
			o.Waiting, o.Rates, o.Archive = 64, Rates{fast, fast, fast}, emptyArchive{}
		})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)

	// All have a conversation that goes on.
	talking := make([]*flooder, customers)
	for i := range talking {
		session := name(i)
		p.do(t, desk.Join{Origin: desk.Origin{Principal: desk.CustomerPrincipal(session), Client: "before-all", CID: 1}, Session: session, Channel: "web"})
		talking[i] = flood(t, p, server.URL, session, messages)
		<-talking[i].live
	}
	late, err := gatewaytest.Customer(ctx, server.URL, "web", "")
	if err != nil {
		t.Fatal(err)
	}
	store.by.Store(int64(25 * time.Millisecond))
	store.shut.Lock()
	for _, f := range talking {
		go func() {
			for cid := range messages {
				f.send(t, `{"type":"say","cid":`+strconv.Itoa(cid+1)+`,"text":"`+f.name+` `+strconv.Itoa(cid+1)+`"}`)
				f.send(t, `{"type":"typing","typing":true}`)
			}
		}()
	}

	// Who would begin now is told to come later, by socket and by HTTP.
	for v := p.Load(); (v.Waiting < 64 || v.Held < customers) && ctx.Err() == nil; v = p.Load() {
		time.Sleep(time.Millisecond)
	}
	join := protocol.Command{Type: protocol.TypeJoin, CID: late.Number()}
	var refused *gatewaytest.Refusal
	if _, err := late.Do(ctx, join); !errors.As(err, &refused) {
		t.Fatalf("a join in the middle of a flood: %v; load %+v", err, p.Load())
	}
	store.shut.Unlock()
	if refused.Reason.Code != "overloaded" || refused.Reason.RetryAfterMS < 1000 || refused.Reason.Message == "" {
		t.Errorf("refused with %+v", refused.Reason)
	}
	late.Drop()

	for _, f := range talking {
		seqs := make([]uint64, messages+1)
		for range messages {
			select {
			case ack := <-f.acked:
				if cid := ack[0]; cid < 1 || cid > messages || seqs[cid] != 0 {
					t.Fatalf("%s: %d is acknowledged twice", f.name, cid)
				}
				seqs[ack[0]] = ack[1]
			case <-ctx.Done():
				t.Fatalf("%s: not all is answered; load %+v", f.name, p.Load())
			}
		}
		if !slices.IsSorted(seqs) {
			t.Errorf("%s: acknowledged with sequences %v", f.name, seqs)
		}
		f.mu.Lock()
		if len(f.refused) > 0 {
			t.Errorf("%s: messages of a running conversation were refused: %+v", f.name, f.refused[0])
		}
		f.mu.Unlock()
	}
	// Once each, in order.
	said := map[string]int{}
	for record, err := range router.Records(ctx, p.ledger, 0) {
		if err != nil {
			t.Fatal(err)
		}
		m, is := record.Event.(desk.MessageSent)
		if !is {
			continue
		}
		who, n, _ := strings.Cut(m.Text, " ")
		if want := strconv.Itoa(said[who] + 1); n != want {
			t.Fatalf("%s: %q stands where %s should", who, m.Text, want)
		}
		said[who]++
	}
	for _, f := range talking {
		if said[f.name] != messages {
			t.Errorf("%s: %d messages in the ledger", f.name, said[f.name])
		}
	}
	load := p.Load()
	t.Logf("load at the end: %+v", load)
	if load.Shed[ShedTyping] == 0 || load.Shed[ShedJoins] == 0 {
		t.Errorf("left out: %v", load.Shed)
	}
	if load.Waiting != 0 || load.Held != 0 {
		t.Errorf("it does not go back to normal: %+v", load)
	}
	// The same command, sent again, is taken now.
	if err := late.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := late.Do(ctx, join); err != nil {
		t.Errorf("after the flood: %v", err)
	}
	late.Drop()
}

// emptyArchive has no history; nobody here asks for any.
type emptyArchive struct{ Archive }

func (emptyArchive) Wait(context.Context, uint64) error { return nil }

func (emptyArchive) MessagesFor(context.Context, desk.Principal, string, uint64, uint64, int) ([]protocol.Message, error) {
	return nil, nil
}

func TestAJoinByHTTPUnderLoadIsToldWhenToComeAgainAndARunningConversationGoesOn(t *testing.T) {
	p := newPod(t, time.Now, nil, func(o *Options) { o.Waiting = 4 })
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.do(t, desk.Join{Origin: desk.Origin{Principal: desk.CustomerPrincipal("maria"), Client: "before-all", CID: 1}, Session: "maria", Channel: "web"})
	busy := make([]turn, 2)
	for i := range busy {
		if taken, _ := p.load.begin(&busy[i]); !taken {
			t.Fatal("no place")
		}
	}
	post := func(session, command string) (int, http.Header, protocol.Error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/customer/commands", strings.NewReader(command))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+p.token(t, session))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var body protocol.ErrorBody
		_ = json.NewDecoder(resp.Body).Decode(&body)
		return resp.StatusCode, resp.Header, body.Error
	}
	for _, kind := range []string{`"join"`, `"contact","text":"hello","email":"a@b.example"`} {
		status, header, e := post("new", `{"type":`+kind+`,"cid":1,"client":"test-client"}`)
		if status != http.StatusServiceUnavailable || e.Code != "overloaded" || header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %+v, Retry-After %q", kind, status, e, header.Get("Retry-After"))
		}
	}
	// A join that comes twice is not new, and what is said in a conversation is taken.
	if status, _, e := post("maria", `{"type":"join","cid":1,"client":"before-all"}`); status != http.StatusOK {
		t.Errorf("a join that was there before: %d %+v", status, e)
	}
	if status, _, e := post("maria", `{"type":"say","cid":2,"client":"test-client","text":"still there?"}`); status != http.StatusOK {
		t.Errorf("a message: %d %+v", status, e)
	}
	for i := range busy {
		p.load.end(&busy[i])
	}
	if status, _, e := post("new", `{"type":"join","cid":1,"client":"test-client"}`); status != http.StatusOK {
		t.Errorf("afterwards: %d %+v", status, e)
	}
}

func TestPlacesAreToldLaterUnderLoadAndThenAsTheyAre(t *testing.T) {
	w := newTale(t)
	busy := false
	w.h.shed = func(what Shed) bool { return busy && what <= ShedPlaces }
	for i := range 3 {
		w.join(name(i))
	}
	last := w.customer(name(2))
	w.pass(time.Minute)
	last.taken()
	busy = true
	w.end(name(0))
	for range 5 {
		w.pass(10 * time.Second)
	}
	for _, c := range changes(t, last) {
		if c.Conversation != nil {
			t.Errorf("a place is told under load: %+v", c.Conversation)
		}
	}
	w.end(name(1))
	busy = false
	w.pass(10 * time.Second)
	w.pass(time.Second)
	told := 0
	for _, c := range changes(t, last) {
		if c.Conversation != nil {
			told = c.Conversation.Place
		}
	}
	if told != 1 {
		t.Errorf("afterwards the last is told place %d", told)
	}
}

func TestAClientThatDoesNotReadIsNotToldTypingAndPlacesUntilItHasRead(t *testing.T) {
	w := newTale(t)
	conn := someConn(t)
	for i := range 2 {
		w.join(name(i))
	}
	s := w.enter(held(conn, &socket{session: name(1), channel: "web", principal: desk.CustomerPrincipal(name(1))}))
	w.pass(time.Minute)
	s.taken()
	s.send([]byte(fmt.Sprintf("%0*d", outBudget/2+1, 0)))
	w.end(name(0))
	w.pass(10 * time.Second)
	w.pass(time.Second)
	if frames := s.taken(); len(frames) == 0 || bytes.Contains(bytes.Join(frames[1:], nil), []byte(`"place"`)) {
		t.Fatalf("for a client that does not read: %s", frames[1:])
	}
	w.pass(time.Second)
	told := 0
	for _, c := range changes(t, s) {
		if c.Conversation != nil {
			told = c.Conversation.Place
		}
	}
	if told != 1 {
		t.Errorf("when it has read, it is told place %d", told)
	}
}
