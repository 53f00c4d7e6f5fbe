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
	if o, ok := originOf(c); ok {
		if len(o.Client) > MaxClient || !utf8.ValidString(o.Client) {
			return Decision{}, refuse(BadRequest, "a client's name for itself is valid text of at most %d bytes", MaxClient)
		}
		accepted, refused := s.repeated(o)
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
	case LoseGateway:
		return s.decideLost(c), nil
	case Sync:
		return Decision{}, nil
	case Erase:
		return s.decideErase(c)
	case FinishErasure:
		return s.decideFinishErasure(c), nil
	case Connect:
		return s.decideConnect(c), nil
	case Disconnect:
		return s.decideDisconnect(c), nil
	case SignIn:
		return s.decideSignIn(c, Millis(now))
	case SignOut:
		return s.decideSignOut(c, Millis(now))
	case LockKeys:
		return only(KeysLocked(c)), nil
	case Join:
		return s.decideJoin(c, Millis(now))
	case Say:
		return s.decideSay(c, Millis(now))
	case Contact:
		return s.decideContact(c)
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
	case Enter:
		return s.decideEnter(c, Millis(now))
	case Transfer:
		return s.decideTransfer(c, Millis(now))
	case Invite:
		return s.decideInvite(c)
	case Uninvite:
		return s.decideUninvite(c)
	case Decline:
		return s.decideDecline(c)
	case SetPresence:
		return s.decidePresence(c)
	case NewKey:
		return s.decideNewKey(c, Millis(now))
	case DropKey:
		return s.decideDropKey(c)
	case Favour:
		return s.decideFavour(c)
	case Post:
		return s.decidePost(c)
	case ReadRoom:
		return s.decideReadRoom(c)
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
		customer := s.customer(session)
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
		if customer := s.customer(session); customer != nil {
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
	return checkControl("message", text)
}

// checkControl refuses what could act on a terminal or hide the rest: control characters, but for the
// ends of lines and tabs.
func checkControl(what, text string) *Error {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return refuse(TextInvalid, "the %s has a control character (U+%04X)", what, r)
		}
	}
	return nil
}

