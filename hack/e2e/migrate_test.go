//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// A desk begins in one pod with SQLite, is saved to a file, and moves to three pods on PostgreSQL while people talk
// and wait; what was said before is there afterwards, until it is erased (features X5 and X9).
func TestADeskMovesToPostgreSQLWhilePeopleTalk(t *testing.T) {
	const ns, secret = "e2e-migrate", "a parcel with a golden watch"
	d := besideDatabase(t, ns)
	freshDesk(t, ns, talk(ns))

	maria := customer(t, ns, "web")
	first := do(t, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: secret})
	ana := agent(t, ns, "ana")
	do(t, ana, protocol.Command{Type: protocol.TypePick, Conversation: first.Conversation})
	do(t, ana, protocol.Command{Type: protocol.TypeEnd, Conversation: first.Conversation})
	ana.Drop()
	maria.Drop()

	file := filepath.Join(t.TempDir(), "desk.backup")
	t.Log("\n" + kubectl(t, "usher", "-n", ns, "backup", file))
	if saved, err := os.Stat(file); err != nil || saved.Size() == 0 {
		t.Errorf("the backup: %v, %v", saved, err)
	}

	under(t, ns, 6, 6, 1, func() {
		store, _ := d.store(t)
		apply(t, "flux", store)
		fieldIs(t, patience, ns, "desk.usher.chat/default", `.status.conditions[?(@.type=="Ready")].reason`, "MigrationNeeded")
		t.Log("\n" + kubectl(t, "usher", "-n", ns, "migrate"))
		d.served(t)
	})
	if out, err := tryKubectl(t, "", "-n", ns, "get", "statefulset", "usher"); err == nil {
		t.Errorf("the workload of SQLite is still there: %s", out)
	}
	if got := field(t, ns, "pvc/data-usher-0", `.metadata.annotations.usher\.chat/ledger-retired`); got == "" {
		t.Error("the claim does not say that its ledger was left")
	}

	// What was said before the move is there, on every pod, until it is erased.
	read := func(want bool) {
		t.Helper()
		for _, pod := range d.pods(t) {
			reader, err := gatewaytest.SignIn(short(t), at(pod), link(t, ns, "ana", at(pod)))
			must(t, err)
			eventually(t, patience, pod.Name+" has the history as it should be", func() (string, bool) {
				code, text := get(t, at(pod)+"/v1/conversations/"+first.Conversation+"/messages", reader)
				return text, strings.Contains(text, secret) == want && (!want || code == 200)
			})
		}
	}
	read(true)
	t.Log("\n" + kubectl(t, "usher", "-n", ns, "erase", "conversation", first.Conversation, "--yes", "--reason", "request 4711"))
	read(false)
	log := kubectl(t, "usher", "-n", ns, "log", "support")
	if t.Log("\n" + log); !strings.Contains(log, "request 4711") {
		t.Error("the log does not say that something was erased")
	}
}
