//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

func TestKubectlTellsTheStateOfEveryQueue(t *testing.T) {
	out := kubectl(t, "get", "queues.usher.chat", "-n", desk)
	t.Log("\n" + out)
	for _, column := range []string{"STATE", "CAUSE", "WAITING", "LONGEST", "AGENTS", "PLACES", "NEXT CHANGE", "READY"} {
		if !strings.Contains(out, column) {
			t.Errorf("no column %s", column)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
		if !strings.Contains(line, "True") {
			t.Errorf("not ready: %s", line)
		}
	}
}

func TestTheRuntimePodRunsWithTheFewestRights(t *testing.T) {
	if got := field(t, "", "namespace/"+desk, `.metadata.labels.pod-security\.kubernetes\.io/enforce`); got != "restricted" {
		t.Fatalf("pod security of the namespace is %q", got)
	}
	var pod struct {
		Spec struct {
			AutomountServiceAccountToken *bool
			Volumes                      []map[string]json.RawMessage
			Containers                   []struct {
				SecurityContext struct{ ReadOnlyRootFilesystem, AllowPrivilegeEscalation *bool }
			}
		}
	}
	if err := json.Unmarshal([]byte(kubectl(t, "-n", desk, "get", "pod", "usher-0", "-o", "json")), &pod); err != nil {
		t.Fatal(err)
	}
	if a := pod.Spec.AutomountServiceAccountToken; a == nil || *a {
		t.Error("the pod mounts a service account token")
	}
	for _, v := range pod.Spec.Volumes {
		if _, has := v["projected"]; has {
			t.Errorf("a projected volume: %v", v)
		}
	}
	for _, c := range pod.Spec.Containers {
		if r := c.SecurityContext.ReadOnlyRootFilesystem; r == nil || !*r {
			t.Error("the root file system can be written")
		}
	}
}

// talk is a desk of its own with a queue that is always open.
func talk(namespace string) string {
	return fmt.Sprintf(`
apiVersion: usher.chat/v1alpha1
kind: Team
metadata: {name: all, namespace: %[1]s}
spec:
  defaults: {maxConversations: 20}
  members: [{name: ana, displayName: Ana Lind, role: Admin}, {name: ben}]
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: support, namespace: %[1]s}
spec:
  teamRefs: [{name: all}]
  whenBusy: {offer: Queue, capacity: {mode: Fixed, places: 200}}
---
apiVersion: usher.chat/v1alpha1
kind: Channel
metadata: {name: web, namespace: %[1]s}
spec:
  type: Web
  web: {allowedOrigins: ["https://www.acme.example"]}
  route: {queueRef: {name: support}}
`, namespace)
}

func TestACustomerIsServedAndASecondAgentIsToldWhoHasIt(t *testing.T) {
	freshDesk(t, "e2e-serve", talk("e2e-serve"))
	ana, ben := agent(t, "e2e-serve", "ana"), agent(t, "e2e-serve", "ben")
	maria, olga := customer(t, "e2e-serve", "web"), customer(t, "e2e-serve", "web")
	first := do(t, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "Hello"})
	do(t, olga, protocol.Command{Type: protocol.TypeJoin, Name: "Olga"})
	until(t, olga, "the second place", func(v *gatewaytest.View) bool { return v.Conversation().Place == 2 })
	fieldIs(t, patience, "e2e-serve", "queue.usher.chat/support", ".status.waiting", "2")
	do(t, ana, protocol.Command{Type: protocol.TypePick, Queue: "support"})
	_, err := ben.Do(short(t), protocol.Command{Type: protocol.TypePick, Conversation: first.Conversation})
	var refusal *gatewaytest.Refusal
	if !errors.As(err, &refusal) || refusal.Reason.By != "ana" {
		t.Fatalf("the second agent is told %v", err)
	}
	until(t, olga, "the place changes", func(v *gatewaytest.View) bool { return v.Conversation().Place == 1 })
	do(t, ana, protocol.Command{Type: protocol.TypeSay, Conversation: first.Conversation, Text: "Good morning"})
	until(t, maria, "the answer", func(v *gatewaytest.View) bool { return len(v.Messages[first.Conversation]) == 2 })
	do(t, ana, protocol.Command{Type: protocol.TypeEnd, Conversation: first.Conversation})
	until(t, ana, "the first in line is offered, from the queue", func(v *gatewaytest.View) bool {
		return v.Conversation().State == protocol.StateOffered && v.Conversation().FromQueue
	})
}

