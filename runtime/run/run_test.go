package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/gateway"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

func do(t *testing.T, d *runtest.Desk, c *gatewaytest.Client, cmd protocol.Command) protocol.Ack {
	t.Helper()
	ack, err := c.Do(d.Context(), cmd)
	if err != nil {
		t.Fatalf("%s: %v", cmd.Type, err)
	}
	return ack
}

func refused(t *testing.T, d *runtest.Desk, c *gatewaytest.Client, cmd protocol.Command, code string) protocol.Error {
	t.Helper()
	_, err := c.Do(d.Context(), cmd)
	var r *gatewaytest.Refusal
	if !errors.As(err, &r) || r.Reason.Code != code {
		t.Fatalf("%s: got %v, want %s", cmd.Type, err, code)
	}
	return r.Reason
}

func until(t *testing.T, d *runtest.Desk, c *gatewaytest.Client, what string, holds func(*gatewaytest.View) bool) {
	t.Helper()
	if err := c.Until(d.Context(), holds); err != nil {
		c.Look(func(v *gatewaytest.View) { t.Fatalf("%s: %v; the client has %+v", what, err, v) })
	}
}

func place(n int) func(*gatewaytest.View) bool {
	return func(v *gatewaytest.View) bool { return v.Conversation().Place == n }
}

func texts(v *gatewaytest.View) string {
	var list []string
	for _, m := range v.Messages[v.Conversation().ID] {
		list = append(list, m.Text)
	}
	return strings.Join(list, "|")
}

func TestACustomerIsServedFromJoiningToTheEnd(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	ana, ben := d.Agent("ana"), d.Agent("ben")
	maria, olga := d.Customer("web", ""), d.Customer("web", "")

	first := do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "My invoice is wrong"})
	do(t, d, olga, protocol.Command{Type: protocol.TypeJoin, Name: "Olga"})
	until(t, d, maria, "Maria is first", place(1))
	until(t, d, olga, "Olga is second", place(2))
	until(t, d, ana, "Ana sees both wait", func(v *gatewaytest.View) bool {
		return v.Queues["support"].Waiting == 2 && len(v.Waiting) == 2 && v.Waiting[first.Conversation].Text == "My invoice is wrong"
	})

	picked := do(t, d, ana, protocol.Command{Type: protocol.TypePick, Queue: "support"})
	if picked.Conversation != first.Conversation {
		t.Fatalf("picked %s, the first in line is %s", picked.Conversation, first.Conversation)
	}
	taken := refused(t, d, ben, protocol.Command{Type: protocol.TypePick, Conversation: first.Conversation}, "already_taken")
	if taken.By != "ana" || !strings.Contains(taken.Message, "Ana Lind") {
		t.Fatalf("the second agent is told %+v", taken)
	}
	until(t, d, olga, "Olga moves up", place(1))
	until(t, d, ana, "the question comes with the conversation", func(v *gatewaytest.View) bool { return len(v.Messages[first.Conversation]) == 1 })
	until(t, d, maria, "Maria is told who serves her", func(v *gatewaytest.View) bool {
		return v.Conversation().State == protocol.StateInService && v.Conversation().AgentName == "Ana Lind"
	})

	do(t, d, ana, protocol.Command{Type: protocol.TypeSay, Conversation: first.Conversation, Text: "Which one?"})
	do(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "The last one 😀"})
	for name, c := range map[string]*gatewaytest.Client{"Ana": ana, "Maria": maria} {
		until(t, d, c, name+" has the whole talk", func(v *gatewaytest.View) bool {
			return len(v.Messages[first.Conversation]) == 3
		})
	}
	maria.Look(func(v *gatewaytest.View) {
		if got := texts(v); got != "My invoice is wrong|Which one?|The last one 😀" {
			t.Fatal(got)
		}
	})

	do(t, d, ana, protocol.Command{Type: protocol.TypeEnd, Conversation: first.Conversation})
	until(t, d, maria, "Maria sees the end", func(v *gatewaytest.View) bool { return v.Conversation().EndedBy == "agent" })
	until(t, d, ana, "Ana is offered the first in line, from the queue", func(v *gatewaytest.View) bool {
		for _, c := range v.Conversations {
			if c.State == protocol.StateOffered && c.FromQueue && c.Name == "Olga" {
				return true
			}
		}
		return false
	})
	refused(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "wait"}, "ended")
}

