package machine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Cgroups are how this machine keeps account of groups of processes: version 2 is one tree, version 1 a tree a resource.
type Cgroups struct {
	// Version is 1 or 2.
	Version int
	// Trees are where the trees are mounted: one for version 2, several for version 1.
	Trees []string
	// Beside are trees without controllers, of version 2 on a machine of version 1: runc makes groups there too, so they
	// are cleaned up, but nothing is prepared in them.
	Beside []string
}

// A CgroupError says why pods cannot be limited here.
type CgroupError struct{ Reason string }

func (e *CgroupError) Error() string {
	return "this machine's cgroups cannot hold pods: " + e.Reason + "; in a container, start it with --privileged and the host's /sys/fs/cgroup"
}

// FindCgroups reads the mount table, in the form of /proc/self/mountinfo.
func FindCgroups(mountinfo []byte) (Cgroups, error) {
	var c Cgroups
	controllers := map[string]bool{}
	for _, m := range ParseMounts(mountinfo) {
		switch {
		case m.Type == "cgroup2" && m.Point == "/sys/fs/cgroup":
			return Cgroups{Version: 2, Trees: []string{m.Point}}, nil
		case m.Type == "cgroup2":
			c.Beside = append(c.Beside, m.Point)
		case m.Type == "cgroup":
			c.Trees = append(c.Trees, m.Point)
			for _, o := range strings.Split(m.SuperOptions, ",") {
				controllers[o] = true
			}
		}
	}
	if len(c.Trees) == 0 {
		return c, &CgroupError{Reason: "none are mounted"}
	}
	for _, needed := range []string{"cpu", "cpuset", "memory", "pids"} {
		if !controllers[needed] {
			return c, &CgroupError{Reason: "the " + needed + " controller is missing"}
		}
	}
	c.Version = 1
	return c, nil
}

// Make makes a group in every tree. The kubelet takes a group as its root only if it is there beforehand.
func (c Cgroups) Make(group string) error {
	for _, tree := range c.Trees {
		dir := filepath.Join(tree, group)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the cgroup %s: %w", dir, err)
		}
		var err error
		if c.Version == 2 {
			err = enableControllers(tree, group)
		} else {
			err = copyCpuset(tree, group)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyCpuset gives the group its parent's processors and memory nodes: version 1 begins with none, and then nothing may
// be put in. Other trees have no such files.
func copyCpuset(tree, group string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(tree, file))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the machine's %s: %w", file, err)
		}
		if err := os.WriteFile(filepath.Join(tree, group, file), bytes.TrimSpace(value), 0o644); err != nil {
			return fmt.Errorf("set %s of the cgroup %s: %w", file, group, err)
		}
	}
	return nil
}

// enableControllers hands every controller that the machine has down to the group and to its children.
func enableControllers(tree, group string) error {
	raw, err := os.ReadFile(filepath.Join(tree, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("read the machine's cgroup controllers: %w", err)
	}
	have := strings.Fields(string(raw))
	for _, needed := range []string{"cpu", "cpuset", "memory", "pids"} {
		if !slices.Contains(have, needed) {
			return &CgroupError{Reason: "the " + needed + " controller is missing"}
		}
	}
	for _, dir := range []string{tree, filepath.Join(tree, group)} {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+strings.Join(have, " +")), 0o644); err != nil {
			return fmt.Errorf("enable cgroup controllers below %s: %w", dir, err)
		}
	}
	return nil
}

// Processes are all that are in the group or below it, in any tree.
func (c Cgroups) Processes(group string) []int {
	var pids []int
	c.walk(group, func(dir string) {
		raw, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs")) // A group that went away meanwhile holds nobody.
		for _, field := range strings.Fields(string(raw)) {
			var pid int
			if _, err := fmt.Sscan(field, &pid); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
	})
	slices.Sort(pids)
	return slices.Compact(pids)
}

// Remove takes the group and all below it away, children first. It fails while processes are inside.
func (c Cgroups) Remove(group string) error {
	var dirs []string
	c.walk(group, func(dir string) { dirs = append(dirs, dir) })
	slices.Reverse(dirs)
	var problems []error
	for _, dir := range dirs {
		if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, syscall.ENOENT) {
			problems = append(problems, fmt.Errorf("remove the cgroup %s: %w", dir, err))
		}
	}
	return errors.Join(problems...)
}

// walk visits the group and all below it, parents first. Links and files are not groups.
func (c Cgroups) walk(group string, visit func(dir string)) {
	for _, tree := range slices.Concat(c.Trees, c.Beside) {
		_ = filepath.WalkDir(filepath.Join(tree, group), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				visit(path)
			}
			return nil
		})
	}
}

// LookAtCgroups are those of this machine.
func LookAtCgroups() (Cgroups, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return Cgroups{}, fmt.Errorf("read the mount table: %w", err)
	}
	return FindCgroups(raw)
}
