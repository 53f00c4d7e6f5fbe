package desk

import "usher.chat/runtime/settings"

// PresenceSet tells what an agent wants to be given (design: semantics, Routing).
type PresenceSet struct {
	Agent    string   `cbor:"1,keyasint"`
	Presence Presence `cbor:"2,keyasint"`
}

// Presence is what an agent wants to be given while connected.
type Presence string

const (
	Available  Presence = ""           // anything, up to the limit
	FinishMine Presence = "finishMine" // nothing new by itself
	Away       Presence = "away"       // nothing by itself, and does not count as online
)

// Transferred hands a conversation to an agent, a team or a queue: exactly one of the three. All who
// were in it have left (feature R12).
type Transferred struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	By           string         `cbor:"2,keyasint"`
	Agent        string         `cbor:"3,keyasint,omitempty"`
	Team         string         `cbor:"4,keyasint,omitempty"`
	Queue        string         `cbor:"5,keyasint,omitempty"`
	Note         string         `cbor:"6,keyasint,omitempty"`
}

// HandedBack tells that an agent declined what was handed over; it waits for the sender.
type HandedBack struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	By           string         `cbor:"2,keyasint"`
	To           string         `cbor:"3,keyasint"`
}

// Rerouted puts a waiting conversation into the line of a queue, because where it waited is no more
// or does not serve.
type Rerouted struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Queue        string         `cbor:"2,keyasint"`
	Why          ReturnedWhy    `cbor:"3,keyasint"`
	By           string         `cbor:"4,keyasint,omitempty"`
}

// Entered tells that an agent joined a conversation that others serve (features R6, R11).
type Entered struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	// Team through which; empty for one who was invited in person.
	Team string `cbor:"3,keyasint,omitempty"`
}

// Left tells that an agent left a conversation in which others stay.
type Left struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint"`
	Why          ReturnedWhy    `cbor:"3,keyasint"`
	// Owner is who has it now, when the one who left was its owner: who shares it longest.
	Owner string `cbor:"4,keyasint,omitempty"`
}

// Invited asks an agent or a team into a conversation (feature R11).
type Invited struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	By           string         `cbor:"2,keyasint"`
	Agent        string         `cbor:"3,keyasint,omitempty"`
	Team         string         `cbor:"4,keyasint,omitempty"`
	Note         string         `cbor:"5,keyasint,omitempty"`
}

// Uninvited takes an invitation away without anybody having come.
type Uninvited struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Agent        string         `cbor:"2,keyasint,omitempty"`
	Team         string         `cbor:"3,keyasint,omitempty"`
	By           string         `cbor:"4,keyasint,omitempty"`
}

// RuleApplied tells that a waiting rule came due (feature R13).
type RuleApplied struct {
	Conversation ConversationID      `cbor:"1,keyasint"`
	Queue        string              `cbor:"2,keyasint"` // whose rule it is
	After        int                 `cbor:"3,keyasint"` // seconds
	Action       settings.RuleAction `cbor:"4,keyasint"`
	To           string              `cbor:"5,keyasint,omitempty"`
	// Skipped says why a move was not made; empty when it was.
	Skipped string `cbor:"6,keyasint,omitempty"`
}

// WentInactive tells that a customer who wrote is gone before anybody came (features V2, V3).
type WentInactive struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Why          EndedWhy       `cbor:"2,keyasint"`
}

// Revived puts an inactive conversation at the end of a line. What the customer says anew of itself
// replaces what was known.
type Revived struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Queue        string         `cbor:"2,keyasint"`
	Name         string         `cbor:"3,keyasint,omitempty"`
	Page         string         `cbor:"4,keyasint,omitempty"`
	Email        string         `cbor:"5,keyasint,omitempty"`
	Phone        string         `cbor:"6,keyasint,omitempty"`
}

// ContactLeft is a contact form: an inactive conversation from the start. Its text is the message
// that follows it.
type ContactLeft struct {
	Conversation ConversationID `cbor:"1,keyasint"`
	Session      string         `cbor:"2,keyasint"`
	Queue        string         `cbor:"3,keyasint"`
	Channel      string         `cbor:"4,keyasint"`
	Name         string         `cbor:"5,keyasint,omitempty"`
	Email        string         `cbor:"6,keyasint,omitempty"`
	Phone        string         `cbor:"7,keyasint,omitempty"`
	Page         string         `cbor:"8,keyasint,omitempty"`
	Issue        string         `cbor:"9,keyasint,omitempty"`
}

