package pgpair

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"usher.chat/runtime/ledger/pgtest"
)

// Files of both servers, in their account's directory.
const certificateFile, keyFile = "server.crt", "server.key"

// certify gives both servers a certificate for all addresses of the pair, from an authority of its own. Servers that run
// take it when they are told to.
func (p *Pair) certify() error {
	authority, err := pgtest.NewAuthority("authority of the database, " + time.Now().UTC().Format(time.RFC3339Nano))
	if err != nil {
		return err
	}
	var names []string
	for _, address := range p.Addresses() {
		names = append(names, address.String())
	}
	certificate, key, err := authority.Certificate(time.Now().Add(24*time.Hour), names...)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{certificateFile: certificate, keyFile: key} {
		path := filepath.Join(p.directory, name)
		if err := errors.Join(os.WriteFile(path, text, 0o600), os.Chown(path, int(p.account.Uid), int(p.account.Gid))); err != nil {
			return fmt.Errorf("give the database a certificate: %w", err)
		}
	}
	p.authority = authority.PEM()
	return nil
}

// Authority is what a client checks the servers' certificates against: ca.crt.
func (p *Pair) Authority() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.authority)
}

// ChangeAuthority gives both servers, which have to run, certificates of another authority. Sessions that are there go on.
func (p *Pair) ChangeAuthority(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.certify(); err != nil {
		return err
	}
	for _, s := range p.servers {
		if err := s.do(ctx, "select pg_reload_conf()"); err != nil {
			return fmt.Errorf("give %s another certificate: %w", s.node.Name, err)
		}
	}
	return nil
}

// Sessions of a role: those that are encrypted, and those that are not.
func (p *Pair) Sessions(ctx context.Context, role string) (encrypted, plain int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.servers[p.primary]
	const sessions = "select count(*) from pg_stat_activity join pg_stat_ssl using (pid) where usename = '"
	err = errors.Join(s.ask(ctx, &encrypted, sessions+role+"' and ssl"), s.ask(ctx, &plain, sessions+role+"' and not ssl"))
	return encrypted, plain, err
}
