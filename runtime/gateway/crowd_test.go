package gateway

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// reads is a client that keeps what it is told, and reads only when it may.
type reads struct {
	gws.BuiltinEventHandler
	got chan string
}

func (r *reads) OnMessage(_ *gws.Conn, m *gws.Message) {
	r.got <- m.Data.String()
	_ = m.Close()
}

// ends are a socket with a client at its other end; start lets the client read.
func ends(t *testing.T) (s *socket, client *reads, start func()) {
	t.Helper()
	made := make(chan *gws.Conn, 1)
	upgrader := gws.NewUpgrader(&gws.BuiltinEventHandler{}, nil)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			t.Error(err)
		}
		made <- conn
	}))
	t.Cleanup(srv.Close)
	client = &reads{got: make(chan string, 1000)}
	conn, _, err := gws.NewClient(client, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(srv.URL, "http"), ReadMaxPayloadSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.NetConn().Close() })
	return &socket{conn: <-made, live: true}, client, func() { go conn.ReadLoop() }
}

func (r *reads) next(t *testing.T) string {
	t.Helper()
	select {
	case m := <-r.got:
		return m
	case <-time.After(time.Minute):
		t.Fatal("nothing came within a minute")
		return ""
	}
}

func crowdWriting(t *testing.T) *crowd {
	t.Helper()
	c, stop, done := newCrowd(), make(chan struct{}), make(chan struct{})
	go func() { c.run(stop); close(done) }()
	t.Cleanup(func() { close(stop); <-done })
	return c
}

func TestWhatACrowdIsToldComesWholeAndInOrderAlsoToAClientThatDidNotRead(t *testing.T) {
	c := crowdWriting(t)
	s, client, start := ends(t)
	var sent []string
	say := func(text string, later bool) {
		sent = append(sent, text)
		f := frame{bytes: []byte(text), snapshot: true} // does not count as unread
		if later {
			s.queueLater(c, f)
		} else {
			s.queue(f)
		}
	}
	for i := range 40 { // 20 MiB: more than the connection takes
		say(name(i)+strings.Repeat("x", 512<<10), i%3 > 0)
	}
	start()
	for i := range 10 {
		say(name(100+i), i%2 == 0)
	}
	for i, want := range sent {
		if got := client.next(t); got != want {
			t.Fatalf("frame %d has %d bytes and begins with %.10s, not %d and %.10s", i, len(got), got, len(want), want)
		}
	}
}

func TestAClientThatDoesNotReadHoldsNobodyElseInACrowdUp(t *testing.T) {
	c := crowdWriting(t)
	slow, _, _ := ends(t)
	other, client, start := ends(t)
	start()
	slow.queueLater(c, frame{bytes: []byte(strings.Repeat("x", 32<<20)), snapshot: true})
	other.queueLater(c, frame{bytes: []byte("hello")})
	if got := client.next(t); got != "hello" {
		t.Errorf("told %q", got)
	}
	slow.drop()
}

func TestWhatCannotWaitTakesAlongWhatTheCrowdWouldHaveBeenTold(t *testing.T) {
	c := newCrowd() // nobody writes for it
	s, client, start := ends(t)
	start()
	s.queueLater(c, frame{bytes: []byte("a place")})
	s.queue(frame{bytes: []byte("an offer")})
	same(t, "the client", []string{client.next(t), client.next(t)}, "a place", "an offer")
	if b := s.writeNow(nil); len(b) > 0 {
		t.Errorf("the crowd's writer writes %q once more", b)
	}
}

func TestAConnectionThatEndedEndsTheSocketWhenTheCrowdIsWrittenTo(t *testing.T) {
	c := crowdWriting(t)
	s, _, _ := ends(t)
	_ = s.conn.NetConn().Close()
	s.queueLater(c, frame{bytes: []byte("x")})
	until(t, s.ending)
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("it does not hold after a minute")
		}
	}
}

// fixed is a connection that is no socket of the system.
type fixed struct {
	net.Conn
	wrote atomic.Int64
}

func (f *fixed) Write(b []byte) (int, error) { f.wrote.Add(int64(len(b))); return len(b), nil }

