package kubectl

import (
	"github.com/spf13/cobra"

	"usher.chat/api/v1alpha1"
)

func (e *env) closeCommand() *cobra.Command {
	o := &switchOptions{env: e, state: v1alpha1.StateClosed}
	c := o.command("close QUEUE...", "Close queues by hand, whatever their schedules say",
		`Close queues by hand, whatever their schedules say, until a time, or until somebody gives them back
with "auto". Nobody is put out: those who wait are served, conversations go on; nobody new comes in.

It sets spec.override of a Queue that exists, by server-side apply as field manager usher-cli, and so
survives every sync of a manifest that does not name the field. It takes over from the console, but from
another manager, such as a GitOps controller, only with --force.`,
		`  kubectl usher close support --for 2h --reason "fire drill"
  kubectl usher close --all --until "tomorrow 08:00"
  kubectl usher close support --wait=10s || echo "not closed"`)
	o.overrideFlags(c)
	return c
}
