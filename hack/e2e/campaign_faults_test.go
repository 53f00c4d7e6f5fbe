//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"

	"usher.chat/hack/cluster/chaos"
	"usher.chat/hack/faults/campaign"
	"usher.chat/runtime/gateway/gatewaytest"
)

// Faults are what can be broken here: all that the stage of processes has, and the cluster around it.
func (s *onCluster) Faults() []campaign.Fault {
	list := []campaign.Fault{
		{Name: "router killed", Do: s.kill(s.leads)},
		{Name: "gateway killed", Do: s.kill(s.follows)},
		{Name: "router frozen", Do: s.freeze(s.leads)},
		{Name: "gateway frozen", Do: s.freeze(s.follows)},
		{Name: "router cut off from the database", Do: s.cut(s.leads, s.fromDatabase)},
		{Name: "gateway cut off from the database", Do: s.cut(s.follows, s.fromDatabase)},
		{Name: "router cut off from the gateways", Do: s.cut(s.leads, s.fromOthers)},
		{Name: "gateway cut off from the router", Do: s.cut(s.follows, s.fromOthers)},
		{Name: "router cut off from everybody", Do: s.cut(s.leads, s.fromEverybody)},
		{Name: "database killed and started again", Do: s.databaseKilled},
		{Name: "database lost and standby promoted", Do: s.databaseLost},
		{Name: "connection reset in a commit", Do: s.reset},
		{Name: "operator cut off from everybody", Do: s.operatorCutOff},
		{Name: "API server down over an edge of a schedule", Do: s.apiServerDown},
		{Name: "node of the router drained", Do: s.drained},
		{Name: "node of the router lost and returned", Do: s.nodeLost},
	}
	if s.images != nil {
		list = append(list, campaign.Fault{Name: "upgrade to another image", Do: s.upgraded},
			campaign.Fault{Name: "router's clock two minutes ahead and back", Do: s.stepped(s.leads, syscall.SIGUSR1, syscall.SIGUSR2)},
			campaign.Fault{Name: "router's clock two minutes behind and right again", Do: s.stepped(s.leads, syscall.SIGUSR2, syscall.SIGUSR1)},
			campaign.Fault{Name: "gateway's clock two minutes ahead and back", Do: s.stepped(s.follows, syscall.SIGUSR1, syscall.SIGUSR2)})
	}
	return list
}

type (
	breaks = func(ctx context.Context, random *rand.Rand, struck func()) error
	one    func(ctx context.Context, random *rand.Rand) (chaos.Pod, error)
)

func (s *onCluster) leads(ctx context.Context, _ *rand.Rand) (chaos.Pod, error) { return s.router(ctx) }

// follows waits for one: what was just whole can be short of a pod again, as when a node that returned is doubted once more.
func (s *onCluster) follows(ctx context.Context, random *rand.Rand) (chaos.Pod, error) {
	for {
		router, err := s.router(ctx)
		if err != nil {
			return router, err
		}
		if others := s.others(router); len(others) > 0 {
			return others[random.IntN(len(others))], nil
		}
		if err := rest(ctx, 50*time.Millisecond); err != nil {
			return router, fmt.Errorf("nobody follows: %w", err)
		}
	}
}

func (s *onCluster) others(p chaos.Pod) (list []chaos.Pod) {
	for _, other := range s.known() {
		if other.UID != p.UID {
			list = append(list, other)
		}
	}
	return list
}

func drawn(random *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(random.Float64()*float64(to-from))
}

// kill ends a pod's container. Kubernetes starts it again in the pod; one that was killed before would be kept waiting for
// longer each time, so that one is deleted, and another takes its place.
func (s *onCluster) kill(who one) breaks {
	return func(ctx context.Context, random *rand.Rand, struck func()) error {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		if err := s.cluster.Kill(ctx, p); err != nil {
			return err
		}
		struck()
		if s.killed[p.UID] {
			if out, err := tryKubectl(s.t, "", "-n", s.ns, "delete", "pod", p.Name, "--grace-period=0", "--force"); err != nil {
				return fmt.Errorf("take the killed pod away: %w: %s", err, out)
			}
		}
		s.killed[p.UID] = true
		return rest(ctx, 3*time.Second) // in which Kubernetes notices: before, it says that all are ready
	}
}

