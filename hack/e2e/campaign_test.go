//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/hack/cluster/chaos"
	"usher.chat/hack/faults/campaign"
	domain "usher.chat/runtime/desk"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/router"
)

// onCluster is a desk of three real pods as a stage of the fault campaign.
type onCluster struct {
	*onPostgres
	t       *testing.T
	url     string // of the database
	ledger  *ledger.Ledger
	watcher *gatewaytest.Person // an agent who looks at the queues
	images  []string            // the one that runs, and another version's; empty in a short run
	killed  map[string]bool     // pods, by uid, whose containers were killed before

	longOutage bool // the API server's next is of ten minutes

	mu   sync.Mutex
	seen []chaos.Pod // ready pods, as the API server said last
}

// longRun is from how many faults on a campaign may take its time.
const longRun = 50

// observer is a member who serves nobody.
const observer = "observer"

func campaigned(ns string, o campaign.Options) string {
	set := campaign.Settings(ns, o)
	var members strings.Builder
	for _, m := range set.Teams[0].Members {
		fmt.Fprintf(&members, "  - {name: %s, maxConversations: %d}\n", m.Name, m.MaxConversations)
	}
	return fmt.Sprintf(`
apiVersion: usher.chat/v1alpha1
kind: Team
metadata: {name: everybody, namespace: %[1]s}
spec:
  members:
  - {name: %[5]s}
%[2]s---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: %[3]s, namespace: %[1]s}
spec:
  teamRefs: [{name: everybody}]
  whenBusy: {offer: Queue, capacity: {mode: Fixed, places: %[6]d}}
---
apiVersion: usher.chat/v1alpha1
kind: Channel
metadata: {name: %[4]s, namespace: %[1]s}
spec:
  type: Web
  web: {allowedOrigins: ["https://www.acme.example"]}
  route: {queueRef: {name: %[3]s}}
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: edge, namespace: %[1]s}
spec:
  teamRefs: [{name: everybody}]
  scheduleRef: {name: edge}
`, ns, members.String(), campaign.Queue, campaign.Channel, observer, set.Queues[0].WhenBusy.Capacity.Places) +
		closes(ns, notMidnight(time.Now().UTC().Add(6*time.Hour)))
}

// closes is a schedule that closes at a time of day.
func closes(ns string, edge time.Time) string {
	return fmt.Sprintf(`---
apiVersion: usher.chat/v1alpha1
kind: Schedule
metadata: {name: edge, namespace: %s}
spec:
  timeZone: UTC
  weekly: [{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], periods: [{start: "%s", end: "%s"}]}]
`, ns, edge.Add(-12*time.Hour).Format("15:04"), edge.Format("15:04"))
}

// fromEnvironment is a number that a long run gives.
func fromEnvironment(t *testing.T, name string, otherwise int) int {
	t.Helper()
	given := os.Getenv(name)
	if given == "" {
		return otherwise
	}
	n, err := strconv.Atoi(given)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func TestNothingIsLostInACampaignOfFaultsOnRealPods(t *testing.T) {
	o := campaign.Options{
		Faults: fromEnvironment(t, "FAULTS", 20), Seed: uint64(fromEnvironment(t, "FAULTS_SEED", int(time.Now().Unix()))),
		Pairs: fromEnvironment(t, "FAULTS_PAIRS", 20), Waiting: fromEnvironment(t, "FAULTS_WAITING", 50), Agents: fromEnvironment(t, "FAULTS_AGENTS", 10),
		Patience: 5 * time.Minute, Say: func(line string) { t.Log(line) },
	}
	if o.Faults > longRun {
		o.Patience = 20 * time.Minute // it has an outage of ten
	}
	if only := os.Getenv("FAULTS_ONLY"); only != "" {
		o.Only = strings.Split(only, ",")
	}
	s := &onCluster{t: t, killed: map[string]bool{}}
	s.onPostgres, s.url = deskOnPostgres(t, "e2e-faults", campaigned("e2e-faults", o))
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var err error
	if s.ledger, err = ledger.Open(ctx, ledger.Options{URL: s.url, Desk: s.ns}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.ledger.Close() })
	if o.Faults > longRun { // a short run has its upgrades in TestADeskOnPostgreSQL
		was := field(t, "usher-system", "deployment/usher-operator", usherImage)
		s.longOutage = true
		for _, name := range []string{"one", "other"} { // two versions whose clocks can be set
			s.images = append(s.images, was+"-"+name)
			give(t, program(t, name, "steppedclock")(), was+"-"+name)
		}
		t.Cleanup(func() {
			_, _ = tryKubectl(t, "", "-n", "usher-system", "set", "env", "deployment/usher-operator", "USHER_IMAGE="+was)
		})
		must(t, s.run(ctx, s.images[0]))
	}
	s.look(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		s.keepLooking(ctx)
	}()
	t.Cleanup(func() { cancel(); <-watching })
	s.watch(ctx)
	result, broken := campaign.Run(ctx, s, o)
	t.Logf("\n%s", result)
	if err := errors.Join(broken, result.Wrong()); err != nil {
		t.Error(err)
		keep(t, "faults-history.jsonl", result)
	}
}

