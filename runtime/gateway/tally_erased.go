package gateway

import (
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// erased takes conversations out of everybody's sight (feature X9). Who had one, or could read it, may still show it
// though it ended: they are told that it is erased, and let go of it.
func (t *tally) erased(r desk.Record, e desk.Erased) {
	t.tellNoted() // what was noted of them before is told as it was
	h, s := t.h, t.h.state
	for _, id := range e.Conversations {
		delete(h.rows, id)
		gone := goneChange(protocol.KindConversation, string(id), "erased", "")
		c := s.Conversations[id]
		if c == nil {
			// Forgotten here; a console that was open all the time may have it on its shelf.
			if e.Cause == desk.ErasedRequest {
				for _, sockets := range h.agents {
					h.giveAll(sockets, gone)
				}
			}
			continue
		}
		t.around(c)
		h.pace.watched(id)
		h.giveAll(h.customers[c.Session], gone)
		for agent, sockets := range h.agents {
			if s.Serves(agent, c.Queue) || c.Agent == agent || s.MaySee(agent, c) || slices.Contains(present(c), agent) {
				h.giveAll(sockets, gone)
			}
		}
	}
	s.Apply(r)
}
