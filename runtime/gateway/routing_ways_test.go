package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
)

func TestASessionKeyLeadsToItsAgentOnceAndIsThenGone(t *testing.T) {
	w := open(t)
	ben, cem := w.Agent("ben"), w.Agent("cem")
	w.do(ben, protocol.Command{Type: protocol.TypeNewKey})
	var key string
	w.until(ben, "the key is told", func(v *gatewaytest.View) bool {
		if len(v.Me.Keys) == 1 {
			key = v.Me.Keys[0].Key
		}
		return len(key) == 7
	})
	w.never(cem, "another is told of it", func(v *gatewaytest.View) bool { return len(v.Me.Keys) > 0 })
	_, c := w.joins("web", protocol.Command{Key: key})
	w.until(ben, "the customer waits for the agent in person", func(v *gatewaytest.View) bool {
		return v.Waiting[c].Agent == "ben" && v.Waiting[c].Via == "key"
	})
	w.until(ben, "the key is gone", func(v *gatewaytest.View) bool { return len(v.Me.Keys) == 0 })
	w.never(cem, "a colleague sees who waits in person", waits(c))
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Key: key}, "key_invalid")

	w.do(ben, protocol.Command{Type: protocol.TypeNewKey})
	w.until(ben, "another key is told", func(v *gatewaytest.View) bool {
		if len(v.Me.Keys) == 1 {
			key = v.Me.Keys[0].Key
		}
		return len(v.Me.Keys) == 1
	})
	w.refused(cem, protocol.Command{Type: protocol.TypeDropKey, Key: key}, "not_found")
	w.do(ben, protocol.Command{Type: protocol.TypeDropKey, Key: key})
	w.until(ben, "a dropped key is gone", func(v *gatewaytest.View) bool { return len(v.Me.Keys) == 0 })
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Key: key}, "key_invalid")
	for range desk.MaxKeys {
		w.do(ben, protocol.Command{Type: protocol.TypeNewKey})
	}
	w.refused(ben, protocol.Command{Type: protocol.TypeNewKey}, "limit_reached")
}

