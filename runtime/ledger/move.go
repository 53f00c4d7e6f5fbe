package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrTargetInUse means that the database to which a ledger was to be moved holds something else: the error is a
// *[TargetError].
const ErrTargetInUse Error = "the database holds something else already"

// ErrMoving means that the move could not come to its end now. The ledger stays where it is and is led on; what was
// copied is kept, and the next attempt goes on from there.
const ErrMoving Error = "the move did not come to its end"

// TargetError says why a database may not take a ledger.
type TargetError struct {
	Desk  string
	Cause string
}

func (e *TargetError) Error() string {
	return fmt.Sprintf("%v: %s (schema %s)", ErrTargetInUse, e.Cause, Schema(e.Desk))
}

// Is matches [ErrTargetInUse].
func (e *TargetError) Is(target error) bool { return target == ErrTargetInUse }

// Phases of a move.
const (
	PhaseComparing = "comparing" // what an attempt before has copied already
	PhaseCopying   = "copying"   // while the ledger is led on
	PhasePausing   = "pausing"   // the last entries; nothing is acknowledged meanwhile
)

// MoveProgress is how far a move is.
type MoveProgress struct {
	Phase string   `json:"phase"`
	Done  Position `json:"done"`
	Total Position `json:"total"`
}

// MoveOptions of [Move].
type MoveOptions struct {
	// Progress, if set, is called now and then, from the goroutine of the move.
	Progress func(MoveProgress)
	// Pause bounds the time in which appends wait at the end; 10 s when 0. A move that does not get through in it lets
	// the appends go on and tries again.
	Pause time.Duration
	// To names the target for people, without a password.
	To string
}

// Bounds of a move.
const (
	defaultPause = 10 * time.Second
	// moveLease is how long a target is kept for a move that is silent.
	moveLease = 15 * time.Second
	// tailAtMost is how many entries may be left for the pause.
	tailAtMost = 512
	// catchUps is how often the copy runs after a ledger that grows, pauses how often the end is tried.
	catchUps, pauses = 1000, 5
	// movers is how the holder's name of a move begins.
	movers = "usher-move/"
)

// Move takes the log from a SQLite file to PostgreSQL, while it is led. It copies the groups in their order, reads them
// back and compares them by their [Chain]; then appends wait for a moment, in which the last groups follow, the target is
// declared whole, and the source is left for good: from then on its writer is fenced and Lead is [ErrMoved]. Snapshots
// come along.
//
// It can be broken off anywhere, also by a crash, and be started again: until the source is left it is the one that
// counts, and the target cannot be led before it is whole. [ErrTargetInUse] refuses a target with another history, or one
// on which a desk has run; [ErrMoved] a source that was left before.
func Move(ctx context.Context, source, target *Ledger, o MoveOptions) (Moved, error) {
	if source.dialect.name != "sqlite3" || target.dialect.name != "postgres" {
		return Moved{}, errors.New("move a ledger: it goes from SQLite to PostgreSQL")
	}
	if source.desk != target.desk {
		return Moved{}, fmt.Errorf("move the ledger of desk %q: the target is of desk %q", source.desk, target.desk)
	}
	if o.Progress == nil {
		o.Progress = func(MoveProgress) {}
	}
	if o.Pause <= 0 {
		o.Pause = defaultPause
	}
	if err := source.leadable(ctx, source.reads); err != nil {
		return Moved{}, err
	}
	m := &mover{source: source, target: target, o: o}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := m.begin(ctx); err != nil {
		return Moved{}, err
	}
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		m.renew(ctx)
	}()
	defer func() {
		cancel()
		<-renewing
		_ = m.unwatch(context.WithoutCancel(ctx)) // it ends with the connection
	}()
	return m.run(ctx)
}

// mover is one attempt.
type mover struct {
	source, target *Ledger
	o              MoveOptions
	writer         *Writer // keeps others from the target
	from, to       Chain   // of what was compared
	mended         int     // rows of the copy that were brought up to date
}

