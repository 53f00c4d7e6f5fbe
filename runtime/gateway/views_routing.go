package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

func teamName(s *desk.State, name string) string {
	for i := range s.Settings.Teams {
		if t := &s.Settings.Teams[i]; t.Name == name && t.DisplayName != "" {
			return t.DisplayName
		}
	}
	return name
}

func customerName(c *desk.Conversation) string {
	if c.Name != "" {
		return c.Name
	}
	return "A customer"
}

// waitedFor says a number of seconds in words.
func waitedFor(seconds int) string {
	d := time.Duration(seconds) * time.Second
	if d >= time.Minute {
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d s", seconds)
}

// targetName is an agent, team or queue as shown.
func targetName(s *desk.State, to desk.Target) string {
	switch to.Kind {
	case desk.ToAgent:
		return agentName(s, to.Name)
	case desk.ToTeam:
		return teamName(s, to.Name)
	}
	return queueName(s, to.Name)
}

func disabled(s *desk.State, queue string) []string {
	set := s.Setting(queue)
	if set == nil || len(set.Disabled) == 0 {
		return nil
	}
	list := make([]string, len(set.Disabled))
	for i, f := range set.Disabled {
		list[i] = string(f)
	}
	return list
}

func participants(s *desk.State, agents []string) []protocol.Participant {
	list := make([]protocol.Participant, len(agents))
	for i, name := range agents {
		list[i] = protocol.Participant{Name: name, DisplayName: agentName(s, name)}
	}
	return list
}

// targetsOf are whom conversations of a queue may be handed to; nil when anybody.
func targetsOf(s *desk.State, queue string) *protocol.Targets {
	set := s.Setting(queue)
	if set == nil || set.TransferTargets == nil {
		return nil
	}
	t := &protocol.Targets{Queues: []string{}, Teams: []string{}, Agents: []string{}}
	t.Queues = append(t.Queues, set.TransferTargets.Queues...)
	t.Teams = append(t.Teams, set.TransferTargets.Teams...)
	seen := map[string]bool{}
	for i := range s.Settings.Teams {
		for _, m := range s.Settings.Teams[i].Members {
			if !seen[m.Name] && s.TransferAllowed(queue, desk.Target{Kind: desk.ToAgent, Name: m.Name}) {
				t.Agents = append(t.Agents, m.Name)
			}
			seen[m.Name] = true
		}
	}
	sort.Strings(t.Agents)
	return t
}

// teamView is a team's queue and chat, for one of its members.
func teamView(s *desk.State, agent, team string) *protocol.Team {
	return teamViewOf(s, agent, team, s.TeamFigures(team))
}

// teamViewOf is so with figures that are known already: they are the same for all members.
func teamViewOf(s *desk.State, agent, team string, f desk.TeamFigures) *protocol.Team {
	m := s.Member(agent)
	if m == nil {
		return nil
	}
	role, member := m.Teams[team]
	if !member {
		return nil
	}
	v := &protocol.Team{
		Name: team, DisplayName: teamName(s, team), Role: string(role), Mode: string(settings.TeamCollaboration),
		Waiting: f.Waiting, FirstSince: f.FirstArrival, Online: f.Online,
		Favourite: s.Favours(agent, desk.Target{Kind: desk.ToTeam, Name: team}),
	}
	if v.Role == "" {
		v.Role = string(settings.RoleRepresentative)
	}
	for i := range s.Settings.Teams {
		if t := &s.Settings.Teams[i]; t.Name == team && t.Mode != "" {
			v.Mode = string(t.Mode)
		}
	}
	if room := desk.TeamRoom(team); s.MayPost(agent, room) {
		v.Room = string(room)
	}
	return v
}

// colleagueView is a member, for all others; nil when there is none of that name.
func colleagueView(s *desk.State, name string) *protocol.Colleague {
	m := s.Member(name)
	if m == nil {
		return nil
	}
	v := &protocol.Colleague{Name: name, DisplayName: m.DisplayName, Presence: s.PresenceOf(name), Load: s.Load(name), Limit: m.Max, Teams: []string{}}
	for team := range m.Teams {
		v.Teams = append(v.Teams, team)
	}
	sort.Strings(v.Teams)
	return v
}

// standingView is an agent's own: what the agent set, also while the connection is lost.
func standingView(s *desk.State, agent string, now int64) *protocol.Standing {
	v := &protocol.Standing{Presence: protocol.PresenceAvailable, Load: s.Load(agent), Keys: []protocol.Key{}}
	if a := s.Agents[agent]; a != nil && a.Presence != desk.Available {
		v.Presence = string(a.Presence)
	}
	if m := s.Member(agent); m != nil {
		v.Limit = m.Max
	}
	for key, expires := range s.KeysOf(agent, now) {
		v.Keys = append(v.Keys, protocol.Key{Key: key, Expires: expires})
	}
	slices.SortFunc(v.Keys, func(a, b protocol.Key) int {
		return cmp.Or(cmp.Compare(a.Expires, b.Expires), strings.Compare(a.Key, b.Key))
	})
	return v
}

// invitationView is an invitation of an agent, or of a team of the agent; nil without one.
func invitationView(s *desk.State, agent string, c *desk.Conversation) *protocol.Invitation {
	m := s.Member(agent)
	if m == nil || c.Has(agent) {
		return nil
	}
	for _, i := range c.Invitations {
		_, member := m.Teams[i.Team]
		if i.Agent == agent || i.Team != "" && member {
			return &protocol.Invitation{
				Conversation: string(c.ID), Queue: c.Queue, Name: c.Name, Team: i.Team, By: i.By, ByName: agentName(s, i.By), Note: i.Note, At: i.At,
			}
		}
	}
	return nil
}

// openView is a conversation that colleagues serve.
func openView(s *desk.State, c *desk.Conversation) *protocol.Open {
	t := s.AnswerTimes(c)
	return &protocol.Open{
		Conversation: string(c.ID), Queue: c.Queue, Team: c.Team, Name: c.Name, Text: c.Opening, Channel: c.Channel,
		Agents: participants(s, c.Agents()), ArrivedAt: c.ArrivedAt, StartedAt: c.StartedAt,
		Online: s.Customers[c.Session].Online(), UnansweredSince: t.Since, SoonAt: t.Soon, OverdueAt: t.Overdue,
	}
}

func inactiveView(c *desk.Conversation) *protocol.Inactive {
	return &protocol.Inactive{
		Conversation: string(c.ID), Queue: c.Queue, Channel: c.Channel, Name: c.Name, Email: c.Email, Phone: c.Phone,
		Text: c.Opening, Page: c.Page, ArrivedAt: c.ArrivedAt, At: c.LastCustomerAt, Why: string(c.EndedWhy),
	}
}

// roomView is a room as one of its members sees it.
func roomView(s *desk.State, agent string, id desk.RoomID) *protocol.Room {
	v := &protocol.Room{ID: string(id), Kind: "private"}
	if team := id.Team(); team != "" {
		v.Kind, v.Team, v.Name = "team", team, teamName(s, team)
	} else {
		v.With = id.With(agent)
		v.Name = agentName(s, v.With)
	}
	if r := s.Rooms[id]; r != nil {
		v.Unread, v.ReadSeq, v.LastSeq, v.LastAt = r.Unread(agent), r.Read[agent], r.LastSeq(), r.LastAt
	}
	return v
}

// membersOf are those who read a room.
func membersOf(s *desk.State, id desk.RoomID) []string {
	if team := id.Team(); team != "" {
		return s.MembersOf(team)
	}
	a, b, _ := id.Members()
	return []string{a, b}
}

// encoded changes

func teamChange(v *protocol.Team) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindTeam, Team: v})
}

func colleagueChange(v *protocol.Colleague) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindAgent, Agent: v})
}

func meChange(v *protocol.Standing) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindMe, Me: v})
}

func invitationChange(v *protocol.Invitation) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindInvitation, Invitation: v})
}

func openChange(v *protocol.Open) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindOpen, Open: v})
}

func inactiveChange(v *protocol.Inactive) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindInactive, Inactive: v})
}

func roomChange(v *protocol.Room) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindRoom, Room: v})
}

func postChange(v *protocol.Post) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindPost, Post: v})
}
