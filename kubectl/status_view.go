package kubectl

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
)

// view puts what is known into words for one reader: at a time, in a width, with colours or without.
type view struct {
	out   io.Writer
	now   time.Time
	width int
	color bool
}

func (e *env) view() view { return view{out: e.Out, now: e.now(), width: e.width(), color: e.color} }

func (v view) print(text string) error {
	_, err := io.WriteString(v.out, text)
	return err
}

// state as people see it (feature Q1): glyph, word and colour, each enough by itself.
func stateCell(state v1alpha1.OpenState) cell {
	switch state {
	case v1alpha1.StateOpen:
		return cell{"● open", green}
	case v1alpha1.StateClosed:
		return cell{"○ closed", red}
	}
	return cell{"? unknown", amber}
}

// queueColumns are those of status and top.
func queueColumns(everywhere bool) []column {
	columns := []column{
		{head: "QUEUE"}, {head: "STATE"}, {head: "CAUSE", rank: 6}, {head: "SINCE", rank: 7}, {head: "WAITING", right: true},
		{head: "LONGEST", rank: 2, right: true}, {head: "SERVED", rank: 5, right: true}, {head: "AGENTS", right: true},
		{head: "PLACES", rank: 4, right: true}, {head: "INACTIVE", rank: 8, right: true}, {head: "NEXT CHANGE", rank: 1},
	}
	if everywhere {
		columns = append([]column{{head: "NAMESPACE"}}, columns...)
	}
	return columns
}

// overview of a desk, or of all.
func (v view) overview(namespace string, everywhere bool, desk *v1alpha1.Desk, queues []v1alpha1.Queue, zoneOf func(*v1alpha1.Queue) zone) string {
	var b strings.Builder
	open, waiting, served := 0, 0, 0
	t := table{columns: queueColumns(everywhere)}
	for i := range queues {
		q := &queues[i]
		if q.Status.State == v1alpha1.StateOpen {
			open++
		}
		waiting += int(deref(q.Status.Waiting))
		served += int(deref(q.Status.InService))
		t.rows = append(t.rows, v.queueRow(q, zoneOf(q), everywhere))
	}
	where := "desk " + namespace
	if everywhere {
		where = "all desks"
	}
	head := []string{where, fmt.Sprintf("%d of %s open", open, count(len(queues), "queue")), fmt.Sprintf("%d waiting", waiting), fmt.Sprintf("%d served", served)}
	line := strings.Join(head, " · ")
	if desk != nil && desk.Status.URL != "" {
		between := " · "
		if utf8.RuneCountInString(line+between+desk.Status.URL) > v.most() {
			between = "\n"
		}
		line += between + desk.Status.URL
	}
	b.WriteString(paint(v.color, bold, line) + "\n")
	if desk != nil {
		for _, text := range problems(desk.Status.Conditions) {
			v.note(&b, cell{"! desk: " + text, amber})
		}
	}
	b.WriteString("\n")
	t.write(&b, v.width, v.color)
	return b.String()
}

func (v view) most() int {
	if v.width == 0 {
		return 1 << 20
	}
	return v.width
}

func (v view) note(b *strings.Builder, c cell) {
	for _, line := range wrap(c.text, v.width, gap) {
		b.WriteString(strings.Repeat(" ", gap) + paint(v.color, c.color, line) + "\n")
	}
}

func (v view) queueRow(q *v1alpha1.Queue, z zone, everywhere bool) row {
	s := &q.Status
	r := row{cells: []cell{
		{q.Name, plain}, stateCell(s.State), {causeWords(s.StateCause), plain}, {v.since(s.StateSince, z), plain},
		waitingCell(s.Waiting), {v.longest(s), plain}, {number(s.InService), plain}, agentsCell(s.Agents), v.placesCell(s), {some(int(deref(s.Inactive))), plain}, {v.nextChange(s.NextChange, z), plain},
	}}
	if everywhere {
		r.cells = append([]cell{{q.Namespace, plain}}, r.cells...)
	}
	r.notes = v.notes(q, z)
	return r
}

// notes below a queue: what was done by hand, what decides, what is wrong.
func (v view) notes(q *v1alpha1.Queue, z zone) []cell {
	var notes []cell
	if text := v.override(q, z); text != "" {
		notes = append(notes, cell{text, plain})
	} else if d := q.Status.StateDetail; d != "" && (q.Status.StateCause == "Exception" || q.Status.StateCause == "Holiday") {
		notes = append(notes, cell{causeWords(q.Status.StateCause) + " " + strconv.Quote(clean(d)), plain})
	}
	for _, text := range problems(q.Status.Conditions) {
		notes = append(notes, cell{"! " + text, amber})
	}
	return notes
}