func (m *mover) run(ctx context.Context) (Moved, error) {
	m.tell(PhaseComparing, 0)
	if err := m.watch(ctx); err != nil {
		return Moved{}, err
	}
	if err := m.compare(ctx); err != nil {
		return Moved{}, err
	}
	var last error
	for range pauses {
		if err := m.catchUp(ctx); err != nil {
			return Moved{}, err
		}
		if err := m.copySnapshots(ctx); err != nil {
			return Moved{}, err
		}
		moved, again, err := m.finish(ctx)
		if err == nil && m.mended > 0 { // what an erasure has taken out is not to be left in the copy's dead rows
			if err := m.target.Clean(ctx); err != nil {
				m.source.log.WarnContext(ctx, "the copy was not cleaned of what was erased under way: vacuum it", "error", err)
			}
		}
		if err == nil || !again || ctx.Err() != nil {
			return moved, err
		}
		last = err
		m.source.log.WarnContext(ctx, "the move waits again: its end did not come in time", "error", err)
		if err := m.compare(ctx); err != nil { // rows may have been rewritten
			return Moved{}, err
		}
	}
	return Moved{}, fmt.Errorf("%w: %w", ErrMoving, last)
}

func (m *mover) tell(phase string, total Position) {
	m.o.Progress(MoveProgress{Phase: phase, Done: m.to.Last, Total: max(total, m.to.Last)})
}

func (m *mover) renew(ctx context.Context) {
	every := time.NewTicker(moveLease / 5)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			if err := m.writer.Renew(ctx); err != nil && ctx.Err() == nil {
				m.source.log.WarnContext(ctx, "the target's lease could not be renewed", "error", err)
			}
		}
	}
}

// begin makes sure of the target: that it is empty, or holds what an attempt before has left.
func (m *mover) begin(ctx context.Context) error {
	first, err := m.source.rows(ctx, 0, 1<<62)
	if err != nil {
		return err
	}
	if len(first) == 0 {
		return fmt.Errorf("move the ledger of desk %q: it is empty; there is nothing to take along", m.source.desk)
	}
	var one Chain
	if err := one.Add(first[0]); err != nil {
		return err
	}
	t := m.target
	holder := movers + one.Sum.String()[:16]
	var other string
	err = t.reads.QueryRowContext(ctx, `select desk from ledger where desk <> $1 limit 1`, t.desk).Scan(&other)
	if err == nil {
		return &TargetError{t.desk, fmt.Sprintf("the history of desk %q", other)}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return t.failed("look at the target", err)
	}
	last, err := t.Last(ctx)
	if err != nil {
		return err
	}
	leader, err := t.Leader(ctx)
	if err != nil {
		return err
	}
	mine := leader.Holder == holder
	switch {
	case leader.Live && !mine:
		return &TargetError{t.desk, fmt.Sprintf("it is led by %q just now", leader.Holder)}
	case last > 0 && strings.HasPrefix(leader.Holder, movers) && !mine:
		return &TargetError{t.desk, "the copy of another ledger; when nobody needs it, drop the schema and begin again"}
	case last > 0 && !mine:
		return &TargetError{t.desk, fmt.Sprintf("a desk ran on it: %d entries, last led by %q", last, leader.Holder)}
	}
	if m.writer, err = t.lead(ctx, Claim{Holder: holder, Lease: moveLease}); err != nil {
		if errors.Is(err, ErrHeld) {
			return &TargetError{t.desk, err.Error()}
		}
		return err
	}
	_, err = t.control.ExecContext(ctx, t.dialect.rewrite(`insert into ledger_mark (desk, kind, about, at)
		values ($1, $2, $3, `+t.dialect.now+`) on conflict (desk) do update set kind = excluded.kind, about = excluded.about,
		at = excluded.at`), t.desk, markCopying, "{}")
	if err != nil {
		return t.failed("mark the target", err)
	}
	return nil
}

