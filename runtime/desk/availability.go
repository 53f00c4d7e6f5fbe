package desk

import (
	"time"

	"usher.chat/runtime/settings"
)

// Availability is whether a new customer may join a queue, and if not, why.
type Availability string

const (
	AvailableNow   Availability = "available" // an agent is free
	AvailableQueue Availability = "queue"     // none is free; a place in the line is left
	IsClosed       Availability = "closed"
	IsBusy         Availability = "busy"    // every online agent is at the limit
	IsOffline      Availability = "offline" // nobody is online
	IsFull         Availability = "full"    // no place is left
)

// Offered tells whether a customer may join.
func (a Availability) Offered() bool { return a == AvailableNow || a == AvailableQueue }

// NoLimit stands for a number of places without a bound.
const NoLimit = -1

// Figures are a queue's numbers, derived from the state (design: counters are derived, never kept
// beside it).
type Figures struct {
	Waiting, Offered, InService int
	// FirstArrival is the arrival of the first in line; 0 when nobody waits.
	FirstArrival int64
	// Online agents are connected and not away; Available ones can be given something too. FreePlaces is
	// how many conversations they could take.
	Online, Available, FreePlaces int
	// Alerted customers wait with an alert of a waiting rule; Inactive ones were left behind.
	Alerted, Inactive int
	// Places is the capacity of the line in force, PlacesLeft what is left; NoLimit without one.
	Places, PlacesLeft int
	Availability       Availability
}

// Figures of a queue at this moment. False when there is no such queue.
func (s *State) Figures(queue string) (Figures, bool) {
	q := s.Queues[queue]
	if q == nil {
		return Figures{}, false
	}
	return s.figures(q), true
}

func (s *State) figures(q *Queue) Figures {
	f := Figures{Waiting: len(q.line), Offered: q.offered, InService: q.inService}
	if len(q.line) > 0 {
		f.FirstArrival = q.line[0].ArrivedAt
	}
	p := q.pool
	f.Available, f.FreePlaces = p.counts[standsFree], p.free
	f.Online = f.Available + p.counts[standsFull] + p.counts[standsFinishMine]
	f.Alerted, f.Inactive = q.alerted, len(q.inactive)
	q.places(&f)
	q.availability(q.State == settings.QueueOpen, &f)
	return f
}

// places tells the capacity and what is left of it. With whenBusy Queue the capacity bounds the line
// (feature Q7). With whenBusy Nothing the chat is offered while there are more free agents' places
// than customers who wait for one (feature Q6).
func (q *Queue) places(f *Figures) {
	if q.set.WhenBusy.Offer == settings.OfferQueue {
		f.Places, f.PlacesLeft = NoLimit, NoLimit
		if c := q.set.WhenBusy.Capacity; c != nil {
			f.Places = c.Places
			if c.Mode == settings.CapacityPerOnlineAgent {
				f.Places = c.Places * f.Online
			}
			f.PlacesLeft = max(0, f.Places-f.Waiting)
		}
	} else {
		f.Places = f.FreePlaces
		f.PlacesLeft = max(0, f.FreePlaces-f.Waiting)
	}
}

// availability tells whether a customer may join a queue that is open or not, with these figures.
func (q *Queue) availability(open bool, f *Figures) {
	switch {
	case !open:
		f.Availability = IsClosed
	case f.PlacesLeft != 0 && f.FreePlaces > f.Waiting:
		f.Availability = AvailableNow
	case f.PlacesLeft != 0:
		f.Availability = AvailableQueue
	case f.Places > 0 && q.set.WhenBusy.Offer == settings.OfferQueue:
		f.Availability = IsFull
	case f.Online == 0:
		f.Availability = IsOffline
	default:
		f.Availability = IsBusy
	}
}

// offered tells why a customer may not join a queue at an instant; nil when one may. The recorded
// state is as old as the last tick: when a change is due since then, the clock decides, so that no
// late timer lets anybody into a closed queue.
func (s *State) offered(q *Queue, now int64) *Error {
	f := s.figures(q)
	if q.nextCheck != 0 && q.nextCheck <= now {
		q.availability(s.answer(q, now).Open, &f)
	}
	switch f.Availability {
	case IsClosed:
		return refuse(QueueClosed, "the queue is closed")
	case IsFull:
		return refuse(QueueFull, "no place is left in the line")
	case IsBusy:
		return refuse(NotOffered, "all agents are busy")
	case IsOffline:
		return refuse(NotOffered, "no agent is online")
	}
	return nil
}

// Report is a queue as the operator and people at kubectl see it.
func (s *State) Report(queue string, now time.Time) (settings.QueueFigures, bool) {
	q := s.Queues[queue]
	if q == nil {
		return settings.QueueFigures{}, false
	}
	f := s.figures(q)
	r := settings.QueueFigures{
		State: q.State, Cause: q.Cause, Detail: q.Detail, Since: Instant(q.Since), Next: s.nextChange(q, now),
		Waiting: f.Waiting, Offered: f.Offered, InService: f.InService, Alerted: f.Alerted, Inactive: f.Inactive,
		AgentsOnline: f.Online, AgentsAvailable: f.Available, PlacesLeft: f.PlacesLeft,
		Availability: string(f.Availability), SettingsGeneration: q.set.Generation,
	}
	// The recorded cause is that of the last change; which rule holds it now may be another (a holiday
	// begins while it is closed).
	if a := s.answer(q, Millis(now)); a.Open == (q.State == settings.QueueOpen) {
		r.Cause, r.Detail = string(a.Cause), a.Rule
	}
	if f.FirstArrival != 0 {
		t := Instant(f.FirstArrival)
		r.FirstWaitingSince = &t
	}
	return r, true
}

// Override is the open or close by hand of a queue that is in force at an instant, and whether the
// resource does not carry it yet; nil without one.
func (s *State) Override(queue string, now time.Time) (o *OverrideView) {
	q := s.Queues[queue]
	if q == nil {
		return nil
	}
	set, pending := s.override(q)
	if set == nil || set.Until != nil && !now.Before(*set.Until) {
		return nil
	}
	o = &OverrideView{State: settings.QueueState(set.State), Reason: set.Reason, By: set.By, Pending: pending}
	if set.Until != nil {
		o.Until = ceilMillis(*set.Until)
	}
	return o
}

// OverrideView is an open or close by hand.
type OverrideView struct {
	State   settings.QueueState
	Until   int64
	Reason  string
	By      string
	Pending bool
}

// TimeZone is the zone of a queue's schedule; empty without one.
func (s *State) TimeZone(queue string) string {
	if q := s.Queues[queue]; q != nil && q.Schedule != nil {
		return q.Schedule.TimeZone
	}
	return ""
}
