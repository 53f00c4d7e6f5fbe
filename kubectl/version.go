package kubectl

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"usher.chat/api/v1alpha1"
)

type versionOptions struct {
	env    *env
	output dataFormat
}

func (e *env) versionCommand() *cobra.Command {
	o := &versionOptions{env: e}
	c := &cobra.Command{
		Use:               "version",
		Short:             "Print the version of this plugin",
		Args:              cobra.ArbitraryArgs,
		RunE:              runs(o),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *versionOptions) Complete(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("version takes no arguments")
	}
	return nil
}

// Validate the format.
func (o *versionOptions) Validate() error { return o.output.validate() }

// Version is what version prints with -o json.
type Version struct {
	Version string `json:"version"`
	// API is the one version of the resources that this plugin reads and writes.
	API      string `json:"api"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints.
func (o *versionOptions) Run(context.Context) error {
	v := Version{
		Version: o.env.version, API: v1alpha1.GroupVersion.String(), Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if o.output != "" {
		return o.output.print(o.env.Out, v)
	}
	_, err := fmt.Fprintf(o.env.Out, "kubectl-usher %s (%s, %s %s)\n", v.Version, v.API, v.Go, v.Platform)
	return err
}
