package kubectl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"usher.chat/runtime/protocol"
)

// erasedWithin is how long the runtime is waited for; it answers within a minute by itself.
const erasedWithin = 75 * time.Second

type eraseOptions struct {
	env     *env
	request protocol.EraseRequest
	yes     bool
	dryRun  bool
	output  dataFormat
}

func (e *env) eraseCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "erase",
		Short: "Remove a conversation, or all of a person, for good",
		Long: `Remove a conversation, or all conversations in which a person stated an address, for good.

What was written and what the customer said of itself is taken out of the ledger, the history and everybody's sight.
The log keeps its lines without it, and says who asked and why. Backups that were made before still have it: keep what
"erase list" prints outside of the desk, and after a restore give it to "erase again".`,
		Example: `  kubectl usher erase conversation c12 --reason "asked for on 2 March"
  kubectl usher erase person --email maria@example.org --end
  kubectl usher erase list > acme.erased
  kubectl usher erase again acme.erased`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(c, args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(e.eraseConversationCommand(), e.erasePersonCommand(), e.eraseListCommand(), e.eraseAgainCommand())
	return c
}

const eraseNeeds = `

It asks before it does anything, unless --yes says that it may. It needs to read the Secret usher-operator and to
forward a port to the runtime's pod.`

func (e *env) eraseConversationCommand() *cobra.Command {
	o := &eraseOptions{env: e}
	return o.command("conversation ID", "Remove one conversation for good",
		`Remove one conversation for good. The id stands behind the customer's name in the log.`+eraseNeeds,
		`  kubectl usher erase conversation c12 --reason "asked for on 2 March"
  kubectl usher erase conversation c12 --end --yes`)
}

func (e *env) erasePersonCommand() *cobra.Command {
	o := &eraseOptions{env: e}
	c := o.command("person", "Remove all conversations in which a person stated an address",
		`Remove all conversations, and contact forms, in which a person ever stated an e-mail address or a phone number, for
good. Case does not count in addresses, and what stands between the digits not in numbers. What others wrote about the
person in conversations of their own is not found by this.`+eraseNeeds,
		`  kubectl usher erase person --email maria@example.org
  kubectl usher erase person --phone "+358 40 1234567" --dry-run`)
	c.Flags().StringVar(&o.request.Email, "email", "", "the e-mail address")
	c.Flags().StringVar(&o.request.Phone, "phone", "", "the phone number")
	return c
}

func (o *eraseOptions) command(use, short, long, example string) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Long: long, Example: example, RunE: runs(o), ValidArgsFunction: cobra.NoFileCompletions}
	f := c.Flags()
	f.StringVar(&o.request.Reason, "reason", "", "why, for the log, where it stays: no personal data")
	f.StringVar(&o.request.By, "by", "", "who asks, for the log; whom the cluster takes you for when empty")
	f.BoolVar(&o.request.End, "end", false, "end conversations that go on; without it they are refused")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say which conversations it would be")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *eraseOptions) Complete(c *cobra.Command, args []string) error {
	if c.Name() == "person" {
		if len(args) > 0 {
			return usagef("name the person by --email or --phone, not as %q", clip(clean(args[0]), longestID))
		}
		return nil
	}
	id, err := one(c, args, "conversation", true)
	if err == nil {
		o.request.Conversation, err = bare(id, "conversation")
	}
	if err == nil {
		err = (&conversationOptions{id: o.request.Conversation}).Validate()
	}
	return err
}

// Validate what can be judged without a cluster.
func (o *eraseOptions) Validate() error {
	switch {
	case o.request.Conversation == "" && (o.request.Email == "") == (o.request.Phone == ""):
		return usagef("name the person by one of --email and --phone")
	case utf8.RuneCountInString(o.request.Reason) > mostReason:
		return usagef("--reason has %d letters; it may have %d", utf8.RuneCountInString(o.request.Reason), mostReason)
	case utf8.RuneCountInString(o.request.By) > mostBy:
		return usagef("--by has %d letters; it may have %d", utf8.RuneCountInString(o.request.By), mostBy)
	}
	return o.output.validate()
}

// Run looks what it would be, asks, and has it done.
func (o *eraseOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	if o.request.By == "" {
		o.request.By = cut(c.whoami(ctx), mostBy)
	}
	runtime, err := c.operator(ctx)
	if err != nil {
		return err
	}
	defer runtime.Close()
	look := o.request
	look.DryRun = true
	found, err := runtime.erase(ctx, look)
	if err != nil {
		return o.refused(c, err)
	}
	if o.dryRun {
		return o.tell(found, "would be erased (dry run)")
	}
	if !o.yes {
		if err := o.ask(found); err != nil {
			return err
		}
	}
	done, err := runtime.erase(ctx, o.request)
	if err != nil {
		return o.refused(c, err)
	}
	if !done.Done {
		return o.tell(done, "erased; the ledger is still being written anew, which goes on by itself")
	}
	return o.tell(done, "erased")
}

func (o *eraseOptions) refused(c *cluster, err error) error {
	var no *refusal
	switch {
	case errors.As(err, &no) && no.status == http.StatusConflict:
		return &advised{err: err, what: fmt.Sprintf("%s; nothing was erased. With --end it is ended first", no.message)}
	case errors.As(err, &no) && no.status == http.StatusNotFound:
		return &advised{err: err, what: fmt.Sprintf("%s in desk %s", no.message, c.namespace)}
	}
	return err
}

// ask for a yes in so many letters.
func (o *eraseOptions) ask(found protocol.Erasure) error {
	fmt.Fprintf(o.env.ErrOut, "%s will be erased for good: %s\nThere is no way back. Type yes to go on: ",
		count(len(found.Conversations), "conversation"), clip(strings.Join(found.Conversations, ", "), 200))
	line, err := bufio.NewReader(io.LimitReader(o.env.In, 100)).ReadString('\n')
	if strings.TrimSpace(line) != "yes" {
		if err != nil {
			return usagef("nobody said yes, and nothing was erased; --yes does not ask")
		}
		return usagef("nothing was erased")
	}
	return nil
}

func (o *eraseOptions) tell(e protocol.Erasure, what string) error {
	if o.output != "" {
		return o.output.print(o.env.Out, e)
	}
	return tellErased(o.env.Out, e.Conversations, what)
}

// tellErased prints what became of conversations, a line each.
func tellErased(out io.Writer, conversations []string, what string) error {
	for _, id := range conversations {
		if _, err := fmt.Fprintf(out, "conversation/%s %s\n", clean(id), what); err != nil {
			return err
		}
	}
	return nil
}

func (c *controlClient) erase(ctx context.Context, request protocol.EraseRequest) (e protocol.Erasure, err error) {
	err = c.erasing(ctx, "erasures", request, &e)
	return e, err
}

// erasing asks the runtime to erase, and waits for as long as its ledger may take.
func (c *controlClient) erasing(ctx context.Context, path string, request, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, erasedWithin)
	defer cancel()
	asked, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("could not ask the runtime: %w", err)
	}
	body, err := c.send(ctx, http.MethodPost, path, bytes.NewReader(asked))
	if err != nil {
		return err
	}
	defer shut(body)
	if err := json.NewDecoder(io.LimitReader(body, maxLine)).Decode(answer); err != nil {
		return c.lost(err)
	}
	return nil
}
