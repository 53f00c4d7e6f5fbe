package gateway

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"encoding/json"

	"github.com/lxzan/gws"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
	"usher.chat/runtime/protocol"
)

// audience is a hub that follows a desk on which anything happens, with the clients that look at it.
type audience struct {
	t       *testing.T
	rng     *rand.Rand
	h       *hub
	now     int64
	conn    *gws.Conn
	log     map[desk.ConversationID][]protocol.Message
	asked   []history
	follow  []*follower
	agents  []string
	guests  [][2]string // sessions and the channels through which they came
	seen    map[string]bool
	last    []string
	checked int
}

type history struct {
	agent string
	id    desk.ConversationID
	upTo  uint64
}

// follower is a client that connected once and was told everything since.
type follower struct {
	*socket
	known reduced
	since uint64
}

func newAudience(t *testing.T, seed uint64, few int) *audience {
	a := &audience{t: t, rng: rand.New(rand.NewPCG(seed, 1)), conn: someConn(t), log: map[desk.ConversationID][]protocol.Message{}, seen: map[string]bool{}}
	a.h = newHub(desk.New().Follow(), func() time.Time { return time.UnixMilli(a.now).UTC() })
	a.h.few = few
	if few == 0 {
		a.h.many = 0 // and what waits goes out in portions
	}
	a.h.presence = newPresence(a.h, nil, "pod")
	a.h.history = func(agent string, id desk.ConversationID, upTo uint64) {
		a.asked = append(a.asked, history{agent, id, upTo})
	}
	return a
}

// hear applies a group of records.
func (a *audience) hear(records []desk.Record) {
	for _, r := range records {
		a.now = max(a.now, r.At)
		a.note(r)
	}
	a.h.apply(records)
	if a.rng.IntN(3) == 0 {
		a.histories()
	}
	a.read()
}

// note keeps what the test needs of a record.
func (a *audience) note(r desk.Record) {
	a.last = append(a.last, fmt.Sprintf("%d %T %+v", r.Seq, r.Event, r.Event))
	a.last = a.last[max(0, len(a.last)-12):]
	add := func(name string, to func()) {
		if !a.seen[name] {
			a.seen[name] = true
			to()
		}
	}
	switch e := r.Event.(type) {
	case desk.SettingsChanged:
		for _, t := range e.Settings.Teams {
			for _, m := range t.Members {
				add("a:"+m.Name, func() { a.agents = append(a.agents, m.Name) })
			}
		}
	case desk.CustomerJoined:
		add("s:"+e.Session, func() { a.guests = append(a.guests, [2]string{e.Session, e.Channel}) })
	case desk.ContactLeft:
		add("s:"+e.Session, func() { a.guests = append(a.guests, [2]string{e.Session, e.Channel}) })
	case desk.MessageSent:
		a.log[e.Conversation] = append(a.log[e.Conversation], protocol.Message{
			Seq: r.Seq, Conversation: string(e.Conversation), From: string(e.From), Author: e.Author, Text: e.Text, At: r.At,
		})
	}
}

// histories gives agents the messages of conversations that came to them, as the gateway does from
// the archive a moment later.
func (a *audience) histories() {
	for _, want := range a.asked {
		c := a.h.state.Conversations[want.id]
		if c == nil || !slices.Contains(present(c), want.agent) {
			continue
		}
		for _, s := range a.h.agents[want.agent] {
			for _, m := range a.messages(want.id, want.upTo) {
				a.h.give(s, messageChange(&m))
			}
		}
	}
	a.asked = nil
	a.h.flush()
}

func (a *audience) messages(id desk.ConversationID, upTo uint64) (list []protocol.Message) {
	for _, m := range a.log[id] {
		if m.Seq <= upTo {
			if m.Author != "" {
				m.Author = agentName(a.h.state, m.Author)
			}
			list = append(list, m)
		}
	}
	return list[max(0, len(list)-snapshotMessages):]
}

// anew is what a client is told that connects now.
func (a *audience) anew(s *socket) reduced {
	k := reduced{}
	clear(a.h.rows) // from the state itself, whatever was encoded before
	clear(a.h.people)
	v := a.h.view(s)
	for _, b := range v.changes {
		k.take(a.t, decoded(a.t, b))
	}
	for _, id := range v.conversations {
		for _, m := range a.messages(desk.ConversationID(id), v.seq) {
			k.take(a.t, protocol.Change{Kind: protocol.KindMessage, Message: &m})
		}
	}
	return k
}

func decoded(t *testing.T, b []byte) (c protocol.Change) {
	t.Helper()
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return c
}

// come connects a client.
func (a *audience) come() {
	s := held(a.conn, &socket{live: true})
	if a.rng.IntN(3) == 0 && len(a.guests) > 0 {
		guest := a.guests[a.rng.IntN(len(a.guests))]
		s.session, s.channel, s.principal = guest[0], guest[1], desk.CustomerPrincipal(guest[0])
	} else {
		s.agent = a.agents[a.rng.IntN(len(a.agents))]
		s.principal = desk.AgentPrincipal(s.agent)
		if a.h.state.Member(s.agent) == nil {
			return
		}
	}
	f := &follower{socket: s, known: a.anew(s), since: a.h.state.Seq}
	a.h.enter(s)
	s.prev = a.h.state.Seq
	a.follow = append(a.follow, f)
	if s.agent != "" && a.rng.IntN(2) == 0 {
		a.watch(f)
	}
}

