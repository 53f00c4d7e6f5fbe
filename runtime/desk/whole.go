package desk

import (
	"fmt"
	"slices"
	"strings"
)

// whole tells whether the exported fields fit together, so that the indexes can be made from them:
// everything is kept under its own name, nothing is missing, and lists are in order.
func (s *State) whole() error {
	if s.Queues == nil || s.Conversations == nil || s.Customers == nil || s.Agents == nil || s.Requests == nil || s.UsedLinks == nil {
		return fmt.Errorf("a part of the state is missing")
	}
	if err := s.wholeSettings(); err != nil {
		return err
	}
	for name, q := range s.Queues {
		if q == nil || q.Name != name {
			return fmt.Errorf("queue %q is kept under another name", name)
		}
	}
	for name := range s.Requests {
		if s.Queues[name] == nil || s.Requests[name].Queue != name {
			return fmt.Errorf("a request is kept for queue %q, whose it is not", name)
		}
	}
	for name, a := range s.Agents {
		if a == nil || a.Name != name {
			return fmt.Errorf("agent %q is kept under another name", name)
		}
	}
	for id, r := range s.Rooms {
		if r == nil || len(r.Last) > keepPosts || !slices.IsSorted(r.Last) {
			return fmt.Errorf("room %q is not in order", id)
		}
	}
	if s.Keys == nil {
		s.Keys = map[string]Key{}
	}
	if s.Rooms == nil {
		s.Rooms = map[RoomID]*Room{}
	}
	return s.wholeConversations()
}

// wholeSettings: what looks settings up relies on the order of names, and on each being there once.
func (s *State) wholeSettings() error {
	set := &s.Settings
	lists := map[string][]string{}
	for _, t := range set.Teams {
		lists["teams"] = append(lists["teams"], t.Name)
	}
	for _, q := range set.Queues {
		lists["queues"] = append(lists["queues"], q.Name)
	}
	for _, c := range set.Channels {
		lists["channels"] = append(lists["channels"], c.Name)
	}
	for kind, names := range lists {
		for i := 1; i < len(names); i++ {
			if strings.Compare(names[i-1], names[i]) >= 0 {
				return fmt.Errorf("the %s of the settings are not in order", kind)
			}
		}
	}
	return nil
}

func (s *State) wholeConversations() error {
	numbers := make(map[uint64]bool, len(s.Conversations))
	for id, c := range s.Conversations {
		switch {
		case c == nil || c.ID != id:
			return fmt.Errorf("conversation %q is kept under another name", id)
		case c.Number == 0 || c.Number > s.LastConversation || numbers[c.Number]:
			return fmt.Errorf("conversation %q has the number %d, which cannot be", id, c.Number)
		case c.Place < Waiting || c.Place > Inactive:
			return fmt.Errorf("conversation %q is in no place", id)
		case c.Place.Open() && (s.Customers[c.Session] == nil || s.Customers[c.Session].Conversation != id):
			return fmt.Errorf("conversation %q is not its customer's", id)
		case (c.Place == Waiting || c.Place == Inactive) && c.Agent != "":
			return fmt.Errorf("conversation %q waits and has an agent", id)
		case c.Place != InService && len(c.Sharers)+len(c.Invitations) > 0:
			return fmt.Errorf("conversation %q is shared and not in service", id)
		}
		if c.Place == OfferedTo || c.Place == InService {
			for _, name := range c.Agents() {
				if s.Agents[name] == nil {
					return fmt.Errorf("conversation %q has agent %q who is not there", id, name)
				}
			}
			if len(c.Agents()) == 0 {
				return fmt.Errorf("conversation %q has no agent", id)
			}
		}
		for _, i := range c.Invitations {
			if (i.Agent == "") == (i.Team == "") || i.Agent != "" && s.Agents[i.Agent] == nil {
				return fmt.Errorf("conversation %q has an invitation of nobody", id)
			}
		}
		if c.ForAgent != "" && s.Agents[c.ForAgent] == nil {
			return fmt.Errorf("conversation %q waits for agent %q who is not there", id, c.ForAgent)
		}
		numbers[c.Number] = true
	}
	for session, c := range s.Customers {
		if c == nil || c.Session != session {
			return fmt.Errorf("customer %q is kept under another name", session)
		}
	}
	return nil
}
