package desk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// TestEachRefusalHasItsRule tells for each code exactly when it is given. The world of a case: ana
// (admin) and ben may have three conversations, cem one; five places in the line; everybody online.
func TestEachRefusalHasItsRule(t *testing.T) {
	pick := func(w *world, agent, queue string, id desk.ConversationID) desk.Command {
		return desk.Pick{Origin: w.by(desk.AgentPrincipal(agent)), Agent: agent, Queue: queue, Conversation: id}
	}
	join := func(w *world, session string) desk.Join {
		return desk.Join{Origin: w.by(desk.CustomerPrincipal(session)), Session: session, Channel: "web"}
	}
	joinWith := func(change func(*desk.Join)) func(*world) desk.Command {
		return func(w *world) desk.Command {
			j := join(w, "s1")
			change(&j)
			return j
		}
	}
	say := func(text string) func(*world) desk.Command {
		return func(w *world) desk.Command {
			w.join("s1")
			return desk.Say{Origin: w.by("s:s1"), Text: text}
		}
	}
	switched := func(agent string, change func(*world, *desk.Switch)) func(*world) desk.Command {
		return func(w *world) desk.Command {
			c := desk.Switch{Origin: w.by(desk.AgentPrincipal(agent)), Agent: agent, ID: "r1", Queue: "support", State: settings.QueueClosed}
			change(w, &c)
			return c
		}
	}
	signIn := func(w *world, agent, link string, ends time.Duration) desk.SignIn {
		return desk.SignIn{Agent: agent, Session: "x", Link: link, Expires: desk.Millis(w.now) + 1000, LinkExpires: desk.Millis(w.now.Add(ends))}
	}
	served := func(w *world) desk.ConversationID {
		w.join("s1")
		return w.pick("ana")
	}
	over := func(w *world) desk.ConversationID {
		id := served(w)
		w.must(desk.End{Origin: w.by("a:ana"), Conversation: id})
		return id
	}
	offered := func(w *world) desk.ConversationID {
		id := served(w)
		w.join("s2")
		return w.offer("ana", id)
	}
	for _, c := range []struct {
		name string
		code desk.Code
		do   func(*world) desk.Command
	}{
		{"a join while the queue is closed", desk.QueueClosed, func(w *world) desk.Command {
			w.byHand(settings.QueueClosed, time.Time{})
			return join(w, "s1")
		}},
		{"a join while no agent is free and nothing is offered then", desk.NotOffered, func(w *world) desk.Command {
			w.support(func(q *settings.Queue) { q.WhenBusy = settings.WhenBusy{} })
			w.must(desk.Start{Epoch: 2})
			return join(w, "s1")
		}},
		{"a join to a channel whose queue is not there", desk.NotOffered, func(w *world) desk.Command {
			w.change(func(s *settings.Settings) { s.Queues = nil })
			return join(w, "s1")
		}},
		{"a join while no place is left", desk.QueueFull, func(w *world) desk.Command {
			for _, s := range []string{"s1", "s2", "s3", "s4", "s5"} {
				w.join(s)
			}
			return join(w, "s6")
		}},
		{"a join to a channel that is not there", desk.NotFound, joinWith(func(j *desk.Join) { j.Channel = "fax" })},
		{"a join while waiting", desk.AlreadyJoined, func(w *world) desk.Command { w.join("s1"); return join(w, "s1") }},
		{"a join while being served", desk.AlreadyJoined, func(w *world) desk.Command { served(w); return join(w, "s1") }},
		{"a join with a name of 101 characters", desk.TextTooLong, joinWith(func(j *desk.Join) { j.Name = strings.Repeat("å", 101) })},
		{"a join with a name that is not UTF-8", desk.TextInvalid, joinWith(func(j *desk.Join) { j.Name = "\xff" })},
		{"a join with a page that is not UTF-8", desk.TextInvalid, joinWith(func(j *desk.Join) { j.Page = "\xff" })},
		{"a join with a text of 4,001 characters", desk.TextTooLong, joinWith(func(j *desk.Join) { j.Text = strings.Repeat("å", 4001) })},
		{"a pick from a queue where nobody waits", desk.QueueEmpty, func(w *world) desk.Command { return pick(w, "ana", "support", "") }},
		{"a pick while nobody waits anywhere", desk.QueueEmpty, func(w *world) desk.Command { return pick(w, "ana", "", "") }},
		{"a pick of a customer who left", desk.NotWaiting, func(w *world) desk.Command { return pick(w, "ben", "", over(w)) }},
		{"accepting a customer who left", desk.NotWaiting, func(w *world) desk.Command {
			id := offered(w)
			w.must(desk.End{Origin: w.by("s:s2")})
			return desk.Accept{Origin: w.by("a:ana"), Agent: "ana", Conversation: id}
		}},
		{"a pick of a customer whom another has", desk.AlreadyTaken, func(w *world) desk.Command { return pick(w, "ben", "", served(w)) }},
		{"a pick of a customer who is being offered to another", desk.AlreadyTaken, func(w *world) desk.Command { return pick(w, "ben", "", offered(w)) }},
		{"accepting an offer made to another", desk.AlreadyTaken, func(w *world) desk.Command {
			id := offered(w)
			return desk.Accept{Origin: w.by("a:ben"), Agent: "ben", Conversation: id}
		}},
		{"a pick at the limit", desk.LimitReached, func(w *world) desk.Command {
			w.join("s1")
			w.join("s2")
			w.pick("cem")
			return pick(w, "cem", "support", "")
		}},
		{"accepting an offer that was let pass", desk.OfferExpired, func(w *world) desk.Command {
			id := offered(w)
			w.pass(30 * time.Second)
			return desk.Accept{Origin: w.by("a:ana"), Agent: "ana", Conversation: id}
		}},
		{"refusing an offer twice", desk.OfferExpired, func(w *world) desk.Command {
			id := offered(w)
			w.must(desk.Refuse{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
			return desk.Refuse{Origin: w.by("a:ana"), Agent: "ana", Conversation: id}
		}},
		{"a pick by somebody who is no member", desk.NotEntitled, func(w *world) desk.Command { return pick(w, "eve", "", "") }},
		{"writing in a conversation of another", desk.NotEntitled, func(w *world) desk.Command {
			id := served(w)
			return desk.Say{Origin: w.by("a:ben"), Conversation: id, Text: "hi"}
		}},
		{"writing in a conversation that is only offered", desk.NotEntitled, func(w *world) desk.Command {
			id := offered(w)
			return desk.Say{Origin: w.by("a:ana"), Conversation: id, Text: "hi"}
		}},
		{"leaving a conversation of another", desk.NotEntitled, func(w *world) desk.Command {
			id := served(w)
			return desk.Leave{Origin: w.by("a:ben"), Agent: "ben", Conversation: id}
		}},
		{"ending a conversation that waits, by an agent", desk.NotEntitled, func(w *world) desk.Command {
			return desk.End{Origin: w.by("a:ana"), Conversation: w.join("s1")}
		}},
		{"opening a queue that only admins switch", desk.NotEntitled, switched("ben", func(w *world, _ *desk.Switch) {
			w.support(func(q *settings.Queue) { q.ManualSwitch = settings.SwitchAdmins })
		})},
		{"a sign-in of somebody who is no member", desk.NotEntitled, func(w *world) desk.Command { return signIn(w, "eve", "l", time.Minute) }},
		{"a pick of a conversation that is not there", desk.NotFound, func(w *world) desk.Command { return pick(w, "ana", "", "c99") }},
		{"a pick from a queue that is not served", desk.NotFound, func(w *world) desk.Command { return pick(w, "ana", "sales", "") }},
		{"writing where one has no right to know", desk.NotFound, func(w *world) desk.Command {
			id := served(w)
			return desk.Say{Origin: w.by("a:eve"), Conversation: id, Text: "hi"}
		}},
		{"a customer's writing in another's conversation", desk.NotFound, func(w *world) desk.Command {
			id := w.join("s1")
			w.join("s2")
			return desk.Say{Origin: w.by("s:s2"), Conversation: id, Text: "hi"}
		}},
		{"switching a queue that is not there", desk.NotFound, switched("ana", func(_ *world, s *desk.Switch) { s.Queue = "sales" })},
		{"a customer's writing after the end", desk.ConversationEnded, func(w *world) desk.Command {
			over(w)
			return desk.Say{Origin: w.by("s:s1"), Text: "one more"}
		}},
		{"an agent's writing after the end", desk.ConversationEnded, func(w *world) desk.Command {
			id := over(w)
			return desk.Say{Origin: w.by("a:ana"), Conversation: id, Text: "one more"}
		}},
		{"ending twice", desk.ConversationEnded, func(w *world) desk.Command {
			id := over(w)
			return desk.End{Origin: w.by("a:ana"), Conversation: id}
		}},
		{"writing without a conversation", desk.ConversationEnded, func(w *world) desk.Command {
			return desk.Say{Origin: w.by("s:nobody"), Text: "hello?"}
		}},
		{"a number below one that was accepted", desk.OutOfOrder, func(w *world) desk.Command {
			w.join("s1")
			w.must(desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: "t", CID: 5}, Text: "a"})
			return desk.Say{Origin: desk.Origin{Principal: "s:s1", Client: "t", CID: 4}, Text: "b"}
		}},
		{"an empty message", desk.TextEmpty, say("")},
		{"a message of blanks", desk.TextEmpty, say(" \n\t ")},
		{"a message of 4,001 characters", desk.TextTooLong, say(strings.Repeat("é", 4001))},
		{"a message that is not UTF-8", desk.TextInvalid, say("a\xc3")},
		{"a message with a control character", desk.TextInvalid, say("ring\a")},
		{"a reason of 257 characters", desk.TextTooLong, switched("ana", func(_ *world, s *desk.Switch) { s.Reason = strings.Repeat("é", 257) })},
		{"a reason that is not UTF-8", desk.TextInvalid, switched("ana", func(_ *world, s *desk.Switch) { s.Reason = "\xff" })},
		{"an open by hand until now", desk.BadRequest, switched("ana", func(w *world, s *desk.Switch) { s.Until = desk.Millis(w.now) })},
		{"an open by hand until the year 10000", desk.BadRequest, switched("ana", func(_ *world, s *desk.Switch) { s.Until = 253402300800000 })},
		{"an open by hand to a state that is none", desk.BadRequest, switched("ana", func(_ *world, s *desk.Switch) { s.State = "Ajar" })},
		{"a sign-in link that was used", desk.LinkUsed, func(w *world) desk.Command {
			w.must(signIn(w, "ana", "l", time.Minute))
			return signIn(w, "ana", "l", time.Minute)
		}},
		{"a sign-in link that has expired", desk.LinkExpired, func(w *world) desk.Command { return signIn(w, "ana", "l", 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, oneQueue())
			w.online("ana", "ben", "cem")
			command := c.do(w)
			before, err := w.s.Hash()
			if err != nil {
				t.Fatal(err)
			}
			e := w.refused(command, c.code)
			if e.Message == "" || !strings.HasPrefix(e.Error(), string(c.code)+": ") {
				t.Errorf("%+v", e)
			}
			if (e.By != "") != (c.code == desk.AlreadyTaken) {
				t.Errorf("by %q", e.By)
			}
			if after, err := w.s.Hash(); err != nil || before != after {
				t.Error("a refusal changed the state")
			}
		})
	}
}

