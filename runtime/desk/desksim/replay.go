package desksim

import (
	"fmt"

	"usher.chat/runtime/desk"
)

// Replay makes a state from the encoded records of a whole ledger, as a router does that starts
// without a snapshot.
func Replay(entries [][]byte) (*desk.State, error) {
	s := desk.New()
	for i, b := range entries {
		r, err := desk.Decode(uint64(i+1), b)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		s.Apply(r)
	}
	return s, nil
}
