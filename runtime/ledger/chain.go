package ledger

import (
	"context"
	"fmt"
	"iter"

	"usher.chat/runtime/ledger/rows"
)

// Row, Chain and Sum are those of package rows.
type (
	Row   = rows.Row
	Chain = rows.Chain
	Sum   = rows.Sum
)

// CheckRow tells whether the body belongs to the row and is whole.
func CheckRow(r Row) error {
	entries, err := decodeBody(r.First, r.Epoch, r.At, r.Body)
	if err == nil && len(entries) != r.Count {
		err = fmt.Errorf("it has %d entries and says %d", len(entries), r.Count)
	}
	return err
}

// Rows gives the rows after a position that ends a group, to the end of the log or up to a position, in pieces like
// [Ledger.Read], each of them checked. The errors are those of Read.
func (l *Ledger) Rows(ctx context.Context, after, to Position) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for after < to {
			rows, err := l.rows(ctx, after, to)
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
				after = row.Last()
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
			if len(rows) == 0 {
				return
			}
		}
	}
}

// rows is one piece of Rows.
func (l *Ledger) rows(ctx context.Context, after, to Position) ([]Row, error) {
	// The reader's own measure: at most as much as it takes at once.
	r := reader{ledger: l, after: after}
	first, last, err := r.measure(ctx, after+1)
	if err != nil || last == 0 {
		return nil, err
	}
	found, err := l.reads.QueryContext(ctx, l.queries.groups, l.desk, int64(first), int64(min(last, to)))
	if err != nil {
		return nil, l.failed("read", err)
	}
	defer found.Close()
	var rows []Row
	for found.Next() {
		var first, count, epoch, at int64
		var body []byte
		if err := found.Scan(&first, &count, &epoch, &at, &body); err != nil {
			return rows, l.failed("read", err)
		}
		row := Row{First: Position(first), Count: int(count), Epoch: uint64(epoch), At: at, Body: body}
		if row.First != after+1 {
			return rows, fmt.Errorf("read of desk %q: %w", l.desk, &GapError{Want: after + 1, Got: row.First})
		}
		if err := CheckRow(row); err != nil {
			return rows, &CorruptError{Table: "ledger", Desk: l.desk, First: row.First, Cause: err.Error()}
		}
		rows = append(rows, row)
		after = row.Last()
	}
	if err := found.Err(); err != nil {
		return rows, l.failed("read", err)
	}
	return rows, nil
}
