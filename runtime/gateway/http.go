package gateway

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

func (g *Gateway) routes() http.Handler {
	mux := http.NewServeMux()
	// Customers. Pages of other origins may call these, if the channel allows them.
	mux.HandleFunc("GET /v1/channels/{channel}", g.cors(g.getChannel))
	mux.HandleFunc("OPTIONS /v1/channels/{channel}", g.cors(nil))
	mux.HandleFunc("GET /v1/customer/stream", g.streams.serveCustomer)
	mux.HandleFunc("POST /v1/customer/commands", g.cors(g.customerCommand))
	mux.HandleFunc("OPTIONS /v1/customer/commands", g.cors(nil))
	mux.HandleFunc("GET /v1/customer/messages", g.cors(g.customerMessages))
	mux.HandleFunc("OPTIONS /v1/customer/messages", g.cors(nil))
	// Agents. A cookie says who they are, so nothing of another origin may call these.
	agents := http.NewServeMux()
	agents.HandleFunc("POST /v1/sign-in", g.signIn)
	agents.HandleFunc("POST /v1/sign-out", g.signedIn(g.signOut))
	agents.HandleFunc("GET /v1/me", g.signedIn(g.me))
	agents.HandleFunc("GET /v1/agent/stream", g.signedIn(g.agentStream))
	agents.HandleFunc("POST /v1/agent/commands", g.signedIn(g.agentCommand))
	agents.HandleFunc("GET /v1/queues", g.signedIn(g.getQueues))
	agents.HandleFunc("GET /v1/queues/{queue}/log", g.signedIn(g.getLog))
	agents.HandleFunc("GET /v1/conversations/{conversation}/messages", g.signedIn(g.getMessages))
	agents.HandleFunc("GET /v1/conversations/{conversation}/secure-metadata", g.signedIn(g.getSecureMetadata))
	agents.HandleFunc("GET /v1/conversations/{conversation}/explanation", g.signedIn(g.getExplanation))
	agents.HandleFunc("POST /v1/conversations/{conversation}/erasure", g.signedIn(g.erase))
	agents.HandleFunc("GET /v1/rooms/{room}/messages", g.signedIn(g.getPosts))
	agents.HandleFunc("POST /v1/links", g.signedIn(g.newLink))
	agents.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no " + r.Method + " " + clip(r.URL.Path, 100) + "."})
	})
	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, protocol.Error{Code: "origin_refused", Message: "This may only be called from the desk's own pages."})
	}))
	mux.Handle("/v1/", csrf.Handler(noStore(agents)))
	mux.HandleFunc("GET /v1/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(g.o.OpenAPI)
	})
	g.pages(mux)
	return secured(mux)
}

// secured sets what every answer has.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(v))
}

func writeError(w http.ResponseWriter, e protocol.Error) {
	if e.RetryAfterMS > 0 && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", strconv.FormatInt((e.RetryAfterMS+999)/1000, 10))
	}
	writeJSON(w, statusOf(e.Code), protocol.ErrorBody{Error: e})
}

// clip makes what somebody sent fit to be told in a message.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// body reads a request's body, at most one frame.
func body(w http.ResponseWriter, r *http.Request) ([]byte, *protocol.Error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, protocol.MaxFrameBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &protocol.Error{Code: "too_large", Message: "The body is larger than 32 KiB."}
	case err != nil:
		return nil, badRequest("the body could not be read")
	}
	return data, nil
}

// secure tells whether people reach the desk by https.
func (g *Gateway) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	var public string
	g.hub.read(func(s *desk.State) { public = s.Settings.Desk.PublicURL })
	return strings.HasPrefix(public, "https://")
}

// Limits for the http.Server that serves the gateway: a client that does not finish its request is not
// waited for. Sockets have times of their own.
const (
	ReadHeaderWithin = 10 * time.Second
	IdleAtMost       = 2 * time.Minute
	MaxHeaderBytes   = 16 << 10
)
