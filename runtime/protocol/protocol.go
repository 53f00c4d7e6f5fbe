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
	TypeLeave  = "leave"  // agent: leave a conversation; it goes back to its place in the line
	TypeOpen   = "open"   // agent: open a queue by hand
	TypeClose  = "close"  // agent: close a queue by hand
	TypeAuto   = "auto"   // agent: give a queue back to its schedule
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
	// Session and Channel are the customer's: the token of an earlier Welcome, and the channel.
	Session string `json:"session,omitempty"`
	Channel string `json:"channel,omitempty"`
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

// Change is one thing as it reads now. Exactly the member named by Kind is set.
type Change struct {
	Kind         ChangeKind    `json:"kind"`
	Queue        *Queue        `json:"queue,omitempty"`
	Waiting      *Waiting      `json:"waiting,omitempty"`
	Conversation *Conversation `json:"conversation,omitempty"`
	Message      *Message      `json:"message,omitempty"`
	Channel      *Channel      `json:"channel,omitempty"`
	Notice       *Notice       `json:"notice,omitempty"`
	// Gone names what is no longer there: a queue, a waiting entry or a conversation.
	Gone *Gone `json:"gone,omitempty"`
}

// ChangeKind says which member of Change is set.
type ChangeKind string

const (
	KindQueue        ChangeKind = "queue"
	KindWaiting      ChangeKind = "waiting"
	KindConversation ChangeKind = "conversation"
	KindMessage      ChangeKind = "message"
	KindChannel      ChangeKind = "channel"
	KindNotice       ChangeKind = "notice"
	KindGone         ChangeKind = "gone"
)

// Queue is a queue as an agent sees it.
type Queue struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	State       string `json:"state"` // Open, Closed
	Cause       string `json:"cause"`
	Detail      string `json:"detail,omitempty"`
	Since       int64  `json:"since"`
	NextTime    int64  `json:"nextTime,omitempty"`
	NextState   string `json:"nextState,omitempty"`
	TimeZone    string `json:"timeZone,omitempty"`
	Waiting     int    `json:"waiting"`
	FirstSince  int64  `json:"firstSince,omitempty"` // arrival of the first in line
	InService   int    `json:"inService"`
	Online      int    `json:"online"`
	Available   int    `json:"available"`
	PlacesLeft  int    `json:"placesLeft"` // -1: no limit
	Places      int    `json:"places"`     // capacity in force; -1: no limit
	// MaySwitch tells whether this agent may open and close it.
	MaySwitch bool `json:"maySwitch"`
	// Override is the open or close by hand in force or on its way.
	Override *Override `json:"override,omitempty"`
}

// Override is an open or close by hand.
type Override struct {
	State  string `json:"state"`
	Until  int64  `json:"until,omitempty"`
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
	// Pending tells that the resource does not carry it yet; it is in force all the same.
	Pending bool `json:"pending,omitempty"`
}

// Waiting is a customer in a line, as an agent of that queue sees it.
type Waiting struct {
	Conversation string `json:"conversation"`
	Queue        string `json:"queue"`
	Name         string `json:"name,omitempty"`
	Text         string `json:"text,omitempty"` // the first message, shortened to 200 characters
	Page         string `json:"page,omitempty"`
	Channel      string `json:"channel"`
	ArrivedAt    int64  `json:"arrivedAt"`
	Online       bool   `json:"online"`
	// OfferedTo is the name of the agent to whom it is offered now; it cannot be picked meanwhile.
	OfferedTo string `json:"offeredTo,omitempty"`
}

// Conversation states.
const (
	StateWaiting   = "waiting"
	StateOffered   = "offered"
	StateInService = "inService"
	StateEnded     = "ended"
)

// Conversation is a conversation as one of its sides sees it: the customer, or its agent (also an
// agent to whom it is offered).
type Conversation struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	Queue     string `json:"queue"`
	QueueName string `json:"queueName"`
	Channel   string `json:"channel"`
	Name      string `json:"name,omitempty"`
	Page      string `json:"page,omitempty"`
	ArrivedAt int64  `json:"arrivedAt"`
	// Place and Waiting are told to the customer while waiting: 1-based place, and how many wait.
	Place   int `json:"place,omitempty"`
	Waiting int `json:"waiting,omitempty"`
	// Agent is who serves it, AgentName as shown.
	Agent     string `json:"agent,omitempty"`
	AgentName string `json:"agentName,omitempty"`
	StartedAt int64  `json:"startedAt,omitempty"`
	// OfferUntil is when an offer goes to the line again; FromQueue asks for the notice that the
	// customer comes from the queue (feature Q10).
	OfferUntil int64 `json:"offerUntil,omitempty"`
	FromQueue  bool  `json:"fromQueue,omitempty"`
	// Online tells whether the other side is connected.
	Online bool `json:"online"`
	// UnansweredSince is the time of the customer's first message that nobody answered.
	UnansweredSince int64 `json:"unansweredSince,omitempty"`
	// Returned tells why it went back to the line: lost, left, refused, expired, removed.
	Returned string `json:"returned,omitempty"`
	EndedAt  int64  `json:"endedAt,omitempty"`
	EndedBy  string `json:"endedBy,omitempty"` // customer, agent, left, idle, abandoned, removed
}

