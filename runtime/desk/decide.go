package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher.chat/runtime/settings"
)

// Decision is what a command brings about.
type Decision struct {
	Events []Event
	// Conversation is the one that the command was about, for the answer.
	Conversation ConversationID
	// Repeated is set when the same command was accepted before: it has no events, and this answer.
	Repeated *Accepted
}

// Limits of what people may send, in characters. The gateway's protocol tells the same.
const (
	MaxText   = 4000
	MaxName   = 100
	MaxPage   = 2000
	MaxReason = 256
	MaxClient = 64 // bytes of a client's name for itself
)

// latest is the last instant that a calendar has a year of four digits for, in milliseconds.
const latest = 253402300799999

// Decide answers a command with what then happens. It reads the state and changes nothing. A command
// that can have no effect is an *Error.
func Decide(s *State, c Command, now time.Time) (Decision, error) {
	if o := OriginOf(c); o != nil {
		if len(o.Client) > MaxClient || !utf8.ValidString(o.Client) {
			return Decision{}, refuse(BadRequest, "a client's name for itself is valid text of at most %d bytes", MaxClient)
		}
		accepted, refused := s.repeated(*o)
		if refused != nil {
			return Decision{}, refused
		}
		if accepted != nil {
			return Decision{Repeated: accepted, Conversation: accepted.Conversation}, nil
		}
	}
	d, err := s.decide(c, now)
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

func (s *State) decide(c Command, now time.Time) (Decision, *Error) {
	switch c := c.(type) {
	case Tick:
		return s.decideTick(Millis(now)), nil
	case ApplySettings:
		return s.decideSettings(c), nil
	case Start:
		return only(RouterStarted(c)), nil
	case Connect:
		return s.decideConnect(c), nil
	case Disconnect:
		return s.decideDisconnect(c), nil
	case SignIn:
		return s.decideSignIn(c, Millis(now))
	case SignOut:
		if a := s.Agents[c.Agent]; a == nil || a.Sessions[c.Session] == 0 {
			return Decision{}, nil
		}
		return only(SignedOut(c)), nil
	case Join:
		return s.decideJoin(c, Millis(now))
	case Say:
		return s.decideSay(c)
	case End:
		return s.decideEnd(c)
	case Pick:
		return s.decidePick(c, Millis(now))
	case Accept:
		return s.decideAccept(c, Millis(now))
	case Refuse:
		return s.decideRefuse(c, Millis(now))
	case Leave:
		return s.decideLeave(c)
	case Switch:
		return s.decideSwitch(c, now)
	}
	panic(fmt.Sprintf("desk: no rule for %T", c))
}

func only(e Event) Decision { return Decision{Events: []Event{e}} }

func (s *State) decideSettings(c ApplySettings) Decision {
	var d Decision
	for _, q := range c.Settings.Queues {
		r, pending := s.Requests[q.Name]
		if a := q.OverrideAnswer; a != nil && pending && a.Request == r.ID {
			d.Events = append(d.Events, OverrideAnswered{ID: r.ID, Queue: q.Name, Refused: a.Refused})
		}
	}
	if version := c.Settings.Version(); version != s.Version {
		// The settings first: once the resource carries the override, taking the request away must
		// not flip the queue in between.
		d.Events = slices.Insert(d.Events, 0, Event(SettingsChanged{Version: version, Settings: c.Settings}))
	}
	return d
}

func (s *State) decideConnect(c Connect) Decision {
	if session, ok := c.Principal.session(); ok {
		customer := s.Customers[session]
		if customer == nil || slices.Contains(customer.Gateways, c.Gateway) {
			return Decision{}
		}
	} else if a := s.Agents[c.Principal.agent()]; a != nil && slices.Contains(a.Gateways, c.Gateway) {
		return Decision{}
	}
	return only(Connected(c))
}

func (s *State) decideDisconnect(c Disconnect) Decision {
	var gateways []string
	if session, ok := c.Principal.session(); ok {
		if customer := s.Customers[session]; customer != nil {
			gateways = customer.Gateways
		}
	} else if a := s.Agents[c.Principal.agent()]; a != nil {
		gateways = a.Gateways
	}
	if !slices.Contains(gateways, c.Gateway) {
		return Decision{}
	}
	return only(Disconnected(c))
}

func (s *State) decideSignIn(c SignIn, now int64) (Decision, *Error) {
	switch {
	case c.LinkExpires <= now:
		return Decision{}, refuse(LinkExpired, "this sign-in link has expired; ask for a new one")
	case s.UsedLinks[c.Link] != 0:
		return Decision{}, refuse(LinkUsed, "this sign-in link was used already; ask for a new one")
	case s.members[c.Agent] == nil:
		return Decision{}, refuse(NotEntitled, "%s is not a member of any team of this desk", c.Agent)
	}
	return only(SignedIn{Agent: c.Agent, Session: c.Session, Expires: c.Expires, Link: c.Link, LinkExpires: c.LinkExpires}), nil
}

func (s *State) decideJoin(c Join, now int64) (Decision, *Error) {
	channel := s.Channel(c.Channel)
	if channel == nil {
		return Decision{}, refuse(NotFound, "there is no channel %q", c.Channel)
	}
	q := s.Queues[channel.Queue]
	if q == nil {
		return Decision{}, refuse(NotOffered, "the queue of this channel is not there; try again later")
	}
	if customer := s.Customers[c.Session]; customer != nil {
		if conv := s.Conversations[customer.Conversation]; conv != nil && conv.Place != Over {
			return Decision{}, refuse(AlreadyJoined, "you have a conversation already")
		}
	}
	if name := c.Name; utf8.RuneCountInString(name) > MaxName {
		return Decision{}, refuse(TextTooLong, "a name may have %d characters", MaxName)
	}
	if len(c.Page) > MaxPage {
		c.Page = ""
	}
	text := strings.TrimSpace(c.Text)
	if text != "" {
		if err := checkText(c.Text); err != nil {
			return Decision{}, err
		}
	}
	for _, t := range []string{c.Name, c.Page} {
		if !utf8.ValidString(t) {
			return Decision{}, refuse(TextInvalid, "the name or page is not valid text")
		}
	}
	if err := s.offered(q, now); err != nil {
		return Decision{}, err
	}
	id := ConversationID(fmt.Sprintf("c%d", s.LastConversation+1))
	d := only(CustomerJoined{Conversation: id, Session: c.Session, Queue: q.Name, Channel: c.Channel, Name: strings.TrimSpace(c.Name), Page: c.Page})
	if text != "" {
		d.Events = append(d.Events, MessageSent{Conversation: id, From: SideCustomer, Text: c.Text})
	}
	d.Conversation = id
	return d, nil
}

// checkText tells whether a text may be a message.
func checkText(text string) *Error {
	if !utf8.ValidString(text) {
		return refuse(TextInvalid, "the message is not valid UTF-8")
	}
	if strings.TrimSpace(text) == "" {
		return refuse(TextEmpty, "the message is empty")
	}
	if n := utf8.RuneCountInString(text); n > MaxText {
		return refuse(TextTooLong, "a message may have %d characters; this one has %d", MaxText, n)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return refuse(TextInvalid, "the message has a control character (U+%04X)", r)
		}
	}
	return nil
}

