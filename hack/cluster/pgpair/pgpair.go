// Package pgpair runs a PostgreSQL with a synchronous standby beside a local cluster, each in a network namespace of its
// own on the cluster's bridge, as machines of a database are beside the machines of a cluster. Servers are those of the
// distribution, with fsync on, and a commit is acknowledged when both have it on disk.
//
//	pair, err := pgpair.Start(ctx, plan)          // needs root and a running local cluster
//	defer pair.Stop()
//	url, err := pair.NewDatabase(ctx, "acme")     // by the address that moves; of a role of the same name
//	several := pair.Several(url)                  // the same by both servers' own addresses
//
//	err = pair.KillPrimary(ctx)                   // SIGKILL; its machine lives, and refuses connections
//	err = pair.LosePrimary(ctx)                   // its machine is gone: nothing answers
//	err = pair.RestartPrimary(ctx)                // after either: it recovers, alone or with its standby
//	err = pair.Promote(ctx)                       // or else the standby leads, and has the address
//	err = pair.RestartAsStandby(ctx)              // then the other one is made anew from it, and commits wait for it again
//
//	err = pair.SetPassword(ctx, "acme", "another")
//	ca := pair.Authority()                        // for sslmode=verify-full, by any of the addresses
//
// Between Promote and RestartAsStandby the new primary is alone and commits wait for nobody, as with the usual
// managers of PostgreSQL: whoever kills it then may lose what was acknowledged.
package pgpair

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"usher.chat/hack/cluster/machine"
	"usher.chat/runtime/ledger/pgtest"
)

// port of both servers.
const port = 5432

// A Pair is two servers, one of which leads. Its methods may be called at the same time; each waits for the one before.
type Pair struct {
	plan      machine.Plan
	programs  string
	account   *syscall.Credential
	directory string
	authority []byte

	mu      sync.Mutex
	servers [2]*server
	primary int
}

// Start makes two servers and returns when commits wait for both. What a test before this one left behind, because it
// was killed, goes first.
func Start(ctx context.Context, plan machine.Plan) (*Pair, error) {
	p := &Pair{plan: plan}
	var err error
	if p.programs, err = pgtest.Programs(); err != nil {
		return nil, err
	}
	if p.account, err = pgtest.Account(); err != nil {
		return nil, err
	}
	if p.account == nil {
		return nil, errors.New("start PostgreSQL beside the cluster: network namespaces need root")
	}
	if err := plan.DropDatabases(); err != nil {
		return nil, err
	}
	// Not below the state directory: that may be in a home which the server's account cannot enter.
	if p.directory, err = os.MkdirTemp("", "usher-pair-"); err != nil {
		return nil, fmt.Errorf("make the directory of PostgreSQL: %w", err)
	}
	if err := plan.KeepDatabases(p.directory); err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.directory))
	}
	for i, n := range plan.Databases {
		p.servers[i] = &server{pair: p, node: n, data: filepath.Join(p.directory, n.Name)}
	}
	if err := p.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL beside the cluster: %w", err), p.Stop())
	}
	return p, nil
}

func (p *Pair) begin(ctx context.Context) error {
	if err := os.Chown(p.directory, int(p.account.Uid), int(p.account.Gid)); err != nil {
		return err
	}
	for _, s := range p.servers {
		if err := machine.Disconnect(ctx, s.node); err != nil {
			return err
		}
		if err := machine.ExecuteAll(ctx, machine.Connect(p.plan, s.node)); err != nil {
			return err
		}
	}
	if err := p.certify(); err != nil {
		return err
	}
	if err := p.servers[0].create(ctx); err != nil {
		return err
	}
	if err := p.servers[0].start(ctx); err != nil {
		return err
	}
	if err := p.moveAddress(ctx); err != nil {
		return err
	}
	return p.attach(ctx)
}

// Stop ends both servers and removes all that Start made.
func (p *Pair) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var problems []error
	for _, s := range p.servers {
		problems = append(problems, s.stop(), machine.Disconnect(context.Background(), s.node))
	}
	return errors.Join(append(problems, p.plan.DropDatabases())...)
}

// Address is that of whichever server leads. It moves with Promote.
func (p *Pair) Address() netip.Addr { return p.plan.DatabaseAddress }

// Addresses are all that the pair has: Address, and each server's own.
func (p *Pair) Addresses() []netip.Addr {
	return []netip.Addr{p.plan.DatabaseAddress, p.servers[0].node.Address, p.servers[1].node.Address}
}

// Several is the URL of a database by both servers' own addresses; whichever leads is found by asking.
func (p *Pair) Several(of string) string {
	u, err := url.Parse(of)
	if err != nil {
		return of // Not one of ours.
	}
	var hosts []string
	for _, s := range p.servers {
		hosts = append(hosts, netip.AddrPortFrom(s.node.Address, port).String())
	}
	u.Host = strings.Join(hosts, ",")
	return u.String()
}

// NewDatabase makes a role with a password and a database of the same name that belongs to it, and gives its URL.
func (p *Pair) NewDatabase(ctx context.Context, name string) (string, error) {
	password := rand.Text()
	err := p.do(ctx, "make the database "+name,
		"create role "+pgx.Identifier{name}.Sanitize()+" login password '"+password+"'",
		"create database "+pgx.Identifier{name}.Sanitize()+" owner "+pgx.Identifier{name}.Sanitize())
	return p.URL(name, password), err
}

// URL of a role's own database.
func (p *Pair) URL(name, password string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(name, password), Host: netip.AddrPortFrom(p.Address(), port).String(), Path: "/" + name, RawQuery: "sslmode=disable"}
	return u.String()
}

