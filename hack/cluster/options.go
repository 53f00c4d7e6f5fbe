package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"usher.chat/hack/cluster/machine"
)

// Options are what the command line and the environment say.
type options struct {
	command string
	// archive is load-image's argument.
	archive string
	// dir is the state directory: everything that `up` makes lies under it.
	dir string
	// cache keeps what is built, by version, for every clone of the repository.
	cache string
	// provider is auto, given, kind or local.
	provider string
	// given is the kubeconfig of a cluster that exists already.
	given string
	// nodes is how many a local cluster has: 1 to machine.MostNodes.
	nodes int
	// registry is where load-image pushes to when the cluster is a given one.
	registry string
}

// providers in the order in which auto tries them.
func providers() []string { return []string{"auto", "given", "kind", "local"} }

// commands that a user may give; volumes is the cluster's own background process.
func commands() []string {
	return []string{"up", "down", "status", "load-image", "kubeconfig", "assets", "volumes"}
}

// parseOptions reads the command and its flags, which may stand on either side of load-image's argument.
func parseOptions(args []string, getenv func(string) string, help io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(help)
	flags.StringVar(&o.dir, "dir", filepath.Join(underHome(getenv, "XDG_STATE_HOME", ".local/state"), "usher", "cluster"), "state `directory`; everything that up makes lies under it")
	flags.StringVar(&o.provider, "provider", "auto", "`which` cluster: auto, given, kind or local; auto takes the first of the others that is there")
	flags.StringVar(&o.given, "kubeconfig", getenv("KUBECONFIG"), "kubeconfig `file` of a cluster that exists; also the environment's KUBECONFIG")
	flags.StringVar(&o.registry, "registry", "", "load-image with a given cluster: push to this `registry`, as in registry.example:5000/team")
	flags.IntVar(&o.nodes, "nodes", 1, "a local cluster's `number` of nodes; a running one can get more")
	flags.Usage = func() {
		fmt.Fprint(help, usage)
		flags.PrintDefaults()
	}
	o.cache = getenv("USHER_CACHE")
	if o.cache == "" {
		o.cache = filepath.Join(underHome(getenv, "XDG_CACHE_HOME", ".cache"), "usher")
	}
	if len(args) == 0 {
		flags.Usage()
		return o, flag.ErrHelp
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		flags.Usage()
		return o, flag.ErrHelp
	}
	o.command = args[0]
	if !slices.Contains(commands(), o.command) {
		return o, fmt.Errorf("there is no command %q; `go run ./hack/cluster help` lists them", o.command)
	}
	rest := args[1:]
	var positional []string
	for {
		if err := flags.Parse(rest); err != nil {
			return o, err
		}
		if flags.NArg() == 0 {
			break
		}
		positional = append(positional, flags.Arg(0))
		rest = flags.Args()[1:]
	}
	return o, o.check(positional)
}

func (o *options) check(positional []string) error {
	if o.command == "load-image" {
		if len(positional) != 1 {
			return fmt.Errorf("load-image takes one archive: go run ./hack/cluster load-image FILE.tar")
		}
		o.archive = positional[0]
	} else if len(positional) > 0 {
		return fmt.Errorf("%s takes no argument, but got %q", o.command, positional[0])
	}
	if !slices.Contains(providers(), o.provider) {
		return fmt.Errorf("--provider %q: must be auto, given, kind or local", o.provider)
	}
	if o.provider == "given" && o.given == "" {
		return fmt.Errorf("--provider given needs --kubeconfig FILE or the environment's KUBECONFIG")
	}
	if o.nodes < 1 || o.nodes > machine.MostNodes {
		return fmt.Errorf("--nodes %d: must be 1 to %d", o.nodes, machine.MostNodes)
	}
	var err error
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	if len(o.dir) > longestDir {
		return fmt.Errorf("--dir %s is %d characters long: sockets below it allow at most %d", o.dir, len(o.dir), longestDir)
	}
	if o.cache, err = filepath.Abs(o.cache); err != nil {
		return fmt.Errorf("USHER_CACHE: %w", err)
	}
	return nil
}

// longestDir leaves room for the longest socket path below the state directory: Linux allows 107 bytes.
const longestDir = 60

// underHome is a base directory of the XDG specification: the variable, or its default below HOME.
func underHome(getenv func(string) string, variable, otherwise string) string {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(getenv("HOME"), otherwise)
}