func TestTheLogTellsWhatHappenedToAQueue(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	ana := d.Agent("ana")
	maria := d.Customer("web", "")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	do(t, d, ana, protocol.Command{Type: protocol.TypeClose, Queue: "support", Reason: "fire drill", Until: time.Now().Add(2 * time.Hour).UnixMilli()})
	until(t, d, maria, "the widget says closed", func(v *gatewaytest.View) bool { return v.Channel.QueueState == "Closed" })
	refused(t, d, d.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin}, "queue_closed")
	do(t, d, ana, protocol.Command{Type: protocol.TypePick})
	do(t, d, ana, protocol.Command{Type: protocol.TypeAuto, Queue: "support"})

	req, _ := http.NewRequest(http.MethodGet, d.URL+"/v1/queues/support/log", nil)
	req.Header = ana.Header()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var page protocol.LogPage
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, e := range page.Entries {
		types = append(types, e.Type)
		if e.Type == "closed" && (e.By != "ana@acme.example" || e.Reason != "fire drill" || e.Until == 0) {
			t.Errorf("closed reads %+v", e)
		}
	}
	for _, want := range []string{"joined", "closed", "picked", "opened"} {
		if !slices.Contains(types, want) {
			t.Errorf("no %q among %v", want, types)
		}
	}
}

