package desksim

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// router does what runtime/router does, in one goroutine and with a list for a ledger: it decides,
// lets time have its effect, and keeps what was decided in a group until it is committed.
type router struct {
	s   *desk.State
	now int64
	// judge: look at every record before it is applied.
	judge bool
	// keep: encode every record at commit. With a follower: let it decode and apply it.
	keep     bool
	entries  [][]byte
	snapshot []byte // the last one that was stored
	snapAt   uint64
	follower *desk.State
	group    []desk.Record
	// told is called for each record after it is applied, after when all that is due is done.
	told  func(desk.Record)
	after func()
	// enders are agents who ended a conversation in this group: nobody else is offered one.
	enders []string
	// passed are offers that were let pass: there is no second one. Rules are those that acted on the
	// present wait of a conversation, moved into which queues rules moved it ever.
	passed map[turn]bool
	rules  map[desk.RuleApplied]bool
	moved  map[desk.RuleApplied]bool
	// waits is since when rules count for a conversation.
	waits map[desk.ConversationID]int64
	// used are session keys that started a conversation, draw the last random number.
	used map[string]bool
	draw uint64

	hours map[*calendar.Schedule]*calendar.Compiled // compiled already

	steps, events uint64
	last          [64]desk.Record
	problems      []string
}

// turn is a conversation that was an agent's to take.
type turn struct {
	conversation desk.ConversationID
	agent        string
}

func newRouter(now int64) *router {
	return &router{
		s: desk.New(), now: now, passed: map[turn]bool{}, rules: map[desk.RuleApplied]bool{}, moved: map[desk.RuleApplied]bool{},
		waits: map[desk.ConversationID]int64{}, used: map[string]bool{},
	}
}

