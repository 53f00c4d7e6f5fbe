// Package pgtest runs a real PostgreSQL server for tests: a cluster of its own in a temporary directory, on a free port
// of the loopback interface, with fsync on, that ends with the process.
//
//	func TestMain(m *testing.M) {
//		server, err := pgtest.Start()
//		if err != nil {
//			fmt.Fprintln(os.Stderr, err)
//			os.Exit(1)
//		}
//		code := m.Run()
//		server.Stop()
//		os.Exit(code)
//	}
//
// It needs the server's programs, on Debian the package postgresql (no service has to run). With USHER_POSTGRES=18 in the
// environment, or another of Majors, the servers are of that version, which is installed when it is not there.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// oldest is the first version that Usher supports.
const oldest = 15

// variable of the environment that says of which version servers are.
const variable = "USHER_POSTGRES"

// Server is a running server.
type Server struct {
	programs  string
	account   *syscall.Credential
	address   string
	directory string
	guards    []guard // of each start, the last of the server that runs
	databases atomic.Int64
}

// guard ends a server when this process ends.
type guard struct {
	stdin io.Closer
	ended chan error
}

// Start makes a cluster and starts its server: of the version that USHER_POSTGRES says, else of the newest that the
// system has. Settings are lines for its configuration, such as "wal_level = logical".
func Start(settings ...string) (*Server, error) {
	if asked := os.Getenv(variable); asked != "" {
		major, err := strconv.Atoi(asked)
		if err != nil {
			return nil, fmt.Errorf("read USHER_POSTGRES, the major version of PostgreSQL for tests: %w", err)
		}
		return StartVersion(major, settings...)
	}
	return StartSystem(settings...)
}

// system is what the servers of the newest version that the system has are run with.
func system() (programs string, account *syscall.Credential, err error) {
	if programs, err = Programs(); err != nil {
		return "", nil, err
	}
	account, err = Account()
	return programs, account, err
}

// StartVersion is Start with a server of a major version: the system's if it has that, else one that Install gives.
func StartVersion(major int, settings ...string) (*Server, error) {
	account, err := Account()
	if err != nil {
		return nil, err
	}
	if programs := systemPrograms(major); there(programs) {
		return startAt("127.0.0.1", programs, account, settings)
	}
	programs, err := Install(context.Background(), major)
	if err != nil {
		return nil, err
	}
	s, err := blank("127.0.0.1", programs, account)
	if err != nil {
		return nil, err
	}
	if account != nil {
		if s.programs, err = bring(programs, filepath.Join(s.directory, "server"), account); err != nil {
			return nil, errors.Join(err, os.RemoveAll(s.directory))
		}
	}
	return s.begin(settings)
}

// blank makes a server that has nothing yet, at a host's free port.
func blank(host string, programs string, account *syscall.Credential) (*Server, error) {
	directory, err := os.MkdirTemp("", "usher-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make the directory of PostgreSQL: %w", err)
	}
	s := &Server{programs: programs, account: account, directory: directory}
	if account != nil {
		if err := os.Chown(directory, int(account.Uid), int(account.Gid)); err != nil {
			return nil, errors.Join(err, os.RemoveAll(directory))
		}
	}
	port, err := freePort(host)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	s.address = net.JoinHostPort(host, strconv.Itoa(port))
	return s, nil
}

func startAt(host, programs string, account *syscall.Credential, settings []string) (*Server, error) {
	s, err := blank(host, programs, account)
	if err != nil {
		return nil, err
	}
	return s.begin(settings)
}

func (s *Server) begin(settings []string) (*Server, error) {
	if err := s.start(settings); err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL for tests: %w", err), os.RemoveAll(s.directory))
	}
	return s, nil
}

func (s *Server) data() string { return filepath.Join(s.directory, "data") }

// program is one of the server's, under its account, to be run in its directory.
func (s *Server) program(name string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(s.programs, name), args...)
	command.Dir, command.SysProcAttr = s.directory, &syscall.SysProcAttr{Credential: s.account}
	return command
}

func (s *Server) start(settings []string) error {
	initdb := s.program("initdb", "--pgdata", s.data(), "--username", "usher", "--auth", "trust", "--encoding", "UTF8", "--locale", "C")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := appendTo(filepath.Join(s.data(), "pg_hba.conf"), "host all all samenet trust", "host replication all samenet trust"); err != nil {
		return err
	}
	if err := s.configure(append([]string{
		"unix_socket_directories = ''",
		"fsync = on",
		"synchronous_commit = on",
	}, settings...)...); err != nil {
		return err
	}
	return s.run(true)
}

// configure adds lines to the configuration: where the server listens, and others.
func (s *Server) configure(lines ...string) error {
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return err
	}
	return appendTo(filepath.Join(s.data(), "postgresql.conf"), append([]string{"listen_addresses = '" + host + "'", "port = " + port}, lines...)...)
}

func appendTo(path string, lines ...string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(strings.Join(lines, "\n") + "\n")
	return errors.Join(err, file.Close())
}

