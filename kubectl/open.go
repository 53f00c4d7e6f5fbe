package kubectl

import (
	"github.com/spf13/cobra"

	"usher.chat/api/v1alpha1"
)

func (e *env) openCommand() *cobra.Command {
	o := &switchOptions{env: e, state: v1alpha1.StateOpen}
	c := o.command("open QUEUE...", "Open queues by hand, whatever their schedules say",
		`Open queues by hand, whatever their schedules say, until a time, or until somebody gives them back
with "auto".

It sets spec.override of a Queue that exists, by server-side apply as field manager usher-cli, and so
survives every sync of a manifest that does not name the field. It takes over from the console, but from
another manager, such as a GitOps controller, only with --force.`,
		`  kubectl usher open support
  kubectl usher open support billing --until 20:00 --reason "election night"
  kubectl usher open support --for 2h --wait`)
	o.overrideFlags(c)
	return c
}
