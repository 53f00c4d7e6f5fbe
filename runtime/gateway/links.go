package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// longestLink is how far ahead a support link may end.
const longestLink = 366 * 24 * time.Hour

// supportLink reads a support link for a channel.
func (g *Gateway) supportLink(token, channel string) (access.Support, *protocol.Error) {
	s, err := g.o.Tokens.VerifySupport(token)
	switch {
	case errors.Is(err, access.ErrExpired):
		return s, &protocol.Error{Code: string(desk.LinkExpired), Message: "This link has expired. You can start without it."}
	case err != nil || s.Channel != channel:
		return s, &protocol.Error{Code: string(desk.LinkInvalid), Message: "This link is not valid. You can start without it."}
	}
	return s, nil
}

// withLink fills in what a support link of a visit leads to.
func (g *Gateway) withLink(v *protocol.Channel, token string) {
	s, bad := g.supportLink(token, v.Name)
	if bad != nil {
		v.LinkError = bad.Code
		return
	}
	to := desk.Target{Kind: desk.TargetKind(s.Kind), Name: s.Name}
	v.Link = &protocol.LinkInfo{To: protocol.Target{Kind: s.Kind, Name: s.Name}, Expires: desk.Millis(s.Expires)}
	g.hub.read(func(state *desk.State) {
		v.Link.Name = targetName(state, to)
		switch {
		case !there(state, to):
			v.Link, v.LinkError = nil, string(desk.LinkInvalid)
		case to.Kind == desk.ToQueue:
			f, _ := state.Figures(to.Name)
			v.Link.Offered = f.Availability.Offered()
		default:
			v.Link.Offered = v.QueueState == string(settings.QueueOpen) &&
				(to.Kind == desk.ToTeam || state.PresenceOf(to.Name) != protocol.PresenceOffline)
		}
	})
}

// there tells whether what a link leads to exists.
func there(s *desk.State, to desk.Target) bool {
	switch to.Kind {
	case desk.ToQueue:
		return s.Queues[to.Name] != nil
	case desk.ToTeam:
		return len(s.MembersOf(to.Name)) > 0
	case desk.ToAgent:
		return s.Member(to.Name) != nil
	}
	return false
}

// newLink makes a support link: to oneself, or for an admin to the team and its queues (feature R18).
func (g *Gateway) newLink(w http.ResponseWriter, r *http.Request, a who) {
	data, bad := body(w, r)
	if bad != nil {
		writeError(w, *bad)
		return
	}
	var n protocol.NewLink
	if err := json.Unmarshal(data, &n); err != nil {
		writeError(w, *badRequest("the body is not a JSON object of this protocol: " + err.Error()))
		return
	}
	to, bad := target(&n.To)
	if bad != nil {
		writeError(w, *bad)
		return
	}
	now := g.o.Clock()
	expires := desk.Instant(n.Expires)
	if n.Expires <= desk.Millis(now) || expires.Sub(now) > longestLink {
		writeError(w, *badRequest("the end of a link lies in the future, at most a year ahead"))
		return
	}
	var base string
	var found, may bool
	g.hub.read(func(s *desk.State) {
		base = s.Settings.Desk.PublicURL
		found = s.Channel(n.Channel) != nil && there(s, to)
		may = mayLink(s, a.agent, to)
	})
	switch {
	case !found:
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such channel, or nothing of that name to lead to."})
		return
	case !may:
		writeError(w, protocol.Error{Code: string(desk.NotEntitled), Message: "You make links to yourself; admins make those to their teams and queues."})
		return
	}
	token, err := g.o.Tokens.IssueSupport(access.Support{Channel: n.Channel, Kind: string(to.Kind), Name: to.Name, Expires: expires})
	if err != nil {
		g.log.Error("no support link", "error", err)
		writeError(w, failure(err))
		return
	}
	if base == "" {
		base = pick(g.secure(r), "https://", "http://") + r.Host
	}
	writeJSON(w, http.StatusOK, protocol.Link{URL: access.SupportURL(base, n.Channel, token), Token: token, Expires: n.Expires})
}

func mayLink(s *desk.State, agent string, to desk.Target) bool {
	m := s.Member(agent)
	if m == nil {
		return false
	}
	switch to.Kind {
	case desk.ToAgent:
		return to.Name == agent
	case desk.ToTeam:
		return m.Teams[to.Name] == settings.RoleAdmin
	case desk.ToQueue:
		return s.Admin(agent, &desk.Conversation{Queue: to.Name})
	}
	return false
}
