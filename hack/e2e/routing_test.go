//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// routing is a desk with every way to an agent.
func routing(namespace string) string {
	return strings.ReplaceAll(`
apiVersion: usher.chat/v1alpha1
kind: Team
metadata: {name: tier1, namespace: NS}
spec:
  displayName: First line
  members: [{name: ana, displayName: Ana Lind, role: Admin}, {name: ben, displayName: Ben}, {name: cem, displayName: Cem}]
---
apiVersion: usher.chat/v1alpha1
kind: Team
metadata: {name: field, namespace: NS}
spec:
  displayName: Field
  mode: Grab
  members: [{name: dan, displayName: Dan}, {name: eve, displayName: Eve}]
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: billing, namespace: NS}
spec:
  displayName: Billing
  teamRefs: [{name: tier1}]
  distribution: {mode: Automatic, strategy: LeastBusy, offerTimeoutSeconds: 60}
  whenBusy: {offer: Queue}
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: visits, namespace: NS}
spec: {displayName: Visits, teamRefs: [{name: field}], whenBusy: {offer: Queue}}
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: support, namespace: NS}
spec:
  displayName: Support
  teamRefs: [{name: tier1}]
  whenBusy: {offer: Queue}
  waitingRules: [{afterSeconds: 5, action: Move, queueRef: {name: overflow}}]
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: overflow, namespace: NS}
spec: {displayName: Overflow, teamRefs: [{name: field}], whenBusy: {offer: Queue}}
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: front, namespace: NS}
spec:
  displayName: Front desk
  teamRefs: [{name: field}]
  whenBusy: {offer: Queue}
  thresholds: {agentLostSeconds: 5}
---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: counted, namespace: NS}
spec:
  displayName: Counted
  teamRefs: [{name: tier1}, {name: field}]
  whenBusy: {offer: Queue, capacity: {mode: PerOnlineAgent, places: 2}}
`, "NS", namespace) + channelsTo(namespace, map[string]string{
		"billing": "billing", "field": "visits", "web": "support", "desk": "front", "counted": "counted",
	})
}

func channelsTo(namespace string, queues map[string]string) string {
	var all strings.Builder
	for channel, queue := range queues {
		fmt.Fprintf(&all, `---
apiVersion: usher.chat/v1alpha1
kind: Channel
metadata: {name: %s, namespace: %s}
spec: {type: Web, web: {}, route: {queueRef: {name: %s}}}
`, channel, namespace, queue)
	}
	return all.String()
}

// Automatic offer and accept, refuse to the next, grab by one of two, invitation, transfer to a person
// who is offline, a waiting rule that moves to overflow, an agent's laptop that is closed.
func TestRoutingInBrowsers(t *testing.T) {
	ns := "e2e-routing"
	freshDesk(t, ns, routing(ns))
	url := address(t, ns)
	links := map[string]string{}
	for _, name := range []string{"ana", "ben", "cem", "dan", "eve"} {
		links[name] = link(t, ns, name, url)
	}
	playBrowsers(t, "routing.mjs", "routing", map[string]any{"url": url, "links": links}, func(string) {})

	// kubectl says why, for the first of these conversations.
	out := kubectl(t, "usher", "-n", ns, "explain", "conversation", "c1")
	t.Log("\n" + out)
	for _, word := range []string{"LeastBusy", "Ana", "Ben", "refused", "Cem", "generation"} {
		if !strings.Contains(strings.ToLower(out), strings.ToLower(word)) {
			t.Errorf("the explanation does not say %q", word)
		}
	}
	out = kubectl(t, "usher", "-n", ns, "log", "support")
	t.Log("\n" + out)
	if !strings.Contains(out, "overflow") {
		t.Error("the log of support does not tell of the move")
	}
}

func TestFourAgentsAndTwoPlacesEachAreEightAndTheNinthIsNotOffered(t *testing.T) {
	ns := "e2e-capacity"
	freshDesk(t, ns, routing(ns))
	for _, name := range []string{"ana", "ben", "cem", "dan"} {
		agent(t, ns, name)
	}
	fieldIs(t, time.Minute, ns, "queue.usher.chat/counted", ".status.agents.online", "4")
	var late *gatewaytest.Client
	for i := range 9 {
		c := customer(t, ns, "counted")
		if i == 8 {
			late = c
			break
		}
		do(t, c, protocol.Command{Type: protocol.TypeJoin, Name: fmt.Sprint("customer ", i+1)})
	}
	until(t, late, "the ninth is not offered", func(v *gatewaytest.View) bool {
		return v.Channel != nil && !v.Channel.Offered && v.Channel.Availability == protocol.Full
	})
	_, err := late.Do(short(t), protocol.Command{Type: protocol.TypeJoin, Name: "the ninth"})
	var refusal *gatewaytest.Refusal
	if !errors.As(err, &refusal) || refusal.Reason.Code != "queue_full" {
		t.Fatalf("the ninth is told %v", err)
	}
	fieldIs(t, time.Minute, ns, "queue.usher.chat/counted", ".status.placesLeft", "0")
}

func TestALoopOfWaitingRulesIsToldWhenItIsApplied(t *testing.T) {
	ns := "e2e-loop"
	freshDesk(t, ns, talk(ns)+`---
apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: overflow, namespace: `+ns+`}
spec:
  teamRefs: [{name: all}]
  waitingRules: [{afterSeconds: 60, action: Move, queueRef: {name: support}}]
`)
	apply(t, "flux", `apiVersion: usher.chat/v1alpha1
kind: Queue
metadata: {name: support, namespace: `+ns+`}
spec:
  teamRefs: [{name: all}]
  whenBusy: {offer: Queue}
  waitingRules: [{afterSeconds: 60, action: Move, queueRef: {name: overflow}}]
`)
	fieldIs(t, time.Minute, ns, "queue.usher.chat/support", `.status.conditions[?(@.type=="OverflowLoop")].status`, "True")
	message := field(t, ns, "queue.usher.chat/support", `.status.conditions[?(@.type=="OverflowLoop")].message`)
	t.Log(message)
	if !strings.Contains(message, "overflow -> support -> overflow") && !strings.Contains(message, "support -> overflow -> support") {
		t.Errorf("the path is not in %q", message)
	}
}
