// Package rows is a desk's log as it is stored, row by row, and the hash by which two copies of it are compared: what
// ledgers and backup files have in common.
package rows

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// Row is a group as it is stored, for copies that are to be the same byte for byte.
type Row struct {
	First uint64 // of the first entry
	Count int    // of entries
	Epoch uint64 // of the writer
	At    int64  // nanoseconds since 1970 UTC
	Body  []byte // framed and checked, by package ledger
}

// Last is the position of the last entry.
func (r Row) Last() uint64 { return r.First + uint64(r.Count) - 1 }

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
	Last    uint64 `json:"last"`
	Groups  uint64 `json:"groups"`
	Entries uint64 `json:"entries"`
	Sum     Sum    `json:"sum"`
}

// ErrOrder means that a row is not the next one.
var ErrOrder = errors.New("a row does not follow the one before it")

// Add puts the next row behind the others. One that is not the next is [ErrOrder].
func (c *Chain) Add(r Row) error {
	if r.First != c.Last+1 || r.Count < 1 {
		return fmt.Errorf("%w: %d entries at %d, after %d", ErrOrder, r.Count, r.First, c.Last)
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
