package gateway

import (
	"sync"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// hub keeps a copy of the desk's state, applies what the router decided, and tells the sockets of
// this pod what changed for each of them.
type hub struct {
	clock func() time.Time
	feed  chan []desk.Record
	ended chan struct{} // closed when nothing is applied any more

	mu        sync.RWMutex
	applied   *sync.Cond // on mu's read side: state.Seq has grown
	state     *desk.State
	sockets   map[*socket]struct{}
	customers map[string][]*socket // by session
	agents    map[string][]*socket // by member
	lookers   map[string]map[*socket]struct{}
	watching  map[*socket]struct{}           // those that look at more than everybody gets
	presences map[string]string              // of members, as they were told last
	rows      map[desk.ConversationID][]byte // encoded entries of lines as they read now
	people    map[string][]byte              // encoded colleagues as they read now
	touched   []*socket
	portioned []*socket // of those in portions, the next
	later     []*socket // those with something that is told in portions
	burst     int       // how many that were at most since there was none
	many      int       // from how many sockets on that is done
	few       int       // up to how many connected agents every change of a line is told at once
	pace      pacer
	crowd     *crowd
	presence  *presence
	// history is asked for the messages of a conversation that an agent's sockets get to see now.
	history func(agent string, id desk.ConversationID, upTo uint64)
	changed func()
	// typed tells the other pods that somebody types here.
	typed func(id desk.ConversationID, agent string)
	// shed tells whether something is left out at present: there is too much to do.
	shed    func(Shed) bool
	answers answers
}

// answers are acks that wait for the update with their effect, to go out with it in one write.
type answers struct {
	mu      sync.Mutex
	applied uint64
	list    []heldAnswer
}

type heldAnswer struct {
	seq   uint64
	to    *socket
	bytes []byte
}

// answer sends an ack together with the update that shows its effect, or at once when that is out.
func (h *hub) answer(to *socket, seq uint64, b []byte) {
	a := &h.answers
	a.mu.Lock()
	if seq > a.applied {
		a.list = append(a.list, heldAnswer{seq, to, b})
		a.mu.Unlock()
		return
	}
	a.mu.Unlock()
	to.send(b)
}

// release queues the answers whose effect has been applied, before the updates are.
func (h *hub) release() {
	a := &h.answers
	a.mu.Lock()
	a.applied = h.state.Seq
	kept := a.list[:0]
	for _, held := range a.list {
		if held.seq <= a.applied {
			held.to.acks = append(held.to.acks, frame{bytes: held.bytes})
			h.touch(held.to)
		} else {
			kept = append(kept, held)
		}
	}
	clear(a.list[len(kept):])
	a.list = kept
	a.mu.Unlock()
}

func newHub(state *desk.State, clock func() time.Time) *hub {
	h := &hub{
		clock: clock, feed: make(chan []desk.Record, 1024), ended: make(chan struct{}), state: state,
		sockets: map[*socket]struct{}{}, customers: map[string][]*socket{}, agents: map[string][]*socket{},
		lookers: map[string]map[*socket]struct{}{}, pace: newPacer(),
		watching: map[*socket]struct{}{}, presences: map[string]string{},
		rows: map[desk.ConversationID][]byte{}, people: map[string][]byte{},
		changed: func() {}, typed: func(desk.ConversationID, string) {}, shed: func(Shed) bool { return false }, few: fewAgents, many: manySockets, crowd: newCrowd(),
	}
	h.answers.applied = state.Seq
	h.applied = sync.NewCond(h.mu.RLocker())
	return h
}

// Follow takes records from the router. The channel is long; if the hub fell that far behind, the
// router waits for it, which slows everybody down alike and loses nothing. A hub that has ended takes
// nothing and holds nobody up.
func (h *hub) Follow(records []desk.Record) {
	select {
	case h.feed <- records:
	case <-h.ended:
	}
}

// run applies records until stop is closed, and sends what was held back to go out together.
func (h *hub) run(stop <-chan struct{}) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	hours := time.NewTicker(hoursEvery)
	defer hours.Stop()
	for {
		select {
		case <-stop:
			h.end()
			return
		case <-hours.C:
			h.mu.Lock()
			h.lookAtHours(h.clock())
			h.mu.Unlock()
		case records := <-h.feed:
			h.apply(records)
		case <-tick.C:
			h.paced()
		}
	}
}

