package gateway

import (
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// row is where a waiting conversation's entry stands: in a queue, a team's queue, or an agent's own;
// the zero row is nowhere.
type row struct{ queue, team, agent string }

// rowOf is where a conversation's entry stands now. One that is offered keeps it.
func rowOf(c *desk.Conversation) row {
	if c.Place != desk.Waiting && c.Place != desk.OfferedTo {
		return row{}
	}
	return row{c.Queue, c.ForTeam, c.ForAgent}
}

// audience are the agents who see an entry. It must not be changed.
func (h *hub) audience(r row) []string {
	switch {
	case r == row{}:
		return nil
	case r.team != "":
		return h.state.MembersOf(r.team)
	case r.agent == "":
		return h.state.AgentsOf(r.queue)
	}
	// Admins see what waits for one agent in person too (feature R7).
	list := []string{r.agent}
	c := &desk.Conversation{Queue: r.queue, ForAgent: r.agent}
	for _, agent := range h.state.AgentsOf(r.queue) {
		if agent != r.agent && h.state.Admin(agent, c) {
			list = append(list, agent)
		}
	}
	return list
}

// tell gives everything that was noted to whom it concerns.
func (t *tally) tell() {
	for _, id := range t.order {
		t.tellConversation(id, t.convs[id])
	}
	h := t.h
	for agent := range t.mine {
		if to := h.agents[agent]; len(to) > 0 {
			h.giveAll(to, meChange(standingView(h.state, agent, desk.Millis(h.clock()))))
		}
	}
	if t.all {
		h.settingsChanged()
	}
	h.tellPaced(h.clock())
}

func (t *tally) tellConversation(id desk.ConversationID, n *touch) {
	h, s := t.h, t.h.state
	c := s.Conversations[id]
	if c == nil {
		return
	}
	now := present(c)
	if n.view {
		if to := h.customers[c.Session]; len(to) > 0 {
			v := customerView(s, c)
			h.pace.placeTold(c, v)
			h.giveAll(to, conversationChange(v))
		}
		t.tellAgents(c, n, now)
	}
	for _, agent := range n.agents {
		if to := h.agents[agent]; len(to) > 0 && c.Place != desk.Over && !slices.Contains(now, agent) {
			h.giveAll(to, goneChange(protocol.KindConversation, string(id), n.why, agentName(s, n.by)))
		}
	}
	t.tellInvitations(c, n)
	if n.line {
		t.tellRow(c, n, now)
	}
}

// tellAgents gives a conversation to those who are in it, or were when it ended, and its messages to
// those who were not before.
func (t *tally) tellAgents(c *desk.Conversation, n *touch, now []string) {
	h := t.h
	to := now
	if c.Place == desk.Over {
		to = n.agents
	}
	var change []byte
	for _, agent := range to {
		sockets := h.agents[agent]
		if len(sockets) == 0 {
			continue
		}
		if change == nil {
			change = conversationChange(agentView(h.state, c))
		}
		h.giveAll(sockets, change)
		if c.Messages > 0 && c.Place != desk.Over && !slices.Contains(n.agents, agent) {
			h.history(agent, c.ID, h.state.Seq)
		}
	}
}

// tellRow gives the entry of a line to those who may take it, and takes it from those who could.
func (t *tally) tellRow(c *desk.Conversation, n *touch, now []string) {
	h, s := t.h, t.h.state
	is := rowOf(c)
	if n.row != (row{}) && n.row != is {
		change := goneChange(protocol.KindWaiting, string(c.ID), n.why, agentName(s, n.by))
		h.giveRow(n.row, c.ID, change, append(n.agents, now...))
	}
	if is != (row{}) {
		h.giveRow(is, c.ID, waitingChange(waitingView(s, c)), append(n.agents, now...))
	}
}

// giveRow gives a change of an entry to its audience: at once to those whom it concerns most, and to
// all when they are few; to the many agents of a large queue together with others at its pace.
func (h *hub) giveRow(r row, id desk.ConversationID, change []byte, first []string) {
	if r.team == "" && r.agent == "" && len(h.agents) > fewAgents {
		q := h.pace.get(r.queue)
		q.rows.put(id, change)
		h.pace.dirty[r.queue] = q
		for _, agent := range first {
			if h.state.Serves(agent, r.queue) {
				h.giveAll(h.agents[agent], change)
			}
		}
		return
	}
	for _, agent := range h.audience(r) {
		h.giveAll(h.agents[agent], change)
	}
}

// fewAgents is up to how many connected agents every change of a line is told to all at once.
const fewAgents = 64

// rowChanges are changes of a line's entries that wait for their pause, the latest of each.
type rowChanges struct {
	of    map[desk.ConversationID][]byte
	order []desk.ConversationID
}

func (r *rowChanges) put(id desk.ConversationID, change []byte) {
	if r.of == nil {
		r.of = map[desk.ConversationID][]byte{}
	}
	if _, known := r.of[id]; !known {
		r.order = append(r.order, id)
	}
	r.of[id] = change
}

// tellInvitations gives new invitations and takes away those that stand no more.
func (t *tally) tellInvitations(c *desk.Conversation, n *touch) {
	if len(n.invited) == 0 && len(c.Invitations) == 0 {
		return
	}
	h, s := t.h, t.h.state
	same := func(i desk.Invitation) func(desk.Invitation) bool {
		return func(j desk.Invitation) bool { return i.Agent == j.Agent && i.Team == j.Team && i.At == j.At }
	}
	for _, i := range n.invited {
		if slices.ContainsFunc(c.Invitations, same(i)) {
			continue
		}
		gone := goneChange(protocol.KindInvitation, string(c.ID), pick(n.why == "taken" || n.why == "declined" || n.why == "withdrawn", n.why, "ended"), agentName(s, n.by))
		for _, agent := range h.invitees(i) {
			h.giveAll(h.agents[agent], gone)
			if v := invitationView(s, agent, c); v != nil {
				h.giveAll(h.agents[agent], invitationChange(v)) // another one stands
			}
		}
	}
	for _, i := range c.Invitations {
		if slices.ContainsFunc(n.invited, same(i)) {
			continue
		}
		for _, agent := range h.invitees(i) {
			if v := invitationView(s, agent, c); v != nil {
				h.giveAll(h.agents[agent], invitationChange(v))
			}
		}
	}
}

// invitees are those whom an invitation asks. It must not be changed.
func (h *hub) invitees(i desk.Invitation) []string {
	if i.Agent != "" {
		return []string{i.Agent}
	}
	return h.state.MembersOf(i.Team)
}
