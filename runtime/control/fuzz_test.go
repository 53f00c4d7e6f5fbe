package control_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/control"
	"usher.chat/runtime/protocol"
)

// asOperator is a request of a client that the handshake has let in.
func asOperator(method string, address *url.URL, body string) *http.Request {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL = address
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: control.Operator}}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
	return r
}

// answered tells whether an answer is 200, or a typed refusal of the client's own making.
func answered(t *testing.T, s *control.Server, r *http.Request, what string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code == http.StatusOK || w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusMovedPermanently {
		return
	}
	var e protocol.ErrorBody
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error.Code == "" || e.Error.Message == "" {
		t.Errorf("%q gives %d %q", what, w.Code, w.Body)
	}
	asked := r.URL.Query()
	broken := asked.Get("queue") == "broken" || asked.Get("conversation") == "c13" // cannot be read
	if w.Code >= 500 && !broken {
		t.Errorf("%q gives %d %s", what, w.Code, w.Body)
	}
}

func FuzzSettings(f *testing.F) {
	f.Add(good)
	f.Add("null")
	f.Add(`{"desk":{"name":"a"},"queues":[{"name":"q","override":{"state":"Open"}}],"schedules":[{"name":"s"}]}`)
	f.Add("{}{}")
	f.Fuzz(func(t *testing.T, body string) {
		d := &desk{}
		d.told.L = &d.mu
		s := control.New(control.Options{Desk: d, Now: time.Now})
		answered(t, s, asOperator(http.MethodPut, &url.URL{Path: "/control/v1/settings"}, body), body)
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("/control/v1/log", "queue=support&before=3&limit=10")
	f.Add("/control/v1/log", "queue=support&queue=x&limit=%zz")
	f.Add("/control/v1/log", "before=-1")
	f.Add("/control/v1/explanation", "conversation=c12")
	f.Add("/control/v1/explanation", "conversation=c99999999999999999999999&conversation=c1")
	f.Add("/control/v1/explanation", "conversation=C%2012%00")
	f.Add("/control/v1/reports", "watch=false")
	f.Add("/control/v1/version", "")
	d := &desk{}
	d.told.L = &d.mu
	s := control.New(control.Options{Desk: d, Now: time.Now})
	f.Fuzz(func(t *testing.T, path, query string) {
		if path == "/control/v1/reports" && !strings.HasPrefix(query, "watch=false") {
			return // would listen for ever
		}
		answered(t, s, asOperator(http.MethodGet, &url.URL{Path: path, RawQuery: query}, ""), path+"?"+query)
	})
}
