package machine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Daemon is a background process of the cluster. Its pid file and its log carry its name.
type Daemon struct {
	// Name is also that of the component in `status`; Node is empty for the control plane.
	Name, Node string
	// Netns is the network namespace that it runs in; empty is the machine's.
	Netns string
	// Command is the program and its arguments.
	Command []string
	// Healthy says whether it does its work; it is asked again and again after a start, so it must be quick.
	Healthy func(ctx context.Context) error
}

// ID is unique in the cluster.
func (d Daemon) ID() string {
	if d.Node == "" {
		return d.Name
	}
	return d.Name + "-" + d.Node
}

// A Record is what a pid file holds. The start time tells our process from a later one that got its number.
type Record struct {
	PID int `json:"pid"`
	// Started is in clock ticks since the machine's start.
	Started uint64 `json:"started"`
	// Netns and Command are as in the Daemon: enough to start it again as it was.
	Netns   string   `json:"netns,omitempty"`
	Command []string `json:"command,omitempty"`
}

// Alive is true while the process that was recorded runs. A process that ended and was not collected does not run.
func (r Record) Alive() bool {
	state, started, err := ProcessStat(r.PID)
	return err == nil && started == r.Started && state != 'Z' && state != 'X'
}

// ProcessStat reads the state letter and the start time of a process.
func ProcessStat(pid int) (state byte, started uint64, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	return ParseStat(raw)
}

// ParseStat takes the third and the twenty-second field. The second is the program's name in parentheses and may hold
// spaces and parentheses itself.
func ParseStat(raw []byte) (state byte, started uint64, err error) {
	end := bytes.LastIndexByte(raw, ')')
	if end < 0 {
		return 0, 0, errors.New("no process name in stat")
	}
	fields := strings.Fields(string(raw[end+1:]))
	if len(fields) < 20 {
		return 0, 0, fmt.Errorf("stat has only %d fields after the name", len(fields))
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("start time in stat: %w", err)
	}
	return fields[0][0], started, nil
}

// Daemons keeps the background processes of one state directory.
type Daemons struct {
	Dir string
}

func (s Daemons) PIDFile(id string) string { return filepath.Join(s.Dir, "run", id+".pid") }

// LogFile is where a daemon writes what it has to say.
func (s Daemons) LogFile(id string) string { return filepath.Join(s.Dir, "log", id+".log") }

// Find gives the recorded process if it still runs.
func (s Daemons) Find(id string) (Record, bool) {
	raw, err := os.ReadFile(s.PIDFile(id))
	if err != nil {
		return Record{}, false
	}
	var r Record
	if err := json.Unmarshal(raw, &r); err != nil {
		return Record{}, false
	}
	return r, r.Alive()
}

// Start runs a daemon in a session of its own, so that it outlives this program, unless it runs already.
func (s Daemons) Start(d Daemon) error {
	if _, running := s.Find(d.ID()); running {
		return nil
	}
	for _, dir := range []string{"run", "log"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, dir), 0o755); err != nil {
			return fmt.Errorf("make the directory for %s: %w", d.Name, err)
		}
	}
	log, err := os.OpenFile(s.LogFile(d.ID()), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", d.Name, err)
	}
	defer log.Close()
	command := d.Command
	if d.Netns != "" {
		// nsenter, not `ip netns exec`: that one mounts a new /sys, and the kubelet then finds no cgroups.
		command = append([]string{"nsenter", "--net=" + NetnsPath(d.Netns)}, command...)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.Dir
	cmd.Env = Environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	// What the caller has open, such as a lock, is not to be held by a daemon for as long as it lives.
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("start %s: keep files to ourselves: %w", d.Name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", d.Name, err)
	}
	// Collected when it ends early, so that find sees that it is gone.
	go func() { _ = cmd.Wait() }()
	_, started, err := ProcessStat(cmd.Process.Pid)
	if err != nil {
		return s.failed(d, errors.New("it ended at once"))
	}
	record, err := json.Marshal(Record{PID: cmd.Process.Pid, Started: started, Netns: d.Netns, Command: d.Command})
	if err != nil {
		return fmt.Errorf("record %s: %w", d.Name, err)
	}
	if err := os.WriteFile(s.PIDFile(d.ID()), record, 0o644); err != nil {
		_ = cmd.Process.Kill()
		return fmt.Errorf("record %s: %w", d.Name, err)
	}
	return nil
}

