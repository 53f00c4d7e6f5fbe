package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"crypto/rand"

	"usher.chat/runtime/access"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/settings"
)

// server is a process that serves.
type server struct {
	cmd *exec.Cmd
	url string
}

// start runs a program that prints "listening on URL".
func start(ctx context.Context, program string, args ...string) (*server, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("%s did not start: %w", filepath.Base(program), err)
	}
	s.url = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	return s, nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		_ = s.cmd.Process.Kill()
		<-done
	}
}

// kill ends the process as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// memory is the resident memory of the process, in bytes.
func (s *server) memory() (int64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n * 1024, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// desk is a runtime with agents and customers.
type desk struct {
	*server
	data   string
	ops    string // where it serves profiles; empty when it does not
	tokens *access.Tokens
}

// startDesk runs the product with a queue that has n agents and room for everybody.
func startDesk(ctx context.Context, e *env, agents int, args ...string) (*desk, error) {
	return startDeskWith(ctx, e, agents, func(*settings.Settings) {}, args...)
}

// startDeskWith does so with settings that are changed before.
func startDeskWith(ctx context.Context, e *env, agents int, change func(*settings.Settings), args ...string) (*desk, error) {
	dir, err := os.MkdirTemp(e.dir, "desk-")
	if err != nil {
		return nil, err
	}
	s := deskSettings(agents)
	change(&s)
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "settings.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	const fast = "1000000"
	args = append([]string{"runtime", "--settings", file, "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--customer-rate", fast, "--customer-burst", fast, "--agent-rate", fast, "--agent-burst", fast, "--frame-rate", fast, "--frame-burst", fast}, args...)
	ops, opsAt, err := opsArgs(e)
	if err != nil {
		return nil, err
	}
	srv, err := start(ctx, e.usher, append(args, ops...)...)
	if err != nil {
		return nil, err
	}
	keys, err := access.LoadKeys(filepath.Join(data, "keys"))
	if err != nil {
		srv.stop()
		return nil, err
	}
	return &desk{server: srv, data: data, ops: opsAt, tokens: access.New(access.Options{Desk: "bench", Keys: keys, Now: time.Now})}, nil
}

// deskSettings is a queue that has n agents and room for everybody.
func deskSettings(agents int) settings.Settings {
	s := settings.Settings{
		Desk:     settings.Desk{Name: "bench"},
		Teams:    []settings.Team{{Name: "all", MaxConversations: 20000}},
		Queues:   []settings.Queue{{Name: "line", Teams: []string{"all"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}}},
		Channels: []settings.Channel{{Name: "web", Type: settings.ChannelWeb, Queue: "line"}},
	}
	for i := range agents {
		s.Teams[0].Members = append(s.Teams[0].Members, settings.Member{Name: agentName(i)})
	}
	return s
}

func agentName(i int) string { return fmt.Sprintf("agent-%04d", i) }

// agentHeader signs an agent in.
func (d *desk) agentHeader(ctx context.Context, i int) (map[string][]string, error) {
	token, err := d.tokens.IssueLink(agentName(i), access.NewID(rand.Reader), time.Now().Add(time.Minute))
	if err != nil {
		return nil, err
	}
	return gatewaytest.SignIn(ctx, d.url, access.SignInURL(d.url, token))
}

func (d *desk) agent(ctx context.Context, i int) (*gatewaytest.Client, error) {
	token, err := d.tokens.IssueLink(agentName(i), access.NewID(rand.Reader), time.Now().Add(time.Minute))
	if err != nil {
		return nil, err
	}
	return gatewaytest.Agent(ctx, d.url, access.SignInURL(d.url, token))
}
