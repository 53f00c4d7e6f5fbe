package desksim

import (
	"fmt"
	"slices"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// keepEnded is how long an ended conversation is known, in milliseconds.
const keepEnded = hour

type check struct {
	s   *desk.State
	now int64
	bad []string
	// hours are the schedules that were compiled.
	hours map[*calendar.Schedule]*calendar.Compiled
}

func (k *check) wrong(format string, args ...any) {
	k.bad = append(k.bad, fmt.Sprintf(format, args...))
}

// Check looks at a state whose ticks are done for what must always hold, and tells what does not.
// Now is the time of the last tick, in milliseconds.
func Check(s *desk.State, now int64) []string {
	return (&check{s: s, now: now}).all()
}

func (k *check) all() []string {
	k.places()
	k.people()
	k.queues()
	k.deadlines()
	return k.bad
}

// places: a conversation is in exactly one place, and the indexes agree.
func (k *check) places() {
	inLine, inHands := map[desk.ConversationID]int{}, map[desk.ConversationID]int{}
	for name, line := range k.lines() {
		for _, c := range line {
			inLine[c.ID]++
			if lineName(c) != name {
				k.wrong("%s of %s stands in the line of %s", c.ID, lineName(c), name)
			}
		}
	}
	for name := range k.s.Agents {
		for _, c := range k.s.ConversationsOf(name) {
			inHands[c.ID]++
			if !hasIn(c, name) {
				k.wrong("%s of agent %q and %v is in the hands of %s", c.ID, c.Agent, c.Sharers, name)
			}
		}
	}
	numbers := map[uint64]desk.ConversationID{}
	for id, c := range k.s.Conversations {
		if c.ID != id || c.ID != desk.ConversationID(fmt.Sprintf("c%d", c.Number)) {
			k.wrong("%s is kept as %s with number %d", c.ID, id, c.Number)
		}
		if other, twice := numbers[c.Number]; twice || c.Number > k.s.LastConversation {
			k.wrong("%s has number %d (also %s, the last is %d)", id, c.Number, other, k.s.LastConversation)
		}
		numbers[c.Number] = id
		want := k.place(c)
		if got := [2]int{inLine[id], inHands[id]}; got != want {
			k.wrong("%s (place %d, %s, agent %q, %v) is in %d lines and %d hands", id, c.Place, lineName(c), c.Agent, c.Sharers, got[0], got[1])
		}
		delete(inLine, id)
		delete(inHands, id)
	}
	if len(inLine)+len(inHands) > 0 {
		k.wrong("there are conversations in lines or hands that are not known: %v %v", inLine, inHands)
	}
}

// lines are those that the state keeps, by name.
func (k *check) lines() map[string][]*desk.Conversation {
	lines := map[string][]*desk.Conversation{}
	for name := range k.s.Queues {
		lines["queue "+name] = k.s.Line(name)
	}
	for _, t := range k.s.Settings.Teams {
		lines["team "+t.Name] = k.s.TeamLine(t.Name)
	}
	for name := range k.s.Agents {
		lines["agent "+name] = k.s.PersonalLine(name)
	}
	return lines
}

// place: what a conversation must be like in its place. It tells in how many lines and hands it is.
func (k *check) place(c *desk.Conversation) (want [2]int) {
	id := c.ID
	if c.Place != desk.InService && len(c.Sharers)+len(c.Invitations) > 0 {
		k.wrong("%s in place %d is shared by %v, invited are %v", id, c.Place, c.Sharers, c.Invitations)
	}
	switch c.Place {
	case desk.Waiting:
		k.waits(c)
		return [2]int{1, 0}
	case desk.OfferedTo:
		if slices.Contains(c.Refused, c.Agent) {
			k.wrong("%s is offered to %s who let it pass", id, c.Agent)
		}
		if c.ForAgent != "" || c.ForTeam != "" || !serves(k.s, c.Agent, c.Queue) {
			k.wrong("%s of %s is offered to %s who does not serve %s", id, lineName(c), c.Agent, c.Queue)
		}
		return [2]int{0, 1}
	case desk.InService:
		k.served(c)
		return [2]int{0, 1 + len(c.Sharers)}
	case desk.Over:
		if c.EndedAt == 0 || c.EndedWhy == "" || c.UnansweredSince != 0 {
			k.wrong("%s is over without an end: %+v", id, *c)
		}
		if c.EndedAt+keepEnded <= k.s.At {
			k.wrong("%s has been over since %d and is still known at %d", id, c.EndedAt, k.s.At)
		}
	case desk.Inactive:
		if c.EndedWhy == "" || c.Agent != "" || c.ForAgent != "" || c.ForTeam != "" {
			k.wrong("%s is inactive without a reason, or in somebody's hands: %+v", id, *c)
		}
	default:
		k.wrong("%s is in place %d", id, c.Place)
	}
	return want
}

// waits: who waits stands where somebody can see it, and is not kept waiting by the desk.
func (k *check) waits(c *desk.Conversation) {
	if c.Agent != "" || c.Team != "" || c.StartedAt != 0 || c.Idle || c.EndedWhy != "" {
		k.wrong("%s waits as if it were served or over: %+v", c.ID, *c)
	}
	seen := false
	for _, name := range membersOf(k.s) {
		seen = seen || k.s.MayTake(name, c)
	}
	if !seen && (lineName(c) != "queue "+c.Queue || len(agentsOf(k.s, c.Queue)) > 0) {
		k.wrong("%s waits for %s, and nobody may take it", c.ID, lineName(c))
	}
	switch {
	case c.ForAgent != "":
		if limitOf(k.s, c.ForAgent) == 0 {
			k.wrong("%s waits for %s, who is nobody's member", c.ID, c.ForAgent)
		}
	case c.ForTeam != "":
		if t := teamOf(k.s, c.ForTeam); t == nil || len(t.Members) == 0 {
			k.wrong("%s waits for team %s, which nobody is a member of", c.ID, c.ForTeam)
		}
	case k.s.Queues[c.Queue] == nil:
		k.wrong("%s waits in %q, which is not there", c.ID, c.Queue)
	default:
		k.stuck(c)
	}
	if c.ForAgent == "" && (c.WaitsSince != 0) != (c.ForTeam != "") {
		k.wrong("%s of %s waits there since %d", c.ID, lineName(c), c.WaitsSince)
	}
}

// stuck: in a queue that offers by itself nobody waits whom a free agent could be offered.
func (k *check) stuck(c *desk.Conversation) {
	if queueSetting(k.s, c.Queue).Distribution.Mode != settings.DistributionAutomatic {
		return
	}
	for _, agent := range agentsOf(k.s, c.Queue) {
		if free(k.s, agent) && !slices.Contains(c.Refused, agent) {
			k.wrong("%s waits in %s, %s is free and did not let it pass", c.ID, c.Queue, agent)
		}
	}
}

// served: all who are in a conversation may be.
func (k *check) served(c *desk.Conversation) {
	seen := map[string]bool{c.Agent: true}
	for _, s := range c.Sharers {
		if seen[s.Agent] {
			k.wrong("%s is shared by %s twice", c.ID, s.Agent)
		}
		seen[s.Agent] = true
		if limitOf(k.s, s.Agent) == 0 || s.Team != "" && !inTeam(k.s, s.Agent, s.Team) {
			k.wrong("%s is shared by %s, who is not of team %q", c.ID, s.Agent, s.Team)
		}
	}
	if limitOf(k.s, c.Agent) == 0 || c.ForAgent != "" {
		k.wrong("%s is served by %q, who is nobody's member, or is for %q", c.ID, c.Agent, c.ForAgent)
	}
	mine := inTeam(k.s, c.Agent, c.Team) || c.Team == "" && c.Via != "" // or handed over in person
	switch {
	case mine:
	case c.ForTeam != "" && !inTeam(k.s, c.Agent, c.ForTeam):
		k.wrong("%s of team %s is served by %s, who is no member", c.ID, c.ForTeam, c.Agent)
	case c.ForTeam == "" && k.s.Queues[c.Queue] != nil && !serves(k.s, c.Agent, c.Queue):
		k.wrong("%s is served by %s who does not serve %s", c.ID, c.Agent, c.Queue)
	}
	invited := map[desk.Invitation]bool{}
	for _, i := range c.Invitations {
		whom := desk.Invitation{Agent: i.Agent, Team: i.Team}
		if invited[whom] || (i.Agent == "") == (i.Team == "") || i.Agent != "" && seen[i.Agent] {
			k.wrong("%s has the invitations %+v with %v in it", c.ID, c.Invitations, seen)
		}
		invited[whom] = true
		for _, s := range c.Sharers {
			if i.Team != "" && s.Team == i.Team && s.Since > i.At {
				k.wrong("%s still invites %s, of whom %s came", c.ID, i.Team, s.Agent)
			}
		}
	}
}

// people: customers and agents.
func (k *check) people() {
	active := map[string]desk.ConversationID{}
	for id, c := range k.s.Conversations {
		if !c.Place.Open() {
			continue
		}
		if other, two := active[c.Session]; two {
			k.wrong("session %s has two conversations, %s and %s", c.Session, id, other)
		}
		active[c.Session] = id
		if customer := k.s.Customers[c.Session]; customer == nil || customer.Conversation != id {
			k.wrong("%s is not the conversation of its customer %s", id, c.Session)
		}
	}
	for session, c := range k.s.Customers {
		if conv := k.s.Conversations[c.Conversation]; conv == nil || conv.Session != session || c.Session != session {
			k.wrong("customer %s has conversation %s, which is not there or another's", session, c.Conversation)
		}
		if (len(c.Gateways) > 0) != (c.LostAt == 0) {
			k.wrong("customer %s is on %v and lost since %d", session, c.Gateways, c.LostAt)
		}
	}
	for name, a := range k.s.Agents {
		if len(a.Gateways) > 0 && a.LostAt != 0 {
			k.wrong("agent %s is on %v and lost since %d", name, a.Gateways, a.LostAt)
		}
		if got, want := k.s.Load(name), loadOf(k.s, name); got != want {
			k.wrong("agent %s has load %d, counted %d", name, got, want)
		}
		for id, c := range k.s.Conversations {
			if len(a.Gateways) == 0 && a.LostAt == 0 && c.Place == desk.InService && hasIn(c, name) {
				k.wrong("agent %s is not connected, not lost, and has %s", name, id)
			}
		}
		limit := 0
		if m := k.s.Member(name); m != nil {
			limit = m.Max
		}
		if want := limitOf(k.s, name); limit != want {
			k.wrong("agent %s has limit %d, by the settings %d", name, limit, want)
		}
	}
	k.rights()
}

// rights: who sees what, and who is invited where.
func (k *check) rights() {
	for _, name := range membersOf(k.s) {
		var invited []desk.ConversationID
		for _, c := range k.s.Conversations {
			if got, want := k.s.MaySee(name, c), maySee(k.s, name, c); got != want {
				k.wrong("%s may see %s: %t, by the rules %t", name, c.ID, got, want)
			}
			if invitedTo(k.s, name, c) {
				invited = append(invited, c.ID)
			}
		}
		var got []desk.ConversationID
		for _, c := range k.s.InvitationsFor(name) {
			got = append(got, c.ID)
		}
		slices.Sort(got)
		if slices.Sort(invited); !slices.Equal(got, invited) {
			k.wrong("%s is invited into %v, by the invitations %v", name, got, invited)
		}
		if n := len(k.s.KeysOf(name, k.now)); n > desk.MaxKeys {
			k.wrong("%s has %d session keys", name, n)
		}
	}
}

// queues: order, figures, and the state that the calendar says.
func (k *check) queues() {
	if len(k.s.Queues) != len(k.s.Settings.Queues) {
		k.wrong("%d queues are set, %d are there", len(k.s.Settings.Queues), len(k.s.Queues))
	}
	k.order()
	for name, q := range k.s.Queues {
		if got, want := k.s.AgentsOf(name), agentsOf(k.s, name); !slices.Equal(got, want) {
			k.wrong("queue %s has agents %v, by the settings %v", name, got, want)
		}
		got, _ := k.s.Figures(name)
		if want := figures(k.s, q); got != want {
			k.wrong("figures of %s are %+v, counted %+v", name, got, want)
		}
		if n := len(k.s.InactiveOf(name)); n != got.Inactive {
			k.wrong("%s has %d inactive, counted %d", name, n, got.Inactive)
		}
		if n := len(k.s.Offers(name)); n != got.Offered {
			k.wrong("%s has %d offers, counted %d", name, n, got.Offered)
		}
		k.level(q)
	}
	for name := range k.s.Requests {
		if k.s.Queues[name] == nil {
			k.wrong("there is a request for queue %s, which is not there", name)
		}
	}
}

// order: every line stands in the order of priority and arrival, and places are counted by it.
func (k *check) order() {
	want := linesOf(k.s)
	for name, line := range k.lines() {
		if !slices.Equal(line, want[name]) {
			k.wrong("the line of %s is not in the order of arrival", name)
		}
		for i, c := range line {
			if got, of := k.s.PlaceInLine(c), k.s.LineLength(c); got != i+1 || of != len(line) {
				k.wrong("%s has place %d of %d in %s, %d of %d are before it", c.ID, got, of, name, i, len(line))
			}
		}
	}
	for _, t := range k.s.Settings.Teams {
		var f desk.TeamFigures
		if line := want["team "+t.Name]; len(line) > 0 {
			f.Waiting, f.FirstArrival = len(line), line[0].ArrivedAt
		}
		for _, m := range t.Members {
			if online(k.s, m.Name) && k.s.Agents[m.Name].Presence != desk.Away {
				f.Online++
			}
			if free(k.s, m.Name) {
				f.Available++
			}
		}
		if got := k.s.TeamFigures(t.Name); got != f {
			k.wrong("figures of team %s are %+v, counted %+v", t.Name, got, f)
		}
	}
}

// level: a queue reads what override, schedule and clock say, however it came there.
func (k *check) level(q *desk.Queue) {
	open, cause, err := k.resolve(q)
	if err != nil {
		k.wrong("queue %s: %v", q.Name, err)
		return
	}
	state := settings.QueueClosed
	if open {
		state = settings.QueueOpen
	}
	if q.State != state {
		k.wrong("queue %s is %s, the calendar says %s (%s)", q.Name, q.State, state, cause)
	}
	byHand := cause == string(calendar.CauseOverride)
	if (q.Cause == string(calendar.CauseOverride)) != byHand {
		k.wrong("queue %s has cause %s, the calendar says %s", q.Name, q.Cause, cause)
	}
	if o := overrideOf(k.s, q.Name); byHand && (q.By != o.By || q.Detail != o.Reason) {
		k.wrong("queue %s is held by %q for %q, the override is %q's for %q", q.Name, q.By, q.Detail, o.By, o.Reason)
	}
	if q.Since > k.now {
		k.wrong("queue %s is %s since %d, it is %d", q.Name, q.State, q.Since, k.now)
	}
	r, _ := k.s.Report(q.Name, desk.Instant(k.now))
	if r.State != state || r.Cause != cause {
		k.wrong("queue %s is reported %s by %s, the calendar says %s by %s", q.Name, r.State, r.Cause, state, cause)
	}
	if v := k.s.Override(q.Name, desk.Instant(k.now)); (v != nil) != byHand {
		k.wrong("queue %s shows the override %+v, the cause is %s", q.Name, v, cause)
	}
}

// deadlines: nothing that is due is left undone, and nobody is left without a way out.
func (k *check) deadlines() {
	next, some := k.s.NextDeadline()
	if some && next <= k.now {
		k.wrong("a deadline of %d is left at %d", next, k.now)
	}
	for id, c := range k.s.Conversations {
		if c.Place == desk.Over {
			continue
		}
		at, how := wayOut(k.s, c)
		if at <= k.now {
			k.wrong("%s (place %d) was to move on at %d, it is %d: %s", id, c.Place, at, k.now, how)
		}
		if !some || next > at {
			k.wrong("%s (place %d) is to move on at %d, the next deadline is %d (%t): %s", id, c.Place, at, next, some, how)
		}
	}
	for name, q := range k.s.Queues {
		var compiled *calendar.Compiled
		if q.Schedule != nil {
			compiled, _ = k.compile(q.Schedule)
		}
		if compiled == nil && queueSetting(k.s, name).Schedule != "" {
			continue
		}
		if change, ok := calendar.NextChange(compiled, overrideOf(k.s, name), desk.Instant(k.now)); ok {
			at := change.Time.UnixMilli()
			if !some || next > at+1 {
				k.wrong("queue %s changes at %d, the next deadline is %d (%t)", name, at, next, some)
			}
		}
	}
}
