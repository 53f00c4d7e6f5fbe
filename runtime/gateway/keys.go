package gateway

import (
	"errors"
	"sync"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// Session keys have 7 digits, so they could be guessed if one could try for long (feature R9).
const (
	// triesFrom is how many wrong keys one address may try within keyWindow, triesAll how many all
	// together may on this pod: addresses can be had in numbers.
	triesFrom = 10
	triesAll  = 200
	keyWindow = 15 * time.Minute
	// addressesKept bounds what is remembered.
	addressesKept = 4096
)

// keyGuard keeps those from trying more who tried too many wrong keys.
type keyGuard struct {
	mu   sync.Mutex
	from map[string]*tries
	all  tries
}

type tries struct {
	wrong int
	since time.Time
	until time.Time // locked until
}

func newKeyGuard() *keyGuard { return &keyGuard{from: map[string]*tries{}} }

// locked tells how long an address may not try; 0 when it may.
func (k *keyGuard) locked(from string, now time.Time) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	wait := k.all.until.Sub(now)
	if t := k.from[from]; t != nil {
		wait = max(wait, t.until.Sub(now))
	}
	return max(wait, 0)
}

// wrong notes a wrong key. When that was one too many it tells who is locked now, until when, and after
// how many tries.
func (k *keyGuard) wrong(from string, now time.Time) (lock desk.LockKeys, locked bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.from[from]
	if t == nil {
		if len(k.from) >= addressesKept {
			for other, old := range k.from {
				if now.Sub(old.since) > keyWindow && now.After(old.until) {
					delete(k.from, other)
				}
			}
		}
		t = &tries{}
		if len(k.from) < addressesKept { // beyond that the limit of all holds
			k.from[from] = t
		}
	}
	if t.count(now, triesFrom) {
		return desk.LockKeys{Source: from, Tries: t.wrong, Until: desk.Millis(t.until)}, true
	}
	if k.all.count(now, triesAll) {
		return desk.LockKeys{Source: "everybody", Tries: k.all.wrong, Until: desk.Millis(k.all.until)}, true
	}
	return desk.LockKeys{}, false
}

// count tells whether this try was the one too many.
func (t *tries) count(now time.Time, most int) bool {
	if now.Sub(t.since) > keyWindow {
		t.wrong, t.since = 0, now
	}
	t.wrong++
	if t.wrong < most || now.Before(t.until) {
		return false
	}
	t.until = now.Add(keyWindow)
	return true
}

// guarded checks what a customer's join leads by before the desk sees it: a support link's signature, whether
// its address may try a session key, and what the site sealed about the customer.
func (g *Gateway) guarded(c protocol.Command, by *who) *protocol.Error {
	if c.Type != protocol.TypeJoin || by.agent != "" {
		return nil
	}
	if c.Key != "" {
		if wait := g.keys.locked(by.from, g.o.Clock()); wait > 0 {
			return &protocol.Error{Code: string(desk.KeyLocked), RetryAfterMS: wait.Milliseconds(),
				Message: "Too many wrong session keys were tried. Try again later, or ask the agent for a link."}
		}
	}
	by.secure = g.opened(c.Secure)
	if c.Link == "" {
		return nil
	}
	s, bad := g.supportLink(c.Link, by.channel)
	if bad != nil {
		return bad
	}
	by.link = desk.Target{Kind: desk.TargetKind(s.Kind), Name: s.Name}
	return nil
}

// triesKey tells whether a command is a join by a session key.
func triesKey(c protocol.Command) bool { return c.Type == protocol.TypeJoin && c.Key != "" }

// tried notes the answer to one, from an address.
func (g *Gateway) tried(from string, err error) {
	var refused *desk.Error
	if !errors.As(err, &refused) || refused.Code != desk.KeyInvalid {
		return
	}
	if lock, locked := g.keys.wrong(from, g.o.Clock()); locked {
		g.log.Warn("session keys are locked for an address", "address", lock.Source, "tries", lock.Tries)
		g.o.Router.Submit(lock, func(_ router.Result, err error) {
			if err != nil {
				g.log.Error("the lock of session keys is not in the log", "error", err)
			}
		})
	}
}
