package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Shims are the processes that hold containers for the containerd of a socket.
func Shims(socket string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		raw, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && IsShim(strings.Split(string(raw), "\x00"), socket) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// IsShim tells such a process by its command line.
func IsShim(args []string, socket string) bool {
	return len(args) > 0 && strings.HasPrefix(filepath.Base(args[0]), "containerd-shim") && slices.Contains(args, socket)
}
