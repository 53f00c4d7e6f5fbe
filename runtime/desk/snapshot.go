package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// SnapshotVersion is the version of what Snapshot writes. One of another version is left aside, and
// the ledger is replayed from an older one or from its beginning.
const SnapshotVersion = 3

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
	for i := range s.Settings.Queues {
		if name := s.Settings.Queues[i].Name; s.Queues[name] == nil {
			return fmt.Errorf("queue %s is set but not there", name)
		}
	}
	if len(s.Queues) != len(s.Settings.Queues) {
		return fmt.Errorf("%d queues are there, %d are set", len(s.Queues), len(s.Settings.Queues))
	}
	s.reindex(0)
	for _, q := range s.Queues {
		// The first Tick looks at every queue: what changed while no state was there is found then.
		q.nextCheck = 1
		s.at(1, checkQueue, q.Name)
	}
	return nil
}
