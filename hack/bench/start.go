package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"usher.chat/runtime/archive"
	domain "usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/podstest"
)

// oldEvents is how many events the ledger has, at least, that a runtime starts with: so many that nearly as many as can
// be stand behind the last snapshot, which is written each 100,000.
const oldEvents = 1_085_000

// benchStart measures how long a runtime takes to be ready with a long ledger, after it was killed and not ended: the
// last snapshot is as far back as it can be. With its history in place, and without.
func benchStart(ctx context.Context, e *env) (list []figure, err error) {
	dir, err := os.MkdirTemp(e.dir, "start-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "ledger.db")
	if err := fill(ctx, "sqlite://"+file, filepath.Join(dir, "archive.db")); err != nil {
		return nil, fmt.Errorf("fill SQLite: %w", err)
	}
	one := func(name, note string) error {
		took, history, err := startOne(ctx, e, dir)
		if err == nil {
			list = append(list, atMost(name, took.Seconds(), "s", 3, 3, fmt.Sprintf("%s; history whole after %.1f s", note, history.Seconds())))
		}
		return err
	}
	if err := one("start_sqlite", "killed, over 1,085,000 events, some 95,000 of them behind the last snapshot"); err != nil {
		return list, err
	}
	if err := os.Remove(filepath.Join(dir, "archive.db")); err != nil {
		return list, err
	}
	if err := one("start_sqlite_no_history", "the same, without the archive's file"); err != nil {
		return list, err
	}

	database, store, err := startDatabase(ctx)
	if err != nil {
		return list, err
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	if err := fill(ctx, store, ""); err != nil {
		return list, fmt.Errorf("fill PostgreSQL: %w", err)
	}
	set := deskSettings(100)
	set.Sort()
	pods, err := podstest.New(podstest.Options{Binary: e.usher, Dir: dir, Store: store, Settings: set, Pods: 1})
	if err != nil {
		return list, err
	}
	defer func() { err = errors.Join(err, pods.Close()) }()
	began := time.Now()
	if err := pods.Start(ctx); err != nil {
		return list, err
	}
	if err := readyAt(ctx, pods.Pods[0].Ops()+"/readyz"); err != nil {
		return list, err
	}
	return append(list, atMost("start_postgres_new_pod", time.Since(began).Seconds(), "s", 3, 3, "the same, one of several pods, nothing on its disk")), nil
}

// startOne starts a runtime on SQLite and waits until it is ready, and until its history is whole.
func startOne(ctx context.Context, e *env, dir string) (ready, history time.Duration, err error) {
	b, err := json.Marshal(deskSettings(100))
	if err != nil {
		return 0, 0, err
	}
	file := filepath.Join(dir, "settings.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return 0, 0, err
	}
	ops, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	s, err := start(ctx, e.usher, "runtime", "--settings", file, "--data", dir, "--listen", "127.0.0.1:0", "--ops", ops, "--log-level", "warn")
	if err != nil {
		return 0, 0, err
	}
	defer s.kill()
	if err := readyAt(ctx, "http://"+ops+"/readyz"); err != nil {
		return 0, 0, err
	}
	ready = time.Since(began)
	for behind := true; behind && ctx.Err() == nil; pause(ctx, 50*time.Millisecond) {
		behind, err = historyBehind(ctx, ops)
		if err != nil {
			return ready, 0, err
		}
	}
	return ready, time.Since(began), ctx.Err()
}

// historyBehind tells whether the archive has less than the desk.
func historyBehind(ctx context.Context, ops string) (bool, error) {
	m, err := metrics(ctx, ops)
	if err != nil {
		return false, err
	}
	return m["usher_archive_sequence"] < m["usher_ledger_sequence"], nil
}

// readyAt polls a readiness address.
func readyAt(ctx context.Context, url string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", url, ctx.Err())
		}
		pause(ctx, 5*time.Millisecond)
	}
}

