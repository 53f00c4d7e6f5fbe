//go:build e2e

// Package e2e shows the product on a real cluster, as `make up` left it: pods are containers, the
// operator runs in one, and everything is done as its users do it: with kubectl, the plugin, sockets
// and browsers.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

const desk = "acme"

// kubectl runs kubectl and fails the test when it fails.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tryKubectl(t, "", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func tryKubectl(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	// Not the test's context: clean-up runs kubectl too.
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func apply(t *testing.T, manager, yaml string) {
	t.Helper()
	if out, err := tryKubectl(t, yaml, "apply", "--server-side", "--field-manager="+manager, "-f", "-"); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
}

// patience is how long a test waits for what takes a second: long enough for a machine that is slow and busy.
const patience = 2 * time.Minute

// field reads one field of a resource.
func field(t *testing.T, namespace, resource, path string) string {
	t.Helper()
	return kubectl(t, "-n", namespace, "get", resource, "-o", "jsonpath={"+path+"}")
}

// eventually waits until something holds; what says what it says meanwhile.
func eventually(t *testing.T, within time.Duration, what string, holds func() (string, bool)) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		now, ok := holds()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s; at last %s", what, within, now)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func fieldIs(t *testing.T, within time.Duration, namespace, resource, path, want string) {
	t.Helper()
	eventually(t, within, resource+" "+path+" is "+want, func() (string, bool) {
		got := field(t, namespace, resource, path)
		return got, got == want
	})
}

// address is where people reach a desk, from this machine.
func address(t *testing.T, namespace string) string {
	t.Helper()
	node := kubectl(t, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
	if port := field(t, namespace, "service/usher", ".spec.ports[0].nodePort"); port != "" {
		return "http://" + node + ":" + port
	}
	return "http://" + field(t, namespace, "service/usher", ".spec.clusterIP")
}

func link(t *testing.T, namespace, agent, url string) string {
	t.Helper()
	out := kubectl(t, "usher", "-n", namespace, "sign-in-link", agent, "--url", url)
	return strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:])
}

func agent(t *testing.T, namespace, name string) *gatewaytest.Client {
	t.Helper()
	url := address(t, namespace)
	c, err := gatewaytest.Agent(short(t), url, link(t, namespace, name, url))
	if err != nil {
		t.Fatalf("agent %s: %v", name, err)
	}
	t.Cleanup(c.Drop)
	return c
}

func customer(t *testing.T, namespace, channel string) *gatewaytest.Client {
	t.Helper()
	c, err := gatewaytest.Customer(short(t), address(t, namespace), channel, "")
	if err != nil {
		t.Fatalf("customer: %v", err)
	}
	t.Cleanup(c.Drop)
	return c
}

func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func do(t *testing.T, c *gatewaytest.Client, cmd protocol.Command) protocol.Ack {
	t.Helper()
	ack, err := c.Do(short(t), cmd)
	if err != nil {
		t.Fatalf("%s: %v", cmd.Type, err)
	}
	return ack
}

func until(t *testing.T, c *gatewaytest.Client, what string, holds func(*gatewaytest.View) bool) {
	t.Helper()
	if err := c.Until(short(t), holds); err != nil {
		c.Look(func(v *gatewaytest.View) { t.Fatalf("%s: %v; the client has %+v", what, err, v) })
	}
}

// untilBack waits like until, on a client that is connected again by somebody else while it waits.
func untilBack(t *testing.T, c *gatewaytest.Client, what string, holds func(*gatewaytest.View) bool) {
	t.Helper()
	eventually(t, patience, what, func() (string, bool) {
		err := c.Until(short(t), holds)
		return fmt.Sprint(err), err == nil
	})
}

// reconnect connects again until it succeeds, as the real clients do, and says how long that took.
func reconnect(ctx context.Context, c *gatewaytest.Client) error {
	for {
		err := c.Connect(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// killRuntime ends the runtime's process of a desk with SIGKILL, as an out-of-memory killer would.
func killRuntime(t *testing.T, namespace string) {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range entries {
		cmdline, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		args := strings.Split(string(bytes.TrimRight(cmdline, "\x00")), "\x00")
		if len(args) < 3 || args[0] != "/usher" || args[1] != "runtime" || args[2] != "--desk="+namespace {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		return
	}
	// The node is another machine (a given cluster): the pod goes without notice.
	kubectl(t, "-n", namespace, "delete", "pod", "usher-0", "--grace-period=0", "--force")
}

// scaleOperator stops or starts the operator and waits until that is so.
func scaleOperator(t *testing.T, replicas int) {
	t.Helper()
	kubectl(t, "-n", "usher-system", "scale", "deployment/usher-operator", fmt.Sprintf("--replicas=%d", replicas))
	eventually(t, 5*time.Minute, "the operator is scaled", func() (string, bool) {
		out := kubectl(t, "-n", "usher-system", "get", "pods", "-l", "app.kubernetes.io/component=operator", "-o", "json")
		var pods struct{ Items []json.RawMessage }
		if err := json.Unmarshal([]byte(out), &pods); err != nil {
			t.Fatal(err)
		}
		ready := field(t, "usher-system", "deployment/usher-operator", ".status.readyReplicas")
		if replicas == 0 {
			return out, len(pods.Items) == 0
		}
		return ready, ready == strconv.Itoa(replicas)
	})
}

// freshDesk makes a namespace with a desk of its own and takes it away with the test.
func freshDesk(t *testing.T, namespace, yaml string) {
	t.Helper()
	freshNamespace(t, namespace)
	apply(t, "flux", yaml)
	kubectl(t, "-n", namespace, "wait", "queues.usher.chat", "--all", "--for=condition=Ready", "--timeout=600s")
	kubectl(t, "-n", namespace, "rollout", "status", "statefulset/usher", "--timeout=600s")
	url := address(t, namespace)
	eventually(t, patience, "the service leads to the pod", func() (string, bool) {
		resp, err := http.Get(url + "/v1/channels/web")
		if err != nil {
			return err.Error(), false
		}
		_ = resp.Body.Close()
		return resp.Status, resp.StatusCode == http.StatusOK
	})
}

// freshNamespace makes a namespace and takes it away with the test.
func freshNamespace(t *testing.T, namespace string) {
	t.Helper()
	t.Cleanup(func() {
		cmd := exec.Command("kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Logf("delete namespace: %v %s", err, out)
		}
	})
	apply(t, "flux", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "+namespace+"\n  labels: {pod-security.kubernetes.io/enforce: restricted}\n")
}

// background is for what is to be done also when the test is over.
func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
