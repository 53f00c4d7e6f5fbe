package desk_test

import (
	"testing"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// The world of these tests begins on Saturday 2026-11-21 at 10:00 UTC, noon in Helsinki.
func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t
}

func scheduled() settings.Settings {
	s := oneQueue()
	s.Queues[0].Schedule = "hours"
	s.Schedules = []calendar.Schedule{{
		Name: "hours", TimeZone: "Europe/Helsinki",
		Weekly: []calendar.WeeklyRule{{
			Days:    []calendar.Weekday{calendar.Mon, calendar.Tue, calendar.Wed, calendar.Thu, calendar.Fri, calendar.Sat, calendar.Sun},
			Periods: []calendar.Period{{Start: "08:00", End: "16:00"}, {Start: "20:00", End: "02:00"}},
		}},
		Holidays: []calendar.Holiday{{Name: "Independence Day", Date: "2026-12-06"}},
	}}
	return s
}

func (w *world) byHand(state settings.QueueState, until time.Time) {
	w.t.Helper()
	c := desk.Switch{Origin: w.by("a:ana"), Agent: "ana", ID: "r1", Queue: "support", State: state, Reason: "fire drill"}
	if !until.IsZero() {
		c.Until = desk.Millis(until)
	}
	w.must(c)
}

func TestAScheduleOpensAndClosesToTheSecond(t *testing.T) {
	w := newWorld(t, scheduled())
	w.state(settings.QueueOpen, "Schedule")
	w.until(at("2026-11-21 13:59:59").Add(999 * time.Millisecond))
	w.state(settings.QueueOpen, "Schedule")
	w.until(at("2026-11-21 14:00:00"))
	w.state(settings.QueueClosed, "Schedule")
	w.refusedJoin(desk.QueueClosed)
	w.until(at("2026-11-21 18:00:00"))
	w.state(settings.QueueOpen, "Schedule")
	w.until(at("2026-11-22 00:00:00"))
	w.state(settings.QueueClosed, "Schedule")
	w.until(at("2026-12-06 08:00:00"))
	w.state(settings.QueueClosed, "Holiday")
	if r, _ := w.s.Report("support", w.now); r.Detail != "Independence Day" || r.Next == nil || !r.Next.Time.Equal(at("2026-12-07 06:00:00")) {
		t.Errorf("%+v, next %+v", r, r.Next)
	}
}

func TestClosingTakesNobodyInAndRemovesNobody(t *testing.T) {
	w := newWorld(t, scheduled())
	w.online("ana")
	served, waiting := w.join("s1"), w.join("s2")
	w.pick("ana")
	w.until(at("2026-11-21 14:00:00"))
	w.refusedJoin(desk.QueueClosed)
	if w.conv(served).Place != desk.InService || w.conv(waiting).Place != desk.Waiting {
		t.Fatal("closing moved somebody")
	}
	w.must(desk.Say{Origin: w.by("s:s2"), Text: "I still wait"})
	w.must(desk.Say{Origin: w.by("a:ana"), Conversation: served, Text: "and I still answer"})
	if got := w.pick("ana"); got != waiting {
		t.Errorf("picked %s from the closed queue", got)
	}
}

func TestAnOpeningTimeThatHasPassedOpensTheQueueNow(t *testing.T) {
	set := scheduled()
	set.Schedules[0].Weekly[0].Periods = []calendar.Period{{Start: "18:00", End: "19:00"}}
	w := newWorld(t, set)
	w.state(settings.QueueClosed, "Schedule")
	w.put(scheduled()) // open since 08:00
	w.state(settings.QueueOpen, "Schedule")
}

func TestARouterThatSleptOverAnEdgeKnowsWhenItWas(t *testing.T) {
	w := newWorld(t, scheduled())
	b, err := w.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if w.s, err = desk.Restore(b); err != nil {
		t.Fatal(err)
	}
	w.now = at("2026-11-21 15:30:00")
	w.must(desk.Start{Epoch: 2})
	w.state(settings.QueueClosed, "Schedule")
	e, ok := w.last().(desk.QueueSwitched)
	if !ok || e.Since != desk.Millis(at("2026-11-21 14:00:00")) {
		t.Errorf("%+v", w.last())
	}
}

