package desk

import "usher.chat/runtime/settings"

// What happens when a connection is lost for too long, or somebody may not stay (design: semantics,
// "Transfer, invite, overflow, loss"; feature R14).

// lost is the agent of a conversation whose connection will have been lost for too long first, and
// when; 0 when nobody's is. Of several at once a sharer comes before the owner.
func (s *State) lost(c *Conversation) (agent string, at int64) {
	if c.Place != InService {
		return "", 0
	}
	limit := s.agentLost(c.Queue)
	look := func(name string) {
		if a := s.Agents[name]; a != nil && a.LostAt != 0 && (at == 0 || a.LostAt+limit < at) {
			agent, at = name, a.LostAt+limit
		}
	}
	for _, sharer := range c.Sharers {
		look(sharer.Agent)
	}
	look(c.Agent)
	return agent, at
}

// leaves is what an agent's leaving brings about: who shares a conversation longest becomes its owner;
// one that nobody shares goes back to the line, or waits for the agent who lost it, by setting.
func (s *State) leaves(c *Conversation, agent string, why ReturnedWhy) Event {
	if c.sharer(agent) >= 0 {
		return Left{Conversation: c.ID, Agent: agent, Why: why}
	}
	if len(c.Sharers) > 0 {
		return Left{Conversation: c.ID, Agent: agent, Why: why, Owner: c.Sharers[0].Agent}
	}
	return Returned{Conversation: c.ID, Agent: agent, Why: why, Pending: why == ReturnedLost && s.keepsPending(c)}
}

func (s *State) keepsPending(c *Conversation) bool {
	set := s.Setting(c.Queue)
	return set != nil && set.Thresholds.AgentLost == settings.LostToPending && s.members[c.Agent] != nil
}

// chosenLostAt is when a customer who waits for one agent in person is to wait for all, because that
// agent's connection went while the customer waited; 0 when it did not. What was handed to an agent
// who was away already, or was kept for one who is lost, stays.
func (s *State) chosenLostAt(c *Conversation) int64 {
	if c.Place != Waiting || c.ForAgent == "" {
		return 0
	}
	a := s.Agents[c.ForAgent]
	if a == nil || a.LostAt == 0 || a.LostAt <= c.WaitsSince {
		return 0
	}
	return a.LostAt + s.agentLost(c.Queue)
}

// stranded tells whether a conversation whose queue is no more has nowhere to wait: no line of a team
// or an agent.
func (s *State) stranded(c *Conversation) bool {
	return c.Place == OfferedTo || s.lineOf(c) == nil
}

// refuge is the queue for a conversation that has nowhere to wait: that of its channel; empty when
// there is none.
func (s *State) refuge(c *Conversation) string {
	if s.Queues[c.Queue] != nil {
		return c.Queue
	}
	if channel := s.Channel(c.Channel); channel != nil && s.Queues[channel.Queue] != nil {
		return channel.Queue
	}
	return ""
}

// KeepInactive is how long an inactive conversation stays without a message of the customer, in
// milliseconds: what was left on Friday is there on Monday, and after a holiday.
const KeepInactive = 30 * 24 * 60 * 60 * 1000

// closesAt is when a conversation in which the customer writes no more is closed.
func (s *State) closesAt(c *Conversation) int64 {
	if c.Place == Inactive {
		return c.LastCustomerAt + max(KeepInactive, s.idle(c.Queue))
	}
	return c.LastCustomerAt + s.idle(c.Queue)
}

// mayIdle tells whether a conversation's silence is to be noticed.
func (s *State) mayIdle(c *Conversation) bool {
	if c.Place != InService || c.Idle {
		return false
	}
	set := s.Setting(c.Queue)
	return set != nil && set.Thresholds.Idle == settings.IdleFree
}

// gone is what becomes of a waiting customer who is gone: the conversation of one who wrote stays as
// inactive (features V2, V3).
func gone(c *Conversation, why EndedWhy) Event {
	if c.UnansweredSince != 0 {
		return WentInactive{Conversation: c.ID, Why: why}
	}
	return Ended{Conversation: c.ID, Why: why}
}
