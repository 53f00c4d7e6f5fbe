package desk_test

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

func TestALineIsAlwaysInTheOrderOfArrivalThenNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fresh(t)
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		cid := uint64(0)
		by := func(p desk.Principal) desk.Origin {
			cid++
			return desk.Origin{Principal: p, Client: "t", CID: cid}
		}
		step(t, s, desk.Connect{Principal: "a:ana", Gateway: "g"}, now)
		type arrival struct {
			at int64
			n  int
			id desk.ConversationID
		}
		var model []arrival
		remove := func(id desk.ConversationID) arrival {
			for i, a := range model {
				if a.id == id {
					model = append(model[:i:i], model[i+1:]...)
					return a
				}
			}
			t.Fatalf("%s does not wait", id)
			return arrival{}
		}
		var taken []arrival
		for n := range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "ms")) * time.Millisecond)
			what := rapid.SampledFrom([]string{"join", "join", "leave line", "pick", "pick chosen", "give back"}).Draw(t, "what")
			switch {
			case what == "join":
				session := fmt.Sprintf("s%d", n)
				p := desk.CustomerPrincipal(session)
				d := step(t, s, desk.Join{Origin: by(p), Session: session, Channel: "web"}, now)
				step(t, s, desk.Connect{Principal: p, Gateway: "g"}, now)
				model = append(model, arrival{desk.Millis(now), n, d.Conversation})
			case what == "leave line" && len(model) > 0:
				a := rapid.SampledFrom(model).Draw(t, "who")
				step(t, s, desk.End{Origin: by(desk.CustomerPrincipal(s.Conversations[a.id].Session))}, now)
				remove(a.id)
			case what == "pick" && len(model) > 0 && len(taken) < 3:
				d := step(t, s, desk.Pick{Origin: by("a:ana"), Agent: "ana"}, now)
				if d.Conversation != model[0].id {
					t.Fatalf("picked %s, %s waits longest", d.Conversation, model[0].id)
				}
				taken = append(taken, remove(d.Conversation))
			case what == "pick chosen" && len(model) > 0 && len(taken) < 3:
				a := rapid.SampledFrom(model).Draw(t, "who")
				step(t, s, desk.Pick{Origin: by("a:ana"), Agent: "ana", Conversation: a.id}, now)
				taken = append(taken, remove(a.id))
			case what == "give back" && len(taken) > 0:
				a := rapid.SampledFrom(taken).Draw(t, "which")
				step(t, s, desk.Leave{Origin: by("a:ana"), Agent: "ana", Conversation: a.id}, now)
				for i := range taken {
					if taken[i].id == a.id {
						taken = append(taken[:i:i], taken[i+1:]...)
						break
					}
				}
				model = append(model, a)
			}
			sort.SliceStable(model, func(i, j int) bool {
				return model[i].at < model[j].at || model[i].at == model[j].at && model[i].n < model[j].n
			})
			line := s.Line("support")
			if len(line) != len(model) {
				t.Fatalf("%d wait, want %d", len(line), len(model))
			}
			for i, c := range line {
				if c.ID != model[i].id || s.PlaceInLine(c) != i+1 {
					t.Fatalf("place %d has %s (told %d), want %s", i+1, c.ID, s.PlaceInLine(c), model[i].id)
				}
			}
		}
	})
}

func TestAvailabilityFollowsFromOpenFreeAgentsAndPlacesLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		members := rapid.IntRange(0, 5).Draw(t, "members")
		limit := rapid.IntRange(1, 3).Draw(t, "limit")
		set := oneQueue()
		set.Teams[0].Members, set.Teams[0].MaxConversations = nil, limit
		for i := range members {
			set.Teams[0].Members = append(set.Teams[0].Members, settings.Member{Name: fmt.Sprintf("m%d", i)})
		}
		busy := settings.WhenBusy{Offer: rapid.SampledFrom([]settings.Offer{"", settings.OfferNothing, settings.OfferQueue}).Draw(t, "offer")}
		if mode := rapid.SampledFrom([]settings.CapacityMode{"", settings.CapacityFixed, settings.CapacityPerOnlineAgent}).Draw(t, "mode"); mode != "" {
			busy.Capacity = &settings.Capacity{Mode: mode, Places: rapid.IntRange(1, 4).Draw(t, "places")}
		}
		// First everybody who is to wait joins a line without bounds, then the setting comes.
		set.Queues[0].WhenBusy = settings.WhenBusy{Offer: settings.OfferQueue}
		set.Sort()
		s := desk.New()
		step(t, s, desk.ApplySettings{Settings: set}, now)
		online := rapid.IntRange(0, members).Draw(t, "online")
		for i := range online {
			step(t, s, desk.Connect{Principal: desk.AgentPrincipal(fmt.Sprintf("m%d", i)), Gateway: "g"}, now)
		}
		waiting := rapid.IntRange(0, 12).Draw(t, "waiting")
		for i := range waiting {
			session := fmt.Sprintf("s%d", i)
			step(t, s, desk.Join{Origin: desk.Origin{Principal: desk.CustomerPrincipal(session), Client: "t", CID: 1}, Session: session, Channel: "web"}, now)
		}
		taken := 0
		for i := range online {
			for n := range rapid.IntRange(0, limit).Draw(t, "picks") {
				if taken == waiting {
					break
				}
				agent := fmt.Sprintf("m%d", i)
				step(t, s, desk.Pick{Origin: desk.Origin{Principal: desk.AgentPrincipal(agent), Client: "t", CID: uint64(n + 1)}, Agent: agent}, now)
				taken++
			}
		}
		waiting -= taken
		set.Queues = []settings.Queue{set.Queues[0]}
		set.Queues[0].WhenBusy = busy
		open := rapid.Bool().Draw(t, "open")
		step(t, s, desk.ApplySettings{Settings: set}, now)
		if !open && members > 0 {
			step(t, s, desk.Switch{Origin: desk.Origin{Principal: "a:m0", Client: "u", CID: 1}, Agent: "m0", ID: "r", Queue: "support", State: settings.QueueClosed}, now)
		}
		open = open || members == 0
		// The rule, in one place: an agent is free, or whenBusy says Queue; and a place is left.
		free := online*limit - taken
		places, bounded := 0, true
		switch {
		case busy.Offer != settings.OfferQueue:
			places = free
		case busy.Capacity == nil:
			bounded = false
		case busy.Capacity.Mode == settings.CapacityPerOnlineAgent:
			places = busy.Capacity.Places * online
		default:
			places = busy.Capacity.Places
		}
		want := open && (!bounded || waiting < places)
		f, _ := s.Figures("support")
		if f.Availability.Offered() != want || f.Waiting != waiting || f.FreePlaces != free || f.Online != online {
			t.Fatalf("open %t, %d wait, %d free, %d online, %+v: %+v, want offered %t", open, waiting, free, online, busy, f, want)
		}
		_, err := desk.Decide(s, desk.Join{Origin: desk.Origin{Principal: "s:x", Client: "t", CID: 1}, Session: "x", Channel: "web"}, now)
		if (err == nil) != want {
			t.Fatalf("%+v: a join is answered with %v", f, err)
		}
	})
}
