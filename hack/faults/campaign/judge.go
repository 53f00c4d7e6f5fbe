package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"

	"usher.chat/runtime/desk"
)

// Counts are what is wrong, and among how much.
type Counts struct {
	Messages int `json:"messages"` // acknowledged
	Joins    int `json:"joins"`
	Picks    int `json:"picks"`
	Places   int `json:"places"` // told
	Heard    int `json:"heard"`

	Lost        int `json:"lost"`       // acknowledged and not in the ledger, or never told to the other side
	Doubled     int `json:"doubled"`    // there twice, or there though it was refused or never acknowledged
	OutOfOrder  int `json:"outOfOrder"` // in the ledger, in the answers, or as it was told
	PickedTwice int `json:"pickedTwice"`
	PlacesWrong int `json:"placesWrong"` // told otherwise than the ledger has it at that point
	// Linearizable is porcupine's word on picks and on messages.
	PicksLinearizable    porcupine.CheckResult `json:"picksLinearizable"`
	MessagesLinearizable porcupine.CheckResult `json:"messagesLinearizable"`

	Details []string `json:"details,omitempty"` // the first of what is wrong
}

const keepDetails = 40

func (n *Counts) wrong(count *int, format string, args ...any) {
	*count++
	if len(n.Details) < keepDetails {
		n.Details = append(n.Details, fmt.Sprintf(format, args...))
	}
}

// logged is what the ledger tells.
type logged struct {
	messages map[string][]said            // by text: each is said once
	joins    map[string]int               // by conversation
	picks    map[string][]string          // agents by conversation
	again    map[string]int               // how often a conversation went back to the line
	twice    []desk.ConversationID        // picked while somebody had it
	state    *desk.State                  // at the end
	has      map[desk.ConversationID]bool // an agent has it
}

type said struct {
	message
	side desk.Side
}

// judge compares what everybody remembers with the ledger.
func (c *crowd) judge(ctx context.Context, stage Stage, r *Result) error {
	n := &r.Counts
	var places []Op
	for _, s := range c.everybody() {
		places = append(places, s.memory.places...)
		r.History = append(r.History, s.memory.ops...)
		r.History = append(r.History, s.memory.hears...)
		n.Heard += len(s.memory.hears)
		toldInOrder(s.memory, n)
		for _, odd := range s.memory.odd {
			n.wrong(&n.OutOfOrder, "%s: %s", s.memory.name, odd)
		}
	}
	sort.Slice(places, func(i, j int) bool { return places[i].Seq < places[j].Seq })
	n.Places = len(places)
	l, err := c.replay(ctx, stage, places, n)
	if err != nil {
		return err
	}
	r.History = append(r.History, places...)
	r.Records = l.state.Seq
	for _, s := range c.everybody() {
		l.compare(s.memory, n)
	}
	for text, list := range l.messages {
		if list != nil {
			n.wrong(&n.Doubled, "the ledger has %q, which nobody was told is in: %v", text, list)
		}
	}
	for conversation, times := range l.joins {
		if times > 0 {
			n.wrong(&n.Doubled, "the ledger has %s, of which nobody was told", conversation)
		}
	}
	for _, conversation := range l.twice {
		n.wrong(&n.PickedTwice, "%s was picked while somebody had it", conversation)
	}
	for _, lack := range c.unheard {
		n.wrong(&n.Lost, "%s", lack)
	}
	for _, times := range l.again {
		r.Returned += times
	}
	within := time.Until(time.Now().Add(5 * time.Minute))
	n.PicksLinearizable = porcupine.CheckOperationsTimeout(registers, picksOf(r.History, l.again), within)
	n.MessagesLinearizable = porcupine.CheckOperationsTimeout(talks, messagesOf(r.History), within)
	return nil
}

// toldInOrder looks at the order in which one client was told messages. What was said before an agent had the
// conversation comes when it is read, behind what is said meanwhile; also to an agent whom it was only offered.
func toldInOrder(m *memory, n *Counts) {
	since := map[string]uint64{}
	for _, op := range m.ops {
		if op.What == "pick" && op.Code == "" {
			since[op.Conversation] = op.Seq
		}
	}
	last := map[string]Op{}
	for _, op := range m.hears {
		if _, has := since[op.Conversation]; !has && m.agent {
			continue
		}
		before := last[op.Conversation]
		if op.Seq < before.Seq && op.Seq > since[op.Conversation] {
			n.wrong(&n.OutOfOrder, "%s was told %q of %s, %d, behind %q, %d", m.name, op.Text, op.Conversation, op.Seq, before.Text, before.Seq)
		}
		if op.Seq > before.Seq {
			last[op.Conversation] = op
		}
	}
}

func (l *logged) place(conversation string) int {
	if c := l.state.Conversations[desk.ConversationID(conversation)]; c != nil {
		return l.state.PlaceInLine(c)
	}
	return 0
}

