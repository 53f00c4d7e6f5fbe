package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
)

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
		agent, session, expires, err := g.o.Tokens.VerifyAgent(token)
		if err != nil {
			refuse("Your session has ended. Sign in again.")
			return
		}
		valid := func() (valid bool) {
			g.hub.read(func(s *desk.State) { valid = s.SessionValid(agent, session, desk.Millis(g.o.Clock())) })
			return valid
		}
		if !valid() && (!g.justNow(expires) || !g.sync(r.Context()) || !valid()) {
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
	data, bad := body(w, r)
	var o protocol.SignOut
	if bad == nil && len(data) > 0 && json.Unmarshal(data, &o) != nil {
		bad = badRequest("the body is empty or {\"force\": true}")
	}
	if bad != nil {
		writeError(w, *bad)
		return
	}
	result, err := g.o.Router.Do(r.Context(), desk.SignOut{Agent: a.agent, Session: a.session, Force: o.Force})
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
	me := protocol.Me{Name: agent, DisplayName: agent, Teams: []protocol.MyTeam{}, Channels: []protocol.MyChannel{}}
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
		for i := range s.Settings.Channels {
			c := &s.Settings.Channels[i]
			me.Channels = append(me.Channels, protocol.MyChannel{
				Name: c.Name, DisplayName: pick(c.DisplayName != "", c.DisplayName, c.Name), SessionKeys: c.SessionKeys != settings.SessionKeysRefused,
			})
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
	if !g.posts.allow(by.principal(), g.running()) {
		writeError(w, protocol.Error{Code: "rate_limited", Message: "Too many at once. Wait a moment and send it again.", RetryAfterMS: 1000})
		return
	}
	bad = g.guarded(c, &by)
	var cmd desk.Command
	if bad == nil {
		cmd, bad = command(c, by)
	}
	if bad != nil {
		writeError(w, *bad)
		return
	}
	if bad := g.refuses(c, by); bad != nil {
		writeError(w, *bad)
		return
	}
	// Others' turn comes before, as on a socket; when too many wait for that, the client is told to come again.
	own := new(turn)
	if g.load.crowded() {
		writeError(w, *overloaded())
		return
	}
	if taken, _ := g.load.begin(own); !taken {
		writeError(w, failure(router.ErrStopped))
		return
	}
	result, err := g.submit(r.Context(), cmd, own)
	if triesKey(c) {
		g.tried(by.from, err)
	}
	status := http.StatusOK
	if err != nil {
		status = statusOf(failure(err).Code)
	}
	writeJSON(w, status, answerFrame(c.CID, result, err))
}

// submit has a command decided; its place is given back with the answer, whoever waits for that.
func (g *Gateway) submit(ctx context.Context, c desk.Command, own *turn) (router.Result, error) {
	type outcome struct {
		result router.Result
		err    error
	}
	answer := make(chan outcome, 1)
	g.o.Router.Submit(c, func(result router.Result, err error) {
		g.load.end(own)
		answer <- outcome{result, err}
	})
	select {
	case o := <-answer:
		return o.result, o.err
	case <-ctx.Done():
		return router.Result{}, ctx.Err()
	}
}

func (g *Gateway) getQueues(w http.ResponseWriter, _ *http.Request, a who) {
	list := []*protocol.Queue{}
	g.hub.read(func(s *desk.State) {
		if m := s.Member(a.agent); m != nil {
			for _, name := range m.Queues {
				list = append(list, g.hub.queueViewFor(a.agent, name, g.o.Clock()))
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
	page, ok := g.page(w, r, seq)
	if !ok {
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
			if to := entries[i].To; to != nil {
				to.Name = targetName(s, desk.Target{Kind: desk.TargetKind(to.Kind), Name: to.Name})
			}
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

// What a page has when nobody says, and at most.
const (
	pageUsual = 50
	pageMost  = 200
)

// page of something that the archive keeps.
type page struct {
	before uint64
	limit  int
}

// page is the one that is asked for, once the archive has what the reader knows of already. If there is none, it has
// said why.
func (g *Gateway) page(w http.ResponseWriter, r *http.Request, seq uint64) (page, bool) {
	p, bad := pageOf(r)
	if bad != nil {
		writeError(w, *bad)
		return p, false
	}
	return p, g.caughtUp(w, r, seq)
}

func pageOf(r *http.Request) (page, *protocol.Error) {
	p := page{limit: pageUsual}
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
		if err != nil || n < 1 || n > pageMost {
			return p, badRequest("limit is a number from 1 to " + strconv.Itoa(pageMost))
		}
		p.limit = n
	}
	return p, nil
}

func (g *Gateway) getMessages(w http.ResponseWriter, r *http.Request, a who) {
	id := r.PathValue("conversation")
	may := false
	g.hub.read(func(s *desk.State) { _, may = readable(s, a.agent, id) })
	if !may {
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such conversation, or it is not yours."})
		return
	}
	g.messages(w, r, a, id)
}

// readable is a conversation, if there is one, and whether an agent may read it now.
func readable(s *desk.State, agent, id string) (c *desk.Conversation, may bool) {
	c = s.Conversations[desk.ConversationID(id)]
	return c, c != nil && s.MayPreview(agent, c)
}

func (g *Gateway) messages(w http.ResponseWriter, r *http.Request, by who, id string) {
	var seq uint64
	g.hub.read(func(s *desk.State) { seq = s.Seq })
	page, ok := g.page(w, r, seq)
	if !ok {
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