func TestWhatIsJustWithinTheLimitsIsTaken(t *testing.T) {
	w := newWorld(t, oneQueue())
	w.online("ana")
	long := strings.Repeat("é", desk.MaxText)
	w.must(desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web", Name: strings.Repeat("å", desk.MaxName), Page: "https://x/" + strings.Repeat("a", desk.MaxPage), Text: long})
	c := w.conv("c1")
	if len([]rune(c.Opening)) != 200 || c.Page != "" || c.Messages != 1 {
		t.Errorf("opening %d, page %d, %d messages", len([]rune(c.Opening)), len(c.Page), c.Messages)
	}
	w.must(desk.Say{Origin: w.by("s:s1"), Text: "a\tb\r\nc"})
	w.must(desk.Switch{Origin: w.by("a:ana"), Agent: "ana", ID: "r", Queue: "support", State: settings.QueueOpen, Until: 253402300799000, Reason: strings.Repeat("é", desk.MaxReason)})
	w.state(settings.QueueOpen, "Override")
	for _, r := range w.log {
		b, err := desk.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := desk.Decode(r.Seq, b); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARefusalIsAnErrorOfTheDomain(t *testing.T) {
	w := newWorld(t, oneQueue())
	_, err := desk.Decide(w.s, desk.Pick{Origin: w.by("a:ana"), Agent: "ana"}, w.now)
	var e *desk.Error
	if !errors.As(err, &e) || e.Code != desk.QueueEmpty {
		t.Errorf("%v", err)
	}
}
