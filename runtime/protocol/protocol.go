// Package protocol is what travels between a desk and its clients, as plain structs: the frames of
// the socket and the bodies of the HTTP API under /v1. docs/reference/socket-protocol.md tells the
// rules (sequence numbers, acks, resume, limits, close codes); protocol.ts is the same for
// TypeScript, and a test keeps the two alike.
//
// A client's first frame is a Hello. The server answers with Welcome, then one Snapshot, then
// Updates; a Snapshot and an Update carry the same vocabulary, Change, which is always "this thing
// now reads so" and never "add one": applying one twice does no harm.
//
// All times are milliseconds since 1970 UTC. All numbers fit a JavaScript number.
package protocol

// Version is the version of the socket protocol; the WebSocket subprotocol is "usher.v1".
const Version = 1

// Subprotocol is the WebSocket subprotocol that both sides must name.
const Subprotocol = "usher.v1"

// Limits that every client meets. The server tells them again in Welcome.
const (
	MaxFrameBytes  = 32 << 10 // a larger frame from a client: close 1009, or HTTP 413
	MaxTextRunes   = 4000     // a message
	MaxNameRunes   = 100      // a customer's stated name
	MaxReasonRunes = 256      // why a queue was opened or closed by hand
	MaxClientLen   = 64       // a client id: 8 to 64 of A-Z a-z 0-9 _ -
	MinClientLen   = 8
	MaxNoteRunes   = 500 // why a conversation is handed on
	MaxEmailBytes  = 254
	MaxPhoneRunes  = 32
)

// Frame types from the client.
const (
	TypeHello  = "hello"
	TypePong   = "pong"
	TypeTyping = "typing"
	// Commands; each has a cid and is answered by an ack or a refused.
	TypeJoin   = "join"   // customer: wait in the channel's queue
	TypeSay    = "say"    // both: write in a conversation
	TypeEnd    = "end"    // both: end the conversation; a waiting customer leaves the line
	TypePick   = "pick"   // agent: the next of a queue (or of all), or a chosen conversation
	TypeAccept = "accept" // agent: an offer
	TypeRefuse = "refuse" // agent: an offer
	TypeLeave  = "leave"  // agent: leave a conversation; alone in it, it goes back to its place in the line
	// Routing (features R5 to R12).
	TypeGrab     = "grab"     // representative: take a waiting conversation of a Grab team from its notification
	TypeEnter    = "enter"    // agent: join a conversation that others serve, or take up an invitation
	TypeTransfer = "transfer" // agent: hand a conversation to an agent, a team or a queue
	TypeInvite   = "invite"   // agent: ask an agent or a team into a conversation
	TypeUninvite = "uninvite" // agent: take an invitation back
	TypeDecline  = "decline"  // agent: an invitation, or a conversation that was handed to this agent
	TypePresence = "presence" // agent: available, finishMine or away
	TypeNewKey   = "newKey"   // agent: a session key of 7 digits; it comes as a change of kind me
	TypeDropKey  = "dropKey"  // agent: make a session key void
	TypeFavour   = "favour"   // agent: mark a queue or team as a favourite, or not any more
	TypePost     = "post"     // agent: write in a room (team chat, or private with another member)
	TypeRead     = "read"     // agent: a room was read up to a sequence
	TypeWatch    = "watch"    // agent: which lists this tab looks at; no cid, lost with the socket
	TypeContact  = "contact"  // customer: the contact form
	TypeOpen     = "open"     // agent: open a queue by hand
	TypeClose    = "close"    // agent: close a queue by hand
	TypeAuto     = "auto"     // agent: give a queue back to its schedule
)

// Frame types from the server.
const (
	TypeWelcome  = "welcome"
	TypeSnapshot = "snapshot"
	TypeUpdate   = "update"
	TypeAck      = "ack"
	TypeRefused  = "refused"
	TypeError    = "error"
	TypePing     = "ping"
	TypeGoAway   = "goaway"
	// TypeTyping goes both ways.
)

// Close codes beyond those of RFC 6455.
const (
	ClosePingMissed  = 4000 // no pong for 30 s
	CloseGap         = 4001 // from the client: it saw a hole; it connects again without seq
	CloseSignedOut   = 4003 // session ended, member removed, or not signed in: do not reconnect
	CloseVersion     = 4004 // the client speaks another version: load the page again
	CloseProtocol    = 4005 // no hello within 10 s, or a frame that is not of this protocol
	CloseRateLimited = 4008 // far over the rate; reconnect after a pause
	CloseSlow        = 4009 // the client does not read; reconnect, and resume from its seq
)

// Hello is the first frame of a client.
type Hello struct {
	Type string `json:"type"`
	V    int    `json:"v"`
	// Client names this tab, for ever the same while the tab lives; numbers (cid) rise within it.
	Client string `json:"client"`
	// Seq is the last sequence that the client applied; absent on a first connection.
	Seq uint64 `json:"seq,omitempty"`
	// Keeps is the newest message that a customer's client has of its conversation; absent when it has none.
	Keeps *Kept `json:"keeps,omitempty"`
	// Session and Channel are the customer's: the token of an earlier Welcome, and the channel.
	Session string `json:"session,omitempty"`
	Channel string `json:"channel,omitempty"`
}

