package desksim

import (
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// settings changes a resource and puts all of them in force, or answers an open or close by hand.
func (c *chaos) settings() {
	for range 1 + c.rng.IntN(2) {
		c.change()
	}
	if slices.ContainsFunc(c.ids(desk.InService, ""), func(conv *desk.Conversation) bool { return len(conv.Sharers) > 0 }) {
		c.toggleMember()
	}
	c.set.Sort()
	if err := c.set.Validate(); err != nil {
		c.wrong("the simulator made %v", err)
		return
	}
	c.try(desk.ApplySettings{Settings: cloned(c.set)})
}

func (c *chaos) anyQueue() *settings.Queue {
	if len(c.set.Queues) == 0 {
		return nil
	}
	return &c.set.Queues[c.rng.IntN(len(c.set.Queues))]
}

func (c *chaos) change() {
	q := c.anyQueue()
	if q != nil {
		q.Generation++
	}
	switch n := c.rng.IntN(23); {
	case n == 0:
		c.toggleQueue()
	case n == 1:
		c.toggleMember()
	case n == 2:
		t := &c.set.Teams[c.rng.IntN(len(c.set.Teams))]
		t.MaxConversations = c.rng.IntN(5)
	case n == 3:
		t := &c.set.Teams[c.rng.IntN(len(c.set.Teams))]
		if len(t.Members) > 0 {
			t.Members[c.rng.IntN(len(t.Members))].MaxConversations = c.rng.IntN(4)
		}
	case n == 4:
		c.toggleSchedule()
	case q == nil:
	case n == 5:
		q.WhenBusy = anyWhenBusy(c.rng)
	case n == 6:
		q.Thresholds = anyThresholds(c.rng)
		q.OfferTimeoutSeconds = pickOf(c.rng, []int{0, 5, 60})
	case n == 7:
		q.Schedule = pickOf(c.rng, append(scheduleNames(), "", "", "", "nowhere"))
	case n == 8:
		q.Teams = anyTeams(c.rng)
	case n == 9:
		q.ManualSwitch = pickOf(c.rng, []settings.ManualSwitch{"", settings.SwitchMembers, settings.SwitchAdmins})
	case n == 10:
		q.Override = anyOverride(c.rng, c.now)
	case n < 13:
		c.answer(q)
	default:
		c.changeRouting(q, n-13)
	}
}

// answer carries an open or close made in the console into the resource, or refuses it.
func (c *chaos) answer(q *settings.Queue) {
	r, pending := c.s.Requests[q.Name]
	if !pending {
		return
	}
	q.OverrideAnswer = &settings.OverrideAnswer{Request: r.ID}
	if c.rng.IntN(3) == 0 {
		q.OverrideAnswer.Refused = "another field manager holds spec.override"
		return
	}
	q.Override = requested(r)
}

func (c *chaos) toggleQueue() {
	name := c.queue()
	i := slices.IndexFunc(c.set.Queues, func(q settings.Queue) bool { return q.Name == name })
	if i >= 0 {
		if len(c.set.Queues) < queues {
			return // most queues are there most of the time
		}
		c.removed[name] = c.set.Queues[i]
		c.set.Queues = slices.Delete(slices.Clone(c.set.Queues), i, i+1)
	} else if q, ok := c.removed[name]; ok {
		c.set.Queues = append(slices.Clone(c.set.Queues), q)
	}
}

func (c *chaos) toggleMember() {
	t := &c.set.Teams[c.rng.IntN(len(c.set.Teams))]
	name := c.agent()
	for _, conv := range c.ids(desk.InService, "") {
		// Now and then one who is in a conversation, by the team through which.
		if n := len(conv.Sharers); n > 0 && c.rng.IntN(2) == 0 {
			name = conv.Sharers[n-1].Agent
			if at := slices.IndexFunc(c.set.Teams, func(t settings.Team) bool { return t.Name == conv.Sharers[n-1].Team }); at >= 0 {
				t = &c.set.Teams[at]
			}
		}
	}
	i := slices.IndexFunc(t.Members, func(m settings.Member) bool { return m.Name == name })
	if i >= 0 {
		t.Members = slices.Delete(slices.Clone(t.Members), i, i+1)
	} else {
		t.Members = append(slices.Clone(t.Members), anyMember(c.rng, name))
	}
}

func (c *chaos) toggleSchedule() {
	name := pickOf(c.rng, scheduleNames())
	for i := range c.set.Schedules {
		if c.set.Schedules[i].Name == name {
			if c.rng.IntN(4) == 0 {
				c.set.Schedules = append(c.set.Schedules[:i:i], c.set.Schedules[i+1:]...)
			} else {
				c.set.Schedules[i] = anySchedule(c.rng, name)
			}
			return
		}
	}
	c.set.Schedules = append(c.set.Schedules, anySchedule(c.rng, name))
}

// changeRouting changes how a queue's customers get to agents, or what its teams and channels say of it.
func (c *chaos) changeRouting(q *settings.Queue, n int) {
	switch n {
	case 0, 1:
		q.Distribution = anyDistribution(c.rng)
	case 2:
		q.WaitingRules = anyRules(c.rng, q.Name)
	case 3:
		q.Priority = pickOf(c.rng, []int{0, 0, 5, -3, 100})
	case 4:
		q.Disabled = anyDisabled(c.rng)
		q.TransferTargets = anyTargets(c.rng)
	case 5:
		q.Issues = anyIssues(c.rng)
	case 6:
		i := c.rng.IntN(len(c.set.Teams))
		c.set.Teams[i] = anyTeam(c.rng, c.set.Teams[i])
	case 7:
		c.toggleChannel()
	case 8:
		c.toggleTeam()
	default:
		t := &c.set.Teams[c.rng.IntN(len(c.set.Teams))]
		if len(t.Members) > 0 {
			i := c.rng.IntN(len(t.Members))
			t.Members[i] = anyMember(c.rng, t.Members[i].Name)
		}
	}
}

func (c *chaos) toggleChannel() {
	if n := len(c.set.Channels); n == queues {
		i := c.rng.IntN(n)
		c.set.Channels = slices.Delete(slices.Clone(c.set.Channels), i, i+1)
		return
	}
	c.set.Channels = nil
	for i := range queues {
		c.set.Channels = append(c.set.Channels, anyChannel(c.rng, i))
	}
}

// toggleTeam empties a team of its members, takes it away or brings it back.
func (c *chaos) toggleTeam() {
	for i := range teams {
		name := teamName(i)
		at := slices.IndexFunc(c.set.Teams, func(t settings.Team) bool { return t.Name == name })
		switch {
		case at < 0:
			c.set.Teams = append(slices.Clone(c.set.Teams), anyMembers(c.rng, name))
			return
		case len(c.set.Teams[at].Members) == 0:
			c.set.Teams[at] = anyMembers(c.rng, name)
			return
		}
	}
	i := c.rng.IntN(teams)
	if c.rng.IntN(2) == 0 {
		c.set.Teams[i].Members = nil
		return
	}
	c.set.Teams = slices.Delete(slices.Clone(c.set.Teams), i, i+1)
}
