package desk_test

import (
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// TestBadInputOfRoutingIsRefusedByNameAndChangesNothing: everybody is online; c1 waits in support, ben
// serves c2 there, c3 waits in billing (to be grabbed), fay serves c4 there, c5 waits for gus in person.
func TestBadInputOfRoutingIsRefusedByNameAndChangesNothing(t *testing.T) {
	type do = func(w *world) desk.Command
	pick := func(agent string, f func(*desk.Pick)) do {
		return func(w *world) desk.Command {
			p := desk.Pick{Origin: w.who(agent), Agent: agent}
			f(&p)
			return p
		}
	}
	chosen := func(agent string, id desk.ConversationID) do {
		return pick(agent, func(p *desk.Pick) { p.Conversation = id })
	}
	grabbed := func(agent string, id desk.ConversationID) do {
		return pick(agent, func(p *desk.Pick) { p.Conversation, p.Grab = id, true })
	}
	join := func(f func(*desk.Join)) do {
		return func(w *world) desk.Command {
			j := desk.Join{Origin: w.by("s:new"), Session: "new", Channel: "web"}
			f(&j)
			return j
		}
	}
	for _, c := range []struct {
		name string
		code desk.Code
		do   do
	}{
		{"a pick of a foreign conversation", desk.NotFound, chosen("ben", "c3")},
		{"a pick of a served foreign conversation", desk.NotFound, chosen("ben", "c4")},
		{"a pick of what waits for another in person", desk.NotFound, chosen("ben", "c5")},
		{"a pick from a foreign queue", desk.NotFound, pick("ben", func(p *desk.Pick) { p.Queue = "billing" })},
		{"a pick from a foreign team's queue", desk.NotFound, pick("ben", func(p *desk.Pick) { p.Team = "tier2" })},
		{"a pick from a team that is not there", desk.NotFound, pick("ben", func(p *desk.Pick) { p.Team = "gone" })},
		{"a pick from a team's queue where nobody waits", desk.QueueEmpty, pick("ben", func(p *desk.Pick) { p.Team = "tier1" })},
		{"a pick of an id that is no id", desk.NotFound, chosen("ben", "../c1")},
		{"a grab of what is taken", desk.AlreadyTaken, grabbed("eve", "c4")},
		{"a grab by an admin", desk.NotEntitled, grabbed("dan", "c3")},
		{"a grab in a Collaboration team", desk.BadRequest, grabbed("cem", "c1")},
		{"a grab by another team", desk.NotFound, grabbed("cem", "c3")},
		{"a grab of what waits for oneself in person", desk.BadRequest, grabbed("gus", "c5")},
		{"joining a foreign conversation", desk.NotFound, func(w *world) desk.Command { return w.enter("cem", "c4") }},
		{"joining what is grabbed by another of the team", desk.NotFound, func(w *world) desk.Command { return w.enter("eve", "c4") }},
		{"joining what is not there", desk.NotFound, func(w *world) desk.Command { return w.enter("cem", "c77") }},
		{"joining by nobody", desk.NotFound, func(w *world) desk.Command { return w.enter("", "c2") }},
		{"joining what is over", desk.ConversationEnded, func(w *world) desk.Command {
			w.must(w.end("fay", "c4"))
			return w.enter("dan", "c4")
		}},
		{"joining what is offered to another", desk.AlreadyTaken, func(w *world) desk.Command {
			w.must(w.end("ben", "c2"))
			w.is("c1", "offered to ben")
			return w.enter("cem", "c1")
		}},
		{"handing on what waits", desk.NotEntitled, func(w *world) desk.Command { return w.hand("ben", "c1", toTeam("tier2")) }},
		{"handing on what another has", desk.NotEntitled, func(w *world) desk.Command { return w.hand("cem", "c2", toTeam("tier2")) }},
		{"handing on a foreign conversation", desk.NotFound, func(w *world) desk.Command { return w.hand("cem", "c4", toTeam("tier2")) }},
		{"handing on twice", desk.NotFound, func(w *world) desk.Command {
			w.must(w.hand("ben", "c2", toAgent("eve")))
			return w.hand("ben", "c2", toAgent("fay"))
		}},
		{"handing on what is over", desk.ConversationEnded, func(w *world) desk.Command {
			w.must(w.end("fay", "c4"))
			return w.hand("fay", "c4", toTeam("tier1"))
		}},
		{"leaving a conversation that waits", desk.NotEntitled, func(w *world) desk.Command { return w.leave("ben", "c1") }},
		{"leaving twice", desk.NotEntitled, func(w *world) desk.Command {
			w.must(w.leave("ben", "c2"))
			return w.leave("ben", "c2")
		}},
		{"declining what waits for another", desk.NotFound, func(w *world) desk.Command { return w.decline("ben", "c5") }},
		{"declining what waits for all", desk.NotFound, func(w *world) desk.Command { return w.decline("ben", "c1") }},
		{"declining what is not there", desk.NotFound, func(w *world) desk.Command { return w.decline("ben", "c77") }},
		{"accepting after the time-out", desk.OfferExpired, func(w *world) desk.Command {
			w.must(w.end("ben", "c2"))
			w.until(w.now.Add(30 * time.Second))
			return w.accept("ben", "c1")
		}},
		{"accepting at the very end of the time", desk.OfferExpired, func(w *world) desk.Command {
			w.must(w.end("ben", "c2"))
			w.now = w.now.Add(30 * time.Second) // no tick came yet
			return w.accept("ben", "c1")
		}},
		{"accepting twice", desk.AlreadyTaken, func(w *world) desk.Command {
			w.must(w.end("ben", "c2"))
			w.must(w.accept("ben", "c1"))
			return w.accept("ben", "c1")
		}},
		{"accepting by another", desk.AlreadyTaken, func(w *world) desk.Command {
			w.must(w.end("ben", "c2"))
			return w.accept("cem", "c1")
		}},
		{"accepting by one of another team", desk.NotFound, func(w *world) desk.Command {
			w.must(w.end("ben", "c2"))
			return w.accept("eve", "c1")
		}},
		{"accepting what nobody offered", desk.OfferExpired, func(w *world) desk.Command { return w.accept("ben", "c1") }},
		{"accepting what is served", desk.AlreadyTaken, func(w *world) desk.Command { return w.accept("cem", "c2") }},
		{"refusing what nobody offered", desk.OfferExpired, func(w *world) desk.Command { return w.refuse("ben", "c1") }},
		{"refusing what is served", desk.AlreadyTaken, func(w *world) desk.Command { return w.refuse("ben", "c2") }},
		{"a key of somebody who was removed", desk.KeyInvalid, func(w *world) desk.Command {
			w.key("cem", "1234567")
			w.leaver("tier1", "cem")
			return join(func(j *desk.Join) { j.Key = "1234567" })(w)
		}},
		{"a key on a page that refuses keys", desk.FeatureOff, func(w *world) desk.Command {
			w.key("ben", "1234567")
			w.change(func(s *settings.Settings) { s.Channels[1].SessionKeys = settings.SessionKeysRefused })
			return join(func(j *desk.Join) { j.Key = "1234567" })(w)
		}},
		{"a wrong key", desk.KeyInvalid, join(func(j *desk.Join) { j.Key = "1234567" })},
		{"a key that is no key", desk.KeyInvalid, join(func(j *desk.Join) { j.Key = strings.Repeat("9", 4000) })},
		{"a key and a name", desk.BadRequest, join(func(j *desk.Join) { j.Key, j.Agent = "1234567", "ben" })},
		{"an issue and a link", desk.BadRequest, join(func(j *desk.Join) { j.Issue, j.To = "billing/other", toTeam("tier2") })},
		{"a link to a team that is gone", desk.LinkInvalid, join(func(j *desk.Join) { j.To = toTeam("gone") })},
		{"a link to a kind that is none", desk.LinkInvalid, join(func(j *desk.Join) { j.To = desk.Target{Kind: "moon", Name: "x"} })},
		{"an issue of a queue that the page does not list", desk.NotFound, join(func(j *desk.Join) { j.Issue = "overflow/x" })},
		{"a name with a control character", desk.TextInvalid, join(func(j *desk.Join) { j.Name = "Mar\u0007ia" })},
		{"a name with a C1 control character", desk.TextInvalid, join(func(j *desk.Join) { j.Name = "Mar\u009bia" })},
		{"a phone number with a new line", desk.TextInvalid, join(func(j *desk.Join) { j.Phone = "112\n113" })},
		{"an address that is none", desk.TextInvalid, join(func(j *desk.Join) { j.Email = "x" })},
		{"a page with an escape", desk.TextInvalid, join(func(j *desk.Join) { j.Page = "https://x/\x1b[2J" })},
		{"a reason with an escape", desk.TextInvalid, func(w *world) desk.Command {
			return desk.Switch{Origin: w.who("ana"), Agent: "ana", ID: "r", Queue: "support", State: settings.QueueClosed, Reason: "\x1b[2J"}
		}},
		{"a customer's picking", desk.NotEntitled, func(w *world) desk.Command {
			return desk.Pick{Origin: w.by("s:s1"), Agent: "s:s1", Conversation: "c1"}
		}},
		{"a session key for nobody", desk.NotEntitled, func(w *world) desk.Command {
			return desk.NewKey{Origin: w.who("nobody"), Agent: "nobody", Keys: []string{"1234567"}}
		}},
		{"no session key left", desk.LimitReached, func(w *world) desk.Command { return desk.NewKey{Origin: w.who("ben"), Agent: "ben"} }},
		{"dropping a key that is not there", desk.NotFound, func(w *world) desk.Command {
			return desk.DropKey{Origin: w.who("ben"), Agent: "ben", Key: "1234567"}
		}},
		{"taking an invitation back that nobody made", desk.NotFound, func(w *world) desk.Command {
			return desk.Uninvite{Origin: w.who("ben"), Agent: "ben", Conversation: "c2", To: toAgent("eve")}
		}},
		{"taking back another's invitation", desk.NotEntitled, func(w *world) desk.Command {
			w.must(w.ask("ben", "c2", toAgent("eve")))
			return desk.Uninvite{Origin: w.who("cem"), Agent: "cem", Conversation: "c2", To: toAgent("eve")}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, acme())
			w.online("ana", "ben", "cem", "dan", "eve", "fay", "gus")
			w.join("s1")
			w.must(w.choose("ben", w.join("s2")))
			w.shop("s3")
			w.must(w.grab("fay", w.shop("s4")))
			w.joinBy("s5", func(j *desk.Join) { j.To = toAgent("gus") })
			command := c.do(w)
			before, _ := w.s.Hash()
			e := w.refused(command, c.code)
			if e.Message == "" || (e.By != "") != (c.code == desk.AlreadyTaken) {
				t.Errorf("%+v", e)
			}
			if after, _ := w.s.Hash(); before != after {
				t.Error("a refusal changed the state")
			}
		})
	}
}

