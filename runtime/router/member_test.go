package router_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/peer"
	"usher.chat/runtime/router"
)

// podding is a member that runs, with a copy of the state as a gateway has one.
type podding struct {
	*router.Member
	name    string
	gateway string
	led     chan struct{} // told when another leads
	cancel  context.CancelFunc
	ended   chan error

	mu    sync.Mutex
	state *desk.State
	moved chan struct{}
}

// Follow takes records; one that is missing or comes twice panics in the state.
func (p *podding) Follow(records []desk.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range records {
		p.state.Apply(r)
	}
	close(p.moved)
	p.moved = make(chan struct{})
}

func (p *podding) until(t *testing.T, what string, holds func(s *desk.State) bool) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		p.mu.Lock()
		ok, moved, seq := holds(p.state), p.moved, p.state.Seq
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-moved:
		case <-late:
			t.Fatalf("%s: not within a minute; %s is at %d", what, p.gateway, seq)
		}
	}
}

func (p *podding) read(f func(s *desk.State)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p.state)
}

// stop ends it without a word, as far as it can.
func (p *podding) stop() error {
	p.cancel()
	err := <-p.ended
	p.ended <- err
	return err
}

// several starts members of one desk on a database of their own.
func several(t *testing.T, n int) (list []*podding, l *ledger.Ledger) {
	t.Helper()
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := peerFiles(t)
	for i := range n {
		list = append(list, member(t, url, dir, fmt.Sprint("pod-", i)))
	}
	return list, openLedger(t, url)
}

