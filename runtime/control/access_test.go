package control_test

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/control"
	"usher.chat/runtime/control/controltest"
)

const good = `{"desk":{"name":"acme"},"queues":[{"name":"support","generation":4,"whenBusy":{},"thresholds":{}}]}`

func TestTheOperatorPutsSettingsAndIsToldWhatIsInForce(t *testing.T) {
	p := serve(t, nil)
	status, answer := p.call(p.operator(), http.MethodPut, "/control/v1/settings", good)
	if status != http.StatusOK || !strings.Contains(answer, `"applied":{"queues":{"support":4}}`) || !strings.Contains(answer, `"version":"`+p.desk.settings.Version()+`"`) {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := p.call(p.operator(), http.MethodGet, "/control/v1/version", ""); status != http.StatusOK || answer != `{"version":"1.2.3","desk":"acme"}`+"\n" {
		t.Errorf("%d %s", status, answer)
	}
}

func TestAViewerReadsAndChangesNothing(t *testing.T) {
	p := serve(t, nil)
	viewer := p.client(control.Viewer, p.ca)
	p.refused(viewer, http.MethodPut, "/control/v1/settings", good, http.StatusForbidden, "not_entitled")
	p.refused(viewer, http.MethodDelete, "/control/v1/log", "", http.StatusForbidden, "not_entitled")
	if p.desk.applied != 0 {
		t.Error("a viewer's settings were applied")
	}
	for _, path := range []string{"/control/v1/version", "/control/v1/log?queue=support", "/control/v1/reports?watch=false"} {
		if status, answer := p.call(viewer, http.MethodGet, path, ""); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	p.watch(viewer).until(0)
}

func TestAnotherNameMayDoNothing(t *testing.T) {
	p := serve(t, nil)
	for _, name := range []string{"", "Operator", "operator ", "usher desk acme", "anybody"} {
		p.refused(p.client(name, p.ca), http.MethodGet, "/control/v1/version", "", http.StatusForbidden, "not_entitled")
	}
}

func TestWithoutAGoodCertificateNothingIsAnswered(t *testing.T) {
	p := serve(t, nil)
	stranger, late := newCA(t), newCA(t)
	pair := func(p controltest.Pair, err error) controltest.Pair {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	old, err := controltest.NewCA("acme", time.Now().Add(-72*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	foreign := pair(stranger.Client(control.Operator))
	foreign.CA = p.ca.PEM() // it trusts the port; the port does not trust it
	server := pair(p.ca.Server(serverName))
	expired := pair(old.Client(control.Operator))
	expired.CA = p.ca.PEM()
	nobody := p.operator()
	nobody.Transport.(*http.Transport).TLSClientConfig.Certificates = nil
	old12 := p.operator()
	old12.Transport.(*http.Transport).TLSClientConfig.MinVersion = tls.VersionTLS12
	old12.Transport.(*http.Transport).TLSClientConfig.MaxVersion = tls.VersionTLS12
	for name, c := range map[string]*http.Client{
		"no certificate":                        nobody,
		"a certificate of another authority":    p.clientWith(foreign),
		"a port that the client does not trust": p.client(control.Operator, late),
		"a serving certificate":                 p.clientWith(server),
		"an expired one":                        p.clientWith(expired),
		"TLS 1.2":                               old12,
	} {
		res, err := c.Get("https://" + serverName + "/control/v1/version")
		if err == nil {
			_ = res.Body.Close()
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	plain, err := http.Get("http://" + p.addr + "/control/v1/version")
	if err == nil {
		_ = plain.Body.Close()
		if plain.StatusCode != http.StatusBadRequest {
			t.Errorf("without TLS: %d", plain.StatusCode)
		}
	}
	// The port still serves those who may.
	if status, _ := p.call(p.operator(), http.MethodGet, "/control/v1/version", ""); status != http.StatusOK {
		t.Errorf("the operator gets %d", status)
	}
}

func TestAHandlerWithoutTLSBeforeItAnswersNobody(t *testing.T) {
	w := httptest.NewRecorder()
	control.New(control.Options{Desk: &desk{}, Now: time.Now}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/control/v1/version", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("got %d", w.Code)
	}
}

func TestCertificatesAreRenewedWhileAStreamIsOpen(t *testing.T) {
	p := serve(t, nil)
	before := p.operator()
	open := p.watch(before)
	open.until(0)

	next := newCA(t)
	p.certify(next)
	after := p.client(control.Operator, next)
	if status, answer := p.call(after, http.MethodGet, "/control/v1/version", ""); status != http.StatusOK {
		t.Fatalf("with the new authority: %d %s", status, answer)
	}
	if res, err := before.Get("https://" + serverName + "/control/v1/version"); err == nil {
		_ = res.Body.Close()
		t.Errorf("a new connection of the authority before: %d", res.StatusCode)
	}
	p.desk.wait(3)
	p.server.Changed()
	open.until(3)
	p.watch(after).until(3)
}

func TestBothAuthoritiesOfABundleAreTrusted(t *testing.T) {
	p := serve(t, nil)
	next := newCA(t)
	// Written beside and renamed, as a Secret's files change: the server may be reading them just now.
	file := filepath.Join(p.dir, control.CAFile)
	if err := os.WriteFile(file+".new", append(bytes.Clone(p.ca.PEM()), next.PEM()...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	late, err := next.Client(control.Operator)
	if err != nil {
		t.Fatal(err)
	}
	late.CA = p.ca.PEM()
	for _, c := range []*http.Client{p.operator(), p.clientWith(late)} {
		if status, answer := p.call(c, http.MethodGet, "/control/v1/version", ""); status != http.StatusOK {
			t.Errorf("%d %s", status, answer)
		}
	}
}

func TestCertificatesThatCannotBeReadChangeNothing(t *testing.T) {
	p := serve(t, nil)
	next := newCA(t)
	pair, err := next.Server(serverName)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		control.CertFile: pair.Cert, // without its key, as in the middle of a change
		control.KeyFile:  []byte("no key"),
		control.CAFile:   nil,
	} {
		path := filepath.Join(p.dir, name)
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range [][]byte{content, []byte("nonsense")} {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if status, answer := p.call(p.operator(), http.MethodGet, "/control/v1/version", ""); status != http.StatusOK {
				t.Errorf("%s spoilt: %d %s", name, status, answer)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if status, answer := p.call(p.operator(), http.MethodGet, "/control/v1/version", ""); status != http.StatusOK {
			t.Errorf("%s gone: %d %s", name, status, answer)
		}
		if err := os.WriteFile(path, was, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.certify(next)
	if status, answer := p.call(p.client(control.Operator, next), http.MethodGet, "/control/v1/version", ""); status != http.StatusOK {
		t.Errorf("whole again: %d %s", status, answer)
	}
}
