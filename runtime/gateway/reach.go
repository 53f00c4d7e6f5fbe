package gateway

import (
	"context"
	"time"

	"usher.chat/runtime/desk"
)

// A client may have been answered by another pod a moment ago, and this one be a few milliseconds behind: it must not
// tell the client what was before that (ADR 13).

// reachWithin is how long this pod tries to get as far as a client is.
const reachWithin = 3 * time.Second

// signedInJustNow is how long after a sign-in another pod may not know of it.
const signedInJustNow = 10 * time.Second

// reach returns when this pod's copy is as far as a client that comes with a sequence, or cannot get there.
func (g *Gateway) reach(ctx context.Context, seq uint64) {
	behind := false
	g.hub.read(func(s *desk.State) { behind = s.Seq < seq })
	if behind {
		g.sync(ctx) // the router's own position: what the client says may be anything
	}
}

// sync brings this pod's copy to where the router is, and tells whether it did.
func (g *Gateway) sync(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	result, err := g.o.Router.Do(ctx, desk.Sync{})
	if err != nil {
		return false
	}
	g.hub.wait(result.Seq)
	return true
}

// justNow tells whether a session that ends at an instant began a moment ago.
func (g *Gateway) justNow(expires time.Time) bool {
	return g.o.Clock().Sub(expires.Add(-agentSession)) < signedInJustNow
}
