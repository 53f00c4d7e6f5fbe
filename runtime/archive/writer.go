package archive

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

//go:embed schema.sql
var schema string

// rows are the values of rows for one table, one after the other.
type rows struct {
	values []any
	count  int
}

func (r *rows) add(values ...any) {
	r.values = append(r.values, values...)
	r.count++
}

func (r rows) emptied() rows {
	clear(r.values)
	return rows{values: r.values[:0]}
}

// chunk is how many rows one statement inserts: with 64 twice as many a second as with one, and more gains nothing
// (BenchmarkArchive).
const chunk = 64

// insert is an insert into one table, prepared for a chunk of rows and for one.
type insert struct {
	columns   int
	many, one *sql.Stmt
}

// writer is the connection that writes.
type writer struct {
	db         *sql.DB
	c          *sql.Conn
	statements []*sql.Stmt // all of those below

	begin, commit, rollback, position *sql.Stmt
	said, logs, served, conversations insert
	steps, posts, reaches             insert
	resources, requests, members      insert

	clearResources, clearRequests, clearMembers *sql.Stmt
}

func openWriter(ctx context.Context, dsn string) (*writer, error) {
	w := &writer{}
	if err := w.open(ctx, dsn); err != nil {
		_ = w.close() // the error before says more
		return nil, err
	}
	return w, nil
}

func (w *writer) open(ctx context.Context, dsn string) (err error) {
	if w.db, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	w.db.SetMaxOpenConns(1)
	if w.c, err = w.db.Conn(ctx); err != nil {
		return fmt.Errorf("connect to the file: %w", err)
	}
	if err := checkFile(ctx, w.c); err != nil {
		return err
	}
	err = w.prepare(ctx)
	if kindOf(err) == kindLogic { // a table or a column is not there
		return fmt.Errorf("%w: %w", errUnusable, err)
	}
	return err
}

func (w *writer) prepare(ctx context.Context) error {
	for text, to := range map[string]**sql.Stmt{
		"begin immediate": &w.begin,
		"commit":          &w.commit,
		"rollback":        &w.rollback,
		"update position set seq = ?, at = ?, kind = ? where id = 1": &w.position,
		"delete from resource": &w.clearResources,
		"delete from request":  &w.clearRequests,
		"delete from member":   &w.clearMembers,
	} {
		var err error
		if *to, err = w.statement(ctx, text); err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	for text, to := range map[string]*insert{
		"insert into said (first, last, conversation, messages)": &w.said,
		"insert into log (queue, seq, at, type, who, to_kind, to_name, cause, reason, until, conversation, name, " +
			"generation, waited)": &w.logs,
		"insert or ignore into served (conversation, agent)": &w.served,
		"insert or replace into conversation (key, id, queue, channel, session, name, page, email, phone, issue, arrived_at, " +
			"agent, for_team, for_agent, inactive, started_at, ended_at, ended_why, ended_by)": &w.conversations,
		"insert into step (seq, conversation, detail)":                &w.steps,
		"insert into post (seq, room, author, text, at, client, cid)": &w.posts,
		"insert or ignore into reach (value, conversation)":           &w.reaches,
		"insert into resource (kind, name, generation, hash)":         &w.resources,
		"insert into request (queue, id, who)":                        &w.requests,
		"insert into member (name, display)":                          &w.members,
	} {
		if err := w.prepareInsert(ctx, text, to); err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	return nil
}

func (w *writer) prepareInsert(ctx context.Context, text string, to *insert) (err error) {
	to.columns = strings.Count(text, ",") + 1
	row := "(?" + strings.Repeat(", ?", to.columns-1) + ")"
	if to.one, err = w.statement(ctx, text+" values "+row); err != nil {
		return err
	}
	to.many, err = w.statement(ctx, text+" values "+row+strings.Repeat(", "+row, chunk-1))
	return err
}

func (w *writer) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	s, err := w.c.PrepareContext(ctx, text)
	if err == nil {
		w.statements = append(w.statements, s)
	}
	return s, err
}

// close closes the statements too: with one left open, SQLite keeps the file open behind a connection that is closed.
func (w *writer) close() error {
	var err error
	for _, s := range w.statements {
		err = errors.Join(err, s.Close())
	}
	if w.c != nil {
		err = errors.Join(err, w.c.Close())
	}
	if w.db != nil {
		err = errors.Join(err, w.db.Close())
	}
	return err
}

// write makes one transaction of a projection's batch, with the position, and empties it. After an
// error nothing of it is in the file, or, when the commit itself failed, perhaps all.
func (w *writer) write(ctx context.Context, p *projection) error {
	// Some milliseconds; a statement that was interrupted would leave a question where there need be none.
	ctx = context.WithoutCancel(ctx)
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return err
	}
	err := w.insertAll(ctx, p)
	if err == nil {
		_, err = w.commit.ExecContext(ctx)
	}
	if err != nil {
		_, _ = w.rollback.ExecContext(ctx) // SQLite has done it already after some errors, and then says so
		return err
	}
	p.batch.reset()
	return nil
}

