package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
)

const deskName = "race"

type options struct {
	Picks        int64
	Kills, Pairs int
	Seed         uint64
	Usher, Dir   string
	Say          func(line string)
}

// result is what was seen.
type result struct {
	Picks, Wins, Conversations int
	Refused                    map[string]int
	Kills, Again               int // Again: commands that were sent more than once, because of kills
	Doubles                    int // conversations that two agents were told to have
	Unlike                     int // conversations of which the ledger tells another story
	Linearizable               porcupine.CheckResult
	Raced, Checked             time.Duration
}

func (r result) String() string {
	var codes []string
	for code, n := range r.Refused {
		codes = append(codes, fmt.Sprintf("%d %s", n, code))
	}
	slices.Sort(codes)
	return fmt.Sprintf("%d picks on %d conversations in %s, %d kills, %d commands sent again\n%d wins; refused: %s\n%d double wins, %d told otherwise by the ledger; linearizable: %s (checked in %s)",
		r.Picks, r.Conversations, r.Raced.Round(time.Millisecond), r.Kills, r.Again, r.Wins, strings.Join(codes, ", "),
		r.Doubles, r.Unlike, r.Linearizable, r.Checked.Round(time.Millisecond))
}

func (r result) wrong() error {
	if r.Doubles > 0 || r.Unlike > 0 || r.Linearizable != porcupine.Ok || r.Wins != r.Conversations {
		return fmt.Errorf("%d conversations, %d wins, %d double, %d told otherwise by the ledger, linearizable: %s",
			r.Conversations, r.Wins, r.Doubles, r.Unlike, r.Linearizable)
	}
	return nil
}

// race runs the pairs, kills the runtime, and checks what was recorded.
func race(ctx context.Context, o options) (result, error) {
	s := settings.Settings{Desk: settings.Desk{Name: deskName}}
	for i := range o.Pairs {
		s.Teams = append(s.Teams, settings.Team{Name: lineName(i), MaxConversations: 1, Mode: modeOf(i), Members: []settings.Member{
			{Name: agentName(i, 0)}, {Name: agentName(i, 1)},
		}})
		s.Queues = append(s.Queues, settings.Queue{Name: lineName(i), Teams: []string{lineName(i)}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}})
		s.Channels = append(s.Channels, settings.Channel{Name: lineName(i), Type: settings.ChannelWeb, Queue: lineName(i)})
	}
	s.Sort()
	srv, err := startServer(ctx, o.Usher, o.Dir, s)
	if err != nil {
		return result{}, err
	}
	defer srv.kill()
	r := &runner{o: o, srv: srv, began: time.Now(), refused: map[string]int{}}
	if err := r.all(ctx); err != nil {
		return result{}, err
	}
	raced := time.Since(r.began)
	srv.kill()
	return r.judge(ctx, raced)
}

func lineName(i int) string     { return fmt.Sprintf("line-%03d", i) }
func agentName(i, n int) string { return fmt.Sprintf("agent-%03d-%d", i, n) }

// modeOf: every other line is one where agents grab.
func modeOf(i int) settings.TeamMode {
	if i%2 == 1 {
		return settings.TeamGrab
	}
	return settings.TeamCollaboration
}

// runner holds what the pairs share.
type runner struct {
	o     options
	srv   *server
	began time.Time
	picks atomic.Int64

	mu      sync.Mutex
	history []porcupine.Operation
	refused map[string]int
	again   int
	kills   int
}

// all lets every pair race until enough picks were made.
func (r *runner) all(ctx context.Context) error {
	tokens, err := tokensOf(r.srv)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	done := make(chan struct{})
	var pairs sync.WaitGroup
	for i := range r.o.Pairs {
		p := &pair{runner: r, line: i, rng: rand.New(rand.NewPCG(r.o.Seed, uint64(i)))}
		for n := range 2 {
			if p.agents[n], err = newAgent(ctx, r.srv, tokens, agentName(i, n)); err != nil {
				return err
			}
			if p.customers[n], err = newCustomer(ctx, r.srv, lineName(i)); err != nil {
				return err
			}
		}
		pairs.Add(1)
		group.Go(func() error { defer pairs.Done(); return p.race(ctx) })
	}
	go func() { pairs.Wait(); close(done) }()
	group.Go(func() error { return r.killNowAndThen(ctx, done) })
	return group.Wait()
}

// killNowAndThen kills the runtime each time that another part of the picks is made, and starts it
// again on the same data.
func (r *runner) killNowAndThen(ctx context.Context, done <-chan struct{}) error {
	rng := rand.New(rand.NewPCG(r.o.Seed, 1<<32))
	each := r.o.Picks / int64(r.o.Kills+1)
	next := each
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-done:
			return nil
		case <-r.srv.ended:
			return errors.New("the runtime ended by itself")
		case <-tick.C:
		}
		if r.kills == r.o.Kills || r.picks.Load() < next {
			continue
		}
		next += each/2 + rng.Int64N(each+1)
		r.kills++
		r.srv.kill()
		began := time.Now()
		if err := r.srv.start(ctx); err != nil {
			return err
		}
		r.o.Say(fmt.Sprintf("kill %d after %d picks and %s; up again in %s", r.kills, r.picks.Load(),
			time.Since(r.began).Round(time.Second), time.Since(began).Round(time.Millisecond)))
	}
}

// pair is two agents and the customers for whom they race, one at a time.
type pair struct {
	*runner
	line      int
	rng       *rand.Rand
	agents    [2]*gatewaytest.Person
	customers [2]*gatewaytest.Person
}

