package desk

import (
	"sort"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/settings"
)

// CauseScheduleMissing is the cause of a queue whose schedule was never there or never valid: it
// stays closed, and the resource's conditions say what to change.
const CauseScheduleMissing = "ScheduleMissing"

// applySettings puts settings in force, and finds what follows from them.
func (s *State) applySettings(e SettingsChanged, at int64) {
	s.Version, s.Settings = e.Version, e.Settings
	named := make(map[string]bool, len(s.Settings.Queues))
	for i := range s.Settings.Queues {
		name := s.Settings.Queues[i].Name
		named[name] = true
		if s.Queues[name] == nil {
			s.Queues[name] = &Queue{Name: name}
		}
	}
	for name := range s.Queues {
		if !named[name] {
			delete(s.Queues, name)
			delete(s.Requests, name)
		}
	}
	s.reindex(at)
	for _, q := range s.Queues {
		s.planCheck(q, at)
	}
	s.offerNext = "" // an offer follows an end at once or never
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

// settle gives a queue its setting and its schedule (the last good one, if the present is missing).
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
