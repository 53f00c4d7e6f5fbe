package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"usher.chat/runtime/protocol"
)

// reduced is what a client knows: the things it was told, by kind and key, as the console reduces them
// (runtime/protocol/reduce.ts). A thing's value is its encoded change.
type reduced map[string]protocol.Change

func keyOf(kind protocol.ChangeKind, id string) string { return string(kind) + "/" + id }

// take applies what an update or a snapshot tells.
func (k reduced) take(t *testing.T, c protocol.Change) {
	t.Helper()
	switch c.Kind {
	case protocol.KindQueue:
		k[keyOf(c.Kind, c.Queue.Name)] = c
	case protocol.KindWaiting:
		k[keyOf(c.Kind, c.Waiting.Conversation)] = c
	case protocol.KindConversation:
		k[keyOf(c.Kind, c.Conversation.ID)] = c
	case protocol.KindMessage:
		c.Message.Client, c.Message.CID = "", 0 // told to the sender's tabs only while they are there
		c.Message.Author = ""                   // the name as shown when it was told
		k[keyOf(c.Kind, fmt.Sprintf("%s/%012d", c.Message.Conversation, c.Message.Seq))] = c
	case protocol.KindChannel:
		c.Channel.Time = 0
		k[keyOf(c.Kind, "")] = c
	case protocol.KindTeam:
		k[keyOf(c.Kind, c.Team.Name)] = c
	case protocol.KindAgent:
		k[keyOf(c.Kind, c.Agent.Name)] = c
	case protocol.KindMe:
		k[keyOf(c.Kind, "")] = c
	case protocol.KindInvitation:
		k[keyOf(c.Kind, c.Invitation.Conversation)] = c
	case protocol.KindOpen:
		k[keyOf(c.Kind, c.Open.Conversation)] = c
	case protocol.KindInactive:
		k[keyOf(c.Kind, c.Inactive.Conversation)] = c
	case protocol.KindRoom:
		k[keyOf(c.Kind, c.Room.ID)] = c
	case protocol.KindGone:
		k.remove(*c.Gone)
	case protocol.KindNotice, protocol.KindPost:
	default:
		t.Fatalf("a change of kind %q", c.Kind)
	}
}

func (k reduced) remove(g protocol.Gone) {
	delete(k, keyOf(g.Kind, g.ID))
	for key, c := range k {
		switch {
		case g.Kind == protocol.KindQueue && c.Kind == protocol.KindWaiting && c.Waiting.Queue == g.ID && c.Waiting.Team == "" && c.Waiting.Agent == "",
			g.Kind == protocol.KindTeam && c.Kind == protocol.KindWaiting && c.Waiting.Team == g.ID,
			g.Kind == protocol.KindConversation && c.Kind == protocol.KindMessage && c.Message.Conversation == g.ID:
			delete(k, key)
		}
	}
}

// shown is what people see of it at an instant: keys that expired are not shown, and conversations
// that ended are not compared, for only those who saw the end know of them. A customer's present one
// is, as long as the desk remembers it.
func (k reduced) shown(now int64, customer bool, remembered func(conversation string) bool) map[string]string {
	out := map[string]string{}
	over := map[string]bool{}
	for _, c := range k {
		if c.Kind == protocol.KindConversation && pick(customer, !remembered(c.Conversation.ID), c.Conversation.State == protocol.StateEnded) {
			over[c.Conversation.ID] = true
		}
	}
	for key, c := range k {
		switch c.Kind {
		case protocol.KindConversation:
			if over[c.Conversation.ID] {
				continue
			}
			if !customer {
				c = k.clocked(c)
			}
		case protocol.KindMessage:
			if over[c.Message.Conversation] {
				continue
			}
		case protocol.KindMe:
			me := *c.Me
			me.Keys = slices.DeleteFunc(slices.Clone(me.Keys), func(key protocol.Key) bool { return key.Expires <= now })
			if len(me.Keys) == 0 {
				me.Keys = []protocol.Key{}
			}
			c.Me = &me
		}
		b, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		out[key] = string(b)
	}
	return out
}

// clocked gives a served conversation the times to an answer that the console shows: by its messages,
// and by the usual limits where the header does not know of the newest question (console, status.ts).
func (k reduced) clocked(c protocol.Change) protocol.Change {
	v := *c.Conversation
	if v.State != protocol.StateInService {
		return c
	}
	var since int64
	answered := false
	for _, key := range slices.Sorted(maps.Keys(k)) {
		m := k[key].Message
		switch {
		case m == nil || m.Conversation != v.ID:
		case m.From == protocolAgent:
			since, answered = 0, true
		case since == 0:
			since = m.At
		}
	}
	if !answered && v.UnansweredSince != 0 {
		since = v.UnansweredSince
	}
	switch {
	case since == 0:
		v.UnansweredSince, v.SoonAt, v.OverdueAt = 0, 0, 0
	case v.UnansweredSince == since && v.OverdueAt != 0:
	default:
		v.UnansweredSince, v.SoonAt, v.OverdueAt = since, since+180_000, since+300_000
	}
	c.Conversation = &v
	return c
}

// differences say what a client that followed shows otherwise than one that connects anew.
func differences(followed, anew map[string]string) string {
	var b strings.Builder
	keys := map[string]bool{}
	for key := range followed {
		keys[key] = true
	}
	for key := range anew {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if followed[key] != anew[key] {
			fmt.Fprintf(&b, "\n  %s\n    followed: %s\n    anew:     %s", key, followed[key], anew[key])
		}
	}
	return b.String()
}
