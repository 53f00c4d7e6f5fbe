package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// origin is the page that a request comes from, as the browser says.
type origin struct {
	name string // scheme://host[:port]; empty when no browser said it
	self bool   // the desk's own host
}

func originOf(r *http.Request) origin {
	name := r.Header.Get("Origin")
	u, err := url.Parse(name)
	return origin{name: name, self: err == nil && name != "" && strings.EqualFold(u.Host, r.Host)}
}

// mayUse tells whether pages of the origin may use a channel. Who sends no Origin is no browser, and
// could send any: what protects a conversation is its session, not the origin.
func (o origin) mayUse(allowed []string, publicURL string) bool {
	switch {
	case o.name == "", o.self, o.name == publicURL && publicURL != "":
		return true
	case slices.Contains(allowed, "*"):
		return o.name != "null"
	}
	return slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, o.name) })
}
