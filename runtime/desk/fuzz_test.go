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
		desk.GatewayLost{Gateway: "g2"},
	}
	events = append(events, ofRouting()...)
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

// ofRouting is a story with every kind of event that routing has. It follows that of oneOfEach.
func ofRouting() []desk.Event {
	set := acme()
	set.Queues[0].WaitingRules = []settings.WaitingRule{alert(60), move(120, "overflow")}
	set.Sort()
	choice := &desk.Choice{
		Generation: 7, Strategy: settings.StrategySkillsThenLeastBusy, Draw: 1 << 63, Free: 2, Required: []string{"fi", "tax"}, Dropped: 1,
		Candidates: []desk.Candidate{{Agent: "ben", Load: 1, Limit: 3, Since: 9, Turn: 4, Skills: 1}, {Agent: "cem", Limit: 1, Why: desk.PassedOffline}},
		Passed:     desk.Passed{Offline: 1, Away: 2, FinishMine: 3, Limit: 4, Refused: 5, Skills: 6},
	}
	return []desk.Event{
		desk.SettingsChanged{Version: set.Version(), Settings: set},
		desk.KeyMade{Agent: "ben", Key: "1234567", Expires: 1 << 41},
		desk.KeyMade{Agent: "ben", Key: "7654321", Expires: 1 << 41},
		desk.KeyDropped{Agent: "ben", Key: "7654321"},
		desk.KeysLocked{Source: "192.0.2.7", Tries: 10, Until: 99},
		desk.CustomerJoined{Conversation: "c2", Session: "s2", Queue: "support", Channel: "web", Agent: "ben", Via: desk.ViaKey, Key: "1234567",
			Issue: "Refunds", Skills: []string{"tax"}, Priority: -5, Email: "a@b", Phone: "112", Secure: "eyJ"},
		desk.Rerouted{Conversation: "c2", Queue: "support", Why: desk.ReturnedHanded, By: "ben"},
		desk.RuleApplied{Conversation: "c2", Queue: "support", After: 60, Action: settings.RuleAlert},
		desk.RuleApplied{Conversation: "c2", Queue: "support", After: 120, Action: settings.RuleMove, To: "overflow"},
		desk.Transferred{Conversation: "c2", By: "gus", Queue: "support", Note: "back"},
		desk.Offered{Conversation: "c2", Agent: "ben", Until: 99, Choice: choice},
		desk.Picked{Conversation: "c2", Agent: "ben", How: desk.PickedOffer, WaitedMS: 5, Team: "tier1"},
		desk.Invited{Conversation: "c2", By: "ben", Team: "tier2", Note: "tax"},
		desk.Invited{Conversation: "c2", By: "ben", Agent: "gus"},
		desk.Uninvited{Conversation: "c2", Agent: "gus", By: "gus"},
		desk.Entered{Conversation: "c2", Agent: "eve", Team: "tier2"},
		desk.WentIdle{Conversation: "c2"},
		desk.Left{Conversation: "c2", Agent: "ben", Why: desk.ReturnedLost, Owner: "eve"},
		desk.Transferred{Conversation: "c2", By: "eve", Agent: "gus", Note: "for you"},
		desk.HandedBack{Conversation: "c2", By: "gus", To: "eve"},
		desk.Picked{Conversation: "c2", Agent: "eve", How: desk.PickedHanded},
		desk.Returned{Conversation: "c2", Agent: "eve", Why: desk.ReturnedLost, Pending: true},
		desk.WentInactive{Conversation: "c2", Why: desk.EndedAbandoned},
		desk.Revived{Conversation: "c2", Queue: "support"},
		desk.ContactLeft{Conversation: "c3", Session: "s3", Queue: "billing", Channel: "web", Name: "Åsa", Email: "a@b", Phone: "112", Page: "https://x/", Issue: "Refunds"},
		desk.PresenceSet{Agent: "ben", Presence: desk.FinishMine},
		desk.Favoured{Agent: "ben", Team: "tier1", On: true},
		desk.Favoured{Agent: "ben", Queue: "support", On: true},
		desk.Posted{Room: desk.TeamRoom("tier1"), Author: "ben", Text: "👋"},
		desk.Posted{Room: desk.PrivateRoom("ben", "ana"), Author: "ben", Text: "hi"},
		desk.RoomRead{Agent: "ana", Room: desk.TeamRoom("tier1"), Seq: 40},
		desk.Erased{Conversations: []desk.ConversationID{"c1", "c3"}, By: "dpo", Why: "asked for", Cause: desk.ErasedRequest, From: 6, To: 40},
		desk.Erased{Conversations: []desk.ConversationID{"c2"}, Cause: desk.ErasedRetention},
		desk.Rewritten{Erased: 48, Entries: 3},
	}
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
	if len(kinds) != 37 {
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
		s.LineLength(c)
		s.Status(c, desk.Millis(now))
		s.Grabbed(c)
		for name := range s.Agents {
			s.MayPreview(name, c)
		}
	}
	for _, t := range s.Settings.Teams {
		s.TeamFigures(t.Name)
		s.TeamLine(t.Name)
	}
	for name := range s.Agents {
		s.InvitationsFor(name)
		s.PersonalLine(name)
		for _, room := range s.RoomsOf(name) {
			s.Rooms[room].Unread(name)
		}
	}
	for _, c := range s.Settings.Channels {
		s.Choosable(c.Name)
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
	spoilt(t, w)
}

// TestASnapshotOfRoutingWithAnyPartSpoiledIsRefusedOrFitForUse has people in every kind of place.
func TestASnapshotOfRoutingWithAnyPartSpoiledIsRefusedOrFitForUse(t *testing.T) {
	set := automatic(settings.StrategyLeastBusy)
	set.Channels = set.Channels[:1]
	set.Queues = set.Queues[:2]
	w := newWorld(t, set)
	w.online("ben", "eve")
	shared := w.join("s1")
	w.must(w.accept("ben", shared))
	w.must(w.ask("ben", shared, toAgent("eve")))
	w.must(w.enter("eve", shared))
	w.must(w.ask("ben", shared, toTeam("night")))
	w.must(w.ask("ben", shared, toAgent("ana")))
	w.is(w.join("s2"), "offered to ben")
	w.joinBy("s3", func(j *desk.Join) { j.To = toTeam("tier2") })
	w.joinBy("s4", func(j *desk.Join) { j.Key = w.key("eve", "1234567") })
	w.must(w.form("s5", func(*desk.Contact) {}))
	w.key("ben", "7654321")
	w.must(w.presence("eve", desk.Away))
	w.must(w.post("ben", desk.TeamRoom("tier1"), "hello"))
	spoilt(t, w)
}

// spoilt spoils each part of a snapshot in turn.
func spoilt(t *testing.T, w *world) {
	t.Helper()
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
