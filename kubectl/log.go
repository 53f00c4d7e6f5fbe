package kubectl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/protocol"
)

// Bounds of log.
const (
	defaultLimit = 50
	mostLimit    = 1_000_000
	followEvery  = time.Second
)

// logTypes are the kinds of lines, as the runtime names them.
var logTypes = [...]string{
	"opened", "closed", "joined", "offered", "picked", "returned", "left", "ended", "override", "settings", "entered", "exited",
	"transferred", "moved", "alerted", "passed", "invited", "uninvited", "inactive", "revived", "contact", "keysLocked", "erased",
}

type logOptions struct {
	env    *env
	queue  string
	follow bool
	since  string
	limit  int
	types  []string
	output dataFormat

	limited bool // --limit was given
}

func (e *env) logCommand() *cobra.Command {
	o := &logOptions{env: e}
	c := &cobra.Command{
		Use:   "log [QUEUE]",
		Short: "Print a queue's activity log: what happened, by whom, why, under which settings",
		Long: `Print a queue's activity log, the oldest line first: opened and closed (by whom or by what, why, until
when), customers who joined, were picked, handed on, left, and so on. Behind a customer's name stands the
conversation, for "explain conversation"; [7] at the end of a line is the generation of the Queue that was in
force. Without a queue it is the desk's own log, of what belongs to no queue.

Times are in the zone of the queue's schedule. It needs to read the Secret usher-viewer and to forward a port
to the runtime's pod.`,
		Example: `  kubectl usher log support
  kubectl usher log support --since 2h
  kubectl usher log support --type opened,closed,override --follow
  kubectl usher log support --since "mon 08:00" -o json`,
		RunE:              runs(o),
		ValidArgsFunction: e.completeQueues(1),
	}
	f := c.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what happens from now")
	f.StringVar(&o.since, "since", "", "only what happened in this time (2h, 3d) or from this moment on (08:00, \"yesterday 08:00\", RFC 3339)")
	f.IntVar(&o.limit, "limit", defaultLimit, "at most so many lines, the last; 0 for all (default with --since)")
	f.StringSliceVar(&o.types, "type", nil, "only these: "+strings.Join(logTypes[:], ", "))
	_ = c.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(logTypes[:], cobra.ShellCompDirectiveNoFileComp))
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *logOptions) Complete(c *cobra.Command, args []string) error {
	name, err := one(c, args, "queue", false)
	if err == nil {
		o.queue, err = bare(name, "queue")
	}
	if err == nil && len(args) == 1 && o.queue == "" {
		err = usagef("a queue's name is empty; leave it out for the desk's own log")
	}
	o.limited = c.Flags().Changed("limit")
	return err
}

// Validate what can be judged without a cluster.
func (o *logOptions) Validate() error {
	if o.limit < 0 || o.limit > mostLimit {
		return usagef("--limit %d: write 0 to %d", o.limit, mostLimit)
	}
	for _, t := range o.types {
		if !slices.Contains(logTypes[:], t) {
			return usagef("--type %s: there are %s", t, list(logTypes[:]))
		}
	}
	if o.follow && o.output == "yaml" {
		return usagef("-o yaml does not go with --follow; write -o json, an entry a line")
	}
	if o.since != "" {
		if _, err := o.from(zone{Location: time.UTC}); err != nil {
			return err
		}
	}
	return o.output.validate()
}

// from is the beginning by --since; zero without it.
func (o *logOptions) from(z zone) (time.Time, error) {
	if o.since == "" {
		return time.Time{}, nil
	}
	now := o.env.now()
	if d, err := parseFor(o.since); err == nil {
		return now.Add(-d), nil
	}
	t, err := parseWhen(o.since, now, z.Location, back)
	if err != nil {
		return time.Time{}, usagef("--since %v; or a length of time, such as 2h or 3d", err)
	}
	if t.After(now) {
		return time.Time{}, usagef("--since %s is still to come", o.since)
	}
	return t, nil
}

