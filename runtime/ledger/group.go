package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// Position is the sequence of an entry in the log of its desk: 1 for the first, contiguous.
type Position = uint64

// MaxGroup is the largest group in bytes, framing included. Both databases hold more in a row; a group of this size
// already means a caller that does not split its work.
const MaxGroup = 256 << 20

// Group is what one append wrote.
type Group struct {
	First   Position  // position of Entries[0]
	Epoch   uint64    // epoch of the writer
	At      time.Time // time that the writer gave, in UTC, to the nanosecond
	Entries [][]byte  // in order, at least one; they share memory and must not be changed
}

// Last is the position of the last entry.
func (g Group) Last() Position { return g.First + Position(len(g.Entries)) - 1 }

// The body of a row: one byte of format, the number of entries, each entry with its length before it, and a CRC32C
// over the row's other columns and all of it. Numbers are uvarints; the sum is four bytes, big-endian. The other
// columns are in the sum so that a body under a wrong position, epoch or time is found too.
const (
	bodyFormat  = 1
	checksumLen = 4
)

var errTruncated = errors.New("it ends too early")

// castagnoli is CRC32C, which processors compute by themselves.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func bodySum(first Position, epoch uint64, at int64, body []byte) uint32 {
	var head [24]byte
	binary.BigEndian.PutUint64(head[0:], first)
	binary.BigEndian.PutUint64(head[8:], epoch)
	binary.BigEndian.PutUint64(head[16:], uint64(at))
	table := castagnoli()
	return crc32.Update(crc32.Update(0, table, head[:]), table, body)
}

// bodySize is the size of the encoded body, without its checksum, in bytes.
func bodySize(entries [][]byte) int {
	size := 1 + uvarintLen(uint64(len(entries)))
	for _, entry := range entries {
		size += uvarintLen(uint64(len(entry))) + len(entry)
	}
	return size
}

func uvarintLen(n uint64) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// encodeBody frames entries for one row.
func encodeBody(first Position, epoch uint64, at int64, entries [][]byte) ([]byte, error) {
	if len(entries) == 0 {
		return nil, ErrEmpty
	}
	size := bodySize(entries) + checksumLen
	if size > MaxGroup {
		return nil, fmt.Errorf("%w: a group of %d bytes, at most %d", ErrTooLarge, size, MaxGroup)
	}
	body := make([]byte, 0, size)
	body = append(body, bodyFormat)
	body = binary.AppendUvarint(body, uint64(len(entries)))
	for _, entry := range entries {
		body = binary.AppendUvarint(body, uint64(len(entry)))
		body = append(body, entry...)
	}
	return binary.BigEndian.AppendUint32(body, bodySum(first, epoch, at, body)), nil
}

// decodeBody is the inverse of encodeBody. The entries point into body.
func decodeBody(first Position, epoch uint64, at int64, body []byte) ([][]byte, error) {
	if len(body) < checksumLen+2 {
		return nil, errTruncated
	}
	framed, sum := body[:len(body)-checksumLen], binary.BigEndian.Uint32(body[len(body)-checksumLen:])
	if framed[0] != bodyFormat {
		return nil, fmt.Errorf("format %d is not known to this release", framed[0])
	}
	if want := bodySum(first, epoch, at, framed); sum != want {
		return nil, fmt.Errorf("checksum is %08x, its contents give %08x", sum, want)
	}
	return decodeEntries(framed[1:])
}

// decodeEntries reads the number of entries and the entries, and wants nothing to follow.
func decodeEntries(rest []byte) ([][]byte, error) {
	count, rest, err := cutUvarint(rest)
	if err != nil {
		return nil, err
	}
	// Each entry takes at least the byte of its length: a larger number is a lie, and must not reserve memory.
	if count == 0 || count > uint64(len(rest)) {
		return nil, fmt.Errorf("it says %d entries in %d bytes", count, len(rest))
	}
	entries := make([][]byte, 0, count)
	for range count {
		var size uint64
		if size, rest, err = cutUvarint(rest); err != nil {
			return nil, err
		}
		if size > uint64(len(rest)) {
			return nil, errTruncated
		}
		entries = append(entries, rest[:size:size])
		rest = rest[size:]
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%d bytes follow its last entry", len(rest))
	}
	return entries, nil
}

func cutUvarint(b []byte) (uint64, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, errTruncated
	}
	return n, b[size:], nil
}
