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
	for i := range s.Settings.Teams {
		t := &s.Settings.Teams[i]
		for j := range t.Members {
			m := &t.Members[j]
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

// membersOf are all members of all teams, sorted, each once.
func membersOf(s *desk.State) []string {
	var list []string
	for _, t := range s.Settings.Teams {
		for _, m := range t.Members {
			list = append(list, m.Name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func isMember(t *settings.Team, agent string) bool {
	for i := range t.Members {
		if t.Members[i].Name == agent {
			return true
		}
	}
	return false
}

func serves(s *desk.State, agent, queue string) bool {
	set := queueSetting(s, queue)
	if set == nil {
		return false
	}
	for i := range s.Settings.Teams {
		if t := &s.Settings.Teams[i]; slices.Contains(set.Teams, t.Name) && isMember(t, agent) {
			return true
		}
	}
	return false
}

// agentsOf are the members of a queue's teams, sorted, each once.
func agentsOf(s *desk.State, queue string) []string {
	set := queueSetting(s, queue)
	var list []string
	for i := range s.Settings.Teams {
		t := &s.Settings.Teams[i]
		for j := range t.Members {
			if set != nil && slices.Contains(set.Teams, t.Name) {
				list = append(list, t.Members[j].Name)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// hasIn tells whether an agent is in a conversation: its owner, one who shares it, or offered it.
func hasIn(c *desk.Conversation, agent string) bool {
	if c.Place != desk.OfferedTo && c.Place != desk.InService || agent == "" {
		return false
	}
	return c.Agent == agent || c.Place == desk.InService && slices.ContainsFunc(c.Sharers, func(s desk.Sharer) bool { return s.Agent == agent })
}

// loadOf counts what an agent has, without the idle ones of queues that do not count them.
func loadOf(s *desk.State, agent string) int {
	n := 0
	for _, c := range s.Conversations {
		if hasIn(c, agent) && !idleFree(s, c) {
			n++
		}
	}
	return n
}

func idleFree(s *desk.State, c *desk.Conversation) bool {
	set := queueSetting(s, c.Queue)
	return c.Idle && set != nil && set.Thresholds.Idle == settings.IdleFree
}

func online(s *desk.State, agent string) bool {
	a := s.Agents[agent]
	return a != nil && len(a.Gateways) > 0 && !a.Out
}

// free tells whether an agent can be given something without asking for it.
func free(s *desk.State, agent string) bool {
	return online(s, agent) && s.Agents[agent].Presence == desk.Available && loadOf(s, agent) < limitOf(s, agent)
}

// earlier is the order of all lines.
func earlier(s *desk.State, a, b *desk.Conversation) bool {
	rank := func(c *desk.Conversation) int {
		if set := queueSetting(s, c.Queue); set != nil {
			return set.Priority
		}
		return 0
	}
	switch {
	case rank(a) != rank(b):
		return rank(a) > rank(b)
	case a.Priority != b.Priority:
		return a.Priority > b.Priority
	case a.ArrivedAt != b.ArrivedAt:
		return a.ArrivedAt < b.ArrivedAt
	}
	return a.Number < b.Number
}

// lineName names the line in which a conversation waits: a queue's, a team's or an agent's own.
func lineName(c *desk.Conversation) string {
	switch {
	case c.ForAgent != "":
		return "agent " + c.ForAgent
	case c.ForTeam != "":
		return "team " + c.ForTeam
	}
	return "queue " + c.Queue
}

// linesOf are all lines in which somebody waits, in order.
func linesOf(s *desk.State) map[string][]*desk.Conversation {
	lines := map[string][]*desk.Conversation{}
	for _, c := range s.Conversations {
		if c.Place == desk.Waiting {
			lines[lineName(c)] = append(lines[lineName(c)], c)
		}
	}
	for _, list := range lines {
		sort.Slice(list, func(i, j int) bool { return earlier(s, list[i], list[j]) })
	}
	return lines
}

// teamOf is a team's setting; nil when there is none.
func teamOf(s *desk.State, name string) *settings.Team {
	for i := range s.Settings.Teams {
		if s.Settings.Teams[i].Name == name {
			return &s.Settings.Teams[i]
		}
	}
	return nil
}

// inTeam tells whether an agent is a member of a team, and isAdmin whether an admin.
func inTeam(s *desk.State, agent, team string) bool {
	t := teamOf(s, team)
	return t != nil && isMember(t, agent)
}

func isAdmin(s *desk.State, agent, team string) bool {
	t := teamOf(s, team)
	for i := 0; t != nil && i < len(t.Members); i++ {
		if m := &t.Members[i]; m.Name == agent {
			return m.Role == settings.RoleAdmin
		}
	}
	return false
}

// mayTake tells whether a waiting conversation is one for an agent to take.
func mayTake(s *desk.State, agent string, c *desk.Conversation) bool {
	switch {
	case limitOf(s, agent) == 0:
		return false
	case c.ForAgent != "":
		return c.ForAgent == agent
	case c.ForTeam != "":
		return inTeam(s, agent, c.ForTeam)
	}
	return serves(s, agent, c.Queue)
}

// leads tells whether an agent is an admin of a team of the conversation.
func leads(s *desk.State, agent string, c *desk.Conversation) bool {
	if isAdmin(s, agent, c.ForTeam) || isAdmin(s, agent, c.Team) {
		return true
	}
	set := queueSetting(s, c.Queue)
	return set != nil && slices.ContainsFunc(set.Teams, func(t string) bool { return isAdmin(s, agent, t) })
}

// invitedTo tells whether an invitation into a conversation is for an agent.
func invitedTo(s *desk.State, agent string, c *desk.Conversation) bool {
	return limitOf(s, agent) > 0 && slices.ContainsFunc(c.Invitations, func(i desk.Invitation) bool {
		return i.Agent == agent || i.Team != "" && inTeam(s, agent, i.Team)
	})
}

// maySee is the table of semantics.md, "Rights" and "Routing", for an agent.
func maySee(s *desk.State, agent string, c *desk.Conversation) bool {
	if limitOf(s, agent) == 0 {
		return false
	}
	if c.Agent == agent || hasIn(c, agent) || leads(s, agent, c) || invitedTo(s, agent, c) {
		return true
	}
	switch c.Place {
	case desk.Waiting, desk.OfferedTo:
		return mayTake(s, agent, c)
	case desk.InService:
		t := teamOf(s, c.Team)
		return t != nil && isMember(t, agent) && t.Mode != settings.TeamGrab
	case desk.Inactive:
		return serves(s, agent, refuge(s, c))
	}
	return false
}

// figures counts a queue anew.
func figures(s *desk.State, q *desk.Queue) desk.Figures {
	var f desk.Figures
	for _, c := range s.Conversations {
		if c.Place == desk.Inactive && refuge(s, c) == q.Name {
			f.Inactive++
		}
		if c.Queue != q.Name {
			continue
		}
		switch c.Place {
		case desk.Waiting:
			if c.Alerted {
				f.Alerted++
			}
		case desk.OfferedTo:
			f.Offered++
		case desk.InService:
			f.InService++
		}
	}
	if line := linesOf(s)["queue "+q.Name]; len(line) > 0 {
		f.Waiting, f.FirstArrival = len(line), line[0].ArrivedAt
	}
	for _, agent := range agentsOf(s, q.Name) {
		if !online(s, agent) || s.Agents[agent].Presence == desk.Away {
			continue
		}
		f.Online++
		if free(s, agent) {
			f.Available++
			f.FreePlaces += limitOf(s, agent) - loadOf(s, agent)
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

// resolve is what a queue should read at this moment.
func (k *check) resolve(q *desk.Queue) (open bool, cause string, err error) {
	var compiled *calendar.Compiled
	if q.Schedule != nil {
		if compiled, err = k.compile(q.Schedule); err != nil {
			return false, "", err
		}
	}
	o := overrideOf(k.s, q.Name)
	a := calendar.Resolve(compiled, o, desk.Instant(k.now))
	if compiled == nil && queueSetting(k.s, q.Name).Schedule != "" && a.Cause != calendar.CauseOverride {
		return false, desk.CauseScheduleMissing, nil
	}
	return a.Open, string(a.Cause), nil
}

func (k *check) compile(s *calendar.Schedule) (*calendar.Compiled, error) {
	if c := k.hours[s]; c != nil {
		return c, nil
	}
	c, err := calendar.Compile(*s)
	if k.hours == nil {
		k.hours = map[*calendar.Schedule]*calendar.Compiled{}
	}
	k.hours[s] = c
	return c, err
}

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

// closedAt is when a conversation in which the customer writes no more is closed; one that was left
// behind stays for thirty days at least.
func closedAt(s *desk.State, c *desk.Conversation) int64 {
	after := idleAfter(s, c.Queue)
	if c.Place == desk.Inactive {
		after = max(after, 30*24*3600*1000)
	}
	return c.LastCustomerAt + after
}

func idleAfter(s *desk.State, queue string) int64 {
	return limit(queueSetting(s, queue), func(q *settings.Queue) int { return q.Thresholds.CloseAfterIdleSeconds }, 24*3600)
}

func offerAfter(s *desk.State, queue string) int64 {
	return limit(queueSetting(s, queue), func(q *settings.Queue) int { return q.OfferTimeoutSeconds }, 30)
}

func silentAfter(s *desk.State, queue string) int64 {
	return limit(queueSetting(s, queue), func(q *settings.Queue) int { return q.Thresholds.IdleAfterSeconds }, 600)
}

// ruleOf is the next waiting rule of a waiting conversation, and when it comes due; nil without one.
func ruleOf(s *desk.State, c *desk.Conversation) (*settings.WaitingRule, int64) {
	set := queueSetting(s, c.Queue)
	if c.Place != desk.Waiting || set == nil {
		return nil, 0
	}
	from := c.ArrivedAt
	if c.RulesFrom != 0 {
		from = c.RulesFrom
	}
	var next *settings.WaitingRule
	for i := range set.WaitingRules {
		if r := &set.WaitingRules[i]; r.AfterSeconds > c.RulesDone && (next == nil || r.AfterSeconds < next.AfterSeconds) {
			next = r
		}
	}
	if next == nil {
		return nil, 0
	}
	return next, from + int64(next.AfterSeconds)*second
}

// lostInPerson is when a customer, who waits for one agent whose connection went meanwhile, is to wait
// for all; 0 never.
func lostInPerson(s *desk.State, c *desk.Conversation) int64 {
	a := s.Agents[c.ForAgent]
	if c.Place != desk.Waiting || a == nil || len(a.Gateways) > 0 || a.LostAt <= c.WaitsSince {
		return 0
	}
	return a.LostAt + agentLostAfter(s, c.Queue)
}

// wayOut is when time will move a conversation on if nobody does, and how.
func wayOut(s *desk.State, c *desk.Conversation) (at int64, how string) {
	at, how = closedAt(s, c), "closed"
	if c.Place == desk.Inactive {
		return at, how
	}
	sooner := func(due int64, way string) {
		if due < at {
			at, how = due, way
		}
	}
	if c.Place == desk.OfferedTo {
		sooner(c.OfferUntil, "the offer ends")
	}
	if customer := s.Customers[c.Session]; c.Place != desk.InService && customer != nil && customer.LostAt != 0 {
		sooner(max(customer.LostAt, c.ArrivedAt, c.RulesFrom)+customerLostAfter(s, c.Queue), "the customer is lost")
	}
	for name, a := range s.Agents {
		if c.Place == desk.InService && hasIn(c, name) && a.LostAt != 0 {
			sooner(a.LostAt+agentLostAfter(s, c.Queue), "an agent is lost")
		}
	}
	if _, due := ruleOf(s, c); due != 0 {
		sooner(due, "a rule acts")
	}
	if due := lostInPerson(s, c); due != 0 {
		sooner(due, "the agent asked for is lost")
	}
	if set := queueSetting(s, c.Queue); c.Place == desk.InService && !c.Idle && set != nil && set.Thresholds.Idle == settings.IdleFree {
		sooner(max(c.LastCustomerAt, c.StartedAt)+silentAfter(s, c.Queue), "it is idle")
	}
	return at, how
}

// refuge is the queue for somebody who has nowhere to wait.
func refuge(s *desk.State, c *desk.Conversation) string {
	if queueSetting(s, c.Queue) != nil {
		return c.Queue
	}
	for _, channel := range s.Settings.Channels {
		if channel.Name == c.Channel && queueSetting(s, channel.Queue) != nil {
			return channel.Queue
		}
	}
	return ""
}
