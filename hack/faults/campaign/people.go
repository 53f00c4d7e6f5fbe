package campaign

import (
	"context"
	"fmt"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// visit is a customer's campaign: to join, to wait, to talk until the agent ends it, and to come again.
func (s *somebody) visit(ctx context.Context) error {
	c := s.crowd
	for !c.over() && ctx.Err() == nil {
		ack, refused, err := s.do(ctx, protocol.Command{Type: protocol.TypeJoin, Name: s.memory.name})
		if err != nil {
			return err
		}
		if refused != nil {
			s.surprised("join", "", refused)
			s.rest(ctx, nil, look)
			continue
		}
		c.isIn(ack.Conversation, s)
		if err := s.stay(ctx, ack.Conversation); err != nil {
			return err
		}
		if err := s.perhapsReload(ctx, 0.5); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// perhapsReload opens the page again now and then: so there are people on every pod, also on one that was away.
func (s *somebody) perhapsReload(ctx context.Context, often float64) error {
	s.mu.Lock()
	now := s.random.Float64() < often
	s.mu.Unlock()
	if !now || s.crowd.over() {
		return nil
	}
	return s.Reload(ctx)
}

// stay waits and talks in a conversation until it has ended.
func (s *somebody) stay(ctx context.Context, conversation string) error {
	c := s.crowd
	speak := c.nudged()
	next := time.Now().Add(s.between(c.o.Pace))
	for !c.over() && ctx.Err() == nil {
		state := ""
		s.Look(func(v *gatewaytest.View) { state = v.Conversations[conversation].State })
		if state == protocol.StateEnded {
			return nil
		}
		nudged := s.rest(ctx, speak, min(look, max(0, time.Until(next))))
		if nudged {
			speak = c.nudged()
		}
		if c.over() || !nudged && time.Now().Before(next) {
			continue
		}
		refused, err := s.says(ctx, "")
		switch {
		case err != nil:
			return err
		case refused == nil:
		case refused.Code == "ended" || refused.Code == "not_found":
			return nil
		default:
			s.surprised("speak", conversation, refused)
			return nil
		}
		pause := c.o.Pace
		if state != protocol.StateInService {
			pause = 20 * c.o.Pace // who waits says little
		}
		next = time.Now().Add(s.between(pause))
	}
	return ctx.Err()
}

// serve is one of the places of an agent: to pick somebody, talk for a while, and end it.
func (s *somebody) serve(ctx context.Context) error {
	c := s.crowd
	for !c.over() && ctx.Err() == nil {
		speak := c.nudged()
		ack, refused, err := s.do(ctx, s.choose())
		if err != nil {
			return err
		}
		if refused != nil {
			switch refused.Code {
			case "already_taken", "queue_empty", "not_found", "ended", "not_waiting", "offer_expired", "limit_reached":
			default:
				s.surprised("pick", "", refused)
			}
			s.rest(ctx, speak, s.between(look))
			continue
		}
		if err := s.talk(ctx, ack.Conversation); err != nil {
			return err
		}
		if err := s.perhapsReload(ctx, 0.1); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// choose is whom an agent wants: who is offered since another conversation ended, else the next of the queue, or the
// first that the agent sees there, as others do.
func (s *somebody) choose() protocol.Command {
	offered := ""
	s.Look(func(v *gatewaytest.View) {
		for id, c := range v.Conversations {
			if c.State == protocol.StateOffered {
				offered = id
			}
		}
	})
	if offered != "" {
		return protocol.Command{Type: protocol.TypeAccept, Conversation: offered}
	}
	s.mu.Lock()
	next := s.random.IntN(2) == 0
	s.mu.Unlock()
	if next {
		return protocol.Command{Type: protocol.TypePick, Queue: Queue}
	}
	first := protocol.Waiting{}
	s.Look(func(v *gatewaytest.View) {
		for _, w := range v.Waiting {
			if w.OfferedTo == "" && (first.Conversation == "" || w.ArrivedAt < first.ArrivedAt) {
				first = w
			}
		}
	})
	if first.Conversation == "" {
		return protocol.Command{Type: protocol.TypePick, Queue: Queue}
	}
	return protocol.Command{Type: protocol.TypePick, Conversation: first.Conversation}
}

// take is the agent's newest hold of a conversation: the number of it.
func (s *somebody) take(conversation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds == nil {
		s.holds = map[string]int{}
	}
	s.holds[conversation]++
	return s.holds[conversation]
}

// stillHolds tells whether a hold is still the agent's newest. While an agent was away the customer may have gone back to
// the line and been picked from there by another place of the same agent; what the first one does then is none of its
// business any more.
func (s *somebody) stillHolds(conversation string, hold int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holds[conversation] == hold
}

// talk is a conversation from the agent's side. It ends when both sides have been told everything.
func (s *somebody) talk(ctx context.Context, conversation string) error {
	c := s.crowd
	hold := s.take(conversation)
	until := time.Now().Add(s.between(c.o.Talk))
	speak := c.nudged()
	for !c.over() && ctx.Err() == nil && time.Now().Before(until) {
		if s.rest(ctx, speak, s.between(c.o.Pace)) {
			speak = c.nudged()
		}
		if c.over() {
			break
		}
		refused, err := s.says(ctx, conversation)
		if err != nil {
			return err
		}
		if !s.stillHolds(conversation, hold) || refused != nil && refused.Code == "not_entitled" {
			return nil // the agent was away for so long that the customer went back to the line
		}
		if refused != nil {
			s.surprised("speak", conversation, refused)
			return nil
		}
	}
	if err := s.compare(ctx, conversation); err != nil {
		return err
	}
	if c.over() || !s.stillHolds(conversation, hold) {
		return nil // open for whoever counts and looks at it, or for the one who has it now
	}
	_, refused, err := s.do(ctx, protocol.Command{Type: protocol.TypeEnd, Conversation: conversation})
	if err == nil && refused != nil && refused.Code != "not_entitled" && s.stillHolds(conversation, hold) {
		s.surprised("end", conversation, refused)
	}
	return err
}

// compare waits until each side has been told what was acknowledged to the other by now. What is not told within the
// campaign's patience is lost.
func (s *somebody) compare(ctx context.Context, conversation string) error {
	other := s.crowd.customerOf(conversation)
	for other == nil { // the customer's own answer is still on its way
		s.rest(ctx, nil, 10*time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		other = s.crowd.customerOf(conversation)
	}
	over := time.Now().Add(s.crowd.o.Patience)
	for _, pair := range [][2]*somebody{{s, other}, {other, s}} {
		for _, id := range pair[0].memory.acked(conversation) {
			for !pair[1].memory.hasHeard(id) {
				if err := ctx.Err(); err != nil {
					return err
				}
				if time.Now().After(over) {
					s.crowd.lacks(fmt.Sprintf("%s was never told message %d of %s, in %s", pair[1].memory.name, id.seq, pair[0].memory.name, conversation))
					break
				}
				timer := time.NewTimer(20 * time.Millisecond)
				select {
				case <-timer.C:
				case <-ctx.Done():
					timer.Stop()
				}
			}
		}
	}
	return nil
}

// surprised keeps a refusal that nobody should get. The campaign goes on: what else there is to see would be lost.
func (s *somebody) surprised(verb, conversation string, refused *protocol.Error) {
	c := s.crowd
	c.mu.Lock()
	defer c.mu.Unlock()
	c.surprises = append(c.surprises, fmt.Sprintf("%s may not %s %s: %s %s", s.memory.name, verb, conversation, refused.Code, refused.Message))
}

func (c *crowd) lacks(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unheard = append(c.unheard, what)
}
