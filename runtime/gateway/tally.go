package gateway

import (
	"fmt"
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

const (
	protocolAgent    = string(desk.SideAgent)
	protocolCustomer = string(desk.SideCustomer)
)

// tally collects what a group of records changed for anybody, and tells it once at the end: a
// conversation that changed three times in a group is told as it reads then.
type tally struct {
	h     *hub
	convs map[desk.ConversationID]*touch
	order []desk.ConversationID
	mine  map[string]bool // agents whose own standing may read otherwise
	// before is how everything read when settings changed within the group, or another router began.
	before *census
}

// touch is what happened to one conversation within a group, and how it stood before it.
type touch struct {
	conv    *desk.Conversation // known here even when the desk has forgotten it at the end of the group
	agents  []string           // who had it, or was offered it
	passed  []string           // who had it within the group
	row     row                // where its entry in a line stood
	invited []desk.Invitation
	line    bool // its entry in a line changed
	view    bool // its header changed
	why, by string
}

func newTally(h *hub) *tally {
	return &tally{h: h, convs: map[desk.ConversationID]*touch{}, mine: map[string]bool{}}
}

// touch notes how a conversation stands before the first change of the group.
func (t *tally) touch(id desk.ConversationID) *touch {
	delete(t.h.rows, id)
	n := t.convs[id]
	if n == nil {
		n = &touch{}
		if n.conv = t.h.state.Conversations[id]; n.conv != nil {
			n.agents, n.row = present(n.conv), rowOf(n.conv)
			n.invited = append(n.invited, n.conv.Invitations...)
		}
		t.convs[id] = n
		t.order = append(t.order, id)
	}
	return n
}

// present are the agents who see a conversation as theirs: who serve it, or are offered it.
func present(c *desk.Conversation) []string {
	if c.Place == desk.InService || c.Place == desk.OfferedTo {
		return c.Agents()
	}
	return nil
}

// record applies one record and notes what it touches.
func (t *tally) record(r desk.Record) {
	s := t.h.state
	switch e := r.Event.(type) {
	case desk.CustomerJoined:
		t.moved(r, e.Conversation, "", "")
		t.h.presence.changed(desk.CustomerPrincipal(e.Session))
		if e.Agent != "" {
			t.mine[e.Agent] = true // one session key less
		}
	case desk.ContactLeft:
		t.moved(r, e.Conversation, "", "")
		t.h.presence.changed(desk.CustomerPrincipal(e.Session))
	case desk.Picked:
		t.moved(r, e.Conversation, pick(e.How == desk.PickedGrab, "grabbed", "picked"), e.Agent)
	case desk.Offered:
		t.moved(r, e.Conversation, "offered", e.Agent)
	case desk.Returned:
		t.moved(r, e.Conversation, string(e.Why), e.Agent)
		t.returned(e)
	case desk.Ended:
		t.moved(r, e.Conversation, string(e.Why), e.By)
	case desk.Transferred:
		t.moved(r, e.Conversation, "transferred", e.By)
	case desk.HandedBack:
		t.moved(r, e.Conversation, "declined", e.By)
		t.notice(e.To, protocol.Notice{Code: "handed_back", Conversation: string(e.Conversation),
			Message: agentName(s, e.By) + " declined the conversation that you handed over. The customer waits for you."})
	case desk.Rerouted:
		t.moved(r, e.Conversation, "moved", e.By)
	case desk.RuleApplied:
		t.moved(r, e.Conversation, "moved", "")
		t.alert(e)
	case desk.Entered:
		t.moved(r, e.Conversation, "taken", e.Agent)
	case desk.Left:
		t.moved(r, e.Conversation, string(e.Why), e.Agent)
		t.left(e)
	case desk.Invited:
		t.moved(r, e.Conversation, "", e.By)
	case desk.Uninvited:
		t.uninvited(r, e)
	case desk.WentInactive:
		t.moved(r, e.Conversation, string(e.Why), "")
	case desk.Revived:
		t.moved(r, e.Conversation, "revived", "")
	case desk.WentIdle:
		t.moved(r, e.Conversation, "", "")
	case desk.MessageSent:
		t.message(r, e)
	case desk.Erased:
		t.erased(r, e)
	case desk.Connected:
		s.Apply(r)
		t.present(e.Principal)
	case desk.Disconnected:
		s.Apply(r)
		t.present(e.Principal)
	case desk.RouterStarted:
		t.everything()
		t.before.router = true // everybody's presence may read otherwise
		s.Apply(r)
		if !slices.Contains(e.Gateways, t.h.presence.gateway) {
			t.h.presence.all()
		}
	case desk.GatewayLost:
		t.everything()
		t.before.router = true
		s.Apply(r)
		if e.Gateway == t.h.presence.gateway {
			t.h.presence.all()
		}
	case desk.PresenceSet:
		s.Apply(r)
		t.present(desk.AgentPrincipal(e.Agent))
	case desk.KeyMade:
		s.Apply(r)
		t.mine[e.Agent] = true
	case desk.KeyDropped:
		s.Apply(r)
		t.mine[e.Agent] = true
	case desk.Favoured:
		s.Apply(r)
		t.favoured(e)
	case desk.Posted:
		s.Apply(r)
		t.posted(r, e)
	case desk.RoomRead:
		s.Apply(r)
		t.h.giveAll(t.h.agents[e.Agent], roomChange(roomView(s, e.Agent, e.Room)))
	case desk.QueueSwitched:
		s.Apply(r)
		t.switchedQueue(e.Queue)
	case desk.OverrideRequested:
		s.Apply(r)
		t.switchedQueue(e.Request.Queue)
		t.otherHours(e.Request.Queue)
	case desk.OverrideAnswered:
		s.Apply(r)
		t.switchedQueue(e.Queue)
		t.otherHours(e.Queue)
		if e.Refused != "" {
			t.h.giveQueue(e.Queue, noticeChange(&protocol.Notice{
				Code: "override_refused", Queue: e.Queue,
				Message: fmt.Sprintf("The change of %s was not kept: %s", queueName(s, e.Queue), e.Refused),
			}))
		}
	case desk.SettingsChanged:
		t.everything()
		s.Apply(r)
	case desk.SignedOut:
		s.Apply(r)
		t.h.dropSession(e.Agent, e.Session)
		t.present(desk.AgentPrincipal(e.Agent)) // who is signed out is offline, though the socket is only closing
	case desk.SignedIn:
		s.Apply(r)
		t.present(desk.AgentPrincipal(e.Agent))
	default:
		s.Apply(r)
	}
}

// everything tells what was noted so far and then notes how things read: what comes now may change them
// all, and who saw what too.
func (t *tally) everything() {
	t.tellNoted()
	for name, q := range t.h.pace.dirty {
		t.h.tellRows(name, q)
	}
	t.before = t.h.take()
	clear(t.h.rows)
	clear(t.h.people)
}

// otherHours: an open or close by hand moves the times to an answer of a queue whose clock runs by its
// opening hours.
func (t *tally) otherHours(queue string) {
	if set := t.h.state.Setting(queue); set == nil || set.Thresholds.Clock != settings.OpeningHours {
		return
	}
	for id, c := range t.h.state.Conversations {
		if c.Queue == queue && c.Place.Open() {
			n := t.touch(id)
			n.view, n.line = true, true
			t.h.pace.watched(id)
		}
	}
}

// queue notes that a queue's figures, and the places in its line, may read otherwise.
func (t *tally) queue(name string) { t.h.pace.queue(name) }

func (t *tally) switchedQueue(name string) {
	t.h.pace.queue(name)
	t.h.pace.now(name)
}

// moved applies a record that changes where a conversation is, who is in it, or who may take it.
func (t *tally) moved(r desk.Record, id desk.ConversationID, why, by string) {
	n := t.touch(id)
	n.view, n.line = true, true
	if why != "" {
		n.why, n.by = why, by
	}
	s := t.h.state
	if c := s.Conversations[id]; c != nil {
		t.around(c)
	}
	s.Apply(r)
	if c := s.Conversations[id]; c != nil {
		n.conv = c
		n.passed = append(n.passed, present(c)...)
		t.around(c)
	}
}

// around notes the queue, team and agents of a conversation: their figures may read otherwise.
func (t *tally) around(c *desk.Conversation) {
	t.queue(c.Queue)
	if c.ForTeam != "" {
		t.h.pace.team(c.ForTeam)
	}
	if c.Place == desk.Waiting && (c.ForTeam != "" || c.ForAgent != "") {
		t.h.pace.ownLine(row{team: c.ForTeam, agent: c.ForAgent})
	}
	for _, agent := range present(c) {
		t.agentsQueues(agent)
		t.mine[agent] = true
		t.h.colleague(agent)
	}
	t.h.pace.watched(c.ID)
}

// agentsQueues: an agent who got or lost a conversation has other places free, in all queues.
func (t *tally) agentsQueues(agent string) {
	if m := t.h.state.Member(agent); m != nil {
		for _, q := range m.Queues {
			t.queue(q)
		}
	}
}

func (t *tally) notice(agent string, n protocol.Notice) {
	t.h.giveAll(t.h.agents[agent], noticeChange(&n))
}

// returned tells an agent who did not do it on purpose that a conversation went back to the line.
func (t *tally) returned(e desk.Returned) {
	n := protocol.Notice{Conversation: string(e.Conversation)}
	switch e.Why {
	case desk.ReturnedExpired:
		n.Code, n.Message = "offer_expired", "The offer was not accepted in time. The customer is in the line again."
	case desk.ReturnedLost:
		n.Code, n.Message = "returned", "Your connection was lost for too long. The customer is in the line again."
		if e.Pending {
			n.Message = "Your connection was lost for too long. The customer waits for you."
		}
	case desk.ReturnedRemoved:
		n.Code, n.Message = "returned", "You do not serve this queue any more. The customer is in the line again."
	default:
		return
	}
	t.notice(e.Agent, n)
}

// left tells who stays that a conversation is now theirs.
func (t *tally) left(e desk.Left) {
	if e.Owner != "" {
		t.notice(e.Owner, protocol.Notice{Code: "owner", Conversation: string(e.Conversation),
			Message: agentName(t.h.state, e.Agent) + " has left; the conversation is yours now."})
	}
}

// alert tells those who may take a customer that a waiting rule raised an alert (feature R13).
func (t *tally) alert(e desk.RuleApplied) {
	s := t.h.state
	c := s.Conversations[e.Conversation]
	if e.Action != settings.RuleAlert || c == nil {
		return
	}
	n := noticeChange(&protocol.Notice{Code: "alert", Conversation: string(c.ID), Queue: c.Queue,
		Message: fmt.Sprintf("%s waits for %s.", customerName(c), waitedFor(e.After))})
	for _, agent := range t.h.audience(rowOf(c)) {
		t.h.giveAll(t.h.agents[agent], n)
	}
}

// uninvited tells who invited that somebody declined.
func (t *tally) uninvited(r desk.Record, e desk.Uninvited) {
	by := ""
	if c := t.h.state.Conversations[e.Conversation]; c != nil {
		for _, i := range c.Invitations {
			if i.Agent == e.Agent && i.Team == e.Team {
				by = i.By
			}
		}
	}
	declined := e.By == e.Agent
	t.moved(r, e.Conversation, pick(declined, "declined", "withdrawn"), e.By)
	if declined && by != "" {
		t.notice(by, protocol.Notice{Code: "invitation_gone", Conversation: string(e.Conversation),
			Message: agentName(t.h.state, e.Agent) + " declined the invitation."})
	}
}

// favoured tells an agent's tabs of a mark.
func (t *tally) favoured(e desk.Favoured) {
	h := t.h
	if e.Team != "" {
		h.giveAll(h.agents[e.Agent], teamChange(teamView(h.state, e.Agent, e.Team)))
		return
	}
	if v := h.queueViewFor(e.Agent, e.Queue, h.clock()); v != nil {
		h.giveAll(h.agents[e.Agent], queueChange(v))
	}
}

// posted passes a post on to the members of its room.
func (t *tally) posted(r desk.Record, e desk.Posted) {
	h, s := t.h, t.h.state
	p := protocol.Post{Seq: r.Seq, Room: string(e.Room), Author: e.Author, AuthorName: agentName(s, e.Author), Text: e.Text, At: r.At}
	plain := postChange(&p)
	own := plain
	if r.Origin != nil {
		p.Client, p.CID = r.Origin.Client, r.Origin.CID
		own = postChange(&p)
	}
	for _, agent := range membersOf(s, e.Room) {
		if to := h.agents[agent]; len(to) > 0 {
			h.giveAll(to, pick(agent == e.Author, own, plain))
			h.giveAll(to, roomChange(roomView(s, agent, e.Room)))
		}
	}
}

// message passes a message on at once, in its order.
func (t *tally) message(r desk.Record, e desk.MessageSent) {
	s := t.h.state
	c := s.Conversations[e.Conversation]
	opening, wasIdle := c.Opening, c.Idle
	s.Apply(r)
	wasIdle = wasIdle && !c.Idle
	m := protocol.Message{
		Seq: r.Seq, Conversation: string(e.Conversation), From: string(e.From), Text: e.Text, At: r.At,
	}
	if e.From == desk.SideAgent {
		m.Author = agentName(s, e.Author)
	}
	var plain, own []byte
	encode := func(author bool) []byte {
		if plain == nil {
			plain = messageChange(&m)
			if own = plain; r.Origin != nil {
				m.Client, m.CID = r.Origin.Client, r.Origin.CID
				own = messageChange(&m)
			}
		}
		return pick(author, own, plain)
	}
	for _, to := range t.h.customers[c.Session] {
		t.h.give(to, encode(e.From == desk.SideCustomer))
	}
	tell := func(agent string) {
		for _, to := range t.h.agents[agent] {
			t.h.give(to, encode(e.From == desk.SideAgent && agent == e.Author))
		}
	}
	if c.Agent != "" {
		tell(c.Agent)
	}
	for _, sharer := range c.Sharers {
		tell(sharer.Agent)
	}
	t.h.pace.watched(c.ID)
	if c.Place == desk.InService {
		if wasIdle {
			t.idleNoMore(c)
		}
		if c.UnansweredSince == r.At && ownLimits(s.Setting(c.Queue)) {
			// The console knows the usual limits; others it has to be told.
			t.touch(c.ID).view = true
		}
		return
	}
	if e.From == desk.SideCustomer {
		n := t.touch(c.ID)
		n.view = true // the place is told when the customer writes (feature Q9)
		n.line = n.line || opening != c.Opening || c.UnansweredSince == r.At
	}
}

// ownLimits tells whether a queue has other limits for an answer than the usual ones.
func ownLimits(q *settings.Queue) bool {
	return q != nil && (q.Thresholds.Clock == settings.OpeningHours || q.Thresholds.SoonOverdueSeconds != 0 || q.Thresholds.OverdueSeconds != 0)
}

// idleNoMore: the customer wrote again, so the conversation counts against limits again.
func (t *tally) idleNoMore(c *desk.Conversation) {
	t.touch(c.ID).view = true
	for _, agent := range c.Agents() {
		t.agentsQueues(agent)
		t.mine[agent] = true
		t.h.colleague(agent)
	}
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// present notes that somebody came or went: figures of an agent's queues, the other side's mark.
func (t *tally) present(p desk.Principal) {
	s := t.h.state
	if p[0] == 'a' {
		agent := string(p[2:])
		t.agentsQueues(agent)
		t.mine[agent] = true
		t.h.colleague(agent)
		if m := s.Member(agent); m != nil {
			for team := range m.Teams {
				t.h.pace.team(team)
			}
		}
		for _, c := range s.ConversationsOf(agent) {
			t.touch(c.ID).view = true
		}
		return
	}
	if customer := s.Customers[string(p[2:])]; customer != nil {
		if c := s.Conversations[customer.Conversation]; c != nil && c.Place != desk.Over {
			n := t.touch(c.ID)
			n.view = true
			n.line = n.line || c.Place == desk.Waiting || c.Place == desk.OfferedTo
			t.h.pace.watched(c.ID)
		}
	}
}
