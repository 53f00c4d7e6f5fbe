package desksim

import (
	"fmt"
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Lawful tells what is wrong with a record that is about to be applied to a state: whether what it
// says may happen, at its time, by the rules of the domain. It returns nothing for a lawful one.
func Lawful(s *desk.State, r desk.Record) []string {
	return (&check{s: s, now: r.At}).lawful(r)
}

func (k *check) lawful(r desk.Record) []string {
	switch e := r.Event.(type) {
	case desk.CustomerJoined:
		k.joined(e)
	case desk.Picked:
		k.picked(e)
	case desk.Offered:
		k.offered(e)
	case desk.Returned:
		k.returned(e)
	case desk.MessageSent:
		k.message(e)
	case desk.Ended:
		k.ended(e)
	case desk.QueueSwitched:
		if k.s.Queues[e.Queue] == nil {
			k.wrong("queue %s is switched, which is not there", e.Queue)
		}
	default:
		k.routed(r.Event)
	}
	if r.At < k.s.At {
		k.wrong("record %d is of %d, the one before of %d", r.Seq, r.At, k.s.At)
	}
	for i := range k.bad {
		k.bad[i] = fmt.Sprintf("record %d, %s: %s", r.Seq, shown(r.Event), k.bad[i])
	}
	return k.bad
}

// open: whether a queue takes people in at this moment, by the calendar.
func (k *check) open(queue string) bool {
	q := k.s.Queues[queue]
	if q == nil {
		return false
	}
	open, _, err := k.resolve(q)
	return err == nil && open
}

// joined: a closed queue takes nobody in, and a line never grows over its capacity by a join.
func (k *check) joined(e desk.CustomerJoined) {
	switch {
	case e.Key != "":
		key, ok := k.s.Keys[e.Key]
		if !ok || key.Agent != e.Agent || key.Expires <= k.now || limitOf(k.s, e.Agent) == 0 || e.Via != desk.ViaKey {
			k.wrong("the session key is %+v (%t)", key, ok)
		}
		return
	case e.Agent != "":
		if !online(k.s, e.Agent) || limitOf(k.s, e.Agent) == 0 || e.Via == desk.ViaChosen && k.s.Agents[e.Agent].Presence != desk.Available {
			k.wrong("the agent is not here")
		}
	case e.Team != "":
		if t := teamOf(k.s, e.Team); t == nil || len(t.Members) == 0 {
			k.wrong("there is no such team, or nobody in it")
		}
	}
	if (e.Agent != "" || e.Team != "") != (e.Via != "") || e.Agent != "" && e.Team != "" {
		k.wrong("it comes by %q", e.Via)
	}
	k.enters(e.Queue, e.Agent == "" && e.Team == "")
}

// enters: whether one more may wait in a queue, or beside it for a team or an agent.
func (k *check) enters(queue string, inLine bool) {
	q := k.s.Queues[queue]
	if q == nil {
		k.wrong("there is no such queue")
		return
	}
	if !k.open(queue) {
		k.wrong("the calendar says closed")
	}
	if !inLine {
		return
	}
	f := figures(k.s, q)
	if f.Places != desk.NoLimit && f.Waiting+1 > f.Places {
		k.wrong("%d wait, the capacity is %d", f.Waiting, f.Places)
	}
	if queueSetting(k.s, queue).WhenBusy.Offer != settings.OfferQueue && f.FreePlaces <= f.Waiting {
		k.wrong("no agent is free: %+v", f)
	}
}

// picked: who waits longest goes first, and no pick takes an agent over the limit.
func (k *check) picked(e desk.Picked) {
	c := k.s.Conversations[e.Conversation]
	if c == nil {
		k.wrong("there is no such conversation")
		return
	}
	if !mayTake(k.s, e.Agent, c) && !leads(k.s, e.Agent, c) {
		k.wrong("it waits for %s", lineName(c))
	}
	if e.Team != "" && !inTeam(k.s, e.Agent, e.Team) || (e.Team == "") != (e.How == desk.PickedHanded) {
		k.wrong("the agent is not of that team")
	}
	if e.WaitedMS != k.now-c.ArrivedAt || e.WaitedMS < 0 {
		k.wrong("it waited since %d, it is %d", c.ArrivedAt, k.now)
	}
	if e.How == desk.PickedOffer {
		if c.Place != desk.OfferedTo || c.Agent != e.Agent || c.OfferUntil <= k.now {
			k.wrong("there is no such offer: %+v", *c)
		}
		return
	}
	if c.Place != desk.Waiting {
		k.wrong("it does not wait: %+v", *c)
	}
	if (e.How == desk.PickedHanded) != (c.ForAgent == e.Agent) {
		k.wrong("it waits for %s", lineName(c))
	}
	if load, limit := loadOf(k.s, e.Agent), limitOf(k.s, e.Agent); load >= limit && e.How != desk.PickedHanded {
		k.wrong("the agent has %d of %d", load, limit)
	}
	if line := linesOf(k.s)[lineName(c)]; e.How == desk.PickedNext && line[0] != c {
		k.wrong("%s is before it", line[0].ID)
	}
	if e.How == desk.PickedGrab && (leads(k.s, e.Agent, c) || !k.grab(c)) {
		k.wrong("it is not to be grabbed, or not by an admin")
	}
}

// grab: whether a waiting conversation is one of a Grab team.
func (k *check) grab(c *desk.Conversation) bool {
	list := []string{c.ForTeam}
	if c.ForTeam == "" {
		list = queueSetting(k.s, c.Queue).Teams
	}
	return slices.ContainsFunc(list, func(name string) bool {
		t := teamOf(k.s, name)
		return t != nil && t.Mode == settings.TeamGrab
	})
}

func (k *check) returned(e desk.Returned) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Agent != e.Agent || c.Place != desk.OfferedTo && c.Place != desk.InService || len(c.Sharers) > 0 {
		k.wrong("it is not in the agent's hands alone")
		return
	}
	wrong := e.Pending && (e.Why != desk.ReturnedLost || queueSetting(k.s, c.Queue).Thresholds.AgentLost != settings.LostToPending)
	switch e.Why {
	case desk.ReturnedRefused:
		wrong = c.Place != desk.OfferedTo
	case desk.ReturnedExpired:
		wrong = c.Place != desk.OfferedTo || c.OfferUntil > k.now
	case desk.ReturnedLeft, desk.ReturnedSignOut:
		wrong = wrong || c.Place != desk.InService
	case desk.ReturnedLost:
		wrong = wrong || c.Place != desk.InService || !k.lost(c, e.Agent)
	case desk.ReturnedRemoved:
		wrong = wrong || !k.outsider(c, e.Agent)
	default:
		wrong = true
	}
	if wrong {
		k.wrong("there is no reason for it: %+v", *c)
	}
}

