package gateway

import "time"

// bucket bounds how often one socket may do something. The zero bucket is full. It is small, for there is one for
// each of many thousands, and not for several goroutines: only the one that reads from the socket asks.
type bucket struct {
	used  float64 // of the burst
	since int64   // when it was so, in nanoseconds
}

// take takes one if there is one.
func (b *bucket) take(r Rate, now time.Time) bool {
	at := now.UnixNano()
	if at > b.since { // a clock that was set back gives nothing
		b.used = max(0, b.used-float64(at-b.since)/float64(time.Second)*r.PerSecond)
		b.since = at
	}
	if b.used+1 > float64(r.Burst) {
		return false
	}
	b.used++
	return true
}
