package podstest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/podstest"
)

func last(ctx context.Context, w *podstest.Talker, conversation string, texts ...string) error {
	return w.Until(ctx, func(v *gatewaytest.View) bool {
		has := 0
		for _, m := range v.Messages[conversation] {
			if slices.Contains(texts, m.Text) {
				has++
			}
		}
		return has == len(texts)
	})
}

func TestAnAgentAndACustomerOnDifferentPodsTalk(t *testing.T) {
	ctx := within(t)
	version, err := server.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("PostgreSQL %s", version)
	d := pods(t, ctx, nil)
	lead := index(d, leader(t, ctx, d))
	for i := range d.Pods { // the customer on each pod in turn, the agent on the next
		customer, err := d.Customer(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		defer customer.Drop()
		agent, err := d.Agent(ctx, "ana", (i+1)%3)
		if err != nil {
			t.Fatal(err)
		}
		defer agent.Drop()
		joined, err := customer.Insist(ctx, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
		if err != nil {
			t.Fatal(err)
		}
		agent.Conversation = joined.Conversation
		if err := agent.Until(ctx, func(v *gatewaytest.View) bool { return v.Waiting[joined.Conversation].Conversation != "" }); err != nil {
			t.Fatalf("the agent does not see who waits: %v", err)
		}
		if _, err := agent.Insist(ctx, protocol.Command{Type: protocol.TypePick, Conversation: joined.Conversation}); err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			if err := customer.Say(ctx, fmt.Sprint("question ", n)); err != nil {
				t.Fatal(err)
			}
			if err := agent.Say(ctx, fmt.Sprint("answer ", n)); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range []*podstest.Talker{customer, agent} {
			if err := last(ctx, w, joined.Conversation, "question 4", "answer 4"); err != nil {
				t.Errorf("%s: %v", w.Name, err)
			}
		}
		// Typing goes from pod to pod too, whichever of them leads.
		typed(t, ctx, customer, agent, joined.Conversation)
		typed(t, ctx, agent, customer, joined.Conversation)
		if _, err := agent.Insist(ctx, protocol.Command{Type: protocol.TypeEnd, Conversation: joined.Conversation}); err != nil {
			t.Fatal(err)
		}
		t.Logf("customer on pod %d, agent on pod %d, pod %d leads", i, (i+1)%3, lead)
	}
	changed := sample(20)
	for i := range changed.Queues {
		changed.Queues[i].DisplayName = "Renamed"
	}
	if err := d.Apply(changed); err != nil {
		t.Fatal(err)
	}
	for i := range d.Pods {
		agent, err := d.Agent(ctx, "ben", i)
		if err != nil {
			t.Fatal(err)
		}
		if err := agent.Until(ctx, func(v *gatewaytest.View) bool { return v.Queues["support"].DisplayName == "Renamed" }); err != nil {
			t.Errorf("pod %d does not have the new settings: %v", i, err)
		}
		agent.Drop()
	}
}

// typed lets one type until the other is told: marks may be lost.
func typed(t *testing.T, ctx context.Context, from, to *podstest.Talker, conversation string) {
	t.Helper()
	before := 0
	to.Look(func(v *gatewaytest.View) { before = v.Typing })
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	told := make(chan error, 1)
	go func() { told <- to.Until(ctx, func(v *gatewaytest.View) bool { return v.Typing > before }) }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if err := from.Send(protocol.Command{Type: protocol.TypeTyping, Conversation: conversation}); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-told:
			if err != nil {
				t.Errorf("%s is not told that %s types: %v", to.Name, from.Name, err)
			}
			return
		case <-again.C:
		}
	}
}

func TestPicksRaceOverThreePodsAndNobodyWinsTwice(t *testing.T) {
	ctx := within(t)
	d := pods(t, ctx, nil)
	const customers, agents = 40, 12
	var racers []*podstest.Talker
	for i := range agents {
		a, err := d.Agent(ctx, fmt.Sprintf("agent-%d", i), i%3)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Drop()
		racers = append(racers, a)
	}
	var line []string
	for i := range customers {
		c, err := d.Customer(ctx, i%3)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Drop()
		joined, err := c.Insist(ctx, protocol.Command{Type: protocol.TypeJoin})
		if err != nil {
			t.Fatal(err)
		}
		line = append(line, joined.Conversation)
	}
	var mu sync.Mutex
	won := map[string][]string{}
	var group sync.WaitGroup
	for _, a := range racers {
		group.Go(func() {
			for _, conversation := range line { // all want the same one at the same time
				_, err := a.Insist(ctx, protocol.Command{Type: protocol.TypePick, Conversation: conversation})
				var refused *gatewaytest.Refusal
				switch {
				case err == nil:
					mu.Lock()
					won[conversation] = append(won[conversation], a.Name)
					mu.Unlock()
				case errors.As(err, &refused) && (refused.Reason.Code == "already_taken" || refused.Reason.Code == "limit_reached"):
				default:
					t.Errorf("%s: %v", a.Name, err)
				}
			}
		})
	}
	group.Wait()
	winners := map[string]int{}
	for _, conversation := range line {
		if len(won[conversation]) != 1 {
			t.Errorf("%s was won by %v", conversation, won[conversation])
			continue
		}
		winners[won[conversation][0]]++
	}
	checkedPicks(t, ctx, d, len(line))
	t.Logf("%d customers, %d agents on 3 pods: won by %v", customers, agents, winners)
}

// pause lets the load run for a while: what is shown happens meanwhile.
func pause(ctx context.Context, by time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(by):
	}
}

