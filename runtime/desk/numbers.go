package desk

import "slices"

// ClientNumbers is what the state remembers of one client's (one tab's) commands, so that a command
// which is sent again gets the same answer and has no second effect (feature X5).
type ClientNumbers struct {
	Client  string
	Highest uint64
	// Recent are the last accepted ones, the newest last.
	Recent []Accepted
	// Passed are numbers that others went past, and that will never be accepted, the highest last.
	Passed []Numbers `cbor:",omitempty"`
}

// Numbers are all from one to another, both of them too.
type Numbers struct {
	_        struct{} `cbor:",toarray"`
	From, To uint64
}

// Accepted is a command that had its effect.
type Accepted struct {
	CID          uint64
	Seq          uint64
	Conversation ConversationID `cbor:",omitempty"`
}

const (
	keepRecent  = 16 // accepted commands of a client whose answers are remembered
	keepPassed  = 32 // gaps between a client's accepted numbers: half as many as a socket may have commands under way
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
		if len(n.Recent) == keepRecent && o.CID < n.Recent[0].CID && !n.passed(o.CID) {
			// So long ago that the answer is no longer known; but it was accepted.
			return &Accepted{CID: o.CID}, nil
		}
		return nil, refuse(OutOfOrder, "number %d is lower than %d, which was accepted already; give the command a new number", o.CID, n.Highest)
	}
	return nil, nil
}

// passed tells whether a number below the highest was never accepted. To take such a one for accepted long ago would lose
// what it says, with an answer that says that it was not lost.
func (n *ClientNumbers) passed(cid uint64) bool {
	return slices.ContainsFunc(n.Passed, func(gap Numbers) bool { return gap.From <= cid && cid <= gap.To })
}

// pass remembers the numbers between the highest and the next one.
func (n *ClientNumbers) pass(next uint64) {
	if next <= n.Highest || next-n.Highest == 1 {
		return
	}
	if len(n.Passed) == keepPassed {
		copy(n.Passed, n.Passed[1:])
		n.Passed = n.Passed[:keepPassed-1]
	}
	n.Passed = append(n.Passed, Numbers{From: n.Highest + 1, To: next - 1})
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
			n.pass(a.CID)
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
	fresh := ClientNumbers{Client: o.Client, Recent: append(room, a)}
	fresh.pass(a.CID)
	fresh.Highest = a.CID
	(*list)[n] = fresh
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
