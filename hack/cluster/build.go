package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// A program is something that is built from a Go module and kept by its version.
type program struct {
	// Name is the executable's.
	Name string
	// Module is the folder below hack/cluster whose go.mod pins Dependency, the module that gives the version.
	Module, Dependency string
	// Package is what is built.
	Package string
	// About is how long a first build takes on two cores: for the progress line.
	About string
}

// kubernetesProgram is one of those that k8s.io/kubernetes holds.
func kubernetesProgram(name, about string) program {
	return program{Name: name, Module: "kubernetes", Dependency: "k8s.io/kubernetes", Package: "k8s.io/kubernetes/cmd/" + name, About: about}
}

// assetPrograms are what envtest starts, and the controller manager that tests may put beside it.
func assetPrograms() []program {
	return []program{
		{Name: "etcd", Module: "etcd", Dependency: "go.etcd.io/etcd/server/v3", Package: "go.etcd.io/etcd/server/v3", About: "1 min"},
		kubernetesProgram("kube-apiserver", "4 min"),
		kubernetesProgram("kubectl", "30 s"),
		kubernetesProgram("kube-controller-manager", "3 min"),
	}
}

// clusterPrograms are all that a local cluster runs. The first ones of a family take the time, the rest share their work.
func clusterPrograms() []program {
	return append(assetPrograms(),
		kubernetesProgram("kubelet", "30 s"),
		kubernetesProgram("kube-scheduler", "15 s"),
		kubernetesProgram("kube-proxy", "15 s"),
		program{Name: "coredns", Module: "coredns", Dependency: "github.com/coredns/coredns", Package: ".", About: "1 min"},
	)
}

// A builder makes programs once and finds them again in the cache.
type builder struct {
	// root is the repository's, cache the directory of everything that was built.
	root, cache string
	say         console
}

func newBuilder(root, cache string, say console) *builder {
	return &builder{root: root, cache: cache, say: say}
}

// A missingModuleError says that the program was not started inside the repository.
type missingModuleError struct{ Found string }

func (e *missingModuleError) Error() string {
	return fmt.Sprintf("this must run inside the repository (module usher.chat), but the module here is %q", e.Found)
}

// moduleRoot finds the repository from the working directory.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := goCommand(ctx, "", "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return "", err
	}
	path, dir, _ := strings.Cut(strings.TrimSpace(out), " ")
	if path != "usher.chat" {
		return "", &missingModuleError{Found: path}
	}
	return dir, nil
}

// goCommand runs the go tool in a directory without the caller's GOFLAGS and workspace, which could change what is built.
func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	var out, problems bytes.Buffer
	// A build of a million lines must not make the machine unusable.
	cmd := exec.CommandContext(ctx, "nice", append([]string{"-n", "10", "go"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &problems
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(problems.String()))
	}
	return out.String(), nil
}

// ensure builds what is missing and gives the path of each program by name.
func (b *builder) ensure(ctx context.Context, programs []program) (map[string]string, error) {
	versions, err := b.versions(ctx, programs)
	if err != nil {
		return nil, err
	}
	paths := make(map[string]string, len(programs))
	var missing []program
	for _, p := range programs {
		paths[p.Name] = b.path(p.Name, versions[p.Dependency])
		if _, err := os.Stat(paths[p.Name]); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, p)
		} else if err != nil {
			return nil, fmt.Errorf("look for %s: %w", p.Name, err)
		}
	}
	if len(missing) == 0 {
		return paths, nil
	}
	unlock, err := b.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	for i, p := range missing {
		// Somebody else may have built it while we waited for the lock.
		if _, err := os.Stat(paths[p.Name]); err == nil {
			continue
		}
		version := versions[p.Dependency]
		b.say.step("building %s %s (%d of %d), about %s on two cores ...", p.Name, version, i+1, len(missing), p.About)
		if err := b.say.timed(p.Name, func() error { return b.build(ctx, p, version, paths[p.Name]) }); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// path is where a program of a version is kept.
func (b *builder) path(name, version string) string {
	return filepath.Join(b.cache, "bin", name+"-"+version, name)
}

// versions reads the pinned version of every dependency from its go.mod.
func (b *builder) versions(ctx context.Context, programs []program) (map[string]string, error) {
	versions := map[string]string{}
	for _, p := range programs {
		if versions[p.Dependency] != "" {
			continue
		}
		out, err := goCommand(ctx, b.module(p), "list", "-m", "-f", "{{.Version}}", p.Dependency)
		if err != nil {
			return nil, fmt.Errorf("find the pinned version of %s: %w", p.Dependency, err)
		}
		versions[p.Dependency] = strings.TrimSpace(out)
		if p.Package != "." {
			continue
		}
		// A main of our own: another choice of plugins is another version.
		source, err := os.ReadFile(filepath.Join(b.module(p), "main.go"))
		if err != nil {
			return nil, fmt.Errorf("read the source of %s: %w", p.Name, err)
		}
		versions[p.Dependency] += "-" + sourceVersion(source)
	}
	return versions, nil
}

func (b *builder) module(p program) string {
	return filepath.Join(b.root, "hack", "cluster", p.Module)
}

func (b *builder) build(ctx context.Context, p program, version, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the cache: %w", err)
	}
	// Written beside and renamed: a build that was interrupted must not be taken for a program.
	partial := path + ".partial"
	_, err := goCommand(ctx, b.module(p), "build", "-buildvcs=false", "-trimpath", fmt.Sprintf("-p=%d", runtime.NumCPU()),
		"-ldflags", linkFlags(p, version), "-o", partial, p.Package)
	if err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("keep the built program: %w", err)
	}
	return nil
}

// linkFlags tells the Kubernetes programs which version they are: without it they say v0.0.0, which kubectl cannot read.
func linkFlags(p program, version string) string {
	flags := "-s -w"
	if p.Module != "kubernetes" {
		return flags
	}
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += fmt.Sprintf(" -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s -X %[1]s.gitTreeState=clean", pkg, version, major, minor)
	}
	return flags
}

// lock lets one build run at a time, over all clones of the repository.
func (b *builder) lock() (func(), error) {
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache: %w", err)
	}
	return lockFile(filepath.Join(b.cache, "lock"), func() {
		b.say.step("waiting for another build that fills %s ...", b.cache)
	})
}

// lockFile takes a lock that ends with the process, and says so when it has to wait.
func lockFile(path string, waiting func()) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		waiting()
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			f.Close()
			return nil, fmt.Errorf("take the lock %s: %w", path, err)
		}
	}
	return func() { f.Close() }, nil
}