// own finds the conversation that a command of a principal is about: a customer's own, or one that
// the agent serves. Others get the same answer as for one that does not exist.
func (s *State) own(p Principal, id ConversationID) (*Conversation, Side, *Error) {
	if session, ok := p.session(); ok {
		customer := s.Customers[session]
		if customer == nil {
			return nil, "", refuse(ConversationEnded, "there is no conversation; start one first")
		}
		c := s.Conversations[customer.Conversation]
		if c == nil || id != "" && c.ID != id {
			return nil, "", refuse(NotFound, "there is no such conversation")
		}
		if c.Place == Over {
			return nil, "", refuse(ConversationEnded, "the conversation is over")
		}
		return c, SideCustomer, nil
	}
	c, err := s.served(p.agent(), id)
	return c, SideAgent, err
}

// served finds a conversation that the agent serves.
func (s *State) served(agent string, id ConversationID) (*Conversation, *Error) {
	c := s.Conversations[id]
	switch {
	case c == nil:
		return nil, refuse(NotFound, "there is no conversation %s", id)
	case c.Agent == agent && c.Place == InService:
		return c, nil
	case c.Agent == agent && c.Place == Over:
		return nil, refuse(ConversationEnded, "the conversation is over")
	case !s.Serves(agent, c.Queue):
		return nil, refuse(NotFound, "there is no conversation %s", id)
	}
	return nil, refuse(NotEntitled, "you are not in conversation %s; take it first", id)
}

