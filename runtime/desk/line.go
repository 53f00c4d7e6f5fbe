package desk

import (
	"cmp"
	"slices"
	"sort"
)

// line is who waits somewhere, in order.
type line []*Conversation

// find is the index of a conversation, -1 when it does not wait here.
func (l *line) find(c *Conversation) int {
	list := *l
	i := sort.Search(len(list), func(i int) bool { return !list[i].before(c) })
	if i < len(list) && list[i] == c {
		return i
	}
	return -1
}

func (l *line) enqueue(c *Conversation) {
	list := *l
	i := len(list)
	if i > 0 && c.before(list[i-1]) {
		i = sort.Search(len(list), func(i int) bool { return c.before(list[i]) })
	}
	list = append(list, nil)
	copy(list[i+1:], list[i:])
	list[i] = c
	*l = list
}

func (l *line) dequeue(c *Conversation) {
	list := *l
	i := l.find(c)
	if i == 0 {
		list[0] = nil
		*l = list[1:]
		return
	}
	if i > 0 {
		copy(list[i:], list[i+1:])
		list[len(list)-1] = nil
		*l = list[:len(list)-1]
	}
}

// first is the first who fits; nil when nobody does. A nil fits takes anybody.
func (l line) first(fits func(*Conversation) bool) *Conversation {
	for _, c := range l {
		if fits == nil || fits(c) {
			return c
		}
	}
	return nil
}

// hands are the conversations that an agent has, by number: few, so that a list is found through faster
// than a map, and is in order.
type hands []*Conversation

func (h hands) find(c *Conversation) (int, bool) {
	return slices.BinarySearchFunc(h, c, func(a, b *Conversation) int { return cmp.Compare(a.Number, b.Number) })
}

func (h *hands) add(c *Conversation) {
	if i, found := h.find(c); !found {
		*h = slices.Insert(*h, i, c)
	}
}

func (h *hands) remove(c *Conversation) {
	if i, found := h.find(c); found {
		*h = slices.Delete(*h, i, i+1)
	}
}

// teamLine is a team's queue: who waits for any of its members (feature R10).
type teamLine struct {
	line    line
	members []string // sorted
	invited map[ConversationID]*Conversation
}

// lineOf is the line in which a conversation waits or would wait: an agent's own, a team's, or its
// queue's; nil when that is no more.
func (s *State) lineOf(c *Conversation) *line {
	switch {
	case c.ForAgent != "":
		if s.members[c.ForAgent] == nil {
			return nil
		}
		return &s.agent(c.ForAgent).line
	case c.ForTeam != "":
		if t := s.teams[c.ForTeam]; t != nil && len(t.members) > 0 {
			return &t.line
		}
		return nil // also when nobody is left in the team: no one would see it
	}
	if q := s.Queues[c.Queue]; q != nil {
		return &q.line
	}
	return nil
}

// TeamLine is who waits in a team's queue, in order. It must not be changed, and not be kept.
func (s *State) TeamLine(team string) []*Conversation {
	if t := s.teams[team]; t != nil {
		return t.line
	}
	return nil
}

// PersonalLine is who waits for an agent in person, in order (feature R8). It must not be changed,
// and not be kept.
func (s *State) PersonalLine(agent string) []*Conversation {
	if a := s.Agents[agent]; a != nil {
		return a.line
	}
	return nil
}
