package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"usher.chat/hack/cluster/machine"
)

// A cluster is one way to have a Kubernetes. All commands work with each of them.
type cluster interface {
	// Up starts it, or finds it running, and returns when it can be used.
	Up(ctx context.Context) error
	// Down ends what Up started.
	Down(ctx context.Context) error
	// Status prints a table and says whether all of it runs.
	Status(ctx context.Context, out io.Writer) (bool, error)
	// LoadImage gives an image archive to its nodes.
	LoadImage(ctx context.Context, archive string) error
	// Kubeconfig is the path of the file that gives access.
	Kubeconfig() string
}

// An app is one run of this program.
type app struct {
	opts  options
	say   console
	build *builder
	// out is for what programs read.
	out io.Writer
}

// surroundings are what choosing a provider depends on.
type surroundings struct {
	// Remembered is what the last `up` chose, if it has not been ended.
	Remembered string
	// Given is the kubeconfig of the command line or the environment, Own that which a local or kind cluster writes.
	Given, Own string
	// Docker and Kind say whether an engine answers and whether the command is there.
	Docker, Kind bool
}

// choose finds the provider: what was asked for, else what runs already, else the first that is possible.
func choose(asked string, m surroundings) string {
	switch {
	case asked != "auto":
		return asked
	case m.Remembered != "":
		return m.Remembered
	case m.Given != "" && m.Given != m.Own:
		return "given"
	case m.Docker && m.Kind:
		return "kind"
	default:
		return "local"
	}
}

func (a *app) memoryFile() string { return machine.MemoryFile(a.opts.dir) }

func (a *app) recall() (machine.Memory, error) { return machine.Recall(a.opts.dir) }

func (a *app) remember(m machine.Memory) error {
	raw, err := json.Marshal(m)
	if err == nil {
		err = os.WriteFile(a.memoryFile(), raw, 0o644)
	}
	if err != nil {
		return fmt.Errorf("remember which cluster is up: %w", err)
	}
	return nil
}

// find gives the cluster that the commands are about.
func (a *app) find(ctx context.Context) (cluster, machine.Memory, error) {
	was, err := a.recall()
	if err != nil {
		return nil, was, err
	}
	m := surroundings{Remembered: was.Provider, Given: a.opts.given, Own: filepath.Join(a.opts.dir, "kubeconfig")}
	if a.opts.provider == "auto" && m.Remembered == "" && (m.Given == "" || m.Given == m.Own) {
		_, err := exec.LookPath("kind")
		m.Kind = err == nil
		m.Docker = m.Kind && dockerAnswers(ctx)
	}
	now := machine.Memory{Provider: choose(a.opts.provider, m), Kubeconfig: m.Own, Nodes: max(was.Nodes, a.opts.nodes)}
	switch now.Provider {
	case "given":
		now.Kubeconfig = was.Kubeconfig
		if a.opts.given != "" && a.opts.given != m.Own {
			now.Kubeconfig = a.opts.given
		}
		return &givenCluster{kubeconfig: now.Kubeconfig, registry: a.opts.registry, say: a.say}, now, nil
	case "kind":
		return &kindCluster{kubeconfig: now.Kubeconfig, say: a.say}, now, nil
	default:
		return newLocalCluster(a, now.Nodes), now, nil
	}
}

// dockerAnswers asks the container engine for a sign of life.
func dockerAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := machine.Execute(ctx, "docker", "version", "--format", "{{.Server.Version}}")
	return err == nil
}

func (a *app) up(ctx context.Context) error {
	c, chosen, err := a.find(ctx)
	if err != nil {
		return err
	}
	if chosen.Provider == "local" {
		if err := checkRoot("up"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(a.opts.dir, 0o755); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	unlock, err := a.lock()
	if err != nil {
		return err
	}
	defer unlock()
	was, err := a.recall()
	if err != nil {
		return err
	}
	if was.Provider != "" && was.Provider != chosen.Provider {
		return fmt.Errorf("a cluster by the provider %s is up already: end it with `go run ./hack/cluster down`, then start one by %s", was.Provider, chosen.Provider)
	}
	// Remembered before it is started: a start that fails half way must be ended by `down` too.
	if err := a.remember(chosen); err != nil {
		return err
	}
	begin := a.say.now()
	if err := c.Up(ctx); err != nil {
		return err
	}
	a.say.step("the cluster is up (%s, %.1f s); use it with", chosen.Provider, a.say.now().Sub(begin).Seconds())
	a.say.step("  export KUBECONFIG=%s", c.Kubeconfig())
	fmt.Fprintln(a.out, c.Kubeconfig())
	return nil
}

func (a *app) down(ctx context.Context) error {
	if !machine.Exists(a.opts.dir) {
		a.say.step("there is no cluster")
		return nil
	}
	c, chosen, err := a.find(ctx)
	if err != nil {
		return err
	}
	if chosen.Provider == "local" {
		if err := checkRoot("down"); err != nil {
			return err
		}
	}
	unlock, err := a.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.Down(ctx); err != nil {
		return err
	}
	if err := removeTree(a.opts.dir); err != nil {
		return err
	}
	a.say.step("the cluster is down")
	return nil
}

func (a *app) status(ctx context.Context) error {
	was, err := a.recall()
	if err != nil {
		return err
	}
	if was.Provider == "" && a.opts.provider == "auto" && a.opts.given == "" {
		a.say.step("there is no cluster; start one with `go run ./hack/cluster up`")
		return errReported
	}
	c, _, err := a.find(ctx)
	if err != nil {
		return err
	}
	ok, err := c.Status(ctx, a.out)
	if err != nil {
		return err
	}
	if !ok {
		return errReported
	}
	return nil
}

func (a *app) loadImage(ctx context.Context) error {
	if _, err := os.Stat(a.opts.archive); err != nil {
		return fmt.Errorf("find the image archive: %w", err)
	}
	c, _, err := a.find(ctx)
	if err != nil {
		return err
	}
	return a.say.timed("load "+filepath.Base(a.opts.archive), func() error { return c.LoadImage(ctx, a.opts.archive) })
}

func (a *app) kubeconfig() error {
	c, _, err := a.find(context.Background())
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.Kubeconfig()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no cluster; start one with `go run ./hack/cluster up`")
	} else if err != nil {
		return fmt.Errorf("find the kubeconfig: %w", err)
	}
	fmt.Fprintln(a.out, c.Kubeconfig())
	return nil
}

// lock lets one `up` or `down` run at a time.
func (a *app) lock() (func(), error) {
	return lockFile(a.opts.dir+".lock", func() { a.say.step("waiting for another up or down ...") })
}
