package desk_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
	"usher.chat/runtime/settings"
)

// look is all that a state derives: lines, pools, counters, rights.
func look(s *desk.State, now time.Time) string {
	var b strings.Builder
	ids := func(what string, list []*desk.Conversation) {
		fmt.Fprintf(&b, "%s:", what)
		for _, c := range list {
			fmt.Fprintf(&b, " %s", c.ID)
		}
		b.WriteString("\n")
	}
	for _, q := range s.Settings.Queues {
		f, _ := s.Figures(q.Name)
		fmt.Fprintf(&b, "queue %s %+v %v\n", q.Name, f, s.AgentsOf(q.Name))
		ids("line", s.Line(q.Name))
		ids("offers", s.Offers(q.Name))
		ids("inactive", s.InactiveOf(q.Name))
	}
	for _, t := range s.Settings.Teams {
		fmt.Fprintf(&b, "team %s %+v %v\n", t.Name, s.TeamFigures(t.Name), s.MembersOf(t.Name))
		ids("line", s.TeamLine(t.Name))
	}
	for _, agent := range people {
		fmt.Fprintf(&b, "agent %s load %d %s rooms %v\n", agent, s.Load(agent), s.PresenceOf(agent), s.RoomsOf(agent))
		ids("has", s.ConversationsOf(agent))
		ids("line", s.PersonalLine(agent))
		ids("invited", s.InvitationsFor(agent))
	}
	for _, c := range s.Settings.Channels {
		fmt.Fprintf(&b, "channel %s %v\n", c.Name, s.Choosable(c.Name))
	}
	for n := uint64(1); n <= s.LastConversation; n++ {
		if c := s.Conversations[desk.ConversationID(fmt.Sprintf("c%d", n))]; c != nil {
			fmt.Fprintf(&b, "%s place %d, %s, answer %+v\n", c.ID, s.PlaceInLine(c), s.Status(c, desk.Millis(now)), s.AnswerTimes(c))
		}
	}
	return b.String()
}

var people = []string{"ana", "ben", "cem", "dan", "eve", "fay", "gus"}

// anything draws a command of any kind, sensible or not.
func anything(t *rapid.T, s *desk.State, cid uint64) desk.Command {
	agent := rapid.SampledFrom(people).Draw(t, "agent")
	session := fmt.Sprintf("s%d", rapid.IntRange(1, 6).Draw(t, "session"))
	id := desk.ConversationID(fmt.Sprintf("c%d", rapid.Uint64Range(max(1, s.LastConversation)-min(3, s.LastConversation), s.LastConversation+1).Draw(t, "conversation")))
	a := desk.Origin{Principal: desk.AgentPrincipal(agent), Client: "t", CID: cid}
	c := desk.Origin{Principal: desk.CustomerPrincipal(session), Client: "t", CID: cid}
	to := rapid.SampledFrom([]desk.Target{toAgent("ben"), toAgent("eve"), toAgent("gus"), toTeam("tier1"), toTeam("tier2"), toTeam("night"), toQueue("billing"), toQueue("overflow"), toQueue("support")}).Draw(t, "to")
	// Whoever has a conversation acts in it more often than chance would have it.
	if conv := s.Conversations[id]; conv != nil && conv.Agent != "" && rapid.IntRange(0, 3).Draw(t, "owner") > 0 {
		agent = conv.Agent
		a.Principal = desk.AgentPrincipal(agent)
	}
	switch rapid.IntRange(0, 27).Draw(t, "what") {
	case 0, 1, 2:
		return desk.Join{Origin: c, Session: session, Channel: "web", Text: rapid.SampledFrom([]string{"", "hello"}).Draw(t, "text")}
	case 3:
		return desk.Join{Origin: c, Session: session, Channel: "shop", Issue: rapid.SampledFrom([]string{"", "billing/refund", "billing/urgent"}).Draw(t, "issue")}
	case 4:
		return desk.Join{Origin: c, Session: session, Channel: "web", To: to}
	case 5:
		return desk.Join{Origin: c, Session: session, Channel: "web", Key: "1234567"}
	case 6, 7:
		return desk.Connect{Principal: a.Principal, Gateway: "g"}
	case 8:
		return desk.Connect{Principal: c.Principal, Gateway: "g"}
	case 9:
		return desk.Disconnect{Principal: rapid.SampledFrom([]desk.Principal{a.Principal, c.Principal}).Draw(t, "who"), Gateway: "g"}
	case 10:
		return desk.Say{Origin: c, Text: "one more thing"}
	case 11:
		return desk.Say{Origin: a, Conversation: id, Text: "let me see"}
	case 12:
		return desk.End{Origin: a, Conversation: id}
	case 13:
		return desk.End{Origin: c}
	case 14, 15:
		return desk.Pick{Origin: a, Agent: agent}
	case 16:
		return desk.Pick{Origin: a, Agent: agent, Conversation: id, Grab: rapid.Bool().Draw(t, "grab")}
	case 17, 18:
		return desk.Accept{Origin: a, Agent: agent, Conversation: id}
	case 19:
		return desk.Refuse{Origin: a, Agent: agent, Conversation: id}
	case 20:
		return desk.Leave{Origin: a, Agent: agent, Conversation: id}
	case 21:
		return desk.Enter{Origin: a, Agent: agent, Conversation: id}
	case 22:
		return desk.Transfer{Origin: a, Agent: agent, Conversation: id, To: to}
	case 23:
		return desk.Invite{Origin: a, Agent: agent, Conversation: id, To: to}
	case 24:
		return desk.Decline{Origin: a, Agent: agent, Conversation: id}
	case 25:
		return desk.SetPresence{Origin: a, Agent: agent, Presence: rapid.SampledFrom([]desk.Presence{desk.Available, desk.Available, desk.FinishMine, desk.Away}).Draw(t, "presence")}
	case 26:
		return desk.NewKey{Origin: a, Agent: agent, Keys: []string{"1234567"}}
	}
	return desk.Post{Origin: a, Agent: agent, Room: desk.TeamRoom("tier1"), Text: "hello"}
}