func TestOneThousandWrongSessionKeysLockTheirAddressAndNoOther(t *testing.T) {
	w := open(t)
	ben := w.Agent("ben")
	w.do(ben, protocol.Command{Type: protocol.TypeNewKey})
	var key string
	w.until(ben, "the key is told", func(v *gatewaytest.View) bool {
		if len(v.Me.Keys) == 1 {
			key = v.Me.Keys[0].Key
		}
		return key != ""
	})
	from := func(address string) *gatewaytest.Client {
		c, err := gatewaytest.CustomerWith(w.Context(), w.URL, "web", "", http.Header{"X-Forwarded-For": {"203.0.113.9, " + address}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Drop)
		return c
	}
	thief, codes := from("198.51.100.7"), map[string]int{}
	for i := range 1000 {
		guess := fmt.Sprintf("%07d", i)
		if guess == key {
			continue
		}
		_, err := thief.Do(w.Context(), protocol.Command{Type: protocol.TypeJoin, Key: guess})
		code, _, _ := strings.Cut(err.Error(), ":")
		codes[code]++
	}
	if codes["key_invalid"] != 10 || codes["key_locked"] < 989 {
		t.Errorf("answers: %v", codes)
	}
	locked := w.refused(from("198.51.100.7"), protocol.Command{Type: protocol.TypeJoin, Key: key}, "key_locked")
	if locked.RetryAfterMS <= 0 || locked.RetryAfterMS > 15*60*1000 {
		t.Errorf("to be tried again after %d ms", locked.RetryAfterMS)
	}
	w.do(thief, protocol.Command{Type: protocol.TypeJoin}) // without a key
	w.do(from("198.51.100.8"), protocol.Command{Type: protocol.TypeJoin, Key: key})
	w.Stop()
	var logged []desk.KeysLocked
	for _, r := range w.records() {
		if e, ok := r.Event.(desk.KeysLocked); ok {
			logged = append(logged, e)
		}
	}
	if len(logged) != 1 || logged[0].Source != "198.51.100.7" || logged[0].Tries != 10 {
		t.Errorf("the ledger has %+v", logged)
	}
}

// records are what the ledger of a desk that was stopped has.
func (w *world) records() (list []desk.Record) {
	w.t.Helper()
	l, err := ledger.Open(w.t.Context(), ledger.Options{URL: "sqlite://" + w.Data + "/ledger.db", Desk: "acme"})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for r, err := range router.Records(w.t.Context(), l, 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func TestASupportLinkLeadsWhereItSaysAndOnlyThoseWithARightMakeIt(t *testing.T) {
	w := open(t)
	ana, ben, eva := w.Agent("ana"), w.Agent("ben"), w.Agent("eva")
	soon := time.Now().Add(time.Hour).UnixMilli()
	link := func(c *gatewaytest.Client, channel string, who *protocol.Target, expires int64) (protocol.Link, int, string) {
		var l protocol.Link
		status, e := w.call(c, "POST", "/v1/links", protocol.NewLink{Channel: channel, To: *who, Expires: expires}, &l)
		return l, status, e.Code
	}
	for _, test := range []struct {
		name    string
		by      *gatewaytest.Client
		channel string
		to      *protocol.Target
		expires int64
		status  int
		code    string
	}{
		{"to oneself", ben, "web", to("agent", "ben"), soon, 200, ""},
		{"to a colleague", ben, "web", to("agent", "ana"), soon, 403, "not_entitled"},
		{"to the team, no admin", ben, "web", to("team", "helpers"), soon, 403, "not_entitled"},
		{"to the team, an admin", ana, "web", to("team", "helpers"), soon, 200, ""},
		{"to the queue, an admin", ana, "web", to("queue", "support"), soon, 200, ""},
		{"to another team's queue", ana, "web", to("queue", "shop"), soon, 403, "not_entitled"},
		{"to nobody", ana, "web", to("agent", "nobody"), soon, 404, "not_found"},
		{"of no channel", ana, "nope", to("agent", "ana"), soon, 404, "not_found"},
		{"to a kind that is none", ana, "web", to("planet", "mars"), soon, 400, "bad_request"},
		{"that has expired", ana, "web", to("agent", "ana"), time.Now().Add(-time.Minute).UnixMilli(), 400, "bad_request"},
		{"for two years", ana, "web", to("agent", "ana"), time.Now().Add(2 * 365 * 24 * time.Hour).UnixMilli(), 400, "bad_request"},
	} {
		if _, status, code := link(test.by, test.channel, test.to, test.expires); status != test.status || code != test.code {
			t.Errorf("a link %s: %d %s", test.name, status, code)
		}
	}
	if status, _ := w.call(nil, "POST", "/v1/links", protocol.NewLink{}, nil); status != 401 {
		t.Errorf("not signed in: %d", status)
	}

	channel := func(name, token string) (v protocol.Channel) {
		if status, e := w.call(nil, "GET", "/v1/channels/"+name+"?link="+token, nil, &v); status != 200 {
			t.Fatalf("%d %+v", status, e)
		}
		return v
	}
	toBen, _, _ := link(ben, "web", to("agent", "ben"), soon)
	if v := channel("web", toBen.Token); v.Link == nil || v.Link.Name != "Ben Okoro" || !v.Link.Offered || v.Link.Expires/1000 != soon/1000 {
		t.Errorf("the page is told %+v %q", v.Link, v.LinkError)
	}
	if !strings.Contains(toBen.URL, toBen.Token) || !strings.HasPrefix(toBen.URL, w.URL+"/") {
		t.Errorf("the link is %s", toBen.URL)
	}
	if v := channel("shop", toBen.Token); v.Link != nil || v.LinkError != "link_invalid" {
		t.Errorf("on another channel: %+v %q", v.Link, v.LinkError)
	}
	forged := toBen.Token[:len(toBen.Token)-4] + "AAAA"
	if v := channel("web", forged); v.LinkError != "link_invalid" {
		t.Errorf("forged: %q", v.LinkError)
	}
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Link: forged}, "link_invalid")
	w.refused(w.Customer("shop", ""), protocol.Command{Type: protocol.TypeJoin, Link: toBen.Token}, "link_invalid")
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Link: toBen.Token, Issue: "support/invoice"}, "bad_request")

	_, c := w.joins("web", protocol.Command{Link: toBen.Token})
	w.until(ben, "who comes by it waits for the agent", func(v *gatewaytest.View) bool {
		return v.Waiting[c].Agent == "ben" && v.Waiting[c].Via == "link"
	})
	toTeam, _, _ := link(ana, "web", to("team", "helpers"), soon)
	_, c = w.joins("web", protocol.Command{Link: toTeam.Token})
	w.until(ana, "or for the team", func(v *gatewaytest.View) bool { return v.Waiting[c].Team == "helpers" })
	w.never(eva, "others see that", func(v *gatewaytest.View) bool { return len(v.Waiting) > 0 })

	short, _, _ := link(ben, "web", to("agent", "ben"), time.Now().Add(time.Second).UnixMilli())
	w.eventually("a link expires", func() bool { return channel("web", short.Token).LinkError == "link_expired" })
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Link: short.Token}, "link_expired")

	s := routed()
	s.Teams = slices.DeleteFunc(s.Teams, func(t settings.Team) bool { return t.Name == "helpers" })
	w.Apply(s)
	w.eventually("what a link leads to is gone", func() bool { return channel("web", toTeam.Token).LinkError == "link_invalid" })
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Link: toTeam.Token}, "link_invalid")
}

