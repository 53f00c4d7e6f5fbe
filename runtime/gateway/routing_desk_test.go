package gateway_test

import (
	"fmt"
	"net/http"
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

func TestColleaguesAndTeamsFollowPresence(t *testing.T) {
	w := open(t)
	ana := w.Agent("ana")
	presence := func(of, is string, online int) func(*gatewaytest.View) bool {
		return func(v *gatewaytest.View) bool {
			return v.Agents[of].Presence == is && v.Teams["helpers"].Online == online && v.Queues["support"].Online == online
		}
	}
	w.until(ana, "nobody else is there", presence("ben", "offline", 1))
	ben := w.Agent("ben")
	w.until(ana, "one comes", presence("ben", "available", 2))
	w.do(ben, protocol.Command{Type: protocol.TypePresence, Presence: "finishMine"})
	w.until(ana, "and gets nothing new", presence("ben", "finishMine", 2))
	w.until(ben, "its own standing follows", func(v *gatewaytest.View) bool { return v.Me.Presence == "finishMine" })
	w.do(ben, protocol.Command{Type: protocol.TypePresence, Presence: "away"})
	w.until(ana, "and is away", presence("ben", "away", 1))
	for _, p := range []string{"offline", "", "busy"} {
		w.refused(ben, protocol.Command{Type: protocol.TypePresence, Presence: p}, "bad_request")
	}
	_, c := w.joins("web", protocol.Command{})
	w.do(ana, protocol.Command{Type: protocol.TypePick, Conversation: c})
	w.until(ben, "loads are told", func(v *gatewaytest.View) bool { return v.Agents["ana"].Load == 1 && v.Agents["ana"].Limit == 3 })
	w.until(ana, "and one's own", func(v *gatewaytest.View) bool { return v.Me.Load == 1 && v.Me.Limit == 3 })
	ben.Drop()
	w.until(ana, "whose connection is lost is offline", presence("ben", "offline", 1))
}

func TestRoomsHavePostsUnreadMarksAndPages(t *testing.T) {
	w := open(t)
	ana, ben, eva := w.Agent("ana"), w.Agent("ben"), w.Agent("eva")
	post := func(c *gatewaytest.Client, room, text string) protocol.Ack {
		return w.do(c, protocol.Command{Type: protocol.TypePost, Room: room, Text: text})
	}
	for i := range 7 {
		post(ana, "t:helpers", fmt.Sprint("post ", i))
	}
	w.until(ben, "the team reads it live, and it is unread", func(v *gatewaytest.View) bool {
		p := v.Posts["t:helpers"]
		return len(p) == 7 && p[6].Text == "post 6" && p[6].AuthorName == "Ana Lind" && p[6].CID == 0 && v.Rooms["t:helpers"].Unread == 7
	})
	w.until(ana, "who writes has read, and knows the own row", func(v *gatewaytest.View) bool {
		p := v.Posts["t:helpers"]
		return len(p) == 7 && p[6].CID != 0 && v.Rooms["t:helpers"].Unread == 0
	})
	w.never(eva, "another team reads it", func(v *gatewaytest.View) bool { return len(v.Posts) > 0 })
	var last uint64
	ben.Look(func(v *gatewaytest.View) { last = v.Rooms["t:helpers"].LastSeq })
	w.do(ben, protocol.Command{Type: protocol.TypeRead, Room: "t:helpers", Seq: last})
	w.until(ben, "and read", func(v *gatewaytest.View) bool { return v.Rooms["t:helpers"].Unread == 0 })
	w.refused(eva, protocol.Command{Type: protocol.TypePost, Room: "t:helpers", Text: "x"}, "not_found")
	w.refused(ana, protocol.Command{Type: protocol.TypePost, Room: "p:ben:cem", Text: "x"}, "not_found")
	w.refused(ana, protocol.Command{Type: protocol.TypePost, Room: "p:ana:nobody", Text: "x"}, "not_found")
	w.refused(ana, protocol.Command{Type: protocol.TypePost, Room: "t:helpers"}, "text_empty")

	post(ana, "p:ana:eva", "between us")
	w.until(eva, "a private room appears with its first post", func(v *gatewaytest.View) bool {
		r := v.Rooms["p:ana:eva"]
		return r.Kind == "private" && r.With == "ana" && r.Name == "Ana Lind" && r.Unread == 1 && len(v.Posts["p:ana:eva"]) == 1
	})
	w.never(ben, "others see it", func(v *gatewaytest.View) bool { _, ok := v.Rooms["p:ana:eva"]; return ok })

	page := func(c *gatewaytest.Client, path string) (p protocol.PostPage, status int) {
		status, _ = w.call(c, "GET", path, nil, &p)
		return p, status
	}
	newest, status := page(ben, "/v1/rooms/t:helpers/messages?limit=5")
	if status != 200 || len(newest.Posts) != 5 || newest.Posts[4].Text != "post 6" || newest.Before == 0 {
		t.Fatalf("%d %+v", status, newest)
	}
	older, _ := page(ben, fmt.Sprintf("/v1/rooms/t:helpers/messages?limit=5&before=%d", newest.Before))
	if len(older.Posts) != 2 || older.Posts[0].Text != "post 0" || older.Before != 0 || older.Posts[0].AuthorName != "Ana Lind" {
		t.Errorf("%+v", older)
	}
	for _, path := range []string{"/v1/rooms/t:grabbers/messages", "/v1/rooms/p:ana:eva/messages", "/v1/rooms/x/messages"} {
		if _, status := page(ben, path); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if _, status := page(ben, "/v1/rooms/t:helpers/messages?limit=x"); status != 400 {
		t.Errorf("a limit that is none: %d", status)
	}
}

func TestFavouritesAreMarkedInEveryTabOfTheirAgentOnly(t *testing.T) {
	w := open(t)
	ana, other, ben := w.Agent("ana"), w.Agent("ana"), w.Agent("ben")
	w.do(ana, protocol.Command{Type: protocol.TypeFavour, To: to("queue", "support"), On: true})
	w.do(ana, protocol.Command{Type: protocol.TypeFavour, To: to("team", "helpers"), On: true})
	w.until(other, "both are marked", func(v *gatewaytest.View) bool { return v.Queues["support"].Favourite && v.Teams["helpers"].Favourite })
	w.joins("web", protocol.Command{})
	w.until(ben, "another's row", func(v *gatewaytest.View) bool {
		return v.Queues["support"].Waiting == 1 && !v.Queues["support"].Favourite
	})
	w.until(ana, "stays so with the next figures", func(v *gatewaytest.View) bool {
		return v.Queues["support"].Waiting == 1 && v.Queues["support"].Favourite
	})
	w.do(ana, protocol.Command{Type: protocol.TypeFavour, To: to("queue", "support")})
	w.until(other, "one is not", func(v *gatewaytest.View) bool { return !v.Queues["support"].Favourite })
	w.refused(ana, protocol.Command{Type: protocol.TypeFavour, To: to("queue", "shop"), On: true}, "not_found")
	w.refused(ana, protocol.Command{Type: protocol.TypeFavour, To: to("agent", "ben"), On: true}, "bad_request")
	w.refused(ana, protocol.Command{Type: protocol.TypeFavour, On: true}, "bad_request")
}

func TestSigningOutWithConversationsOpenAsksFirst(t *testing.T) {
	w := open(t)
	ben, cem := w.Agent("ben"), w.Agent("cem")
	_, c := w.joins("web", protocol.Command{})
	w.do(ben, protocol.Command{Type: protocol.TypePick, Conversation: c})
	if status, e := w.call(ben, "POST", "/v1/sign-out", nil, nil); status != http.StatusConflict || e.Code != "open_conversations" {
		t.Fatalf("%d %+v", status, e)
	}
	w.do(ben, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "still here"})
	if status, e := w.call(ben, "POST", "/v1/sign-out", protocol.SignOut{Force: true}, nil); status != http.StatusNoContent {
		t.Fatalf("%d %+v", status, e)
	}
	if code, err := ben.Closed(w.Context()); err != nil || code != protocol.CloseSignedOut {
		t.Errorf("closed with %d (%v)", code, err)
	}
	w.until(cem, "the customer is back in the line", waits(c))
}

func TestAFeatureThatIsOffIsOff(t *testing.T) {
	w := open(t, func(s *settings.Settings) {
		for i := range s.Queues {
			s.Queues[i].Disabled = []settings.Feature{settings.FeatureInvitations, settings.FeaturePreview, settings.FeatureTransfer, settings.FeatureTyping}
		}
	})
	ana, ben := w.Agent("ana"), w.Agent("ben")
	maria, c := w.joins("web", protocol.Command{})
	w.until(ben, "waits", waits(c))
	if status, e := w.call(ben, "GET", "/v1/conversations/"+c+"/messages", nil, nil); status != 404 {
		t.Errorf("a preview: %d %+v", status, e)
	}
	w.do(ben, protocol.Command{Type: protocol.TypePick, Conversation: c})
	w.refused(ben, protocol.Command{Type: protocol.TypeTransfer, Conversation: c, To: to("agent", "ana")}, "feature_off")
	w.refused(ben, protocol.Command{Type: protocol.TypeInvite, Conversation: c, To: to("agent", "ana")}, "feature_off")
	for _, who := range []*gatewaytest.Client{ben, maria} {
		w.until(who, "both sides are told", func(v *gatewaytest.View) bool { return len(v.Conversations[c].Disabled) == 4 })
	}
	if err := ben.Send(protocol.Command{Type: protocol.TypeTyping, Conversation: c, Typing: true}); err != nil {
		t.Fatal(err)
	}
	w.do(ben, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "hi"}) // after it, on the same socket
	w.until(maria, "the message came", said(c, "hello", "hi"))
	w.never(maria, "typing was passed on", func(v *gatewaytest.View) bool { return v.Typing > 0 })
	if status, _ := w.call(ben, "GET", "/v1/conversations/"+c+"/messages", nil, nil); status != 200 {
		t.Errorf("who serves reads: %d", status)
	}
	_ = ana
	w.Apply(routed())
	for _, who := range []*gatewaytest.Client{ben, maria} {
		w.until(who, "both sides are told that they are on again", func(v *gatewaytest.View) bool { return len(v.Conversations[c].Disabled) == 0 })
	}
}

