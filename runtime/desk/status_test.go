package desk_test

import (
	"testing"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Status of a conversation; seeds 002 and 003.

func (w *world) status(id desk.ConversationID, want desk.Status) {
	w.t.Helper()
	if got := w.s.Status(w.conv(id), desk.Millis(w.now)); got != want {
		w.t.Fatalf("at %s: %s, want %s (%s)", w.now.Format("15:04:05"), got, want, w.where(id))
	}
}

func TestStatusFollowsWhoWroteLastAndForHowLong(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.join("s1")
	w.status(id, desk.StatusRepNeeded)
	w.until(w.now.Add(time.Minute))
	w.must(w.choose("ben", id))
	w.status(id, desk.StatusAnswered) // the customer said nothing yet
	w.must(w.write("s1", "hello"))
	w.status(id, desk.StatusPending)
	w.until(w.now.Add(3*time.Minute - time.Millisecond))
	w.status(id, desk.StatusPending)
	w.must(w.write("s1", "are you there?")) // counts from the first that is unanswered
	w.until(w.now.Add(time.Millisecond))
	w.status(id, desk.StatusSoonOverdue)
	w.until(w.now.Add(2*time.Minute - time.Millisecond))
	w.status(id, desk.StatusSoonOverdue)
	w.until(w.now.Add(time.Millisecond))
	w.status(id, desk.StatusOverdue)
	w.must(w.answer("ben", id))
	w.status(id, desk.StatusAnswered)
	w.must(w.end("ben", id))
	w.status(id, desk.StatusClosed)
}

func TestAWaitingCustomerIsRepNeededThenSoonOverdueThenOverdue(t *testing.T) {
	w := newWorld(t, acme())
	id := w.join("s1")
	w.status(id, desk.StatusRepNeeded)
	w.until(w.now.Add(3 * time.Minute))
	w.status(id, desk.StatusSoonOverdue)
	w.until(w.now.Add(2 * time.Minute))
	w.status(id, desk.StatusOverdue)
	w.online("ben")
	w.must(w.choose("ben", id))
	w.must(w.answer("ben", id))
	w.must(w.leave("ben", id))
	w.status(id, desk.StatusRepNeeded) // no agent is in it, from now
}

func TestTheThresholdsAreSettingsOfTheQueue(t *testing.T) {
	set := acme()
	set.Queues[0].Thresholds.SoonOverdueSeconds, set.Queues[0].Thresholds.OverdueSeconds = 10, 20
	w := newWorld(t, set)
	id := w.join("s1")
	times := w.s.AnswerTimes(w.conv(id))
	if began := desk.Millis(w.now); times != (desk.AnswerTimes{Since: began, Soon: began + 10_000, Overdue: began + 20_000}) {
		t.Fatalf("%+v", times)
	}
	w.without("support") // the queue goes, service does not: the defaults count
	w.is(id, "over: removed")
}

func TestServiceWithoutAQueueHasTheDefaultThresholds(t *testing.T) {
	set := acme()
	set.Queues[0].Thresholds.OverdueSeconds, set.Queues[0].Thresholds.SoonOverdueSeconds = 2000, 1000
	w := newWorld(t, set)
	w.online("ben")
	id := w.served("s1")
	w.must(w.write("s1", "hello"))
	w.without("support")
	w.until(w.now.Add(5 * time.Minute))
	w.status(id, desk.StatusOverdue)
}

// office has support open from 08:00 to 16:00 in Helsinki (UTC+2) on weekdays, closed on 2026-12-07.
func office(clock settings.Clock) settings.Settings {
	set := acme()
	set.Schedules = []calendar.Schedule{{
		Name: "office", TimeZone: "Europe/Helsinki",
		Weekly: []calendar.WeeklyRule{{
			Days:    []calendar.Weekday{calendar.Mon, calendar.Tue, calendar.Wed, calendar.Thu, calendar.Fri},
			Periods: []calendar.Period{{Start: "08:00", End: "16:00"}},
		}},
		Holidays: []calendar.Holiday{{Name: "Day after", Date: "2026-12-07"}},
	}}
	set.Queues[0].Schedule = "office"
	set.Queues[0].Thresholds.Clock = clock
	return set
}

func TestTheClockForOverdueIsTheWallOrTheOpeningHoursAcrossANightAWeekendAndAHoliday(t *testing.T) {
	for _, c := range []struct {
		name, written string
		clock         settings.Clock
		soon, overdue string
	}{
		{"in the middle of a day", "2026-11-24 10:00:00", settings.OpeningHours, "2026-11-24 10:03:00", "2026-11-24 10:05:00"},
		{"over a night", "2026-11-24 13:58:00", settings.OpeningHours, "2026-11-25 06:01:00", "2026-11-25 06:03:00"},
		{"over a night, by the wall clock", "2026-11-24 13:58:00", settings.WallClock, "2026-11-24 14:01:00", "2026-11-24 14:03:00"},
		{"soon in the evening, overdue in the morning", "2026-11-24 13:56:00", settings.OpeningHours, "2026-11-24 13:59:00", "2026-11-25 06:01:00"},
		{"to the very end of the day", "2026-11-24 13:57:00", settings.OpeningHours, "2026-11-24 14:00:00", "2026-11-25 06:02:00"},
		{"written at night", "2026-11-24 22:00:00", settings.OpeningHours, "2026-11-25 06:03:00", "2026-11-25 06:05:00"},
		{"over a weekend and a holiday", "2026-12-04 13:59:00", settings.OpeningHours, "2026-12-08 06:02:00", "2026-12-08 06:04:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, office(c.clock))
			w.until(at("2026-11-24 08:00:00"))
			w.online("ben")
			id := w.served("s1")
			w.queue("support", func(q *settings.Queue) { q.Thresholds.CloseAfterIdleSeconds = 30 * 86400 })
			w.until(at(c.written))
			w.must(w.write("s1", "hello"))
			times := w.s.AnswerTimes(w.conv(id))
			if soon, overdue := desk.Instant(times.Soon), desk.Instant(times.Overdue); !soon.Equal(at(c.soon)) || !overdue.Equal(at(c.overdue)) {
				t.Errorf("soon %s, overdue %s; want %s, %s", soon, overdue, c.soon, c.overdue)
			}
			w.until(at(c.soon).Add(-time.Millisecond))
			w.status(id, desk.StatusPending)
			w.until(at(c.soon))
			w.status(id, desk.StatusSoonOverdue)
			w.until(at(c.overdue))
			w.status(id, desk.StatusOverdue)
		})
	}
}

