package run

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestASmallHeapMayGrowBeforeItIsCollectedAndALargeOneDoubles(t *testing.T) {
	for live, want := range map[uint64]int{
		0: percentMost, 1 << 20: percentMost, 4 << 20: 700, 8 << 20: 300, 16 << 20: 100, 24 << 20: 100, heapLeast: 100, 1 << 30: 100,
	} {
		if got := heapPercent(live); got != want {
			t.Errorf("%d MiB live: %d %%, want %d", live>>20, got, want)
		}
	}
}

// percent is what is set now.
func percent() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

func TestHowOftenIsCollectedFollowsWhatLives(t *testing.T) {
	t.Setenv("GOGC", "")
	was := percent()
	stop := collectLess()
	t.Cleanup(stop)
	until := func(what string, ok func(int) bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !ok(percent()); time.Sleep(time.Millisecond) {
			if runtime.GC(); time.Now().After(deadline) {
				t.Fatalf("%s: %d %%", what, percent())
			}
		}
	}
	until("a small heap", func(p int) bool { return p > 100 })
	large := make([]byte, 2*heapLeast)
	until("a large heap", func(p int) bool { return p == 100 })
	runtime.KeepAlive(large)
	until("a small heap again", func(p int) bool { return p > 100 })
	stop()
	if p := percent(); p != was {
		t.Errorf("afterwards %d %%, before %d", p, was)
	}
}
