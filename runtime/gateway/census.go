package gateway

import (
	"bytes"
	"slices"
	"strings"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// census is how things read before settings changed or another router began: afterwards only what
// reads otherwise is told. On a large desk everything is hundreds of megabytes.
type census struct {
	rows    map[desk.ConversationID]protocol.Waiting
	people  map[string][]byte         // colleagues, encoded
	own     map[string]map[thing]bool // of the agents who are connected here
	headers map[string]string         // of each queue what its customers are told of it
	names   string                    // of agents and teams, as shown
	router  bool                      // another router began
}

// thing names something that an agent sees.
type thing struct {
	kind protocol.ChangeKind
	id   string
}

// take notes how things read. The caller holds the lock.
func (h *hub) take() *census {
	s := h.state
	k := &census{
		rows: map[desk.ConversationID]protocol.Waiting{}, people: map[string][]byte{}, own: map[string]map[thing]bool{}, headers: map[string]string{},
	}
	if len(h.sockets) == 0 {
		return k // nobody is told anything
	}
	for id, c := range s.Conversations {
		if rowOf(c) != (row{}) {
			k.rows[id] = *waitingView(s, c)
		}
	}
	for agent := range h.agents {
		k.own[agent] = h.ownOf(agent)
	}
	for i := range s.Settings.Queues {
		k.headers[s.Settings.Queues[i].Name] = headerOf(&s.Settings.Queues[i])
	}
	var names strings.Builder
	for i := range s.Settings.Teams {
		t := &s.Settings.Teams[i]
		names.WriteString(t.Name + "\x00" + t.DisplayName + "\x00")
		for _, m := range t.Members {
			if k.people[m.Name] == nil {
				k.people[m.Name] = h.person(m.Name)
				names.WriteString(m.Name + "\x00" + agentName(s, m.Name) + "\x00")
			}
		}
	}
	k.names = names.String()
	return k
}

// headerOf is what customers are told of a queue.
func headerOf(q *settings.Queue) string {
	b := q.DisplayName
	for _, f := range q.Disabled {
		b += "\x00" + string(f)
	}
	return b
}

// ownOf are the things beside queues that an agent sees and that settings may take away. The entries of
// a team's line go with the team.
func (h *hub) ownOf(agent string) map[thing]bool {
	s := h.state
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
	for _, c := range h.personal(agent) {
		own[thing{protocol.KindWaiting, string(c.ID)}] = true
	}
	for _, c := range s.InvitationsFor(agent) {
		if invitationView(s, agent, c) != nil {
			own[thing{protocol.KindInvitation, string(c.ID)}] = true
		}
	}
	return own
}

// settingsChanged brings the sockets up to new settings: who is no member any more is signed out, who
// got or lost queues gets or loses their lines, and whatever reads otherwise is told. The caller holds
// the lock.
func (h *hub) settingsChanged(before *census) {
	now := h.take()
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
		h.giveAll(sockets, bytes.Join(h.renewed(agent, before.own[agent], now.own[agent]), []byte{','}))
	}
	h.tellOtherRows(before, now)
	h.tellOtherPeople(before, now)
	h.tellOtherHeaders(before, now)
	for name := range h.state.Queues {
		h.pace.queue(name)
		h.pace.now(name)
	}
	for channel := range h.lookers {
		h.tellChannel(channel, h.clock())
	}
	h.pace.everything = len(h.watching) > 0
}

// renewed is what an agent sees beside the queues and beside the entries of lines: little, so that it is
// told whether it reads otherwise or not. What the agent sees no more is taken away.
func (h *hub) renewed(agent string, before, now map[thing]bool) [][]byte {
	s := h.state
	changes := [][]byte{meChange(standingView(s, agent, desk.Millis(h.clock())))}
	for thing := range before {
		if now[thing] || thing.kind == protocol.KindWaiting && h.sees(agent, s.Conversations[desk.ConversationID(thing.id)]) {
			continue
		}
		changes = append(changes, goneChange(thing.kind, thing.id, "removed", ""))
	}
	for thing := range now {
		id := desk.ConversationID(thing.id)
		switch thing.kind {
		case protocol.KindTeam:
			changes = append(changes, teamChange(teamView(s, agent, thing.id)))
			if before[thing] {
				continue
			}
			for _, c := range s.TeamLine(thing.id) {
				changes = append(changes, h.entry(c))
			}
		case protocol.KindRoom:
			changes = append(changes, roomChange(roomView(s, agent, desk.RoomID(thing.id))))
		case protocol.KindInvitation:
			changes = append(changes, invitationChange(invitationView(s, agent, s.Conversations[id])))
		case protocol.KindWaiting:
			if !before[thing] {
				changes = append(changes, h.entry(s.Conversations[id]))
			}
		}
	}
	for _, c := range s.ConversationsOf(agent) {
		changes = append(changes, conversationChange(agentView(s, c)))
	}
	return changes
}

