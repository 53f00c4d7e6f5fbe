package kubectl

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
)

// completeWithin bounds what a press of the tabulator costs when a cluster does not answer.
const completeWithin = 2 * time.Second

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completeNames completes names out of the cluster, at most so many arguments (0: any number), each
// once. A cluster that does not answer completes nothing, for there is nobody to tell.
func (e *env) completeNames(most int, names func(context.Context, *cluster) []string) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c, err := e.connect()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
		defer cancel()
		found := slices.DeleteFunc(names(ctx, c), func(name string) bool { return slices.Contains(args, name) })
		slices.Sort(found)
		return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
	}
}

func (e *env) completeQueues(most int) completion {
	return e.completeNames(most, func(ctx context.Context, c *cluster) []string {
		all, err := c.queues(ctx, false)
		if err != nil {
			return nil
		}
		return queueNames(all.Items)
	})
}

func (e *env) completeSchedules(most int) completion {
	return e.completeNames(most, func(ctx context.Context, c *cluster) []string {
		var all v1alpha1.ScheduleList
		if err := c.List(ctx, &all, client.InNamespace(c.namespace)); err != nil {
			return nil
		}
		names := make([]string, len(all.Items))
		for i := range all.Items {
			names[i] = all.Items[i].Name
		}
		return names
	})
}

func (e *env) completeAgents(most int) completion {
	return e.completeNames(most, func(ctx context.Context, c *cluster) []string {
		agents, err := c.agents(ctx)
		if err != nil {
			return nil
		}
		return agents.names()
	})
}

func (e *env) completeChannels() completion {
	return e.completeNames(0, func(ctx context.Context, c *cluster) []string {
		names, err := c.channels(ctx)
		if err != nil {
			return nil
		}
		return names
	})
}

// completeTargets are all to which a support link may lead.
func (e *env) completeTargets() completion {
	return e.completeNames(0, func(ctx context.Context, c *cluster) []string {
		var all []string
		add := func(kind string, names []string) {
			for _, name := range names {
				all = append(all, kind+"/"+name)
			}
		}
		if queues, err := c.queues(ctx, false); err == nil {
			add("queue", queueNames(queues.Items))
		}
		teams, err := c.teams(ctx)
		if err != nil {
			return all
		}
		members := agents{}
		for i := range teams {
			add("team", []string{teams[i].Name})
			for _, m := range teams[i].Spec.Members {
				members[m.Name] = m.DisplayName
			}
		}
		add("agent", members.names())
		return all
	})
}

// completeFlag completes the value of a flag: arguments before it say nothing of it.
func (e *env) completeFlag(f completion) completion {
	return func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return f(c, nil, typed)
	}
}
