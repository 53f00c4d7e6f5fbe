package archive_test

import (
	"fmt"
	"reflect"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

func TestRoomsAreReadInPagesAndTellOnlyTheAuthorItsNumbers(t *testing.T) {
	w := newWorld(t)
	team, private := desk.TeamRoom("tier1"), desk.PrivateRoom("ben", "ana")
	for i := range 10 {
		agent := []string{"ana", "ben"}[i%2]
		w.must(desk.Post{Origin: w.by(desk.AgentPrincipal(agent)), Agent: agent, Room: team, Text: fmt.Sprint(i)})
	}
	w.must(desk.Post{Origin: w.by("a:ana"), Agent: "ana", Room: private, Text: "between us"})
	a := caughtUp(t, w)
	all, err := a.Posts(t.Context(), string(team), 0, 100)
	if err != nil || len(all) != 10 {
		t.Fatalf("%d posts, %v", len(all), err)
	}
	for i, p := range all {
		want := protocol.Post{Seq: p.Seq, Room: string(team), Author: []string{"ana", "ben"}[i%2], Text: fmt.Sprint(i), At: w.now.UnixMilli()}
		if !reflect.DeepEqual(p, want) || i > 0 && p.Seq <= all[i-1].Seq {
			t.Errorf("post %d is %+v", i, p)
		}
	}
	for name, c := range map[string]struct {
		room   string
		before uint64
		limit  int
		want   []string
	}{
		"the newest":             {string(team), 0, 2, []string{"8", "9"}},
		"before them":            {string(team), all[8].Seq, 3, []string{"5", "6", "7"}},
		"the first":              {string(team), all[1].Seq, 3, []string{"0"}},
		"none before the first":  {string(team), all[0].Seq, 3, nil},
		"none without a limit":   {string(team), 0, 0, nil},
		"none of a limit below":  {string(team), 0, -5, nil},
		"of another room its":    {string(private), 0, 9, []string{"between us"}},
		"of no room none":        {"", 0, 9, nil},
		"of a room without":      {"t:tier2", 0, 9, nil},
		"beyond all numbers all": {string(private), 1<<64 - 1, 9, []string{"between us"}},
	} {
		got, err := a.Posts(t.Context(), c.room, c.before, c.limit)
		var texts []string
		for _, p := range got {
			texts = append(texts, p.Text)
		}
		if err != nil || !reflect.DeepEqual(texts, c.want) {
			t.Errorf("%s: %v, %v", name, texts, err)
		}
	}
	own, err := a.PostsFor(t.Context(), "a:ana", string(team), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range own {
		if told := p.Client == "client-1" && p.CID > 0; told != (p.Author == "ana") || !told && (p.Client != "" || p.CID != 0) {
			t.Errorf("ana is told %q %d of %+v", p.Client, p.CID, p)
		}
	}
}