// recovery is the longest that any of the clients had to wait for the first answer after an instant.
func recovery(ctx context.Context, list []pair, since time.Time) (worst, first time.Duration) {
	first = time.Hour
	for _, p := range list {
		for _, w := range []*podstest.Talker{p.customer, p.agent} {
			at, ok := w.First(since)
			for !ok && ctx.Err() == nil {
				pause(ctx, 5*time.Millisecond)
				at, ok = w.First(since)
			}
			worst, first = max(worst, at.Sub(since)), min(first, at.Sub(since))
		}
	}
	return worst, first
}

func TestAKilledRouterLosesNothing(t *testing.T) {
	ctx := within(t)
	d := pods(t, ctx, nil)
	list := pairs(t, ctx, d, 20)
	stop := load(t, ctx, list)
	var took []time.Duration
	for round := range 4 {
		pause(ctx, 700*time.Millisecond)
		p := leader(t, ctx, d)
		send(t, p, syscall.SIGKILL)
		since := time.Now()
		p.Wait()
		worst, first := recovery(ctx, list, since)
		took = append(took, worst)
		t.Logf("kill %d of %s: first answer after %s, everybody has one after %s, %s leads", round+1, p.Name(), first.Round(time.Millisecond),
			worst.Round(time.Millisecond), leader(t, ctx, d).Name())
		if err := p.Start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	heard(t, ctx, list)
	checked(t, ctx, d, list)
	slices.Sort(took)
	t.Logf("killed routers: p50 %s, max %s until everybody had an answer", took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	if took[len(took)-1] > 6*time.Second {
		t.Error("that took too long")
	}
}

func TestARouterThatIsToldToEndHandsOver(t *testing.T) {
	ctx := within(t)
	d := pods(t, ctx, nil)
	list := pairs(t, ctx, d, 20)
	stop := load(t, ctx, list)
	var took []time.Duration
	quick := false
	for round := range 4 {
		pause(ctx, 700*time.Millisecond)
		p := leader(t, ctx, d)
		// Those whose own pod stays only see the change of the lead.
		stay, done := observers(t, ctx, d, p)
		before := time.Now()
		pause(ctx, 500*time.Millisecond)
		since := time.Now()
		send(t, p, syscall.SIGTERM)
		if code := p.Wait(); code != 0 {
			t.Errorf("%s ended with %d", p.Name(), code)
		}
		recovery(ctx, list, since)
		pause(ctx, 300*time.Millisecond)
		done()
		gap, usual := longest(t, stay, since, since.Add(2*time.Second)), longest(t, stay, before, since)
		took = append(took, gap)
		quick = quick || gap < 200*time.Millisecond+5*usual
		t.Logf("handover %d from %s: at most %s between two answers, before %s", round+1, p.Name(), gap.Round(time.Millisecond), usual.Round(time.Millisecond))
		if err := p.Start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	heard(t, ctx, list)
	checked(t, ctx, d, list)
	slices.Sort(took)
	t.Logf("handovers: p50 %s, max %s", took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	if !quick {
		t.Error("not one handover was within 200 ms and what this machine is slower")
	}
}

// observers are customers of the pods that stay, who write without a pause until done is called.
func observers(t *testing.T, ctx context.Context, d *podstest.Desk, leaves *podstest.Pod) (list []*podstest.Talker, done func()) {
	t.Helper()
	var group sync.WaitGroup
	over := make(chan struct{})
	for i, p := range d.Pods {
		if p == leaves {
			continue
		}
		c, err := d.Customer(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Drop)
		if _, err := c.Insist(ctx, protocol.Command{Type: protocol.TypeJoin}); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
		group.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if err := c.Say(ctx, "hello?"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return list, func() { close(over); group.Wait() }
}

// longest is the longest time in which none of them had an answer, between two instants.
func longest(t *testing.T, list []*podstest.Talker, since, until time.Time) time.Duration {
	t.Helper()
	var all []time.Time
	for _, w := range list {
		for at, ok := w.First(since); ok && at.Before(until); at, ok = w.First(at) {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, func(a, b time.Time) int { return a.Compare(b) })
	if len(all) < 2 {
		t.Errorf("only %d answers: nothing was measured", len(all))
	}
	gap, before := time.Duration(0), since
	for _, at := range all {
		gap, before = max(gap, at.Sub(before)), at
	}
	return gap
}

func TestAFrozenRouterIsFencedAndFollowsWhenItWakes(t *testing.T) {
	ctx := within(t)
	d := pods(t, ctx, nil)
	list := pairs(t, ctx, d, 20)
	stop := load(t, ctx, list)
	pause(ctx, 500*time.Millisecond)
	p := leader(t, ctx, d)
	since := time.Now()
	send(t, p, syscall.SIGSTOP)
	next := p
	for next == p && ctx.Err() == nil {
		pause(ctx, 10*time.Millisecond)
		next = leader(t, ctx, d)
	}
	t.Logf("%s was frozen, %s leads after %s", p.Name(), next.Name(), time.Since(since).Round(time.Millisecond))
	pause(ctx, time.Second)
	send(t, p, syscall.SIGCONT)
	woke := time.Now()
	worst, _ := recovery(ctx, list, woke)
	t.Logf("it woke: everybody has an answer %s later", worst.Round(time.Millisecond))
	stop()
	heard(t, ctx, list)
	checked(t, ctx, d, list)
	if !p.Running() {
		t.Error("the process that was frozen has ended")
	}
	// It serves people as before, by the router that is elsewhere now.
	c, err := d.Customer(ctx, index(d, p))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Drop()
	if _, err := c.Insist(ctx, protocol.Command{Type: protocol.TypeJoin}); err != nil {
		t.Error(err)
	}
	if again := leader(t, ctx, d); again == p {
		t.Logf("%s leads again", p.Name())
	}
	if status, err := ready(ctx, p); err != nil || status != http.StatusOK {
		t.Errorf("it is ready: %d, %v", status, err)
	}
}
