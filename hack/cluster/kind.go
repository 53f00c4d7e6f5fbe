package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"usher.chat/hack/cluster/machine"
)

// A kindCluster is one that kind runs in a container engine.
type kindCluster struct {
	kubeconfig string
	say        console
}

// kindName is what kind calls it.
const kindName = "usher"

// Kubeconfig is written by kind.
func (c *kindCluster) Kubeconfig() string { return c.kubeconfig }

// Up makes the cluster, or writes the kubeconfig of the one that is there.
func (c *kindCluster) Up(ctx context.Context) error {
	running, err := c.running(ctx)
	if err != nil {
		return err
	}
	if running {
		if _, err := machine.Execute(ctx, "kind", "export", "kubeconfig", "--name", kindName, "--kubeconfig", c.kubeconfig); err != nil {
			return fmt.Errorf("find the kind cluster: %w", err)
		}
		return nil
	}
	return c.say.timed("kind create cluster", func() error {
		_, err := machine.Execute(ctx, "kind", "create", "cluster", "--name", kindName, "--kubeconfig", c.kubeconfig, "--wait", startLimit.String())
		return err
	})
}

// Down deletes it.
func (c *kindCluster) Down(ctx context.Context) error {
	if _, err := machine.Execute(ctx, "kind", "delete", "cluster", "--name", kindName, "--kubeconfig", c.kubeconfig); err != nil {
		return fmt.Errorf("end the kind cluster: %w", err)
	}
	return nil
}

// Status says whether kind knows the cluster and its API server answers.
func (c *kindCluster) Status(ctx context.Context, out io.Writer) (bool, error) {
	running, err := c.running(ctx)
	if err != nil {
		return false, err
	}
	if !running {
		fmt.Fprintf(out, "the kind cluster %s is not running\n", kindName)
		return false, nil
	}
	return printServer(ctx, out, c.kubeconfig)
}

// LoadImage hands the archive to kind.
func (c *kindCluster) LoadImage(ctx context.Context, archive string) error {
	if _, err := machine.Execute(ctx, "kind", "load", "image-archive", archive, "--name", kindName); err != nil {
		return fmt.Errorf("load the image into kind: %w", err)
	}
	return nil
}

func (c *kindCluster) running(ctx context.Context) (bool, error) {
	out, err := machine.Execute(ctx, "kind", "get", "clusters")
	if err != nil {
		return false, fmt.Errorf("list kind's clusters: %w", err)
	}
	return slices.Contains(strings.Fields(out), kindName), nil
}
