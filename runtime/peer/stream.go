package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// JoinOptions of Join.
type JoinOptions struct {
	// Address of the leader, host and port.
	Address string
	Desk    string
	// TLS is the directory of tls.crt, tls.key and ca.crt.
	TLS string
	// Gateway names this process.
	Gateway string
	// After is the last sequence that this pod has.
	After  uint64
	Now    func() time.Time
	Logger *slog.Logger
}

// connectWithin is how long a connection to the leader, with its greeting, may take.
const connectWithin = time.Second

// Stream is this pod's stream to the leader. Send and Type may be called from any goroutine, Next from one.
type Stream struct {
	conn   *grpc.ClientConn
	stream grpc.ClientStream
	ctx    context.Context
	cancel context.CancelCauseFunc
	now    func() time.Time
	began  time.Time
	heard  atomic.Int64 // when the last frame came: nanoseconds since began, whatever the wall clock does
	wake   chan struct{}
	ended  sync.WaitGroup
	// Leader is what the leader said of itself.
	Leader Welcome

	mu      sync.Mutex
	out     up
	leaving bool
}

// Join opens a stream to the leader. ErrRefused, ErrBehind and ErrNotLeading tell apart what the caller can do about it.
func Join(ctx context.Context, o JoinOptions) (*Stream, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	certs := &certificates{dir: o.TLS, name: Name(o.Desk), now: o.Now, log: o.Logger}
	config, err := certs.client()
	if err != nil {
		return nil, err
	}
	// Dialled here, to know how it fails: the library tells it in words only.
	dialing, stop := context.WithTimeout(ctx, connectWithin)
	defer stop()
	raw, err := new(net.Dialer).DialContext(dialing, "tcp", o.Address)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to the leader: %w", err)
	}
	s := &Stream{now: o.Now, began: o.Now(), wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	if err := s.open(raw, config, o); err != nil {
		if cause := context.Cause(s.ctx); cause != nil {
			err = cause
		}
		s.cancel(err)
		if s.conn != nil {
			_ = s.conn.Close()
		}
		_ = raw.Close()
		return nil, fmt.Errorf("join the leader at %s: %w", o.Address, explained(err))
	}
	s.ended.Go(s.write)
	s.ended.Go(s.watch)
	return s, nil
}

func (s *Stream) open(raw net.Conn, config *tls.Config, o JoinOptions) error {
	var once sync.Once
	conn, err := grpc.NewClient("passthrough:///"+o.Address,
		grpc.WithTransportCredentials(credentials.NewTLS(config)), grpc.WithNoProxy(), grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(), grpc.WithStaticStreamWindowSize(window), grpc.WithStaticConnWindowSize(window),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(newCodec()), grpc.MaxCallRecvMsgSize(maxFrame), grpc.MaxCallSendMsgSize(maxFrame)),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			var mine net.Conn
			once.Do(func() { mine = raw })
			if mine == nil {
				return nil, errors.New("a stream has one connection")
			}
			return mine, nil
		}))
	if err != nil {
		return err
	}
	s.conn = conn
	// The greeting has a time of its own; the stream has none.
	slow := time.AfterFunc(connectWithin, func() { s.cancel(ErrSilent) })
	defer slow.Stop()
	s.stream, err = conn.NewStream(s.ctx, &grpc.StreamDesc{StreamName: "Stream", ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	hello := up{Hello: &Hello{Version: Version, Desk: o.Desk, Gateway: o.Gateway, After: o.After}}
	if err := s.stream.SendMsg(&hello); err != nil {
		return s.why(err)
	}
	var first Down
	if err := s.stream.RecvMsg(&first); err != nil {
		return err
	}
	if first.Welcome == nil {
		return errors.New("the first frame is no welcome")
	}
	s.Leader = *first.Welcome
	s.heard.Store(int64(s.age()))
	return nil
}

func (s *Stream) age() time.Duration { return s.now().Sub(s.began) }

// why finds the reason of a send that failed: the library tells it to whoever receives.
func (s *Stream) why(err error) error {
	var f Down
	if reason := s.stream.RecvMsg(&f); reason != nil {
		return reason
	}
	return err
}

// explained turns the words of the other side into errors.
func explained(err error) error {
	switch status.Code(err) {
	case codes.OutOfRange:
		return ErrBehind
	case codes.FailedPrecondition:
		return ErrNotLeading
	case codes.DeadlineExceeded:
		return fmt.Errorf("%w: %w", ErrSilent, err)
	}
	return err
}

// Next waits for the leader's next frame; it may be empty.
func (s *Stream) Next() (Down, error) {
	var f Down
	if err := s.stream.RecvMsg(&f); err != nil {
		if cause := context.Cause(s.ctx); cause != nil {
			err = cause
		}
		return Down{}, fmt.Errorf("hear the leader: %w", explained(err))
	}
	s.heard.Store(int64(s.age()))
	return f, nil
}

// Send queues a command. The caller bounds how many have no answer.
func (s *Stream) Send(c Command) {
	s.mu.Lock()
	s.out.Commands = append(s.out.Commands, c)
	s.mu.Unlock()
	s.signal()
}

// Type queues a typing mark, unless too many wait.
func (s *Stream) Type(m Mark) {
	s.mu.Lock()
	if len(s.out.Marks) < marksKept {
		s.out.Marks = append(s.out.Marks, m)
	}
	s.mu.Unlock()
	s.signal()
}

// Leaving tells that this pod ends soon.
func (s *Stream) Leaving() {
	s.mu.Lock()
	s.leaving = true
	s.mu.Unlock()
	s.signal()
}

func (s *Stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// outCommands is how many commands go into one frame. As with groups, they are of frameBytes at the most; a larger one
// goes alone.
const outCommands = 1024

// fits is how many commands of a list go into one frame.
func fits(list []Command) int {
	size := 0
	for i := range list {
		if size += len(list[i].Body); i == outCommands || i > 0 && size > frameBytes {
			return i
		}
	}
	return len(list)
}

// write sends what is queued, and at least a beat.
func (s *Stream) write() {
	beat := time.NewTicker(Beat)
	defer beat.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-beat.C:
		}
		// Whoever else has a command just now comes along: a frame costs more than a command.
		runtime.Gosched()
		s.mu.Lock()
		f := s.out
		f.Leaving = s.leaving
		s.out = up{}
		if n := fits(f.Commands); n < len(f.Commands) {
			s.out.Commands = f.Commands[n:]
			f.Commands = f.Commands[:n:n]
			s.signal()
		}
		s.mu.Unlock()
		if err := s.stream.SendMsg(&f); err != nil {
			return // Next tells why
		}
	}
}

// watch ends a stream whose leader is silent.
func (s *Stream) watch() {
	tick := time.NewTicker(Beat)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if silent := s.age() - time.Duration(s.heard.Load()); silent > Silence {
			s.cancel(ErrSilent)
			return
		}
	}
}

// Close ends the stream.
func (s *Stream) Close() {
	s.cancel(context.Canceled)
	_ = s.conn.Close()
	s.ended.Wait()
}
