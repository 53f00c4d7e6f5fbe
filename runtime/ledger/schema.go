package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
)

// Schema is the name of a desk's schema in PostgreSQL: "usher_" and the desk's name, as a namespace has it. A name that
// would not fit into an identifier of 63 bytes, or has other characters, is told by its hash.
//
//	ledger.Schema("acme") // usher_acme
func Schema(desk string) string {
	if plainName().MatchString(desk) {
		return "usher_" + desk
	}
	sum := sha256.Sum256([]byte(desk))
	return "usher~" + hex.EncodeToString(sum[:16])
}

// plainName is what a namespace may be called, as long as it fits behind the prefix.
func plainName() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,55}[a-z0-9])?$`) }

// schemaLock is the key of the advisory lock under which schemas are made: two that are made at once would be an error.
const schemaLock = 0x75736865725f7363

// ensureSchema makes the desk's schema unless it is there. One that is there is taken as it is: whoever has no right to
// make schemas can be given one.
func (l *Ledger) ensureSchema(ctx context.Context) (err error) {
	name := Schema(l.desk)
	there := func(q interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}) (found bool, err error) {
		err = q.QueryRowContext(ctx, `select exists (select 1 from pg_catalog.pg_namespace where nspname = $1)`, name).Scan(&found)
		return found, err
	}
	if found, err := there(l.control); err != nil || found {
		return wrapSchema(name, err)
	}
	tx, err := l.control.BeginTx(ctx, nil)
	if err != nil {
		return wrapSchema(name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock($1)`, schemaLock); err != nil {
		return wrapSchema(name, err)
	}
	if found, err := there(tx); err != nil {
		return wrapSchema(name, err)
	} else if !found {
		if _, err := tx.ExecContext(ctx, "create schema "+pgx.Identifier{name}.Sanitize()); err != nil {
			return wrapSchema(name, err)
		}
	}
	return wrapSchema(name, tx.Commit())
}

func wrapSchema(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("make the schema %s: %w", name, err)
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
