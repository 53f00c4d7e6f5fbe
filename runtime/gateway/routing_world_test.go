package gateway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
	"usher.chat/runtime/settings"
)

// routed is a desk with a team of each kind: helpers who see each other's conversations, grabbers who do
// not, and takers who are offered customers by the desk, one at a time.
func routed() settings.Settings {
	places := settings.WhenBusy{Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityFixed, Places: 1000}}
	s := settings.Settings{
		Desk: settings.Desk{Name: "acme", DisplayName: "Acme"},
		Teams: []settings.Team{
			{Name: "helpers", DisplayName: "Helpers", Members: []settings.Member{
				{Name: "ana", DisplayName: "Ana Lind", Role: settings.RoleAdmin, Listing: settings.ListingPublic},
				{Name: "ben", DisplayName: "Ben Okoro", Listing: settings.ListingPublic}, {Name: "cem"},
			}},
			{Name: "grabbers", Mode: settings.TeamGrab, Members: []settings.Member{
				{Name: "dan", Role: settings.RoleAdmin}, {Name: "eva", DisplayName: "Eva Ruiz"}, {Name: "fay"},
			}},
			{Name: "takers", MaxConversations: 1, Members: []settings.Member{{Name: "gus"}, {Name: "hal"}}},
		},
		Queues: []settings.Queue{
			{Name: "support", DisplayName: "Support", Teams: []string{"helpers"}, WhenBusy: places, Issues: []settings.Issue{
				{Name: "invoice", DisplayName: "My invoice"}, {Name: "grab", Team: "grabbers"},
			}},
			{Name: "shop", Teams: []string{"grabbers"}, WhenBusy: places, Issues: []settings.Issue{{Name: "order"}}},
			{Name: "desk", Teams: []string{"takers"}, WhenBusy: places, OfferTimeoutSeconds: 5,
				Distribution: settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: settings.StrategyLeastBusy}},
			{Name: "busy", Teams: []string{"takers"}},
		},
		Channels: []settings.Channel{
			{Name: "web", Type: settings.ChannelWeb, Queue: "support", IssueQueues: []string{"shop"}, Agents: settings.AgentListOnline},
			{Name: "shop", Type: settings.ChannelWeb, Queue: "shop"},
			{Name: "desk", Type: settings.ChannelWeb, Queue: "desk"},
			{Name: "busy", Type: settings.ChannelWeb, Queue: "busy", Unavailable: settings.Unavailable{
				Action: settings.UnavailableHide, Message: "Come back later.",
				Busy:    &settings.UnavailableState{Action: settings.UnavailableMessage, Message: "All of us are busy."},
				Offline: &settings.UnavailableState{Action: settings.UnavailableContactForm, Message: "Nobody is here; write to us."},
			}},
		},
	}
	s.Sort()
	return s
}

// world is a desk under test.
type world struct {
	*runtest.Desk
	t *testing.T
}

func open(t *testing.T, change ...func(*settings.Settings)) *world {
	t.Helper()
	s := routed()
	for _, f := range change {
		f(&s)
	}
	// The tests are the proxy before the desk.
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return &world{runtest.Start(t, runtest.Options{Settings: s, Rates: runtest.Fast(), TrustedProxies: proxies}), t}
}

func (w *world) do(c *gatewaytest.Client, cmd protocol.Command) protocol.Ack {
	w.t.Helper()
	ack, err := c.Do(w.Context(), cmd)
	if err != nil {
		w.t.Fatalf("%s: %v", cmd.Type, err)
	}
	return ack
}

func (w *world) refused(c *gatewaytest.Client, cmd protocol.Command, code string) protocol.Error {
	w.t.Helper()
	_, err := c.Do(w.Context(), cmd)
	var r *gatewaytest.Refusal
	if !errors.As(err, &r) || r.Reason.Code != code {
		w.t.Errorf("%s: got %v, want %s", cmd.Type, err, code)
		return protocol.Error{}
	}
	return r.Reason
}

func (w *world) until(c *gatewaytest.Client, what string, holds func(*gatewaytest.View) bool) {
	w.t.Helper()
	if err := c.Until(w.Context(), holds); err != nil {
		c.Look(func(v *gatewaytest.View) {
			b, _ := json.MarshalIndent(v, "", " ")
			w.t.Fatalf("%s: %v; the client has %s", what, err, b)
		})
	}
}

// never checks that something does not hold, once the client has been told all up to a sequence that
// another was answered with.
func (w *world) never(c *gatewaytest.Client, what string, holds func(*gatewaytest.View) bool) {
	w.t.Helper()
	c.Look(func(v *gatewaytest.View) {
		if holds(v) {
			w.t.Errorf("it holds that %s", what)
		}
	})
}

// joins lets a customer come and write.
func (w *world) joins(channel string, cmd protocol.Command) (*gatewaytest.Client, string) {
	w.t.Helper()
	c := w.Customer(channel, "")
	cmd.Type = protocol.TypeJoin
	if cmd.Text == "" {
		cmd.Text = "hello"
	}
	return c, w.do(c, cmd).Conversation
}

func to(kind, name string) *protocol.Target { return &protocol.Target{Kind: kind, Name: name} }

// call sends an agent's request and reads the answer into out.
func (w *world) call(c *gatewaytest.Client, method, path string, body, out any) (int, protocol.Error) {
	w.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.URL+path, bytes.NewReader(b))
	if err != nil {
		w.t.Fatal(err)
	}
	if c != nil {
		req.Header = c.Header()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var refused protocol.ErrorBody
	into := out
	if resp.StatusCode >= 400 {
		into = &refused
	}
	if into != nil && resp.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			w.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return resp.StatusCode, refused.Error
}

func waits(id string) func(*gatewaytest.View) bool {
	return func(v *gatewaytest.View) bool { _, ok := v.Waiting[id]; return ok }
}

func state(id, state string) func(*gatewaytest.View) bool {
	return func(v *gatewaytest.View) bool { return v.Conversations[id].State == state }
}

func gone(kind protocol.ChangeKind, id, why, by string) func(*gatewaytest.View) bool {
	return func(v *gatewaytest.View) bool {
		g, ok := v.Went(kind, id)
		return ok && g.Why == why && g.By == by
	}
}

func noticed(code string) func(*gatewaytest.View) bool {
	return func(v *gatewaytest.View) bool { _, ok := v.Noticed(code); return ok }
}

func said(id string, texts ...string) func(*gatewaytest.View) bool {
	return func(v *gatewaytest.View) bool { return slices.Equal(v.Texts(id), texts) }
}
