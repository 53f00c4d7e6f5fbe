package desksim

import (
	"fmt"
	"maps"
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

const (
	sessions = 30
	agents   = 8
	teams    = 3
	queues   = 4
)

func (c *chaos) session() string { return fmt.Sprintf("s%d", c.rng.IntN(sessions)) }
func (c *chaos) agent() string   { return fmt.Sprintf("agent-%d", c.rng.IntN(agents)) }
func (c *chaos) queue() string   { return fmt.Sprintf("queue-%d", c.rng.IntN(queues)) }

// active is the session of a customer who waits or is served; sometimes anybody's.
func (c *chaos) active() string {
	list := slices.DeleteFunc(c.ids(0, ""), func(conv *desk.Conversation) bool { return conv.Place == desk.Over })
	if len(list) == 0 || c.rng.IntN(5) == 0 {
		return c.session()
	}
	return pickOf(c.rng, list).Session
}

// holder is an agent with a conversation in a place, and that conversation; sometimes anybody, and
// one that is not hers.
func (c *chaos) holder(place desk.Place) (string, desk.ConversationID) {
	list := c.ids(place, "")
	if len(list) == 0 || c.rng.IntN(8) == 0 {
		all := c.ids(0, "")
		if len(all) == 0 {
			return c.agent(), "c1"
		}
		return c.agent(), pickOf(c.rng, all).ID
	}
	conv := pickOf(c.rng, list)
	return conv.Agent, conv.ID
}

func (c *chaos) join() {
	for range 1 + c.rng.IntN(2) {
		c.joinOne()
	}
}

func (c *chaos) joinOne() {
	session := c.session()
	text := pickOf(c.rng, []string{"", "good day", "hello\nthere"})
	if c.rng.IntN(20) == 0 {
		text = pickOf(c.rng, []string{longText(4000), longText(4001), "\xff", "a\x00b"})
	}
	channel := fmt.Sprintf("channel-%d", c.rng.IntN(queues+1))
	p := desk.CustomerPrincipal(session)
	_, ok := c.try(desk.Join{Origin: c.origin(p), Session: session, Channel: channel, Name: "Customer " + session, Text: text})
	if ok && c.rng.IntN(5) > 0 {
		c.try(desk.Connect{Principal: p, Gateway: pickOf(c.rng, c.gateways)})
	}
}

// server is mostly an agent who serves a queue where somebody waits, and is online.
func (c *chaos) server() string {
	list := c.ids(desk.Waiting, "")
	if len(list) == 0 || c.rng.IntN(4) == 0 {
		return c.agent()
	}
	able := slices.DeleteFunc(agentsOf(c.s, pickOf(c.rng, list).Queue), func(a string) bool { return !online(c.s, a) })
	if len(able) == 0 {
		return c.agent()
	}
	return pickOf(c.rng, able)
}

func (c *chaos) principal() desk.Principal {
	if c.rng.IntN(2) == 0 {
		return desk.CustomerPrincipal(c.active())
	}
	return desk.AgentPrincipal(c.agent())
}

func (c *chaos) connect() {
	c.try(desk.Connect{Principal: c.principal(), Gateway: pickOf(c.rng, c.gateways)})
}

func (c *chaos) disconnect() {
	c.try(desk.Disconnect{Principal: c.principal(), Gateway: pickOf(c.rng, c.gateways)})
}

func (c *chaos) say() {
	text := "what about this"
	if c.rng.IntN(20) == 0 {
		text = pickOf(c.rng, []string{"", "   ", longText(4001), "\xc3\x28", "bell\a"})
	}
	if c.rng.IntN(2) == 0 {
		agent, id := c.holder(desk.InService)
		c.try(desk.Say{Origin: c.origin(desk.AgentPrincipal(agent)), Conversation: id, Text: text})
		return
	}
	c.try(desk.Say{Origin: c.origin(desk.CustomerPrincipal(c.active())), Text: text})
}

func (c *chaos) end() {
	if c.rng.IntN(3) > 0 {
		agent, id := c.holder(desk.InService)
		c.try(desk.End{Origin: c.origin(desk.AgentPrincipal(agent)), Conversation: id})
		return
	}
	c.try(desk.End{Origin: c.origin(desk.CustomerPrincipal(c.active()))})
}

func (c *chaos) pick() {
	agent := c.server()
	command := desk.Pick{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent}
	switch all := c.ids(0, ""); c.rng.IntN(3) {
	case 0:
		command.Queue = c.queue()
	case 1:
		if len(all) > 0 {
			command.Conversation = pickOf(c.rng, all).ID
		}
	}
	c.try(command)
}

func (c *chaos) accept() {
	agent, id := c.holder(desk.OfferedTo)
	c.try(desk.Accept{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id})
}

func (c *chaos) refuse() {
	agent, id := c.holder(desk.OfferedTo)
	c.try(desk.Refuse{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id})
}

func (c *chaos) leave() {
	agent, id := c.holder(desk.InService)
	c.try(desk.Leave{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id})
}

func (c *chaos) switchQueue() {
	agent := c.agent()
	command := desk.Switch{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, ID: fmt.Sprintf("r%d", c.events), Queue: c.queue()}
	command.State = pickOf(c.rng, []settings.QueueState{settings.QueueOpen, settings.QueueOpen, settings.QueueClosed, "", "", "Ajar"})
	switch c.rng.IntN(4) {
	case 0:
		command.Until = c.now + c.rng.Int64N(hour)
	case 1:
		command.Until = c.now + c.rng.Int64N(48*hour)
	case 2:
		command.Until = pickOf(c.rng, []int64{1, -1, c.now, 1 << 53, 1<<63 - 1})
	}
	command.Reason = pickOf(c.rng, []string{"", "fire drill", "staff meeting"})
	c.try(command)
}

func (c *chaos) sign() {
	agent := c.agent()
	id := fmt.Sprintf("session-%d", c.rng.IntN(40))
	if c.rng.IntN(3) == 0 {
		if a := c.s.Agents[agent]; a != nil && len(a.Sessions) > 0 {
			id = slices.Sorted(maps.Keys(a.Sessions))[0]
		}
		c.try(desk.SignOut{Agent: agent, Session: id})
		return
	}
	c.try(desk.SignIn{
		Agent: agent, Session: id, Link: fmt.Sprintf("link-%d", c.rng.IntN(200)),
		Expires: c.now + c.rng.Int64N(12*hour), LinkExpires: c.now - minute + c.rng.Int64N(20*minute),
	})
	a := c.s.Agents[agent]
	if a != nil && len(a.Gateways) == 0 && c.s.SessionValid(agent, id, c.now) && c.rng.IntN(2) == 0 {
		c.try(desk.Connect{Principal: desk.AgentPrincipal(agent), Gateway: pickOf(c.rng, c.gateways)})
	}
}

// settings changes a resource and puts all of them in force, or answers an open or close by hand.
func (c *chaos) settings() {
	for range 1 + c.rng.IntN(2) {
		c.change()
	}
	c.set.Sort()
	if err := c.set.Validate(); err != nil {
		c.wrong("the simulator made %v", err)
		return
	}
	c.try(desk.ApplySettings{Settings: cloned(c.set)})
}

func (c *chaos) anyQueue() *settings.Queue {
	if len(c.set.Queues) == 0 {
		return nil
	}
	return &c.set.Queues[c.rng.IntN(len(c.set.Queues))]
}

func (c *chaos) change() {
	q := c.anyQueue()
	if q != nil {
		q.Generation++
	}
	switch n := c.rng.IntN(13); {
	case n == 0:
		c.toggleQueue()
	case n == 1:
		c.toggleMember()
	case n == 2:
		t := &c.set.Teams[c.rng.IntN(len(c.set.Teams))]
		t.MaxConversations = c.rng.IntN(5)
	case n == 3:
		t := &c.set.Teams[c.rng.IntN(len(c.set.Teams))]
		if len(t.Members) > 0 {
			t.Members[c.rng.IntN(len(t.Members))].MaxConversations = c.rng.IntN(4)
		}
	case n == 4:
		c.toggleSchedule()
	case q == nil:
	case n == 5:
		q.WhenBusy = anyWhenBusy(c.rng)
	case n == 6:
		q.Thresholds = anyThresholds(c.rng)
		q.OfferTimeoutSeconds = pickOf(c.rng, []int{0, 5, 60})
	case n == 7:
		q.Schedule = pickOf(c.rng, append(scheduleNames(), "", "", "", "nowhere"))
	case n == 8:
		q.Teams = anyTeams(c.rng)
	case n == 9:
		q.ManualSwitch = pickOf(c.rng, []settings.ManualSwitch{"", settings.SwitchMembers, settings.SwitchAdmins})
	case n == 10:
		q.Override = anyOverride(c.rng, c.now)
	default:
		c.answer(q)
	}
}

// answer carries an open or close made in the console into the resource, or refuses it.
func (c *chaos) answer(q *settings.Queue) {
	r, pending := c.s.Requests[q.Name]
	if !pending {
		return
	}
	q.OverrideAnswer = &settings.OverrideAnswer{Request: r.ID}
	if c.rng.IntN(3) == 0 {
		q.OverrideAnswer.Refused = "another field manager holds spec.override"
		return
	}
	q.Override = requested(r)
}

func (c *chaos) toggleQueue() {
	name := c.queue()
	i := slices.IndexFunc(c.set.Queues, func(q settings.Queue) bool { return q.Name == name })
	if i >= 0 {
		if len(c.set.Queues) < queues {
			return // most queues are there most of the time
		}
		c.removed[name] = c.set.Queues[i]
		c.set.Queues = slices.Delete(slices.Clone(c.set.Queues), i, i+1)
	} else if q, ok := c.removed[name]; ok {
		c.set.Queues = append(slices.Clone(c.set.Queues), q)
	}
}

func (c *chaos) toggleMember() {
	t := &c.set.Teams[c.rng.IntN(len(c.set.Teams))]
	name := c.agent()
	i := slices.IndexFunc(t.Members, func(m settings.Member) bool { return m.Name == name })
	if i >= 0 {
		t.Members = slices.Delete(slices.Clone(t.Members), i, i+1)
	} else {
		t.Members = append(slices.Clone(t.Members), anyMember(c.rng, name))
	}
}

func (c *chaos) toggleSchedule() {
	name := pickOf(c.rng, scheduleNames())
	for i := range c.set.Schedules {
		if c.set.Schedules[i].Name == name {
			if c.rng.IntN(4) == 0 {
				c.set.Schedules = append(c.set.Schedules[:i:i], c.set.Schedules[i+1:]...)
			} else {
				c.set.Schedules[i] = anySchedule(c.rng, name)
			}
			return
		}
	}
	c.set.Schedules = append(c.set.Schedules, anySchedule(c.rng, name))
}
