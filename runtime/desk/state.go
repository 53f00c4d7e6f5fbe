package desk

import (
	"sort"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/settings"
)

// State is a desk at one moment. It follows from the ledger alone. Exported fields are what a
// snapshot holds; the others are indexes made from them. One goroutine at a time may use a State.
type State struct {
	// Seq is the sequence of the last record that was applied.
	Seq uint64
	// At is the time of that record. The clock of whoever decides must not be behind it: the order of
	// a line, and which ended conversation is forgotten first, follow from times that never fall.
	At int64
	// Version names the settings in force; empty before the first.
	Version  string
	Settings settings.Settings

	Queues        map[string]*Queue
	Conversations map[ConversationID]*Conversation
	Customers     map[string]*Customer // by session
	Agents        map[string]*Agent    // by member name; those who ever signed in
	// Requests are opens and closes made in the console that no resource carries yet: one a queue.
	Requests map[string]settings.OverrideRequest
	// UsedLinks are the ids of sign-in links that were used, until they would expire.
	UsedLinks map[string]int64
	// LastConversation is the highest number given to a conversation.
	LastConversation uint64
	// Epoch is that of the router that leads.
	Epoch uint64

	members   map[string]*Member
	deadlines deadlines
	// offerNext is the agent who ended a conversation by the last command and is to be offered the
	// first in line by the ticks after it (feature Q10). The next command takes it away, and so does
	// another router: an offer follows an end at once or never.
	offerNext string
	// follows: this state is a copy that never decides, so it keeps no deadlines.
	follows bool
	// ended are conversations that are over, in order, to be forgotten after keepEnded.
	ended []*Conversation
}

// keepEnded is how long an ended conversation stays in the state, so that a client which did not
// hear the answer to its last command can still get it, in milliseconds.
const keepEnded = 60 * 60 * 1000

// Queue is a waiting line and its state.
type Queue struct {
	Name string
	// State, with Cause, Detail, By and Until as they were when it changed last.
	State  settings.QueueState
	Cause  string
	Detail string
	By     string
	Until  int64
	Since  int64
	// Schedule is the last good schedule; nil when the queue has none, or none was ever good.
	Schedule *calendar.Schedule

	set       *settings.Queue
	compiled  *calendar.Compiled
	nextCheck int64           // when its state must be looked at again; 0 never
	line      []*Conversation // waiting, in order
	offered   int
	inService int
	agents    []string // members of its teams, sorted
}

// Place is where a conversation is: in exactly one of these.
type Place uint8

const (
	Waiting Place = iota + 1
	OfferedTo
	InService
	Over
)

// Conversation is one customer's wait and service.
type Conversation struct {
	ID      ConversationID
	Number  uint64
	Place   Place
	Queue   string
	Channel string
	Session string
	Name    string `cbor:",omitempty"`
	Page    string `cbor:",omitempty"`
	// Opening is the beginning of the customer's first message, at most 200 characters.
	Opening   string `cbor:",omitempty"`
	ArrivedAt int64
	// Agent serves it, or is offered it.
	Agent      string   `cbor:",omitempty"`
	OfferUntil int64    `cbor:",omitempty"`
	Refused    []string `cbor:",omitempty"` // agents who let an offer pass
	StartedAt  int64    `cbor:",omitempty"`
	FromQueue  bool     `cbor:",omitempty"` // service started by an offer
	// LastCustomerAt is the time of the customer's last message, or of arrival.
	LastCustomerAt  int64
	UnansweredSince int64       `cbor:",omitempty"`
	Returned        ReturnedWhy `cbor:",omitempty"`
	EndedAt         int64       `cbor:",omitempty"`
	EndedWhy        EndedWhy    `cbor:",omitempty"`
	Messages        uint32
}

// before is the order of a line: arrival, then number (design: semantics, Routing).
func (c *Conversation) before(d *Conversation) bool {
	if c.ArrivedAt != d.ArrivedAt {
		return c.ArrivedAt < d.ArrivedAt
	}
	return c.Number < d.Number
}

// Customer is a customer's session.
type Customer struct {
	Session string
	// Conversation is the present one, or the last.
	Conversation ConversationID
	Gateways     []string `cbor:",omitempty"` // where it is connected
	// LostAt is since when it is connected nowhere; 0 while it is.
	LostAt  int64           `cbor:",omitempty"`
	Clients []ClientNumbers `cbor:",omitempty"`
}

// Agent is a person who serves.
type Agent struct {
	Name     string
	Gateways []string         `cbor:",omitempty"`
	LostAt   int64            `cbor:",omitempty"`
	Sessions map[string]int64 `cbor:",omitempty"` // sign-in sessions and when they expire
	Clients  []ClientNumbers  `cbor:",omitempty"`

	conversations map[ConversationID]*Conversation // offered or in service
}

// Online tells whether the agent is connected.
func (a *Agent) Online() bool { return a != nil && len(a.Gateways) > 0 }

// Online tells whether the customer is connected.
func (c *Customer) Online() bool { return c != nil && len(c.Gateways) > 0 }

// Member is an agent as the teams declare it.
type Member struct {
	Name, DisplayName, Subject string
	// Max is how many conversations at once: the lowest limit of all memberships.
	Max    int
	Teams  map[string]settings.Role
	Queues []string // sorted
}

// New is the state before the first event.
func New() *State {
	return &State{
		Queues:        map[string]*Queue{},
		Conversations: map[ConversationID]*Conversation{},
		Customers:     map[string]*Customer{},
		Agents:        map[string]*Agent{},
		Requests:      map[string]settings.OverrideRequest{},
		UsedLinks:     map[string]int64{},
		members:       map[string]*Member{},
	}
}

