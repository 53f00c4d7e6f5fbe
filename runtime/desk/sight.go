package desk

import "usher.chat/runtime/settings"

// Rights to conversations (design: semantics, Rights; feature R7). Every read and write of an agent
// is checked with these, against the state as it is.

// Admin tells whether an agent is an admin of one of the teams that a conversation belongs to: those
// of its queue, and the one that it waits for or is served through.
func (s *State) Admin(agent string, c *Conversation) bool {
	m := s.members[agent]
	if m == nil {
		return false
	}
	if c.ForTeam != "" && m.Teams[c.ForTeam] == settings.RoleAdmin || c.Team != "" && m.Teams[c.Team] == settings.RoleAdmin {
		return true
	}
	if set := s.Setting(c.Queue); set != nil {
		for _, team := range set.Teams {
			if m.Teams[team] == settings.RoleAdmin {
				return true
			}
		}
	}
	return false
}

// MaySee tells whether an agent may read a conversation: those who are in it, who may take it, who
// are invited, admins of its teams, and in a Collaboration team all members.
func (s *State) MaySee(agent string, c *Conversation) bool {
	m := s.members[agent]
	if m == nil {
		return false
	}
	if c.Agent == agent || c.sharer(agent) >= 0 || s.Admin(agent, c) || s.invited(m, c) {
		return true
	}
	switch c.Place {
	case Waiting, OfferedTo:
		return s.mayTake(m, c)
	case InService:
		return s.collaborates(m, c.Team)
	case Inactive:
		return s.Serves(agent, s.refuge(c))
	}
	return false
}

// MayPreview tells whether an agent who is not in a conversation may read it (feature R16).
func (s *State) MayPreview(agent string, c *Conversation) bool {
	if !s.MaySee(agent, c) {
		return false
	}
	set := s.Setting(c.Queue)
	return c.Place == Inactive || c.Agent == agent || c.sharer(agent) >= 0 || set == nil || set.Has(settings.FeaturePreview)
}

// MayTake tells whether an agent may take a waiting conversation, or is a member of the line where one
// waits that is offered to another.
func (s *State) MayTake(agent string, c *Conversation) bool {
	m := s.members[agent]
	return m != nil && s.mayTake(m, c)
}

func (s *State) mayTake(m *Member, c *Conversation) bool {
	switch {
	case c.ForAgent != "":
		return c.ForAgent == m.Name
	case c.ForTeam != "":
		_, member := m.Teams[c.ForTeam]
		return member
	}
	return s.Serves(m.Name, c.Queue)
}

// collaborates tells whether an agent is a member of a team in which all see all.
func (s *State) collaborates(m *Member, team string) bool {
	if _, member := m.Teams[team]; !member {
		return false
	}
	t := s.team(team)
	return t != nil && t.Mode != settings.TeamGrab
}

// invited tells whether an agent, or a team of the agent, is invited into a conversation.
func (s *State) invited(m *Member, c *Conversation) bool {
	_, ok := s.invitationOf(m, c)
	return ok
}

func (s *State) invitationOf(m *Member, c *Conversation) (Invitation, bool) {
	for _, i := range c.Invitations {
		if i.Agent == m.Name {
			return i, true
		}
	}
	for _, i := range c.Invitations {
		if _, member := m.Teams[i.Team]; i.Team != "" && member {
			return i, true
		}
	}
	return Invitation{}, false
}

// Grabbed tells whether a waiting conversation is notified to members to be grabbed (feature R5).
func (s *State) Grabbed(c *Conversation) bool {
	if c.ForAgent != "" {
		return false
	}
	if c.ForTeam != "" {
		t := s.team(c.ForTeam)
		return t != nil && t.Mode == settings.TeamGrab
	}
	if set := s.Setting(c.Queue); set != nil {
		for _, name := range set.Teams {
			if t := s.team(name); t != nil && t.Mode == settings.TeamGrab {
				return true
			}
		}
	}
	return false
}

// teamThrough is the team through which an agent serves what waits in a queue or for a team.
func (s *State) teamThrough(m *Member, c *Conversation) string {
	if c.ForTeam != "" {
		if _, member := m.Teams[c.ForTeam]; member {
			return c.ForTeam
		}
	}
	if set := s.Setting(c.Queue); set != nil {
		for _, team := range set.Teams {
			if _, member := m.Teams[team]; member {
				return team
			}
		}
	}
	return ""
}

// unentitled is an agent in a conversation who has no right to be in it any more; empty when there is
// none. Sharers come first, so that the owner's conversation goes to one who stays.
func (s *State) unentitled(c *Conversation) string {
	if c.Place != InService && c.Place != OfferedTo {
		return ""
	}
	for _, sharer := range c.Sharers {
		m := s.members[sharer.Agent]
		if m == nil {
			return sharer.Agent
		}
		if _, member := m.Teams[sharer.Team]; sharer.Team != "" && !member {
			return sharer.Agent
		}
	}
	m := s.members[c.Agent]
	if m == nil {
		return c.Agent
	}
	if _, member := m.Teams[c.Team]; member || c.Team == "" && c.Place == InService && c.Via != "" {
		return ""
	}
	if s.Queues[c.Queue] != nil && !s.Serves(c.Agent, c.Queue) && c.ForTeam == "" {
		return c.Agent
	}
	if c.ForTeam != "" {
		if _, member := m.Teams[c.ForTeam]; !member {
			return c.Agent
		}
	}
	return ""
}