func TestEveryCommandOfRoutingSentAgainHasOneEffectAndOutOfOrderNone(t *testing.T) {
	for name, do := range map[string]func(*world, desk.ConversationID, desk.Origin) desk.Command{
		"transfer": func(_ *world, id desk.ConversationID, o desk.Origin) desk.Command {
			return desk.Transfer{Origin: o, Agent: "ben", Conversation: id, To: toAgent("eve")}
		},
		"invite": func(_ *world, id desk.ConversationID, o desk.Origin) desk.Command {
			return desk.Invite{Origin: o, Agent: "ben", Conversation: id, To: toAgent("eve")}
		},
		"uninvite": func(w *world, id desk.ConversationID, o desk.Origin) desk.Command {
			w.must(w.ask("ben", id, toTeam("tier2")))
			o.CID += 100
			return desk.Uninvite{Origin: o, Agent: "ben", Conversation: id, To: toTeam("tier2")}
		},
		"leave": func(_ *world, id desk.ConversationID, o desk.Origin) desk.Command {
			return desk.Leave{Origin: o, Agent: "ben", Conversation: id}
		},
		"pick": func(w *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			w.join("s2")
			return desk.Pick{Origin: o, Agent: "ben", Queue: "support"}
		},
		"enter": func(w *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			other := w.join("s2")
			w.must(w.choose("cem", other))
			return desk.Enter{Origin: o, Agent: "ben", Conversation: other}
		},
		"decline": func(w *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			return desk.Decline{Origin: o, Agent: "ben", Conversation: w.joinBy("s2", func(j *desk.Join) { j.Agent = "ben" })}
		},
		"presence": func(_ *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			return desk.SetPresence{Origin: o, Agent: "ben", Presence: desk.Away}
		},
		"new key": func(_ *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			return desk.NewKey{Origin: o, Agent: "ben", Keys: []string{"1234567", "7654321"}}
		},
		"drop key": func(w *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			w.key("ben", "1234567")
			o.CID += 100
			return desk.DropKey{Origin: o, Agent: "ben", Key: "1234567"}
		},
		"favour": func(_ *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			return desk.Favour{Origin: o, Agent: "ben", To: toTeam("tier1"), On: true}
		},
		"post": func(_ *world, _ desk.ConversationID, o desk.Origin) desk.Command {
			return desk.Post{Origin: o, Agent: "ben", Room: desk.TeamRoom("tier1"), Text: "hello"}
		},
		"end": func(_ *world, id desk.ConversationID, o desk.Origin) desk.Command {
			return desk.End{Origin: o, Conversation: id}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, acme())
			w.online("ana", "ben", "cem", "eve")
			id := w.served("s1")
			o := w.who("ben")
			o.CID += 50
			command := do(w, id, o)
			first := w.must(command)
			if len(first.Events) == 0 {
				t.Fatal("it has no effect at all")
			}
			before, _ := w.s.Hash()
			for range 3 {
				if d := w.must(command); len(d.Events) != 0 || d.Repeated == nil || d.Conversation != first.Conversation {
					t.Fatalf("again: %+v", d)
				}
			}
			late := desk.OriginOf(command)
			w.refused(desk.SetPresence{Origin: desk.Origin{Principal: late.Principal, Client: late.Client, CID: late.CID - 1}, Agent: "ben", Presence: desk.FinishMine}, desk.OutOfOrder)
			if after, _ := w.s.Hash(); before != after {
				t.Error("sent again, it had another effect")
			}
		})
	}
}

func TestWrongKeysThatLockASourceAreInTheLog(t *testing.T) {
	w := newWorld(t, acme())
	d := w.must(desk.LockKeys{Source: "192.0.2.7", Tries: 10, Until: 99})
	if e, ok := d.Events[0].(desk.KeysLocked); !ok || e.Source != "192.0.2.7" || e.Tries != 10 || e.Until != 99 {
		t.Fatalf("%+v", d.Events)
	}
}