// tellOtherRows gives the entries of lines that read otherwise.
func (h *hub) tellOtherRows(before, now *census) {
	for id, v := range now.rows {
		if c := h.state.Conversations[id]; c.Place == desk.Waiting && (c.ForTeam != "" || c.ForAgent != "") {
			h.pace.ownLine(rowOf(c)) // priorities order it anew
		}
		if was, known := before.rows[id]; known && was == v {
			continue
		}
		c := h.state.Conversations[id]
		h.giveRow(rowOf(c), id, func() []byte { return h.entry(c) }, nil)
	}
}

// tellOtherPeople gives colleagues who read otherwise to everybody.
func (h *hub) tellOtherPeople(before, now *census) {
	var changes [][]byte
	for name := range before.people {
		if now.people[name] == nil {
			changes = append(changes, goneChange(protocol.KindAgent, name, "removed", ""))
			delete(h.presences, name)
		}
	}
	for name, change := range now.people {
		if !bytes.Equal(before.people[name], change) {
			changes = append(changes, change)
			h.presences[name] = h.state.PresenceOf(name)
		}
	}
	if len(changes) == 0 {
		return
	}
	all := bytes.Join(changes, []byte{','})
	for _, sockets := range h.agents {
		h.giveAll(sockets, all)
	}
}

// tellOtherHeaders gives customers their conversation when what they are told of its queue or of its
// agents reads otherwise.
func (h *hub) tellOtherHeaders(before, now *census) {
	all := before.names != now.names || before.router
	others := map[string]bool{}
	for queue, header := range now.headers {
		if was, known := before.headers[queue]; !known || was != header {
			others[queue] = true
		}
	}
	for queue := range before.headers {
		if _, known := now.headers[queue]; !known {
			others[queue] = true
		}
	}
	if !all && len(others) == 0 {
		return
	}
	for session, sockets := range h.customers {
		customer := h.state.Customers[session]
		if customer == nil {
			continue
		}
		if c := h.state.Conversations[customer.Conversation]; c != nil && (all || others[c.Queue] || c.Via != "") {
			h.giveCustomer(sockets, c)
		}
	}
}

// sees tells whether an agent sees a conversation's entry in a line.
func (h *hub) sees(agent string, c *desk.Conversation) bool {
	if c == nil {
		return false
	}
	r := rowOf(c)
	switch {
	case r == row{}:
		return false
	case r.team != "":
		return slices.Contains(h.state.MembersOf(r.team), agent)
	case r.agent == "":
		return h.state.Serves(agent, r.queue)
	}
	return r.agent == agent || h.state.Serves(agent, r.queue) && h.state.Admin(agent, c)
}

// entry is a conversation's entry in a line, encoded. A line of thousands is sent to every agent who
// connects, and mostly reads as it did.
func (h *hub) entry(c *desk.Conversation) []byte {
	b := h.rows[c.ID]
	if b == nil {
		b = waitingChange(waitingView(h.state, c))
		if c.Place == desk.Waiting || c.Place == desk.OfferedTo {
			h.rows[c.ID] = b
		}
	}
	return b
}

// person is a colleague, encoded.
func (h *hub) person(name string) []byte {
	b := h.people[name]
	if b == nil {
		b = colleagueChange(colleagueView(h.state, name))
		h.people[name] = b
	}
	return b
}

// colleague notes that a colleague reads otherwise.
func (h *hub) colleague(name string) {
	delete(h.people, name)
	h.pace.colleague(name)
}
