package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"crypto/rand"
	"encoding/json"

	"usher.chat/runtime/access"
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

// Agents

type agentHandler func(w http.ResponseWriter, r *http.Request, a who)

// signedIn lets only requests of a session through that is in force: the token is good, and the desk
// knows the session and the member.
func (g *Gateway) signedIn(next agentHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		refuse := func(message string) {
			writeError(w, protocol.Error{Code: string(desk.Unauthorized), Message: message})
		}
		token := access.ReadSession(r, g.secure(r))
		if token == "" {
			refuse("You are not signed in.")
			return
		}
		agent, session, _, err := g.o.Tokens.VerifyAgent(token)
		if err != nil {
			refuse("Your session has ended. Sign in again.")
			return
		}
		valid := false
		g.hub.read(func(s *desk.State) { valid = s.SessionValid(agent, session, desk.Millis(g.o.Clock())) })
		if !valid {
			refuse("Your session has ended. Sign in again.")
			return
		}
		next(w, r, who{agent: agent, session: session})
	}
}

func (g *Gateway) signIn(w http.ResponseWriter, r *http.Request) {
	data, bad := body(w, r)
	if bad != nil {
		writeError(w, *bad)
		return
	}
	var in struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(data, &in) != nil || in.Token == "" {
		writeError(w, *badRequest(`the body is {"token": "…"}`))
		return
	}
	agent, link, linkExpires, err := g.o.Tokens.VerifyLink(in.Token)
	switch {
	case errors.Is(err, access.ErrExpired):
		writeError(w, protocol.Error{Code: string(desk.LinkExpired), Message: "This sign-in link has expired. Ask for a new one."})
		return
	case err != nil:
		writeError(w, protocol.Error{Code: string(desk.Unauthorized), Message: "This sign-in link is not valid. Ask for a new one."})
		return
	}
	session, expires := access.NewID(rand.Reader), g.o.Clock().Add(agentSession)
	result, err := g.o.Router.Do(r.Context(), desk.SignIn{
		Agent: agent, Session: session, Link: link, Expires: desk.Millis(expires), LinkExpires: desk.Millis(linkExpires),
	})
	if err != nil {
		writeError(w, failure(err))
		return
	}
	token, err := g.o.Tokens.IssueAgent(agent, session, expires)
	if err != nil {
		g.log.Error("no session token", "error", err)
		writeError(w, failure(err))
		return
	}
	g.hub.wait(result.Seq)
	access.SetSession(w, token, expires, g.secure(r))
	writeJSON(w, http.StatusOK, g.whoIs(agent, session))
}

func (g *Gateway) signOut(w http.ResponseWriter, r *http.Request, a who) {
	result, err := g.o.Router.Do(r.Context(), desk.SignOut{Agent: a.agent, Session: a.session})
	if err != nil {
		writeError(w, failure(err))
		return
	}
	g.hub.wait(result.Seq)
	access.ClearSession(w, g.secure(r))
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gateway) me(w http.ResponseWriter, _ *http.Request, a who) {
	writeJSON(w, http.StatusOK, g.whoIs(a.agent, a.session))
}

func (g *Gateway) whoIs(agent, session string) protocol.Me {
	me := protocol.Me{Name: agent, DisplayName: agent, Teams: []protocol.MyTeam{}}
	g.hub.read(func(s *desk.State) {
		me.Desk, me.DeskName = s.Settings.Desk.Name, s.Settings.Desk.DisplayName
		if me.DeskName == "" {
			me.DeskName = me.Desk
		}
		if known := s.Agents[agent]; known != nil {
			me.ExpiresAt = known.Sessions[session]
		}
		m := s.Member(agent)
		if m == nil {
			return
		}
		me.DisplayName = m.DisplayName
		for _, t := range s.Settings.Teams {
			if role, in := m.Teams[t.Name]; in {
				me.Teams = append(me.Teams, protocol.MyTeam{
					Name: t.Name, DisplayName: pick(t.DisplayName != "", t.DisplayName, t.Name),
					Role: pick(role != "", string(role), "Representative"),
				})
			}
		}
	})
	return me
}

func (g *Gateway) agentStream(w http.ResponseWriter, r *http.Request, a who) {
	// The protection against requests of other origins lets GET through; a socket is none of those.
	var public string
	g.hub.read(func(s *desk.State) { public = s.Settings.Desk.PublicURL })
	if !originOf(r).mayUse(nil, public) {
		writeError(w, protocol.Error{Code: "origin_refused", Message: "Agents' sockets are for the desk's own pages."})
		return
	}
	g.streams.serveAgent(w, r, a)
}

