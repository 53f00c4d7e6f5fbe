package gateway

import (
	"fmt"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
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
	all   bool // settings changed: every row may read otherwise
}

// touch is what happened to one conversation within a group.
type touch struct {
	was     map[string]bool // agents who had it, or were offered it, before
	line    bool            // its entry in the line changed
	view    bool            // its header changed
	gained  bool            // an agent got to see it: the history goes with it
	why, by string
}

func newTally(h *hub) *tally { return &tally{h: h, convs: map[desk.ConversationID]*touch{}} }

func (t *tally) touch(id desk.ConversationID) *touch {
	c := t.convs[id]
	if c == nil {
		c = &touch{}
		t.convs[id] = c
		t.order = append(t.order, id)
	}
	return c
}

// record applies one record and notes what it touches.
func (t *tally) record(r desk.Record) {
	s := t.h.state
	switch e := r.Event.(type) {
	case desk.CustomerJoined:
		s.Apply(r)
		c := t.touch(e.Conversation)
		c.line, c.view = true, true
		t.queue(e.Queue)
		t.h.presence.changed(desk.CustomerPrincipal(e.Session))
	case desk.Picked:
		c := t.leaving(e.Conversation, "picked", e.Agent)
		c.gained = c.gained || e.How != desk.PickedOffer
		s.Apply(r)
	case desk.Offered:
		c := t.leaving(e.Conversation, "offered", e.Agent)
		c.gained = true
		s.Apply(r)
	case desk.Returned:
		t.leaving(e.Conversation, string(e.Why), e.Agent)
		s.Apply(r)
		t.returned(e)
	case desk.Ended:
		t.leaving(e.Conversation, string(e.Why), e.By)
		s.Apply(r)
	case desk.MessageSent:
		t.message(r, e)
	case desk.Connected:
		s.Apply(r)
		t.present(e.Principal)
	case desk.Disconnected:
		s.Apply(r)
		t.present(e.Principal)
	case desk.QueueSwitched:
		s.Apply(r)
		t.switchedQueue(e.Queue)
	case desk.OverrideRequested:
		s.Apply(r)
		t.switchedQueue(e.Request.Queue)
	case desk.OverrideAnswered:
		s.Apply(r)
		t.switchedQueue(e.Queue)
		if e.Refused != "" {
			t.h.giveQueue(e.Queue, noticeChange(&protocol.Notice{
				Code: "override_refused", Queue: e.Queue,
				Message: fmt.Sprintf("The change of %s was not kept: %s", queueName(s, e.Queue), e.Refused),
			}))
		}
	case desk.SettingsChanged:
		s.Apply(r)
		t.all = true
	case desk.SignedOut:
		s.Apply(r)
		t.h.dropSession(e.Agent, e.Session)
	default:
		s.Apply(r)
	}
}

// queue notes that a queue's figures, and the places in its line, may read otherwise.
func (t *tally) queue(name string) { t.h.pace.queue(name) }

func (t *tally) switchedQueue(name string) {
	t.h.pace.queue(name)
	t.h.pace.now(name)
}

// leaving notes that a conversation goes from one place to another.
func (t *tally) leaving(id desk.ConversationID, why, by string) *touch {
	c := t.h.state.Conversations[id]
	n := t.touch(id)
	n.view, n.why, n.by = true, why, by
	if c == nil {
		return n
	}
	n.line = n.line || c.Place != desk.InService || why != string(desk.EndedByAgent)
	if c.Agent != "" {
		if n.was == nil {
			n.was = map[string]bool{}
		}
		n.was[c.Agent] = true
	}
	t.queue(c.Queue)
	for agent := range n.was {
		t.agentsQueues(agent)
	}
	if by != "" {
		t.agentsQueues(by)
	}
	return n
}

// agentsQueues: an agent who got or lost a conversation has other places free, in all queues.
func (t *tally) agentsQueues(agent string) {
	if m := t.h.state.Member(agent); m != nil {
		for _, q := range m.Queues {
			t.queue(q)
		}
	}
}

