package desk_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Secure metadata (feature C9). What is sealed is of no concern here: the gateway has opened it.

const sealed = "eyJhbGciOiJkaXIifQ..sealed.by.site"

func bringing(j *desk.Join) { j.Secure, j.SecureName = sealed, "Maria Lind" }

func (w *world) policy(p settings.SecureMetadata) {
	w.t.Helper()
	w.support(func(q *settings.Queue) { q.SecureMetadata = p })
}

func TestTheQueueSaysWhetherWhatASiteSealedIsIgnoredTakenOrRequired(t *testing.T) {
	bad := func(j *desk.Join) { j.SecureError = "the secure metadata have expired" }
	none := func(*desk.Join) {}
	for _, c := range []struct {
		policy  settings.SecureMetadata
		what    string
		join    func(*desk.Join)
		refused desk.Code
		secure  string
		name    string
	}{
		{"", "good", bringing, "", sealed, "Maria Lind"},
		{"", "bad", bad, desk.SecureInvalid, "", ""},
		{"", "none", none, "", "", "s1"},
		{settings.SecureOptional, "good", bringing, "", sealed, "Maria Lind"},
		{settings.SecureOptional, "bad", bad, desk.SecureInvalid, "", ""},
		{settings.SecureOptional, "none", none, "", "", "s1"},
		{settings.SecureRequired, "good", bringing, "", sealed, "Maria Lind"},
		{settings.SecureRequired, "bad", bad, desk.SecureInvalid, "", ""},
		{settings.SecureRequired, "none", none, desk.SecureRequired, "", ""},
		{settings.SecureIgnore, "good", bringing, "", "", "s1"},
		{settings.SecureIgnore, "bad", bad, "", "", "s1"},
		{settings.SecureIgnore, "none", none, "", "", "s1"},
	} {
		t.Run(string(c.policy)+" "+c.what, func(t *testing.T) {
			w := newWorld(t, acme())
			w.policy(c.policy)
			if c.refused != "" {
				j := desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web"}
				c.join(&j)
				e := w.refused(j, c.refused)
				if j.SecureError != "" && e.Message != j.SecureError {
					t.Errorf("it says %q", e.Message)
				}
				return
			}
			conv := w.conv(w.joinBy("s1", c.join))
			if conv.Secure != c.secure || conv.Name != c.name {
				t.Errorf("it has %q and is called %q", conv.Secure, conv.Name)
			}
		})
	}
}

// TestThePolicyIsThatOfTheQueueWhereTheCustomerWillWait and not that of the channel's.
func TestThePolicyIsThatOfTheQueueWhereTheCustomerWillWait(t *testing.T) {
	w := newWorld(t, acme())
	w.policy(settings.SecureRequired)
	w.queue("billing", func(q *settings.Queue) { q.SecureMetadata = settings.SecureIgnore })
	other := func(j *desk.Join) { bringing(j); j.Issue = "billing/other" }
	if c := w.conv(w.joinBy("s1", other)); c.Secure != "" || c.Queue != "billing" {
		t.Errorf("%q in %s", c.Secure, c.Queue)
	}
	// A contact form needs no facts: nobody is let in by it.
	w.must(w.form("s2", func(*desk.Contact) {}))
}

func TestANameThatASiteStatesIsOneLikeAnyOther(t *testing.T) {
	w := newWorld(t, acme())
	join := func(name string) desk.Join {
		return desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web", Secure: sealed, SecureName: name}
	}
	w.refused(join(strings.Repeat("x", desk.MaxName+1)), desk.TextTooLong)
	w.refused(join("a\x00b"), desk.TextInvalid)
	w.refused(join("a\xff"), desk.TextInvalid)
	if c := w.conv(w.must(join("\u202eMaria\u202c")).Conversation); c.Name != "Maria" {
		t.Errorf("%q", c.Name)
	}
}

