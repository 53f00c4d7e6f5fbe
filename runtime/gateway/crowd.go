package gateway

import (
	"bytes"
	"runtime"
	"sync"
	"syscall"
)

// crowd writes what many sockets are told at a pace: one goroutine, one socket after the other, and whoever has
// anything else to do goes before the next. A goroutine for each of hundreds of sockets would stand before an
// offer at every step that the offer takes: where its command is read, where it is decided, where it is written.
type crowd struct {
	mu   sync.Mutex
	list []*socket
	wake chan struct{}
}

func newCrowd() *crowd { return &crowd{wake: make(chan struct{}, 1)} }

func (c *crowd) add(s *socket) {
	c.mu.Lock()
	c.list = append(c.list, s)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// crowdBuffer is how large a frame the crowd's buffer is kept for.
const crowdBuffer = 256 << 10

// run writes until stop is closed. What is left then is for drain's close, which writes what is queued.
func (c *crowd) run(stop <-chan struct{}) {
	var buffer []byte
	for {
		select {
		case <-stop:
			return
		case <-c.wake:
		}
		c.mu.Lock()
		list := c.list
		c.list = nil
		c.mu.Unlock()
		for _, s := range list {
			if buffer = s.writeNow(buffer[:0]); cap(buffer) > crowdBuffer {
				buffer = nil
			}
			runtime.Gosched()
		}
	}
}

// queueLater queues frames that may wait for the crowd's turn.
func (s *socket) queueLater(c *crowd, frames ...frame) {
	if !s.put(frames) {
		return
	}
	wait := !s.writing && !s.slow
	s.slow = s.slow || wait
	s.mu.Unlock()
	if wait {
		c.add(s)
	}
}

// writeNow writes what is queued as far as that does not block, and leaves the rest to a writer of its own.
func (s *socket) writeNow(buffer []byte) []byte {
	s.mu.Lock()
	s.slow = false
	if s.writing || len(s.out) == 0 {
		s.mu.Unlock()
		return buffer // something that could not wait took it along
	}
	out := s.out
	s.out, s.writing = nil, true
	s.mu.Unlock()
	buffer = framed(buffer, out)
	n, err := writeSome(s.conn.NetConn(), buffer)
	switch {
	case err != nil:
		s.drop()
	case n < len(buffer):
		go s.writeRest(bytes.Clone(buffer[n:]), out)
	default:
		s.written(out)
		s.mu.Lock()
		more := len(s.out) > 0 || s.last != nil
		s.writing = more
		s.mu.Unlock()
		if more {
			go s.write()
		}
	}
	return buffer
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

// writeSome writes what the connection takes at once. Nobody else may write to it meanwhile.
func writeSome(conn any, b []byte) (n int, err error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0, nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	controlled := raw.Control(func(fd uintptr) { n, err = writeTo(fd, b) })
	if controlled != nil {
		return n, controlled
	}
	return n, err
}
