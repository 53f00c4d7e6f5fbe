package desksim

import (
	"fmt"
	"math"
	"strconv"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// MarkovConfig of a desk as the theory of queues has it: one line, agents with one customer at a time,
// who take the next as soon as they are free.
type MarkovConfig struct {
	Agents, Customers int
	// Strategy by which the desk offers; empty: agents pick by hand, at once.
	Strategy settings.Strategy
	// Draw gives the time since the arrival before, the time of service and the patience, in seconds.
	// An infinite patience is one that never ends.
	Draw func() (gap, service, patience float64)
}

// MarkovWait is what became of a customer: the wait in seconds, and whether nobody came in time.
type MarkovWait struct {
	Wait float64
	Left bool
}

// Markov runs such a desk and tells of each customer in the order of arrival. The error is a *Failure.
func Markov(config MarkovConfig) ([]MarkovWait, error) {
	m := &markov{router: newRouter(0), config: config, waits: make([]MarkovWait, config.Customers), people: make([]markovCustomer, config.Customers)}
	m.told = m.hear
	set := settings.Settings{
		Desk:     settings.Desk{Name: "markov"},
		Teams:    []settings.Team{{Name: "team", MaxConversations: 1}},
		Queues:   []settings.Queue{{Name: "line", Teams: []string{"team"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}}},
		Channels: []settings.Channel{{Name: "web", Type: settings.ChannelWeb, Queue: "line"}},
	}
	if config.Strategy != "" {
		set.Queues[0].Distribution = settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: config.Strategy}
	}
	for i := range config.Agents {
		set.Teams[0].Members = append(set.Teams[0].Members, settings.Member{Name: fmt.Sprintf("a%04d", i)})
	}
	m.must(desk.Start{Epoch: 1, Gateways: []string{"g"}, Seed: 1})
	m.must(desk.ApplySettings{Settings: set})
	for _, member := range set.Teams[0].Members {
		m.must(desk.Connect{Principal: desk.AgentPrincipal(member.Name), Gateway: "g"})
		m.free = append(m.free, member.Name)
	}
	m.run()
	if len(m.problems) > 0 {
		return nil, m.failure(0, "a desk as the theory has it")
	}
	return m.waits, nil
}

type markov struct {
	*router
	config  MarkovConfig
	waits   []MarkovWait
	people  []markovCustomer
	timers  timers
	cids    uint64
	free    []string // agents, who is free longest first
	offered []desk.Offered
}

type markovCustomer struct {
	arrived           float64
	service, patience float64
	agent             string
	id                desk.ConversationID
}

const (
	markovArrives action = iota + 200
	markovGivesUp
	markovIsDone
)

func (m *markov) run() {
	for clock, arrived := 0.0, 0; ; {
		next, some := m.timers.next()
		if !some && arrived == m.config.Customers {
			return
		}
		if arrived < m.config.Customers && m.people[arrived].arrived == 0 {
			p := &m.people[arrived]
			var gap float64
			gap, p.service, p.patience = m.config.Draw()
			clock += gap
			p.arrived = clock
			m.timers.set(millis(clock), markovArrives, arrived)
			continue
		}
		m.timers.pop()
		m.pass(next.at)
		switch next.what {
		case markovArrives:
			arrived++
			m.arrive(next.who)
		case markovGivesUp:
			if c := m.s.Conversations[m.people[next.who].id]; c != nil && c.Place == desk.Waiting {
				m.waits[next.who] = MarkovWait{Wait: m.people[next.who].patience, Left: true}
				m.must(desk.End{Origin: m.origin(desk.CustomerPrincipal(c.Session))})
			}
		case markovIsDone:
			p := m.people[next.who]
			m.free = append(m.free, p.agent)
			m.must(desk.End{Origin: m.origin(desk.AgentPrincipal(p.agent)), Conversation: p.id})
		}
		m.accept()
		if len(m.problems) > 0 {
			return
		}
	}
}

func (m *markov) arrive(i int) {
	session := strconv.Itoa(i)
	p := desk.CustomerPrincipal(session)
	m.must(desk.Join{Origin: m.origin(p), Session: session, Channel: "web"})
	m.must(desk.Connect{Principal: p, Gateway: "g"})
	if !math.IsInf(m.people[i].patience, 1) {
		m.timers.set(m.now+millis(m.people[i].patience), markovGivesUp, i)
	}
	if m.config.Strategy == "" && len(m.free) > 0 {
		m.must(desk.Pick{Origin: m.origin(desk.AgentPrincipal(m.free[0])), Agent: m.free[0]})
	}
}

// accept: offers are taken at once.
func (m *markov) accept() {
	for len(m.offered) > 0 {
		e := m.offered[0]
		m.offered = m.offered[1:]
		m.must(desk.Accept{Origin: m.origin(desk.AgentPrincipal(e.Agent)), Agent: e.Agent, Conversation: e.Conversation})
	}
}

func (m *markov) hear(r desk.Record) {
	switch e := r.Event.(type) {
	case desk.CustomerJoined:
		i, _ := strconv.Atoi(e.Session)
		m.people[i].id = e.Conversation
	case desk.Offered:
		m.offered = append(m.offered, e)
	case desk.Picked:
		i, _ := strconv.Atoi(m.s.Conversations[e.Conversation].Session)
		p := &m.people[i]
		p.agent = e.Agent
		m.waits[i] = MarkovWait{Wait: float64(e.WaitedMS) / 1000}
		m.timers.set(m.now+millis(p.service), markovIsDone, i)
		for j, name := range m.free {
			if name == e.Agent {
				m.free = append(m.free[:j], m.free[j+1:]...)
				break
			}
		}
	}
}

func (m *markov) origin(p desk.Principal) desk.Origin {
	m.cids++
	return desk.Origin{Principal: p, Client: "t", CID: m.cids}
}

func (m *markov) must(c desk.Command) {
	if _, err := m.do(c); err != nil {
		m.wrong("%+v: %v", c, err)
	}
}

func millis(seconds float64) int64 { return int64(seconds*1000 + 0.5) }
