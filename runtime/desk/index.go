package desk

import (
	"slices"
	"sort"

	"usher.chat/runtime/settings"
)

// Indexes are made anew when settings change and when a snapshot is read. Between that, Apply keeps
// them.

// reindex makes all indexes from the exported fields, and asks to look at every deadline: what new
// settings, or a time without a state, brought about is found by the ticks that follow.
func (s *State) reindex(at int64) {
	s.deadlines = agenda{}
	s.indexMembers()
	hours := hours{}
	for i := range s.Settings.Queues {
		set := &s.Settings.Queues[i]
		q := s.Queues[set.Name]
		s.settle(q, set, hours)
		q.line, q.offered, q.inService, q.alerted, q.inactive = nil, 0, 0, 0, nil
	}
	for _, a := range s.Agents {
		a.hands, a.line, a.invited = nil, nil, nil
		if a.Sessions == nil {
			a.Sessions = map[string]int64{}
		}
	}
	list := make([]*Conversation, 0, len(s.Conversations))
	for _, c := range s.Conversations {
		if c.rank = 0; s.Queues[c.Queue] != nil {
			c.rank = s.Queues[c.Queue].set.Priority
		}
		c.customer = s.Customers[c.Session]
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].before(list[j]) })
	s.ended = nil
	for _, c := range list {
		s.place(c)
	}
	sort.SliceStable(s.ended, func(i, j int) bool {
		a, b := s.ended[i], s.ended[j]
		if a.EndedAt != b.EndedAt {
			return a.EndedAt < b.EndedAt
		}
		return a.Number < b.Number
	})
	s.indexPools()
	for _, c := range list {
		if c.Place != Over {
			s.hint(at, c, conversationDeadlines...)
		}
	}
	for _, p := range s.pools {
		s.heat(p, at)
	}
}

// place enters a conversation into the indexes. Those of a line come in order.
func (s *State) place(c *Conversation) {
	q := s.Queues[c.Queue]
	switch c.Place {
	case Waiting:
		if l := s.lineOf(c); l != nil {
			*l = append(*l, c)
		}
		if q != nil && c.Alerted {
			q.alerted++
		}
	case OfferedTo, InService:
		for _, name := range c.Agents() {
			s.agent(name).hands.add(c)
		}
		for _, i := range c.Invitations {
			s.noteInvitation(c, i.Agent, i.Team)
		}
		switch {
		case q == nil:
		case c.Place == InService:
			q.inService++
		default:
			q.offered++
		}
	case Inactive:
		s.leftBehind(c)
	case Over:
		s.ended = append(s.ended, c)
	}
}

func (s *State) indexMembers() {
	s.members = map[string]*Member{}
	s.teams = map[string]*teamLine{}
	for _, t := range s.Settings.Teams {
		team := &teamLine{invited: map[ConversationID]*Conversation{}}
		s.teams[t.Name] = team
		for _, m := range t.Members {
			team.members = with(team.members, m.Name)
			member := s.members[m.Name]
			if member == nil {
				member = &Member{Name: m.Name, Teams: map[string]settings.Role{}}
				s.members[m.Name] = member
			}
			member.DisplayName = first(member.DisplayName, Visible(m.DisplayName))
			member.Subject = first(member.Subject, m.Subject)
			member.Teams[t.Name] = m.Role
			member.Public = member.Public || m.Listing == settings.ListingPublic
			member.Skills = append(member.Skills, m.Skills...)
			limit := firstNumber(m.MaxConversations, t.MaxConversations, settings.DefaultMaxConversations)
			if member.Max == 0 || limit < member.Max {
				member.Max = limit
			}
		}
	}
	queues := map[string][]string{} // of a team, in order
	for _, q := range s.Settings.Queues {
		for _, t := range q.Teams {
			queues[t] = append(queues[t], q.Name)
		}
	}
	for _, m := range s.members {
		slices.Sort(m.Skills)
		m.Skills = slices.Compact(m.Skills)
		m.DisplayName = first(m.DisplayName, m.Name)
		for t := range m.Teams {
			m.Queues = append(m.Queues, queues[t]...)
		}
		slices.Sort(m.Queues)
		m.Queues = slices.Compact(m.Queues)
	}
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func firstNumber(numbers ...int) int {
	for _, n := range numbers {
		if n > 0 {
			return n
		}
	}
	return 0
}
