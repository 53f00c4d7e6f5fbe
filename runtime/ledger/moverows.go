package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// put stores rows in the target as they are, all or none.
func (m *mover) put(ctx context.Context, rows []Row) error {
	t := m.target
	conn, err := t.appends.Conn(ctx)
	if err != nil {
		return t.failed("copy", err)
	}
	defer func() { _ = conn.Close() }()
	err = conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection of type %T", driver)
		}
		_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{"ledger"},
			[]string{"desk", "first_seq", "count", "epoch", "at", "body"},
			pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
				r := rows[i]
				return []any{t.desk, int64(r.First), int32(r.Count), int64(r.Epoch), r.At, r.Body}, nil
			}))
		return err
	})
	if err != nil {
		return t.failed("copy", err)
	}
	return nil
}

// watch lets the source's writing connection keep a list of the rows that are rewritten from now on: an erasure may change
// what was copied already. The list is the connection's own and in no file.
func (m *mover) watch(ctx context.Context) error {
	conn, err := m.source.appends.Conn(ctx)
	if err != nil {
		return m.source.failed("watch", err)
	}
	defer func() { _ = conn.Close() }()
	return m.watchOn(ctx, conn)
}

func (m *mover) watchOn(ctx context.Context, conn *sql.Conn) error {
	for _, statement := range []string{
		"create temp table if not exists moving (first_seq integer)",
		`create temp trigger if not exists moving_update after update on main.ledger
			begin insert into moving values (old.first_seq); end`,
		`create temp trigger if not exists moving_delete after delete on main.ledger
			begin insert into moving values (old.first_seq); end`,
	} {
		if _, err := conn.ExecContext(m.source.statementContext(ctx), statement); err != nil {
			return m.source.failed("watch", err)
		}
	}
	return nil
}

func (m *mover) unwatch(ctx context.Context) error {
	for _, statement := range []string{"drop trigger if exists moving_update", "drop trigger if exists moving_delete",
		"drop table if exists temp.moving"} {
		if _, err := m.source.appends.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (m *mover) forget(ctx context.Context) error {
	if _, err := m.source.appends.ExecContext(m.source.statementContext(ctx), "delete from temp.moving"); err != nil {
		return m.source.failed("watch", err)
	}
	return nil
}

// state is a snapshot as it is stored.
type state struct {
	version  int
	position int64
	checksum int64
}

// copySnapshots gives the target the source's snapshots and no others.
func (m *mover) copySnapshots(ctx context.Context) error {
	ours, err := m.source.stored(ctx)
	if err != nil {
		return err
	}
	theirs, err := m.target.stored(ctx)
	if err != nil {
		return err
	}
	s, t := m.source, m.target
	for one := range theirs {
		if ours[one] {
			continue
		}
		_, err := t.control.ExecContext(ctx, `delete from ledger_snapshot where desk = $1 and version = $2 and position = $3`,
			t.desk, one.version, one.position)
		if err != nil {
			return t.failed("forget a snapshot", err)
		}
	}
	for one := range ours {
		// One past the copy comes when the copy is there; it is the router's last but is not needed.
		if theirs[one] || Position(one.position) > m.to.Last {
			continue
		}
		var state []byte
		err := s.reads.QueryRowContext(ctx, s.dialect.rewrite(`select state from ledger_snapshot
			where desk = $1 and version = $2 and position = $3 and checksum = $4`), s.desk, one.version, one.position,
			one.checksum).Scan(&state)
		if errors.Is(err, sql.ErrNoRows) {
			continue // replaced meanwhile
		}
		if err != nil {
			return s.failed("read a snapshot", err)
		}
		if _, err := t.control.ExecContext(ctx, t.queries.putState, t.desk, one.version, one.position, one.checksum, state); err != nil {
			return t.failed("copy a snapshot", err)
		}
	}
	return nil
}

func (l *Ledger) stored(ctx context.Context) (map[state]bool, error) {
	rows, err := l.reads.QueryContext(ctx, l.dialect.rewrite(`select version, position, checksum from ledger_snapshot
		where desk = $1`), l.desk)
	if err != nil {
		return nil, l.failed("read the snapshots", err)
	}
	defer rows.Close()
	found := map[state]bool{}
	for rows.Next() {
		var one state
		if err := rows.Scan(&one.version, &one.position, &one.checksum); err != nil {
			return nil, l.failed("read the snapshots", err)
		}
		found[one] = true
	}
	if err := rows.Err(); err != nil {
		return nil, l.failed("read the snapshots", err)
	}
	return found, nil
}
