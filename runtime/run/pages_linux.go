package run

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// dropStartupPages lets the process forget the pages of its own program that it has read so far. Most of
// them hold what runs once, while the packages of the whole binary start; those still in use come back
// from the page cache at their next use, by a minor fault. Only the read-only parts are named, which
// cannot differ from the file. An error changes nothing: it costs memory, not correctness.
func dropStartupPages() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer func() { _ = maps.Close() }()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		var from, to uintptr
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil {
			continue
		}
		if !strings.HasSuffix(line, program) || strings.Contains(rights, "w") {
			continue
		}
		// The range is a mapping of the program, not of Go's heap: nothing moves or frees it.
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED); errno != 0 {
			return errno
		}
	}
	return nil
}
