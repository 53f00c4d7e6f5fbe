package kubectl

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
)

// nextChanges is how many changes explain tells ahead.
const nextChanges = 3

type explainOptions struct {
	env    *env
	name   string
	kind   string // queue or schedule
	at     string
	files  []string
	output dataFormat
}

func (e *env) explainCommand() *cobra.Command {
	o := &explainOptions{env: e}
	c := o.command()
	c.Use = "explain QUEUE | schedule/NAME"
	c.Long += `

With "conversation" it tells each decision about a conversation instead; a queue of that name is explained by
"explain queue conversation".`
	c.Example += `
  kubectl usher explain conversation c12`
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 && (strings.HasPrefix(args[0], "conversation/") || strings.HasPrefix(args[0], "conversations/")) {
			return runs(&conversationOptions{env: e, output: o.output})(c, args)
		}
		return runs(o)(c, args)
	}
	queue := &explainOptions{env: e}
	named := queue.command()
	named.Use = "queue QUEUE"
	c.AddCommand(named, e.explainConversationCommand())
	return c
}

// command is explain, and explain queue: the same, for a queue that is called as a command is.
func (o *explainOptions) command() *cobra.Command {
	e := o.env
	c := &cobra.Command{
		Short: "Tell whether a queue is open at a time, step by step why, and what changes next",
		Long: `Tell whether a queue is open at a time, step by step why, and what changes next: by its override, its
Schedule and the holidays that the Schedule names.

It is computed here, from the resources of the cluster or of files; with files no cluster is asked. A time
without a zone is in the schedule's.`,
		Example: `  kubectl usher explain support
  kubectl usher explain support --at 2026-12-24T10:00
  kubectl usher explain schedule/office --at "fri 23:00"
  kubectl kustomize config/samples | kubectl usher explain support -f - --at 2026-12-24T10:00`,
		RunE:              runs(o),
		ValidArgsFunction: e.completeQueues(1),
	}
	c.Flags().StringVar(&o.at, "at", "", "the moment: 2026-12-24T10:00, 18:00, \"tomorrow 08:00\", RFC 3339; now when empty")
	c.Flags().StringSliceVarP(&o.files, "filename", "f", nil, "files or folders with the Queue, its Schedule and the ConfigMap of its holidays; - is the standard input")
	_ = c.RegisterFlagCompletionFunc("at", cobra.NoFileCompletions)
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *explainOptions) Complete(c *cobra.Command, args []string) error {
	name, err := one(c, args, "queue", len(o.files) == 0)
	if err != nil {
		return err
	}
	o.kind = "queue"
	if strings.HasPrefix(name, "schedule") && strings.Contains(name, "/") {
		o.kind = "schedule"
	}
	o.name, err = bare(name, o.kind)
	return err
}

// Validate what can be judged without a cluster.
func (o *explainOptions) Validate() error {
	if o.at != "" {
		if _, err := parseWhen(o.at, o.env.now(), time.UTC, nearest); err != nil {
			return usagef("--at %v", err)
		}
	}
	return o.output.validate()
}

// Explanation is what explain prints with -o json.
type Explanation struct {
	Queue    string             `json:"queue,omitempty"`
	Schedule string             `json:"schedule,omitempty"`
	TimeZone string             `json:"timeZone"`
	At       time.Time          `json:"at"`
	State    v1alpha1.OpenState `json:"state"`
	Cause    string             `json:"cause"`
	// Rule names the period, exception or holiday that decided, or an override's reason.
	Rule string `json:"rule,omitempty"`
	// Since is absent with an override, which does not tell when it was made.
	Since time.Time `json:"since,omitzero"`
	// Steps are the whole precedence, in its order; one applies.
	Steps []calendar.Step `json:"steps"`
	// Next are the next three changes.
	Next []Entry `json:"next"`
}

// Run explains.
func (o *explainOptions) Run(ctx context.Context) error {
	from, err := o.env.source(o.files)
	if err != nil {
		return err
	}
	var queue *v1alpha1.Queue
	var schedule *v1alpha1.Schedule
	if d, ok := from.(*documents); ok && o.name == "" && len(d.queues) == 0 || o.kind == "schedule" {
		schedule, err = from.schedule(ctx, o.name)
	} else if queue, err = from.queue(ctx, o.name); err == nil && queue.Spec.ScheduleRef != nil {
		schedule, err = from.schedule(ctx, queue.Spec.ScheduleRef.Name)
	}
	if err != nil {
		return err
	}
	x, z, err := o.explain(ctx, from, queue, schedule)
	if err != nil {
		return err
	}
	if o.output != "" {
		return o.output.print(o.env.Out, x)
	}
	view := o.env.view()
	return view.print(view.explanation(x, z))
}

// source is the files, if there are any, else the cluster.
func (e *env) source(files []string) (source, error) {
	if len(files) > 0 {
		return readFiles(files, e.In)
	}
	return e.connect()
}

