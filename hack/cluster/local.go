package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"usher.chat/hack/cluster/machine"
)

// startLimit is how long one component may take. On a busy machine of two processors they take a tenth of it.
const startLimit = 2 * time.Minute

// A localCluster is a Kubernetes of our own on this machine.
type localCluster struct {
	plan    machine.Plan
	daemons machine.Daemons
	build   *builder
	say     console
}

func newLocalCluster(a *app, nodes int) *localCluster {
	return &localCluster{plan: machine.NewPlan(a.opts.dir, nodes), daemons: machine.Daemons{Dir: a.opts.dir}, build: a.build, say: a.say}
}

// Kubeconfig is the administrator's.
func (c *localCluster) Kubeconfig() string { return c.plan.Kubeconfig() }

// Up makes true what is not true yet, so it starts a cluster, repairs one, or finds that nothing is to do.
func (c *localCluster) Up(ctx context.Context) error {
	if other := owner(c.plan); other != "" && other != c.plan.Dir {
		return &ownedError{Dir: other}
	}
	programs, err := c.prepareMachine(ctx)
	if err != nil {
		return err
	}
	pause, coredns, err := c.build.systemImages(programs)
	if err != nil {
		return err
	}
	if err := recordHost(c.plan.File("host.json")); err != nil {
		return err
	}
	if err := c.write(ctx, pause, coredns); err != nil {
		return err
	}
	if err := makeNetwork(ctx, c.plan); err != nil {
		return err
	}
	// The control plane and the nodes' containerds do not need each other to start.
	for _, n := range c.plan.Nodes {
		if err := c.daemons.Start(containerdDaemon(n)); err != nil {
			return err
		}
	}
	control := controlDaemons(c.plan, programs)
	for _, d := range control[:2] { // etcd and the API server: all others only retry until they answer.
		if err := c.bring(ctx, d); err != nil {
			return err
		}
	}
	for _, d := range control[2:] {
		if err := c.daemons.Start(d); err != nil {
			return err
		}
	}
	for _, n := range c.plan.Nodes {
		if err := c.bringNode(ctx, n, programs, pause, coredns); err != nil {
			return err
		}
	}
	for _, d := range control[2:] {
		if err := c.bring(ctx, d); err != nil {
			return err
		}
	}
	return c.bringAddons(ctx, programs["kubectl"], coredns)
}

// prepareMachine makes sure of everything that a cluster needs before it is started, and builds its programs.
func (c *localCluster) prepareMachine(ctx context.Context) (map[string]string, error) {
	groups, err := machine.LookAtCgroups()
	if err != nil {
		return nil, err
	}
	if err := ensureTools(ctx, c.say); err != nil {
		return nil, err
	}
	programs, err := c.build.ensure(ctx, clusterPrograms())
	if err != nil {
		return nil, err
	}
	if programs["pause"], err = c.build.ensurePause(ctx); err != nil {
		return nil, err
	}
	for _, n := range c.plan.Nodes {
		if err := groups.Make(n.CgroupRoot); err != nil {
			return nil, err
		}
	}
	return programs, nil
}

// write makes certificates and settings. They are derived from the plan, so writing them again changes nothing.
func (c *localCluster) write(ctx context.Context, pause, coredns loadable) error {
	p := c.plan
	k := pki{dir: p.File("pki"), now: c.say.now()}
	if err := k.ensure(p); err != nil {
		return err
	}
	access := []struct{ path, user, cert string }{
		{p.Kubeconfig(), "admin", "admin"},
		{p.File("pki", "controller-manager.kubeconfig"), "controller-manager", "controller-manager"},
		{p.File("pki", "scheduler.kubeconfig"), "scheduler", "scheduler"},
		{p.File("pki", "proxy.kubeconfig"), "proxy", "proxy"},
		{p.File("pki", "volumes.kubeconfig"), "volumes", "volumes"},
	}
	for _, n := range p.Nodes {
		access = append(access, struct{ path, user, cert string }{n.File("kubelet.kubeconfig"), "kubelet", "kubelet-" + n.Name})
	}
	for _, a := range access {
		if err := writeKubeconfig(a.path, p.APIServer(), a.user, k, a.cert); err != nil {
			return err
		}
	}
	if err := giveBack(p.Kubeconfig(), os.Getenv); err != nil {
		return err
	}
	s := setting{Plan: p, CNIPlugins: findPlugins(), PauseImage: pause.Tag, CoreDNSImage: coredns.Tag, Provisioner: provisioner}
	for _, n := range p.Nodes {
		s.Node = n
		if err := c.writeNode(ctx, n, s); err != nil {
			return err
		}
	}
	return c.keepSelf()
}

