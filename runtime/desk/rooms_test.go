package desk_test

import (
	"fmt"
	"strings"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Team chat and private conversations between members (feature C13).

func (w *world) post(agent string, room desk.RoomID, text string) desk.Post {
	return desk.Post{Origin: w.who(agent), Agent: agent, Room: room, Text: text}
}

func TestMembersWriteInTheirTeamsChatAndToEachOther(t *testing.T) {
	w := newWorld(t, acme())
	w.must(w.post("ben", desk.TeamRoom("tier1"), "lunch?"))
	w.must(w.post("ana", desk.PrivateRoom("ben", "ana"), "just us"))
	w.must(w.post("ben", desk.PrivateRoom("ana", "ben"), "the same room"))
	if r := w.s.Rooms[desk.PrivateRoom("ana", "ben")]; len(r.Last) != 2 {
		t.Fatalf("%+v", r)
	}
	if got := fmt.Sprint(w.s.RoomsOf("ana")); got != "[p:ana:ben t:tier1]" {
		t.Errorf("ana's rooms: %s", got)
	}
	if got := fmt.Sprint(w.s.RoomsOf("cem")); got != "[t:tier1]" {
		t.Errorf("cem's rooms: %s", got)
	}
	w.must(w.post("ben", desk.PrivateRoom("ben", "gus"), "a member of another team"))
}

func TestNobodyWritesInAForeignRoom(t *testing.T) {
	w := newWorld(t, acme())
	for _, room := range []desk.RoomID{
		desk.TeamRoom("tier2"), desk.TeamRoom("gone"), desk.PrivateRoom("ana", "cem"), desk.PrivateRoom("ben", "ben"), desk.PrivateRoom("ben", "nobody"),
		"", "t:", "p:", "p:ben", "p:ben:", "p::ben", "p:ben:ana", "p:ana:ben:cem", "x:tier1", "q:support",
	} {
		w.refused(w.post("ben", room, "hello"), desk.NotFound)
		w.refused(desk.ReadRoom{Origin: w.who("ben"), Agent: "ben", Room: room, Seq: 1}, desk.NotFound)
	}
	w.refused(w.post("nobody", desk.TeamRoom("tier1"), "hello"), desk.NotFound)
	w.refused(w.post("ben", desk.TeamRoom("tier1"), " "), desk.TextEmpty)
	w.refused(w.post("ben", desk.TeamRoom("tier1"), strings.Repeat("é", desk.MaxText+1)), desk.TextTooLong)
	w.refused(w.post("ben", desk.TeamRoom("tier1"), "\x1b[2J"), desk.TextInvalid)
}

func TestUnreadCountsWhatOthersWroteSinceOneRead(t *testing.T) {
	w := newWorld(t, acme())
	room := desk.TeamRoom("tier1")
	unread := func(agent string, want int) {
		t.Helper()
		if got := w.s.Rooms[room].Unread(agent); got != want {
			t.Fatalf("%s has %d unread, want %d", agent, got, want)
		}
	}
	unread("ben", 0)
	w.must(w.post("ana", room, "one"))
	w.must(w.post("ana", room, "two"))
	unread("ana", 0) // who writes has read
	unread("ben", 2)
	seq := w.s.Rooms[room].LastSeq()
	w.must(desk.ReadRoom{Origin: w.who("ben"), Agent: "ben", Room: room, Seq: seq})
	unread("ben", 0)
	for _, again := range []uint64{seq, seq - 1, seq + 100, 0} {
		if d := w.must(desk.ReadRoom{Origin: w.who("ben"), Agent: "ben", Room: room, Seq: again}); len(d.Events) != 0 {
			t.Errorf("reading up to %d: %v", again, d.Events)
		}
	}
	w.must(w.post("ana", room, "three"))
	unread("ben", 1)
	w.quick = true
	for i := range 150 {
		w.must(w.post("ana", room, fmt.Sprint(i)))
	}
	unread("ben", 100) // many
	unread("cem", 100)
}

func TestATeamsChatThatIsDisabledIsClosedAndPrivateRoomsStay(t *testing.T) {
	w := newWorld(t, acme())
	w.must(w.post("ben", desk.TeamRoom("tier1"), "hello"))
	w.must(w.post("ben", desk.PrivateRoom("ana", "ben"), "hello"))
	w.team("tier1", func(team *settings.Team) { team.Chat = settings.TeamChatDisabled })
	w.refused(w.post("ben", desk.TeamRoom("tier1"), "hello?"), desk.NotFound)
	if got := fmt.Sprint(w.s.RoomsOf("ben")); got != "[p:ana:ben]" {
		t.Errorf("%s", got)
	}
	w.team("tier1", func(team *settings.Team) { team.Chat = "" })
	if w.s.Rooms[desk.TeamRoom("tier1")].Unread("ana") != 1 {
		t.Error("what was written before is gone")
	}
}

func TestALeaversRoomsCloseAtOnce(t *testing.T) {
	w := newWorld(t, acme())
	w.must(w.post("ben", desk.TeamRoom("tier1"), "hello"))
	w.must(w.post("ben", desk.PrivateRoom("ana", "ben"), "hello"))
	w.leaver("tier1", "ben")
	w.refused(w.post("ben", desk.TeamRoom("tier1"), "still me"), desk.NotFound)
	w.refused(w.post("ben", desk.PrivateRoom("ana", "ben"), "still me"), desk.NotFound)
	w.refused(w.post("ana", desk.PrivateRoom("ana", "ben"), "where are you?"), desk.NotFound)
	if got := w.s.RoomsOf("ben"); got != nil {
		t.Errorf("%v", got)
	}
}
