package gateway

import (
	"encoding/json"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// Views are what the state looks like to somebody. They are the only place that turns the domain into
// the protocol.

// queueView is a queue's row without what depends on who looks (MaySwitch, Favourite).
func queueView(s *desk.State, name string, now time.Time) *protocol.Queue {
	r, ok := s.Report(name, now)
	if !ok {
		return nil
	}
	f, _ := s.Figures(name)
	v := &protocol.Queue{
		Name: name, DisplayName: queueName(s, name), State: string(r.State), Cause: r.Cause, Detail: r.Detail,
		Since: desk.Millis(r.Since), TimeZone: s.TimeZone(name),
		Waiting: f.Waiting, FirstSince: f.FirstArrival, InService: f.InService,
		Online: f.Online, Available: f.Available, PlacesLeft: f.PlacesLeft, Places: f.Places,
		Alerted: f.Alerted, Inactive: f.Inactive, Mode: string(settings.DistributionManual),
		Disabled: disabled(s, name), Targets: targetsOf(s, name),
	}
	if set := s.Setting(name); set != nil {
		if v.Priority = set.Priority; set.Distribution.Mode != "" {
			v.Mode = string(set.Distribution.Mode)
		}
	}
	if r.Next != nil {
		v.NextTime, v.NextState = desk.Millis(r.Next.Time), string(r.Next.State)
	}
	if o := s.Override(name, now); o != nil {
		v.Override = &protocol.Override{State: string(o.State), Until: o.Until, Reason: o.Reason, By: o.By, Pending: o.Pending}
	}
	return v
}

func queueName(s *desk.State, name string) string {
	if set := s.Setting(name); set != nil && set.DisplayName != "" {
		return set.DisplayName
	}
	return name
}

func agentName(s *desk.State, name string) string {
	if m := s.Member(name); m != nil {
		return m.DisplayName
	}
	return name
}

// waitingView is a customer in a line, for the agents of the queue.
func waitingView(s *desk.State, c *desk.Conversation) *protocol.Waiting {
	v := &protocol.Waiting{
		Conversation: string(c.ID), Queue: c.Queue, Name: c.Name, Text: c.Opening, Page: c.Page,
		Channel: c.Channel, ArrivedAt: c.ArrivedAt, Online: s.Customers[c.Session].Online(),
	}
	if c.Place == desk.OfferedTo {
		v.OfferedTo = agentName(s, c.Agent)
	}
	v.Team, v.Agent, v.Via, v.Note, v.Issue = c.ForTeam, c.ForAgent, string(c.Via), c.Note, c.Issue
	if c.From != "" {
		v.From, v.FromName = c.From, agentName(s, c.From)
	}
	v.Returned, v.Alerted, v.Grab, v.Secure = string(c.Returned), c.Alerted, s.Grabbed(c), c.Secure != ""
	t := s.AnswerTimes(c)
	v.UnansweredSince, v.SoonAt, v.OverdueAt = t.Since, t.Soon, t.Overdue
	return v
}

func conversationView(s *desk.State, c *desk.Conversation) protocol.Conversation {
	v := protocol.Conversation{
		ID: string(c.ID), Queue: c.Queue, QueueName: queueName(s, c.Queue), Channel: c.Channel,
		ArrivedAt: c.ArrivedAt, StartedAt: c.StartedAt, Returned: string(c.Returned), FromQueue: c.FromQueue,
	}
	switch c.Place {
	case desk.Waiting:
		v.State = protocol.StateWaiting
	case desk.OfferedTo:
		v.State = protocol.StateOffered
	case desk.InService:
		v.State, v.Agent, v.AgentName = protocol.StateInService, c.Agent, agentName(s, c.Agent)
	case desk.Over:
		v.State, v.EndedAt, v.EndedBy = protocol.StateEnded, c.EndedAt, string(c.EndedWhy)
		if c.Agent != "" {
			v.Agent, v.AgentName = c.Agent, agentName(s, c.Agent)
		}
	case desk.Inactive:
		v.State, v.EndedBy = protocol.StateInactive, string(c.EndedWhy)
	}
	if c.Place == desk.InService {
		v.Agents = participants(s, c.Agents())
	}
	v.Issue, v.Disabled = c.Issue, disabled(s, c.Queue)
	return v
}

// customerView is a conversation as its customer sees it.
func customerView(s *desk.State, c *desk.Conversation) *protocol.Conversation {
	v := conversationView(s, c)
	v.Name = c.Name
	switch c.Place {
	case desk.Waiting:
		v.Place, v.Waiting = s.PlaceInLine(c), s.LineLength(c)
		v.HandedTo, v.HandedToName = handedTo(s, c)
	case desk.InService:
		v.Online = s.Agents[c.Agent].Online()
	}
	v.FromQueue = false
	return &v
}

// handedTo is for whom a customer waits, other than the queue's agents.
func handedTo(s *desk.State, c *desk.Conversation) (*protocol.Target, string) {
	to := desk.Target{Kind: desk.ToQueue, Name: c.Queue}
	switch {
	case c.ForAgent != "":
		to = desk.Target{Kind: desk.ToAgent, Name: c.ForAgent}
	case c.ForTeam != "":
		to = desk.Target{Kind: desk.ToTeam, Name: c.ForTeam}
	case c.Via != desk.ViaTransfer && c.Via != desk.ViaRule:
		return nil, ""
	}
	return &protocol.Target{Kind: string(to.Kind), Name: to.Name}, targetName(s, to)
}

// agentView is a conversation as its agent sees it, also one that the agent is offered.
func agentView(s *desk.State, c *desk.Conversation) *protocol.Conversation {
	v := conversationView(s, c)
	v.Name, v.Page, v.Email, v.Phone = c.Name, c.Page, c.Email, c.Phone
	v.Agent, v.AgentName = c.Agent, agentName(s, c.Agent)
	v.Online = s.Customers[c.Session].Online()
	t := s.AnswerTimes(c)
	v.UnansweredSince, v.SoonAt, v.OverdueAt = c.UnansweredSince, t.Soon, t.Overdue
	v.Team, v.Idle, v.Secure = c.Team, c.Idle, c.Secure != ""
	if c.Place == desk.OfferedTo {
		v.OfferUntil = c.OfferUntil
	}
	for _, i := range c.Invitations {
		to := protocol.Target{Kind: string(desk.ToAgent), Name: i.Agent}
		if i.Team != "" {
			to = protocol.Target{Kind: string(desk.ToTeam), Name: i.Team}
		}
		v.Invited = append(v.Invited, to)
	}
	return &v
}

// channelView is a channel as any customer sees it; nil when there is none of that name.
func channelView(s *desk.State, name string, now time.Time) *protocol.Channel {
	set := s.Channel(name)
	if set == nil {
		return nil
	}
	v := &protocol.Channel{
		Name: name, DisplayName: set.DisplayName, Greeting: set.Greeting, AccentColor: set.AccentColor,
		Time:         desk.Millis(now),
		Availability: protocol.Closed, QueueState: string(settings.QueueClosed),
	}
	if v.DisplayName == "" {
		v.DisplayName = queueName(s, set.Queue)
	}
	v.SessionKeys = set.SessionKeys != settings.SessionKeysRefused
	v.Disabled = disabled(s, set.Queue)
	for _, r := range set.Targeting {
		v.Targeting = append(v.Targeting, protocol.Targeting{
			Type: string(r.Type), Pattern: r.Pattern, Languages: r.Languages, AtLeast: r.AtLeast, Attribute: r.Attribute, Values: r.Values,
		})
	}
	defer func() { v.WhenUnavailable, v.Message = unavailable(set.Unavailable, v.Availability) }()
	r, ok := s.Report(set.Queue, now)
	if !ok {
		return v
	}
	v.Issues = issuesOf(s, set)
	v.Agents = participants(s, s.Choosable(name))
	v.QueueState, v.Availability, v.Waiting = string(r.State), r.Availability, r.Waiting
	v.Offered = desk.Availability(r.Availability).Offered()
	v.TimeZone = s.TimeZone(set.Queue)
	if r.State == settings.QueueClosed && r.Next != nil && r.Next.State == settings.QueueOpen {
		v.OpensAt = desk.Millis(r.Next.Time)
	}
	return v
}

// unavailable is what the widget does in a state of availability, and the desk's words for it.
func unavailable(u settings.Unavailable, availability string) (action, message string) {
	is := settings.UnavailableState{Action: u.Action, Message: u.Message}
	var own *settings.UnavailableState
	switch availability {
	case protocol.Busy, protocol.Full:
		own = u.Busy
	case protocol.Offline:
		own = u.Offline
	case protocol.Closed:
		own = u.Closed
	}
	if own != nil {
		if own.Action != "" {
			is.Action = own.Action
		}
		if own.Message != "" {
			is.Message = own.Message
		}
	}
	if is.Action == "" {
		is.Action = settings.UnavailableMessage
	}
	return string(is.Action), is.Message
}

// issuesOf are the issues with which a customer could join now, for the submission form (feature R10).
// Those that a team owns need an open queue, the others a place in it too.
func issuesOf(s *desk.State, channel *settings.Channel) []protocol.Issue {
	var list []protocol.Issue
	for i, name := range append([]string{channel.Queue}, channel.IssueQueues...) {
		q := s.Queues[name]
		if q == nil || q.State != settings.QueueOpen || i > 0 && name == channel.Queue {
			continue
		}
		f, _ := s.Figures(name)
		for _, issue := range s.Setting(name).Issues {
			if !f.Availability.Offered() && len(s.MembersOf(issue.Team)) == 0 {
				continue
			}
			v := protocol.Issue{ID: name + "/" + issue.Name, Queue: name, QueueName: queueName(s, name), DisplayName: issue.DisplayName}
			if v.DisplayName == "" {
				v.DisplayName = issue.Name
			}
			list = append(list, v)
		}
	}
	return list
}

// encoded changes

func changeOf(c protocol.Change) []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // plain structs
	}
	return b
}

func queueChange(v *protocol.Queue) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindQueue, Queue: v})
}

func waitingChange(v *protocol.Waiting) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindWaiting, Waiting: v})
}

func conversationChange(v *protocol.Conversation) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindConversation, Conversation: v})
}

func channelChange(v *protocol.Channel) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindChannel, Channel: v})
}

func noticeChange(v *protocol.Notice) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindNotice, Notice: v})
}

func goneChange(kind protocol.ChangeKind, id, why, by string) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindGone, Gone: &protocol.Gone{Kind: kind, ID: id, Why: why, By: by}})
}
