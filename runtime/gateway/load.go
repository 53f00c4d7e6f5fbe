package gateway

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// When more comes in than the desk can store, something has to wait or be left out. The order is always the same:
// typing marks are dropped first, then places are told later, then new joins are refused and told when to come again.
// Messages of running conversations are never refused for it: the sockets that send them are read more slowly.
// What decides is how many commands of this pod have no answer yet, against Options.Waiting.

// Shed is what a pod leaves out under load, in the order in which it does.
type Shed int

const (
	ShedTyping Shed = iota
	ShedPlaces
	ShedJoins
	shedKinds
)

func (s Shed) String() string { return [...]string{"typing", "places", "joins"}[s] }

// shedFrom is the part of Options.Waiting from which each is left out, one of so many; it ends at half of that, so that
// nobody is told otherwise every moment.
var shedFrom = [shedKinds]int{ShedTyping: 8, ShedPlaces: 4, ShedJoins: 2}

const (
	// waitingCommands is the default of Options.Waiting. The router takes a third more of one pod: who is connected, and
	// sign-ins, do not come by here.
	waitingCommands = 12288
	// fairShare is how many commands without an answer one socket may have once anything is left out.
	fairShare = 4
	// joinAgain is the least pause after which a refused join may come again, and by how much it is spread.
	joinAgain = 2 * time.Second
)

// load counts the commands without an answer, and lets sockets wait for their turn.
type load struct {
	most  int
	sheds [shedKinds]atomic.Bool
	count [shedKinds]atomic.Uint64

	mu      sync.Mutex
	waiting int
	turns   []*turn // sockets that are not read from, first come first
	held    int     // they, and those that wait for an answer of their own
	over    bool
}

// turn is one socket's place among those that wait to have a command taken. A socket has at most one: its commands
// come one after the other.
type turn struct {
	flying int  // commands without an answer
	parked bool // it waits for one of these before it stands in line
	come   chan bool
}

func newLoad(most int) *load {
	if most == 0 {
		most = waitingCommands
	}
	return &load{most: most}
}

// shed tells whether something is left out at present, and counts it.
func (l *load) shed(what Shed) bool {
	if !l.sheds[what].Load() {
		return false
	}
	l.count[what].Add(1)
	return true
}

// begin takes a place for a command of a socket, and waits for one as long as need be. False means that the pod ends.
// Every begin that took one is followed by one end.
func (l *load) begin(t *turn) (taken, waited bool) {
	taken, come := l.ask(t)
	if come == nil {
		return taken, false
	}
	return <-come, true
}

// ask takes a place if there is one, else the channel tells when there is.
func (l *load) ask(t *turn) (taken bool, come <-chan bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false, nil
	}
	able := t.flying < l.share()
	if able && len(l.turns) == 0 && l.waiting < l.most {
		l.take(t)
		return true, nil
	}
	if t.come == nil {
		t.come = make(chan bool, 1)
	}
	l.held++
	if t.parked = !able; able {
		l.turns = append(l.turns, t)
	}
	return false, t.come
}

// share is how many commands without an answer one socket may have now.
func (l *load) share() int {
	if l.sheds[ShedTyping].Load() {
		return fairShare
	}
	return inFlight
}

// crowded tells whether so many wait for a place that nobody else is to.
func (l *load) crowded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held >= l.most
}

func (l *load) take(t *turn) {
	t.flying++
	l.waiting++
	l.judge()
}

// end gives a place back.
func (l *load) end(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
	l.judge()
	t.flying--
	switch {
	case t.parked && l.over:
		t.parked = false
		l.held--
		t.come <- false
	case t.parked && t.flying < l.share():
		t.parked = false
		l.turns = append(l.turns, t)
	}
	for len(l.turns) > 0 && l.waiting < l.most && !l.over {
		next := l.turns[0]
		l.turns[0] = nil
		l.turns = l.turns[1:]
		l.held--
		l.take(next)
		next.come <- true
	}
	if len(l.turns) == 0 {
		l.turns = nil
	}
}

// judge finds what is to be left out.
func (l *load) judge() {
	for what, part := range shedFrom {
		from := max(1, l.most/part)
		switch shed := &l.sheds[what]; {
		case l.waiting >= from:
			shed.Store(true)
		case l.waiting < (from+1)/2:
			shed.Store(false)
		}
	}
}

// stop lets nobody wait any more. Who waits for an answer of its own is told with that.
func (l *load) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for _, t := range l.turns {
		l.held--
		t.come <- false
	}
	l.turns = nil
}

// Load is how busy a pod is.
type Load struct {
	// Waiting are commands without an answer, Held the sockets that are not read from until there is room.
	Waiting, Held int
	// Shed counts what was left out, by kind.
	Shed map[Shed]uint64
}

// Load is how busy this pod is.
func (g *Gateway) Load() Load {
	l := g.load
	l.mu.Lock()
	defer l.mu.Unlock()
	v := Load{Waiting: l.waiting, Held: l.held, Shed: map[Shed]uint64{}}
	for what := range shedKinds {
		v.Shed[what] = l.count[what].Load()
	}
	return v
}

// refuses tells a customer who would begin something new to come again later, when there is more to do than can be
// done. Who has a conversation already goes on in it: a join that comes twice is answered.
func (g *Gateway) refuses(c protocol.Command, by who) *protocol.Error {
	if by.agent != "" || c.Type != protocol.TypeJoin && c.Type != protocol.TypeContact || !g.load.sheds[ShedJoins].Load() {
		return nil
	}
	running := false
	g.hub.read(func(s *desk.State) {
		if known := s.Customers[by.session]; known != nil {
			c := s.Conversations[known.Conversation]
			running = c != nil && c.Place.Open()
		}
	})
	if running || !g.load.shed(ShedJoins) {
		return nil
	}
	return overloaded()
}

func overloaded() *protocol.Error {
	again := joinAgain + rand.N(joinAgain) // not all at once
	return &protocol.Error{Code: "overloaded", RetryAfterMS: again.Milliseconds(),
		Message: "Very many want to be served at this moment. Nothing is lost; send it again in a moment."}
}
