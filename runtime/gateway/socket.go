package gateway

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// socket is one client's connection. What the hub writes to (pending, prev, live) belongs to the hub
// and its lock; the queue of frames on their way out has a lock of its own, so that nobody waits for
// the network while holding the hub.
type socket struct {
	conn    *gws.Conn
	writers *writers
	// principal is known after hello; agent sockets know it from the start.
	principal desk.Principal
	session   string // customer session, or agent's sign-in session
	agent     string
	channel   string
	client    string
	from      string   // the address of a customer
	queues    []string // an agent's, as the client knows them
	// open and inactive are the entries that the client has of the lists that it looks at; nil while it
	// does not.
	open, inactive map[desk.ConversationID]struct{}

	// The hub's.
	live    bool // the snapshot is out; updates may go
	prev    uint64
	pending [][]byte
	acks    []frame
	touched bool
	later   bool   // waits for a portion
	stale   bool   // and is to be told its customer's conversation
	gone    bool   // the connection has ended; it is not entered any more
	told    told   // a customer's: of the line
	seen    uint64 // a customer's: the version of the channel, 0 for none

	origin origin
	turn   turn        // commands without an answer, and its wait for more
	paused atomic.Bool // it is not read from: the pod has too much to do
	beat   int         // its turn among those who are told in turns: when it is pinged, and of places far behind

	heard  int64 // seconds since the gateway began at the last frame from the client; guarded by mu
	frames bucket
	does   bucket

	mu      sync.Mutex
	out     []frame
	waiting int // bytes in out, without snapshots
	writing bool
	slow    bool     // waits for the crowd's turn
	closed  bool     // nothing more is queued
	last    *closing // what ends the connection when the queue is empty
}

// frame is bytes, and behind them changes that other sockets may be told too; these are put together only where
// they are written.
type frame struct {
	bytes    []byte
	changes  [][]byte
	snapshot bool
	control  gws.Opcode // 0 for text
}

const changesEnd = "]}"

func (f *frame) size() int {
	n := len(f.bytes)
	if f.changes != nil {
		for _, c := range f.changes {
			n += len(c) + 1
		}
		n += len(changesEnd) - 1
	}
	return n
}

// text appends the frame's payload.
func (f *frame) text(b []byte) []byte {
	b = append(b, f.bytes...)
	if f.changes == nil {
		return b
	}
	for i, c := range f.changes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, c...)
	}
	return append(b, changesEnd...)
}

// outBudget is how many bytes a client may leave unread before it is told to come back and resume
// (design: Sockets). A snapshot is not counted: its size follows from the desk.
const outBudget = 256 << 10

// writeWithin is how long one write may take before the client counts as gone.
const writeWithin = 15 * time.Second

// send queues a frame and never blocks.
func (s *socket) send(b []byte) { s.queue(frame{bytes: b}) }

func (s *socket) queue(frames ...frame) {
	if !s.put(frames) {
		return
	}
	start := !s.writing
	s.writing = true
	s.mu.Unlock()
	if start {
		s.startWriting()
	}
}

// startWriting has somebody write what is queued; writing is set.
func (s *socket) startWriting() {
	if s.writers == nil { // it belongs to no gateway
		go s.write()
		return
	}
	s.writers.add(s)
}

// put adds frames to those on their way out, and returns with the socket locked; false, and not locked, when the
// connection ends.
func (s *socket) put(frames []frame) bool {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false
	}
	// What it has not read counts, not what comes now: one large update is no reason to go.
	if s.waiting > outBudget {
		s.mu.Unlock()
		s.close(protocol.CloseSlow, "resume from your seq")
		return false
	}
	for i := range frames {
		if !frames[i].snapshot {
			s.waiting += frames[i].size()
		}
	}
	s.out = append(s.out, frames...)
	return true
}

// write is writeQueued in a goroutine of its own.
func (s *socket) write() { s.writeQueued(nil) }

// writeQueued sends what is queued, in a buffer that it gives back, and ends when nothing is: an idle socket has no
// writer. It does not wait for the connection; where that takes no more, a goroutine does.
func (s *socket) writeQueued(buffer []byte) []byte {
	for {
		s.mu.Lock()
		out, last := s.out, s.last
		s.out = nil
		if len(out) == 0 {
			s.writing = false
			s.mu.Unlock()
			if last != nil {
				go s.sayClose(last)
			}
			return buffer
		}
		s.mu.Unlock()
		// All that is queued goes out in one write. On a busy desk that is most of a message's cost.
		buffer = framed(buffer[:0], out)
		n, err := writeSome(s.conn.NetConn(), buffer)
		switch {
		case err != nil:
			s.drop()
			return buffer
		case n < len(buffer):
			go s.writeRest(bytes.Clone(buffer[n:]), out)
			return buffer
		}
		s.written(out)
	}
}