func (a *audience) watch(f *follower) {
	views := [][]string{{watchTeam, watchInactive}, {watchTeam}, {watchInactive}, nil}[a.rng.IntN(4)]
	a.h.watch(f.socket, views)
	a.readOne(f)
	for key, c := range f.known { // a client forgets a list that it does not watch
		if c.Kind == protocol.KindOpen && !slices.Contains(views, watchTeam) || c.Kind == protocol.KindInactive && !slices.Contains(views, watchInactive) {
			delete(f.known, key)
		}
	}
}

// read lets every client take what it was sent; those that were told to close are gone.
func (a *audience) read() {
	for _, f := range a.follow {
		a.readOne(f)
	}
	a.follow = slices.DeleteFunc(a.follow, func(f *follower) bool {
		if f.ending() {
			a.h.leave(f.socket)
		}
		return f.ending()
	})
}

func (a *audience) readOne(f *follower) {
	for _, b := range f.taken() {
		var u protocol.Update
		if err := json.Unmarshal(b, &u); err != nil {
			a.t.Fatalf("%s: %v", b, err)
		}
		for _, c := range u.Changes {
			f.known.take(a.t, c)
		}
	}
}

// settle lets every pause be over, so that all is told that is to be told.
func (a *audience) settle() {
	a.histories()
	p := &a.h.pace
	a.h.lookAtHours(a.h.clock())
	for range 2 {
		for _, q := range p.queues {
			q.rowAt, q.lineAt, q.countAt, q.chanAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		}
		for _, q := range p.lines {
			q.lineAt, q.countAt = time.Time{}, time.Time{}
		}
		for _, t := range p.channels {
			t.urgent = t.version // those whose turn it is not yet
		}
		p.peopleAt = time.Time{}
		a.h.paced()
	}
	for len(a.h.later) > 0 {
		a.h.paced()
	}
	a.histories()
	a.read()
}

// check compares every client with one that connects now. Not while somebody who is no member any more
// is still offered a customer: the tick that mends that comes next, and lines are whole again after it.
func (a *audience) check() error {
	a.settle()
	for _, c := range a.h.state.Conversations {
		if c.Place == desk.OfferedTo && !slices.Contains(a.h.state.AgentsOf(c.Queue), c.Agent) {
			return nil
		}
	}
	for _, f := range a.follow {
		s := held(a.conn, &socket{agent: f.agent, session: f.session, channel: f.channel, principal: f.principal, live: true})
		k := a.anew(s)
		if f.open != nil || f.inactive != nil {
			// The lists that it watches, as they come to one who begins to watch them.
			var views []string
			if f.open != nil {
				views = append(views, watchTeam)
			}
			if f.inactive != nil {
				views = append(views, watchInactive)
			}
			a.h.sockets[s] = struct{}{}
			a.h.watch(s, views)
			delete(a.h.sockets, s)
			delete(a.h.watching, s)
			for _, c := range changes(a.t, s) {
				k.take(a.t, c)
			}
		}
		a.checked++
		remembered := func(id string) bool {
			c := a.h.state.Customers[f.session]
			return c != nil && string(c.Conversation) == id
		}
		if diff := differences(f.known.shown(a.now, f.agent == "", remembered), k.shown(a.now, f.agent == "", remembered)); diff != "" {
			return fmt.Errorf("%s, who connected at %d, at %d:%s\n%s", f.principal, f.since, a.h.state.Seq, diff, strings.Join(a.last, "\n"))
		}
	}
	return nil
}

// followChaos lets clients come and go while anything happens on a desk, and compares now and then.
func followChaos(t *testing.T, seed uint64, steps, few int) (checked int, err error) {
	run, err := desksim.Chaos(desksim.ChaosConfig{Seed: seed, Steps: steps, Without: []string{"late"}})
	if err != nil {
		t.Fatal(err)
	}
	a := newAudience(t, seed, few)
	for at := 0; at < len(run.Entries); {
		var group []desk.Record
		for range 1 + a.rng.IntN(4) {
			if at == len(run.Entries) {
				break
			}
			r, err := desk.Decode(uint64(at+1), run.Entries[at])
			if err != nil {
				t.Fatal(err)
			}
			group = append(group, r)
			at++
		}
		a.hear(group)
		switch n := a.rng.IntN(40); {
		case n < 4 && len(a.agents) > 0 && len(a.follow) < 12:
			a.come()
		case n == 4 && len(a.follow) > 0:
			i := a.rng.IntN(len(a.follow))
			a.h.leave(a.follow[i].socket)
			a.follow = slices.Delete(a.follow, i, i+1)
		case n == 5 && len(a.follow) > 0:
			if f := a.follow[a.rng.IntN(len(a.follow))]; f.agent != "" {
				a.watch(f)
			}
		case n < 9:
			if err := a.check(); err != nil {
				return a.checked, fmt.Errorf("seed %d: %w", seed, err)
			}
		case n < 14:
			a.h.paced()
			a.read()
		}
	}
	return a.checked, a.check()
}

var followSeeds = flag.Uint64("follow-seeds", 8, "how many desks on which anything happens are followed")

func TestWhoFollowedSeesWhatOneWhoConnectsAnewSees(t *testing.T) {
	for _, few := range []int{fewAgents, 0} {
		t.Run(fmt.Sprintf("lines told to more than %d at a pace", few), func(t *testing.T) {
			t.Parallel()
			checked := 0
			for seed := range *followSeeds {
				n, err := followChaos(t, seed, 2000, few)
				if err != nil {
					t.Fatal(err)
				}
				checked += n
			}
			t.Logf("%d views compared", checked)
		})
	}
}
