package gateway

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// A client whose socket is open already, and that has not said who it is, is on no list yet when the others are sent away.
func TestAClientThatIsJustComingIsSentAwayTooFromAPodThatCannotServe(t *testing.T) {
	for name, leave := range map[string]func(p *pod){
		"apart from who leads": func(p *pod) { p.Apart(true) },
		"going away":           func(p *pod) { p.streams.drain() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPod(t, time.Now, nil)
			srv := httptest.NewServer(p)
			t.Cleanup(srv.Close)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			t.Cleanup(cancel)
			c, err := gatewaytest.Unannounced(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Drop)
			for p.Sockets() == 0 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			leave(p)
			if err := c.Send(protocol.Hello{Type: protocol.TypeHello, V: protocol.Version, Client: "just-coming", Channel: "web"}); err != nil {
				t.Fatal(err)
			}
			if code, err := c.Closed(ctx); err != nil || code != 1001 {
				t.Errorf("closed with %d, %v; want 1001", code, err)
			}
			c.Look(func(v *gatewaytest.View) {
				if !v.GoAway {
					t.Error("it was not told when to come again")
				}
			})
		})
	}
}
