package desksim

import (
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// routed judges the events of routing that move a conversation between people, teams and queues.
func (k *check) routed(event desk.Event) {
	switch e := event.(type) {
	case desk.Transferred:
		k.transferred(e)
	case desk.HandedBack:
		c := k.known(e.Conversation, desk.Waiting)
		if c != nil && (c.ForAgent != e.By || c.From != e.To || c.Via != desk.ViaTransfer || limitOf(k.s, e.To) == 0) {
			k.wrong("it was not handed over by %s: %+v", e.To, *c)
		}
	case desk.Rerouted:
		k.rerouted(e)
	case desk.Entered:
		c := k.known(e.Conversation, desk.InService)
		if c != nil && (hasIn(c, e.Agent) || !maySee(k.s, e.Agent, c)) {
			k.wrong("the agent is in it already or may not see it: %+v", *c)
		}
		if e.Team != "" && !inTeam(k.s, e.Agent, e.Team) {
			k.wrong("the agent is not of that team")
		}
	case desk.Left:
		k.left(e)
	case desk.Invited:
		c := k.known(e.Conversation, desk.InService)
		if c == nil || !hasIn(c, e.By) || (e.Agent == "") == (e.Team == "") || e.Agent != "" && (hasIn(c, e.Agent) || limitOf(k.s, e.Agent) == 0) {
			k.wrong("nobody can be invited like that")
		}
		if t := teamOf(k.s, e.Team); e.Team != "" && (t == nil || len(t.Members) == 0) || c != nil && k.off(c, settings.FeatureInvitations) {
			k.wrong("there is nobody in that team, or invitations are off")
		}
	case desk.Uninvited:
		c := k.known(e.Conversation, desk.InService)
		if c != nil && !slices.ContainsFunc(c.Invitations, func(i desk.Invitation) bool { return i.Agent == e.Agent && i.Team == e.Team }) {
			k.wrong("nobody was invited: %+v", *c)
		}
	case desk.Erased:
		for _, id := range e.Conversations {
			if c := k.s.Conversations[id]; c != nil && c.Place.Open() {
				k.wrong("%s goes on", id)
			}
		}
	case desk.RuleApplied:
		k.rule(e)
	case desk.WentIdle:
		c := k.known(e.Conversation, desk.InService)
		if c != nil && (c.Idle || max(c.LastCustomerAt, c.StartedAt)+silentAfter(k.s, c.Queue) > k.now) {
			k.wrong("the customer was not silent for so long: %+v", *c)
		}
	default:
		k.leftBehind(event)
	}
}

// leftBehind judges the events of inactive conversations, session keys and rooms.
func (k *check) leftBehind(event desk.Event) {
	switch e := event.(type) {
	case desk.WentInactive:
		c := k.s.Conversations[e.Conversation]
		if c == nil || c.Place != desk.Waiting && c.Place != desk.OfferedTo || c.UnansweredSince == 0 ||
			e.Why != desk.EndedLeft && (e.Why != desk.EndedAbandoned || !k.customerLost(c)) {
			k.wrong("there is no reason for it: %+v", c)
		}
	case desk.Revived:
		if k.known(e.Conversation, desk.Inactive) != nil {
			k.enters(e.Queue, true)
		}
	case desk.ContactLeft:
		if c := k.s.Conversations[e.Conversation]; c != nil && (c.Place != desk.Inactive || c.Session != e.Session) {
			k.wrong("that is another conversation: %+v", *c)
		}
		if queueSetting(k.s, e.Queue) == nil || e.Email == "" && e.Phone == "" {
			k.wrong("there is no such queue, or no address")
		}
	case desk.KeyMade:
		if key, used := k.s.Keys[e.Key]; used && key.Expires > k.now || limitOf(k.s, e.Agent) == 0 || e.Expires != k.now+desk.KeyLifetime {
			k.wrong("the session key is in use (%+v), or its end is wrong", key)
		}
	case desk.KeyDropped:
		if k.s.Keys[e.Key].Agent != e.Agent {
			k.wrong("it is another's: %+v", k.s.Keys[e.Key])
		}
	case desk.Posted:
		if !k.inRoom(e.Author, e.Room) {
			k.wrong("the agent is not in that room")
		}
	case desk.RoomRead:
		if r := k.s.Rooms[e.Room]; r == nil || !k.inRoom(e.Agent, e.Room) || e.Seq > r.LastSeq() || e.Seq <= r.Read[e.Agent] {
			k.wrong("there is nothing like that to read")
		}
	}
}

// known is a conversation that must be in a place.
func (k *check) known(id desk.ConversationID, place desk.Place) *desk.Conversation {
	c := k.s.Conversations[id]
	if c == nil || c.Place != place {
		k.wrong("it is not in place %d: %+v", place, c)
		return nil
	}
	return c
}

func (k *check) off(c *desk.Conversation, f settings.Feature) bool {
	set := queueSetting(k.s, c.Queue)
	return set != nil && slices.Contains(set.Disabled, f)
}

func (k *check) inRoom(agent string, room desk.RoomID) bool {
	if t := teamOf(k.s, room.Team()); t != nil {
		return isMember(t, agent) && t.Chat != settings.TeamChatDisabled
	}
	a, b, private := room.Members()
	return private && (a == agent || b == agent) && limitOf(k.s, a) > 0 && limitOf(k.s, b) > 0
}

func (k *check) transferred(e desk.Transferred) {
	c := k.known(e.Conversation, desk.InService)
	if c == nil {
		return
	}
	if !hasIn(c, e.By) || e.Agent == e.By || k.off(c, settings.FeatureTransfer) {
		k.wrong("it is not the agent's to hand on: %+v", *c)
	}
	var allow *settings.TransferTargets
	if set := queueSetting(k.s, c.Queue); set != nil {
		allow = set.TransferTargets
	}
	switch {
	case e.Agent != "":
		among := func(team string) bool { return inTeam(k.s, e.Agent, team) }
		in := func(queue string) bool { return serves(k.s, e.Agent, queue) }
		if limitOf(k.s, e.Agent) == 0 || allow != nil && !slices.ContainsFunc(allow.Teams, among) && !in(c.Queue) && !slices.ContainsFunc(allow.Queues, in) {
			k.wrong("it may not be handed to that agent")
		}
	case e.Team != "":
		if t := teamOf(k.s, e.Team); t == nil || len(t.Members) == 0 || allow != nil && !slices.Contains(allow.Teams, e.Team) {
			k.wrong("it may not be handed to that team")
		}
	default:
		if !k.open(e.Queue) || len(agentsOf(k.s, e.Queue)) == 0 || allow != nil && e.Queue != c.Queue && !slices.Contains(allow.Queues, e.Queue) {
			k.wrong("it may not be handed to that queue")
		}
	}
}

// rerouted: somebody who waited for an agent or team that is no more, or whose queue is no more.
func (k *check) rerouted(e desk.Rerouted) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Place != desk.Waiting && c.Place != desk.OfferedTo {
		k.wrong("it does not wait")
		return
	}
	wrong := e.Queue != refuge(k.s, c) || e.Queue == ""
	switch e.Why {
	case desk.ReturnedLost:
		due := lostInPerson(k.s, c)
		wrong = wrong || due == 0 || due > k.now
	case desk.ReturnedHanded:
		wrong = wrong || c.ForAgent != e.By
	case desk.ReturnedRemoved:
		t := teamOf(k.s, c.ForTeam)
		gone := queueSetting(k.s, c.Queue) == nil
		switch {
		case c.ForAgent != "":
			gone = limitOf(k.s, c.ForAgent) == 0
		case c.ForTeam != "":
			gone = t == nil || len(t.Members) == 0
		}
		wrong = wrong || !gone
	default:
		wrong = true
	}
	if wrong {
		k.wrong("there is no reason for it: %+v", *c)
	}
}

