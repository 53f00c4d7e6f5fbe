package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteReaders is how many reads run beside each other and beside the writer.
const sqliteReaders = 4

func sqliteDialect() dialect {
	return dialect{
		name: "sqlite3",
		now:  "cast(unixepoch('subsec') * 1000 as integer)",
		// One writer at a time is SQLite's own rule, and the lock of the file says that it is in this process: whoever
		// could hold a live lease is gone.
		takeAlways: "or true",
		kind:       sqliteKind,
		stale:      func(error) bool { return false },
		// A statement takes milliseconds, and one that was interrupted in its commit would leave a question where there
		// need be none.
		uncancelled: true,
		rewrite:     func(s string) string { return strings.ReplaceAll(s, "$", "?") },
	}
}

func (l *Ledger) openSQLite(ctx context.Context, address string, adopting func() error) error {
	path, err := sqlitePath(address)
	if err != nil {
		return err
	}
	l.dialect = sqliteDialect()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the directory of the ledger: %w", err)
	}
	network, err := networkDisk(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("ask for the file system of the ledger: %w", err)
	}
	if network != "" {
		return fmt.Errorf("%w: %s is on %s; put it on a disk of the machine (a PersistentVolume of a block device or a "+
			"local path), or use PostgreSQL", ErrNetworkDisk, filepath.Dir(path), network)
	}
	// The lock is a file of its own: closing any descriptor of the database file would drop SQLite's own locks on it.
	if l.release, err = lockFile(path + ".lock"); err != nil {
		l.release = func() error { return nil }
		return err
	}
	l.path = path
	if adopted, err := adopt(path, adopting); err != nil {
		return fmt.Errorf("put the restored ledger in its place: %w", err)
	} else if adopted {
		l.log.WarnContext(ctx, "a restored ledger took the place of the one before", "path", path)
	}
	// SQLite would make the file readable for everybody; its companions take the mode of the file.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make the ledger file: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("make the ledger file: %w", err)
	}

	pragmas := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)",
		"foreign_keys(ON)"}
	if l.appends, err = sql.Open("sqlite", sqliteDSN(path, pragmas)); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	l.appends.SetMaxOpenConns(1)
	l.control = l.appends
	if l.reads, err = sql.Open("sqlite", sqliteDSN(path, append(pragmas, "query_only(ON)"))); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	l.reads.SetMaxOpenConns(sqliteReaders)
	l.reads.SetMaxIdleConns(sqliteReaders)

	var journal string
	var synchronous int
	if err := l.appends.QueryRowContext(ctx, "pragma journal_mode").Scan(&journal); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if err := l.appends.QueryRowContext(ctx, "pragma synchronous").Scan(&synchronous); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if journal != "wal" || synchronous != 2 {
		return fmt.Errorf("open %s: the file system gives journal mode %q and synchronous %d instead of wal and 2",
			path, journal, synchronous)
	}
	return nil
}

// sqlitePath is the file of a URL like sqlite:///dir/ledger.db.
func sqlitePath(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read the URL: %w", err)
	}
	if u.Host != "" || !filepath.IsAbs(u.Path) || u.Path == "/" || strings.HasSuffix(u.Path, "/") {
		return "", fmt.Errorf("the URL %q must name a file by its whole path, as in sqlite:///data/ledger.db", address)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("the URL %q must have nothing but the path of the file", address)
	}
	return filepath.Clean(u.Path), nil
}

func sqliteDSN(path string, pragmas []string) string {
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}).String()
}

func sqliteKind(err error) Error {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return ErrUnknown
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrCorrupt
	case sqlite3.SQLITE_IOERR:
		// A failed sync may have left the commit in the file, for the next process to find.
		return ErrUnknown
	}
	return ""
}
