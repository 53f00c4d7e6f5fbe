package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// Options of Run. Zero values are those of the issue: 200 pairs, 500 who wait, 50 agents.
type Options struct {
	Faults  int    // how many
	Seed    uint64 // of the order of faults, of their moments and of what people do; the machine decides the rest
	Pairs   int    // conversations in service at a time
	Waiting int    // customers beyond these
	Agents  int    // each with its part of the pairs
	// Pace is the mean pause between two messages of one side; 1 s. Who waits says a 20th of that.
	Pace time.Duration
	// Talk is the mean length of a conversation; 15 s.
	Talk time.Duration
	// Calm is the mean pause between two faults; 1 s.
	Calm time.Duration
	// Patience is how long recovery from one fault may take; 2 min.
	Patience time.Duration
	// Only, if set, names the faults to use.
	Only []string
	// Say, if set, gets a line now and then.
	Say func(line string)
}

func (o Options) whole() Options {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	last := func(v *time.Duration, to time.Duration) {
		if *v == 0 {
			*v = to
		}
	}
	set(&o.Faults, 20)
	set(&o.Pairs, 200)
	set(&o.Waiting, 500)
	set(&o.Agents, 50)
	last(&o.Pace, time.Second)
	last(&o.Talk, 15*time.Second)
	last(&o.Calm, time.Second)
	last(&o.Patience, 2*time.Minute)
	if o.Say == nil {
		o.Say = func(string) {}
	}
	return o
}

func (o Options) customers() int { return o.Pairs + o.Waiting }

// slots are the conversations of one agent at a time.
func (o Options) slots() int { return max(1, (o.Pairs+o.Agents-1)/o.Agents) }

// Baseline is the fault that is none: what everybody waits when all speak at once and nothing breaks.
const Baseline = "nothing breaks"

// Run lets people use the desk, breaks what the stage can break, and counts. An error means that the campaign itself
// could not be run, or that something did not recover; the result then tells how far it came.
func Run(ctx context.Context, stage Stage, o Options) (*Result, error) {
	o = o.whole()
	c := newCrowd(stage, o)
	r := &Result{Seed: o.Seed, Began: c.began}
	keeping, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		c.working.Wait()
		c.running.Wait()
	}()
	o.Say(fmt.Sprintf("seed %d: %d agents, %d customers come in", o.Seed, o.Agents, o.customers()))
	if err := c.come(keeping); err != nil {
		return r, err
	}
	if err := c.recover(ctx, time.Now()); err != nil {
		return r, fmt.Errorf("before the first fault: %w", err)
	}
	broken := c.campaign(ctx, r)
	// Whatever happened is counted.
	close(c.stopping)
	finished := make(chan struct{})
	go func() { c.working.Wait(); close(finished) }() // nobody gives anything more after the end
	select {
	case <-finished:
	case <-time.After(o.Patience):
		broken = errors.Join(broken, errors.New("some commands have no answer at the end"))
	case <-ctx.Done():
	}
	c.quiet(ctx)
	cancel()
	c.working.Wait()
	c.running.Wait()
	for _, s := range c.everybody() {
		s.Drop()
		r.Again += s.Again()
		r.Gaps += s.Gaps()
	}
	c.mu.Lock()
	broken = errors.Join(append([]error{broken, c.unexpected()}, c.failures...)...)
	c.mu.Unlock()
	o.Say("counting")
	if err := c.judge(ctx, stage, r); err != nil {
		return r, errors.Join(broken, err)
	}
	return r, broken
}

// quiet waits until nobody is told a place any more: then what everybody sees must be so.
func (c *crowd) quiet(ctx context.Context) {
	over := time.Now().Add(c.o.Patience)
	before, now := c.seen(), c.seen()
	for told, last := -1, 0; told != last && time.Now().Before(over); {
		told, last = last, 0
		for _, s := range c.customers {
			last += s.memory.lastTold()
		}
		pause := time.NewTimer(5 * time.Second) // more than the pace of places
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		before, now = now, c.seen()
	}
	for _, s := range c.customers {
		var is protocol.Conversation
		s.Look(func(v *gatewaytest.View) { is = v.Conversation() })
		s.memory.sees(is, before, now)
	}
}

