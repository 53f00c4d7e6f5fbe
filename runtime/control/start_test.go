package control_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/control"
)

// starting is a port that begins to serve while its directory has no certificates that can be read.
type starting struct {
	*port
	told  chan string // its warnings
	ended chan error
}

func (s *starting) Write(line []byte) (int, error) {
	select {
	case s.told <- string(line):
	default:
	}
	return len(line), nil
}

func startWith(t *testing.T, patience time.Duration, spoil func(dir string) error) *starting {
	t.Helper()
	s := &starting{port: &port{t: t, desk: &desk{}, dir: t.TempDir(), ca: newCA(t)}, told: make(chan string, 100), ended: make(chan error, 1)}
	s.desk.told.L = &s.desk.mu
	s.certify(s.ca)
	if err := spoil(s.dir); err != nil {
		t.Fatal(err)
	}
	s.server = control.New(control.Options{
		Desk: s.desk, Now: time.Now, Patience: patience, Logger: slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { s.ended <- s.server.Serve(ctx, l, s.dir) }()
	s.stop = sync.OnceFunc(cancel)
	t.Cleanup(s.stop)
	return s
}

// end is how Serve ended.
func (s *starting) end() error {
	s.t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(time.Minute):
		s.t.Fatal("Serve did not end")
		return nil
	}
}

func TestCertificatesThatChangeAtTheStartAreReadAgain(t *testing.T) {
	other := newCA(t)
	pair, err := other.Server(serverName)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(dir string) error{
		"a file is not there yet":           func(dir string) error { return os.Remove(filepath.Join(dir, control.KeyFile)) },
		"the key is of another certificate": func(dir string) error { return os.WriteFile(filepath.Join(dir, control.KeyFile), pair.Key, 0o600) },
		"half a file is written":            func(dir string) error { return os.WriteFile(filepath.Join(dir, control.CAFile), pair.CA[:40], 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			s := startWith(t, time.Hour, spoil)
			select {
			case <-s.told: // it has met them
			case err := <-s.ended:
				t.Fatalf("Serve ended at once: %v", err)
			case <-time.After(time.Minute):
				t.Fatal("Serve says nothing of certificates that cannot be read")
			}
			s.certify(s.ca)
			if status, answer := s.call(s.operator(), http.MethodGet, "/control/v1/version", ""); status != http.StatusOK {
				t.Errorf("%d %s", status, answer)
			}
			s.stop()
			if err := s.end(); err != nil {
				t.Errorf("Serve: %v", err)
			}
		})
	}
}

func TestCertificatesThatStayUnreadableEndThePortAndAreNamed(t *testing.T) {
	s := startWith(t, time.Millisecond, func(dir string) error { return os.Remove(filepath.Join(dir, control.CAFile)) })
	if err := s.end(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), control.CAFile) {
		t.Errorf("Serve: %v", err)
	}
}

func TestAPortThatHasNoCertificatesYetEndsWhenItIsTold(t *testing.T) {
	s := startWith(t, time.Hour, func(dir string) error { return os.Remove(filepath.Join(dir, control.CertFile)) })
	s.stop()
	if err := s.end(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if conn, err := net.Dial("tcp", s.addr); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}
