package machine

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// A mount is one line of /proc/self/mountinfo.
type mount struct {
	Point, Type, SuperOptions string
}

// ParseMounts reads the mount table, oldest first. Lines of another form are left out.
func ParseMounts(mountinfo []byte) []mount {
	var mounts []mount
	for line := range strings.Lines(string(mountinfo)) {
		// 36 35 98:0 / /point options optional-fields... - type source super-options
		before, after, found := strings.Cut(strings.TrimSpace(line), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !found || len(left) < 5 || len(right) < 3 {
			continue
		}
		mounts = append(mounts, mount{Point: unescapeMount(left[4]), Type: right[0], SuperOptions: right[2]})
	}
	return mounts
}

// unescapeMount undoes the octal escapes of the kernel for blanks and backslashes.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// MountsBelow are the mount points at or below a directory, last mounted first.
func MountsBelow(mountinfo []byte, dir string) []string {
	var points []string
	for _, m := range ParseMounts(mountinfo) {
		if m.Point == dir || strings.HasPrefix(m.Point, dir+"/") {
			points = append([]string{m.Point}, points...)
		}
	}
	return points
}

// UnmountBelow unmounts everything at or below a directory: the volumes and root file systems of pods.
func UnmountBelow(dir string) error {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read the mount table: %w", err)
	}
	var problems []error
	for _, point := range MountsBelow(raw, dir) {
		// Detached: a process that is just ending may still hold a file in it.
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			problems = append(problems, fmt.Errorf("unmount %s: %w", point, err))
		}
	}
	return errors.Join(problems...)
}