// left: who leaves was in it; of an owner's leaving who shares longest becomes the owner.
func (k *check) left(e desk.Left) {
	c := k.known(e.Conversation, desk.InService)
	if c == nil {
		return
	}
	wrong := !hasIn(c, e.Agent) || len(c.Sharers) == 0 || (e.Owner != "") != (c.Agent == e.Agent)
	if e.Owner != "" && !wrong {
		longest := c.Sharers[0]
		for _, s := range c.Sharers {
			if s.Since < longest.Since {
				longest = s
			}
		}
		wrong = e.Owner != longest.Agent
	}
	switch e.Why {
	case desk.ReturnedLost:
		wrong = wrong || !k.lost(c, e.Agent)
	case desk.ReturnedRemoved:
		wrong = wrong || !k.outsider(c, e.Agent)
	case desk.ReturnedLeft, desk.ReturnedSignOut:
	default:
		wrong = true
	}
	if wrong {
		k.wrong("there is no reason for it: %+v", *c)
	}
}

// rule: a waiting rule acts at its second, and moves nobody to where it may not.
func (k *check) rule(e desk.RuleApplied) {
	c := k.known(e.Conversation, desk.Waiting)
	if c == nil {
		return
	}
	from := max(c.ArrivedAt, c.RulesFrom)
	there := slices.Contains(queueSetting(k.s, e.Queue).WaitingRules, settings.WaitingRule{AfterSeconds: e.After, Action: e.Action, Queue: e.To})
	if c.Queue != e.Queue || !there || from+int64(e.After)*second > k.now || e.After < c.RulesDone {
		k.wrong("there is no such rule, or it is not due: %+v", *c)
	}
	if e.Action != settings.RuleMove {
		return
	}
	skipped := ""
	switch {
	case queueSetting(k.s, e.To) == nil:
		skipped = desk.SkippedMissing
	case slices.Contains(c.Visited, e.To) || e.To == c.Queue:
		skipped = desk.SkippedVisited
	case len(agentsOf(k.s, e.To)) == 0:
		skipped = desk.SkippedUnserved
	case !k.open(e.To):
		skipped = desk.SkippedClosed
	}
	if e.Skipped != skipped {
		k.wrong("it should be passed over as %q: %+v", skipped, *c)
	}
}
