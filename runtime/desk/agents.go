package desk

import (
	"sort"

	"usher.chat/runtime/settings"
)

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

func (s *State) decideSignOut(c SignOut, now int64) (Decision, *Error) {
	a := s.Agents[c.Agent]
	if a == nil || a.Sessions[c.Session] == 0 {
		return Decision{}, nil
	}
	d := only(SignedOut{Agent: c.Agent, Session: c.Session})
	for session, expires := range a.Sessions {
		if session != c.Session && expires > now {
			return d, nil // signed in elsewhere: nothing of the conversations changes
		}
	}
	open := s.ConversationsOf(c.Agent)
	if len(open) > 0 && !c.Force {
		return Decision{}, refuse(OpenConversations, "%d conversations are open; leave or end them, or sign out all the same: they go back to the line, or to who shares them", len(open))
	}
	for _, conv := range open {
		if conv.Place == OfferedTo {
			d.Events = append(d.Events, Returned{Conversation: conv.ID, Agent: c.Agent, Why: ReturnedRefused})
			continue
		}
		d.Events = append(d.Events, s.leaves(conv, c.Agent, ReturnedSignOut))
	}
	return d, nil
}

// applySignedOut: whoever has no session left is offered nobody, though the sockets close a moment later.
func (s *State) applySignedOut(e SignedOut, at int64) {
	a := s.Agents[e.Agent]
	if a == nil {
		return
	}
	delete(a.Sessions, e.Session)
	for _, expires := range a.Sessions {
		if expires > at {
			return
		}
	}
	a.Out = true
	s.reseat(a, at)
}

func (s *State) decidePresence(c SetPresence) (Decision, *Error) {
	if s.members[c.Agent] == nil {
		return Decision{}, refuse(NotEntitled, "you are not a member of any team")
	}
	switch c.Presence {
	case Available, FinishMine, Away:
	default:
		return Decision{}, refuse(BadRequest, "presence is available, finishMine or away")
	}
	if a := s.Agents[c.Agent]; a == nil && c.Presence == Available || a != nil && a.Presence == c.Presence {
		return Decision{}, nil
	}
	return only(PresenceSet{Agent: c.Agent, Presence: c.Presence}), nil
}

func (s *State) applyPresence(e PresenceSet, at int64) {
	a := s.agent(e.Agent)
	if a.Presence != Available && e.Presence == Available {
		a.Since = at // idle from now on, not from before the break
	}
	a.Presence = e.Presence
	s.reseat(a, at)
}

const maxFavourites = 200

func (s *State) decideFavour(c Favour) (Decision, *Error) {
	m := s.members[c.Agent]
	e := Favoured{Agent: c.Agent, On: c.On}
	switch c.To.Kind {
	case ToQueue:
		if !s.Serves(c.Agent, c.To.Name) {
			return Decision{}, refuse(NotFound, "there is no queue %q that you serve", c.To.Name)
		}
		e.Queue = c.To.Name
	case ToTeam:
		if m == nil || m.Teams[c.To.Name] == "" && !has(m.Teams, c.To.Name) {
			return Decision{}, refuse(NotFound, "there is no team %q of yours", c.To.Name)
		}
		e.Team = c.To.Name
	default:
		return Decision{}, refuse(BadRequest, "a queue or a team is a favourite")
	}
	if s.Favours(c.Agent, c.To) == c.On {
		return Decision{}, nil
	}
	if a := s.Agents[c.Agent]; c.On && a != nil && len(a.Favourites) >= maxFavourites {
		return Decision{}, refuse(LimitReached, "you may have %d favourites", maxFavourites)
	}
	return only(e), nil
}

func has(teams map[string]settings.Role, team string) bool {
	_, ok := teams[team]
	return ok
}

func (s *State) applyFavoured(e Favoured) {
	a := s.agent(e.Agent)
	name := favourite(Target{ToQueue, e.Queue})
	if e.Team != "" {
		name = favourite(Target{ToTeam, e.Team})
	}
	if e.On {
		a.Favourites = with(a.Favourites, name)
	} else {
		a.Favourites = without(a.Favourites, name)
	}
}

func favourite(to Target) string {
	if to.Kind == ToTeam {
		return "t:" + to.Name
	}
	return "q:" + to.Name
}

// Favours tells whether a queue or team is an agent's favourite (feature C14).
func (s *State) Favours(agent string, to Target) bool {
	a := s.Agents[agent]
	if a == nil {
		return false
	}
	name := favourite(to)
	i := sort.SearchStrings(a.Favourites, name)
	return i < len(a.Favourites) && a.Favourites[i] == name
}

// PresenceOf is an agent's presence as others see it: available, finishMine, away or offline.
func (s *State) PresenceOf(agent string) string {
	a := s.Agents[agent]
	switch {
	case !a.Online() || a.Out:
		return string(PassedOffline)
	case a.Presence == Available:
		return "available"
	}
	return string(a.Presence)
}

// MembersOf are a team's members, sorted. It must not be changed.
func (s *State) MembersOf(team string) []string {
	if t := s.teams[team]; t != nil {
		return t.members
	}
	return nil
}

// TeamFigures are a team's numbers.
type TeamFigures struct {
	// Online members are connected and not away; Available ones are under their limit too.
	Online, Available, Waiting int
	FirstArrival               int64
}

// TeamFigures of a team at this moment.
func (s *State) TeamFigures(team string) TeamFigures {
	t := s.teams[team]
	if t == nil {
		return TeamFigures{}
	}
	f := TeamFigures{Waiting: len(t.line)}
	if len(t.line) > 0 {
		f.FirstArrival = t.line[0].ArrivedAt
	}
	for _, name := range t.members {
		if a := s.Agents[name]; a != nil {
			switch a.seat.standing {
			case standsFree:
				f.Available++
				f.Online++
			case standsFull, standsFinishMine:
				f.Online++
			}
		}
	}
	return f
}
