package desk

import (
	"fmt"
	"slices"
	"strings"
)

// Apply takes a record into the state. Records must come in the order of their sequence, without a
// hole; another one is a defect of the caller and panics, for a state that missed an event must not
// decide anything.
func (s *State) Apply(r Record) {
	if r.Seq != s.Seq+1 {
		panic(fmt.Sprintf("desk: record %d applied after %d", r.Seq, s.Seq))
	}
	s.Seq = r.Seq
	s.At = max(s.At, r.At)
	s.forget(r.At)
	if r.Origin != nil {
		s.offerNext = ""
	}
	var conversation ConversationID
	switch e := r.Event.(type) {
	case SettingsChanged:
		s.applySettings(e, r.At)
	case QueueSwitched:
		s.applySwitched(e, r.At)
	case OverrideRequested:
		s.Requests[e.Request.Queue] = e.Request
		s.recheck(e.Request.Queue, r.At)
	case OverrideAnswered:
		if s.Requests[e.Queue].ID == e.ID {
			delete(s.Requests, e.Queue)
		}
		s.recheck(e.Queue, r.At)
	case Connected:
		s.applyConnected(e)
	case Disconnected:
		s.applyDisconnected(e.Principal, e.Gateway, r.At)
	case RouterStarted:
		s.applyStarted(e, r.At)
	case CustomerJoined:
		s.applyJoined(e, r.At)
		conversation = e.Conversation
	case Picked:
		s.applyPicked(e, r.At)
		conversation = e.Conversation
	case Offered:
		s.applyOffered(e)
		conversation = e.Conversation
	case Returned:
		s.applyReturned(e, r.At)
		conversation = e.Conversation
	case MessageSent:
		s.applyMessage(e, r.At)
		conversation = e.Conversation
	case Ended:
		s.applyEnded(e, r.At)
		conversation = e.Conversation
	case SignedIn:
		s.applySignedIn(e, r.At)
	case SignedOut:
		if a := s.Agents[e.Agent]; a != nil {
			delete(a.Sessions, e.Session)
		}
	default:
		panic(fmt.Sprintf("desk: no rule for %T", r.Event))
	}
	if r.Origin != nil {
		s.accept(*r.Origin, Accepted{CID: r.Origin.CID, Seq: r.Seq, Conversation: conversation})
	}
}

// forget drops ended conversations after keepEnded. It needs no event: it follows from the time of
// the next one.
func (s *State) forget(now int64) {
	for len(s.ended) > 0 && s.ended[0].EndedAt+keepEnded <= now {
		c := s.ended[0]
		s.ended[0] = nil
		s.ended = s.ended[1:]
		delete(s.Conversations, c.ID)
		if customer := s.Customers[c.Session]; customer != nil && customer.Conversation == c.ID {
			delete(s.Customers, c.Session)
		}
	}
}

// agent is the agent of that name, made when it is the first time.
func (s *State) agent(name string) *Agent {
	a := s.Agents[name]
	if a == nil {
		a = &Agent{Name: name, Sessions: map[string]int64{}, conversations: map[ConversationID]*Conversation{}}
		s.Agents[name] = a
	}
	return a
}

func (s *State) applyConnected(e Connected) {
	if session, ok := e.Principal.session(); ok {
		if c := s.Customers[session]; c != nil {
			c.LostAt = 0
			c.Gateways = with(c.Gateways, e.Gateway)
		}
		return
	}
	a := s.agent(e.Principal.agent())
	a.LostAt = 0
	a.Gateways = with(a.Gateways, e.Gateway)
}

func (s *State) applyDisconnected(p Principal, gateway string, at int64) {
	if session, ok := p.session(); ok {
		if c := s.Customers[session]; c != nil && len(c.Gateways) > 0 {
			if c.Gateways = without(c.Gateways, gateway); len(c.Gateways) == 0 {
				s.customerIsLost(c, at)
			}
		}
		return
	}
	if a := s.Agents[p.agent()]; a != nil && len(a.Gateways) > 0 {
		if a.Gateways = without(a.Gateways, gateway); len(a.Gateways) == 0 {
			s.agentIsLost(a, at)
		}
	}
}

func (s *State) customerIsLost(c *Customer, at int64) {
	c.LostAt = at
	if conv := s.Conversations[c.Conversation]; conv != nil && conv.Place != Over {
		s.at(at+s.customerLost(conv.Queue), customerLost, string(conv.ID))
	}
}

func (s *State) agentIsLost(a *Agent, at int64) {
	a.LostAt = at
	for _, c := range a.conversations {
		s.at(at+s.agentLost(c.Queue), agentLost, string(c.ID))
	}
}

// applyStarted drops the connections through gateways that are no more, and gives those who had them
// the usual time to come back, counted from now: while no router led, nobody could.
func (s *State) applyStarted(e RouterStarted, at int64) {
	s.Epoch, s.offerNext = e.Epoch, ""
	live := func(g string) bool { return slices.Contains(e.Gateways, g) }
	gone := func(g string) bool { return !live(g) }
	for _, c := range s.Customers {
		if c.Gateways = slices.DeleteFunc(c.Gateways, gone); len(c.Gateways) == 0 {
			s.customerIsLost(c, at)
		}
	}
	for _, a := range s.Agents {
		if a.Gateways = slices.DeleteFunc(a.Gateways, gone); len(a.Gateways) == 0 {
			s.agentIsLost(a, at)
		}
	}
}

