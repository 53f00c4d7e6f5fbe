package router

import (
	"context"
	"errors"
	"fmt"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
)

// ErrSetBack ends a member that has what the ledger does not have, or has otherwise: the database was recovered to a
// moment before, or is another one. What the member gave its followers cannot be taken back, so its process has to begin
// anew, from the ledger.
var ErrSetBack = errors.New("the ledger was set back behind what this pod has: it begins anew")

// stands reads when the record was written that stands at a position; false when there is none.
func (m *Member) stands(ctx context.Context, position uint64) (at int64, there bool, err error) {
	for group, err := range m.o.Ledger.Read(ctx, position-1, ledger.Limit{Entries: 1}) {
		if err != nil {
			return 0, false, err
		}
		if group.First != position {
			return 0, false, nil
		}
		record, err := desk.Decode(position, group.Entries[0])
		return record.At, err == nil, err
	}
	return 0, false, nil
}

// mark notes where the followers are.
func (m *Member) mark(ctx context.Context) error {
	m.position, m.at = m.state.Seq, 0
	if m.position == 0 {
		return nil
	}
	at, there, err := m.stands(ctx, m.position)
	if err == nil && !there {
		err = fmt.Errorf("%w: nothing is at %d", ErrSetBack, m.position)
	}
	m.at = at
	return err
}

// same looks whether the ledger has, where this pod's followers are, what they were given there: else it is no longer
// the one that they follow, and this pod must neither lead it nor follow who does. Times of two histories that part at a
// moment differ from there on, for one was written when the other had ended.
func (m *Member) same(ctx context.Context) error {
	if m.position == 0 {
		return nil
	}
	at, there, err := m.stands(ctx, m.position)
	switch {
	case err != nil:
		return err
	case !there:
		return fmt.Errorf("%w: nothing is at %d", ErrSetBack, m.position)
	case at != m.at:
		return fmt.Errorf("%w: another record is at %d", ErrSetBack, m.position)
	}
	return nil
}
