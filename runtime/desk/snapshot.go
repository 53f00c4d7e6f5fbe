package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"
)

// SnapshotVersion is the version of what Snapshot writes. One of another version is left aside, and
// the ledger is replayed from an older one or from its beginning.
const SnapshotVersion = 1

// Snapshot is the state as bytes, for a start without replaying the whole ledger.
func (s *State) Snapshot() ([]byte, error) {
	b, err := encMode.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return b, nil
}

// Restore is the reverse of Snapshot. Bytes that Snapshot did not write are an error, never a panic:
// a snapshot comes from a disk or a database, and the ledger can stand in for it.
func Restore(b []byte) (*State, error) {
	s := New()
	if err := decMode.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	if err := s.whole(); err != nil {
		return nil, fmt.Errorf("restore snapshot at %d: %w", s.Seq, err)
	}
	if err := s.rebuild(); err != nil {
		return nil, fmt.Errorf("restore snapshot at %d: %w", s.Seq, err)
	}
	return s, nil
}

// Hash names the state: equal ledgers give equal hashes on every pod and release that replays them
// alike.
func (s *State) Hash() (string, error) {
	b, err := s.Snapshot()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// rebuild makes the indexes from the exported fields.
func (s *State) rebuild() error {
	s.indexMembers()
	hours := hours{}
	for i := range s.Settings.Queues {
		set := &s.Settings.Queues[i]
		q := s.Queues[set.Name]
		if q == nil {
			return fmt.Errorf("queue %s is set but not there", set.Name)
		}
		s.settle(q, set, hours)
	}
	for name, q := range s.Queues {
		if q.set == nil {
			return fmt.Errorf("queue %s is there but not set", name)
		}
	}
	for _, a := range s.Agents {
		a.conversations = map[ConversationID]*Conversation{}
		if a.Sessions == nil {
			a.Sessions = map[string]int64{}
		}
	}
	list := make([]*Conversation, 0, len(s.Conversations))
	for _, c := range s.Conversations {
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].before(list[j]) })
	for _, c := range list {
		if err := s.place(c); err != nil {
			return err
		}
	}
	sort.SliceStable(s.ended, func(i, j int) bool {
		a, b := s.ended[i], s.ended[j]
		if a.EndedAt != b.EndedAt {
			return a.EndedAt < b.EndedAt
		}
		return a.Number < b.Number
	})
	for _, q := range s.Queues {
		// The first Tick looks at every queue: what changed while no state was there is found then.
		q.nextCheck = 1
		s.at(1, checkQueue, q.Name)
	}
	return nil
}

// place puts a conversation of a snapshot into the indexes, with its deadlines. An entry whose time
// is not known exactly is put at the beginning of time: due moves it to where it belongs.
func (s *State) place(c *Conversation) error {
	switch c.Place {
	case Waiting:
		if q := s.Queues[c.Queue]; q != nil {
			q.line = append(q.line, c) // the list is in order
		} else {
			s.at(0, queueRemoved, string(c.ID))
		}
	case OfferedTo, InService:
		if s.Agents[c.Agent] == nil {
			return fmt.Errorf("conversation %s has agent %q who is not there", c.ID, c.Agent)
		}
		s.give(c, c.Place, c.Agent)
		s.at(0, agentRemoved, string(c.ID))
	case Over:
		s.ended = append(s.ended, c)
		return nil
	default:
		return fmt.Errorf("conversation %s is in no place", c.ID)
	}
	s.hint(0, c, offerExpires, agentLost, customerLost, idleTooLong)
	return nil
}
