package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"usher.chat/runtime/protocol"
)

// Person is a client as people have one: it gives a command again, by the same number, until it has an answer, and
// connects again, to whichever pod takes it, when its own is gone. Its Do may be called by several goroutines; what they
// give is one another's equal, as the lanes of a real client are.
type Person struct {
	*Client
	o     PersonOptions
	again atomic.Int64
	gaps  atomic.Int64

	order sync.Mutex // numbers go out in their order

	mu   sync.Mutex // held while it connects
	life int        // counts connections
	at   int        // of the addresses
}

// PersonOptions are how patient it is.
type PersonOptions struct {
	// Addresses of the pods that can be tried now, in an order that does not change; empty ones are passed over.
	Addresses func() []string
	// Patience is how long an answer, or a connection, is waited for; 10 s when zero, as the real client's.
	Patience time.Duration
	// Pause is the longest pause before the first attempt to connect again, and before a command that was refused for
	// the moment is given again when the refusal says nothing; 500 ms when zero, as the real client's.
	Pause time.Duration
}

// silence is how long a connection may say nothing: the desk pings every 20 s.
const silence = 30 * time.Second

// NewPerson makes a person of a client that is connected to the address with an index.
func NewPerson(c *Client, at int, o PersonOptions) *Person {
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Pause == 0 {
		o.Pause = 500 * time.Millisecond
	}
	return &Person{Client: c, at: at, o: o}
}

// Again is how many times something was given again.
func (p *Person) Again() int { return int(p.again.Load()) }

// Gaps is how often it saw a hole in what it is told, which must never be.
func (p *Person) Gaps() int { return int(p.gaps.Load()) }

// At is the index of the address that the person is connected to, or tries.
func (p *Person) At() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// Do gives a command until it is answered. The error is a *Refusal that says something of the command, or the
// context's.
func (p *Person) Do(ctx context.Context, c protocol.Command) (protocol.Ack, error) {
	for first := true; ; first = false {
		if !first {
			p.again.Add(1)
		}
		life := p.alive()
		ack, err := p.once(ctx, &c)
		var refused *Refusal
		switch {
		case err == nil:
			return ack, nil
		case ctx.Err() != nil:
			return ack, fmt.Errorf("%s: %w", c.Type, ctx.Err())
		case errors.As(err, &refused) && refused.Reason.Code == "out_of_order":
			c.CID = 0 // it had no effect, and a later one had
		case errors.As(err, &refused) && (refused.Reason.Code == "unavailable" || refused.Reason.Code == "rate_limited" || refused.Reason.Code == "overloaded"):
			wait := p.o.Pause
			if after := time.Duration(refused.Reason.RetryAfterMS) * time.Millisecond; after > 0 {
				wait = min(wait, after)
			}
			if err := rest(ctx, wait); err != nil {
				return ack, err
			}
		case errors.As(err, &refused):
			return ack, err
		default:
			if err := p.comeBack(ctx, life); err != nil {
				return ack, err
			}
		}
	}
}

func (p *Person) once(ctx context.Context, c *protocol.Command) (protocol.Ack, error) {
	p.order.Lock()
	if c.CID == 0 {
		c.CID = p.Number()
	}
	wait, err := p.begin(*c)
	p.order.Unlock()
	if err != nil {
		return protocol.Ack{}, err
	}
	within, cancel := context.WithTimeout(ctx, p.o.Patience)
	defer cancel()
	return p.end(within, c.CID, wait)
}

func (p *Person) alive() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// Reload connects anew, to any pod, as somebody does who opens the page again.
func (p *Person) Reload(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connect(ctx)
}

// comeBack connects again, unless somebody has done so since that life.
func (p *Person) comeBack(ctx context.Context, life int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != life {
		return ctx.Err()
	}
	return p.connect(ctx)
}

// connect connects as often as it takes. It begins with an address at random, as a Service does, and goes on in turn.
func (p *Person) connect(ctx context.Context) error {
	p.Drop()
	if n := len(p.o.Addresses()); n > 0 {
		p.at = rand.IntN(n)
	}
	for attempt := 0; ; attempt++ {
		pause := min(p.o.Pause<<min(attempt, 6), 30*p.o.Pause)
		if err := rest(ctx, time.Duration(rand.Float64()*float64(pause))); err != nil {
			return err
		}
		list := p.o.Addresses()
		for range list {
			p.at = (p.at + 1) % len(list)
			if list[p.at] != "" {
				break
			}
		}
		if len(list) == 0 || list[p.at] == "" {
			continue
		}
		p.Move(list[p.at])
		within, cancel := context.WithTimeout(ctx, p.o.Patience)
		err := p.Connect(within)
		cancel()
		if err == nil {
			p.life++
			return nil
		}
	}
}

// Keep keeps the person connected until the context ends: who says nothing must come back too.
func (p *Person) Keep(ctx context.Context) error {
	for ctx.Err() == nil {
		life := p.alive()
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := p.Until(within, func(v *View) bool { return v.GoAway })
		cancel()
		switch {
		case ctx.Err() != nil:
		case err == nil: // it is asked to go
			var after int64
			p.Look(func(v *View) { after = v.AwayMS })
			if err := rest(ctx, time.Duration(rand.Float64()*float64(after))*time.Millisecond); err != nil {
				return err
			}
			if err := p.comeBack(ctx, life); err != nil {
				return err
			}
		case errors.Is(err, context.DeadlineExceeded) && !p.silent():
		default:
			if !errors.Is(err, ErrClosed) && !errors.Is(err, context.DeadlineExceeded) {
				p.gaps.Add(1)
			}
			if err := p.comeBack(ctx, life); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (p *Person) silent() bool {
	p.Client.mu.Lock()
	defer p.Client.mu.Unlock()
	return time.Since(p.heard) > silence
}

func rest(ctx context.Context, by time.Duration) error {
	timer := time.NewTimer(by)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