// Kept names a message, by its sequence and its time: a desk that was restored to a moment may have another one of that
// sequence, of another time, or none.
type Kept struct {
	Seq uint64 `json:"seq"`
	At  int64  `json:"at"` // as in the Message
}

// Command is any frame from a client that has an effect. Which fields count follows from Type.
type Command struct {
	Type         string `json:"type"`
	CID          uint64 `json:"cid,omitempty"`
	Client       string `json:"client,omitempty"` // only by POST; a socket said it in Hello
	Conversation string `json:"conversation,omitempty"`
	Queue        string `json:"queue,omitempty"`
	Text         string `json:"text,omitempty"`
	Name         string `json:"name,omitempty"`  // join
	Page         string `json:"page,omitempty"`  // join: address of the page that the customer looks at
	Until        int64  `json:"until,omitempty"` // open, close
	Reason       string `json:"reason,omitempty"`
	Typing       bool   `json:"typing,omitempty"`
	// To is an agent, a team or a queue: transfer, invite, uninvite, favour.
	To *Target `json:"to,omitempty"`
	// Presence of presence; On of favour.
	Presence string `json:"presence,omitempty"`
	On       bool   `json:"on,omitempty"`
	// Key is a session key: dropKey, and join by a customer.
	Key string `json:"key,omitempty"`
	// Link is the token of a support link, Issue and Agent what the customer chose on the page: join.
	// An issue is "queue/issue".
	Link  string `json:"link,omitempty"`
	Issue string `json:"issue,omitempty"`
	Agent string `json:"agent,omitempty"`
	// Email and Phone are how to reach the customer: join, contact.
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
	// Secure are facts that the site sealed about its signed-in customer: join (feature C9).
	Secure string `json:"secure,omitempty"`
	// Room and Seq of post and read.
	Room string `json:"room,omitempty"`
	Seq  uint64 `json:"seq,omitempty"`
	// Views of watch: "team" for the conversations that colleagues serve, "inactive" for what was left
	// behind. It replaces what was watched before.
	Views []string `json:"views,omitempty"`
}

// Target is an agent, a team or a queue.
type Target struct {
	Kind string `json:"kind"` // agent, team, queue
	Name string `json:"name"`
}

// Welcome answers Hello.
type Welcome struct {
	Type string `json:"type"`
	V    int    `json:"v"`
	// Session is the customer's token, to be kept and sent in the next Hello. It is renewed here.
	Session string `json:"session,omitempty"`
	// Agent is the signed-in agent's name.
	Agent string `json:"agent,omitempty"`
	// Time is the server's clock, for waits and ages.
	Time   int64  `json:"time"`
	Limits Limits `json:"limits"`
}

// Limits are the numbers a client should keep to.
type Limits struct {
	Text        int `json:"text"`
	Frame       int `json:"frame"`
	PingSeconds int `json:"pingSeconds"` // the server pings this often; dead after 10 s more
}

// Snapshot replaces what the client has, except messages with a sequence of at most MessagesAfter.
type Snapshot struct {
	Type          string   `json:"type"`
	Seq           uint64   `json:"seq"`
	MessagesAfter uint64   `json:"messagesAfter,omitempty"`
	Changes       []Change `json:"changes"`
	// More tells that the snapshot goes on in the next frame, with the same Seq.
	More bool `json:"more,omitempty"`
}

// Update tells what changed up to Seq. Prev is the Seq of the Snapshot or Update sent before it on
// this socket; when it is not what the client has, frames were lost: close 4001, connect again.
type Update struct {
	Type    string   `json:"type"`
	Seq     uint64   `json:"seq"`
	Prev    uint64   `json:"prev"`
	Changes []Change `json:"changes"`
}

// Ack tells that a command took effect and is durable. The same command sent again gets the same.
type Ack struct {
	Type         string `json:"type"`
	CID          uint64 `json:"cid"`
	Seq          uint64 `json:"seq"`
	Conversation string `json:"conversation,omitempty"`
}

// Refused tells that a command had no effect.
type Refused struct {
	Type  string `json:"type"`
	CID   uint64 `json:"cid"`
	Error Error  `json:"error"`
}

// ErrorFrame tells of a frame that was no command, or closes the socket next.
type ErrorFrame struct {
	Type  string `json:"type"`
	Error Error  `json:"error"`
}

// ErrorBody is the body of every HTTP answer of 400 and above.
type ErrorBody struct {
	Error Error `json:"error"`
}

// Error is a typed error: a code for programs, a sentence for people.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// By is who has it (already_taken).
	By string `json:"by,omitempty"`
	// RetryAfterMS is how long to wait before the same is tried again (rate_limited, unavailable, overloaded).
	RetryAfterMS int64 `json:"retryAfterMs,omitempty"`
}

// Ping is sent by the server every Limits.PingSeconds; the client answers {"type":"pong"}.
type Ping struct {
	Type string `json:"type"`
	Time int64  `json:"time"`
}

// GoAway asks the client to connect again after a pause of its own choice up to AfterMS.
type GoAway struct {
	Type    string `json:"type"`
	AfterMS int64  `json:"afterMs"`
}

// Typing is lossy and never stored.
type Typing struct {
	Type         string `json:"type"`
	Conversation string `json:"conversation"`
	From         string `json:"from"`
	Author       string `json:"author,omitempty"`
}
