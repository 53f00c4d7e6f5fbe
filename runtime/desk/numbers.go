package desk

import "slices"

// ClientNumbers is what the state remembers of one client's (one tab's) commands, so that a command
// which is sent again gets the same answer and has no second effect (feature X5).
type ClientNumbers struct {
	Client  string
	Highest uint64
	// Recent are the last accepted ones, the newest last.
	Recent []Accepted
}

// Accepted is a command that had its effect.
type Accepted struct {
	CID          uint64
	Seq          uint64
	Conversation ConversationID `cbor:",omitempty"`
}

const (
	keepRecent  = 16 // accepted commands of a client whose answers are remembered
	keepClients = 32 // tabs of one principal
)

// repeated looks a command's number up: the answer that it got, or an *Error when the number cannot
// be used any more; both nil when it is new.
func (s *State) repeated(o Origin) (*Accepted, *Error) {
	list := s.clients(o.Principal)
	for i := 0; list != nil && i < len(*list); i++ {
		n := &(*list)[i]
		if n.Client != o.Client || o.CID > n.Highest {
			continue
		}
		for i := range n.Recent {
			if n.Recent[i].CID == o.CID {
				return &n.Recent[i], nil
			}
		}
		if len(n.Recent) == keepRecent && o.CID < n.Recent[0].CID {
			// So long ago that the answer is no longer known. Whoever sends this has had it, for a
			// client has no more than a few commands without an answer.
			return &Accepted{CID: o.CID}, nil
		}
		return nil, refuse(OutOfOrder, "number %d is lower than %d, which was accepted already; give the command a new number", o.CID, n.Highest)
	}
	return nil, nil
}

// accept remembers a command's number.
func (s *State) accept(o Origin, a Accepted) {
	if name := o.Principal.agent(); name != "" {
		s.agent(name) // whoever has acted is known from then on, signed in or not
	}
	list := s.clients(o.Principal)
	if list == nil {
		return // nobody who is known
	}
	for i := range *list {
		if n := &(*list)[i]; n.Client == o.Client {
			n.Highest = max(n.Highest, a.CID)
			if len(n.Recent) == keepRecent {
				copy(n.Recent, n.Recent[1:])
				n.Recent = n.Recent[:keepRecent-1]
			}
			n.Recent = append(n.Recent, a)
			// The client that spoke last stands last, so that the first is the one to forget.
			if last := len(*list) - 1; i != last {
				spoke := *n
				copy((*list)[i:], (*list)[i+1:])
				(*list)[last] = spoke
			}
			return
		}
	}
	if len(*list) == keepClients {
		*list = slices.Delete(*list, 0, 1)
	}
	n := len(*list)
	*list = slices.Grow(*list, 1)[:n+1]
	room := (*list)[n].Recent // of a customer who came (arrive), else none
	(*list)[n] = ClientNumbers{Client: o.Client, Highest: a.CID, Recent: append(room, a)}
}

// clients are a principal's numbers; nil for a principal who is not known.
func (s *State) clients(p Principal) *[]ClientNumbers {
	if session, ok := p.session(); ok {
		if c := s.customer(session); c != nil {
			return &c.Clients
		}
	} else if a := s.Agents[p.agent()]; a != nil {
		return &a.Clients
	}
	return nil
}

func (p Principal) session() (string, bool) {
	if len(p) > 2 && p[0] == 's' {
		return string(p[2:]), true
	}
	return "", false
}

func (p Principal) agent() string {
	if len(p) > 2 && p[0] == 'a' {
		return string(p[2:])
	}
	return ""
}
