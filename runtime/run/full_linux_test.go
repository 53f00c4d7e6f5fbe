package run_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

// insideMounts in the environment says that this process may mount, in namespaces of its own.
const insideMounts = "USHER_RUNTEST_MOUNTS"

// withDisk runs a test with a directory on a small disk of memory: here when this process may mount, else in a process
// of its own which may, in user and mount namespaces with the same account.
func withDisk(t *testing.T, size string, test func(t *testing.T, dir string)) {
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

// stuff writes a file until the disk has no room for another byte.
func stuff(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func readiness(t *testing.T, d *runtest.Desk) (int, string) {
	t.Helper()
	resp, err := http.Get(d.Ops + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestAFullDiskIsToldAndThePodRecoversByItself(t *testing.T) {
	withDisk(t, "16m", func(t *testing.T, dir string) {
		d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Data: filepath.Join(dir, "data"), Rates: runtest.Fast()})
		ana := d.Agent("ana")
		maria := d.Customer("web", "")
		do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
		c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
		until(t, d, maria, "Maria is served", func(v *gatewaytest.View) bool { return v.Conversation().State == protocol.StateInService })
		if status, body := readiness(t, d); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}

		ballast := filepath.Join(dir, "ballast")
		stuff(t, ballast)
		var want []string
		var held protocol.Command
		for held.CID == 0 {
			cmd := protocol.Command{Type: protocol.TypeSay, CID: maria.Number(), Text: fmt.Sprintf("%d %s", len(want), strings.Repeat("x", 2000))}
			_, err := maria.Do(d.Context(), cmd)
			want = append(want, cmd.Text)
			if err != nil {
				unavailable(t, err)
				held = cmd
			}
			if len(want) > 3000 {
				t.Fatal("the full disk still takes messages")
			}
		}
		// Sent again and again, by both sides: no acknowledgement, and an answer each time.
		for range 20 {
			_, err := maria.Do(d.Context(), held)
			unavailable(t, err)
			_, err = ana.Do(d.Context(), protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "are you there?"})
			unavailable(t, err)
		}
		status, body := readiness(t, d)
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "full") {
			t.Errorf("/readyz says %d %q", status, body)
		}
		ana.Look(func(v *gatewaytest.View) {
			if n := len(v.Messages[c]); n >= len(want) {
				t.Errorf("the agent sees %d messages, %d are durable", n, len(want)-1)
			}
		})

		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		// Nobody sends anything: the pod tries by itself.
		until(t, d, ana, "the message that was held arrives", func(v *gatewaytest.View) bool { return len(v.Messages[c]) == len(want) })
		ack := do(t, d, maria, held)
		status, body = readiness(t, d)
		if status != http.StatusOK {
			t.Errorf("/readyz says %d %q with room again", status, body)
		}
		last := do(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "afterwards"})
		if last.Seq <= ack.Seq {
			t.Errorf("the message after it has %d, the held one %d", last.Seq, ack.Seq)
		}
		want = append(want, "afterwards")
		once := func(v *gatewaytest.View) bool { return texts(v) == strings.Join(want, "|") }
		until(t, d, maria, "each message stands there once", once)
		until(t, d, ana, "for the agent too", func(v *gatewaytest.View) bool {
			var list []string
			for _, m := range v.Messages[c] {
				list = append(list, m.Text)
			}
			return strings.Join(list, "|") == strings.Join(want, "|")
		})
	})
}

func unavailable(t *testing.T, err error) {
	t.Helper()
	var r *gatewaytest.Refusal
	if !errors.As(err, &r) || r.Reason.Code != "unavailable" || r.Reason.RetryAfterMS <= 0 || r.Reason.RetryAfterMS > int64(time.Minute/time.Millisecond) {
		t.Fatalf("on a full disk the answer is %v", err)
	}
}
