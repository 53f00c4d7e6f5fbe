package podstest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/access/sealtest"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/podstest"
)

// TestFactsThatCameToOnePodAreReadOnEveryOtherAlsoByTheNextLeader: the pod that takes a join, the one that decides, and
// the one where the agent reads are three (feature C9).
func TestFactsThatCameToOnePodAreReadOnEveryOtherAlsoByTheNextLeader(t *testing.T) {
	ctx := within(t)
	keys, secret := t.TempDir(), bytes.Repeat([]byte{7}, 32)
	if err := os.WriteFile(filepath.Join(keys, "shop"), secret, 0o600); err != nil {
		t.Fatal(err)
	}
	d := pods(t, ctx, func(o *podstest.Options) { o.Args = append(o.Args, "--metadata-keys", keys) })
	leads := leader(t, ctx, d)
	var others []*podstest.Pod
	for _, p := range d.Pods {
		if p != leads {
			others = append(others, p)
		}
	}
	customer, err := gatewaytest.Customer(ctx, others[0].URL(), "web", "")
	if err != nil {
		t.Fatal(err)
	}
	defer customer.Drop()
	sealed := sealtest.Seal(t, "shop", secret, sealtest.Claims(time.Now().Add(time.Hour), map[string]any{"customerNumber": "4711"}))
	ack, err := customer.Do(ctx, protocol.Command{Type: protocol.TypeJoin, Secure: sealed})
	if err != nil {
		t.Fatal(err)
	}
	link, err := d.Link("ana", others[1].URL())
	if err != nil {
		t.Fatal(err)
	}
	agent, err := gatewaytest.Agent(ctx, others[1].URL(), link)
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Drop()
	read := func(p *podstest.Pod) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/v1/conversations/"+ack.Conversation+"/secure-metadata", nil)
		if err != nil {
			return err
		}
		r.Header = agent.Header()
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err == nil && (res.StatusCode != http.StatusOK || !strings.Contains(string(b), `"customerNumber":"4711"`)) {
			err = fmt.Errorf("%d %s", res.StatusCode, b)
		}
		return err
	}
	for _, p := range d.Pods {
		becomes(t, ctx, p.Name()+" reads them", true, func() error { return read(p) })
	}
	send(t, leads, syscall.SIGKILL)
	for _, p := range others {
		becomes(t, ctx, p.Name()+" reads them when another leads", true, func() error { return read(p) })
	}
	// One that begins anew has them from the ledger.
	if err := leads.Start(ctx); err != nil {
		t.Fatal(err)
	}
	becomes(t, ctx, leads.Name()+" reads them when it is back", true, func() error { return read(leads) })
}
