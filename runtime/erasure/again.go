package erasure

import (
	"context"
	"errors"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// List is a part of the list of what was erased, of conversations that began after a record; 0 for the first part.
func (e *Eraser) List(ctx context.Context, after uint64) (protocol.ErasedPage, error) {
	page := protocol.ErasedPage{Erased: []protocol.ErasedConversation{}}
	if err := e.upToDate(ctx); err != nil {
		return page, err
	}
	list, err := e.o.Archive.Gone(ctx, after, e.o.Page)
	if err != nil {
		return page, err
	}
	for _, one := range list {
		if one.BeganAt, err = e.o.At(ctx, one.Began); err != nil {
			return page, err
		}
		page.Erased = append(page.Erased, one)
	}
	if len(list) == e.o.Page {
		page.Next = list[len(list)-1].Began
	}
	return page, nil
}

// Again erases what was erased before and has come back with a restored backup. A conversation that only bears the id
// of one of the list, as those that came after the restore may, is left alone.
func (e *Eraser) Again(ctx context.Context, r protocol.EraseAgainRequest) (protocol.ErasedAgain, error) {
	answer := protocol.ErasedAgain{Conversations: []string{}}
	if len(r.Erased) > desk.MaxErased {
		return answer, refuse(desk.BadRequest, "name at most %d conversations at once", desk.MaxErased)
	}
	if err := e.upToDate(ctx); err != nil {
		return answer, err
	}
	c := desk.Erase{By: r.By, Why: r.Reason, Cause: desk.ErasedRequest, End: true}
	var spans []archive.Span
	ids := map[desk.ConversationID]bool{}
	for _, one := range r.Erased {
		s, is, err := e.known(ctx, one)
		switch {
		case err != nil:
			return answer, err
		case !is:
			answer.Absent = append(answer.Absent, one.Conversation)
		case s.Erased:
			answer.Before = append(answer.Before, s.ID)
			ids[desk.ConversationID(s.ID)] = true
		default:
			answer.Conversations = append(answer.Conversations, s.ID)
			c.Conversations, spans = append(c.Conversations, desk.ConversationID(s.ID)), append(spans, s)
			ids[desk.ConversationID(s.ID)] = true
		}
	}
	if r.DryRun {
		return answer, nil
	}
	seq, err := e.do(ctx, c, spans)
	if err != nil {
		return answer, err
	}
	answer.Done = e.await(ctx, seq, ids)
	return answer, nil
}

// known finds a conversation of a list, unless there is none of its id, or another one.
func (e *Eraser) known(ctx context.Context, one protocol.ErasedConversation) (archive.Span, bool, error) {
	s, err := e.o.Archive.Span(ctx, one.Conversation)
	if errors.Is(err, archive.ErrNotFound) || err == nil && s.From != one.Began {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	at, err := e.o.At(ctx, s.From)
	return s, at == one.BeganAt, err
}

// upToDate waits until the archive has what was acknowledged before.
func (e *Eraser) upToDate(ctx context.Context) error {
	var seq uint64
	e.o.Read(func(s *desk.State) { seq = s.Seq })
	return e.o.Archive.Wait(ctx, seq)
}
