package desksim

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Rush is a large desk in a rush: half of its agents are at their limit while customers wait for them,
// half are free for the customers of another queue. It is what the figures of routing are measured on.
//
//	r, err := desksim.NewRush(desksim.RushConfig{Agents: 2000, Waiting: 10_000, Strategy: settings.StrategyLeastBusy})
//	for r.Decisions < 1_000_000 {
//		err = r.Cycle()
//	}
type Rush struct {
	// Decisions so far: commands and moments that had an effect, each decided and applied.
	Decisions uint64

	*router
	half    int
	agents  map[string][]string // names, by team
	guests  int
	cids    uint64
	at      int
	offers  []desk.Offered
	failure error
}

// RushConfig of a desk in a rush.
type RushConfig struct {
	Agents, Waiting int
	Strategy        settings.Strategy
}

// NewRush is a desk where so many wait. The error is what was refused, which is a defect.
func NewRush(config RushConfig) (*Rush, error) {
	r := &Rush{router: newRouter(desk.Millis(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))), half: config.Agents / 2, agents: map[string][]string{}}
	r.told = r.hear
	set := settings.Settings{Desk: settings.Desk{Name: "rush"}}
	for name, limit := range map[string]int{"busy": 1, "free": 3} {
		team := settings.Team{Name: name, MaxConversations: limit}
		for i := range r.half {
			r.agents[name] = append(r.agents[name], fmt.Sprintf("%s-%04d", name, i))
			team.Members = append(team.Members, settings.Member{Name: r.agents[name][i]})
		}
		set.Teams = append(set.Teams, team)
		set.Queues = append(set.Queues, settings.Queue{
			Name: name, Teams: []string{name}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue},
			Distribution: settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: config.Strategy},
		})
		set.Channels = append(set.Channels, settings.Channel{Name: name, Type: settings.ChannelWeb, Queue: name})
	}
	set.Sort()
	r.decide(desk.Start{Epoch: 1, Gateways: []string{"g"}, Seed: 1})
	r.decide(desk.ApplySettings{Settings: set})
	for i := range r.half {
		r.decide(desk.Connect{Principal: desk.AgentPrincipal(r.agents["busy"][i]), Gateway: "g"})
		r.decide(desk.Connect{Principal: desk.AgentPrincipal(r.agents["free"][i]), Gateway: "g"})
	}
	for range r.half + config.Waiting {
		r.join("busy")
	}
	for range r.half {
		r.join("free")
	}
	if f, _ := r.s.Figures("busy"); r.failure == nil && f.Waiting != config.Waiting {
		return nil, fmt.Errorf("%d wait: %+v", f.Waiting, f)
	}
	r.Decisions = 0
	return r, r.failure
}

// Cycle: an agent at the limit ends a conversation and gets the first in line; a customer of the other
// queue leaves; one comes to each, of whom the desk offers the latter to one of the free agents.
func (r *Rush) Cycle() error {
	r.now += 200
	r.at++
	busy := r.agents["busy"][r.at%r.half]
	r.decide(desk.End{Origin: r.origin(desk.AgentPrincipal(busy)), Conversation: r.s.ConversationsOf(busy)[0].ID})
	r.join("busy")
	for n := r.at; ; n++ {
		if list := r.s.ConversationsOf(r.agents["free"][n%r.half]); len(list) > 0 {
			r.decide(desk.End{Origin: r.origin(desk.CustomerPrincipal(list[0].Session))})
			break
		}
	}
	r.join("free")
	return r.failure
}

func (r *Rush) decide(c desk.Command) {
	_, err := r.do(c)
	r.failure = errors.Join(r.failure, err)
	for i := 0; i < len(r.offers); i++ { // accepting one may bring others
		e := r.offers[i]
		_, err := r.do(desk.Accept{Origin: r.origin(desk.AgentPrincipal(e.Agent)), Agent: e.Agent, Conversation: e.Conversation})
		r.failure = errors.Join(r.failure, err)
	}
	r.offers = r.offers[:0]
}

func (r *Rush) hear(record desk.Record) {
	if e, ok := record.Event.(desk.Offered); ok {
		r.offers = append(r.offers, e)
	}
	r.Decisions++ // here every decision is one record
}

func (r *Rush) origin(p desk.Principal) desk.Origin {
	r.cids++
	return desk.Origin{Principal: p, Client: "t", CID: r.cids}
}

func (r *Rush) join(queue string) {
	session := fmt.Sprintf("s%08d", r.guests)
	r.guests++
	p := desk.CustomerPrincipal(session)
	r.decide(desk.Join{Origin: r.origin(p), Session: session, Channel: queue})
	r.decide(desk.Connect{Principal: p, Gateway: "g"})
}

// Footprint measures how many bytes of memory the state needs for a waiting customer, who said who it
// is and what it wants, and for an open conversation in which twenty messages were written. It counts
// the growth of the heap with that many of each on a desk of 2,000 agents.
func Footprint(waiting, open int) (perWaiting, perOpen float64, err error) {
	r, err := NewRush(RushConfig{Agents: 2000, Strategy: settings.StrategyLeastBusy})
	if err != nil {
		return 0, 0, err
	}
	r.told = nil
	empty := heap()
	for range waiting {
		r.guest()
	}
	full := heap()
	perWaiting = float64(full-empty) / float64(waiting)
	set := cloned(r.s.Settings)
	for i := range set.Teams {
		set.Teams[i].MaxConversations = 1 + 2*open/2000
	}
	for i := range set.Queues {
		set.Queues[i].Distribution = settings.Distribution{} // the agents take them
	}
	r.decide(desk.ApplySettings{Settings: set})
	for range open - waiting {
		r.guest()
	}
	before := heap()
	for i := range open {
		agent := r.agents["busy"][i%r.half]
		d, err := r.do(desk.Pick{Origin: r.origin(desk.AgentPrincipal(agent)), Agent: agent})
		if err != nil {
			return 0, 0, fmt.Errorf("pick %d of %d: %w", i, open, err)
		}
		c := r.s.Conversations[d.Conversation]
		for n := range 20 {
			p := desk.CustomerPrincipal(c.Session)
			if n%2 == 0 {
				p = desk.AgentPrincipal(agent)
			}
			r.decide(desk.Say{Origin: r.origin(p), Conversation: c.ID, Text: "It should have come yesterday."})
		}
	}
	perOpen = perWaiting + float64(heap()-before)/float64(open)
	runtime.KeepAlive(r)
	return perWaiting, perOpen, r.failure
}

// guest is a customer who says what a form asks for.
func (r *Rush) guest() {
	session := fmt.Sprintf("%032x", r.guests) // as long as real ones
	r.guests++
	r.now += 10
	p := desk.CustomerPrincipal(session)
	r.decide(desk.Join{
		Origin: r.origin(p), Session: session, Channel: strings.Clone("busy"), Name: fmt.Sprintf("Customer %d", r.guests),
		Page:  fmt.Sprintf("https://www.acme.example/orders/%08d?from=mail", r.guests),
		Text:  fmt.Sprintf("Hello, my order %08d should have come yesterday, and nobody at the shop knows where it is now.", r.guests),
		Email: fmt.Sprintf("customer-%d@acme.example", r.guests),
	})
	r.decide(desk.Connect{Principal: p, Gateway: "g"})
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