func (s *State) decideSay(c Say) (Decision, *Error) {
	conv, side, err := s.own(c.Origin.Principal, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	if err := checkText(c.Text); err != nil {
		return Decision{}, err
	}
	e := MessageSent{Conversation: conv.ID, From: side, Text: c.Text}
	if side == SideAgent {
		e.Author = c.Origin.Principal.agent()
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

func (s *State) decideEnd(c End) (Decision, *Error) {
	conv, side, err := s.own(c.Origin.Principal, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	e := Ended{Conversation: conv.ID, Why: EndedByCustomer}
	switch {
	case side == SideAgent:
		e.Why, e.By = EndedByAgent, conv.Agent
	case conv.Place != InService:
		e.Why = EndedLeft
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

func (s *State) decidePick(c Pick, now int64) (Decision, *Error) {
	m := s.members[c.Agent]
	if m == nil {
		return Decision{}, refuse(NotEntitled, "you are not a member of any team")
	}
	conv, how, err := s.choose(m, c)
	if err != nil {
		return Decision{}, err
	}
	if load := s.Load(c.Agent); load >= m.Max {
		return Decision{}, refuse(LimitReached, "you have %d conversations, your limit is %d; end or leave one first", load, m.Max)
	}
	return Decision{Events: []Event{Picked{Conversation: conv.ID, Agent: c.Agent, How: how, WaitedMS: now - conv.ArrivedAt}}, Conversation: conv.ID}, nil
}

// choose finds whom a pick is about.
func (s *State) choose(m *Member, c Pick) (*Conversation, PickedHow, *Error) {
	if c.Conversation != "" {
		conv := s.Conversations[c.Conversation]
		if conv == nil || !s.Serves(m.Name, conv.Queue) {
			return nil, "", refuse(NotFound, "there is no conversation %s", c.Conversation)
		}
		if conv.Place == Over {
			return nil, "", refuse(NotWaiting, "the customer does not wait any more")
		}
		if conv.Place != Waiting {
			return nil, "", s.taken(conv)
		}
		return conv, PickedChosen, nil
	}
	if c.Queue != "" {
		if !s.Serves(m.Name, c.Queue) {
			return nil, "", refuse(NotFound, "there is no queue %q that you serve", c.Queue)
		}
		if line := s.Line(c.Queue); len(line) > 0 {
			return line[0], PickedNext, nil
		}
		return nil, "", refuse(QueueEmpty, "nobody waits in this queue")
	}
	if conv := s.first(m, nil); conv != nil {
		return conv, PickedNext, nil
	}
	return nil, "", refuse(QueueEmpty, "nobody waits in your queues")
}

// taken says who has a conversation that does not wait.
func (s *State) taken(c *Conversation) *Error {
	who := c.Agent
	if m := s.members[c.Agent]; m != nil {
		who = m.DisplayName
	}
	err := refuse(AlreadyTaken, "%s has this customer", who)
	if c.Place == OfferedTo {
		err = refuse(AlreadyTaken, "this customer is being offered to %s", who)
	}
	err.By = c.Agent
	return err
}

// first is the one who waits longest in the queues of an agent.
func (s *State) first(m *Member, but func(*Conversation) bool) *Conversation {
	var best *Conversation
	for _, name := range m.Queues {
		for _, c := range s.Line(name) {
			if but != nil && but(c) {
				continue
			}
			if best == nil || c.before(best) {
				best = c
			}
			break
		}
	}
	return best
}

func (s *State) decideAccept(c Accept, now int64) (Decision, *Error) {
	conv, err := s.offerOf(c.Agent, c.Conversation, now)
	if err != nil {
		return Decision{}, err
	}
	e := Picked{Conversation: conv.ID, Agent: c.Agent, How: PickedOffer, WaitedMS: now - conv.ArrivedAt}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

func (s *State) decideRefuse(c Refuse, now int64) (Decision, *Error) {
	conv, err := s.offerOf(c.Agent, c.Conversation, now)
	if err != nil {
		return Decision{}, err
	}
	return Decision{Events: []Event{Returned{Conversation: conv.ID, Agent: c.Agent, Why: ReturnedRefused}}, Conversation: conv.ID}, nil
}

// offerOf finds an offer that stands at an instant, whether its end was recorded yet or not.
func (s *State) offerOf(agent string, id ConversationID, now int64) (*Conversation, *Error) {
	c := s.Conversations[id]
	switch {
	case c == nil || !s.Serves(agent, c.Queue):
		return nil, refuse(NotFound, "there is no conversation %s", id)
	case c.Place == OfferedTo && c.Agent == agent && now < c.OfferUntil:
		return c, nil
	case c.Place == Waiting || c.Place == OfferedTo && c.Agent == agent:
		return nil, refuse(OfferExpired, "the offer has ended; the customer is in the line again")
	case c.Place == Over:
		return nil, refuse(NotWaiting, "the customer does not wait any more")
	}
	return nil, s.taken(c)
}

func (s *State) decideLeave(c Leave) (Decision, *Error) {
	conv, err := s.served(c.Agent, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	return Decision{Events: []Event{Returned{Conversation: conv.ID, Agent: c.Agent, Why: ReturnedLeft}}, Conversation: conv.ID}, nil
}

func (s *State) decideSwitch(c Switch, now time.Time) (Decision, *Error) {
	q := s.Queues[c.Queue]
	switch {
	case q == nil || !s.Serves(c.Agent, c.Queue):
		return Decision{}, refuse(NotFound, "there is no queue %q that you serve", c.Queue)
	case !s.MaySwitch(c.Agent, c.Queue):
		return Decision{}, refuse(NotEntitled, "only team admins open and close %s", first(q.set.DisplayName, q.Name))
	case utf8.RuneCountInString(c.Reason) > MaxReason:
		return Decision{}, refuse(TextTooLong, "a reason may have %d characters", MaxReason)
	case !utf8.ValidString(c.Reason):
		return Decision{}, refuse(TextInvalid, "the reason is not valid text")
	case c.State != "" && c.State != settings.QueueOpen && c.State != settings.QueueClosed:
		return Decision{}, refuse(BadRequest, "a queue is opened, closed or given back to its schedule")
	case c.State != "" && c.Until != 0 && c.Until <= Millis(now):
		return Decision{}, refuse(BadRequest, "the end must be in the future")
	case c.State != "" && c.Until > latest:
		// No calendar, and no encoding of an event, has a later year.
		return Decision{}, refuse(BadRequest, "the end must be before the year 10000")
	}
	r := settings.OverrideRequest{ID: c.ID, Queue: c.Queue, State: c.State, By: c.Agent}
	if m := s.members[c.Agent]; m.Subject != "" {
		r.By = m.Subject
	}
	if c.State != "" {
		r.Reason = strings.TrimSpace(c.Reason)
		if c.Until != 0 {
			// Whole seconds, rounded up: a resource carries no more, and the queue must not switch again
			// when the resource says the same with other digits.
			until := Instant((c.Until + 999) / 1000 * 1000)
			r.Until = &until
		}
	}
	return only(OverrideRequested{Request: r}), nil
}

// decideTick lets the first due deadline have its effect.
func (s *State) decideTick(now int64) Decision {
	d, ok := s.due(now)
	if !ok {
		return Decision{}
	}
	id := ConversationID(d.key)
	switch d.kind {
	case checkQueue:
		e, _ := s.switched(s.Queues[d.key], now)
		return only(e)
	case offerExpires:
		return only(Returned{Conversation: id, Agent: s.Conversations[id].Agent, Why: ReturnedExpired})
	case agentLost:
		return only(Returned{Conversation: id, Agent: s.Conversations[id].Agent, Why: ReturnedLost})
	case agentRemoved:
		return only(Returned{Conversation: id, Agent: s.Conversations[id].Agent, Why: ReturnedRemoved})
	case customerLost:
		return only(Ended{Conversation: id, Why: EndedAbandoned})
	case idleTooLong:
		return only(Ended{Conversation: id, Why: EndedIdle})
	case queueRemoved:
		return only(Ended{Conversation: id, Why: EndedRemoved})
	case offerTheFirst:
		return s.decideOffer(d.key, now)
	}
	panic(fmt.Sprintf("desk: no rule for deadline %d", d.kind))
}

// decideOffer offers the first in line to an agent who ended a conversation (feature Q10).
func (s *State) decideOffer(agent string, now int64) Decision {
	c := s.offerable(agent)
	return only(Offered{Conversation: c.ID, Agent: agent, Until: now + s.offerTimeout(c.Queue)})
}

// offerable is whom an agent may be offered: nobody when not connected or at the limit, and never one
// whom the agent let pass before.
func (s *State) offerable(agent string) *Conversation {
	m := s.members[agent]
	if m == nil || !s.Agents[agent].Online() || s.Load(agent) >= m.Max {
		return nil
	}
	return s.first(m, func(c *Conversation) bool { return slices.Contains(c.Refused, agent) })
}