// SetPassword gives a role another password. Sessions that are there go on. The password holds letters and digits.
func (p *Pair) SetPassword(ctx context.Context, name, password string) error {
	return p.do(ctx, "change the password of "+name, "alter role "+pgx.Identifier{name}.Sanitize()+" password '"+password+"'")
}

// EndSessions breaks every connection of a role, as a restart of a pooler does.
func (p *Pair) EndSessions(ctx context.Context, name string) error {
	return p.do(ctx, "end the sessions of "+name, "select pg_terminate_backend(pid) from pg_stat_activity where usename = '"+name+"'")
}

// do runs statements as the administrator on the primary.
func (p *Pair) do(ctx context.Context, what string, statements ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.servers[p.primary].do(ctx, statements...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// KillPrimary ends the primary with SIGKILL, all of its processes. Its machine still answers: connections break and new
// ones are refused.
func (p *Pair) KillPrimary(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.servers[p.primary].kill()
}

// LosePrimary takes the primary's machine away: connections fall silent, nobody is refused.
func (p *Pair) LosePrimary(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.servers[p.primary]
	if err := s.link(ctx, "down"); err != nil {
		return err
	}
	return s.kill()
}

// RestartPrimary starts the primary again on its files, and returns when it takes commits. It ends it first if it runs.
func (p *Pair) RestartPrimary(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.servers[p.primary]
	if err := errors.Join(s.stop(), s.link(ctx, "up")); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return fmt.Errorf("restart the primary: %w", err)
	}
	return nil
}

// Promote makes the standby lead, and moves the address to it. The primary is ended first if it runs: two that lead are
// no fault of a network but of the manager.
func (p *Pair) Promote(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, next := p.servers[p.primary], p.servers[1-p.primary]
	if err := old.kill(); err != nil {
		return err
	}
	if err := old.dropAddress(ctx); err != nil {
		return err
	}
	if err := next.do(ctx, "select pg_promote(true, 60)", "alter system reset synchronous_standby_names", "select pg_reload_conf()"); err != nil {
		return fmt.Errorf("promote the standby: %w", err)
	}
	p.primary = 1 - p.primary
	return p.moveAddress(ctx)
}

// RestartAsStandby makes the server that does not lead anew, as a copy of the one that does, and returns when commits
// wait for it.
func (p *Pair) RestartAsStandby(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.attach(ctx)
}

func (p *Pair) attach(ctx context.Context) error {
	lead, s := p.servers[p.primary], p.servers[1-p.primary]
	if err := errors.Join(s.stop(), s.link(ctx, "up")); err != nil {
		return err
	}
	if err := s.copy(ctx, lead); err != nil {
		return fmt.Errorf("copy the primary: %w", err)
	}
	if err := s.start(ctx); err != nil {
		return fmt.Errorf("start the standby: %w", err)
	}
	if err := lead.do(ctx, "alter system set synchronous_standby_names = 'FIRST 1 ("+s.name()+")'", "select pg_reload_conf()"); err != nil {
		return fmt.Errorf("wait for the standby at commits: %w", err)
	}
	synchronous := func() (bool, error) {
		var state string
		err := lead.ask(ctx, &state, "select coalesce((select sync_state from pg_stat_replication where application_name = '"+s.name()+"' and state = 'streaming'), 'away')")
		return state == "sync", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := machine.Poll(ctx, synchronous); err != nil {
		return fmt.Errorf("wait until the standby follows: %w", err)
	}
	return nil
}

// moveAddress gives the address to the primary. Whoever has it in its memory with the other machine's card forgets that,
// as an announcement on the network would make it.
func (p *Pair) moveAddress(ctx context.Context) error {
	lead := p.servers[p.primary]
	if _, err := machine.Execute(ctx, "ip", "-n", lead.node.Netns, "addr", "replace", machine.Prefixed(p.Address(), p.plan.Subnet), "dev", "eth0"); err != nil {
		return fmt.Errorf("move the database's address: %w", err)
	}
	flush := []string{"neigh", "flush", "to", p.Address().String()}
	if _, err := machine.Execute(ctx, append([]string{"ip"}, flush...)...); err != nil {
		return fmt.Errorf("announce the database's address: %w", err)
	}
	for _, n := range append([]machine.Node{p.plan.Control, p.servers[0].node, p.servers[1].node}, p.plan.Nodes...) {
		if _, err := machine.Execute(ctx, append([]string{"ip", "-n", n.Netns}, flush...)...); err != nil {
			return fmt.Errorf("announce the database's address in %s: %w", n.Name, err)
		}
	}
	return nil
}

// patience is how long a server may take over anything.
const patience = 2 * time.Minute

// settings of both servers.
func (s *server) settings() string {
	return strings.Join([]string{
		"listen_addresses = '0.0.0.0'",
		"port = " + strconv.Itoa(port),
		"unix_socket_directories = ''",
		"fsync = on",
		"synchronous_commit = on",
		"password_encryption = 'scram-sha-256'",
		"ssl = on",
		"ssl_cert_file = '" + filepath.Join(s.pair.directory, certificateFile) + "'",
		"ssl_key_file = '" + filepath.Join(s.pair.directory, keyFile) + "'",
		"hot_standby = on",
		"max_connections = 200",
		"wal_keep_size = 256MB",
		// A standby that is gone without a word is noticed soon.
		"wal_sender_timeout = 5s", "wal_receiver_timeout = 5s", "wal_retrieve_retry_interval = 200ms",
	}, "\n") + "\n"
}
