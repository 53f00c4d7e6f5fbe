package protocol

// Change is one thing as it reads now. Exactly the member named by Kind is set.
type Change struct {
	Kind         ChangeKind    `json:"kind"`
	Queue        *Queue        `json:"queue,omitempty"`
	Waiting      *Waiting      `json:"waiting,omitempty"`
	Conversation *Conversation `json:"conversation,omitempty"`
	Message      *Message      `json:"message,omitempty"`
	Channel      *Channel      `json:"channel,omitempty"`
	Notice       *Notice       `json:"notice,omitempty"`
	Team         *Team         `json:"team,omitempty"`
	Agent        *Colleague    `json:"agent,omitempty"`
	Me           *Standing     `json:"me,omitempty"`
	Invitation   *Invitation   `json:"invitation,omitempty"`
	Open         *Open         `json:"open,omitempty"`
	Inactive     *Inactive     `json:"inactive,omitempty"`
	Room         *Room         `json:"room,omitempty"`
	Post         *Post         `json:"post,omitempty"`
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
	KindTeam         ChangeKind = "team"
	KindAgent        ChangeKind = "agent"
	KindMe           ChangeKind = "me"
	KindInvitation   ChangeKind = "invitation"
	KindOpen         ChangeKind = "open"
	KindInactive     ChangeKind = "inactive"
	KindRoom         ChangeKind = "room"
	KindPost         ChangeKind = "post"
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
	// Mode is Manual or Automatic; Priority that among this agent's queues, the higher first.
	Mode     string `json:"mode"`
	Priority int    `json:"priority,omitempty"`
	// Alerted counts waiting customers for whom a waiting rule raised an alert.
	Alerted int `json:"alerted,omitempty"`
	// Inactive counts what was left behind: contact forms, and customers who wrote and left.
	Inactive int `json:"inactive,omitempty"`
	// Favourite tells whether this agent marked it so (feature C14).
	Favourite bool `json:"favourite,omitempty"`
	// Disabled are the features that are off: emoji, typing, preview, transfer, invitations (Q13).
	Disabled []string `json:"disabled,omitempty"`
	// Targets are whom its conversations may be handed to; absent: anybody.
	Targets *Targets `json:"targets,omitempty"`
}

// Targets bound transfers.
type Targets struct {
	Queues []string `json:"queues"`
	Teams  []string `json:"teams"`
	Agents []string `json:"agents"`
}

// Team is a team of this agent: its queue and its chat.
type Team struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Role        string `json:"role"` // Representative, Admin
	Mode        string `json:"mode"` // Collaboration, Grab
	// Waiting counts who waits in the team's queue, FirstSince is the arrival of the first.
	Waiting    int    `json:"waiting"`
	FirstSince int64  `json:"firstSince,omitempty"`
	Online     int    `json:"online"`
	Favourite  bool   `json:"favourite,omitempty"`
	Room       string `json:"room,omitempty"` // of its chat; absent when that is off
}

// Presence of an agent.
const (
	PresenceAvailable  = "available"
	PresenceFinishMine = "finishMine" // serves on, gets nothing new offered
	PresenceAway       = "away"
	PresenceOffline    = "offline"
)

// Colleague is a member of the desk, for transfers, invitations and private rooms.
type Colleague struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName"`
	Presence    string   `json:"presence"`
	Load        int      `json:"load"`
	Limit       int      `json:"limit"`
	Teams       []string `json:"teams"`
}

// Standing is this agent's own: presence, load, and session keys.
type Standing struct {
	Presence string `json:"presence"`
	Load     int    `json:"load"`
	Limit    int    `json:"limit"`
	Keys     []Key  `json:"keys"`
}

// Key is a session key that starts a conversation with the agent who made it, once.
type Key struct {
	Key     string `json:"key"` // 7 digits
	Expires int64  `json:"expires"`
}

// Invitation asks this agent, or a team of this agent, into a conversation that others serve.
type Invitation struct {
	Conversation string `json:"conversation"`
	Queue        string `json:"queue"`
	Name         string `json:"name,omitempty"` // the customer's
	Team         string `json:"team,omitempty"` // absent: for this agent in person
	By           string `json:"by"`
	ByName       string `json:"byName"`
	Note         string `json:"note,omitempty"`
	At           int64  `json:"at"`
}

