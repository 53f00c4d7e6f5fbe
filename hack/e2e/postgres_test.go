//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher.chat/api/v1alpha1"
	"usher.chat/hack/cluster/chaos"
	"usher.chat/hack/cluster/pgpair"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/protocol"
)

// onPostgres is a desk of three pods, each on a node of its own, on a database with a standby beside the cluster.
type onPostgres struct {
	ns       string
	cluster  *chaos.Cluster
	database *pgpair.Pair
}

const runtimePods = "app.kubernetes.io/component=runtime"

// freshDeskOnPostgres makes a desk on a database of its own, which goes with the test, like the desk.
func freshDeskOnPostgres(t *testing.T, ns string) *onPostgres {
	t.Helper()
	d, _ := deskOnPostgres(t, ns, talk(ns))
	return d
}

// deskOnPostgres does so with other resources, and gives the URL of the database.
func deskOnPostgres(t *testing.T, ns, resources string) (*onPostgres, string) {
	t.Helper()
	d := besideDatabase(t, ns)
	freshNamespace(t, ns)
	store, address := d.store(t)
	apply(t, "flux", resources+store)
	kubectl(t, "-n", ns, "wait", "queues.usher.chat", "--all", "--for=condition=Ready", "--timeout=600s")
	kubectl(t, "-n", ns, "rollout", "status", "deployment/usher", "--timeout=600s")
	d.served(t)
	return d, address
}

// besideDatabase is for a desk that is not there yet.
func besideDatabase(t *testing.T, ns string) *onPostgres {
	t.Helper()
	c := broken(t)
	if len(c.Plan.Nodes) < 3 {
		t.Fatalf("the cluster has %d nodes: start it with `go run ./hack/cluster up --nodes 3`", len(c.Plan.Nodes))
	}
	return &onPostgres{ns: ns, cluster: c, database: pair(t, c)}
}

// store makes a database for the desk and gives the Secret and the Desk that lead to it, and its URL.
func (d *onPostgres) store(t *testing.T) (resources, address string) {
	t.Helper()
	role := strings.ReplaceAll(d.ns, "-", "_")
	address, err := d.database.NewDatabase(short(t), role)
	must(t, err)
	parsed, err := url.Parse(address)
	must(t, err)
	password, _ := parsed.User.Password()
	return "---\n" + secretOf(d.ns, map[string]string{
		"host": parsed.Hostname(), "port": parsed.Port(), "dbname": role, "user": role, "password": password,
		"sslmode": "verify-full", "ca.crt": d.database.Authority(),
	}) + fmt.Sprintf(`---
apiVersion: usher.chat/v1alpha1
kind: Desk
metadata: {name: default, namespace: %s}
spec:
  replicas: 3
  store:
    postgres:
      secretRef: {name: usher-pg}
      network: {cidrs: ["%s"]}
`, d.ns, d.cluster.Plan.Subnet), address
}

func secretOf(ns string, data map[string]string) string {
	text := "apiVersion: v1\nkind: Secret\nmetadata: {name: usher-pg, namespace: " + ns + "}\nstringData:\n"
	for key, value := range data {
		text += "  " + key + ": " + strconv.Quote(value) + "\n"
	}
	return text
}

// served waits until all pods are ready and the operator says so.
func (d *onPostgres) served(t *testing.T) {
	t.Helper()
	fieldIs(t, patience, d.ns, "desk.usher.chat/default", ".status.readyReplicas", "3")
	fieldIs(t, patience, d.ns, "desk.usher.chat/default", `.status.conditions[?(@.type=="Ready")].reason`, "Ready")
}

// pods that serve.
func (d *onPostgres) pods(t *testing.T) []chaos.Pod {
	t.Helper()
	pods, err := d.cluster.Pods(short(t), d.ns, runtimePods)
	must(t, err)
	return pods
}

// leader waits until the operator names a pod that is there.
func (d *onPostgres) leader(t *testing.T) chaos.Pod {
	t.Helper()
	var found chaos.Pod
	eventually(t, patience, "a pod leads", func() (string, bool) {
		name := field(t, d.ns, "desk.usher.chat/default", ".status.leader")
		for _, p := range d.pods(t) {
			if p.Name == name {
				found = p
			}
		}
		return name, found.Name != ""
	})
	return found
}

// at is where people reach one pod.
func at(p chaos.Pod) string { return "http://" + netip.AddrPortFrom(p.IP, 8080).String() }