func (s *onCluster) freeze(who one) breaks {
	return func(ctx context.Context, random *rand.Rand, struck func()) (err error) {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		if err := s.cluster.Freeze(ctx, p); err != nil {
			return err
		}
		struck()
		defer func() { err = errors.Join(err, s.cluster.Thaw(context.WithoutCancel(ctx), p)) }()
		return rest(ctx, drawn(random, 1600*time.Millisecond, 5*time.Second))
	}
}

func (s *onCluster) fromDatabase(chaos.Pod) chaos.Side {
	return chaos.Addresses(s.database.Addresses()...)
}
func (s *onCluster) fromOthers(p chaos.Pod) chaos.Side  { return chaos.Pods(s.others(p)...) }
func (s *onCluster) fromEverybody(chaos.Pod) chaos.Side { return nil }

// cut lets no packet pass for longer than the lease. Everybody is all but the pod's own node.
func (s *onCluster) cut(who one, from func(chaos.Pod) chaos.Side) breaks {
	return func(ctx context.Context, random *rand.Rand, struck func()) (err error) {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		var cut *chaos.Partition
		if side := from(p); side == nil {
			cut, err = s.cluster.CutOff(ctx, p)
		} else {
			cut, err = s.cluster.Cut(ctx, chaos.Pods(p), side)
		}
		if err != nil {
			return err
		}
		struck()
		defer func() { err = errors.Join(err, cut.Heal(context.WithoutCancel(ctx))) }()
		return rest(ctx, drawn(random, 2*time.Second, 5*time.Second))
	}
}

func (s *onCluster) reset(ctx context.Context, random *rand.Rand, struck func()) error {
	p, err := s.router(ctx)
	if err != nil {
		return err
	}
	broken, err := s.cluster.Reset(ctx, chaos.Pods(p), s.fromDatabase(p))
	if err != nil {
		return err
	}
	struck()
	return errors.Join(rest(ctx, drawn(random, 20*time.Millisecond, 300*time.Millisecond)), broken.Heal(context.WithoutCancel(ctx)))
}

func (s *onCluster) databaseKilled(ctx context.Context, random *rand.Rand, struck func()) error {
	if err := s.database.KillPrimary(ctx); err != nil {
		return err
	}
	struck()
	if err := rest(ctx, drawn(random, 0, 3*time.Second)); err != nil {
		return err
	}
	return s.database.RestartPrimary(ctx)
}

func (s *onCluster) databaseLost(ctx context.Context, _ *rand.Rand, struck func()) error {
	if err := s.database.LosePrimary(ctx); err != nil {
		return err
	}
	struck()
	if err := s.database.Promote(ctx); err != nil {
		return err
	}
	return s.database.RestartAsStandby(ctx)
}

func (s *onCluster) operatorCutOff(ctx context.Context, random *rand.Rand, struck func()) error {
	cut, err := s.cluster.CutOffOperator(ctx)
	if err != nil {
		return err
	}
	struck()
	return errors.Join(rest(ctx, drawn(random, 5*time.Second, 10*time.Second)), cut.Heal(context.WithoutCancel(ctx)))
}

// watch lets an agent look at the queues.
func (s *onCluster) watch(ctx context.Context) {
	base := s.Addresses()[0]
	link, err := s.Link(ctx, observer, base)
	must(s.t, err)
	client, err := gatewaytest.Agent(ctx, base, link)
	must(s.t, err)
	s.watcher = gatewaytest.NewPerson(client, 0, gatewaytest.PersonOptions{Addresses: s.Addresses})
	kept := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(kept)
		_ = s.watcher.Keep(ctx) // until the end
	}()
	s.t.Cleanup(func() { cancel(); <-kept; s.watcher.Drop() })
}

// sees waits until the agent who looks sees the queue of the edge so, and gives since when it is.
func (s *onCluster) sees(ctx context.Context, state string, next int64) (since time.Time, err error) {
	for {
		seen := ""
		s.watcher.Look(func(v *gatewaytest.View) {
			q := v.Queues["edge"]
			if seen, since = q.State, time.UnixMilli(q.Since); next != 0 && q.NextTime != next {
				seen = fmt.Sprintf("%s until %d", q.State, q.NextTime)
			}
		})
		if seen == state {
			return since, nil
		}
		if err := rest(ctx, 50*time.Millisecond); err != nil {
			return since, fmt.Errorf("the queue is %s and should be %s: %w", seen, state, err)
		}
	}
}

