package peer_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/peer"
)

var errHole = errors.New("a hole")

func entries(n, size int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = make([]byte, size)
	}
	return list
}

func TestCommandsGoUpAndAnswersGroupsAndMarksComeDown(t *testing.T) {
	w := newWorld(t)
	if _, err := peer.Join(t.Context(), w.options("pod/1", 0)); !errors.Is(err, peer.ErrNotLeading) {
		t.Errorf("before the term: %v", err)
	}
	var typed atomic.Int64
	term := w.Begin(peer.TermOptions{Epoch: 7, Last: 10, Do: echo, Mark: func(peer.Mark) { typed.Add(1) }})
	one, two := w.join(t, "pod/1", 10), w.join(t, "pod/2", 10)
	if one.Leader != (peer.Welcome{Epoch: 7, Gateway: "leader/1"}) {
		t.Errorf("welcomed by %+v", one.Leader)
	}
	if got := term.Gateways(); !slices.Equal(got, []string{"pod/1", "pod/2"}) {
		t.Errorf("there are %v", got)
	}
	first, second := hear(one, 10), hear(two, 10)
	const commands = 5000
	for id := range uint64(commands) {
		one.Send(peer.Command{ID: id, Body: []byte(fmt.Sprint("one ", id))})
	}
	seq := uint64(11)
	for n := range 500 {
		term.Carry(seq, entries(n%7+1, 100))
		seq += uint64(n%7 + 1)
	}
	one.Type(peer.Mark{Conversation: "c1", Agent: "ana"})
	first.until(t, "all answers", func() bool { return len(first.answers) == commands })
	for id := range uint64(commands) {
		if first.answers[id] != fmt.Sprint("one ", id) {
			t.Fatalf("command %d has the answer %q", id, first.answers[id])
		}
	}
	for _, h := range []*heard{first, second} {
		h.until(t, "all groups", func() bool { return h.next == seq })
	}
	second.until(t, "the other's mark", func() bool { return second.marks == 1 })
	if first.marks != 0 || typed.Load() != 1 || len(second.answers) != 0 {
		t.Errorf("marks: sender %d, leader %d; answers of others: %d", first.marks, typed.Load(), len(second.answers))
	}
	if first.err != nil || second.err != nil {
		t.Errorf("%v, %v", first.err, second.err)
	}
}

// A frame costs more than what is in it.
func TestAGroupAndTheAnswersToItsCommandsComeDownInOneFrame(t *testing.T) {
	w := newWorld(t)
	done := make(chan func(peer.Answer), 1)
	term := w.Begin(peer.TermOptions{Epoch: 7, Last: 10, Do: func(_ string, _ []byte, answer func(peer.Answer)) { done <- answer }})
	s := w.join(t, "pod/1", 10)
	const rounds = 50
	together := 0
	for n := range uint64(rounds) {
		s.Send(peer.Command{ID: n})
		answer := <-done
		term.Together(func() {
			term.Carry(11+n, entries(1, 100))
			runtime.Gosched()
			answer(peer.Answer{Seq: 11 + n})
		})
		for groups, answers := 0, 0; groups+answers < 2; {
			f, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Groups) == 1 && len(f.Answers) == 1 {
				together++
			}
			groups, answers = groups+len(f.Groups), answers+len(f.Answers)
		}
	}
	if together < rounds-5 { // a beat may come between
		t.Errorf("%d of %d came together", together, rounds)
	}
}

// What waited while nobody led goes up at once when somebody does: not as one frame that the other side refuses, again and
// again, because it is too large.
func TestCommandsThatAreLargeTogetherGoUpInSeveralFrames(t *testing.T) {
	w := newWorld(t)
	w.Begin(peer.TermOptions{Epoch: 7, Do: func(_ string, body []byte, done func(peer.Answer)) {
		done(peer.Answer{Conversation: fmt.Sprint(len(body))})
	}})
	s := w.join(t, "pod/1", 0)
	const commands = 9
	body := make([]byte, 8<<20)
	for id := range uint64(commands) {
		s.Send(peer.Command{ID: id, Body: body})
	}
	h := hear(s, 0)
	h.until(t, "all answers", func() bool { return len(h.answers) == commands || h.err != nil })
	if h.err != nil {
		t.Error(h.err)
	}
}

func TestWhoIsBehindTheRingReadsTheTableAndWhoIsAheadHasTheWrongLeader(t *testing.T) {
	w := newWorld(t)
	term := w.begin(100)
	if _, err := peer.Join(t.Context(), w.options("pod/1", 99)); !errors.Is(err, peer.ErrBehind) {
		t.Errorf("one entry behind an empty ring: %v", err)
	}
	if _, err := peer.Join(t.Context(), w.options("pod/1", 101)); !errors.Is(err, peer.ErrNotLeading) {
		t.Errorf("one entry ahead: %v", err)
	}
	for seq := uint64(101); seq <= 140; seq += 2 {
		term.Carry(seq, entries(2, 1<<20)) // 40 MiB: more than the ring keeps
	}
	if _, err := peer.Join(t.Context(), w.options("pod/1", 100)); !errors.Is(err, peer.ErrBehind) {
		t.Errorf("behind what the ring keeps: %v", err)
	}
	// In the middle of a group: all of it comes, and the pod leaves out what it has.
	h := hear(w.join(t, "pod/1", 137), 136)
	h.until(t, "the last groups", func() bool { return h.next == 141 })
	if h.entries != 4 {
		t.Errorf("%d entries came", h.entries)
	}
}