func TestADeskOnPostgreSQL(t *testing.T) {
	next := program(t, "next") // while the desk is made and tried
	d := freshDeskOnPostgres(t, "e2e-postgres")
	ns := d.ns

	t.Run("is three pods on three nodes, and kubectl tells which one leads", func(t *testing.T) {
		nodes := map[string]bool{}
		for _, p := range d.pods(t) {
			nodes[p.Node] = true
		}
		if len(nodes) != 3 {
			t.Errorf("the pods are on %v", nodes)
		}
		out := kubectl(t, "-n", ns, "get", "desks.usher.chat", "-o", "wide")
		t.Log("\n" + out)
		for _, want := range []string{"PostgreSQL", "LEADER", d.leader(t).Name} {
			if !strings.Contains(out, want) {
				t.Errorf("no %s in it", want)
			}
		}
		if got := field(t, ns, "desk.usher.chat/default", ".status.replicas"); got != "3" {
			t.Errorf("there are to be %s pods", got)
		}
	})
	t.Run("reaches nothing but its pods, its database and names", func(t *testing.T) {
		rules := field(t, ns, "networkpolicy/usher", ".spec")
		for _, want := range []string{`"port":7443`, `"port":5432`, `"port":53`, `"port":5353`, d.cluster.Plan.Subnet.String(), `"Egress"`} {
			if !strings.Contains(rules, want) {
				t.Errorf("no %s in %s", want, rules)
			}
		}
		if got := field(t, ns, "poddisruptionbudget/usher", ".status.disruptionsAllowed"); got != "1" {
			t.Errorf("%s pods may be disrupted", got)
		}
	})
	t.Run("serves a customer of one pod by an agent of another", func(t *testing.T) {
		d.acrossPods(t)
	})
	t.Run("talks to its database in private", func(t *testing.T) {
		encrypted, plain, err := d.database.Sessions(short(t), "e2e_postgres")
		must(t, err)
		t.Logf("%d sessions are encrypted, %d are not", encrypted, plain)
		if encrypted < 3 || plain > 0 {
			t.Error("all of three pods are to be encrypted")
		}
	})
	t.Run("loses nothing when the pod that leads is killed", func(t *testing.T) {
		under(t, ns, 6, 6, 1, func() {
			leader := d.leader(t)
			must(t, d.cluster.Kill(short(t), leader))
			eventually(t, patience, "its container is started again", func() (string, bool) {
				got := field(t, ns, "pod/"+leader.Name, ".status.containerStatuses[0].restartCount")
				return got, got == "1"
			})
			d.served(t)
		})
	})
	t.Run("loses nothing when the node of the pod that leads is drained", func(t *testing.T) {
		under(t, ns, 6, 6, 1, func() {
			leader := d.leader(t)
			must(t, d.cluster.Drain(short(t), leader.Node))
			for _, p := range d.pods(t) {
				if p.Node == leader.Node {
					t.Errorf("%s is on the drained node", p.Name)
				}
			}
			d.served(t)
			must(t, d.cluster.Uncordon(short(t), leader.Node))
		})
	})
	t.Run("loses nothing when its database is killed and the standby leads", func(t *testing.T) {
		under(t, ns, 6, 6, 0, func() {
			must(t, d.database.KillPrimary(short(t)))
			must(t, d.database.Promote(short(t)))
			must(t, d.database.RestartAsStandby(short(t)))
			d.served(t)
			d.acrossPods(t)
		})
	})
	t.Run("answers kubectl usher as one desk, whichever pod is asked", func(t *testing.T) {
		d.inspected(t)
	})
	t.Run("says why it does not take a database's certificate, and goes on when that is mended", func(t *testing.T) {
		d.mistrusted(t)
	})
	t.Run("follows another password and authority of its database without a restart", func(t *testing.T) {
		d.rotates(t)
	})
	t.Run("gives the number of pods to an autoscaler and takes it back", func(t *testing.T) {
		d.scales(t)
	})
	t.Run("loses nothing when it is upgraded and set back", func(t *testing.T) {
		d.upgrades(t, next)
	})
}

// acrossPods lets people of different pods talk.
func (d *onPostgres) acrossPods(t *testing.T) {
	pods := d.pods(t)
	ana, err := gatewaytest.Agent(short(t), at(pods[0]), link(t, d.ns, "ana", at(pods[0])))
	must(t, err)
	t.Cleanup(ana.Drop)
	for _, p := range pods[1:] {
		maria, err := gatewaytest.Customer(short(t), at(p), "web", "")
		must(t, err)
		t.Cleanup(maria.Drop)
		joined := do(t, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "Hello"})
		do(t, ana, protocol.Command{Type: protocol.TypePick, Conversation: joined.Conversation})
		do(t, ana, protocol.Command{Type: protocol.TypeSay, Conversation: joined.Conversation, Text: "Good morning"})
		until(t, maria, "the answer", func(v *gatewaytest.View) bool { return len(v.Messages[joined.Conversation]) == 2 })
		do(t, ana, protocol.Command{Type: protocol.TypeEnd, Conversation: joined.Conversation})
	}
}

