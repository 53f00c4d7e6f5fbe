// Package gatewaytest has a small client of a desk, for tests, benches and checks on a cluster:
//
//	c, err := gatewaytest.Customer(ctx, "http://127.0.0.1:8080", "web", "")
//	ack, err := c.Do(ctx, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
//	err = c.Until(ctx, func(v *gatewaytest.View) bool { return v.Conversation().Place == 1 })
//
// It keeps the protocol's rules: numbers that rise, prev checked, resume with its sequence.
package gatewaytest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"usher.chat/runtime/protocol"
)

// Refusal is a command that had no effect.
type Refusal struct{ Reason protocol.Error }

func (r *Refusal) Error() string { return r.Reason.Code + ": " + r.Reason.Message }

// ErrClosed is a connection that ended.
var ErrClosed = errors.New("the socket is closed")

// Client is a tab: one socket at a time, one client id.
type Client struct {
	base   string
	hello  protocol.Hello
	header http.Header

	mu      sync.Mutex
	changed chan struct{}
	conn    *gws.Conn
	down    error
	cid     uint64
	answers map[uint64]chan answer
	gate    chan struct{} // closed when the client may read again
	deaf    bool          // takes only answers
	heard   time.Time     // of the last frame
	watch   func(prev, seq uint64, c protocol.Change)
	view    View
}

type answer struct {
	ack protocol.Ack
	err error
}

// Customer connects a customer's client. session is the token of an earlier one, or empty.
func Customer(ctx context.Context, base, channel, session string) (*Client, error) {
	c := newClient(base, http.Header{})
	c.hello.Channel, c.hello.Session = channel, session
	return c, c.Connect(ctx)
}

// Agent signs in by a link and connects.
func Agent(ctx context.Context, base, link string) (*Client, error) {
	header, err := SignIn(ctx, base, link)
	if err != nil {
		return nil, err
	}
	c := newClient(base, header)
	return c, c.Connect(ctx)
}

// SignIn uses a link up and gives the header that carries the session.
func SignIn(ctx context.Context, base, link string) (http.Header, error) {
	_, token, ok := strings.Cut(link, "#token=")
	if !ok {
		return nil, fmt.Errorf("%q is not a sign-in link", link)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	body, _ := json.Marshal(map[string]string{"token": token})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/sign-in", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Jar: jar}).Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		var e protocol.ErrorBody
		_ = json.NewDecoder(resp.Body).Decode(&e)
		return nil, &Refusal{e.Error}
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for _, cookie := range jar.Cookies(u) {
		header.Add("Cookie", cookie.Name+"="+cookie.Value)
	}
	return header, nil
}

func newClient(base string, header http.Header) *Client {
	c := &Client{base: strings.TrimSuffix(base, "/"), header: header, changed: make(chan struct{}), answers: map[uint64]chan answer{}}
	c.hello = protocol.Hello{Type: protocol.TypeHello, V: protocol.Version, Client: "test-" + rand.Text()[:20]}
	c.view.reset()
	return c
}

// Unannounced connects to the customers' stream and says nothing yet.
func Unannounced(base string) (*Client, error) {
	c := newClient(base, http.Header{})
	c.hello.Channel = "unannounced"
	_, err := c.open(context.Background())
	return c, err
}

// Connect connects, again with the sequence that the client has.
func (c *Client) Connect(ctx context.Context) error {
	hello, err := c.open(ctx)
	if err != nil {
		return err
	}
	if err := c.Send(hello); err != nil {
		return err
	}
	return c.Until(ctx, func(v *View) bool { return v.Loaded })
}

func (c *Client) open(ctx context.Context) (protocol.Hello, error) {
	within := time.Minute
	if deadline, ok := ctx.Deadline(); ok {
		within = max(time.Millisecond, min(within, time.Until(deadline)))
	}
	path := "/v1/customer/stream"
	if c.hello.Channel == "" {
		path = "/v1/agent/stream"
	}
	header := c.header.Clone()
	header.Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
	conn, resp, err := gws.NewClient(&events{c}, &gws.ClientOption{
		Addr: "ws" + strings.TrimPrefix(c.base, "http") + path, RequestHeader: header, HandshakeTimeout: within,
		ReadMaxPayloadSize: 64 << 20,
	})
	if err != nil {
		if resp != nil {
			return c.hello, fmt.Errorf("connect: %s: %w", resp.Status, err)
		}
		return c.hello, fmt.Errorf("connect: %w", err)
	}
	c.mu.Lock()
	c.conn, c.down, c.heard = conn, nil, time.Now()
	c.view.GoAway, c.view.AwayMS = false, 0
	hello := c.hello
	hello.Seq = c.view.Seq
	if hello.Channel != "" {
		hello.Keeps = c.view.newest()
	}
	c.view.Loaded, c.view.partial = false, false
	c.mu.Unlock()
	go conn.ReadLoop()
	return hello, nil
}

// Send sends any frame.
func (c *Client) Send(frame any) error {
	b, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	return c.SendRaw(b)
}

// SendRaw sends bytes as a text frame.
func (c *Client) SendRaw(b []byte) error {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	return conn.WriteMessage(gws.OpcodeText, b)
}

// Number is a new command number.
func (c *Client) Number() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cid++
	return c.cid
}

