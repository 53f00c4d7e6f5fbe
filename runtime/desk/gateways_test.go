package desk_test

import (
	"fmt"
	"slices"
	"testing"

	"usher.chat/runtime/desk"
)

func TestALostGatewayTakesThoseWhoWereConnectedThroughItAlone(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	w.must(desk.Connect{Principal: "a:ana", Gateway: "other"})
	w.join("s1")
	w.must(desk.Connect{Principal: "s:s1", Gateway: "other"})
	if got := w.s.Gateways(); !slices.Contains(got, "other") || len(got) < 2 {
		t.Fatalf("gateways are %v", got)
	}
	w.must(desk.LoseGateway{Gateway: "other"})
	if !w.s.Agents["ana"].Online() || slices.Contains(w.s.Gateways(), "other") {
		t.Errorf("ana is connected through %v", w.s.Agents["ana"].Gateways)
	}
	for _, g := range w.s.Gateways() {
		w.must(desk.LoseGateway{Gateway: g})
	}
	if w.s.Agents["ana"].Online() || w.s.Agents["ben"].Online() || w.s.Customers["s1"].Online() {
		t.Error("somebody is connected through no gateway")
	}
	if w.s.Customers["s1"].LostAt == 0 || w.s.Agents["ben"].LostAt == 0 {
		t.Error("nobody waits for those who are lost")
	}
	if d, err := desk.Decide(w.s, desk.LoseGateway{Gateway: "other"}, w.now); err != nil || len(d.Events) != 0 {
		t.Errorf("a gateway that is lost already: %+v, %v", d, err)
	}
}

func TestACopyThatFollowedDecidesLikeOneThatWasRestored(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	for i := range 4 {
		w.join(fmt.Sprint("s", i))
	}
	w.pick("ana")
	w.must(desk.Disconnect{Principal: "a:ana", Gateway: w.s.Agents["ana"].Gateways[0]})
	b, err := w.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	follower, err := desk.Restore(b)
	if err != nil {
		t.Fatal(err)
	}
	follower.Follow()
	if _, ok := follower.NextDeadline(); ok {
		t.Fatal("a copy that follows has a deadline")
	}
	if err := follower.Lead(); err != nil {
		t.Fatal(err)
	}
	restored, err := desk.Restore(b)
	if err != nil {
		t.Fatal(err)
	}
	now := w.now
	for step := range 50 {
		a, some := follower.NextDeadline()
		b, same := restored.NextDeadline()
		if a != b || some != same {
			t.Fatalf("step %d: the next deadline is %d %v, and %d %v", step, a, some, b, same)
		}
		if !some {
			break
		}
		if at := desk.Instant(a); at.After(now) {
			now = at
		}
		for _, s := range []*desk.State{follower, restored} {
			d, err := desk.Decide(s, desk.Tick{}, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range d.Events {
				s.Apply(desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e})
			}
		}
	}
	one, err := follower.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if two, err := restored.Hash(); err != nil || one != two {
		t.Errorf("they went apart: %s, %s (%v)", one, two, err)
	}
}
