package archive_test

import (
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

func TestALiveArchiveHasTheSameRowsAsARebuiltOne(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "archive.db")
	a := open(t, path)
	stop := run(t, a, w.read)
	r := rand.New(rand.NewPCG(1, 2))
	sent := uint64(0)
	for range 200 {
		w.wander(r, 1+r.IntN(20))
		a.Follow(w.records(sent, 0))
		sent = w.s.Seq
	}
	wait(t, a, sent)
	if got := a.Position(); got != sent {
		t.Fatalf("position %d, want %d", got, sent)
	}
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	got := dump(t, path)
	if len(got) < 50_000 {
		t.Fatalf("only %d bytes of rows came of %d records", len(got), sent)
	}
	alike(t, got, dump(t, rebuilt(t, w.read, sent)))
}

func TestTheLogTellsWhoDidWhatAndWhy(t *testing.T) {
	w := newWorld(t)
	w.online("ana", "ben")
	first := w.join("s1", "web", "")
	w.now = w.now.Add(90 * time.Second)
	w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Queue: "support"})
	second, third := w.join("s2", "web", ""), w.join("s3", "web", "")
	until := w.now.Add(time.Hour)
	w.must(desk.Switch{Origin: w.by("a:ben"), Agent: "ben", ID: "r1", Queue: "support", State: settings.QueueClosed, Until: until.UnixMilli(), Reason: "fire drill"})
	w.must(desk.End{Origin: w.by("a:ana"), Conversation: desk.ConversationID(first)}) // offers the second
	w.must(desk.Refuse{Origin: w.by("a:ana"), Agent: "ana", Conversation: desk.ConversationID(second)})
	w.must(desk.End{Origin: w.by("s:s3")})
	w.must(desk.Disconnect{Principal: "s:s2", Gateway: "g"})
	w.pass(time.Minute)
	changed := sample(2)
	changed.Teams[0].Generation = 2
	changed.Queues[1].OverrideAnswer = &settings.OverrideAnswer{Request: "r1", Refused: "git holds it"}
	w.apply(changed)

	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, w.read)
	wait(t, a, w.s.Seq)
	got, err := a.Log(t.Context(), "support", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	n1, n2, n3 := "name of s1", "name of s2", "name of s3"
	by := "ben@acme.example"
	want := []protocol.LogEntry{
		{Type: "settings", Cause: "Added", Generation: 1},
		{Type: "opened", Cause: "AlwaysOpen", Generation: 1},
		{Type: "joined", Cause: "web", Conversation: first, Name: n1, Generation: 1},
		{Type: "picked", By: "ana", Cause: "next", Conversation: first, Name: n1, Generation: 1, WaitedMS: 90_000},
		{Type: "joined", Cause: "web", Conversation: second, Name: n2, Generation: 1},
		{Type: "joined", Cause: "web", Conversation: third, Name: n3, Generation: 1},
		{Type: "override", By: by, Cause: "RequestedClosed", Reason: "fire drill", Until: until.UnixMilli(), Generation: 1},
		{Type: "closed", By: by, Cause: "Override", Reason: "fire drill", Until: until.UnixMilli(), Generation: 1},
		{Type: "ended", By: "ana", Cause: "agent", Conversation: first, Name: n1, Generation: 1},
		{Type: "offered", By: "ana", Until: w.now.Add(-30 * time.Second).UnixMilli(), Conversation: second, Name: n2, Generation: 1},
		{Type: "returned", By: "ana", Cause: "refused", Conversation: second, Name: n2, Generation: 1},
		{Type: "left", Cause: "left", Conversation: third, Name: n3, Generation: 1},
		{Type: "left", Cause: "abandoned", Conversation: second, Name: n2, Generation: 1},
		{Type: "settings", Cause: "Queue, Team tier1", Generation: 2},
		{Type: "override", By: by, Cause: "Refused", Reason: "git holds it", Generation: 2},
		{Type: "opened", Cause: "AlwaysOpen", Generation: 2},
	}
	if len(got) != len(want) {
		t.Errorf("%d lines, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		g := got[len(got)-1-i]
		if g.Seq == 0 || g.At == 0 || g.Queue != "support" {
			t.Errorf("line %d lacks its place: %+v", i, g)
		}
		g.Seq, g.At, g.Queue = 0, 0, ""
		if !reflect.DeepEqual(g, want[i]) {
			t.Errorf("line %d\n got %+v\nwant %+v", i, g, want[i])
		}
	}
}
