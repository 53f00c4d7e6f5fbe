package kubectl

import (
	"encoding/json"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/yaml"

	"github.com/spf13/cobra"
)

// objectOutput is -o of commands that print resources: kubectl's own, with name, jsonpath and the rest.
type objectOutput struct{ flags *genericclioptions.PrintFlags }

func newObjectOutput(c *cobra.Command, scheme *runtime.Scheme) *objectOutput {
	o := &objectOutput{flags: genericclioptions.NewPrintFlags("").WithTypeSetter(scheme)}
	o.flags.AddFlags(c)
	for _, rare := range []string{"allow-missing-template-keys", "show-managed-fields", "template"} {
		if f := c.Flags().Lookup(rare); f != nil {
			f.Hidden = true // they work all the same
		}
	}
	return o
}

// words says that no format was asked for, so that words are printed.
func (o *objectOutput) words() bool {
	return o.flags.OutputFormat == nil || *o.flags.OutputFormat == ""
}

func (o *objectOutput) validate() error {
	if o.words() {
		return nil
	}
	if _, err := o.flags.ToPrinter(); err != nil {
		return usagef("-o: %v", err)
	}
	return nil
}

func (o *objectOutput) print(w io.Writer, object runtime.Object) error {
	printer, err := o.flags.ToPrinter()
	if err != nil {
		return usagef("-o: %v", err)
	}
	if err := printer.PrintObj(object, w); err != nil {
		return fmt.Errorf("could not print: %w", err)
	}
	return nil
}

// dataFormat is -o of commands that print no resources: json or yaml.
type dataFormat string

func (f *dataFormat) addFlag(c *cobra.Command) {
	c.Flags().StringVarP((*string)(f), "output", "o", "", "json or yaml instead of words")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))
}

func (f *dataFormat) validate() error {
	switch *f {
	case "", "json", "yaml":
		return nil
	}
	return usagef("-o %s: write json or yaml", string(*f))
}

func (f *dataFormat) print(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil && *f == "yaml" {
		text, err = yaml.JSONToYAML(text)
	} else {
		text = append(text, '\n')
	}
	if err != nil {
		return fmt.Errorf("could not print: %w", err)
	}
	_, err = w.Write(text)
	return err
}
