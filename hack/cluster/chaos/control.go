package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"usher.chat/hack/cluster/machine"
)

const apiServer = "kube-apiserver"

// StopAPIServer kills the API server. Nodes and pods go on without it.
func (c *Cluster) StopAPIServer(ctx context.Context) error { return c.daemons.Kill(ctx, apiServer) }

// StartAPIServer starts it again, unless it runs, and returns when it answers.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.daemons.Again(apiServer); err != nil {
		return err
	}
	return wait(ctx, "the API server", func() bool {
		return answers(ctx, c.Plan.APIServer()+"/readyz", c.Plan.File("pki", "ca.crt"))
	})
}

func answers(ctx context.Context, url, authority string) bool {
	return machine.HTTPHealth(url, authority)(ctx) == nil
}

// Drain cordons a node and evicts its pods, as kubectl drain does: those of DaemonSets stay, disruption budgets are
// respected, and it returns when all others are gone. An eviction that is refused for now is tried again until the
// context ends.
func (c *Cluster) Drain(ctx context.Context, name string) error {
	if err := c.cordon(ctx, name, true); err != nil {
		return err
	}
	list, err := c.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + name})
	if err != nil {
		return fmt.Errorf("drain %s: %w", name, err)
	}
	problems := make(chan error, len(list.Items))
	for i := range list.Items {
		go func() { problems <- c.evict(ctx, &list.Items[i]) }()
	}
	for range list.Items {
		err = errors.Join(err, <-problems)
	}
	if err != nil {
		return fmt.Errorf("drain %s: %w", name, err)
	}
	return nil
}

// Uncordon lets new pods onto the node again.
func (c *Cluster) Uncordon(ctx context.Context, name string) error { return c.cordon(ctx, name, false) }

func (c *Cluster) cordon(ctx context.Context, name string, unschedulable bool) error {
	patch := fmt.Appendf(nil, `{"spec":{"unschedulable":%t}}`, unschedulable)
	if _, err := c.Client.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("set unschedulable of %s to %t: %w", name, unschedulable, err)
	}
	return nil
}

// evict one pod and wait until it is gone.
func (c *Cluster) evict(ctx context.Context, p *corev1.Pod) error {
	if owner := metav1.GetControllerOf(p); owner != nil && owner.Kind == "DaemonSet" {
		return nil
	}
	eviction := &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(p.UID))},
	}
	asked := false
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if !asked {
			err := c.Client.PolicyV1().Evictions(p.Namespace).Evict(ctx, eviction)
			switch {
			case err == nil:
				asked = true
			case apierrors.IsNotFound(err), apierrors.IsConflict(err):
				return nil // It is gone, or another one has its name.
			case !apierrors.IsTooManyRequests(err): // as long as a disruption budget forbids it
				return fmt.Errorf("evict %s/%s: %w", p.Namespace, p.Name, err)
			}
		}
		now, err := c.Client.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && now.UID != p.UID {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("evict %s/%s: %w", p.Namespace, p.Name, ctx.Err())
		case <-tick.C:
		}
	}
}
