package ledger

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

const (
	// migrationTable is named after the package: others may keep their own migrations in the same database.
	migrationTable = "ledger_migration"
	// migrationLock is the key of the advisory lock under which one process at a time migrates a PostgreSQL database.
	migrationLock = 0x75736865725f6c67
	// Waiting for it: a try a second.
	migrationLockSeconds, migrationLockTries = 1, 120
)

// migrate brings the tables to the newest version. Several processes may do so at once: PostgreSQL has a lock for it,
// the SQLite file is this process's own.
func (l *Ledger) migrate(ctx context.Context) error {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	options := []goose.ProviderOption{goose.WithTableName(migrationTable), goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(l.log)}
	if l.dialect.name == "postgres" {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock),
			lock.WithLockTimeout(migrationLockSeconds, migrationLockTries))
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(dialect, l.control, files, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// A database that a newer release has migrated is not for this one: its rows may mean something else.
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: read the version of the tables: %w", err)
	}
	if current > target {
		return fmt.Errorf("migrate: the tables are of version %d, this release knows %d: use the newer release",
			current, target)
	}
	if current == target {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
