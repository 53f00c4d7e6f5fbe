package desk

import (
	"time"

	"usher.chat/runtime/settings"
)

// Millis is an instant as events carry it: milliseconds since 1970 UTC.
func Millis(t time.Time) int64 { return t.UnixMilli() }

// Instant is the reverse of Millis.
func Instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// ConversationID names a conversation for ever: "c" and a number that rises.
type ConversationID string

// Record is an event with its place in the ledger.
type Record struct {
	Seq uint64
	// At is the router's clock when it was decided, in milliseconds.
	At int64
	// Origin is the command that it came from; nil for what time or settings brought about.
	Origin *Origin
	Event  Event
}

// Origin is the client's own number of a command. The state keeps the numbers, so that a command
// that is sent again has no second effect (design: a customer's message).
type Origin struct {
	// Principal is a customer session ("s:…") or an agent ("a:…").
	Principal Principal `cbor:"1,keyasint"`
	Client    string    `cbor:"2,keyasint"`
	CID       uint64    `cbor:"3,keyasint"`
}

// Principal is who acts: a customer's session or an agent.
type Principal string

// CustomerPrincipal is a customer session.
func CustomerPrincipal(session string) Principal { return Principal("s:" + session) }

// AgentPrincipal is an agent, by member name.
func AgentPrincipal(agent string) Principal { return Principal("a:" + agent) }

// Event is something that happened. Events are facts: Apply takes them without question. Their
// encoding is versioned (codec.go); a field may be added, never changed in meaning.
type Event interface{ kind() kind }

// SettingsChanged puts new settings in force.
type SettingsChanged struct {
	Version  string            `cbor:"1,keyasint"`
	Settings settings.Settings `cbor:"2,keyasint"`
}

// QueueSwitched tells that a queue opened or closed, or that the cause of its state changed.
type QueueSwitched struct {
	Queue string              `cbor:"1,keyasint"`
	State settings.QueueState `cbor:"2,keyasint"`
	Cause string              `cbor:"3,keyasint"`
	// Detail names the exception or holiday, or gives the reason of an override.
	Detail string `cbor:"4,keyasint,omitempty"`
	By     string `cbor:"5,keyasint,omitempty"`
	Until  int64  `cbor:"6,keyasint,omitempty"`
	// Since is when it was to happen: earlier than the record's time after a downtime.
	Since int64 `cbor:"7,keyasint"`
}

// OverrideRequested is an open, close or auto made in the console. It acts at once; the operator
// carries it to the resource.
type OverrideRequested struct {
	Request settings.OverrideRequest `cbor:"1,keyasint"`
}

// OverrideAnswered takes a request away, because the resource carries it or cannot.
type OverrideAnswered struct {
	ID      string `cbor:"1,keyasint"`
	Queue   string `cbor:"2,keyasint"`
	Refused string `cbor:"3,keyasint,omitempty"`
}

// Connected tells that a principal has at least one socket on a gateway.
type Connected struct {
	Principal Principal `cbor:"1,keyasint"`
	Gateway   string    `cbor:"2,keyasint"`
}

// Disconnected tells that its last socket on that gateway went.
type Disconnected struct {
	Principal Principal `cbor:"1,keyasint"`
	Gateway   string    `cbor:"2,keyasint"`
}

// RouterStarted tells that a router took the lead. Whoever was connected through a gateway that is
// not there any more counts as disconnected from this moment.
type RouterStarted struct {
	Epoch    uint64   `cbor:"1,keyasint"`
	Gateways []string `cbor:"2,keyasint"`
	// Seed of the random draws from now on.
	Seed uint64 `cbor:"3,keyasint,omitempty"`
}

// GatewayLost tells that a gateway is not there any more: whoever was connected through it alone counts
// as disconnected from this moment (ADR 13).
type GatewayLost struct {
	Gateway string `cbor:"1,keyasint"`
}

// CustomerJoined puts a customer at the end of a line (features Q4, R1).
type CustomerJoined struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Session      string         `cbor:"2,keyasint"`
	Queue        string         `cbor:"3,keyasint"`
	Channel      string         `cbor:"4,keyasint"`
	Name         string         `cbor:"5,keyasint,omitempty"`
	Page         string         `cbor:"6,keyasint,omitempty"`
	// Team or Agent is set when the customer waits in a team's queue, or for one agent in person.
	Team  string `cbor:"7,keyasint,omitempty"`
	Agent string `cbor:"8,keyasint,omitempty"`
	Via   Via    `cbor:"9,keyasint,omitempty"`
	// Issue that was chosen, with its skills and priority as they were then.
	Issue    string   `cbor:"10,keyasint,omitempty"`
	Skills   []string `cbor:"11,keyasint,omitempty"`
	Priority int      `cbor:"12,keyasint,omitempty"`
	Email    string   `cbor:"13,keyasint,omitempty"`
	Phone    string   `cbor:"14,keyasint,omitempty"`
	// Key is the session key that was used up.
	Key string `cbor:"15,keyasint,omitempty"`
	// Secure is what the site sealed about the customer, as it came: never what is in it (feature C9).
	Secure string `cbor:"16,keyasint,omitempty"`
}

