package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// meter counts messages of pairs that send when they have received, and how long each was under way.
type meter struct {
	start   []func()
	sentAt  []atomic.Int64
	mu      []sync.Mutex
	waits   [][]time.Duration
	count   atomic.Uint64
	running atomic.Bool
	stopped atomic.Bool
}

type pairsResult struct {
	perSecond float64
	p50, p99  time.Duration
	cost      cost
}

func newMeter(pairs int) *meter {
	return &meter{sentAt: make([]atomic.Int64, pairs), mu: make([]sync.Mutex, pairs), waits: make([][]time.Duration, pairs)}
}

func (m *meter) sent(pair int) { m.sentAt[pair].Store(time.Now().UnixNano()) }

// received notes a message that arrived, and tells whether to go on.
func (m *meter) received(pair int) bool {
	if m.running.Load() {
		m.count.Add(1)
		wait := time.Duration(time.Now().UnixNano() - m.sentAt[pair].Load())
		m.mu[pair].Lock()
		m.waits[pair] = append(m.waits[pair], wait)
		m.mu[pair].Unlock()
	}
	return !m.stopped.Load()
}

// run starts all pairs, lets them warm up, and measures.
func (m *meter) run(ctx context.Context, d time.Duration) pairsResult {
	for _, start := range m.start {
		go start()
	}
	pause(ctx, time.Second)
	before := usageNow()
	m.running.Store(true)
	began := time.Now()
	pause(ctx, d)
	m.running.Store(false)
	took := time.Since(began)
	after := usageNow()
	m.stopped.Store(true)
	var all []time.Duration
	for i := range m.waits {
		m.mu[i].Lock()
		all = append(all, m.waits[i]...)
		m.mu[i].Unlock()
	}
	return pairsResult{perSecond: float64(m.count.Load()) / took.Seconds(), p50: percentile(all, 50), p99: percentile(all, 99),
		cost: after.since(before, m.count.Load())}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, len(list)*p/100)]
}
