package kubectl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/settings"
)

// Bounds of --interval, and of the time between attempts to reach a runtime that is gone.
const (
	defaultInterval = time.Second
	leastInterval   = 200 * time.Millisecond
	mostInterval    = time.Hour
	firstRetry      = 500 * time.Millisecond
	lastRetry       = 10 * time.Second
)

type topOptions struct {
	env      *env
	interval time.Duration
	once     bool
	output   dataFormat
}

func (e *env) topCommand() *cobra.Command {
	o := &topOptions{env: e}
	c := &cobra.Command{
		Use:   "top",
		Short: "Show live figures of all queues",
		Long: `Show live figures of all queues, straight from the runtime, as they change.

On a terminal the figures fill the screen until Ctrl-C; otherwise a table is printed whenever something
changed. It needs to read the Secret usher-viewer and to forward a port to the runtime's pod.`,
		Example: `  kubectl usher top
  kubectl usher top --once
  kubectl usher top --once -o json`,
		Args:              cobra.ArbitraryArgs,
		RunE:              runs(o),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	c.Flags().DurationVar(&o.interval, "interval", defaultInterval, "least time between two tables")
	c.Flags().BoolVar(&o.once, "once", false, "print one table and end")
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *topOptions) Complete(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("top takes no arguments; \"status QUEUE\" tells of one queue")
	}
	return nil
}

// Validate what can be judged without a cluster.
func (o *topOptions) Validate() error {
	if o.interval < leastInterval || o.interval > mostInterval {
		return usagef("--interval %s: write %s to %s", o.interval, leastInterval, mostInterval)
	}
	if o.output == "yaml" && !o.once {
		return usagef("-o yaml goes with --once; a stream is -o json, a report a line")
	}
	return o.output.validate()
}

// Run shows figures until it is ended.
func (o *topOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	if o.once {
		return o.runOnce(ctx, c)
	}
	screen := o.newScreen(c.zonesOfQueues(ctx), c.namespace)
	defer screen.close()
	err = c.keepUp(ctx, func(ctx context.Context, runtime *controlClient) error {
		latest := make(chan settings.Report, 1)
		ended := make(chan error, 1)
		go func() {
			ended <- runtime.reports(ctx, func(r settings.Report) error {
				select { // the newest one replaces one that nobody took
				case <-latest:
				default:
				}
				latest <- r
				return nil
			})
		}()
		tick := time.NewTicker(o.interval)
		defer tick.Stop()
		next := latest // nil until the interval has passed
		for {
			var err error
			select {
			case r := <-next:
				next = nil
				err = screen.show(r)
			case <-tick.C:
				next = latest
				err = screen.again()
			case err := <-ended:
				return err
			}
			if err != nil {
				return &giveUp{err}
			}
		}
	}, screen.lost)
	if ctx.Err() != nil {
		return nil // Ctrl-C is how one leaves
	}
	return err
}

func (o *topOptions) runOnce(ctx context.Context, c *cluster) error {
	runtime, err := c.runtime(ctx)
	if err != nil {
		return err
	}
	defer runtime.Close()
	report, err := runtime.report(ctx)
	if err != nil {
		return err
	}
	if o.output != "" {
		return o.output.print(o.env.Out, report)
	}
	view := o.env.view()
	return view.print(view.live(c.namespace, report, c.zonesOfQueues(ctx)))
}

// zonesOfQueues are the zones by the name of the queue; without the right to read them, none.
func (c *cluster) zonesOfQueues(ctx context.Context) map[string]zone {
	zones := map[string]zone{}
	all, err := c.queues(ctx, false)
	if err != nil {
		return zones
	}
	schedules := c.zonesOf(ctx, false)
	for i := range all.Items {
		zones[all.Items[i].Name] = c.env.zoneIn(schedules, &all.Items[i])
	}
	return zones
}

// giveUp is an error that no new connection mends.
type giveUp struct{ err error }

func (e *giveUp) Error() string { return e.err.Error() }
func (e *giveUp) Unwrap() error { return e.err }

