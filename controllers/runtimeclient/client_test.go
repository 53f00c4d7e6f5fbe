package runtimeclient_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"k8s.io/utils/clock"

	"usher.chat/controllers/certs"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/controllers/runtimeclient/runtimetest"
	"usher.chat/runtime/settings"
)

// world is one desk: certificates, a control port and a client of it.
type world struct {
	authority *certs.Authority
	creds     runtimeclient.Credentials
	server    *runtimetest.Server
	client    *runtimeclient.Client

	mu     sync.Mutex
	refuse bool // the dialler fails
	told   chan struct{}
}

func credentials(t *testing.T, a *certs.Authority, name string) runtimeclient.Credentials {
	t.Helper()
	data, _, _, err := a.EnsureLeaf(nil, certs.Leaf{CommonName: name}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return runtimeclient.Credentials{Cert: data[certs.KeyCert], Key: data[certs.KeyKey], Roots: data[certs.KeyBundle]}
}

func control(t *testing.T, a *certs.Authority) map[string][]byte {
	t.Helper()
	data, _, _, err := a.EnsureLeaf(nil, certs.Leaf{
		CommonName: runtimeclient.ServerName("acme"),
		DNSNames:   []string{runtimeclient.ServerName("acme")},
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func newWorld(t *testing.T) *world {
	t.Helper()
	a, _, err := certs.EnsureAuthority(nil, "acme", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{authority: a, creds: credentials(t, a, "operator"), told: make(chan struct{}, 1)}
	w.server = runtimetest.Start(t, control(t, a), time.Now)
	w.client = runtimeclient.New(runtimeclient.Options{
		Dial: func(ctx context.Context, desk string) (net.Conn, error) {
			w.mu.Lock()
			refuse := w.refuse
			w.mu.Unlock()
			if refuse {
				return nil, errors.New("no route to the runtime")
			}
			return w.server.Dial(ctx, desk)
		},
		Clock: clock.RealClock{},
		Log:   testr.New(t),
		Notify: func(string, runtimeclient.View, runtimeclient.View) {
			select {
			case w.told <- struct{}{}:
			default:
			}
		},
	})
	t.Cleanup(w.client.Close)
	return w
}

// until waits for the view to be as wanted, asking again whenever the client tells of a change.
func (w *world) until(t *testing.T, what string, want func(runtimeclient.View) bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		changed := w.server.Changed()
		v, _ := w.client.View("acme")
		if want(v) {
			return
		}
		select {
		case <-w.told:
		case <-changed:
		case <-deadline:
			t.Fatalf("never %s; last: %+v", what, v)
		}
	}
}

func some(display string) *settings.Settings {
	return &settings.Settings{
		Desk:   settings.Desk{Name: "acme", DisplayName: display},
		Queues: []settings.Queue{{Name: "support", Generation: 4}},
	}
}

func (w *world) set(t *testing.T, s *settings.Settings) {
	t.Helper()
	if err := w.client.Set("acme", s, w.creds); err != nil {
		t.Fatal(err)
	}
}

func acked(v runtimeclient.View) bool { return v.Acked && v.Connected && v.Report != nil }

func TestSettingsAreAppliedAndReportsFollow(t *testing.T) {
	w := newWorld(t)
	w.set(t, some("one"))
	w.until(t, "applied", acked)
	v, _ := w.client.View("acme")
	if got := v.Report.Applied.Queues["support"]; got != 4 {
		t.Fatalf("applied generation %d, want 4", got)
	}
	w.server.Report(func(r *settings.Report) { r.Queues["support"] = settings.QueueFigures{Waiting: 7} })
	w.until(t, "seven waiting", func(v runtimeclient.View) bool { return v.Report.Queues["support"].Waiting == 7 })
	_, before := w.server.Settings()
	w.set(t, some("one"))
	w.set(t, some("two"))
	w.until(t, "applied again", acked)
	if got, puts := w.server.Settings(); got.Desk.DisplayName != "two" || puts != before+1 {
		t.Fatalf("got %q after %d puts, want two after %d", got.Desk.DisplayName, puts, before+1)
	}
}

func TestARefusalIsShownInTheRuntimesWordsUntilOtherSettingsCome(t *testing.T) {
	w := newWorld(t)
	w.server.Refuse(&runtimetest.Refusal{Status: http.StatusUnprocessableEntity, Code: "invalid", Message: "queue support: too many places"})
	w.set(t, some("bad"))
	w.until(t, "refused", func(v runtimeclient.View) bool {
		return v.Refused == "queue support: too many places (invalid)"
	})
	w.server.Refuse(nil)
	w.set(t, some("good"))
	w.until(t, "applied", func(v runtimeclient.View) bool { return acked(v) && v.Refused == "" })
}

func TestAFailureOfTheRuntimeIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.server.Refuse(&runtimetest.Refusal{Status: http.StatusServiceUnavailable, Code: "starting", Message: "reading the ledger"})
	w.set(t, some("one"))
	w.until(t, "connected", func(v runtimeclient.View) bool { return v.Connected })
	w.server.Refuse(nil)
	w.until(t, "applied", acked)
}

func TestARuntimeThatLostItsSettingsGetsThemAgain(t *testing.T) {
	w := newWorld(t)
	w.set(t, some("one"))
	w.until(t, "applied", acked)
	w.server.Forget()
	w.server.Report(func(r *settings.Report) { r.Queues["support"] = settings.QueueFigures{Waiting: 1} })
	w.until(t, "applied again", func(v runtimeclient.View) bool {
		got, puts := w.server.Settings()
		return acked(v) && got != nil && puts >= 2
	})
}

func TestALostRuntimeIsDialledUntilItIsBack(t *testing.T) {
	w := newWorld(t)
	w.set(t, some("one"))
	w.until(t, "applied", acked)
	w.mu.Lock()
	w.refuse = true
	w.mu.Unlock()
	old := w.server
	w.server = runtimetest.Start(t, control(t, w.authority), time.Now)
	old.Close()
	w.until(t, "down", func(v runtimeclient.View) bool { return !v.Connected && v.Problem != "" })
	if v, _ := w.client.View("acme"); v.Report == nil {
		t.Fatal("the last report was thrown away with the connection")
	}
	w.mu.Lock()
	w.refuse = false
	w.mu.Unlock()
	w.until(t, "up again, with its settings", func(v runtimeclient.View) bool {
		got, _ := w.server.Settings()
		return acked(v) && got != nil
	})
}

func TestRenewedCertificatesAreTakenIntoUse(t *testing.T) {
	w := newWorld(t)
	w.set(t, some("one"))
	w.until(t, "applied", acked)
	fresh, _, err := certs.EnsureAuthority(nil, "acme", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.server.Renew(t, control(t, fresh))
	w.creds = credentials(t, fresh, "operator")
	w.set(t, some("two"))
	w.until(t, "applied with the new certificates", func(v runtimeclient.View) bool {
		got, _ := w.server.Settings()
		return acked(v) && got.Desk.DisplayName == "two"
	})
}

func TestWhoeverIsNotTheOperatorMayNotChangeSettings(t *testing.T) {
	w := newWorld(t)
	w.creds = credentials(t, w.authority, "viewer")
	w.set(t, some("one"))
	w.until(t, "refused", func(v runtimeclient.View) bool { return v.Refused != "" })
}

func TestARuntimeOfAnotherDeskIsNotTalkedTo(t *testing.T) {
	w := newWorld(t)
	foreign, _, err := certs.EnsureAuthority(nil, "evil", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.server.Renew(t, control(t, foreign))
	w.set(t, some("one"))
	w.until(t, "kept apart", func(v runtimeclient.View) bool { return !v.Connected && v.Problem != "not connected yet" })
	if _, puts := w.server.Settings(); puts != 0 {
		t.Fatal("settings went to a runtime that could not prove its name")
	}
}

func FuzzDecodeReport(f *testing.F) {
	f.Add([]byte(`{"version":"a","applied":{"queues":{"support":4}},"queues":{"support":{"state":"Open","waiting":3}},"at":"2026-11-21T10:00:00Z"}`))
	f.Add([]byte(`{"queues":null}`))
	f.Add([]byte(`[1]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := runtimeclient.DecodeReport(line)
		if (r == nil) == (err == nil) {
			t.Fatalf("report %v with error %v", r, err)
		}
	})
}
