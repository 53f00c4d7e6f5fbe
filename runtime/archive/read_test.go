package archive_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// talk is an archive of one conversation in service with so many messages, customer and agent in turn.
func talk(t *testing.T, messages int) (*world, *archive.Archive, string) {
	w := newWorld(t)
	w.online("ana")
	id := w.join("s1", "web", "")
	other := w.join("s2", "web", "elsewhere")
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Conversation: desk.ConversationID(id)})
	for i := range messages {
		p := desk.Principal("s:s1")
		if i%2 == 1 {
			p = "a:ana"
		}
		w.must(desk.Say{Origin: w.by(p), Conversation: desk.ConversationID(id), Text: fmt.Sprint(i)})
	}
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, w.read)
	wait(t, a, w.s.Seq)
	if got, err := a.Messages(t.Context(), other, 0, 0, 10); err != nil || len(got) != 1 {
		t.Fatalf("the other conversation has %v, %v", got, err)
	}
	return w, a, id
}

func texts(messages []protocol.Message) (all []string) {
	for _, m := range messages {
		all = append(all, m.Text)
	}
	return all
}

func TestMessagesComeInOrderAndInPages(t *testing.T) {
	_, a, id := talk(t, 10)
	all, err := a.Messages(t.Context(), id, 0, 0, 100)
	if err != nil || len(all) != 10 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	for _, c := range []struct {
		name          string
		after, before uint64
		limit         int
		want          []string
	}{
		{"the newest", 0, 0, 3, []string{"7", "8", "9"}},
		{"before the newest", 0, all[7].Seq, 3, []string{"4", "5", "6"}},
		{"the first", 0, all[2].Seq, 3, []string{"0", "1"}},
		{"after what a client has", all[6].Seq, 0, 100, []string{"7", "8", "9"}},
		{"between", all[2].Seq, all[5].Seq, 100, []string{"3", "4"}},
		{"nothing after the last", all[9].Seq, 0, 100, nil},
		{"no limit is none", 0, 0, 0, nil},
		{"a sequence beyond all numbers", 1 << 63, 1<<64 - 1, 10, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := a.Messages(t.Context(), id, c.after, c.before, c.limit)
			if err != nil || !reflect.DeepEqual(texts(got), c.want) {
				t.Errorf("got %v, %v; want %v", texts(got), err, c.want)
			}
		})
	}
	if got, err := a.Messages(t.Context(), "c999", 0, 0, 10); err != nil || len(got) != 0 {
		t.Errorf("a conversation that is not there has %v, %v", got, err)
	}
}

func TestOnlyTheSenderIsToldItsOwnNumbers(t *testing.T) {
	_, a, id := talk(t, 2)
	for reader, want := range map[desk.Principal][2]bool{
		"": {false, false}, "s:s1": {true, false}, "a:ana": {false, true}, "a:ben": {false, false}, "s:s2": {false, false},
		"s:ana": {false, false},
	} {
		got, err := a.MessagesFor(t.Context(), reader, id, 0, 0, 10)
		if err != nil || len(got) != 2 {
			t.Fatalf("%q reads %v, %v", reader, got, err)
		}
		for i, m := range got {
			if told := m.Client == "client-1" && m.CID > 0; told != want[i] || !told && (m.Client != "" || m.CID != 0) {
				t.Errorf("%q is told %q %d of message %d", reader, m.Client, m.CID, i)
			}
		}
	}
}

func TestTheLogComesInPagesTheNewestFirst(t *testing.T) {
	w := wandered(t, 9, 1000)
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, w.read)
	wait(t, a, w.s.Seq)
	all, err := a.Log(t.Context(), "support", 0, 100_000)
	if err != nil || len(all) < 100 {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	var paged []protocol.LogEntry
	for before := uint64(0); ; before = paged[len(paged)-1].Seq {
		page, err := a.Log(t.Context(), "support", before, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
	}
	if !reflect.DeepEqual(paged, all) {
		t.Errorf("%d lines by pages, %d at once", len(paged), len(all))
	}
	for i := 1; i < len(all); i++ {
		if all[i].Seq >= all[i-1].Seq {
			t.Fatalf("line %d has sequence %d, the one before %d", i, all[i].Seq, all[i-1].Seq)
		}
	}
	if got, err := a.Log(t.Context(), "nowhere", 0, 10); err != nil || len(got) != 0 {
		t.Errorf("a queue that is not there has %v, %v", got, err)
	}
}

func TestAConversationIsKnownAfterItsEndWithAllWhoServedIt(t *testing.T) {
	w, a, id := talk(t, 2)
	from := w.s.Seq
	start := w.now.UnixMilli()
	w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: desk.ConversationID(id)})
	w.online("ben")
	w.must(desk.Pick{Origin: w.by("a:ben"), Agent: "ben", Conversation: desk.ConversationID(id)})
	w.must(desk.End{Origin: w.by("a:ben"), Conversation: desk.ConversationID(id)})
	a.Follow(w.records(from, 0))
	wait(t, a, w.s.Seq)
	got, err := a.Conversation(t.Context(), id)
	want := archive.Conversation{
		ID: id, Queue: "support", Channel: "web", Session: "s1", Name: "name of s1", Page: "https://acme.example/",
		ArrivedAt: start, Agent: "ben", Served: []string{"ana", "ben"}, StartedAt: start, EndedAt: start, EndedWhy: "agent", EndedBy: "ben",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if _, err := a.Conversation(t.Context(), "c999"); !errors.Is(err, archive.ErrNotFound) {
		t.Errorf("one that is not there gives %v", err)
	}
}
