package gateway

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"usher.chat/runtime/protocol"
)

// someText has what JSON escapes, and what it does not.
func someText(random *rand.Rand) string {
	pieces := []string{"", "x", "hello", "\"", "\\", "<b>", "&", "é", "ä", "\u2028", "\u2029", "日本", "😀", "\n", "\x00", "\x7f", "~", " ", "\xff", "/"}
	text := ""
	for range random.IntN(6) {
		text += pieces[random.IntN(len(pieces))]
	}
	return text
}

func TestAMessageIsWrittenAsTheProtocolSays(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		m := protocol.Message{
			Seq: random.Uint64() >> random.IntN(64), Conversation: someText(random), From: someText(random), Author: someText(random),
			Text: someText(random), At: int64(random.Uint64()) >> random.IntN(64), Client: someText(random), CID: random.Uint64() >> (1 + random.IntN(64)),
		}
		want, err := json.Marshal(protocol.Change{Kind: protocol.KindMessage, Message: &m})
		if err != nil {
			t.Fatal(err)
		}
		if got := messageChange(&m); string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		ack := protocol.Ack{Type: protocol.TypeAck, CID: m.CID, Seq: m.Seq, Conversation: m.Conversation}
		if want, err = json.Marshal(ack); err != nil {
			t.Fatal(err)
		}
		if got := ackFrame(ack); string(got) != string(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

func TestMessagesAsClientsSendThemAreReadTheQuickWay(t *testing.T) {
	for frame, want := range map[string]protocol.Command{
		`{"type":"say","cid":1,"text":"hello"}`:                                {Type: "say", CID: 1, Text: "hello"},
		`{"type":"say","cid":12,"conversation":"c7","text":"h\u00e9"}`:         {},
		`{"type":"say","cid":9007199254740991,"conversation":"c7","text":"é"}`: {Type: "say", CID: 1<<53 - 1, Conversation: "c7", Text: "é"},
		`{"type":"end","cid":0,"conversation":""}`:                             {Type: "end"},
		`{"type":"join","cid":1}`:                                              {Type: "join", CID: 1},
		`{"type":"join","cid":1,"name":"Maria"}`:                               {},
		`{"type":"say","cid":01}`:                                              {},
		`{"type":"say","cid":-1}`:                                              {},
		`{"type":"say","cid":1.0}`:                                             {},
		`{"type":"say","cid":18446744073709551616}`:                            {},
		`{"type":"say","cid":1,}`:                                              {},
		`{"type":"say","cid":1`:                                                {},
		`{"type":"say","cid":1}}`:                                              {},
		`{}`:                                                                   {},
		``:                                                                     {},
	} {
		got, ok := readCommand([]byte(frame))
		if ok != (want.Type != "") || ok && !equal(got, want) {
			t.Errorf("%s: %+v %v", frame, got, ok)
		}
	}
}

func equal(a, b protocol.Command) bool { return string(marshal(a)) == string(marshal(b)) }

// FuzzReadCommand: what is read the quick way reads the same the usual way.
func FuzzReadCommand(f *testing.F) {
	for _, seed := range []string{
		`{"type":"say","cid":1,"text":"hello"}`, `{"cid":1,"cid":2,"type":"say"}`, `{"type":"say","cid":1,"conversation":"c7","text":"é"}`,
		`{"type":"say","cid":1,"text":"a\"b"}`, `{"TYPE":"say"}`, `{"type":null}`, `{"cid":"1"}`, `{"text":"` + "\x7f" + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) {
			return
		}
		got, ok := readCommand(data)
		if !ok {
			return
		}
		var want protocol.Command
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("%q was read, and is wrong: %v", data, err)
		}
		if !equal(got, want) {
			t.Fatalf("%q\n got %+v\nwant %+v", data, got, want)
		}
	})
}

func BenchmarkFrames(b *testing.B) {
	text := string(make([]byte, 0, 180))
	for range 180 {
		text += "x"
	}
	m := protocol.Message{Seq: 123456, Conversation: "c123456", From: "customer", Text: text, At: 1_700_000_000_000, Client: "bench-customer", CID: 77}
	frame := []byte(`{"type":"say","cid":77,"conversation":"c123456","text":"` + text + `"}`)
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			messageChange(&m)
		}
	})
	b.Run("write by reflection", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			changeOf(protocol.Change{Kind: protocol.KindMessage, Message: &m})
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, bad := parseCommand(frame); bad != nil {
				b.Fatal(bad)
			}
		}
	})
	b.Run("read by reflection", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var c protocol.Command
			if err := json.Unmarshal(frame, &c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
