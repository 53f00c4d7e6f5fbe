package processes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"time"

	"usher.chat/hack/faults/campaign"
	"usher.chat/runtime/run/podstest"
)

// Faults are what can be broken here.
func (s *Stage) Faults() []campaign.Fault {
	if s.o.SQLite {
		return []campaign.Fault{
			{Name: "SQLite: pod killed", Do: s.killed(s.leader)},
			{Name: "SQLite: pod frozen", Do: s.frozen(s.leader)},
			{Name: "SQLite: pod replaced", Do: s.upgraded},
			{Name: "SQLite: disk full", Do: s.full},
			{Name: "SQLite: clock two minutes ahead and back", Do: s.stepped(s.leader, syscall.SIGUSR1, syscall.SIGUSR2)},
			{Name: "SQLite: clock two minutes behind and right again", Do: s.stepped(s.leader, syscall.SIGUSR2, syscall.SIGUSR1)},
		}
	}
	return []campaign.Fault{
		{Name: "router killed", Do: s.killed(s.leader)},
		{Name: "gateway killed", Do: s.killed(s.follower)},
		{Name: "router and a gateway killed", Do: s.bothKilled},
		{Name: "router frozen", Do: s.frozen(s.leader)},
		{Name: "gateway frozen", Do: s.frozen(s.follower)},
		{Name: "router cut off from the database", Do: s.cut(s.leader, toDatabases)},
		{Name: "gateway cut off from the database", Do: s.cut(s.follower, toDatabases)},
		{Name: "router cut off from the gateways", Do: s.cut(s.leader, toPods)},
		{Name: "gateway cut off from the router", Do: s.cut(s.follower, toPods)},
		{Name: "router cut off from both", Do: s.cut(s.leader, func(s *Stage, p *podstest.Pod) []string {
			return append(toPods(s, p), toDatabases(s, p)...)
		})},
		{Name: "database killed and started again", Do: s.databaseKilled},
		{Name: "database lost and standby promoted", Do: s.failedOver},
		{Name: "standby killed and started again", Do: s.standbyKilled},
		{Name: "connection reset in a commit", Do: s.reset},
		{Name: "router told to end", Do: s.ended(s.leader)},
		{Name: "upgrade pod by pod", Do: s.upgraded},
		{Name: "router's clock two minutes ahead and back", Do: s.stepped(s.leader, syscall.SIGUSR1, syscall.SIGUSR2)},
		{Name: "router's clock two minutes behind and right again", Do: s.stepped(s.leader, syscall.SIGUSR2, syscall.SIGUSR1)},
		{Name: "gateway's clock two minutes ahead and back", Do: s.stepped(s.follower, syscall.SIGUSR1, syscall.SIGUSR2)},
		{Name: "gateway's clock two minutes behind and right again", Do: s.stepped(s.follower, syscall.SIGUSR2, syscall.SIGUSR1)},
	}
}

type who func(ctx context.Context, random *rand.Rand) (*podstest.Pod, error)

func (s *Stage) leader(ctx context.Context, _ *rand.Rand) (*podstest.Pod, error) {
	return s.desk.Leader(ctx)
}

func (s *Stage) follower(ctx context.Context, random *rand.Rand) (*podstest.Pod, error) {
	leader, err := s.desk.Leader(ctx)
	if err != nil {
		return nil, err
	}
	for {
		if p := s.desk.Pods[random.IntN(len(s.desk.Pods))]; p != leader {
			return p, nil
		}
	}
}

// fault is the signature of campaign.Fault's Do.
type fault = func(ctx context.Context, random *rand.Rand, struck func()) error

// between draws a time.
func between(random *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(random.Float64()*float64(to-from))
}

func (s *Stage) killed(who who) fault {
	return func(ctx context.Context, random *rand.Rand, struck func()) error {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		return s.kill(ctx, random, struck, p)
	}
}