// eventually asks again until something holds.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			w.t.Fatalf("after a minute it does not hold that %s", what)
		}
	}
}

func TestAWidgetFollowsOpennessPresenceAndIssues(t *testing.T) {
	w := open(t)
	c := w.Customer("web", "")
	ids := func(v *gatewaytest.View) (list []string) {
		for _, i := range v.Channel.Issues {
			list = append(list, i.ID)
		}
		return list
	}
	w.until(c, "issues of open queues are listed, of all that the channel names", func(v *gatewaytest.View) bool {
		return slices.Equal(ids(v), []string{"support/invoice", "support/grab", "shop/order"}) && len(v.Channel.Agents) == 0
	})
	ana, ben := w.Agent("ana"), w.Agent("ben")
	w.until(c, "public agents appear as they come", func(v *gatewaytest.View) bool {
		return len(v.Channel.Agents) == 2 && v.Channel.Agents[0].DisplayName == "Ana Lind"
	})
	w.do(ana, protocol.Command{Type: protocol.TypePresence, Presence: "away"})
	w.until(c, "and go when they are away", func(v *gatewaytest.View) bool {
		return len(v.Channel.Agents) == 1 && v.Channel.Agents[0].Name == "ben"
	})
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Agent: "ana"}, "not_offered")
	_, chosen := w.joins("web", protocol.Command{Agent: "ben"})
	w.until(ben, "a chosen agent has the customer in the personal queue", func(v *gatewaytest.View) bool {
		return v.Waiting[chosen].Agent == "ben" && v.Waiting[chosen].Via == "chosen"
	})
	eva := w.Agent("eva")
	w.do(eva, protocol.Command{Type: protocol.TypeClose, Queue: "shop"})
	w.until(c, "issues of a closed queue go", func(v *gatewaytest.View) bool {
		return slices.Equal(ids(v), []string{"support/invoice", "support/grab"})
	})
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Issue: "shop/order"}, "queue_closed")
	_, issue := w.joins("web", protocol.Command{Issue: "support/grab"})
	w.until(eva, "an issue leads to the team that owns it", func(v *gatewaytest.View) bool {
		return v.Waiting[issue].Team == "grabbers" && v.Waiting[issue].Grab && v.Waiting[issue].Issue == "grab"
	})
	w.refused(w.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Issue: "desk/none"}, "not_found")
}

