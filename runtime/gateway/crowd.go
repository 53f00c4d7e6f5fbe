package gateway

import (
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

// writeNow writes what is queued, unless somebody does already.
func (s *socket) writeNow(buffer []byte) []byte {
	s.mu.Lock()
	s.slow = false
	if s.writing || len(s.out) == 0 {
		s.mu.Unlock()
		return buffer // something that could not wait took it along
	}
	s.writing = true
	s.mu.Unlock()
	return s.writeQueued(buffer)
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