func (o *explainOptions) explain(ctx context.Context, from source, q *v1alpha1.Queue, s *v1alpha1.Schedule) (Explanation, zone, error) {
	now := o.env.now()
	z := zone{Location: o.env.local, machine: true}
	if s != nil {
		z = o.env.zoneNamed(s.Spec.TimeZone)
	}
	at := now
	if o.at != "" {
		var err error
		if at, err = parseWhen(o.at, now, z.Location, nearest); err != nil {
			return Explanation{}, z, usagef("--at %v", err)
		}
	}
	x := Explanation{At: at.In(z.Location), TimeZone: z.String()}
	var compiled *calendar.Compiled
	if s != nil {
		x.Schedule = s.Name
		var err error
		y := years{at.Year(), at.Add(calendar.Horizon).Year()}
		if compiled, err = hours(ctx, from, s, y, o.env.warn); err != nil {
			return Explanation{}, z, err
		}
		z = zone{Location: compiled.Zone()}
	}
	var override *calendar.Override
	if q != nil {
		x.Queue, override = q.Name, compile.Override(q)
	}
	answer := calendar.Resolve(compiled, override, at)
	x.State, x.Cause, x.Rule, x.Since = stateOf(answer.Open), string(answer.Cause), answer.Rule, answer.Since
	x.Steps = calendar.Explain(compiled, override, at)
	x.Next = []Entry{}
	for _, change := range calendar.ChangesWith(compiled, override, at.Add(1), at.Add(calendar.Horizon), nextChanges) {
		x.Next = append(x.Next, entryOf(change))
	}
	return x, z, nil
}

func (e *env) warn(text string) { fmt.Fprintln(e.ErrOut, "warning:", text) }

func stateOf(open bool) v1alpha1.OpenState {
	if open {
		return v1alpha1.StateOpen
	}
	return v1alpha1.StateClosed
}

// explanation in words.
func (v view) explanation(x Explanation, z zone) string {
	var b strings.Builder
	subject := "schedule/" + x.Schedule
	if x.Queue != "" {
		subject = "queue/" + x.Queue
	}
	where := z.String()
	if z.machine {
		where = "this machine's time"
	}
	fmt.Fprintf(&b, "%s is %s on %s, %s\n", subject, paint(v.color, stateCell(x.State).color, stateWord(x.State)), z.full(x.At), where)
	b.WriteString(because(x) + "\n")
	if !x.Since.IsZero() {
		fmt.Fprintf(&b, "%s since %s\n", stateWord(x.State), z.full(x.Since))
	}
	b.WriteString("\nIn the order of precedence, the first that applies decides:\n")
	for i, step := range x.Steps {
		mark, tint := " ", faint
		if step.Applies {
			mark, tint = ">", bold
		}
		const indent = 24
		for n, text := range wrap(clean(step.Detail), v.width, indent) {
			head := ""
			if n == 0 {
				head = fmt.Sprintf("%s %d %s", mark, i+1, levelWords(step.Level))
			}
			b.WriteString(paint(v.color, tint, fmt.Sprintf("%-*s%s", indent, head, strings.TrimLeft(text, " "))) + "\n")
		}
	}
	if len(x.Next) == 0 {
		b.WriteString("\nNothing changes by itself within two years.\n")
		return b.String()
	}
	b.WriteString("\nNext changes:\n")
	t := table{columns: []column{{head: "TIME"}, {head: "STATE"}, {head: "CAUSE"}}}
	for _, e := range x.Next {
		t.rows = append(t.rows, e.row(z))
	}
	t.write(&b, v.width, v.color)
	return b.String()
}

// because is why, in one line.
func because(x Explanation) string {
	rule := clean(x.Rule)
	switch calendar.Cause(x.Cause) {
	case calendar.CauseAlwaysOpen:
		return "because it has no schedule, and so is always open"
	case calendar.CauseSuspended:
		return "because the schedule is suspended"
	case calendar.CauseOverride:
		why := "because somebody " + map[bool]string{true: "opened", false: "closed"}[x.State == v1alpha1.StateOpen] + " it by hand"
		if rule != "" {
			why += ": " + rule
		}
		return why
	case calendar.CauseSchedule:
		if rule == "" {
			return "because no weekly period covers that time"
		}
		return "because of the weekly period " + rule
	case calendar.CauseException, calendar.CauseHoliday:
		return fmt.Sprintf("because of the %s %q", causeWords(x.Cause), rule)
	}
	return "because of " + clean(x.Cause)
}

func levelWords(level calendar.Cause) string {
	switch level {
	case calendar.CauseOverride:
		return "override"
	case calendar.CauseSuspended:
		return "schedule suspended"
	case calendar.CauseException:
		return "exception"
	case calendar.CauseHoliday:
		return "holiday"
	case calendar.CauseSchedule:
		return "weekly periods"
	case calendar.CauseAlwaysOpen:
		return "always open"
	}
	return string(level)
}
