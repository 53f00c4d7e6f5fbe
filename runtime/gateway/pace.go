package gateway

import (
	"bytes"
	"strconv"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Figures change with every event and are told at a pace: the first change at once, then at most one
// each pause. So a quiet desk is told immediately and a busy one does not drown its clients.
const (
	queuePause   = 250 * time.Millisecond
	placePause   = 2 * time.Second // semantics: coalesced, at most every 2 s each
	countPause   = 10 * time.Second
	channelPause = 200 * time.Millisecond
	peoplePause  = 500 * time.Millisecond // teams, colleagues and watched lists
	// eachAgent is what each agent adds to the pause of queues' rows and lines: at most a thousand are told a second.
	eachAgent   = time.Millisecond
	rowPauseMax = 5 * time.Second
	// manyMembers is from how many members on colleagues' loads are not told as they change, only presence.
	manyMembers = 200
)

// Nobody acts on whether it is place 4,711 or 4,698, but each who is told is a write: those behind the first near
// are told in turns, one turn each placePause, of turnSize.
const (
	near     = 100
	turnSize = 2000
	turnsMax = 15
)

// turn is whose turn it is to be told what need not be told at once, of how many.
func (h *hub) turn(now time.Time) (turn, turns int) {
	turns = min(max((len(h.customers)+turnSize-1)/turnSize, 1), turnsMax)
	return int(now.UnixMilli() / placePause.Milliseconds() % int64(turns)), turns
}

type pacer struct {
	queues map[string]*paced
	dirty  map[string]*paced // those with something to tell

	lines      map[row]*placed // those of teams and of single agents
	teams      map[string]bool // rows that may read otherwise
	colleagues map[string]bool
	watches    map[desk.ConversationID]bool // conversations of the lists that sockets watch
	channels   map[string]*channelTold
	everything bool // any list that is watched may read otherwise
	peopleAt   time.Time
}

type paced struct {
	rows          rowChanges // of the line, for the many agents of a large queue
	row, channel  bool       // something is to be told
	rowAt, chanAt time.Time
	hours         hours // as they were told last
	placed
}

// hours are what a queue's row says of its schedule. They may read otherwise though nothing happened:
// a queue that is open by today's rule is open by tomorrow's after midnight.
type hours struct{ detail, state, next string }

func hoursOf(v *protocol.Queue) hours {
	return hours{v.Detail, v.NextState, strconv.FormatInt(v.NextTime, 10)}
}

// hoursEvery is how often schedules are looked at for that.
const hoursEvery = time.Minute

// lookAtHours notes the queues whose hours read otherwise than they were told.
func (h *hub) lookAtHours(now time.Time) {
	for name, q := range h.pace.queues {
		if v := queueView(h.state, name, now); v != nil && q.hours != (hours{}) && q.hours != hoursOf(v) {
			h.pace.queue(name)
		}
	}
}

// placed is the pace at which the customers of a line are told their places.
type placed struct {
	line            bool // something is to be told
	lineAt, countAt time.Time
}

// told is what a customer's socket was told of the line; zero when nothing is known there.
type told struct{ place, waiting int }

func newPacer() pacer {
	return pacer{
		queues: map[string]*paced{}, dirty: map[string]*paced{}, teams: map[string]bool{},
		colleagues: map[string]bool{}, watches: map[desk.ConversationID]bool{},
		channels: map[string]*channelTold{}, lines: map[row]*placed{},
	}
}

func (p *pacer) team(name string)               { p.teams[name] = true }
func (p *pacer) colleague(name string)          { p.colleagues[name] = true }
func (p *pacer) watched(id desk.ConversationID) { p.watches[id] = true }

// idle tells whether nothing is to be told later.
func (p *pacer) idle() bool {
	for _, q := range p.lines {
		if q.line {
			return false
		}
	}
	return len(p.dirty)+len(p.teams)+len(p.colleagues)+len(p.watches) == 0 && !p.everything
}

func (p *pacer) get(name string) *paced {
	q := p.queues[name]
	if q == nil {
		q = &paced{}
		p.queues[name] = q
	}
	return q
}

// queue notes that a queue's figures may have changed.
func (p *pacer) queue(name string) {
	q := p.get(name)
	q.row, q.line, q.channel = true, true, true
	p.dirty[name] = q
}

// ownLine notes that the places in the line of a team or of a single agent may have changed.
func (p *pacer) ownLine(r row) {
	r.queue = ""
	q := p.lines[r]
	if q == nil {
		q = &placed{}
		p.lines[r] = q
	}
	q.line = true
}

// now lets the next telling of a queue's row and channels go out without a pause: it opened or closed.
func (p *pacer) now(name string) {
	q := p.get(name)
	q.rowAt, q.chanAt = time.Time{}, time.Time{}
}

// tellPaced gives what is to be told and whose pause is over. The caller holds the lock.
func (h *hub) tellPaced(now time.Time) {
	rowPause := min(max(queuePause, time.Duration(len(h.agents))*eachAgent), rowPauseMax)
	for name, q := range h.pace.dirty {
		if h.state.Queues[name] == nil {
			delete(h.pace.queues, name)
			delete(h.pace.dirty, name)
			continue
		}
		if (q.row || len(q.rows.order) > 0) && now.Sub(q.rowAt) >= rowPause {
			h.tellRows(name, q)
			if q.rowAt = now; q.row {
				q.row = false
				h.tellQueue(name, now)
			}
		}
		if q.channel && now.Sub(q.chanAt) >= channelPause {
			q.chanAt = now
			q.channel = h.tellChannels(name, now)
		}
		if q.line && now.Sub(q.lineAt) >= placePause {
			h.tellPlaces(h.state.Line(name), &q.placed, now)
		}
		if !q.row && !q.channel && !q.line && len(q.rows.order) == 0 {
			delete(h.pace.dirty, name)
		}
	}
	for r, q := range h.pace.lines {
		if q.line && now.Sub(q.lineAt) >= placePause {
			line := h.state.TeamLine(r.team)
			if r.agent != "" {
				line = h.state.PersonalLine(r.agent)
			}
			h.tellPlaces(line, q, now)
		}
		if !q.line && now.Sub(q.countAt) >= countPause {
			delete(h.pace.lines, r)
		}
	}
	if p := &h.pace; now.Sub(p.peopleAt) >= peoplePause && len(p.teams)+len(p.colleagues)+len(p.watches) > 0 || p.everything {
		p.peopleAt = now
		h.tellTeams()
		h.tellColleagues()
		h.tellWatches()
	}
	if h.burst <= h.many {
		h.portion() // few are told at once
	}
}

// tellRows gives the entries of a line that changed, all in one update, as they read now. One that
// went on to another line is not taken from those who see it there.
func (h *hub) tellRows(name string, q *paced) {
	if len(q.rows.order) == 0 {
		return
	}
	changes := make([][]byte, 0, len(q.rows.order))
	var elsewhere []*desk.Conversation
	for _, id := range q.rows.order {
		c := h.state.Conversations[id]
		switch {
		case c == nil || rowOf(c) == row{}:
			changes = append(changes, q.rows.of[id])
		case rowOf(c) == row{queue: name}:
			changes = append(changes, h.entry(c))
		default:
			elsewhere = append(elsewhere, c)
		}
	}
	gone := q.rows.of
	q.rows = rowChanges{}
	if len(changes) > 0 {
		all := bytes.Join(changes, []byte{','})
		for _, agent := range h.state.AgentsOf(name) {
			h.giveLater(h.agents[agent], all)
		}
	}
	for _, c := range elsewhere {
		for _, agent := range h.state.AgentsOf(name) {
			if to := h.agents[agent]; len(to) > 0 && !h.sees(agent, c) {
				h.giveLater(to, gone[c.ID])
			}
		}
	}
}

// tellTeams gives teams' rows to their members.
func (h *hub) tellTeams() {
	for name := range h.pace.teams {
		figures := h.state.TeamFigures(name)
		for _, agent := range h.state.MembersOf(name) {
			if to := h.agents[agent]; len(to) > 0 {
				if v := teamViewOf(h.state, agent, name, figures); v != nil {
					h.giveLater(to, teamChange(v))
				}
			}
		}
	}
	clear(h.pace.teams)
}

// tellColleagues gives those who changed to everybody. In a crowd only what was told before and reads
// otherwise but for the load.
func (h *hub) tellColleagues() {
	for name := range h.pace.colleagues {
		v := colleagueView(h.state, name)
		if v == nil {
			continue
		}
		was, known := h.presences[name]
		h.presences[name] = v.Presence
		if len(h.agents) > manyMembers && known && was == v.Presence {
			continue
		}
		change := colleagueChange(v)
		for _, to := range h.agents {
			h.giveLater(to, change)
		}
	}
	clear(h.pace.colleagues)
}

// tellQueue gives a queue's row to its agents; one encoding for each of who may switch it or not, and
// whose favourite it is or not.
func (h *hub) tellQueue(name string, now time.Time) {
	var v *protocol.Queue
	encoded := map[[2]bool][]byte{}
	for _, agent := range h.state.AgentsOf(name) {
		to := h.agents[agent]
		if len(to) == 0 {
			continue
		}
		if v == nil {
			v = queueView(h.state, name, now)
			h.pace.get(name).hours = hoursOf(v)
		}
		v.MaySwitch, v.Favourite = h.state.MaySwitch(agent, name), h.state.Favours(agent, desk.Target{Kind: desk.ToQueue, Name: name})
		key := [2]bool{v.MaySwitch, v.Favourite}
		if encoded[key] == nil {
			encoded[key] = queueChange(v)
		}
		h.giveLater(to, encoded[key])
	}
}

// tellPlaces tells waiting customers their place when it changed, and how many wait at a slower pace
// (feature Q9). Where many are connected those behind the first are told in turns; after a quiet time all at once.
func (h *hub) tellPlaces(line []*desk.Conversation, q *placed, now time.Time) {
	turn, turns := h.turn(now)
	all := turns == 1 || now.Sub(q.lineAt) >= time.Duration(turns)*placePause
	if q.lineAt = now; h.shed(ShedPlaces) {
		return // there is too much to do: later, as they are then
	}
	q.line = false
	counts := now.Sub(q.countAt) >= countPause
	if counts {
		q.countAt = now
	}
	for i, c := range line {
		is := told{i + 1, len(line)}
		for _, s := range h.customers[c.Session] {
			switch {
			case s.told == is:
			case (all || i < near) && (counts || s.told.place != is.place), turns > 1 && s.beat%turns == turn:
				h.lookLater(s)
			default:
				q.line = true // to be told yet
			}
		}
	}
}