func TestALateTimerLetsNobodyIntoAClosedQueueAndEverybodyIntoAnOpenOne(t *testing.T) {
	w := newWorld(t, scheduled())
	w.now = at("2026-11-21 14:00:00") // nothing has ticked
	w.refusedJoin(desk.QueueClosed)
	w.until(at("2026-11-21 17:00:00"))
	w.now = at("2026-11-21 18:00:00")
	w.join("s1")
}

func TestAnOverrideByHandActsAtOnceAndEndsAtItsTime(t *testing.T) {
	w := newWorld(t, scheduled())
	end := w.now.Add(2 * time.Hour)
	w.byHand(settings.QueueClosed, end)
	w.state(settings.QueueClosed, "Override")
	e, ok := w.last().(desk.QueueSwitched)
	if !ok || e.By != "ana" || e.Detail != "fire drill" || e.Until != desk.Millis(end) {
		t.Fatalf("%+v", w.last())
	}
	w.until(end.Add(-time.Millisecond))
	w.state(settings.QueueClosed, "Override")
	w.until(end)
	w.state(settings.QueueOpen, "Schedule")
	if w.s.Override("support", w.now) != nil {
		t.Error("an override that has ended is not shown")
	}
}

func TestAnOverrideWithoutAnEndStaysUntilItIsTakenAway(t *testing.T) {
	w := newWorld(t, scheduled())
	w.byHand(settings.QueueOpen, time.Time{})
	w.until(at("2027-01-10 03:00:00"))
	w.state(settings.QueueOpen, "Override")
	w.byHand("", time.Time{})
	w.state(settings.QueueClosed, "Schedule")
}

func TestAnOverrideWhoseEndHasPassedIsInert(t *testing.T) {
	w := newWorld(t, scheduled())
	past := w.now.Add(-time.Second)
	w.support(func(q *settings.Queue) { q.Override = &calendar.Override{State: calendar.Closed, Until: &past} })
	w.state(settings.QueueOpen, "Schedule")
	w.join("s1")
}

func TestAnOverrideOfTheResourceCausesOneChangeForEachEdge(t *testing.T) {
	w := newWorld(t, scheduled())
	until := at("2026-11-21 11:00:00").Add(1500 * time.Microsecond)
	w.support(func(q *settings.Queue) {
		q.Override = &calendar.Override{State: calendar.Closed, Until: &until, Reason: "by kubectl", By: "platform"}
	})
	w.state(settings.QueueClosed, "Override")
	w.until(at("2026-11-21 11:00:00").Add(time.Millisecond))
	w.state(settings.QueueClosed, "Override")
	w.until(at("2026-11-21 11:00:00").Add(2 * time.Millisecond)) // the first whole one that is not before
	w.state(settings.QueueOpen, "Schedule")
	before := w.s.Seq
	w.until(at("2026-11-21 13:00:00"))
	if w.s.Seq != before {
		t.Errorf("%d records without a cause", w.s.Seq-before)
	}
}

func TestTheConsolesRequestHoldsUntilTheResourceCarriesIt(t *testing.T) {
	w := newWorld(t, scheduled())
	w.byHand(settings.QueueClosed, time.Time{})
	if o := w.s.Override("support", w.now); o == nil || !o.Pending || o.By != "ana" {
		t.Fatalf("%+v", o)
	}
	before := len(w.log)
	w.support(func(q *settings.Queue) {
		q.Override = &calendar.Override{State: calendar.Closed, Reason: "fire drill", By: "ana"}
		q.OverrideAnswer = &settings.OverrideAnswer{Request: "r1"}
	})
	for _, r := range w.log[before:] {
		if e, flipped := r.Event.(desk.QueueSwitched); flipped {
			t.Errorf("the queue flipped while the resource took over: %+v", e)
		}
	}
	if o := w.s.Override("support", w.now); o == nil || o.Pending || len(w.s.Requests) != 0 {
		t.Errorf("%+v, requests %v", o, w.s.Requests)
	}
}

