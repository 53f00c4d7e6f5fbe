package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// The desk of the tests of routing:
//
//	support   tier1 (Collaboration): ana admin, ben, cem who may have one   channel web, its page lists agents
//	billing   tier2 (Grab): dan admin, eve, fay                             channel shop
//	overflow  night (Collaboration): gus
//
// Everybody may have three conversations unless told otherwise, and every queue lets customers wait.
func acme() settings.Settings {
	wait := settings.WhenBusy{Offer: settings.OfferQueue}
	return settings.Settings{
		Desk: settings.Desk{Name: "acme"},
		Teams: []settings.Team{
			{Name: "tier1", Members: []settings.Member{{Name: "ana", Role: settings.RoleAdmin}, {Name: "ben", Listing: settings.ListingPublic}, {Name: "cem", MaxConversations: 1}}},
			{Name: "tier2", Mode: settings.TeamGrab, Members: []settings.Member{{Name: "dan", Role: settings.RoleAdmin}, {Name: "eve"}, {Name: "fay"}}},
			{Name: "night", Members: []settings.Member{{Name: "gus"}}},
			{Name: "ghosts"},
		},
		Queues: []settings.Queue{
			{Name: "support", Teams: []string{"tier1"}, WhenBusy: wait},
			{Name: "billing", Teams: []string{"tier2"}, WhenBusy: wait, Issues: []settings.Issue{
				{Name: "refund", DisplayName: "Refunds", Team: "tier2"}, {Name: "other"}, {Name: "urgent", Priority: 50}}},
			{Name: "overflow", Teams: []string{"night"}, WhenBusy: wait},
		},
		Channels: []settings.Channel{
			{Name: "web", Type: settings.ChannelWeb, Queue: "support", IssueQueues: []string{"billing"}, Agents: settings.AgentListOnline,
				Unavailable: settings.Unavailable{Action: settings.UnavailableContactForm}},
			{Name: "shop", Type: settings.ChannelWeb, Queue: "billing"},
		},
	}
}

// automatic lets the support queue offer by a strategy.
func automatic(strategy settings.Strategy) settings.Settings {
	set := acme()
	set.Queues[0].Distribution = settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: strategy}
	return set
}

// queue and team change one of them under way.
func (w *world) queue(name string, f func(*settings.Queue)) {
	w.t.Helper()
	w.change(func(s *settings.Settings) {
		f(&s.Queues[slices.IndexFunc(s.Queues, func(q settings.Queue) bool { return q.Name == name })])
	})
}

func (w *world) team(name string, f func(*settings.Team)) {
	w.t.Helper()
	w.change(func(s *settings.Settings) {
		t := &s.Teams[slices.IndexFunc(s.Teams, func(t settings.Team) bool { return t.Name == name })]
		t.Members = slices.Clone(t.Members)
		f(t)
	})
}

// leaver takes an agent out of a team.
func (w *world) leaver(team, agent string) {
	w.t.Helper()
	w.team(team, func(t *settings.Team) {
		t.Members = slices.DeleteFunc(t.Members, func(m settings.Member) bool { return m.Name == agent })
	})
}

// without takes a queue away.
func (w *world) without(queue string) {
	w.t.Helper()
	w.change(func(s *settings.Settings) {
		s.Queues = slices.DeleteFunc(s.Queues, func(q settings.Queue) bool { return q.Name == queue })
	})
}

// where tells in words where a conversation is.
func (w *world) where(id desk.ConversationID) string {
	c := w.s.Conversations[id]
	if c == nil {
		return "forgotten"
	}
	switch c.Place {
	case desk.Waiting:
		place := w.s.PlaceInLine(c)
		switch {
		case c.ForAgent != "":
			return fmt.Sprintf("waits for %s, place %d", c.ForAgent, place)
		case c.ForTeam != "":
			return fmt.Sprintf("waits for team %s, place %d", c.ForTeam, place)
		}
		return fmt.Sprintf("waits in %s, place %d", c.Queue, place)
	case desk.OfferedTo:
		return "offered to " + c.Agent
	case desk.InService:
		return "with " + strings.Join(c.Agents(), " and ")
	case desk.Over:
		return fmt.Sprintf("over: %s", c.EndedWhy)
	}
	return fmt.Sprintf("inactive in %s: %s", c.Queue, c.EndedWhy)
}

func (w *world) is(id desk.ConversationID, want string) {
	w.t.Helper()
	if got := w.where(id); got != want {
		w.t.Fatalf("%s: %s, want: %s", id, got, want)
	}
}

func (w *world) who(agent string) desk.Origin { return w.by(desk.AgentPrincipal(agent)) }