// override in words; empty without one. One that is over is not worth a line.
func (v view) override(q *v1alpha1.Queue, z zone) string {
	o := q.Spec.Override
	if o == nil || o.Until != nil && !v.now.Before(o.Until.Time) {
		return ""
	}
	text := "held " + stateWord(o.State) + " by hand"
	if by := compile.Override(q).By; by != "" {
		text += ", by " + clean(by)
	}
	if o.Until != nil {
		text += ", until " + z.moment(o.Until.Time, v.now)
	} else {
		text += ", with no end"
	}
	if o.Reason != "" {
		text += ": " + clean(o.Reason)
	}
	return text
}

func (v view) since(t *metav1.Time, z zone) string {
	if t == nil {
		return ""
	}
	return z.short(t.Time, v.now)
}

func (v view) longest(s *v1alpha1.QueueStatus) string {
	if s.LongestWaitSeconds == nil || deref(s.Waiting) == 0 {
		return ""
	}
	return longestWords(time.Duration(*s.LongestWaitSeconds) * time.Second)
}

// longestWords: over an hour it is ∞, as on the console.
func longestWords(d time.Duration) string {
	if d > time.Hour {
		return "∞"
	}
	return waited(d)
}

func waitingCell(n *int32) cell {
	if deref(n) > 0 {
		return cell{number(n), blue}
	}
	return cell{number(n), plain}
}

// agentsCell: those who are free, of those who are there.
func agentsCell(a *v1alpha1.AgentFigures) cell {
	if a == nil {
		return cell{}
	}
	return cell{fmt.Sprintf("%d/%d", a.Available, a.Online), plain}
}

func (v view) placesCell(s *v1alpha1.QueueStatus) cell {
	if s.PlacesLeft == nil {
		return cell{}
	}
	return cell{number(s.PlacesLeft), plain}
}

func (v view) nextChange(n *v1alpha1.NextChange, z zone) string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf("%s %s (%s)", stateWord(n.State), z.short(n.Time.Time, v.now), z.abbreviation(n.Time.Time))
}

// detail of one queue, a line each.
func (v view) detail(q *v1alpha1.Queue, z zone) string {
	s := &q.Status
	var b strings.Builder
	line := func(name string, c cell) {
		if c.text == "" {
			return
		}
		const indent = 14
		for i, text := range wrap(c.text, v.width, indent) {
			label := ""
			if i == 0 {
				label = name
			}
			fmt.Fprintf(&b, "%s%s\n", paint(v.color, faint, fmt.Sprintf("%-*s", indent, label)), paint(v.color, c.color, strings.TrimLeft(text, " ")))
		}
	}
	name := q.Name
	if q.Spec.DisplayName != "" {
		name += " (" + clean(q.Spec.DisplayName) + ")"
	}
	line("Queue", cell{name, bold})
	line("Namespace", cell{q.Namespace, plain})
	line("State", stateCell(s.State))
	cause := causeWords(s.StateCause)
	if s.StateDetail != "" && s.StateCause != "Override" {
		cause += ", " + clean(s.StateDetail)
	}
	line("Cause", cell{cause, plain})
	line("By hand", cell{v.override(q, z), plain})
	if s.StateSince != nil {
		line("Since", cell{z.moment(s.StateSince.Time, v.now), plain})
	}
	line("Next change", cell{v.nextChange(s.NextChange, z), plain})
	if q.Spec.ScheduleRef != nil {
		line("Schedule", cell{q.Spec.ScheduleRef.Name, plain})
	}
	line("Waiting", waitingCell(s.Waiting))
	line("Longest wait", cell{v.longest(s), plain})
	line("Places left", v.placesCell(s))
	line("Served", cell{number(s.InService), plain})
	line("Inactive", cell{some(int(deref(s.Inactive))), plain})
	if s.Agents != nil {
		line("Agents", cell{fmt.Sprintf("%d online, %d of them free", s.Agents.Online, s.Agents.Available), plain})
	}
	var teams []string
	for _, ref := range q.Spec.TeamRefs {
		teams = append(teams, ref.Name)
	}
	line("Teams", cell{list(teams), plain})
	if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); c != nil {
		line("Ready", cell{string(c.Status), plain})
	} else {
		line("Ready", cell{"the operator has not reported on this queue yet", amber})
	}
	for _, text := range problems(s.Conditions) {
		line("Problem", cell{"! " + text, amber})
	}
	return b.String()
}

// some is a number that says something only when it is not zero.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func number(n *int32) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(int(*n))
}

func deref(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}