// kill kills pods and starts them again a moment later.
func (s *Stage) kill(ctx context.Context, random *rand.Rand, struck func(), pods ...*podstest.Pod) error {
	for _, p := range pods {
		if err := p.Signal(syscall.SIGKILL); err != nil {
			return err
		}
	}
	struck()
	for _, p := range pods {
		p.Wait()
	}
	if err := wait(ctx, between(random, 0, 2*time.Second)); err != nil {
		return err
	}
	for _, p := range pods {
		if err := p.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) bothKilled(ctx context.Context, random *rand.Rand, struck func()) error {
	leader, err := s.leader(ctx, random)
	if err != nil {
		return err
	}
	other, err := s.follower(ctx, random)
	if err != nil {
		return err
	}
	return s.kill(ctx, random, struck, leader, other)
}

// frozen stops a process for longer than the lease.
func (s *Stage) frozen(who who) fault {
	return func(ctx context.Context, random *rand.Rand, struck func()) (err error) {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		if err := p.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		struck()
		defer func() { err = errors.Join(err, p.Signal(syscall.SIGCONT)) }()
		return wait(ctx, between(random, 1600*time.Millisecond, 5*time.Second))
	}
}

// stepped sets the clock of one pod, and sets it right again later (package runtime/clock).
func (s *Stage) stepped(who who, off, right syscall.Signal) fault {
	return func(ctx context.Context, random *rand.Rand, struck func()) (err error) {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		if err := p.Signal(off); err != nil {
			return err
		}
		struck()
		defer func() { err = errors.Join(err, p.Signal(right)) }()
		return wait(ctx, between(random, 3*time.Second, 8*time.Second))
	}
}

func toDatabases(*Stage, *podstest.Pod) []string { return databases[:] }

func toPods(s *Stage, p *podstest.Pod) (list []string) {
	for _, other := range s.desk.Pods {
		if other != p {
			list = append(list, other.Host())
		}
	}
	return list
}

// cut drops all packets between a pod and others for longer than the lease.
func (s *Stage) cut(who who, from func(*Stage, *podstest.Pod) []string) fault {
	return func(ctx context.Context, random *rand.Rand, struck func()) (err error) {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		if err := s.network.Cut(p.Host(), from(s, p)...); err != nil {
			return err
		}
		struck()
		defer func() { err = errors.Join(err, s.network.Heal(p.Host())) }()
		return wait(ctx, between(random, 2*time.Second, 5*time.Second))
	}
}

func (s *Stage) databaseKilled(ctx context.Context, random *rand.Rand, struck func()) error {
	if err := s.pair.Primary().Crash(); err != nil {
		return err
	}
	struck()
	if err := wait(ctx, between(random, 0, 3*time.Second)); err != nil {
		return err
	}
	if err := s.pair.Primary().Restart(); err != nil {
		return err
	}
	return s.pair.Synchronous(ctx)
}

func (s *Stage) failedOver(ctx context.Context, _ *rand.Rand, struck func()) error {
	struck() // it happens within
	if err := s.pair.FailOver(); err != nil {
		return err
	}
	return s.pair.Rebuild(ctx)
}

func (s *Stage) standbyKilled(ctx context.Context, random *rand.Rand, struck func()) error {
	if err := s.pair.Standby().Crash(); err != nil {
		return err
	}
	struck()
	if err := wait(ctx, between(random, 0, 3*time.Second)); err != nil {
		return err
	}
	if err := s.pair.Standby().Restart(); err != nil {
		return err
	}
	return s.pair.Synchronous(ctx)
}

// reset lets the answers of the database to the router get lost, and breaks its connections while it waits for one:
// what it wrote last is in, and it does not know.
func (s *Stage) reset(ctx context.Context, random *rand.Rand, struck func()) (err error) {
	p, err := s.leader(ctx, random)
	if err != nil {
		return err
	}
	if err := s.network.Deafen(p.Host(), databases[:]...); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.network.Heal(p.Host())) }()
	struck()
	if err := wait(ctx, between(random, 20*time.Millisecond, 200*time.Millisecond)); err != nil {
		return err
	}
	return s.network.Reset(p.Host(), databases[:]...)
}

// ended tells a pod to end, as Kubernetes does, and starts it again.
func (s *Stage) ended(who who) fault {
	return func(ctx context.Context, random *rand.Rand, struck func()) error {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		struck()
		return s.replace(ctx, p)
	}
}

func (s *Stage) replace(ctx context.Context, p *podstest.Pod) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if code := p.Wait(); code != 0 {
		return fmt.Errorf("%s was told to end, and ended with %d", p.Name(), code)
	}
	return p.Start(ctx)
}

// upgraded replaces each pod by one of the other version, one after another.
func (s *Stage) upgraded(ctx context.Context, _ *rand.Rand, struck func()) error {
	s.version = 1 - s.version
	struck()
	for _, p := range s.desk.Pods {
		p.Replace(s.o.Binaries[s.version])
		if err := s.replace(ctx, p); err != nil {
			return err
		}
		if err := s.Settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// full fills the disk, waits until the pod says that it cannot store anything, and makes room again.
func (s *Stage) full(ctx context.Context, random *rand.Rand, struck func()) (err error) {
	defer func() {
		if removed := os.Remove(s.ballast()); !os.IsNotExist(removed) {
			err = errors.Join(err, removed)
		}
	}()
	if err := stuff(s.ballast()); err != nil {
		return err
	}
	for { // it goes on for a while with the room that its files have
		switch err := s.desk.Pods[0].Ready(ctx); {
		case err != nil && strings.Contains(err.Error(), "full"):
			struck()
			return wait(ctx, between(random, 0, 2*time.Second))
		case ctx.Err() != nil:
			return fmt.Errorf("the disk is full and the pod does not say so: %w", ctx.Err())
		}
		if err := errors.Join(wait(ctx, 20*time.Millisecond), stuff(s.ballast()+"-more"), os.Remove(s.ballast()+"-more")); err != nil {
			return err
		}
	}
}

// Names are the faults of a stage that need not run.
func Names(sqlite bool) (names []string) {
	for _, f := range (&Stage{o: Options{SQLite: sqlite}}).Faults() {
		names = append(names, f.Name)
	}
	return names
}
