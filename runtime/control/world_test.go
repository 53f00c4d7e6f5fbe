package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/control"
	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

const serverName = "usher-control.acme.svc"

// desk is a small desk: settings that stay, a count of those who wait, a log.
type desk struct {
	mu       sync.Mutex
	settings settings.Settings
	applied  int
	refuse   error
	waiting  int
	reports  int
	failing  error
	told     sync.Cond // of mu: reports changed
}

func (d *desk) ApplySettings(_ context.Context, s settings.Settings) (control.Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		return control.Answer{}, d.refuse
	}
	d.settings = s
	d.applied++
	applied := settings.Applied{Queues: map[string]int64{}}
	for _, q := range s.Queues {
		applied.Queues[q.Name] = q.Generation
	}
	return control.Answer{Version: s.Version(), Applied: applied}, nil
}

func (d *desk) Report(context.Context) (settings.Report, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reports++
	d.told.Broadcast()
	return settings.Report{
		Version: "v1", At: time.Unix(int64(d.reports), 0),
		Queues: map[string]settings.QueueFigures{"support": {State: settings.QueueOpen, Waiting: d.waiting}},
	}, d.failing
}

func (d *desk) Log(_ context.Context, queue string, before uint64, limit int) ([]protocol.LogEntry, error) {
	if queue == "broken" {
		return nil, errors.New("the disk makes noises")
	}
	if queue == "" {
		return []protocol.LogEntry{{Seq: 3, Type: "keysLocked", Reason: "10 wrong session keys from 192.0.2.7"}}, nil
	}
	if queue != "support" {
		return nil, fmt.Errorf("read the log: %w", control.ErrNotFound)
	}
	var all []protocol.LogEntry
	for seq := uint64(250); seq > 0 && len(all) < limit; seq-- {
		if before == 0 || seq < before {
			all = append(all, protocol.LogEntry{Seq: seq, Queue: queue, Type: "joined"})
		}
	}
	return all, nil
}

func (d *desk) Explain(_ context.Context, conversation string) (protocol.Explanation, error) {
	switch conversation {
	case "c12":
		return protocol.Explanation{Conversation: conversation, Steps: []protocol.Step{{Seq: 7, Type: "joined", Text: "Maria came"}}}, nil
	case "c13":
		return protocol.Explanation{}, errors.New("the disk makes noises")
	}
	return protocol.Explanation{}, fmt.Errorf("explain: %w", control.ErrNotFound)
}

func (d *desk) wait(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = n
}

func (d *desk) asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reports
}

// askedMore returns when more than so many reports were asked for.
func (d *desk) askedMore(than int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.reports <= than {
		d.told.Wait()
	}
}

// port is a control port in service.
type port struct {
	t      *testing.T
	desk   *desk
	server *control.Server
	ca     *controltest.CA
	dir    string
	addr   string
	stop   func()
}

func serve(t *testing.T, change func(*control.Options)) *port {
	t.Helper()
	p := &port{t: t, desk: &desk{}, dir: t.TempDir()}
	p.desk.told.L = &p.desk.mu
	p.ca = newCA(t)
	p.certify(p.ca)
	o := control.Options{Desk: p.desk, Info: control.VersionInfo{Version: "1.2.3", Desk: "acme"}, Now: time.Now, Every: 20 * time.Millisecond, Heartbeat: time.Hour}
	if change != nil {
		change(&o)
	}
	p.server = control.New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.server.Serve(ctx, l, p.dir) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(p.stop)
	// It has read its certificates once it answers: a test that changes them must not do so before.
	p.call(p.operator(), http.MethodGet, "/control/v1/version", "")
	return p
}

