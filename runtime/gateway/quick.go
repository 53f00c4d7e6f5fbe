package gateway

import (
	"bytes"
	"strconv"

	"usher.chat/runtime/protocol"
)

// The frames of a message are written and read without reflection: on a busy desk nearly all frames are such. What they
// are is said by package protocol, and tests compare with its encoding; whatever is unusual goes the usual way.

// appendText appends a JSON string as encoding/json writes it.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return append(b, marshal(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// messageChange is the change of a message.
func messageChange(m *protocol.Message) []byte {
	b := make([]byte, 0, 192+len(m.Text)+len(m.Author)+len(m.Client))
	b = append(b, `{"kind":"message","message":{"seq":`...)
	b = strconv.AppendUint(b, m.Seq, 10)
	b = append(b, `,"conversation":`...)
	b = appendText(b, m.Conversation)
	b = append(b, `,"from":`...)
	b = appendText(b, m.From)
	if m.Author != "" {
		b = append(b, `,"author":`...)
		b = appendText(b, m.Author)
	}
	b = append(b, `,"text":`...)
	b = appendText(b, m.Text)
	b = append(b, `,"at":`...)
	b = strconv.AppendInt(b, m.At, 10)
	if m.Client != "" {
		b = append(b, `,"client":`...)
		b = appendText(b, m.Client)
	}
	if m.CID != 0 {
		b = append(b, `,"cid":`...)
		b = strconv.AppendUint(b, m.CID, 10)
	}
	return append(b, "}}"...)
}

// ackFrame answers a command that had its effect.
func ackFrame(a protocol.Ack) []byte {
	b := make([]byte, 0, 96+len(a.Conversation))
	b = append(b, `{"type":"ack","cid":`...)
	b = strconv.AppendUint(b, a.CID, 10)
	b = append(b, `,"seq":`...)
	b = strconv.AppendUint(b, a.Seq, 10)
	if a.Conversation != "" {
		b = append(b, `,"conversation":`...)
		b = appendText(b, a.Conversation)
	}
	return append(b, '}')
}

// readCommand reads a frame of valid UTF-8 with nothing but type, cid, conversation and text, without blanks and
// escapes: a message as clients send it. False for all others, right or wrong.
func readCommand(data []byte) (c protocol.Command, ok bool) {
	rest, ok := bytes.CutPrefix(data, []byte{'{'})
	if !ok {
		return c, false
	}
	for {
		var key, value string
		if key, rest, ok = cutText(rest); !ok {
			return c, false
		}
		if rest, ok = bytes.CutPrefix(rest, []byte{':'}); !ok {
			return c, false
		}
		if key == "cid" {
			c.CID, rest, ok = cutNumber(rest)
		} else {
			value, rest, ok = cutText(rest)
		}
		if !ok {
			return c, false
		}
		switch key {
		case "cid":
		case "type":
			c.Type = value
		case "conversation":
			c.Conversation = value
		case "text":
			c.Text = value
		default:
			return c, false
		}
		if len(rest) == 1 && rest[0] == '}' {
			return c, true
		}
		if rest, ok = bytes.CutPrefix(rest, []byte{','}); !ok {
			return c, false
		}
	}
}

// cutText takes a string without escapes from the front.
func cutText(b []byte) (text string, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return "", nil, false
	}
	for i, c := range b[1:] {
		switch {
		case c == '"':
			return word(b[1 : 1+i]), b[2+i:], true
		case c < ' ' || c == '\\':
			return "", nil, false
		}
	}
	return "", nil, false
}

// word is a string of bytes, one of the common ones without a copy.
func word(b []byte) string {
	switch string(b) {
	case "type":
		return "type"
	case "cid":
		return "cid"
	case "text":
		return "text"
	case "conversation":
		return "conversation"
	case protocol.TypeSay:
		return protocol.TypeSay
	}
	return string(b)
}

// cutNumber takes a whole number from the front.
func cutNumber(b []byte) (n uint64, rest []byte, ok bool) {
	end := 0
	for end < len(b) && b[end] >= '0' && b[end] <= '9' {
		end++
	}
	const digits = 19 // without overflow
	if end == 0 || end > digits || b[0] == '0' && end > 1 {
		return 0, nil, false
	}
	for _, c := range b[:end] {
		n = n*10 + uint64(c-'0')
	}
	return n, b[end:], true
}
