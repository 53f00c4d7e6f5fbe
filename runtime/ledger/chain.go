package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
)

// Row is a group as it is stored, for copies that are to be the same byte for byte.
type Row struct {
	First Position // of the first entry
	Count int      // of entries
	Epoch uint64   // of the writer
	At    int64    // nanoseconds since 1970 UTC
	Body  []byte   // framed and checked, see [Ledger.Append]
}

// Last is the position of the last entry.
func (r Row) Last() Position { return r.First + Position(r.Count) - 1 }

// Check tells whether the body belongs to the row and is whole.
func (r Row) Check() error {
	entries, err := decodeBody(r.First, r.Epoch, r.At, r.Body)
	if err == nil && len(entries) != r.Count {
		err = fmt.Errorf("it has %d entries and says %d", len(entries), r.Count)
	}
	return err
}

// Sum is a SHA-256.
type Sum [sha256.Size]byte

// String in hexadecimal digits.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText in hexadecimal digits.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (s *Sum) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(s) {
		return errors.New("a sum has 64 hexadecimal digits")
	}
	_, err := hex.Decode(s[:], text)
	return err
}

// Chain is the hash of rows in their order: each link is the hash of the one before and of all of a row. Two ledgers
// with equal chains are equal. It is of the rows as they are now and is kept nowhere but with a copy: an erasure rewrites
// rows, and leaves nothing to break.
type Chain struct {
	Last    Position `json:"last"`
	Groups  uint64   `json:"groups"`
	Entries uint64   `json:"entries"`
	Sum     Sum      `json:"sum"`
}

// Add puts the next row behind the others. One that is not the next is a *[GapError].
func (c *Chain) Add(r Row) error {
	if r.First != c.Last+1 {
		return &GapError{Want: c.Last + 1, Got: r.First}
	}
	var head [28]byte
	binary.BigEndian.PutUint64(head[0:], r.First)
	binary.BigEndian.PutUint32(head[8:], uint32(r.Count))
	binary.BigEndian.PutUint64(head[12:], r.Epoch)
	binary.BigEndian.PutUint64(head[20:], uint64(r.At))
	h := sha256.New()
	h.Write(c.Sum[:])
	h.Write(head[:])
	h.Write(r.Body)
	h.Sum(c.Sum[:0])
	c.Last = r.Last()
	c.Groups++
	c.Entries += uint64(r.Count)
	return nil
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
		if err := row.Check(); err != nil {
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
