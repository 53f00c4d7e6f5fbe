package desk_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher.chat/runtime/desk"
)

func TestARefusedCommandUsesUpNoNumber(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	o := desk.Origin{Principal: "a:ana", Client: "tab", CID: 1}
	w.refused(desk.Pick{Origin: o, Agent: "ana", Queue: "support"}, desk.QueueEmpty)
	id := w.join("s1")
	if d := w.must(desk.Pick{Origin: o, Agent: "ana", Queue: "support"}); d.Conversation != id || d.Repeated != nil {
		t.Errorf("%+v", d)
	}
}

func TestARepeatedCommandHasItsAnswerEvenWhenItCouldNotHappenAnyMore(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	join := desk.Join{Origin: desk.Origin{Principal: "s:s1", Client: "tab", CID: 1}, Session: "s1", Channel: "web", Text: "hello"}
	id := w.must(join).Conversation
	w.must(desk.Connect{Principal: "s:s1", Gateway: "g"})
	pick := desk.Pick{Origin: desk.Origin{Principal: "a:ana", Client: "tab", CID: 1}, Agent: "ana"}
	w.must(pick)
	w.must(desk.End{Origin: desk.Origin{Principal: "a:ana", Client: "tab", CID: 2}, Conversation: id})
	for _, c := range []desk.Command{join, pick} {
		if d := w.must(c); d.Repeated == nil || d.Conversation != id || len(d.Events) > 0 {
			t.Errorf("%T: %+v", c, d)
		}
	}
	if got := w.conv(id).Messages; got != 1 {
		t.Errorf("%d messages", got)
	}
}

func TestNumbersOfACustomerAreForgottenAnHourAfterTheEnd(t *testing.T) {
	w := newWorld(t, oneQueue())
	id := w.join("s1")
	end := desk.End{Origin: desk.Origin{Principal: "s:s1", Client: "tab", CID: 9}}
	w.must(end)
	w.now = w.now.Add(time.Hour - time.Millisecond)
	w.online("ana") // a record: what is forgotten is forgotten by records
	if d := w.must(end); d.Repeated == nil || d.Conversation != id {
		t.Fatalf("%+v", d)
	}
	w.now = w.now.Add(time.Millisecond)
	w.online("ben")
	if w.s.Conversations[id] != nil || w.s.Customers["s1"] != nil {
		t.Fatal("an hour after the end it is still known")
	}
	w.refused(end, desk.ConversationEnded)
}

func TestANumberOfLongAgoIsTakenAsAccepted(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.join("s1")
	for cid := range uint64(20) {
		w.must(desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: "tab", CID: 10 * (cid + 1)}, Text: "hello"})
	}
	seq := w.s.Seq
	d := w.must(desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: "tab", CID: 10}, Text: "hello"})
	if d.Repeated == nil || w.s.Seq != seq {
		t.Errorf("%+v", d)
	}
	// One among the last sixteen that was never accepted is out of order.
	w.refused(desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: "tab", CID: 195}, Text: "hello"}, desk.OutOfOrder)
}

// A client may have many commands under way. One that was not taken, because the desk was busy, is sent again behind others
// that were: if it were taken for accepted long ago, what it says would be acknowledged and lost.
func TestANumberThatWasPassedOverLongAgoIsNotTakenForAccepted(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.join("s1")
	say := func(cid uint64) desk.Say {
		return desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: "tab", CID: cid}, Text: "hello"}
	}
	for cid := uint64(3); cid <= 64; cid++ { // 1 and 2 were not taken, nor was any that 7 divides
		if cid%7 != 0 {
			w.must(say(cid))
		}
	}
	restored := w.s
	for _, c := range []uint64{1, 2, 7, 14, 35, 56, 63} {
		w.refused(say(c), desk.OutOfOrder)
	}
	for _, c := range []uint64{3, 6, 8, 20, 64} {
		if d := w.must(say(c)); d.Repeated == nil {
			t.Errorf("number %d was accepted, and is accepted again", c)
		}
	}
	b, err := restored.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if w.s, err = desk.Restore(b); err != nil {
		t.Fatal(err)
	}
	w.refused(say(7), desk.OutOfOrder)
}

