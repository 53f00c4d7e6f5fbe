package router_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/router"
)

// setBack lets the ledger end at a position, as in a database that was recovered to that moment.
func setBack(t *testing.T, url string, to uint64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	schema := pgx.Identifier{ledger.Schema("acme")}.Sanitize()
	for _, statement := range []string{"delete from %s.ledger_snapshot where position > %d", "delete from %s.ledger where first_seq > %d"} {
		if _, err := conn.Exec(t.Context(), fmt.Sprintf(statement, schema, to)); err != nil {
			t.Fatal(err)
		}
	}
}

// A database that was recovered to a moment, and that the pods find by themselves: who has more of it than is there ends,
// leader or not, and the ledger is as it was recovered.
func TestMembersThatHaveMoreThanARecoveredLedgerEnd(t *testing.T) {
	url, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, l := peerFiles(t), openLedger(t, url)
	var list []*podding
	for i := range 3 {
		list = append(list, member(t, url, dir, fmt.Sprint("pod-", i)))
	}
	list[0].insist(t, settingsOf())
	list[0].insist(t, join("kept"))
	moment, err := l.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost := list[0].insist(t, join("lost")).Seq
	for _, one := range list {
		one.until(t, "the customer who will be lost", func(s *desk.State) bool { return s.Seq >= lost })
	}
	setBack(t, url, moment)
	for _, one := range list {
		select {
		case err := <-one.ended:
			one.ended <- err
			if !errors.Is(err, router.ErrSetBack) {
				t.Errorf("%s ended with %v, want ErrSetBack", one.gateway, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s has more than the ledger, and goes on", one.gateway)
		}
	}
	if last, err := l.Last(t.Context()); err != nil || last != moment {
		t.Errorf("the ledger ends at %d, %v, want %d", last, err, moment)
	}
	next := member(t, url, dir, "pod-3")
	at := next.insist(t, join("new")).Seq
	next.until(t, "the new customer", func(s *desk.State) bool { return s.Seq >= at })
	next.read(func(s *desk.State) {
		if s.Customers["kept"] == nil || s.Customers["lost"] != nil || s.Customers["new"] == nil {
			t.Errorf("the customers are %v", s.Customers)
		}
	})
}
