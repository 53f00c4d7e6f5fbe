package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresPool is how many connections serve reads, leases and snapshots; appends have one of their own, so that none
// of these waits behind a long group.
const postgresPool = 4

// Error codes of PostgreSQL, https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	pgDiskFull          = "53100"
	pgOutcomeUnknown    = "40003"
	pgReadOnly          = "25006"
	pgUniqueViolation   = "23505"
	pgDataCorrupted     = "XX001"
	pgIndexCorrupted    = "XX002"
	pgOldestVersion     = 150000
	pgOldestVersionName = "15"
)

func postgresDialect() dialect {
	return dialect{
		name:    "postgres",
		now:     "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
		share:   "for share",
		kind:    postgresKind,
		stale:   postgresStale,
		rewrite: func(s string) string { return s },
	}
}

func (l *Ledger) openPostgres(ctx context.Context, address string) error {
	l.dialect = postgresDialect()
	config, err := postgresConfig(address)
	if err != nil {
		return err
	}
	if l.source == nil { // what it names, such as the file of an authority, may change all the same
		l.source = func() (string, error) { return address, nil }
	}
	connector := connector{stdlib.GetConnector(*config, stdlib.OptionAfterConnect(prepareSession(Schema(l.desk))),
		stdlib.OptionBeforeConnect(l.follow))}
	l.appends = sql.OpenDB(connector)
	l.appends.SetMaxOpenConns(1)
	l.reads = sql.OpenDB(connector)
	l.reads.SetMaxOpenConns(postgresPool)
	l.reads.SetMaxIdleConns(postgresPool)
	l.control = l.reads
	if err := l.checkSessions(ctx); err != nil {
		return err
	}
	if err := l.checkPostgres(ctx); err != nil {
		return err
	}
	return l.ensureSchema(ctx)
}

func postgresConfig(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the URL: %w", adviseURL(err)) // pgx leaves the password out
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "usher-ledger"
	}
	// A name may lead to the old primary for a while after a failover, or list several servers.
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	config.DialFunc = dialToConnect(config.DialFunc)
	return config, nil
}

// follow asks for the address and the password anew before each connection, and reads the server's authority again: all
// of them may have been rotated.
func (l *Ledger) follow(_ context.Context, config *pgx.ConnConfig) error {
	address, err := l.source()
	if err != nil {
		return fmt.Errorf("read where the database is: %w", err)
	}
	fresh, err := postgresConfig(address)
	if err != nil {
		return err
	}
	*config = *fresh
	return nil
}

// checkPostgres refuses a server that is too old and warns of one that does not keep what it acknowledges.
func (l *Ledger) checkPostgres(ctx context.Context) error {
	var version int
	var name, fsync, fullPages string
	err := l.reads.QueryRowContext(ctx, `select current_setting('server_version_num')::int,
		current_setting('server_version'), current_setting('fsync'), current_setting('full_page_writes')`).
		Scan(&version, &name, &fsync, &fullPages)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	if version < pgOldestVersion {
		return fmt.Errorf("the server is PostgreSQL %s, at least %s is needed", name, pgOldestVersionName)
	}
	if fsync != "on" || fullPages != "on" {
		l.log.WarnContext(ctx, "PostgreSQL may lose acknowledged messages in a crash of its machine",
			"fsync", fsync, "full_page_writes", fullPages)
	}
	return nil
}

// checkSessions refuses a pooler that lends a session for one transaction: what prepareSession says would hold for somebody
// else, and one desk would write into another's schema. It is seen by the processes of the server: each connection has one of
// its own, and the same one all the time.
func (l *Ledger) checkSessions(ctx context.Context) (err error) {
	type asked interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	process := func(of asked) (pid int64, err error) {
		// Nothing is prepared, for it might be asked for in another session.
		err = of.QueryRowContext(ctx, `select pg_backend_pid()`, pgx.QueryExecModeSimpleProtocol).Scan(&pid)
		return pid, err
	}
	var conns [2]*sql.Conn
	for i := range conns {
		if conns[i], err = l.reads.Conn(ctx); err != nil {
			return fmt.Errorf("connect to PostgreSQL: %w", err)
		}
		defer func() { err = errors.Join(err, conns[i].Close()) }()
	}
	first, err := process(conns[0])
	if err != nil {
		return fmt.Errorf("look at the database's sessions: %w", err)
	}
	held, err := conns[1].BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("look at the database's sessions: %w", err)
	}
	defer func() { err = errors.Join(err, ignoreDone(held.Rollback())) }()
	second, err := process(held)
	again := first
	for try := 0; err == nil && first != second && again == first && try < sessionLooks; try++ {
		again, err = process(conns[0])
	}
	if err != nil {
		return fmt.Errorf("look at the database's sessions: %w", err)
	}
	if first == second || first != again {
		return fmt.Errorf("%w between transactions by a pooler that stands before it: name the server itself, or give the pooler the pool_mode session", ErrPooled)
	}
	return nil
}

// sessionLooks is how often a connection is asked for its session: a pooler that gives them in turns gives the next one.
const sessionLooks = 3

// prepareSession undoes settings of the role or the database under which an append would be acknowledged and lost:
// a commit that does not wait for the disk or the replica, and a timeout, which cancels the wait for the replica and
// then reports success. The fence is written for read committed. The desk's own schema is the only one that is looked
// into, so that nothing of another desk can be meant.
func prepareSession(schema string) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `select set_config('statement_timeout', '0', false),
			set_config('search_path', $1, false),
			set_config('default_transaction_isolation', 'read committed', false),
			set_config('synchronous_commit', case current_setting('synchronous_commit')
				when 'off' then 'on' when 'local' then 'on' else current_setting('synchronous_commit') end, false)`,
			pgx.QueryExecModeExec, // once in a session: there is nothing to be gained by preparing it
			pgx.Identifier{schema}.Sanitize())
		if err != nil {
			_ = conn.Close(ctx) // the library would leave it open
			return fmt.Errorf("prepare the session: %w", err)
		}
		return nil
	}
}

// connector marks the contexts of connections that are wanted, see dialToConnect.
type connector struct{ driver.Connector }

type connecting struct{}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(context.WithValue(ctx, connecting{}, true))
	if err != nil {
		return nil, adviseTLS(err)
	}
	return conn, nil
}

// dialToConnect dials for new connections only. The client library also dials, on its own, to cancel what runs on a
// connection that it gives up; a backend that waits in its commit for a synchronous replica would then make the commit
// visible though no replica has it. Giving up means dropping the connection, no more.
func dialToConnect(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if ctx.Value(connecting{}) == nil {
			return nil, errors.New("a running statement is never cancelled")
		}
		return dial(ctx, network, address)
	}
}

func postgresKind(err error) Error {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return ErrUnknown
	}
	severity := failure.SeverityUnlocalized
	if severity == "" {
		severity = failure.Severity
	}
	switch {
	case failure.Code == pgDiskFull && severity == "ERROR":
		return ErrFull
	case failure.Code == pgDataCorrupted, failure.Code == pgIndexCorrupted:
		return ErrCorrupt
	case severity != "ERROR", failure.Code == pgOutcomeUnknown, failure.Code[:min(2, len(failure.Code))] == "08":
		return ErrUnknown
	case failure.Code == pgUniqueViolation:
		// Somebody wrote where this writer was to write: it must look again before it does anything.
		return ErrUnknown
	}
	return ""
}

func postgresStale(err error) bool {
	var failure *pgconn.PgError
	return errors.As(err, &failure) && failure.Code == pgReadOnly
}
