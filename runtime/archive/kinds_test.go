package archive

import (
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"usher.chat/runtime/desk"
)

// everyKind is one event of each kind that a ledger may have, found by asking the desk's own reader.
func everyKind(t *testing.T) []desk.Event {
	t.Helper()
	var all []desk.Event
	for kind := range 256 {
		b, err := cbor.Marshal([]any{1, kind, int64(0), nil, map[int]any{}})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := desk.Decode(1, b); err == nil {
			all = append(all, r.Event)
		}
	}
	return all
}

func TestEveryKindOfEventHasARule(t *testing.T) {
	all := everyKind(t)
	if len(all) < 34 {
		t.Fatalf("only %d kinds were found", len(all))
	}
	for i, e := range all {
		p := newProjection()
		p.begin(&conversation{key: 1}) // whose id is empty, as in the events
		if err := p.project(desk.Record{Seq: uint64(i + 1), Event: e}); err != nil {
			t.Errorf("%T: %v", e, err)
		}
	}
	type stranger struct{ desk.Event }
	if err := newProjection().project(desk.Record{Seq: 1, Event: stranger{}}); !errors.Is(err, errNoRule) {
		t.Errorf("a kind without a rule gives %v", err)
	}
}

func TestAnEventOfAConversationThatIsNotThereIsAnErrorAndNoRow(t *testing.T) {
	alone := 0
	for _, e := range everyKind(t) {
		p := newProjection()
		err := p.project(desk.Record{Seq: 1, Event: e})
		if err == nil {
			continue
		}
		alone++
		if b := p.batch; b.logs.count+b.steps.count+len(b.said)+b.served.count+len(b.conversations) != 0 {
			t.Errorf("%T left rows", e)
		}
	}
	if alone != 16 {
		t.Errorf("%d kinds need a conversation that goes on", alone)
	}
}