// returned tells an agent who did not do it on purpose that a conversation went back to the line.
func (t *tally) returned(e desk.Returned) {
	n := protocol.Notice{Conversation: string(e.Conversation)}
	switch e.Why {
	case desk.ReturnedExpired:
		n.Code, n.Message = "offer_expired", "The offer was not accepted in time. The customer is in the line again."
	case desk.ReturnedLost:
		n.Code, n.Message = "returned", "Your connection was lost for too long. The customer is in the line again."
	case desk.ReturnedRemoved:
		n.Code, n.Message = "returned", "You do not serve this queue any more. The customer is in the line again."
	default:
		return
	}
	t.h.giveAll(t.h.agents[e.Agent], noticeChange(&n))
}

// message passes a message on at once, in its order.
func (t *tally) message(r desk.Record, e desk.MessageSent) {
	s := t.h.state
	c := s.Conversations[e.Conversation]
	opening := c.Opening
	s.Apply(r)
	m := protocol.Message{
		Seq: r.Seq, Conversation: string(e.Conversation), From: string(e.From), Text: e.Text, At: r.At,
	}
	if e.From == desk.SideAgent {
		m.Author = agentName(s, e.Author)
	}
	customers, agents := t.h.customers[c.Session], t.h.agents[c.Agent]
	if len(customers)+len(agents) > 0 {
		plain := messageChange(&m)
		own := plain
		if r.Origin != nil {
			m.Client, m.CID = r.Origin.Client, r.Origin.CID
			own = messageChange(&m)
		}
		for _, to := range customers {
			t.h.give(to, pick(e.From == desk.SideCustomer, own, plain))
		}
		for _, to := range agents {
			t.h.give(to, pick(e.From == desk.SideAgent, own, plain))
		}
	}
	if c.Place != desk.InService && e.From == desk.SideCustomer {
		n := t.touch(c.ID)
		n.view = true // the place is told when the customer writes (feature Q9)
		n.line = n.line || opening != c.Opening
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
		for _, c := range s.ConversationsOf(agent) {
			t.touch(c.ID).view = true
		}
		return
	}
	if customer := s.Customers[string(p[2:])]; customer != nil {
		if c := s.Conversations[customer.Conversation]; c != nil && c.Place != desk.Over {
			n := t.touch(c.ID)
			n.view = true
			n.line = n.line || c.Place != desk.InService
		}
	}
}

// tell gives everything that was noted to whom it concerns.
func (t *tally) tell() {
	for _, id := range t.order {
		t.tellConversation(id, t.convs[id])
	}
	if t.all {
		t.h.settingsChanged()
	}
	t.h.tellPaced(t.h.clock())
}

func (t *tally) tellConversation(id desk.ConversationID, n *touch) {
	h, s := t.h, t.h.state
	c := s.Conversations[id]
	if c == nil {
		return
	}
	if n.view {
		if to := h.customers[c.Session]; len(to) > 0 {
			v := customerView(s, c)
			h.pace.placeTold(c, v)
			h.giveAll(to, conversationChange(v))
		}
		if to := h.agents[c.Agent]; len(to) > 0 {
			h.giveAll(to, conversationChange(agentView(s, c)))
			if n.gained && c.Place != desk.Over && c.Messages > 0 {
				h.history(c.Agent, id, s.Seq)
			}
		}
	}
	for agent := range n.was {
		if to := h.agents[agent]; agent != c.Agent && len(to) > 0 {
			h.giveAll(to, goneChange(protocol.KindConversation, string(id), n.why, agentName(s, n.by)))
		}
	}
	if !n.line {
		return
	}
	change := goneChange(protocol.KindWaiting, string(id), n.why, agentName(s, n.by))
	if c.Place == desk.Waiting || c.Place == desk.OfferedTo {
		change = waitingChange(waitingView(s, c))
	}
	h.giveQueue(c.Queue, change)
}