func (s *State) applyJoined(e CustomerJoined, at int64) {
	s.LastConversation++
	c := &Conversation{
		ID: e.Conversation, Number: s.LastConversation, Place: Waiting, Queue: e.Queue, Channel: e.Channel,
		Session: e.Session, Name: e.Name, Page: e.Page, ArrivedAt: at, LastCustomerAt: at,
	}
	s.Conversations[c.ID] = c
	customer := s.Customers[e.Session]
	if customer == nil {
		customer = &Customer{Session: e.Session}
		s.Customers[e.Session] = customer
	}
	customer.Conversation = c.ID
	if !customer.Online() {
		s.customerIsLost(customer, at)
	}
	if q := s.Queues[c.Queue]; q != nil {
		q.enqueue(c)
	}
	s.at(at+s.idle(c.Queue), idleTooLong, string(c.ID))
}

// take removes a conversation from where it is; the caller puts it elsewhere.
func (s *State) take(c *Conversation) {
	q := s.Queues[c.Queue]
	switch c.Place {
	case Waiting:
		if q != nil {
			q.dequeue(c)
		}
		return
	case OfferedTo:
		if q != nil {
			q.offered--
		}
	case InService:
		if q != nil {
			q.inService--
		}
	}
	if a := s.Agents[c.Agent]; a != nil {
		delete(a.conversations, c.ID)
	}
	c.Agent, c.OfferUntil = "", 0
}

// give puts a conversation that was taken into an agent's hands.
func (s *State) give(c *Conversation, place Place, agent string) {
	c.Place, c.Agent = place, agent
	s.agent(agent).conversations[c.ID] = c
	if q := s.Queues[c.Queue]; q != nil {
		if place == InService {
			q.inService++
		} else {
			q.offered++
		}
	}
}

func (s *State) applyPicked(e Picked, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c)
	s.give(c, InService, e.Agent)
	c.StartedAt, c.Returned, c.FromQueue = at, "", e.How == PickedOffer
	if a := s.Agents[e.Agent]; !a.Online() {
		// Picked by a client without a socket: it counts as lost from now, for it has just acted.
		a.LostAt = at
		s.at(a.LostAt+s.agentLost(c.Queue), agentLost, string(c.ID))
	}
}

func (s *State) applyOffered(e Offered) {
	c := s.Conversations[e.Conversation]
	s.take(c)
	s.give(c, OfferedTo, e.Agent)
	c.OfferUntil = e.Until
	s.at(e.Until, offerExpires, string(c.ID))
	s.offerNext = ""
}

func (s *State) applyReturned(e Returned, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c)
	c.Place, c.Returned, c.StartedAt, c.FromQueue = Waiting, e.Why, 0, false
	if e.Why == ReturnedRefused || e.Why == ReturnedExpired {
		c.Refused = with(c.Refused, e.Agent)
	}
	if q := s.Queues[c.Queue]; q != nil {
		q.enqueue(c)
	} else {
		s.at(at, queueRemoved, string(c.ID))
	}
	if customer := s.Customers[c.Session]; customer != nil && customer.LostAt != 0 {
		s.at(customer.LostAt+s.customerLost(c.Queue), customerLost, string(c.ID))
	}
}

func (s *State) applyMessage(e MessageSent, at int64) {
	c := s.Conversations[e.Conversation]
	c.Messages++
	if e.From == SideAgent {
		c.UnansweredSince = 0
		return
	}
	c.LastCustomerAt = at
	if c.UnansweredSince == 0 {
		c.UnansweredSince = at
	}
	if c.Opening == "" {
		c.Opening = shorten(e.Text, 200)
	}
}

func (s *State) applyEnded(e Ended, at int64) {
	c := s.Conversations[e.Conversation]
	agent := c.Agent
	s.take(c)
	c.Place, c.Agent = Over, agent // told to the customer after the end
	c.EndedAt, c.EndedWhy, c.UnansweredSince = at, e.Why, 0
	s.ended = append(s.ended, c)
	if e.Why == EndedByAgent && agent != "" {
		s.offerNext = agent
		s.at(at, offerTheFirst, agent)
	}
}

func (s *State) applySignedIn(e SignedIn, at int64) {
	a := s.agent(e.Agent)
	for id, expires := range a.Sessions {
		if expires <= at {
			delete(a.Sessions, id)
		}
	}
	if a.Sessions == nil {
		a.Sessions = map[string]int64{}
	}
	a.Sessions[e.Session] = e.Expires
	for id, expires := range s.UsedLinks {
		if expires <= at {
			delete(s.UsedLinks, id)
		}
	}
	s.UsedLinks[e.Link] = e.LinkExpires
}

// with is a list with one more name, sorted, without doubling it.
func with(list []string, name string) []string {
	if i, found := slices.BinarySearch(list, name); !found {
		return slices.Insert(list, i, name)
	}
	return list
}

func without(list []string, name string) []string {
	if i, found := slices.BinarySearch(list, name); found {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// shorten is the beginning of a text, at most n characters, never cut in the middle of one.
func shorten(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	count := 0
	for i := range text {
		if count == n {
			return text[:i]
		}
		count++
	}
	return strings.Clone(text)
}
