package desk_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
	"usher.chat/runtime/settings"
)

func erase(ids ...desk.ConversationID) desk.Erase {
	return desk.Erase{Conversations: ids, By: "dpo", Why: "asked for", Cause: desk.ErasedRequest}
}

func TestAnEndedConversationThatIsErasedIsInTheStateNoMore(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	id := w.join("s1")
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana"})
	w.refused(erase(id), desk.StillOpen)
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: id})
	w.must(erase(id))
	if w.s.Conversations[id] != nil || w.s.Customers["s1"] != nil || len(w.s.Erasures) != 1 {
		t.Fatalf("left: %+v, %+v, %+v", w.s.Conversations[id], w.s.Customers["s1"], w.s.Erasures)
	}
	seq := w.s.Seq
	w.must(desk.FinishErasure{Erased: seq, Entries: 2})
	if len(w.s.Erasures) != 0 || w.last() != (desk.Rewritten{Erased: seq, Entries: 2}) {
		t.Fatalf("%+v after %+v", w.s.Erasures, w.last())
	}
	w.must(desk.FinishErasure{Erased: seq})
	if w.s.Seq != seq+1 {
		t.Error("the end of an erasure was told twice")
	}
	// Whoever it was may come again, and gets a number of its own.
	if again := w.join("s1"); again == id {
		t.Errorf("%s was given twice", again)
	}
}

func TestAConversationThatGoesOnIsErasedOnlyWhenItIsToBeEnded(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	waiting, served := w.join("s1"), w.join("s2")
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Conversation: served})
	c := erase(waiting, served)
	w.refused(c, desk.StillOpen)
	c.End, c.From, c.To = true, 1, 2
	w.must(c)
	if len(w.s.Conversations) != 0 || w.s.Load("ana") != 0 || len(w.s.Line("support")) != 0 {
		t.Fatalf("%v go on, ana has %d, %d wait", w.s.Conversations, w.s.Load("ana"), len(w.s.Line("support")))
	}
	if e := w.s.Erasures[0]; e.To != 0 {
		t.Errorf("the records end at %d, but the end came behind", e.To)
	}
}

func TestRetentionLeavesWhoCameBack(t *testing.T) {
	w := newWorld(t, oneQueue())
	id := w.join("s1")
	c := erase(id)
	c.Cause = desk.ErasedRetention
	w.must(c)
	if w.s.Conversations[id] == nil || len(w.s.Erasures) != 0 {
		t.Error("a conversation that goes on was erased for its age")
	}
}

func TestAnErasureOfWhatCannotBeIsRefused(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.join("s1")
	for _, id := range []desk.ConversationID{"", "c", "c0", "c01", "c2", "x1", "c-1", "c99999999999999999999999"} {
		w.refused(erase(id), desk.NotFound)
	}
	w.refused(desk.Erase{Cause: desk.ErasedRequest}, desk.BadRequest)
	w.refused(desk.Erase{Cause: "whim", Conversations: []desk.ConversationID{"c1"}}, desk.BadRequest)
	w.refused(desk.Erase{Cause: desk.ErasedRequest, Why: "\x1b[2J", Conversations: []desk.ConversationID{"c1"}}, desk.TextInvalid)
	w.refused(desk.Erase{Cause: desk.ErasedRequest, Conversations: make([]desk.ConversationID, desk.MaxErased+1)}, desk.BadRequest)
}

// private is in everything that people write and say of themselves in the property below.
const private = "Kukkamäki"

// telling puts it wherever a command has room for it.
func telling(c desk.Command) desk.Command {
	switch c := c.(type) {
	case desk.Join:
		c.Name, c.Page, c.Email, c.Phone, c.Text = private, "https://"+private, private+"@example.org", "+358", private
		c.Secure, c.SecureName = "eyJ"+private, private
		return c
	case desk.Say:
		c.Text = private
		return c
	case desk.Transfer:
		c.Note = private
		return c
	case desk.Invite:
		c.Note = private
		return c
	}
	return c
}