// inspected by the plugin, which asks any pod.
func (d *onPostgres) inspected(t *testing.T) {
	waits := customer(t, d.ns, "web")
	do(t, waits, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	closed := func(v *gatewaytest.View) bool { return v.Channel != nil && v.Channel.QueueState == "Closed" }
	open := func(v *gatewaytest.View) bool { return v.Channel != nil && v.Channel.QueueState == "Open" }
	fieldIs(t, patience, d.ns, "queue.usher.chat/support", ".status.waiting", "1")
	kubectl(t, "usher", "-n", d.ns, "close", "support", "--for", "2h", "--reason", "fire drill")
	until(t, waits, "the widget says closed", closed)
	fieldIs(t, patience, d.ns, "queue.usher.chat/support", ".status.stateCause", "Override")
	for _, args := range [][]string{{"status"}, {"top", "--once"}, {"log", "support"}, {"explain", "support"}} {
		out := kubectl(t, append([]string{"usher", "-n", d.ns}, args...)...)
		t.Log("\n$ kubectl usher " + strings.Join(args, " ") + "\n" + out)
		if args[0] == "log" && !strings.Contains(out, "fire drill") {
			t.Error("the log does not give the reason")
		}
	}
	kubectl(t, "usher", "-n", d.ns, "auto", "support")
	until(t, waits, "the widget says open", open)
	// And from the console, on whichever pod: the operator carries it into the Queue.
	ana := agent(t, d.ns, "ana")
	do(t, ana, protocol.Command{Type: protocol.TypeClose, Queue: "support", Reason: "from the console", Until: time.Now().Add(time.Hour).UnixMilli()})
	until(t, waits, "the widget says closed", closed)
	fieldIs(t, patience, d.ns, "queue.usher.chat/support", ".spec.override.reason", "from the console")
	do(t, ana, protocol.Command{Type: protocol.TypeAuto, Queue: "support"})
	until(t, waits, "the widget says open", open)
	fieldIs(t, patience, d.ns, "queue.usher.chat/support", ".spec.override", "")
	do(t, waits, protocol.Command{Type: protocol.TypeEnd})
}

// mistrusted is another desk on the same servers, whose Secret has another authority than theirs, until it is mended.
func (d *onPostgres) mistrusted(t *testing.T) {
	const ns = "e2e-mistrust"
	other, err := pgtest.NewAuthority("another authority")
	must(t, err)
	m := &onPostgres{ns: ns, cluster: d.cluster, database: d.database}
	freshNamespace(t, ns)
	store, _ := m.store(t)
	apply(t, "flux", talk(ns)+strings.Replace(store, strconv.Quote(d.database.Authority()), strconv.Quote(string(other.PEM())), 1))
	for _, want := range []string{"certificate signed by unknown authority", "put its certificate into ca.crt"} {
		eventually(t, patience, "the pods say "+want, func() (string, bool) {
			out := kubectl(t, "-n", ns, "describe", "pods", "-l", v1alpha1.LabelDesk+"="+ns)
			return out, strings.Contains(out, want)
		})
	}
	t.Log(field(t, ns, "pods", ".items[0].status.containerStatuses[0].lastState.terminated.message"))
	eventually(t, patience, "the Desk says where the reason is", func() (string, bool) {
		got := field(t, ns, "desk.usher.chat/default", `.status.conditions[?(@.type=="Ready")].message`)
		return got, strings.Contains(got, "kubectl describe pods")
	})
	apply(t, "flux", store)
	kubectl(t, "-n", ns, "rollout", "status", "deployment/usher", "--timeout=600s") // the kubelet tries again, at longer and longer times
	m.served(t)
}

// rotates the password and the authority, ends all connections that were made with the old one, and looks whether pods go on with the new
// one, as the same containers.
func (d *onPostgres) rotates(t *testing.T) {
	restarts := func() string {
		return field(t, d.ns, "pods", `.items[*].status.containerStatuses[*].restartCount`) + field(t, d.ns, "pods", ".items[*].metadata.uid")
	}
	d.served(t)
	before, role := restarts(), strings.ReplaceAll(d.ns, "-", "_")
	must(t, d.database.SetPassword(short(t), role, "another1"))
	must(t, d.database.ChangeAuthority(short(t)))
	apply(t, "flux", secretOf(d.ns, map[string]string{"password": "another1", "ca.crt": d.database.Authority()}))
	maria := customer(t, d.ns, "web")
	joins := protocol.Command{Type: protocol.TypeJoin, Name: "Maria", CID: maria.Number()} // one command, however often it is sent
	must(t, d.database.EndSessions(short(t), role))
	eventually(t, patience, "what is said is acknowledged", func() (string, bool) {
		_, err := maria.Do(short(t), joins)
		return fmt.Sprint(err), err == nil
	})
	d.served(t)
	if after := restarts(); after != before {
		t.Errorf("pods were started again: %s, before %s", after, before)
	}
	do(t, maria, protocol.Command{Type: protocol.TypeEnd})
}

// scales by an autoscaler. Without metrics it changes nothing by itself.
func (d *onPostgres) scales(t *testing.T) {
	patch := func(spec string) {
		t.Helper()
		kubectl(t, "-n", d.ns, "patch", "desk.usher.chat/default", "--field-manager=flux", "--type=merge", "-p", `{"spec":`+spec+`}`)
	}
	patch(`{"replicas":null,"autoscaling":{"minReplicas":2,"maxReplicas":5,"targetSocketsPerPod":4000}}`)
	eventually(t, patience, "there is an autoscaler", func() (string, bool) {
		out, err := tryKubectl(t, "", "-n", d.ns, "get", "horizontalpodautoscaler/usher", "-o", "jsonpath={.spec.maxReplicas} {.spec.metrics[0].pods.metric.name} {.spec.scaleTargetRef.kind}")
		return out, err == nil && out == "5 usher_sockets Deployment"
	})
	kubectl(t, "-n", d.ns, "scale", "deployment/usher", "--replicas=4") // as the autoscaler does
	fieldIs(t, patience, d.ns, "desk.usher.chat/default", ".status.readyReplicas", "4")
	patch(`{"replicas":3,"autoscaling":null}`)
	eventually(t, patience, "the autoscaler is gone", func() (string, bool) {
		out, err := tryKubectl(t, "", "-n", d.ns, "get", "horizontalpodautoscaler/usher")
		return out, err != nil && strings.Contains(out, "NotFound")
	})
	fieldIs(t, patience, d.ns, "deployment/usher", ".status.replicas", "3")
	d.served(t)
}

// usherImage is where the operator has the image of desks.
const usherImage = `.spec.template.spec.containers[0].env[?(@.name=="USHER_IMAGE")].value`

// upgrades to another image and back, under load: the same program with another version, in pods beside those before.
func (d *onPostgres) upgrades(t *testing.T, binary func() string) {
	was := field(t, "usher-system", "deployment/usher-operator", usherImage)
	next := was + "-next"
	give(t, binary(), next)
	roll := func(image, version string) {
		began := time.Now()
		kubectl(t, "-n", "usher-system", "set", "env", "deployment/usher-operator", "USHER_IMAGE="+image)
		fieldIs(t, patience, d.ns, "deployment/usher", ".spec.template.spec.containers[0].image", image)
		kubectl(t, "-n", d.ns, "rollout", "status", "deployment/usher", "--timeout=600s")
		eventually(t, patience, "only pods of "+image, func() (string, bool) {
			got := field(t, d.ns, "pods", ".items[*].spec.containers[0].image")
			return got, got == strings.Join([]string{image, image, image}, " ")
		})
		d.served(t)
		if version != "" {
			for _, p := range d.pods(t) {
				if got := strings.TrimSpace(kubectl(t, "-n", d.ns, "exec", p.Name, "--", "/usher", "version")); got != version {
					t.Errorf("%s is of version %q", p.Name, got)
				}
			}
		}
		t.Logf("rolled to %s in %s", image, time.Since(began).Round(time.Second))
	}
	t.Cleanup(func() {
		_, _ = tryKubectl(t, "", "-n", "usher-system", "set", "env", "deployment/usher-operator", "USHER_IMAGE="+was)
		_, _ = tryKubectl(t, "", "-n", "usher-system", "rollout", "status", "deployment/usher-operator", "--timeout=120s")
		_, _ = tryKubectl(t, "", "-n", desk, "rollout", "status", "statefulset/usher", "--timeout=120s")
	})
	under(t, d.ns, 6, 6, 12, func() {
		roll(next, "next")
		roll(was, "")
	})
}

// program builds it with another version and build tags, beside the test, and gives what waits for its path.
func program(t *testing.T, name string, tags ...string) func() string {
	binary, built := filepath.Join(t.TempDir(), "usher"), make(chan struct{})
	var failed error
	go func() {
		defer close(built)
		failed = run(t.Context(), "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w -X main.version="+name, "-tags", strings.Join(tags, ","), "-o", binary, ".")
	}()
	t.Cleanup(func() { <-built })
	return func() string {
		<-built
		must(t, failed)
		return binary
	}
}

// give the nodes a program as an image.
func give(t *testing.T, binary, image string) {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "usher.tar")
	inRoot(t, "go", "run", "./hack/image", "--binary", binary, "--tag", image, "--out", archive)
	inRoot(t, "go", "run", "./hack/cluster", "load-image", archive)
}

func inRoot(t *testing.T, args ...string) {
	t.Helper()
	must(t, run(t.Context(), args...))
}

// run a program in the root of the repository.
func run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = filepath.Join("..", ".."), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