// writeRest goes on where the connection took no more.
func (s *socket) writeRest(rest []byte, out []frame) {
	if err := s.writeOn(rest, !s.ending()); err != nil {
		s.drop()
		return
	}
	s.written(out)
	s.write()
}

// writeOn writes where the connection took no more at once, and waits for it; not for long, unless how long
// is said already.
func (s *socket) writeOn(rest []byte, limit bool) error {
	if limit {
		_ = s.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	}
	_, err := s.conn.NetConn().Write(rest)
	return err
}

func (s *socket) written(out []frame) {
	s.mu.Lock()
	for i := range out {
		if !out[i].snapshot {
			s.waiting -= out[i].size()
		}
	}
	s.mu.Unlock()
}

// framed puts frames behind each other as they go over the wire (RFC 6455, section 5.2; a server masks nothing),
// behind what is in b. The library writes one frame a call.
func framed(b []byte, out []frame) []byte {
	size := len(b)
	for i := range out {
		size += out[i].size() + 10
	}
	b = slices.Grow(b, size-len(b))
	for i := range out {
		f := &out[i]
		b = append(b, 0x80|byte(pick(f.control != 0, f.control, gws.OpcodeText)))
		switch n := f.size(); {
		case n < 126:
			b = append(b, byte(n))
		case n < 1<<16:
			b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
		default:
			b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
		}
		b = f.text(b)
	}
	return b
}

// sayClose sends the close frame and leaves the connection to the client, which answers and closes.
// Closing here at once would reset it while frames of the client are still unread, and a client whose
// connection is reset does not see the code.
func (s *socket) sayClose(last *closing) {
	payload := append(binary.BigEndian.AppendUint16(nil, last.code), last.reason...)
	if err := s.conn.WriteMessage(gws.OpcodeCloseConnection, payload); err != nil {
		s.drop()
		return
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(lingerAtMost))
	// The library would answer the client's close frame with one more, which browsers take for a
	// broken connection (1006) instead of the code. Half closed, nothing more goes out.
	if half, ok := s.conn.NetConn().(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// lingerAtMost is how long a client that was told to close may take.
const lingerAtMost = 3 * time.Second

func (s *socket) ending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// closing is how a connection ends.
type closing struct {
	code   uint16
	reason string
}

// close ends the connection with a code after what is queued already; a client that does not read
// gets a moment for the code alone. It does not block.
func (s *socket) close(code int, reason string) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed, s.last = true, &closing{uint16(code), reason}
	patience := 5 * time.Second
	if code == protocol.CloseSlow {
		s.out, patience = nil, time.Second
	}
	start := !s.writing
	s.writing = true
	s.mu.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(patience))
	if start {
		s.startWriting()
	}
}

func (s *socket) drop() {
	s.mu.Lock()
	s.closed, s.writing = true, false
	s.out, s.last = nil, nil
	s.mu.Unlock()
	_ = s.conn.NetConn().Close()
}

// alive notes that the client was heard, by the time since the gateway began, and tells whether that is a second in
// which it was not heard before.
func (s *socket) alive(now time.Duration) (first bool) {
	second := int64(now / time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	first = s.heard != second
	s.heard = second
	return first
}

// expect sets the time until which the client has to be heard again.
func (s *socket) expect() { _ = s.conn.SetReadDeadline(time.Now().Add(silentAtMost)) }

// lagging tells whether the client leaves so much unread that what can wait, or be left out, is.
func (s *socket) lagging() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && s.waiting > outBudget/2
}

func (s *socket) silentFor(now time.Duration) time.Duration {
	if s.paused.Load() {
		return 0 // it may say what it likes, nobody listens
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return now - time.Duration(s.heard)*time.Second
}

// update makes an update frame of encoded changes, without encoding them again.
func update(seq, prev uint64, changes [][]byte) frame {
	head := strconv.AppendUint(append(make([]byte, 0, 80), `{"type":"update","seq":`...), seq, 10)
	head = strconv.AppendUint(append(head, `,"prev":`...), prev, 10)
	return frame{bytes: append(head, `,"changes":[`...), changes: changes}
}

// snapshotFrame makes one part of a snapshot.
func snapshotFrame(seq, messagesAfter uint64, changes [][]byte, more bool) []byte {
	head := `{"type":"snapshot","seq":` + strconv.FormatUint(seq, 10)
	if messagesAfter > 0 {
		head += `,"messagesAfter":` + strconv.FormatUint(messagesAfter, 10)
	}
	tail := changesEnd
	if more {
		tail = `],"more":true}`
	}
	return list([]byte(head+`,"changes":[`), changes, tail)
}

func list(head []byte, parts [][]byte, tail string) []byte {
	size := len(head) + len(tail)
	for _, p := range parts {
		size += len(p) + 1
	}
	b := append(make([]byte, 0, size), head...)
	for i, p := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, p...)
	}
	return append(b, tail...)
}
