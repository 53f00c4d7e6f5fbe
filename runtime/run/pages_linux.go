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
// from the page cache at their next use, by a minor fault. Only parts that are as the file has them are
// named: a part that is read-only may still have been written to, as the addresses of shared functions
// are in a program that is linked with C, and would come back without that. An error changes nothing: it
// costs memory, not correctness.
func dropStartupPages() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer func() { _ = maps.Close() }()
	var from, to uintptr // of a part of the program; 0 for anything else
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		var begin, end uintptr
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &begin, &end, &rights); err == nil {
			if from, to = 0, 0; strings.HasSuffix(line, program) && !strings.Contains(rights, "w") {
				from, to = begin, end
			}
			continue
		}
		var written int
		if _, err := fmt.Sscanf(line, "Anonymous: %d kB", &written); err != nil || from == 0 || written > 0 {
			continue
		}
		// The range is a mapping of the program, not of Go's heap: nothing moves or frees it.
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED); errno != 0 {
			return errno
		}
	}
	return nil
}