// lookAgain looks whether places that were not so at the end of what they were told with were so within it: places are
// told at a pace, and what waits for a snapshot to go out first is told with all that came meanwhile.
func (c *crowd) lookAgain(ctx context.Context, stage Stage, late []Op, n *Counts) error {
	if len(late) == 0 {
		return nil
	}
	sort.Slice(late, func(i, j int) bool { return late[i].Since < late[j].Since })
	l := &logged{state: desk.New()}
	var open []Op
	for record, err := range stage.Records(ctx) {
		if err != nil {
			return fmt.Errorf("read the ledger again: %w", err)
		}
		l.state.Apply(record)
		for ; len(late) > 0 && late[0].Since < record.Seq; late = late[1:] {
			open = append(open, late[0])
		}
		open = slices.DeleteFunc(open, func(told Op) bool {
			if is := l.place(told.Conversation); is == told.Place {
				return true
			} else if record.Seq == told.Seq {
				n.wrong(&n.PlacesWrong, "%s was told place %d in %s between %d and %d, where it is %d at last", told.Client, told.Place,
					told.Conversation, told.Since, told.Seq, is)
				return true
			}
			return false
		})
	}
	return nil
}

// replay reads the ledger, and looks at each place that was told when the state is where it was told.
func (c *crowd) replay(ctx context.Context, stage Stage, places []Op, n *Counts) (*logged, error) {
	l := &logged{messages: map[string][]said{}, joins: map[string]int{}, picks: map[string][]string{}, again: map[string]int{},
		state: desk.New(), has: map[desk.ConversationID]bool{}}
	var late []Op
	for record, err := range stage.Records(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		l.state.Apply(record)
		switch e := record.Event.(type) {
		case desk.MessageSent:
			l.messages[e.Text] = append(l.messages[e.Text], said{message{string(e.Conversation), record.Seq}, e.From})
		case desk.CustomerJoined:
			l.joins[string(e.Conversation)]++
		case desk.Picked:
			l.picks[string(e.Conversation)] = append(l.picks[string(e.Conversation)], e.Agent)
			if l.has[e.Conversation] {
				l.twice = append(l.twice, e.Conversation)
			}
			l.has[e.Conversation] = true
		case desk.Returned:
			l.has[e.Conversation] = false
			l.again[string(e.Conversation)]++
		}
		for ; len(places) > 0 && places[0].Seq == record.Seq; places = places[1:] {
			if l.place(places[0].Conversation) != places[0].Place {
				late = append(late, places[0])
			}
		}
	}
	for _, told := range places {
		n.wrong(&n.PlacesWrong, "%s was told a place at %d, which the ledger does not have", told.Client, told.Seq)
	}
	if err := c.lookAgain(ctx, stage, late, n); err != nil {
		return nil, err
	}
	if l.state.Seq == 0 {
		return nil, errors.New("the ledger is empty")
	}
	return l, nil
}

// compare takes one client's answers and strikes from the ledger what they account for.
func (l *logged) compare(m *memory, n *Counts) {
	last := map[string]uint64{}
	for _, op := range m.ops {
		switch {
		case op.What == "say" && op.Code != "":
			if list := l.messages[op.Text]; list != nil {
				n.wrong(&n.Doubled, "%s was refused %q (%s), and the ledger has it: %v", m.name, op.Text, op.Code, list)
				l.messages[op.Text] = nil
			}
		case op.What == "say":
			n.Messages++
			list := l.messages[op.Text]
			switch {
			case len(list) == 0:
				n.wrong(&n.Lost, "%s has an answer for %q, at %d, and the ledger does not have it", m.name, op.Text, op.Seq)
			case len(list) > 1:
				n.wrong(&n.Doubled, "%q is in the ledger at %v", op.Text, list)
			case list[0].seq != op.Seq || list[0].conversation != op.Conversation || list[0].side != op.from:
				n.wrong(&n.OutOfOrder, "%q is in the ledger at %v, the answer said %d of %s", op.Text, list[0], op.Seq, op.Conversation)
			}
			l.messages[op.Text] = nil
			if op.Seq <= last[op.Conversation] {
				n.wrong(&n.OutOfOrder, "%q is at %d, what was said before it at %d", op.Text, op.Seq, last[op.Conversation])
			}
			last[op.Conversation] = op.Seq
		case op.What == "join" && op.Code == "":
			n.Joins++
			switch times := l.joins[op.Conversation]; {
			case times == 0:
				n.wrong(&n.Lost, "%s joined as %s, and the ledger does not have it", m.name, op.Conversation)
			case times > 1:
				n.wrong(&n.Doubled, "the ledger has %d joins of %s", times, op.Conversation)
			}
			l.joins[op.Conversation] = 0
		case op.What == "pick" && op.Code == "":
			n.Picks++
			switch owners := l.picks[op.Conversation]; {
			case !slices.Contains(owners, m.name) && len(owners) == 0:
				n.wrong(&n.Lost, "%s has %s, and the ledger has no pick of it", m.name, op.Conversation)
			case !slices.Contains(owners, m.name):
				n.wrong(&n.PickedTwice, "%s has %s, and the ledger says %v", m.name, op.Conversation, owners)
			}
		}
	}
}
