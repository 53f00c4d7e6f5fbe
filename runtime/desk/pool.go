package desk

import (
	"cmp"
	"slices"
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
	// seats of the members, by their position; nil for one who never came.
	seats  []*seat
	queues []*Queue
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

// post is a member's position in a pool.
type post struct {
	pool     *pool
	position int32
}

// places is how many more conversations the agent may be given.
func (a *seat) places() int {
	if a.standing != standsFree {
		return 0
	}
	return a.member.Max - a.load
}

// order is the free agents of a pool, the best first; who ranks the same goes by name. They are kept
// as positions: numbers move at little cost and the collector of garbage does not look at them, which
// counts where an agent moves among thousands with each decision.
type order struct {
	pool *pool
	rank func(a, b *seat) int // nil: by name
	free []int32
}

// seats are the free agents, the best first.
func (o *order) seats(yield func(*seat) bool) {
	for _, position := range o.free {
		if !yield(o.pool.seats[position]) {
			return
		}
	}
}

// find is where an agent stands in the order, or would stand.
func (o *order) find(position int32) int {
	i, _ := slices.BinarySearchFunc(o.free, position, o.compare)
	return i
}

func (o *order) compare(i, j int32) int {
	if o.rank != nil && i != j {
		if n := o.rank(o.pool.seats[i], o.pool.seats[j]); n != 0 {
			return n
		}
	}
	return cmp.Compare(i, j)
}

func byLoad(a, b *seat) int {
	if a.load != b.load {
		return a.load - b.load
	}
	return bySince(a, b)
}

func bySince(a, b *seat) int { return cmp.Compare(a.since, b.since) }

func byTurn(a, b *seat) int { return cmp.Compare(a.turn, b.turn) }

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
	return settings.StrategyRandom, nil
}

// seated is the seat of an agent as it is now.
func (s *State) seated(a *Agent, m *Member) seat {
	n := seat{name: a.Name, member: m, load: s.load(a), since: a.Since, turn: a.OfferedAt}
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
	now := s.seated(a, a.seat.member)
	was := a.seat
	if now == was {
		return
	}
	if was.member != nil {
		for _, post := range was.member.posts {
			post.pool.remove(&a.seat, post.position)
		}
	}
	a.seat = now
	if now.member == nil {
		return
	}
	more := now.places() > was.places()
	for _, post := range now.member.posts {
		post.pool.add(&a.seat, post.position)
		if more {
			s.heat(post.pool, at)
		}
	}
}

func (p *pool) remove(a *seat, position int32) {
	p.counts[a.standing]--
	p.counts[standsOffline]++
	p.free -= a.places()
	if a.standing == standsFree {
		for _, o := range p.orders {
			if i := o.find(position); i < len(o.free) && o.free[i] == position {
				o.free = slices.Delete(o.free, i, i+1)
			}
		}
	}
}

func (p *pool) add(a *seat, position int32) {
	p.seats[position] = a
	p.counts[standsOffline]--
	p.counts[a.standing]++
	p.free += a.places()
	if a.standing == standsFree {
		for _, o := range p.orders {
			o.free = slices.Insert(o.free, o.find(position), position)
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
		m.posts = nil
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
			p.seats = make([]*seat, len(p.members))
			p.counts[standsOffline] = len(p.members)
			for i, name := range p.members {
				m := s.members[name]
				m.posts = append(m.posts, post{p, int32(i)})
			}
			s.pools[key] = p
		}
		p.queues = append(p.queues, q)
		q.pool = p
		q.automatic = set.Distribution.Mode == settings.DistributionAutomatic
		if q.automatic {
			name, rank := orderOf(set.Distribution.Strategy)
			if p.orders[name] == nil {
				p.orders[name] = &order{pool: p, rank: rank}
			}
		}
	}
	for _, a := range s.Agents {
		a.seat = s.seated(a, s.members[a.Name])
		if a.seat.member == nil {
			continue
		}
		for _, post := range a.seat.member.posts {
			p := post.pool
			p.seats[post.position] = &a.seat
			p.counts[standsOffline]--
			p.counts[a.seat.standing]++
			p.free += a.seat.places()
			if a.seat.standing == standsFree {
				for _, o := range p.orders {
					o.free = append(o.free, post.position)
				}
			}
		}
	}
	for _, p := range s.pools {
		for _, o := range p.orders {
			slices.SortFunc(o.free, o.compare)
		}
	}
}