func (r *router) wrong(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// do decides a command, and what time brings after it; the group is open until commit.
func (r *router) do(c desk.Command) (desk.Decision, error) {
	r.steps++
	r.enders = r.enders[:0]
	d, err := desk.Decide(r.s, c, desk.Instant(r.now))
	if err != nil {
		return d, err
	}
	r.add(d.Events, desk.OriginOf(c))
	r.ticks()
	return d, nil
}

// ticks lets all that is due have its effect. A state that is never done is a defect.
func (r *router) ticks() {
	for n := 0; ; n++ {
		at, ok := r.s.NextDeadline()
		if !ok || at > r.now {
			if r.after != nil {
				r.after()
			}
			return
		}
		if n > 100_000 {
			r.wrong("deadlines have no end: one is due at %d", at)
			return
		}
		d, err := desk.Decide(r.s, desk.Tick{}, desk.Instant(r.now))
		if err != nil {
			r.wrong("a tick was refused: %v", err)
			return
		}
		r.add(d.Events, nil)
	}
}

func (r *router) add(events []desk.Event, origin *desk.Origin) {
	for i, e := range events {
		record := desk.Record{Seq: r.s.Seq + 1, At: r.now, Event: e}
		if i == 0 {
			record.Origin = origin
		}
		if r.judge {
			r.problems = append(r.problems, r.checks(record.At).lawful(record)...)
			r.past(record)
		}
		r.s.Apply(record)
		r.last[r.events%uint64(len(r.last))] = record
		r.events++
		if r.keep {
			r.group = append(r.group, record)
		}
		if r.told != nil {
			r.told(record)
		}
	}
}

// checks looks at the state as it is.
func (r *router) checks(now int64) *check {
	if len(r.hours) > 100 || r.hours == nil {
		r.hours = map[*calendar.Schedule]*calendar.Compiled{}
	}
	return &check{s: r.s, now: now, hours: r.hours}
}

// past judges a record by what happened before it, which no state remembers: an offer that was let
// pass is not made again, an agent is offered the first in line only right after an end (feature Q10),
// and a rule acts once on a wait and moves nobody into a queue twice (feature R13).
func (r *router) past(record desk.Record) {
	switch e := record.Event.(type) {
	case desk.CustomerJoined:
		r.waits[e.Conversation] = record.At
		if e.Key != "" && r.used[e.Key] {
			r.wrong("record %d uses the session key %s again", record.Seq, e.Key)
		}
		r.used[e.Key] = true
	case desk.KeyMade:
		delete(r.used, e.Key)
	case desk.KeyDropped:
		r.used[e.Key] = true
	case desk.Ended:
		if e.Why == desk.EndedByAgent {
			r.enders = append(r.enders, e.By)
		}
	case desk.Returned:
		switch e.Why {
		case desk.ReturnedRefused, desk.ReturnedExpired, desk.ReturnedLeft, desk.ReturnedSignOut:
			r.passed[turn{e.Conversation, e.Agent}] = true
		}
		if r.s.Conversations[e.Conversation].Place == desk.InService {
			r.waitsAnew(e.Conversation)
			r.waits[e.Conversation] = record.At
		}
	case desk.Transferred:
		r.waitsAnew(e.Conversation)
		r.waits[e.Conversation] = record.At
		delete(r.passed, turn{e.Conversation, e.Agent})
	case desk.HandedBack:
		r.waitsAnew(e.Conversation)
		r.waits[e.Conversation] = record.At
	case desk.Rerouted:
		if r.s.Conversations[e.Conversation].Queue != e.Queue {
			r.waitsAnew(e.Conversation)
		}
	case desk.Revived:
		r.waitsAnew(e.Conversation)
		r.waits[e.Conversation] = record.At
		for t := range r.passed {
			if t.conversation == e.Conversation {
				delete(r.passed, t)
			}
		}
		for m := range r.moved {
			if m.Conversation == e.Conversation {
				delete(r.moved, m)
			}
		}
	case desk.RuleApplied:
		r.ruled(record.Seq, e)
	case desk.Offered:
		if r.passed[turn{e.Conversation, e.Agent}] {
			r.wrong("record %d offers %s to %s again, who let it pass", record.Seq, e.Conversation, e.Agent)
		}
		if e.Choice != nil && !e.Choice.Freed {
			if e.Choice.Draw != 0 && e.Choice.Draw == r.draw {
				r.wrong("record %d has the draw of the one before: %d", record.Seq, r.draw)
			}
			if e.Choice.Draw != 0 {
				r.draw = e.Choice.Draw
			}
			return
		}
		i := slices.Index(r.enders, e.Agent)
		if i < 0 {
			r.wrong("record %d offers %s to %s, who ended nothing", record.Seq, e.Conversation, e.Agent)
			return
		}
		r.enders = slices.Delete(r.enders, i, i+1)
	}
}

// remembers: what the state says of the past of those who wait is what happened.
func (r *router) remembers() {
	for id, c := range r.s.Conversations {
		if c.Place != desk.Waiting && c.Place != desk.OfferedTo {
			continue
		}
		if from := max(c.ArrivedAt, c.RulesFrom); from != r.waits[id] {
			r.wrong("rules count for %s since %d, it waits since %d", id, from, r.waits[id])
		}
		for _, agent := range c.Refused {
			if !r.passed[turn{id, agent}] {
				r.wrong("%s let %s pass, says the state, and did not", agent, id)
			}
		}
	}
	for t := range r.passed {
		if c := r.s.Conversations[t.conversation]; c != nil && c.Place == desk.Waiting && !slices.Contains(c.Refused, t.agent) {
			r.wrong("%s let %s pass, and the state forgot", t.agent, t.conversation)
		}
	}
}

func (r *router) ruled(seq uint64, e desk.RuleApplied) {
	once := e
	once.Skipped = ""
	if r.rules[once] {
		r.wrong("record %d: the rule acts again: %+v", seq, e)
	}
	r.rules[once] = true
	if e.Action == settings.RuleMove && e.Skipped == "" {
		into := desk.RuleApplied{Conversation: e.Conversation, To: e.To}
		if r.moved[into] {
			r.wrong("record %d: a rule moves %s into %s again", seq, e.Conversation, e.To)
		}
		r.moved[into] = true
	}
}

// waitsAnew: the rules of the queue where a conversation will wait may act on it again.
func (r *router) waitsAnew(id desk.ConversationID) {
	for e := range r.rules {
		if e.Conversation == id {
			delete(r.rules, e)
		}
	}
}

// commit makes the group durable and tells the follower, who sees only what was encoded.
func (r *router) commit() {
	for _, record := range r.group {
		b, err := desk.Encode(record)
		if err != nil {
			r.wrong("record %d: %v", record.Seq, err)
			continue
		}
		r.entries = append(r.entries, b)
		if r.follower == nil {
			continue
		}
		decoded, err := desk.Decode(record.Seq, b)
		if err != nil {
			r.wrong("record %d: %v", record.Seq, err)
			continue
		}
		if again, err := desk.Encode(decoded); err != nil || !bytes.Equal(again, b) {
			r.wrong("record %d reads differently than it was written: %+v, %+v (%v)", record.Seq, record, decoded, err)
		}
		r.follower.Apply(decoded)
	}
	r.group = r.group[:0]
}

// restart makes the state anew, from the last snapshot and the tail or from the whole ledger.
func (r *router) restart(fromSnapshot bool) {
	s, from := desk.New(), uint64(0)
	if fromSnapshot && r.snapshot != nil {
		restored, err := desk.Restore(r.snapshot)
		if err != nil {
			r.wrong("%v", err)
			return
		}
		s, from = restored, r.snapAt
	}
	for i := from; i < uint64(len(r.entries)); i++ {
		record, err := desk.Decode(i+1, r.entries[i])
		if err != nil {
			r.wrong("%v", err)
			return
		}
		s.Apply(record)
	}
	r.s = s
	r.same()
}

// store takes a snapshot, which must read back as the same bytes.
func (r *router) store() {
	b, err := r.s.Snapshot()
	if err != nil {
		r.wrong("%v", err)
		return
	}
	restored, err := desk.Restore(b)
	if err != nil {
		r.wrong("%v", err)
		return
	}
	if again, err := restored.Snapshot(); err != nil || !bytes.Equal(b, again) {
		r.wrong("a snapshot's snapshot differs (%v)", err)
	}
	r.snapshot, r.snapAt = b, r.s.Seq
}

// same compares the leader with the follower.
func (r *router) same() {
	mine, err := r.s.Hash()
	if err != nil {
		r.wrong("%v", err)
	}
	its, err := r.follower.Hash()
	if err != nil {
		r.wrong("%v", err)
	}
	if mine != its {
		r.wrong("at %d the leader's state is %.12s, the follower's at %d is %.12s", r.s.Seq, mine, r.follower.Seq, its)
	}
}

// recent are the last records as text.
func (r *router) recent() []string {
	n := min(r.events, uint64(len(r.last)))
	list := make([]string, 0, n)
	for i := r.events - n; i < r.events; i++ {
		e := r.last[i%uint64(len(r.last))]
		origin := ""
		if e.Origin != nil {
			origin = fmt.Sprintf(" by %s/%s#%d", e.Origin.Principal, e.Origin.Client, e.Origin.CID)
		}
		text := shown(e.Event)
		if len(text) > 200 {
			text = text[:200] + "…"
		}
		list = append(list, fmt.Sprintf("%d %s %s%s", e.Seq, desk.Instant(e.At).Format("15:04:05.000"), text, origin))
	}
	return list
}

// shown is an event as text that is the same in each run, without addresses of memory.
func shown(event desk.Event) string {
	if e, ok := event.(desk.Offered); ok && e.Choice != nil {
		choice := *e.Choice
		e.Choice = nil
		return fmt.Sprintf("%T%+v of %+v", e, e, choice)
	}
	return fmt.Sprintf("%T%+v", event, event)
}

func (r *router) failure(seed uint64, doing string) *Failure {
	return &Failure{Seed: seed, Step: r.steps, At: desk.Instant(r.now), Doing: doing, Problems: slices.Clone(r.problems), Last: r.recent()}
}

// pass lets time go by until an instant, acting at each deadline as it comes.
func (r *router) pass(until int64) {
	for len(r.problems) == 0 {
		at, ok := r.s.NextDeadline()
		if !ok || at > until {
			break
		}
		r.now = max(r.now, at)
		r.steps++
		r.enders = r.enders[:0]
		r.ticks()
	}
	r.now = max(r.now, until)
}

const (
	second = int64(time.Second / time.Millisecond)
	minute = 60 * second
	hour   = 60 * minute
)
