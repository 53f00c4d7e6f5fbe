package kubectl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher.chat/runtime/protocol"
)

// longestID is "c" and a number of 64 bits.
const longestID = 21

type conversationOptions struct {
	env    *env
	id     string
	output dataFormat
}

func (e *env) explainConversationCommand() *cobra.Command {
	o := &conversationOptions{env: e}
	c := &cobra.Command{
		Use:   "conversation ID",
		Short: "Tell each decision about a conversation: who was looked at, who was chosen, why not the others",
		Long: `Tell each decision about a conversation, in order: how it came, to whom it was offered and who else was
looked at, who took it, where it was handed on or moved, and how it ended. [7] at the end of a line is the
generation of the Queue that was in force.

The id stands behind the customer's name in the log. Times are in the zone of the queue's schedule. It needs
to read the Secret usher-viewer and to forward a port to the runtime's pod.`,
		Example: `  kubectl usher explain conversation c12
  kubectl usher explain conversation c12 -o yaml`,
		RunE:              runs(o),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	o.output.addFlag(c)
	return c
}

// Complete reads the arguments.
func (o *conversationOptions) Complete(c *cobra.Command, args []string) error {
	id, err := one(c, args, "conversation", true)
	if err == nil {
		o.id, err = bare(id, "conversation")
	}
	return err
}

// Validate what can be judged without a cluster.
func (o *conversationOptions) Validate() error {
	digits, found := strings.CutPrefix(o.id, "c")
	if !found || digits == "" || strings.Trim(digits, "0123456789") != "" || len(o.id) > longestID {
		return usagef("%q is no conversation; write its id, such as c12, which the log has behind the customer's name", clip(clean(o.id), longestID))
	}
	return o.output.validate()
}

// Run asks the runtime and prints.
func (o *conversationOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	runtime, err := c.runtime(ctx)
	if err != nil {
		return err
	}
	defer runtime.Close()
	x, err := runtime.explanation(ctx, o.id)
	var no *refusal
	if errors.As(err, &no) && no.status == http.StatusNotFound {
		return &advised{err: err, what: fmt.Sprintf(
			"conversation %s not found in desk %s; the ids are in \"kubectl usher log QUEUE -n %s\", behind the customers' names", o.id, c.namespace, c.namespace)}
	}
	if err != nil {
		return err
	}
	if o.output != "" {
		return o.output.print(o.env.Out, x)
	}
	z := zone{Location: o.env.local, machine: true}
	if len(x.Steps) > 0 {
		if q, err := c.queue(ctx, x.Steps[0].Queue); err == nil { // one that was deleted has no zone
			z = c.zoneOf(ctx, q)
		}
	}
	view := o.env.view()
	return view.print(view.conversation(x, z))
}

// explanation of a conversation.
func (c *controlClient) explanation(ctx context.Context, id string) (x protocol.Explanation, err error) {
	err = c.read(ctx, "explanation", url.Values{"conversation": {id}}, &x)
	return x, err
}

// conversation in words: a line each step, and below an offer the agents who were looked at.
func (v view) conversation(x protocol.Explanation, z zone) string {
	var b strings.Builder
	queues := []string{}
	for _, s := range x.Steps {
		if q := clean(s.Queue); q != "" && !slices.Contains(queues, q) {
			queues = append(queues, q)
		}
	}
	head := "conversation/" + clean(x.Conversation)
	if len(queues) > 0 {
		head += " · " + strings.Join(queues, ", then ")
	}
	head += " · " + count(len(x.Steps), "step")
	b.WriteString(paint(v.color, bold, clip(head, v.most())) + "\n")
	b.WriteString(paint(v.color, faint, "[n] is the generation of the Queue whose settings held") + "\n\n")
	for _, s := range x.Steps {
		v.conversationStep(&b, s, z)
	}
	return b.String()
}

func (v view) conversationStep(b *strings.Builder, s protocol.Step, z zone) {
	at := time.UnixMilli(s.At).In(z.Location)
	lead := fmt.Sprintf("%s %s  ", at.Format(time.DateTime), z.abbreviation(at))
	indent := len(lead) + logTypeWidth + gap
	text := clean(s.Text)
	if s.Generation > 0 {
		text += fmt.Sprintf("  [%d]", s.Generation)
	}
	for i, line := range wrap(text, v.width, indent) {
		if i == 0 {
			b.WriteString(lead + paint(v.color, typeColor(s.Type), fmt.Sprintf("%-*s", logTypeWidth, clean(s.Type))) + strings.Repeat(" ", gap))
		} else {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line + "\n")
	}
	if len(s.Candidates) == 0 {
		return
	}
	v.candidates(b, s, z, at, indent)
}

// candidates of a choice, the chosen one marked.
func (v view) candidates(b *strings.Builder, s protocol.Step, z zone, at time.Time, indent int) {
	skilled := slices.ContainsFunc(s.Candidates, func(c protocol.Candidate) bool { return c.Skills > 0 })
	t := table{columns: []column{{head: "AGENT"}, {head: "LOAD", right: true}, {head: "SKILLS", rank: 1, right: true}, {head: "SINCE", rank: 2}, {head: "WHY"}}}
	for _, c := range s.Candidates {
		skills, since, tint := "", "", faint
		if skilled {
			skills = fmt.Sprint(c.Skills)
		}
		if c.Since > 0 {
			since = z.short(time.UnixMilli(c.Since), at)
		}
		name, why := "  "+clean(c.Agent), passedWords(c.Passed)
		if c.Passed == "" {
			name, why, tint = "> "+clean(c.Agent), "chosen"+strategyWords(s), green
		}
		t.rows = append(t.rows, row{cells: []cell{{name, tint}, {fmt.Sprintf("%d/%d", c.Load, c.Limit), tint}, {skills, tint}, {since, tint}, {why, tint}}})
	}
	var lines strings.Builder
	width := 0
	if v.width > 0 {
		indent = min(indent, v.width/4)
		width = v.width - indent
	}
	t.write(&lines, width, v.color)
	if more := s.Free + sum(s.Passed) - len(s.Candidates); more > 0 {
		fmt.Fprintf(&lines, "  and %d more\n", more)
	}
	for line := range strings.Lines(lines.String()) {
		b.WriteString(strings.Repeat(" ", indent) + line)
	}
}

func sum(counts map[string]int) int {
	n := 0
	for _, one := range counts {
		n += one
	}
	return n
}

// strategyWords say how the one was chosen, so that it can be checked.
func strategyWords(s protocol.Step) string {
	if s.Strategy == "" {
		return ""
	}
	text := " by " + clean(s.Strategy)
	if draw, err := strconv.ParseUint(s.Draw, 10, 64); err == nil && s.Free > 1 {
		text += fmt.Sprintf(": of those free, by name, number %d (%d modulo %d, and one)", draw%uint64(s.Free)+1, draw, s.Free)
	}
	return text
}

// passedWords are why an agent was not chosen.
func passedWords(why string) string {
	switch why {
	case "offline":
		return "offline"
	case "away":
		return "away"
	case "finishMine":
		return "takes nothing new"
	case "limit":
		return "at the limit"
	case "refused":
		return "refused this customer before"
	case "skills":
		return "has fewer of the skills"
	case "score":
		return "ranked lower"
	}
	return clean(why)
}
