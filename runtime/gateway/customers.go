package gateway

import (
	"net/http"
	"strings"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

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

// mayGoOn tells whether a customer's session goes on though its channel was removed: the conversation does. Which
// pages might use the channel nobody knows any more; the session alone protects the conversation.
func (g *Gateway) mayGoOn(session, channel string) bool {
	may := false
	g.hub.read(func(s *desk.State) {
		if known := s.Customers[session]; known != nil && s.Channel(channel) == nil {
			c := s.Conversations[known.Conversation]
			may = c != nil && c.Place.Open() && c.Channel == channel
		}
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
		if token := r.URL.Query().Get("link"); token != "" {
			g.withLink(v, token)
		}
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
	if !g.mayUseChannel(r, channel) && !g.mayGoOn(session, channel) {
		writeError(w, protocol.Error{Code: "origin_refused", Message: "This page may not use the channel."})
		return who{}, false
	}
	return who{session: session, channel: channel, from: g.addressOf(r)}, true
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