// Open is a conversation that colleagues serve, and that this agent may see and enter. Sent to
// sockets that watch "team".
type Open struct {
	Conversation string        `json:"conversation"`
	Queue        string        `json:"queue"`
	Team         string        `json:"team,omitempty"`
	Name         string        `json:"name,omitempty"`
	Text         string        `json:"text,omitempty"`
	Channel      string        `json:"channel"`
	Agents       []Participant `json:"agents"` // the owner first
	ArrivedAt    int64         `json:"arrivedAt"`
	StartedAt    int64         `json:"startedAt"`
	Online       bool          `json:"online"`
	// UnansweredSince, SoonAt and OverdueAt: see Conversation.
	UnansweredSince int64 `json:"unansweredSince,omitempty"`
	SoonAt          int64 `json:"soonAt,omitempty"`
	OverdueAt       int64 `json:"overdueAt,omitempty"`
}

// Participant is an agent in a conversation.
type Participant struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// Inactive is a conversation that nobody served before the customer left, or a contact form. A
// message of the customer revives it. Sent to sockets that watch "inactive".
type Inactive struct {
	Conversation string `json:"conversation"`
	Queue        string `json:"queue"`
	Channel      string `json:"channel"`
	Name         string `json:"name,omitempty"`
	Email        string `json:"email,omitempty"`
	Phone        string `json:"phone,omitempty"`
	Text         string `json:"text,omitempty"`
	Page         string `json:"page,omitempty"`
	ArrivedAt    int64  `json:"arrivedAt"`
	At           int64  `json:"at"`
	Why          string `json:"why"` // contact, abandoned, left, removed
}

// Room is a place where members write to each other: a team's chat or two members' own. Its messages
// are asked for by GET /v1/rooms/{room}/messages; new ones come as posts.
type Room struct {
	ID string `json:"id"` // "t:team" or "p:ana:ben", the two names sorted
	// Kind is team or private; With is the other member of a private one.
	Kind   string `json:"kind"`
	Team   string `json:"team,omitempty"`
	With   string `json:"with,omitempty"`
	Name   string `json:"name"`
	Unread int    `json:"unread"`
	// ReadSeq is up to where this agent has read, LastSeq the newest post, LastAt its time.
	ReadSeq uint64 `json:"readSeq,omitempty"`
	LastSeq uint64 `json:"lastSeq,omitempty"`
	LastAt  int64  `json:"lastAt,omitempty"`
}

// Post is a message in a room. Its sequence is its identity and its order.
type Post struct {
	Seq        uint64 `json:"seq"`
	Room       string `json:"room"`
	Author     string `json:"author"`
	AuthorName string `json:"authorName"`
	Text       string `json:"text"`
	At         int64  `json:"at"`
	Client     string `json:"client,omitempty"`
	CID        uint64 `json:"cid,omitempty"`
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
	// Team or Agent is set when it waits in a team's queue, or for this agent in person; Queue is then
	// the queue whose settings hold for it.
	Team  string `json:"team,omitempty"`
	Agent string `json:"agent,omitempty"`
	// Via tells how it came there: transfer, key, link, chosen, issue, rule, lost.
	Via string `json:"via,omitempty"`
	// From and Note of a transfer: who handed it on, and what for.
	From     string `json:"from,omitempty"`
	FromName string `json:"fromName,omitempty"`
	Note     string `json:"note,omitempty"`
	// Issue is what the customer chose in the form, as shown.
	Issue string `json:"issue,omitempty"`
	// Returned tells why it went back to the line; Alerted that a waiting rule raised an alert.
	Returned string `json:"returned,omitempty"`
	Alerted  bool   `json:"alerted,omitempty"`
	// Grab tells that it is to be grabbed: the first member who does has it (feature R5).
	Grab bool `json:"grab,omitempty"`
	// Secure tells that the customer brought facts that the site vouches for (feature C9).
	Secure bool `json:"secure,omitempty"`
	// UnansweredSince, SoonAt and OverdueAt: see Conversation.
	UnansweredSince int64 `json:"unansweredSince,omitempty"`
	SoonAt          int64 `json:"soonAt,omitempty"`
	OverdueAt       int64 `json:"overdueAt,omitempty"`
}

