package desk

import (
	"slices"
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
	// Random is the present number of the generator of random draws; each draw moves it on.
	Random uint64 `cbor:",omitempty"`
	// Keys are the session keys that can start a conversation, until they expire (feature R9).
	Keys map[string]Key `cbor:",omitempty"`
	// Rooms in which something was written (feature C13).
	Rooms map[RoomID]*Room `cbor:",omitempty"`
	// Erasures whose records are still to be written anew, by sequence (feature X9).
	Erasures []Erasure `cbor:",omitempty"`

	members   map[string]*Member
	teams     map[string]*teamLine
	pools     map[string]*pool
	deadlines agenda
	sweepAt   int // length at which the deadlines are swept
	// offerNext is the agent who ended a conversation by the last command and is to be offered the
	// first in line by the ticks after it (feature Q10). The next command takes it away, and so does
	// another router: an offer follows an end at once or never.
	offerNext string
	// follows: this state is a copy that never decides, so it keeps no deadlines.
	follows bool
	// ended are conversations that are over, in order, to be forgotten after keepEnded.
	ended []*Conversation
	// acted is the customer who was asked for last; nil when forgotten since.
	acted *Customer
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
	nextCheck int64 // when its state must be looked at again; 0 never
	line      line  // waiting, in order
	offered   int
	inService int
	alerted   int // waiting, with an alert raised
	inactive  map[ConversationID]*Conversation
	pool      *pool // who serves it
	automatic bool  // the desk offers its customers
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
	Presence Presence         `cbor:",omitempty"`
	// Out: signed out of the last session. Sockets that are still to be closed make nobody online.
	Out bool `cbor:",omitempty"`
	// Since is when the load last changed, or the agent came; OfferedAt the sequence of the last offer.
	Since     int64  `cbor:",omitempty"`
	OfferedAt uint64 `cbor:",omitempty"`
	// Favourites are queues ("q:name") and teams ("t:name"), sorted.
	Favourites []string `cbor:",omitempty"`

	hands   hands                            // offered, in service, or shared
	line    line                             // who waits for the agent in person
	invited map[ConversationID]*Conversation // into which the agent is invited in person
	seat    seat
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
	Skills []string // of all memberships, sorted
	Public bool     // customers may choose the agent by name

	posts []post // in the pools that the agent serves in
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
		Keys:          map[string]Key{},
		Rooms:         map[RoomID]*Room{},
		members:       map[string]*Member{},
		teams:         map[string]*teamLine{},
		pools:         map[string]*pool{},
	}
}

// Follow makes the state a copy that only applies what another decided: it keeps no deadlines, and
// Tick finds nothing. To let it decide, call Lead, or make a new one from its Snapshot.
func (s *State) Follow() *State {
	s.follows, s.deadlines = true, agenda{}
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

// Load is how many conversations count against an agent's limit: those that the agent has, shares or
// is offered, without idle ones of queues that say so.
func (s *State) Load(agent string) int {
	if a := s.Agents[agent]; a != nil {
		return s.load(a)
	}
	return 0
}

func (s *State) load(a *Agent) int {
	n := 0
	for _, c := range a.hands {
		if s.counts(c) {
			n++
		}
	}
	return n
}

// counts tells whether a conversation counts against its agents' limits.
func (s *State) counts(c *Conversation) bool {
	if !c.Idle {
		return true
	}
	set := s.Setting(c.Queue)
	return set == nil || set.Thresholds.Idle != settings.IdleFree
}

// ConversationsOf are the conversations that the agent serves, shares or is offered, in the order of
// their numbers.
func (s *State) ConversationsOf(agent string) []*Conversation {
	if a := s.Agents[agent]; a != nil {
		return slices.Clone(a.hands)
	}
	return nil
}

// Line is the waiting line of a queue, in order. It must not be changed, and not be kept.
func (s *State) Line(queue string) []*Conversation {
	if q := s.Queues[queue]; q != nil {
		return q.line
	}
	return nil
}

// PlaceInLine is the 1-based place of a waiting conversation in the line where it waits, 0 when it
// does not wait (feature Q9).
func (s *State) PlaceInLine(c *Conversation) int {
	if c.Place != Waiting {
		return 0
	}
	if l := s.lineOf(c); l != nil {
		return l.find(c) + 1
	}
	return 0
}

// LineLength is how many wait in the line where a conversation waits.
func (s *State) LineLength(c *Conversation) int {
	if l := s.lineOf(c); l != nil {
		return len(*l)
	}
	return 0
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

// AgentsOf are the members of a queue's teams, sorted. It must not be changed.
func (s *State) AgentsOf(queue string) []string {
	if q := s.Queues[queue]; q != nil {
		return q.pool.members
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
	for _, agent := range q.pool.members {
		for _, c := range s.ConversationsOf(agent) {
			if c.Place == OfferedTo && c.Queue == queue {
				list = append(list, c)
			}
		}
	}
	return list
}
