package kubectl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
)

type statusOptions struct {
	env        *env
	queue      string
	everywhere bool
	output     *objectOutput
}

func (e *env) statusCommand() *cobra.Command {
	o := &statusOptions{env: e}
	c := &cobra.Command{
		Use:   "status [QUEUE]",
		Short: "Tell which queues are open and why, who waits, and what is wrong",
		Long: `Tell which queues are open and why, who waits, what changes next, and what is wrong.

It reads the resources alone, whose figures are up to 15 s old; "top" has live ones. Times are in the zone
of each queue's schedule. With -o the Queues themselves are printed.`,
		Example: `  kubectl usher status
  kubectl usher status support
  kubectl usher status -A
  kubectl usher status -o jsonpath='{.items[?(@.status.state=="Closed")].metadata.name}'`,
		RunE:              runs(o),
		ValidArgsFunction: e.completeQueues(1),
	}
	c.Flags().BoolVarP(&o.everywhere, "all-namespaces", "A", false, "the queues of all namespaces")
	o.output = newObjectOutput(c, e.scheme)
	return c
}

// Complete reads the arguments.
func (o *statusOptions) Complete(c *cobra.Command, args []string) error {
	name, err := one(c, args, "queue", false)
	if err == nil {
		o.queue, err = bare(name, "queue")
	}
	return err
}

// Validate what can be judged without a cluster.
func (o *statusOptions) Validate() error {
	if o.queue != "" && o.everywhere {
		return usagef("name a queue, or give -A, not both")
	}
	return o.output.validate()
}

// Run reads and prints.
func (o *statusOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	if o.queue != "" {
		q, err := c.queue(ctx, o.queue)
		if err != nil {
			return err
		}
		if !o.output.words() {
			return o.output.print(o.env.Out, q)
		}
		view := o.env.view()
		return view.print(view.detail(q, c.zoneOf(ctx, q)))
	}
	all, err := c.queues(ctx, o.everywhere)
	if err != nil {
		return err
	}
	slices.SortFunc(all.Items, func(a, b v1alpha1.Queue) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	if !o.output.words() {
		return o.printAll(all)
	}
	if len(all.Items) == 0 {
		where := "namespace " + c.namespace
		if o.everywhere {
			where = "this cluster"
		}
		_, err := fmt.Fprintf(o.env.ErrOut, "No queues in %s.\n", where)
		return err
	}
	zones := c.zonesOf(ctx, o.everywhere)
	view := o.env.view()
	var desk *v1alpha1.Desk
	if !o.everywhere {
		desk = c.desk(ctx)
	}
	return view.print(view.overview(c.namespace, o.everywhere, desk, all.Items, func(q *v1alpha1.Queue) zone { return o.env.zoneIn(zones, q) }))
}

// printAll prints one list, but names one by one, for the printer of names knows no lists.
func (o *statusOptions) printAll(all *v1alpha1.QueueList) error {
	if *o.output.flags.OutputFormat != "name" {
		all.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("QueueList"))
		return o.output.print(o.env.Out, all)
	}
	for i := range all.Items {
		if err := o.output.print(o.env.Out, &all.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// desk of the namespace; nil without one, or without the right to read it.
func (c *cluster) desk(ctx context.Context) *v1alpha1.Desk {
	var d v1alpha1.Desk
	if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: v1alpha1.DeskName}, &d); err != nil {
		return nil
	}
	return &d
}

// problems are the conditions that somebody should know of, each reason once.
func problems(conditions []metav1.Condition) []string {
	var told []string
	seen := map[string]bool{}
	for _, kind := range []string{
		v1alpha1.ConditionAccepted, v1alpha1.ConditionResolvedRefs, v1alpha1.ConditionProgrammed, v1alpha1.ConditionReady,
	} {
		for _, c := range conditions {
			if c.Type != kind || c.Status == metav1.ConditionTrue || seen[c.Reason] || c.Reason == v1alpha1.ReasonNotSent && len(told) > 0 {
				continue
			}
			seen[c.Reason] = true
			told = append(told, clean(fmt.Sprintf("%s: %s", c.Reason, c.Message)))
		}
	}
	return told
}
