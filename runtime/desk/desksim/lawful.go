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
	k := &check{s: s, now: r.At}
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
		if s.Queues[e.Queue] == nil {
			k.wrong("queue %s is switched, which is not there", e.Queue)
		}
	}
	if r.At < s.At {
		k.wrong("record %d is of %d, the one before of %d", r.Seq, r.At, s.At)
	}
	for i := range k.bad {
		k.bad[i] = fmt.Sprintf("record %d, %T%+v: %s", r.Seq, r.Event, r.Event, k.bad[i])
	}
	return k.bad
}

// joined: a closed queue takes nobody in, and a line never grows over its capacity by a join.
func (k *check) joined(e desk.CustomerJoined) {
	q := k.s.Queues[e.Queue]
	if q == nil {
		k.wrong("there is no such queue")
		return
	}
	if open, cause, err := resolve(k.s, q, k.now); err != nil || !open {
		k.wrong("the calendar says closed (%s, %v)", cause, err)
	}
	f := figures(k.s, q)
	if f.Places != desk.NoLimit && f.Waiting+1 > f.Places {
		k.wrong("%d wait, the capacity is %d", f.Waiting, f.Places)
	}
	if queueSetting(k.s, e.Queue).WhenBusy.Offer != settings.OfferQueue && f.FreePlaces <= f.Waiting {
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
	if !serves(k.s, e.Agent, c.Queue) {
		k.wrong("the agent does not serve %s", c.Queue)
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
	if load, limit := loadOf(k.s, e.Agent), limitOf(k.s, e.Agent); load >= limit {
		k.wrong("the agent has %d of %d", load, limit)
	}
	if line := waitingIn(k.s, c.Queue); e.How == desk.PickedNext && line[0] != c {
		k.wrong("%s is before it", line[0].ID)
	}
}

func (k *check) offered(e desk.Offered) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Place != desk.Waiting {
		k.wrong("it does not wait")
		return
	}
	if !online(k.s, e.Agent) || slices.Contains(c.Refused, e.Agent) || !serves(k.s, e.Agent, c.Queue) {
		k.wrong("online %t, let pass by %v, serves %t", online(k.s, e.Agent), c.Refused, serves(k.s, e.Agent, c.Queue))
	}
	if load, limit := loadOf(k.s, e.Agent), limitOf(k.s, e.Agent); load >= limit {
		k.wrong("the agent has %d of %d", load, limit)
	}
	if first := firstFor(k.s, e.Agent, true); first != c {
		k.wrong("%s is before it", first.ID)
	}
	if e.Until != k.now+offerAfter(k.s, c.Queue) {
		k.wrong("it ends at %d, it is %d", e.Until, k.now)
	}
}

func (k *check) returned(e desk.Returned) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Agent != e.Agent || c.Place != desk.OfferedTo && c.Place != desk.InService {
		k.wrong("it is not in the agent's hands")
		return
	}
	wrong := false
	switch e.Why {
	case desk.ReturnedRefused:
		wrong = c.Place != desk.OfferedTo
	case desk.ReturnedExpired:
		wrong = c.Place != desk.OfferedTo || c.OfferUntil > k.now
	case desk.ReturnedLeft:
		wrong = c.Place != desk.InService
	case desk.ReturnedLost:
		a := k.s.Agents[e.Agent]
		wrong = c.Place != desk.InService || online(k.s, e.Agent) || max(a.LostAt, c.StartedAt)+agentLostAfter(k.s, c.Queue) > k.now
	case desk.ReturnedRemoved:
		wrong = serves(k.s, e.Agent, c.Queue)
	}
	if wrong {
		k.wrong("there is no reason for it: %+v", *c)
	}
}

func (k *check) message(e desk.MessageSent) {
	c := k.s.Conversations[e.Conversation]
	if c == nil || c.Place == desk.Over {
		k.wrong("there is no such conversation, or it is over")
		return
	}
	if e.From == desk.SideAgent && (c.Place != desk.InService || c.Agent != e.Author) {
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
	customer, wrong := k.s.Customers[c.Session], false
	switch e.Why {
	case desk.EndedByCustomer:
		wrong = c.Place != desk.InService
	case desk.EndedByAgent:
		wrong = c.Place != desk.InService || c.Agent != e.By
	case desk.EndedLeft:
		wrong = c.Place == desk.InService
	case desk.EndedAbandoned:
		wrong = c.Place == desk.InService || len(customer.Gateways) > 0 || customer.LostAt+customerLostAfter(k.s, c.Queue) > k.now
	case desk.EndedIdle:
		wrong = c.LastCustomerAt+idleAfter(k.s, c.Queue) > k.now
	case desk.EndedRemoved:
		wrong = c.Place == desk.InService || queueSetting(k.s, c.Queue) != nil
	}
	if wrong {
		k.wrong("there is no reason for it: %+v", *c)
	}
}
