// Package chaos breaks a local cluster on purpose, as crashes, networks and machines do, and mends it again. It works
// from outside, with signals, packet filters and network links, so the faults are real, and so are their ends:
//
//	c, err := chaos.Open(chaos.Dir())            // the cluster that `hack/cluster up` started; needs root
//	defer c.Heal(ctx)                            // whatever happened: links up, filters gone, processes on, nodes back
//
//	pods, err := c.Pods(ctx, "acme", "app.kubernetes.io/component=runtime")
//	err = c.Kill(ctx, pod)                       // SIGKILL to all processes of its containers; the kubelet starts them again
//	err = c.Freeze(ctx, pod); err = c.Thaw(ctx, pod)       // SIGSTOP, SIGCONT
//
//	p, err := c.Cut(ctx, chaos.Pods(a), chaos.Pods(b, x))  // both directions: packets vanish; established connections too
//	p, err := c.Cut(ctx, chaos.Pods(a), chaos.Addresses(db.Address()))
//	p, err := c.CutOff(ctx, pod)                 // from everybody but its own kubelet
//	p, err := c.CutOffOperator(ctx)              // the operator from everything
//	p, err := c.Reset(ctx, one, other)           // both directions: connections are reset
//	err = p.Heal(ctx)
//
//	err = c.Isolate(ctx, "usher-2"); err = c.Rejoin(ctx, "usher-2")      // the node's cable
//	err = c.LoseNode(ctx, "usher-2"); err = c.ReturnNode(ctx, "usher-2") // its power: cable and every process
//	err = c.Drain(ctx, "usher-2"); err = c.Uncordon(ctx, "usher-2")      // by evictions, which respect disruption budgets
//
//	err = c.StopAPIServer(ctx); err = c.StartAPIServer(ctx)
//
// The clock of one pod is set by c.Signal, in an image that is built for it (runtime/clock). A PostgreSQL with a standby
// beside the cluster is in package pgpair.
//
// Everything is done through the nodes' processes and namespaces, so nothing but Pods, CutOffOperator, Drain and Uncordon
// needs the API server: a Pod that was looked up before can be killed while there is none.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"usher.chat/hack/cluster/machine"
)

// A Cluster that can be broken. Its methods may be called at the same time.
type Cluster struct {
	// Plan has the nodes, by name, address and network namespace.
	Plan machine.Plan
	// Client is the administrator's.
	Client kubernetes.Interface

	daemons machine.Daemons
	groups  machine.Cgroups

	mu     sync.Mutex
	frozen map[string]Pod
	lost   map[string]bool
}

// Dir is the state directory that `hack/cluster` takes without a flag.
func Dir() string {
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) {
		base = filepath.Join(os.Getenv("HOME"), ".local", "state")
	}
	return filepath.Join(base, "usher", "cluster")
}

// ErrNotLocal says that there is no local cluster whose parts could be broken.
var ErrNotLocal = errors.New("there is no local cluster here: only one that `hack/cluster up --provider local` started can be broken from outside")

// Open finds the cluster of a state directory. It fails with ErrNotLocal when that is another provider's, or none.
func Open(dir string) (*Cluster, error) {
	was, err := machine.Recall(dir)
	if err != nil {
		return nil, err
	}
	if was.Provider != "local" {
		return nil, ErrNotLocal
	}
	c := &Cluster{Plan: machine.NewPlan(dir, was.Nodes), daemons: machine.Daemons{Dir: dir}, frozen: map[string]Pod{}, lost: map[string]bool{}}
	if c.groups, err = machine.LookAtCgroups(); err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.Plan.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.Proxy = machine.NoProxy // The cluster is on this machine, whatever proxy the environment names.
	if c.Client, err = kubernetes.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return c, nil
}

// A Pod as it was when it was looked up. What is done to it is done to whatever runs in it now: a container that was
// started again is still of the same pod.
type Pod struct {
	Namespace, Name, UID string
	// Node is the name of the node it runs on.
	Node string
	// IP is invalid before the pod has one.
	IP netip.Addr
	// Ready is what the API server knew.
	Ready bool
}

// Pods of a namespace that have a node, are not ending, and match a label selector (empty for all).
func (c *Cluster) Pods(ctx context.Context, namespace, selector string) ([]Pod, error) {
	list, err := c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", namespace, err)
	}
	var pods []Pod
	for i := range list.Items {
		if p := &list.Items[i]; p.Spec.NodeName != "" && p.DeletionTimestamp.IsZero() {
			pods = append(pods, of(p))
		}
	}
	return pods, nil
}

// Pod by its name.
func (c *Cluster) Pod(ctx context.Context, namespace, name string) (Pod, error) {
	p, err := c.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return Pod{}, fmt.Errorf("look for the pod %s/%s: %w", namespace, name, err)
	}
	return of(p), nil
}

func of(p *corev1.Pod) Pod {
	pod := Pod{Namespace: p.Namespace, Name: p.Name, UID: string(p.UID), Node: p.Spec.NodeName}
	pod.IP, _ = netip.ParseAddr(p.Status.PodIP)
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			pod.Ready = condition.Status == corev1.ConditionTrue
		}
	}
	return pod
}

// An UnknownNodeError says that the cluster has no node of a name.
type UnknownNodeError struct{ Name string }

func (e *UnknownNodeError) Error() string {
	return fmt.Sprintf("the cluster has no node %q", e.Name)
}

func (c *Cluster) node(name string) (machine.Node, error) {
	for _, n := range c.Plan.Nodes {
		if n.Name == name {
			return n, nil
		}
	}
	return machine.Node{}, &UnknownNodeError{Name: name}
}

// Heal ends every fault that this Cluster made, and filters that others left behind. It goes on after a problem and
// reports all of them.
func (c *Cluster) Heal(ctx context.Context) error {
	problems := []error{c.removeFilters(ctx, prefix)}
	c.mu.Lock()
	frozen, lost := c.frozen, c.lost
	c.frozen, c.lost = map[string]Pod{}, map[string]bool{}
	c.mu.Unlock()
	for _, p := range frozen {
		if err := c.Thaw(ctx, p); !errors.Is(err, ErrGone) {
			problems = append(problems, err)
		}
	}
	for _, n := range c.Plan.Nodes {
		problems = append(problems, c.Rejoin(ctx, n.Name))
		if lost[n.Name] {
			problems = append(problems, c.ReturnNode(ctx, n.Name))
		}
	}
	return errors.Join(append(problems, c.StartAPIServer(ctx))...)
}
