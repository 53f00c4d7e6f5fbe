package desk

import (
	"slices"
	"sort"
	"strings"

	"usher.chat/runtime/settings"
)

// A pool is the agents who serve the same queues' teams, with those who are free kept in the orders
// by which strategies choose. It is an index: what it holds follows from the agents, so that a choice
// among thousands looks at few. Queues with the same teams share one.
type pool struct {
	key     string
	teams   []string
	members []string // sorted
	queues  []*Queue
	// counts of members by standing; free is the sum of their free places.
	counts [standings]int
	free   int
	orders map[settings.Strategy]*order
	// hot: a deadline asks to look for customers to offer.
	hot bool
	// found is who is to be offered next and to whom, as of the record matched.
	found   pairing
	matched uint64
}

// pairing is a customer and the agent whom the desk chose; nobody when there is none.
type pairing struct {
	queue    *Queue
	customer *Conversation
	seat     *seat
}

// standing is what an agent can be given by itself now.
type standing uint8

const (
	standsOffline standing = iota
	standsAway
	standsFinishMine
	standsFull // at the limit
	standsFree
	standings
)

// reason is the word for a standing that keeps an agent from being chosen.
func (s standing) reason() Reason {
	switch s {
	case standsOffline:
		return PassedOffline
	case standsAway:
		return PassedAway
	case standsFinishMine:
		return PassedFinishMine
	case standsFull:
		return PassedLimit
	}
	return ""
}

// seat is an agent as the pools know it.
type seat struct {
	name     string
	member   *Member // nil: in no team
	standing standing
	load     int
	since    int64
	turn     uint64
}

// places is how many more conversations the agent may be given.
func (a *seat) places() int {
	if a.standing != standsFree {
		return 0
	}
	return a.member.Max - a.load
}

// order is the free agents of a pool, the best first.
type order struct {
	less  func(a, b *seat) int
	seats []*seat
}

func byName(a, b *seat) int { return strings.Compare(a.name, b.name) }

func byLoad(a, b *seat) int {
	if a.load != b.load {
		return a.load - b.load
	}
	return bySince(a, b)
}

func bySince(a, b *seat) int {
	switch {
	case a.since < b.since:
		return -1
	case a.since > b.since:
		return 1
	}
	return byName(a, b)
}

func byTurn(a, b *seat) int {
	switch {
	case a.turn < b.turn:
		return -1
	case a.turn > b.turn:
		return 1
	}
	return byName(a, b)
}

// orderOf is how a strategy ranks free agents.
func orderOf(strategy settings.Strategy) (settings.Strategy, func(a, b *seat) int) {
	switch strategy {
	case settings.StrategyLeastBusy, settings.StrategySkillsThenLeastBusy:
		return settings.StrategyLeastBusy, byLoad
	case settings.StrategyLongestIdle:
		return settings.StrategyLongestIdle, bySince
	case settings.StrategyRoundRobin:
		return settings.StrategyRoundRobin, byTurn
	}
	return settings.StrategyRandom, byName
}

func (o *order) find(a *seat) int {
	return sort.Search(len(o.seats), func(i int) bool { return o.less(o.seats[i], a) >= 0 })
}

// seated is the seat of an agent as it is now.
func (s *State) seated(a *Agent) seat {
	n := seat{name: a.Name, member: s.members[a.Name], since: a.Since, turn: a.OfferedAt}
	for _, c := range a.conversations {
		if s.counts(c) {
			n.load++
		}
	}
	switch {
	case n.member == nil || len(a.Gateways) == 0 || a.Out:
		n.standing = standsOffline
	case a.Presence == Away:
		n.standing = standsAway
	case a.Presence == FinishMine:
		n.standing = standsFinishMine
	case n.load >= n.member.Max:
		n.standing = standsFull
	default:
		n.standing = standsFree
	}
	return n
}

// reseat brings the pools up to an agent who changed.
func (s *State) reseat(a *Agent, at int64) {
	now := s.seated(a)
	was := a.seat
	if now == was {
		return
	}
	if was.member != nil {
		for _, p := range was.member.pools {
			p.remove(&a.seat)
		}
	}
	a.seat = now
	if now.member == nil {
		return
	}
	more := now.places() > was.places()
	for _, p := range now.member.pools {
		p.add(&a.seat)
		if more {
			s.heat(p, at)
		}
	}
}

func (p *pool) remove(a *seat) {
	p.counts[a.standing]--
	p.counts[standsOffline]++
	p.free -= a.places()
	if a.standing == standsFree {
		for _, o := range p.orders {
			if i := o.find(a); i < len(o.seats) && o.seats[i] == a {
				o.seats = slices.Delete(o.seats, i, i+1)
			}
		}
	}
}

func (p *pool) add(a *seat) {
	p.counts[standsOffline]--
	p.counts[a.standing]++
	p.free += a.places()
	if a.standing == standsFree {
		for _, o := range p.orders {
			o.seats = slices.Insert(o.seats, o.find(a), a)
		}
	}
}

// heat asks to look for customers whom a pool could be offered.
func (s *State) heat(p *pool, at int64) {
	if p.hot || s.follows {
		return
	}
	for _, q := range p.queues {
		if q.automatic && len(q.line) > 0 {
			p.hot = true
			s.at(at, distribute, p.key)
			return
		}
	}
}

// indexPools makes the pools anew, from the members and queues.
func (s *State) indexPools() {
	s.pools = map[string]*pool{}
	for _, m := range s.members {
		m.pools = nil
	}
	for i := range s.Settings.Queues {
		set := &s.Settings.Queues[i]
		q := s.Queues[set.Name]
		teams := slices.Clone(set.Teams)
		slices.Sort(teams)
		teams = slices.Compact(teams)
		key := strings.Join(teams, "\x00")
		p := s.pools[key]
		if p == nil {
			p = &pool{key: key, teams: teams, orders: map[settings.Strategy]*order{}}
			for _, team := range teams {
				if t := s.teams[team]; t != nil {
					p.members = append(p.members, t.members...)
				}
			}
			slices.Sort(p.members)
			p.members = slices.Compact(p.members)
			p.counts[standsOffline] = len(p.members)
			for _, name := range p.members {
				m := s.members[name]
				m.pools = append(m.pools, p)
			}
			s.pools[key] = p
		}
		p.queues = append(p.queues, q)
		q.pool = p
		q.automatic = set.Distribution.Mode == settings.DistributionAutomatic
		if q.automatic {
			name, less := orderOf(set.Distribution.Strategy)
			if p.orders[name] == nil {
				p.orders[name] = &order{less: less}
			}
		}
	}
	for _, a := range s.Agents {
		a.seat = s.seated(a)
		if a.seat.member == nil {
			continue
		}
		for _, p := range a.seat.member.pools {
			p.counts[standsOffline]--
			p.counts[a.seat.standing]++
			p.free += a.seat.places()
			if a.seat.standing == standsFree {
				for _, o := range p.orders {
					o.seats = append(o.seats, &a.seat)
				}
			}
		}
	}
	for _, p := range s.pools {
		for _, o := range p.orders {
			slices.SortFunc(o.seats, o.less)
		}
	}
}