// fill gives a ledger conversations of 20 messages until it has oldEvents, and leaves it as kill -9 would. With a
// path the archive is filled too.
func fill(ctx context.Context, url, history string) (err error) {
	l, err := ledger.Open(ctx, ledger.Options{URL: url, Desk: "bench"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	// Days go by while it is filled: what ended an hour ago is out of the state.
	clock := &pastClock{at: time.Now().Add(-oldEvents / eventsEach * arrivalEvery)}
	r, err := router.Lead(ctx, router.Options{Ledger: l, Holder: "filler", Gateway: "filler", Lease: time.Second, Clock: clock.now})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	var a *archive.Archive
	if history != "" {
		if a, err = archive.Open(ctx, history, archive.Options{}); err != nil {
			return err
		}
		r.Follow(a)
		group.Go(func() {
			_ = a.Run(running, func(ctx context.Context, after uint64) iter.Seq2[domain.Record, error] {
				return router.Records(ctx, l, after)
			})
		})
	}
	group.Go(func() { _ = r.Run(running) }) // it could not give the lead back
	set := deskSettings(100)
	// Nobody here ever connects.
	set.Queues[0].Thresholds.CustomerLostSeconds, set.Queues[0].Thresholds.AgentLostSeconds = 30*24*3600, 30*24*3600
	set.Sort()
	if _, err := r.Do(ctx, domain.ApplySettings{Settings: set}); err != nil {
		return err
	}
	last, err := converse(ctx, r, clock)
	if err != nil {
		return err
	}
	if a != nil {
		if err := a.Wait(ctx, last); err != nil {
			return err
		}
	}
	// The store is taken away: no snapshot at the end, as after a kill.
	err = l.Close()
	stop()
	group.Wait()
	if a != nil {
		err = errors.Join(err, a.Close())
	}
	return err
}

const (
	// eventsEach are those of one conversation: a join, a pick, 20 messages, an end, and one for what else there is.
	eventsEach = 24
	// arrivalEvery is the time between two arrivals in a ledger that is filled.
	arrivalEvery = 5 * time.Second
)

// pastClock goes from some days ago to now, as conversations begin.
type pastClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *pastClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *pastClock) arrival() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if next := c.at.Add(arrivalEvery); next.Before(time.Now()) {
		c.at = next
	}
}

// converse lets customers come and go until there are oldEvents.
func converse(ctx context.Context, r *router.Router, clock *pastClock) (last uint64, err error) {
	const lanes, agents = 512, 100 // many at once: a group of the ledger costs the same
	var mu sync.Mutex
	var group sync.WaitGroup
	for lane := range lanes {
		group.Go(func() {
			agent, client := agentName(lane%agents), "bench-agent-"+strconv.Itoa(lane)
			cid := uint64(0)
			do := func(c domain.Command) (router.Result, error) {
				result, err := r.Do(ctx, c)
				mu.Lock()
				last = max(last, result.Seq)
				mu.Unlock()
				return result, err
			}
			for n := 0; ; n++ {
				mu.Lock()
				over := last >= oldEvents
				mu.Unlock()
				if over || ctx.Err() != nil {
					return
				}
				clock.arrival()
				if failed := converseOnce(do, agent, client, strconv.Itoa(lane)+"-"+strconv.Itoa(n), &cid); failed != nil {
					mu.Lock()
					err = errors.Join(err, failed)
					mu.Unlock()
					return
				}
			}
		})
	}
	group.Wait()
	return last, errors.Join(err, ctx.Err())
}

func converseOnce(do func(domain.Command) (router.Result, error), agent, client, session string, cid *uint64) error {
	customer := domain.CustomerPrincipal(session)
	number := uint64(0)
	mine := func() domain.Origin {
		number++
		return domain.Origin{Principal: customer, Client: "bench-customer", CID: number}
	}
	theirs := func() domain.Origin {
		*cid++
		return domain.Origin{Principal: domain.AgentPrincipal(agent), Client: client, CID: *cid}
	}
	joined, err := do(domain.Join{Origin: mine(), Session: session, Channel: "web", Name: "Maija"})
	if err != nil {
		return err
	}
	id := joined.Conversation
	steps := []domain.Command{domain.Pick{Origin: theirs(), Agent: agent, Conversation: id}}
	for i := range 10 {
		steps = append(steps, domain.Say{Origin: mine(), Text: "Good morning, where is my parcel? " + strconv.Itoa(i)},
			domain.Say{Origin: theirs(), Conversation: id, Text: "Let me look; one moment, please. " + strconv.Itoa(i)})
	}
	for _, c := range append(steps, domain.End{Origin: theirs(), Conversation: id}) {
		if _, err := do(c); err != nil {
			return err
		}
	}
	return nil
}
