package gateway

import (
	"slices"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// requeue gives a socket the difference between the queues that it knows and those of its agent.
func (h *hub) requeue(s *socket, queues []string) {
	for _, name := range s.queues {
		if !slices.Contains(queues, name) {
			h.give(s, goneChange(protocol.KindQueue, name, "removed", ""))
		}
	}
	now := h.clock()
	for _, name := range queues {
		if slices.Contains(s.queues, name) {
			continue
		}
		for _, change := range h.queueChanges(s.agent, name, now.UnixMilli()) {
			h.give(s, change)
		}
	}
	s.queues = queues
}

// queueViewFor is a queue's row for one of its agents; nil when it is not there.
func (h *hub) queueViewFor(agent, name string, now time.Time) *protocol.Queue {
	v := queueView(h.state, name, now)
	if v != nil {
		v.MaySwitch = h.state.MaySwitch(agent, name)
		v.Favourite = h.state.Favours(agent, desk.Target{Kind: desk.ToQueue, Name: name})
	}
	return v
}

// queueChanges is a queue with its line, for one of its agents.
func (h *hub) queueChanges(agent, name string, now int64) [][]byte {
	v := h.queueViewFor(agent, name, desk.Instant(now))
	if v == nil {
		return nil
	}
	q := h.pace.get(name)
	if is := hoursOf(v); q.hours == (hours{}) {
		q.hours = is
	} else if q.hours != is {
		h.pace.queue(name) // the others were told otherwise
	}
	changes := [][]byte{queueChange(v)}
	for _, c := range h.state.Line(name) {
		changes = append(changes, h.entry(c))
	}
	for _, c := range h.state.Offers(name) {
		changes = append(changes, h.entry(c))
	}
	return changes
}

// ownChanges is what an agent sees beside the queues: the teams with their lines, who waits for the
// agent in person, invitations, colleagues, rooms, and the agent's own standing.
func (h *hub) ownChanges(agent string, now int64) [][]byte {
	s := h.state
	changes := [][]byte{meChange(standingView(s, agent, now))}
	m := s.Member(agent)
	if m == nil {
		return changes
	}
	for i := range s.Settings.Teams {
		name := s.Settings.Teams[i].Name
		if v := teamView(s, agent, name); v != nil {
			changes = append(changes, teamChange(v))
			for _, c := range s.TeamLine(name) {
				changes = append(changes, h.entry(c))
			}
		}
	}
	for _, c := range h.personal(agent) {
		changes = append(changes, h.entry(c))
	}
	for _, c := range s.InvitationsFor(agent) {
		if v := invitationView(s, agent, c); v != nil {
			changes = append(changes, invitationChange(v))
		}
	}
	seen := map[string]bool{}
	for i := range s.Settings.Teams {
		for _, c := range s.Settings.Teams[i].Members {
			if !seen[c.Name] {
				seen[c.Name] = true
				changes = append(changes, h.person(c.Name))
			}
		}
	}
	for _, room := range s.RoomsOf(agent) {
		changes = append(changes, roomChange(roomView(s, agent, room)))
	}
	return changes
}

// personal are those who wait for an agent in person, and for an admin also who waits so in the
// admin's queues.
func (h *hub) personal(agent string) []*desk.Conversation {
	s := h.state
	list := slices.Clone(s.PersonalLine(agent))
	m := s.Member(agent)
	if m == nil {
		return list
	}
	admin := false
	for _, role := range m.Teams {
		admin = admin || role == settings.RoleAdmin
	}
	if !admin {
		return list
	}
	for other := range s.Agents {
		if other == agent {
			continue
		}
		for _, c := range s.PersonalLine(other) {
			if s.Serves(agent, c.Queue) && s.Admin(agent, c) {
				list = append(list, c)
			}
		}
	}
	return list
}

// dropSession closes the sockets of a sign-in session that ended. The caller holds the lock.
func (h *hub) dropSession(agent, session string) {
	for _, s := range h.agents[agent] {
		if s.session == session {
			s.close(protocol.CloseSignedOut, "signed out")
		}
	}
}

// dropExpired closes sockets of agents whose session has run out.
func (h *hub) dropExpired(now int64) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for agent, sockets := range h.agents {
		for _, s := range sockets {
			if !h.state.SessionValid(agent, s.session, now) {
				s.close(protocol.CloseSignedOut, "the session has ended")
			}
		}
	}
}