// TestAnErasedLedgerComesToTheSameState: whatever happened and whatever was erased, a ledger whose records are written
// anew, all of them or only some because the router was killed, comes to the state of the router that erased; and no
// word of the erased is in it.
func TestAnErasedLedgerComesToTheSameState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := desk.New(), time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		var log []desk.Record
		put := func(c desk.Command) {
			d, err := desk.Decide(s, c, now)
			var refused *desk.Error
			if errors.As(err, &refused) {
				return
			}
			origin := desk.OriginOf(c)
			for range 1000 {
				for _, e := range d.Events {
					r := desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e, Origin: origin}
					origin = nil
					log = append(log, r)
					s.Apply(r)
				}
				at, ok := s.NextDeadline()
				if !ok || at > desk.Millis(now) {
					break
				}
				if d, err = desk.Decide(s, desk.Tick{}, now); err != nil {
					t.Fatal(err)
				}
			}
			if wrong := desksim.Check(s, desk.Millis(now)); len(wrong) > 0 {
				t.Fatalf("after %T: %q", c, wrong)
			}
		}
		set := automatic(settings.StrategyLeastBusy)
		for i := range set.Channels {
			set.Channels[i].Unavailable.Action = settings.UnavailableContactForm
		}
		set.Sort()
		put(desk.Start{Epoch: 1, Seed: 7})
		put(desk.ApplySettings{Settings: set})
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1000, 31000, 61000, 3600000}).Draw(t, "ms")) * time.Millisecond)
			put(desk.Tick{})
			switch {
			case rapid.IntRange(0, 5).Draw(t, "erase") == 0 && s.LastConversation > 0:
				id := desk.ConversationID(fmt.Sprintf("c%d", rapid.Uint64Range(1, s.LastConversation).Draw(t, "which")))
				c := erase(id)
				c.End = rapid.Bool().Draw(t, "end")
				put(c)
			case rapid.IntRange(0, 9).Draw(t, "contact") == 0:
				session := fmt.Sprintf("f%d", step)
				put(desk.Contact{Origin: desk.Origin{Principal: desk.CustomerPrincipal(session), Client: "t", CID: 1}, Session: session, Channel: "web",
					Name: private, Email: private + "@example.org", Page: private, Text: private})
			default:
				put(telling(anything(t, s, uint64(step+1))))
			}
		}
		want, err := s.Hash()
		if err != nil {
			t.Fatal(err)
		}
		all := map[desk.ConversationID]bool{}
		for _, r := range log {
			if e, ok := r.Event.(desk.Erased); ok {
				for _, id := range e.Conversations {
					all[id] = true
				}
			}
		}
		whole, some := slices.Clone(log), slices.Clone(log)
		for i := range log {
			scrubbed, changed := desk.Scrub(log[i].Event, all)
			whole[i].Event = scrubbed
			if again, more := desk.Scrub(scrubbed, all); more || again == nil {
				t.Fatalf("%T is changed by a second time", scrubbed)
			}
			if changed && rapid.Bool().Draw(t, "done") {
				some[i].Event = scrubbed
			}
			b, err := desk.Encode(whole[i])
			if err != nil {
				t.Fatal(err)
			}
			if about := conversationOf(whole[i].Event); all[about] && bytes.Contains(b, []byte(private)) {
				t.Fatalf("%T of %s still has it", whole[i].Event, about)
			}
		}
		for name, log := range map[string][]desk.Record{"all": whole, "some": some} {
			replayed := desk.New()
			for _, r := range log {
				replayed.Apply(r)
			}
			if got, err := replayed.Hash(); err != nil || got != want {
				t.Fatalf("%s written anew: the state has the hash %s, want %s (%v)", name, got, want, err)
			}
		}
		snapshot, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == int(s.LastConversation) && bytes.Contains(snapshot, []byte(private)) {
			t.Fatal("all is erased, and a snapshot still has it")
		}
	})
}

// conversationOf is what an event is about, read from its encoding's first field.
func conversationOf(e desk.Event) desk.ConversationID {
	switch e := e.(type) {
	case desk.CustomerJoined:
		return e.Conversation
	case desk.ContactLeft:
		return e.Conversation
	case desk.MessageSent:
		return e.Conversation
	case desk.Revived:
		return e.Conversation
	case desk.Transferred:
		return e.Conversation
	case desk.Invited:
		return e.Conversation
	}
	return ""
}
