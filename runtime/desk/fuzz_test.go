package desk_test

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// oneOfEach is a ledger with every kind of event in it.
func oneOfEach(t testing.TB) []desk.Record {
	t.Helper()
	origin := &desk.Origin{Principal: "s:s1", Client: "client-1", CID: 3}
	until := time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.FixedZone("", 7200))
	set := oneQueue()
	set.Sort()
	events := []desk.Event{
		desk.RouterStarted{Epoch: 3, Gateways: []string{"g1", "g2"}},
		desk.SettingsChanged{Version: set.Version(), Settings: set},
		desk.QueueSwitched{Queue: "support", State: settings.QueueOpen, Cause: "AlwaysOpen", Since: 5},
		desk.OverrideRequested{Request: settings.OverrideRequest{ID: "r1", Queue: "support", State: settings.QueueClosed, Until: &until, Reason: "x", By: "ana"}},
		desk.OverrideAnswered{ID: "r1", Queue: "support", Refused: "held"},
		desk.CustomerJoined{Conversation: "c1", Session: "s1", Queue: "support", Channel: "web", Name: "Åsa", Page: "https://example.org/"},
		desk.Connected{Principal: "s:s1", Gateway: "g1"},
		desk.MessageSent{Conversation: "c1", From: desk.SideCustomer, Text: "👋\n"},
		desk.Picked{Conversation: "c1", Agent: "ana", How: desk.PickedNext, WaitedMS: 10},
		desk.Returned{Conversation: "c1", Agent: "ana", Why: desk.ReturnedLeft},
		desk.Offered{Conversation: "c1", Agent: "ana", Until: 99},
		desk.Ended{Conversation: "c1", Why: desk.EndedLeft},
		desk.Disconnected{Principal: "s:s1", Gateway: "g1"},
		desk.SignedIn{Agent: "ana", Session: "x", Expires: 100, Link: "l", LinkExpires: 50},
		desk.SignedOut{Agent: "ana", Session: "x"},
	}
	var list []desk.Record
	for i, e := range events {
		r := desk.Record{Seq: uint64(i + 1), At: int64(i + 1000), Event: e}
		if i == 7 {
			r.Origin = origin
		}
		list = append(list, r)
	}
	return list
}

func TestEveryEventReadsAsItWasWritten(t *testing.T) {
	kinds := map[reflect.Type]bool{}
	s := desk.New()
	for _, r := range oneOfEach(t) {
		b, err := desk.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := desk.Decode(r.Seq, b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := desk.Encode(got)
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("%T reads differently: %+v, %+v (%v)", r.Event, r, got, err)
		}
		kinds[reflect.TypeOf(r.Event)] = true
		s.Apply(got)
	}
	if len(kinds) != 15 {
		t.Errorf("%d kinds of events are tried; a new one needs its place here", len(kinds))
	}
}

func TestAnEntryOfALaterReleaseIsAnErrorAndNeverSkipped(t *testing.T) {
	b, err := desk.Encode(desk.Record{Seq: 7, Event: desk.Posted{Room: "t:a", Author: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func([]byte){
		"version": func(b []byte) { b[1] = 2 },
		"kind":    func(b []byte) { b[3] = 200 }, // the second byte of a number over 23
	} {
		later := bytes.Clone(b)
		change(later)
		_, err := desk.Decode(7, later)
		var e *desk.DecodeError
		if !errors.As(err, &e) || e.Seq != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range oneOfEach(f) {
		b, err := desk.Encode(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := desk.Decode(1, b)
		var e *desk.DecodeError
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%T is not a DecodeError", err)
			}
			return
		}
		once, err := desk.Encode(r)
		if err != nil {
			t.Fatalf("what was read cannot be written: %+v: %v", r, err)
		}
		again, err := desk.Decode(1, once)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := desk.Encode(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%x, then %x (%v)", once, twice, err)
		}
	})
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte{0xa0})
	s := desk.New()
	for _, r := range oneOfEach(f) {
		s.Apply(r)
		if b, err := s.Snapshot(); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := desk.Restore(b)
		if err != nil {
			return
		}
		once, err := s.Snapshot()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := desk.Restore(once)
		if err != nil {
			t.Fatalf("%x: %v", once, err)
		}
		if twice, err := again.Snapshot(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%x, then %x (%v)", once, twice, err)
		}
		use(s)
	})
}

// use does what a router does first with a state that it has read.
func use(s *desk.State) {
	now := desk.Instant(max(0, min(s.At, 4e12)))
	for range 20 {
		d, err := desk.Decide(s, desk.Tick{}, now)
		if err != nil || len(d.Events) == 0 {
			break
		}
		for _, e := range d.Events {
			s.Apply(desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e})
		}
	}
	for name := range s.Queues {
		s.Figures(name)
		s.Report(name, now)
		s.Offers(name)
	}
	for _, c := range s.Conversations {
		s.PlaceInLine(c)
	}
}

// spoil calls f for each copy of v in which one part is replaced by something else.
func spoil(v any, f func(any)) {
	for _, other := range []any{nil, uint64(0), uint64(9), "", "other", []any{}, []any{nil}, map[any]any{}, map[any]any{"x": nil}} {
		f(other)
	}
	switch v := v.(type) {
	case map[any]any:
		for key, part := range v {
			spoil(part, func(other any) {
				m := maps.Clone(v)
				m[key] = other
				f(m)
			})
		}
	case []any:
		for i, part := range v {
			spoil(part, func(other any) {
				list := slices.Clone(v)
				list[i] = other
				f(list)
			})
		}
	}
}

func TestASnapshotWithAnyPartSpoiledIsRefusedOrFitForUse(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana", "ben")
	w.must(desk.SignIn{Agent: "ana", Session: "x", Link: "l", Expires: 1 << 42, LinkExpires: 1 << 42})
	first, second := w.join("s1"), w.join("s2")
	w.join("s3")
	w.pick("ana")
	if got := w.offer("ana", first); got != second {
		t.Fatalf("offered %s", got)
	}
	w.must(desk.Refuse{Origin: w.by("a:ana"), Agent: "ana", Conversation: second})
	w.must(desk.Pick{Origin: w.by("a:ben"), Agent: "ben", Conversation: second})
	w.must(desk.Switch{Origin: w.by("a:ana"), Agent: "ana", ID: "r1", Queue: "support", State: settings.QueueClosed})
	b, err := w.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := cbor.Unmarshal(b, &whole); err != nil {
		t.Fatal(err)
	}
	refused, taken := 0, 0
	spoil(whole, func(v any) {
		b, err := cbor.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if r := recover(); r != nil {
				t.Fatalf("%v\n%v", r, v)
			}
		}()
		s, err := desk.Restore(b)
		if err != nil {
			refused++
			return
		}
		taken++
		use(s)
	})
	t.Logf("%d refused, %d taken", refused, taken)
	if refused == 0 || taken == 0 {
		t.Error("nothing was tried")
	}
}
