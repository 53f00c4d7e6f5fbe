package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Limit bounds a read. It ends with the group that reaches one of the bounds, so it gives whole groups and at least one
// when there is one.
type Limit struct {
	Entries int // 0 for no bound
	Bytes   int // of stored bodies; 0 for no bound
}

// A read takes the log in pieces, each by a statement of its own, and holds none open while the caller works: an open
// one would keep SQLite's write-ahead log from shrinking, and a connection of PostgreSQL busy.
const (
	pieceGroups = 512
	pieceBytes  = 4 << 20
)

// Read gives the groups after a position, in order, up to the end that it meets; 0 gives all. When the position is
// inside a group, that group begins after it. The iterator can be used once or again from the start.
//
// An error ends it: [ErrGap] when a position is missing, [ErrCorrupt] for a damaged row, or what the database said.
func (l *Ledger) Read(ctx context.Context, after Position, limit Limit) iter.Seq2[Group, error] {
	return func(yield func(Group, error) bool) {
		r := reader{ledger: l, after: after, limit: limit}
		from, err := r.start(ctx)
		for err == nil {
			var groups []Group
			groups, from, err = r.piece(ctx, from)
			for _, group := range groups {
				if !yield(group, nil) {
					return
				}
			}
			if len(groups) == 0 || r.reached() {
				break
			}
		}
		if err != nil {
			yield(Group{}, err)
		}
	}
}

// reader is one run over the log.
type reader struct {
	ledger  *Ledger
	after   Position // last position that was given
	epoch   uint64   // of the group that was given last
	limit   Limit
	entries int
	bytes   int
}

func (r *reader) reached() bool {
	return r.limit.Entries > 0 && r.entries >= r.limit.Entries || r.limit.Bytes > 0 && r.bytes >= r.limit.Bytes
}

// start finds the group that holds the first wanted position.
func (r *reader) start(ctx context.Context) (Position, error) {
	var first int64
	err := r.ledger.reads.QueryRowContext(ctx, r.ledger.queries.start, r.ledger.desk, int64(r.after+1)).Scan(&first)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, r.ledger.failed("read", err)
	}
	return Position(first), nil
}

// piece reads the next groups, and says where to go on. Sizes first: the rows of a piece are in memory together, and
// one row may be as large as [MaxGroup].
func (r *reader) piece(ctx context.Context, from Position) ([]Group, Position, error) {
	first, last, err := r.measure(ctx, from)
	if err != nil || last == 0 {
		return nil, from, err
	}
	l := r.ledger
	rows, err := l.reads.QueryContext(ctx, l.queries.groups, l.desk, int64(first), int64(last))
	if err != nil {
		return nil, from, l.failed("read", err)
	}
	defer rows.Close()
	var groups []Group
	for rows.Next() {
		group, err := r.scan(rows)
		if err != nil {
			return groups, from, err
		}
		groups = append(groups, group)
	}
	if err := rows.Err(); err != nil {
		return groups, from, l.failed("read", err)
	}
	return groups, r.after + 1, nil
}

// measure picks the rows of the next piece: first_seq of the first and of the last, 0 when there is none.
func (r *reader) measure(ctx context.Context, from Position) (first, last Position, err error) {
	l := r.ledger
	rows, err := l.reads.QueryContext(ctx, l.queries.sizes, l.desk, int64(from), pieceGroups)
	if err != nil {
		return 0, 0, l.failed("read", err)
	}
	defer rows.Close()
	piece := 0
	for rows.Next() {
		var seq, count, size int64
		if err := rows.Scan(&seq, &count, &size); err != nil {
			return 0, 0, l.failed("read", err)
		}
		if Position(seq+count-1) <= r.after { // before what is wanted
			continue
		}
		if last > 0 && piece+int(size) > pieceBytes || r.reached() {
			break
		}
		if first == 0 {
			first = Position(seq)
		}
		last = Position(seq)
		piece += int(size)
		r.bytes += int(size)
		r.entries += int(count - max(0, int64(r.after)+1-seq))
	}
	if err := rows.Err(); err != nil {
		return 0, 0, l.failed("read", err)
	}
	return first, last, nil
}

// scan reads one row and checks that it is whole and the next one.
func (r *reader) scan(rows *sql.Rows) (Group, error) {
	var first, count, epoch, at int64
	var body []byte
	if err := rows.Scan(&first, &count, &epoch, &at, &body); err != nil {
		return Group{}, r.ledger.failed("read", err)
	}
	corrupt := func(cause string) error {
		return &CorruptError{Table: "ledger", Desk: r.ledger.desk, First: Position(first), Cause: cause}
	}
	if Position(first) > r.after+1 {
		return Group{}, fmt.Errorf("read of desk %q: %w", r.ledger.desk, &GapError{Want: r.after + 1, Got: Position(first)})
	}
	entries, err := decodeBody(Position(first), uint64(epoch), at, body)
	if err != nil {
		return Group{}, corrupt(err.Error())
	}
	if len(entries) != int(count) {
		return Group{}, corrupt(fmt.Sprintf("it has %d entries and says %d", len(entries), count))
	}
	if uint64(epoch) < r.epoch {
		return Group{}, corrupt(fmt.Sprintf("epoch %d follows epoch %d", epoch, r.epoch))
	}
	group := Group{First: Position(first), Epoch: uint64(epoch), At: time.Unix(0, at).UTC(), Entries: entries}
	if skip := int64(r.after) + 1 - first; skip > 0 {
		if skip >= count || r.epoch != 0 { // only the first group of a read may begin before the wanted position
			return Group{}, corrupt("it overlaps the row before it")
		}
		group.First, group.Entries = r.after+1, entries[skip:]
	}
	r.after, r.epoch = group.Last(), group.Epoch
	return group, nil
}

// Follow gives the groups after a position as they come, looking for new ones every [Options].Poll, until the context
// ends, whose error it then gives. Besides the errors of Read, a log that ends before a position that was already read
// is [ErrGap]: the database has lost what it had acknowledged.
func (l *Ledger) Follow(ctx context.Context, after Position) iter.Seq2[Group, error] {
	return func(yield func(Group, error) bool) {
		ticker := time.NewTicker(l.poll)
		defer ticker.Stop()
		for {
			last, err := l.Last(ctx)
			if err == nil && last < after {
				err = fmt.Errorf("follow desk %q: %w", l.desk, &GapError{Want: after + 1, Last: last})
			}
			if err != nil {
				yield(Group{}, err)
				return
			}
			if last > after {
				for group, err := range l.Read(ctx, after, Limit{}) {
					if !yield(group, err) || err != nil {
						return
					}
					after = group.Last()
				}
				continue
			}
			select {
			case <-ctx.Done():
				yield(Group{}, fmt.Errorf("follow desk %q: %w", l.desk, ctx.Err()))
				return
			case <-ticker.C:
			}
		}
	}
}
