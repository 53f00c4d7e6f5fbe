package campaign

import (
	"sync"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Op is one command and its answer, or something that a client was told, as the client remembers it. Times are
// nanoseconds since the campaign began.
type Op struct {
	Client       string `json:"client"`
	What         string `json:"what"` // join, pick, say, end; hear, place
	Conversation string `json:"conversation,omitempty"`
	Text         string `json:"text,omitempty"`
	Seq          uint64 `json:"seq,omitempty"`
	Place        int    `json:"place,omitempty"`
	Since        uint64 `json:"since,omitempty"` // a place was so behind this and up to Seq
	Code         string `json:"code,omitempty"`  // of a refusal
	By           string `json:"by,omitempty"`
	Call         int64  `json:"call"`
	Return       int64  `json:"return"`

	from desk.Side
}

// message is what identifies one.
type message struct {
	conversation string
	seq          uint64
}

// memory is what one client remembers.
type memory struct {
	name  string
	agent bool
	began time.Time

	mu       sync.Mutex
	ops      []Op // commands with an answer
	heard    map[message]string
	hears    []Op
	places   []Op
	odd      []string      // what must never be told
	answered time.Time     // the latest giving of a command that has its answer
	longest  time.Duration // the longest wait for an answer since the fault
}

func newMemory(name string, agent bool, began time.Time) *memory {
	return &memory{name: name, agent: agent, began: began, heard: map[message]string{}}
}

// told takes in a change that the client is told.
func (m *memory) told(prev, seq uint64, c protocol.Change) {
	at := int64(time.Since(m.began))
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case c.Kind == protocol.KindMessage:
		id := message{c.Message.Conversation, c.Message.Seq}
		before, known := m.heard[id]
		switch {
		case known && before != c.Message.Text:
			m.odd = append(m.odd, "message "+before+" became "+c.Message.Text)
		}
		if known {
			return
		}
		m.heard[id] = c.Message.Text
		m.hears = append(m.hears, Op{Client: m.name, What: "hear", Conversation: id.conversation, Seq: id.seq, Text: c.Message.Text,
			Call: at, Return: at, from: desk.Side(c.Message.From)})
	case c.Kind == protocol.KindConversation && c.Conversation.Place > 0:
		m.places = append(m.places, Op{Client: m.name, What: "place", Conversation: c.Conversation.ID, Since: prev, Seq: seq, Place: c.Conversation.Place, Call: at, Return: at})
	}
}

// note remembers the answer to a command. fault is when the last fault was, zero when it is over.
func (m *memory) note(op Op, given, now time.Time, fault *window) {
	op.Client, op.Call, op.Return = m.name, int64(given.Sub(m.began)), int64(now.Sub(m.began))
	struck, settled := fault.bounds()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ops = append(m.ops, op)
	if given.After(m.answered) {
		m.answered = given
	}
	if !struck.IsZero() && now.After(struck) && (settled.IsZero() || given.Before(settled)) {
		from := given
		if struck.After(from) {
			from = struck
		}
		m.longest = max(m.longest, now.Sub(from))
	}
}

// hasHeard tells whether the client was told a message.
func (m *memory) hasHeard(id message) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.heard[id]
	return known
}

// lastTold is how many places the client has been told.
func (m *memory) lastTold() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.places)
}

// sees remembers what a customer sees at the end, when that was so behind one sequence and up to another.
func (m *memory) sees(c protocol.Conversation, since, seq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.State == protocol.StateWaiting {
		at := int64(time.Since(m.began))
		m.places = append(m.places, Op{Client: m.name, What: "place", Conversation: c.ID, Since: min(since, seq-1), Seq: seq, Place: c.Place, Call: at, Return: at})
	}
}

// wait gives the longest wait since the fault and forgets it.
func (m *memory) wait() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	longest := m.longest
	m.longest = 0
	return longest
}

func (m *memory) answeredSince(t time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.answered.Before(t)
}

// acked are the messages of a conversation that were acknowledged to the client.
func (m *memory) acked(conversation string) (list []message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.ops) - 1; i >= 0; i-- {
		op := &m.ops[i]
		if op.What == "say" && op.Code == "" && op.Conversation == conversation {
			list = append(list, message{conversation, op.Seq})
		}
		if (op.What == "join" || op.What == "pick") && op.Code == "" && op.Conversation == conversation {
			break
		}
	}
	return list
}

// window is the time in which a fault makes people wait.
type window struct {
	mu              sync.Mutex
	struck, settled time.Time
}

func (w *window) bounds() (struck, settled time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.struck, w.settled
}

func (w *window) set(struck, settled time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.struck, w.settled = struck, settled
}
