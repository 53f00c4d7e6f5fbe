package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// Times and bounds of a stream.
const (
	// Beat is the longest time between two frames of a side; Silence how long the other waits for one.
	Beat    = 250 * time.Millisecond
	Silence = time.Second
	// InFlight bounds the commands of one pod that the router has not answered.
	InFlight = 16384
	// marksKept bounds typing marks that wait to be sent.
	marksKept = 256
	// maxFrame is the largest frame: settings of a very large desk in one event, with room.
	maxFrame = 64 << 20
	window   = 4 << 20
)

const method = "/usher.peer.v1.Router/Stream"

// ServerOptions of NewServer.
type ServerOptions struct {
	Desk string
	// TLS is the directory of tls.crt, tls.key and ca.crt; they are read at each connection.
	TLS string
	// Gateway names this process.
	Gateway string
	Now     func() time.Time
	Logger  *slog.Logger
}

// Server takes the streams of the other pods. While this pod does not lead it refuses them.
type Server struct {
	o     ServerOptions
	certs *certificates

	mu   sync.Mutex
	term *Term
}

// NewServer makes one. Certificates that cannot be read are an error.
func NewServer(o ServerOptions) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, certs: &certificates{dir: o.TLS, name: Name(o.Desk), now: o.Now, log: o.Logger}}
	if _, err := s.certs.load(); err != nil {
		return nil, err
	}
	return s, nil
}

// Serve takes streams until the context ends. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(s.certs.server())), grpc.ForceServerCodecV2(newCodec()),
		grpc.MaxRecvMsgSize(maxFrame), grpc.MaxSendMsgSize(maxFrame), grpc.ConnectionTimeout(5*time.Second),
		grpc.MaxConcurrentStreams(4), grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(window),
	)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "usher.peer.v1.Router", HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{StreamName: "Stream", ServerStreams: true, ClientStreams: true,
			Handler: func(srv any, stream grpc.ServerStream) error { return srv.(*Server).stream(stream) }}},
	}, s)
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	if err := server.Serve(l); err != nil && ctx.Err() == nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve the other pods: %w", err)
	}
	return nil
}

// Begin starts a term: from now on pods are taken in.
func (s *Server) Begin(o TermOptions) *Term {
	t := &Term{o: o, server: s, sessions: map[*session]struct{}{}, ring: ring{last: o.Last}, ended: make(chan struct{})}
	s.mu.Lock()
	s.term = t
	s.mu.Unlock()
	return t
}

func (s *Server) current() *Term {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term
}

// stream serves one pod.
func (s *Server) stream(stream grpc.ServerStream) error {
	var first up
	if err := stream.RecvMsg(&first); err != nil {
		return err
	}
	h := first.Hello
	t := s.current()
	switch {
	case h == nil:
		return status.Error(codes.InvalidArgument, "the first frame is a hello")
	case h.Version != Version:
		return status.Errorf(codes.Unimplemented, "frames of version %d are not known to this release", h.Version)
	case h.Desk != s.o.Desk:
		return status.Errorf(codes.PermissionDenied, "this is desk %q", s.o.Desk)
	case t == nil:
		return status.Error(codes.FailedPrecondition, ErrNotLeading.Error())
	}
	return t.serve(stream, *h)
}
