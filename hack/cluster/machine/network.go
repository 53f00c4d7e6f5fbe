package machine

import (
	"context"
	"errors"
	"net/netip"
)

// Connect gives the commands that make a node's network namespace and its cable to the bridge, where they are not there
// yet, and its routes to the pods of the others.
func Connect(p Plan, n Node) [][]string {
	setting := func(name, value string) []string {
		return []string{"nsenter", "--net=" + NetnsPath(n.Netns), "sh", "-c", "echo " + value + " > /proc/sys/net/ipv4/" + name}
	}
	var c [][]string
	if !Exists(NetnsPath(n.Netns)) {
		c = append(c, []string{"ip", "netns", "add", n.Netns})
	}
	if !Exists("/sys/class/net/" + n.Link) {
		c = append(c, []string{"ip", "link", "add", n.Link, "type", "veth", "peer", "name", "eth0", "netns", n.Netns})
	}
	c = append(c,
		[]string{"ip", "link", "set", n.Link, "master", p.Bridge, "up"},
		[]string{"ip", "-n", n.Netns, "addr", "replace", Prefixed(n.Address, p.Subnet), "dev", "eth0"},
		[]string{"ip", "-n", n.Netns, "link", "set", "lo", "up"},
		[]string{"ip", "-n", n.Netns, "link", "set", "eth0", "up"},
		// A process of the node that calls a ClusterIP needs a route before kube-proxy's rules see the packet. There is
		// no default route: what is outside fails at once instead of after a timeout.
		[]string{"ip", "-n", n.Netns, "route", "replace", p.ServiceSubnet.String(), "via", p.HostAddress.String()},
		setting("ip_forward", "1"),
		// The refusal of what is outside must reach every pod, every time.
		setting("icmp_ratelimit", "0"),
		setting("conf/all/send_redirects", "0"),
	)
	if n.PodSubnet.IsValid() {
		c = append(c, []string{"ip", "route", "replace", n.PodSubnet.String(), "via", n.Address.String()})
	}
	for _, other := range p.Nodes {
		if other.Name != n.Name {
			c = append(c, []string{"ip", "-n", n.Netns, "route", "replace", other.PodSubnet.String(), "via", other.Address.String()})
		}
	}
	return c
}

// Disconnect removes what Connect made. Routes and the namespace's end of the cable go with it.
func Disconnect(ctx context.Context, n Node) error {
	var problems []error
	if Exists("/sys/class/net/" + n.Link) {
		_, err := Execute(ctx, "ip", "link", "delete", n.Link)
		problems = append(problems, err)
	}
	if Exists(NetnsPath(n.Netns)) {
		_, err := Execute(ctx, "ip", "netns", "delete", n.Netns)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// Prefixed is an address with the length of its subnet.
func Prefixed(a netip.Addr, subnet netip.Prefix) string {
	return netip.PrefixFrom(a, subnet.Bits()).String()
}
