package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// What it takes to recover a server elsewhere, as a person does it:
//
//	place, err := pgtest.Place("archive", "backups")   // of the servers' account
//	server, err := pgtest.StartSystem("archive_mode = on", …)
//	out, err := server.Shell(ctx, "pg_basebackup --pgdata="+place+"/backups/base …")
//	err = server.Crash()
//	next, err := server.Successor(func(next *pgtest.Server) error { … }, "restore_command = …")

// StartSystem is Start with a server of the newest version that the system has, whatever USHER_POSTGRES says: with all of
// its programs, of which those that Install gives lack pg_basebackup.
func StartSystem(settings ...string) (*Server, error) {
	programs, account, err := system()
	if err != nil {
		return nil, err
	}
	return startAt("127.0.0.1", programs, account, settings)
}

// Place makes a directory of the account of servers, with directories in it. The caller removes it.
func Place(within ...string) (string, error) {
	account, err := Account()
	if err != nil {
		return "", err
	}
	place, err := os.MkdirTemp("", "usher-postgres-place-")
	if err != nil {
		return "", fmt.Errorf("make a directory for PostgreSQL: %w", err)
	}
	for _, name := range append([]string{""}, within...) {
		if err := own(filepath.Join(place, name), account); err != nil {
			return "", errors.Join(err, os.RemoveAll(place))
		}
	}
	return place, nil
}

// own makes a directory, if it is not there, that belongs to an account.
func own(path string, account *syscall.Credential) error {
	err := os.MkdirAll(path, 0o700)
	if err == nil && account != nil {
		err = os.Chown(path, int(account.Uid), int(account.Gid))
	}
	if err != nil {
		return fmt.Errorf("make a directory for PostgreSQL: %w", err)
	}
	return nil
}

// Shell runs a command line as the servers' account, with the server's programs on the PATH, and gives what it says.
func (s *Server) Shell(ctx context.Context, line string) (string, error) {
	command := exec.CommandContext(ctx, "/bin/sh", "-e", "-c", line)
	command.Dir, command.SysProcAttr = s.directory, &syscall.SysProcAttr{Credential: s.account}
	command.Env = append(os.Environ(), "PATH="+s.programs+":"+os.Getenv("PATH"), "HOME="+s.directory)
	out, err := command.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return string(out), nil
}

// Data is the directory of the server's data.
func (s *Server) Data() string { return s.data() }

// Successor starts another server, of the same version and at an address of its own, on data that prepare puts into its
// empty directory. It returns when the server answers, which one that recovers may do before it can be written to. An
// error has what the server said.
func (s *Server) Successor(prepare func(next *Server) error, settings ...string) (*Server, error) {
	next, err := blank("127.0.0.1", s.programs, s.account)
	if err != nil {
		return nil, err
	}
	err = own(next.data(), s.account)
	if err == nil {
		err = prepare(next)
	}
	if err == nil {
		err = next.configure(settings...)
	}
	if err == nil {
		err = next.run(true)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the server's successor: %w", err), os.RemoveAll(next.directory))
	}
	return next, nil
}
