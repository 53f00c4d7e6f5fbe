//go:build steppedclock

// Package clock is the time of day of a pod, in a build for the fault campaign: each SIGUSR1 sets it two minutes ahead,
// each SIGUSR2 two minutes back.
package clock

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"usher.chat/runtime/clock/clocktest"
)

// Step is how far one signal sets the clock.
const Step = 2 * time.Minute

var (
	ahead  atomic.Int64
	listen = sync.OnceFunc(func() {
		signals := make(chan os.Signal, 16)
		signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
		go func() {
			for s := range signals {
				if s == syscall.SIGUSR1 {
					ahead.Add(int64(Step))
				} else {
					ahead.Add(-int64(Step))
				}
			}
		}()
	})
)

// Now is the time of day as it was set. As with a machine's clock, what is measured between two calls has no step in it.
func Now() time.Time {
	listen()
	return clocktest.Stepped(time.Now(), time.Duration(ahead.Load()))
}