func TestOfManyTabsTheOneThatWasSilentLongestIsForgotten(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.join("s1") // by client-1
	say := func(client string, cid uint64) desk.Say {
		return desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: client, CID: cid}, Text: "hello"}
	}
	for i := range 31 {
		w.must(say(fmt.Sprintf("tab-%02d", i), 1))
	}
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "client-1 speaks again"})
	w.must(say("tab-31", 1)) // the 33rd: tab-00 goes
	w.must(say("tab-32", 1)) // tab-01 goes
	for i := 2; i < 33; i++ {
		if d := w.must(say(fmt.Sprintf("tab-%02d", i), 1)); d.Repeated == nil {
			t.Errorf("tab-%02d is forgotten", i)
		}
	}
	if d := w.must(say("tab-00", 1)); d.Repeated != nil {
		t.Error("tab-00 should be forgotten")
	}
}

func TestAClientsNameMustBeText(t *testing.T) {
	w := newWorld(t, oneQueue())
	for _, client := range []string{"\xff", string(make([]byte, 65))} {
		w.refused(desk.Join{Origin: desk.Origin{Principal: "s:s1", Client: client, CID: 1}, Session: "s1", Channel: "web"}, desk.BadRequest)
	}
}

func TestCommandsSentAgainAtRandomHaveOneEffectEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := fresh(t), time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		run := func(c desk.Command) desk.Decision { return step(t, s, c, now) }
		join := desk.Join{Origin: desk.Origin{Principal: "s:s1", Client: "a", CID: 1}, Session: "s1", Channel: "web"}
		id := run(join).Conversation
		run(desk.Connect{Principal: "s:s1", Gateway: "g"})
		accepted := map[string]map[uint64]uint64{"a": {1: s.Seq - 1}, "b": {}}
		next := map[string]uint64{"a": 2, "b": 1}
		want := uint32(0)
		for range rapid.IntRange(1, 80).Draw(t, "commands") {
			client := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "client")
			cid := next[client]
			if back := rapid.Uint64Range(0, 20).Draw(t, "back"); back > 10 && cid > back-10 {
				cid -= back - 10
			} else {
				cid += rapid.Uint64Range(0, 2).Draw(t, "gap")
			}
			seq := s.Seq
			d, err := desk.Decide(s, desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: client, CID: cid}, Text: "x"}, now)
			before, known := accepted[client][cid]
			switch {
			case cid >= next[client]:
				if err != nil || d.Repeated != nil || len(d.Events) != 1 {
					t.Fatalf("new number %d: %+v, %v", cid, d, err)
				}
				s.Apply(desk.Record{Seq: seq + 1, At: desk.Millis(now), Origin: &desk.Origin{Principal: "s:s1", Client: client, CID: cid}, Event: d.Events[0]})
				accepted[client][cid], next[client] = seq+1, cid+1
				want++
			case known:
				if err != nil || d.Repeated == nil || len(d.Events) > 0 || d.Repeated.Seq != 0 && d.Repeated.Seq != before {
					t.Fatalf("number %d of seq %d again: %+v, %v", cid, before, d, err)
				}
			default:
				var refused *desk.Error
				if !errors.As(err, &refused) || refused.Code != desk.OutOfOrder {
					t.Fatalf("number %d, which was passed over: %+v, %v", cid, d, err)
				}
			}
		}
		if got := s.Conversations[id].Messages; got != want {
			t.Fatalf("%d messages, %d accepted", got, want)
		}
	})
}

// fresh is a state with the settings of oneQueue and room for everybody.
func fresh(t *rapid.T) *desk.State {
	s, set := desk.New(), oneQueue()
	set.Queues[0].WhenBusy.Capacity = nil
	set.Sort()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	step(t, s, desk.ApplySettings{Settings: set}, now)
	return s
}

// step decides and applies a command that must be accepted, and what is due.
func step(t *rapid.T, s *desk.State, c desk.Command, now time.Time) desk.Decision {
	d, err := desk.Decide(s, c, now)
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	for i, e := range d.Events {
		r := desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e}
		if i == 0 {
			r.Origin = desk.OriginOf(c)
		}
		s.Apply(r)
	}
	for {
		at, ok := s.NextDeadline()
		if !ok || at > desk.Millis(now) {
			return d
		}
		tick, err := desk.Decide(s, desk.Tick{}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range tick.Events {
			s.Apply(desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e})
		}
	}
}