func TestAPodThatDoesNotReadHoldsNobodyUpAndIsSentToTheTable(t *testing.T) {
	w := newWorld(t)
	term := w.begin(0)
	slow, quick := w.join(t, "slow/1", 0), w.join(t, "quick/1", 0)
	h := hear(quick, 0)
	began := time.Now()
	for seq := range uint64(64) {
		term.Carry(seq+1, entries(1, 1<<20)) // 64 MiB: more than window and ring together
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the leader was held up for %s", took)
	}
	// The quick one too may fall out of the ring at this speed; it comes back from the table then.
	h.until(t, "the quick pod has all or is sent to the table", func() bool { return h.next == 65 || errors.Is(h.err, peer.ErrBehind) })
	var err error
	for err == nil {
		_, err = slow.Next()
	}
	if !errors.Is(err, peer.ErrBehind) && !errors.Is(err, peer.ErrSilent) {
		t.Errorf("the slow pod's stream ends with %v", err)
	}
}

func TestAPodWithTooManyCommandsIsNotReadFromUntilSomeAreAnswered(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var waiting []func(peer.Answer)
	taken := 0
	w.Begin(peer.TermOptions{Epoch: 1, Do: func(_ string, _ []byte, done func(peer.Answer)) {
		mu.Lock()
		waiting = append(waiting, done)
		taken++
		mu.Unlock()
	}})
	s := w.join(t, "pod/1", 0)
	h := hear(s, 0)
	const commands = peer.InFlight + 500
	for id := range uint64(commands) {
		s.Send(peer.Command{ID: id})
	}
	most := 0
	h.until(t, "all are answered", func() bool {
		mu.Lock()
		now := waiting
		most = max(most, len(now))
		if taken < peer.InFlight { // let them pile up
			mu.Unlock()
			return false
		}
		waiting = nil
		mu.Unlock()
		for _, done := range now {
			go done(peer.Answer{})
		}
		return len(h.answers) == commands
	})
	if most > peer.InFlight {
		t.Errorf("%d commands were in flight", most)
	}
	t.Logf("at most %d in flight", most)
}

// frozen passes bytes on until it is told to stop, without closing anything: a process that is stopped, or a network
// that swallows.
func frozen(t *testing.T, to string) (address string, freeze func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var stopped atomic.Bool
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				_ = a.Close()
				continue
			}
			pass := func(to, from net.Conn) {
				buffer := make([]byte, 64<<10)
				for {
					n, err := from.Read(buffer)
					if stopped.Load() {
						_, _ = io.Copy(io.Discard, from)
						return
					}
					if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
						return
					}
				}
			}
			t.Cleanup(func() { _ = a.Close(); _ = b.Close() })
			go pass(a, b)
			go pass(b, a)
		}
	}()
	return l.Addr().String(), func() { stopped.Store(true) }
}

