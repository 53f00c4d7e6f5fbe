package peer

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TermOptions of Begin. The functions are called from several goroutines and must not block.
type TermOptions struct {
	Epoch uint64
	// Last is the sequence of the last entry of the ledger.
	Last uint64
	// Do has a command of a gateway decided; done is called once. A nil Failure is success; the ID is filled in here.
	Do func(gateway string, body []byte, done func(Answer))
	// Mark gets the typing marks of the other pods.
	Mark func(Mark)
	// Left tells that a gateway's last stream ended, and whether it had said that it leaves.
	Left func(gateway string, leaving bool)
}

// Term is the time in which this pod leads.
type Term struct {
	o      TermOptions
	server *Server

	mu       sync.Mutex
	ring     ring
	sessions map[*session]struct{}
	together bool   // sessions are woken later, once
	moved    *Moved // set when the term has ended
	ended    chan struct{}
}

// session is one pod's stream.
type session struct {
	term    *Term
	gateway string
	wake    chan struct{}
	flying  chan struct{} // a place for each command without an answer
	began   time.Time
	heard   atomic.Int64 // when the last frame came: nanoseconds since began, whatever the wall clock does
	leaving atomic.Bool

	// guarded by term.mu
	due     bool   // to be woken
	cursor  uint64 // the last sequence that was sent
	answers []Answer
	marks   []Mark
}

// Carry sends a group on. Groups must come in order without a hole.
func (t *Term) Carry(first uint64, entries [][]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring.add(Group{First: first, Entries: entries})
	t.wakeAll()
}

// Forget lets go of what is kept for pods that are behind, up to a sequence.
func (t *Term) Forget(upTo uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring.forget(upTo)
}

// Together lets what f gives to the pods, a group and the answers to its commands, go out in one frame to each.
func (t *Term) Together(f func()) {
	t.mu.Lock()
	t.together = true
	t.mu.Unlock()
	f()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.together = false
	for s := range t.sessions {
		if s.due {
			s.signal()
		}
	}
}

func (t *Term) wakeAll() {
	for s := range t.sessions {
		s.signal()
	}
}

// signal has the session look at what there is to send. The caller holds the term's lock.
func (s *session) signal() {
	if s.due = s.term.together; s.due {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Mark sends a typing mark of this pod to all others.
func (t *Term) Mark(m Mark) { t.mark(m, nil) }

func (t *Term) mark(m Mark, from *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range t.sessions {
		if s != from && len(s.marks) < marksKept {
			s.marks = append(s.marks, m)
			s.signal()
		}
	}
}

// Gateways are the pods that have a stream.
func (t *Term) Gateways() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []string
	for s := range t.sessions {
		if !slices.Contains(list, s.gateway) {
			list = append(list, s.gateway)
		}
	}
	slices.Sort(list)
	return list
}

// Successor is the pod that has the most of the ledger, of those that stay; empty when there is none.
func (t *Term) Successor() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var best *session
	for s := range t.sessions {
		if !s.leaving.Load() && (best == nil || s.cursor > best.cursor || s.cursor == best.cursor && s.gateway < best.gateway) {
			best = s
		}
	}
	if best == nil {
		return ""
	}
	return best.gateway
}

// End ends the term: each pod gets what is still to be sent to it, and hears who should lead next; empty
// when nobody in particular should.
func (t *Term) End(successor string) {
	t.server.mu.Lock()
	if t.server.term == t {
		t.server.term = nil
	}
	t.server.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.moved != nil {
		return
	}
	t.moved = &Moved{To: successor}
	close(t.ended)
	t.wakeAll()
}

// serve talks with one pod until its stream or the term ends.
func (t *Term) serve(stream grpc.ServerStream, h Hello) error {
	s := &session{term: t, gateway: h.Gateway, cursor: h.After, wake: make(chan struct{}, 1), flying: make(chan struct{}, InFlight), began: t.server.o.Now()}
	if err := t.enter(s); err != nil {
		return err
	}
	defer t.leave(s)
	// Whatever ends first ends the others: returning from here cancels the stream.
	ends := make(chan error, 3)
	go func() { ends <- s.receive(stream) }()
	go func() { ends <- s.send(stream) }()
	go func() { ends <- s.watch(stream) }()
	return <-ends
}

