package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger/wipe"
	"usher.chat/runtime/protocol"
)

// What was erased is taken out when the record that says so comes by (feature X9, ADR 15): the row of the conversation
// stays without what people said of themselves, its lines in the log stay without names and notes, messages, steps and
// who served it go. A file that is made again from a ledger written anew reads the same.

// erasure is one Erased, to be done behind all other rows of its batch.
type erasure struct {
	seq   uint64
	at    int64
	event desk.Erased
}

func (p *projection) erased(r desk.Record, e desk.Erased) {
	for _, id := range e.Conversations {
		delete(p.live, id)
	}
	p.batch.erasures = append(p.batch.erasures, erasure{r.Seq, r.At, e})
}

// reach notes under what a customer can be looked for.
func (p *projection) reach(c *conversation, values ...string) {
	for _, v := range values {
		if v = Reach(v); v != "" {
			p.batch.reaches.add(v, c.key)
		}
	}
}

// Reach is an e-mail address or a phone number in the form in which two that are the same are equal: addresses without
// regard to case, numbers without what people put between the digits. Empty for neither.
func Reach(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	if strings.Contains(text, "@") {
		return text
	}
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == '+' {
			return r
		}
		return -1
	}, text)
	if strings.Trim(digits, "+") == "" {
		return ""
	}
	if rest, found := strings.CutPrefix(digits, "00"); found {
		return "+" + rest
	}
	return digits
}

// words are what an explanation of an erased conversation says.
func (p *projection) erasedWords(e desk.Erased) string {
	text := "Erased"
	if e.Cause == desk.ErasedRetention {
		text += ", being older than its queue keeps conversations"
	}
	if e.By != "" {
		text += " for " + p.agent(e.By)
	}
	return text + noted(e.Why)
}

// erase takes out what an Erased names, within the transaction of its batch.
func (w *writer) erase(ctx context.Context, p *projection, e erasure) error {
	lines := map[string]*protocol.LogEntry{}
	var queues []string
	for _, id := range e.event.Conversations {
		var key int64
		var queue string
		err := w.c.QueryRowContext(ctx, "select key, queue from conversation where id = ?", string(id)).Scan(&key, &queue)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		for _, statement := range []string{
			// The lines of the log have the sequences of the steps. Queues are few: each is one step through the index.
			`with recursive queues (name) as (
				select min(queue) from log union all
				select (select min(queue) from log where queue > queues.name) from queues where queues.name is not null)
			update log set name = '', reason = '' where queue in (select name from queues where name is not null)
				and seq in (select seq from step where conversation = ?)`,
			"delete from said where conversation = ?",
			"delete from step where conversation = ?",
			"delete from served where conversation = ?",
			"delete from reach where conversation = ?",
		} {
			if _, err := w.c.ExecContext(ctx, statement, key); err != nil {
				return err
			}
		}
		_, err = w.c.ExecContext(ctx, `update conversation set session = '', name = '', page = '', email = '', phone = '', issue = '',
			inactive = '', ended_at = case ended_at when 0 then ? else ended_at end, erased_at = ?, erased_seq = ?, erased_by = ?,
			erased_words = ? where key = ?`, e.at, e.at, e.seq, e.event.By, p.erasedWords(e.event), key)
		if err != nil {
			return err
		}
		line := lines[queue]
		if line == nil {
			line = &protocol.LogEntry{Conversation: string(id)}
			lines[queue], queues = line, append(queues, queue)
		} else {
			line.Conversation = "" // several in one line
		}
		line.WaitedMS++ // counts them on the way
	}
	var logs rows
	for _, queue := range queues {
		line := lines[queue]
		reason := e.event.Why
		if n := line.WaitedMS; n > 1 {
			reason = strings.TrimSuffix(fmt.Sprintf("%d conversations: %s", n, reason), ": ")
		}
		generation := p.resources[resourceKey{kindQueue, queue}].generation
		logs.add(queue, e.seq, e.at, "erased", e.event.By, "", "", string(e.event.Cause), reason, int64(0), line.Conversation, "", generation, int64(0))
	}
	if err := w.logs.insert(ctx, logs); err != nil {
		return err
	}
	_, err := w.c.ExecContext(ctx, "update cleaning set due = ?", e.seq)
	return err
}

