package ledger_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"usher.chat/runtime/ledger"
)

func TestABodyComesBackAsItWasFramed(t *testing.T) {
	for name, entries := range map[string][][]byte{
		"one entry":       {[]byte("a")},
		"an empty entry":  {{}},
		"some and empty":  {[]byte("a"), {}, []byte("bc"), {}},
		"127 bytes":       {bytes.Repeat([]byte("x"), 127)},
		"128 bytes":       {bytes.Repeat([]byte("x"), 128)},
		"20,000 entries":  slices.Repeat([][]byte{[]byte("xyz")}, 20_000),
		"all bytes there": {{0, 1, 2, 0xfe, 0xff}},
	} {
		body, err := ledger.EncodeBody(7, 3, -1, entries)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if cap(body) != len(body) {
			t.Errorf("%s: %d bytes were reserved for %d", name, cap(body), len(body))
		}
		got, err := ledger.DecodeBody(7, 3, -1, body)
		if err != nil || !slices.EqualFunc(got, entries, bytes.Equal) {
			t.Errorf("%s: got %d entries, %v", name, len(got), err)
		}
	}
}

func TestEveryFlippedBitOfABodyIsFound(t *testing.T) {
	body, err := ledger.EncodeBody(7, 3, 1_000_000, [][]byte{[]byte("hello"), []byte("customer")})
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(body) * 8 {
		damaged := bytes.Clone(body)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, err := ledger.DecodeBody(7, 3, 1_000_000, damaged); err == nil {
			t.Errorf("bit %d flipped is not found", bit)
		}
	}
	for size := range len(body) {
		if _, err := ledger.DecodeBody(7, 3, 1_000_000, body[:size]); err == nil {
			t.Errorf("a body cut at %d is not found", size)
		}
	}
	for _, place := range []struct {
		first, epoch uint64
		at           int64
	}{{8, 3, 1_000_000}, {7, 4, 1_000_000}, {7, 3, 1_000_001}} {
		if _, err := ledger.DecodeBody(place.first, place.epoch, place.at, body); err == nil {
			t.Errorf("a body that belongs to another row is not found at %+v", place)
		}
	}
}

func TestABodyOfAnotherFormatNamesIt(t *testing.T) {
	_, err := ledger.DecodeBody(1, 1, 1, []byte{9, 1, 0, 0, 0, 0, 0})
	if err == nil || !strings.Contains(err.Error(), "format 9") {
		t.Errorf("got %v, want the format in it", err)
	}
}

func TestAGroupOverTheLargestSizeIsRefusedBeforeItIsFramed(t *testing.T) {
	half := make([]byte, ledger.MaxGroup/2)
	if _, err := ledger.EncodeBody(1, 1, 1, [][]byte{half, half}); !errors.Is(err, ledger.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}
