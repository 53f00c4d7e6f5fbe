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

// queueView is a queue's row without what depends on who looks (MaySwitch).
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
	}
	return v
}

// customerView is a conversation as its customer sees it.
func customerView(s *desk.State, c *desk.Conversation) *protocol.Conversation {
	v := conversationView(s, c)
	v.Name = c.Name
	switch c.Place {
	case desk.Waiting:
		v.Place, v.Waiting = s.PlaceInLine(c), len(s.Line(c.Queue))
	case desk.InService:
		v.Online = s.Agents[c.Agent].Online()
	}
	v.FromQueue = false
	return &v
}

// agentView is a conversation as its agent sees it, also one that the agent is offered.
func agentView(s *desk.State, c *desk.Conversation) *protocol.Conversation {
	v := conversationView(s, c)
	v.Name, v.Page = c.Name, c.Page
	v.Agent, v.AgentName = c.Agent, agentName(s, c.Agent)
	v.Online = s.Customers[c.Session].Online()
	v.UnansweredSince = c.UnansweredSince
	if c.Place == desk.OfferedTo {
		v.OfferUntil, v.FromQueue = c.OfferUntil, true
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
		WhenUnavailable: string(set.Unavailable.Action), Message: set.Unavailable.Message, Time: desk.Millis(now),
		Availability: protocol.Closed, QueueState: string(settings.QueueClosed),
	}
	if v.DisplayName == "" {
		v.DisplayName = queueName(s, set.Queue)
	}
	if v.WhenUnavailable == "" {
		v.WhenUnavailable = string(settings.UnavailableMessage)
	}
	r, ok := s.Report(set.Queue, now)
	if !ok {
		return v
	}
	v.QueueState, v.Availability, v.Waiting = string(r.State), r.Availability, r.Waiting
	v.Offered = desk.Availability(r.Availability).Offered()
	v.TimeZone = s.TimeZone(set.Queue)
	if r.State == settings.QueueClosed && r.Next != nil && r.Next.State == settings.QueueOpen {
		v.OpensAt = desk.Millis(r.Next.Time)
	}
	return v
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

func messageChange(v *protocol.Message) []byte {
	return changeOf(protocol.Change{Kind: protocol.KindMessage, Message: v})
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