// clean overwrites what erased rows left in the free space of pages, and folds the write-ahead log, which still has them,
// into the file, unless that is done. A process that was killed in between begins with it. False: readers were in the
// way of the log, or the file is too large.
func (w *writer) clean(ctx context.Context, reads *sql.DB) (bool, error) {
	var due, done int64
	if err := w.c.QueryRowContext(ctx, "select due, done from cleaning").Scan(&due, &done); err != nil || due == done {
		return err == nil, err
	}
	if _, err := wipe.Pages(ctx, reads, func(f func(*sql.Conn) error) error { return f(w.c) }); err != nil {
		if errors.Is(err, wipe.ErrTooLarge) {
			return false, nil
		}
		return false, err
	}
	var busy, frames, folded int
	err := w.c.QueryRowContext(context.WithoutCancel(ctx), "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &folded)
	if err != nil || busy != 0 {
		return false, err
	}
	_, err = w.c.ExecContext(ctx, "update cleaning set done = due")
	return err == nil, err
}

// Span is a conversation as somebody who would erase it needs to know it.
type Span struct {
	ID, Queue string
	// From and To are the first and the last sequence of its records.
	From, To uint64
	// EndedAt is in milliseconds; 0 while it goes on, or is inactive. Erased: nothing is left of it.
	EndedAt int64
	Erased  bool
}

const spanColumns = `id, queue, key, max(key, coalesce((select max(seq) from step where conversation = key), 0),
	coalesce((select max(last) from said where conversation = key), 0)), ended_at, erased_at > 0 from conversation`

// Span finds one conversation; ErrNotFound when there is none of that id.
func (a *Archive) Span(ctx context.Context, id string) (Span, error) {
	list, err := a.spans(ctx, "select "+spanColumns+" where id = ?", id)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Span{}, fmt.Errorf("find conversation %s: %w", id, err)
	}
	return list[0], nil
}

// Reached are the conversations in which a customer stated an e-mail address or a phone number, by age, at most limit.
func (a *Archive) Reached(ctx context.Context, value string, limit int) ([]Span, error) {
	list, err := a.spans(ctx, "select "+spanColumns+` where key in (select conversation from reach where value = ?)
		order by key limit ?`, Reach(value), limit)
	if err != nil {
		return nil, fmt.Errorf("find whom an address is of: %w", err)
	}
	return list, nil
}

// Old are conversations of a queue that ended before an instant, or became inactive and last arrived before it, the
// oldest first, at most limit. None of them was erased.
func (a *Archive) Old(ctx context.Context, queue string, before int64, limit int) ([]Span, error) {
	list, err := a.spans(ctx, "select "+spanColumns+` where queue = ? and erased_at = 0 and ended_at > 0 and ended_at < ?
		order by ended_at limit ?`, queue, before, limit)
	if err == nil && len(list) < limit {
		var left []Span
		left, err = a.spans(ctx, "select "+spanColumns+` where queue = ? and erased_at = 0 and ended_at = 0 and inactive <> ''
			and arrived_at < ? order by key limit ?`, queue, before, limit-len(list))
		list = append(list, left...)
	}
	if err != nil {
		return nil, fmt.Errorf("find what is old in %s: %w", queue, err)
	}
	return list, nil
}

// Queues are all queues of which there is a conversation that was not erased, those that were deleted too.
func (a *Archive) Queues(ctx context.Context) (queues []string, err error) {
	err = a.read(ctx, func(db *sql.DB) error {
		queues = nil
		return each(ctx, db, `with recursive queues (name) as (
			select min(queue) from conversation where erased_at = 0 union all
			select (select min(queue) from conversation where erased_at = 0 and queue > queues.name) from queues where queues.name is not null)
			select name from queues where name is not null`, func(scan func(...any) error) error {
			var name string
			if err := scan(&name); err != nil {
				return err
			}
			queues = append(queues, name)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("find the queues: %w", err)
	}
	return queues, nil
}

func (a *Archive) spans(ctx context.Context, query string, args ...any) (list []Span, err error) {
	err = a.read(ctx, func(db *sql.DB) error {
		list = nil
		return each(ctx, db, query, func(scan func(...any) error) error {
			var s Span
			if err := scan(&s.ID, &s.Queue, &s.From, &s.To, &s.EndedAt, &s.Erased); err != nil {
				return err
			}
			list = append(list, s)
			return nil
		}, args...)
	})
	return list, err
}
