package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/podstest"
)

// changes is how often the lead changes hands for a figure.
const changes = 7

// benchPodMessages lets a hundred pairs talk over three pods.
func benchPodMessages(ctx context.Context, e *env) (list []figure, err error) {
	several, err := startThree(ctx, e, 100, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, several.Close()) }()
	hundred, err := pairsOver(ctx, e, 100, several.each)
	if err != nil {
		return nil, err
	}
	return []figure{atLeast("messages_100_pairs_3_pods", hundred.perSecond, "messages/s", e.bareMessages, 0.3*e.bareMessages,
		"PostgreSQL; "+hundred.note(e.bareCost))}, nil
}

// benchPodLead measures how long nobody is answered when the lead changes hands.
func benchPodLead(ctx context.Context, e *env) (list []figure, err error) {
	several, err := startThree(ctx, e, 100, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, several.Close()) }()
	killed, err := changeLead(ctx, several.Desk, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	handed, err := changeLead(ctx, several.Desk, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%d times, customers of the pods that stay", changes)
	return []figure{
		atMost("router_killed_p50", ms(killed[changes/2]), "ms", 2000, 2000, note),
		atMost("router_killed_max", ms(killed[changes-1]), "ms", 6000, 6000, note),
		atMost("router_handover_p50", ms(handed[changes/2]), "ms", 200, 200, note),
		atMost("router_handover_max", ms(handed[changes-1]), "ms", 200, 200, note),
	}, nil
}

// changeLead ends whoever leads, and gives for each time the longest pause between two answers, sorted. A customer on
// each pod that stays writes without a pause.
func changeLead(ctx context.Context, d *podstest.Desk, how syscall.Signal) ([]time.Duration, error) {
	var took []time.Duration
	for range changes {
		leader, err := d.Leader(ctx)
		if err != nil {
			return nil, err
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		var times []time.Time
		var failed error
		over := make(chan struct{})
		for i, p := range d.Pods {
			if p == leader {
				continue
			}
			c, err := d.Customer(ctx, i)
			if err != nil {
				return nil, err
			}
			if _, err := c.Insist(ctx, protocol.Command{Type: protocol.TypeJoin}); err != nil {
				return nil, err
			}
			group.Go(func() {
				defer c.Drop()
				for {
					select {
					case <-over:
						return
					default:
					}
					err := c.Say(ctx, "hello?")
					mu.Lock()
					times = append(times, time.Now())
					failed = errors.Join(failed, err)
					mu.Unlock()
					if err != nil {
						return
					}
				}
			})
		}
		pause(ctx, 300*time.Millisecond)
		since := time.Now()
		if err := leader.Signal(how); err != nil {
			return nil, err
		}
		leader.Wait()
		pause(ctx, time.Until(since.Add(2500*time.Millisecond)))
		close(over)
		group.Wait()
		if failed != nil {
			return nil, failed
		}
		slices.SortFunc(times, func(a, b time.Time) int { return a.Compare(b) })
		longest, last := time.Duration(0), since
		for _, at := range times {
			if at.After(since) {
				longest, last = max(longest, at.Sub(last)), at
			}
		}
		took = append(took, longest)
		if err := leader.Start(ctx); err != nil {
			return nil, err
		}
	}
	slices.Sort(took)
	return took, nil
}
