package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

func TestAThousandMessagesInASecondByHTTPAreBoundedWithoutHarmToOthers(t *testing.T) {
	var at atomic.Int64
	at.Store(time.Now().UnixNano())
	p := newPod(t, func() time.Time { return time.Unix(0, at.Load()) }, nil)
	srv := httptest.NewServer(p)
	defer srv.Close()
	post := func(session string, cid int, kind, text string) (int, http.Header, protocol.Error) {
		t.Helper()
		body := fmt.Sprintf(`{"type":%q,"cid":%d,"client":"tab-of-%s","text":%q}`, kind, cid, session, text)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/v1/customer/commands", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+p.token(t, session))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var got struct{ Error protocol.Error }
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, got.Error
	}
	flood := func(from, to int) (taken int) {
		t.Helper()
		for n := from; n < to; n++ {
			switch status, header, e := post("maria", n, "say", fmt.Sprint(n)); {
			case status == http.StatusOK:
				taken++
			case status != http.StatusTooManyRequests || e.Code != "rate_limited" || e.RetryAfterMS == 0 || header.Get("Retry-After") == "":
				t.Fatalf("message %d: %d %+v, Retry-After %q", n, status, e, header.Get("Retry-After"))
			}
		}
		return taken
	}
	if status, _, e := post("maria", 1, "join", ""); status != http.StatusOK {
		t.Fatalf("%d %+v", status, e)
	}
	if taken := flood(2, 1002); taken != 19 { // the burst of 20, of which one was the join
		t.Errorf("%d of 1,000 at once are taken, want 19", taken)
	}
	if status, _, e := post("olga", 1, "join", "and me?"); status != http.StatusOK {
		t.Errorf("another customer meanwhile: %d %+v", status, e)
	}
	at.Add(int64(time.Second))
	if taken := flood(1002, 1022); taken != 5 {
		t.Errorf("a second later %d are taken, want 5", taken)
	}
	messages := 0
	for record, err := range router.Records(t.Context(), p.ledger, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := record.Event.(desk.MessageSent); ok {
			messages++
		}
	}
	if messages != 19+5+1 {
		t.Errorf("%d messages stand in the ledger, want 25", messages)
	}
}

func TestPrincipalsAreForgottenOnlyWhenTheirBucketIsFullAgain(t *testing.T) {
	p := newPosters(Rates{Customer: Rate{1, 2}, Agent: Rate{1, 3}})
	at := time.Hour
	flooder, agent := desk.CustomerPrincipal("flooder"), desk.AgentPrincipal("ana")
	for i, want := range []bool{true, true, false, false} {
		if p.allow(flooder, at) != want {
			t.Errorf("the customer's command %d", i)
		}
	}
	for i, want := range []bool{true, true, true, false} {
		if p.allow(agent, at) != want {
			t.Errorf("the agent's command %d", i)
		}
	}
	for i := range 3 * postersKept {
		p.allow(desk.CustomerPrincipal(name(i)), at)
	}
	if p.allow(flooder, at) {
		t.Error("many others let one have more than its share")
	}
	at += 2 * time.Minute
	p.allow(desk.CustomerPrincipal("one more"), at)
	if len(p.by) != 1 {
		t.Errorf("%d are remembered who did nothing for two minutes", len(p.by)-1)
	}
}