func (w *writer) insertAll(ctx context.Context, p *projection) error {
	b := &p.batch
	var conversations rows
	for _, c := range b.conversations {
		conversations.add(c.key, string(c.id), c.queue, c.channel, c.session, c.name, c.page, c.email, c.phone, c.issue,
			c.arrivedAt, c.agent, c.forTeam, c.forAgent, c.inactive, c.startedAt, c.endedAt, c.endedWhy, c.ended)
	}
	said, err := b.saidRows()
	if err != nil {
		return err
	}
	for _, part := range []struct {
		into insert
		rows rows
	}{{w.conversations, conversations}, {w.served, b.served}, {w.said, said}, {w.logs, b.logs}, {w.steps, b.steps}, {w.posts, b.posts}, {w.reaches, b.reaches}} {
		if err := part.into.insert(ctx, part.rows); err != nil {
			return err
		}
	}
	if b.settings {
		var resources rows
		for key, r := range p.resources {
			resources.add(key.kind, key.name, r.generation, r.hash[:])
		}
		if err := w.exchange(ctx, w.clearResources, w.resources, resources); err != nil {
			return err
		}
		var members rows
		for name, display := range p.members {
			members.add(name, display)
		}
		if err := w.exchange(ctx, w.clearMembers, w.members, members); err != nil {
			return err
		}
	}
	if b.requests {
		var requests rows
		for queue, r := range p.requests {
			requests.add(queue, r.id, r.by)
		}
		if err := w.exchange(ctx, w.clearRequests, w.requests, requests); err != nil {
			return err
		}
	}
	for _, e := range b.erasures {
		if err := w.erase(ctx, p, e); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
	}
	_, err = w.position.ExecContext(ctx, p.position, p.at, p.kind)
	return err
}

func (w *writer) exchange(ctx context.Context, empty *sql.Stmt, into insert, all rows) error {
	if _, err := empty.ExecContext(ctx); err != nil {
		return err
	}
	return into.insert(ctx, all)
}

func (i insert) insert(ctx context.Context, r rows) error {
	values := r.values
	for ; len(values) >= chunk*i.columns; values = values[chunk*i.columns:] {
		if _, err := i.many.ExecContext(ctx, values[:chunk*i.columns]...); err != nil {
			return err
		}
	}
	for ; len(values) > 0; values = values[i.columns:] {
		if _, err := i.one.ExecContext(ctx, values[:i.columns]...); err != nil {
			return err
		}
	}
	return nil
}

// load reads the projection as it stands in the file.
func (w *writer) load(ctx context.Context) (*projection, error) {
	p := newProjection()
	err := w.c.QueryRowContext(ctx, "select seq, at, kind from position where id = 1").Scan(&p.position, &p.at, &p.kind)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: it has no position", errUnusable)
	}
	if err != nil {
		return nil, fmt.Errorf("read the position: %w", err)
	}
	err = each(ctx, w.c, `select key, id, queue, channel, session, name, page, email, phone, issue, arrived_at, agent, for_team,
		for_agent, inactive, started_at from conversation where ended_at = 0`,
		func(scan func(...any) error) error {
			c := &conversation{}
			if err := scan(&c.key, &c.id, &c.queue, &c.channel, &c.session, &c.name, &c.page, &c.email, &c.phone, &c.issue,
				&c.arrivedAt, &c.agent, &c.forTeam, &c.forAgent, &c.inactive, &c.startedAt); err != nil {
				return err
			}
			p.live[c.id] = c
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the open conversations: %w", err)
	}
	err = each(ctx, w.c, "select kind, name, generation, hash from resource", func(scan func(...any) error) error {
		var key resourceKey
		var r resource
		var hash []byte
		if err := scan(&key.kind, &key.name, &r.generation, &hash); err != nil {
			return err
		}
		copy(r.hash[:], hash)
		p.resources[key] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the generations: %w", err)
	}
	err = each(ctx, w.c, "select queue, id, who from request", func(scan func(...any) error) error {
		var queue string
		var r request
		if err := scan(&queue, &r.id, &r.by); err != nil {
			return err
		}
		p.requests[queue] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the requests: %w", err)
	}
	err = each(ctx, w.c, "select name, display from member", func(scan func(...any) error) error {
		var name, display string
		if err := scan(&name, &display); err != nil {
			return err
		}
		p.members[name] = display
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the members' names: %w", err)
	}
	return p, nil
}

// querier is a connection or a pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func each(ctx context.Context, q querier, query string, row func(scan func(...any) error) error, args ...any) error {
	found, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	for found.Next() {
		if err := row(found.Scan); err != nil {
			return errors.Join(err, found.Close())
		}
	}
	return errors.Join(found.Err(), found.Close())
}