// Follow makes the state a copy that only applies what another decided: it keeps no deadlines, and
// Tick finds nothing. To let it decide, make a new one from its Snapshot.
func (s *State) Follow() *State {
	s.follows, s.deadlines = true, nil
	return s
}

// Member is an agent as declared; nil when no team has one of that name.
func (s *State) Member(agent string) *Member { return s.members[agent] }

// Serves tells whether an agent is a member of one of the queue's teams.
func (s *State) Serves(agent, queue string) bool {
	m := s.members[agent]
	if m == nil {
		return false
	}
	i := sort.SearchStrings(m.Queues, queue)
	return i < len(m.Queues) && m.Queues[i] == queue
}

// MaySwitch tells whether an agent may open and close a queue by hand.
func (s *State) MaySwitch(agent, queue string) bool {
	q := s.Queues[queue]
	if q == nil || !s.Serves(agent, queue) {
		return false
	}
	if q.set.ManualSwitch != settings.SwitchAdmins {
		return true
	}
	for _, team := range q.set.Teams {
		if s.members[agent].Teams[team] == settings.RoleAdmin {
			return true
		}
	}
	return false
}

// Load is how many conversations count against an agent's limit.
func (s *State) Load(agent string) int {
	if a := s.Agents[agent]; a != nil {
		return len(a.conversations)
	}
	return 0
}

// ConversationsOf calls f for each conversation that the agent serves or is offered, in the order of
// their numbers.
func (s *State) ConversationsOf(agent string) []*Conversation {
	a := s.Agents[agent]
	if a == nil {
		return nil
	}
	list := make([]*Conversation, 0, len(a.conversations))
	for _, c := range a.conversations {
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Number < list[j].Number })
	return list
}

// Line is the waiting line of a queue, in order. It must not be changed, and not be kept.
func (s *State) Line(queue string) []*Conversation {
	if q := s.Queues[queue]; q != nil {
		return q.line
	}
	return nil
}

// PlaceInLine is the 1-based place of a waiting conversation, 0 when it does not wait (feature Q9).
func (s *State) PlaceInLine(c *Conversation) int {
	q := s.Queues[c.Queue]
	if q == nil || c.Place != Waiting {
		return 0
	}
	return q.find(c) + 1
}

// Setting is a queue's setting; nil when there is no such queue.
func (s *State) Setting(queue string) *settings.Queue {
	if q := s.Queues[queue]; q != nil {
		return q.set
	}
	return nil
}

// Channel is a channel's setting; nil when there is no such channel.
func (s *State) Channel(name string) *settings.Channel {
	list := s.Settings.Channels
	i := sort.Search(len(list), func(i int) bool { return list[i].Name >= name })
	if i < len(list) && list[i].Name == name {
		return &list[i]
	}
	return nil
}

// SessionValid tells whether a sign-in session is in force at an instant: not signed out, not
// expired, and the agent still a member of a team.
func (s *State) SessionValid(agent, session string, at int64) bool {
	a := s.Agents[agent]
	return a != nil && s.members[agent] != nil && a.Sessions[session] > at
}

// find is the index in the line of a conversation that waits there.
func (q *Queue) find(c *Conversation) int {
	i := sort.Search(len(q.line), func(i int) bool { return !q.line[i].before(c) })
	if i < len(q.line) && q.line[i] == c {
		return i
	}
	return -1
}

func (q *Queue) enqueue(c *Conversation) {
	i := sort.Search(len(q.line), func(i int) bool { return c.before(q.line[i]) })
	q.line = append(q.line, nil)
	copy(q.line[i+1:], q.line[i:])
	q.line[i] = c
}

func (q *Queue) dequeue(c *Conversation) {
	i := q.find(c)
	if i == 0 {
		q.line[0] = nil
		q.line = q.line[1:]
		return
	}
	if i > 0 {
		copy(q.line[i:], q.line[i+1:])
		q.line[len(q.line)-1] = nil
		q.line = q.line[:len(q.line)-1]
	}
}

// limits of a queue with their defaults.

func seconds(set *settings.Queue, get func(*settings.Queue) int, otherwise int) int64 {
	if set != nil {
		if n := get(set); n > 0 {
			return int64(n) * 1000
		}
	}
	return int64(otherwise) * 1000
}

func (s *State) offerTimeout(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.OfferTimeoutSeconds }, settings.DefaultOfferTimeoutSeconds)
}

func (s *State) agentLost(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.Thresholds.AgentLostSeconds }, settings.DefaultAgentLostSeconds)
}

func (s *State) customerLost(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.Thresholds.CustomerLostSeconds }, settings.DefaultCustomerLostSeconds)
}

func (s *State) idle(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.Thresholds.CloseAfterIdleSeconds }, settings.DefaultCloseAfterIdleSeconds)
}

// timeLimits are the limits that deadlines are found from, in milliseconds. An offer's end is not
// among them: it is fixed when it is made.
type timeLimits struct{ agentLost, customerLost, idle int64 }

// timeLimits of a queue; the defaults for one that is not there.
func (s *State) timeLimits(queue string) timeLimits {
	return timeLimits{s.agentLost(queue), s.customerLost(queue), s.idle(queue)}
}

// AgentsOf are the members of a queue's teams, sorted. It must not be changed.
func (s *State) AgentsOf(queue string) []string {
	if q := s.Queues[queue]; q != nil {
		return q.agents
	}
	return nil
}

// Offers are the conversations of a queue that are offered to an agent at this moment, by number.
func (s *State) Offers(queue string) []*Conversation {
	q := s.Queues[queue]
	if q == nil || q.offered == 0 {
		return nil
	}
	var list []*Conversation
	for _, agent := range q.agents {
		for _, c := range s.ConversationsOf(agent) {
			if c.Place == OfferedTo && c.Queue == queue {
				list = append(list, c)
			}
		}
	}
	return list
}
