package desk

import (
	"slices"
	"strings"
	"unicode/utf8"

	"usher.chat/runtime/settings"
)

// Several agents in one conversation: invitations, joining and leaving (features R6, R11, R15).

// MaxNote is the length of a note to whoever gets a conversation or an invitation, in characters.
const MaxNote = 500

func checkNote(note string) *Error {
	if !utf8.ValidString(note) {
		return refuse(TextInvalid, "the note is not valid text")
	}
	if utf8.RuneCountInString(note) > MaxNote {
		return refuse(TextTooLong, "a note may have %d characters", MaxNote)
	}
	return checkControl("note", note)
}

// decideEnter joins a conversation. One that waits is taken, as by a pick; one that others serve is
// shared: that is the agent's own wish, and so may exceed the limit.
func (s *State) decideEnter(c Enter, now int64) (Decision, *Error) {
	m := s.members[c.Agent]
	conv := s.Conversations[c.Conversation]
	if m == nil || conv == nil || !s.MaySee(c.Agent, conv) {
		return Decision{}, refuse(NotFound, "there is no conversation %s", c.Conversation)
	}
	switch conv.Place {
	case Waiting:
		how := PickedChosen
		if conv.ForAgent == c.Agent {
			how = PickedHanded
		}
		if err := s.mayAdd(m, how); err != nil {
			return Decision{}, err
		}
		return s.picked(m, conv, how, now)
	case OfferedTo:
		return Decision{}, s.taken(conv)
	case InService:
	default:
		return Decision{}, refuse(ConversationEnded, "the conversation is over")
	}
	if conv.Has(c.Agent) {
		return Decision{}, refuse(AlreadyIn, "you are in this conversation")
	}
	e := Entered{Conversation: conv.ID, Agent: c.Agent}
	if i, ok := s.invitationOf(m, conv); ok {
		e.Team = i.Team
	} else if _, member := m.Teams[conv.Team]; member {
		e.Team = conv.Team
	} else {
		e.Team = s.teamThrough(m, conv)
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

func (s *State) applyEntered(e Entered, at int64) {
	c := s.Conversations[e.Conversation]
	if i := c.invitation(e.Agent, ""); i >= 0 {
		s.uninvite(c, i)
	}
	if e.Team != "" {
		if i := c.invitation("", e.Team); i >= 0 {
			s.uninvite(c, i) // any member of the team may take it; the first did
		}
	}
	c.Sharers = append(c.Sharers, Sharer{Agent: e.Agent, Team: e.Team, Since: at})
	a := s.agent(e.Agent)
	a.hands.add(c)
	a.Since = at
	s.reseat(a, at)
	if !a.Online() && a.LostAt == 0 {
		a.LostAt = at
	}
	s.hint(at, c, agentLost)
}

func (s *State) applyLeft(e Left, at int64) {
	c := s.Conversations[e.Conversation]
	if a := s.Agents[e.Agent]; a != nil {
		a.hands.remove(c)
		a.Since = at
		s.reseat(a, at)
	}
	if e.Owner == "" {
		if i := c.sharer(e.Agent); i >= 0 {
			c.Sharers = append(c.Sharers[:i:i], c.Sharers[i+1:]...)
		}
		return
	}
	i := c.sharer(e.Owner)
	c.Agent, c.Team = e.Owner, c.Sharers[i].Team
	if c.Team == "" && c.Via == "" {
		c.Via = ViaTransfer // the new owner came in person, by invitation
	}
	c.Sharers = append(c.Sharers[:i:i], c.Sharers[i+1:]...)
	s.hint(at, c, agentLost, agentRemoved)
}

func (s *State) decideInvite(c Invite) (Decision, *Error) {
	conv, err := s.served(c.Agent, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	if set := s.Setting(conv.Queue); set != nil && !set.Has(settings.FeatureInvitations) {
		return Decision{}, refuse(FeatureOff, "invitations are switched off for this queue")
	}
	if err := checkNote(c.Note); err != nil {
		return Decision{}, err
	}
	e := Invited{Conversation: conv.ID, By: c.Agent, Note: strings.TrimSpace(c.Note)}
	switch c.To.Kind {
	case ToAgent:
		switch {
		case c.To.Name == c.Agent:
			return Decision{}, refuse(ToSelf, "you are in this conversation")
		case s.members[c.To.Name] == nil:
			return Decision{}, refuse(NotFound, "there is no agent %q", c.To.Name)
		case conv.Has(c.To.Name):
			return Decision{}, refuse(AlreadyIn, "%s is in this conversation", s.members[c.To.Name].DisplayName)
		}
		e.Agent = c.To.Name
	case ToTeam:
		t := s.teams[c.To.Name]
		switch {
		case t == nil:
			return Decision{}, refuse(NotFound, "there is no team %q", c.To.Name)
		case len(t.members) == 0:
			return Decision{}, refuse(NoAgents, "team %q has no members", c.To.Name)
		case !slices.ContainsFunc(t.members, func(name string) bool { return !conv.Has(name) }):
			return Decision{}, refuse(AlreadyIn, "everybody of team %q is in this conversation", c.To.Name)
		}
		e.Team = c.To.Name
	default:
		return Decision{}, refuse(BadRequest, "an agent or a team is invited")
	}
	if conv.invitation(e.Agent, e.Team) >= 0 {
		return Decision{}, refuse(AlreadyIn, "that invitation stands already")
	}
	if len(conv.Invitations) >= maxInvitations {
		return Decision{}, refuse(LimitReached, "a conversation may have %d open invitations", maxInvitations)
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

const maxInvitations = 16

func (s *State) applyInvited(e Invited, at int64) {
	c := s.Conversations[e.Conversation]
	c.Invitations = append(c.Invitations, Invitation{Agent: e.Agent, Team: e.Team, By: e.By, Note: e.Note, At: at})
	s.noteInvitation(c, e.Agent, e.Team)
}

// noteInvitation enters an invitation into the indexes.
func (s *State) noteInvitation(c *Conversation, agent, team string) {
	if agent != "" {
		a := s.agent(agent)
		if a.invited == nil {
			a.invited = map[ConversationID]*Conversation{}
		}
		a.invited[c.ID] = c
	} else if t := s.teams[team]; t != nil {
		t.invited[c.ID] = c
	}
}

// uninvite takes an invitation away.
func (s *State) uninvite(c *Conversation, i int) {
	inv := c.Invitations[i]
	c.Invitations = append(c.Invitations[:i:i], c.Invitations[i+1:]...)
	if inv.Agent != "" {
		delete(s.agent(inv.Agent).invited, c.ID)
	} else if t := s.teams[inv.Team]; t != nil {
		delete(t.invited, c.ID)
	}
}

func (s *State) uninviteAll(c *Conversation) {
	for len(c.Invitations) > 0 {
		s.uninvite(c, len(c.Invitations)-1)
	}
}

func (s *State) decideUninvite(c Uninvite) (Decision, *Error) {
	conv, err := s.served(c.Agent, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	e := Uninvited{Conversation: conv.ID, By: c.Agent}
	switch c.To.Kind {
	case ToAgent:
		e.Agent = c.To.Name
	case ToTeam:
		e.Team = c.To.Name
	}
	if conv.invitation(e.Agent, e.Team) < 0 {
		return Decision{}, refuse(NotFound, "there is no such invitation; it may have been taken up")
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

func (s *State) applyUninvited(e Uninvited) {
	c := s.Conversations[e.Conversation]
	if i := c.invitation(e.Agent, e.Team); i >= 0 {
		s.uninvite(c, i)
	}
}

// decideDecline refuses an invitation in person, or what waits for the agent in person: that goes back
// to who handed it on, or to the line of its queue.
func (s *State) decideDecline(c Decline) (Decision, *Error) {
	conv := s.Conversations[c.Conversation]
	if conv != nil && conv.invitation(c.Agent, "") >= 0 {
		return Decision{Events: []Event{Uninvited{Conversation: conv.ID, Agent: c.Agent, By: c.Agent}}, Conversation: conv.ID}, nil
	}
	if conv == nil || conv.Place != Waiting || conv.ForAgent != c.Agent {
		return Decision{}, refuse(NotFound, "nothing of conversation %s waits for you", c.Conversation)
	}
	if conv.Via == ViaTransfer && conv.From != "" && s.members[conv.From] != nil {
		return Decision{Events: []Event{HandedBack{Conversation: conv.ID, By: c.Agent, To: conv.From}}, Conversation: conv.ID}, nil
	}
	e := Rerouted{Conversation: conv.ID, Queue: s.refuge(conv), Why: ReturnedHanded, By: c.Agent}
	if e.Queue == "" {
		return Decision{}, refuse(NotAllowed, "there is no queue for this customer to wait in; take or end the conversation")
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

// InvitationsFor are the conversations into which an agent is invited, in person or through a team, by
// number.
func (s *State) InvitationsFor(agent string) []*Conversation {
	m := s.members[agent]
	if m == nil {
		return nil
	}
	seen := map[ConversationID]*Conversation{}
	if a := s.Agents[agent]; a != nil {
		for id, c := range a.invited {
			seen[id] = c
		}
	}
	for team := range m.Teams {
		for id, c := range s.teams[team].invited {
			seen[id] = c
		}
	}
	return byNumber(seen)
}