func TestAQueueThatNeverOpensAgainMakesNobodyOverdue(t *testing.T) {
	set := office(settings.OpeningHours)
	w := newWorld(t, set)
	w.until(at("2026-11-24 08:00:00"))
	w.online("ben")
	id := w.served("s1")
	w.must(w.write("s1", "hello"))
	w.queue("support", func(q *settings.Queue) { q.Override = &calendar.Override{State: calendar.Closed} })
	w.until(w.now.Add(20 * time.Hour))
	w.status(id, desk.StatusPending)
}

func TestACustomerWhoWroteAndLeftBeforeAnybodyCameIsInactiveWithTheContactDataKept(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.joinBy("s1", func(j *desk.Join) {
		j.Name, j.Email, j.Phone, j.Text = "Maria", "maria@example.org", "+358 40 123", "my order is late"
	})
	w.gone("s:s1")
	w.until(w.now.Add(time.Minute))
	w.is(id, "inactive in support: abandoned")
	w.status(id, desk.StatusInactive)
	c := w.conv(id)
	if c.Name != "Maria" || c.Email != "maria@example.org" || c.Phone != "+358 40 123" || c.Opening != "my order is late" {
		t.Errorf("%+v", c)
	}
	w.sees(id, "ana", "ben", "cem")
	if f, _ := w.s.Figures("support"); f.Inactive != 1 || f.Waiting != 0 {
		t.Errorf("%+v", f)
	}
	if list := w.s.InactiveOf("support"); len(list) != 1 || list[0].ID != id {
		t.Errorf("%v", list)
	}
	count[desk.Ended](t, w, 0) // not counted as lost
	w.refused(w.choose("ben", id), desk.NotWaiting)
	w.refused(w.answer("ben", id), desk.NotEntitled)
	// A new message revives it, at the end of the line.
	w.pass(time.Minute)
	other := w.join("s2")
	w.pass(time.Second)
	w.must(desk.Connect{Principal: "s:s1", Gateway: "g"})
	w.must(w.write("s1", "I am back"))
	w.is(other, "waits in support, place 1")
	w.is(id, "waits in support, place 2")
	if f, _ := w.s.Figures("support"); f.Inactive != 0 || f.Waiting != 2 {
		t.Errorf("%+v", f)
	}
}

func TestACustomerWhoLeftWithoutAWordIsGone(t *testing.T) {
	w := newWorld(t, acme())
	id := w.join("s1")
	w.must(desk.End{Origin: w.by("s:s1")})
	w.is(id, "over: left")
}

func TestAnInactiveConversationIsRevivedOnlyIntoAnOpenQueueWithAPlaceLeft(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana")
	id := w.join("s1")
	w.must(w.write("s1", "hello"))
	w.must(desk.End{Origin: w.by("s:s1")})
	w.byHand(settings.QueueClosed, time.Time{})
	w.must(w.write("s1", "closed, is it?")) // kept, with the others
	w.is(id, "inactive in support: left")
	if w.conv(id).Messages != 2 {
		t.Errorf("%d messages", w.conv(id).Messages)
	}
	w.refusedJoin(desk.QueueClosed)
	w.byHand(settings.QueueOpen, time.Time{})
	w.queue("support", func(q *settings.Queue) {
		q.WhenBusy.Capacity = &settings.Capacity{Mode: settings.CapacityFixed, Places: 1}
	})
	other := w.join("s2")
	w.must(w.write("s1", "full, is it?"))
	w.is(id, "inactive in support: left")
	w.must(w.choose("ana", other))
	w.must(w.write("s1", "now?"))
	w.is(id, "waits in support, place 1")
}

func TestJoiningAgainGoesOnWithTheInactiveConversation(t *testing.T) {
	w := newWorld(t, acme())
	id := w.join("s1")
	w.must(w.write("s1", "hello"))
	w.must(desk.End{Origin: w.by("s:s1")})
	again := w.join("s1")
	if again != id {
		t.Fatalf("%s, it was %s", again, id)
	}
	w.is(id, "waits in support, place 1")
}

func TestJoiningAgainByAnotherWayBeginsAnewAndTheInactiveOneStays(t *testing.T) {
	w := newWorld(t, acme())
	id := w.join("s1")
	w.must(w.write("s1", "hello"))
	w.must(desk.End{Origin: w.by("s:s1")})
	second := w.joinBy("s1", func(j *desk.Join) { j.Issue = "billing/other" })
	w.is(id, "inactive in support: left")
	w.is(second, "waits in billing, place 1")
}

func TestAgentsAndAdminsCloseWhatIsInactive(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve")
	id := w.join("s1")
	w.must(w.write("s1", "hello"))
	w.must(desk.End{Origin: w.by("s:s1")})
	w.refused(w.end("eve", id), desk.NotFound)
	w.refused(desk.End{Origin: w.by("s:s1")}, desk.ConversationEnded)
	w.must(w.end("ben", id))
	w.is(id, "over: agent")
}
