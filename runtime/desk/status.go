package desk

import (
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/settings"
)

// Answer times of a conversation: since when the customer has waited for an answer, and from when
// that is "soon to be overdue" and "overdue" (feature V5), in milliseconds; all 0 when nobody waits.
type AnswerTimes struct{ Since, Soon, Overdue int64 }

// AnswerTimes of a conversation. A customer in a line waits for an answer from the arrival or the
// last message on that nobody answered. The limits count by the wall clock or, if the queue says so,
// only while its hours have it open.
func (s *State) AnswerTimes(c *Conversation) AnswerTimes {
	since := c.UnansweredSince
	if since == 0 && (c.Place == Waiting || c.Place == OfferedTo) {
		since = c.rulesFrom()
	}
	if since == 0 || !c.Place.Open() {
		return AnswerTimes{}
	}
	soon, overdue := int64(settings.DefaultSoonOverdueSeconds)*1000, int64(settings.DefaultOverdueSeconds)*1000
	q := s.Queues[c.Queue]
	if q == nil {
		return AnswerTimes{since, since + soon, since + overdue}
	}
	soon = seconds(q.set, func(q *settings.Queue) int { return q.Thresholds.SoonOverdueSeconds }, settings.DefaultSoonOverdueSeconds)
	overdue = seconds(q.set, func(q *settings.Queue) int { return q.Thresholds.OverdueSeconds }, settings.DefaultOverdueSeconds)
	if q.set.Thresholds.Clock != settings.OpeningHours || q.compiled == nil {
		return AnswerTimes{since, since + soon, since + overdue}
	}
	o, _ := s.override(q)
	return AnswerTimes{since, afterOpen(q.compiled, o, since, soon), afterOpen(q.compiled, o, since, overdue)}
}

// afterOpen is the instant at which a queue was open for so long since another; 0 when that is not
// known to come.
func afterOpen(hours *calendar.Compiled, o *calendar.Override, from, wait int64) int64 {
	at := Instant(from)
	for range 1000 { // more changes than any limit of thirty days spans
		open := calendar.Resolve(hours, o, at).Open
		change, ok := calendar.NextChange(hours, o, at)
		if open {
			end := at.Add(time.Duration(wait) * time.Millisecond)
			if !ok || !end.After(change.Time) {
				return end.UnixMilli()
			}
			wait -= change.Time.Sub(at).Milliseconds()
		} else if !ok {
			return 0
		}
		at = change.Time
	}
	return 0
}

// Status is what a conversation's people look for (feature V5). It follows from the state and the
// clock; whether the customer is online is told beside it.
type Status string

const (
	StatusRepNeeded   Status = "repNeeded"   // a customer waits and no agent is in it
	StatusPending     Status = "pending"     // an agent is in it; the customer's last message is unanswered
	StatusSoonOverdue Status = "soonOverdue" // unanswered for long
	StatusOverdue     Status = "overdue"     // unanswered for too long
	StatusAnswered    Status = "answered"    // an agent wrote last
	StatusInactive    Status = "inactive"
	StatusClosed      Status = "closed"
)

// Status of a conversation at an instant.
func (s *State) Status(c *Conversation, now int64) Status {
	switch c.Place {
	case Over:
		return StatusClosed
	case Inactive:
		return StatusInactive
	}
	t := s.AnswerTimes(c)
	switch {
	case t.Since == 0:
		return StatusAnswered
	case t.Overdue != 0 && now >= t.Overdue:
		return StatusOverdue
	case t.Soon != 0 && now >= t.Soon:
		return StatusSoonOverdue
	case c.Place == InService:
		return StatusPending
	}
	return StatusRepNeeded
}
