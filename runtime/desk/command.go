package desk

import "usher.chat/runtime/settings"

// Command is something that somebody wants, or that time brings. Decide answers it with events.
type Command interface{ command() }

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
	}
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
	// SignOut ends a session.
	SignOut struct{ Agent, Session string }
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
	// Pick takes the first of a queue, the first of all the agent's queues (both empty), or a chosen
	// conversation.
	Pick struct {
		Origin       Origin
		Agent        string
		Queue        string
		Conversation ConversationID
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

// OriginOf is the client's number of a person's command; nil for the others.
func OriginOf(c Command) *Origin {
	switch c := c.(type) {
	case Join:
		return &c.Origin
	case Say:
		return &c.Origin
	case End:
		return &c.Origin
	case Pick:
		return &c.Origin
	case Accept:
		return &c.Origin
	case Refuse:
		return &c.Origin
	case Leave:
		return &c.Origin
	case Switch:
		return &c.Origin
	}
	return nil
}
