package podstest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/podstest"
	"usher.chat/runtime/run/runtest"
	"usher.chat/runtime/settings"
)

// Set once in TestMain, before any test runs.
var (
	server *pgtest.Server
	binary string
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "usher-pods-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if binary, err = podstest.Build(context.Background(), dir); err != nil {
		return 1, err
	}
	if server, err = pgtest.Start(); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	return m.Run(), nil
}

// lines gives what the pods say to the test, as long as it runs.
type lines struct {
	mu sync.Mutex
	t  *testing.T
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.t != nil {
		l.t.Log(strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

func sample(agents int) settings.Settings {
	s := runtest.Sample()
	for i := range agents {
		s.Teams[0].Members = append(s.Teams[0].Members, settings.Member{Name: fmt.Sprintf("agent-%d", i), MaxConversations: 20})
	}
	s.Sort()
	return s
}

// pods starts a desk of three.
func pods(t *testing.T, ctx context.Context, change func(*podstest.Options)) *podstest.Desk {
	t.Helper()
	d := newPods(t, ctx, change)
	if err := d.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return d
}

// newPods is a desk of three that does not run yet.
func newPods(t *testing.T, ctx context.Context, change func(*podstest.Options)) *podstest.Desk {
	t.Helper()
	log := &lines{t: t}
	o := podstest.Options{Binary: binary, Dir: t.TempDir(), Settings: sample(20), Pods: 3, Log: log}
	if change != nil {
		change(&o)
	}
	if o.Store == "" {
		var err error
		if o.Store, err = server.NewDatabase(ctx); err != nil {
			t.Fatal(err)
		}
	}
	d, err := podstest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		log.mu.Lock()
		log.t = nil
		log.mu.Unlock()
	})
	return d
}

// within is for all waits of one test.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func leader(t *testing.T, ctx context.Context, d *podstest.Desk) *podstest.Pod {
	t.Helper()
	p, err := d.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func index(d *podstest.Desk, p *podstest.Pod) int { return slices.Index(d.Pods, p) }

// send is a signal that must arrive.
func send(t *testing.T, p *podstest.Pod, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// pair is a customer and an agent in one conversation.
type pair struct{ customer, agent *podstest.Talker }

// pairs brings n customers and agents together, spread over the pods that run.
func pairs(t *testing.T, ctx context.Context, d *podstest.Desk, n int) []pair {
	t.Helper()
	var running []int
	for i, p := range d.Pods {
		if p.URL() != "" {
			running = append(running, i)
		}
	}
	list := make([]pair, n)
	for i := range list {
		customer, err := d.Customer(ctx, running[i%len(running)])
		if err != nil {
			t.Fatal(err)
		}
		agent, err := d.Agent(ctx, fmt.Sprintf("agent-%d", i%20), running[(i+1)%len(running)])
		if err != nil {
			t.Fatal(err)
		}
		joined, err := customer.Insist(ctx, protocol.Command{Type: protocol.TypeJoin, Name: fmt.Sprint("customer ", i)})
		if err != nil {
			t.Fatal(err)
		}
		customer.Name, agent.Conversation = fmt.Sprint("customer ", i), joined.Conversation
		if _, err := agent.Insist(ctx, protocol.Command{Type: protocol.TypePick, Conversation: joined.Conversation}); err != nil {
			t.Fatal(err)
		}
		list[i] = pair{customer, agent}
		t.Cleanup(customer.Drop)
		t.Cleanup(agent.Drop)
	}
	return list
}

// load lets all of them write until stop is called, which waits for the last answers.
func load(t *testing.T, ctx context.Context, list []pair) (stop func()) {
	t.Helper()
	return paced(t, list, func(_ int, _ string, w *podstest.Talker, turn int) error {
		return w.Say(ctx, fmt.Sprint(w.Name, " says ", turn))
	})
}

// paced lets everybody of the pairs have turn after turn, until stop is called, which waits for the last ones.
func paced(t *testing.T, list []pair, have func(pair int, side string, w *podstest.Talker, turn int) error) (stop func()) {
	t.Helper()
	var group sync.WaitGroup
	over := make(chan struct{})
	for n, p := range list {
		for side, w := range map[string]*podstest.Talker{"customer": p.customer, "agent": p.agent} {
			group.Go(func() {
				pace := time.NewTicker(20 * time.Millisecond)
				defer pace.Stop()
				for turn := 0; ; turn++ {
					if err := have(n, side, w, turn); err != nil {
						t.Error(err)
						return
					}
					select {
					case <-over:
						return
					case <-pace.C:
					}
				}
			})
		}
	}
	return func() {
		close(over)
		group.Wait()
	}
}

// checked compares what was acknowledged with the ledger: everything is in it, once, in order, where the answer said.
func checked(t *testing.T, ctx context.Context, d *podstest.Desk, list []pair) {
	t.Helper()
	type place struct {
		seq   uint64
		times int
	}
	said := map[string]*place{}
	picked := map[desk.ConversationID]int{}
	for record, err := range router.Records(ctx, d.Ledger, 0) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := record.Event.(type) {
		case desk.MessageSent:
			key := string(e.Conversation) + " " + string(e.From) + " " + e.Text
			if said[key] == nil {
				said[key] = &place{seq: record.Seq}
			}
			said[key].times++
		case desk.Picked:
			picked[e.Conversation]++
		}
	}
	acked, again, lost, doubled, moved, disordered := 0, 0, 0, 0, 0, 0
	for _, p := range list {
		for side, w := range map[string]*podstest.Talker{"customer": p.customer, "agent": p.agent} {
			texts, acks, repeats := w.Said()
			again += repeats
			last := uint64(0)
			for i, text := range texts {
				acked++
				at := said[p.agent.Conversation+" "+side+" "+text]
				switch {
				case at == nil:
					lost++
				case at.times != 1:
					doubled++
				case acks[i].Seq != at.seq:
					moved++
				case at.seq <= last:
					disordered++
				}
				if at != nil {
					last = at.seq
				}
			}
		}
	}
	twice := 0
	for _, n := range picked {
		if n > 1 {
			twice++
		}
	}
	t.Logf("%d acknowledged (%d said again): lost %d, doubled %d, elsewhere %d, out of order %d, picked twice %d", acked, again, lost, doubled, moved, disordered, twice)
	if acked == 0 || lost+doubled+moved+disordered+twice > 0 {
		t.Error("the ledger is not what was acknowledged")
	}
}

// heard waits until both sides of each pair have all that the other said, in order.
func heard(t *testing.T, ctx context.Context, list []pair) {
	t.Helper()
	for _, p := range list {
		texts, _, _ := p.customer.Said()
		answers, _, _ := p.agent.Said()
		for _, w := range []*podstest.Talker{p.customer, p.agent} {
			if err := last(ctx, w, p.agent.Conversation, texts[len(texts)-1], answers[len(answers)-1]); err != nil {
				t.Errorf("%s on %s does not have the last message: %v", w.Name, w.At().Name(), err)
			}
		}
	}
}

func ready(ctx context.Context, p *podstest.Pod) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Ops()+"/readyz", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
