package gateway

import "time"

// bucket bounds how often one socket, or one who comes by HTTP, may do something. The zero bucket is full. It is
// small, for there is one for each of many thousands, and not for several goroutines: only the one that reads from
// the socket asks, or who holds the lock of those who come by HTTP.
type bucket struct {
	used  float64 // of the burst
	since int64   // when it was so, in nanoseconds since the gateway began
}

// take takes one if there is one, by the time since the gateway began.
func (b *bucket) take(r Rate, now time.Duration) bool {
	b.used = max(0, b.used-(now-time.Duration(b.since)).Seconds()*r.PerSecond)
	b.since = int64(now)
	if b.used+1 > float64(r.Burst) {
		return false
	}
	b.used++
	return true
}
