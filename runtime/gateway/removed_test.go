package gateway_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

func TestAConversationGoesOnWhenItsChannelIsRemovedAlsoAfterTheConnectionWasLost(t *testing.T) {
	elsewhere := http.Header{"Origin": {"https://www.acme.example"}}
	w := open(t, func(s *settings.Settings) {
		for i := range s.Channels {
			s.Channels[i].AllowedOrigins = []string{"https://www.acme.example"}
		}
	})
	customer := func(session string) (*gatewaytest.Client, error) {
		return gatewaytest.CustomerWith(w.Context(), w.URL, "shop", session, elsewhere)
	}
	talking, err := customer("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(talking.Drop)
	conversation := w.do(talking, protocol.Command{Type: protocol.TypeJoin}).Conversation
	looking, err := customer("")
	if err != nil {
		t.Fatal(err)
	}
	looked := looking.Session()
	looking.Drop()

	less := routed()
	less.Channels = slices.DeleteFunc(less.Channels, func(c settings.Channel) bool { return c.Name == "shop" })
	w.Apply(less)
	w.until(talking, "the channel is closed", func(v *gatewaytest.View) bool { return v.Channel.Availability == protocol.Closed })
	talking.Drop()
	if err := talking.Connect(w.Context()); err != nil {
		t.Fatalf("the customer cannot come back: %v", err)
	}
	if got := w.do(talking, protocol.Command{Type: protocol.TypeSay, Text: "still there?"}).Conversation; got != conversation {
		t.Errorf("goes on with %q, want %q", got, conversation)
	}
	// Who has no conversation there has no business there.
	for what, session := range map[string]string{"new": "", "who only looked": looked} {
		c, err := customer(session)
		if err == nil {
			t.Errorf("%s: may still come", what)
			c.Drop()
			continue
		}
		if !errors.Is(err, gatewaytest.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Nor who has ended it.
	w.do(talking, protocol.Command{Type: protocol.TypeEnd})
	talking.Drop()
	if err := talking.Connect(w.Context()); err == nil {
		t.Error("after the end there is a way back")
	}
}
