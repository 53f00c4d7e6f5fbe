package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"usher.chat/runtime/desk/desksim"
	"usher.chat/runtime/settings"
)

// benchRouting decides on a desk of the largest size: offers, picks, ends and joins, in memory.
func benchRouting(ctx context.Context, e *env) ([]figure, error) {
	var figures []figure
	for _, strategy := range []settings.Strategy{settings.StrategyLeastBusy, settings.StrategyRandom} {
		r, err := desksim.NewRush(desksim.RushConfig{Agents: 2000, Waiting: 10_000, Strategy: strategy})
		if err != nil {
			return figures, err
		}
		began, used := time.Now(), processorTime()
		for time.Since(began) < e.duration && ctx.Err() == nil {
			if err := r.Cycle(); err != nil {
				return figures, err
			}
		}
		// The domain is one goroutine. The processor's time, with that of the collector of garbage, tells
		// more than the clock where others work beside.
		wall, processor := time.Since(began).Seconds(), (processorTime() - used).Seconds()
		name := map[settings.Strategy]string{settings.StrategyLeastBusy: "routing_least_busy", settings.StrategyRandom: "routing_random"}[strategy]
		figures = append(figures, atLeast(name, float64(r.Decisions)/processor, "decisions/s", 0, 300_000,
			fmt.Sprintf("of one core; %.0f/s by the clock; 10,000 wait, 2,000 agents", float64(r.Decisions)/wall)))
	}
	return figures, ctx.Err()
}

// benchFootprint is the memory of the state for each customer.
func benchFootprint(ctx context.Context, _ *env) ([]figure, error) {
	waiting, open, err := desksim.Footprint(10_000, 50_000)
	if err != nil {
		return nil, err
	}
	return []figure{
		atMost("state_waiting", waiting, "bytes", 0, 2048, "heap for each of 10,000 waiting customers"),
		atMost("state_open", open, "bytes", 0, 4096, "heap for each of 50,000 open conversations of 20 messages"),
	}, ctx.Err()
}

// processorTime is what this process used of the processor.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
