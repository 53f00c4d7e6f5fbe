// Package podstest runs several pods of one desk as processes of the built binary on one PostgreSQL, for tests and
// benches:
//
//	binary, err := podstest.Build(ctx, dir)
//	desk, err := podstest.New(podstest.Options{Binary: binary, Dir: dir, Store: url, Settings: settings, Pods: 3})
//	defer desk.Close()
//	err = desk.Start(ctx)
//	leader, err := desk.Leader(ctx)
//	leader.Signal(syscall.SIGKILL)
package podstest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/peer"
	"usher.chat/runtime/settings"
)

// Build gives the binary that people run: that at the absolute path USHER_BIN, else one that it makes in dir.
func Build(ctx context.Context, dir string) (string, error) {
	if given := os.Getenv("USHER_BIN"); given != "" {
		if _, err := os.Stat(given); err != nil { // by which go test sees when it changed
			return "", fmt.Errorf("the binary that USHER_BIN names: %w", err)
		}
		return given, nil
	}
	return BuildVersion(ctx, dir, "dev")
}

// BuildVersion makes the binary of a version, with build tags such as that of runtime/clock.
func BuildVersion(ctx context.Context, dir, version string, tags ...string) (string, error) {
	binary := filepath.Join(dir, "usher-"+version)
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-tags", strings.Join(tags, ","), "-ldflags", "-s -X main.version="+version, "-o", binary, "usher.chat")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return binary, nil
}

// Options of New.
type Options struct {
	Binary string
	Dir    string // for files; made by the caller
	Store  string // of PostgreSQL; empty for one pod with SQLite in Dir
	// StoreDir, if set, is a directory that says where Store is, as the Secret's volume does (see Desk.Point).
	StoreDir string
	// StoreOf, if set, is the address by which one pod reaches Store.
	StoreOf  func(pod int) string
	Settings settings.Settings
	Pods     int
	// Network, if set, is where the pods live, each at an address of its own; else all are at this machine's.
	Network *Network
	// CA signs the certificates between pods; one of the desk's own when nil.
	CA *controltest.CA
	// Args are for every pod, behind the others; ArgsOf, if set, are for one.
	Args   []string
	ArgsOf func(pod int) []string
	// Log takes what the pods say; os.Stderr when nil.
	Log io.Writer
}

// Desk is some pods of one desk.
type Desk struct {
	Pods   []*Pod
	Ledger *ledger.Ledger
	TLS    string
	o      Options
	tokens *access.Tokens
}

// Pod is one process, and the next one that takes its place.
type Pod struct {
	desk *Desk
	n    int
	Peer string // address for the others

	host    string
	mu      sync.Mutex
	url     string
	ops     string
	binary  string
	command *exec.Cmd
	ended   chan struct{}
}

// New makes files; nothing runs yet.
func New(o Options) (*Desk, error) {
	d := &Desk{o: o, TLS: filepath.Join(o.Dir, "tls")}
	if d.o.Log == nil {
		d.o.Log = os.Stderr
	}
	b, err := json.Marshal(o.Settings)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(d.settings(), b, 0o600); err != nil {
		return nil, err
	}
	keys, err := access.GenerateKeys(d.keys())
	if err != nil {
		return nil, err
	}
	d.tokens = access.New(access.Options{Desk: o.Settings.Desk.Name, Keys: keys, Now: time.Now})
	if err := os.MkdirAll(d.TLS, 0o700); err != nil {
		return nil, err
	}
	ca := o.CA
	if ca == nil {
		if ca, err = controltest.NewCA(o.Settings.Desk.Name, time.Now()); err != nil {
			return nil, err
		}
	}
	pair, err := ca.Peer(peer.Name(o.Settings.Desk.Name))
	if err != nil {
		return nil, err
	}
	if err := pair.Write(d.TLS); err != nil {
		return nil, err
	}
	for n := range o.Pods {
		p := &Pod{desk: d, n: n, host: "127.0.0.1", binary: o.Binary}
		switch {
		case o.Network != nil: // nobody else is there
			p.host = "10.9.0." + strconv.Itoa(10+n)
			p.Peer, p.ops = p.host+":7000", p.host+":8081"
		default:
			if p.Peer, err = free(); err != nil {
				return nil, err
			}
			if p.ops, err = free(); err != nil {
				return nil, err
			}
		}
		d.Pods = append(d.Pods, p)
	}
	return d, nil
}

func (d *Desk) settings() string { return filepath.Join(d.o.Dir, "settings.json") }
func (d *Desk) keys() string     { return filepath.Join(d.o.Dir, "keys") }

// Apply puts other settings in force, through whichever pods read the file.
func (d *Desk) Apply(s settings.Settings) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.settings()+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(d.settings()+".new", d.settings())
}

// Keys is the directory of the desk's keys.
func (d *Desk) Keys() string { return d.keys() }

func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// Start starts all pods, and opens the ledger to look at.
func (d *Desk) Start(ctx context.Context) error {
	for _, p := range d.Pods {
		if err := p.Start(ctx); err != nil {
			return err
		}
	}
	if d.o.Store == "" {
		return nil // only one process may have it
	}
	var err error
	d.Ledger, err = d.OpenLedger(ctx)
	return err
}

// OpenLedger opens the desk's ledger; with SQLite while no pod runs.
func (d *Desk) OpenLedger(ctx context.Context) (*ledger.Ledger, error) {
	store := d.o.Store
	if store == "" {
		store = "sqlite://" + filepath.Join(d.o.Dir, "pod-0", "ledger.db")
	}
	return ledger.Open(ctx, ledger.Options{URL: store, Desk: d.o.Settings.Desk.Name})
}

