// Command faults breaks one thing after another under people who use a desk, and counts afterwards:
//
//	go run ./hack/faults                          # 200 faults on three pods and PostgreSQL with a standby
//	go run ./hack/faults -faults 20 -seed 7       # a short one
//	go run ./hack/faults -sqlite -faults 20       # one pod, and a disk that is full at times
//	go run ./hack/faults -only "router killed"    # one fault again and again; -list names all
//
// The pods are processes, each with a network of its own; it takes root, or user namespaces, and the programs ip, nft,
// ss and nsenter. It exits with 1 when anything is lost, doubled, out of order, picked twice or told wrongly, and leaves
// the history of what everybody was told in a file then.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"usher.chat/hack/faults/campaign"
	"usher.chat/hack/faults/processes"
	"usher.chat/runtime/run/podstest"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	cancel()
	var inner *exec.ExitError
	if errors.As(err, &inner) {
		os.Exit(inner.ExitCode()) // it has said why
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

type options struct {
	campaign.Options
	binaries, json, history, log, only string
	sqlite, list, verbose              bool
}

func run(ctx context.Context) error {
	o := options{}
	flag.IntVar(&o.Faults, "faults", 200, "how many faults")
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().Unix()), "of their order, their moments and what people do")
	flag.IntVar(&o.Pairs, "pairs", 200, "conversations in service")
	flag.IntVar(&o.Waiting, "waiting", 500, "customers who wait")
	flag.IntVar(&o.Agents, "agents", 50, "agents")
	flag.DurationVar(&o.Pace, "pace", time.Second, "mean pause between two messages of one side")
	flag.DurationVar(&o.Talk, "talk", 15*time.Second, "mean length of a conversation")
	flag.DurationVar(&o.Calm, "calm", time.Second, "mean pause between two faults")
	flag.StringVar(&o.binaries, "usher", "", "two binaries of usher, built with the tag steppedclock, with a comma between; built when empty")
	flag.StringVar(&o.json, "json", "", "file for the result as JSON")
	flag.StringVar(&o.history, "history", "faults-history.jsonl", "file for the history when something is wrong")
	flag.StringVar(&o.log, "log", "", "file for what the pods say; none when empty")
	flag.StringVar(&o.only, "only", "", "names of faults with commas between; all when empty")
	flag.BoolVar(&o.sqlite, "sqlite", false, "one pod with SQLite on a small disk")
	flag.BoolVar(&o.verbose, "verbose", false, "the pods say more")
	flag.BoolVar(&o.list, "list", false, "name the faults and end")
	flag.Parse()
	if o.list {
		for _, sqlite := range []bool{false, true} {
			for _, f := range processes.Names(sqlite) {
				fmt.Println(f)
			}
		}
		return nil
	}
	if o.only != "" {
		o.Only = strings.Split(o.only, ",")
	}
	o.Say = func(line string) { fmt.Fprintln(os.Stderr, line) }
	if podstest.Inside() {
		return inside(ctx, o)
	}
	return outside(ctx, o)
}

// outside builds what is needed and does it all again in a network of its own.
func outside(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "usher-faults-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	args := os.Args[1:]
	if o.binaries == "" {
		var built [2]string
		for i, version := range []string{"v0.0.1", "v0.0.2"} {
			if built[i], err = podstest.BuildVersion(ctx, dir, version, "steppedclock"); err != nil {
				return err
			}
		}
		args = append([]string{"-usher", strings.Join(built[:], ",")}, args...)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// The same seed there, also when it was not given.
	command := exec.Command(self, append([]string{"-seed", fmt.Sprint(o.Seed)}, args...)...)
	podstest.Alone(command)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		return fmt.Errorf("start it in a network of its own: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Signal(syscall.SIGTERM) })
	defer stop()
	return command.Wait()
}

func inside(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "usher-faults-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	files := filepath.Join(dir, "desk")
	if err := os.Mkdir(files, 0o700); err != nil {
		return err
	}
	first, second, ok := strings.Cut(o.binaries, ",")
	if !ok {
		return errors.New("-usher names two binaries, with a comma between")
	}
	stage := processes.Options{Binaries: [2]string{first, second}, Dir: files, SQLite: o.sqlite, Settings: campaign.Settings("acme", o.Options)}
	if o.log == "" {
		o.log = os.DevNull
	}
	log, err := os.Create(o.log)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	stage.Log, stage.Verbose = log, o.verbose
	say := o.Say
	o.Say = func(line string) {
		say(line)
		_, _ = fmt.Fprintf(log, "CAMPAIGN: time=%s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), line)
	}
	s, err := processes.New(ctx, stage)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	result, broken := campaign.Run(ctx, s, o.Options)
	fmt.Print(result)
	if err := errors.Join(broken, result.Wrong()); err != nil {
		return errors.Join(err, write(o.history, "the history is in "+o.history, result.WriteHistory), write(o.json, "", result.WriteJSON))
	}
	return write(o.json, "", result.WriteJSON)
}
