package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"usher.chat/hack/cluster/machine"
)

// A rootError says that a command needs rights over the machine.
type rootError struct{ Command string }

func (e *rootError) Error() string {
	return fmt.Sprintf("a local cluster makes network namespaces and mounts, so `%s` must run as root: try it with sudo -E, or give a cluster with --kubeconfig, or install docker and kind", e.Command)
}

// checkRoot is asked before anything is made or built.
func checkRoot(command string) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("a local cluster needs Linux, this is %s: give a cluster with --kubeconfig, or install docker and kind", runtime.GOOS)
	}
	if os.Geteuid() != 0 {
		return &rootError{Command: command}
	}
	return nil
}

// giveBack makes a file belong to the person who called sudo, so that kubectl needs none.
func giveBack(path string, getenv func(string) string) error {
	uid, err := strconv.Atoi(getenv("SUDO_UID"))
	if err != nil {
		return nil // Not by sudo.
	}
	gid, err := strconv.Atoi(getenv("SUDO_GID"))
	if err != nil {
		gid = uid
	}
	if err := os.Chown(path, uid, gid); err != nil {
		return fmt.Errorf("give %s to the caller of sudo: %w", filepath.Base(path), err)
	}
	return nil
}

// A tool is something of the machine that a local cluster uses.
type tool struct {
	// Command must be in the PATH, or Plugin among the CNI plugins.
	Command, Plugin string
	// Package is the Debian package that brings it.
	Package string
}

// tools lists all of them.
func tools() []tool {
	return []tool{
		{Command: "containerd", Package: "containerd"},
		{Command: "ctr", Package: "containerd"},
		{Command: "runc", Package: "runc"},
		{Command: "ip", Package: "iproute2"},
		{Command: "nsenter", Package: "util-linux"},
		{Command: "nft", Package: "nftables"},
		{Command: "conntrack", Package: "conntrack"},
		{Plugin: "ptp", Package: "containernetworking-plugins"},
		{Plugin: "host-local", Package: "containernetworking-plugins"},
		{Plugin: "loopback", Package: "containernetworking-plugins"},
	}
}

// pluginDirs are where distributions keep CNI plugins.
func pluginDirs() []string { return []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"} }

// findPlugins gives the directory that holds the CNI plugins, or "".
func findPlugins() string {
	for _, dir := range pluginDirs() {
		if machine.Exists(filepath.Join(dir, "ptp")) {
			return dir
		}
	}
	return ""
}

// missingTools are those that this machine does not have.
func missingTools() []tool {
	var missing []tool
	plugins := findPlugins()
	for _, t := range tools() {
		if t.Plugin != "" {
			if plugins == "" || !machine.Exists(filepath.Join(plugins, t.Plugin)) {
				missing = append(missing, t)
			}
		} else if _, err := exec.LookPath(t.Command); err != nil {
			missing = append(missing, t)
		}
	}
	return missing
}

// A missingToolsError says what to install where apt-get is not there to do it.
type missingToolsError struct{ Tools []tool }

func (e *missingToolsError) Error() string {
	var names []string
	for _, t := range e.Tools {
		name := t.Command
		if t.Plugin != "" {
			name = "the CNI plugin " + t.Plugin
		}
		names = append(names, fmt.Sprintf("%s (in Debian's package %s)", name, t.Package))
	}
	return "this machine lacks " + strings.Join(names, ", ") + ": install them and try again"
}

// ensureTools installs what is missing from the distribution.
func ensureTools(ctx context.Context, say console) error {
	missing := missingTools()
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return &missingToolsError{Tools: missing}
	}
	packages := map[string]bool{}
	install := []string{"apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600"}
	for _, t := range missing {
		if !packages[t.Package] {
			packages[t.Package] = true
			install = append(install, t.Package)
		}
	}
	say.step("installing %s from the distribution ...", strings.Join(install[7:], ", "))
	restore, err := forbidServices()
	if err != nil {
		return err
	}
	defer restore()
	for _, command := range [][]string{{"apt-get", "update", "-q"}, install} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, strings.TrimSpace(string(out)))
		}
	}
	if missing := missingTools(); len(missing) > 0 {
		return &missingToolsError{Tools: missing}
	}
	return nil
}

