package peer

import (
	"testing"

	"github.com/fxamacker/cbor/v2"
	"google.golang.org/grpc/mem"
)

func TestFramesOfALaterReleaseAreReadWithoutWhatItAdded(t *testing.T) {
	b, err := cbor.Marshal(map[int]any{3: []any{[]any{1, 7, "c1", false, nil}}, 99: "new"})
	if err != nil {
		t.Fatal(err)
	}
	var f Down
	if err := newCodec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Answers) != 1 || f.Answers[0].Seq != 7 || f.Answers[0].Conversation != "c1" {
		t.Errorf("%+v", f)
	}
}

func FuzzFrames(f *testing.F) {
	for _, v := range []any{
		up{Hello: &Hello{Version: 1, Desk: "acme", Gateway: "g", After: 3}, Commands: []Command{{ID: 1, Body: []byte("x")}}, Marks: []Mark{{Conversation: "c"}}, Leaving: true},
		Down{Welcome: &Welcome{Epoch: 1}, Groups: []Group{{First: 1, Entries: [][]byte{{1}}}}, Answers: []Answer{{ID: 1, Failure: &Failure{Kind: Refused}}}, Moved: &Moved{To: "g"}},
	} {
		b, err := cbor.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	c := newCodec()
	f.Fuzz(func(t *testing.T, b []byte) {
		var u up
		if err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, &u); err == nil {
			if _, err := c.Marshal(&u); err != nil {
				t.Fatal(err)
			}
		}
		var d Down
		if err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, &d); err == nil {
			if _, err := c.Marshal(&d); err != nil {
				t.Fatal(err)
			}
		}
	})
}
