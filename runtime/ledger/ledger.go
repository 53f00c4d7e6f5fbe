package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultPoll is how often [Ledger.Follow] looks for new groups when [Options] do not say.
const DefaultPoll = 50 * time.Millisecond

// Options say which log to open.
type Options struct {
	// URL of the database: "sqlite:///dir/ledger.db" for a file, whose directory is made when it is missing, or
	// "postgres://user:password@host:port/database?...", as PostgreSQL itself writes it.
	URL string
	// Source, if set, tells the URL instead, at the start and before each new connection to PostgreSQL, so that a password
	// that was rotated is used without a restart. An error keeps the connection from being made.
	Source func() (string, error)
	// Desk whose log it is. Several desks may share one PostgreSQL database: each has a schema of its own, see [Schema].
	Desk string
	// Logger takes what an operator of the database should know; nil for silence.
	Logger *slog.Logger
	// Poll is how often Follow looks for new groups; 0 for [DefaultPoll].
	Poll time.Duration

	// Adopting, if set, is called before a restored ledger takes the place of the one that is there (see
	// [Ledger.Replace]): whatever was made from that one is to be forgotten.
	Adopting func() error

	unfenced bool // appends do not hold the epoch's row: only to prove that the tests see it
}

// Ledger is the open log of one desk. Its methods may be called from any goroutine.
type Ledger struct {
	desk    string
	dialect dialect
	queries queries
	log     *slog.Logger
	poll    time.Duration
	source  func() (string, error)
	path    string // of a SQLite file

	appends *sql.DB // one connection, for appends alone
	control *sql.DB // epoch and snapshots
	reads   *sql.DB
	release func() error // gives back the lock of the file
	closed  atomic.Bool
}

// dialect is all that differs between the two databases once they are open.
type dialect struct {
	name string
	// now is an expression for the milliseconds since 1970 by the database's clock.
	now string
	// share is what an append adds to hold the epoch's row until it has committed.
	share string
	// takeAlways is what a claim adds to take a live lease.
	takeAlways string
	// kind tells what an error of a statement means for its outcome: ErrFull, ErrUnknown, ErrCorrupt, or "" for a
	// plain refusal that wrote nothing.
	kind func(error) Error
	// stale tells that the connection leads to a server that will refuse every write.
	stale func(error) bool
	// uncancelled statements run to their end whatever becomes of their context.
	uncancelled bool
	// rewrite turns the placeholders $1, $2 into the dialect's own.
	rewrite func(string) string
}

// Open opens the log, makes or migrates its tables, and checks that the database keeps what it says it has kept. A
// SQLite file is locked for this process until Close; [ErrLocked] and [ErrNetworkDisk] say why it may not be opened.
func Open(ctx context.Context, options Options) (*Ledger, error) {
	if options.Desk == "" {
		return nil, errors.New("open the ledger: the desk has no name")
	}
	l := &Ledger{desk: options.Desk, log: options.Logger, poll: options.Poll, release: func() error { return nil }}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.poll <= 0 {
		l.poll = DefaultPoll
	}
	// The scheme is cut by hand: an error of url.Parse would repeat the password.
	var err error
	address := options.URL
	if options.Source != nil {
		l.source = options.Source
		if address, err = options.Source(); err != nil {
			return nil, fmt.Errorf("open the ledger of desk %q: %w", options.Desk, err)
		}
	}
	switch scheme, _, _ := strings.Cut(address, "://"); scheme {
	case "sqlite":
		err = l.openSQLite(ctx, address, options.Adopting)
	case "postgres", "postgresql":
		err = l.openPostgres(ctx, address)
	default:
		err = errors.New(`the URL must begin with "sqlite:///" or "postgres://"`)
	}
	if err == nil {
		l.queries = newQueries(l.dialect, options.unfenced)
		err = l.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the ledger of desk %q: %w", options.Desk, err), l.Close())
	}
	return l, nil
}

// Close ends all use of the ledger and gives the lock of a SQLite file back. Writers of it are fenced by their lease
// only: resign them first.
func (l *Ledger) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	var errs []error
	// The write connection of SQLite closes last: the last one folds the write-ahead log into the file.
	for _, db := range []*sql.DB{l.reads, l.control, l.appends} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	errs = append(errs, l.release())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the ledger of desk %q: %w", l.desk, err)
	}
	return nil
}

// Desk is the desk whose log it is.
func (l *Ledger) Desk() string { return l.desk }

// Last is the position of the last entry; 0 when there is none.
func (l *Ledger) Last(ctx context.Context) (Position, error) {
	var last int64
	err := l.reads.QueryRowContext(ctx, l.queries.last, l.desk).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, l.failed("read the last position", err)
	}
	return Position(last), nil
}

// failed wraps an error with what was being done, and with its kind when there is one. [ErrUnknown] is only for
// appends: what else a lost answer leaves behind can be done again.
func (l *Ledger) failed(doing string, err error) error {
	if l.closed.Load() {
		return fmt.Errorf("%s of desk %q: %w", doing, l.desk, ErrClosed)
	}
	if kind := l.dialect.kind(err); kind == ErrFull || kind == ErrCorrupt {
		return fmt.Errorf("%s of desk %q: %w: %w", doing, l.desk, kind, err)
	}
	return fmt.Errorf("%s of desk %q: %w", doing, l.desk, err)
}

// statementContext is the context for one statement that writes.
func (l *Ledger) statementContext(ctx context.Context) context.Context {
	if l.dialect.uncancelled {
		return context.WithoutCancel(ctx)
	}
	return ctx
}
