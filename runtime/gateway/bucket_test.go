package gateway

import (
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

func TestABucketLetsThroughWhatTheUsualLimiterDoes(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		r := Rate{PerSecond: float64(1 + rng.IntN(50)), Burst: 1 + rng.IntN(200)}
		var b bucket
		usual := rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		taken, allowed := 0, 0
		for range 2000 {
			if rng.IntN(3) == 0 {
				now = now.Add(time.Duration(rng.IntN(200)) * time.Millisecond)
			}
			if b.take(r, now) {
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

func TestAClockThatIsSetBackFillsNoBucket(t *testing.T) {
	var b bucket
	r, now := Rate{PerSecond: 1, Burst: 3}, time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for range 3 {
		if !b.take(r, now) {
			t.Fatal("the burst is refused")
		}
	}
	if b.take(r, now.Add(-time.Hour)) || b.take(r, now) {
		t.Error("more than the burst is let through")
	}
	if !b.take(r, now.Add(time.Second)) {
		t.Error("a second later nothing is let through")
	}
}
