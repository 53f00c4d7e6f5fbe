package backup

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"

	"usher.chat/runtime/ledger/rows"
)

// Marks in the stream.
const (
	markRow = 'R'
	markEnd = 'E'
)

const (
	// maxBody bounds one row in bytes, as the ledger does.
	maxBody = 256 << 20
	// maxMemory bounds what the decoder may take.
	maxMemory = 128 << 20
)

// Writer writes a file.
type Writer struct {
	packed *zstd.Encoder
	header Header
	chain  rows.Chain
	buffer []byte
}

// NewWriter writes the header.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	b, err := encodeHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, fmt.Errorf("write a backup: %w", err)
	}
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("write a backup: %w", err)
	}
	return &Writer{packed: packed, header: h}, nil
}

// Add writes the next row.
func (w *Writer) Add(r rows.Row) error {
	if err := w.chain.Add(r); err != nil {
		return fmt.Errorf("write a backup: %w", err)
	}
	b := append(w.buffer[:0], markRow)
	b = binary.AppendUvarint(b, uint64(r.Count))
	b = binary.AppendUvarint(b, r.Epoch)
	b = binary.AppendVarint(b, r.At)
	b = binary.AppendUvarint(b, uint64(len(r.Body)))
	w.buffer = append(b, r.Body...)
	if _, err := w.packed.Write(w.buffer); err != nil {
		return fmt.Errorf("write a backup: %w", err)
	}
	return nil
}

// Chain is what was written so far.
func (w *Writer) Chain() rows.Chain { return w.chain }

// Close writes the end. The writer below stays open.
func (w *Writer) Close() error {
	if w.chain.Last != w.header.Last {
		return fmt.Errorf("write a backup: it has %d entries and says %d", w.chain.Last, w.header.Last)
	}
	b := []byte{markEnd}
	b = binary.AppendUvarint(b, w.chain.Last)
	b = binary.AppendUvarint(b, w.chain.Groups)
	b = binary.AppendUvarint(b, w.chain.Entries)
	b = append(b, w.chain.Sum[:]...)
	if _, err := w.packed.Write(b); err != nil {
		return fmt.Errorf("write a backup: %w", err)
	}
	if err := w.packed.Close(); err != nil {
		return fmt.Errorf("write a backup: %w", err)
	}
	return nil
}

// Reader reads a file.
type Reader struct {
	Header Header
	below  io.Reader
	chain  rows.Chain
	whole  bool
}

// NewReader reads the header. The errors are the kinds of this package, or those of the reader below.
func NewReader(r io.Reader) (*Reader, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	return &Reader{Header: h, below: r}, nil
}

// Chain is what was read; whole tells whether it was to the end, and found to be what the file says.
func (r *Reader) Chain() (chain rows.Chain, whole bool) { return r.chain, r.whole }

// Rows gives the rows in order, once. Only when it has ended without an error is the file known to be whole.
func (r *Reader) Rows() iter.Seq2[rows.Row, error] {
	return func(yield func(rows.Row, error) bool) {
		// Read one by one: whatever follows the stream is seen.
		below := bufio.NewReader(r.below)
		packed, err := zstd.NewReader(below, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMemory),
			zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			yield(rows.Row{}, fmt.Errorf("read a backup: %w", err))
			return
		}
		defer packed.Close()
		in := bufio.NewReaderSize(packed, 64<<10)
		for {
			row, end, err := r.next(in)
			if err != nil || end {
				if err == nil {
					err = r.finish(in)
				}
				if err != nil {
					yield(rows.Row{}, damaged(err))
				}
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// damaged puts what a broken file leads to into the kinds of this package.
func damaged(err error) error {
	var kind Error
	switch {
	case errors.As(err, &kind):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrTruncated
	case errors.Is(err, rows.ErrOrder):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	for _, broken := range []error{zstd.ErrCRCMismatch, zstd.ErrMagicMismatch, zstd.ErrBlockTooSmall, zstd.ErrWindowSizeExceeded,
		zstd.ErrWindowSizeTooSmall, zstd.ErrDecoderSizeExceeded, zstd.ErrFrameSizeExceeded, zstd.ErrFrameSizeMismatch,
		zstd.ErrReservedBlockType, zstd.ErrCompressedSizeTooBig, zstd.ErrUnexpectedBlockSize, zstd.ErrUnknownDictionary} {
		if errors.Is(err, broken) {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return fmt.Errorf("%w, or cannot be read: %w", ErrCorrupt, err)
}

func (r *Reader) next(in *bufio.Reader) (row rows.Row, end bool, err error) {
	mark, err := in.ReadByte()
	if err != nil {
		return row, false, err
	}
	if mark == markEnd {
		return row, true, nil
	}
	if mark != markRow {
		return row, false, fmt.Errorf("%w: mark %d after position %d", ErrCorrupt, mark, r.chain.Last)
	}
	row.First = r.chain.Last + 1
	count, err := binary.ReadUvarint(in)
	if err != nil {
		return row, false, err
	}
	if row.Epoch, err = binary.ReadUvarint(in); err != nil {
		return row, false, err
	}
	if row.At, err = binary.ReadVarint(in); err != nil {
		return row, false, err
	}
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return row, false, err
	}
	if size > maxBody || count == 0 || count > size || row.Epoch == 0 || row.Epoch > 1<<62 {
		return row, false, fmt.Errorf("%w: a row of %d entries and %d bytes at %d", ErrCorrupt, count, size, row.First)
	}
	row.Count = int(count)
	// Grown as it comes: a size that is a lie reserves no memory.
	var body bytes.Buffer
	if _, err := io.CopyN(&body, in, int64(size)); err != nil {
		return row, false, err
	}
	row.Body = body.Bytes()
	return row, false, r.chain.Add(row)
}

// finish compares the end with what was read.
func (r *Reader) finish(in *bufio.Reader) error {
	var told rows.Chain
	for _, to := range []*uint64{&told.Last, &told.Groups, &told.Entries} {
		n, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		*to = n
	}
	if _, err := io.ReadFull(in, told.Sum[:]); err != nil {
		return err
	}
	if told != r.chain || told.Last != r.Header.Last {
		return fmt.Errorf("%w: it has %d entries with the hash %s, and says %d with %s", ErrCorrupt, r.chain.Entries, r.chain.Sum, told.Entries, told.Sum)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = fmt.Errorf("%w: something follows its end", ErrCorrupt)
		}
		return err
	}
	r.whole = true
	return nil
}