func (t *Term) enter(s *session) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.moved != nil {
		return status.Error(codes.FailedPrecondition, ErrNotLeading.Error())
	}
	if s.cursor > t.ring.last {
		// It knows more than this router does: then this router's time is over, and it has not noticed yet.
		return status.Error(codes.FailedPrecondition, ErrNotLeading.Error())
	}
	if _, there := t.ring.after(s.cursor); !there {
		return status.Error(codes.OutOfRange, ErrBehind.Error())
	}
	t.sessions[s] = struct{}{}
	return nil
}

func (t *Term) leave(s *session) {
	t.mu.Lock()
	delete(t.sessions, s)
	over, again := t.moved != nil, false
	for other := range t.sessions {
		again = again || other.gateway == s.gateway
	}
	t.mu.Unlock()
	if !over && !again && t.o.Left != nil {
		t.o.Left(s.gateway, s.leaving.Load())
	}
}

func (s *session) age() time.Duration { return s.term.server.o.Now().Sub(s.began) }

// receive takes what the pod says.
func (s *session) receive(stream grpc.ServerStream) error {
	for {
		var f up
		if err := stream.RecvMsg(&f); err != nil {
			return err
		}
		s.heard.Store(int64(s.age()))
		if f.Leaving {
			s.leaving.Store(true)
		}
		for _, m := range f.Marks {
			if s.term.o.Mark != nil {
				s.term.o.Mark(m)
			}
			s.term.mark(m, s)
		}
		for _, c := range f.Commands {
			select {
			case s.flying <- struct{}{}: // a pod with too many without an answer is not read from
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
			s.term.o.Do(s.gateway, c.Body, func(a Answer) { a.ID = c.ID; s.answer(a) })
		}
	}
}

func (s *session) answer(a Answer) {
	s.term.mu.Lock()
	s.answers = append(s.answers, a)
	s.signal()
	s.term.mu.Unlock()
	<-s.flying
}

// send sends what there is, and at least a beat.
func (s *session) send(stream grpc.ServerStream) error {
	beat := time.NewTicker(Beat)
	defer beat.Stop()
	f := &Down{Welcome: &Welcome{Epoch: s.term.o.Epoch, Gateway: s.term.server.o.Gateway}}
	for {
		if err := stream.SendMsg(f); err != nil {
			return err
		}
		if f.Moved != nil {
			return nil
		}
		for f = nil; f == nil; {
			next, err := s.next()
			if err != nil {
				return err
			}
			if f = next; f != nil {
				break
			}
			select {
			case <-s.wake:
			case <-beat.C:
				f = &Down{}
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
		}
	}
}

// next is the next frame; nil when there is nothing to say.
func (s *session) next() (*Down, error) {
	t := s.term
	t.mu.Lock()
	defer t.mu.Unlock()
	groups, there := t.ring.after(s.cursor)
	if !there {
		return nil, status.Error(codes.OutOfRange, ErrBehind.Error())
	}
	f := &Down{Groups: groups, Answers: s.answers, Marks: s.marks}
	s.answers, s.marks = nil, nil
	if len(groups) > 0 {
		s.cursor = groups[len(groups)-1].last()
	}
	if t.moved != nil && s.cursor >= t.ring.last {
		f.Moved = t.moved
		return f, nil
	}
	if len(f.Groups)+len(f.Answers)+len(f.Marks) == 0 {
		return nil, nil
	}
	return f, nil
}

// watch ends the stream of a pod that is silent.
func (s *session) watch(stream grpc.ServerStream) error {
	tick := time.NewTicker(Beat)
	defer tick.Stop()
	var ended <-chan time.Time
	over := s.term.ended
	for {
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-ended:
			return status.Error(codes.Unavailable, "the term has ended")
		case <-over:
			// Who does not take the last words in time does without them.
			over, ended = nil, time.After(Silence)
		case <-tick.C:
		}
		if silent := s.age() - time.Duration(s.heard.Load()); silent > Silence {
			return status.Error(codes.DeadlineExceeded, ErrSilent.Error())
		}
	}
}