// keepUp connects to the runtime and lets use work with it, and connects anew when it was lost, as with
// every restart of the pod. What fails before it worked once is an error at once: then it is not a
// restart, but something to be told.
func (c *cluster) keepUp(ctx context.Context, use func(context.Context, *controlClient) error, lost func(error)) error {
	worked := false
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		runtime, err := c.runtime(ctx)
		if err == nil {
			began := time.Now()
			err = use(ctx, runtime)
			runtime.Close()
			if time.Since(began) > lastRetry {
				pause = firstRetry
			}
			var final *giveUp
			var no *refusal
			if err == nil || errors.As(err, &final) || errors.As(err, &no) && no.status < 500 {
				return err
			}
			worked = worked || runtime.answered.Load()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !worked {
			return err
		}
		lost(err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// live is a table of figures.
func (v view) live(desk string, r settings.Report, zones map[string]zone) string {
	names := make([]string, 0, len(r.Queues))
	open, waiting, served := 0, 0, 0
	for name, q := range r.Queues {
		names = append(names, name)
		waiting += q.Waiting
		served += q.InService
		if q.State == settings.QueueOpen {
			open++
		}
	}
	slices.Sort(names)
	t := table{columns: queueColumns(false)}
	for _, name := range names {
		z, known := zones[name]
		if !known {
			z = zone{Location: time.Local, machine: true}
		}
		t.rows = append(t.rows, v.liveRow(name, r.Queues[name], z))
	}
	var b strings.Builder
	head := fmt.Sprintf("desk %s · %d of %s open · %d waiting · %d served · %s",
		desk, open, count(len(names), "queue"), waiting, served, v.now.In(time.Local).Format("15:04:05"))
	b.WriteString(paint(v.color, bold, clip(head, v.most())) + "\n\n")
	t.write(&b, v.width, v.color)
	v.liveTeams(&b, r.Teams)
	return b.String()
}

// liveTeams are those in whose own queue somebody waits.
func (v view) liveTeams(b *strings.Builder, teams map[string]settings.TeamFigures) {
	t := table{columns: []column{{head: "TEAM"}, {head: "WAITING", right: true}, {head: "AGENTS", right: true}}}
	for _, name := range slices.Sorted(maps.Keys(teams)) {
		if f := teams[name]; f.Waiting > 0 {
			t.rows = append(t.rows, row{cells: []cell{{clean(name), plain}, {fmt.Sprint(f.Waiting), blue}, {fmt.Sprintf("%d/%d", f.Available, f.Online), plain}}})
		}
	}
	if len(t.rows) > 0 {
		b.WriteString("\n")
		t.write(b, v.width, v.color)
	}
}

func (v view) liveRow(name string, q settings.QueueFigures, z zone) row {
	n := func(i int) string { return fmt.Sprint(i) }
	waitingColor, longest, places, next := plain, "", "", ""
	if q.Waiting > 0 {
		waitingColor = blue
	}
	if q.FirstWaitingSince != nil {
		longest = longestWords(v.now.Sub(*q.FirstWaitingSince))
	}
	if q.PlacesLeft >= 0 {
		places = n(q.PlacesLeft)
	}
	if q.Next != nil {
		next = fmt.Sprintf("%s %s (%s)", strings.ToLower(string(q.Next.State)), z.short(q.Next.Time, v.now), z.abbreviation(q.Next.Time))
	}
	since := ""
	if !q.Since.IsZero() {
		since = z.short(q.Since, v.now)
	}
	r := row{cells: []cell{
		{clean(name), plain}, stateCell(v1alpha1.OpenState(q.State)), {causeWords(q.Cause), plain}, {since, plain},
		{n(q.Waiting), waitingColor}, {longest, plain}, {n(q.InService), plain}, {fmt.Sprintf("%d/%d", q.AgentsAvailable, q.AgentsOnline), plain},
		{places, plain}, {some(q.Inactive), plain}, {next, plain},
	}}
	if q.Alerted > 0 {
		r.notes = append(r.notes, cell{fmt.Sprintf("! %d waiting longer than a waiting rule says", q.Alerted), amber})
	}
	if q.Detail != "" {
		r.notes = append(r.notes, cell{clean(causeWords(q.Cause) + ": " + q.Detail), plain})
	}
	return r
}
