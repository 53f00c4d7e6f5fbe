package podstest_test

import (
	"context"
	"testing"
	"time"

	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/peer"
	"usher.chat/runtime/run/podstest"
)

// stolenAddress tries to join one desk's router with what another desk has.
func stolenAddress(t *testing.T, ctx context.Context, victim, thief *podstest.Desk) {
	t.Helper()
	address := leader(t, ctx, victim).Peer
	sameName, err := controltest.NewCA("acme", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	forged, err := sameName.Peer(peer.Name("acme"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := forged.Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]peer.JoinOptions{
		"its own certificate and its own name": {Desk: "other", TLS: thief.TLS},
		"its own certificate, the other name":  {Desk: "acme", TLS: thief.TLS},
		"a forged certificate":                 {Desk: "acme", TLS: dir},
	} {
		o.Address, o.Gateway = address, "thief/1"
		if stream, err := peer.Join(ctx, o); err == nil {
			stream.Close()
			t.Errorf("%s: the stream is open", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	// Its own is taken in, by whoever leads at the moment: on a busy machine the lead changes, and who leads anew
	// remembers nothing of what was before.
	for {
		last, err := victim.Ledger.Last(ctx)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := peer.Join(ctx, peer.JoinOptions{Desk: "acme", TLS: victim.TLS, Address: leader(t, ctx, victim).Peer, Gateway: "own/1", After: last})
		if err == nil {
			stream.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the desk's own certificate: %v", err)
		}
		pause(ctx, 20*time.Millisecond)
	}
}
