package desk

import (
	"reflect"
	"strings"
	"testing"
)

// messagesOfAllKinds are messages and commands as they are encoded, in their variety.
func messagesOfAllKinds(t testing.TB) (entries, commands [][]byte) {
	for _, text := range []string{"", "x", "hé 日本 😀", strings.Repeat("x", 23), strings.Repeat("x", 24), strings.Repeat("y", 300), strings.Repeat("z", 70_000)} {
		for _, cid := range []uint64{0, 1, 23, 24, 255, 256, 1 << 16, 1 << 32, 1<<53 - 1} {
			origin := Origin{Principal: "s:0123456789abcdef", Client: "a-client-of-somebody", CID: cid}
			for _, e := range []MessageSent{
				{Conversation: "c1", From: SideCustomer, Text: text}, {Conversation: "c4711", From: SideAgent, Author: "ana", Text: text},
				{From: "system", Text: text},
			} {
				for _, o := range []*Origin{nil, &origin} {
					b, err := Encode(Record{Seq: 5, At: 1_700_000_000_000 >> (cid % 40), Origin: o, Event: e})
					if err != nil {
						t.Fatal(err)
					}
					entries = append(entries, b)
				}
			}
			for _, id := range []ConversationID{"", "c1"} {
				b, err := EncodeCommand(Say{Origin: origin, Conversation: id, Text: text})
				if err != nil {
					t.Fatal(err)
				}
				commands = append(commands, b)
			}
		}
	}
	return entries, commands
}

func TestMessagesAreReadTheQuickWayAndReadTheSame(t *testing.T) {
	entries, commands := messagesOfAllKinds(t)
	for _, b := range entries {
		got, ok := quickMessage(5, b)
		if want, err := decodeRecord(5, b); !ok || err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%x: %v\n got %+v\nwant %+v %v", b, ok, got, want, err)
		}
	}
	for _, b := range commands {
		got, ok := quickSay(b)
		if want, err := decodeAnyCommand(b); !ok || err != nil || !reflect.DeepEqual(Command(got), want) {
			t.Fatalf("%x: %v\n got %+v\nwant %+v %v", b, ok, got, want, err)
		}
	}
}

// Cut short, prolonged, or with one byte changed, what is still read reads the same the usual way.
func TestWhatIsNoMessageIsNotReadTheQuickWay(t *testing.T) {
	entries, commands := messagesOfAllKinds(t)
	for _, b := range append(entries, commands...) {
		if len(b) > 200 {
			continue
		}
		for i := range b {
			sameEitherWay(t, b[:i])
			for _, change := range []byte{1, 0x20, 0x80, 0xff} {
				other := append([]byte(nil), b...)
				other[i] ^= change
				sameEitherWay(t, other)
			}
		}
		sameEitherWay(t, append(append([]byte(nil), b...), 0))
	}
}

func sameEitherWay(t *testing.T, b []byte) {
	t.Helper()
	if got, ok := quickMessage(5, b); ok {
		if want, err := decodeRecord(5, b); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%x\n got %+v\nwant %+v %v", b, got, want, err)
		}
	}
	if got, ok := quickSay(b); ok {
		if want, err := decodeAnyCommand(b); err != nil || !reflect.DeepEqual(Command(got), want) {
			t.Fatalf("%x\n got %+v\nwant %+v %v", b, got, want, err)
		}
	}
}

// FuzzQuickCodec: what is read the quick way reads the same the usual way.
func FuzzQuickCodec(f *testing.F) {
	entries, commands := messagesOfAllKinds(f)
	for _, b := range append(entries[:8], commands[:8]...) {
		f.Add(b)
	}
	f.Fuzz(sameEitherWay)
}
