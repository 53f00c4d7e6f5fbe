package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/ledgertest"
	"usher.chat/runtime/ledger/pgtest"
)

// secured is a database of a server with a certificate, and the file of the authority that it is checked against.
type secured struct {
	t    *testing.T
	url  string // by 127.0.0.1, without any word of TLS
	file string
}

func secure(t *testing.T) *secured {
	t.Helper()
	return &secured{t, strings.TrimSuffix(postgresURL(t), "?sslmode=disable"), filepath.Join(t.TempDir(), "ca.crt")}
}

func authority(t *testing.T, name string) *pgtest.Authority {
	t.Helper()
	a, err := pgtest.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// shows another certificate from now on.
func (s *secured) shows(a *pgtest.Authority, until time.Time, names ...string) {
	s.t.Helper()
	certificate, key, err := a.Certificate(until, names...)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if err := server.UseTLS(ctx, certificate, key); err != nil {
		s.t.Fatal(err)
	}
}

// trusts what the file has from now on.
func (s *secured) trusts(text ...[]byte) {
	s.t.Helper()
	var all []byte
	for _, one := range text {
		all = append(all, one...)
	}
	next := s.file + ".next"
	if err := errors.Join(os.WriteFile(next, all, 0o600), os.Rename(next, s.file)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *secured) address(mode string) string {
	return s.url + "?sslmode=" + mode + "&sslrootcert=" + s.file
}

func (s *secured) open(address string) (*ledger.Ledger, error) {
	return ledger.Open(s.t.Context(), ledger.Options{URL: address, Desk: ledgertest.Desk, Poll: time.Millisecond})
}

func later() time.Time { return time.Now().Add(time.Hour) }

func TestADatabaseIsTakenForWhatItsCertificateSaysAndNoOther(t *testing.T) {
	s := secure(t)
	ours, other := authority(t, "ours"), authority(t, "another authority")
	s.shows(ours, later(), "127.0.0.1", "db-rw.acme.svc")
	s.trusts(ours.PEM())
	l, err := s.open(s.address("verify-full"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	ledgertest.Append(t, ledgertest.Lead(t, l, "pod"), "over TLS")
	if plain := s.sessions("not ssl"); plain != 0 {
		t.Errorf("%d connections of the ledger are not encrypted", plain)
	}
	if all := s.sessions("ssl"); all == 0 {
		t.Error("the ledger has no encrypted connection")
	}

	for name, c := range map[string]struct {
		prepare func()
		address string
		want    []string
	}{
		"another authority": {
			func() { s.trusts(other.PEM()) }, s.address("verify-full"),
			[]string{"unknown authority", `from "CN=ours"`, "put its certificate into ca.crt", "somebody else answers"},
		},
		"another authority, and no look at the name": {
			func() { s.trusts(other.PEM()) }, s.address("verify-ca"), []string{"unknown authority", "put its certificate into ca.crt"},
		},
		"another name": {
			func() {}, strings.Replace(s.address("verify-full"), "127.0.0.1", "localhost", 1),
			[]string{"not localhost", "is for db-rw.acme.svc, 127.0.0.1; write one of these as the host", `for "localhost"`},
		},
		"a certificate that is over": {
			func() { s.shows(ours, time.Now().Add(-time.Minute), "127.0.0.1") }, s.address("verify-full"),
			[]string{"expired", "out of date", "renew it"},
		},
		"a file that has no certificate": {
			func() { s.trusts([]byte("a text")) }, s.address("verify-full"), []string{"ca.crt (or sslrootcert) must be a file of certificates"},
		},
		"no file": {
			func() {}, s.url + "?sslmode=verify-full&sslrootcert=/not/there", []string{"/not/there", "must be a file of certificates"},
		},
		"a mode that is none": {
			func() {}, s.address("verify"), []string{"sslmode"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.shows(ours, later(), "127.0.0.1", "db-rw.acme.svc")
			s.trusts(ours.PEM())
			c.prepare()
			l, err := s.open(strings.Replace(c.address, "usher@", "usher:geheim@", 1))
			if err == nil {
				_ = l.Close()
				t.Fatal("it is taken")
			}
			t.Log(err)
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in it", want)
				}
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Error("it has the password")
			}
		})
	}
}

// sessions of the ledger that are encrypted or not.
func (s *secured) sessions(which string) (n int) {
	s.t.Helper()
	conn := s.admin()
	if err := conn.QueryRow(s.t.Context(), `select count(*) from pg_stat_ssl join pg_stat_activity using (pid)
		where application_name = 'usher-ledger' and datname = current_database() and `+which).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *secured) admin() *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url+"?sslmode=disable")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(s.t.Context())) })
	return conn
}

// cut ends the ledger's connections, as a restart of the server does.
func (s *secured) cut() {
	s.t.Helper()
	if _, err := s.admin().Exec(s.t.Context(), "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = 'usher-ledger' and datname = current_database()"); err != nil {
		s.t.Fatal(err)
	}
}

// last asks until an old connection is not met any more.
func last(t *testing.T, l *ledger.Ledger) (at ledger.Position, err error) {
	for range 20 {
		if at, err = l.Last(t.Context()); err == nil {
			return at, nil
		}
	}
	return at, err
}

func TestAnAuthorityThatIsRotatedIsFollowedWithoutARestart(t *testing.T) {
	s := secure(t)
	before, after := authority(t, "before"), authority(t, "after")
	s.shows(before, later(), "127.0.0.1")
	s.trusts(before.PEM())
	l, err := s.open(s.address("verify-full"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w := ledgertest.Lead(t, l, "pod")
	ledgertest.Append(t, w, "before")
	// In order: both are trusted, the server changes, only the new one is trusted.
	s.trusts(before.PEM(), after.PEM())
	s.shows(after, later(), "127.0.0.1")
	s.cut()
	if at, err := last(t, l); err != nil || at != 1 {
		t.Fatalf("with both authorities: %d, %v", at, err)
	}
	s.trusts(after.PEM())
	s.cut()
	if at, err := last(t, l); err != nil || at != 1 {
		t.Fatalf("with the new authority: %d, %v", at, err)
	}
	// Out of order: the server changes first, and says why it is not taken until the file follows.
	s.shows(before, later(), "127.0.0.1")
	s.cut()
	if _, err := last(t, l); err == nil || !strings.Contains(err.Error(), `from "CN=before"`) {
		t.Errorf("with an authority that is not trusted any more: %v", err)
	}
	s.trusts(before.PEM())
	if at, err := last(t, l); err != nil || at != 1 {
		t.Errorf("with the first authority again: %d, %v", at, err)
	}
}
