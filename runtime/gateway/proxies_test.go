package gateway

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestOnlyAProxyThatIsNamedSaysWhereARequestComesFrom(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		peer      string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		{"198.51.100.7:1234", nil, nil, "198.51.100.7"},
		{"198.51.100.7:1234", []string{"203.0.113.9"}, nil, "198.51.100.7"}, // by default nobody is believed
		{"198.51.100.7:1234", []string{"203.0.113.9"}, proxies, "198.51.100.7"},
		{"10.1.2.3:1234", []string{"203.0.113.9"}, proxies, "203.0.113.9"},
		{"[::ffff:10.1.2.3]:1234", []string{"203.0.113.9"}, proxies, "203.0.113.9"},
		{"[fd00::1]:1234", []string{"2001:db8::9"}, proxies, "2001:db8::9"},
		{"10.1.2.3:1234", []string{"1.2.3.4, 203.0.113.9"}, proxies, "203.0.113.9"}, // what the client wrote itself
		{"10.1.2.3:1234", []string{"1.2.3.4", "203.0.113.9, 10.9.9.9"}, proxies, "203.0.113.9"},
		{"10.1.2.3:1234", []string{"10.7.7.7"}, proxies, "10.7.7.7"}, // all of them are proxies: the first
		{"10.1.2.3:1234", []string{"203.0.113.9:4711"}, proxies, "203.0.113.9"},
		{"10.1.2.3:1234", []string{"[2001:db8::9]:4711"}, proxies, "2001:db8::9"},
		{"10.1.2.3:1234", []string{"203.0.113.9, unknown"}, proxies, "10.1.2.3"},
		{"10.1.2.3:1234", []string{""}, proxies, "10.1.2.3"},
		{"10.1.2.3:1234", nil, proxies, "10.1.2.3"},
		{"pipe", nil, proxies, "pipe"},
	} {
		g := &Gateway{o: Options{TrustedProxies: c.trusted}}
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := g.addressOf(r); got != c.want {
			t.Errorf("from %s with %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}