// Message is one message. Its sequence is its identity and its order.
type Message struct {
	Seq          uint64 `json:"seq"`
	Conversation string `json:"conversation"`
	From         string `json:"from"` // customer, agent, system
	Author       string `json:"author,omitempty"`
	Text         string `json:"text"`
	At           int64  `json:"at"`
	// Client and CID are told to the sender only, to match the row that it shows already.
	Client string `json:"client,omitempty"`
	CID    uint64 `json:"cid,omitempty"`
}

// Channel is what a customer may know of a channel before and while waiting.
type Channel struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Greeting    string `json:"greeting,omitempty"`
	AccentColor string `json:"accentColor,omitempty"`
	// Offered tells whether a customer may join now; Availability says why not.
	Offered      bool   `json:"offered"`
	Availability string `json:"availability"`
	QueueState   string `json:"queueState"`
	// OpensAt is when a closed queue opens next; TimeZone is the schedule's.
	OpensAt  int64  `json:"opensAt,omitempty"`
	TimeZone string `json:"timeZone,omitempty"`
	Waiting  int    `json:"waiting"`
	// WhenUnavailable is Message or Hide; Message is the desk's own words.
	WhenUnavailable string `json:"whenUnavailable"`
	Message         string `json:"message,omitempty"`
	Time            int64  `json:"time"`
}

// Availability of a queue to a new customer.
const (
	AvailableNow   = "available" // an agent is free
	AvailableQueue = "queue"     // all are busy or away; a place in the line is left
	Closed         = "closed"
	Busy           = "busy"    // whenBusy offers nothing, and every online agent is at the limit
	Offline        = "offline" // nobody is online
	Full           = "full"    // no place left
)

// Notice is something that one agent should see once.
type Notice struct {
	// Code: override_refused, taken, returned, offer_expired.
	Code         string `json:"code"`
	Message      string `json:"message"`
	Conversation string `json:"conversation,omitempty"`
	Queue        string `json:"queue,omitempty"`
}

// Gone says that something left the client's view.
type Gone struct {
	Kind ChangeKind `json:"kind"` // queue, waiting or conversation
	ID   string     `json:"id"`   // queue name or conversation id
	// Why: picked, offered, left, abandoned, ended, removed; By is the agent's name, if one did it.
	Why string `json:"why,omitempty"`
	By  string `json:"by,omitempty"`
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
	// RetryAfterMS is how long to wait before the same is tried again (rate_limited, unavailable).
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

// Me is GET /v1/me.
type Me struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName"`
	Teams       []MyTeam `json:"teams"`
	Desk        string   `json:"desk"`
	DeskName    string   `json:"deskName"`
	ExpiresAt   int64    `json:"expiresAt"`
}

// MyTeam is a membership.
type MyTeam struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Role        string `json:"role"`
}

// LogPage is GET /v1/queues/{queue}/log: the newest first.
type LogPage struct {
	Entries []LogEntry `json:"entries"`
	// Before is given to the next call for older entries; 0 when there are none.
	Before uint64 `json:"before,omitempty"`
}

// LogEntry is one line of a queue's activity log (feature Q4).
type LogEntry struct {
	Seq          uint64 `json:"seq"`
	At           int64  `json:"at"`
	Queue        string `json:"queue"`
	Type         string `json:"type"` // opened, closed, joined, picked, offered, returned, left, ended, override, settings
	By           string `json:"by,omitempty"`
	Cause        string `json:"cause,omitempty"`
	Reason       string `json:"reason,omitempty"`
	Until        int64  `json:"until,omitempty"`
	Conversation string `json:"conversation,omitempty"`
	Name         string `json:"name,omitempty"`
	Generation   int64  `json:"generation,omitempty"` // of the queue's settings in force
	WaitedMS     int64  `json:"waitedMs,omitempty"`
}

// MessagePage is GET /v1/conversations/{id}/messages: in order, the oldest first.
type MessagePage struct {
	Messages []Message `json:"messages"`
	Before   uint64    `json:"before,omitempty"`
}