func (h *hub) apply(records []desk.Record) {
	h.mu.Lock()
	t := newTally(h)
	for _, r := range records {
		t.record(r)
	}
	t.tell()
	h.release()
	h.flush()
	h.mu.Unlock()
	h.applied.Broadcast()
	h.changed()
}

// paced sends figures and places whose pause is over.
func (h *hub) paced() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pace.idle() && len(h.later) == 0 {
		return
	}
	h.tellPaced(h.clock())
	h.portion()
	h.flush()
}

// What many thousands are told at a pace goes out in portions, one each tick, through the crowd's writer:
// thousands of writes at once would stand before an offer that comes after them.
const (
	portions       = 36 // ticks within which all are told: less than placePause
	portionAtLeast = 100
	// manySockets is up to how many are told at once what has a pace.
	manySockets = 200
)

// giveLater puts a change into an update that goes out with one of the next portions, or with the next
// change that does not wait; to few at once.
func (h *hub) giveLater(list []*socket, change []byte) {
	for _, s := range list {
		s.pending = append(s.pending, change)
		if !s.later && !s.touched {
			s.later = true
			h.later = append(h.later, s)
		}
	}
	h.burst = max(h.burst, len(h.later))
}

// giveCrowd puts a change into an update that the crowd's writer writes now.
func (h *hub) giveCrowd(s *socket, change []byte) {
	s.pending = append(s.pending, change)
	h.portioned = append(h.portioned, s)
}

// lookLater lets a customer be told the conversation with one of the next portions, as it reads then.
func (h *hub) lookLater(s *socket) {
	s.stale = true
	if !s.later {
		s.later = true
		h.later = append(h.later, s)
	}
	h.burst = max(h.burst, len(h.later))
}

// crowded tells whether so many are connected that what has a pace is written by the crowd's writer.
func (h *hub) crowded() bool { return len(h.sockets) > h.many }

// giveCustomer gives a customer's sockets the conversation as it reads now.
func (h *hub) giveCustomer(to []*socket, c *desk.Conversation) {
	v := customerView(h.state, c)
	change := conversationChange(v)
	for _, s := range to {
		s.told, s.stale = told{v.Place, v.Waiting}, false
		h.give(s, change)
	}
}

// renewView does so with what goes out in portions.
func (h *hub) renewView(s *socket) {
	customer := h.state.Customers[s.session]
	if s.stale = false; customer == nil {
		return
	}
	if c := h.state.Conversations[customer.Conversation]; c != nil {
		v := customerView(h.state, c)
		s.told = told{v.Place, v.Waiting}
		s.pending = append(s.pending, conversationChange(v))
	}
}

// portion lets the next flush look at some of those who wait for it.
func (h *hub) portion() {
	n := len(h.later)
	if h.burst > h.many {
		n = min(n, max(portionAtLeast, h.burst/portions))
	}
	var lag []*socket
	crowded := h.crowded()
	for _, s := range h.later[:n] {
		if s.stale && s.lagging() { // it is told the place when it has read what it has
			lag = append(lag, s)
			continue
		}
		if s.later = false; s.stale {
			h.renewView(s)
		}
		if crowded {
			h.portioned = append(h.portioned, s)
		} else {
			h.touch(s)
		}
	}
	clear(h.later[:n])
	if h.later = append(h.later[n:], lag...); len(h.later) == 0 {
		h.later, h.burst = nil, 0
	}
}

// end lets nobody wait for what will not be applied.
func (h *hub) end() {
	h.mu.Lock()
	close(h.ended)
	h.mu.Unlock()
	h.applied.Broadcast()
}

func (h *hub) over() bool {
	select {
	case <-h.ended:
		return true
	default:
		return false
	}
}

// wait returns when the copy has everything up to seq, or gets nothing any more.
func (h *hub) wait(seq uint64) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for h.state.Seq < seq && !h.over() {
		h.applied.Wait()
	}
}

// read lets f look at the state.
func (h *hub) read(f func(s *desk.State)) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	f(h.state)
}

// give puts a change into the next update of a socket. The caller holds the lock.
func (h *hub) give(s *socket, change []byte) {
	s.pending = append(s.pending, change)
	h.touch(s)
}

// touch lets the next flush look at a socket.
func (h *hub) touch(s *socket) {
	if !s.touched {
		s.touched = true
		h.touched = append(h.touched, s)
	}
}

func (h *hub) giveAll(list []*socket, change []byte) {
	for _, s := range list {
		h.give(s, change)
	}
}

// giveQueue gives a change to all agents of a queue who are connected here.
func (h *hub) giveQueue(queue string, change []byte) {
	for _, agent := range h.state.AgentsOf(queue) {
		h.giveAll(h.agents[agent], change)
	}
}

