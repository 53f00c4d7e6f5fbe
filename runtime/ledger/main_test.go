package ledger_test

import (
	"fmt"
	"os"
	"testing"

	"usher.chat/runtime/ledger/ledgertest"
	"usher.chat/runtime/ledger/pgtest"
)

// server is set once in TestMain, before any test runs.
var server *pgtest.Server

func TestMain(m *testing.M) {
	ledgertest.Child()
	moverChild()
	var err error
	if server, err = pgtest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func sqliteURL(t *testing.T) string { return "sqlite://" + t.TempDir() + "/data/ledger.db" }

func postgresURL(t *testing.T) string {
	t.Helper()
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func TestSQLitePassesTheSuite(t *testing.T) { ledgertest.Run(t, sqliteURL) }

func TestPostgreSQLPassesTheSuite(t *testing.T) {
	version, err := server.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("PostgreSQL %s", version)
	ledgertest.Run(t, postgresURL)
}
