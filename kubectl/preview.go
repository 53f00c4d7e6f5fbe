package kubectl

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
)

// Bounds of a preview.
const (
	defaultPreview = 7 * 24 * time.Hour
	mostEntries    = 50_000
)

// Entry is one line of a preview: from time on the state is this, because of cause.
type Entry struct {
	Time  time.Time          `json:"time"`
	State v1alpha1.OpenState `json:"state"`
	Cause string             `json:"cause"`

	rule string
}

func entryOf(c calendar.Change) Entry {
	return Entry{Time: c.Time.UTC(), State: stateOf(c.Open), Cause: string(c.Cause), rule: c.Rule}
}

func (e Entry) row(z zone) row {
	cause := causeWords(e.Cause)
	if e.rule != "" {
		cause += ", " + clean(e.rule)
	}
	return row{cells: []cell{{z.full(e.Time), plain}, stateCell(e.State), {cause, plain}}}
}

func (e *env) scheduleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "schedule",
		Short: "Look at schedules",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(c, args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(e.previewCommand())
	return c
}

type previewOptions struct {
	env      *env
	name     string
	files    []string
	from, to string
	output   dataFormat
}

func (e *env) previewCommand() *cobra.Command {
	o := &previewOptions{env: e}
	c := &cobra.Command{
		Use:   "preview [NAME]",
		Short: "List when a schedule opens and closes between two moments",
		Long: `List when a schedule opens and closes between two moments, holidays and exceptions included.

The first entry is the state at --from, the others are the changes after it and before --to. With -o json it
is a list of {time, state, cause}, the times in UTC. No override of a queue is taken into account: that is
what "explain" does.

With -f the Schedule and the ConfigMap of its holidays come from files, and no cluster is asked.`,
		Example: `  kubectl usher schedule preview office
  kubectl usher schedule preview -f schedule.yaml -f holidays.yaml --from 2026-12-21 --to 2027-01-07
  kubectl kustomize config/samples | kubectl usher schedule preview -f - --from 2026-12-24 --to 2027-01-01 -o json`,
		RunE:              runs(o),
		ValidArgsFunction: e.completeSchedules(1),
	}
	f := c.Flags()
	f.StringSliceVarP(&o.files, "filename", "f", nil, "files or folders with the Schedule and the ConfigMap of its holidays; - is the standard input")
	f.StringVar(&o.from, "from", "", "first moment, included: 2026-12-24, 2026-12-24T10:00, RFC 3339; in the schedule's zone unless it names one; now when empty")
	f.StringVar(&o.to, "to", "", "last moment, not included; a week after --from when empty")
	for _, name := range []string{"from", "to"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *previewOptions) Complete(c *cobra.Command, args []string) error {
	name, err := one(c, args, "schedule", false)
	if err == nil {
		o.name, err = bare(name, "schedule")
	}
	return err
}

// Validate what can be judged without a schedule.
func (o *previewOptions) Validate() error {
	if _, _, err := o.window(time.UTC); err != nil {
		return err
	}
	return o.output.validate()
}

// window of the preview, in the schedule's zone.
func (o *previewOptions) window(zone *time.Location) (from, to time.Time, err error) {
	now := o.env.now()
	from = now.Truncate(time.Second)
	if o.from != "" {
		if from, err = parseWhen(o.from, now, zone, nearest); err != nil {
			return from, to, usagef("--from %v", err)
		}
	}
	to = from.Add(defaultPreview)
	if o.to != "" {
		if to, err = parseWhen(o.to, now, zone, nearest); err != nil {
			return from, to, usagef("--to %v", err)
		}
	}
	switch {
	case !to.After(from):
		return from, to, usagef("--to must be after --from: %s is not after %s", to.In(zone).Format(time.RFC3339), from.In(zone).Format(time.RFC3339))
	case to.UTC().Year()-from.UTC().Year() >= mostYears-2:
		return from, to, usagef("a preview spans at most %d years", mostYears-3)
	}
	return from, to, nil
}

// Run previews.
func (o *previewOptions) Run(ctx context.Context) error {
	source, err := o.env.source(o.files)
	if err != nil {
		return err
	}
	s, err := source.schedule(ctx, o.name)
	if err != nil {
		return err
	}
	z := o.env.zoneNamed(s.Spec.TimeZone)
	from, to, err := o.window(z.Location)
	if err != nil {
		return err
	}
	compiled, err := hours(ctx, source, s, years{from.UTC().Year(), to.UTC().Year()}, o.env.warn)
	if err != nil {
		return err
	}
	z = zone{Location: compiled.Zone()}
	entries, err := preview(compiled, from, to)
	if err != nil {
		return err
	}
	if o.output != "" {
		return o.output.print(o.env.Out, entries)
	}
	view := o.env.view()
	return view.print(view.preview(s.Name, entries, from, to, z))
}

// preview of a calendar: the state at from, then the changes until to.
func preview(c *calendar.Compiled, from, to time.Time) ([]Entry, error) {
	at := c.At(from)
	entries := []Entry{{Time: from.UTC(), State: stateOf(at.Open), Cause: string(at.Cause), rule: at.Rule}}
	// A change at from itself is what the first entry says already.
	changes := c.Changes(from.Add(1), to, mostEntries)
	if len(changes) == mostEntries {
		return nil, usagef("there are more than %d changes between --from and --to; choose a shorter time", mostEntries)
	}
	for _, change := range changes {
		entries = append(entries, entryOf(change))
	}
	return entries, nil
}

func (v view) preview(name string, entries []Entry, from, to time.Time, z zone) string {
	var b strings.Builder
	fmt.Fprintf(&b, "schedule/%s from %s to %s, %s\n\n", name, z.full(from), z.full(to), z)
	t := table{columns: []column{{head: "TIME"}, {head: "STATE"}, {head: "CAUSE"}}}
	for _, e := range entries {
		t.rows = append(t.rows, e.row(z))
	}
	t.write(&b, v.width, v.color)
	return b.String()
}
