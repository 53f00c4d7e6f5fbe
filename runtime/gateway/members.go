package gateway

import (
	"slices"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// settingsChanged brings the sockets up to new settings: who is no member any more is signed out, who
// got or lost queues gets or loses their lines, and every row and channel may read otherwise. The
// caller holds the lock.
func (h *hub) settingsChanged() {
	for agent, sockets := range h.agents {
		m := h.state.Member(agent)
		if m == nil {
			for _, s := range sockets {
				s.close(protocol.CloseSignedOut, "no longer a member of a team")
			}
			continue
		}
		for _, s := range sockets {
			h.requeue(s, m.Queues)
			h.renew(s, agent)
		}
	}
	for name := range h.state.Queues {
		h.pace.queue(name)
		h.pace.now(name)
	}
}

// renew gives a socket everything beside its queues anew, and takes away what it may not see any more.
func (h *hub) renew(s *socket, agent string) {
	changes := h.ownChanges(agent, desk.Millis(h.clock()))
	known := s.own
	s.own = ownOf(h.state, agent)
	for thing := range known {
		if !s.own[thing] {
			h.give(s, goneChange(thing.kind, thing.id, "removed", ""))
		}
	}
	for _, change := range changes {
		h.give(s, change)
	}
	for _, c := range h.state.ConversationsOf(agent) {
		h.give(s, conversationChange(agentView(h.state, c)))
	}
	for id := range s.open {
		h.pace.watched(id)
	}
	for id := range s.inactive {
		h.pace.watched(id)
	}
	h.pace.everything = true
}

// thing names something that a socket knows.
type thing struct {
	kind protocol.ChangeKind
	id   string
}

// ownOf are the things beside queues that an agent sees and that settings may take away. The entries of
// a team's line go with the team.
func ownOf(s *desk.State, agent string) map[thing]bool {
	own := map[thing]bool{}
	m := s.Member(agent)
	if m == nil {
		return own
	}
	for team := range m.Teams {
		own[thing{protocol.KindTeam, team}] = true
	}
	for _, room := range s.RoomsOf(agent) {
		own[thing{protocol.KindRoom, string(room)}] = true
	}
	for i := range s.Settings.Teams {
		for _, c := range s.Settings.Teams[i].Members {
			own[thing{protocol.KindAgent, c.Name}] = true
		}
	}
	return own
}

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
	changes := [][]byte{queueChange(v)}
	for _, c := range h.state.Line(name) {
		changes = append(changes, waitingChange(waitingView(h.state, c)))
	}
	for _, c := range h.state.Offers(name) {
		changes = append(changes, waitingChange(waitingView(h.state, c)))
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
				changes = append(changes, waitingChange(waitingView(s, c)))
			}
		}
	}
	for _, c := range h.personal(agent, m.Queues) {
		changes = append(changes, waitingChange(waitingView(s, c)))
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
				changes = append(changes, colleagueChange(colleagueView(s, c.Name)))
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
func (h *hub) personal(agent string, queues []string) []*desk.Conversation {
	s := h.state
	list := slices.Clone(s.PersonalLine(agent))
	seen := map[string]bool{agent: true}
	for _, name := range queues {
		for _, other := range s.AgentsOf(name) {
			if seen[other] {
				continue
			}
			seen[other] = true
			for _, c := range s.PersonalLine(other) {
				if s.Admin(agent, c) {
					list = append(list, c)
				}
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
