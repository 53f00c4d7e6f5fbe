// Command race lets pairs of agents race for one customer at a time, through the real gateway and
// ledger, and kills the runtime now and then without a word:
//
//	go run ./hack/race                          # 1,000,000 picks, 20 kills
//	go run ./hack/race -picks 20000 -kills 3    # a short one
//
// Afterwards the history that the agents recorded must be linearizable: each conversation is a register
// that is empty until one agent has it. And the ledger must tell the same story: one pick a
// conversation, by the agent who was told so. It exits with 1 when anything else was seen.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"usher.chat/runtime/run/podstest"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	o := options{Say: func(line string) { fmt.Fprintln(os.Stderr, line) }}
	flag.Int64Var(&o.Picks, "picks", 1_000_000, "how many picks race")
	flag.IntVar(&o.Kills, "kills", 20, "how often the runtime is killed")
	flag.IntVar(&o.Pairs, "pairs", 32, "pairs of agents, each with a line of its own")
	flag.Uint64Var(&o.Seed, "seed", 1, "of what the pairs do; the machine decides who is faster")
	flag.StringVar(&o.Usher, "usher", "", "the usher binary; built when empty")
	flag.Parse()
	dir, err := os.MkdirTemp("", "usher-race-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o.Dir = dir
	if o.Usher == "" {
		if o.Usher, err = podstest.Build(ctx, dir); err != nil {
			return err
		}
	}
	r, err := race(ctx, o)
	if err != nil {
		return err
	}
	fmt.Println(r)
	return r.wrong()
}