func TestBothSidesNoticeWithinTwoSecondsThatTheOtherIsSilent(t *testing.T) {
	w := newWorld(t)
	left := make(chan string, 1)
	w.Begin(peer.TermOptions{Epoch: 1, Do: echo, Left: func(gateway string, leaving bool) { left <- fmt.Sprint(gateway, leaving) }})
	address, freeze := frozen(t, w.address)
	o := w.options("pod/1", 0)
	o.Address = address
	s, err := peer.Join(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	began := time.Now()
	quiet := 3 * peer.Beat // nothing happens, and both stay
	for time.Since(began) < quiet {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	freeze()
	began = time.Now()
	for err == nil {
		_, err = s.Next()
	}
	if !errors.Is(err, peer.ErrSilent) {
		t.Errorf("the pod's stream ends with %v", err)
	}
	pod := time.Since(began)
	select {
	case who := <-left:
		if who != "pod/1false" {
			t.Errorf("%s left", who)
		}
	case <-time.After(time.Minute):
		t.Fatal("the leader does not notice")
	}
	leader := time.Since(began)
	t.Logf("noticed by the pod after %s, by the leader after %s", pod.Round(time.Millisecond), leader.Round(time.Millisecond))
	// How long it takes on a busy machine is the machine's; what the program waits for is this.
	if peer.Silence+2*peer.Beat > 2*time.Second {
		t.Error("that takes too long")
	}
}

func TestAtItsEndALeaderTellsEverythingAndNamesOneThatStays(t *testing.T) {
	w := newWorld(t)
	term := w.begin(0)
	term.Carry(1, entries(3, 10))
	one, two := w.join(t, "a/1", 0), w.join(t, "b/1", 0)
	one.Leaving()
	first, second := hear(one, 0), hear(two, 0)
	for _, h := range []*heard{first, second} {
		h.until(t, "the first group", func() bool { return h.next == 4 })
	}
	late := time.Now().Add(time.Minute)
	for term.Successor() != "b/1" {
		if time.Now().After(late) {
			t.Fatalf("the successor is %q", term.Successor())
		}
		time.Sleep(time.Millisecond) // the word is on its way
	}
	term.Carry(4, entries(1, 10))
	term.End(term.Successor())
	for _, h := range []*heard{first, second} {
		h.until(t, "the end", func() bool { return h.moved != nil && h.moved.To == "b/1" })
		if h.next != 5 {
			t.Errorf("a pod has entries before %d only", h.next)
		}
	}
	if _, err := peer.Join(t.Context(), w.options("c/1", 4)); !errors.Is(err, peer.ErrNotLeading) {
		t.Errorf("after the term: %v", err)
	}
	again := w.begin(4)
	w.join(t, "a/1", 4)
	if got := again.Gateways(); !slices.Equal(got, []string{"a/1"}) {
		t.Errorf("the next term has %v", got)
	}
}

func TestALeaderThatIsGoneRefusesAndIsTold(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := w.options("pod/1", 0)
	o.Address = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Join(t.Context(), o); !errors.Is(err, peer.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyPodsOfTheDeskAreTakenInAndOnlyThatDesksLeaderIsBelieved(t *testing.T) {
	acme, other := authority(t, "acme"), authority(t, "other")
	mine, err := acme.Peer(peer.Name("acme"))
	w := listen(t, put(t, mine, err))
	w.begin(0)
	good := w.tls
	bad := map[string]string{}
	add := func(name string, pair controltest.Pair, err error) { bad[name] = put(t, pair, err) }
	pair, err := other.Peer(peer.Name("acme"))
	add("another desk's authority, this desk's name", pair, err)
	pair, err = other.Peer(peer.Name("acme"))
	pair.CA = mine.CA // believes the leader, and shows its own
	add("another desk's certificate that believes this leader", pair, err)
	pair, err = acme.Peer(peer.Name("other"))
	add("this authority, another desk's name", pair, err)
	pair, err = acme.Client("operator")
	add("the operator's", pair, err)
	pair, err = acme.Server("usher-control.acme.svc")
	add("the control port's", pair, err)
	pair, err = acme.Server(peer.Name("acme"))
	add("the right name for a server alone", pair, err)
	for name, dir := range bad {
		o := w.options("thief/1", 0)
		o.TLS = dir
		if s, err := peer.Join(t.Context(), o); err == nil {
			s.Close()
			t.Errorf("%s: taken in", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
		// A thief looks at nothing: it is the leader that refuses.
		if err := knock(w.address, dir); err == nil {
			t.Errorf("%s: the leader lets it in", name)
		}
	}
	if err := knock(w.address, good); err != nil {
		t.Errorf("a certificate of the desk: %v", err)
	}
	o := w.options("thief/1", 0)
	o.Desk = "other"
	if s, err := peer.Join(t.Context(), o); err == nil {
		s.Close()
		t.Error("another desk's name: taken in")
	}
	// A leader with another desk's certificate is not believed, and a server without one of this desk does not start.
	false1, err := other.Peer(peer.Name("acme"))
	liar := listen(t, put(t, false1, err))
	liar.begin(0)
	o = liar.options("pod/1", 0)
	o.TLS = good
	if s, err := peer.Join(t.Context(), o); err == nil {
		s.Close()
		t.Error("a leader of another authority is believed")
	}
	if _, err := peer.NewServer(peer.ServerOptions{Desk: "acme", TLS: bad["this authority, another desk's name"]}); err == nil {
		t.Error("a server starts with another desk's certificate")
	}
}

// knock connects with a certificate and believes everybody; the error is the server's refusal.
func knock(address, dir string) error {
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, peer.CertFile), filepath.Join(dir, peer.KeyFile))
	if err != nil {
		return err
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1)) // the server speaks first: its settings, or an alert
	return err
}

func TestCertificatesThatChangeAreUsedForTheNextConnection(t *testing.T) {
	old, fresh := authority(t, "acme"), authority(t, "acme")
	pair, err := old.Peer(peer.Name("acme"))
	w := listen(t, put(t, pair, err))
	w.begin(0)
	s := w.join(t, "pod/1", 0)
	next, err := fresh.Peer(peer.Name("acme"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := put(t, next, nil)
	o := w.options("pod/2", 0)
	o.TLS = elsewhere
	if _, err := peer.Join(t.Context(), o); err == nil {
		t.Fatal("a certificate of an authority that is not known yet is taken")
	}
	if err := next.Write(w.tls); err != nil {
		t.Fatal(err)
	}
	if again, err := peer.Join(t.Context(), o); err != nil {
		t.Errorf("after the change: %v", err)
	} else {
		again.Close()
	}
	// Half-written files change nothing.
	if err := os.WriteFile(filepath.Join(w.tls, peer.KeyFile), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := peer.Join(t.Context(), o); err != nil {
		t.Errorf("while files are written: %v", err)
	} else {
		again.Close()
	}
	if _, err := s.Next(); err != nil {
		t.Errorf("the stream from before: %v", err)
	}
}
