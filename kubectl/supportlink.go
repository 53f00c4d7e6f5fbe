package kubectl

import (
	"context"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/access"
	"usher.chat/runtime/protocol"
)

// defaultLink is how long a support link works; mostFor is the longest.
const defaultLink = "30d"

// linkKinds are what a support link may lead to.
var linkKinds = [...]string{"queue", "team", "agent"}

type supportOptions struct {
	env     *env
	channel string
	to      string
	during  string
	until   string
	url     string
	output  dataFormat

	target protocol.Target
	length time.Duration
}

func (e *env) supportLinkCommand() *cobra.Command {
	o := &supportOptions{env: e}
	c := &cobra.Command{
		Use:   "support-link --channel CHANNEL --to queue/NAME|team/NAME|agent/NAME",
		Short: "Print a link, and a button, that leads customers to a queue, a team or an agent",
		Long: `Print a link that leads customers to a queue, a team or an agent, and the button for pages with the widget.
It works for everybody who has it, until its end, and only while what it leads to is there. To take links back
before, exchange the key in the Secret usher-sign-in with "kubectl usher rotate-keys" and --drop-old --now: that ends
all of them, and sign-in links too.

It is signed here with the key in the Secret usher-sign-in: whoever may read that secret may sign in as
anybody of the desk. The address is --url, else the Desk's spec.publicURL.`,
		Example: `  kubectl usher support-link --channel web --to agent/ana
  kubectl usher support-link --channel web --to team/tier2 --for 7d
  kubectl usher support-link --channel web --to queue/billing --until 2027-01-31 -o json`,
		Args:              cobra.ArbitraryArgs,
		RunE:              runs(o),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := c.Flags()
	f.StringVar(&o.channel, "channel", "", "the Channel by which customers come (required)")
	f.StringVar(&o.to, "to", "", "where the link leads: queue/NAME, team/NAME or agent/NAME (required)")
	f.StringVar(&o.during, "for", "", "how long it works, such as 7d; "+defaultLink+" when neither this nor --until is given")
	f.StringVar(&o.until, "until", "", "when it ends: 2027-01-31, \"fri 18:00\", RFC 3339; at most a year ahead")
	f.StringVar(&o.url, "url", "", "address of the desk, as customers' browsers find it")
	for _, name := range []string{"for", "until", "url"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	_ = c.RegisterFlagCompletionFunc("channel", e.completeFlag(e.completeChannels()))
	_ = c.RegisterFlagCompletionFunc("to", e.completeFlag(e.completeTargets()))
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *supportOptions) Complete(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("support-link takes no arguments; write --channel and --to")
	}
	return nil
}

// Validate what can be judged without a cluster.
func (o *supportOptions) Validate() (err error) {
	switch {
	case o.channel == "":
		return usagef("give the channel by which customers come, as --channel web")
	case o.to == "":
		return usagef("say where the link leads, as --to queue/NAME, --to team/NAME or --to agent/NAME")
	case o.until != "" && o.during != "":
		return usagef("give --until or --for, not both")
	}
	if o.channel, err = bare(o.channel, "channel"); err != nil {
		return usagef("--channel %v", err)
	}
	if o.target, err = targetOf(o.to); err != nil {
		return err
	}
	if o.until != "" { // a first look, in UTC
		if _, err := parseWhen(o.until, o.env.now(), time.UTC, ahead); err != nil {
			return usagef("--until %v", err)
		}
	} else {
		if o.during == "" {
			o.during = defaultLink
		}
		if o.length, err = parseFor(o.during); err != nil {
			return usagef("--for %v", err)
		}
	}
	if err := validateURL(o.url); err != nil {
		return err
	}
	return o.output.validate()
}

// targetOf reads queue/NAME, team/NAME or agent/NAME.
func targetOf(text string) (protocol.Target, error) {
	kind, _, _ := strings.Cut(text, "/")
	for _, known := range linkKinds {
		if !strings.HasPrefix(kind, known) {
			continue
		}
		if name, err := bare(text, known); err == nil && name != text && name != "" && !strings.Contains(name, "/") {
			return protocol.Target{Kind: known, Name: name}, nil
		}
	}
	return protocol.Target{}, usagef("--to %q: write queue/NAME, team/NAME or agent/NAME", clean(text))
}

// SupportLink is what support-link prints with -o json.
type SupportLink struct {
	Channel string          `json:"channel"`
	To      protocol.Target `json:"to"`
	URL     string          `json:"url"`
	Token   string          `json:"token"`
	Expires time.Time       `json:"expires"`
	// Button is for pages that have the widget.
	Button string `json:"button"`
}

// Run signs and prints.
func (o *supportOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	if err := c.hasChannel(ctx, o.channel); err != nil {
		return err
	}
	title, z, err := o.leads(ctx, c)
	if err != nil {
		return err
	}
	expires, err := o.end(z)
	if err != nil {
		return err
	}
	key, err := c.signInKey(ctx)
	if err != nil {
		return err
	}
	tokens := access.New(access.Options{Desk: c.namespace, Keys: access.Keys{SignIn: access.Ring{key}}, Now: o.env.now})
	token, err := tokens.IssueSupport(access.Support{Channel: o.channel, Kind: o.target.Kind, Name: o.target.Name, Expires: expires})
	if err != nil {
		return fmt.Errorf("could not sign the link: %w", err)
	}
	link := SupportLink{
		Channel: o.channel, To: o.target, URL: access.SupportURL(o.env.address(ctx, c, o.url), o.channel, token), Token: token, Expires: expires.UTC(),
	}
	link.Button = fmt.Sprintf(`<a href="%s" data-usher-open="%s" data-usher-to="%s">Ask %s</a>`,
		html.EscapeString(link.URL), html.EscapeString(o.channel), html.EscapeString(token), html.EscapeString(clean(title)))
	if o.output != "" {
		return o.output.print(o.env.Out, link)
	}
	_, err = fmt.Fprintf(o.env.Out, "%s\n\nIt works until %s. As a button on a page with the widget:\n\n%s\n", link.URL, z.full(expires), link.Button)
	return err
}

// end is when the link ends; whole seconds, as tokens have.
func (o *supportOptions) end(z zone) (time.Time, error) {
	now := o.env.now()
	if o.until == "" {
		return now.Add(o.length).Truncate(time.Second), nil
	}
	t, err := parseWhen(o.until, now, z.Location, ahead)
	switch {
	case err != nil:
		return time.Time{}, usagef("--until %v", err)
	case !t.After(now):
		return time.Time{}, usagef("--until %s has passed", o.until)
	case t.Sub(now) > mostFor:
		return time.Time{}, usagef("--until %s is too far; a link ends within a year", o.until)
	}
	return t.Truncate(time.Second), nil
}

// leads checks that what the link leads to is there, and gives its name for people and the zone of times.
func (o *supportOptions) leads(ctx context.Context, c *cluster) (title string, z zone, err error) {
	z = zone{Location: o.env.local, machine: true}
	name := o.target.Name
	switch o.target.Kind {
	case "queue":
		q, err := c.queue(ctx, name)
		if err != nil {
			return "", z, err
		}
		return first(q.Spec.DisplayName, name), c.zoneOf(ctx, q), nil
	case "team":
		teams, err := c.teams(ctx)
		if err != nil {
			return "", z, err
		}
		names := make([]string, len(teams))
		for i := range teams {
			if names[i] = teams[i].Name; names[i] != name {
				continue
			}
			if len(teams[i].Spec.Members) == 0 {
				return "", z, &advised{what: fmt.Sprintf("team %s of namespace %s has no members, so nobody would come; add some first", name, c.namespace)}
			}
			return first(teams[i].Spec.DisplayName, name), z, nil
		}
		slices.Sort(names)
		return "", z, &advised{what: fmt.Sprintf("team %s not found in namespace %s; there are: %s", name, c.namespace, list(names))}
	}
	agents, err := c.agents(ctx)
	if err != nil {
		return "", z, err
	}
	display, there := agents[name]
	if !there {
		return "", z, c.noAgent(name, agents)
	}
	return first(display, name), z, nil
}

// hasChannel tells whether there is a channel. A name that does not exist is told together with those that do.
func (c *cluster) hasChannel(ctx context.Context, name string) error {
	var ch v1alpha1.Channel
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &ch)
	if err == nil {
		return nil
	}
	if !apierrors.IsNotFound(err) || isNotInstalled(err) {
		return advise(err, fmt.Sprintf("read the channel %s in namespace %s", name, c.namespace))
	}
	what := fmt.Sprintf("channel %s not found in namespace %s", name, c.namespace)
	if names, bad := c.channels(ctx); bad == nil {
		what += "; there are: " + list(names)
	}
	return &advised{what: what, err: err}
}

func (c *cluster) channels(ctx context.Context) ([]string, error) {
	var all v1alpha1.ChannelList
	if err := c.List(ctx, &all, client.InNamespace(c.namespace)); err != nil {
		return nil, advise(err, "list the channels of namespace "+c.namespace)
	}
	names := make([]string, len(all.Items))
	for i := range all.Items {
		names[i] = all.Items[i].Name
	}
	slices.Sort(names)
	return names, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
