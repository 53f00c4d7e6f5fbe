package desksim

import (
	"fmt"
	"maps"
	"slices"

	"usher.chat/runtime/desk"
)

// What people of a chaos run do with routing.

// way gives a join one of the ways in that lead to a team, an agent or an issue.
func (c *chaos) way(join *desk.Join) {
	switch c.rng.IntN(16) {
	case 0, 1:
		join.Issue = c.queue() + "/" + pickOf(c.rng, []string{"billing", "delivery", "law", "nothing"})
	case 2:
		join.Key = c.anyKey()
	case 3:
		join.Agent = c.agent()
	case 4, 5:
		join.To = c.target()
	case 8, 9:
		join.To = desk.Target{Kind: desk.ToTeam, Name: "team-0"}
	case 6:
		join.Email, join.Phone = pickOf(c.rng, []string{"a@b.example", "nobody", ""}), pickOf(c.rng, []string{"+358 40 1234", "call me", ""})
	case 7:
		if c.rng.IntN(4) == 0 {
			join.Key, join.Agent = c.anyKey(), c.agent()
		}
	}
}

// target is an agent, a team or a queue, which may not be there.
func (c *chaos) target() desk.Target {
	switch c.rng.IntN(9) {
	case 0, 1, 2:
		return desk.Target{Kind: desk.ToAgent, Name: c.agent()}
	case 3, 4:
		return desk.Target{Kind: desk.ToTeam, Name: c.team()}
	case 5, 6, 7:
		return desk.Target{Kind: desk.ToQueue, Name: c.queue()}
	}
	return pickOf(c.rng, []desk.Target{
		{Kind: desk.ToAgent, Name: "nobody"}, {Kind: desk.ToTeam, Name: "nowhere"}, {Kind: desk.ToQueue, Name: "nowhere"}, {}, {Kind: "moon", Name: "x"},
	})
}

func (c *chaos) note() string {
	if c.rng.IntN(20) == 0 {
		return pickOf(c.rng, []string{longText(desk.MaxNote + 1), "\xff"})
	}
	return pickOf(c.rng, []string{"", "speaks French", " an old customer "})
}

// seer is a conversation and mostly an agent who may see it.
func (c *chaos) seer(place desk.Place) (string, desk.ConversationID) {
	list := c.ids(place, "")
	if len(list) == 0 {
		return c.agent(), "c1"
	}
	conv := pickOf(c.rng, list)
	able := slices.DeleteFunc(membersOf(c.s), func(a string) bool { return !maySee(c.s, a, conv) })
	if len(able) == 0 || c.rng.IntN(6) == 0 {
		return c.agent(), conv.ID
	}
	return pickOf(c.rng, able), conv.ID
}

func (c *chaos) enter() {
	place := desk.InService
	if c.rng.IntN(6) == 0 {
		place = pickOf(c.rng, []desk.Place{0, desk.Waiting, desk.Waiting})
	}
	agent, id := c.seer(place)
	c.try(desk.Enter{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id})
}

func (c *chaos) transfer() {
	agent, id := c.holder(desk.InService)
	c.try(desk.Transfer{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id, To: c.target(), Note: c.note()})
}

func (c *chaos) invite() {
	agent, id := c.holder(desk.InService)
	for range 1 + c.rng.IntN(2)*c.rng.IntN(20) {
		c.try(desk.Invite{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id, To: c.target(), Note: c.note()})
	}
	if c.rng.IntN(2) == 0 {
		agent, id = c.invitee()
		c.try(desk.Enter{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id})
	}
}

// invitee is mostly an agent who is invited somewhere, and where.
func (c *chaos) invitee() (string, desk.ConversationID) {
	for _, conv := range c.ids(desk.InService, "") {
		for _, i := range conv.Invitations {
			if c.rng.IntN(2) == 0 {
				continue
			}
			if t := teamOf(c.s, i.Team); t != nil && len(t.Members) > 0 {
				return pickOf(c.rng, t.Members).Name, conv.ID
			}
			return i.Agent, conv.ID
		}
	}
	return c.agent(), "c1"
}

