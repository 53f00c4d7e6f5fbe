//go:build linux

package disktest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// insideMounts in the environment says that this process may mount, in namespaces of its own.
const insideMounts = "USHER_TEST_MOUNTS"

// With runs a test with a directory on a small disk of memory: here when this process may mount, else in a process
// of its own which may, in user and mount namespaces with the same account.
func With(t *testing.T, size string, test func(t *testing.T, dir string)) {
	t.Helper()
	if os.Geteuid() == 0 || os.Getenv(insideMounts) != "" {
		dir := t.TempDir()
		if err := syscall.Mount("usher-test", dir, "tmpfs", 0, "size="+size); err != nil {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		test(t, dir)
		return
	}
	same := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), insideMounts+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: same(os.Geteuid()), GidMappings: same(os.Getegid()),
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN},
	}
	out, err := command.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("this test mounts a small disk to fill it; run it as root, or allow user namespaces: %v", err)
	}
}

// Stuff writes a file until the disk has no room for another byte.
func Stuff(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for block := make([]byte, 4096); err == nil; {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