// apiServerDown has a queue close by its schedule while there is no API server: in a long run ten minutes the first time.
func (s *onCluster) apiServerDown(ctx context.Context, _ *rand.Rand, struck func()) (err error) {
	before, after := 8*time.Second, 8*time.Second
	if s.longOutage {
		s.longOutage = false
		before, after = 5*time.Minute, 5*time.Minute
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 15*time.Minute)
		defer cancel()
	}
	edge, err := s.edge(ctx, before)
	if err != nil {
		return err
	}
	if err := rest(ctx, time.Until(edge.Add(-before))); err != nil {
		return err
	}
	if err := s.cluster.StopAPIServer(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.cluster.StartAPIServer(context.WithoutCancel(ctx))) }()
	struck()
	if time.Now().After(edge) {
		return errors.New("the edge was over before the API server was down")
	}
	since, err := s.sees(ctx, "Closed", 0)
	if err != nil {
		return err
	}
	s.t.Logf("    without an API server the queue closed at %s, was seen closed %s after the edge", since.UTC().Format(time.TimeOnly), time.Since(edge).Round(time.Millisecond))
	if !since.Equal(edge) {
		return fmt.Errorf("the queue closed at %s, its schedule says %s", since.UTC(), edge)
	}
	return rest(ctx, time.Until(edge.Add(after)))
}

// edge sets a time, a little later than so long from now, at which the queue closes, and returns when the runtime knows it.
func (s *onCluster) edge(ctx context.Context, before time.Duration) (time.Time, error) {
	for {
		edge := notMidnight(time.Now().UTC().Add(before + 20*time.Second).Truncate(time.Minute).Add(time.Minute))
		if out, err := tryKubectl(s.t, closes(s.ns, edge), "apply", "--server-side", "--field-manager=flux", "-f", "-"); err != nil {
			return edge, fmt.Errorf("set the edge: %w: %s", err, out)
		}
		early, cancel := context.WithDeadline(ctx, edge.Add(-before))
		_, err := s.sees(early, "Open", edge.UnixMilli())
		cancel()
		if err == nil || ctx.Err() != nil {
			return edge, err
		}
		// The operator was not back from the fault before in time: a later one.
	}
}

func (s *onCluster) drained(ctx context.Context, _ *rand.Rand, struck func()) (err error) {
	p, err := s.router(ctx)
	if err != nil {
		return err
	}
	struck()
	defer func() { err = errors.Join(err, s.cluster.Uncordon(context.WithoutCancel(ctx), p.Node)) }()
	return s.cluster.Drain(ctx, p.Node)
}

func (s *onCluster) nodeLost(ctx context.Context, random *rand.Rand, struck func()) (err error) {
	p, err := s.router(ctx)
	if err != nil {
		return err
	}
	if err := s.cluster.LoseNode(ctx, p.Node); err != nil {
		return err
	}
	struck()
	err = rest(ctx, drawn(random, 3*time.Second, 8*time.Second))
	return errors.Join(err, s.cluster.ReturnNode(context.WithoutCancel(ctx), p.Node))
}

func (s *onCluster) upgraded(ctx context.Context, _ *rand.Rand, struck func()) error {
	s.images[0], s.images[1] = s.images[1], s.images[0]
	struck()
	return s.run(ctx, s.images[0])
}

// run has the pods be of an image.
func (s *onCluster) run(ctx context.Context, image string) error {
	if out, err := tryKubectl(s.t, "", "-n", "usher-system", "set", "env", "deployment/usher-operator", "USHER_IMAGE="+image); err != nil {
		return fmt.Errorf("set the image: %w: %s", err, out)
	}
	for {
		out, err := tryKubectl(s.t, "", "-n", s.ns, "get", "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}")
		if err == nil && out == strings.Join([]string{image, image, image}, " ") {
			return nil
		}
		if err := rest(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("the pods are of %s: %w", out, err)
		}
	}
}

// stepped sets the clock of one pod, and sets it right again later (package runtime/clock; its images are built for it).
func (s *onCluster) stepped(who one, off, right syscall.Signal) breaks {
	return func(ctx context.Context, random *rand.Rand, struck func()) (err error) {
		p, err := who(ctx, random)
		if err != nil {
			return err
		}
		if err := s.cluster.Signal(p, off); err != nil {
			return err
		}
		struck()
		defer func() { err = errors.Join(err, s.cluster.Signal(p, right)) }()
		return rest(ctx, drawn(random, 3*time.Second, 8*time.Second))
	}
}
