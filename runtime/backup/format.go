package backup

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// Error is a kind of failure, matched with [errors.Is].
type Error string

func (e Error) Error() string { return string(e) }

const (
	// ErrNotBackup means that the file is something else.
	ErrNotBackup Error = "this is no backup of a desk"
	// ErrEncrypted means that the file has to be decrypted first.
	ErrEncrypted Error = "the backup is encrypted"
	// ErrTooNew means that a newer release has written the file.
	ErrTooNew Error = "the backup is of a newer release"
	// ErrTruncated means that the file ends too early.
	ErrTruncated Error = "the backup is not whole: it ends too early"
	// ErrCorrupt means that the file is not what was written.
	ErrCorrupt Error = "the backup is damaged"
)

const (
	magic = "usherbak"
	// Version of the format that this release writes, and the newest that it reads.
	Version = 1
	// maxHeader bounds the header in bytes.
	maxHeader = 64 << 10
)

// Header says what a file is of.
type Header struct {
	Desk string `json:"desk"`
	// Release that wrote the file.
	Release string `json:"release,omitempty"`
	// At is when it was begun.
	At time.Time `json:"at"`
	// Last is the position of the last entry that is in it.
	Last uint64 `json:"last"`
}

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// encodeHeader is the part of the file before its rows.
func encodeHeader(h Header) ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write the header of a backup: %w", err)
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("write the header of a backup: %d bytes, at most %d", len(text), maxHeader)
	}
	b := binary.BigEndian.AppendUint32([]byte(magic), Version)
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	b = append(b, text...)
	return binary.BigEndian.AppendUint32(b, castagnoli(b)), nil
}

// Encrypted tells from the first bytes of a file, at least 12, whether it is encrypted with age.
func Encrypted(begin []byte) bool {
	for _, header := range []string{"age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE"} {
		n := min(len(begin), len(header))
		if n >= 12 && string(begin[:n]) == header[:n] {
			return true
		}
	}
	return false
}

// readHeader reads the part before the rows. It takes nothing for granted: the file may come from anywhere.
func readHeader(r io.Reader) (h Header, err error) {
	fixed := make([]byte, len(magic)+8)
	n, err := io.ReadFull(r, fixed)
	switch {
	case Encrypted(fixed[:n]):
		return h, ErrEncrypted
	case !bytes.HasPrefix(fixed[:n], []byte(magic)[:min(n, len(magic))]) || n == 0:
		return h, ErrNotBackup
	case err != nil:
		return h, short(err)
	}
	version, size := binary.BigEndian.Uint32(fixed[len(magic):]), binary.BigEndian.Uint32(fixed[len(magic)+4:])
	if version == 0 {
		return h, ErrNotBackup
	}
	if version > Version {
		return h, fmt.Errorf("%w: format %d, this one knows %d", ErrTooNew, version, Version)
	}
	if size > maxHeader {
		return h, fmt.Errorf("%w: a header of %d bytes", ErrCorrupt, size)
	}
	rest := make([]byte, size+4)
	if _, err := io.ReadFull(r, rest); err != nil {
		return h, short(err)
	}
	text, sum := rest[:size], binary.BigEndian.Uint32(rest[size:])
	if castagnoli(append(fixed, text...)) != sum {
		return h, fmt.Errorf("%w: the sum of its header differs", ErrCorrupt)
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("%w: its header: %w", ErrCorrupt, err)
	}
	if h.Desk == "" || h.Last == 0 {
		return h, fmt.Errorf("%w: its header names no desk or no rows", ErrCorrupt)
	}
	return h, nil
}

// short tells an end that came too early from an error of whoever reads.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}
