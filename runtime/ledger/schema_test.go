package ledger_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"usher.chat/runtime/ledger"
)

func TestASchemaIsNamedAfterItsDesk(t *testing.T) {
	long := strings.Repeat("a", 57)
	seen := map[string]string{}
	for desk, want := range map[string]string{
		"acme": "usher_acme", "a": "usher_a", "team-1": "usher_team-1", long: "usher_" + long,
		long + "b": "", "Acme": "", `x"; drop schema public`: "", "ünïcode": "", "-a": "", "a~b": "",
	} {
		got := ledger.Schema(desk)
		if want != "" && got != want || len(got) > 63 || seen[got] != "" {
			t.Errorf("the schema of %q is %q (also of %q)", desk, got, seen[got])
		}
		seen[got] = desk
	}
}

func openDesk(t *testing.T, url, desk string) (*ledger.Ledger, error) {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.Options{URL: url, Desk: desk})
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	return l, err
}

func write(t *testing.T, l *ledger.Ledger, text string) {
	t.Helper()
	w, err := l.Lead(t.Context(), ledger.Claim{Holder: "pod", Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(t.Context(), time.Unix(1, 0), [][]byte{[]byte(text)}); err != nil {
		t.Fatal(err)
	}
}

func TestManyPodsAndDesksMakeTheirTablesAtOnce(t *testing.T) {
	address, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, desk := range []string{"one", "two", `three "quoted"`, "one", "two", "one"} {
		group.Go(func() {
			if _, err := openDesk(t, address, desk); err != nil {
				t.Errorf("%s: %v", desk, err)
			}
		})
	}
	group.Wait()
	one, err := openDesk(t, address, "one")
	if err != nil {
		t.Fatal(err)
	}
	two, err := openDesk(t, address, "two")
	if err != nil {
		t.Fatal(err)
	}
	write(t, one, "of one")
	write(t, two, "of two")
	for group, err := range one.Read(t.Context(), 0, ledger.Limit{}) {
		if err != nil || len(group.Entries) != 1 || string(group.Entries[0]) != "of one" {
			t.Errorf("desk one reads %q, %v", group.Entries, err)
		}
	}
}

func TestARoleOfOneDeskReadsNothingOfAnother(t *testing.T) {
	address, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	as := func(role string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(role, "x")
		return u.String()
	}
	database := admin.Config().Database
	for _, statement := range []string{
		"create role red login password 'x'", "create role blue login password 'x'",
		"grant create on database " + database + " to red",
		`create schema "usher_blue" authorization blue`, // made by somebody else: no right to make schemas is needed
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	red, err := openDesk(t, as("red"), "red")
	if err != nil {
		t.Fatal(err)
	}
	write(t, red, "a secret")
	if _, err := openDesk(t, as("blue"), "blue"); err != nil {
		t.Fatal(err)
	}
	if _, err := openDesk(t, as("blue"), "red"); err == nil {
		t.Error("the role of desk blue opens desk red")
	}
	if _, err := openDesk(t, as("blue"), "green"); err == nil {
		t.Error("a role without the right makes a schema")
	}
	conn, err := pgx.Connect(t.Context(), as("blue"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, statement := range []string{
		"select * from usher_red.ledger", "select * from usher_red.ledger_snapshot", "delete from usher_red.ledger",
		"update usher_red.ledger_epoch set epoch = 9",
	} {
		var refused *pgconn.PgError
		if _, err := conn.Exec(t.Context(), statement); !errors.As(err, &refused) || refused.Code != "42501" {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

func TestAPasswordThatWasRotatedIsUsedWithoutARestart(t *testing.T) {
	address, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "uri")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(address)
	l, err := ledger.Open(t.Context(), ledger.Options{Desk: "acme", Source: func() (string, error) {
		b, err := os.ReadFile(file)
		return string(b), err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	write(t, l, "before")
	admin, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"create role rotated superuser login",
		"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
	} {
		if statement[:6] == "select" {
			u.User = url.User("rotated")
			put(u.String())
		}
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	var last ledger.Position
	for range 20 { // each old connection may be met once
		if last, err = l.Last(t.Context()); err == nil {
			break
		}
	}
	if err != nil || last != 1 {
		t.Fatalf("after the rotation: %d, %v", last, err)
	}
	var names []string
	rows, err := admin.Query(t.Context(), "select distinct usename::text from pg_stat_activity where application_name = 'usher-ledger' and datname = current_database()")
	if err != nil {
		t.Fatal(err)
	}
	if names, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(names) != 1 || names[0] != "rotated" {
		t.Errorf("the connections are of %v, %v", names, err)
	}
}
