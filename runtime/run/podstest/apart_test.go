package podstest_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"usher.chat/runtime/run/podstest"
)

func TestPeopleOnPodsThatCannotReachTheRouterAreServedElsewhereWhileTheCutLasts(t *testing.T) {
	ctx := within(t)
	// Each pod is reached by the others through something that can swallow what it carries.
	var listens []string
	d := newPods(t, ctx, func(o *podstest.Options) {
		o.ArgsOf = func(pod int) []string { return []string{"--peer-listen", listens[pod]} }
	})
	var cables []*swallower
	for _, p := range d.Pods {
		front, err := net.Listen("tcp", p.Peer)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = front.Close() })
		spare, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listens = append(listens, spare.Addr().String())
		if err := spare.Close(); err != nil {
			t.Fatal(err)
		}
		s := &swallower{}
		go s.serve(front, spare.Addr().String())
		cables = append(cables, s)
	}
	if err := d.Start(ctx); err != nil {
		t.Fatal(err)
	}
	list := pairs(t, ctx, d, 12)
	stop := load(t, ctx, list)
	pause(ctx, 500*time.Millisecond)
	p := leader(t, ctx, d)
	cables[index(d, p)].swallow()
	cut := time.Now()
	for _, other := range d.Pods {
		for status := 0; other != p && status != http.StatusServiceUnavailable && ctx.Err() == nil; {
			pause(ctx, 20*time.Millisecond)
			var err error
			if status, err = ready(ctx, other); err != nil {
				t.Fatal(err)
			}
		}
	}
	recovery(ctx, list, time.Now())
	t.Logf("the router was cut off from the other pods; everybody has an answer from it %s later", time.Since(cut).Round(time.Millisecond))
	for _, pair := range list {
		if pair.customer.At() != p || pair.agent.At() != p {
			t.Errorf("a pair is at %s and %s, and %s leads", pair.customer.At().Name(), pair.agent.At().Name(), p.Name())
		}
	}
	if next := leader(t, ctx, d); next != p {
		t.Errorf("%s leads, not %s: the test shows nothing", next.Name(), p.Name())
	}
	cables[index(d, p)].heal()
	for _, other := range d.Pods {
		for status := 0; status != http.StatusOK && ctx.Err() == nil; {
			pause(ctx, 20*time.Millisecond)
			var err error
			if status, err = ready(ctx, other); err != nil {
				t.Fatal(err)
			}
		}
		// And lets people in again.
		c, err := d.Customer(ctx, index(d, other))
		if err != nil {
			t.Fatal(err)
		}
		c.Drop()
	}
	stop()
	heard(t, ctx, list)
	checked(t, ctx, d, list)
}
