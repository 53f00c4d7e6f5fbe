package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// Who asks is told by the connection, or, when a proxy stands before the desk, by what that proxy wrote into
// X-Forwarded-For. Anybody can write there, so a proxy is believed only when it is named (Options.TrustedProxies).

// addressOf is where a request comes from: the nearest address that is no proxy of ours.
func (g *Gateway) addressOf(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return clip(r.RemoteAddr, 64)
	}
	address := plain(from.Addr())
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && g.trusts(address); i-- {
		hop, err := hopOf(hops[i])
		if err != nil {
			break // what stands before it cannot be told apart either
		}
		address = hop
	}
	return address.String()
}

// hopOf reads one entry; some proxies write the port too.
func hopOf(entry string) (netip.Addr, error) {
	entry = strings.TrimSpace(entry)
	if hop, err := netip.ParseAddrPort(entry); err == nil {
		return plain(hop.Addr()), nil
	}
	hop, err := netip.ParseAddr(strings.Trim(entry, "[]"))
	return plain(hop), err
}

// plain is an address in its one form: no IPv4 within IPv6, no zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func (g *Gateway) trusts(a netip.Addr) bool {
	for _, p := range g.o.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
