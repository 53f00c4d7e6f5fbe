package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher.chat/hack/cluster/machine"
)

const mountsV1 = `22 1 0:20 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
23 22 0:21 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
24 22 0:22 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
25 22 0:23 / /sys/fs/cgroup/memory rw shared:3 - cgroup cgroup rw,memory
26 22 0:24 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
27 22 0:25 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`

func TestBothVersionsOfCgroupsAreFound(t *testing.T) {
	one, err := machine.FindCgroups([]byte(mountsV1))
	if err != nil {
		t.Fatal(err)
	}
	if one.Version != 1 || len(one.Trees) != 4 || !slices.Equal(one.Beside, []string{"/sys/fs/cgroup/unified"}) {
		t.Errorf("version 1: %+v", one)
	}
	two, err := machine.FindCgroups([]byte("22 1 0:20 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"))
	if err != nil {
		t.Fatal(err)
	}
	if two.Version != 2 || !slices.Equal(two.Trees, []string{"/sys/fs/cgroup"}) {
		t.Errorf("version 2: %+v", two)
	}
}

func TestMissingCgroupsAreNamed(t *testing.T) {
	for input, want := range map[string]string{
		"": "none are mounted",
		strings.ReplaceAll(mountsV1, "rw,pids", "rw"): "the pids controller is missing",
	} {
		_, err := machine.FindCgroups([]byte(input))
		var typed *machine.CgroupError
		if !errors.As(err, &typed) || typed.Reason != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestACgroupIsPreparedWithItsParentsProcessors(t *testing.T) {
	tree, plain := t.TempDir(), t.TempDir()
	for file, value := range map[string]string{"cpuset.cpus": "0-1\n", "cpuset.mems": "0\n"} {
		if err := os.WriteFile(filepath.Join(tree, file), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	groups := machine.Cgroups{Version: 1, Trees: []string{tree, plain}}
	if err := groups.Make("/usher-1"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(tree, "usher-1", "cpuset.cpus"))
	if err != nil || string(got) != "0-1" {
		t.Errorf("cpuset.cpus = %q, %v", got, err)
	}
	if !machine.Exists(filepath.Join(plain, "usher-1")) {
		t.Error("the group is missing in the other tree")
	}
}

func TestControllersAreHandedDownInVersionTwo(t *testing.T) {
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "cgroup.controllers"), []byte("cpuset cpu io memory pids\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	groups := machine.Cgroups{Version: 2, Trees: []string{tree}}
	if err := groups.Make("/usher-1"); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", "usher-1"} {
		got, err := os.ReadFile(filepath.Join(tree, dir, "cgroup.subtree_control"))
		if err != nil || string(got) != "+cpuset +cpu +io +memory +pids" {
			t.Errorf("%s: %q, %v", dir, got, err)
		}
	}
}

func TestMountsBelowADirectoryComeLastFirst(t *testing.T) {
	table := "1 0 8:1 / / rw - ext4 /dev/a rw\n" +
		`2 1 0:1 / /s/a\040b rw - tmpfs tmpfs rw` + "\n3 1 0:1 / /s/a\\040b/c rw - tmpfs tmpfs rw\n4 1 0:1 / /s/a\\040bc rw - tmpfs tmpfs rw\n"
	if got := machine.MountsBelow([]byte(table), "/s/a b"); !slices.Equal(got, []string{"/s/a b/c", "/s/a b"}) {
		t.Errorf("mounts = %q", got)
	}
}

func TestAddressesThatTheMachineUsesAreReported(t *testing.T) {
	p := machine.NewPlan("/state", 1)
	free := `[{"dst":"default","gateway":"192.0.2.1","dev":"eth0"},{"dst":"192.0.2.0/24","dev":"eth0"}]`
	if err := conflict(p, []byte(free)); err != nil {
		t.Errorf("free addresses: %v", err)
	}
	for _, taken := range []string{`[{"dst":"10.96.0.0/12","dev":"tun0"}]`, `[{"dst":"10.244.3.7","dev":"tun0"}]`} {
		err := conflict(p, []byte(taken))
		var typed *addressTakenError
		if !errors.As(err, &typed) || typed.Device != "tun0" {
			t.Errorf("%s: error %v", taken, err)
		}
	}
}

func TestAProcessNameMayLookLikeFields(t *testing.T) {
	line := "42 (a) S 1 (b) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0"
	state, started, err := machine.ParseStat([]byte(line))
	if err != nil || state != 'S' || started != 4711 {
		t.Errorf("state %c, started %d, %v", state, started, err)
	}
}

func TestADaemonIsFoundAgainAndEnded(t *testing.T) {
	s := machine.Daemons{Dir: t.TempDir()}
	d := machine.Daemon{Name: "sleeper", Command: []string{"sleep", "1000"}}
	if err := s.Start(d); err != nil {
		t.Fatal(err)
	}
	first, running := s.Find(d.ID())
	if !running {
		t.Fatal("it does not run")
	}
	if err := s.Start(d); err != nil {
		t.Fatal(err)
	}
	if again, _ := s.Find(d.ID()); again.PID != first.PID || again.Started != first.Started {
		t.Errorf("a second start made process %d beside %d", again.PID, first.PID)
	}
	if err := s.Stop(t.Context(), d.ID(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if first.Alive() {
		t.Error("it still runs")
	}
	if _, running := s.Find(d.ID()); running || machine.Exists(s.PIDFile(d.ID())) {
		t.Error("it is still recorded")
	}
}

func TestADaemonThatDoesNotListenToTermIsKilled(t *testing.T) {
	s := machine.Daemons{Dir: t.TempDir()}
	ready := filepath.Join(s.Dir, "ready")
	d := machine.Daemon{
		Name: "stubborn", Command: []string{"sh", "-c", "trap '' TERM; touch " + ready + "; while :; do sleep 1; done"},
		Healthy: func(context.Context) error { _, err := os.Stat(ready); return err },
	}
	if err := s.Start(d); err != nil {
		t.Fatal(err)
	}
	if err := s.Await(t.Context(), d, time.Minute); err != nil {
		t.Fatal(err)
	}
	record, _ := s.Find(d.ID())
	if err := s.Stop(t.Context(), d.ID(), 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if record.Alive() {
		t.Error("it still runs")
	}
}

func TestADaemonThatEndsShowsTheEndOfItsLog(t *testing.T) {
	s := machine.Daemons{Dir: t.TempDir()}
	d := machine.Daemon{Name: "broken", Command: []string{"sh", "-c", "echo listen tcp 10.77.0.2:6443: address already in use; exit 1"}, Healthy: func(context.Context) error { return errors.New("no") }}
	err := s.Start(d)
	if err == nil {
		err = s.Await(t.Context(), d, time.Minute)
	}
	var typed *machine.DaemonError
	if !errors.As(err, &typed) || !strings.Contains(err.Error(), "address already in use") || typed.Log != s.LogFile("broken") {
		t.Errorf("error = %v", err)
	}
}

func TestANumberThatSomebodyElseGotIsNotOurs(t *testing.T) {
	_, started, err := machine.ProcessStat(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !(machine.Record{PID: os.Getpid(), Started: started}).Alive() {
		t.Error("this process is not seen")
	}
	if (machine.Record{PID: os.Getpid(), Started: started - 1}).Alive() {
		t.Error("a process that started at another time is taken for ours")
	}
}

func TestOnlyShimsOfOurSocketAreOurs(t *testing.T) {
	shim := []string{"/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", "x", "-address", "/state/node1/containerd.sock", ""}
	if !machine.IsShim(shim, "/state/node1/containerd.sock") {
		t.Error("our shim is not seen")
	}
	if machine.IsShim(shim, "/run/containerd/containerd.sock") || machine.IsShim([]string{"less", "/state/node1/containerd.sock"}, "/state/node1/containerd.sock") {
		t.Error("somebody else's process is taken for our shim")
	}
}

func TestOnlyEmptyDirectoriesOfTheProgramsAreRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kubelet")
	if err := os.MkdirAll(filepath.Join(dir, "plugins", "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(dir, "plugins", "s.sock"))
	if err != nil {
		t.Fatal(err)
	}
	socket.(*net.UnixListener).SetUnlinkOnClose(false)
	socket.Close()
	if err := os.Symlink("/nowhere/at/all", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	keep := filepath.Join(dir, "mine")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := removeEmpty(dir); err != nil {
		t.Fatal(err)
	}
	if !machine.Exists(keep) || machine.Exists(filepath.Join(dir, "plugins")) || machine.Exists(filepath.Join(dir, "dangling")) {
		entries, _ := os.ReadDir(dir)
		t.Errorf("left: %v", entries)
	}
	if err := os.Remove(keep); err != nil {
		t.Fatal(err)
	}
	if err := removeEmpty(dir); err != nil || machine.Exists(dir) {
		t.Errorf("the empty directory stays: %v", err)
	}
}

func TestASettingOfTheMachineIsPutBack(t *testing.T) {
	dir := t.TempDir()
	value, record := filepath.Join(dir, "panic"), filepath.Join(dir, "host.json")
	if err := os.WriteFile(value, []byte("10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(record, fmt.Appendf(nil, `{"sysctls":{%q:"1"},"absent":[%q]}`, value, filepath.Join(dir, "none")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restoreHost(record); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(value); err != nil || string(got) != "1" {
		t.Errorf("value %q, %v", got, err)
	}
}

func TestKubernetesProgramsAreToldTheirVersion(t *testing.T) {
	flags := linkFlags(kubernetesProgram("kubectl", ""), "v1.36.3")
	for _, want := range []string{"component-base/version.gitVersion=v1.36.3", "client-go/pkg/version.gitMajor=1", "client-go/pkg/version.gitMinor=36"} {
		if !strings.Contains(flags, want) {
			t.Errorf("%q lacks %q", flags, want)
		}
	}
	if flags := linkFlags(program{Name: "etcd", Module: "etcd"}, "v3.7.3"); strings.Contains(flags, "-X") {
		t.Errorf("etcd is told %q", flags)
	}
}

func TestALockIsHeldByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockFile(path, func() { t.Error("the first had to wait") })
	if err != nil {
		t.Fatal(err)
	}
	waiting, got := make(chan struct{}), make(chan error, 1)
	go func() {
		second, err := lockFile(path, func() { close(waiting) })
		if err == nil {
			second()
		}
		got <- err
	}()
	<-waiting
	unlock()
	if err := <-got; err != nil && !errors.Is(err, syscall.EINTR) {
		t.Fatal(err)
	}
}

func TestTheHostAddressIsOnTheNodesSubnet(t *testing.T) {
	if got := machine.Prefixed(netip.MustParseAddr("10.77.0.1"), netip.MustParsePrefix("10.77.0.0/24")); got != "10.77.0.1/24" {
		t.Errorf("address %s", got)
	}
}

func TestADaemonHoldsNoFileOfItsCaller(t *testing.T) {
	lock, err := os.Create(filepath.Join(t.TempDir(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	// As a shell hands it down.
	if _, err := unix.FcntlInt(lock.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	s := machine.Daemons{Dir: t.TempDir()}
	d := machine.Daemon{Name: "sleeper", Command: []string{"sleep", "60"}, Healthy: func(context.Context) error { return nil }}
	if err := s.Start(d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background(), d.ID(), time.Second) })
	record, _ := s.Find(d.ID())
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", record.PID))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if target, _ := os.Readlink(f); target == lock.Name() {
			t.Errorf("%s is %s", f, target)
		}
	}
}