// joinBy joins in another way than through the channel web alone.
func (w *world) joinBy(session string, f func(*desk.Join)) desk.ConversationID {
	w.t.Helper()
	p := desk.CustomerPrincipal(session)
	j := desk.Join{Origin: w.by(p), Session: session, Channel: "web", Name: session}
	f(&j)
	d := w.must(j)
	w.must(desk.Connect{Principal: p, Gateway: "g"})
	return d.Conversation
}

// shop joins the billing queue.
func (w *world) shop(session string) desk.ConversationID {
	w.t.Helper()
	return w.joinBy(session, func(j *desk.Join) { j.Channel = "shop" })
}

// gone takes the socket of an agent or a customer away.
func (w *world) gone(p desk.Principal) {
	w.t.Helper()
	w.must(desk.Disconnect{Principal: p, Gateway: "g"})
}

func toAgent(name string) desk.Target { return desk.Target{Kind: desk.ToAgent, Name: name} }
func toTeam(name string) desk.Target  { return desk.Target{Kind: desk.ToTeam, Name: name} }
func toQueue(name string) desk.Target { return desk.Target{Kind: desk.ToQueue, Name: name} }

func (w *world) hand(agent string, id desk.ConversationID, to desk.Target) desk.Transfer {
	return desk.Transfer{Origin: w.who(agent), Agent: agent, Conversation: id, To: to}
}

func (w *world) ask(agent string, id desk.ConversationID, to desk.Target) desk.Invite {
	return desk.Invite{Origin: w.who(agent), Agent: agent, Conversation: id, To: to}
}

func (w *world) enter(agent string, id desk.ConversationID) desk.Enter {
	return desk.Enter{Origin: w.who(agent), Agent: agent, Conversation: id}
}

func (w *world) leave(agent string, id desk.ConversationID) desk.Leave {
	return desk.Leave{Origin: w.who(agent), Agent: agent, Conversation: id}
}

func (w *world) decline(agent string, id desk.ConversationID) desk.Decline {
	return desk.Decline{Origin: w.who(agent), Agent: agent, Conversation: id}
}

func (w *world) accept(agent string, id desk.ConversationID) desk.Accept {
	return desk.Accept{Origin: w.who(agent), Agent: agent, Conversation: id}
}

func (w *world) refuse(agent string, id desk.ConversationID) desk.Refuse {
	return desk.Refuse{Origin: w.who(agent), Agent: agent, Conversation: id}
}

func (w *world) end(agent string, id desk.ConversationID) desk.End {
	return desk.End{Origin: w.who(agent), Conversation: id}
}

func (w *world) choose(agent string, id desk.ConversationID) desk.Pick {
	return desk.Pick{Origin: w.who(agent), Agent: agent, Conversation: id}
}

func (w *world) grab(agent string, id desk.ConversationID) desk.Pick {
	return desk.Pick{Origin: w.who(agent), Agent: agent, Conversation: id, Grab: true}
}

func (w *world) next(agent string) desk.Pick { return desk.Pick{Origin: w.who(agent), Agent: agent} }

func (w *world) presence(agent string, p desk.Presence) desk.SetPresence {
	return desk.SetPresence{Origin: w.who(agent), Agent: agent, Presence: p}
}

func (w *world) write(session, text string) desk.Say {
	return desk.Say{Origin: w.by(desk.CustomerPrincipal(session)), Text: text}
}

func (w *world) answer(agent string, id desk.ConversationID) desk.Say {
	return desk.Say{Origin: w.who(agent), Conversation: id, Text: "hello, how can I help?"}
}

// key is a new session key of an agent.
func (w *world) key(agent, digits string) string {
	w.t.Helper()
	w.must(desk.NewKey{Origin: w.who(agent), Agent: agent, Keys: []string{digits}})
	return digits
}

// sees tells which agents may see a conversation, in order of their names.
func (w *world) sees(id desk.ConversationID, want ...string) {
	w.t.Helper()
	var got []string
	for _, agent := range []string{"ana", "ben", "cem", "dan", "eve", "fay", "gus"} {
		if w.s.MaySee(agent, w.conv(id)) {
			got = append(got, agent)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("%s (%s) is seen by %v, want %v", id, w.where(id), got, want)
	}
}

// events are those of one kind since a sequence.
func events[E desk.Event](w *world, since uint64) []E {
	var list []E
	for _, r := range w.log[since:] {
		if e, ok := r.Event.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

// count fails when events of one kind are not as many as they should be.
func count[E desk.Event](t *testing.T, w *world, want int) {
	t.Helper()
	if list := events[E](w, 0); len(list) != want {
		t.Fatalf("%d times %T, want %d: %+v", len(list), *new(E), want, list)
	}
}
