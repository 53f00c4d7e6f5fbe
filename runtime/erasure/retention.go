package erasure

import (
	"context"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
)

const day = 24 * time.Hour

// Run erases what is older than its queue keeps it, while this pod leads, until the context ends. It takes one batch of
// a queue at a time, and the next when the ledger has been written anew, so that a desk with years of history is not
// held up by the first setting.
func (e *Eraser) Run(ctx context.Context, leads func() bool) {
	tick := time.NewTicker(e.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for leads() {
			more, err := e.Pass(ctx)
			if err != nil && ctx.Err() == nil {
				e.o.Logger.Warn("what is old was not erased; trying again", "error", err)
			}
			if err != nil || !more {
				break
			}
			select { // a breath between two batches: each has the state written down
			case <-ctx.Done():
				return
			case <-time.After(min(time.Second, e.o.Every)):
			}
		}
	}
}

// Pass erases at most one batch of each queue, and tells whether there may be more.
func (e *Eraser) Pass(ctx context.Context) (more bool, err error) {
	pending := false
	keeps := map[string]int{} // days, by queue
	otherwise := 0
	var seq uint64
	e.o.Read(func(s *desk.State) {
		pending, seq = len(s.Erasures) > 0, s.Seq
		otherwise = s.Settings.Desk.Retention.Days()
		for i := range s.Settings.Queues {
			q := &s.Settings.Queues[i]
			if keeps[q.Name] = otherwise; q.Retention != nil {
				keeps[q.Name] = q.Retention.Days()
			}
		}
	})
	if pending {
		return false, nil // the batch before is still being written anew
	}
	if err := e.o.Archive.Wait(ctx, seq); err != nil {
		return false, err
	}
	queues, err := e.o.Archive.Queues(ctx)
	if err != nil {
		return false, err
	}
	for _, queue := range queues {
		days, set := keeps[queue]
		if !set {
			days = otherwise // a queue that is no more
		}
		if days <= 0 {
			continue
		}
		full, err := e.batch(ctx, queue, days)
		if err != nil {
			return false, err
		}
		more = more || full
	}
	return more, nil
}

func (e *Eraser) batch(ctx context.Context, queue string, days int) (full bool, err error) {
	old, err := e.o.Archive.Old(ctx, queue, desk.Millis(e.o.Now().Add(-time.Duration(days)*day)), e.o.Batch)
	if err != nil || len(old) == 0 {
		return false, err
	}
	c := desk.Erase{Cause: desk.ErasedRetention, Conversations: ids(old)}
	c.From, c.To = e.bounds(old)
	result, err := e.o.Router.Do(ctx, c)
	if err != nil {
		return false, err
	}
	e.o.Logger.Info("erased what is old", "queue", queue, "days", days, "conversations", len(old), "seq", result.Seq)
	named := map[desk.ConversationID]bool{}
	for _, id := range c.Conversations {
		named[id] = true
	}
	e.await(ctx, result.Seq, named)
	return len(old) == e.o.Batch, nil
}

func ids(spans []archive.Span) []desk.ConversationID {
	list := make([]desk.ConversationID, len(spans))
	for i, s := range spans {
		list[i] = desk.ConversationID(s.ID)
	}
	return list
}
