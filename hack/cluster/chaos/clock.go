package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// ClockVariable must be "yes" in the environment of whoever changes the machine's time. Set it only where the machine is
// nobody else's.
const ClockVariable = "USHER_CLOCK_MAY_STEP"

// ErrClockNotOurs says that the machine's time may belong to others.
var ErrClockNotOurs = errors.New("the machine's time is not changed unless " + ClockVariable + "=yes says that the machine is the test's own")

// WithClockStepped changes the machine's time by a step, forwards or backwards, for as long as during runs, and brings it
// back: to what it would be by now, by the monotonic clock, also when during panics, and when this process is killed. It
// fails with ErrClockNotOurs, and during does not run, without the permission of the environment.
func WithClockStepped(ctx context.Context, step time.Duration, during func(context.Context) error) error {
	if os.Getenv(ClockVariable) != "yes" {
		return ErrClockNotOurs
	}
	return machineClock().stepped(ctx, step, during)
}

// A clock of a machine: time of day and time since the start, both in nanoseconds, and who sets the former.
type clock struct {
	realtime, monotonic func() (int64, error)
	set                 func(realtime int64) error
	// guard starts a process that brings the time back when its input ends without the word "kept".
	guard func(realtime, monotonic int64) (io.WriteCloser, func() error, error)
}

func machineClock() clock {
	read := func(id int32) func() (int64, error) {
		return func() (int64, error) {
			var t unix.Timespec
			if err := unix.ClockGettime(id, &t); err != nil {
				return 0, fmt.Errorf("read the machine's clock: %w", err)
			}
			return t.Nano(), nil
		}
	}
	return clock{
		realtime: read(unix.CLOCK_REALTIME),
		// With the time that the machine slept, as /proc/uptime, by which the guard counts.
		monotonic: read(unix.CLOCK_BOOTTIME),
		set: func(realtime int64) error {
			t := unix.NsecToTimespec(realtime)
			if err := unix.ClockSettime(unix.CLOCK_REALTIME, &t); err != nil {
				return fmt.Errorf("set the machine's clock: %w", err)
			}
			return nil
		},
		guard: func(realtime, monotonic int64) (io.WriteCloser, func() error, error) {
			return startGuard("date -s", realtime, monotonic)
		},
	}
}

func (c clock) stepped(ctx context.Context, step time.Duration, during func(context.Context) error) (err error) {
	realtime, err := c.realtime()
	if err != nil {
		return err
	}
	monotonic, err := c.monotonic()
	if err != nil {
		return err
	}
	input, ended, err := c.guard(realtime, monotonic)
	if err != nil {
		return err
	}
	defer func() {
		now, failed := c.monotonic()
		if failed == nil {
			failed = c.set(realtime + now - monotonic)
		}
		word := "kept\n"
		if failed != nil {
			word = "" // The guard tries it too.
		}
		_, wrote := io.WriteString(input, word)
		err = errors.Join(err, failed, wrote, input.Close(), ended())
	}()
	if err := c.set(realtime + step.Nanoseconds()); err != nil {
		return err
	}
	return during(ctx)
}

// startGuard runs a shell that outlives a killed test and then sets the time by the machine's uptime.
func startGuard(setter string, realtime, monotonic int64) (io.WriteCloser, func() error, error) {
	const script = `word=; read -r word
		if [ "$word" != kept ]; then
			now=$(awk -v r="$1" -v m="$2" '{ printf "%.2f", r + $1 - m }' /proc/uptime)
			$3 "@$now" >/dev/null
		fi`
	seconds := func(ns int64) string { return fmt.Sprintf("%d.%09d", ns/1e9, ns%1e9) }
	cmd := exec.Command("/bin/sh", "-c", script, "sh", seconds(realtime), seconds(monotonic), setter)
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("guard the machine's clock: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("guard the machine's clock: %w", err)
	}
	return input, cmd.Wait, nil
}