func (g *Gateway) agentCommand(w http.ResponseWriter, r *http.Request, a who) {
	g.post(w, r, a)
}

// post takes a command without a socket.
func (g *Gateway) post(w http.ResponseWriter, r *http.Request, by who) {
	data, bad := body(w, r)
	if bad != nil {
		writeError(w, *bad)
		return
	}
	c, bad := parseCommand(data)
	if bad == nil && !validClient(c.Client) {
		bad = badRequest("client is 8 to 64 of A-Z a-z 0-9 _ -")
	}
	if bad != nil {
		writeError(w, *bad)
		return
	}
	by.client = c.Client
	if !g.posts.allow(by.principal(), g.o.Clock()) {
		writeError(w, protocol.Error{Code: "rate_limited", Message: "Too many at once. Wait a moment and send it again.", RetryAfterMS: 1000})
		return
	}
	cmd, bad := command(c, by)
	if bad != nil {
		writeError(w, *bad)
		return
	}
	result, err := g.o.Router.Do(r.Context(), cmd)
	status := http.StatusOK
	if err != nil {
		status = statusOf(failure(err).Code)
	}
	writeJSON(w, status, answerFrame(c.CID, result, err))
}

func (g *Gateway) getQueues(w http.ResponseWriter, _ *http.Request, a who) {
	list := []*protocol.Queue{}
	g.hub.read(func(s *desk.State) {
		if m := s.Member(a.agent); m != nil {
			for _, name := range m.Queues {
				v := queueView(s, name, g.o.Clock())
				v.MaySwitch = s.MaySwitch(a.agent, name)
				list = append(list, v)
			}
		}
	})
	writeJSON(w, http.StatusOK, map[string]any{"queues": list})
}

func (g *Gateway) getLog(w http.ResponseWriter, r *http.Request, a who) {
	queue := r.PathValue("queue")
	serves := false
	var seq uint64
	g.hub.read(func(s *desk.State) { serves, seq = s.Serves(a.agent, queue), s.Seq })
	if !serves {
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such queue that you serve."})
		return
	}
	page, bad := pageOf(r, 50, 200)
	if bad != nil {
		writeError(w, *bad)
		return
	}
	if !g.caughtUp(w, r, seq) {
		return
	}
	entries, err := g.o.Archive.Log(r.Context(), queue, page.before, page.limit+1)
	if err != nil {
		g.log.Error("the log cannot be read", "queue", queue, "error", err)
		writeError(w, failure(err))
		return
	}
	g.hub.read(func(s *desk.State) {
		for i := range entries {
			entries[i].By = agentName(s, entries[i].By)
		}
	})
	writeJSON(w, http.StatusOK, logPage(entries, page.limit))
}

// logPage is a page of a log, of entries of which one more was asked for.
func logPage(entries []protocol.LogEntry, limit int) protocol.LogPage {
	var out protocol.LogPage
	if len(entries) > limit {
		entries = entries[:limit]
		out.Before = entries[limit-1].Seq
	}
	if out.Entries = entries; entries == nil {
		out.Entries = []protocol.LogEntry{}
	}
	return out
}

// caughtUpWithin is how long a reader of the archive waits for it: while it is made again from the
// ledger, that can take long.
const caughtUpWithin = 3 * time.Second

// caughtUp waits until the archive has what the reader knows of already; if it takes too long it says so.
func (g *Gateway) caughtUp(w http.ResponseWriter, r *http.Request, seq uint64) bool {
	ctx, cancel := context.WithTimeout(r.Context(), caughtUpWithin)
	defer cancel()
	if err := g.o.Archive.Wait(ctx, seq); err != nil {
		writeError(w, protocol.Error{Code: "unavailable", Message: "The history is being prepared. Try again in a moment.", RetryAfterMS: 2000})
		return false
	}
	return true
}

type page struct {
	before uint64
	limit  int
}

func pageOf(r *http.Request, otherwise, most int) (page, *protocol.Error) {
	p := page{limit: otherwise}
	q := r.URL.Query()
	if v := q.Get("before"); v != "" {
		n, err := strconv.ParseUint(v, 10, 53)
		if err != nil {
			return p, badRequest("before is a sequence number")
		}
		p.before = n
	}
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > most {
			return p, badRequest("limit is a number from 1 to " + strconv.Itoa(most))
		}
		p.limit = n
	}
	return p, nil
}

func (g *Gateway) getMessages(w http.ResponseWriter, r *http.Request, a who) {
	id := r.PathValue("conversation")
	may := false
	g.hub.read(func(s *desk.State) {
		c := s.Conversations[desk.ConversationID(id)]
		// The agent who has it, and before that any agent who may take it: a look before accepting.
		may = c != nil && (c.Agent == a.agent || (c.Place == desk.Waiting || c.Place == desk.OfferedTo) && s.Serves(a.agent, c.Queue))
	})
	if !may {
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such conversation, or it is not yours."})
		return
	}
	g.messages(w, r, a, id)
}

