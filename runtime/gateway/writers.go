package gateway

import (
	"runtime"
	"sync"
)

// writers write what sockets are told at once: a few goroutines, as long as there is something to write, each one
// socket after the other, none of which it waits for. A goroutine for each write would be made, grow its stack and its
// buffer, and end, twice for each message.
type writers struct {
	mu      sync.Mutex
	list    []*socket // with something to write, and nobody else who does
	running int
	most    int
	buffers sync.Pool
}

func newWriters() *writers {
	return &writers{most: runtime.GOMAXPROCS(0), buffers: sync.Pool{New: func() any { return new([]byte) }}}
}

// add has a socket written, whose writing was set for it.
func (w *writers) add(s *socket) {
	w.mu.Lock()
	w.list = append(w.list, s)
	start := w.running < w.most
	if start {
		w.running++
	}
	w.mu.Unlock()
	if start {
		go w.work()
	}
}

// work writes until there is nothing to write.
func (w *writers) work() {
	buffer := w.buffers.Get().(*[]byte)
	for list := w.take(nil); list != nil; list = w.take(list) {
		for _, s := range list {
			if *buffer = s.writeQueued((*buffer)[:0]); cap(*buffer) > crowdBuffer {
				*buffer = nil
			}
		}
	}
	w.buffers.Put(buffer)
}

// takeAtMost is how many sockets one goroutine takes at once: few, for others may be free before it is.
const takeAtMost = 8

// take gives some of the sockets that wait, in the memory of a list that is done with; nil ends the goroutine.
func (w *writers) take(done []*socket) []*socket {
	clear(done)
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.list), takeAtMost)
	if n == 0 {
		w.list = nil
		w.running--
		return nil
	}
	list := append(done[:0], w.list[:n]...)
	clear(w.list[:n])
	w.list = w.list[n:]
	return list
}