// flush sends one update to each socket that was given something, behind the answers whose effect it
// shows; to those of a portion with the crowd. A socket whose snapshot is not out yet keeps the update until then.
func (h *hub) flush() {
	for _, s := range h.touched {
		s.touched = false
		if out := h.outgoing(s); len(out) > 0 {
			s.queue(out...)
		}
	}
	for _, s := range h.portioned {
		if out := h.outgoing(s); len(out) > 0 {
			s.queueLater(h.crowd, out...)
		}
	}
	clear(h.touched)
	clear(h.portioned)
	h.touched, h.portioned = h.touched[:0], h.portioned[:0]
}

// outgoing takes what a socket was given.
func (h *hub) outgoing(s *socket) []frame {
	out := s.acks
	s.acks = nil
	if s.live && len(s.pending) > 0 {
		out = append(out, update(h.state.Seq, s.prev, s.pending))
		s.prev, s.pending = h.state.Seq, nil
	}
	return out
}

// enter adds a socket; the caller holds the lock. One whose connection has ended meanwhile would stay
// for ever, and its principal be online with it.
func (h *hub) enter(s *socket) {
	if s.gone {
		return
	}
	h.sockets[s] = struct{}{}
	if s.agent != "" {
		h.agents[s.agent] = append(h.agents[s.agent], s)
	} else {
		h.customers[s.session] = append(h.customers[s.session], s)
		if h.lookers[s.channel] == nil {
			h.lookers[s.channel] = map[*socket]struct{}{}
		}
		h.lookers[s.channel][s] = struct{}{}
	}
	h.presence.changed(s.principal)
}

// leave takes a socket out.
func (h *hub) leave(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.gone = true
	if _, in := h.sockets[s]; !in {
		return
	}
	delete(h.sockets, s)
	delete(h.watching, s)
	if s.agent != "" {
		remove(h.agents, s.agent, s)
	} else {
		remove(h.customers, s.session, s)
		delete(h.lookers[s.channel], s)
		if len(h.lookers[s.channel]) == 0 {
			delete(h.lookers, s.channel)
		}
	}
	h.presence.changed(s.principal)
}

func remove(m map[string][]*socket, key string, s *socket) {
	list := m[key]
	for i := range list {
		if list[i] == s {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(m, key)
	} else {
		m[key] = list
	}
}

// connected tells whether a principal has a socket here; the caller holds the lock.
func (h *hub) connected(p desk.Principal) bool {
	if len(p) < 2 {
		return false
	}
	if p[0] == 'a' {
		return len(h.agents[string(p[2:])]) > 0
	}
	return len(h.customers[string(p[2:])]) > 0
}

// typing passes a lossy mark on, to everybody else in the conversation, here and on the other pods.
func (h *hub) typing(from *socket, id desk.ConversationID) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if from.agent == "" {
		customer := h.state.Customers[from.session]
		if customer == nil {
			return
		}
		id = customer.Conversation
	}
	if c := h.mayType(id, from.agent); c != nil {
		h.tellTyping(c, from.agent)
		h.typed(id, from.agent)
	}
}

// othersTyping passes a mark of another pod on.
func (h *hub) othersTyping(id desk.ConversationID, agent string) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if c := h.mayType(id, agent); c != nil {
		h.tellTyping(c, agent)
	}
}

// mayType is the conversation in which somebody (an agent, or without one the customer) may be told to type.
func (h *hub) mayType(id desk.ConversationID, agent string) *desk.Conversation {
	c := h.state.Conversations[id]
	if c == nil || c.Place != desk.InService || agent != "" && !c.Has(agent) {
		return nil
	}
	if set := h.state.Setting(c.Queue); set != nil && !set.Has(settings.FeatureTyping) {
		return nil
	}
	return c
}

func (h *hub) tellTyping(c *desk.Conversation, by string) {
	t := protocol.Typing{Type: protocol.TypeTyping, From: protocolCustomer, Conversation: string(c.ID)}
	var to []*socket
	if by != "" {
		t.From, t.Author = protocolAgent, agentName(h.state, by)
		to = append(to, h.customers[c.Session]...)
	}
	for _, agent := range c.Agents() {
		if agent != by {
			to = append(to, h.agents[agent]...)
		}
	}
	b := marshal(t)
	for _, s := range to {
		if s.live && !s.lagging() {
			s.send(b)
		}
	}
}
