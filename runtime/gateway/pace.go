package gateway

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// Figures change with every event and are told at a pace: the first change at once, then at most one
// each pause. So a quiet desk is told immediately and a busy one does not drown its clients.
const (
	queuePause   = 250 * time.Millisecond
	placePause   = 2 * time.Second // semantics: coalesced, at most every 2 s each
	countPause   = 10 * time.Second
	channelPause = 200 * time.Millisecond
	peoplePause  = 500 * time.Millisecond // teams, colleagues and watched lists
	// crowdPause is that of queues' rows and lines when many agents are connected.
	crowdPause = time.Second
	// crowd is from how many members on colleagues' loads are not told as they change, only presence.
	crowd = 200
)

type pacer struct {
	queues map[string]*paced
	dirty  map[string]*paced // those with something to tell

	lines      map[row]*placed // those of teams and of single agents
	teams      map[string]bool // rows that may read otherwise
	colleagues map[string]bool
	watches    map[desk.ConversationID]bool // conversations of the lists that sockets watch
	channels   map[string][]byte            // what each channel's lookers were told last
	everything bool                         // any list that is watched may read otherwise
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

// placed is what the customers of a line were told of their places.
type placed struct {
	line            bool // something is to be told
	lineAt, countAt time.Time
	places          map[desk.ConversationID]told
}

type told struct{ place, waiting int }

func newPacer() pacer {
	return pacer{
		queues: map[string]*paced{}, dirty: map[string]*paced{}, teams: map[string]bool{},
		colleagues: map[string]bool{}, watches: map[desk.ConversationID]bool{},
		channels: map[string][]byte{}, lines: map[row]*placed{},
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
		q = &paced{placed: placed{places: map[desk.ConversationID]told{}}}
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
		q = &placed{places: map[desk.ConversationID]told{}}
		p.lines[r] = q
	}
	q.line = true
}

// of is what the customers of a conversation's line were told; nil when nothing is noted.
func (p *pacer) of(c *desk.Conversation) *placed {
	if c.ForTeam != "" || c.ForAgent != "" {
		return p.lines[row{team: c.ForTeam, agent: c.ForAgent}]
	}
	return &p.get(c.Queue).placed
}

// now lets the next telling of a queue's row and channels go out without a pause: it opened or closed.
func (p *pacer) now(name string) {
	q := p.get(name)
	q.rowAt, q.chanAt = time.Time{}, time.Time{}
}

// tellPaced gives what is to be told and whose pause is over. The caller holds the lock.
func (h *hub) tellPaced(now time.Time) {
	rowPause := queuePause
	if len(h.agents) > h.many {
		rowPause = crowdPause
	}
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
			q.channel, q.chanAt = false, now
			h.tellChannels(name, now)
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
		if !q.line && len(q.places) == 0 {
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
		if len(h.agents) > crowd && known && was == v.Presence {
			continue
		}
		change := colleagueChange(v)
		for _, to := range h.agents {
			h.giveLater(to, change)
		}
	}
	clear(h.pace.colleagues)
}

// placeTold notes a place that was told outside of tellPlaces.
func (p *pacer) placeTold(c *desk.Conversation, v *protocol.Conversation) {
	if q := p.of(c); q != nil && v.Place > 0 {
		q.places[c.ID] = told{v.Place, v.Waiting}
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

// tellChannels gives the channels of a queue to who looks at them.
func (h *hub) tellChannels(queue string, now time.Time) {
	for channel := range h.lookers {
		if set := h.state.Channel(channel); set != nil && (set.Queue == queue || slices.Contains(set.IssueQueues, queue)) {
			h.tellChannel(channel, now)
		}
	}
}

// tellChannel gives a channel's view to who looks at it, when it reads otherwise than before.
func (h *hub) tellChannel(channel string, now time.Time) {
	v := h.channelNow(channel, now)
	same := channelKey(v)
	if bytes.Equal(same, h.pace.channels[channel]) {
		return
	}
	h.pace.channels[channel] = same
	change := channelChange(v)
	for s := range h.lookers[channel] {
		h.give(s, change)
	}
}

// looked notes what somebody was told who begins to look at a channel. When others were told otherwise,
// the next telling is for all.
func (p *pacer) looked(channel string, v *protocol.Channel) {
	if told, known := p.channels[channel]; known && !bytes.Equal(told, channelKey(v)) {
		delete(p.channels, channel)
	}
}

// channelKey is what a channel reads like, whenever it is told.
func channelKey(v *protocol.Channel) []byte {
	without := *v
	without.Time = 0
	return channelChange(&without)
}

// channelNow is a channel as any customer sees it; one that was removed is closed.
func (h *hub) channelNow(name string, now time.Time) *protocol.Channel {
	if v := channelView(h.state, name, now); v != nil {
		return v
	}
	return &protocol.Channel{
		Name: name, DisplayName: name, Availability: protocol.Closed, QueueState: string(settings.QueueClosed),
		WhenUnavailable: string(settings.UnavailableMessage), Time: desk.Millis(now),
	}
}

// tellPlaces tells waiting customers their place when it changed, and how many wait at a slower pace
// (feature Q9).
func (h *hub) tellPlaces(line []*desk.Conversation, q *placed, now time.Time) {
	if q.lineAt = now; h.shed(ShedPlaces) {
		return // there is too much to do: later, as they are then
	}
	q.line = false
	counts := now.Sub(q.countAt) >= countPause
	if counts {
		q.countAt = now
	}
	places := make(map[desk.ConversationID]told, len(line))
	for i, c := range line {
		is := told{i + 1, len(line)}
		was, known := q.places[c.ID]
		if to := h.customers[c.Session]; len(to) > 0 && (!known || was.place != is.place || counts && was != is) {
			h.lookLater(to)
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
