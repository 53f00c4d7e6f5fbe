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
	"net/url"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"usher.chat/runtime/protocol"
)

// erasedAtOnce is how many conversations one request erases again.
const erasedAtOnce = 1000

type eraseListOptions struct{ env *env }

func (e *env) eraseListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List what was erased, to keep it outside of the desk",
		Long: `List the conversations that were erased, a JSON object a line, for "kubectl usher erase again": after a restore of a
backup, what was erased since is there again, and only such a list from outside knows of it. Keep one that is newer than
the last erasure, elsewhere than the desk. It has ids, times and who asked; nothing of what was erased.

Rights: get on the Secret usher-viewer, create on pods/portforward.`,
		Example:           `  kubectl usher erase list -n acme > acme.erased`,
		RunE:              runs(&eraseListOptions{env: e}),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

// Complete reads the arguments.
func (o *eraseListOptions) Complete(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("erase list takes no argument, but got %q", clip(clean(args[0]), longestID))
	}
	return nil
}

// Validate what can be judged without a cluster.
func (o *eraseListOptions) Validate() error { return nil }

// Run prints the list, part by part.
func (o *eraseListOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	runtime, err := c.runtime(ctx)
	if err != nil {
		return err
	}
	defer runtime.Close()
	out := json.NewEncoder(o.env.Out)
	for after, more := uint64(0), true; more; more = after > 0 {
		var page protocol.ErasedPage
		body, err := runtime.get(ctx, "erasures", url.Values{"after": {strconv.FormatUint(after, 10)}})
		if err != nil {
			return err
		}
		err = json.NewDecoder(io.LimitReader(body, maxLine)).Decode(&page)
		shut(body)
		if err != nil {
			return runtime.lost(err)
		}
		for _, one := range page.Erased {
			if err := out.Encode(one); err != nil {
				return err
			}
		}
		after = page.Next
	}
	return nil
}

type eraseAgainOptions struct {
	env     *env
	file    string
	request protocol.EraseAgainRequest
	yes     bool
	dryRun  bool

	list []protocol.ErasedConversation
}

func (e *env) eraseAgainCommand() *cobra.Command {
	o := &eraseAgainOptions{env: e}
	c := &cobra.Command{
		Use:   "again FILE",
		Short: "Erase what a restored backup brought back",
		Long: `Erase what is on a list of "kubectl usher erase list" and has come back with a restored backup. Conversations that go
on in the backup are ended. One that only bears the id of one on the list, as those that began after the restore may, is
left alone: they are told apart by where and when they began. Broken off, run it again. FILE - is the standard input.` + eraseNeeds,
		Example: `  kubectl usher erase again acme.erased -n acme
  kubectl usher erase again acme.erased --dry-run`,
		RunE: runs(o),
	}
	f := c.Flags()
	f.StringVar(&o.request.Reason, "reason", "erased before the restore of a backup", "why, for the log, where it stays: no personal data")
	f.StringVar(&o.request.By, "by", "", "who asks, for the log; whom the cluster takes you for when empty")
	f.BoolVar(&o.dryRun, "dry-run", false, "only say which conversations it would be")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

// Complete reads the arguments.
func (o *eraseAgainOptions) Complete(c *cobra.Command, args []string) (err error) {
	o.file, err = one(c, args, "file", true)
	return err
}

// Validate what can be judged without a cluster: the whole list.
func (o *eraseAgainOptions) Validate() error {
	switch {
	case utf8.RuneCountInString(o.request.Reason) > mostReason:
		return usagef("--reason has %d letters; it may have %d", utf8.RuneCountInString(o.request.Reason), mostReason)
	case utf8.RuneCountInString(o.request.By) > mostBy:
		return usagef("--by has %d letters; it may have %d", utf8.RuneCountInString(o.request.By), mostBy)
	case o.file == "-" && !o.yes && !o.dryRun:
		return usagef("the list comes from where the answer would: add --yes")
	}
	in := o.env.In
	if o.file != "-" {
		file, err := os.Open(o.file)
		if err != nil {
			return usagef("%v", err)
		}
		defer shut(file)
		in = file
	}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var one protocol.ErasedConversation
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil || one.Conversation == "" || one.Began == 0 || one.BeganAt == 0 {
			return usagef("%s: line %d is none of \"kubectl usher erase list\"", o.file, n)
		}
		o.list = append(o.list, one)
	}
	if err := lines.Err(); err != nil {
		return usagef("%s: %v", o.file, err)
	}
	return nil
}

// Run looks what it would be, asks, and has it done.
func (o *eraseAgainOptions) Run(ctx context.Context) error {
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
	found, err := o.all(ctx, c, runtime, o.list, true)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.env.ErrOut, "of %s on the list %d are here, %d were erased already, and %d are not in this desk\n",
		count(len(o.list), "conversation"), len(found.Conversations), len(found.Before), len(found.Absent))
	if o.dryRun {
		return o.tell(found, "would be erased (dry run)")
	}
	if len(found.Conversations) > 0 && !o.yes {
		ask := eraseOptions{env: o.env}
		if err := ask.ask(protocol.Erasure{Conversations: found.Conversations}); err != nil {
			return err
		}
	}
	// Also when all of it was erased already: it may not be written anew yet.
	done, err := o.all(ctx, c, runtime, o.list, false)
	if err != nil {
		return err
	}
	if !done.Done {
		return o.tell(done, "erased; the ledger is still being written anew, which goes on by itself")
	}
	return o.tell(done, "erased")
}

// all of the list, in parts. What is erased is told also when a later part fails.
func (o *eraseAgainOptions) all(ctx context.Context, c *cluster, runtime *controlClient, list []protocol.ErasedConversation, dry bool) (protocol.ErasedAgain, error) {
	sum := protocol.ErasedAgain{Done: true}
	for len(list) > 0 {
		part := list[:min(len(list), erasedAtOnce)]
		list = list[len(part):]
		request := o.request
		request.Erased, request.DryRun = part, dry
		answer, err := runtime.eraseAgain(ctx, request)
		if err != nil {
			var no *refusal
			if errors.As(err, &no) && no.status == http.StatusNotFound {
				err = &advised{err: err, what: fmt.Sprintf("the runtime of %s is of a release that does not know this yet", c.namespace)}
			}
			if !dry {
				err = errors.Join(o.tell(sum, "erased"), err)
			}
			return sum, err
		}
		sum.Conversations, sum.Before = append(sum.Conversations, answer.Conversations...), append(sum.Before, answer.Before...)
		sum.Absent, sum.Done = append(sum.Absent, answer.Absent...), sum.Done && answer.Done
	}
	return sum, nil
}

func (o *eraseAgainOptions) tell(e protocol.ErasedAgain, what string) error {
	return tellErased(o.env.Out, e.Conversations, what)
}

func (c *controlClient) eraseAgain(ctx context.Context, request protocol.EraseAgainRequest) (e protocol.ErasedAgain, err error) {
	err = c.erasing(ctx, "erasures/again", request, &e)
	return e, err
}