// WentIdle tells that the customer was silent for so long that the conversation does not count
// against its agents' limits.
type WentIdle struct {
	Conversation ConversationID `cbor:"1,keyasint"`
}

// KeyMade is a session key of an agent: 7 digits that start one conversation.
type KeyMade struct {
	Agent   string `cbor:"1,keyasint"`
	Key     string `cbor:"2,keyasint"`
	Expires int64  `cbor:"3,keyasint"`
}

// KeyDropped makes a session key void.
type KeyDropped struct {
	Agent string `cbor:"1,keyasint"`
	Key   string `cbor:"2,keyasint"`
}

// KeysLocked tells that somebody tried too many wrong session keys, and may try none for a while.
type KeysLocked struct {
	Source string `cbor:"1,keyasint"` // the address, as the gateway saw it
	Tries  int    `cbor:"2,keyasint"`
	Until  int64  `cbor:"3,keyasint"`
}

// Favoured marks a queue or a team as an agent's favourite, or takes the mark away (feature C14).
type Favoured struct {
	Agent string `cbor:"1,keyasint"`
	Queue string `cbor:"2,keyasint,omitempty"`
	Team  string `cbor:"3,keyasint,omitempty"`
	On    bool   `cbor:"4,keyasint,omitempty"`
}

// Posted is a message between members (feature C13). Its text is in the ledger, not in the state.
type Posted struct {
	Room   RoomID `cbor:"1,keyasint"`
	Author string `cbor:"2,keyasint"`
	Text   string `cbor:"3,keyasint"`
}

// RoomRead tells how far an agent has read.
type RoomRead struct {
	Agent string `cbor:"1,keyasint"`
	Room  RoomID `cbor:"2,keyasint"`
	Seq   uint64 `cbor:"3,keyasint"`
}

// Choice tells how an agent was chosen (feature X3).
type Choice struct {
	// Freed: the agent had just ended a conversation and is offered the first in line (feature Q10).
	Freed bool `cbor:"1,keyasint,omitempty"`
	// Generation of the queue's settings by which it was chosen, and Strategy.
	Generation int64             `cbor:"2,keyasint,omitempty"`
	Strategy   settings.Strategy `cbor:"3,keyasint,omitempty"`
	// Draw is the random number of StrategyRandom; the one at Draw modulo Free, by name, is chosen.
	Draw uint64 `cbor:"4,keyasint,omitempty"`
	// Free counts those who could have been chosen.
	Free int `cbor:"5,keyasint,omitempty"`
	// Required are the skills that were asked for; Dropped how many of the last were not.
	Required []string `cbor:"6,keyasint,omitempty"`
	Dropped  int      `cbor:"7,keyasint,omitempty"`
	// Candidates in the order in which they rank, the chosen one first: everybody who serves the queue
	// when these are at most maxCandidates, else the best fewCandidates.
	Candidates []Candidate `cbor:"8,keyasint,omitempty"`
	// Passed counts those who could not be chosen, by reason.
	Passed Passed `cbor:"9,keyasint"`
}

// Candidate is an agent who was looked at.
type Candidate struct {
	Agent  string `cbor:"1,keyasint"`
	Load   int    `cbor:"2,keyasint,omitempty"`
	Limit  int    `cbor:"3,keyasint,omitempty"`
	Since  int64  `cbor:"4,keyasint,omitempty"` // when the load last changed
	Turn   uint64 `cbor:"5,keyasint,omitempty"` // sequence of the last offer
	Skills int    `cbor:"6,keyasint,omitempty"` // how many of those required
	Why    Reason `cbor:"7,keyasint,omitempty"` // it was not this one; empty for the chosen
}

// Reason is why an agent was passed over.
type Reason string

const (
	PassedOffline    Reason = "offline"
	PassedAway       Reason = "away"
	PassedFinishMine Reason = "finishMine"
	PassedLimit      Reason = "limit"
	PassedRefused    Reason = "refused" // let this customer pass before
	PassedSkills     Reason = "skills"  // another has more of the required skills
	PassedScore      Reason = "score"   // another ranks higher, or was drawn
)

// Passed counts agents by the reason why they could not be chosen.
type Passed struct {
	Offline    int `cbor:"1,keyasint,omitempty"`
	Away       int `cbor:"2,keyasint,omitempty"`
	FinishMine int `cbor:"3,keyasint,omitempty"`
	Limit      int `cbor:"4,keyasint,omitempty"`
	Refused    int `cbor:"5,keyasint,omitempty"`
	Skills     int `cbor:"6,keyasint,omitempty"`
}
