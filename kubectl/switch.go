package kubectl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/api/v1alpha1"
)

// Bounds of what an override carries (api/v1alpha1), and of --wait.
const (
	mostReason  = 256
	mostBy      = 253
	defaultWait = "30s"
)

// switchOptions are those of open, close and auto.
type switchOptions struct {
	env    *env
	state  v1alpha1.OpenState // empty for auto
	queues []string
	all    bool

	until, during string
	reason, by    string
	force         bool
	dryRun        string
	wait          string
	output        *objectOutput

	length  time.Duration // of --for
	timeout time.Duration // of --wait
}

// command has the flags that the three have in common.
func (o *switchOptions) command(use, short, long, example string) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		RunE:              runs(o),
		ValidArgsFunction: o.env.completeQueues(0),
	}
	f := c.Flags()
	f.BoolVar(&o.all, "all", false, "all queues of the namespace")
	f.BoolVar(&o.force, "force", false, "also if another field manager, such as a GitOps controller, holds spec.override")
	f.StringVar(&o.dryRun, "dry-run", "none", "none; client: write nothing, and say what would be; server: let the server try it and keep nothing")
	f.Lookup("dry-run").NoOptDefVal = "client"
	f.StringVar(&o.wait, "wait", "", "wait until the runtime has done it, at most so long")
	f.Lookup("wait").NoOptDefVal = defaultWait
	_ = c.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions([]string{"none", "client", "server"}, cobra.ShellCompDirectiveNoFileComp))
	o.output = newObjectOutput(c, o.env.scheme)
	return c
}