// compare goes over what the target has, from the start, and brings rows up to date that were rewritten since. A row that
// is another one ends it.
func (m *mover) compare(ctx context.Context) error {
	m.from, m.to = Chain{}, Chain{}
	// From here on what is rewritten is written down anew.
	if err := m.forget(ctx); err != nil {
		return err
	}
	end, err := m.target.Last(ctx)
	if err != nil {
		return err
	}
	last, err := m.source.Last(ctx)
	if err != nil {
		return err
	}
	if end > last {
		return &TargetError{m.target.desk, fmt.Sprintf("it is newer: %d entries, the ledger has %d", end, last)}
	}
	for m.to.Last < end {
		theirs, err := m.target.rows(ctx, m.to.Last, end)
		if err != nil {
			return err
		}
		if len(theirs) == 0 {
			return &GapError{Want: m.to.Last + 1, Last: end}
		}
		ours, err := m.source.rows(ctx, m.from.Last, theirs[len(theirs)-1].Last())
		if err != nil {
			return err
		}
		for len(ours) < len(theirs) && len(ours) > 0 { // pieces may be cut otherwise
			more, err := m.source.rows(ctx, ours[len(ours)-1].Last(), theirs[len(theirs)-1].Last())
			if err != nil {
				return err
			}
			if len(more) == 0 {
				break
			}
			ours = append(ours, more...)
		}
		if err := m.align(ctx, ours, theirs); err != nil {
			return err
		}
		m.tell(PhaseComparing, end)
	}
	return nil
}

// align compares rows pair by pair.
func (m *mover) align(ctx context.Context, ours, theirs []Row) error {
	for i, their := range theirs {
		differs := func(what string) error {
			return &TargetError{m.target.desk, fmt.Sprintf("another history: row %d %s", their.First, what)}
		}
		if i >= len(ours) {
			return differs("is not in the ledger")
		}
		our := ours[i]
		if our.First != their.First || our.Count != their.Count || our.Epoch != their.Epoch || our.At != their.At {
			return differs("is another one")
		}
		if string(our.Body) != string(their.Body) {
			_, err := m.target.control.ExecContext(ctx, `update ledger set body = $3 where desk = $1 and first_seq = $2`,
				m.target.desk, int64(our.First), our.Body)
			if err != nil {
				return m.target.failed("bring a row up to date", err)
			}
			their.Body = our.Body
			m.mended++
		}
		if err := errors.Join(m.from.Add(our), m.to.Add(their)); err != nil {
			return err
		}
	}
	return nil
}

// catchUp copies until little is left.
func (m *mover) catchUp(ctx context.Context) error {
	for range catchUps {
		last, err := m.source.Last(ctx)
		if err != nil {
			return err
		}
		m.tell(PhaseCopying, last)
		if last-m.to.Last <= tailAtMost {
			return nil
		}
		if err := m.copy(ctx, last, PhaseCopying); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the ledger grows faster than the target takes it", ErrMoving)
}

// copy brings the target to a position, and reads back what it has there.
func (m *mover) copy(ctx context.Context, to Position, phase string) error {
	for m.to.Last < to {
		rows, err := m.source.rows(ctx, m.from.Last, to)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return &GapError{Want: m.from.Last + 1, Last: to}
		}
		if err := m.put(ctx, rows); err != nil {
			return err
		}
		for _, row := range rows {
			if err := m.from.Add(row); err != nil {
				return err
			}
		}
		for row, err := range m.target.Rows(ctx, m.to.Last, m.from.Last) {
			if err == nil {
				err = m.to.Add(row)
			}
			if err != nil {
				return err
			}
		}
		if m.from != m.to {
			return fmt.Errorf("%w: up to position %d the copy differs from the ledger: %s, not %s", ErrCorrupt, m.from.Last,
				m.to.Sum, m.from.Sum)
		}
		m.tell(phase, to)
	}
	return nil
}

// unmarked tells whether the target is declared whole.
func (m *mover) unmarked(ctx context.Context) (bool, error) {
	kind, _, _, err := m.target.mark(ctx, m.target.control)
	return kind == "", err
}

