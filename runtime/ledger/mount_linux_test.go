package ledger_test

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// insideMounts in the environment says that this process may mount, in namespaces of its own.
const insideMounts = "USHER_LEDGERTEST_MOUNTS"

// withMounts runs a test that mounts: here when this process may, else in a process of its own which may, in user and
// mount namespaces with the same account.
func withMounts(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Geteuid() == 0 || os.Getenv(insideMounts) != "" {
		test(t)
		return
	}
	same := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), insideMounts+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: same(os.Geteuid()),
		GidMappings: same(os.Getegid()),
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN},
	}
	out, err := command.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("this test mounts a small disk to fill it; run it as root, or allow user namespaces: %v", err)
	}
}

// mount makes a small disk of memory over a directory, for the time of the test.
func mount(t *testing.T, directory, options string) {
	t.Helper()
	if err := syscall.Mount("usher-test", directory, "tmpfs", 0, options); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(directory, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// fill writes a file until the disk has no room for another byte.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	block := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
