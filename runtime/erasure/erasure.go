// Package erasure decides what is to be erased and has the router do it (feature X9, ADR 15): a conversation, or all in
// which a person stated an address, because somebody asks for it; and what is older than its queue keeps conversations,
// by the clock of the pod that leads.
//
//	e := erasure.New(erasure.Options{Router: r, Archive: a, Read: g.Read, Now: time.Now})
//	done, err := e.Erase(ctx, protocol.EraseRequest{Conversation: "c12", By: "dpo", Reason: "asked for"})
//	go e.Run(ctx, leads) // retention
package erasure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// Archive is what knows the conversations that the state has forgotten.
type Archive interface {
	Wait(ctx context.Context, seq uint64) error
	Span(ctx context.Context, id string) (archive.Span, error)
	Reached(ctx context.Context, value string, limit int) ([]archive.Span, error)
	Gone(ctx context.Context, after uint64, limit int) ([]protocol.ErasedConversation, error)
	Old(ctx context.Context, queue string, before int64, limit int) ([]archive.Span, error)
	Queues(ctx context.Context) ([]string, error)
}

// Router takes the command.
type Router interface {
	Do(ctx context.Context, c desk.Command) (router.Result, error)
}

// Options of New.
type Options struct {
	Router  Router
	Archive Archive
	// Read lets f look at the state of this pod's copy.
	Read func(f func(s *desk.State))
	// At tells when a record of the ledger was written, in milliseconds since 1970; only for List and Again.
	At func(ctx context.Context, seq uint64) (int64, error)
	// Now is the clock by which conversations are old.
	Now    func() time.Time
	Logger *slog.Logger
	// Every is how often Run looks for what is old; a minute when 0. Batch is how many conversations of a queue are
	// erased at once then; 100 when 0. Page is how many a part of the list has; 1,000 when 0.
	Every time.Duration
	Batch int
	Page  int
}

// Eraser erases. Its methods may be called from any goroutine.
type Eraser struct{ o Options }

// New makes one.
func New(o Options) *Eraser {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Every <= 0 {
		o.Every = time.Minute
	}
	if o.Batch <= 0 {
		o.Batch = 100
	}
	if o.Page <= 0 {
		o.Page = 1000
	}
	return &Eraser{o}
}

// lookAgain is how often it is seen whether the ledger has been written anew.
const lookAgain = 20 * time.Millisecond

// refuse is an answer of the desk.
func refuse(code desk.Code, format string, args ...any) error {
	return &desk.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Queue is the queue of a conversation, whether it goes on, is over or was erased; a *desk.Error when there is none.
func (e *Eraser) Queue(ctx context.Context, id string) (string, error) {
	s, err := e.find(ctx, protocol.EraseRequest{Conversation: id})
	if err != nil {
		return "", err
	}
	return s[0].Queue, nil
}

// Erase removes a conversation, or all in which a person stated an address, and returns when nothing of them is left in
// the ledger, or with Done false when the context ends before; it goes on by itself then. Errors are *desk.Error for
// what cannot be erased (not_found, still_open, bad_request), else those of the router and the archive. A request of
// which everything has been erased before is no error.
func (e *Eraser) Erase(ctx context.Context, r protocol.EraseRequest) (protocol.Erasure, error) {
	answer := protocol.Erasure{Conversations: []string{}}
	spans, err := e.find(ctx, r)
	if err != nil {
		return answer, err
	}
	c := desk.Erase{By: r.By, Why: r.Reason, Cause: desk.ErasedRequest, End: r.End}
	for _, s := range spans {
		answer.Conversations = append(answer.Conversations, s.ID)
		if !s.Erased {
			c.Conversations = append(c.Conversations, desk.ConversationID(s.ID))
		}
	}
	if r.DryRun {
		return answer, nil
	}
	ids := map[desk.ConversationID]bool{}
	for _, s := range spans {
		ids[desk.ConversationID(s.ID)] = true
	}
	if answer.Seq, err = e.do(ctx, c, spans); err != nil {
		return answer, err
	}
	answer.Done = e.await(ctx, answer.Seq, ids)
	return answer, nil
}

// do has the router erase, and gives the sequence of the record; 0 when there is nothing to erase.
func (e *Eraser) do(ctx context.Context, c desk.Erase, spans []archive.Span) (uint64, error) {
	if len(c.Conversations) == 0 {
		return 0, nil
	}
	c.From, c.To = e.bounds(spans)
	result, err := e.o.Router.Do(ctx, c)
	if err != nil {
		return 0, err
	}
	e.o.Logger.Info("erased", "conversations", len(c.Conversations), "by", c.By, "seq", result.Seq)
	return result.Seq, nil
}

// find is what a request is about. What was acknowledged before it is in the archive.
func (e *Eraser) find(ctx context.Context, r protocol.EraseRequest) ([]archive.Span, error) {
	ways := 0
	for _, way := range []string{r.Conversation, r.Email, r.Phone} {
		if way != "" {
			ways++
		}
	}
	if ways != 1 {
		return nil, refuse(desk.BadRequest, "name one of a conversation, an email and a phone")
	}
	if err := e.upToDate(ctx); err != nil {
		return nil, err
	}
	if r.Conversation != "" {
		s, err := e.o.Archive.Span(ctx, r.Conversation)
		if errors.Is(err, archive.ErrNotFound) {
			return nil, refuse(desk.NotFound, "there is no conversation %s", r.Conversation)
		}
		return []archive.Span{s}, err
	}
	value := r.Email + r.Phone
	if archive.Reach(value) == "" {
		return nil, refuse(desk.BadRequest, "write an e-mail address or a phone number")
	}
	list, err := e.o.Archive.Reached(ctx, value, desk.MaxErased+1)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, refuse(desk.NotFound, "no conversation has this address; what was erased has none any more")
	case len(list) > desk.MaxErased:
		return nil, refuse(desk.BadRequest, "more than %d conversations have this address; erase some of them one by one first", desk.MaxErased)
	}
	return list, nil
}

// bounds are where the records of conversations lie. To is only known when nothing can come any more: what the state
// knows no more has been over for an hour.
func (e *Eraser) bounds(spans []archive.Span) (from, to uint64) {
	known := false
	e.o.Read(func(s *desk.State) {
		for _, span := range spans {
			known = known || s.Conversations[desk.ConversationID(span.ID)] != nil
		}
	})
	for _, s := range spans {
		if s.Erased {
			continue
		}
		if from == 0 || s.From < from {
			from = s.From
		}
		to = max(to, s.To)
	}
	if known {
		to = 0
	}
	return from, to
}

// await tells whether nothing is left to be done for these before the context ends. seq is that of the erasure.
func (e *Eraser) await(ctx context.Context, seq uint64, ids map[desk.ConversationID]bool) bool {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		done := false
		e.o.Read(func(s *desk.State) {
			done = s.Seq >= seq
			for _, pending := range s.Erasures {
				for _, id := range pending.Conversations {
					done = done && !ids[id]
				}
			}
		})
		if done {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}
