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
		s.applyConnected(e, r.At)
	case Disconnected:
		s.applyDisconnected(e.Principal, e.Gateway, r.At)
	case RouterStarted:
		s.applyStarted(e, r.At)
	case GatewayLost:
		s.applyLost(e, r.At)
	case CustomerJoined:
		s.applyJoined(e, r.At)
		conversation = e.Conversation
	case Picked:
		s.applyPicked(e, r.At)
		conversation = e.Conversation
	case Offered:
		s.applyOffered(e, r.Seq, r.At)
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
	case Transferred:
		s.applyTransferred(e, r.At)
		conversation = e.Conversation
	case HandedBack:
		s.applyHandedBack(e, r.At)
		conversation = e.Conversation
	case Rerouted:
		s.applyRerouted(e, r.At)
		conversation = e.Conversation
	case Entered:
		s.applyEntered(e, r.At)
		conversation = e.Conversation
	case Left:
		s.applyLeft(e, r.At)
		conversation = e.Conversation
	case Invited:
		s.applyInvited(e, r.At)
		conversation = e.Conversation
	case Uninvited:
		s.applyUninvited(e)
		conversation = e.Conversation
	case RuleApplied:
		s.applyRule(e, r.At)
	case WentInactive:
		s.applyInactive(e, r.At)
		conversation = e.Conversation
	case Revived:
		s.applyRevived(e, r.At)
		conversation = e.Conversation
	case ContactLeft:
		s.applyContact(e, r.At)
		conversation = e.Conversation
	case WentIdle:
		s.applyIdle(e, r.At)
	case PresenceSet:
		s.applyPresence(e, r.At)
	case KeyMade:
		s.applyKeyMade(e, r.At)
	case KeyDropped:
		delete(s.Keys, e.Key)
	case KeysLocked: // for the log
	case Favoured:
		s.applyFavoured(e)
	case Posted:
		s.applyPosted(e, r.Seq, r.At)
	case RoomRead:
		if room := s.Rooms[e.Room]; room != nil {
			s.read(room, e.Agent, e.Seq)
		}
	case Erased:
		s.applyErased(e, r.Seq, r.At)
	case Rewritten:
		s.applyRewritten(e)
	case SignedIn:
		s.applySignedIn(e, r.At)
	case SignedOut:
		s.applySignedOut(e, r.At)
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
		s.drop(c)
	}
}

// agent is the agent of that name, made when it is the first time.
func (s *State) agent(name string) *Agent {
	a := s.Agents[name]
	if a == nil {
		a = &Agent{Name: name, Sessions: map[string]int64{}}
		a.seat = s.seated(a, s.members[name])
		s.Agents[name] = a
	}
	return a
}

func (s *State) applyConnected(e Connected, at int64) {
	if session, ok := e.Principal.session(); ok {
		if c := s.customer(session); c != nil {
			c.LostAt = 0
			c.Gateways = with(c.Gateways, e.Gateway)
		}
		return
	}
	a := s.agent(e.Principal.agent())
	if !a.Online() {
		a.Since = at // idle from now on, not from before
	}
	a.LostAt = 0
	a.Gateways = with(a.Gateways, e.Gateway)
	s.reseat(a, at)
}