// Close ends everything.
func (d *Desk) Close() error {
	for _, p := range d.Pods {
		_ = p.Signal(syscall.SIGCONT)
		_ = p.Signal(syscall.SIGKILL)
		p.Wait()
	}
	if d.Ledger == nil {
		return nil
	}
	return d.Ledger.Close()
}

// Leader is the pod that has the lease.
func (d *Desk) Leader(ctx context.Context) (*Pod, error) {
	if d.Ledger == nil {
		return d.Pods[0], nil
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		leader, err := d.Ledger.Leader(ctx)
		if err == nil && leader.Live {
			for _, p := range d.Pods {
				if p.Peer == leader.Address {
					return p, nil
				}
			}
			return nil, fmt.Errorf("%s leads, which is none of these pods", leader.Address)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(errors.New("nobody leads"), err, ctx.Err())
		case <-tick.C:
		}
	}
}

// Link makes a sign-in link.
func (d *Desk) Link(agent, url string) (string, error) {
	token, err := d.tokens.IssueLink(agent, access.NewID(rand.Reader), time.Now().Add(time.Hour))
	if err != nil {
		return "", err
	}
	return access.SignInURL(url, token), nil
}

// URL is where people reach the pod; empty while it does not run.
func (p *Pod) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// Host is the pod's address, without a port.
func (p *Pod) Host() string { return p.host }

// Replace has the next start use another binary.
func (p *Pod) Replace(binary string) { p.binary = binary }

// Data is the pod's directory.
func (p *Pod) Data() string { return filepath.Join(p.desk.o.Dir, "pod-"+strconv.Itoa(p.n)) }

// Ready tells whether the pod says that it can serve people.
func (p *Pod) Ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Ops()+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	why, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is not ready: %s %s", p.Name(), response.Status, bytes.TrimSpace(why))
	}
	return err
}

// Ops is the address of health and metrics.
func (p *Pod) Ops() string { return "http://" + p.ops }

// Name is for logs.
func (p *Pod) Name() string { return "pod " + strconv.Itoa(p.n) }

// Start starts the pod and returns when people can come in.
func (p *Pod) Start(ctx context.Context) error {
	d := p.desk
	store := d.o.Store
	if d.o.StoreOf != nil {
		store = d.o.StoreOf(p.n)
	}
	const fast = "1000000"
	args := []string{p.binary, "runtime", "--settings", d.settings(), "--data", p.Data(),
		"--listen", p.host + ":0", "--ops", p.ops, "--keys", d.keys(), "--sign-in-key", filepath.Join(d.keys(), access.SignInFile), "--log-level", "warn",
		"--customer-rate", fast, "--customer-burst", fast, "--agent-rate", fast, "--agent-burst", fast, "--frame-rate", fast, "--frame-burst", fast,
	}
	switch {
	case d.o.StoreDir != "":
		args = append(args, "--store-dir", d.o.StoreDir)
	case store != "":
		args = append(args, "--store", store)
	}
	if store != "" && !strings.HasPrefix(store, "sqlite:") { // a desk that is alone there knows no others
		args = append(args, "--peer-listen", p.Peer, "--peer-address", p.Peer, "--peer-tls", d.TLS)
	}
	args = append(args, d.o.Args...)
	if d.o.ArgsOf != nil {
		args = append(args, d.o.ArgsOf(p.n)...)
	}
	var cloned uintptr
	if d.o.Network != nil { // it waits for its network
		args, cloned = append([]string{"/bin/sh", "-c", `read -r _ && exec "$@"`, "sh"}, args...), syscall.CLONE_NEWNET
	}
	command := exec.Command(args[0], args[1:]...)
	command.Stderr = &named{p.Name(), d.o.Log}
	// A test that is killed leaves no pods behind.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: cloned}
	start := func() error { return nil }
	if d.o.Network != nil {
		in, err := command.StdinPipe()
		if err != nil {
			return err
		}
		start = func() error {
			if err := d.o.Network.plug(command.Process.Pid, p.host); err != nil {
				return err
			}
			_, err := in.Write([]byte("go\n"))
			return err
		}
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	if err := start(); err != nil {
		_ = command.Process.Kill()
		return errors.Join(fmt.Errorf("start %s: %w", p.Name(), err), command.Wait())
	}
	ended := make(chan struct{})
	p.mu.Lock()
	p.command, p.ended, p.url = command, ended, ""
	p.mu.Unlock()
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
		_ = command.Wait()
		close(ended)
	}()
	select {
	case line := <-said:
		_, url, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
		if !ok {
			return fmt.Errorf("%s said %q", p.Name(), line)
		}
		p.mu.Lock()
		p.url = url
		p.mu.Unlock()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s does not start: %w", p.Name(), ctx.Err())
	}
}

// named puts the pod's name before what it says.
type named struct {
	name string
	to   io.Writer
}

func (n *named) Write(b []byte) (int, error) {
	for line := range bytes.Lines(b) {
		if _, err := fmt.Fprintf(n.to, "%s: %s", n.name, line); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// Signal sends the process a signal.
func (p *Pod) Signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return nil
	}
	if s == syscall.SIGKILL || s == syscall.SIGTERM {
		p.url = ""
	}
	return p.command.Process.Signal(s)
}

// Running tells whether the process has not ended.
func (p *Pod) Running() bool {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	if ended == nil {
		return false
	}
	select {
	case <-ended:
		return false
	default:
		return true
	}
}

// Wait waits for the end of the process and gives its exit code.
func (p *Pod) Wait() int {
	p.mu.Lock()
	ended, command := p.ended, p.command
	p.mu.Unlock()
	if ended == nil {
		return 0
	}
	<-ended
	return command.ProcessState.ExitCode()
}
