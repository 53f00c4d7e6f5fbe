package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/podstest"
)

// changes is how often the lead changes hands for a figure.
const changes = 7

// withPods runs three pods on PostgreSQL, with a hundred agents.
func withPods(ctx context.Context, e *env, measure func(several *podstest.Desk, pods []*desk) error) (err error) {
	database, err := pgtest.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	store, err := database.NewDatabase(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(e.dir, "pods-")
	if err != nil {
		return err
	}
	set := deskSettings(100)
	set.Sort()
	several, err := podstest.New(podstest.Options{Binary: e.usher, Dir: dir, Store: store, Settings: set, Pods: 3})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, several.Close()) }()
	if err := several.Start(ctx); err != nil {
		return err
	}
	keys, err := access.LoadKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return err
	}
	tokens := access.New(access.Options{Desk: "bench", Keys: keys, Now: time.Now})
	var pods []*desk
	for _, p := range several.Pods {
		pods = append(pods, &desk{server: &server{url: p.URL()}, tokens: tokens, ops: strings.TrimPrefix(p.Ops(), "http://")})
	}
	return measure(several, pods)
}

// benchPodMessages lets a hundred pairs talk over three pods.
func benchPodMessages(ctx context.Context, e *env) (list []figure, err error) {
	err = withPods(ctx, e, func(_ *podstest.Desk, pods []*desk) error {
		hundred, err := pairsOver(ctx, e, 100, pods)
		if err != nil {
			return err
		}
		list = []figure{atLeast("messages_100_pairs_3_pods", hundred.perSecond, "messages/s", e.bareMessages, 0.3*e.bareMessages,
			"PostgreSQL; "+hundred.note(e.bareCost))}
		return nil
	})
	return list, err
}

// benchPodLead measures how long nobody is answered when the lead changes hands.
func benchPodLead(ctx context.Context, e *env) (list []figure, err error) {
	err = withPods(ctx, e, func(several *podstest.Desk, _ []*desk) error {
		killed, err := changeLead(ctx, several, syscall.SIGKILL)
		if err != nil {
			return err
		}
		handed, err := changeLead(ctx, several, syscall.SIGTERM)
		if err != nil {
			return err
		}
		note := fmt.Sprintf("%d times, customers of the pods that stay", changes)
		list = []figure{
			atMost("router_killed_p50", ms(killed[changes/2]), "ms", 2000, 2000, note),
			atMost("router_killed_max", ms(killed[changes-1]), "ms", 6000, 6000, note),
			atMost("router_handover_p50", ms(handed[changes/2]), "ms", 200, 200, note),
			atMost("router_handover_max", ms(handed[changes-1]), "ms", 200, 200, note),
		}
		return nil
	})
	return list, err
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
