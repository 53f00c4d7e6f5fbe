package run

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Memory that a rush left behind goes back to the system once the desk is quiet. Go does that by
// itself too, but lets the heap grow to twice of what lives first: with many sockets that are idle most
// of the time, that is what a pod would be measured and billed by.
const (
	trimEvery = 20 * time.Second
	// trimAbove is how much free memory is worth a collection.
	trimAbove = 4 << 20
	// trimBelow is the number of events in trimEvery below which a desk is quiet. Where anything goes on, an offer
	// would wait for the collection, and for the program's pages to be read again.
	trimBelow = 200
)

// trim runs until the context ends.
func (p *pod) trim(ctx context.Context) {
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	var last uint64
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		seq := p.archive.Position()
		if seq-last < trimBelow && (first || reclaimable() > trimAbove) {
			debug.FreeOSMemory()
			if err := dropStartupPages(); err != nil {
				p.log.Debug("pages of the program stay in memory", "error", err)
			}
		}
		last = seq
	}
}

// reclaimable is the memory that the process holds and does not need: free spans, and what of the heap
// is no longer alive.
func reclaimable() uint64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}
	metrics.Read(samples)
	free, objects, live := samples[0].Value.Uint64(), samples[1].Value.Uint64(), samples[2].Value.Uint64()
	if objects > live {
		free += objects - live
	}
	return free
}
