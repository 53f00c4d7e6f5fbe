package run

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// The collector goes over all that lives each time the heap has doubled. A desk of a hundred conversations lives in a few
// megabytes: it would be collected tens of times a second while they talk. So the heap may grow to heapLeast first; a
// larger one is collected as usual.
const (
	heapLeast = 32 << 20
	// percentMost bounds how many times over what lives may be garbage, in hundredths.
	percentMost = 1000
)

// heapPercent is GOGC for a heap of which so much lives.
func heapPercent(live uint64) int {
	const usual = 100
	if live == 0 {
		return percentMost
	}
	if live >= heapLeast {
		return usual
	}
	return int(min(max((heapLeast-live)*100/live, usual), percentMost))
}

// collectLess keeps the garbage collector from small heaps until stop is called. Who has set GOGC has it so.
func collectLess() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	c := &collecting{}
	c.was = debug.SetGCPercent(c.set(heapPercent(live())))
	c.again()
	return func() {
		if !c.over.Swap(true) {
			debug.SetGCPercent(c.was)
		}
	}
}

// collecting sets how much garbage there may be after each collection, by what that left.
type collecting struct {
	was, now int
	over     atomic.Bool
}

func (c *collecting) set(percent int) int {
	c.now = percent
	return percent
}

// again waits for the end of the next collection: that finds an object which nobody has.
func (c *collecting) again() {
	marker := &struct{ _ [64]byte }{}
	runtime.AddCleanup(marker, func(c *collecting) {
		if c.over.Load() {
			return
		}
		// Setting it stops the program for a moment: not for little.
		if percent := heapPercent(live()); percent < c.now*9/10 || percent > c.now*11/10 {
			debug.SetGCPercent(c.set(percent))
		}
		c.again()
	}, c)
}

// live is how much of the heap was alive at the last collection.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