func TestAClientThatComesBackGetsWhatItMissedAndItsPlace(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	ana := d.Agent("ana")
	maria, olga := d.Customer("web", ""), d.Customer("web", "")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	do(t, d, olga, protocol.Command{Type: protocol.TypeJoin, Name: "Olga"})
	c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
	do(t, d, ana, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "one"})
	until(t, d, maria, "the first message is there", func(v *gatewaytest.View) bool { return texts(v) == "one" })

	say := protocol.Command{Type: protocol.TypeSay, Text: "mine", CID: maria.Number()}
	ack := do(t, d, maria, say)
	maria.Drop()
	do(t, d, ana, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "two"})

	d.Stop() // and the whole pod besides
	d.Start()
	for name, client := range map[string]*gatewaytest.Client{"Maria": maria, "Olga": olga, "Ana": ana} {
		client.Move(d.URL)
		if err := client.Connect(d.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	until(t, d, maria, "nothing is missing", func(v *gatewaytest.View) bool { return texts(v) == "one|mine|two" })
	until(t, d, olga, "the place is the same", place(1))
	until(t, d, ana, "the agent still has it", func(v *gatewaytest.View) bool { return v.Conversations[c].State == protocol.StateInService })
	if again := do(t, d, maria, say); again.Seq != ack.Seq {
		t.Fatalf("sent again, the answer names %d, at first %d", again.Seq, ack.Seq)
	}
	until(t, d, maria, "and it stands there once", func(v *gatewaytest.View) bool { return texts(v) == "one|mine|two" })
}

func TestEveryWrongFrameHasATypedAnswer(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast()})
	maria := d.Customer("web", "")
	refused(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "too early"}, "ended")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin})
	refused(t, d, maria, protocol.Command{Type: protocol.TypeJoin}, "already_joined")
	refused(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: strings.Repeat("ä", 4001)}, "text_too_long")
	refused(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: " \n"}, "text_empty")
	refused(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "a\x00b"}, "text_invalid")
	refused(t, d, maria, protocol.Command{Type: protocol.TypePick}, "bad_request")
	refused(t, d, maria, protocol.Command{Type: "frobnicate"}, "bad_request")
	do(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "ok", CID: 1000})
	refused(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "late", CID: 999}, "out_of_order")
	for _, raw := range []string{"", "{", "[]", `"x"`, `{"type":7}`} {
		if err := maria.SendRaw([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	until(t, d, maria, "each malformed frame is answered", func(v *gatewaytest.View) bool { return len(v.Errors) == 5 })
	do(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "still there", CID: 1001})

	closes := map[string]struct {
		code uint16
		send func(c *gatewaytest.Client) error
	}{
		"a frame of 40 KiB": {1009, func(c *gatewaytest.Client) error {
			return c.SendRaw([]byte(`{"type":"say","text":"` + strings.Repeat("x", 40<<10) + `"}`))
		}},
		"a second hello": {protocol.CloseProtocol, func(c *gatewaytest.Client) error { return c.Send(protocol.Hello{Type: protocol.TypeHello, V: 1}) }},
	}
	for name, test := range closes {
		c := d.Customer("web", "")
		if err := test.send(c); err != nil {
			t.Fatal(err)
		}
		if code, err := c.Closed(d.Context()); err != nil || code != test.code {
			t.Errorf("%s: closed with %d (%v), want %d", name, code, err, test.code)
		}
	}
}

func TestAWrongHelloIsToldWhy(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	other := runtest.Sample()
	other.Desk.Name = "other"
	foreign := runtest.Start(t, runtest.Options{Settings: other}).Customer("web", "").Session()
	for name, test := range map[string]struct {
		channel, session string
		header           http.Header
		code             string
	}{
		"no such channel":        {channel: "nope", code: "not_found"},
		"a forged session":       {channel: "web", session: "eyJhbGciOiJub25lIn0.e30.", code: "unauthorized"},
		"another desk's session": {channel: "web", session: foreign, code: "unauthorized"},
		"an origin not allowed":  {channel: "web", header: http.Header{"Origin": {"https://evil.example"}}, code: "origin_refused"},
		"an origin that is none": {channel: "web", header: http.Header{"Origin": {"null"}}, code: "origin_refused"},
	} {
		c, err := gatewaytest.CustomerWith(d.Context(), d.URL, test.channel, test.session, test.header)
		if !errors.Is(err, gatewaytest.ErrClosed) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.Look(func(v *gatewaytest.View) {
			if len(v.Errors) != 1 || v.Errors[0].Code != test.code || v.Code != protocol.CloseSignedOut {
				t.Errorf("%s: told %+v and closed with %d", name, v.Errors, v.Code)
			}
		})
	}
	if _, err := gatewaytest.CustomerWith(d.Context(), d.URL, "web", "", http.Header{"Origin": {"https://www.acme.example"}}); err != nil {
		t.Errorf("an allowed origin: %v", err)
	}
}

func TestAFloodIsAnsweredAndThenCutWithoutHarmToOthers(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	maria, olga := d.Customer("web", ""), d.Customer("web", "")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin})
	do(t, d, olga, protocol.Command{Type: protocol.TypeJoin})
	for i := range 1000 {
		if maria.Send(protocol.Command{Type: protocol.TypeSay, Text: fmt.Sprint(i), CID: uint64(i + 10)}) != nil {
			break
		}
	}
	if code, err := maria.Closed(d.Context()); err != nil || code != protocol.CloseRateLimited {
		t.Fatalf("closed with %d (%v)", code, err)
	}
	do(t, d, olga, protocol.Command{Type: protocol.TypeSay, Text: "I am still served"})
}

func TestAClientThatDoesNotReadIsToldToResume(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast()})
	ana := d.Agent("ana")
	maria := d.Customer("web", "")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin})
	c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
	maria.Stall()
	text := strings.Repeat("x", 4000)
	for range 2000 { // 8 MB: more than the kernel's buffers and the budget together
		if _, err := ana.Do(d.Context(), protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, d, ana, "the slow client is gone", func(v *gatewaytest.View) bool { return !v.Conversations[c].Online })
	maria.Resume()
	if _, err := maria.Closed(d.Context()); err != nil {
		t.Fatal(err)
	}
	if err := maria.Connect(d.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, d, maria, "and has the last message after resuming", func(v *gatewaytest.View) bool {
		list := v.Messages[c]
		return len(list) > 0 && list[len(list)-1].Text == text
	})
}

