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

// tell gives everything that was noted to whom it concerns. In a crowd what has a pace is told with the next tick:
// it would stand before what this group changed for somebody.
func (t *tally) tell() {
	t.tellNoted()
	if !t.h.crowded() {
		t.h.tellPaced(t.h.clock())
	}
}

func (t *tally) tellNoted() {
	h := t.h
	for _, id := range t.order {
		if n := t.convs[id]; n.conv != nil {
			t.tellConversation(n.conv, n)
		}
	}
	for agent := range t.mine {
		if to := h.agents[agent]; len(to) > 0 {
			h.giveAll(to, meChange(standingView(h.state, agent, desk.Millis(h.clock()))))
		}
	}
	if t.before != nil {
		h.settingsChanged(t.before)
		t.before = nil
	}
	clear(t.convs)
	clear(t.mine)
	t.order = t.order[:0]
}

func (t *tally) tellConversation(c *desk.Conversation, n *touch) {
	h, s := t.h, t.h.state
	now := present(c)
	if n.view {
		if to := h.customers[c.Session]; len(to) > 0 {
			h.giveCustomer(to, c)
		}
		t.tellAgents(c, n, now)
	}
	for _, agent := range n.had() {
		if to := h.agents[agent]; len(to) > 0 && c.Place != desk.Over && !slices.Contains(now, agent) {
			h.giveAll(to, goneChange(protocol.KindConversation, string(c.ID), n.why, agentName(s, n.by)))
		}
	}
	t.tellInvitations(c, n)
	if n.line {
		t.tellRow(c, n, now)
	}
}

// had are all who had the conversation before the group or within it.
func (n *touch) had() []string {
	list := slices.Concat(n.agents, n.passed)
	slices.Sort(list)
	return slices.Compact(list)
}

// tellAgents gives a conversation to those who are in it, or were when it ended, and its messages to
// those who were not before.
func (t *tally) tellAgents(c *desk.Conversation, n *touch, now []string) {
	h := t.h
	to := now
	if c.Place == desk.Over {
		to = n.had()
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
	first := slices.Concat(n.agents, now)
	is := rowOf(c)
	if n.row != (row{}) && n.row != is {
		h.takeRow(n.row, c, goneChange(protocol.KindWaiting, string(c.ID), n.why, agentName(s, n.by)), first)
	}
	if is != (row{}) {
		h.giveRow(is, c.ID, func() []byte { return h.entry(c) }, first)
	}
}

// takeRow takes an entry from the audience of a line that it left, except from those who see it where
// it is now.
func (h *hub) takeRow(r row, c *desk.Conversation, gone []byte, first []string) {
	list := h.audience(r)
	if h.large(r) {
		h.pace.row(r.queue, c.ID, gone)
		list = first
	}
	for _, agent := range list {
		if to := h.agents[agent]; len(to) > 0 && !h.sees(agent, c) {
			h.giveAll(to, gone)
		}
	}
}

// giveRow gives an entry to its audience: at once to those whom it concerns most, and to all when they
// are few; to the many agents of a large queue together with others at its pace.
func (h *hub) giveRow(r row, id desk.ConversationID, entry func() []byte, first []string) {
	list := h.audience(r)
	if h.large(r) {
		h.pace.row(r.queue, id, nil)
		list = slices.DeleteFunc(slices.Clone(first), func(agent string) bool { return !h.state.Serves(agent, r.queue) })
	}
	for _, agent := range list {
		if to := h.agents[agent]; len(to) > 0 {
			h.giveAll(to, entry())
		}
	}
}

// large tells whether a line's entries are told at a pace.
func (h *hub) large(r row) bool { return r.team == "" && r.agent == "" && len(h.agents) > h.few }

// fewAgents is up to how many connected agents every change of a line is told to all at once.
const fewAgents = 64

// rowChanges are a line's entries that changed and wait for their pause. What is told then is how they
// read then; of those that went, that they are gone.
type rowChanges struct {
	of    map[desk.ConversationID][]byte
	order []desk.ConversationID
}

// row notes that an entry of a queue's line changed, or that it is gone.
func (p *pacer) row(queue string, id desk.ConversationID, gone []byte) {
	q := p.get(queue)
	if q.rows.of == nil {
		q.rows.of = map[desk.ConversationID][]byte{}
	}
	if _, known := q.rows.of[id]; !known {
		q.rows.order = append(q.rows.order, id)
	}
	q.rows.of[id] = gone
	p.dirty[queue] = q
}

// tellInvitations gives new invitations and takes away those that stand no more, and those of who is in
// the conversation now.
func (t *tally) tellInvitations(c *desk.Conversation, n *touch) {
	if len(n.invited) == 0 && len(c.Invitations) == 0 {
		return
	}
	h, s := t.h, t.h.state
	before, now := h.asked(n.invited, n.agents), h.asked(c.Invitations, present(c))
	if slices.Equal(n.invited, c.Invitations) && len(before) == len(now) && !slices.ContainsFunc(now, func(agent string) bool { return !slices.Contains(before, agent) }) {
		return
	}
	why := pick(n.why == "taken" || n.why == "declined" || n.why == "withdrawn", n.why, "ended")
	gone := goneChange(protocol.KindInvitation, string(c.ID), why, agentName(s, n.by))
	for _, agent := range before {
		if to := h.agents[agent]; len(to) > 0 && invitationView(s, agent, c) == nil {
			h.giveAll(to, gone)
		}
	}
	for _, agent := range now {
		if to := h.agents[agent]; len(to) > 0 {
			h.giveAll(to, invitationChange(invitationView(s, agent, c)))
		}
	}
}

// asked are those whom invitations ask and who are not in the conversation.
func (h *hub) asked(invitations []desk.Invitation, in []string) (list []string) {
	for _, i := range invitations {
		invitees := h.state.MembersOf(i.Team)
		if i.Agent != "" {
			invitees = []string{i.Agent}
		}
		for _, agent := range invitees {
			if !slices.Contains(in, agent) && h.state.Member(agent) != nil {
				list = append(list, agent)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
