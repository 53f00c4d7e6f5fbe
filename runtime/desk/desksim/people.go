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
func (c *chaos) team() string    { return fmt.Sprintf("team-%d", c.rng.IntN(teams)) }

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
	if n := len(conv.Sharers); n > 0 && c.rng.IntN(2) == 0 {
		return conv.Sharers[c.rng.IntN(n)].Agent, conv.ID
	}
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
	join := desk.Join{Origin: c.origin(p), Session: session, Channel: channel, Name: "Customer " + session, Text: text}
	c.way(&join)
	_, ok := c.try(join)
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
		if left := c.ids(desk.Inactive, ""); len(left) > 0 && c.rng.IntN(6) == 0 {
			agent, id = c.agent(), pickOf(c.rng, left).ID
		}
		c.try(desk.End{Origin: c.origin(desk.AgentPrincipal(agent)), Conversation: id})
		return
	}
	c.try(desk.End{Origin: c.origin(desk.CustomerPrincipal(c.active()))})
}

func (c *chaos) pick() {
	agent := c.server()
	command := desk.Pick{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent}
	switch all := c.ids(0, ""); c.rng.IntN(5) {
	case 0:
		command.Queue = c.queue()
	case 1:
		if len(all) > 0 {
			command.Conversation = pickOf(c.rng, all).ID
		}
	case 2:
		command.Team = c.team()
	case 3:
		if waiting := c.ids(desk.Waiting, ""); len(waiting) > 0 {
			command.Conversation, command.Grab = pickOf(c.rng, waiting).ID, c.rng.IntN(2) == 0
		}
	}
	next := c.nextOf(agent)
	d, ok := c.try(command)
	if ok && command.Queue == "" && command.Team == "" && command.Conversation == "" && d.Conversation != next {
		c.wrong("%s picks the next of all and gets %s, first of all lines is %s", agent, d.Conversation, next)
	}
}

// nextOf is the first in order of all who wait for an agent: in person, for a team, or in a queue.
func (c *chaos) nextOf(agent string) desk.ConversationID {
	var best *desk.Conversation
	for _, conv := range c.ids(desk.Waiting, "") {
		if mayTake(c.s, agent, conv) && (best == nil || earlier(c.s, conv, best)) {
			best = conv
		}
	}
	if best == nil {
		return ""
	}
	return best.ID
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
		c.try(desk.SignOut{Agent: agent, Session: id, Force: c.rng.IntN(2) == 0})
		return
	}
	c.try(desk.SignIn{
		Agent: agent, Session: id, Link: fmt.Sprintf("link-%d", c.rng.IntN(25)),
		Expires: c.now + c.rng.Int64N(12*hour), LinkExpires: c.now - minute + c.rng.Int64N(20*minute),
	})
	a := c.s.Agents[agent]
	if a != nil && len(a.Gateways) == 0 && c.s.SessionValid(agent, id, c.now) && c.rng.IntN(2) == 0 {
		c.try(desk.Connect{Principal: desk.AgentPrincipal(agent), Gateway: pickOf(c.rng, c.gateways)})
	}
}