// run starts the server behind a shell that ends it when its input ends: also when the tests are killed. The first one
// removes the files too, when no server uses them any more.
func (s *Server) run(first bool) error {
	const script = `files=$1; shift; "$@" & server=$!; cat >/dev/null; kill -INT $server 2>/dev/null; wait $server
		[ -n "$files" ] || exit
		for i in $(seq 100); do [ -e "$files/data/postmaster.pid" ] || break; sleep 0.1; done
		rm -rf "$files"`
	files := ""
	if first {
		files = s.directory
	}
	command := exec.Command("/bin/sh", "-c", script, "sh", files, filepath.Join(s.programs, "postgres"), "-D", s.data())
	command.Dir = s.directory
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.account, Setpgid: true}
	log := &bytes.Buffer{}
	command.Stdout, command.Stderr = log, log
	stdin, err := command.StdinPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	g := guard{stdin: stdin, ended: make(chan error, 1)}
	s.guards = append(s.guards, g)
	go func() { g.ended <- command.Wait() }()
	if err := s.ready(g); err != nil {
		_ = stdin.Close()
		<-g.ended //nolint:errcheck // what the server said is in its log
		return fmt.Errorf("%w\n%s", err, log)
	}
	return nil
}

// ready waits until the server answers.
func (s *Server) ready(g guard) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case ended := <-g.ended:
			g.ended <- ended
			return fmt.Errorf("the server ended: %w", ended)
		case <-ticker.C:
		}
	}
}

// Address is host and port of the server.
func (s *Server) Address() string { return s.address }

// Directory belongs to the server's account: a place for a tablespace.
func (s *Server) Directory() string { return s.directory }

// URL of a database of the server.
func (s *Server) URL(database string) string {
	return "postgres://usher@" + s.address + "/" + database + "?sslmode=disable"
}

// NewDatabase makes an empty database and returns its URL.
func (s *Server) NewDatabase(ctx context.Context) (string, error) {
	// Looked at within a test too: what TestMain looks at does not keep go test from giving the result of another version.
	_ = os.Getenv(variable)
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	name := "test_" + strconv.FormatInt(s.databases.Add(1), 10)
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	return s.URL(name), nil
}

// Stop ends the server and removes its files.
func (s *Server) Stop() error {
	stopped := s.signal(syscall.SIGINT)
	for _, g := range s.guards {
		_ = g.stdin.Close()
	}
	for _, g := range s.guards {
		<-g.ended //nolint:errcheck // it was told to end
	}
	if err := os.RemoveAll(s.directory); err != nil {
		return errors.Join(stopped, fmt.Errorf("remove the files of PostgreSQL: %w", err))
	}
	return stopped
}

// Kill ends the server without a word to anybody, as the loss of its machine does; its files stay. Restart starts it
// again.
func (s *Server) Kill() error { return s.signal(syscall.SIGQUIT) }

// Restart starts the server again on its files and its port, and ends it first if it runs.
func (s *Server) Restart() error {
	if err := s.signal(syscall.SIGINT); err != nil {
		return err
	}
	if err := s.run(false); err != nil {
		return fmt.Errorf("start PostgreSQL again: %w", err)
	}
	return nil
}

// signal ends the server that runs, whichever start it was of, and waits for its end.
func (s *Server) signal(how syscall.Signal) error {
	pid, err := s.pid()
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, how); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end PostgreSQL: %w", err)
	}
	over := time.Now().Add(time.Minute)
	for time.Now().Before(over) {
		if again, err := s.pid(); err != nil || again != pid {
			return err
		}
		time.Sleep(5 * time.Millisecond) // there is nobody to ask: it is not a child of this process
	}
	return errors.New("PostgreSQL does not end")
}

// pid is the server's process; 0 when it does not run.
func (s *Server) pid() (int, error) {
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for PostgreSQL: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return 0, fmt.Errorf("look for PostgreSQL: %w", err)
	}
	return pid, nil
}

// systemPrograms is where Debian has those of a major version.
func systemPrograms(major int) string { return fmt.Sprintf("/usr/lib/postgresql/%d/bin", major) }

// Version is what the server calls itself, such as "18.4".
func (s *Server) Version(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return "", fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
	return version, nil
}

// Programs gives the directory of the newest server's programs that the system has.
func Programs() (string, error) {
	directories, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	best, newest := "", oldest-1
	for _, directory := range directories {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(directory)))
		if _, missing := os.Stat(filepath.Join(directory, "postgres")); err == nil && missing == nil && version > newest {
			best, newest = directory, version
		}
	}
	if best != "" {
		return best, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	return "", fmt.Errorf("these tests run a real PostgreSQL server, and there is none of version %d or later in "+
		"/usr/lib/postgresql or on the PATH: install the Debian package postgresql (no service has to run)", oldest)
}

// Account is the account for the server, which refuses to run as root; nil for the one that the tests have.
func Account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read the account %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read the account %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as")
}

func freePort(host string) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// Program is the path of one of the server's programs, such as pg_dump.
func (s *Server) Program(name string) string { return filepath.Join(s.programs, name) }
