package backup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/ledger/rows"
)

func header() Header {
	return Header{Desk: "acme", Release: "v1", At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Last: 3000}
}

func some() []rows.Row {
	var list []rows.Row
	for at := uint64(1); at <= 3000; at += 3 {
		list = append(list, rows.Row{First: at, Count: 3, Epoch: 1 + at/1000, At: int64(at) * -7, Body: []byte(fmt.Sprint("body ", at, strings.Repeat("x", int(at%97))))})
	}
	return list
}

func file(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, header())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range some() {
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(b []byte) (list []rows.Row, h Header, err error) {
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, h, err
	}
	for row, err := range r.Rows() {
		if err != nil {
			return list, r.Header, err
		}
		list = append(list, row)
	}
	if _, whole := r.Chain(); !whole {
		return list, r.Header, errors.New("it ended and is not whole")
	}
	return list, r.Header, nil
}

func TestABackupReadsAsItWasWritten(t *testing.T) {
	got, h, err := read(file(t))
	if err != nil || h != header() {
		t.Fatalf("%+v, %v", h, err)
	}
	want := some()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) {
			t.Fatalf("row %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestABackupThatEndsTooEarlyAnywhereIsTruncated(t *testing.T) {
	b := file(t)
	for n := range b {
		_, _, err := read(b[:n])
		if !errors.Is(err, ErrTruncated) && (n > 0 || !errors.Is(err, ErrNotBackup)) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}

func TestAChangeOfAnyByteThatChangesAnythingIsFound(t *testing.T) {
	b := file(t)
	for n := range b {
		changed := bytes.Clone(b)
		changed[n] ^= 0x20
		// Some bits of the packing mean nothing: then all is as it was.
		if got, _, err := read(changed); err == nil && fmt.Sprint(got) != fmt.Sprint(some()) {
			t.Fatalf("byte %d of %d may be anything", n, len(b))
		}
	}
	if _, _, err := read(append(bytes.Clone(b), 0)); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTruncated) {
		t.Errorf("with something behind it: %v", err)
	}
}

func TestWhatIsNoBackupOrANewerOneOrEncryptedIsToldApart(t *testing.T) {
	newer := file(t)
	binary.BigEndian.PutUint32(newer[len(magic):], Version+1)
	for text, want := range map[string]Error{
		"": ErrNotBackup, "SQLite format 3\x00 and more of it": ErrNotBackup, "PGDMP": ErrNotBackup,
		"age-encryption.org/v1\n-> X25519 abc": ErrEncrypted, "-----BEGIN AGE ENCRYPTED FILE-----": ErrEncrypted,
		string(newer): ErrTooNew,
	} {
		if _, _, err := read([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", text, err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(file(f))
	f.Add([]byte("age-encryption.org/v1\n"))
	h, err := encodeHeader(header())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(h)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, err := read(b)
		var kind Error
		if err != nil && !errors.As(err, &kind) {
			t.Fatalf("an error without a kind: %v", err)
		}
	})
}
