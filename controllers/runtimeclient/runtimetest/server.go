// Package runtimetest is a control port for tests: a real HTTP server with mutual TLS on a real
// socket, which stores the settings that it is sent and reports what a test tells it to. The rest
// of a runtime is not there.
//
//	s := runtimetest.Start(t, data, time.Now) // data of the Secret usher-control
//	client := runtimeclient.New(runtimeclient.Options{Dial: s.Dial, ...})
//	s.Report(func(r *settings.Report) { r.Queues["support"] = figures })
package runtimetest

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"usher.chat/controllers/certs"
	"usher.chat/runtime/settings"
)

// Server is one desk's control port.
type Server struct {
	addr string
	http *http.Server

	mu       sync.Mutex
	cert     tls.Certificate
	pool     *x509.CertPool
	settings *settings.Settings
	version  string
	report   settings.Report
	puts     int
	refuse   *Refusal
	changed  chan struct{} // closed and replaced when the report changes
}

// Refusal is what the server answers to settings.
type Refusal struct {
	Status        int
	Code, Message string
}

// Start serves until the test ends. Certificates are judged by the clock now.
func Start(t testing.TB, control map[string][]byte, now func() time.Time) *Server {
	t.Helper()
	s := &Server{changed: make(chan struct{})}
	s.report.Queues = map[string]settings.QueueFigures{}
	s.Renew(t, control)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /control/v1/settings", s.put)
	mux.HandleFunc("GET /control/v1/reports", s.reports)
	s.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // failed handshakes are some tests' purpose
	}
	secure := &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return &tls.Config{
				MinVersion:   tls.VersionTLS13,
				Certificates: []tls.Certificate{s.cert},
				ClientCAs:    s.pool,
				ClientAuth:   tls.RequireAndVerifyClientCert,
				Time:         now,
			}, nil
		},
	}
	go func() { _ = s.http.Serve(tls.NewListener(listener, secure)) }() // ends with Close
	t.Cleanup(func() { _ = s.http.Close() })
	return s
}

// Dial connects to the server, whatever the desk.
func (s *Server) Dial(ctx context.Context, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", s.addr)
}

// Renew takes other certificates into use for new connections.
func (s *Server) Renew(t testing.TB, control map[string][]byte) {
	t.Helper()
	cert, err := tls.X509KeyPair(control[certs.KeyCert], control[certs.KeyKey])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(control[certs.KeyBundle])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cert, s.pool = cert, pool
}

// Close ends all connections and the port.
func (s *Server) Close() { _ = s.http.Close() }

// Report changes what the server reports.
func (s *Server) Report(alter func(*settings.Report)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	alter(&s.report)
	s.tell()
}

// Refuse makes the server answer settings with an error; nil makes it apply them.
func (s *Server) Refuse(r *Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = r
}

// Forget makes the server lose its settings, as when a volume is restored.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings, s.version = nil, "forgotten"
	s.report.Version, s.report.Applied = s.version, settings.Applied{}
	s.tell()
}

// Settings that were applied last, and how often some were put.
func (s *Server) Settings() (*settings.Settings, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings, s.puts
}

// Changed is closed when the server's settings or report change after the call.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Server) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) put(w http.ResponseWriter, r *http.Request) {
	if name := r.TLS.PeerCertificates[0].Subject.CommonName; name != "operator" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	if s.refuse != nil {
		w.WriteHeader(s.refuse.Status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": s.refuse.Code, "message": s.refuse.Message}})
		return
	}
	var got settings.Settings
	if err := json.Unmarshal(data, &got); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	sum := sha256.Sum256(data)
	s.settings, s.version = &got, hex.EncodeToString(sum[:8])
	s.report.Version, s.report.Applied = s.version, appliedOf(&got)
	s.tell()
	_ = json.NewEncoder(w).Encode(map[string]any{"version": s.version, "applied": s.report.Applied})
}

func appliedOf(s *settings.Settings) settings.Applied {
	a := settings.Applied{
		Queues: map[string]int64{}, Teams: map[string]int64{},
		Channels: map[string]int64{}, Schedules: map[string]int64{},
	}
	for _, q := range s.Queues {
		a.Queues[q.Name] = q.Generation
	}
	for _, t := range s.Teams {
		a.Teams[t.Name] = t.Generation
	}
	for _, c := range s.Channels {
		a.Channels[c.Name] = c.Generation
	}
	for _, c := range s.Schedules {
		a.Schedules[c.Name] = c.Generation
	}
	return a
}

func (s *Server) reports(w http.ResponseWriter, r *http.Request) {
	for {
		s.mu.Lock()
		line, err := json.Marshal(s.report)
		changed := s.changed
		s.mu.Unlock()
		if err != nil {
			return
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush() // a broken stream shows at the next write
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}
