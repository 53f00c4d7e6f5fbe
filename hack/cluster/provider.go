package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
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

// machine is what choosing a provider depends on.
type machine struct {
	// Remembered is what the last `up` chose, if it has not been ended.
	Remembered string
	// Given is the kubeconfig of the command line or the environment, Own that which a local or kind cluster writes.
	Given, Own string
	// Docker and Kind say whether an engine answers and whether the command is there.
	Docker, Kind bool
}

// choose finds the provider: what was asked for, else what runs already, else the first that is possible.
func choose(asked string, m machine) string {
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

// rememberFile holds the name of the provider that `up` used.
func (a *app) rememberFile() string { return filepath.Join(a.opts.dir, "provider") }

// remembered reads what the last `up` chose and, for a given cluster, its kubeconfig.
func (a *app) remembered() (provider, kubeconfig string) {
	raw, err := os.ReadFile(a.rememberFile())
	if err != nil {
		return "", ""
	}
	provider, kubeconfig, _ = strings.Cut(strings.TrimSpace(string(raw)), "\n")
	return provider, kubeconfig
}

// find gives the cluster that the commands are about.
func (a *app) find(ctx context.Context) (cluster, string) {
	m := machine{Given: a.opts.given, Own: filepath.Join(a.opts.dir, "kubeconfig")}
	var kubeconfig string
	m.Remembered, kubeconfig = a.remembered()
	if a.opts.provider == "auto" && m.Remembered == "" && (m.Given == "" || m.Given == m.Own) {
		_, err := exec.LookPath("kind")
		m.Kind = err == nil
		m.Docker = m.Kind && dockerAnswers(ctx)
	}
	name := choose(a.opts.provider, m)
	switch name {
	case "given":
		if a.opts.given != "" && a.opts.given != m.Own {
			kubeconfig = a.opts.given
		}
		return &givenCluster{kubeconfig: kubeconfig, registry: a.opts.registry, say: a.say}, name
	case "kind":
		return &kindCluster{kubeconfig: m.Own, say: a.say}, name
	default:
		return newLocalCluster(a), name
	}
}

// dockerAnswers asks the container engine for a sign of life.
func dockerAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := execute(ctx, "docker", "version", "--format", "{{.Server.Version}}")
	return err == nil
}

func (a *app) up(ctx context.Context) error {
	c, name := a.find(ctx)
	if name == "local" {
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
	if was, _ := a.remembered(); was != "" && was != name {
		return fmt.Errorf("a cluster by the provider %s is up already: end it with `go run ./hack/cluster down`, then start one by %s", was, name)
	}
	// Remembered before it is started: a start that fails half way must be ended by `down` too.
	if err := os.WriteFile(a.rememberFile(), []byte(name+"\n"+c.Kubeconfig()+"\n"), 0o644); err != nil {
		return fmt.Errorf("remember the provider: %w", err)
	}
	begin := a.say.now()
	if err := c.Up(ctx); err != nil {
		return err
	}
	a.say.step("the cluster is up (%s, %.1f s); use it with", name, a.say.now().Sub(begin).Seconds())
	a.say.step("  export KUBECONFIG=%s", c.Kubeconfig())
	fmt.Fprintln(a.out, c.Kubeconfig())
	return nil
}

func (a *app) down(ctx context.Context) error {
	if !exists(a.opts.dir) {
		a.say.step("there is no cluster")
		return nil
	}
	c, name := a.find(ctx)
	if name == "local" {
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
	was, _ := a.remembered()
	if was == "" && a.opts.provider == "auto" && a.opts.given == "" {
		a.say.step("there is no cluster; start one with `go run ./hack/cluster up`")
		return errReported
	}
	c, _ := a.find(ctx)
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
	c, _ := a.find(ctx)
	return a.say.timed("load "+filepath.Base(a.opts.archive), func() error { return c.LoadImage(ctx, a.opts.archive) })
}

func (a *app) kubeconfig() error {
	c, _ := a.find(context.Background())
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
