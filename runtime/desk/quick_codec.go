package desk

import (
	"encoding/binary"
	"unicode/utf8"
)

// Messages are nearly all of what a busy desk's ledger and streams carry, and each pod reads each of them: they are read
// without reflection. Their bytes are those that Encode and EncodeCommand write; what is otherwise in any way goes the
// usual way, which also says what is wrong with it.

// The major types of CBOR (RFC 8949, section 3.1) that occur.
const (
	majorUint  = 0
	majorText  = 3
	majorArray = 4
	majorMap   = 5
	cborNull   = 0xf6
)

// quickReader reads CBOR from the front of its bytes. After something that it did not expect it has failed.
type quickReader struct {
	rest   []byte
	failed bool
}

// head reads the head of an item of a major type: a number, a length, or how many there are.
func (r *quickReader) head(major byte) uint64 {
	if len(r.rest) == 0 || r.rest[0]>>5 != major {
		r.failed = true
		return 0
	}
	info := r.rest[0] & 0x1f
	r.rest = r.rest[1:]
	if info < 24 {
		return uint64(info)
	}
	size := 1 << (info - 24)
	if info > 27 || len(r.rest) < size {
		r.failed = true
		return 0
	}
	var n [8]byte
	copy(n[8-size:], r.rest)
	r.rest = r.rest[size:]
	return binary.BigEndian.Uint64(n[:])
}

// is reads a head with a certain number.
func (r *quickReader) is(major byte, n uint64) {
	if r.head(major) != n {
		r.failed = true
	}
}

// text reads a string; it points into what is read.
func (r *quickReader) text() []byte {
	n := r.head(majorText)
	if r.failed || n > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	if !utf8.Valid(text) {
		r.failed = true
	}
	return text
}

// field reads a string under a key of a map.
func (r *quickReader) field(key uint64) []byte {
	r.is(majorUint, key)
	return r.text()
}

func (r *quickReader) origin() Origin {
	r.is(majorMap, 3)
	o := Origin{Principal: Principal(r.field(1)), Client: string(r.field(2))}
	r.is(majorUint, 3)
	o.CID = r.head(majorUint)
	return o
}

// done tells whether all was read, and as expected.
func (r *quickReader) done() bool { return !r.failed && len(r.rest) == 0 }

func side(b []byte) Side {
	switch string(b) {
	case string(SideCustomer):
		return SideCustomer
	case string(SideAgent):
		return SideAgent
	}
	return Side(b)
}

// quickMessage reads the entry of a MessageSent.
func quickMessage(seq uint64, b []byte) (Record, bool) {
	r := quickReader{rest: b}
	r.is(majorArray, 5)
	r.is(majorUint, eventVersion)
	r.is(majorUint, uint64(kindMessageSent))
	if r.failed {
		return Record{}, false
	}
	record := Record{Seq: seq, At: int64(r.head(majorUint))}
	if len(r.rest) > 0 && r.rest[0] == cborNull {
		r.rest = r.rest[1:]
	} else {
		origin := r.origin()
		record.Origin = &origin
	}
	fields := r.head(majorMap)
	e := MessageSent{Conversation: ConversationID(r.field(1)), From: side(r.field(2))}
	if fields == 4 {
		e.Author = string(r.field(3))
	} else if fields != 3 {
		return Record{}, false
	}
	e.Text = string(r.field(4))
	if !r.done() || record.At < 0 {
		return Record{}, false
	}
	record.Event = e
	return record, true
}

// quickSay reads a Say that travelled.
func quickSay(b []byte) (Say, bool) {
	r := quickReader{rest: b}
	r.is(majorArray, 3)
	r.is(majorUint, commandVersion)
	r.is(majorUint, uint64(commandSay))
	r.is(majorMap, 3)
	var c Say
	r.name("Text")
	c.Text = string(r.text())
	r.name("Origin")
	c.Origin = r.origin()
	r.name("Conversation")
	c.Conversation = ConversationID(r.text())
	return c, r.done()
}

// name reads the key of a field that goes by its name.
func (r *quickReader) name(name string) {
	if string(r.text()) != name {
		r.failed = true
	}
}
