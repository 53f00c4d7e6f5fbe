package podstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// insideNetwork in the environment says that this process has a network of its own.
const insideNetwork = "USHER_OWN_NETWORK"

// Alone gives what a command with this program has to be run with so that Inside is true for it: a network and mounts
// of its own, which end with it. Without root that takes user namespaces.
func Alone(command *exec.Cmd) {
	command.Env = append(os.Environ(), insideNetwork+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		same := func(id int) []syscall.SysProcIDMap {
			return []syscall.SysProcIDMap{{ContainerID: id, HostID: id, Size: 1}}
		}
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings, command.SysProcAttr.GidMappings = same(os.Geteuid()), same(os.Getegid())
		command.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}
	}
}

// Inside tells whether this process was started by Alone.
func Inside() bool { return os.Getenv(insideNetwork) != "" }

// Network is a network for pods: each has a namespace, an address and a cable of its own, on one bridge together with
// this process and the database. It is made in a process that Alone started, and ends with it.
type Network struct {
	mu     sync.Mutex
	cables int
	at     map[string]int    // process by address
	cable  map[string]string // by address
}

const (
	bridge    = "usher0"
	ourselves = "10.9.0.1"
)

// NewNetwork makes the bridge, with further addresses for this process's own servers.
func NewNetwork(further ...string) (*Network, error) {
	// Its hardware address is given: else it is that of a cable, and changes when that goes.
	lines := []string{"link set lo up", "link add " + bridge + " address 02:00:00:00:00:01 type bridge", "link set " + bridge + " up"}
	for _, address := range append([]string{ourselves}, further...) {
		lines = append(lines, "addr add "+address+"/24 dev "+bridge)
	}
	if err := run(strings.Join(lines, "\n"), "ip", "-batch", "-"); err != nil {
		return nil, err
	}
	return &Network{at: map[string]int{}, cable: map[string]string{}}, nil
}

func run(input, name string, args ...string) error {
	command := exec.Command(name, args...)
	command.Stdin = strings.NewReader(input)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, input, out)
	}
	return nil
}

func (n *Network) within(pid int, input, name string, args ...string) error {
	return run(input, "nsenter", append([]string{"--target", strconv.Itoa(pid), "--net", name}, args...)...)
}

// rules of each pod: what comes from, or goes to, who is in the set is dropped without a word.
const rules = `table inet usher {
	set away { type ipv4_addr; }
	set mute { type ipv4_addr; }
	chain in { type filter hook input priority 0; ip saddr @away drop; ip saddr @mute drop; }
	chain out { type filter hook output priority 0; ip daddr @away drop; }
}`

// plug gives a process that has a namespace of its own its cable and address.
func (n *Network) plug(pid int, address string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cables++
	cable := "usher-" + strconv.Itoa(n.cables)
	if before := n.cable[address]; before != "" {
		// The namespace of a process that has ended lives on while connections of it are half open, and answers. When its
		// connections were all closed it is gone already, and the cable with it.
		_ = exec.Command("ip", "link", "delete", before).Run()
	}
	n.cable[address] = cable
	last := address[strings.LastIndexByte(address, '.')+1:]
	number, err := strconv.Atoi(last)
	if err != nil {
		return err
	}
	// The same hardware address each time: nobody has to learn that a pod was started again.
	mac := fmt.Sprintf("02:00:00:00:00:%02x", number)
	if err := run(fmt.Sprintf("link add %s type veth peer name eth0 address %s netns %d\nlink set %s master %s up\n", cable, mac, pid, cable, bridge),
		"ip", "-batch", "-"); err != nil {
		return err
	}
	if err := n.within(pid, "link set lo up\naddr add "+address+"/24 dev eth0\nlink set eth0 up\n", "ip", "-batch", "-"); err != nil {
		return err
	}
	n.at[address] = pid
	return n.within(pid, rules, "nft", "-f", "-")
}

// Cut drops everything between a pod and some addresses, in both directions, until Heal.
func (n *Network) Cut(pod string, from ...string) error {
	return n.change(pod, "add element inet usher away { "+strings.Join(from, ", ")+" }\n")
}

// Deafen drops what some addresses say to a pod, until Heal; what the pod says arrives.
func (n *Network) Deafen(pod string, to ...string) error {
	return n.change(pod, "add element inet usher mute { "+strings.Join(to, ", ")+" }\n")
}

// Heal ends all cuts of a pod.
func (n *Network) Heal(pod string) error {
	return n.change(pod, "flush set inet usher away\nflush set inet usher mute\n")
}

func (n *Network) change(pod, rule string) error {
	n.mu.Lock()
	pid := n.at[pod]
	n.mu.Unlock()
	if pid == 0 {
		return errors.New(pod + " is not in the network")
	}
	return n.within(pid, rule, "nft", "-f", "-")
}

// Reset breaks all connections of a pod with some addresses, after it ended the pod's cuts: both sides are told at once,
// and the pod may connect again. What was underway to a deaf pod does not reach it any more.
func (n *Network) Reset(pod string, with ...string) error {
	n.mu.Lock()
	pid := n.at[pod]
	n.mu.Unlock()
	return n.within(pid, "flush set inet usher away\nflush set inet usher mute\n", "sh", "-c",
		"nft -f - && exec ss --kill --tcp 'dst "+strings.Join(with, " or dst ")+"'")
}