func TestSigningOutAndLosingTheMembershipCloseTheSocketsAtOnce(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	ana, ben := d.Agent("ana"), d.Agent("ben")
	req, _ := http.NewRequest(http.MethodPost, d.URL+"/v1/sign-out", nil)
	req.Header = ana.Header()
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%v %v", resp, err)
	}
	if code, err := ana.Closed(d.Context()); err != nil || code != protocol.CloseSignedOut {
		t.Fatalf("closed with %d (%v)", code, err)
	}
	without := runtest.Sample()
	without.Teams[0].Members = without.Teams[0].Members[:1]
	d.Apply(without)
	if code, err := ben.Closed(d.Context()); err != nil || code != protocol.CloseSignedOut {
		t.Fatalf("closed with %d (%v)", code, err)
	}
	if err := ben.Connect(d.Context()); err == nil {
		t.Fatal("a former member connects")
	}
}

func TestAgentsPagesMayNotBeCalledFromOtherOrigins(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	ana := d.Agent("ana")
	for _, path := range []string{"/v1/agent/commands", "/v1/sign-out"} {
		req, _ := http.NewRequest(http.MethodPost, d.URL+path, strings.NewReader("{}"))
		req.Header = ana.Header()
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	ana.SetHeader("Origin", "https://evil.example")
	if err := ana.Connect(d.Context()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a socket of another origin: %v", err)
	}
}

func TestNobodyOnlineAndNothingOfferedIsNotOffered(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	c := d.Customer("bills", "")
	until(t, d, c, "offline", func(v *gatewaytest.View) bool {
		return !v.Channel.Offered && v.Channel.Availability == protocol.Offline
	})
	refused(t, d, c, protocol.Command{Type: protocol.TypeJoin}, "not_offered")
	ana := d.Agent("ana")
	until(t, d, c, "offered as soon as an agent is there", func(v *gatewaytest.View) bool { return v.Channel.Offered })
	do(t, d, c, protocol.Command{Type: protocol.TypeJoin})
	ana.Drop()
}

func TestRatesAndBodiesOfTheHTTPWayIn(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: gateway.Rates{}})
	maria := d.Customer("web", "")
	post := func(body, token string) (int, string) {
		req, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, d.URL+"/v1/customer/commands", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var got struct {
			Type  string
			Error protocol.Error
		}
		_ = json.NewDecoder(resp.Body).Decode(&got)
		return resp.StatusCode, got.Error.Code
	}
	for _, test := range []struct {
		name, body, token string
		status            int
		code              string
	}{
		{"no session", `{}`, "", 401, "unauthorized"},
		{"not JSON", `{`, maria.Session(), 400, "bad_request"},
		{"no client", `{"type":"join","cid":1}`, maria.Session(), 400, "bad_request"},
		{"too large", `{"text":"` + strings.Repeat("x", 40<<10) + `"}`, maria.Session(), 413, "too_large"},
		{"not UTF-8", "{\"type\":\"join\",\"cid\":1,\"client\":\"abcdefgh\",\"text\":\"\xff\"}", maria.Session(), 422, "text_invalid"},
		{"a join", `{"type":"join","cid":1,"client":"abcdefgh"}`, maria.Session(), 200, ""},
		{"the same again", `{"type":"join","cid":1,"client":"abcdefgh"}`, maria.Session(), 200, ""},
		{"another join", `{"type":"join","cid":2,"client":"abcdefgh"}`, maria.Session(), 409, "already_joined"},
	} {
		if status, code := post(test.body, test.token); status != test.status || code != test.code {
			t.Errorf("%s: %d %s, want %d %s", test.name, status, code, test.status, test.code)
		}
	}
}