// finish is the pause: it copies the rest, declares the target whole and leaves the source. again says that nothing has
// happened and that another attempt may succeed.
func (m *mover) finish(ctx context.Context) (moved Moved, again bool, err error) {
	// SQLite's one connection for writing is the pause: whoever has it knows that nothing else writes, and who waits for
	// it is not refused.
	conn, err := m.source.appends.Conn(ctx)
	if err != nil {
		return Moved{}, false, m.source.failed("pause", err)
	}
	defer func() { _ = conn.Close() }()
	began := time.Now() // a figure for people; nothing is decided by it
	bounded, cancel := context.WithTimeout(ctx, m.o.Pause)
	defer cancel()
	last, err := m.source.Last(bounded)
	if err != nil {
		return Moved{}, true, err
	}
	leader, err := m.source.Leader(bounded)
	if err != nil {
		return Moved{}, true, err
	}
	m.tell(PhasePausing, last)
	var rewritten int
	if err := conn.QueryRowContext(bounded, "select count(*) from temp.moving").Scan(&rewritten); err != nil {
		_ = m.watchOn(ctx, conn) // another connection than the one that was watched
		return Moved{}, true, m.source.failed("look for rewritten rows", err)
	}
	if rewritten > 0 {
		return Moved{}, true, fmt.Errorf("%w: %d rows were rewritten meanwhile", ErrMoving, rewritten)
	}
	if err := m.copy(bounded, last, PhasePausing); err != nil {
		return Moved{}, bounded.Err() != nil, err
	}
	if err := m.copySnapshots(bounded); err != nil {
		return Moved{}, bounded.Err() != nil, err
	}
	if err := m.declare(bounded, leader.Epoch); err != nil {
		return Moved{}, false, err
	}
	moved = Moved{To: m.o.To, Chain: m.from, PausedMS: time.Since(began).Milliseconds()}
	at, err := m.leave(ctx, conn, moved)
	if err != nil {
		return Moved{}, false, err
	}
	moved.At = at
	return moved, false, nil
}

// declare lets the target be led, if it is this move's still. A crash between here and the end leaves a whole copy that
// nobody has led, which the next attempt takes up again.
func (m *mover) declare(ctx context.Context, epoch uint64) error {
	for {
		err := m.tryDeclare(ctx, epoch)
		if err == nil || errors.Is(err, ErrFenced) {
			return err
		}
		// The answer may have been lost.
		if done, asked := m.unmarked(ctx); asked == nil && done {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ErrMoving, err)
		}
	}
}

func (m *mover) tryDeclare(ctx context.Context, epoch uint64) (err error) {
	t := m.target
	tx, err := t.control.BeginTx(ctx, nil)
	if err != nil {
		return t.failed("declare the target whole", err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	result, err := tx.ExecContext(ctx, `update ledger_epoch set epoch = greatest(epoch, cast($3 as bigint)), lease_until = 0
		where desk = $1 and claim = $2`, t.desk, m.writer.claim, int64(epoch))
	if err != nil {
		return t.failed("declare the target whole", err)
	}
	if rows, err := result.RowsAffected(); err != nil || rows != 1 {
		return errors.Join(err, fmt.Errorf("declare the target of desk %q whole: %w: another move took it", t.desk, ErrFenced))
	}
	if _, err := tx.ExecContext(ctx, `delete from ledger_mark where desk = $1 and kind = $2`, t.desk, markCopying); err != nil {
		return t.failed("declare the target whole", err)
	}
	if err := tx.Commit(); err != nil {
		return t.failed("declare the target whole", err)
	}
	return nil
}

// leave marks the source and takes its place away from its writer, in one transaction.
func (m *mover) leave(ctx context.Context, conn *sql.Conn, moved Moved) (at time.Time, err error) {
	s := m.source
	ctx = s.statementContext(ctx)
	about, err := json.Marshal(moved)
	if err != nil {
		return at, err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return at, s.failed("leave the ledger", err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	if _, err = tx.ExecContext(ctx, s.dialect.rewrite(`insert into ledger_mark (desk, kind, about, at)
		values ($1, $2, $3, `+s.dialect.now+`)`), s.desk, markMoved, string(about)); err != nil {
		return at, s.failed("leave the ledger", err)
	}
	if _, err = tx.ExecContext(ctx, s.dialect.rewrite(`update ledger_epoch set epoch = epoch + 1, claim = $2, lease_until = 0
		where desk = $1`), s.desk, markMoved); err != nil {
		return at, s.failed("leave the ledger", err)
	}
	if _, _, at, err = s.mark(ctx, tx); err != nil {
		return at, err
	}
	if err = tx.Commit(); err != nil {
		return at, s.failed("leave the ledger", err)
	}
	return at, nil
}
