package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/peer"
)

// MemberOptions of Join. Zero values have defaults but for those of Options and for Peers, Desk and TLS.
type MemberOptions struct {
	Options
	// Peers takes the streams of the other pods while this one leads.
	Peers *peer.Server
	// Desk and TLS are those of Peers.
	Desk, TLS string
	// Typed gets typing marks of the other pods. It must not block.
	Typed func(peer.Mark)
	// Led is told whenever another pod leads, or none. It must not block; nil for nobody.
	Led func()
	// Apart is told when another pod leads that this one cannot reach, and when that is over. It must not block; nil for
	// nobody.
	Apart func(bool)
	// Patience is how long commands wait while no pod leads; then they are answered ErrUnavailable. 3 s.
	Patience time.Duration
	// Grace is how long a gateway without a stream counts as there. 2 s.
	Grace time.Duration
}

// Lease of a desk with several pods: PostgreSQL has the last word, so that a short one costs nothing.
const shortLease = 1500 * time.Millisecond

// Pauses of a member that looks for a leader.
const (
	lookAgain   = 25 * time.Millisecond  // nobody could be reached
	headStart   = 200 * time.Millisecond // of the successor that a leader named
	lookQuickly = 10 * time.Millisecond  // for it
	askAtMost   = time.Second            // one question to the ledger
)

// Member is a pod among several of a desk (ADR 13): it leads when it has the ledger's lease, and follows who leads
// otherwise. Its Do and Submit reach the router wherever it is.
//
//	m, err := router.Join(ctx, router.MemberOptions{…})
//	m.Follow(gateway)
//	go m.Run(ctx)
//	m.HandOver() // before the end
type Member struct {
	o         MemberOptions
	followers []Follower
	queue     *queue
	apart     apart

	// Of the goroutine of Run alone, and while this pod leads of its router's.
	state    *desk.State // a copy that follows; nil when it has to be read anew
	snapshot uint64      // position of the last snapshot
	position uint64      // last sequence that the followers were given
	at       int64       // time of that record
	met      string      // the leader to whom there was a stream
	told     string      // the last complaint, to say it once

	leaving atomic.Bool
	leads   atomic.Pointer[Router]
	term    atomic.Pointer[peer.Term]
	stream  atomic.Pointer[peer.Stream]

	mu   sync.Mutex
	lead string // who leads, for people; empty when nobody is known
}

// Join reads the state of the desk. The member does nothing before Run.
func Join(ctx context.Context, o MemberOptions) (*Member, error) {
	o.Lease = or(o.Lease, shortLease)
	o.Options = o.withDefaults()
	o.Patience = or(o.Patience, 3*time.Second)
	o.Grace = or(o.Grace, 2*time.Second)
	m := &Member{o: o, apart: apart{tell: o.Apart}}
	m.queue = newQueue(o.Waiting, o.Patience)
	if err := m.reload(ctx); err != nil {
		return nil, fmt.Errorf("read the desk's state: %w", err)
	}
	if err := m.mark(ctx); err != nil {
		return nil, fmt.Errorf("read the desk's state: %w", err)
	}
	return m, nil
}

func (m *Member) reload(ctx context.Context) error {
	state, from, err := read(ctx, m.o.Options)
	if err != nil {
		return err
	}
	m.state, m.snapshot = state.Follow(), from
	return nil
}

// Replica is a copy of the state that only follows; Follow gets what comes after it. Both are for before Run.
func (m *Member) Replica() (*desk.State, error) { return replica(m.state) }

// Follow adds a follower. Call it before Run.
func (m *Member) Follow(f Follower) { m.followers = append(m.followers, f) }

// Do is Router.Do, wherever the router is. ErrUnavailable also means that no pod leads at present, or that the one that
// led is gone before it answered.
func (m *Member) Do(ctx context.Context, c desk.Command) (Result, error) { return do(ctx, m, c) }

// Submit is Router.Submit, wherever the router is.
func (m *Member) Submit(c desk.Command, done func(Result, error)) { m.queue.submit(c, done) }

// Stalled tells why nothing can be written at present, as far as this pod knows; nil while all is well.
func (m *Member) Stalled() error {
	if r := m.leads.Load(); r != nil {
		return r.Stalled()
	}
	if m.queue.given() {
		return errors.New("no pod leads the desk")
	}
	return nil
}

// Type sends a typing mark to the other pods.
func (m *Member) Type(mark peer.Mark) {
	if t := m.term.Load(); t != nil {
		t.Mark(mark)
	} else if s := m.stream.Load(); s != nil {
		s.Type(mark)
	}
}

