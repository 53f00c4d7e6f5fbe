package desk

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Erased tells that conversations are removed for good (feature X9): nothing of them is in the state from here on, and
// the records before are written anew without what people wrote and said of themselves (see [Scrub]). That is done when
// [Rewritten] tells so; a router that finds it undone does it again (ADR 15).
type Erased struct {
	Conversations []ConversationID `cbor:"1,keyasint"`
	// By is who asked for it; empty for the desk's own clock.
	By    string      `cbor:"2,keyasint,omitempty"`
	Why   string      `cbor:"3,keyasint,omitempty"`
	Cause ErasedCause `cbor:"4,keyasint"`
	// From and To are where their records lie, as far as whoever asked could tell; zero for anywhere before this one.
	From uint64 `cbor:"5,keyasint,omitempty"`
	To   uint64 `cbor:"6,keyasint,omitempty"`
}

// ErasedCause says what conversations were erased for.
type ErasedCause string

const (
	ErasedRequest   ErasedCause = "request"   // somebody asked for it
	ErasedRetention ErasedCause = "retention" // they were older than their queue keeps them
)

// Rewritten tells that nothing is left in the ledger and its snapshots of what an Erased took away.
type Rewritten struct {
	// Erased is the sequence of that record; Entries is how many were written anew.
	Erased  uint64 `cbor:"1,keyasint"`
	Entries uint64 `cbor:"2,keyasint,omitempty"`
}

// Erasure is an Erased whose records are still to be written anew.
type Erasure struct {
	// Seq is that of the Erased.
	Seq           uint64
	Conversations []ConversationID
	From, To      uint64 `cbor:",omitempty"`
}

// MaxErased is how many conversations one Erase may name.
const MaxErased = 1000

type (
	// Erase removes conversations that are over, or inactive, for good. End ends those first that go on; without it they
	// are refused with StillOpen. Conversations that the state knows no more are known to whoever asks: the archive has
	// them.
	Erase struct {
		Conversations []ConversationID
		By, Why       string
		Cause         ErasedCause
		End           bool
		From, To      uint64
	}
	// FinishErasure tells that the records of an Erased are written anew. It is the router's own.
	FinishErasure struct {
		Erased, Entries uint64
	}
)

func (Erase) command()         {}
func (FinishErasure) command() {}

func (s *State) decideErase(c Erase) (Decision, *Error) {
	if len(c.Conversations) == 0 || len(c.Conversations) > MaxErased {
		return Decision{}, refuse(BadRequest, "name 1 to %d conversations", MaxErased)
	}
	if !utf8.ValidString(c.By) || !utf8.ValidString(c.Why) || utf8.RuneCountInString(c.By) > MaxReason || utf8.RuneCountInString(c.Why) > MaxReason {
		return Decision{}, refuse(TextInvalid, "who asks and the reason are valid text of at most %d characters", MaxReason)
	}
	if err := checkControl("reason", c.By+c.Why); err != nil {
		return Decision{}, err
	}
	if c.Cause != ErasedRequest && c.Cause != ErasedRetention {
		return Decision{}, refuse(BadRequest, "there is no cause %q", c.Cause)
	}
	var d Decision
	e := Erased{By: c.By, Why: strings.TrimSpace(c.Why), Cause: c.Cause, From: c.From, To: c.To}
	for _, id := range c.Conversations {
		conv := s.Conversations[id]
		number, err := strconv.ParseUint(strings.TrimPrefix(string(id), "c"), 10, 64)
		switch {
		case err != nil || string(id) != "c"+strconv.FormatUint(number, 10) || number == 0 || number > s.LastConversation:
			return Decision{}, refuse(NotFound, "there is no conversation %s", id)
		case slices.Contains(e.Conversations, id):
			continue
		case conv != nil && c.Cause == ErasedRetention && conv.Place != Over && conv.Place != Inactive:
			continue // the customer came back: it is not old any more
		case conv != nil && conv.Place.Open() && !c.End:
			return Decision{}, refuse(StillOpen, "conversation %s goes on; end it first, or have it ended", id)
		case conv != nil && conv.Place.Open():
			d.Events = append(d.Events, Ended{Conversation: id, Why: EndedErased})
			e.To = 0 // the end just told comes behind what was known
		}
		e.Conversations = append(e.Conversations, id)
	}
	if len(e.Conversations) == 0 {
		return Decision{}, nil
	}
	slices.Sort(e.Conversations)
	d.Events = append(d.Events, e)
	return d, nil
}

func (s *State) decideFinishErasure(c FinishErasure) Decision {
	if s.erasure(c.Erased) < 0 {
		return Decision{} // told before
	}
	return only(Rewritten(c))
}

func (s *State) erasure(seq uint64) int {
	return slices.IndexFunc(s.Erasures, func(e Erasure) bool { return e.Seq == seq })
}

func (s *State) applyErased(e Erased, seq uint64, at int64) {
	for _, id := range e.Conversations {
		c := s.Conversations[id]
		if c == nil {
			continue
		}
		if c.Place == Over {
			s.ended = slices.DeleteFunc(s.ended, func(d *Conversation) bool { return d == c })
		} else {
			s.take(c, at)
		}
		s.drop(c)
	}
	s.Erasures = append(s.Erasures, Erasure{Seq: seq, Conversations: e.Conversations, From: e.From, To: e.To})
}

func (s *State) applyRewritten(e Rewritten) {
	if i := s.erasure(e.Erased); i >= 0 {
		s.Erasures = slices.Delete(s.Erasures, i, i+1)
	}
	if len(s.Erasures) == 0 {
		s.Erasures = nil
	}
}

// drop forgets a conversation that is in no index any more, and its customer with it.
func (s *State) drop(c *Conversation) {
	delete(s.Conversations, c.ID)
	if customer := c.customer; customer != nil && customer.Conversation == c.ID {
		delete(s.Customers, c.Session)
		s.acted = nil
	}
}

// Scrub is an event without what people wrote and said of themselves, when it is about one of the conversations;
// changed tells whether anything was taken out. A state that applies it comes to be what it would have been, once the
// Erased behind it is applied. What stays: ids, times, agents' names, queues, the session (random, of one browser for
// a week), and the issue, which is chosen from a list.
func Scrub(e Event, conversations map[ConversationID]bool) (_ Event, changed bool) {
	switch e := e.(type) {
	case MessageSent:
		changed = conversations[e.Conversation] && e.Text != ""
		if changed {
			e.Text = ""
		}
		return e, changed
	case CustomerJoined:
		changed = conversations[e.Conversation] && e.Name+e.Page+e.Email+e.Phone+e.Secure != ""
		if changed {
			e.Name, e.Page, e.Email, e.Phone, e.Secure = "", "", "", "", ""
		}
		return e, changed
	case ContactLeft:
		changed = conversations[e.Conversation] && e.Name+e.Page+e.Email+e.Phone != ""
		if changed {
			e.Name, e.Page, e.Email, e.Phone = "", "", "", ""
		}
		return e, changed
	case Revived:
		changed = conversations[e.Conversation] && e.Name+e.Page+e.Email+e.Phone != ""
		if changed {
			e.Name, e.Page, e.Email, e.Phone = "", "", "", ""
		}
		return e, changed
	case Transferred:
		changed = conversations[e.Conversation] && e.Note != ""
		if changed {
			e.Note = ""
		}
		return e, changed
	case Invited:
		changed = conversations[e.Conversation] && e.Note != ""
		if changed {
			e.Note = ""
		}
		return e, changed
	}
	return e, false
}