func TestSettingsThatChangeInTheMiddleAreFollowed(t *testing.T) {
	w := open(t)
	ana, ben, cem, eva := w.Agent("ana"), w.Agent("ben"), w.Agent("cem"), w.Agent("eva")
	for _, who := range []*gatewaytest.Client{ana, cem} {
		if err := who.Send(protocol.Command{Type: protocol.TypeWatch, Views: []string{"team"}}); err != nil {
			t.Fatal(err)
		}
	}
	maria, c := w.joins("web", protocol.Command{})
	w.do(ben, protocol.Command{Type: protocol.TypePick, Conversation: c})
	for _, who := range []*gatewaytest.Client{ana, cem} {
		w.until(who, "colleagues see it", func(v *gatewaytest.View) bool { return len(v.Opens) == 1 })
	}
	_, next := w.joins("web", protocol.Command{})
	w.until(cem, "the next is to be picked", func(v *gatewaytest.View) bool { _, ok := v.Waiting[next]; return ok && !v.Waiting[next].Grab })

	s := routed()
	team := func(name string) *settings.Team {
		for i := range s.Teams {
			if s.Teams[i].Name == name {
				return &s.Teams[i]
			}
		}
		t.Fatal(name)
		return nil
	}
	team("helpers").Mode = settings.TeamGrab
	w.Apply(s)
	w.until(cem, "in a Grab team only admins see what others serve", func(v *gatewaytest.View) bool {
		return len(v.Opens) == 0 && v.Teams["helpers"].Mode == "Grab" && v.Waiting[next].Grab
	})
	w.never(ana, "the admin lost it", func(v *gatewaytest.View) bool { return len(v.Opens) == 0 })

	s = routed()
	team("helpers").Members = append(team("helpers").Members[:1:1], team("helpers").Members[2:]...) // without ben
	team("grabbers").Members = append(team("grabbers").Members, settings.Member{Name: "ben", DisplayName: "Ben Okoro"})
	w.Apply(s)
	w.until(ben, "who left a team for another has its rows and lines instead", func(v *gatewaytest.View) bool {
		_, helpers := v.Teams["helpers"]
		_, support := v.Queues["support"]
		_, shop := v.Queues["shop"]
		_, room := v.Rooms["t:helpers"]
		return !helpers && !support && !room && shop && v.Teams["grabbers"].Name != "" && len(v.Waiting) == 0
	})
	w.until(ben, "and not the conversation", gone(protocol.KindConversation, c, "removed", "Ben Okoro"))
	w.until(cem, "whose customer waits again", func(v *gatewaytest.View) bool { return v.Waiting[c].Returned == "removed" })
	w.until(maria, "at the old place", func(v *gatewaytest.View) bool { return v.Conversation().Place == 1 })
	w.until(eva, "colleagues see the team", func(v *gatewaytest.View) bool {
		return len(v.Agents["ben"].Teams) == 1 && v.Agents["ben"].Teams[0] == "grabbers"
	})

	s = routed()
	for i := range s.Queues {
		if s.Queues[i].Name == "support" {
			s.Queues = append(s.Queues[:i], s.Queues[i+1:]...)
			break
		}
	}
	looks := w.Customer("web", "")
	w.Apply(s)
	w.until(cem, "a queue that is removed goes with its line", func(v *gatewaytest.View) bool {
		_, there := v.Queues["support"]
		return !there && len(v.Waiting) == 0
	})
	w.until(looks, "its channel is closed", func(v *gatewaytest.View) bool { return v.Channel.Availability == protocol.Closed && !v.Channel.Offered })
	w.until(maria, "its customers are told", func(v *gatewaytest.View) bool {
		return v.Conversation().State == protocol.StateInactive || v.Conversation().State == protocol.StateEnded
	})
}