func TestWhatAnUnavailableChannelShowsIsThatOfItsState(t *testing.T) {
	w := open(t)
	c := w.Customer("busy", "")
	shows := func(availability, action, message string) func(*gatewaytest.View) bool {
		return func(v *gatewaytest.View) bool {
			return v.Channel.Availability == availability && v.Channel.WhenUnavailable == action && v.Channel.Message == message
		}
	}
	w.until(c, "nobody is there", shows("offline", "ContactForm", "Nobody is here; write to us."))
	gus := w.Agent("gus")
	w.until(c, "an agent is free", func(v *gatewaytest.View) bool { return v.Channel.Offered })
	_, first := w.joins("busy", protocol.Command{})
	w.do(gus, protocol.Command{Type: protocol.TypePick, Conversation: first})
	w.until(c, "all are busy", shows("busy", "Message", "All of us are busy."))
	s := routed()
	for i := range s.Queues {
		if s.Queues[i].Name == "busy" {
			s.Queues[i].Override = &calendar.Override{State: calendar.OverrideState(settings.QueueClosed)}
		}
	}
	w.Apply(s)
	w.until(c, "the queue is closed", shows("closed", "Hide", "Come back later."))
	w.do(gus, protocol.Command{Type: protocol.TypeEnd, Conversation: first})
}

func TestAContactFormIsListedForThoseWhoWatchAndAMessageRevivesIt(t *testing.T) {
	w := open(t)
	maria := w.Customer("busy", "")
	form := protocol.Command{Type: protocol.TypeContact, Name: "Maria", Email: "maria@example.com", Text: "call me"}
	for name, bad := range map[string]protocol.Command{
		"text_empty":   {Type: protocol.TypeContact, Email: "maria@example.com"},
		"text_invalid": {Type: protocol.TypeContact, Email: "maria", Text: "call me"},
	} {
		w.refused(maria, bad, name)
	}
	w.refused(maria, protocol.Command{Type: protocol.TypeContact, Text: "call me"}, "text_empty")
	w.refused(w.Customer("web", ""), form, "feature_off")
	c := w.do(maria, form).Conversation
	w.until(maria, "the customer sees it", func(v *gatewaytest.View) bool { return v.Conversation().State == protocol.StateInactive })

	gus, hal, ana := w.Agent("gus"), w.Agent("hal"), w.Agent("ana")
	for _, who := range []*gatewaytest.Client{gus, ana} {
		if err := who.Send(protocol.Command{Type: protocol.TypeWatch, Views: []string{"inactive"}}); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(v *gatewaytest.View) bool {
		i := v.Inactives[c]
		return i.Email == "maria@example.com" && i.Text == "call me" && i.Why == "contact" && i.Queue == "busy"
	}
	w.until(gus, "who watches sees it with its address", listed)
	w.until(gus, "the queue's row counts it", func(v *gatewaytest.View) bool { return v.Queues["busy"].Inactive == 1 })

	// A form by HTTP is told to those who watch already.
	olga := w.Customer("busy", "")
	req, _ := http.NewRequestWithContext(w.Context(), http.MethodPost, w.URL+"/v1/customer/commands",
		strings.NewReader(`{"type":"contact","cid":1,"client":"form-page","phone":"+358 40 1234","text":"me too"}`))
	req.Header.Set("Authorization", "Bearer "+olga.Session())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	w.until(gus, "a second one", func(v *gatewaytest.View) bool { return len(v.Inactives) == 2 && v.Queues["busy"].Inactive == 2 })
	w.never(hal, "who does not watch is told of it", func(v *gatewaytest.View) bool { return len(v.Inactives) > 0 })
	w.never(ana, "an agent of other queues is", func(v *gatewaytest.View) bool { return len(v.Inactives) > 0 })

	w.do(maria, protocol.Command{Type: protocol.TypeSay, Text: "are you there?"})
	w.until(gus, "a message revives it, now that agents are there", func(v *gatewaytest.View) bool {
		_, still := v.Inactives[c]
		return !still && v.Waiting[c].Text == "call me" && v.Queues["busy"].Inactive == 1
	})
	w.until(maria, "the customer waits", func(v *gatewaytest.View) bool { return v.Conversation().State == protocol.StateWaiting })
	if err := gus.Send(protocol.Command{Type: protocol.TypeWatch}); err != nil {
		t.Fatal(err)
	}
	w.do(gus, protocol.Command{Type: protocol.TypePick, Conversation: c})
	w.until(gus, "and is served with what was written", said(c, "call me", "are you there?"))
}