func TestOnlyASocketOfTheSystemIsWrittenToWithoutWaiting(t *testing.T) {
	f := &fixed{}
	if n, err := writeSome(f, []byte("x")); n != 0 || err != nil || f.wrote.Load() != 0 {
		t.Errorf("%d written, %v", n, err)
	}
}

// line lets n customers wait and be connected, so many that they are told in turns.
func line(t *testing.T, n int) (*tale, []*socket) {
	t.Helper()
	w := newTale(t)
	conn := someConn(t)
	var sockets []*socket
	for i := range n {
		w.join(name(i))
		s := held(conn, &socket{session: name(i), channel: "web", principal: desk.CustomerPrincipal(name(i)), beat: i % beats})
		w.enter(s)
		sockets = append(sockets, s)
	}
	w.rest(2 * time.Minute)
	for _, s := range sockets {
		s.taken()
	}
	return w, sockets
}

// rest lets time go on in ticks.
func (w *tale) rest(d time.Duration) {
	for range d / (50 * time.Millisecond) {
		w.pass(50 * time.Millisecond)
	}
}

func TestInALongLineTheFirstAreToldTheirPlaceEachTwoSecondsAndTheOthersInTurns(t *testing.T) {
	const n = turnSize + 500 // two turns
	w, sockets := line(t, n)
	last := func(s *socket) (place int, times int) {
		for _, p := range places(t, s) {
			place = p[0]
			times++
		}
		return place, times
	}
	w.end(name(0))
	w.rest(placePause)
	for i, s := range sockets[1:] {
		if place, _ := last(s); place != i+1 {
			t.Fatalf("after a quiet time customer %d was told place %d, not %d", i+1, place, i+1)
		}
	}
	first, far := 0, 0
	for gone := 1; gone <= 10; gone++ { // somebody leaves each second
		w.end(name(gone))
		w.rest(time.Second)
		if gone%2 == 0 {
			_, a := last(sockets[50])
			first += a
		}
		_, b := last(sockets[n-1])
		far += b
	}
	if first < 4 {
		t.Errorf("one of the first was told %d times in ten seconds", first)
	}
	if far < 1 || far > 3 {
		t.Errorf("one far behind was told %d times in ten seconds, and a turn is each %v", far, 2*placePause)
	}
	told := sockets[n-1].told
	w.rest(4 * placePause)
	for i, s := range sockets[11:] {
		if want := i + 1; s.told.place != want || s.told.waiting != n-11 {
			t.Fatalf("when it is quiet again customer %d was told %v, not place %d of %d (before %v)", i+11, s.told, want, n-11, told)
		}
	}
	if len(w.h.pace.dirty) != 0 {
		t.Errorf("the queue is still looked at")
	}
}

func TestInACrowdHowManyWaitIsToldInTurnsAndThatAQueueClosedAtOnce(t *testing.T) {
	const n = turnSize + 500
	w, sockets := line(t, n)
	w.enter(held(sockets[0].conn, &socket{agent: "ana", principal: desk.AgentPrincipal("ana")}))
	channels := func() (told int, state string) {
		for _, s := range sockets {
			for _, c := range changes(t, s) {
				if c.Kind == protocol.KindChannel {
					told++
					state = c.Channel.QueueState
				}
			}
		}
		return told, state
	}
	most := 0
	for i := range 20 {
		w.end(name(i))
		w.rest(50 * time.Millisecond)
		told, _ := channels()
		most = max(most, told)
	}
	if most > turnSize/10 {
		t.Errorf("within a tick %d were told how many wait", most)
	}
	w.rest(time.Minute)
	channels()
	w.do(desk.Switch{Origin: desk.Origin{Principal: desk.AgentPrincipal("ana"), Client: "tab", CID: 1}, Agent: "ana", ID: "r1",
		Queue: "support", State: settings.QueueClosed})
	w.rest(100 * time.Millisecond)
	if told, state := channels(); told != n || state != "Closed" {
		t.Errorf("%d of %d were told at once that the queue is %s", told, n, state)
	}
}
