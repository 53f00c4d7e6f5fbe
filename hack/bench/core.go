package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"usher.chat/runtime/desk/desksim"
)

// benchReplay reads records as a start does: decoded and applied, one after the other.
func benchReplay(ctx context.Context, _ *env) ([]figure, error) {
	day, err := desksim.Run(desksim.Config{Seed: 1, Agents: 100, Days: 1, Keep: true})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if _, err := desksim.Replay(day.Entries); err != nil {
		return nil, err
	}
	rate := float64(len(day.Entries)) / time.Since(began).Seconds()
	return []figure{atLeast("replay", rate, "events/s", 0, 200_000, fmt.Sprintf("%d events of a day, decoded and applied", len(day.Entries)))}, ctx.Err()
}

// benchSimulator runs working days of a desk with 100 agents.
func benchSimulator(ctx context.Context, _ *env) ([]figure, error) {
	r, err := desksim.Run(desksim.Config{Seed: 1, Agents: 100, Days: 2})
	if err != nil {
		return nil, err
	}
	times := r.SimulatedTime.Seconds() / r.WallTime.Seconds()
	return []figure{atLeast("simulator", times, "times real time", 0, 10_000,
		fmt.Sprintf("%s of a desk of 100 agents, %d conversations, in %s", r.SimulatedTime, r.Conversations, r.WallTime.Round(time.Millisecond)))}, ctx.Err()
}

// benchClose closes a queue as kubectl does and waits until the widget says so.
func benchClose(ctx context.Context, e *env) ([]figure, error) {
	if e.kubeconfig == "" {
		fmt.Fprintln(os.Stderr, "close_to_widget_p99 needs a cluster: run `make up` first")
		return nil, nil
	}
	waits, err := closeToWidget(ctx, e.kubeconfig, 100)
	if err != nil {
		return nil, err
	}
	return []figure{atMost("close_to_widget_p99", percentile(waits, 99).Seconds(), "s", 0, 1,
		fmt.Sprintf("p50 %v, %d closes and opens", percentile(waits, 50).Round(time.Millisecond), len(waits)))}, nil
}
