package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"usher.chat/hack/cluster/machine"
)

// owner is the state directory of the cluster that the bridge belongs to, or "" if there is none. Names and addresses are
// fixed, so a machine holds one local cluster, whichever directory it is in.
func owner(p machine.Plan) string {
	raw, err := os.ReadFile("/sys/class/net/" + p.Bridge + "/ifalias")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}

// An ownedError says that another directory's cluster is up.
type ownedError struct{ Dir string }

func (e *ownedError) Error() string {
	return fmt.Sprintf("this machine runs a local cluster already, in another directory: end it with `go run ./hack/cluster down --dir %s`, or use it with --dir %[1]s", e.Dir)
}

// makeNetwork makes the bridge, and a network namespace and a cable for every node, where they are not there yet.
//
//	machine 10.77.0.1 --- bridge usher0 --- cable --- eth0 10.77.0.2 of node 1, in its network namespace
//	                                    |-- cable --- eth0 10.77.0.3 of node 2 ...
//	                                    `-- cable --- eth0 10.77.0.20 of the control plane
//
// The machine reaches Services and pods by routes over the nodes. The rules of kube-proxy live in the nodes' namespaces.
func makeNetwork(ctx context.Context, p machine.Plan) error {
	bridgeNew := !machine.Exists("/sys/class/net/" + p.Bridge)
	if bridgeNew {
		if err := checkAddressesFree(ctx, p); err != nil {
			return err
		}
		if _, err := machine.Execute(ctx, "ip", "link", "add", p.Bridge, "type", "bridge"); err != nil {
			return fmt.Errorf("make the bridge: %w", err)
		}
	}
	commands := [][]string{
		{"ip", "link", "set", p.Bridge, "alias", p.Dir},
		{"ip", "addr", "replace", machine.Prefixed(p.HostAddress, p.Subnet), "dev", p.Bridge},
		{"ip", "link", "set", p.Bridge, "up"},
	}
	for _, n := range append([]machine.Node{p.Control}, p.Nodes...) {
		commands = append(commands, machine.Connect(p, n)...)
	}
	commands = append(commands, []string{"ip", "route", "replace", p.ServiceSubnet.String(), "via", p.Nodes[0].Address.String()})
	if err := machine.ExecuteAll(ctx, commands); err != nil {
		return fmt.Errorf("make the network: %w", err)
	}
	return nil
}

// An addressTakenError says that the machine uses addresses of the cluster for something else.
type addressTakenError struct {
	// Ours is what the cluster needs, Theirs the route that stands against it, on Device.
	Ours, Theirs netip.Prefix
	Device       string
}

func (e *addressTakenError) Error() string {
	return fmt.Sprintf("the cluster needs the addresses %s, but this machine has a route to %s on %s; end what made it (another cluster? a VPN?) and try again", e.Ours, e.Theirs, e.Device)
}

// checkAddressesFree looks at the machine's routes before the first start.
func checkAddressesFree(ctx context.Context, p machine.Plan) error {
	out, err := machine.Execute(ctx, "ip", "-j", "-4", "route", "show", "table", "main")
	if err != nil {
		return fmt.Errorf("read the machine's routes: %w", err)
	}
	return conflict(p, []byte(out))
}

// conflict finds a route, in the JSON of iproute2, that overlaps with the plan. The default route does not count.
func conflict(p machine.Plan, routes []byte) error {
	var table []struct {
		Dst string `json:"dst"`
		Dev string `json:"dev"`
	}
	if err := json.Unmarshal(routes, &table); err != nil {
		return fmt.Errorf("read the machine's routes: %w", err)
	}
	for _, r := range table {
		dst, err := netip.ParsePrefix(r.Dst)
		if err != nil {
			addr, err := netip.ParseAddr(r.Dst)
			if err != nil { // "default"
				continue
			}
			dst = netip.PrefixFrom(addr, addr.BitLen())
		}
		for _, ours := range []netip.Prefix{p.Subnet, p.ServiceSubnet, p.PodSubnet} {
			if dst.Bits() > 0 && ours.Overlaps(dst) {
				return &addressTakenError{Ours: ours, Theirs: dst, Device: r.Dev}
			}
		}
	}
	return nil
}

// removeNetwork removes what makeNetwork made. Routes and cables go with the bridge and the namespaces.
func removeNetwork(ctx context.Context, p machine.Plan) error {
	var problems []error
	for _, n := range slices.Concat([]machine.Node{p.Control}, p.Databases[:], p.Nodes) {
		problems = append(problems, machine.Disconnect(ctx, n))
	}
	if machine.Exists("/sys/class/net/" + p.Bridge) {
		_, err := machine.Execute(ctx, "ip", "link", "delete", p.Bridge)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