// own finds the conversation that a command of a principal is about: a customer's own, or one that
// the agent serves. Others get the same answer as for one that does not exist.
func (s *State) own(p Principal, id ConversationID) (*Conversation, Side, *Error) {
	if session, ok := p.session(); ok {
		customer := s.customer(session)
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

// served finds a conversation that the agent is in.
func (s *State) served(agent string, id ConversationID) (*Conversation, *Error) {
	c := s.Conversations[id]
	switch {
	case c == nil:
		return nil, refuse(NotFound, "there is no conversation %s", id)
	case c.Has(agent):
		return c, nil
	case c.Agent == agent && c.Place == Over:
		return nil, refuse(ConversationEnded, "the conversation is over")
	case !s.MaySee(agent, c):
		return nil, refuse(NotFound, "there is no conversation %s", id)
	}
	return nil, refuse(NotEntitled, "you are not in conversation %s; take it first", id)
}

func (s *State) decideSay(c Say, now int64) (Decision, *Error) {
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
	d := Decision{Events: []Event{e}, Conversation: conv.ID}
	if conv.Place == Inactive {
		if q := s.Queues[s.refuge(conv)]; q != nil && s.offered(q, now) == nil {
			d.Events = append(d.Events, Revived{Conversation: conv.ID, Queue: q.Name})
		}
	}
	return d, nil
}

func (s *State) decideEnd(c End) (Decision, *Error) {
	if agent := c.Origin.Principal.agent(); agent != "" {
		if conv := s.Conversations[c.Conversation]; conv != nil && conv.Place == Inactive && s.MaySee(agent, conv) {
			return Decision{Events: []Event{Ended{Conversation: conv.ID, Why: EndedByAgent, By: agent}}, Conversation: conv.ID}, nil
		}
	}
	conv, side, err := s.own(c.Origin.Principal, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	var e Event = Ended{Conversation: conv.ID, Why: EndedByCustomer}
	switch {
	case side == SideAgent:
		e = Ended{Conversation: conv.ID, Why: EndedByAgent, By: c.Origin.Principal.agent()}
	case conv.Place == Inactive:
		return Decision{}, refuse(ConversationEnded, "you left the line; write to come back")
	case conv.Place != InService:
		e = gone(conv, EndedLeft)
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

func (s *State) decidePick(c Pick, now int64) (Decision, *Error) {
	m := s.members[c.Agent]
	if m == nil {
		return Decision{}, refuse(NotEntitled, "you are not a member of any team")
	}
	conv, how, err := s.wanted(m, c)
	if err != nil {
		return Decision{}, err
	}
	if err := s.mayAdd(m, how); err != nil {
		return Decision{}, err
	}
	return s.picked(m, conv, how, now)
}

// mayAdd tells whether an agent may take one more by a pick. What waits for the agent in person is
// taken by the agent's own wish, whatever the limit.
func (s *State) mayAdd(m *Member, how PickedHow) *Error {
	if load := s.Load(m.Name); load >= m.Max && how != PickedHanded {
		return refuse(LimitReached, "you have %d conversations, your limit is %d; end or leave one first", load, m.Max)
	}
	return nil
}

// picked starts service.
func (s *State) picked(m *Member, conv *Conversation, how PickedHow, now int64) (Decision, *Error) {
	e := Picked{Conversation: conv.ID, Agent: m.Name, How: how, WaitedMS: now - conv.ArrivedAt}
	if how != PickedHanded {
		e.Team = s.teamThrough(m, conv)
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

// wanted finds whom a pick is about.
func (s *State) wanted(m *Member, c Pick) (*Conversation, PickedHow, *Error) {
	switch {
	case c.Conversation != "":
		return s.chosenOne(m, c)
	case c.Team != "":
		if _, member := m.Teams[c.Team]; !member {
			return nil, "", refuse(NotFound, "there is no team %q of yours", c.Team)
		}
		if l := s.teams[c.Team].line; len(l) > 0 {
			return l[0], PickedNext, nil
		}
		return nil, "", refuse(QueueEmpty, "nobody waits for this team")
	case c.Queue != "":
		if !s.Serves(m.Name, c.Queue) {
			return nil, "", refuse(NotFound, "there is no queue %q that you serve", c.Queue)
		}
		if line := s.Line(c.Queue); len(line) > 0 {
			return line[0], PickedNext, nil
		}
		return nil, "", refuse(QueueEmpty, "nobody waits in this queue")
	}
	if conv := s.first(m); conv != nil {
		if conv.ForAgent != "" {
			return conv, PickedHanded, nil
		}
		return conv, PickedNext, nil
	}
	return nil, "", refuse(QueueEmpty, "nobody waits in your queues")
}

// chosenOne finds the conversation that an agent chose by hand.
func (s *State) chosenOne(m *Member, c Pick) (*Conversation, PickedHow, *Error) {
	conv := s.Conversations[c.Conversation]
	if conv == nil || !s.mayPick(m, conv) {
		return nil, "", refuse(NotFound, "there is no conversation %s", c.Conversation)
	}
	switch conv.Place {
	case Over, Inactive:
		return nil, "", refuse(NotWaiting, "the customer does not wait any more")
	case Waiting:
	default:
		return nil, "", s.taken(conv)
	}
	switch {
	case c.Grab && !s.Grabbed(conv):
		return nil, "", refuse(BadRequest, "this conversation is not one to be grabbed; pick it")
	case c.Grab && s.Admin(m.Name, conv):
		return nil, "", refuse(NotEntitled, "admins join conversations; grabbing is for representatives")
	case c.Grab:
		return conv, PickedGrab, nil
	case conv.ForAgent == m.Name:
		return conv, PickedHanded, nil
	}
	return conv, PickedChosen, nil
}

// mayPick tells whether an agent may choose a conversation: one who may take it while it waits, one
// who could before somebody else did, who then hears who has it, and admins.
func (s *State) mayPick(m *Member, c *Conversation) bool {
	return s.mayTake(m, c) || s.Serves(m.Name, c.Queue) && c.ForAgent == "" && c.ForTeam == "" || s.Admin(m.Name, c)
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

// first is the first in order of all who wait for an agent: in person, for a team of the agent, or in
// a queue.
func (s *State) first(m *Member) *Conversation {
	best := s.firstInQueues(m, nil)
	look := func(l line) {
		if len(l) > 0 && (best == nil || l[0].before(best)) {
			best = l[0]
		}
	}
	for team := range m.Teams {
		look(s.teams[team].line)
	}
	if a := s.Agents[m.Name]; a != nil {
		look(a.line)
	}
	return best
}

func (s *State) decideAccept(c Accept, now int64) (Decision, *Error) {
	conv, err := s.offerOf(c.Agent, c.Conversation, now)
	if err != nil {
		return Decision{}, err
	}
	return s.picked(s.members[c.Agent], conv, PickedOffer, now)
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
	case c == nil || s.members[agent] == nil || !s.mayPick(s.members[agent], c):
		return nil, refuse(NotFound, "there is no conversation %s", id)
	case c.Place == OfferedTo && c.Agent == agent && now < c.OfferUntil:
		return c, nil
	case c.Place == Waiting || c.Place == OfferedTo && c.Agent == agent:
		return nil, refuse(OfferExpired, "the offer has ended; the customer is in the line again")
	case c.Place == Over || c.Place == Inactive:
		return nil, refuse(NotWaiting, "the customer does not wait any more")
	}
	return nil, s.taken(c)
}

func (s *State) decideLeave(c Leave) (Decision, *Error) {
	conv, err := s.served(c.Agent, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	return Decision{Events: []Event{s.leaves(conv, c.Agent, ReturnedLeft)}, Conversation: conv.ID}, nil
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
	if err := checkControl("reason", c.Reason); err != nil {
		return Decision{}, err
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
		c := s.Conversations[id]
		agent, _ := s.lost(c)
		return only(s.leaves(c, agent, ReturnedLost))
	case agentRemoved:
		c := s.Conversations[id]
		return only(s.leaves(c, s.unentitled(c), ReturnedRemoved))
	case customerLost:
		return only(gone(s.Conversations[id], EndedAbandoned))
	case idleTooLong:
		return only(Ended{Conversation: id, Why: EndedIdle})
	case goesIdle:
		return only(WentIdle{Conversation: id})
	case queueRemoved, lineRemoved:
		if queue := s.refuge(s.Conversations[id]); queue != "" {
			return only(Rerouted{Conversation: id, Queue: queue, Why: ReturnedRemoved})
		}
		return only(Ended{Conversation: id, Why: EndedRemoved})
	case chosenLost:
		if queue := s.refuge(s.Conversations[id]); queue != "" {
			return only(Rerouted{Conversation: id, Queue: queue, Why: ReturnedLost})
		}
		return only(Ended{Conversation: id, Why: EndedRemoved})
	case ruleDue:
		return s.decideRule(s.Conversations[id], now)
	case offerTheFirst:
		return s.decideOffer(d.key, now)
	case distribute:
		return s.decideDistribute(s.pools[d.key], now)
	}
	panic(fmt.Sprintf("desk: no rule for deadline %d", d.kind))
}
