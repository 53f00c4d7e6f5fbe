package gateway

import (
	"maps"
	"sync"
	"time"

	"usher.chat/runtime/desk"
)

// posters bounds the commands that come by HTTP, each principal's like those of one socket.
type posters struct {
	rates Rates
	mu    sync.Mutex
	by    map[desk.Principal]bucket
	swept time.Duration // when they were looked through, since the gateway began
}

// postersKept is how many principals are remembered before those are dropped who did nothing for a
// while: by then their buckets are full again, so nothing is forgotten. They are looked through once in
// sweepPosters, not for each who comes.
const (
	postersKept  = 4096
	sweepPosters = 10 * time.Second
)

func newPosters(rates Rates) *posters {
	return &posters{rates: rates, by: map[desk.Principal]bucket{}}
}

func (p *posters) allow(who desk.Principal, now time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, there := p.by[who]
	if !there && len(p.by) >= postersKept && now-p.swept >= sweepPosters {
		p.swept = now
		maps.DeleteFunc(p.by, func(_ desk.Principal, b bucket) bool { return now-time.Duration(b.since) > time.Minute })
	}
	limits := p.rates.Customer
	if who[0] == 'a' {
		limits = p.rates.Agent
	}
	may := known.take(limits, now)
	p.by[who] = known
	return may
}
