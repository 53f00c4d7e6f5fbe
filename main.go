// Command usher is all of Usher in one binary: the operator (usher manager), a desk's pod (usher
// runtime), and, called kubectl-usher, the plugin of kubectl.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"usher.chat/controllers"
	"usher.chat/kubectl"
	"usher.chat/runtime/run"
)

// version is set when the binary is built.
var version = "dev"

func main() {
	if kubectl.Called(os.Args[0]) {
		os.Exit(kubectl.Main(os.Args, version))
	}
	root := &cobra.Command{Use: "usher", Short: "Customer care queues that live in Kubernetes", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(controllers.Command(), run.Command(version), run.SignInLink(), run.Migrate(), &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), version) },
	})
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "usher:", err)
		os.Exit(1)
	}
}
