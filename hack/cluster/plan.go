package main

import (
	"fmt"
	"net/netip"
	"path/filepath"
)

// A plan is everything about a local cluster that is decided beforehand: names, addresses and places. It is derived from
// the state directory alone, so `down` and `status` find what `up` made.
type plan struct {
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
	// Nodes has at least one; the control plane runs beside the first.
	Nodes []node
}

// A node is a network namespace with a containerd and a kubelet of its own.
type node struct {
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

// newPlan lays out a cluster of so many nodes, 1 to mostNodes.
func newPlan(dir string, nodes int) plan {
	p := plan{
		Dir:           dir,
		Bridge:        "usher0",
		HostAddress:   netip.MustParseAddr("10.77.0.1"),
		Subnet:        netip.MustParsePrefix("10.77.0.0/24"),
		ServiceSubnet: netip.MustParsePrefix("10.96.0.0/16"),
		DNSAddress:    netip.MustParseAddr("10.96.0.10"),
		PodSubnet:     netip.MustParsePrefix("10.244.0.0/16"),
	}
	for i := 1; i <= nodes; i++ {
		n := node{
			Name:       fmt.Sprintf("usher-%d", i),
			Netns:      "usher",
			Link:       fmt.Sprintf("usher0-%d", i),
			Address:    netip.AddrFrom4([4]byte{10, 77, 0, byte(1 + i)}),
			PodSubnet:  netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244, byte(i), 0}), 24),
			CgroupRoot: fmt.Sprintf("/usher-%d", i),
			Dir:        filepath.Join(dir, fmt.Sprintf("node%d", i)),
		}
		if i > 1 {
			n.Netns = fmt.Sprintf("usher-%d", i)
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

// control is the node that the control plane runs beside.
func (p plan) control() node { return p.Nodes[0] }

// APIServer is the address of the API server as a URL.
func (p plan) APIServer() string {
	return fmt.Sprintf("https://%s:6443", p.control().Address)
}

// file is a path below the state directory.
func (p plan) file(parts ...string) string {
	return filepath.Join(append([]string{p.Dir}, parts...)...)
}

// kubeconfig is where a user's own access lies.
func (p plan) kubeconfig() string { return p.file("kubeconfig") }

// socket is containerd's.
func (n node) socket() string { return filepath.Join(n.Dir, "containerd.sock") }

// file is a path below the node's directory.
func (n node) file(parts ...string) string {
	return filepath.Join(append([]string{n.Dir}, parts...)...)
}
