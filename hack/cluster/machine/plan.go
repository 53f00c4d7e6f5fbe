// Package machine is what a local cluster consists of on this machine: a plan of names and addresses, background
// processes that are found again by their pid files, and the commands by which all of that is made:
//
//	m, err := machine.Recall(dir) // of the cluster that `hack/cluster up` started
//	p := machine.NewPlan(dir, m.Nodes)
//	d := machine.Daemons{Dir: dir}
//	record, running := d.Find("kubelet-" + p.Nodes[1].Name)
package machine

import (
	"fmt"
	"net/netip"
	"path/filepath"
)

// A Plan is everything about a local cluster that is decided beforehand: names, addresses and places. It is derived from
// the state directory alone, so `down` and `status` find what `up` made.
type Plan struct {
	// Dir is the state directory.
	Dir string
	// Bridge joins the nodes with each other and with the machine; HostAddress is the machine's own address on it.
	Bridge      string
	HostAddress netip.Addr
	// Subnet holds the machine and the nodes.
	Subnet netip.Prefix
	// ServiceSubnet holds the ClusterIPs, DNSAddress among them; PodSubnet holds every node's pods.
	ServiceSubnet netip.Prefix
	DNSAddress    netip.Addr
	PodSubnet     netip.Prefix
	// Control is where the control plane runs: beside the nodes, so that any of them can be lost. It has no pods.
	Control Node
	// Databases is room beside the nodes for two servers of a database, which tests start (package pgpair);
	// DatabaseAddress is for the one of them that leads.
	Databases       [2]Node
	DatabaseAddress netip.Addr
	// Nodes has at least one.
	Nodes []Node
}

// A Node is a network namespace with a containerd and a kubelet of its own.
type Node struct {
	Name    string
	Address netip.Addr
	// PodSubnet is the part of the plan's that this node gives addresses from.
	PodSubnet netip.Prefix
	// Netns is the name of the network namespace, Link of the machine's end of the cable into it.
	Netns, Link string
	// CgroupRoot is the node's own: two kubelets would fight over the default.
	CgroupRoot string
	// Dir is below the plan's.
	Dir string
}

// NewPlan lays out a cluster of so many nodes, 1 to MostNodes.
func NewPlan(dir string, nodes int) Plan {
	p := Plan{
		Dir:           dir,
		Bridge:        "usher0",
		HostAddress:   netip.MustParseAddr("10.77.0.1"),
		Subnet:        netip.MustParsePrefix("10.77.0.0/24"),
		ServiceSubnet: netip.MustParsePrefix("10.96.0.0/16"),
		DNSAddress:    netip.MustParseAddr("10.96.0.10"),
		PodSubnet:     netip.MustParsePrefix("10.244.0.0/16"),
	}
	p.Control = Node{Name: "control", Netns: "usher-control", Link: p.Bridge + "-c", Address: netip.MustParseAddr("10.77.0.20"), Dir: dir}
	p.DatabaseAddress = netip.MustParseAddr("10.77.0.30")
	for i := range p.Databases {
		p.Databases[i] = Node{
			Name: fmt.Sprintf("database-%d", i+1), Netns: fmt.Sprintf("usher-database-%d", i+1), Link: fmt.Sprintf("%s-d%d", p.Bridge, i+1),
			Address: netip.AddrFrom4([4]byte{10, 77, 0, byte(31 + i)}), Dir: filepath.Join(dir, fmt.Sprintf("database%d", i+1)),
		}
	}
	for i := 1; i <= nodes; i++ {
		n := Node{
			Name:       fmt.Sprintf("usher-%d", i),
			Netns:      fmt.Sprintf("usher-%d", i),
			Link:       fmt.Sprintf("usher0-%d", i),
			Address:    netip.AddrFrom4([4]byte{10, 77, 0, byte(1 + i)}),
			PodSubnet:  netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244, byte(i), 0}), 24),
			CgroupRoot: fmt.Sprintf("/usher-%d", i),
			Dir:        filepath.Join(dir, fmt.Sprintf("node%d", i)),
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

// APIServer is the address of the API server as a URL.
func (p Plan) APIServer() string {
	return fmt.Sprintf("https://%s:6443", p.Control.Address)
}

// File is a path below the state directory.
func (p Plan) File(parts ...string) string {
	return filepath.Join(append([]string{p.Dir}, parts...)...)
}

// Kubeconfig is where a user's own access lies.
func (p Plan) Kubeconfig() string { return p.File("kubeconfig") }

// Socket is containerd's.
func (n Node) Socket() string { return filepath.Join(n.Dir, "containerd.sock") }

// File is a path below the node's directory.
func (n Node) File(parts ...string) string {
	return filepath.Join(append([]string{n.Dir}, parts...)...)
}

// MostNodes is more than a development machine has memory for.
const MostNodes = 9
