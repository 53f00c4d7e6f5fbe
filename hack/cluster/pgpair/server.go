package pgpair

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"usher.chat/hack/cluster/machine"
)

// A server in a network namespace.
type server struct {
	pair *Pair
	node machine.Node
	data string

	// guard ends the server when this process ends; nil while it does not run.
	guard io.Closer
	ended chan error
	log   *bytes.Buffer
}

// name as the other server knows it.
func (s *server) name() string { return strings.ReplaceAll(s.node.Name, "-", "_") }

// command runs in the server's namespace, as its account.
func (s *server) command(ctx context.Context, args ...string) *exec.Cmd {
	all := append([]string{
		"--net=" + machine.NetnsPath(s.node.Netns),
		"--setgid", strconv.Itoa(int(s.pair.account.Gid)), "--setuid", strconv.Itoa(int(s.pair.account.Uid)),
	}, args...)
	cmd := exec.CommandContext(ctx, "nsenter", all...)
	cmd.Dir = s.pair.directory
	return cmd
}

func (s *server) program(name string) string { return filepath.Join(s.pair.programs, name) }

func (s *server) run(ctx context.Context, args ...string) error {
	if out, err := s.command(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, bytes.TrimSpace(out))
	}
	return nil
}

// create makes the first server's files.
func (s *server) create(ctx context.Context) error {
	// The administrator comes without a password, from this machine only.
	err := s.run(ctx, s.program("initdb"), "--pgdata", s.data, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-instructions")
	if err != nil {
		return err
	}
	plan := s.pair.plan
	access := []string{"host all postgres " + plan.HostAddress.String() + "/32 trust"}
	for _, n := range plan.Databases {
		access = append(access, "host replication postgres "+n.Address.String()+"/32 trust")
	}
	// Pods, and tests on this machine, come with a password.
	for _, from := range []string{plan.PodSubnet.String(), plan.Subnet.String()} {
		access = append(access, "host all all "+from+" scram-sha-256")
	}
	for file, content := range map[string]string{"pg_hba.conf": strings.Join(access, "\n") + "\n", "postgresql.conf": s.settings()} {
		if err := os.WriteFile(filepath.Join(s.data, file), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// copy makes the files anew from the other server, which this one will follow.
func (s *server) copy(ctx context.Context, lead *server) error {
	if err := os.RemoveAll(s.data); err != nil {
		return err
	}
	from := fmt.Sprintf("host=%s port=%d user=postgres application_name=%s sslmode=disable", lead.node.Address, port, s.name())
	return s.run(ctx, s.program("pg_basebackup"), "--pgdata", s.data, "--dbname", from, "--wal-method", "stream", "--checkpoint", "fast", "--write-recovery-conf", "--no-password")
}

// start runs the server behind a shell that ends it when its input ends: also when the test is killed.
func (s *server) start(ctx context.Context) error {
	const guard = `"$@" & server=$!; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server`
	cmd := s.command(context.WithoutCancel(ctx), "/bin/sh", "-c", guard, "sh", s.program("postgres"), "-D", s.data)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.log = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s.guard, s.ended = input, ended
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	err = machine.Poll(ctx, func() (bool, error) {
		select {
		case over := <-ended:
			ended <- over
			return false, fmt.Errorf("the server ended: %w", over)
		default:
		}
		var one int
		last = s.ask(ctx, &one, "select 1")
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", s.node.Name, err), last, s.stop(), errors.New(s.log.String()))
	}
	return nil
}

// connect as the administrator, from the machine.
func (s *server) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, fmt.Sprintf("postgres://postgres@%s:%d/postgres?sslmode=disable&connect_timeout=5", s.node.Address, port))
}

func (s *server) do(ctx context.Context, statements ...string) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) ask(ctx context.Context, answer any, question string) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.QueryRow(ctx, question).Scan(answer)
}

// kill ends every process of the server at once. A server that does not run is killed.
func (s *server) kill() error {
	if s.guard == nil {
		return nil
	}
	pids, err := s.processes()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill %s: %w", s.node.Name, err)
		}
	}
	return s.collect()
}

// stop ends the server in order.
func (s *server) stop() error {
	if s.guard == nil {
		return nil
	}
	return s.collect()
}

// collect ends the guard, and with it the server if it still runs.
func (s *server) collect() error {
	err := s.guard.Close()
	<-s.ended //nolint:errcheck // it was told to end
	s.guard = nil
	return err
}

// processes of the server: the one that its files name, and its children.
func (s *server) processes() ([]int, error) {
	raw, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	first, err := strconv.Atoi(line)
	if err != nil {
		return nil, fmt.Errorf("read the number of the server's process: %w", err)
	}
	pids := []int{first}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", first, first))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, field := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// link plugs the server's cable in or pulls it.
func (s *server) link(ctx context.Context, state string) error {
	if _, err := machine.Execute(ctx, "ip", "link", "set", s.node.Link, state); err != nil {
		return fmt.Errorf("set the link of %s %s: %w", s.node.Name, state, err)
	}
	return nil
}

// dropAddress takes the address that moves from the server, if it has it.
func (s *server) dropAddress(ctx context.Context) error {
	out, err := machine.Execute(ctx, "ip", "-n", s.node.Netns, "addr", "show", "dev", "eth0")
	if err != nil || !strings.Contains(out, s.pair.Address().String()+"/") {
		return err
	}
	_, err = machine.Execute(ctx, "ip", "-n", s.node.Netns, "addr", "del", machine.Prefixed(s.pair.Address(), s.pair.plan.Subnet), "dev", "eth0")
	return err
}