func TestClosingByHandIsSeenByEverybodyAndSurvivesGitOps(t *testing.T) {
	ns := "e2e-close"
	freshDesk(t, ns, talk(ns))
	waits, looks := customer(t, ns, "web"), customer(t, ns, "web")
	do(t, waits, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	closed := func(v *gatewaytest.View) bool { return v.Channel != nil && v.Channel.QueueState == "Closed" }
	open := func(v *gatewaytest.View) bool { return v.Channel != nil && v.Channel.QueueState == "Open" }

	t.Run("by the plugin", func(t *testing.T) {
		t.Log(kubectl(t, "usher", "-n", ns, "close", "support", "--for", "2h", "--reason", "fire drill"))
		until(t, looks, "the widget says closed", closed)
		if _, err := looks.Do(short(t), protocol.Command{Type: protocol.TypeJoin}); err == nil || !strings.Contains(err.Error(), "queue_closed") {
			t.Fatalf("a new customer: %v", err)
		}
		fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.state", "Closed")
		fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.stateCause", "Override")
		fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.waiting", "1")
		log := kubectl(t, "usher", "-n", ns, "log", "support")
		t.Log("\n" + log)
		if !strings.Contains(log, "fire drill") {
			t.Error("the log does not give the reason")
		}
	})
	t.Run("ten applies of the manifest from Git change nothing of it", func(t *testing.T) {
		for range 10 {
			apply(t, "flux", talk(ns))
		}
		if got := field(t, ns, "queue.usher.chat/support", ".spec.override.reason"); got != "fire drill" {
			t.Fatalf("the override reads %q", got)
		}
		fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.state", "Closed")
	})
	t.Run("and given back to the schedule", func(t *testing.T) {
		t.Log(kubectl(t, "usher", "-n", ns, "auto", "support"))
		until(t, looks, "the widget says open", open)
		fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.state", "Open")
	})
	t.Run("by plain kubectl patch", func(t *testing.T) {
		kubectl(t, "-n", ns, "patch", "queue.usher.chat/support", "--field-manager=usher-cli", "--type=merge", "-p", `{"spec":{"override":{"state":"Closed","reason":"patched"}}}`)
		until(t, looks, "the widget says closed", closed)
		kubectl(t, "-n", ns, "wait", "queue.usher.chat/support", "--for=jsonpath={.status.state}=Closed", "--timeout=20s")
		kubectl(t, "-n", ns, "patch", "queue.usher.chat/support", "--field-manager=usher-cli", "--type=merge", "-p", `{"spec":{"override":null}}`)
		until(t, looks, "the widget says open", open)
	})
	t.Run("by plain kubectl apply --server-side", func(t *testing.T) {
		override := "apiVersion: usher.chat/v1alpha1\nkind: Queue\nmetadata: {name: support, namespace: " + ns + "}\nspec:\n"
		apply(t, "usher-cli", override+"  override: {state: Closed, reason: applied}\n")
		until(t, looks, "the widget says closed", closed)
		kubectl(t, "usher", "-n", ns, "auto", "support")
		until(t, looks, "the widget says open", open)
	})
	t.Run("by the console, and kubectl sees it", func(t *testing.T) {
		ana := agent(t, ns, "ana")
		do(t, ana, protocol.Command{Type: protocol.TypeClose, Queue: "support", Reason: "from the console", Until: time.Now().Add(time.Hour).UnixMilli()})
		until(t, looks, "the widget says closed", closed)
		fieldIs(t, patience, ns, "queue.usher.chat/support", ".spec.override.reason", "from the console")
		until(t, ana, "the resource carries it", func(v *gatewaytest.View) bool {
			o := v.Queues["support"].Override
			return o != nil && !o.Pending
		})
		do(t, ana, protocol.Command{Type: protocol.TypeAuto, Queue: "support"})
		until(t, looks, "the widget says open", open)
		fieldIs(t, patience, ns, "queue.usher.chat/support", ".spec.override", "")
	})
	until(t, waits, "who waited still waits", func(v *gatewaytest.View) bool { return v.Conversation().Place == 1 })
	t.Log("\n" + kubectl(t, "usher", "-n", ns, "log", "support"))
}

func TestTheInspectingCommandsAnswer(t *testing.T) {
	for _, args := range [][]string{
		{"usher", "-n", desk, "log", "support"},
		{"usher", "-n", desk, "explain", "support", "--at", "2026-12-24T10:00"},
		{"usher", "-n", desk, "status"},
		{"usher", "-n", desk, "top", "--once"},
		{"usher", "-n", desk, "schedule", "preview", "office", "--from", "2026-12-23", "--to", "2026-12-28", "-o", "json"},
	} {
		t.Log("\n$ kubectl " + strings.Join(args, " ") + "\n" + kubectl(t, args...))
	}
}

func TestAQueueClosesToTheSecondWithoutTheOperator(t *testing.T) {
	ns := "e2e-clock"
	closing := func(edge time.Time) string {
		return fmt.Sprintf(`
---
apiVersion: usher.chat/v1alpha1
kind: Schedule
metadata: {name: short, namespace: %s}
spec:
  timeZone: UTC
  weekly: [{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], periods: [{start: "%s", end: "%s"}]}]
`, ns, edge.Add(-12*time.Hour).Format("15:04"), edge.Format("15:04"))
	}
	// It stands, and is looked at, before the edge is set: what a slow machine needs for that comes first.
	later := notMidnight(time.Now().UTC().Add(6 * time.Hour))
	freshDesk(t, ns, strings.Replace(talk(ns), "  teamRefs:", "  scheduleRef: {name: short}\n  teamRefs:", 1)+closing(later))
	fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.state", "Open")
	looks := customer(t, ns, "web")
	// The schedule closes at the next full minute that leaves time to stop the operator.
	edge := notMidnight(time.Now().UTC().Truncate(time.Minute).Add(2 * time.Minute))
	apply(t, "flux", closing(edge))
	fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.nextChange.time", edge.Format(time.RFC3339))
	scaleOperator(t, 0)
	t.Cleanup(func() { scaleOperator(t, 1) })
	if wait := time.Until(edge); wait < time.Second {
		t.Fatalf("stopping the operator took too long: %s left", wait)
	}
	until(t, looks, "open before the edge", func(v *gatewaytest.View) bool { return v.Channel.QueueState == "Open" })
	ctx := t.Context()
	if err := looks.Until(ctx, func(v *gatewaytest.View) bool { return v.Channel.QueueState == "Closed" }); err != nil {
		t.Fatal(err)
	}
	late := time.Since(edge)
	t.Logf("closed %s after the edge", late)
	if late < 0 {
		t.Errorf("closed %s before the edge", -late)
	}
	if got := field(t, ns, "queue.usher.chat/support", ".status.state"); got != "Open" {
		t.Errorf("nobody could have written the status, and it reads %s", got)
	}
	scaleOperator(t, 1)
	fieldIs(t, patience, ns, "queue.usher.chat/support", ".status.state", "Closed")
}

// notMidnight moves the end of a period away from the end of a day, which is written otherwise.
func notMidnight(at time.Time) time.Time {
	if at.Hour() == 0 && at.Minute() == 0 {
		return at.Add(time.Minute)
	}
	return at
}

func TestAKilledPodLosesNothing(t *testing.T) {
	losesNothing(t, "e2e-kill", 10, 50, func() { killRuntime(t, "e2e-kill") })
}

// A drain, an upgrade and a rollout all end a pod like this: it is told to go, and another comes.
func TestAPodThatIsReplacedLosesNothing(t *testing.T) {
	losesNothing(t, "e2e-replace", 5, 10, func() { kubectl(t, "-n", "e2e-replace", "delete", "pod", "usher-0", "--wait=false") })
}

// losesNothing lets pairs talk and customers wait, breaks something under them, and compares what was
// acknowledged with what is there afterwards.
func losesNothing(t *testing.T, ns string, pairs, waiting int, disrupt func()) {
	freshDesk(t, ns, talk(ns))
	under(t, ns, pairs, waiting, pairs+waiting, func() {
		disrupt()
		time.Sleep(10 * time.Second) // they go on writing to what has come in its place
	})
}

// under lets them talk and wait while something is done, and compares then. At least so many sockets must have been lost
// meanwhile and come back. In the end all of them go.
func under(t *testing.T, ns string, pairs, waiting, back int, disrupt func()) {
	t.Helper()
	ana := agent(t, ns, "ana")
	ben := agent(t, ns, "ben")
	agents := []*gatewaytest.Client{ana, ben}
	var served, lined []*gatewaytest.Client
	ids := map[*gatewaytest.Client]string{}
	for i := range pairs {
		c := customer(t, ns, "web")
		ids[c] = do(t, c, protocol.Command{Type: protocol.TypeJoin, Name: fmt.Sprintf("pair %d", i)}).Conversation
		do(t, agents[i%2], protocol.Command{Type: protocol.TypePick, Conversation: ids[c]})
		served = append(served, c)
	}
	for i := range waiting {
		c := customer(t, ns, "web")
		do(t, c, protocol.Command{Type: protocol.TypeJoin, Name: fmt.Sprintf("waiting %d", i)})
		until(t, c, "a place", func(v *gatewaytest.View) bool { return v.Conversation().Place == i+1 })
		lined = append(lined, c)
	}

	// Everybody writes, one message after the other; what has no answer is sent again with its number
	// after coming back. Both sides remember what was acknowledged.
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	acked := map[string][]string{}
	resumed := []time.Duration{}
	write := func(c *gatewaytest.Client, conversation string, who string, mine bool) {
		defer wg.Done()
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			text := fmt.Sprintf("%s %d", who, n)
			cmd := protocol.Command{Type: protocol.TypeSay, Text: text, CID: c.Number()}
			if !mine {
				cmd.Conversation = conversation
			}
			for {
				_, err := c.Do(t.Context(), cmd)
				if err == nil {
					break
				}
				var refusal *gatewaytest.Refusal
				if errors.As(err, &refusal) {
					switch refusal.Reason.Code {
					case "unavailable":
					case "rate_limited", "out_of_order": // surely without effect: it may have a new number
						cmd.CID = c.Number()
					default:
						t.Errorf("%s: %v", text, err)
						return
					}
				}
				time.Sleep(50 * time.Millisecond)
			}
			mu.Lock()
			acked[conversation] = append(acked[conversation], text)
			mu.Unlock()
			time.Sleep(300 * time.Millisecond)
		}
	}
	// One goroutine a client keeps it connected.
	done := make(chan struct{})
	keep := func(c *gatewaytest.Client) {
		for {
			_, err := c.Closed(t.Context())
			select {
			case <-done:
				return
			default:
			}
			if err != nil {
				return
			}
			began := time.Now()
			if err := reconnect(t.Context(), c); err != nil {
				return
			}
			mu.Lock()
			resumed = append(resumed, time.Since(began))
			mu.Unlock()
		}
	}
	for _, c := range append(append([]*gatewaytest.Client{ana, ben}, served...), lined...) {
		go keep(c)
	}
	for i, c := range served {
		wg.Add(2)
		go write(c, ids[c], "customer", true)
		go write(agents[i%2], ids[c], "agent", false)
	}
	time.Sleep(4 * time.Second)
	disrupt()
	close(stop)
	wg.Wait()
	for i, c := range lined {
		untilBack(t, c, "the same place as before", func(v *gatewaytest.View) bool { return v.Loaded && v.Conversation().Place == i+1 })
	}
	lost, doubled, total := 0, 0, 0
	for i, c := range served {
		for _, side := range []*gatewaytest.Client{c, agents[i%2]} {
			want := acked[ids[c]]
			untilBack(t, side, "all acknowledged messages", func(v *gatewaytest.View) bool { return v.Loaded && len(v.Messages[ids[c]]) >= min(len(want), 50) })
			side.Look(func(v *gatewaytest.View) {
				count := map[string]int{}
				last := map[string]int{}
				for _, m := range v.Messages[ids[c]] {
					count[m.Text]++
					var who string
					var n int
					_, _ = fmt.Sscanf(m.Text, "%s %d", &who, &n)
					if was, ok := last[who]; ok && n <= was {
						t.Errorf("out of order: %s after %d", m.Text, was)
					}
					last[who] = n
				}
				if side == c { // the customer keeps everything over the resume
					for _, text := range want {
						total++
						switch count[text] {
						case 0:
							lost++
						case 1:
						default:
							doubled++
						}
					}
				}
			})
		}
	}
	// Who sees everything has resumed, and notes it only then.
	eventually(t, patience, fmt.Sprint(back, " have resumed"), func() (string, bool) {
		mu.Lock()
		defer mu.Unlock()
		return fmt.Sprint(len(resumed)), len(resumed) >= back
	})
	for _, c := range append(lined, served...) { // who waits first, so that nobody is offered
		do(t, c, protocol.Command{Type: protocol.TypeEnd})
	}
	close(done)
	mu.Lock()
	defer mu.Unlock()
	t.Logf("acknowledged %d, lost %d, doubled %d; %d sockets resumed, the slowest after %s", total, lost, doubled, len(resumed), slowest(resumed))
	if lost+doubled > 0 || total == 0 {
		t.Errorf("of %d acknowledged messages %d are lost and %d doubled", total, lost, doubled)
	}
}

