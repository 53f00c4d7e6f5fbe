// Package processes is a stage for the fault campaign on one machine: pods are processes of the built binary, each in a
// network namespace of its own, on a PostgreSQL with a synchronous standby; or one pod with SQLite on a small disk. It
// works in a process that podstest.Alone started.
package processes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/podstest"
	"usher.chat/runtime/settings"
)

// Options of New.
type Options struct {
	// Binaries are two of different versions: upgrades go from one to the other and back.
	Binaries [2]string
	Dir      string // for files; made by the caller
	Settings settings.Settings
	SQLite   bool      // one pod with SQLite, else three with PostgreSQL
	Log      io.Writer // what the pods say
	Verbose  bool      // they say more
}

// Stage has pods that run.
type Stage struct {
	o       Options
	desk    *podstest.Desk
	network *podstest.Network
	pair    *pgtest.Pair
	version int // of Binaries
}

// databases are where PostgreSQL's two servers are.
var databases = [2]string{"10.9.0.2", "10.9.0.3"}

// disk is how many bytes SQLite's pod has for everything; its ballast takes what is left when the disk is to be full.
const disk = "512m"

// New starts the database and the pods.
func New(ctx context.Context, o Options) (_ *Stage, err error) {
	if !podstest.Inside() {
		return nil, errors.New("the pods need a network of their own: start this process by podstest.Alone")
	}
	s := &Stage{o: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.network, err = podstest.NewNetwork(databases[:]...); err != nil {
		return nil, err
	}
	pods := podstest.Options{Binary: o.Binaries[0], Dir: o.Dir, Settings: o.Settings, Network: s.network, Pods: 3, Log: o.Log}
	if o.Verbose {
		pods.Args = []string{"--log-level", "info"}
	}
	if o.SQLite {
		pods.Pods = 1
		if err := syscall.Mount("usher-faults", o.Dir, "tmpfs", 0, "size="+disk); err != nil {
			return nil, fmt.Errorf("mount a small disk: %w", err)
		}
	} else {
		if s.pair, err = pgtest.StartPair(ctx, databases[0], databases[1]); err != nil {
			return nil, err
		}
		if pods.Store, err = s.pair.NewDatabase(ctx); err != nil {
			return nil, err
		}
	}
	if s.desk, err = podstest.New(pods); err != nil {
		return nil, err
	}
	if err := s.desk.Start(ctx); err != nil {
		return nil, err
	}
	return s, s.Settle(ctx)
}

// Close ends everything.
func (s *Stage) Close() error {
	var list []error
	if s.desk != nil {
		list = append(list, s.desk.Close())
	}
	if s.pair != nil {
		list = append(list, s.pair.Stop())
	}
	return errors.Join(list...)
}

// Addresses of the pods.
func (s *Stage) Addresses() []string { return s.desk.Addresses() }

// Link makes a sign-in link.
func (s *Stage) Link(_ context.Context, agent, url string) (string, error) {
	return s.desk.Link(agent, url)
}

// Settle waits until all pods say that they are ready.
func (s *Stage) Settle(ctx context.Context) error {
	for _, p := range s.desk.Pods {
		for err := p.Ready(ctx); err != nil; err = p.Ready(ctx) {
			if !p.Running() {
				return fmt.Errorf("%s has ended: %w", p.Name(), err)
			}
			if waited := wait(ctx, 20*time.Millisecond); waited != nil {
				return errors.Join(err, waited)
			}
		}
	}
	return nil
}

// Records reads the ledger. SQLite's pod is ended for that.
func (s *Stage) Records(ctx context.Context) iter.Seq2[desk.Record, error] {
	return func(yield func(desk.Record, error) bool) {
		l := s.desk.Ledger
		if l == nil {
			p := s.desk.Pods[0]
			var err error
			if p.Running() {
				err = p.Signal(syscall.SIGTERM)
				p.Wait()
			}
			if err != nil {
				yield(desk.Record{}, err)
				return
			}
			if l, err = s.desk.OpenLedger(ctx); err != nil {
				yield(desk.Record{}, err)
				return
			}
			defer func() { _ = l.Close() }()
		}
		router.Records(ctx, l, 0)(yield)
	}
}

func wait(ctx context.Context, by time.Duration) error {
	timer := time.NewTimer(by)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// stuff writes a file until the disk has no room for another byte.
func stuff(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	defer func() { _ = file.Close() }()
	for block := make([]byte, 1<<16); len(block) > 0; {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			return fmt.Errorf("fill the disk: %w", err)
		}
	}
	return nil
}

func (s *Stage) ballast() string { return filepath.Join(s.o.Dir, "ballast") }
