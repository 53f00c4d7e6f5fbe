package control

import (
	"net"
	"sync"
)

// bounded is a listener that takes so many connections at once; those beyond wait to be accepted.
type bounded struct {
	net.Listener
	free chan struct{}
	done chan struct{}
	once sync.Once
}

func newBounded(l net.Listener, most int) *bounded {
	return &bounded{Listener: l, free: make(chan struct{}, most), done: make(chan struct{})}
}

// Accept waits for a place, then for a connection.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.free <- struct{}{}:
	case <-b.done:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.free
		return nil, err
	}
	return &boundedConn{Conn: c, release: sync.OnceFunc(func() { <-b.free })}, nil
}

// Close ends Accept too.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.done) })
	return b.Listener.Close()
}

type boundedConn struct {
	net.Conn
	release func()
}

// Close gives the place back.
func (c *boundedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
