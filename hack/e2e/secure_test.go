//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/access/sealtest"
	"usher.chat/runtime/protocol"
)

// The Secret of secure metadata is made when the desk runs already, gets a second key and loses the first, by the
// commands of docs/operations.md: the pod's node brings each change into the pod, which is never restarted (feature C9).
func TestKeysOfSecureMetadataReachAPodThatRunsAndLeaveIt(t *testing.T) {
	const ns = "e2e-secure"
	// A node looks at a pod's Secrets about once a minute.
	const brought = 5 * time.Minute
	freshDesk(t, ns, talk(ns))
	pod := func() string {
		return field(t, ns, "pod/usher-0", ".metadata.uid") + " " + field(t, ns, "pod/usher-0", ".status.containerStatuses[0].restartCount")
	}
	first := pod()
	ana := agent(t, ns, "ana")
	join := func(kid string, b byte) (string, error) {
		c := customer(t, ns, "web")
		ack, err := c.Do(short(t), protocol.Command{Type: protocol.TypeJoin, Secure: sealtest.Seal(t, kid, bytes.Repeat([]byte{b}, 32),
			sealtest.Claims(time.Now().Add(time.Hour), map[string]any{"customerNumber": "4711"}))})
		return ack.Conversation, err
	}
	read := func(id string) (int, string) {
		return get(t, address(t, ns)+"/v1/conversations/"+id+"/secure-metadata", ana.Header())
	}
	joined := func(kid string, b byte) (id string) {
		t.Helper()
		eventually(t, brought, kid+" has reached the pod", func() (string, bool) {
			var err error
			id, err = join(kid, b)
			return fmt.Sprint(err), err == nil
		})
		if code, body := read(id); code != http.StatusOK || !strings.Contains(body, `"customerNumber":"4711"`) || !strings.Contains(body, kid) {
			t.Errorf("of %s: %d %s", kid, code, body)
		}
		return id
	}
	_, err := join("shop-2026", 1)
	refusedWith(t, err, "secure_metadata_invalid")

	kubectl(t, "-n", ns, "create", "secret", "generic", "usher-metadata", "--from-literal=shop-2026="+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)))
	old := joined("shop-2026", 1)
	kubectl(t, "-n", ns, "patch", "secret", "usher-metadata", "--patch",
		`{"data": {"shop-2027": "`+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, 32))+`"}}`)
	fresh := joined("shop-2027", 2)
	joined("shop-2026", 1) // both are valid at once
	kubectl(t, "-n", ns, "patch", "secret", "usher-metadata", "--patch", `{"data": {"shop-2026": null}}`)
	eventually(t, brought, "the first key has left the pod", func() (string, bool) {
		code, body := read(old)
		return body, code == http.StatusGone && strings.Contains(body, "key_gone")
	})
	if code, body := read(fresh); code != http.StatusOK {
		t.Errorf("of the second key: %d %s", code, body)
	}
	if now := pod(); now != first {
		t.Errorf("the pod was %s and is %s", first, now)
	}
}
