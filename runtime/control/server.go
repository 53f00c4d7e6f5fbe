package control

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// Names of clients: the common name of their certificates.
const (
	Operator = "operator" // may do everything
	Viewer   = "viewer"   // may read
)

// Desk is what the port stands before.
type Desk interface {
	// ApplySettings puts settings in force and returns when that is durable. Settings that it will
	// not have are a *settings.InvalidError; any other error means "try again later".
	ApplySettings(ctx context.Context, s settings.Settings) (Answer, error)
	// Report is how the desk reads now.
	Report(ctx context.Context) (settings.Report, error)
	// Log is the activity log of a queue before a sequence (0: from the end), the newest first, at
	// most limit entries (feature Q4). A queue that never was is [ErrNotFound]; that without a name is
	// the desk's own log, of what belongs to no queue.
	Log(ctx context.Context, queue string, before uint64, limit int) ([]protocol.LogEntry, error)
	// Explain is every decision about a conversation, in order (feature X3). One that never was is
	// [ErrNotFound].
	Explain(ctx context.Context, conversation string) (protocol.Explanation, error)
	// Erase removes conversations for good (feature X9). What cannot be erased is a *[Refusal]; any other error means
	// "try again later".
	Erase(ctx context.Context, r protocol.EraseRequest) (protocol.Erasure, error)
	// Erased is a part of the list of what was erased, of conversations that began after a record, and EraseAgain erases
	// what is on such a list and came back with a backup; errors are those of Erase.
	Erased(ctx context.Context, after uint64) (protocol.ErasedPage, error)
	EraseAgain(ctx context.Context, r protocol.EraseAgainRequest) (protocol.ErasedAgain, error)
}

// Answer is what is in force after settings were applied.
type Answer struct {
	Version string           `json:"version"`
	Applied settings.Applied `json:"applied"`
}

// VersionInfo is GET /control/v1/version.
type VersionInfo struct {
	// Version is that of the runtime.
	Version string `json:"version"`
	// Desk is the name of the desk that it serves.
	Desk string `json:"desk"`
}

// ErrNotFound is for a queue or a conversation that is not there.
var ErrNotFound = errors.New("there is no such thing in this desk")

// Options of New.
type Options struct {
	Desk Desk
	Info VersionInfo
	// Keeper, if set, is the ledger as a whole.
	Keeper Keeper
	// Now is the clock that certificates are judged by.
	Now func() time.Time
	// Logger is told what nobody else is; nil for nothing.
	Logger *slog.Logger
	// Every is the shortest time between two reports to one watcher; a second when 0. Heartbeat is
	// the longest; ten seconds when 0.
	Every, Heartbeat time.Duration
	// Patience is how long Serve tries again when the certificates cannot be read at the start; five
	// seconds when 0.
	Patience time.Duration
}

// Bounds of a connection.
const (
	headerTimeout  = 5 * time.Second
	bodyTimeout    = 30 * time.Second
	answerTimeout  = 90 * time.Second // from the header of a request; streams have the next one instead
	writeTimeout   = 10 * time.Second // for one line of a stream
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
	maxConnections = 128
)

// Server is the control port. It is an [http.Handler]; in service it stands behind Serve, which alone
// makes sure who the client is.
type Server struct {
	desk    Desk
	info    VersionInfo
	now     func() time.Time
	log     *slog.Logger
	reports *hub
	mux     *http.ServeMux
	// patience is Options.Patience.
	patience time.Duration
}

// New makes a control port.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 10 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	s := &Server{desk: o.Desk, info: o.Info, now: o.Now, log: o.Logger, mux: http.NewServeMux(), patience: o.Patience}
	s.reports = newHub(o.Desk.Report, o.Every, o.Heartbeat, o.Logger)
	s.mux.HandleFunc("PUT /control/v1/settings", s.putSettings)
	s.mux.HandleFunc("GET /control/v1/reports", s.getReports)
	s.mux.HandleFunc("GET /control/v1/log", s.getLog)
	s.mux.HandleFunc("GET /control/v1/explanation", s.getExplanation)
	s.mux.HandleFunc("POST /control/v1/erasures", s.postErasure)
	s.mux.HandleFunc("GET /control/v1/erasures", s.getErasures)
	s.mux.HandleFunc("POST /control/v1/erasures/again", s.postAgain)
	s.mux.HandleFunc("GET /control/v1/version", s.getVersion)
	if o.Keeper != nil {
		s.keep(o.Keeper)
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, http.StatusNotFound, codeNotFound, "there is nothing at "+r.URL.Path)
	})
	return s
}

// Changed says that a report may read otherwise now. It may be called at any rate and never blocks;
// the report itself is asked for at most once in Options.Every, and only while somebody listens.
func (s *Server) Changed() { s.reports.changed() }

// Watchers is how many listen to reports, for metrics.
func (s *Server) Watchers() int { return s.reports.count() }

// ServeHTTP answers a request of a client whose certificate was verified.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := client(r)
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	if name != Operator && (name != Viewer || !read) {
		s.refuse(w, http.StatusForbidden, codeNotEntitled, fmt.Sprintf("%q may not %s this", name, r.Method))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// client is the name in the certificate; empty without one.
func client(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return ""
	}
	return r.TLS.PeerCertificates[0].Subject.CommonName
}

// Serve answers on a listener until the context ends, with the certificates of a directory (tls.crt,
// tls.key, ca.crt), which are read again when they change. It closes the listener. Certificates that
// cannot be read at the start, as in the moment of a change, are read again for Options.Patience, and
// are an error then; later ones are told to the logger, and those before stay.
func (s *Server) Serve(ctx context.Context, l net.Listener, dir string) error {
	certs, err := openCertificates(ctx, dir, s.patience, s.now, s.log)
	if err != nil && ctx.Err() != nil {
		return l.Close() // the end came first: that is no error
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           s,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: certs.forClient},
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		Protocols:         new(http.Protocols),
	}
	// A stream and a few calls: one connection each is plain, and goes through every tunnel.
	server.Protocols.SetHTTP1(true)
	reporting := make(chan struct{})
	go func() {
		defer close(reporting)
		s.reports.run(ctx)
	}()
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = server.Close() // what it would tell, the connections tell
	})
	err = server.ServeTLS(newBounded(l, maxConnections), "", "")
	if !stop() {
		<-stopped
	}
	cancel()
	<-reporting
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return errors.Join(fmt.Errorf("serve the control port: %w", err), server.Close())
}
