package desk

import (
	"slices"
	"sort"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/settings"
)

// CauseScheduleMissing is the cause of a queue whose schedule was never there or never valid: it
// stays closed, and the resource's conditions say what to change.
const CauseScheduleMissing = "ScheduleMissing"

// applySettings puts settings in force: it makes the indexes anew and finds what follows from them.
func (s *State) applySettings(e SettingsChanged, at int64) {
	before := map[string]timeLimits{}
	for name := range s.Queues {
		before[name] = s.timeLimits(name)
	}
	s.Version, s.Settings = e.Version, e.Settings
	s.indexMembers()
	named := make(map[string]bool, len(s.Settings.Queues))
	hours := hours{}
	for i := range s.Settings.Queues {
		set := &s.Settings.Queues[i]
		named[set.Name] = true
		q := s.Queues[set.Name]
		if q == nil {
			q = &Queue{Name: set.Name}
			s.Queues[set.Name] = q
		}
		s.settle(q, set, hours)
		s.planCheck(q, at)
	}
	for name, q := range s.Queues {
		if named[name] {
			continue
		}
		for _, c := range q.line {
			s.at(at, queueRemoved, string(c.ID))
		}
		delete(s.Queues, name)
		delete(s.Requests, name)
	}
	for _, c := range s.Conversations {
		if c.Place == Over {
			continue
		}
		was, known := before[c.Queue]
		if q := s.Queues[c.Queue]; q != nil && !known {
			q.back(c)
		}
		if !known {
			was = s.timeLimits("")
		}
		if was != s.timeLimits(c.Queue) {
			// A limit that became shorter may be over already: look at all three anew.
			s.hint(at, c, agentLost, customerLost, idleTooLong)
		}
		switch {
		case c.Place == OfferedTo && s.Queues[c.Queue] == nil:
			s.at(at, queueRemoved, string(c.ID))
		case (c.Place == OfferedTo || c.Place == InService) && !s.Serves(c.Agent, c.Queue):
			s.at(at, agentRemoved, string(c.ID))
		}
	}
}

// back counts a conversation in a queue that was removed and is there again.
func (q *Queue) back(c *Conversation) {
	switch c.Place {
	case Waiting:
		q.enqueue(c)
	case OfferedTo:
		q.offered++
	case InService:
		q.inService++
	}
}

// hours are schedules that were compiled already: many queues have the same.
type hours map[*calendar.Schedule]*calendar.Compiled

func (h hours) of(s *calendar.Schedule) *calendar.Compiled {
	c, known := h[s]
	if !known {
		if compiled, err := calendar.Compile(*s); err == nil {
			c = compiled
		}
		h[s] = c
	}
	return c
}

// settle gives a queue its setting, its schedule (the last good one, if the present is missing) and
// its agents.
func (s *State) settle(q *Queue, set *settings.Queue, hours hours) {
	q.set = set
	if set.Schedule == "" {
		q.Schedule = nil
	} else if schedule := s.schedule(set.Schedule); schedule != nil {
		q.Schedule = schedule
	}
	q.compiled = nil
	if q.Schedule != nil {
		q.compiled = hours.of(q.Schedule)
	}
	q.agents = nil
	for _, team := range set.Teams {
		if t := s.team(team); t != nil {
			for _, m := range t.Members {
				q.agents = append(q.agents, m.Name)
			}
		}
	}
	slices.Sort(q.agents)
	q.agents = slices.Compact(q.agents)
}

func (s *State) schedule(name string) *calendar.Schedule {
	for i := range s.Settings.Schedules {
		if s.Settings.Schedules[i].Name == name {
			return &s.Settings.Schedules[i]
		}
	}
	return nil
}

func (s *State) team(name string) *settings.Team {
	list := s.Settings.Teams
	i := sort.Search(len(list), func(i int) bool { return list[i].Name >= name })
	if i < len(list) && list[i].Name == name {
		return &list[i]
	}
	return nil
}