// peerFiles is a directory with the certificate between pods.
func peerFiles(t *testing.T) string {
	t.Helper()
	ca, err := controltest.NewCA("acme", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Peer(peer.Name("acme"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := pair.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func member(t *testing.T, url, dir, name string) *podding {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &podding{name: name, gateway: name + "/1", led: make(chan struct{}, 1), ended: make(chan error, 2), moved: make(chan struct{})}
	peers, err := peer.NewServer(peer.ServerOptions{Desk: "acme", TLS: dir, Gateway: p.gateway})
	if err != nil {
		t.Fatal(err)
	}
	p.Member, err = router.Join(t.Context(), router.MemberOptions{
		Options: router.Options{Ledger: openLedger(t, url), Holder: name, Address: l.Addr().String(), Gateway: p.gateway},
		Peers:   peers, Desk: "acme", TLS: dir, Grace: 300 * time.Millisecond,
		Led: func() {
			select {
			case p.led <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.state, err = p.Replica(); err != nil {
		t.Fatal(err)
	}
	p.Member.Follow(p)
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	var group sync.WaitGroup
	group.Go(func() {
		if err := peers.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	go func() { p.ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		_ = p.stop()
		group.Wait()
	})
	return p
}

// insist is a command that is sent until it has an answer other than "unavailable".
func (p *podding) insist(t *testing.T, c desk.Command) router.Result {
	t.Helper()
	ctx := within(t)
	for {
		result, err := p.Do(ctx, c)
		if err == nil {
			return result
		}
		if !errors.Is(err, router.ErrUnavailable) {
			t.Errorf("%T: %v", c, err)
			return result
		}
		time.Sleep(5 * time.Millisecond) // as a client does
	}
}

func leading(t *testing.T, list []*podding) *podding {
	t.Helper()
	late := time.Now().Add(time.Minute)
	for time.Now().Before(late) {
		for _, p := range list {
			if p.Leads() {
				return p
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("nobody leads")
	return nil
}

func TestMembersAgreeOnEverythingWhoeverLeads(t *testing.T) {
	list, l := several(t, 3)
	list[1].insist(t, settingsOf())
	const writers, messages = 9, 60
	var group sync.WaitGroup
	for n := range writers {
		p, session := list[n%3], fmt.Sprint("s", n)
		group.Go(func() {
			p.insist(t, join(session))
			for cid := uint64(2); cid < messages; cid++ {
				p.insist(t, say(session, cid, fmt.Sprint(session, " ", cid)))
			}
		})
	}
	first := leading(t, list)
	first.HandOver()
	rest := slices.DeleteFunc(slices.Clone(list), func(p *podding) bool { return p == first })
	second := leading(t, rest)
	group.Wait()
	if first.Leads() {
		t.Error("a member that is to end leads again")
	}
	if err := second.stop(); err != nil {
		t.Error(err)
	}
	rest = slices.DeleteFunc(rest, func(p *podding) bool { return p == second })
	third := leading(t, rest)
	third.insist(t, join("last"))
	last, err := l.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var hashes []string
	for _, p := range []*podding{first, third} {
		p.until(t, "all of the ledger", func(s *desk.State) bool { return s.Seq >= last })
		p.read(func(s *desk.State) {
			hash, err := s.Hash()
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, hash)
		})
	}
	if hashes[0] != hashes[1] {
		t.Errorf("the copies differ: %v", hashes)
	}
	_, times := said(records(t, l))
	for n := range writers {
		for cid := 2; cid < messages; cid++ {
			if text := fmt.Sprint("s", n, " ", cid); times[text] != 1 {
				t.Errorf("%q stands in the ledger %d times", text, times[text])
			}
		}
	}
}

func TestEveryMemberKnowsByNameWhoLeadsAndIsToldOfAnother(t *testing.T) {
	list, _ := several(t, 3)
	knows := func(name string) {
		t.Helper()
		late := time.After(time.Minute)
		for _, p := range list {
			for p.Leader() != name {
				select {
				case <-p.led:
				case <-late:
					t.Fatalf("%s leads, and %s says %q", name, p.name, p.Leader())
				}
			}
		}
	}
	list[0].insist(t, settingsOf())
	first := leading(t, list)
	knows(first.name)
	first.HandOver()
	second := leading(t, slices.DeleteFunc(slices.Clone(list), func(p *podding) bool { return p == first }))
	knows(second.name)
}

func TestAGatewayThatIsGoneIsTakenOutAndComesBackByItself(t *testing.T) {
	list, _ := several(t, 3)
	list[0].insist(t, settingsOf())
	lead := leading(t, list)
	others := slices.DeleteFunc(slices.Clone(list), func(p *podding) bool { return p == lead })
	for i, p := range list {
		session := fmt.Sprint("s", i)
		p.insist(t, join(session))
		p.insist(t, desk.Connect{Principal: desk.CustomerPrincipal(session), Gateway: p.gateway})
	}
	if err := others[0].stop(); err != nil {
		t.Error(err)
	}
	others[1].until(t, "the pod that is gone is taken out", func(s *desk.State) bool {
		return !slices.Contains(s.Gateways(), others[0].gateway)
	})
	// A change of the lead takes nobody out who is there.
	lead.HandOver()
	others[1].until(t, "the next one leads", func(s *desk.State) bool { return s.Epoch > 1 && others[1].Leads() })
	others[1].insist(t, join("later"))
	others[1].read(func(s *desk.State) {
		if got := s.Gateways(); !slices.Contains(got, lead.gateway) || !slices.Contains(got, others[1].gateway) {
			t.Errorf("after the change of the lead there are %v", got)
		}
	})
	if err := lead.stop(); err != nil {
		t.Error(err)
	}
	others[1].until(t, "one that said it leaves is taken out", func(s *desk.State) bool {
		return slices.Equal(s.Gateways(), []string{others[1].gateway})
	})
}

func TestAMemberThatMeetsAnEventOfALaterReleaseEnds(t *testing.T) {
	list, l := several(t, 2)
	list[0].insist(t, settingsOf())
	leader, err := l.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Lead(t.Context(), ledger.Claim{Holder: "new", Address: "127.0.0.1:1", Lease: time.Minute, Replaces: leader.Epoch})
	if err != nil {
		t.Fatal(err)
	}
	later, err := cbor.Marshal([]any{1, 250, int64(0), nil, map[int]any{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(t.Context(), time.Unix(1, 0), [][]byte{later}); err != nil {
		t.Fatal(err)
	}
	if err := w.Resign(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		err := <-p.ended
		p.ended <- err
		var unknown *desk.DecodeError
		if !errors.As(err, &unknown) {
			t.Errorf("%s ended with %v", p.gateway, err)
		}
	}
}

func TestAReaderWhoAsksForTheRoutersPositionIsToldOneThatIsInTheLedger(t *testing.T) {
	list, l := several(t, 3)
	list[0].insist(t, settingsOf())
	for i, p := range list {
		joined := list[(i+1)%3].insist(t, join(fmt.Sprint("s", i)))
		position := p.insist(t, desk.Sync{})
		last, err := l.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if position.Seq < joined.Seq || position.Seq > last {
			t.Errorf("the position is %d, the answer before was %d, the ledger is at %d", position.Seq, joined.Seq, last)
		}
	}
}