// seen is the newest sequence that anybody has been told.
func (c *crowd) seen() (seq uint64) {
	for _, s := range c.everybody() {
		s.Look(func(v *gatewaytest.View) { seq = max(seq, v.Seq) })
	}
	return seq
}

// campaign breaks one thing after another.
func (c *crowd) campaign(ctx context.Context, r *Result) error {
	random := rand.New(rand.NewPCG(c.o.Seed, 1<<40))
	faults, err := c.faults()
	if err != nil {
		return err
	}
	var deck []Fault
	for n := range c.o.Faults {
		if len(deck) == 0 { // each comes as often as each other
			deck = append(deck, faults...)
			random.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		f := deck[0]
		deck = deck[1:]
		calm := time.NewTimer(time.Duration((0.2 + 1.6*random.Float64()) * float64(c.o.Calm)))
		select {
		case <-calm.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.o.Say(fmt.Sprintf("%3d %s", n+1, f.Name))
		strike, err := c.strike(ctx, f, random)
		r.Strikes = append(r.Strikes, strike)
		if err != nil {
			return fmt.Errorf("fault %d, %s: %w", n+1, f.Name, err)
		}
		p50, worst := strike.waits()
		c.o.Say(fmt.Sprintf("    lasted %6.2fs, waited p50 %6.3fs max %6.3fs, whole after %6.2fs",
			strike.Lasted.Seconds(), p50.Seconds(), worst.Seconds(), strike.Whole.Seconds()))
		if err := c.failure(); err != nil {
			return fmt.Errorf("after fault %d, %s: %w", n+1, f.Name, err)
		}
	}
	return nil
}

func (c *crowd) faults() ([]Fault, error) {
	all := append([]Fault{{Name: Baseline, Do: func(_ context.Context, _ *rand.Rand, struck func()) error { struck(); return nil }}}, c.stage.Faults()...)
	if len(c.o.Only) == 0 {
		return all, nil
	}
	var list []Fault
	for _, name := range c.o.Only {
		found := false
		for _, f := range all {
			if f.Name == name {
				list, found = append(list, f), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no fault %q", name)
		}
	}
	return list, nil
}

// strike breaks one thing, and waits until everybody is served again.
func (c *crowd) strike(ctx context.Context, f Fault, random *rand.Rand) (Strike, error) {
	s := Strike{Fault: f.Name}
	ctx, cancel := context.WithTimeout(ctx, c.o.Patience)
	defer cancel()
	var at time.Time
	err := f.Do(ctx, random, func() {
		at = time.Now()
		c.fault.set(at, time.Time{})
		c.nudge()
	})
	if at.IsZero() {
		return s, errors.Join(errors.New("it was not struck"), err)
	}
	s.At, s.Lasted = at.Sub(c.began), time.Since(at)
	if err != nil {
		return s, err
	}
	if err := c.stage.Settle(ctx); err != nil {
		return s, fmt.Errorf("it does not become whole again: %w", err)
	}
	if err := c.recover(ctx, at); err != nil {
		return s, err
	}
	s.Whole = time.Since(at)
	c.fault.set(time.Time{}, time.Time{})
	for _, one := range c.everybody() {
		s.Waits = append(s.Waits, one.memory.wait())
	}
	return s, nil
}

// recover waits until everybody has the answer to something that was given now or later.
func (c *crowd) recover(ctx context.Context, struck time.Time) error {
	now := time.Now()
	c.fault.set(struck, now)
	c.nudge()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		late := ""
		n := 0
		for _, s := range c.everybody() {
			if !s.memory.answeredSince(now) {
				n++
				late = s.memory.name
			}
		}
		if n == 0 {
			return nil
		}
		if err := c.failure(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d people have no answer, %s among them: %w", n, late, ctx.Err())
		case <-tick.C:
		}
	}
}