// Leads tells whether this pod leads.
func (m *Member) Leads() bool { return m.leads.Load() != nil }

// Leader is the holder of the lead; empty when this pod knows of none.
func (m *Member) Leader() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lead
}

func (m *Member) setLeader(name string) {
	m.mu.Lock()
	changed := m.lead != name
	m.lead = name
	m.mu.Unlock()
	if changed && m.o.Led != nil {
		m.o.Led()
	}
}

// HandOver lets another pod lead, if this one does, and keeps this one from leading again: it is to end. It goes on
// following until Run ends.
func (m *Member) HandOver() {
	m.leaving.Store(true)
	if r := m.leads.Load(); r != nil {
		r.Stop()
	}
	if s := m.stream.Load(); s != nil {
		s.Leaving()
	}
}

// Run leads or follows until the context ends. An error is one that only another release, or a person, can mend: an
// entry of the ledger that this one does not know, a hole in it; or it is ErrSetBack.
func (m *Member) Run(ctx context.Context) error {
	defer m.queue.stop()
	replaces := uint64(0)
	for ctx.Err() == nil {
		if m.state == nil { // after a term that ended badly
			if err := m.reload(ctx); err != nil && lasting(err) {
				return fmt.Errorf("read the desk's state: %w", err)
			} else if err != nil {
				m.wait(ctx, "the state cannot be read", err)
				continue
			}
		}
		leader, err := m.look(ctx)
		if err != nil || !leader.Live || leader.Holder == m.o.Holder {
			m.apart.over()
		}
		switch {
		case err != nil:
			m.wait(ctx, "the ledger cannot be asked who leads", err)
		case leader.Live && leader.Holder != m.o.Holder && (replaces == 0 || leader.Epoch != replaces):
			replaces, err = m.follow(ctx, leader)
			if err != nil {
				return err
			}
		case m.leaving.Load():
			m.pause(ctx, lookAgain)
		default:
			claimed := replaces
			replaces = 0
			if err := m.claim(ctx, claimed); err != nil {
				return err
			}
		}
	}
	return nil
}

// look asks the ledger who leads.
func (m *Member) look(ctx context.Context) (ledger.Leader, error) {
	ctx, cancel := context.WithTimeout(ctx, askAtMost)
	defer cancel()
	return m.o.Ledger.Leader(ctx)
}

