package desk

import (
	"slices"
	"sort"
	"strings"

	"usher.chat/runtime/settings"
)

// RoomID names a place where members write to each other: "t:team", or "p:ana:ben" for two members,
// sorted (feature C13).
type RoomID string

// TeamRoom is a team's chat.
func TeamRoom(team string) RoomID { return RoomID("t:" + team) }

// PrivateRoom is two members' own.
func PrivateRoom(a, b string) RoomID {
	if b < a {
		a, b = b, a
	}
	return RoomID("p:" + a + ":" + b)
}

// Team is the team of a team's chat; empty for another room.
func (r RoomID) Team() string {
	team, ok := strings.CutPrefix(string(r), "t:")
	if !ok {
		return ""
	}
	return team
}

// Members are the two of a private room; false for another.
func (r RoomID) Members() (a, b string, ok bool) {
	rest, ok := strings.CutPrefix(string(r), "p:")
	if !ok {
		return "", "", false
	}
	a, b, ok = strings.Cut(rest, ":")
	return a, b, ok && a < b && !strings.Contains(b, ":")
}

// With is the other member of an agent's private room.
func (r RoomID) With(agent string) string {
	a, b, ok := r.Members()
	switch {
	case ok && a == agent:
		return b
	case ok && b == agent:
		return a
	}
	return ""
}

// Room is what the state knows of a room: the sequences of its last posts, for what is unread.
type Room struct {
	Last   []uint64 // at most keepPosts, the newest last
	LastAt int64
	// Read is up to where each member has read.
	Read map[string]uint64 `cbor:",omitempty"`
}

// keepPosts is how many posts can be unread before the mark says only "many".
const keepPosts = 100

// Unread is how many posts of a room an agent has not read; at most keepPosts.
func (r *Room) Unread(agent string) int {
	if r == nil {
		return 0
	}
	read := r.Read[agent]
	return len(r.Last) - sort.Search(len(r.Last), func(i int) bool { return r.Last[i] > read })
}

// LastSeq is the sequence of the newest post.
func (r *Room) LastSeq() uint64 {
	if r == nil || len(r.Last) == 0 {
		return 0
	}
	return r.Last[len(r.Last)-1]
}

// MayPost tells whether an agent may read and write a room.
func (s *State) MayPost(agent string, room RoomID) bool {
	m := s.members[agent]
	if m == nil {
		return false
	}
	if team := room.Team(); team != "" {
		_, member := m.Teams[team]
		t := s.team(team)
		return member && t != nil && t.Chat != settings.TeamChatDisabled
	}
	with := room.With(agent)
	return with != "" && s.members[with] != nil
}

// RoomsOf are the rooms of an agent: the chats of the agent's teams, and the private rooms in which
// something was written; sorted.
func (s *State) RoomsOf(agent string) []RoomID {
	m := s.members[agent]
	if m == nil {
		return nil
	}
	var rooms []RoomID
	for team := range m.Teams {
		if r := TeamRoom(team); s.MayPost(agent, r) {
			rooms = append(rooms, r)
		}
	}
	for r := range s.Rooms {
		if r.With(agent) != "" && s.MayPost(agent, r) {
			rooms = append(rooms, r)
		}
	}
	slices.Sort(rooms)
	return rooms
}

func (s *State) mayPost(agent string, room RoomID) *Error {
	if !s.MayPost(agent, room) {
		return refuse(NotFound, "there is no such room")
	}
	return nil
}

func (s *State) decidePost(c Post) (Decision, *Error) {
	if err := s.mayPost(c.Agent, c.Room); err != nil {
		return Decision{}, err
	}
	if err := checkText(c.Text); err != nil {
		return Decision{}, err
	}
	return only(Posted{Room: c.Room, Author: c.Agent, Text: c.Text}), nil
}

func (s *State) decideReadRoom(c ReadRoom) (Decision, *Error) {
	if err := s.mayPost(c.Agent, c.Room); err != nil {
		return Decision{}, err
	}
	r := s.Rooms[c.Room]
	if r == nil || c.Seq > r.LastSeq() || c.Seq <= r.Read[c.Agent] {
		return Decision{}, nil // nothing new
	}
	return only(RoomRead{Agent: c.Agent, Room: c.Room, Seq: c.Seq}), nil
}

func (s *State) applyPosted(e Posted, seq uint64, at int64) {
	r := s.Rooms[e.Room]
	if r == nil {
		r = &Room{}
		s.Rooms[e.Room] = r
	}
	if len(r.Last) == keepPosts {
		r.Last = append(r.Last[:0:0], r.Last[1:]...)
	}
	r.Last = append(r.Last, seq)
	r.LastAt = at
	s.read(r, e.Author, seq) // who writes has read
}

func (s *State) read(r *Room, agent string, seq uint64) {
	if r.Read == nil {
		r.Read = map[string]uint64{}
	}
	r.Read[agent] = max(r.Read[agent], seq)
}