// lost: whether an agent in a conversation was away for so long that others take over.
func (k *check) lost(c *desk.Conversation, agent string) bool {
	a := k.s.Agents[agent]
	return !online(k.s, agent) && a.LostAt != 0 && a.LostAt+agentLostAfter(k.s, c.Queue) <= k.now
}

// outsider: whether the settings took an agent's right to a conversation away.
func (k *check) outsider(c *desk.Conversation, agent string) bool {
	if limitOf(k.s, agent) == 0 {
		return true
	}
	team := c.Team
	for _, s := range c.Sharers {
		if s.Agent == agent {
			return s.Team != "" && !inTeam(k.s, agent, s.Team)
		}
	}
	if inTeam(k.s, agent, team) || team == "" && c.Via != "" && c.Place == desk.InService {
		return false
	}
	if c.ForTeam != "" {
		return !inTeam(k.s, agent, c.ForTeam)
	}
	return !serves(k.s, agent, c.Queue)
}

func (k *check) message(e desk.MessageSent) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Place == desk.Over {
		k.wrong("there is no such conversation, or it is over")
		return
	}
	if e.From == desk.SideAgent && (c.Place != desk.InService || !hasIn(c, e.Author)) {
		k.wrong("the agent is not in it: %+v", *c)
	}
}

// ended: closing removes nobody; only people, time and the removal of the queue end a conversation.
func (k *check) ended(e desk.Ended) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Place == desk.Over {
		k.wrong("there is no such conversation, or it is over")
		return
	}
	waits := c.Place == desk.Waiting || c.Place == desk.OfferedTo
	var wrong bool
	switch e.Why {
	case desk.EndedByCustomer:
		wrong = c.Place != desk.InService
	case desk.EndedByAgent:
		wrong = !hasIn(c, e.By) && (c.Place != desk.Inactive || !maySee(k.s, e.By, c)) || c.Place == desk.OfferedTo
	case desk.EndedLeft:
		wrong = !waits || c.UnansweredSince != 0
	case desk.EndedAbandoned:
		wrong = !waits || c.UnansweredSince != 0 || !k.customerLost(c)
	case desk.EndedIdle:
		wrong = closedAt(k.s, c) > k.now
	case desk.EndedRemoved:
		wrong = !waits || queueSetting(k.s, c.Queue) != nil || refuge(k.s, c) != ""
	case desk.EndedErased:
		wrong = !c.Place.Open()
	default:
		wrong = true
	}
	if wrong {
		k.wrong("there is no reason for it: %+v", *c)
	}
}

func (k *check) customerLost(c *desk.Conversation) bool {
	customer := k.s.Customers[c.Session]
	return len(customer.Gateways) == 0 && customer.LostAt != 0 &&
		max(customer.LostAt, c.ArrivedAt, c.RulesFrom)+customerLostAfter(k.s, c.Queue) <= k.now
}
