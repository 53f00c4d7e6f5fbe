package chaos

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/hack/cluster/machine"
)

// prefix of the tables of every filter of this package.
const prefix = "usher_chaos_"

// Side is who is on one side of a cut.
type Side []netip.Prefix

// Everybody is all addresses there are.
func Everybody() Side { return Side{netip.MustParsePrefix("0.0.0.0/0")} }

// Addresses are single ones.
func Addresses(list ...netip.Addr) Side {
	var s Side
	for _, a := range list {
		s = append(s, netip.PrefixFrom(a, a.BitLen()))
	}
	return s
}

// Pods by the addresses that they had when they were looked up.
func Pods(list ...Pod) Side {
	var s Side
	for _, p := range list {
		if p.IP.IsValid() {
			s = append(s, Addresses(p.IP)...)
		}
	}
	return s
}

// A Partition is a network that is broken until it is healed.
type Partition struct {
	cluster *Cluster
	table   string
}

// Heal lets packets through again. To heal twice does no harm.
func (p *Partition) Heal(ctx context.Context) error { return p.cluster.removeFilters(ctx, p.table) }

// Cut lets no packet pass between the two sides, in either direction: neither side is told, and connections that are
// there stall. Addresses behind Services are meant, not the Services' own.
func (c *Cluster) Cut(ctx context.Context, one, other Side) (*Partition, error) {
	return c.filter(ctx, one, other, "drop", hooks())
}

// Reset answers every TCP packet between the two sides with a reset: connections that are there break at once, whatever
// they are in the middle of, and new ones are refused.
func (c *Cluster) Reset(ctx context.Context, one, other Side) (*Partition, error) {
	return c.filter(ctx, one, other, "ip protocol tcp reject with tcp reset", hooks())
}

// CutOff lets no packet pass between a pod and anybody, except the kubelet of its own node: it is alive for the node, and
// for nobody else.
func (c *Cluster) CutOff(ctx context.Context, pods ...Pod) (*Partition, error) {
	return c.filter(ctx, Pods(pods...), Everybody(), "drop", []string{"forward"})
}

// CutOffOperator cuts the operator off from the API server, from the desks and from everybody else.
func (c *Cluster) CutOffOperator(ctx context.Context) (*Partition, error) {
	list, err := c.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=usher,app.kubernetes.io/component=operator"})
	if err != nil {
		return nil, fmt.Errorf("look for the operator: %w", err)
	}
	var pods []Pod
	for i := range list.Items {
		pods = append(pods, of(&list.Items[i]))
	}
	if len(Pods(pods...)) == 0 {
		return nil, errors.New("look for the operator: it does not run")
	}
	return c.CutOff(ctx, pods...)
}

// hooks where packets are looked at: all that pass a namespace, come into it, or begin in it. Addresses are those of the
// ends there, whatever Service was called.
func hooks() []string { return []string{"forward", "input", "output"} }

// rules of a table in the language of nft.
func rules(table string, one, other Side, verdict string, hooks []string) string {
	list := func(s Side) string {
		var parts []string
		for _, p := range s {
			parts = append(parts, p.String())
		}
		return strings.Join(parts, ", ")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "table ip %s {\n", table)
	for _, h := range hooks {
		fmt.Fprintf(&b, "\tchain %s {\n\t\ttype filter hook %s priority -10; policy accept;\n", h, h)
		fmt.Fprintf(&b, "\t\tip saddr { %[1]s } ip daddr { %[2]s } %[3]s\n\t\tip saddr { %[2]s } ip daddr { %[1]s } %[3]s\n\t}\n", list(one), list(other), verdict)
	}
	b.WriteString("}\n")
	return b.String()
}

// filter puts the same rules into every namespace of the cluster: which one a packet passes is the cluster's business.
func (c *Cluster) filter(ctx context.Context, one, other Side, verdict string, hooks []string) (*Partition, error) {
	if len(one) == 0 || len(other) == 0 {
		return nil, errors.New("cut the network: one side is nobody")
	}
	p := &Partition{cluster: c, table: prefix + strings.ToLower(rand.Text()[:8])}
	for _, ns := range c.namespaces() {
		cmd := exec.CommandContext(ctx, "nsenter", "--net="+machine.NetnsPath(ns), "nft", "-f", "-")
		cmd.Stdin = strings.NewReader(rules(p.table, one, other, verdict, hooks))
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, errors.Join(fmt.Errorf("cut the network in %s: %w: %s", ns, err, strings.TrimSpace(string(out))), p.Heal(ctx))
		}
	}
	return p, nil
}

// removeFilters removes all tables whose name begins so.
func (c *Cluster) removeFilters(ctx context.Context, begin string) error {
	var problems []error
	for _, ns := range c.namespaces() {
		nft := func(args ...string) (string, error) {
			return machine.Execute(ctx, append([]string{"nsenter", "--net=" + machine.NetnsPath(ns), "nft"}, args...)...)
		}
		tables, err := nft("list", "tables", "ip")
		problems = append(problems, err)
		for line := range strings.Lines(tables) {
			if name := strings.TrimPrefix(strings.TrimSpace(line), "table ip "); strings.HasPrefix(name, begin) {
				_, err := nft("delete", "table", "ip", name)
				problems = append(problems, err)
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("heal the network: %w", err)
	}
	return nil
}

// namespaces on the cluster's bridge: those of nodes and control plane, and of whatever was put beside them.
func (c *Cluster) namespaces() []string {
	found, _ := filepath.Glob(machine.NetnsPath("usher-*")) // The pattern is right.
	var names []string
	for _, f := range found {
		names = append(names, filepath.Base(f))
	}
	return names
}
