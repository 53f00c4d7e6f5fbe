package gateway

import (
	"bytes"
	"slices"
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
	// crowd is from how many members on colleagues' loads are not told as they change, only presence.
	crowd = 200
)

type pacer struct {
	queues map[string]*paced
	dirty  map[string]*paced // those with something to tell

	teams      map[string]bool // rows that may read otherwise
	colleagues map[string]bool
	watches    map[desk.ConversationID]bool // conversations of the lists that sockets watch
	everything bool                         // any list that is watched may read otherwise
	peopleAt   time.Time
}

type paced struct {
	rows                           rowChanges // of the line, for the many agents of a large queue
	row, line, channel             bool       // something is to be told
	rowAt, lineAt, countAt, chanAt time.Time
	places                         map[desk.ConversationID]told
	channels                       map[string][]byte // what the channel's lookers were told last
}

type told struct{ place, waiting int }

func newPacer() pacer {
	return pacer{
		queues: map[string]*paced{}, dirty: map[string]*paced{}, teams: map[string]bool{},
		colleagues: map[string]bool{}, watches: map[desk.ConversationID]bool{},
	}
}

func (p *pacer) team(name string)               { p.teams[name] = true }
func (p *pacer) colleague(name string)          { p.colleagues[name] = true }
func (p *pacer) watched(id desk.ConversationID) { p.watches[id] = true }

// idle tells whether nothing is to be told later.
func (p *pacer) idle() bool {
	return len(p.dirty)+len(p.teams)+len(p.colleagues)+len(p.watches) == 0 && !p.everything
}

func (p *pacer) get(name string) *paced {
	q := p.queues[name]
	if q == nil {
		q = &paced{places: map[desk.ConversationID]told{}, channels: map[string][]byte{}}
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

// now lets the next telling of a queue's row and channels go out without a pause: it opened or closed.
func (p *pacer) now(name string) {
	q := p.get(name)
	q.rowAt, q.chanAt = time.Time{}, time.Time{}
}

// tellPaced gives what is to be told and whose pause is over. The caller holds the lock.
func (h *hub) tellPaced(now time.Time) {
	for name, q := range h.pace.dirty {
		if h.state.Queues[name] == nil {
			delete(h.pace.queues, name)
			delete(h.pace.dirty, name)
			continue
		}
		if (q.row || len(q.rows.order) > 0) && now.Sub(q.rowAt) >= queuePause {
			h.tellRows(name, q)
			if q.rowAt = now; q.row {
				q.row = false
				h.tellQueue(name, now)
			}
		}
		if q.channel && now.Sub(q.chanAt) >= channelPause {
			q.channel, q.chanAt = false, now
			h.tellChannels(name, q, now)
		}
		if q.line && now.Sub(q.lineAt) >= placePause {
			q.line, q.lineAt = false, now
			h.tellPlaces(name, q, now)
		}
		if !q.row && !q.channel && !q.line && len(q.rows.order) == 0 {
			delete(h.pace.dirty, name)
		}
	}
	if p := &h.pace; now.Sub(p.peopleAt) >= peoplePause && len(p.teams)+len(p.colleagues)+len(p.watches) > 0 || p.everything {
		p.peopleAt = now
		h.tellTeams()
		h.tellColleagues()
		h.tellWatches()
	}
}

// tellRows gives the entries of a line that changed, all in one update.
func (h *hub) tellRows(name string, q *paced) {
	if len(q.rows.order) == 0 {
		return
	}
	changes := make([][]byte, 0, len(q.rows.order))
	for _, id := range q.rows.order {
		changes = append(changes, q.rows.of[id])
	}
	q.rows = rowChanges{}
	all := bytes.Join(changes, []byte{','})
	h.giveQueue(name, all)
}

// tellTeams gives teams' rows to their members.
func (h *hub) tellTeams() {
	for name := range h.pace.teams {
		for _, agent := range h.state.MembersOf(name) {
			if to := h.agents[agent]; len(to) > 0 {
				if v := teamView(h.state, agent, name); v != nil {
					h.giveAll(to, teamChange(v))
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
		if len(h.agents) > crowd && known && was == v.Presence {
			continue
		}
		change := colleagueChange(v)
		for _, to := range h.agents {
			h.giveAll(to, change)
		}
	}
	clear(h.pace.colleagues)
}

// placeTold notes a place that was told outside of tellPlaces.
func (p *pacer) placeTold(c *desk.Conversation, v *protocol.Conversation) {
	if v.Place > 0 {
		p.get(c.Queue).places[c.ID] = told{v.Place, v.Waiting}
	}
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
		}
		v.MaySwitch, v.Favourite = h.state.MaySwitch(agent, name), h.state.Favours(agent, desk.Target{Kind: desk.ToQueue, Name: name})
		key := [2]bool{v.MaySwitch, v.Favourite}
		if encoded[key] == nil {
			encoded[key] = queueChange(v)
		}
		h.giveAll(to, encoded[key])
	}
}

// tellChannels gives a channel's view to who looks at it, when it reads otherwise than before.
func (h *hub) tellChannels(queue string, q *paced, now time.Time) {
	for channel, lookers := range h.lookers {
		set := h.state.Channel(channel)
		if set == nil || set.Queue != queue && !slices.Contains(set.IssueQueues, queue) {
			continue
		}
		v := channelView(h.state, channel, now)
		v.Time = 0
		same := changeOf(protocol.Change{Channel: v})
		if bytes.Equal(same, q.channels[channel]) {
			continue
		}
		q.channels[channel] = same
		v.Time = desk.Millis(now)
		change := channelChange(v)
		for s := range lookers {
			h.give(s, change)
		}
	}
}

// tellPlaces tells waiting customers their place when it changed, and how many wait at a slower pace
// (feature Q9).
func (h *hub) tellPlaces(name string, q *paced, now time.Time) {
	line := h.state.Line(name)
	counts := now.Sub(q.countAt) >= countPause
	if counts {
		q.countAt = now
	}
	places := make(map[desk.ConversationID]told, len(line))
	for i, c := range line {
		is := told{i + 1, len(line)}
		was, known := q.places[c.ID]
		if to := h.customers[c.Session]; len(to) > 0 && (!known || was.place != is.place || counts && was != is) {
			v := customerView(h.state, c)
			h.giveAll(to, conversationChange(v))
		} else if known {
			is = was
		}
		places[c.ID] = is
	}
	q.places = places
	if !counts {
		for _, is := range places {
			if is.waiting != len(line) {
				q.line = true // somebody is still to be told how many wait
				break
			}
		}
	}
}
