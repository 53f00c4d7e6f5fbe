package desksim

import (
	"slices"
	"sort"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// What follows is counted from the exported fields of a state alone, the slow way.

func queueSetting(s *desk.State, name string) *settings.Queue {
	for i := range s.Settings.Queues {
		if s.Settings.Queues[i].Name == name {
			return &s.Settings.Queues[i]
		}
	}
	return nil
}

// limitOf is the lowest limit that any membership gives an agent; 0 for nobody's member.
func limitOf(s *desk.State, agent string) int {
	lowest := 0
	for _, t := range s.Settings.Teams {
		for _, m := range t.Members {
			if m.Name != agent {
				continue
			}
			limit := settings.DefaultMaxConversations
			if t.MaxConversations > 0 {
				limit = t.MaxConversations
			}
			if m.MaxConversations > 0 {
				limit = m.MaxConversations
			}
			if lowest == 0 || limit < lowest {
				lowest = limit
			}
		}
	}
	return lowest
}

func isMember(t settings.Team, agent string) bool {
	return slices.ContainsFunc(t.Members, func(m settings.Member) bool { return m.Name == agent })
}

func serves(s *desk.State, agent, queue string) bool {
	set := queueSetting(s, queue)
	if set == nil {
		return false
	}
	for _, t := range s.Settings.Teams {
		if slices.Contains(set.Teams, t.Name) && isMember(t, agent) {
			return true
		}
	}
	return false
}

// agentsOf are the members of a queue's teams, sorted, each once.
func agentsOf(s *desk.State, queue string) []string {
	seen := map[string]bool{}
	for _, t := range s.Settings.Teams {
		for _, m := range t.Members {
			if !seen[m.Name] && serves(s, m.Name, queue) {
				seen[m.Name] = true
			}
		}
	}
	list := make([]string, 0, len(seen))
	for name := range seen {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

func loadOf(s *desk.State, agent string) int {
	n := 0
	for _, c := range s.Conversations {
		if c.Agent == agent && (c.Place == desk.OfferedTo || c.Place == desk.InService) {
			n++
		}
	}
	return n
}

func online(s *desk.State, agent string) bool {
	a := s.Agents[agent]
	return a != nil && len(a.Gateways) > 0
}

func earlier(a, b *desk.Conversation) bool {
	return a.ArrivedAt < b.ArrivedAt || a.ArrivedAt == b.ArrivedAt && a.Number < b.Number
}

// waitingIn are those who wait in a queue, in order.
func waitingIn(s *desk.State, queue string) []*desk.Conversation {
	var list []*desk.Conversation
	for _, c := range s.Conversations {
		if c.Place == desk.Waiting && c.Queue == queue {
			list = append(list, c)
		}
	}
	sort.Slice(list, func(i, j int) bool { return earlier(list[i], list[j]) })
	return list
}

// firstFor is who waits longest in an agent's queues, of those that the agent did not let pass.
func firstFor(s *desk.State, agent string, passed bool) *desk.Conversation {
	var best *desk.Conversation
	for _, c := range s.Conversations {
		if c.Place != desk.Waiting || !serves(s, agent, c.Queue) || passed && slices.Contains(c.Refused, agent) {
			continue
		}
		if best == nil || earlier(c, best) {
			best = c
		}
	}
	return best
}

// figures counts a queue anew.
func figures(s *desk.State, q *desk.Queue) desk.Figures {
	var f desk.Figures
	for _, c := range s.Conversations {
		if c.Queue != q.Name {
			continue
		}
		switch c.Place {
		case desk.Waiting:
			f.Waiting++
			if f.FirstArrival == 0 || c.ArrivedAt < f.FirstArrival {
				f.FirstArrival = c.ArrivedAt
			}
		case desk.OfferedTo:
			f.Offered++
		case desk.InService:
			f.InService++
		}
	}
	for _, agent := range agentsOf(s, q.Name) {
		if !online(s, agent) {
			continue
		}
		f.Online++
		if free := limitOf(s, agent) - loadOf(s, agent); free > 0 {
			f.Available++
			f.FreePlaces += free
		}
	}
	capacity(queueSetting(s, q.Name), &f)
	f.Availability = availability(queueSetting(s, q.Name), q.State == settings.QueueOpen, f)
	return f
}

func capacity(set *settings.Queue, f *desk.Figures) {
	c := set.WhenBusy.Capacity
	switch {
	case set.WhenBusy.Offer != settings.OfferQueue:
		f.Places = f.FreePlaces
	case c == nil:
		f.Places, f.PlacesLeft = desk.NoLimit, desk.NoLimit
		return
	case c.Mode == settings.CapacityPerOnlineAgent:
		f.Places = c.Places * f.Online
	default:
		f.Places = c.Places
	}
	f.PlacesLeft = max(0, f.Places-f.Waiting)
}

// availability is the table of semantics.md, "Being offered and waiting".
func availability(set *settings.Queue, open bool, f desk.Figures) desk.Availability {
	left, free, queue := f.PlacesLeft != 0, f.FreePlaces > f.Waiting, set.WhenBusy.Offer == settings.OfferQueue
	switch {
	case !open:
		return desk.IsClosed
	case left && free:
		return desk.AvailableNow
	case left && queue:
		return desk.AvailableQueue
	case queue && f.Places > 0:
		return desk.IsFull
	case f.Online == 0:
		return desk.IsOffline
	}
	return desk.IsBusy
}

// overrideOf is the open or close by hand that acts or is to act.
func overrideOf(s *desk.State, queue string) *calendar.Override {
	if r, ok := s.Requests[queue]; ok {
		if r.State == "" {
			return nil
		}
		return &calendar.Override{State: calendar.OverrideState(r.State), Until: r.Until, Reason: r.Reason, By: r.By}
	}
	return queueSetting(s, queue).Override
}

// resolve is what a queue should read at an instant.
func resolve(s *desk.State, q *desk.Queue, now int64) (open bool, cause string, err error) {
	var compiled *calendar.Compiled
	if q.Schedule != nil {
		if compiled, err = compile(q.Schedule); err != nil {
			return false, "", err
		}
	}
	o := overrideOf(s, q.Name)
	a := calendar.Resolve(compiled, o, desk.Instant(now))
	if compiled == nil && queueSetting(s, q.Name).Schedule != "" && a.Cause != calendar.CauseOverride {
		return false, desk.CauseScheduleMissing, nil
	}
	return a.Open, string(a.Cause), nil
}

func compile(s *calendar.Schedule) (*calendar.Compiled, error) { return calendar.Compile(*s) }

func limit(set *settings.Queue, get func(*settings.Queue) int, otherwise int) int64 {
	if set != nil && get(set) > 0 {
		return int64(get(set)) * second
	}
	return int64(otherwise) * second
}

func agentLostAfter(s *desk.State, queue string) int64 {
	return limit(queueSetting(s, queue), func(q *settings.Queue) int { return q.Thresholds.AgentLostSeconds }, 30)
}

func customerLostAfter(s *desk.State, queue string) int64 {
	return limit(queueSetting(s, queue), func(q *settings.Queue) int { return q.Thresholds.CustomerLostSeconds }, 60)
}

func idleAfter(s *desk.State, queue string) int64 {
	return limit(queueSetting(s, queue), func(q *settings.Queue) int { return q.Thresholds.CloseAfterIdleSeconds }, 24*3600)
}

func offerAfter(s *desk.State, queue string) int64 {
	return limit(queueSetting(s, queue), func(q *settings.Queue) int { return q.OfferTimeoutSeconds }, 30)
}

// wayOut is when time will move a conversation on if nobody does.
func wayOut(s *desk.State, c *desk.Conversation) int64 {
	at := c.LastCustomerAt + idleAfter(s, c.Queue)
	if c.Place == desk.OfferedTo {
		at = min(at, c.OfferUntil)
	}
	if customer := s.Customers[c.Session]; c.Place != desk.InService && customer != nil && customer.LostAt != 0 {
		at = min(at, customer.LostAt+customerLostAfter(s, c.Queue))
	}
	if a := s.Agents[c.Agent]; c.Place == desk.InService && a != nil && a.LostAt != 0 {
		at = min(at, a.LostAt+agentLostAfter(s, c.Queue))
	}
	return at
}
