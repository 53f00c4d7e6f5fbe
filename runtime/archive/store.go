package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// applicationID marks the file as an archive, for whoever finds it and for `file`.
const applicationID = 0x75736861 // "usha"

// schemaVersion is that of the tables and of what is written into them. A file of another one is made
// again: raise it with every change of schema.sql or of the projection.
const schemaVersion = 4

const readers = 4

// errUnusable is a file that is whole but of no use here.
var errUnusable = errors.New("not an archive of this release")

// errDamaged is a row that cannot be read.
var errDamaged = errors.New("a row is damaged")

// store is the file. Reads go on beside the one writer; replacing the file waits for them.
type store struct {
	mu     sync.RWMutex // held for reading while the databases are used
	reads  *sql.DB
	writes *writer
}

// open opens the file and reads where it stands.
func (s *store) open(ctx context.Context, path string) (*projection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openLocked(ctx, path)
}

// replace deletes the file and makes an empty one.
func (s *store) replace(ctx context.Context, path string) (*projection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeLocked()
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return s.openLocked(ctx, path)
}

func (s *store) openLocked(ctx context.Context, path string) (p *projection, err error) {
	s.closeLocked()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// SQLite would make the file readable for everybody; its companions take the mode of the file.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	// NORMAL: a crash of the machine may take the last transactions, rows and position together. MEMORY: an insert of
	// many rows keeps what it would undo, and in a file that costs as much as the rows.
	pragmas := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)",
		"temp_store(MEMORY)", "journal_size_limit(33554432)", "secure_delete(ON)"}
	if s.writes, err = openWriter(ctx, dsn(path, pragmas)); err != nil {
		return nil, s.failed(err)
	}
	if s.reads, err = sql.Open("sqlite", dsn(path, append(pragmas, "query_only(ON)"))); err != nil {
		return nil, s.failed(err)
	}
	s.reads.SetMaxOpenConns(readers)
	s.reads.SetMaxIdleConns(readers)
	if p, err = s.writes.load(ctx); err != nil {
		return nil, s.failed(err)
	}
	return p, nil
}

func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeLocked()
}

// failed leaves nothing half open.
func (s *store) failed(err error) error {
	s.closeLocked()
	return err
}

// closeLocked forgets the databases whatever closing them says: a damaged one may say much. The writer goes last, for
// it alone can take the write-ahead log into the file.
func (s *store) closeLocked() {
	if s.reads != nil {
		_ = s.reads.Close()
		s.reads = nil
	}
	if s.writes != nil {
		_ = s.writes.close()
		s.writes = nil
	}
}

func dsn(path string, pragmas []string) string {
	query := url.Values{"_pragma": pragmas}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}).String()
}

// kind is what an error asks for.
type kind int

const (
	kindNone    kind = iota
	kindOther        // try again
	kindFull         // wait for room
	kindCorrupt      // make the file anew
	kindLogic        // the statement does not fit the file
)

func kindOf(err error) kind {
	if err == nil {
		return kindNone
	}
	if errors.Is(err, errDamaged) {
		return kindCorrupt
	}
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		switch failure.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return kindFull
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return kindCorrupt
		case sqlite3.SQLITE_ERROR:
			return kindLogic
		}
	}
	if isNoSpace(err) {
		return kindFull
	}
	return kindOther
}

// checkFile tells whether a database is an archive of this release; a new one becomes one.
func checkFile(ctx context.Context, c *sql.Conn) error {
	var id, version, tables int64
	if err := c.QueryRowContext(ctx, "pragma application_id").Scan(&id); err != nil {
		return fmt.Errorf("read the kind of the file: %w", err)
	}
	if err := c.QueryRowContext(ctx, "pragma user_version").Scan(&version); err != nil {
		return fmt.Errorf("read the version of the file: %w", err)
	}
	if err := c.QueryRowContext(ctx, "select count(*) from sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("read the tables of the file: %w", err)
	}
	if id == 0 && version == 0 && tables == 0 {
		return create(ctx, c)
	}
	if id != applicationID || version != schemaVersion {
		return fmt.Errorf("%w: kind %#x, version %d; want %#x, %d", errUnusable, id, version, applicationID, schemaVersion)
	}
	return nil
}

// create makes the tables, all or none.
func create(ctx context.Context, c *sql.Conn) error {
	statement := fmt.Sprintf("begin immediate;\n%s\npragma application_id = %d;\npragma user_version = %d;\ncommit;",
		schema, applicationID, schemaVersion)
	if _, err := c.ExecContext(ctx, statement); err != nil {
		_, _ = c.ExecContext(ctx, "rollback") // there may be nothing to roll back
		return fmt.Errorf("make the tables: %w", err)
	}
	return nil
}
