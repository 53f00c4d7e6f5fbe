package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// crowd are all who use the desk.
type crowd struct {
	o         Options
	stage     Stage
	began     time.Time
	fault     window
	customers []*somebody
	agents    []*somebody
	stopping  chan struct{}
	working   sync.WaitGroup // who give commands
	running   sync.WaitGroup // who only stay connected

	mu       sync.Mutex
	speak    chan struct{} // closed when everybody is to say something
	who      map[string]*somebody
	unheard  []string
	failures []error
	// surprises are refusals that nobody should get.
	surprises []string
}

// somebody is a customer or an agent.
type somebody struct {
	*gatewaytest.Person
	crowd  *crowd
	memory *memory
	side   desk.Side

	mu     sync.Mutex
	random *rand.Rand
	words  int
	holds  map[string]int // of an agent: how often each conversation was picked
}

func newCrowd(stage Stage, o Options) *crowd {
	return &crowd{o: o, stage: stage, began: time.Now(), stopping: make(chan struct{}), speak: make(chan struct{}), who: map[string]*somebody{}}
}

// come lets everybody in: agents first, so that the line is served from the beginning.
func (c *crowd) come(ctx context.Context) error {
	// A person may come while something is not there yet: on a new cluster an address is known before it answers.
	options := gatewaytest.PersonOptions{Addresses: c.stage.Addresses}
	add := func(list *[]*somebody, client *gatewaytest.Client, name string, side desk.Side, pod, n int) {
		s := &somebody{Person: gatewaytest.NewPerson(client, pod, options), crowd: c, memory: newMemory(name, side == desk.SideAgent, c.began), side: side,
			random: rand.New(rand.NewPCG(c.o.Seed, uint64(n)))}
		client.Watch(s.memory.told)
		c.mu.Lock()
		defer c.mu.Unlock()
		*list = append(*list, s)
	}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(8)
	addresses := c.stage.Addresses()
	for n := range c.o.Agents {
		group.Go(func() error {
			pod := n % len(addresses)
			link, err := c.stage.Link(within, Agent(n), addresses[pod])
			if err != nil {
				return err
			}
			client, err := gatewaytest.Agent(within, addresses[pod], link)
			if err != nil {
				return fmt.Errorf("%s comes in: %w", Agent(n), err)
			}
			add(&c.agents, client, Agent(n), desk.SideAgent, pod, 1_000_000+n)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	group, within = errgroup.WithContext(ctx)
	group.SetLimit(8)
	for n := range c.o.customers() {
		group.Go(func() error {
			pod := (n + 1) % len(addresses)
			client, err := gatewaytest.Customer(within, addresses[pod], Channel, "")
			if err != nil {
				return fmt.Errorf("customer %d comes in: %w", n, err)
			}
			add(&c.customers, client, fmt.Sprintf("customer-%d", n), desk.SideCustomer, pod, n)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, s := range c.everybody() {
		c.running.Go(func() { c.failed(s.Keep(ctx)) })
	}
	for _, s := range c.agents {
		for range c.o.slots() {
			c.working.Go(func() { c.failed(s.serve(ctx)) })
		}
	}
	for _, s := range c.customers {
		c.working.Go(func() { c.failed(s.visit(ctx)) })
	}
	return nil
}

// failed keeps what must not happen; that the campaign ends is none of it.
func (c *crowd) failed(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, err)
}

// failure is what a campaign cannot go on with.
func (c *crowd) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.surprises) > mostSurprises {
		return errors.Join(append(c.failures, c.unexpected())...)
	}
	return errors.Join(c.failures...)
}

// mostSurprises is how many refusals that nobody should get a campaign takes before it ends.
const mostSurprises = 20

// unexpected are the refusals that nobody should get. The caller holds the lock.
func (c *crowd) unexpected() error {
	if len(c.surprises) == 0 {
		return nil
	}
	return fmt.Errorf("%d refusals that nobody should get: %s", len(c.surprises), strings.Join(c.surprises, "; "))
}

func (c *crowd) everybody() []*somebody {
	return append(append([]*somebody(nil), c.agents...), c.customers...)
}

// nudge has everybody say something now.
func (c *crowd) nudge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.speak)
	c.speak = make(chan struct{})
}

func (c *crowd) nudged() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.speak
}

func (c *crowd) over() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// isIn notes whose a conversation is.
func (c *crowd) isIn(conversation string, s *somebody) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.who[conversation] = s
}

func (c *crowd) customerOf(conversation string) *somebody {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.who[conversation]
}

// do gives a command, and remembers its answer.
func (s *somebody) do(ctx context.Context, cmd protocol.Command) (protocol.Ack, *protocol.Error, error) {
	given := time.Now()
	ack, err := s.Do(ctx, cmd)
	op := Op{What: cmd.Type, Conversation: cmd.Conversation, Text: cmd.Text, Seq: ack.Seq, from: s.side}
	if ack.Conversation != "" {
		op.Conversation = ack.Conversation
	}
	if cmd.Type == protocol.TypeAccept {
		op.What = protocol.TypePick // the agent has it then
	}
	var refused *gatewaytest.Refusal
	switch {
	case errors.As(err, &refused):
		if op.Code, op.By = refused.Reason.Code, refused.Reason.By; strings.Contains(refused.Reason.Message, "offered") {
			op.Code = "offered" // which says nothing of who will have it
		}
	case err != nil:
		return ack, nil, fmt.Errorf("%s: %w", s.memory.name, err)
	}
	s.memory.note(op, given, time.Now(), &s.crowd.fault)
	if refused != nil {
		return ack, &refused.Reason, nil
	}
	return ack, nil, nil
}

// says says something new in a conversation.
func (s *somebody) says(ctx context.Context, conversation string) (*protocol.Error, error) {
	s.mu.Lock()
	s.words++
	text := fmt.Sprintf("%s says %d", s.memory.name, s.words)
	s.mu.Unlock()
	_, refused, err := s.do(ctx, protocol.Command{Type: protocol.TypeSay, Conversation: conversation, Text: text})
	return refused, err
}

// between draws a pause around a mean.
func (s *somebody) between(mean time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration((0.5 + s.random.Float64()) * float64(mean))
}

// rest waits for a time, a nudge or the end; it tells whether it was a nudge.
func (s *somebody) rest(ctx context.Context, speak <-chan struct{}, by time.Duration) bool {
	timer := time.NewTimer(by)
	defer timer.Stop()
	select {
	case <-speak:
		return true
	case <-timer.C:
	case <-s.crowd.stopping:
	case <-ctx.Done():
	}
	return false
}

// look is how often somebody who waits looks up.
const look = 400 * time.Millisecond