// keep writes the history beside what a failed run leaves.
func keep(t *testing.T, name string, result *campaign.Result) {
	t.Helper()
	dir := os.Getenv("E2E_ARTIFACTS")
	if dir == "" {
		dir = os.TempDir()
	}
	must(t, os.MkdirAll(dir, 0o755))
	file, err := os.Create(filepath.Join(dir, name))
	must(t, err)
	must(t, errors.Join(result.WriteHistory(file), file.Close()))
	t.Logf("the history is in %s", file.Name())
}

// look asks for the pods. Without an API server those that were known stay.
func (s *onCluster) look(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	pods, err := s.cluster.Pods(asking, s.ns, runtimePods)
	if err != nil {
		return
	}
	var ready []chaos.Pod
	for _, p := range pods {
		if p.Ready && p.IP.IsValid() {
			ready = append(ready, p)
		}
	}
	if len(ready) == 0 {
		return
	}
	s.mu.Lock()
	s.seen = ready
	s.mu.Unlock()
}

func (s *onCluster) keepLooking(ctx context.Context) {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.look(ctx)
		}
	}
}

func (s *onCluster) known() []chaos.Pod {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]chaos.Pod(nil), s.seen...)
}

// Addresses of the pods that are ready: those to which a Service leads.
func (s *onCluster) Addresses() (list []string) {
	for _, p := range s.known() {
		list = append(list, at(p))
	}
	return list
}

// Link asks the operator's plugin for one.
func (s *onCluster) Link(_ context.Context, agent, base string) (string, error) {
	out, err := tryKubectl(s.t, "", "usher", "-n", s.ns, "sign-in-link", agent, "--url", base)
	if err != nil {
		return "", fmt.Errorf("make a sign-in link: %w: %s", err, out)
	}
	out = strings.TrimSpace(out)
	return out[strings.LastIndex(out, "\n")+1:], nil
}

// Settle waits until there are three pods, all ready, and one leads.
func (s *onCluster) Settle(ctx context.Context) error {
	for {
		pods, err := s.cluster.Pods(ctx, s.ns, runtimePods)
		ready := 0
		for _, p := range pods {
			if p.Ready {
				ready++
			}
		}
		if err == nil && len(pods) == 3 && ready == 3 {
			if _, err = s.router(ctx); err == nil {
				s.look(ctx)
				return nil
			}
		}
		if waited := rest(ctx, 100*time.Millisecond); waited != nil {
			return errors.Join(fmt.Errorf("%d pods, %d ready: %w", len(pods), ready, waited), err)
		}
	}
}

// Records of the ledger.
func (s *onCluster) Records(ctx context.Context) iter.Seq2[domain.Record, error] {
	return router.Records(ctx, s.ledger, 0)
}

// router is the pod that leads, by the ledger: the operator may not know yet.
func (s *onCluster) router(ctx context.Context) (chaos.Pod, error) {
	for {
		leader, err := s.ledger.Leader(ctx)
		if err == nil && leader.Live {
			host, _, _ := net.SplitHostPort(leader.Address)
			for _, p := range s.known() {
				if host == p.IP.String() {
					return p, nil
				}
			}
		}
		if waited := rest(ctx, 50*time.Millisecond); waited != nil {
			return chaos.Pod{}, errors.Join(fmt.Errorf("%s leads, which is none of the pods: %w", leader.Address, waited), err)
		}
	}
}

func rest(ctx context.Context, by time.Duration) error {
	timer := time.NewTimer(by)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
