package gateway

import (
	"net/http"
	"testing"
)

func TestPagesMayUseAChannelWhenItsOriginsSaySo(t *testing.T) {
	const public = "https://desk.acme.example"
	acme := []string{"https://www.acme.example", "http://localhost:3000"}
	for _, test := range []struct {
		name, origin string
		allowed      []string
		public       string
		may          bool
	}{
		{"no browser", "", acme, public, true},
		{"no browser, nothing allowed", "", nil, public, true},
		{"the desk's own host", "https://desk.internal:8443", nil, public, true},
		{"the desk's own host, in capitals", "https://DESK.internal:8443", nil, public, true},
		{"the desk's own host at another port", "https://desk.internal", nil, public, false},
		{"the public address", public, nil, public, true},
		{"the public address by http", "http://desk.acme.example", nil, public, false},
		{"no public address is nobody's", "https://evil.example", nil, "", false},
		{"an allowed page", "https://www.acme.example", acme, public, true},
		{"an allowed page, in capitals", "https://WWW.acme.example", acme, public, true},
		{"an allowed page with a port", "http://localhost:3000", acme, public, true},
		{"another port", "http://localhost:3001", acme, public, false},
		{"another scheme", "http://www.acme.example", acme, public, false},
		{"a subdomain", "https://a.www.acme.example", acme, public, false},
		{"a name that begins alike", "https://www.acme.example.evil.example", acme, public, false},
		{"a name that ends alike", "https://evilwww.acme.example", acme, public, false},
		{"an address with a path", "https://www.acme.example/", acme, public, false},
		{"another page", "https://evil.example", acme, public, false},
		{"a page without an origin", "null", acme, public, false},
		{"every page", "https://evil.example", []string{"*"}, public, true},
		{"every page, but one without an origin", "null", []string{"*"}, public, false},
		{"nothing allowed", "https://www.acme.example", nil, public, false},
		{"not an address", "::%", acme, public, false},
	} {
		r := &http.Request{Host: "desk.internal:8443", Header: http.Header{}}
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if may := originOf(r).mayUse(test.allowed, test.public); may != test.may {
			t.Errorf("%s: %v, want %v", test.name, may, test.may)
		}
	}
}
