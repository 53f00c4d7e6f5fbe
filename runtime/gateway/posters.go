package gateway

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"usher.chat/runtime/desk"
)

// posters bounds the commands that come by HTTP, each principal's like those of one socket.
type posters struct {
	rates Rates
	mu    sync.Mutex
	by    map[desk.Principal]*poster
}

type poster struct {
	limit *rate.Limiter
	last  time.Time
}

// postersKept is how many principals are remembered before those are dropped who did nothing for a
// while: by then their buckets are full again, so nothing is forgotten.
const postersKept = 4096

func newPosters(rates Rates) *posters {
	return &posters{rates: rates, by: map[desk.Principal]*poster{}}
}

func (p *posters) allow(who desk.Principal, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.by[who]
	if known == nil {
		if len(p.by) >= postersKept {
			for other, idle := range p.by {
				if now.Sub(idle.last) > time.Minute {
					delete(p.by, other)
				}
			}
		}
		limits := p.rates.Customer
		if who[0] == 'a' {
			limits = p.rates.Agent
		}
		known = &poster{limit: limits.limiter()}
		p.by[who] = known
	}
	known.last = now
	return known.limit.AllowN(now, 1)
}
