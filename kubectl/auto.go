package kubectl

import "github.com/spf13/cobra"

func (e *env) autoCommand() *cobra.Command {
	o := &switchOptions{env: e}
	return o.command("auto QUEUE...", "Give queues back to their schedules",
		`Give queues back to their schedules: take away what open, close or the console set in spec.override.

An override that another field manager holds, such as a GitOps controller, stays unless --force is given,
and comes back then with that manager's next apply; change it where it comes from.`,
		`  kubectl usher auto support
  kubectl usher auto --all --wait`)
}
