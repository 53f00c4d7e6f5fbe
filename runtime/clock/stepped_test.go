//go:build steppedclock

package clock_test

import (
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/clock"
)

func TestASignalSetsTheClockTwoMinutesAheadAndAnotherBack(t *testing.T) {
	off := func() time.Duration {
		return time.Duration(clock.Now().UnixNano() - time.Now().UnixNano()).Round(time.Minute)
	}
	if off() != 0 {
		t.Fatalf("the clock is off by %s before any signal", off())
	}
	for _, step := range []struct {
		signal syscall.Signal
		off    time.Duration
	}{{syscall.SIGUSR1, clock.Step}, {syscall.SIGUSR2, 0}, {syscall.SIGUSR2, -clock.Step}, {syscall.SIGUSR1, 0}} {
		if err := syscall.Kill(syscall.Getpid(), step.signal); err != nil {
			t.Fatal(err)
		}
		for over := time.Now().Add(time.Minute); off() != step.off; time.Sleep(time.Millisecond) {
			if time.Now().After(over) {
				t.Fatalf("the clock is off by %s, want %s", off(), step.off)
			}
		}
	}
}
