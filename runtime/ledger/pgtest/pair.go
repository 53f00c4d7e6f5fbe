package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pair is a primary and a standby of which each commit waits: what the primary acknowledged, the standby has.
//
//	pair, err := pgtest.StartPair("127.0.0.1", "127.0.0.1")
//	url, err := pair.NewDatabase(ctx)   // names both servers: who connects gets the one that writes
//	err = pair.FailOver()               // the primary is killed, the standby takes its place
//	err = pair.Rebuild(ctx)             // the old primary comes back as the standby
//
// Its methods are called by one goroutine at a time.
type Pair struct {
	servers [2]*Server
	primary int
}

// StartPair starts both, each at the address of a host.
func StartPair(ctx context.Context, primary, standby string) (*Pair, error) {
	programs, account, err := system()
	if err != nil {
		return nil, err
	}
	first, err := startAt(primary, programs, account, []string{"wal_level = replica", "max_wal_senders = 4", "hot_standby = on",
		"wal_retrieve_retry_interval = 200ms"})
	if err != nil {
		return nil, err
	}
	p := &Pair{servers: [2]*Server{first}}
	if p.servers[1], err = blank(standby, programs, account); err != nil {
		return nil, errors.Join(err, first.Stop())
	}
	if err := p.Rebuild(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// Primary is the server that writes.
func (p *Pair) Primary() *Server { return p.servers[p.primary] }

// Standby is the other one.
func (p *Pair) Standby() *Server { return p.servers[1-p.primary] }

// NewDatabase makes an empty database and gives the URL that names both servers.
func (p *Pair) NewDatabase(ctx context.Context) (string, error) {
	one, err := p.Primary().NewDatabase(ctx)
	if err != nil {
		return "", err
	}
	return strings.Replace(one, p.Primary().address, p.servers[0].address+","+p.servers[1].address, 1), nil
}

// Stop ends both and removes their files.
func (p *Pair) Stop() error { return errors.Join(p.Standby().Stop(), p.Primary().Stop()) }

// FailOver kills the primary without a word, as the loss of its machine does, and lets the standby write. Commits wait
// for no standby until Rebuild.
func (p *Pair) FailOver() error {
	if err := p.Primary().Crash(); err != nil {
		return err
	}
	next := p.Standby()
	if out, err := next.program("pg_ctl", "promote", "--wait", "--silent", "--pgdata", next.data()).CombinedOutput(); err != nil {
		return fmt.Errorf("promote the standby: %w\n%s", err, out)
	}
	p.primary = 1 - p.primary
	return nil
}

// Rebuild makes the standby anew, as a copy of the primary, and has commits wait for it from then on.
func (p *Pair) Rebuild(ctx context.Context) error {
	from, to := p.Primary(), p.Standby()
	first := len(to.guards) == 0
	host, port, err := net.SplitHostPort(from.address)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to.data()); err != nil {
		return fmt.Errorf("remove what the standby had: %w", err)
	}
	if out, err := to.program("pg_basebackup", "--pgdata", to.data(), "--host", host, "--port", port, "--username", "usher",
		"--wal-method", "stream", "--checkpoint", "fast", "--write-recovery-conf", "--no-sync").CombinedOutput(); err != nil {
		return fmt.Errorf("copy the primary: %w\n%s", err, out)
	}
	// A standby that is promoted waits for nobody until it has a standby of its own.
	if err := to.configure(); err != nil {
		return err
	}
	if err := appendTo(filepath.Join(to.data(), "postgresql.auto.conf"), "synchronous_standby_names = ''"); err != nil {
		return err
	}
	if err := to.run(first); err != nil {
		return fmt.Errorf("start the standby: %w", err)
	}
	conn, err := pgx.Connect(ctx, from.URL("postgres"))
	if err != nil {
		return fmt.Errorf("have the primary wait for its standby: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{"alter system set synchronous_standby_names = '*'", "select pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("have the primary wait for its standby: %w", err)
		}
	}
	return p.Synchronous(ctx)
}

// Synchronous waits until the standby follows and commits wait for it.
func (p *Pair) Synchronous(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		is, err := p.follows(ctx)
		if is {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("the standby does not follow"), err, ctx.Err())
		case <-tick.C:
		}
	}
}

func (p *Pair) follows(ctx context.Context) (bool, error) {
	conn, err := pgx.Connect(ctx, p.Primary().URL("postgres"))
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(ctx) }()
	var n int
	err = conn.QueryRow(ctx, "select count(*) from pg_stat_replication where state = 'streaming' and sync_state = 'sync'").Scan(&n)
	return n > 0, err
}

// Crash ends the server and all its processes at one blow, as the loss of its machine does; its files stay. Restart
// starts it again.
func (s *Server) Crash() error {
	pid, err := s.pid()
	if err != nil || pid == 0 {
		return err
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return fmt.Errorf("look for the processes of PostgreSQL: %w", err)
	}
	all := []int{pid}
	for _, word := range strings.Fields(string(b)) {
		child, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("look for the processes of PostgreSQL: %w", err)
		}
		all = append(all, child)
	}
	for _, one := range all {
		if err := syscall.Kill(one, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill PostgreSQL: %w", err)
		}
	}
	over := time.Now().Add(time.Minute)
	for _, one := range all {
		for !dead(one) {
			if time.Now().After(over) {
				return errors.New("PostgreSQL does not end")
			}
			time.Sleep(time.Millisecond) // there is nobody to ask: it is not a child of this process
		}
	}
	// Its number may still be that of a process whose end nobody has taken note of.
	if err := os.Remove(filepath.Join(s.data(), "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear up behind PostgreSQL: %w", err)
	}
	return nil
}

// dead tells whether a process is gone, or only waits for somebody to take note of its end.
func dead(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}