func (g *Gateway) messages(w http.ResponseWriter, r *http.Request, by who, id string) {
	page, bad := pageOf(r, 50, 200)
	if bad != nil {
		writeError(w, *bad)
		return
	}
	var seq uint64
	g.hub.read(func(s *desk.State) { seq = s.Seq })
	if !g.caughtUp(w, r, seq) {
		return
	}
	list, err := g.o.Archive.MessagesFor(r.Context(), by.principal(), id, 0, page.before, page.limit+1)
	if err != nil {
		g.log.Error("messages cannot be read", "conversation", id, "error", err)
		writeError(w, failure(err))
		return
	}
	var out protocol.MessagePage
	if len(list) > page.limit {
		list = list[len(list)-page.limit:]
		out.Before = list[0].Seq
	}
	if out.Messages = g.named(list); list == nil {
		out.Messages = []protocol.Message{}
	}
	writeJSON(w, http.StatusOK, out)
}

// Customers

// cors lets pages of the origins that a channel allows call a customer's address. Which channel it is
// says the path, or the session.
func (g *Gateway) cors(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o := originOf(r)
		h := w.Header()
		h.Add("Vary", "Origin")
		h.Set("Cache-Control", "no-store")
		if o.name != "" && !o.self {
			if !g.anyChannelAllows(o) {
				writeError(w, protocol.Error{Code: "origin_refused", Message: "Pages of " + clip(o.name, 100) + " may not use this desk."})
				return
			}
			h.Set("Access-Control-Allow-Origin", o.name)
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Max-Age", "600")
		}
		if next == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next(w, r)
	}
}

func (g *Gateway) anyChannelAllows(o origin) bool {
	allowed := false
	g.hub.read(func(s *desk.State) {
		for _, c := range s.Settings.Channels {
			if o.mayUse(c.AllowedOrigins, s.Settings.Desk.PublicURL) {
				allowed = true
				return
			}
		}
	})
	return allowed
}

// mayUseChannel tells whether a request's page may use a channel.
func (g *Gateway) mayUseChannel(r *http.Request, channel string) bool {
	may := false
	g.hub.read(func(s *desk.State) {
		set := s.Channel(channel)
		may = set != nil && originOf(r).mayUse(set.AllowedOrigins, s.Settings.Desk.PublicURL)
	})
	return may
}

func (g *Gateway) getChannel(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("channel")
	var v *protocol.Channel
	g.hub.read(func(s *desk.State) { v = channelView(s, name, g.o.Clock()) })
	switch {
	case v == nil:
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such channel."})
	case !g.mayUseChannel(r, name):
		writeError(w, protocol.Error{Code: "origin_refused", Message: "Pages of " + clip(originOf(r).name, 100) + " may not use this channel."})
	default:
		writeJSON(w, http.StatusOK, v)
	}
}

// customer finds the session of a request's bearer token.
func (g *Gateway) customer(w http.ResponseWriter, r *http.Request) (who, bool) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	session, channel, _, err := g.o.Tokens.VerifyCustomer(token)
	if !bearer || err != nil {
		writeError(w, protocol.Error{Code: string(desk.Unauthorized), Message: "This session is not valid. Start a new one."})
		return who{}, false
	}
	if !g.mayUseChannel(r, channel) {
		writeError(w, protocol.Error{Code: "origin_refused", Message: "This page may not use the channel."})
		return who{}, false
	}
	return who{session: session, channel: channel}, true
}

func (g *Gateway) customerCommand(w http.ResponseWriter, r *http.Request) {
	if by, ok := g.customer(w, r); ok {
		g.post(w, r, by)
	}
}

func (g *Gateway) customerMessages(w http.ResponseWriter, r *http.Request) {
	by, ok := g.customer(w, r)
	if !ok {
		return
	}
	var id desk.ConversationID
	g.hub.read(func(s *desk.State) {
		if c := s.Customers[by.session]; c != nil {
			id = c.Conversation
		}
	})
	if id == "" {
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no conversation yet."})
		return
	}
	g.messages(w, r, by, string(id))
}

// serverTimeouts are for the http.Server that serves the gateway: a client that does not finish its
// request is not waited for. Sockets have times of their own.
const (
	ReadHeaderWithin = 10 * time.Second
	IdleAtMost       = 2 * time.Minute
	MaxHeaderBytes   = 16 << 10
)
