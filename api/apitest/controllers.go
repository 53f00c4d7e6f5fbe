package apitest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// manager is the controller manager of this test binary, begun by the first test that needs it.
var manager struct {
	once sync.Once
	cmd  *exec.Cmd
	out  bytes.Buffer
	err  error
}

// Controllers runs Kubernetes' own controller manager beside the API server, until the tests of the
// package end: StatefulSets and Deployments make pods, what hangs on something goes with it, and quotas
// are counted. There is still no scheduler, no kubelet and nothing that binds volumes, so pods stay
// Pending, and claims too.
func Controllers(t testing.TB) {
	t.Helper()
	Config(t)
	manager.once.Do(func() { manager.err = startManager() })
	if manager.err != nil {
		t.Fatal(manager.err)
	}
}

func startManager() error {
	dir, err := assets()
	if err != nil {
		return err
	}
	user, err := server.env.AddUser(userOf("kube-controller-manager", "system:masters"), nil)
	if err != nil {
		return err
	}
	data, err := user.KubeConfig()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "controller-manager-*.kubeconfig")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	manager.cmd = exec.CommandContext(context.Background(), filepath.Join(dir, "kube-controller-manager"),
		"--kubeconfig="+file.Name(), "--leader-elect=false", "--secure-port=0", "--profiling=false",
		// There are no volumes, so a test says itself what became of a claim, and this one would take it back.
		"--controllers=*,-persistentvolume-binder-controller")
	manager.cmd.Stdout, manager.cmd.Stderr = &manager.out, &manager.out
	manager.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return manager.cmd.Start()
}

// stopManager ends what Controllers began.
func stopManager() error {
	if manager.cmd == nil || manager.cmd.Process == nil {
		return nil
	}
	for _, arg := range manager.cmd.Args {
		const flag = "--kubeconfig="
		if len(arg) > len(flag) && arg[:len(flag)] == flag {
			defer os.Remove(arg[len(flag):])
		}
	}
	ended := make(chan struct{})
	go func() { _ = manager.cmd.Wait(); close(ended) }()
	if err := manager.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		return manager.cmd.Process.Kill()
	}
	if os.Getenv("USHER_TEST_LOG") != "" {
		_, _ = os.Stderr.Write(manager.out.Bytes())
	}
	return nil
}