func slowest(list []time.Duration) time.Duration {
	var worst time.Duration
	for _, d := range list {
		worst = max(worst, d)
	}
	return worst.Round(10 * time.Millisecond)
}

func TestANamespaceIsDeletedWithTheOperatorDown(t *testing.T) {
	ns := "e2e-delete"
	freshDesk(t, ns, talk(ns))
	scaleOperator(t, 0)
	t.Cleanup(func() { scaleOperator(t, 1) })
	kubectl(t, "delete", "namespace", ns, "--timeout=600s")
	if out, err := tryKubectl(t, "", "get", "namespace", ns); err == nil {
		t.Fatalf("the namespace is still there: %s", out)
	}
}

func TestABadResourceIsRefusedWithWhatToChange(t *testing.T) {
	queue := "apiVersion: usher.chat/v1alpha1\nkind: Queue\nmetadata: {name: bad, namespace: " + desk + "}\nspec:\n  "
	for name, test := range map[string]struct{ spec, says string }{
		"no places":                 {"whenBusy: {offer: Queue, capacity: {mode: Fixed, places: 0}}", "places"},
		"a capacity without a line": {"whenBusy: {offer: Nothing, capacity: {mode: Fixed, places: 1}}", "capacity"},
		"an unknown field":          {"prio: 3", "prio"},
		"a state that is none":      {"override: {state: Ajar}", "Open"},
	} {
		out, err := tryKubectl(t, queue+test.spec+"\n", "apply", "--server-side", "--dry-run=server", "--field-manager=flux", "-f", "-")
		if err == nil || !strings.Contains(out, test.says) {
			t.Errorf("%s: %v %s", name, err, out)
		}
		t.Logf("%s: %s", name, out)
	}
}