// forbidServices keeps the distribution from starting a containerd of its own when the package is installed: the cluster
// starts one that it can end again. Debian asks policy-rc.d before it starts a service.
func forbidServices() (restore func(), err error) {
	const policy = "/usr/sbin/policy-rc.d"
	if machine.Exists(policy) {
		return func() {}, nil
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return nil, fmt.Errorf("forbid to start services while installing: %w", err)
	}
	return func() { os.Remove(policy) }, nil
}

// A hostRecord is what the cluster changes about the machine outside its own directory, as it was before.
type hostRecord struct {
	// Sysctls are kernel settings that the kubelet writes, by their file.
	Sysctls map[string]string `json:"sysctls"`
	// Absent are paths that the programs make, whatever they are told, and that were not there.
	Absent []string `json:"absent"`
}

// kubeletSysctls are the kernel settings that a kubelet sets when it starts.
func kubeletSysctls() []string {
	return []string{
		"/proc/sys/vm/overcommit_memory", "/proc/sys/vm/panic_on_oom", "/proc/sys/kernel/panic",
		"/proc/sys/kernel/panic_on_oops", "/proc/sys/kernel/keys/root_maxkeys", "/proc/sys/kernel/keys/root_maxbytes",
	}
}

// strayPaths are directories that kubelet, containerd and the CNI plugins use whatever they are told.
func strayPaths() []string {
	return []string{"/var/lib/kubelet", "/var/log/containers", "/var/lib/cni", "/run/containerd", "/etc/cni", "/opt/cni"}
}

// recordHost writes down how the machine is, once, before the first start.
func recordHost(file string) error {
	if machine.Exists(file) {
		return nil
	}
	record := hostRecord{Sysctls: map[string]string{}}
	for _, path := range kubeletSysctls() {
		value, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("record the machine's settings: %w", err)
		}
		record.Sysctls[path] = strings.TrimSpace(string(value))
	}
	for _, path := range strayPaths() {
		if !machine.Exists(path) {
			record.Absent = append(record.Absent, path)
		}
	}
	raw, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return fmt.Errorf("record the machine's settings: %w", err)
	}
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		return fmt.Errorf("record the machine's settings: %w", err)
	}
	return nil
}

// restoreHost makes the machine what it was.
func restoreHost(file string) error {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the machine's settings of before: %w", err)
	}
	var record hostRecord
	if err := json.Unmarshal(raw, &record); err != nil {
		return fmt.Errorf("read the machine's settings of before: %w", err)
	}
	var problems []error
	for path, before := range record.Sysctls {
		now, err := os.ReadFile(path)
		if err == nil && strings.TrimSpace(string(now)) != before {
			err = os.WriteFile(path, []byte(before), 0o644)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("set %s back to %s: %w", path, before, err))
		}
	}
	for _, path := range record.Absent {
		problems = append(problems, removeEmpty(path))
	}
	return errors.Join(problems...)
}

// removeEmpty removes a tree of directories that holds nothing of value: ended sockets and dangling links may go, but as
// soon as there is a file or something that is alive, everything from there up stays.
func removeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into %s: %w", dir, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			err = removeEmpty(path)
		case e.Type()&fs.ModeSocket != 0:
			err = os.Remove(path)
		case e.Type()&fs.ModeSymlink != 0:
			if _, gone := os.Stat(path); errors.Is(gone, fs.ErrNotExist) {
				err = os.Remove(path)
			}
		}
		if err != nil {
			return err
		}
	}
	_ = os.Remove(dir) // Fails if something is left in it, which is the point.
	return nil
}