func (s *State) indexMembers() {
	s.members = map[string]*Member{}
	for _, t := range s.Settings.Teams {
		for _, m := range t.Members {
			member := s.members[m.Name]
			if member == nil {
				member = &Member{Name: m.Name, Teams: map[string]settings.Role{}}
				s.members[m.Name] = member
			}
			member.DisplayName = first(member.DisplayName, m.DisplayName)
			member.Subject = first(member.Subject, m.Subject)
			member.Teams[t.Name] = m.Role
			limit := firstNumber(m.MaxConversations, t.MaxConversations, settings.DefaultMaxConversations)
			if member.Max == 0 || limit < member.Max {
				member.Max = limit
			}
		}
	}
	queues := map[string][]string{} // of a team, in order
	for _, q := range s.Settings.Queues {
		for _, t := range q.Teams {
			queues[t] = append(queues[t], q.Name)
		}
	}
	for _, m := range s.members {
		m.DisplayName = first(m.DisplayName, m.Name)
		for t := range m.Teams {
			m.Queues = append(m.Queues, queues[t]...)
		}
		slices.Sort(m.Queues)
		m.Queues = slices.Compact(m.Queues)
	}
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func firstNumber(numbers ...int) int {
	for _, n := range numbers {
		if n > 0 {
			return n
		}
	}
	return 0
}

// override is the one in force or to be: that of the console while it is on its way, else that of
// the resource.
func (s *State) override(q *Queue) (o *calendar.Override, pending bool) {
	if r, ok := s.Requests[q.Name]; ok {
		if r.State == "" {
			return nil, true
		}
		return &calendar.Override{State: calendar.OverrideState(r.State), Until: r.Until, Reason: r.Reason, By: r.By}, true
	}
	return q.set.Override, false
}

// answer is whether the queue is open at an instant, and why.
func (s *State) answer(q *Queue, now int64) calendar.Answer {
	o, _ := s.override(q)
	a := calendar.Resolve(q.compiled, o, Instant(now))
	if q.compiled == nil && q.set.Schedule != "" && a.Cause != calendar.CauseOverride {
		a = calendar.Answer{Open: false, Cause: CauseScheduleMissing}
	}
	return a
}

// switched is the event that brings a queue's recorded state up to an instant; false when it is so
// already. Level-triggered: it follows from override, schedule and clock alone, however many edges
// have passed (feature X1).
func (s *State) switched(q *Queue, now int64) (QueueSwitched, bool) {
	a := s.answer(q, now)
	state := settings.QueueClosed
	if a.Open {
		state = settings.QueueOpen
	}
	byHand := a.Cause == calendar.CauseOverride
	e := QueueSwitched{Queue: q.Name, State: state, Cause: string(a.Cause), Detail: a.Rule, Since: now}
	if byHand {
		o, _ := s.override(q)
		e.By = o.By
		if o.Until != nil {
			e.Until = ceilMillis(*o.Until)
		}
	} else if since := Millis(a.Since); !a.Since.IsZero() && since < now && since > q.Since && state != q.State {
		e.Since = since
	}
	if state != q.State || byHand != (q.Cause == string(calendar.CauseOverride)) {
		return e, true
	}
	if byHand {
		return e, e.Detail != q.Detail || e.By != q.By || e.Until != q.Until
	}
	return e, false
}

func (s *State) applySwitched(e QueueSwitched, at int64) {
	q := s.Queues[e.Queue]
	if q.State != e.State {
		q.Since = e.Since
	}
	q.State, q.Cause, q.Detail, q.By, q.Until = e.State, e.Cause, e.Detail, e.By, e.Until
	s.planCheck(q, at)
}

func (s *State) recheck(queue string, at int64) {
	if q := s.Queues[queue]; q != nil {
		s.planCheck(q, at)
	}
}

// lookAgain is half of the calendar's horizon, in milliseconds.
const lookAgain = int64(calendar.Horizon/time.Millisecond) / 2

// planCheck finds when a queue must be looked at next: now, if it does not read as it should; at its
// next change; at the end of an override.
func (s *State) planCheck(q *Queue, now int64) {
	if _, changed := s.switched(q, now); changed {
		q.nextCheck = now
		s.at(now, checkQueue, q.Name)
		return
	}
	q.nextCheck = 0
	o, _ := s.override(q)
	if change, ok := calendar.NextChange(q.compiled, o, Instant(now)); ok {
		q.nextCheck = ceilMillis(change.Time)
	} else if q.compiled != nil {
		// The calendar looks only so far ahead; look again before that.
		q.nextCheck = now + lookAgain
	}
	if o != nil && o.Until != nil {
		if until := ceilMillis(*o.Until); until > now && (q.nextCheck == 0 || until < q.nextCheck) {
			q.nextCheck = until
		}
	}
	if q.nextCheck != 0 {
		s.at(q.nextCheck, checkQueue, q.Name)
	}
}

// nextChange is the next change of a queue's state, for people.
func (s *State) nextChange(q *Queue, now time.Time) *settings.NextState {
	o, _ := s.override(q)
	if q.compiled == nil && q.set.Schedule != "" {
		if o == nil || o.State != calendar.Open || o.Until == nil || !now.Before(*o.Until) {
			return nil
		}
		return &settings.NextState{Time: *o.Until, State: settings.QueueClosed, Cause: CauseScheduleMissing}
	}
	change, ok := calendar.NextChange(q.compiled, o, now)
	if !ok {
		return nil
	}
	next := &settings.NextState{Time: change.Time, State: settings.QueueClosed, Cause: string(change.Cause)}
	if change.Open {
		next.State = settings.QueueOpen
	}
	return next
}

// ceilMillis is the first millisecond that is not before an instant: a check made earlier would find
// the old state and not come back.
func ceilMillis(t time.Time) int64 {
	return t.Add(time.Millisecond - 1).UnixMilli()
}