// shifted are the settings after some change.
func shifted(t *rapid.T, set settings.Settings) settings.Settings {
	set.Queues, set.Teams = slices.Clone(set.Queues), slices.Clone(set.Teams)
	q := &set.Queues[rapid.IntRange(0, len(set.Queues)-1).Draw(t, "queue")]
	team := &set.Teams[rapid.IntRange(0, len(set.Teams)-1).Draw(t, "team")]
	q.Generation++ // so that it is always another version
	switch rapid.IntRange(0, 9).Draw(t, "change") {
	case 0:
		q.Distribution.Mode = rapid.SampledFrom([]settings.DistributionMode{settings.DistributionManual, settings.DistributionAutomatic}).Draw(t, "mode")
	case 1:
		q.Distribution.Strategy = rapid.SampledFrom([]settings.Strategy{settings.StrategyRandom, settings.StrategyLeastBusy, settings.StrategyLongestIdle, settings.StrategyRoundRobin}).Draw(t, "strategy")
	case 2:
		q.Priority = rapid.IntRange(-1, 1).Draw(t, "priority")
	case 3:
		q.WaitingRules = []settings.WaitingRule{alert(20), move(40, rapid.SampledFrom([]string{"overflow", "gone"}).Draw(t, "to"))}
		if q.Name == "overflow" {
			q.WaitingRules = nil
		}
	case 4:
		q.Thresholds.Idle, q.Thresholds.IdleAfterSeconds = settings.IdleFree, 30
	case 5:
		q.Thresholds.AgentLost = settings.LostToPending
	case 6:
		team.Mode = rapid.SampledFrom([]settings.TeamMode{settings.TeamGrab, settings.TeamCollaboration}).Draw(t, "mode")
	case 7:
		if len(team.Members) > 0 {
			team.Members = team.Members[1:]
		}
	case 8:
		if len(set.Queues) > 1 {
			set.Queues = slices.DeleteFunc(set.Queues, func(other settings.Queue) bool { return other.Name == q.Name })
		}
	case 9:
		generation := q.Generation
		set = acme()
		set.Sort()
		set.Queues[0].Generation = generation + 1
	}
	return set
}

// TestARestoredStateIsTheSameInAllThatItDerivesAndDecidesTheSame: after any commands and changes, what
// is made anew from a snapshot shows the same lines, pools and counters, and answers the next command
// with the same events.
func TestARestoredStateIsTheSameInAllThatItDerivesAndDecidesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := desk.New(), time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		set := automatic(settings.StrategyLeastBusy)
		set.Sort()
		restored := func() *desk.State {
			b, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			r, err := desk.Restore(b)
			if err != nil {
				t.Fatal(err)
			}
			r.NextDeadline() // as a router does at once: looks where there is nothing to be done
			return r
		}
		// both lets a state and its copy answer a command and what is due, and wants the same events.
		both := func(c desk.Command) {
			copied := restored()
			one, two := answers(t, s, c, now), answers(t, copied, c, now)
			if !slices.Equal(one, two) {
				for len(one) > 1 && len(two) > 1 && one[0] == two[0] {
					one, two = one[1:], two[1:]
				}
				t.Fatalf("%T is answered\n%s\nand, after a restore,\n%s", c, strings.Join(one, "\n"), strings.Join(two, "\n"))
			}
			a, b := look(s, now), look(restored(), now)
			if a != b {
				t.Fatalf("after %T a state reads\n%s\nand, restored,\n%s", c, a, b)
			}
			if wrong := desksim.Check(s, desk.Millis(now)); len(wrong) > 0 {
				t.Fatalf("after %T: %s", c, strings.Join(wrong, "\n"))
			}
		}
		both(desk.Start{Epoch: 1, Seed: 7})
		both(desk.ApplySettings{Settings: set})
		for step := range rapid.IntRange(1, 50).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 1000, 5000, 31000}).Draw(t, "ms")) * time.Millisecond)
			both(desk.Tick{})
			if rapid.IntRange(0, 9).Draw(t, "settings") == 0 {
				set = shifted(t, set)
				set.Sort()
				both(desk.ApplySettings{Settings: set})
				continue
			}
			both(anything(t, s, uint64(step+1)))
		}
	})
}

// answers applies a command and all that is due, and tells the events in their encoding, or the refusal.
func answers(t *rapid.T, s *desk.State, c desk.Command, now time.Time) []string {
	d, err := desk.Decide(s, c, now)
	if err != nil {
		var e *desk.Error
		if !errors.As(err, &e) {
			t.Fatalf("%T: %v", c, err)
		}
		return []string{e.Error()}
	}
	var list []string
	origin := desk.OriginOf(c)
	for range 1000 {
		for _, e := range d.Events {
			r := desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e, Origin: origin}
			origin = nil
			b, err := desk.Encode(r)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, fmt.Sprintf("%d %T %.400s (%x)", r.Seq, e, text, sha256.Sum256(b)))
			s.Apply(r)
		}
		at, ok := s.NextDeadline()
		if !ok || at > desk.Millis(now) {
			return list
		}
		if d, err = desk.Decide(s, desk.Tick{}, now); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("%T: deadlines without an end", c)
	return nil
}
