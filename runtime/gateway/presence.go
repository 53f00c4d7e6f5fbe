package gateway

import (
	"errors"
	"slices"
	"sync"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/router"
)

// presence tells the router who is connected to this pod: of each principal the first socket and the
// last. It compares what is so with what the state says until they agree, so that nothing is missed
// when a command cannot be taken or sockets come and go quickly.
type presence struct {
	h       *hub
	router  Router
	gateway string

	mu      sync.Mutex
	dirty   map[desk.Principal]uint64 // to be looked at once the state has this sequence
	flying  map[desk.Principal]bool   // a command is on its way
	wake    chan struct{}
	places  chan struct{} // one for each command on its way
	retries time.Duration
}

func newPresence(h *hub, r Router, gateway string) *presence {
	return &presence{h: h, router: r, gateway: gateway, dirty: map[desk.Principal]uint64{},
		flying: map[desk.Principal]bool{}, wake: make(chan struct{}, 1),
		places: make(chan struct{}, atOnce), retries: 500 * time.Millisecond}
}

// atOnce bounds the commands on their way: ten thousand who come at once must not fill the router's line.
const atOnce = 1024

// changed notes that a principal's sockets, or what the state knows of it, changed.
func (p *presence) changed(who desk.Principal) { p.look(who, 0) }

func (p *presence) look(who desk.Principal, seq uint64) {
	p.mu.Lock()
	p.dirty[who] = max(p.dirty[who], seq)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// all looks at everybody who is connected here: the others took this pod for gone. The caller holds the
// hub's lock.
func (p *presence) all() {
	for agent := range p.h.agents {
		p.changed(desk.AgentPrincipal(agent))
	}
	for session := range p.h.customers {
		p.changed(desk.CustomerPrincipal(session))
	}
}

func (p *presence) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-p.wake:
		}
		p.mu.Lock()
		work := p.dirty
		p.dirty = map[desk.Principal]uint64{}
		for who := range work {
			if p.flying[who] {
				delete(work, who) // its end looks again
			}
		}
		p.mu.Unlock()
		for who, seq := range work {
			if seq > 0 {
				p.h.wait(seq)
			}
			p.settle(who, stop)
		}
	}
}

// settle sends the command that makes the state agree with the sockets, if it does not.
func (p *presence) settle(who desk.Principal, stop <-chan struct{}) {
	p.h.mu.RLock()
	want := p.h.connected(who)
	has, known := p.recorded(who)
	p.h.mu.RUnlock()
	if want == has || !known {
		return
	}
	var c desk.Command = desk.Disconnect{Principal: who, Gateway: p.gateway}
	if want {
		c = desk.Connect{Principal: who, Gateway: p.gateway}
	}
	select {
	case p.places <- struct{}{}:
	case <-stop:
		return
	}
	p.mu.Lock()
	p.flying[who] = true
	p.mu.Unlock()
	p.router.Submit(c, func(result router.Result, err error) {
		<-p.places
		p.mu.Lock()
		delete(p.flying, who)
		p.mu.Unlock()
		switch {
		case err == nil:
			p.look(who, result.Seq)
		case errors.Is(err, router.ErrStopped):
		default:
			time.AfterFunc(p.retries, func() { p.changed(who) })
		}
	})
}

// recorded is what the state says of a principal here; not known for a customer who never joined.
func (p *presence) recorded(who desk.Principal) (connected, known bool) {
	if who[0] == 'a' {
		a := p.h.state.Agents[string(who[2:])]
		return a != nil && slices.Contains(a.Gateways, p.gateway), true
	}
	c := p.h.state.Customers[string(who[2:])]
	if c == nil {
		return false, false
	}
	return slices.Contains(c.Gateways, p.gateway), true
}
