package desk

import (
	"slices"
	"strings"

	"usher.chat/runtime/settings"
)

// Handing a conversation on (feature R12).

func (s *State) decideTransfer(c Transfer, now int64) (Decision, *Error) {
	conv, err := s.served(c.Agent, c.Conversation)
	if err != nil {
		return Decision{}, err
	}
	if set := s.Setting(conv.Queue); set != nil && !set.Has(settings.FeatureTransfer) {
		return Decision{}, refuse(FeatureOff, "transfers are switched off for this queue")
	}
	if err := checkNote(c.Note); err != nil {
		return Decision{}, err
	}
	e := Transferred{Conversation: conv.ID, By: c.Agent, Note: strings.TrimSpace(c.Note)}
	switch c.To.Kind {
	case ToAgent:
		e.Agent, err = c.To.Name, s.mayHandToAgent(conv, c)
	case ToTeam:
		e.Team, err = c.To.Name, s.mayHandToTeam(conv, c.To.Name)
	case ToQueue:
		e.Queue, err = c.To.Name, s.mayHandToQueue(conv, c.To.Name, now)
	default:
		err = refuse(BadRequest, "a conversation is handed to an agent, a team or a queue")
	}
	if err != nil {
		return Decision{}, err
	}
	return Decision{Events: []Event{e}, Conversation: conv.ID}, nil
}

func (s *State) mayHandToAgent(conv *Conversation, c Transfer) *Error {
	m := s.members[c.To.Name]
	switch {
	case c.To.Name == c.Agent:
		return refuse(ToSelf, "you have this conversation")
	case m == nil:
		return refuse(NotFound, "there is no agent %q", c.To.Name)
	case !s.TransferAllowed(conv.Queue, Target{ToAgent, m.Name}):
		return refuse(NotAllowed, "conversations of this queue may not be handed to %s", m.DisplayName)
	}
	return nil
}

func (s *State) mayHandToTeam(conv *Conversation, name string) *Error {
	t := s.teams[name]
	switch {
	case t == nil:
		return refuse(NotFound, "there is no team %q", name)
	case len(t.members) == 0:
		return refuse(NoAgents, "team %q has no members", name)
	case !s.TransferAllowed(conv.Queue, Target{ToTeam, name}):
		return refuse(NotAllowed, "conversations of this queue may not be handed to team %q", name)
	}
	return nil
}

func (s *State) mayHandToQueue(conv *Conversation, name string, now int64) *Error {
	q := s.Queues[name]
	switch {
	case q == nil:
		return refuse(NotFound, "there is no queue %q", name)
	case name == conv.Queue && conv.ForTeam == "":
		return refuse(ToSelf, "the conversation is of this queue; leave it, and it goes back to the line")
	case len(q.pool.members) == 0:
		return refuse(NoAgents, "nobody serves queue %q", name)
	case !s.TransferAllowed(conv.Queue, Target{ToQueue, name}):
		return refuse(NotAllowed, "conversations of this queue may not be handed to queue %q", name)
	case !s.answer(q, now).Open:
		return refuse(QueueClosed, "queue %q is closed", name)
	}
	return nil
}

// TransferAllowed tells whether conversations of a queue may be handed to a target by its allow-list.
// An agent may be chosen who is a member of an allowed team, or serves an allowed queue or the queue
// itself.
func (s *State) TransferAllowed(queue string, to Target) bool {
	set := s.Setting(queue)
	if set == nil || set.TransferTargets == nil {
		return true
	}
	list := set.TransferTargets
	switch to.Kind {
	case ToQueue:
		return slices.Contains(list.Queues, to.Name) || to.Name == queue
	case ToTeam:
		return slices.Contains(list.Teams, to.Name)
	case ToAgent:
		m := s.members[to.Name]
		if m == nil {
			return false
		}
		for _, team := range list.Teams {
			if _, member := m.Teams[team]; member {
				return true
			}
		}
		if s.Serves(to.Name, queue) {
			return true
		}
		for _, q := range list.Queues {
			if s.Serves(to.Name, q) {
				return true
			}
		}
	}
	return false
}

func (s *State) applyTransferred(e Transferred, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c, at)
	c.ForAgent, c.ForTeam, c.Via, c.From, c.Note = e.Agent, e.Team, ViaTransfer, e.By, e.Note
	if e.Queue != "" {
		s.moveTo(c, e.Queue)
	}
	if e.Agent != "" {
		c.Refused = without(c.Refused, e.Agent) // handed on by hand: it may be offered again
	}
	s.afterService(c, at)
	s.wait(c, at)
}

func (s *State) applyHandedBack(e HandedBack, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c, at)
	c.ForAgent, c.ForTeam, c.Via, c.From, c.Note = e.To, "", ViaReturn, e.By, ""
	s.afterService(c, at)
	s.wait(c, at)
}

func (s *State) applyRerouted(e Rerouted, at int64) {
	c := s.Conversations[e.Conversation]
	s.take(c, at)
	c.ForAgent, c.ForTeam, c.From, c.Note, c.Returned = "", "", "", "", e.Why
	if c.Via = ""; e.Why == ReturnedLost {
		c.Via = ViaLost
	}
	if c.Queue != e.Queue {
		s.moveTo(c, e.Queue)
	}
	s.wait(c, at)
}

// moveTo gives a conversation that was taken another queue, whose rules and limits hold from now on.
func (s *State) moveTo(c *Conversation, queue string) {
	c.Queue, c.RulesDone = queue, 0
	s.at(c.LastCustomerAt+s.idle(queue), idleTooLong, string(c.ID))
}

// afterService: the waiting rules of a customer who was served count from the moment of waiting again.
func (s *State) afterService(c *Conversation, at int64) {
	c.RulesFrom, c.RulesDone, c.StartedAt, c.FromQueue, c.Returned, c.Idle, c.Alerted = at, 0, 0, false, "", false, false
}

// wait puts a conversation that was taken from where it was into the line where it waits now.
func (s *State) wait(c *Conversation, at int64) {
	c.Place, c.WaitsSince = Waiting, at
	if c.ForAgent == "" && c.ForTeam == "" {
		c.WaitsSince = 0
	}
	s.inLine(c, at)
	s.hint(at, c, ruleDue, chosenLost, queueRemoved, lineRemoved, customerLost)
}

// inLine enters a waiting conversation into its line and counts it.
func (s *State) inLine(c *Conversation, at int64) {
	q := s.Queues[c.Queue]
	if c.rank = 0; q != nil {
		c.rank = q.set.Priority
		if c.Alerted {
			q.alerted++
		}
	}
	if l := s.lineOf(c); l != nil {
		l.enqueue(c)
	}
	if q != nil && q.automatic && c.ForAgent == "" && c.ForTeam == "" {
		s.heat(q.pool, at)
	}
}