// overrideFlags are those of open and close.
func (o *switchOptions) overrideFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.until, "until", "", "when the schedule decides again: 18:00, \"tomorrow 08:00\", 2026-11-30T18:00, RFC 3339; in the zone of the queue's schedule")
	f.StringVar(&o.during, "for", "", "how long from now: 2h, 90m, 3d")
	f.StringVar(&o.reason, "reason", "", "why, for colleagues: it is shown and logged")
	f.StringVar(&o.by, "by", "", "who; by default the user that the cluster takes you for")
	for _, name := range []string{"until", "for", "reason", "by"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// Complete reads the arguments.
func (o *switchOptions) Complete(c *cobra.Command, args []string) error {
	for _, arg := range args {
		name, err := bare(arg, "queue")
		if err != nil {
			return err
		}
		if !slices.Contains(o.queues, name) {
			o.queues = append(o.queues, name)
		}
	}
	if len(o.queues) == 0 && !o.all {
		return usagef("name a queue, or give --all; see \"%s --help\"", c.CommandPath())
	}
	return nil
}

// Validate what can be judged without a cluster.
func (o *switchOptions) Validate() (err error) {
	switch {
	case o.all && len(o.queues) > 0:
		return usagef("name queues, or give --all, not both")
	case o.until != "" && o.during != "":
		return usagef("give --until or --for, not both")
	case !slices.Contains([]string{"none", "client", "server"}, o.dryRun):
		return usagef("--dry-run=%s: write none, client or server", o.dryRun)
	case utf8.RuneCountInString(o.reason) > mostReason:
		return usagef("--reason has %d letters; it may have %d", utf8.RuneCountInString(o.reason), mostReason)
	case utf8.RuneCountInString(o.by) > mostBy:
		return usagef("--by has %d letters; it may have %d", utf8.RuneCountInString(o.by), mostBy)
	case slices.Contains(o.queues, ""):
		return usagef("a queue's name is empty")
	}
	if o.during != "" {
		if o.length, err = parseFor(o.during); err != nil {
			return usagef("--for %v", err)
		}
	}
	if o.until != "" { // a first look, in UTC; the zone is that of each queue
		if _, err := parseWhen(o.until, o.env.now(), time.UTC, ahead); err != nil {
			return usagef("--until %v", err)
		}
	}
	if o.wait != "" && o.wait != "false" {
		if o.wait == "true" {
			o.wait = defaultWait
		}
		if o.timeout, err = parseFor(o.wait); err != nil {
			return usagef("--wait=%v", err)
		}
		if o.dryRun != "none" {
			return usagef("--wait waits for nothing with --dry-run=%s; leave one of them out", o.dryRun)
		}
	}
	return o.output.validate()
}

// plan is one queue and what is to become of it.
type plan struct {
	queue    *v1alpha1.Queue
	zone     zone
	override *v1alpha1.Override
	idle     bool // there was nothing to give back
}

// Run reads every queue before it writes to any: a wrong name changes nothing, and creates nothing.
func (o *switchOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	plans, err := o.plan(ctx, c)
	if err != nil {
		return err
	}
	var failed []error
	done := plans[:0]
	for _, p := range plans {
		if err := o.write(ctx, c, &p); err != nil {
			failed = append(failed, err)
			continue
		}
		if o.timeout == 0 {
			if err := o.tell(p); err != nil {
				return err
			}
		}
		done = append(done, p)
	}
	if o.timeout > 0 {
		failed = append(failed, o.await(ctx, c, done)...)
	}
	return errors.Join(failed...)
}

func (o *switchOptions) plan(ctx context.Context, c *cluster) ([]plan, error) {
	var queues []*v1alpha1.Queue
	if o.all {
		all, err := c.queues(ctx, false)
		if err != nil {
			return nil, err
		}
		for i := range all.Items {
			queues = append(queues, &all.Items[i])
		}
		if len(queues) == 0 {
			return nil, &advised{what: fmt.Sprintf("namespace %s has no queues; choose another with -n", c.namespace)}
		}
	}
	for _, name := range o.queues {
		q, err := c.queue(ctx, name)
		if err != nil {
			return nil, err
		}
		queues = append(queues, q)
	}
	who := o.by
	if who == "" && o.state != "" {
		who = cut(c.whoami(ctx), mostBy)
	}
	plans := make([]plan, len(queues))
	for i, q := range queues {
		plans[i] = plan{queue: q, zone: c.zoneOf(ctx, q)}
		if o.state == "" {
			continue
		}
		override := &v1alpha1.Override{State: o.state, Reason: o.reason, By: who}
		until, err := o.end(plans[i].zone)
		if err != nil {
			return nil, err
		}
		override.Until = until
		plans[i].override = override
	}
	return plans, nil
}

// end of the override, in the zone of one queue. The API keeps whole seconds: a part of one is added,
// so that nothing ends before its time.
func (o *switchOptions) end(z zone) (*metav1.Time, error) {
	now := o.env.now()
	var at time.Time
	switch {
	case o.length > 0:
		at = now.Add(o.length)
	case o.until != "":
		var err error
		if at, err = parseWhen(o.until, now, z.Location, ahead); err != nil {
			return nil, usagef("--until %v", err)
		}
		if !at.After(now) {
			return nil, usagef("--until %s is over: it was %s", o.until, z.moment(at, now))
		}
	default:
		return nil, nil
	}
	if whole := at.Truncate(time.Second); !whole.Equal(at) {
		at = whole.Add(time.Second)
	}
	t := metav1.NewTime(at)
	return &t, nil
}

func (o *switchOptions) write(ctx context.Context, c *cluster, p *plan) error {
	if o.dryRun == "client" {
		if err := mayTake(p.queue, o.force); err != nil {
			return err
		}
		p.idle = p.override == nil && p.queue.Spec.Override == nil
		p.queue = p.queue.DeepCopy()
		p.queue.Spec.Override = p.override
		return nil
	}
	p.idle = p.override == nil && p.queue.Spec.Override == nil
	written, err := c.writeOverride(ctx, p.queue, p.override, o.force, o.dryRun == "server")
	if err != nil {
		return err
	}
	p.queue = written
	return nil
}

// tell what was done, in one line or as asked for.
func (o *switchOptions) tell(p plan) error {
	if !o.output.words() {
		return o.output.print(o.env.Out, p.queue)
	}
	dry := map[string]string{"client": " (dry run)", "server": " (server dry run)"}[o.dryRun]
	return o.say("%s%s", p.words(o.env.now()), dry)
}

func (o *switchOptions) say(format string, args ...any) error {
	_, err := fmt.Fprintf(o.env.Out, format+"\n", args...)
	return err
}

// words: "queue/support closed until 14:30 (EET), fire drill".
func (p plan) words(now time.Time) string {
	switch {
	case p.idle:
		return fmt.Sprintf("queue/%s %s: nobody had opened or closed it by hand", p.queue.Name, followsWords(p.queue))
	case p.override == nil:
		return fmt.Sprintf("queue/%s %s again", p.queue.Name, followsWords(p.queue))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "queue/%s %s", p.queue.Name, stateWord(p.override.State))
	if p.override.Until != nil {
		b.WriteString(" until " + p.zone.moment(p.override.Until.Time, now))
	} else {
		fmt.Fprintf(&b, " until \"kubectl usher auto %s\"", p.queue.Name)
	}
	if p.override.Reason != "" {
		b.WriteString(", " + clean(p.override.Reason))
	}
	return b.String()
}

func stateWord(s v1alpha1.OpenState) string { return strings.ToLower(string(s)) }

func followsWords(q *v1alpha1.Queue) string {
	if q.Spec.ScheduleRef == nil {
		return "is always open"
	}
	return "follows the schedule " + q.Spec.ScheduleRef.Name
}

// await all queues within one time.
func (o *switchOptions) await(ctx context.Context, c *cluster, plans []plan) []error {
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	var failed []error
	for _, p := range plans {
		tell := func(what string) {
			if isTerminal(o.env.ErrOut) {
				fmt.Fprintf(o.env.ErrOut, "queue/%s: %s …\n", p.queue.Name, what)
			}
		}
		now, err := c.await(limited, p.queue, o.state, tell)
		var timeout *TimeoutError
		switch {
		case ctx.Err() != nil:
			return append(failed, fmt.Errorf("queue/%s: written, but no longer waited for", p.queue.Name))
		case errors.As(err, &timeout):
			failed = append(failed, &TimeoutError{Message: fmt.Sprintf(
				"queue/%s: written, but not in force after %s: %s; see \"kubectl describe queues.usher.chat %s -n %s\"",
				p.queue.Name, waited(o.timeout), timeout.Message, p.queue.Name, c.namespace)})
		case err != nil:
			failed = append(failed, err)
		default:
			p.queue = now
			if err := o.tell(p); err != nil {
				return append(failed, err)
			}
		}
	}
	return failed
}

// cut to so many letters, for a field of the API.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