// Conversation states.
const (
	StateWaiting   = "waiting"
	StateOffered   = "offered"
	StateInService = "inService"
	StateEnded     = "ended"
	// StateInactive: the customer wrote and left before anybody came. Writing revives it.
	StateInactive = "inactive"
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
	// Agents are all who are in it, the owner first.
	Agents []Participant `json:"agents,omitempty"`
	// HandedTo tells a customer whom the conversation was handed to; By is set for the agent who gets
	// it back because it was refused.
	HandedTo *Target `json:"handedTo,omitempty"`
	// HandedToName as shown.
	HandedToName string `json:"handedToName,omitempty"`
	// Team is that through which it is served. Issue is what the customer chose, as shown.
	Team  string `json:"team,omitempty"`
	Issue string `json:"issue,omitempty"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
	// SoonAt and OverdueAt are when the unanswered message makes it "soon to be overdue" and
	// "overdue" (feature V5), by the queue's clock; absent without one.
	SoonAt    int64 `json:"soonAt,omitempty"`
	OverdueAt int64 `json:"overdueAt,omitempty"`
	// Idle tells that it does not count against the limit now.
	Idle bool `json:"idle,omitempty"`
	// Invited are whom the agents asked in and who have not come yet.
	Invited []Target `json:"invited,omitempty"`
	// Disabled are features of the queue that are off; told to both sides.
	Disabled []string `json:"disabled,omitempty"`
	// Secure tells agents that the customer brought facts that the site vouches for (feature C9); they are read by GET
	// /v1/conversations/{id}/secure-metadata.
	Secure bool `json:"secure,omitempty"`
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
	// WhenUnavailable and Message are those of the present state: Message, Hide or ContactForm.
	WhenUnavailable string `json:"whenUnavailable"`
	Message         string `json:"message,omitempty"`
	Time            int64  `json:"time"`
	// Issues of open queues, for the submission form.
	Issues []Issue `json:"issues,omitempty"`
	// Agents who are online and may be chosen by name.
	Agents []Participant `json:"agents,omitempty"`
	// SessionKeys tells whether the page takes session keys.
	SessionKeys bool `json:"sessionKeys,omitempty"`
	// Targeting are the rules that the widget evaluates; all must hold.
	Targeting []Targeting `json:"targeting,omitempty"`
	// Disabled are features of the queue that are off.
	Disabled []string `json:"disabled,omitempty"`
	// Link is what the support link of this visit leads to, when it is valid; LinkError why not.
	Link      *LinkInfo `json:"link,omitempty"`
	LinkError string    `json:"linkError,omitempty"`
}

// Issue is an entry of the submission form.
type Issue struct {
	ID          string `json:"id"` // "queue/issue", for join
	Queue       string `json:"queue"`
	QueueName   string `json:"queueName"`
	DisplayName string `json:"displayName"`
}

// Targeting is one condition under which the widget shows itself (feature Q8). Exactly the fields of
// its type count; an unknown type does not hold.
type Targeting struct {
	Type      string   `json:"type"`
	Pattern   string   `json:"pattern,omitempty"`
	Languages []string `json:"languages,omitempty"`
	AtLeast   int      `json:"atLeast,omitempty"`
	Attribute string   `json:"attribute,omitempty"`
	Values    []string `json:"values,omitempty"`
}

// LinkInfo is what a support link leads to.
type LinkInfo struct {
	To   Target `json:"to"`
	Name string `json:"name"` // as shown
	// Offered tells whether a customer may join by it now.
	Offered bool  `json:"offered"`
	Expires int64 `json:"expires"`
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
	// Code: override_refused, taken, returned, offer_expired, handed_back, invitation_gone, removed,
	// alert.
	Code         string `json:"code"`
	Message      string `json:"message"`
	Conversation string `json:"conversation,omitempty"`
	Queue        string `json:"queue,omitempty"`
}

// Gone says that something left the client's view.
type Gone struct {
	Kind ChangeKind `json:"kind"` // queue, team, agent, waiting, conversation, invitation, open, inactive, room
	ID   string     `json:"id"`   // name of a queue, team or agent, id of a conversation or room
	// Why: picked, grabbed, offered, left, abandoned, ended, removed, moved, transferred, declined,
	// withdrawn, taken, revived; By is the agent's name, if one did it.
	Why string `json:"why,omitempty"`
	By  string `json:"by,omitempty"`
}
