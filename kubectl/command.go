package kubectl

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
)

// Names by which the binary is this plugin, and its answer to kubectl's completion.
const (
	PluginName     = "kubectl-usher"
	CompletionName = "kubectl_complete-usher"
)

// Called says whether the binary was called by one of the plugin's names.
func Called(argv0 string) bool {
	name := strings.TrimSuffix(filepath.Base(argv0), ".exe")
	return name == PluginName || name == CompletionName
}

// Main runs the plugin with the arguments of the process, the name first, and returns its exit code.
// Errors are printed, and the first signal ends what runs.
func Main(args []string, version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	klog.SetLogger(klog.Background().V(0)) // libraries' own lines are no answer to what was asked
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	c := Command(streams, version)
	rest := args[1:]
	if strings.TrimSuffix(filepath.Base(args[0]), ".exe") == CompletionName {
		rest = append([]string{cobra.ShellCompRequestCmd}, rest...)
	}
	c.SetArgs(rest)
	return run(ctx, c, streams.ErrOut)
}

func run(ctx context.Context, c *cobra.Command, errOut io.Writer) int {
	err := c.ExecuteContext(ctx)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(errOut, "error:", strings.TrimRight(line, "\n"))
		}
	}
	return ExitCode(err)
}

// Command is the plugin.
func Command(streams genericiooptions.IOStreams, version string) *cobra.Command {
	return newEnv(streams, version).command()
}

func (e *env) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-usher",
		Short: "Open, close and look at customer care queues",
		Long: `Open, close and look at customer care queues.

The namespace is that of -n, or of the kubeconfig's context, as with kubectl.`,
		Example: `  kubectl usher status
  kubectl usher close support --for 2h --reason "fire drill"
  kubectl usher auto support
  kubectl usher explain support --at 2026-12-24T10:00
  kubectl usher explain conversation c12`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl usher"},
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(c, args[0])
			}
			return c.Help()
		},
	}
	// kubectl asks the plugin itself, by CompletionName.
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetIn(e.In)
	root.SetOut(e.Out)
	root.SetErr(e.ErrOut)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%v; see \"%s --help\"", err, c.CommandPath())
	})
	flags := root.PersistentFlags()
	e.flags.AddFlags(flags)
	hideRare(flags)
	_ = root.RegisterFlagCompletionFunc("namespace", cobra.NoFileCompletions)
	root.AddCommand(
		e.openCommand(), e.closeCommand(), e.autoCommand(),
		e.statusCommand(), e.topCommand(), e.logCommand(),
		e.explainCommand(), e.scheduleCommand(),
		e.eraseCommand(), e.signInLinkCommand(), e.supportLinkCommand(), e.backupCommand(), e.restoreCommand(), e.migrateCommand(), e.rotateKeysCommand(), e.versionCommand(),
	)
	return root
}

// hideRare leaves in the help what people give by hand. The others work all the same.
func hideRare(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		f.Hidden = !slices.Contains([]string{"namespace", "context", "kubeconfig"}, f.Name)
	})
}

func unknown(c *cobra.Command, name string) error {
	what := fmt.Sprintf("there is no command %q", name)
	c.SuggestionsMinimumDistance = 2
	if like := c.SuggestionsFor(name); len(like) > 0 {
		what += "; did you mean " + strings.Join(like, " or ") + "?"
	}
	return usagef("%s; see \"%s --help\"", what, c.CommandPath())
}

// options is what every command is: filled from the arguments, checked without a cluster, then run.
type options interface {
	Complete(c *cobra.Command, args []string) error
	Validate() error
	Run(ctx context.Context) error
}

func runs(o options) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if err := o.Complete(c, args); err != nil {
			return err
		}
		if err := o.Validate(); err != nil {
			return err
		}
		return o.Run(c.Context())
	}
}

// one takes a single argument, or none when it may be left out.
func one(c *cobra.Command, args []string, what string, required bool) (string, error) {
	switch {
	case len(args) > 1:
		return "", usagef("one %s at a time, not %d; see \"%s --help\"", what, len(args), c.CommandPath())
	case len(args) == 1:
		return args[0], nil
	case required:
		return "", usagef("name the %s; see \"%s --help\"", what, c.CommandPath())
	}
	return "", nil
}

// bare takes the kind off a name such as queue/support or queue.usher.chat/support, as it is printed.
func bare(name, kind string) (string, error) {
	before, after, found := strings.Cut(name, "/")
	if !found {
		return name, nil
	}
	if before == kind || before == kind+"s" || before == kind+".usher.chat" || before == kind+"s.usher.chat" {
		return after, nil
	}
	return "", usagef("%q is no %s; write its name, or %s/NAME", name, kind, kind)
}