// writeNode writes a node's settings. A daemon that runs with others is ended, so that it is started with these.
func (c *localCluster) writeNode(ctx context.Context, n machine.Node, s setting) error {
	for _, file := range []struct{ path, template, daemon string }{
		{n.File("containerd.toml"), "containerd.toml", "containerd"},
		{n.File("kubelet.yaml"), "kubelet.yaml", "kubelet"},
		{n.File("kube-proxy.yaml"), "kube-proxy.yaml", "kube-proxy"},
		// These two are read for every pod.
		{n.File("cni", "10-usher.conflist"), "cni.conflist", ""},
		{n.File("resolv.conf"), "resolv.conf", ""},
	} {
		changed, err := renderTo(file.path, file.template, s)
		if err != nil {
			return err
		}
		if changed && file.daemon != "" {
			if err := c.daemons.Stop(ctx, machine.Daemon{Name: file.daemon, Node: n.Name}.ID(), 10*time.Second); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepSelf copies this program to where the background process for volumes is started from: `go run` removes its own.
func (c *localCluster) keepSelf() error {
	target := c.plan.File("bin", "cluster")
	if _, running := c.daemons.Find("volumes"); running {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	raw, err := os.ReadFile(self)
	if err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	if err := os.WriteFile(target, raw, 0o755); err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	return nil
}

// bring starts a daemon and waits until it is healthy.
func (c *localCluster) bring(ctx context.Context, d machine.Daemon) error {
	return c.say.timed(d.ID(), func() error {
		if err := c.daemons.Start(d); err != nil {
			return err
		}
		return c.daemons.Await(ctx, d, startLimit)
	})
}

// bringNode starts a node's containerd with the images of the system, then its kubelet and kube-proxy.
func (c *localCluster) bringNode(ctx context.Context, n machine.Node, programs map[string]string, images ...loadable) error {
	if err := c.bring(ctx, containerdDaemon(n)); err != nil {
		return err
	}
	for _, image := range images {
		there, err := hasImage(ctx, n, image.Tag)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := importImage(ctx, n, image.Archive); err != nil {
			return err
		}
	}
	kubelet := kubeletDaemons(n, programs)
	for _, d := range kubelet {
		if err := c.daemons.Start(d); err != nil {
			return err
		}
	}
	for _, d := range kubelet {
		if err := c.bring(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// bringAddons applies what every cluster has besides its daemons, and waits until nodes and names work.
func (c *localCluster) bringAddons(ctx context.Context, kubectl string, coredns loadable) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	manifest, err := render("addons.yaml", setting{Plan: c.plan, CoreDNSImage: coredns.Tag, Provisioner: provisioner})
	if err != nil {
		return err
	}
	err = c.say.timed("addons", func() error {
		cmd := exec.CommandContext(ctx, kubectl, "--kubeconfig", c.Kubeconfig(), "apply", "--server-side", "--force-conflicts", "--field-manager=usher-cluster", "-f", "-")
		cmd.Stdin = strings.NewReader(string(manifest))
		cmd.Env = machine.Environment()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apply: %w: %s", err, strings.TrimSpace(string(out)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, n := range c.plan.Nodes {
		if err := c.say.timed("node "+n.Name+" ready", func() error { return awaitNode(ctx, client, n.Name) }); err != nil {
			return err
		}
	}
	return c.say.timed("names resolve (coredns)", func() error { return awaitNames(ctx, c.plan.DNSAddress) })
}

func (c *localCluster) client() (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.Proxy = machine.NoProxy // The cluster is on this machine, whatever proxy the environment names.
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	return client, nil
}

// LoadImage imports the archive on every node.
func (c *localCluster) LoadImage(ctx context.Context, archive string) error {
	if err := checkRoot("load-image"); err != nil {
		return err
	}
	for _, n := range c.plan.Nodes {
		if _, running := c.daemons.Find(containerdDaemon(n).ID()); !running {
			return fmt.Errorf("the node %s does not run; start it with `go run ./hack/cluster up`", n.Name)
		}
		if err := importImage(ctx, n, archive); err != nil {
			return err
		}
	}
	return nil
}

// Status asks every component.
func (c *localCluster) Status(ctx context.Context, out io.Writer) (bool, error) {
	if err := checkRoot("status"); err != nil {
		return false, err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tNODE\tPID\tHEALTH")
	all := true
	for _, d := range c.all(nil) {
		pid, health := "-", "not running"
		if record, running := c.daemons.Find(d.ID()); running {
			pid, health = fmt.Sprint(record.PID), "healthy"
			ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
			if err := d.Healthy(ctx); err != nil {
				health = "not healthy: " + err.Error()
			}
			cancel()
		}
		all = all && health == "healthy"
		node := d.Node
		if node == "" {
			node = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", d.Name, node, pid, health)
	}
	if err := table.Flush(); err != nil {
		return false, fmt.Errorf("print the table: %w", err)
	}
	return all, nil
}

// all daemons, in the order in which they start.
func (c *localCluster) all(programs map[string]string) []machine.Daemon {
	list := controlDaemons(c.plan, programs)
	for _, n := range c.plan.Nodes {
		list = append(list, containerdDaemon(n))
		list = append(list, kubeletDaemons(n, programs)...)
	}
	return list
}

// Down ends pods first, while there is a containerd to end them, and then everything else. It goes on after a problem,
// so that as little as possible is left, and reports all of them.
func (c *localCluster) Down(ctx context.Context) error {
	var problems []error
	note := func(err error) { problems = append(problems, err) }
	if other := owner(c.plan); other != "" && other != c.plan.Dir {
		c.say.step("the local cluster of %s is left as it is", other)
		return nil
	}
	c.say.step("ending pods and components ...")
	// Whoever would start pods again goes first.
	for _, n := range c.plan.Nodes {
		for _, d := range kubeletDaemons(n, nil) {
			note(c.daemons.Stop(ctx, d.ID(), 10*time.Second))
		}
	}
	groups, err := machine.LookAtCgroups()
	note(err)
	for _, n := range c.plan.Nodes {
		note(c.endPods(ctx, n, groups))
		note(c.daemons.Stop(ctx, containerdDaemon(n).ID(), 10*time.Second))
	}
	control := controlDaemons(c.plan, nil)
	for i := len(control) - 1; i >= 0; i-- {
		note(c.daemons.Stop(ctx, control[i].ID(), 10*time.Second))
	}
	note(machine.UnmountBelow(c.plan.Dir))
	note(removeNetwork(ctx, c.plan))
	note(c.plan.DropDatabases())
	for _, n := range c.plan.Nodes {
		note(groups.Remove(n.CgroupRoot))
	}
	// Only now: links of the kubelet into our directory are known to be ours when their target is gone.
	for _, n := range c.plan.Nodes {
		note(removeTree(n.File("pod-logs")))
	}
	note(removeResults(c.plan))
	note(restoreHost(c.plan.File("host.json")))
	return errors.Join(problems...)
}
