package gateway

import (
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"usher.chat/runtime/clock/clocktest"
	"usher.chat/runtime/desk"
)

func TestABucketLetsThroughWhatTheUsualLimiterDoes(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		r := Rate{PerSecond: float64(1 + rng.IntN(50)), Burst: 1 + rng.IntN(200)}
		var b bucket
		usual := rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		began := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		now := began
		taken, allowed := 0, 0
		for range 2000 {
			if rng.IntN(3) == 0 {
				now = now.Add(time.Duration(rng.IntN(200)) * time.Millisecond)
			}
			if b.take(r, now.Sub(began)) {
				taken++
			}
			if usual.AllowN(now, 1) {
				allowed++
			}
			if d := taken - allowed; d < -1 || d > 1 { // one, where rounding decides
				t.Fatalf("seed %d: %+v: %d let through, %d by the usual limiter", seed, r, taken, allowed)
			}
		}
	}
}

func TestAClockThatIsSetBackOrAheadNeitherFillsNorClosesABucket(t *testing.T) {
	for _, step := range []time.Duration{-2 * time.Minute, 2 * time.Minute} {
		off := time.Duration(0)
		g := New(Options{State: desk.New().Follow(), Clock: func() time.Time { return clocktest.Stepped(time.Now(), off) }})
		var b bucket
		r := Rate{PerSecond: 1.0 / 60, Burst: 3}
		for range 3 {
			if !b.take(r, g.running()) {
				t.Fatal("the burst is refused")
			}
		}
		off = step
		if b.take(r, g.running()) {
			t.Errorf("with the clock %s off more than the burst is let through", step)
		}
		if !b.take(r, g.running()+time.Minute) {
			t.Errorf("with the clock %s off nothing is let through a minute later", step)
		}
	}
}

func TestAClockThatIsSetAheadMakesNobodySilent(t *testing.T) {
	off := time.Duration(0)
	g := New(Options{State: desk.New().Follow(), Clock: func() time.Time { return clocktest.Stepped(time.Now(), off) }})
	var s socket
	s.alive(g.running())
	off = 2 * time.Minute
	if silent := s.silentFor(g.running()); silent > silentAtMost {
		t.Errorf("a client that was just heard is silent for %s", silent)
	}
	if silent := s.silentFor(g.running() + time.Minute); silent < time.Minute-time.Second {
		t.Errorf("a client that was not heard for a minute is silent for %s", silent)
	}
}
