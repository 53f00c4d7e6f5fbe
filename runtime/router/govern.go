package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/peer"
)

// claim tries to take the lead, and leads. Its error is a lasting one.
func (m *Member) claim(ctx context.Context, replaces uint64) error {
	asking, cancel := context.WithTimeout(ctx, m.o.Lease)
	w, err := m.o.Ledger.Lead(asking, ledger.Claim{Holder: m.o.Holder, Address: m.o.Address, Lease: m.o.Lease, Replaces: replaces})
	cancel()
	if errors.Is(err, ledger.ErrHeld) {
		return nil // another was quicker
	}
	if err != nil {
		m.wait(ctx, "the lead cannot be taken", err)
		return nil
	}
	if err = m.same(ctx); err == nil {
		err = m.catchUp(ctx)
	}
	if err != nil {
		m.resign(ctx, w)
		if lasting(err) {
			return fmt.Errorf("catch up with the ledger: %w", err)
		}
		m.wait(ctx, "the ledger cannot be read", err)
		return nil
	}
	// What was read anew may be further than what the followers had; with the lead nothing comes any more.
	if m.state.Seq != m.position || m.position+1 != w.Next() {
		m.resign(ctx, w)
		m.state = nil
		m.wait(ctx, "the state is not at the end of the ledger", fmt.Errorf("state %d, followers %d, next %d", m.state.Seq, m.position, w.Next()))
		return nil
	}
	return m.govern(ctx, w)
}

func (m *Member) resign(ctx context.Context, w *ledger.Writer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askAtMost)
	defer cancel()
	if err := w.Resign(ctx); err != nil && !errors.Is(err, ledger.ErrFenced) {
		m.o.Logger.Warn("the lead could not be given back; the others wait for the end of the lease", "error", err)
	}
}

// govern leads until the lead is lost or given back.
func (m *Member) govern(ctx context.Context, w *ledger.Writer) error {
	if err := m.state.Lead(); err != nil {
		m.resign(ctx, w)
		return fmt.Errorf("lead with the state of the ledger: %w", err)
	}
	r := newRouter(m.o.Options, w)
	r.state, r.last, r.snapshot.at = m.state, m.state.At, m.snapshot
	r.followers = []Follower{delivery{m}}
	r.gateways = slices.DeleteFunc(m.state.Gateways(), func(g string) bool { return g == m.o.Gateway })
	others := slices.Clone(r.gateways)
	term := m.o.Peers.Begin(peer.TermOptions{
		Epoch: w.Epoch(), Last: m.position, Do: func(pod string, body []byte, done func(peer.Answer)) { serve(r, pod, body, done) },
		Mark: m.o.Typed,
		Left: func(gateway string, leaving bool) { m.left(r, gateway, leaving) },
	})
	r.carry, r.together, r.forget, r.attempt = term.Carry, term.Together, term.Forget, 2*m.o.Lease
	r.resigned = func() { term.End(term.Successor()) }
	m.o.Logger.Info("leading", "epoch", w.Epoch(), "seq", m.position)
	m.told = ""
	m.setLeader(m.o.Holder)
	m.leads.Store(r)
	m.term.Store(term)
	if m.leaving.Load() {
		r.Stop()
	}
	m.queue.connect(local{r, m.queue})
	grace := time.AfterFunc(m.o.Grace, func() {
		here := term.Gateways()
		for _, g := range others {
			if !slices.Contains(here, g) {
				lose(r, g)
			}
		}
	})
	err := r.Run(ctx)
	grace.Stop()
	m.leads.Store(nil)
	m.term.Store(nil)
	term.End("")
	m.queue.disconnect()
	m.setLeader("")
	m.snapshot = r.snapshot.at
	if r.dirty || err != nil {
		m.state = nil // it may hold what was never durable
	} else {
		m.state = r.state.Follow()
	}
	m.o.Logger.Info("leading no more", "epoch", w.Epoch(), "because", err)
	if err != nil && !errors.Is(err, ledger.ErrFenced) && ctx.Err() == nil {
		// The lease could not be given back, or a decision could not be written down: others go on from the ledger.
		m.wait(ctx, "the lead ended badly", err)
	}
	return nil
}

// delivery is what a member's router follows: the member's own followers.
type delivery struct{ m *Member }

func (d delivery) Follow(records []desk.Record) { d.m.deliver(records) }

// left takes a gateway out that is gone: at once when it said so, or when it has not come back in time.
func (m *Member) left(r *Router, gateway string, leaving bool) {
	if leaving {
		lose(r, gateway)
		return
	}
	time.AfterFunc(m.o.Grace, func() {
		if t := m.term.Load(); t != nil && m.leads.Load() == r && !slices.Contains(t.Gateways(), gateway) {
			lose(r, gateway)
		}
	})
}

func lose(r *Router, gateway string) {
	r.Submit(desk.LoseGateway{Gateway: gateway}, func(_ Result, err error) {
		if err != nil && !errors.Is(err, ErrStopped) { // else the next router sees to it
			r.log.Warn("a gateway that is gone could not be taken out", "gateway", gateway, "error", err)
		}
	})
}
