package kubectl

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/access"
)

// Bounds of --valid.
const (
	defaultValid = 15 * time.Minute
	leastValid   = time.Minute
	mostValid    = 24 * time.Hour
)

type linkOptions struct {
	env    *env
	agent  string
	valid  time.Duration
	url    string
	output dataFormat
}

func (e *env) signInLinkCommand() *cobra.Command {
	o := &linkOptions{env: e}
	c := &cobra.Command{
		Use:   "sign-in-link AGENT",
		Short: "Print a link with which an agent signs in, once",
		Long: `Print a link with which an agent signs in to the console. It works once, and for a short time; whoever
has it is the agent, so send it in private.

It is signed here with the key in the Secret usher-sign-in: whoever may read that secret may sign in as
anybody of the desk. The address is --url, else the Desk's spec.publicURL, else the Service's name in the
cluster, which a browser outside does not find.`,
		Example: `  kubectl usher sign-in-link ana
  kubectl usher sign-in-link ana --valid 5m --url https://care.acme.example`,
		RunE:              runs(o),
		ValidArgsFunction: e.completeAgents(1),
	}
	f := c.Flags()
	f.DurationVar(&o.valid, "valid", defaultValid, "how long the link works, 1m to 24h")
	f.StringVar(&o.url, "url", "", "address of the desk, as the agent's browser finds it")
	for _, name := range []string{"valid", "url"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *linkOptions) Complete(c *cobra.Command, args []string) (err error) {
	o.agent, err = one(c, args, "agent", true)
	return err
}

// Validate what can be judged without a cluster.
func (o *linkOptions) Validate() error {
	if o.valid < leastValid || o.valid > mostValid {
		return usagef("--valid %s: write %s to %s", o.valid, leastValid, mostValid)
	}
	if err := validateURL(o.url); err != nil {
		return err
	}
	return o.output.validate()
}

// validateURL tells whether --url is the address of a desk; empty is for not given.
func validateURL(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return usagef("--url %s: write scheme and host, such as https://care.acme.example", address)
	}
	return nil
}

// Link is what sign-in-link prints with -o json.
type Link struct {
	Agent   string    `json:"agent"`
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// Run signs and prints.
func (o *linkOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	agents, err := c.agents(ctx)
	if err != nil {
		return err
	}
	if _, there := agents[o.agent]; !there {
		return c.noAgent(o.agent, agents)
	}
	key, err := c.signInKey(ctx)
	if err != nil {
		return err
	}
	now := o.env.now()
	expires := now.Add(o.valid).Truncate(time.Second)
	tokens := access.New(access.Options{Desk: c.namespace, Keys: access.Keys{SignIn: access.Ring{key}}, Now: o.env.now})
	token, err := tokens.IssueLink(o.agent, access.NewID(rand.Reader), expires)
	if err != nil {
		return fmt.Errorf("could not sign the link: %w", err)
	}
	link := Link{Agent: o.agent, URL: access.SignInURL(o.env.address(ctx, c, o.url), token), Expires: expires.UTC()}
	if o.output != "" {
		return o.output.print(o.env.Out, link)
	}
	_, err = fmt.Fprintln(o.env.Out, link.URL)
	return err
}

// noAgent is for a name that no team has.
func (c *cluster) noAgent(name string, agents agents) error {
	if len(agents) == 0 {
		return &advised{what: fmt.Sprintf("no Team in namespace %s has members; add %s to one", c.namespace, name)}
	}
	return &advised{what: fmt.Sprintf("%s is in no Team of namespace %s; there are: %s", name, c.namespace, list(agents.names()))}
}

// address of the desk: as given, else as the Desk has it, else inside the cluster.
func (e *env) address(ctx context.Context, c *cluster, given string) string {
	if given != "" {
		return given
	}
	if desk := c.desk(ctx); desk != nil {
		if desk.Spec.PublicURL != "" {
			return desk.Spec.PublicURL
		}
	}
	inside := fmt.Sprintf("http://usher.%s.svc", c.namespace)
	e.warn(fmt.Sprintf("the Desk has no spec.publicURL, so the link leads to %s, which only the cluster finds; give --url", inside))
	return inside
}

// agents are the members of the teams of a namespace, with the names by which people know them.
type agents map[string]string

func (a agents) names() []string {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *cluster) agents(ctx context.Context) (agents, error) {
	teams, err := c.teams(ctx)
	if err != nil {
		return nil, err
	}
	all := agents{}
	for i := range teams {
		for _, m := range teams[i].Spec.Members {
			all[m.Name] = first(m.DisplayName, all[m.Name])
		}
	}
	return all, nil
}

func (c *cluster) teams(ctx context.Context) ([]v1alpha1.Team, error) {
	var teams v1alpha1.TeamList
	if err := c.List(ctx, &teams, client.InNamespace(c.namespace)); err != nil {
		return nil, advise(err, "read the teams of namespace "+c.namespace)
	}
	return teams.Items, nil
}

func (c *cluster) signInKey(ctx context.Context) (access.Key, error) {
	var secret corev1.Secret
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: secretSignIn}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return access.Key{}, &advised{err: err, what: fmt.Sprintf(
			"there is no Secret %s in namespace %s: the operator makes it when the namespace has its first Queue; see whether there is one, and whether the operator runs", secretSignIn, c.namespace)}
	case apierrors.IsForbidden(err):
		return access.Key{}, &advised{err: err, what: fmt.Sprintf(
			"you may not read the Secret %s in namespace %s, with which sign-in links are signed; ask somebody who may for the link, or for \"get\" on that secret", secretSignIn, c.namespace)}
	case err != nil:
		return access.Key{}, advise(err, "read the Secret "+secretSignIn)
	}
	key, err := access.NewKey(secret.Data[keySignIn])
	if err != nil {
		return access.Key{}, fmt.Errorf("the Secret %s holds no usable key under %q: %w", secretSignIn, keySignIn, err)
	}
	return key, nil
}
