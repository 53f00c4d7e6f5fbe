package pgtest

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// servers has a folder for each major version, with the npm package that holds its programs and its checksum.
//
//go:embed servers
var servers embed.FS

// Majors are the versions that Install knows, the oldest first.
func Majors() []int {
	entries, err := servers.ReadDir("servers")
	if err != nil {
		return nil
	}
	var list []int
	for _, e := range entries {
		if major, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, major)
		}
	}
	slices.Sort(list)
	return list
}

// Install gives the directory of a server's programs (initdb, pg_ctl and postgres, no more) for a major version. They
// come with npm once, from whichever registry it is set up for, are checked against the sums that are kept here, and
// stay in the project's cache, by version: ${USHER_CACHE:-${XDG_CACHE_HOME:-~/.cache}/usher}/postgres.
func Install(ctx context.Context, major int) (string, error) {
	programs, err := install(ctx, major)
	if err != nil {
		return "", fmt.Errorf("install PostgreSQL %d for tests: %w", major, err)
	}
	return programs, nil
}

func install(ctx context.Context, major int) (string, error) {
	cpu, known := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if runtime.GOOS != "linux" || !known {
		return "", fmt.Errorf("there is none for %s on %s: only for Linux on amd64 and arm64", runtime.GOOS, runtime.GOARCH)
	}
	folder := path.Join("servers", strconv.Itoa(major))
	text, err := servers.ReadFile(path.Join(folder, "package.json"))
	if err != nil {
		return "", fmt.Errorf("this version is not known, those are %v: %w", Majors(), err)
	}
	var manifest struct {
		OptionalDependencies map[string]string `json:"optionalDependencies"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return "", fmt.Errorf("read %s: %w", folder, err)
	}
	name := "@embedded-postgres/linux-" + cpu
	version := manifest.OptionalDependencies[name]
	cache, err := cacheDirectory()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "postgres", version)
	programs := filepath.Join(home, "node_modules", filepath.FromSlash(name), "native", "bin")
	if there(programs) {
		return programs, nil
	}
	unlock, err := lockDirectory(filepath.Dir(home))
	if err != nil {
		return "", err
	}
	defer unlock()
	if there(programs) { // somebody else was quicker
		return programs, nil
	}
	fresh, err := os.MkdirTemp(filepath.Dir(home), "new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	if err := fetch(ctx, folder, fresh); err != nil {
		return "", err
	}
	if err := restoreLinks(filepath.Join(fresh, "node_modules", filepath.FromSlash(name))); err != nil {
		return "", err
	}
	if err := errors.Join(os.Chmod(fresh, 0o755), os.RemoveAll(home), os.Rename(fresh, home)); err != nil {
		return "", err
	}
	return programs, nil
}

func there(programs string) bool {
	_, err := os.Stat(filepath.Join(programs, "postgres"))
	return err == nil
}

// fetch has npm bring what the lock file of a folder names, into a directory. Nothing of a package is run.
func fetch(ctx context.Context, folder, to string) error {
	for _, file := range []string{"package.json", "package-lock.json"} {
		text, err := servers.ReadFile(path.Join(folder, file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, file), text, 0o644); err != nil {
			return err
		}
	}
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=warn")
	npm.Dir = to
	out, err := npm.CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	// npm passes over an optional package that it does not get.
	if found, _ := filepath.Glob(filepath.Join(to, "node_modules", "*", "*", "native", "bin", "postgres")); len(found) != 1 {
		return fmt.Errorf("npm ci brought no server, or one with another checksum\n%s", out)
	}
	return nil
}

// restoreLinks makes the symbolic links of a package, which npm cannot carry: the package keeps a list of them.
func restoreLinks(packageDirectory string) error {
	text, err := os.ReadFile(filepath.Join(packageDirectory, "native", "pg-symlinks.json"))
	if err != nil {
		return fmt.Errorf("read the links of the package: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read the links of the package: %w", err)
	}
	for _, link := range links {
		if !filepath.IsLocal(link.Source) || !filepath.IsLocal(link.Target) {
			return fmt.Errorf("a link of the package leads out of it: %s to %s", link.Target, link.Source)
		}
		at := filepath.Join(packageDirectory, link.Target)
		to, err := filepath.Rel(filepath.Dir(at), filepath.Join(packageDirectory, link.Source))
		if err != nil {
			return fmt.Errorf("make a link of the package: %w", err)
		}
		if err := os.Symlink(to, at); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make a link of the package: %w", err)
		}
	}
	return nil
}

// cacheDirectory is where this repository's tools are kept, for every clone of it.
func cacheDirectory() (string, error) {
	if dir := os.Getenv("USHER_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("look for the cache: %w", err)
	}
	return filepath.Join(dir, "usher"), nil
}

// lockDirectory lets one process at a time write to a directory, which it makes.
func lockDirectory(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { _ = file.Close() }, nil
}

// bring puts the tree that holds a server's programs where the server's account can run it: the cache may lie in a
// home that nobody else may enter. The files are the same ones where that is possible.
func bring(programs, to string, account *syscall.Credential) (string, error) {
	from := filepath.Dir(programs)
	err := filepath.WalkDir(from, func(place string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, place)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rest)
		switch {
		case d.IsDir():
			// Whoever clears up behind the server is of its account.
			return errors.Join(os.Mkdir(at, 0o755), os.Chown(at, int(account.Uid), int(account.Gid)))
		case d.Type() == fs.ModeSymlink:
			target, err := os.Readlink(place)
			if err != nil {
				return err
			}
			return os.Symlink(target, at)
		case strings.HasSuffix(place, ".a"): // for compilers
			return nil
		}
		if os.Link(place, at) == nil {
			return nil
		}
		return duplicate(place, at)
	})
	if err != nil {
		return "", fmt.Errorf("bring the programs of PostgreSQL to its account: %w", err)
	}
	return filepath.Join(to, filepath.Base(programs)), nil
}

func duplicate(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