// Run prints the log.
func (o *logOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	z := zone{Location: o.env.local, machine: true}
	// A queue that was deleted has a log still, so only the runtime says whether there is one.
	var missing error
	if o.queue != "" {
		var q *v1alpha1.Queue
		if q, missing = c.queue(ctx, o.queue); missing == nil {
			z = c.zoneOf(ctx, q)
		}
	}
	from, err := o.from(z)
	if err != nil {
		return err
	}
	p := &logPrinter{o: o, view: o.env.view(), zone: z}
	if !o.follow {
		runtime, err := c.runtime(ctx)
		if err != nil {
			return err
		}
		defer runtime.Close()
		entries, _, err := o.collect(ctx, runtime, from)
		if err != nil {
			return told(err, missing)
		}
		return p.print(entries)
	}
	begun := false
	err = c.keepUp(ctx, func(ctx context.Context, runtime *controlClient) error {
		if !begun {
			entries, last, err := o.collect(ctx, runtime, from)
			if err != nil {
				return told(err, missing)
			}
			begun, p.last = true, last
			if err := p.print(entries); err != nil {
				return &giveUp{err}
			}
		}
		return o.goOn(ctx, runtime, p)
	}, func(err error) { fmt.Fprintf(o.env.ErrOut, "%v; trying again\n", err) })
	if ctx.Err() != nil {
		return nil // Ctrl-C is how one leaves
	}
	return err
}

// told answers with the names that there are, when the runtime knows none of this name either.
func told(err, missing error) error {
	if no, ok := err.(*refusal); ok && no.status == 404 && missing != nil { //nolint:errorlint // as get returns it
		return &giveUp{missing}
	}
	return err
}

// collect reads pages back to the beginning that is wanted. The entries are the oldest first; last is the
// newest sequence of the queue, wanted or not.
func (o *logOptions) collect(ctx context.Context, runtime *controlClient, from time.Time) (entries []protocol.LogEntry, last uint64, err error) {
	limit := o.limit
	if !from.IsZero() && !o.limited {
		limit = 0
	}
	for before := uint64(0); ; {
		ask := maxPage
		if limit > 0 && len(o.types) == 0 {
			ask = min(ask, limit-len(entries))
		}
		page, err := runtime.log(ctx, o.queue, before, ask)
		if err != nil {
			return nil, 0, err
		}
		for _, e := range page.Entries {
			last = max(last, e.Seq)
			if !from.IsZero() && time.UnixMilli(e.At).Before(from) {
				page.Before = 0
				break
			}
			if o.wants(e) {
				entries = append(entries, e)
			}
			if limit > 0 && len(entries) == limit {
				page.Before = 0
				break
			}
		}
		if page.Before == 0 {
			slices.Reverse(entries)
			return entries, last, nil
		}
		before = page.Before
	}
}

func (o *logOptions) wants(e protocol.LogEntry) bool {
	return len(o.types) == 0 || slices.Contains(o.types, e.Type)
}

// goOn prints what comes after the last line.
func (o *logOptions) goOn(ctx context.Context, runtime *controlClient, p *logPrinter) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		fresh, err := o.after(ctx, runtime, p.last)
		if err != nil {
			return err
		}
		if len(fresh) == 0 {
			continue
		}
		p.last = fresh[len(fresh)-1].Seq
		if err := p.print(slices.DeleteFunc(fresh, func(e protocol.LogEntry) bool { return !o.wants(e) })); err != nil {
			return &giveUp{err}
		}
	}
}

// after are the entries after a sequence, the oldest first.
func (o *logOptions) after(ctx context.Context, runtime *controlClient, seq uint64) ([]protocol.LogEntry, error) {
	var fresh []protocol.LogEntry
	for before, ask := uint64(0), 20; ; ask = maxPage {
		page, err := runtime.log(ctx, o.queue, before, ask)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			if e.Seq <= seq {
				page.Before = 0
				break
			}
			fresh = append(fresh, e)
		}
		if page.Before == 0 {
			slices.Reverse(fresh)
			return fresh, nil
		}
		before = page.Before
	}
}

// logPrinter prints entries in the order in which they happened.
type logPrinter struct {
	o    *logOptions
	view view
	zone zone
	last uint64
}

func (p *logPrinter) print(entries []protocol.LogEntry) error {
	out := p.o.env.Out
	switch {
	case p.o.output != "" && !p.o.follow:
		if entries == nil {
			entries = []protocol.LogEntry{}
		}
		return p.o.output.print(out, entries)
	case p.o.output != "":
		lines := json.NewEncoder(out)
		for _, e := range entries {
			if err := lines.Encode(e); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(p.view.logLine(e, p.zone) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}
