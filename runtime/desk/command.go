package desk

import "usher.chat/runtime/settings"

// Command is something that somebody wants, or that time brings. Decide answers it with events.
type Command interface{ command() }

// Target is an agent, a team or a queue.
type Target struct {
	Kind TargetKind
	Name string
}

// TargetKind says what a Target is.
type TargetKind string

const (
	ToAgent TargetKind = "agent"
	ToTeam  TargetKind = "team"
	ToQueue TargetKind = "queue"
)

// Apply* and sign-in commands come from the desk's own parts; the others from people.
type (
	// ApplySettings puts settings in force.
	ApplySettings struct{ Settings settings.Settings }
	// Tick lets one due deadline have its effect. The router repeats it while one is due.
	Tick struct{}
	// Start is the first command of a router that took the lead.
	Start struct {
		Epoch    uint64
		Gateways []string
		// Seed of the random draws from now on.
		Seed uint64
	}
	// LoseGateway takes out a gateway that is not there any more (ADR 13).
	LoseGateway struct{ Gateway string }
	// Sync has no effect. Its answer is the router's position: all that was answered before is there.
	Sync struct{}
	// Connect and Disconnect tell of the first and last socket of a principal on a gateway.
	Connect struct {
		Principal Principal
		Gateway   string
	}
	Disconnect struct {
		Principal Principal
		Gateway   string
	}
	// SignIn uses up a one-time link; the gateway has checked its signature.
	SignIn struct {
		Agent                string
		Session, Link        string
		Expires, LinkExpires int64
	}
	// SignOut ends a session. When it is the agent's last and conversations are open it is refused,
	// unless forced: then they go to who shares them, or back to the line.
	SignOut struct {
		Agent, Session string
		Force          bool
	}
	// LockKeys tells that a source tried too many wrong session keys; the gateway keeps it from
	// trying more.
	LockKeys struct {
		Source string
		Tries  int
		Until  int64
	}
)

type (
	// Join puts a customer in the queue of a channel. Text, if any, becomes the first message.
	Join struct {
		Origin  Origin
		Session string
		Channel string
		Name    string
		Page    string
		Text    string
		Email   string
		Phone   string
		// At most one of these: Issue ("queue/issue"), Key, the Agent chosen by name on the page, or
		// To, where a support link leads, whose signature and end the gateway has checked.
		Issue string
		Key   string
		Agent string
		To    Target
		// Secure are secure metadata as they came, and SecureName the name that they state; the gateway has opened them,
		// and SecureError is what is wrong with them, or empty. Whether they count is a setting of the queue.
		Secure      string `cbor:",omitempty"`
		SecureName  string `cbor:",omitempty"`
		SecureError string `cbor:",omitempty"`
	}
	// Contact leaves a message and an address while the chat is not offered.
	Contact struct {
		Origin             Origin
		Session, Channel   string
		Name, Email, Phone string
		Page, Text, Issue  string
	}
	// Say writes a message. A customer writes in its own conversation, and leaves Conversation empty.
	Say struct {
		Origin       Origin
		Conversation ConversationID
		Text         string
	}
	// End ends a conversation; a waiting customer leaves the line.
	End struct {
		Origin       Origin
		Conversation ConversationID
	}
	// Pick takes the first of a queue or of a team's queue, the first of all the agent's (all empty),
	// or a chosen conversation. Grab is a representative's, from the notification of a Grab team.
	Pick struct {
		Origin       Origin
		Agent        string
		Queue        string
		Team         string
		Conversation ConversationID
		Grab         bool
	}
	// Enter joins a conversation that others serve, or takes up an invitation.
	Enter struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
	}
	// Transfer hands a conversation on.
	Transfer struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
		To           Target
		Note         string
	}
	// Invite asks an agent or a team in.
	Invite struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
		To           Target
		Note         string
	}
	// Uninvite takes an invitation back.
	Uninvite struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
		To           Target
	}
	// Decline refuses an invitation, or what waits for this agent in person.
	Decline struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
	}
	// SetPresence tells what the agent wants to be given.
	SetPresence struct {
		Origin   Origin
		Agent    string
		Presence Presence
	}
	// NewKey makes a session key: the first of Keys (7 random digits each) that is not in use.
	NewKey struct {
		Origin Origin
		Agent  string
		Keys   []string
	}
	// DropKey makes one void.
	DropKey struct {
		Origin Origin
		Agent  string
		Key    string
	}
	// Favour marks a queue or team, or takes the mark away.
	Favour struct {
		Origin Origin
		Agent  string
		To     Target
		On     bool
	}
	// Post writes in a room.
	Post struct {
		Origin Origin
		Agent  string
		Room   RoomID
		Text   string
	}
	// ReadRoom tells how far the agent has read.
	ReadRoom struct {
		Origin Origin
		Agent  string
		Room   RoomID
		Seq    uint64
	}
	// Accept takes up an offer.
	Accept struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
	}
	// Refuse gives an offer back.
	Refuse struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
	}
	// Leave gives a conversation back to the line.
	Leave struct {
		Origin       Origin
		Agent        string
		Conversation ConversationID
	}
	// Switch opens or closes a queue by hand from the console; an empty State gives it back to its
	// schedule. ID names the request, for the operator's answer.
	Switch struct {
		Origin Origin
		Agent  string
		ID     string
		Queue  string
		State  settings.QueueState
		Until  int64
		Reason string
	}
)

func (ApplySettings) command() {}
func (Tick) command()          {}
func (Start) command()         {}
func (Connect) command()       {}
func (Disconnect) command()    {}
func (SignIn) command()        {}
func (SignOut) command()       {}
func (Join) command()          {}
func (Say) command()           {}
func (End) command()           {}
func (Pick) command()          {}
func (Accept) command()        {}
func (Refuse) command()        {}
func (Leave) command()         {}
func (Switch) command()        {}
func (LockKeys) command()      {}
func (Contact) command()       {}
func (Enter) command()         {}
func (Transfer) command()      {}
func (Invite) command()        {}
func (Uninvite) command()      {}
func (Decline) command()       {}
func (SetPresence) command()   {}
func (NewKey) command()        {}
func (DropKey) command()       {}
func (Favour) command()        {}
func (Post) command()          {}
func (ReadRoom) command()      {}
func (LoseGateway) command()   {}
func (Sync) command()          {}

// OriginOf is the client's number of a person's command; nil for the others.
func OriginOf(c Command) *Origin {
	if o, ok := originOf(c); ok {
		return &o
	}
	return nil
}

// originOf is the same without an allocation.
func originOf(c Command) (Origin, bool) {
	switch c := c.(type) {
	case Join:
		return c.Origin, true
	case Say:
		return c.Origin, true
	case End:
		return c.Origin, true
	case Pick:
		return c.Origin, true
	case Accept:
		return c.Origin, true
	case Refuse:
		return c.Origin, true
	case Leave:
		return c.Origin, true
	case Switch:
		return c.Origin, true
	case Contact:
		return c.Origin, true
	case Enter:
		return c.Origin, true
	case Transfer:
		return c.Origin, true
	case Invite:
		return c.Origin, true
	case Uninvite:
		return c.Origin, true
	case Decline:
		return c.Origin, true
	case SetPresence:
		return c.Origin, true
	case NewKey:
		return c.Origin, true
	case DropKey:
		return c.Origin, true
	case Favour:
		return c.Origin, true
	case Post:
		return c.Origin, true
	case ReadRoom:
		return c.Origin, true
	}
	return Origin{}, false
}