// Kill ends a daemon without a word, as a crash does. Its pid file stays, so that Again can start it.
func (s Daemons) Kill(ctx context.Context, id string) error {
	record, running := s.Find(id)
	if !running {
		return nil
	}
	if err := syscall.Kill(record.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s (pid %d): %w", id, record.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, killLimit)
	defer cancel()
	if err := Poll(ctx, func() (bool, error) { return !record.Alive(), nil }); err != nil {
		return fmt.Errorf("kill %s (pid %d): %w", id, record.PID, err)
	}
	return nil
}

// Again starts a daemon as it was started before, unless it runs.
func (s Daemons) Again(id string) error {
	record, running := s.Find(id)
	if running {
		return nil
	}
	if len(record.Command) == 0 {
		return fmt.Errorf("start %s again: %s does not say how", id, s.PIDFile(id))
	}
	return s.Start(Daemon{Name: id, Netns: record.Netns, Command: record.Command})
}

// Environment is a small, fixed environment: proxies and locales of the caller are none of the cluster's business.
func Environment() []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/", "LANG=C.UTF-8",
	}
}

// Await waits until the daemon is healthy. A daemon that ended is an error at once, with the end of its log.
func (s Daemons) Await(ctx context.Context, d Daemon, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := Poll(ctx, func() (bool, error) {
		if _, running := s.Find(d.ID()); !running {
			return false, s.failed(d, errors.New("it ended"))
		}
		if err := d.Healthy(ctx); err != nil {
			return false, nil
		}
		return true, nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return s.failed(d, fmt.Errorf("not healthy after %s: %w", limit, d.Healthy(context.WithoutCancel(ctx))))
	}
	return err
}

// A DaemonError says that a component did not come up, and shows the last lines of its log.
type DaemonError struct {
	Name, Log, Tail string
	Cause           error
}

func (e *DaemonError) Error() string {
	return fmt.Sprintf("%s does not run: %v; its log is %s and ends with:\n%s", e.Name, e.Cause, e.Log, e.Tail)
}

func (e *DaemonError) Unwrap() error { return e.Cause }

func (s Daemons) failed(d Daemon, cause error) error {
	raw, _ := os.ReadFile(s.LogFile(d.ID())) // No log is an empty tail.
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return &DaemonError{Name: d.ID(), Log: s.LogFile(d.ID()), Tail: strings.Join(lines[max(0, len(lines)-8):], "\n"), Cause: cause}
}

// Stop ends a daemon: first politely, after the limit by force. A daemon that does not run is none of our business.
func (s Daemons) Stop(ctx context.Context, id string, limit time.Duration) error {
	record, running := s.Find(id)
	if running {
		if err := End(ctx, record, limit); err != nil {
			return fmt.Errorf("end %s (pid %d): %w", id, record.PID, err)
		}
	}
	if err := os.Remove(s.PIDFile(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget %s: %w", id, err)
	}
	return nil
}

// killLimit is how long the system may take over a process that was killed: it asks no longer, but it may be busy.
const killLimit = time.Minute

// End sends TERM, waits until the limit, then KILL.
func End(ctx context.Context, r Record, limit time.Duration) error {
	gone := func() (bool, error) { return !r.Alive(), nil }
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(r.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		if signal == syscall.SIGKILL {
			limit = max(limit, killLimit)
		}
		wait, cancel := context.WithTimeout(ctx, limit)
		err := Poll(wait, gone)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.New("it does not end")
}

// Poll asks ten times a second until done, an error, or the end of the context.
func Poll(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
