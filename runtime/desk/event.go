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
}

// CustomerJoined puts a customer at the end of a line (features Q4, R1).
type CustomerJoined struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Session      string         `cbor:"2,keyasint"`
	Queue        string         `cbor:"3,keyasint"`
	Channel      string         `cbor:"4,keyasint"`
	Name         string         `cbor:"5,keyasint,omitempty"`
	Page         string         `cbor:"6,keyasint,omitempty"`
}

// Picked starts service: an agent took a waiting customer, or accepted an offer.
type Picked struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	How          PickedHow      `cbor:"3,keyasint"`
	WaitedMS     int64          `cbor:"4,keyasint"`
}

// PickedHow says how service started.
type PickedHow string

const (
	PickedNext   PickedHow = "next"
	PickedChosen PickedHow = "chosen"
	PickedOffer  PickedHow = "offer"
)

// Offered shows the first in line to one agent, who may accept (feature Q10).
type Offered struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	Until        int64          `cbor:"3,keyasint"`
}

// Returned puts a conversation back to its place in the line, at its time of arrival.
type Returned struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	Why          ReturnedWhy    `cbor:"3,keyasint"`
}

// ReturnedWhy says why a conversation went back to the line.
type ReturnedWhy string

const (
	ReturnedRefused ReturnedWhy = "refused" // the offer
	ReturnedExpired ReturnedWhy = "expired" // the offer
	ReturnedLeft    ReturnedWhy = "left"    // the agent left without closing
	ReturnedLost    ReturnedWhy = "lost"    // the agent's connection, for too long
	ReturnedRemoved ReturnedWhy = "removed" // the agent is no longer a member
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