func TestARequestThatIsRefusedIsTakenBack(t *testing.T) {
	w := newWorld(t, scheduled())
	w.byHand(settings.QueueClosed, time.Time{})
	w.support(func(q *settings.Queue) {
		q.OverrideAnswer = &settings.OverrideAnswer{Request: "an older one", Refused: "held"}
	})
	w.state(settings.QueueClosed, "Override")
	w.support(func(q *settings.Queue) {
		q.OverrideAnswer = &settings.OverrideAnswer{Request: "r1", Refused: "held by gitops"}
	})
	w.state(settings.QueueOpen, "Schedule")
}

func TestASuspendedScheduleIsClosedAndOnlyAnOverrideOpens(t *testing.T) {
	set := scheduled()
	set.Schedules[0].State = calendar.Suspended
	w := newWorld(t, set)
	w.state(settings.QueueClosed, "ScheduleSuspended")
	w.byHand(settings.QueueOpen, w.now.Add(time.Hour))
	w.state(settings.QueueOpen, "Override")
	w.until(w.now.Add(time.Hour))
	w.state(settings.QueueClosed, "ScheduleSuspended")
}

func TestAScheduleThatIsMissingKeepsTheLastGoodOne(t *testing.T) {
	w := newWorld(t, scheduled())
	w.change(func(s *settings.Settings) { s.Schedules = nil })
	w.state(settings.QueueOpen, "Schedule")
	w.until(at("2026-11-21 14:00:00"))
	w.state(settings.QueueClosed, "Schedule")
	// And through a snapshot.
	b, err := w.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if w.s, err = desk.Restore(b); err != nil {
		t.Fatal(err)
	}
	w.until(at("2026-11-21 18:00:00"))
	w.state(settings.QueueOpen, "Schedule")
}

func TestAScheduleThatWasNeverThereIsClosedWithItsOwnCause(t *testing.T) {
	set := scheduled()
	set.Schedules = nil
	w := newWorld(t, set)
	w.state(settings.QueueClosed, desk.CauseScheduleMissing)
	w.byHand(settings.QueueOpen, w.now.Add(time.Hour))
	w.state(settings.QueueOpen, "Override")
	r, _ := w.s.Report("support", w.now)
	if r.Next == nil || r.Next.State != settings.QueueClosed || r.Next.Cause != desk.CauseScheduleMissing {
		t.Errorf("next: %+v", r.Next)
	}
	w.until(w.now.Add(time.Hour))
	w.state(settings.QueueClosed, desk.CauseScheduleMissing)
	w.put(scheduled())
	w.state(settings.QueueOpen, "Schedule")
}

func TestAQueueWithoutAScheduleIsAlwaysOpen(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.state(settings.QueueOpen, "AlwaysOpen")
	w.until(at("2027-03-01 03:00:00"))
	w.state(settings.QueueOpen, "AlwaysOpen")
}

func TestAChangeBeyondTheHorizonOfTheCalendarStillComes(t *testing.T) {
	set := scheduled()
	set.Schedules[0].Weekly[0].Periods = []calendar.Period{{Start: "00:00", End: "24:00"}}
	set.Schedules[0].Holidays = []calendar.Holiday{{Name: "far", Date: "2030-05-01"}}
	w := newWorld(t, set)
	w.state(settings.QueueOpen, "Schedule")
	w.until(at("2030-04-30 21:00:00"))
	w.state(settings.QueueClosed, "Holiday")
}

func TestOnlyTeamAdminsSwitchAQueueThatSaysSo(t *testing.T) {
	w := newWorld(t, oneQueue())
	open := func(agent string) desk.Switch {
		return desk.Switch{Origin: w.by(desk.AgentPrincipal(agent)), Agent: agent, ID: "r", Queue: "support", State: settings.QueueClosed}
	}
	w.must(open("ben"))
	w.support(func(q *settings.Queue) { q.ManualSwitch = settings.SwitchAdmins })
	w.refused(open("ben"), desk.NotEntitled)
	w.must(open("ana"))
}
