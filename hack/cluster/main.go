// Command cluster gives a developer a real Kubernetes: the one that a kubeconfig names, kind where a container engine
// runs, or else one that it builds from source and starts on this Linux machine, in a network namespace of its own.
//
//	go run ./hack/cluster up                      # start, or find the one that runs; prints the kubeconfig's path
//	go run ./hack/cluster load-image usher.tar    # an archive made by hack/image
//	go run ./hack/cluster status                  # exit code 1 if anything is not running
//	go run ./hack/cluster down                    # leaves nothing behind
//	go run ./hack/cluster assets                  # etcd, kube-apiserver and kubectl for envtest; needs no root
//
// How it works, and what to do when it does not, is in docs/contributing/cluster.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `usage: go run ./hack/cluster COMMAND [FLAGS]

Commands:
  up                     start a cluster, or find the running one; prints the path of its kubeconfig
  down                   end it and remove everything that it made
  status                 say what runs; exit code 1 if anything does not
  load-image FILE.tar    give an image archive to the cluster's nodes
  kubeconfig             print the path of the kubeconfig
  assets                 build what envtest needs and print the directory for KUBEBUILDER_ASSETS

Flags:
`

// errReported ends the program with exit code 1 when everything has been said already.
var errReported = errors.New("reported")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errReported):
		os.Exit(1)
	default:
		fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	opts, err := parseOptions(args, os.Getenv, os.Stderr)
	if err != nil {
		return err
	}
	say := console{out: os.Stderr, now: time.Now}
	if opts.command == "volumes" {
		return serveVolumes(ctx, say, opts)
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	app := &app{opts: opts, say: say, build: newBuilder(root, opts.cache, say), out: os.Stdout}
	switch opts.command {
	case "up":
		return app.up(ctx)
	case "down":
		return app.down(ctx)
	case "status":
		return app.status(ctx)
	case "load-image":
		return app.loadImage(ctx)
	case "kubeconfig":
		return app.kubeconfig()
	default: // parseOptions lets nothing else through.
		return app.assets(ctx)
	}
}