// TestFactsSpeakOfOneJoinOnly: whoever comes back in the same browser may be somebody else.
func TestFactsSpeakOfOneJoinOnly(t *testing.T) {
	none := func(*desk.Join) {}
	for name, c := range map[string]struct{ first, then func(*desk.Join) }{
		"with facts, then without": {bringing, none},
		"without, then with facts": {none, bringing},
		"with facts both times":    {bringing, bringing},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, acme())
			id := w.joinBy("s1", c.first)
			w.must(w.write("s1", "hello"))
			w.must(desk.End{Origin: w.by("s:s1")})
			before := w.conv(id).Secure
			again := w.joinBy("s1", c.then)
			j := desk.Join{}
			c.then(&j)
			if again == id || w.conv(id).Secure != before || w.conv(again).Secure != j.Secure {
				t.Fatalf("%s has %q, %s has %q", id, w.conv(id).Secure, again, w.conv(again).Secure)
			}
			w.is(id, "inactive in support: left")
			w.is(again, "waits in support, place 1")
		})
	}
	w := newWorld(t, acme())
	id := w.joinBy("s1", bringing)
	w.must(w.write("s1", "hello"))
	w.must(desk.End{Origin: w.by("s:s1")})
	if form := w.must(w.form("s1", func(*desk.Contact) {})).Conversation; form == id {
		t.Error("a contact form goes on with a conversation that has facts")
	}
	// Who only writes on has joined before.
	w = newWorld(t, acme())
	id = w.joinBy("s1", bringing)
	w.must(w.write("s1", "hello"))
	w.must(desk.End{Origin: w.by("s:s1")})
	w.must(w.write("s1", "hello again"))
	w.is(id, "waits in support, place 1")
	if w.conv(id).Secure != sealed {
		t.Error("a message took the facts away")
	}
}

func TestWhatASiteSealedGoesWithItsConversationThroughASnapshotAndEndsWithIt(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	id := w.joinBy("s1", bringing)
	w.must(desk.Pick{Origin: w.by("a:ben"), Agent: "ben", Conversation: id})
	w.must(desk.Leave{Origin: w.by("a:ben"), Agent: "ben", Conversation: id})
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
	b, err := w.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	s, err := desk.Restore(b)
	if err != nil || s.Conversations[id].Secure != sealed {
		t.Fatalf("a copy: %v", err)
	}
	w.must(w.end("ana", id))
	if w.conv(id).Secure != sealed {
		t.Error("it ended with the service, while its agent may still read the conversation")
	}
	w.must(erase(id))
	if b, err := w.s.Snapshot(); err != nil || bytes.Contains(b, []byte(sealed)) {
		t.Errorf("it is in the state after the erasure: %v", err)
	}
	found := false
	for _, r := range w.log {
		e, _ := desk.Scrub(r.Event, map[desk.ConversationID]bool{id: true})
		was, err := desk.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(was, []byte(sealed))
		r.Event = e
		if is, err := desk.Encode(r); err != nil || bytes.Contains(is, []byte(sealed)) {
			t.Errorf("record %d has it after the erasure: %v", r.Seq, err)
		}
	}
	if !found {
		t.Error("no record had it before")
	}
	joined := desk.CustomerJoined{Conversation: "c9", Secure: sealed} // nothing else to take out
	if e, changed := desk.Scrub(joined, map[desk.ConversationID]bool{"c9": true}); !changed || e.(desk.CustomerJoined).Secure != "" {
		t.Errorf("%+v", e)
	}
}

func TestAJoinWithFactsTravelsBetweenPods(t *testing.T) {
	c := desk.Join{Origin: desk.Origin{Principal: "s:s1", Client: "client-1", CID: 3}, Session: "s1", Channel: "web", Secure: sealed, SecureName: "Maria", SecureError: "no"}
	b, err := desk.EncodeCommand(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := desk.DecodeCommand(b); err != nil || got != desk.Command(c) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestWhatASiteSealedIsReadFromLedgersForEver: these bytes are those of the release that began with it.
func TestWhatASiteSealedIsReadFromLedgersForEver(t *testing.T) {
	r := desk.Record{Seq: 7, At: 99, Event: desk.CustomerJoined{Conversation: "c1", Session: "s1", Queue: "support", Channel: "web", Secure: "eyJ"}}
	const golden = "8501081863f6a501626331026273310367737570706f72740463776562106365794a"
	if b, err := desk.Encode(r); err != nil || hex.EncodeToString(b) != golden {
		t.Errorf("it is written as %x, %v", b, err)
	}
	b, err := hex.DecodeString(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := desk.Decode(7, b); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
}