func (p *pair) race(ctx context.Context) error {
	var held string // a conversation that is left open over a round
	holder := -1
	for round := 0; p.picks.Load() < p.o.Picks; round++ {
		customer := p.customers[round%2]
		joined, err := customer.Do(ctx, protocol.Command{Type: protocol.TypeJoin})
		if err != nil {
			return fmt.Errorf("%s: a customer joins: %w", lineName(p.line), err)
		}
		winner, err := p.both(ctx, joined.Conversation, holder)
		if err != nil {
			return err
		}
		// Now and then the winner goes on, and is at the limit in the next round.
		if held == "" && p.rng.IntN(8) == 0 {
			held, holder = joined.Conversation, winner
			continue
		}
		if err := p.end(ctx, winner, joined.Conversation); err != nil {
			return err
		}
		if held != "" {
			if err := p.end(ctx, holder, held); err != nil {
				return err
			}
			held, holder = "", -1
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, who := range append(p.agents[:], p.customers[:]...) {
		p.again += who.Again()
		who.Drop()
	}
	return nil
}

func (p *pair) end(ctx context.Context, agent int, conversation string) error {
	_, err := p.agents[agent].Do(ctx, protocol.Command{Type: protocol.TypeEnd, Conversation: conversation})
	var refused *gatewaytest.Refusal
	if errors.As(err, &refused) && refused.Reason.Code == "ended" {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%s ends %s: %w", agentName(p.line, agent), conversation, err)
	}
	return nil
}

// both lets the two agents try at once, and records what they were told.
func (p *pair) both(ctx context.Context, conversation string, holder int) (winner int, err error) {
	var ops [2]porcupine.Operation
	var errs [2]error
	ways := [2]int{p.rng.IntN(3), p.rng.IntN(3)}
	var wg sync.WaitGroup
	for n := range 2 {
		wg.Go(func() { ops[n], errs[n] = p.attempt(ctx, n, ways[n], conversation) })
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return 0, err
	}
	p.picks.Add(2)
	winner = -1
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, op := range ops {
		p.history = append(p.history, op)
		switch code := op.Output.(outcome).code; {
		case code == "":
			winner = n
		case code == "limit_reached" && holder != n:
			return 0, fmt.Errorf("%s was told limit_reached and has nothing", agentName(p.line, n))
		default:
			p.refused[code]++
		}
	}
	if winner < 0 {
		return 0, fmt.Errorf("nobody has %s: %+v", conversation, ops)
	}
	return winner, nil
}

// attempt is one agent's try: for this conversation, for the next of the line, or a grab.
func (p *pair) attempt(ctx context.Context, n, way int, conversation string) (porcupine.Operation, error) {
	c := protocol.Command{Type: protocol.TypePick, Conversation: conversation}
	switch {
	case way == 1:
		c = protocol.Command{Type: protocol.TypePick, Queue: lineName(p.line)}
	case way == 2 && modeOf(p.line) == settings.TeamGrab:
		c.Type = protocol.TypeGrab
	}
	op := porcupine.Operation{ClientId: 2*p.line + n, Input: attempt{conversation, agentName(p.line, n)}, Call: int64(time.Since(p.began))}
	ack, err := p.agents[n].Do(ctx, c)
	op.Return = int64(time.Since(p.began))
	var refused *gatewaytest.Refusal
	switch {
	case err == nil && ack.Conversation != conversation:
		return op, fmt.Errorf("%s has %s, only %s waits", agentName(p.line, n), ack.Conversation, conversation)
	case err == nil:
		op.Output = outcome{owner: agentName(p.line, n)}
	case errors.As(err, &refused):
		op.Output = outcome{owner: refused.Reason.By, code: refused.Reason.Code}
	default:
		return op, err
	}
	return op, nil
}

// judge checks the history, and compares it with the ledger.
func (r *runner) judge(ctx context.Context, raced time.Duration) (result, error) {
	out := result{Picks: len(r.history), Refused: r.refused, Kills: r.kills, Again: r.again, Raced: raced}
	told := map[string][]string{}
	for _, op := range r.history {
		id := op.Input.(attempt).conversation
		told[id] = slices.Grow(told[id], 1)
		if got := op.Output.(outcome); got.code == "" {
			out.Wins++
			told[id] = append(told[id], got.owner)
		}
	}
	out.Conversations = len(told)
	for _, owners := range told {
		if len(owners) > 1 {
			out.Doubles++
		}
	}
	began := time.Now()
	out.Linearizable = porcupine.CheckOperationsTimeout(registers, r.history, 10*time.Minute)
	out.Checked = time.Since(began)
	logged, err := r.logged(ctx)
	if err != nil {
		return out, err
	}
	for id, owners := range told {
		if !slices.Equal(owners, logged[id]) {
			out.Unlike++
			r.o.Say(fmt.Sprintf("%s: told %v, logged %v", id, owners, logged[id]))
		}
	}
	if len(logged) != len(told) {
		return out, fmt.Errorf("the ledger has picks of %d conversations, the agents of %d", len(logged), len(told))
	}
	return out, nil
}

// logged is who picked each conversation, by the ledger.
func (r *runner) logged(ctx context.Context) (map[string][]string, error) {
	path := filepath.Join(r.srv.data(), "ledger.db")
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	l, err := ledger.Open(ctx, ledger.Options{URL: "sqlite://" + path, Desk: deskName})
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }()
	picked := map[string][]string{}
	for record, err := range router.Records(ctx, l, 0) {
		if err != nil {
			return nil, err
		}
		if e, ok := record.Event.(desk.Picked); ok {
			picked[string(e.Conversation)] = append(picked[string(e.Conversation)], e.Agent)
		}
	}
	return picked, nil
}
