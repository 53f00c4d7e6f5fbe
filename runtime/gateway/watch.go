package gateway

import (
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Lists that only those get who look at them: what colleagues serve, and what was left behind. On a
// large desk these are tens of thousands of entries.
const (
	watchTeam     = "team"
	watchInactive = "inactive"
)

// watch sets the lists that a socket looks at. What it looks at no more is not told any more, and is
// given whole when it looks again.
func (h *hub) watch(s *socket, views []string) {
	if s.agent == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, in := h.sockets[s]; !in {
		return
	}
	if !slices.Contains(views, watchTeam) {
		s.open = nil
	} else if s.open == nil {
		s.open = map[desk.ConversationID]struct{}{}
		for _, c := range h.state.Conversations {
			h.tellWatch(s, c.ID, c)
		}
	}
	if !slices.Contains(views, watchInactive) {
		s.inactive = nil
	} else if s.inactive == nil {
		s.inactive = map[desk.ConversationID]struct{}{}
		for _, name := range s.queues {
			for _, c := range h.state.InactiveOf(name) {
				h.tellWatch(s, c.ID, c)
			}
		}
	}
	h.watching[s] = struct{}{}
	if s.open == nil && s.inactive == nil {
		delete(h.watching, s)
	}
	h.flush()
}

// tellWatches gives what changed in the lists to who looks at them.
func (h *hub) tellWatches() {
	for s := range h.watching {
		if h.pace.everything {
			for _, known := range []map[desk.ConversationID]struct{}{s.open, s.inactive} {
				for id := range known {
					h.tellWatch(s, id, h.state.Conversations[id])
				}
			}
			for id, c := range h.state.Conversations {
				h.tellWatch(s, id, c)
			}
			continue
		}
		for id := range h.pace.watches {
			h.tellWatch(s, id, h.state.Conversations[id])
		}
	}
	clear(h.pace.watches)
	h.pace.everything = false
}

// tellWatch gives a socket a conversation as it reads in the lists that it looks at; c is nil when it
// is no more.
func (h *hub) tellWatch(s *socket, id desk.ConversationID, c *desk.Conversation) {
	if s.open != nil {
		_, known := s.open[id]
		switch {
		case c != nil && c.Place == desk.InService && !c.Has(s.agent) && h.state.MaySee(s.agent, c):
			s.open[id] = struct{}{}
			h.give(s, openChange(openView(h.state, c)))
		case known:
			delete(s.open, id)
			h.give(s, goneChange(protocol.KindOpen, string(id), "ended", ""))
		}
	}
	if s.inactive != nil {
		_, known := s.inactive[id]
		switch {
		case c != nil && c.Place == desk.Inactive && h.state.MaySee(s.agent, c):
			s.inactive[id] = struct{}{}
			h.give(s, inactiveChange(inactiveView(c)))
		case known:
			delete(s.inactive, id)
			h.give(s, goneChange(protocol.KindInactive, string(id), pick(c == nil, "erased", "revived"), ""))
		}
	}
}
