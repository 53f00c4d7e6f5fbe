package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// ErrMoved means that the ledger was moved to another database and is never led again. The error is a *[MovedError].
	ErrMoved Error = "the ledger was moved elsewhere"
	// ErrUnfinished means that the ledger is a copy that is not whole: the move has to be gone on with.
	ErrUnfinished Error = "the ledger is an unfinished copy of another"
)

// Kinds of marks.
const (
	markMoved   = "moved"
	markCopying = "copying"
)

// Moved says what a move took along.
type Moved struct {
	// To is the database, without its password.
	To string `json:"to"`
	// Chain is what was found equal in both, to the last entry.
	Chain Chain `json:"chain"`
	// At is when, by the clock of the ledger that was left.
	At time.Time `json:"at"`
	// Paused is how long nothing was acknowledged, in milliseconds.
	PausedMS int64 `json:"pausedMS"`
}

// MovedError tells where a ledger is now.
type MovedError struct {
	Desk  string
	Moved Moved
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%v: desk %q is in %s since %s, with %d entries", ErrMoved, e.Desk, e.Moved.To,
		e.Moved.At.Format(time.RFC3339), e.Moved.Chain.Last)
}

// Is matches [ErrMoved].
func (e *MovedError) Is(target error) bool { return target == ErrMoved }

// querier is what a mark is read from.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// mark reads the ledger's; kind is empty when there is none.
func (l *Ledger) mark(ctx context.Context, db querier) (kind, about string, at time.Time, err error) {
	var millis int64
	err = db.QueryRowContext(ctx, l.dialect.rewrite(`select kind, about, at from ledger_mark where desk = $1`), l.desk).
		Scan(&kind, &about, &millis)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", time.Time{}, nil
	}
	if err != nil {
		return "", "", time.Time{}, l.failed("read the mark", err)
	}
	return kind, about, time.UnixMilli(millis).UTC(), nil
}

// Moved is the error with which this ledger cannot be led any more or not yet: a *[MovedError], [ErrUnfinished], or nil
// for one that can be led.
func (l *Ledger) Moved(ctx context.Context) error { return l.leadable(ctx, l.reads) }

func (l *Ledger) leadable(ctx context.Context, db querier) error {
	kind, about, at, err := l.mark(ctx, db)
	switch {
	case err != nil:
		return err
	case kind == "":
		return nil
	case kind == markMoved:
		moved := Moved{To: "another database"}
		if err := json.Unmarshal([]byte(about), &moved); err != nil {
			l.log.WarnContext(ctx, "the mark of the ledger cannot be read", "error", err)
		}
		moved.At = at
		return &MovedError{Desk: l.desk, Moved: moved}
	}
	return fmt.Errorf("desk %q: %w (%s)", l.desk, ErrUnfinished, kind)
}

// TakeBack lets a ledger be led again that was moved: what came after the move is in the other one and is not brought
// along. One that was not moved stays as it is.
func (l *Ledger) TakeBack(ctx context.Context) error {
	_, err := l.control.ExecContext(l.statementContext(ctx),
		l.dialect.rewrite(`delete from ledger_mark where desk = $1 and kind = $2`), l.desk, markMoved)
	if err != nil {
		return l.failed("take back", err)
	}
	return nil
}
