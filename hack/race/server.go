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
	"strings"
	"sync"
	"time"

	"usher.chat/runtime/settings"
)

// server is `usher runtime` on one directory of data: a process, and after each kill another one.
type server struct {
	usher, dir string
	command    *exec.Cmd
	ended      chan struct{}

	mu  sync.Mutex
	url string
	up  chan struct{} // closed while people can come in
}

const fast = "1000000"

// startServer writes the settings and starts the first process.
func startServer(ctx context.Context, usher, dir string, s settings.Settings) (*server, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "settings.json"), b, 0o600); err != nil {
		return nil, err
	}
	srv := &server{usher: usher, dir: dir, up: make(chan struct{})}
	return srv, srv.start(ctx)
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) start(ctx context.Context) error {
	s.command = exec.Command(s.usher, "runtime", "--settings", filepath.Join(s.dir, "settings.json"), "--data", s.data(),
		"--listen", "127.0.0.1:0", "--log-level", "error", "--customer-rate", fast, "--customer-burst", fast,
		"--agent-rate", fast, "--agent-burst", fast, "--frame-rate", fast, "--frame-burst", fast)
	s.command.Stderr = os.Stderr
	out, err := s.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.command.Start(); err != nil {
		return fmt.Errorf("start the runtime: %w", err)
	}
	said, ended := make(chan string, 1), make(chan struct{})
	s.ended = ended
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
		_ = s.command.Wait()
		close(ended)
	}()
	select {
	case line := <-said:
		_, url, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
		if !ok {
			return fmt.Errorf("the runtime said %q", line)
		}
		s.mu.Lock()
		s.url = url
		close(s.up)
		s.mu.Unlock()
		return nil
	case <-ctx.Done():
		s.kill()
		return ctx.Err()
	case <-time.After(5 * time.Minute):
		s.kill()
		return errors.New("the runtime did not start within five minutes")
	}
}

// kill is SIGKILL: nothing is flushed, nobody is told.
func (s *server) kill() {
	s.mu.Lock()
	select {
	case <-s.up:
		s.up = make(chan struct{})
	default:
	}
	s.mu.Unlock()
	_ = s.command.Process.Kill()
	<-s.ended
}

// address waits until people can come in.
func (s *server) address(ctx context.Context) (string, error) {
	for {
		s.mu.Lock()
		url, up := s.url, s.up
		s.mu.Unlock()
		select {
		case <-up:
			return url, nil
		default:
		}
		select {
		case <-up:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// now is where people can come in at present; empty while they cannot.
func (s *server) now() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.up:
		return s.url
	default:
		return ""
	}
}
