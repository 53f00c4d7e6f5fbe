package desk_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// naive is distribution as one would write it on a napkin: it knows nothing of the state, keeps its own
// books of what it is told, looks at everybody for each choice, and is right because it is short.
type naive struct {
	t        *rapid.T
	now      int64
	strategy settings.Strategy
	required []string
	random   uint64
	turns    int
	agents   []*naiveAgent // by name
	waiting  []*naiveCustomer
	offered  []*naiveCustomer
	served   []*naiveCustomer
	offers   []naiveOffer
}

type naiveAgent struct {
	name     string
	limit    int
	skills   []string
	online   bool
	presence desk.Presence
	load     int
	since    int64
	turn     int
}

type naiveCustomer struct {
	session string
	id      desk.ConversationID
	refused map[string]bool
	agent   *naiveAgent
	until   int64
}

type naiveOffer struct {
	id      desk.ConversationID
	agent   string
	free    int
	passed  desk.Passed
	reasons map[string]desk.Reason
}

func (n *naive) leading(a *naiveAgent) int {
	for i, s := range n.required {
		if !slices.Contains(a.skills, s) {
			return i
		}
	}
	return len(n.required)
}

// choose is the agent for a customer, and why it was none of the others.
func (n *naive) choose(c *naiveCustomer) (*naiveAgent, naiveOffer) {
	o := naiveOffer{id: c.id, reasons: map[string]desk.Reason{}}
	var free []*naiveAgent
	for _, a := range n.agents {
		switch {
		case !a.online:
			o.reasons[a.name] = desk.PassedOffline
			o.passed.Offline++
		case a.presence == desk.Away:
			o.reasons[a.name] = desk.PassedAway
			o.passed.Away++
		case a.presence == desk.FinishMine:
			o.reasons[a.name] = desk.PassedFinishMine
			o.passed.FinishMine++
		case a.load >= a.limit:
			o.reasons[a.name] = desk.PassedLimit
			o.passed.Limit++
		case c.refused[a.name]:
			o.reasons[a.name] = desk.PassedRefused
			o.passed.Refused++
		default:
			o.reasons[a.name] = desk.PassedScore
			free = append(free, a)
		}
	}
	if len(free) == 0 {
		return nil, o
	}
	best := free[0]
	switch n.strategy {
	case settings.StrategyRandom:
		n.random += 0x9e3779b97f4a7c15
		z := n.random
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		best = free[(z^z>>31)%uint64(len(free))]
	case settings.StrategyLeastBusy:
		best = slices.MinFunc(free, func(a, b *naiveAgent) int { return cmp.Or(a.load-b.load, cmp.Compare(a.since, b.since)) })
	case settings.StrategyLongestIdle:
		best = slices.MinFunc(free, func(a, b *naiveAgent) int { return cmp.Compare(a.since, b.since) })
	case settings.StrategyRoundRobin:
		best = slices.MinFunc(free, func(a, b *naiveAgent) int { return a.turn - b.turn })
	case settings.StrategySkillsThenLeastBusy:
		best = slices.MinFunc(free, func(a, b *naiveAgent) int {
			return cmp.Or(n.leading(b)-n.leading(a), a.load-b.load, cmp.Compare(a.since, b.since))
		})
		for _, a := range free {
			if n.leading(a) < n.leading(best) {
				o.reasons[a.name] = desk.PassedSkills
				o.passed.Skills++
			}
		}
	}
	o.agent, o.free = best.name, len(free)-o.passed.Skills
	o.reasons[best.name] = ""
	return best, o
}

// settle offers until nobody can be offered.
func (n *naive) settle() {
	for again := true; again; {
		again = false
		for i, c := range n.waiting {
			a, o := n.choose(c)
			if a == nil {
				continue
			}
			n.offers = append(n.offers, o)
			n.turns++
			a.turn, a.load, a.since = n.turns, a.load+1, n.now
			c.agent, c.until = a, n.now+30_000
			n.offered = append(n.offered, c)
			n.waiting = slices.Delete(n.waiting, i, i+1)
			again = true
			break
		}
	}
}

func (n *naive) free(c *naiveCustomer) {
	c.agent.load--
	c.agent.since = n.now
	c.agent = nil
}

// back puts a customer back in the line, whose order is that of arrival.
func (n *naive) back(c *naiveCustomer) {
	c.refused[c.agent.name] = true
	n.free(c)
	n.offered = slices.DeleteFunc(n.offered, func(o *naiveCustomer) bool { return o == c })
	n.waiting = append(n.waiting, c)
	slices.SortFunc(n.waiting, func(a, b *naiveCustomer) int { return cmp.Or(len(a.id)-len(b.id), cmp.Compare(a.id, b.id)) })
}

