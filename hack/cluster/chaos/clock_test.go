package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pretended is a machine's clock that is nobody's.
type pretended struct {
	realtime, monotonic int64
	words               strings.Builder
}

func (p *pretended) Write(b []byte) (int, error) { return p.words.Write(b) }
func (p *pretended) Close() error                { return nil }

func (p *pretended) clock() clock {
	return clock{
		realtime:  func() (int64, error) { return p.realtime, nil },
		monotonic: func() (int64, error) { return p.monotonic, nil },
		set:       func(realtime int64) error { p.realtime = realtime; return nil },
		guard: func(int64, int64) (io.WriteCloser, func() error, error) {
			return p, func() error { return nil }, nil
		},
	}
}

// pass lets time go by on both.
func (p *pretended) pass(d time.Duration) {
	p.realtime += int64(d)
	p.monotonic += int64(d)
}

func TestTheClockIsSteppedAndBroughtBackToWhatItWouldBe(t *testing.T) {
	for _, step := range []time.Duration{2 * time.Minute, -2 * time.Minute} {
		p := &pretended{realtime: 1_000_000_000_000, monotonic: 5_000}
		failed := errors.New("what happened meanwhile")
		err := p.clock().stepped(t.Context(), step, func(context.Context) error {
			if got := time.Duration(p.realtime - 1_000_000_000_000); got != step {
				t.Errorf("stepped by %s, want %s", got, step)
			}
			p.pass(7 * time.Second)
			return failed
		})
		if !errors.Is(err, failed) {
			t.Error(err)
		}
		if got := time.Duration(p.realtime - 1_000_000_000_000); got != 7*time.Second {
			t.Errorf("after 7 s the time has moved by %s", got)
		}
		if p.words.String() != "kept\n" {
			t.Errorf("the guard was told %q", &p.words)
		}
	}
}

func TestAPanicBringsTheClockBackToo(t *testing.T) {
	p := &pretended{realtime: 1_000_000_000_000}
	func() {
		defer func() { _ = recover() }()
		_ = p.clock().stepped(t.Context(), time.Hour, func(context.Context) error { panic("over") })
	}()
	if p.realtime != 1_000_000_000_000 {
		t.Errorf("the time is off by %s", time.Duration(p.realtime-1_000_000_000_000))
	}
}

func TestTheMachinesTimeIsNotTouchedWithoutPermission(t *testing.T) {
	t.Setenv(ClockVariable, "")
	err := WithClockStepped(t.Context(), time.Second, func(context.Context) error {
		t.Error("it ran")
		return nil
	})
	if !errors.Is(err, ErrClockNotOurs) {
		t.Error(err)
	}
}

// The setter writes down what it is told instead of setting the time.
func TestTheGuardSetsTheTimeWhenItsInputEndsAndNotWhenItIsToldThatTheTimeIsKept(t *testing.T) {
	for word, want := range map[string]bool{"": true, "kept\n": false} {
		said := filepath.Join(t.TempDir(), "said")
		setter := filepath.Join(t.TempDir(), "set")
		if err := os.WriteFile(setter, []byte("#!/bin/sh\necho \"$1\" > "+said+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		var up unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
			t.Fatal(err)
		}
		// A machine whose time of day is 1000 s, since 100 s.
		input, ended, err := startGuard(setter, 1000e9, up.Nano()-100e9)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(input, word)
		_ = input.Close()
		if err := ended(); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(said)
		if !want {
			if !os.IsNotExist(err) {
				t.Errorf("the time was set although it was kept: %s", raw)
			}
			continue
		}
		var at float64
		if _, err := fmt.Sscanf(string(raw), "@%f", &at); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if at < 1100-0.5 || math.Abs(at-1100) > 60 {
			t.Errorf("the time was set to %.2f, want a little more than 1100", at)
		}
	}
}