func newCA(t *testing.T) *controltest.CA {
	t.Helper()
	ca, err := controltest.NewCA("acme", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// certify gives the port a certificate of an authority, which it also trusts.
func (p *port) certify(ca *controltest.CA) {
	p.t.Helper()
	pair, err := ca.Server(serverName)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := pair.Write(p.dir); err != nil {
		p.t.Fatal(err)
	}
}

// client shows the certificate of that name; of another authority if one is given. Every request has
// a connection of its own.
func (p *port) client(name string, ca *controltest.CA) *http.Client {
	p.t.Helper()
	pair, err := ca.Client(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.clientWith(pair)
}

func (p *port) clientWith(pair controltest.Pair) *http.Client {
	p.t.Helper()
	config, err := pair.ClientConfig(serverName)
	if err != nil {
		p.t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", p.addr)
	}}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (p *port) operator() *http.Client { return p.client(control.Operator, p.ca) }

// call makes a request and reads the answer.
func (p *port) call(c *http.Client, method, path, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, "https://"+serverName+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// refused makes a request and expects a typed error.
func (p *port) refused(c *http.Client, method, path, body string, status int, code string) string {
	p.t.Helper()
	got, answer := p.call(c, method, path, body)
	var e protocol.ErrorBody
	if err := json.Unmarshal([]byte(answer), &e); err != nil {
		p.t.Fatalf("%s %s: %d %q is no error body: %v", method, path, got, answer, err)
	}
	if got != status || e.Error.Code != code || e.Error.Message == "" {
		p.t.Errorf("%s %s: %d %s, want %d %s", method, path, got, answer, status, code)
	}
	return e.Error.Message
}

// stream is a stream of reports.
type stream struct {
	t     *testing.T
	body  io.Closer
	lines *bufio.Scanner
}

func (p *port) watch(c *http.Client) *stream {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "https://"+serverName+"/control/v1/reports", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/x-ndjson" {
		p.t.Fatalf("watching gives %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	return &stream{t: p.t, body: res.Body, lines: bufio.NewScanner(res.Body)}
}

// next is how many wait by the next report.
func (s *stream) next() int {
	s.t.Helper()
	if !s.lines.Scan() {
		s.t.Fatalf("the stream ended: %v", s.lines.Err())
	}
	var r settings.Report
	if err := json.Unmarshal(s.lines.Bytes(), &r); err != nil {
		s.t.Fatalf("%q: %v", s.lines.Text(), err)
	}
	return r.Queues["support"].Waiting
}

// until reads until so many wait.
func (s *stream) until(n int) {
	s.t.Helper()
	for s.next() != n {
	}
}

// Erase knows c1, which goes on, and c2.
func (d *desk) Erased(_ context.Context, after uint64) (protocol.ErasedPage, error) {
	if after == 5 {
		return protocol.ErasedPage{}, errors.New("the disk makes noises")
	}
	return protocol.ErasedPage{Erased: []protocol.ErasedConversation{{Conversation: "c2", Began: after + 1, BeganAt: 7, ErasedAt: 9}}, Next: after + 1}, nil
}

func (d *desk) EraseAgain(_ context.Context, r protocol.EraseAgainRequest) (protocol.ErasedAgain, error) {
	if len(r.Erased) == 0 {
		return protocol.ErasedAgain{}, &control.Refusal{Code: "bad_request", Message: "nothing is named"}
	}
	return protocol.ErasedAgain{Conversations: []string{r.Erased[0].Conversation}, Done: true}, nil
}

func (d *desk) Erase(_ context.Context, r protocol.EraseRequest) (protocol.Erasure, error) {
	switch {
	case r.Conversation == "c1" && !r.End:
		return protocol.Erasure{}, &control.Refusal{Code: "still_open", Message: "conversation c1 goes on"}
	case r.Conversation == "c1", r.Conversation == "c2":
		return protocol.Erasure{Conversations: []string{r.Conversation}, Seq: 9, Done: true}, nil
	case r.Conversation == "c5":
		return protocol.Erasure{}, errors.New("the disk makes noises")
	}
	return protocol.Erasure{}, fmt.Errorf("erase: %w", &control.Refusal{Code: "not_found", Message: "there is none"})
}