func (c *chaos) uninvite() {
	agent, id := c.holder(desk.InService)
	to := c.target()
	if conv := c.s.Conversations[id]; conv != nil && len(conv.Invitations) > 0 && c.rng.IntN(4) > 0 {
		i := pickOf(c.rng, conv.Invitations)
		to = desk.Target{Kind: desk.ToAgent, Name: i.Agent}
		if i.Team != "" {
			to = desk.Target{Kind: desk.ToTeam, Name: i.Team}
		}
	}
	c.try(desk.Uninvite{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id, To: to})
}

func (c *chaos) decline() {
	agent, id := c.invitee()
	list := slices.DeleteFunc(c.ids(desk.Waiting, ""), func(conv *desk.Conversation) bool { return conv.ForAgent == "" })
	if len(list) > 0 && c.rng.IntN(3) > 0 {
		conv := pickOf(c.rng, list)
		agent, id = conv.ForAgent, conv.ID
	}
	c.try(desk.Decline{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Conversation: id})
}

func (c *chaos) presence() {
	agent := c.agent()
	p := pickOf(c.rng, []desk.Presence{desk.Available, desk.Available, desk.Available, desk.FinishMine, desk.Away})
	if c.rng.IntN(20) == 0 {
		p = "asleep"
	}
	c.try(desk.SetPresence{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Presence: p})
}

// anyKey is mostly one that was made.
func (c *chaos) anyKey() string {
	keys := slices.Sorted(maps.Keys(c.s.Keys))
	if len(keys) == 0 || c.rng.IntN(5) == 0 {
		return pickOf(c.rng, []string{"0000000", "1", "abcdefg"})
	}
	if c.rng.IntN(2) == 0 {
		return keys[0] // the same again and again
	}
	return pickOf(c.rng, keys)
}

func (c *chaos) key() {
	agent := c.agent()
	origin := func() desk.Origin { return c.origin(desk.AgentPrincipal(agent)) }
	switch c.rng.IntN(6) {
	case 0:
		c.try(desk.DropKey{Origin: origin(), Agent: agent, Key: c.anyKey()})
	case 1:
		c.try(desk.LockKeys{Source: "192.0.2.7", Tries: 10, Until: c.now + 15*minute})
	default:
		for range 1 + c.rng.IntN(2)*c.rng.IntN(7) {
			n := c.rng.IntN(50)
			c.try(desk.NewKey{Origin: origin(), Agent: agent, Keys: []string{fmt.Sprintf("%07d", n), fmt.Sprintf("%07d", n+1), "12"}})
		}
	}
}

func (c *chaos) contact() {
	session := c.session()
	contact := desk.Contact{
		Origin: c.origin(desk.CustomerPrincipal(session)), Session: session, Channel: fmt.Sprintf("channel-%d", c.rng.IntN(queues+1)),
		Name: "Customer " + session, Email: pickOf(c.rng, []string{"", "a@b.example", "a@b.example", "@"}),
		Phone: pickOf(c.rng, []string{"", "+358401234"}), Text: pickOf(c.rng, []string{"please call", "please write", "", "\a"}),
	}
	if c.rng.IntN(4) == 0 {
		contact.Issue = c.queue() + "/billing"
	}
	c.try(contact)
}

// room is a team's or a private one, mostly of the agent.
func (c *chaos) room(agent string) desk.RoomID {
	switch c.rng.IntN(5) {
	case 0:
		return desk.PrivateRoom(agent, c.agent())
	case 1:
		return pickOf(c.rng, []desk.RoomID{"", "t:nowhere", "p:a", "p:b:a", desk.PrivateRoom(c.agent(), c.agent())})
	}
	return desk.TeamRoom(c.team())
}

func (c *chaos) chat() {
	agent := c.agent()
	room := c.room(agent)
	if c.rng.IntN(2) == 0 {
		seq := c.rng.Uint64N(c.s.Seq + 2)
		if r := c.s.Rooms[room]; r != nil && c.rng.IntN(2) == 0 {
			seq = pickOf(c.rng, r.Last)
		}
		c.try(desk.ReadRoom{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Room: room, Seq: seq})
		return
	}
	for range 1 + c.rng.IntN(2)*c.rng.IntN(60) {
		c.try(desk.Post{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, Room: room, Text: pickOf(c.rng, []string{"lunch?", "lunch?", "\xff"})})
	}
}

func (c *chaos) favour() {
	agent := c.agent()
	c.try(desk.Favour{Origin: c.origin(desk.AgentPrincipal(agent)), Agent: agent, To: c.target(), On: c.rng.IntN(3) > 0})
}