func (s *State) applyDisconnected(p Principal, gateway string, at int64) {
	if session, ok := p.session(); ok {
		if c := s.customer(session); c != nil && len(c.Gateways) > 0 {
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
	if conv := s.Conversations[c.Conversation]; conv != nil && conv.Place.Open() {
		s.at(at+s.customerLost(conv.Queue), customerLost, string(conv.ID))
	}
}

func (s *State) agentIsLost(a *Agent, at int64) {
	a.LostAt = at
	for _, c := range a.hands {
		s.at(at+s.agentLost(c.Queue), agentLost, string(c.ID))
	}
	for _, c := range a.line {
		s.hint(at, c, chosenLost)
	}
	s.reseat(a, at)
}

// applyStarted drops the connections through gateways that are no more, and gives those who had them
// the usual time to come back, counted from now: while no router led, nobody could.
func (s *State) applyStarted(e RouterStarted, at int64) {
	s.Epoch, s.offerNext = e.Epoch, ""
	if e.Seed != 0 {
		s.Random = e.Seed
	}
	live := func(g string) bool { return slices.Contains(e.Gateways, g) }
	gone := func(g string) bool { return !live(g) }
	for _, c := range s.Customers {
		if c.Gateways = slices.DeleteFunc(c.Gateways, gone); len(c.Gateways) == 0 {
			s.customerIsLost(c, at)
		}
	}
	for _, a := range s.Agents {
		away := len(a.Gateways) == 0
		if a.Gateways = slices.DeleteFunc(a.Gateways, gone); len(a.Gateways) == 0 {
			for _, c := range a.line {
				if away && c.WaitsSince >= a.LostAt {
					c.WaitsSince = at // handed to one who was away already: a restart does not change that
				}
			}
			s.agentIsLost(a, at)
		}
		s.reseat(a, at)
	}
}

func (s *State) applyJoined(e CustomerJoined, at int64) {
	c := s.newConversation(e.Conversation, e.Session, e.Queue, e.Channel, at)
	c.Name, c.Page, c.Email, c.Phone = e.Name, e.Page, e.Email, e.Phone
	c.Issue, c.Skills, c.Priority = e.Issue, e.Skills, e.Priority
	c.ForTeam, c.ForAgent, c.Via = e.Team, e.Agent, e.Via
	c.Secure = e.Secure
	delete(s.Keys, e.Key)
	s.wait(c, at)
}

// newConversation is one of a customer that has no place yet.
func (s *State) newConversation(id ConversationID, session, queue, channel string, at int64) *Conversation {
	s.LastConversation++
	customer := s.customer(session)
	var c *Conversation
	if customer == nil {
		customer, c = arrive(session)
		s.Customers[session] = customer
	} else {
		c = &Conversation{}
	}
	c.ID, c.Number, c.Queue, c.Channel, c.Session, c.ArrivedAt, c.LastCustomerAt = id, s.LastConversation, queue, channel, session, at, at
	c.customer = customer
	s.Conversations[c.ID] = c
	customer.Conversation = c.ID
	if !customer.Online() {
		s.customerIsLost(customer, at)
	}
	s.at(at+s.idle(queue), idleTooLong, string(id))
	return c
}

// arrive is a customer who comes for the first time, and the first conversation. They are one piece
// of memory, with room for what nearly each has who waits: one gateway and one client with one command. A desk
// keeps tens of thousands, and what the collector of garbage does grows with the number of pieces. The piece is just
// below 768 bytes; the next larger kind has 896.
func arrive(session string) (*Customer, *Conversation) {
	a := &struct {
		conversation Conversation
		customer     Customer
		clients      [1]ClientNumbers
		recent       [1]Accepted
		gateways     [1]string
	}{}
	a.customer = Customer{Session: session, Gateways: a.gateways[:0], Clients: a.clients[:0]}
	a.clients[0].Recent = a.recent[:0] // accept uses it
	return &a.customer, &a.conversation
}

// customer is the one with a session; nil when nobody has it. A command and the records that follow
// from it ask for the same several times.
func (s *State) customer(session string) *Customer {
	if s.acted == nil || s.acted.Session != session {
		c := s.Customers[session]
		if c == nil {
			return nil
		}
		s.acted = c
	}
	return s.acted
}

// take removes a conversation from where it is; the caller puts it elsewhere. At is when its agents'
// load changed.
func (s *State) take(c *Conversation, at int64) {
	q := s.Queues[c.Queue]
	switch c.Place {
	case Waiting:
		if l := s.lineOf(c); l != nil {
			l.dequeue(c)
		}
		if q != nil && c.Alerted {
			q.alerted--
		}
		return
	case Inactive:
		if home := s.Queues[s.refuge(c)]; home != nil {
			delete(home.inactive, c.ID)
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
		s.uninviteAll(c)
	}
	agents := c.Agents()
	c.Agent, c.Team, c.OfferUntil, c.Sharers = "", "", 0, nil
	for _, name := range agents {
		if a := s.Agents[name]; a != nil {
			a.hands.remove(c)
			a.Since = at
			s.reseat(a, at)
		}
	}
}

// give puts a conversation that was taken into an agent's hands.
func (s *State) give(c *Conversation, place Place, agent string, at int64) {
	c.Place, c.Agent = place, agent
	a := s.agent(agent)
	a.hands.add(c)
	a.Since = at
	s.reseat(a, at)
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
	accepted := c.Place == OfferedTo && c.Agent == e.Agent
	if accepted {
		// The agent has it already, and the load changed when it was offered.
		c.Place, c.OfferUntil = InService, 0
		if q := s.Queues[c.Queue]; q != nil {
			q.offered--
			q.inService++
		}
	} else {
		s.take(c, at)
		s.give(c, InService, e.Agent, at)
	}
	c.StartedAt, c.Returned, c.FromQueue = at, "", accepted && c.FromQueue
	c.Team, c.ForAgent, c.WaitsSince = e.Team, "", 0
	if a := s.Agents[e.Agent]; !a.Online() {
		// Picked by a client without a socket: it counts as lost from now, for it has just acted.
		a.LostAt = at
		for _, waiting := range a.line {
			s.hint(at, waiting, chosenLost)
		}
	}
	s.hint(at, c, agentLost, goesIdle)
}

func (s *State) applyOffered(e Offered, seq uint64, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c, at)
	a := s.agent(e.Agent)
	a.OfferedAt = seq
	s.give(c, OfferedTo, e.Agent, at)
	c.OfferUntil, c.FromQueue = e.Until, e.Choice == nil || e.Choice.Freed
	if e.Choice != nil && e.Choice.Draw != 0 {
		s.Random += splitMixStep
	}
	s.at(e.Until, offerExpires, string(c.ID))
	s.offerNext = ""
}

func (s *State) applyReturned(e Returned, at int64) {
	c := s.Conversations[e.Conversation]
	served := c.Place == InService
	s.take(c, at)
	if served {
		s.afterService(c, at)
	}
	c.Returned, c.StartedAt, c.FromQueue = e.Why, 0, false
	switch e.Why {
	case ReturnedRefused, ReturnedExpired, ReturnedLeft, ReturnedSignOut:
		// Also who left it: it would be offered to the same agent at once.
		c.Refused = with(c.Refused, e.Agent)
	}
	if e.Pending {
		c.ForAgent, c.ForTeam, c.Via, c.From, c.Note = e.Agent, "", ViaLost, "", ""
	}
	s.wait(c, at)
}

func (s *State) applyInactive(e WentInactive, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c, at)
	c.Place, c.EndedWhy, c.ForAgent, c.ForTeam, c.From, c.Note = Inactive, e.Why, "", "", "", ""
	c.Via, c.WaitsSince = "", 0
	s.leftBehind(c)
}

// applyRevived puts an inactive conversation at the end of a line: the customer left it, and comes anew.
func (s *State) applyRevived(e Revived, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c, at)
	c.ArrivedAt, c.LastCustomerAt = at, at
	c.Name, c.Page = first(e.Name, c.Name), first(e.Page, c.Page)
	c.Email, c.Phone = first(e.Email, c.Email), first(e.Phone, c.Phone)
	s.moveTo(c, e.Queue)
	c.RulesFrom, c.Visited, c.Alerted, c.Refused, c.EndedWhy, c.Returned = 0, nil, false, nil, "", ""
	if customer := s.Customers[c.Session]; customer != nil && !customer.Online() {
		customer.LostAt = at // whoever writes without a socket has the usual time to open one
	}
	s.wait(c, at)
}

func (s *State) applyIdle(e WentIdle, at int64) {
	c := s.Conversations[e.Conversation]
	c.Idle = true
	s.reseatAll(c, at)
}

func (s *State) reseatAll(c *Conversation, at int64) {
	for _, name := range c.Agents() {
		if a := s.Agents[name]; a != nil {
			s.reseat(a, at)
		}
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
	if c.Place == InService {
		if c.Idle {
			c.Idle = false
			s.reseatAll(c, at)
			s.hint(at, c, goesIdle)
		}
	}
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
	s.take(c, at)
	c.Place, c.Agent = Over, agent // told to the customer after the end
	c.EndedAt, c.EndedWhy, c.UnansweredSince = at, e.Why, 0
	s.ended = append(s.ended, c)
	if e.Why == EndedByAgent && e.By != "" && agent != "" {
		s.offerNext = e.By
		s.at(at, offerTheFirst, e.By)
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
	a.Out = false
	s.reseat(a, at)
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