// Via tells how a conversation came into a personal or a team queue (features R9, R10).
type Via string

const (
	ViaTransfer Via = "transfer" // an agent handed it on
	ViaReturn   Via = "return"   // whom it was handed to declined it
	ViaKey      Via = "key"      // a session key
	ViaLink     Via = "link"     // a support button or custom link
	ViaChosen   Via = "chosen"   // the agent's name on the public page
	ViaIssue    Via = "issue"    // the issue's owner team
	ViaRule     Via = "rule"     // a waiting rule moved it
	ViaLost     Via = "lost"     // its agent's connection was lost
)

// Picked starts service: an agent took a waiting customer, or accepted an offer.
type Picked struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	How          PickedHow      `cbor:"3,keyasint"`
	WaitedMS     int64          `cbor:"4,keyasint"`
	// Team through which the agent serves it; empty for one that waited for the agent in person.
	Team string `cbor:"5,keyasint,omitempty"`
}

// PickedHow says how service started.
type PickedHow string

const (
	PickedNext   PickedHow = "next"
	PickedChosen PickedHow = "chosen"
	PickedOffer  PickedHow = "offer"
	PickedGrab   PickedHow = "grab"
	PickedHanded PickedHow = "handed" // waited for this agent in person
)

// Offered shows the first in line to one agent, who may accept (feature Q10).
type Offered struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	Until        int64          `cbor:"3,keyasint"`
	// Choice tells how the agent was chosen; nil in ledgers of earlier releases, for an agent who had
	// just ended another conversation.
	Choice *Choice `cbor:"4,keyasint,omitempty"`
}

// Returned puts a conversation back to its place in the line, at its time of arrival.
type Returned struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	Why          ReturnedWhy    `cbor:"3,keyasint"`
	// Pending: it waits for this agent, whose connection was lost, and not for all.
	Pending bool `cbor:"4,keyasint,omitempty"`
}

// ReturnedWhy says why a conversation went back to the line.
type ReturnedWhy string

const (
	ReturnedRefused ReturnedWhy = "refused" // the offer
	ReturnedExpired ReturnedWhy = "expired" // the offer
	ReturnedLeft    ReturnedWhy = "left"    // the agent left without closing
	ReturnedLost    ReturnedWhy = "lost"    // the agent's connection, for too long
	ReturnedRemoved ReturnedWhy = "removed" // the agent is no longer a member
	ReturnedSignOut ReturnedWhy = "signedOut"
	ReturnedHanded  ReturnedWhy = "declined" // by whom it was handed to, or who was asked for by name
)

// MessageSent is one message. Its text is in the ledger, not in the state.
type MessageSent struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	From         Side           `cbor:"2,keyasint"`
	Author       string         `cbor:"3,keyasint,omitempty"` // the agent's name
	Text         string         `cbor:"4,keyasint"`
}

// Side is who wrote.
type Side string

const (
	SideCustomer Side = "customer"
	SideAgent    Side = "agent"
)

// Ended ends a conversation for good, waiting or in service.
type Ended struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Why          EndedWhy       `cbor:"2,keyasint"`
	By           string         `cbor:"3,keyasint,omitempty"` // the agent's name
}

// EndedWhy says what ended a conversation.
type EndedWhy string

const (
	EndedByCustomer EndedWhy = "customer"
	EndedByAgent    EndedWhy = "agent"
	EndedLeft       EndedWhy = "left"      // the customer left the line
	EndedAbandoned  EndedWhy = "abandoned" // the waiting customer's connection was lost for too long
	EndedIdle       EndedWhy = "idle"      // no customer message for too long
	EndedRemoved    EndedWhy = "removed"   // its queue is no more
	EndedContact    EndedWhy = "contact"   // a contact form: inactive from the start
	EndedErased     EndedWhy = "erased"    // to be erased at once, at somebody's request
)

// SignedIn starts an agent's session. Link is the id of the one-time link that was used up.
type SignedIn struct {
	Agent       string `cbor:"1,keyasint"`
	Session     string `cbor:"2,keyasint"`
	Expires     int64  `cbor:"3,keyasint"`
	Link        string `cbor:"4,keyasint"`
	LinkExpires int64  `cbor:"5,keyasint"`
}

// SignedOut ends an agent's session.
type SignedOut struct {
	Agent   string `cbor:"1,keyasint"`
	Session string `cbor:"2,keyasint"`
}
