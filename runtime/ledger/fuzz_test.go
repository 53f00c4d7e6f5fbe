package ledger

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzDecodeBody gives any bytes to the decoder, also with a right checksum put under them so that the framing behind
// it is reached. What is accepted must frame to the entries that were read.
func FuzzDecodeBody(f *testing.F) {
	for _, entries := range [][][]byte{{{}}, {[]byte("a"), []byte("bc")}, {bytes.Repeat([]byte("x"), 200)}} {
		body, err := encodeBody(5, 2, 99, entries)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		f.Add(body[:len(body)-checksumLen])
	}
	f.Add([]byte{bodyFormat, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{bodyFormat, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		summed := binary.BigEndian.AppendUint32(bytes.Clone(body), bodySum(5, 2, 99, body))
		for _, body := range [][]byte{body, summed} {
			entries, err := decodeBody(5, 2, 99, body)
			if err != nil {
				continue
			}
			again, err := encodeBody(5, 2, 99, entries)
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			reread, err := decodeBody(5, 2, 99, again)
			if err != nil || len(reread) != len(entries) {
				t.Fatalf("what was written again reads as %d entries, %v, want %d", len(reread), err, len(entries))
			}
			for i := range entries {
				if !bytes.Equal(entries[i], reread[i]) {
					t.Fatalf("entry %d differs after writing it again", i)
				}
			}
		}
	})
}
