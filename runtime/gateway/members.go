package gateway

import (
	"slices"

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
		}
	}
	for name := range h.state.Queues {
		h.pace.queue(name)
		h.pace.now(name)
	}
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

// queueChanges is a queue with its line, for one of its agents.
func (h *hub) queueChanges(agent, name string, now int64) [][]byte {
	v := queueView(h.state, name, desk.Instant(now))
	if v == nil {
		return nil
	}
	v.MaySwitch = h.state.MaySwitch(agent, name)
	changes := [][]byte{queueChange(v)}
	for _, c := range h.state.Line(name) {
		changes = append(changes, waitingChange(waitingView(h.state, c)))
	}
	for _, c := range h.state.Offers(name) {
		changes = append(changes, waitingChange(waitingView(h.state, c)))
	}
	return changes
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
