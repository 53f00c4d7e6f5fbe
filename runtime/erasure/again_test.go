package erasure_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/runtest"
)

func (w *world) writtenAt(ctx context.Context, seq uint64) (int64, error) {
	for record, err := range router.Records(ctx, w.ledger, seq-1) {
		return record.At, err
	}
	return 0, errors.New("there is no such record")
}

func (w *world) again(list ...protocol.ErasedConversation) protocol.ErasedAgain {
	w.t.Helper()
	answer, err := w.eraser.Again(w.t.Context(), protocol.EraseAgainRequest{Erased: list, By: "dpo"})
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

func TestWhatWasErasedIsListedInPartsAndErasedAgainOnlyIfItIsThat(t *testing.T) {
	set := runtest.Sample()
	set.Sort()
	w := newWorld(t, set, 0)
	var ids []string
	for range 5 {
		ids = append(ids, w.ended("web"))
		w.pass(time.Second)
	}
	for _, id := range ids {
		if _, err := w.eraser.Erase(t.Context(), protocol.EraseRequest{Conversation: id}); err != nil {
			t.Fatal(err)
		}
	}
	var list []protocol.ErasedConversation
	var listed []string
	parts := 0
	for after, more := uint64(0), true; more; parts++ {
		page, err := w.eraser.List(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.Erased...)
		after, more = page.Next, page.Next > 0
	}
	for _, one := range list {
		listed = append(listed, one.Conversation)
		if one.BeganAt == 0 || one.ErasedAt <= one.BeganAt {
			t.Errorf("%+v", one)
		}
	}
	if parts != 3 || !slices.Equal(listed, ids) {
		t.Errorf("%d parts have %v", parts, listed)
	}
	if answer := w.again(list...); !slices.Equal(answer.Before, ids) || len(answer.Conversations)+len(answer.Absent) > 0 || !answer.Done {
		t.Errorf("what is erased gives %+v", answer)
	}

	// As after a restore: some of them are there again, others that bear such an id are not those of the list.
	next := w.ended("web")
	w.left(0)
	span, err := w.archive.Span(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	at, err := w.writtenAt(t.Context(), span.From)
	if err != nil {
		t.Fatal(err)
	}
	same := protocol.ErasedConversation{Conversation: next, Began: span.From, BeganAt: at}
	elsewhere, later, unknown := same, same, same
	elsewhere.Began++
	later.BeganAt++
	unknown.Conversation = "c99"
	for name, one := range map[string]protocol.ErasedConversation{"elsewhere": elsewhere, "later": later, "unknown": unknown} {
		if answer := w.again(one); !slices.Equal(answer.Absent, []string{one.Conversation}) || len(answer.Conversations)+len(answer.Before) > 0 {
			t.Errorf("%s: %+v", name, answer)
		}
	}
	dry, err := w.eraser.Again(t.Context(), protocol.EraseAgainRequest{Erased: []protocol.ErasedConversation{same}, DryRun: true})
	if err != nil || !slices.Equal(dry.Conversations, []string{next}) {
		t.Errorf("a dry run: %+v, %v", dry, err)
	}
	if answer := w.again(same, same); !slices.Equal(answer.Conversations, []string{next, next}) || !answer.Done {
		t.Errorf("named twice: %+v", answer)
	}
	if answer := w.again(same); !slices.Equal(answer.Before, []string{next}) {
		t.Errorf("a second time: %+v", answer)
	}
	var refused *desk.Error
	if _, err := w.eraser.Again(t.Context(), protocol.EraseAgainRequest{Erased: make([]protocol.ErasedConversation, desk.MaxErased+1)}); !errors.As(err, &refused) {
		t.Errorf("too many: %v", err)
	}
}