// Do sends a command and waits for its answer. A command with a CID keeps it.
func (c *Client) Do(ctx context.Context, cmd protocol.Command) (protocol.Ack, error) {
	if cmd.CID == 0 {
		cmd.CID = c.Number()
	}
	wait, err := c.begin(cmd)
	if err != nil {
		return protocol.Ack{}, err
	}
	return c.end(ctx, cmd.CID, wait)
}

// begin sends a command; its answer is taken by end.
func (c *Client) begin(cmd protocol.Command) (<-chan answer, error) {
	wait := make(chan answer, 1)
	c.mu.Lock()
	c.answers[cmd.CID] = wait
	c.mu.Unlock()
	if err := c.Send(cmd); err != nil {
		c.forget(cmd.CID)
		return nil, fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return wait, nil
}

func (c *Client) forget(cid uint64) {
	c.mu.Lock()
	delete(c.answers, cid)
	c.mu.Unlock()
}

func (c *Client) end(ctx context.Context, cid uint64, wait <-chan answer) (protocol.Ack, error) {
	defer c.forget(cid)
	select {
	case a := <-wait:
		return a.ack, a.err
	case <-ctx.Done():
		return protocol.Ack{}, ctx.Err()
	}
}

// Until waits until a condition holds on what the client knows. It fails when the socket closes.
func (c *Client) Until(ctx context.Context, holds func(*View) bool) error {
	for {
		c.mu.Lock()
		if holds(&c.view) {
			c.mu.Unlock()
			return nil
		}
		if c.down != nil {
			err := c.down
			c.mu.Unlock()
			return err
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Look reads what the client knows.
func (c *Client) Look(f func(*View)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.view)
}

// Closed waits for the end of the socket and gives its code.
func (c *Client) Closed(ctx context.Context) (uint16, error) {
	err := c.Until(ctx, func(*View) bool { return false })
	if !errors.Is(err, ErrClosed) {
		return 0, err
	}
	var code uint16
	c.Look(func(v *View) { code = v.Code })
	return code, nil
}

// Drop cuts the connection without a word, as a lost network does.
func (c *Client) Drop() {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	_ = conn.NetConn().Close()
}

// Session is the customer's token.
func (c *Client) Session() string {
	var token string
	c.Look(func(v *View) { token = v.Welcome.Session })
	return token
}

// Header is what an agent's HTTP requests carry.
func (c *Client) Header() http.Header { return c.header.Clone() }

type events struct{ c *Client }

func (e *events) OnOpen(*gws.Conn) {}

func (e *events) OnClose(conn *gws.Conn, err error) {
	e.c.mu.Lock()
	defer e.c.mu.Unlock()
	if e.c.conn != conn {
		return
	}
	var code *gws.CloseError
	if errors.As(err, &code) {
		e.c.view.Code = code.Code
	}
	e.c.down = fmt.Errorf("%w: %w", ErrClosed, err)
	for cid, wait := range e.c.answers {
		select {
		case wait <- answer{err: e.c.down}:
		default:
		}
		delete(e.c.answers, cid)
	}
	e.c.tell()
}

func (e *events) OnPing(conn *gws.Conn, payload []byte) { _ = conn.WritePong(payload) }
func (e *events) OnPong(*gws.Conn, []byte)              {}

func (e *events) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer func() { _ = m.Close() }()
	e.c.mu.Lock()
	skip := e.c.deaf && bytes.HasPrefix(m.Bytes(), []byte(`{"type":"update"`))
	e.c.mu.Unlock()
	if skip {
		return
	}
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(m.Bytes(), &head) != nil {
		return
	}
	e.c.mu.Lock()
	gate := e.c.gate
	e.c.heard = time.Now()
	e.c.mu.Unlock()
	if gate != nil {
		<-gate
	}
	e.c.mu.Lock()
	defer e.c.mu.Unlock()
	if e.c.conn != conn {
		return
	}
	e.c.take(head.Type, m.Bytes())
	e.c.tell()
}

func (c *Client) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Client) take(kind string, b []byte) {
	v := &c.view
	switch kind {
	case protocol.TypeWelcome:
		_ = json.Unmarshal(b, &v.Welcome)
		if v.Welcome.Session != "" {
			c.hello.Session = v.Welcome.Session
		}
	case protocol.TypeSnapshot:
		var s protocol.Snapshot
		if err := json.Unmarshal(b, &s); err != nil {
			c.down = err
			return
		}
		v.snapshot(s)
		c.tellWatch(s.Seq-1, s.Seq, s.Changes)
	case protocol.TypeUpdate:
		var u protocol.Update
		if err := json.Unmarshal(b, &u); err != nil {
			c.down = err
			return
		}
		if u.Prev != v.Seq {
			c.down = fmt.Errorf("a gap: prev is %d, the client has %d", u.Prev, v.Seq)
			return
		}
		for _, change := range u.Changes {
			v.apply(change)
		}
		v.Seq = u.Seq
		c.tellWatch(u.Prev, u.Seq, u.Changes)
	case protocol.TypeAck:
		var a protocol.Ack
		_ = json.Unmarshal(b, &a)
		c.answer(a.CID, answer{ack: a})
	case protocol.TypeRefused:
		var r protocol.Refused
		_ = json.Unmarshal(b, &r)
		c.answer(r.CID, answer{err: &Refusal{r.Error}})
	case protocol.TypeError:
		var e protocol.ErrorFrame
		_ = json.Unmarshal(b, &e)
		v.Errors = append(v.Errors, e.Error)
	case protocol.TypePing:
		conn := c.conn
		go func() { _ = conn.WriteMessage(gws.OpcodeText, []byte(`{"type":"pong"}`)) }()
	case protocol.TypeGoAway:
		var away protocol.GoAway
		_ = json.Unmarshal(b, &away)
		v.GoAway, v.AwayMS = true, away.AfterMS
	case protocol.TypeTyping:
		v.Typing++
	}
}

// Watch gives each change that the client is told to a function, with the sequences after which and up to which it
// reads so: that of a snapshot is exact. The function must not call the client.
func (c *Client) Watch(each func(prev, seq uint64, change protocol.Change)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch = each
}

func (c *Client) tellWatch(prev, seq uint64, changes []protocol.Change) {
	if c.watch == nil {
		return
	}
	for _, change := range changes {
		c.watch(prev, seq, change)
	}
}

func (c *Client) answer(cid uint64, a answer) {
	if wait, ok := c.answers[cid]; ok {
		select {
		case wait <- a:
		default:
		}
	}
}

// CustomerWith connects a customer whose requests carry a header.
func CustomerWith(ctx context.Context, base, channel, session string, header http.Header) (*Client, error) {
	if header == nil {
		header = http.Header{}
	}
	c := newClient(base, header)
	c.hello.Channel, c.hello.Session = channel, session
	return c, c.Connect(ctx)
}

// SetHeader changes what the next Connect sends.
func (c *Client) SetHeader(name, value string) { c.header.Set(name, value) }

// Move changes the address that the next Connect goes to.
func (c *Client) Move(base string) { c.base = strings.TrimSuffix(base, "/") }

// Stall lets the client read nothing until Resume.
func (c *Client) Stall() {
	gate := make(chan struct{})
	c.mu.Lock()
	c.gate = gate
	c.mu.Unlock()
}

// Resume ends Stall.
func (c *Client) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.gate)
	c.gate = nil
}

// OnlyAnswers lets the client take no notice of anything but answers to its commands: for benches,
// where what it is told would cost more than what is measured.
func (c *Client) OnlyAnswers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
}