func (m *Member) pause(ctx context.Context, by time.Duration) {
	timer := time.NewTimer(by)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// wait pauses after something that may be otherwise soon, and says it once.
func (m *Member) wait(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	if m.told != what {
		m.told = what
		m.o.Logger.Warn(what+"; trying again", "error", err)
	}
	m.pause(ctx, lookAgain)
}

// take gives records to this pod's own parts, in order: those that they have already are left out, a hole is an error.
func (m *Member) take(records []desk.Record) error {
	for len(records) > 0 && records[0].Seq <= m.position {
		records = records[1:]
	}
	if len(records) == 0 {
		return nil
	}
	if records[0].Seq != m.position+1 {
		return &ledger.GapError{Want: m.position + 1, Got: records[0].Seq}
	}
	for _, r := range records {
		if m.state != nil && r.Seq == m.state.Seq+1 { // a state that was read anew may be further
			m.state.Apply(r)
		}
	}
	m.deliver(records)
	return nil
}

// deliver gives records to the followers. While this pod leads its router calls it.
func (m *Member) deliver(records []desk.Record) {
	last := records[len(records)-1]
	m.position, m.at = last.Seq, last.At
	for _, f := range m.followers {
		f.Follow(records)
	}
}

// catchUpRecords is how many records are given to the followers at once when they come from the table.
const catchUpRecords = 1024

// catchUp takes what the ledger's table has.
func (m *Member) catchUp(ctx context.Context) error {
	batch := make([]desk.Record, 0, catchUpRecords)
	for record, err := range Records(ctx, m.o.Ledger, m.position) {
		if err != nil {
			return err
		}
		if batch = append(batch, record); len(batch) == cap(batch) {
			if err := m.take(batch); err != nil {
				return err
			}
			batch = make([]desk.Record, 0, catchUpRecords) // the followers may keep the one before
		}
	}
	return m.take(batch)
}

// lasting tells whether an error stays one however often it is tried again.
func lasting(err error) bool {
	var decode *desk.DecodeError
	return errors.As(err, &decode) || errors.Is(err, ledger.ErrGap) || errors.Is(err, ledger.ErrCorrupt) || errors.Is(err, ErrSetBack)
}

// follow follows a leader until there is another, or none. replaces is the epoch of a leader that is known to be gone.
func (m *Member) follow(ctx context.Context, leader ledger.Leader) (replaces uint64, err error) {
	if err := m.same(ctx); err != nil && lasting(err) {
		return 0, fmt.Errorf("follow the leader: %w", err)
	} else if err != nil {
		m.wait(ctx, "the ledger cannot be read", err)
		return 0, nil
	}
	who := leader.Holder + " " + leader.Address
	following, stop := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { m.watch(following, stop, leader) })
	defer watch.Wait()
	defer stop(nil)
	stream, err := peer.Join(following, peer.JoinOptions{
		Address: leader.Address, Desk: m.o.Desk, TLS: m.o.TLS, Gateway: m.o.Gateway, After: m.position,
		Now: m.o.Clock, Logger: m.o.Logger,
	})
	switch {
	case errors.Is(err, peer.ErrRefused) && m.met == who && !m.leaving.Load():
		// There was a stream, it broke, and nobody listens there any more: that process is gone.
		m.o.Logger.Info("the leader is gone", "leader", who, "epoch", leader.Epoch)
		return leader.Epoch, nil
	case errors.Is(err, peer.ErrBehind):
		if err := m.catchUp(ctx); err != nil && lasting(err) {
			return 0, fmt.Errorf("catch up with the ledger: %w", err)
		} else if err != nil {
			m.wait(ctx, "the ledger cannot be read", err)
		}
		return 0, nil
	case errors.Is(err, peer.ErrNotLeading), context.Cause(following) != nil:
		m.pause(ctx, lookAgain) // between two leaders
		return 0, nil
	case err != nil:
		if ctx.Err() == nil {
			m.apart.cut(m.o.Clock())
		}
		m.wait(ctx, "the leader cannot be reached", err)
		return 0, nil
	}
	m.apart.over()
	m.met, m.told = who, ""
	m.setLeader(leader.Holder)
	m.o.Logger.Info("following", "leader", who, "epoch", stream.Leader.Epoch, "after", m.position)
	m.stream.Store(stream)
	if m.leaving.Load() {
		stream.Leaving()
	}
	m.queue.connect(remote{stream})
	err = m.hear(ctx, stream)
	m.stream.Store(nil)
	m.queue.disconnect()
	m.setLeader("")
	stream.Close()
	if err != nil && lasting(err) {
		return 0, fmt.Errorf("follow the leader: %w", err)
	}
	if ctx.Err() == nil {
		m.o.Logger.Info("the stream to the leader has ended", "leader", who, "because", err)
	}
	return 0, nil
}

// errReplaced ends a stream to somebody who does not lead any more.
var errReplaced = errors.New("another leads")

// hear takes what the leader sends.
func (m *Member) hear(ctx context.Context, stream *peer.Stream) error {
	for {
		f, err := stream.Next()
		if err != nil {
			return err
		}
		for _, g := range f.Groups {
			records, err := decode(g)
			if err != nil {
				return err
			}
			if err := m.take(records); err != nil {
				return holes(err)
			}
		}
		for _, a := range f.Answers {
			m.queue.answered(a)
		}
		for _, mark := range f.Marks {
			if m.o.Typed != nil {
				m.o.Typed(mark)
			}
		}
		if f.Moved != nil {
			if f.Moved.To != "" && f.Moved.To != m.o.Gateway {
				m.await(ctx)
			}
			return errReplaced
		}
	}
}

// holes takes a hole in a stream for what it is: the stream's fault, not the ledger's. The table tells.
func holes(err error) error {
	if errors.Is(err, ledger.ErrGap) {
		return fmt.Errorf("a hole in the stream: %v", err) //nolint:errorlint // not to be taken for one in the ledger
	}
	return err
}

func decode(g peer.Group) ([]desk.Record, error) {
	records := make([]desk.Record, len(g.Entries))
	for i, entry := range g.Entries {
		var err error
		if records[i], err = desk.Decode(g.First+uint64(i), entry); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// await gives the successor that a leader named a head start.
func (m *Member) await(ctx context.Context) {
	for range headStart / lookQuickly {
		if leader, err := m.look(ctx); err != nil || leader.Live || ctx.Err() != nil {
			return
		}
		m.pause(ctx, lookQuickly)
	}
}

// watch looks at the lease of a leader to whom there is a stream, or to be one: a leader that lost its database still has
// good streams.
func (m *Member) watch(ctx context.Context, stop context.CancelCauseFunc, leader ledger.Leader) {
	tick := time.NewTicker(m.o.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := m.look(ctx)
		if err == nil && (!now.Live || now.Holder != leader.Holder || now.Address != leader.Address) {
			stop(errReplaced)
			return
		}
	}
}
