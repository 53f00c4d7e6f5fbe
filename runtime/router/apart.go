package router

import (
	"sync"
	"time"
)

// apartAfter is for how long another pod leads that this one cannot reach until this one is apart: longer than the lease
// of one that is gone, and than the pauses between two leaders.
const apartAfter = 2 * time.Second

// apart knows whether this pod is cut off from one that leads: not from the ledger, which says that somebody does. Nobody
// can be served here then, and elsewhere they can.
type apart struct {
	mu    sync.Mutex
	since time.Time // zero while it is not cut off
	is    bool
	tell  func(bool) // nil for nobody
}

// cut notes that a leader was there and could not be reached.
func (a *apart) cut(now time.Time) {
	a.mu.Lock()
	if a.since.IsZero() {
		a.since = now
	}
	changed := !a.is && now.Sub(a.since) >= apartAfter
	a.is = a.is || changed
	a.mu.Unlock()
	if changed && a.tell != nil {
		a.tell(true)
	}
}

// over notes that the leader was reached, or that nobody is known to lead.
func (a *apart) over() {
	a.mu.Lock()
	changed := a.is
	a.since, a.is = time.Time{}, false
	a.mu.Unlock()
	if changed && a.tell != nil {
		a.tell(false)
	}
}
