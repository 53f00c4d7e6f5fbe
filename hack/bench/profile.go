package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"
)

// With -profile DIR a measurement leaves there what server and clients did while it measured: NAME-server.cpu
// and NAME-client.cpu for `go tool pprof`, NAME-server.trace and NAME-client.trace (the first two seconds) for
// `go tool trace`. Profiling costs some percent, and the traces more: figures of such a run are not for the table.

// opsArgs let a server serve its profiles when they are asked for; ops is where.
func opsArgs(e *env) (args []string, ops string, err error) {
	if e.profiles == "" {
		return nil, "", nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	ops = l.Addr().String()
	return []string{"--ops", ops}, ops, l.Close()
}

// profile begins to record; what it returns waits for the end of it.
func (e *env) profile(ctx context.Context, d *desk, name string, took time.Duration) func() error {
	if e.profiles == "" || d.ops == "" {
		return func() error { return nil }
	}
	done := make(chan error, 3)
	file := func(kind string) string { return filepath.Join(e.profiles, name+"-"+kind) }
	seconds := strconv.Itoa(max(1, int(took.Seconds())))
	go func() {
		done <- fetch(ctx, "http://"+d.ops+"/debug/pprof/profile?seconds="+seconds, file("server.cpu"))
	}()
	go func() { done <- fetch(ctx, "http://"+d.ops+"/debug/pprof/trace?seconds=2", file("server.trace")) }()
	go func() { done <- ownProfile(ctx, file("client.cpu"), file("client.trace"), took) }()
	return func() error { return errors.Join(<-done, <-done, <-done) }
}

// heap writes what lives in the server's memory after a collection, and the figures of its memory.
func (e *env) heap(ctx context.Context, d *desk, name string) error {
	if e.profiles == "" {
		return nil
	}
	return errors.Join(
		fetch(ctx, "http://"+d.ops+"/debug/pprof/heap?gc=1", filepath.Join(e.profiles, name+"-server.heap")),
		fetch(ctx, "http://"+d.ops+"/metrics", filepath.Join(e.profiles, name+"-server.metrics")))
}

func fetch(ctx context.Context, url, to string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}

func ownProfile(ctx context.Context, cpu, traced string, took time.Duration) error {
	c, err := os.Create(cpu)
	if err != nil {
		return err
	}
	t, err := os.Create(traced)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	err = errors.Join(pprof.StartCPUProfile(c), trace.Start(t))
	pause(ctx, min(took, 2*time.Second))
	trace.Stop()
	pause(ctx, took-2*time.Second)
	pprof.StopCPUProfile()
	return errors.Join(err, c.Close(), t.Close())
}