func TestEveryChoiceIsTheOneThatANaiveChooserMakesWithTheSameCountsAndReasons(t *testing.T) {
	strategies := []settings.Strategy{settings.StrategyRandom, settings.StrategyLeastBusy, settings.StrategyLongestIdle, settings.StrategyRoundRobin, settings.StrategySkillsThenLeastBusy}
	rapid.Check(t, func(t *rapid.T) {
		n := &naive{t: t, strategy: rapid.SampledFrom(strategies).Draw(t, "strategy"), required: []string{"fi", "tax", "de"}, random: rapid.Uint64Min(1).Draw(t, "seed")}
		set := crowd(rapid.IntRange(1, 6).Draw(t, "agents"), settings.Distribution{Strategy: n.strategy, RequiredSkills: n.required})
		set.Queues[0].Thresholds.CustomerLostSeconds = 86400
		for i := range set.Teams[0].Members {
			m := &set.Teams[0].Members[i]
			m.MaxConversations = rapid.IntRange(1, 3).Draw(t, "limit")
			for _, skill := range n.required {
				if rapid.Bool().Draw(t, skill) {
					m.Skills = append(m.Skills, skill)
				}
			}
			n.agents = append(n.agents, &naiveAgent{name: m.Name, limit: m.MaxConversations, skills: m.Skills})
		}
		set.Sort()
		s, now := desk.New(), time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		var offers []desk.Offered
		// The router's loop, which keeps the offers.
		do := func(c desk.Command) desk.Decision {
			d, err := desk.Decide(s, c, now)
			if err != nil {
				t.Fatalf("%T: %v", c, err)
			}
			for first, next := d, true; next; {
				for _, e := range first.Events {
					s.Apply(desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e})
					if o, ok := e.(desk.Offered); ok {
						offers = append(offers, o)
					}
				}
				at, ok := s.NextDeadline()
				if next = ok && at <= desk.Millis(now); next {
					first, _ = desk.Decide(s, desk.Tick{}, now)
				}
			}
			return d
		}
		cid := uint64(0)
		by := func(p desk.Principal) desk.Origin {
			cid++
			return desk.Origin{Principal: p, Client: "t", CID: cid}
		}
		do(desk.Start{Epoch: 1, Seed: n.random})
		do(desk.ApplySettings{Settings: set})
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 9000).Draw(t, "ms")) * time.Millisecond)
			n.now = desk.Millis(now)
			for _, c := range slices.Clone(n.offered) {
				if c.until <= n.now {
					n.back(c)
				}
			}
			n.settle()
			do(desk.Tick{})
			a := rapid.SampledFrom(n.agents).Draw(t, "agent")
			p := desk.AgentPrincipal(a.name)
			switch what := rapid.SampledFrom([]string{"join", "join", "connect", "connect", "disconnect", "presence", "accept", "refuse", "leave"}).Draw(t, "what"); {
			case what == "join":
				session := fmt.Sprintf("s%d", step)
				d := do(desk.Join{Origin: by(desk.CustomerPrincipal(session)), Session: session, Channel: "web"})
				n.waiting = append(n.waiting, &naiveCustomer{session: session, id: d.Conversation, refused: map[string]bool{}})
			case what == "connect" && !a.online:
				do(desk.Connect{Principal: p, Gateway: "g"})
				a.online, a.since = true, n.now
			case what == "disconnect" && a.load == 0 && a.online:
				do(desk.Disconnect{Principal: p, Gateway: "g"})
				a.online = false
			case what == "presence":
				to := rapid.SampledFrom([]desk.Presence{desk.Available, desk.Available, desk.FinishMine, desk.Away}).Draw(t, "presence")
				do(desk.SetPresence{Origin: by(p), Agent: a.name, Presence: to})
				if to == desk.Available && a.presence != desk.Available {
					a.since = n.now
				}
				a.presence = to
			case what == "accept" && len(n.offered) > 0:
				c := rapid.SampledFrom(n.offered).Draw(t, "offer")
				do(desk.Accept{Origin: by(desk.AgentPrincipal(c.agent.name)), Agent: c.agent.name, Conversation: c.id})
				n.offered = slices.DeleteFunc(n.offered, func(o *naiveCustomer) bool { return o == c })
				n.served = append(n.served, c)
			case what == "refuse" && len(n.offered) > 0:
				c := rapid.SampledFrom(n.offered).Draw(t, "offer")
				do(desk.Refuse{Origin: by(desk.AgentPrincipal(c.agent.name)), Agent: c.agent.name, Conversation: c.id})
				n.back(c)
			case what == "leave" && len(n.served) > 0:
				c := rapid.SampledFrom(n.served).Draw(t, "served")
				do(desk.End{Origin: by(desk.CustomerPrincipal(c.session))})
				n.free(c)
				n.served = slices.DeleteFunc(n.served, func(o *naiveCustomer) bool { return o == c })
			}
			n.settle()
			n.compare(offers)
		}
	})
}

// compare fails when the desk chose otherwise, or explains it otherwise.
func (n *naive) compare(offers []desk.Offered) {
	if len(offers) != len(n.offers) {
		n.t.Fatalf("%s: %d offers, by the napkin %d", n.strategy, len(offers), len(n.offers))
	}
	for i, want := range n.offers {
		got, choice := offers[i], offers[i].Choice
		if got.Conversation != want.id || got.Agent != want.agent || choice.Free != want.free || choice.Passed != want.passed {
			n.t.Fatalf("%s, offer %d: %s to %s (%d free, %+v), by the napkin %+v", n.strategy, i, got.Conversation, got.Agent, choice.Free, choice.Passed, want)
		}
		if len(choice.Candidates) != len(want.reasons) || choice.Candidates[0].Agent != want.agent {
			n.t.Fatalf("%s, offer %d: candidates %+v, by the napkin %v", n.strategy, i, choice.Candidates, want.reasons)
		}
		for _, c := range choice.Candidates {
			if why, ok := want.reasons[c.Agent]; !ok || why != c.Why {
				n.t.Fatalf("%s, offer %d: candidate %+v, by the napkin %q", n.strategy, i, c, why)
			}
		}
	}
}
