package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrGone says that nothing of a pod runs.
var ErrGone = errors.New("no process of the pod runs")

// Kill ends every process of the pod's containers with SIGKILL, as an out-of-memory killer does. The kubelet starts the
// containers again. It fails with ErrGone when nothing ran.
func (c *Cluster) Kill(_ context.Context, p Pod) error { return c.Signal(p, syscall.SIGKILL) }

// Freeze stops every process of the pod's containers with SIGSTOP: it keeps its connections, and does nothing. A probe
// that fails for long enough makes the kubelet kill it.
func (c *Cluster) Freeze(_ context.Context, p Pod) error {
	c.mu.Lock()
	c.frozen[p.UID] = p
	c.mu.Unlock()
	return c.Signal(p, syscall.SIGSTOP)
}

// Thaw lets a frozen pod go on.
func (c *Cluster) Thaw(_ context.Context, p Pod) error {
	c.mu.Lock()
	delete(c.frozen, p.UID)
	c.mu.Unlock()
	return c.Signal(p, syscall.SIGCONT)
}

// signal sends any signal to every process of the pod's containers.
// Signal sends a signal to every process of the pod's containers.
func (c *Cluster) Signal(p Pod, s syscall.Signal) error {
	pids, err := c.Processes(p)
	if err != nil {
		return err
	}
	sent := 0
	for _, pid := range pids {
		switch err := syscall.Kill(pid, s); {
		case errors.Is(err, syscall.ESRCH):
		case err != nil:
			return fmt.Errorf("send %s to the process %d of the pod %s: %w", s, pid, p.Name, err)
		default:
			sent++
		}
	}
	if sent == 0 {
		return fmt.Errorf("send %s to the pod %s: %w", s, p.Name, ErrGone)
	}
	return nil
}

// Processes of the pod's containers, by their numbers on this machine. The process that holds the pod's network is none
// of them.
func (c *Cluster) Processes(p Pod) ([]int, error) {
	n, err := c.node(p.Node)
	if err != nil {
		return nil, err
	}
	if p.UID == "" {
		return nil, errors.New("a pod without a uid: look it up first")
	}
	var pids []int
	for _, pid := range c.groups.Processes(n.CgroupRoot) {
		group, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cgroup"))
		if err != nil || !strings.Contains(string(group), "/pod"+p.UID+"/") {
			continue // It ended meanwhile, or is another pod's.
		}
		command, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err == nil && !strings.HasPrefix(string(command), "/pause\x00") {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
