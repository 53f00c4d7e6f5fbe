package desk

import "slices"

// Place is where a conversation is: in exactly one of these.
type Place uint8

const (
	Waiting Place = iota + 1
	OfferedTo
	InService
	Over
	// Inactive: the customer wrote and left before anybody came, or filled in a contact form. A message
	// revives it.
	Inactive
)

// Open tells whether a conversation in this place goes on: it waits, is offered or is served.
func (p Place) Open() bool { return p == Waiting || p == OfferedTo || p == InService }

// Conversation is one customer's wait and service.
type Conversation struct {
	ID     ConversationID
	Number uint64
	Queue  string // whose settings hold for it
	// What is small stands together: a desk keeps tens of thousands of these.
	Place     Place
	FromQueue bool `cbor:",omitempty"` // service started by an offer
	Alerted   bool `cbor:",omitempty"`
	// Idle: the customer was silent for so long that it may not count against limits.
	Idle     bool `cbor:",omitempty"`
	Messages uint32

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
	// LastCustomerAt is the time of the customer's last message, or of arrival.
	LastCustomerAt  int64
	UnansweredSince int64       `cbor:",omitempty"`
	Returned        ReturnedWhy `cbor:",omitempty"`
	EndedAt         int64       `cbor:",omitempty"`
	EndedWhy        EndedWhy    `cbor:",omitempty"`

	// ForTeam or ForAgent is set when it waits, or waited before service, in a team's queue or for one
	// agent in person; Via tells how it came there, From and Note who handed it on and what for.
	ForTeam  string `cbor:",omitempty"`
	ForAgent string `cbor:",omitempty"`
	Via      Via    `cbor:",omitempty"`
	From     string `cbor:",omitempty"`
	Note     string `cbor:",omitempty"`
	// Team through which the owner serves it; empty for what waited for the owner in person.
	Team string `cbor:",omitempty"`
	// Sharers are the other agents in it, who has shared longest first.
	Sharers     []Sharer     `cbor:",omitempty"`
	Invitations []Invitation `cbor:",omitempty"`
	// Priority within the line, before the time of arrival; the higher first.
	Priority int      `cbor:",omitempty"`
	Issue    string   `cbor:",omitempty"`
	Skills   []string `cbor:",omitempty"` // that the issue asks for
	Email    string   `cbor:",omitempty"`
	Phone    string   `cbor:",omitempty"`
	// Secure are the secure metadata that the customer brought, sealed (feature C9).
	Secure string `cbor:",omitempty"`
	// RulesFrom is the instant from which waiting rules count: the arrival, or when it was put into a
	// line again after service. 0 stands for ArrivedAt.
	RulesFrom int64 `cbor:",omitempty"`
	// RulesDone is how many seconds of the queue's waiting rules are done; Visited are the queues that
	// rules moved it out of and into.
	RulesDone int      `cbor:",omitempty"`
	Visited   []string `cbor:",omitempty"`
	// WaitsSince is when it came into its personal or team queue.
	WaitsSince int64 `cbor:",omitempty"`

	rank     int       // its queue's priority
	customer *Customer // whose it is; nil for one that is over and whose customer is forgotten
}

// Sharer is an agent in a conversation beside its owner.
type Sharer struct {
	Agent string
	// Team through which the agent came; empty for an invitation in person.
	Team  string `cbor:",omitempty"`
	Since int64
}

// Invitation waits for an agent, or for any member of a team.
type Invitation struct {
	Agent string `cbor:",omitempty"`
	Team  string `cbor:",omitempty"`
	By    string
	Note  string `cbor:",omitempty"`
	At    int64
}

// before is the order of a line, and of all lines together: the queue's priority, the conversation's,
// arrival, then number (design: semantics, Routing).
func (c *Conversation) before(d *Conversation) bool {
	if c.rank != d.rank {
		return c.rank > d.rank
	}
	if c.Priority != d.Priority {
		return c.Priority > d.Priority
	}
	if c.ArrivedAt != d.ArrivedAt {
		return c.ArrivedAt < d.ArrivedAt
	}
	return c.Number < d.Number
}

// Has tells whether an agent is in the conversation, as its owner or beside; an offer is not enough.
func (c *Conversation) Has(agent string) bool {
	return c.Place == InService && (c.Agent == agent || c.sharer(agent) >= 0)
}

func (c *Conversation) sharer(agent string) int {
	return slices.IndexFunc(c.Sharers, func(s Sharer) bool { return s.Agent == agent })
}

// Agents are all who are in the conversation, the owner first.
func (c *Conversation) Agents() []string {
	if c.Agent == "" {
		return nil
	}
	list := make([]string, 1, 1+len(c.Sharers))
	list[0] = c.Agent
	for _, s := range c.Sharers {
		list = append(list, s.Agent)
	}
	return list
}

func (c *Conversation) invitation(agent, team string) int {
	return slices.IndexFunc(c.Invitations, func(i Invitation) bool { return i.Agent == agent && i.Team == team })
}

// rulesFrom is the instant from which waiting rules count.
func (c *Conversation) rulesFrom() int64 {
	if c.RulesFrom != 0 {
		return c.RulesFrom
	}
	return c.ArrivedAt
}
