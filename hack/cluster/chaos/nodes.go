package chaos

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"usher.chat/hack/cluster/machine"
)

// Isolate pulls a node's cable: its pods run, and reach each other and nobody else.
func (c *Cluster) Isolate(ctx context.Context, name string) error { return c.link(ctx, name, "down") }

// Rejoin plugs the cable in again.
func (c *Cluster) Rejoin(ctx context.Context, name string) error { return c.link(ctx, name, "up") }

func (c *Cluster) link(ctx context.Context, name, state string) error {
	n, err := c.node(name)
	if err != nil {
		return err
	}
	if _, err := machine.Execute(ctx, "ip", "link", "set", n.Link, state); err != nil {
		return fmt.Errorf("set the link of %s %s: %w", name, state, err)
	}
	return nil
}

// nodeDaemons in the order in which they start.
func nodeDaemons(name string) []string {
	return []string{"containerd-" + name, "kubelet-" + name, "kube-proxy-" + name}
}

// LoseNode takes a node's power: nothing leaves it any more, and every process on it is gone, pods first. What is on its
// disks stays. Kubernetes puts its pods elsewhere in its own time (five minutes by default).
func (c *Cluster) LoseNode(ctx context.Context, name string) error {
	n, err := c.node(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.lost[name] = true
	c.mu.Unlock()
	// Before the rest: the last words of processes that end must not get out.
	if err := c.Isolate(ctx, name); err != nil {
		return err
	}
	ids := nodeDaemons(name)
	for i := len(ids) - 1; i >= 0; i-- {
		if err := c.daemons.Kill(ctx, ids[i]); err != nil {
			return err
		}
	}
	for _, pid := range append(c.groups.Processes(n.CgroupRoot), machine.Shims(n.Socket())...) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end the process %d of the node %s: %w", pid, name, err)
		}
	}
	return nil
}

// ReturnNode gives a lost node its power again and returns when its kubelet answers. Its pods that Kubernetes still has
// there start again.
func (c *Cluster) ReturnNode(ctx context.Context, name string) error {
	n, err := c.node(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	delete(c.lost, name)
	c.mu.Unlock()
	if err := c.Rejoin(ctx, name); err != nil {
		return err
	}
	// containerd first, by itself: a kubelet that does not find it ends.
	for _, id := range nodeDaemons(name) {
		if err := c.daemons.Again(id); err != nil {
			return err
		}
		if id == nodeDaemons(name)[0] {
			err := wait(ctx, "containerd of "+name, func() bool {
				_, err := machine.Execute(ctx, "ctr", "--address", n.Socket(), "--namespace", "k8s.io", "plugins", "list", "-q", "id==cri")
				return err == nil
			})
			if err != nil {
				return err
			}
		}
	}
	return wait(ctx, "the kubelet of "+name, func() bool { return answers(ctx, "http://"+n.Address.String()+":10248/healthz", "") })
}

// patience is how long a part may take to come back.
const patience = 2 * time.Minute

// wait until something holds, at most as long as patience.
func wait(ctx context.Context, what string, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := machine.Poll(ctx, func() (bool, error) { return holds(), nil }); err != nil {
		return fmt.Errorf("%s does not come back: %w", what, err)
	}
	return nil
}
