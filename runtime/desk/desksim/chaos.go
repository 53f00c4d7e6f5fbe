package desksim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// ChaosConfig of a run in which everything goes wrong. Zero values have defaults.
type ChaosConfig struct {
	Seed uint64
	// Steps is how many things happen. 2,000.
	Steps int
	// From is the time of the first; zero: one near a change of the clocks, drawn by the seed.
	From time.Time
	// Without names kinds of steps that are left out (Kinds has them all).
	Without []string
	// Break, for tests of the simulator itself, spoils the state after a step.
	Break func(step int, s *desk.State)
}

// chaos is a desk on which anything may happen.
type chaos struct {
	*router
	rng      *rand.Rand
	set      settings.Settings // as the resources are
	gateways []string          // that are there now
	epoch    uint64
	cids     map[string]uint64 // the highest number of each principal and client
	history  map[desk.Principal][]answered
	messages map[desk.ConversationID]uint32
	ended    map[string]int64 // when the last conversation of a session ended
	removed  map[string]settings.Queue
	lastGood map[string]calendar.Schedule // of each queue, by the records
	result   Result
}

// answered is a command that had its effect, and the answer to it.
type answered struct {
	command desk.Command
	origin  desk.Origin
	seq     uint64
	about   desk.ConversationID
}

type kindOfStep struct {
	name   string
	weight int
	do     func(*chaos)
}

func kinds() []kindOfStep {
	return []kindOfStep{
		{"join", 80, (*chaos).join},
		{"connect", 60, (*chaos).connect},
		{"disconnect", 20, (*chaos).disconnect},
		{"say", 70, (*chaos).say},
		{"end", 40, (*chaos).end},
		{"pick", 60, (*chaos).pick},
		{"accept", 25, (*chaos).accept},
		{"refuse", 6, (*chaos).refuse},
		{"leave", 15, (*chaos).leave},
		{"enter", 12, (*chaos).enter},
		{"transfer", 20, (*chaos).transfer},
		{"invite", 12, (*chaos).invite},
		{"uninvite", 3, (*chaos).uninvite},
		{"decline", 6, (*chaos).decline},
		{"presence", 14, (*chaos).presence},
		{"key", 8, (*chaos).key},
		{"contact", 8, (*chaos).contact},
		{"chat", 10, (*chaos).chat},
		{"favour", 4, (*chaos).favour},
		{"switch", 12, (*chaos).switchQueue},
		{"sign", 10, (*chaos).sign},
		{"resend", 30, (*chaos).resend},
		{"number", 10, (*chaos).number},
		{"settings", 20, (*chaos).settings},
		{"moment", 60, func(c *chaos) { c.wait(c.rng.Int64N(5 * second)) }},
		{"while", 8, func(c *chaos) { c.wait(c.rng.Int64N(2 * minute)) }},
		{"hours", 2, func(c *chaos) { c.wait(c.rng.Int64N(10 * hour)) }},
		{"days", 1, func(c *chaos) { c.wait(c.rng.Int64N(72 * hour)) }},
		{"late", 10, (*chaos).late},
		{"crash", 6, (*chaos).crash},
		{"restart", 6, func(c *chaos) { c.start(c.rng.IntN(2) == 0) }},
		{"snapshot", 8, func(c *chaos) { c.store() }},
	}
}

// Kinds are the names of all kinds of steps, for ChaosConfig.Without.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// edges are instants near which the clocks of the simulated schedules change, or a year ends.
func edges() []time.Time {
	var list []time.Time
	for _, text := range []string{
		"2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2026-03-07T20:00:00Z", "2026-10-31T20:00:00Z",
		"2026-04-04T12:00:00Z", "2026-10-03T12:00:00Z", "2026-12-31T20:00:00Z", "2028-02-28T20:00:00Z", "2026-11-21T10:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err == nil {
			list = append(list, at)
		}
	}
	return list
}

// Chaos runs a desk on which everything goes wrong. The error is a *Failure with the seed.
func Chaos(config ChaosConfig) (Result, error) {
	began := time.Now()
	if config.Steps == 0 {
		config.Steps = 2000
	}
	rng := rand.New(rand.NewPCG(config.Seed, 0))
	if config.From.IsZero() {
		config.From = edges()[rng.IntN(len(edges()))]
	}
	c := &chaos{
		router: newRouter(desk.Millis(config.From)), rng: rng, gateways: []string{"g1"},
		cids: map[string]uint64{}, history: map[desk.Principal][]answered{}, messages: map[desk.ConversationID]uint32{},
		ended: map[string]int64{}, removed: map[string]settings.Queue{},
		lastGood: map[string]calendar.Schedule{},
		result:   Result{Did: map[string]int{}, Refused: map[string]int{}, Kinds: map[string]int{}},
	}
	c.judge, c.keep, c.told, c.follower = true, true, c.hear, desk.New().Follow()
	c.set = firstSettings(rng)
	from := c.now
	c.begin()
	list, total := kinds(), 0
	list = slices.DeleteFunc(list, func(k kindOfStep) bool { return slices.Contains(config.Without, k.name) })
	for _, k := range list {
		total += k.weight
	}
	for step := 1; step <= config.Steps && total > 0; step++ {
		k, n := 0, rng.IntN(total)
		for n -= list[0].weight; n >= 0; n -= list[k].weight {
			k++
		}
		list[k].do(c)
		c.commit()
		c.result.Did[list[k].name]++
		if config.Break != nil {
			config.Break(step, c.s)
		}
		c.problems = append(c.problems, c.checks(c.now).all()...)
		c.check(step)
		if len(c.problems) > 0 {
			f := c.failure(config.Seed, list[k].name)
			f.Step, f.Without = uint64(step), config.Without
			return c.finish(from, began), f
		}
	}
	c.restart(false)
	if len(c.problems) > 0 {
		return c.finish(from, began), c.failure(config.Seed, "the last replay")
	}
	return c.finish(from, began), nil
}

// Shrink looks for kinds of steps that a failing run does not need: it leaves out one after the other
// and keeps out those without which the run still fails, in no more steps than before. It returns the
// failure that is left.
func Shrink(config ChaosConfig, f *Failure) *Failure {
	for _, name := range Kinds() {
		try := config
		try.Steps = int(f.Step)
		try.Without = append(slices.Clone(config.Without), name)
		var smaller *Failure
		if _, err := Chaos(try); errors.As(err, &smaller) {
			config.Without, f = try.Without, smaller
		}
	}
	return f
}

func (c *chaos) finish(from int64, began time.Time) Result {
	r := c.result
	r.Steps, r.Events, r.Entries = c.steps, c.events, c.entries
	r.SimulatedTime, r.WallTime = time.Duration(c.now-from)*time.Millisecond, time.Since(began)
	r.Conversations = c.s.LastConversation
	r.Hash, _ = c.s.Hash()
	return r
}

func (c *chaos) begin() {
	c.epoch++
	c.try(desk.Start{Epoch: c.epoch, Gateways: slices.Clone(c.gateways), Seed: c.rng.Uint64()})
	c.try(desk.ApplySettings{Settings: cloned(c.set)})
}

// hear follows the records to know what the domain must remember.
func (c *chaos) hear(r desk.Record) {
	c.result.Kinds[reflect.TypeOf(r.Event).Name()]++
	switch e := r.Event.(type) {
	case desk.Revived:
		delete(c.ended, c.s.Conversations[e.Conversation].Session)
	case desk.ContactLeft:
		if at, ok := c.ended[e.Session]; ok && at+keepEnded <= r.At {
			c.forget(e.Session)
		}
		delete(c.ended, e.Session)
	case desk.CustomerJoined:
		if at, ok := c.ended[e.Session]; ok && at+keepEnded <= r.At {
			c.forget(e.Session)
		}
		delete(c.ended, e.Session)
	case desk.MessageSent:
		c.messages[e.Conversation]++
	case desk.Ended:
		if conv := c.s.Conversations[e.Conversation]; conv != nil && c.s.Customers[conv.Session] != nil && c.s.Customers[conv.Session].Conversation == conv.ID {
			c.ended[conv.Session] = r.At
		}
	case desk.Picked:
		c.result.Served++
	case desk.SettingsChanged:
		c.hearSchedules(e.Settings)
	}
}

// hearSchedules: a schedule that is missing leaves the last good one in force.
func (c *chaos) hearSchedules(set settings.Settings) {
	before := c.lastGood
	c.lastGood = map[string]calendar.Schedule{}
	for _, q := range set.Queues {
		if schedule, known := before[q.Name]; known && q.Schedule != "" {
			c.lastGood[q.Name] = schedule
		}
		for _, schedule := range set.Schedules {
			if schedule.Name == q.Schedule {
				c.lastGood[q.Name] = schedule
			}
		}
	}
}

// forget: the numbers of a session are kept as long as its last conversation is known.
func (c *chaos) forget(session string) { delete(c.history, desk.CustomerPrincipal(session)) }

func (c *chaos) forgetAll() {
	for session, at := range c.ended {
		if at+keepEnded <= c.s.At {
			c.forget(session)
		}
	}
}

// check is what Check cannot know from the state alone.
func (c *chaos) check(step int) {
	for id, conv := range c.s.Conversations {
		if conv.Messages != c.messages[id] {
			c.wrong("%s has %d messages, %d were written", id, conv.Messages, c.messages[id])
		}
	}
	for name, q := range c.s.Queues {
		want, some := c.lastGood[name]
		if some != (q.Schedule != nil) || some && q.Schedule.Generation != want.Generation {
			c.wrong("queue %s has the schedule %+v, the last good one is %+v (%t)", name, q.Schedule, want, some)
		}
	}
	c.remembers()
	if step%64 == 0 {
		c.same()
	}
}

// try has a command decided. Refusals are counted; what else goes wrong is a failure.
func (c *chaos) try(command desk.Command) (desk.Decision, bool) {
	seq := c.s.Seq + 1
	var before string
	if c.rng.IntN(32) == 0 {
		before, _ = c.s.Hash()
	}
	d, err := c.do(command)
	if err != nil {
		var refused *desk.Error
		if !errors.As(err, &refused) {
			c.wrong("%T: %v", command, err)
			return d, false
		}
		c.result.Refused[string(refused.Code)]++
		if after, _ := c.s.Hash(); before != "" && before != after {
			c.wrong("%T was refused (%v) and changed the state", command, err)
		}
		return d, false
	}
	o := desk.OriginOf(command)
	if o == nil {
		return d, true
	}
	if d.Repeated != nil {
		return d, true
	}
	if len(d.Events) == 0 {
		switch command.(type) {
		case desk.SetPresence, desk.Favour, desk.ReadRoom: // it is so already
		default:
			c.wrong("%T was accepted and had no event", command)
		}
		return d, true
	}
	list := append(c.history[o.Principal], answered{command, *o, seq, d.Conversation})
	c.history[o.Principal] = list[max(0, len(list)-16):]
	return d, true
}

// origin is the next number of one of a principal's two clients.
func (c *chaos) origin(p desk.Principal) desk.Origin {
	client := []string{"tab-a", "tab-b"}[c.rng.IntN(2)]
	key := string(p) + "/" + client
	c.cids[key] += 1 + c.rng.Uint64N(3)
	return desk.Origin{Principal: p, Client: client, CID: c.cids[key]}
}

// resend sends a command again that had its effect: it must have no other, and the same answer.
func (c *chaos) resend() {
	c.forgetAll()
	var principals []string
	for p, list := range c.history {
		if len(list) > 0 {
			principals = append(principals, string(p))
		}
	}
	if len(principals) == 0 {
		return
	}
	sort.Strings(principals)
	list := c.history[desk.Principal(pickOf(c.rng, principals))]
	a := pickOf(c.rng, list)
	seq := c.s.Seq
	d, err := c.do(a.command)
	switch {
	case err != nil || d.Repeated == nil:
		c.wrong("%T of %+v was accepted as %d; sent again: %+v, %v", a.command, a.origin, a.seq, d, err)
	case d.Repeated.Seq != a.seq || a.about != "" && d.Repeated.Conversation != a.about:
		c.wrong("%T of %+v was accepted as %d of %q; sent again: %+v", a.command, a.origin, a.seq, a.about, *d.Repeated)
	case len(d.Events) > 0:
		c.wrong("%T of %+v sent again had events from %d on", a.command, a.origin, seq+1)
	}
}

// number uses a number below one that was accepted: it is refused, or known as accepted long ago.
func (c *chaos) number() {
	c.forgetAll()
	session := c.session()
	p := desk.CustomerPrincipal(session)
	list := c.history[p]
	if len(list) == 0 {
		return
	}
	newest := list[len(list)-1].origin
	if newest.CID < 2 || slices.ContainsFunc(list, func(a answered) bool {
		return a.origin.Client == newest.Client && a.origin.CID == newest.CID-1
	}) {
		return
	}
	newest.CID--
	d, err := desk.Decide(c.s, desk.Say{Origin: newest, Text: "out of order"}, desk.Instant(c.now))
	var refused *desk.Error
	inOrder := !errors.As(err, &refused) || refused.Code != desk.OutOfOrder
	if inOrder && (d.Repeated == nil || len(d.Events) > 0) {
		c.wrong("number %d after %d: %+v, %v", newest.CID, newest.CID+1, d, err)
	}
}

// wait lets time pass, acting at each deadline.
func (c *chaos) wait(ms int64) { c.pass(c.now + ms) }

// late lets time pass while nobody acts: then comes a command, and only after it the ticks.
func (c *chaos) late() {
	c.now += c.rng.Int64N(pickOf(c.rng, []int64{second, second, second, minute, minute, 3 * hour, 3 * hour, 30 * hour}))
	list := []func(*chaos){(*chaos).join, (*chaos).join, (*chaos).connect, (*chaos).say, (*chaos).pick, (*chaos).accept, (*chaos).end, (*chaos).settings, (*chaos).switchQueue, (*chaos).transfer, (*chaos).enter, (*chaos).key, (*chaos).presence}
	pickOf(c.rng, list)(c)
	c.ticks()
}

// crash: a group was decided and the router died before it was durable, or right after; the client
// had no answer in either case and sends the command again.
func (c *chaos) crash() {
	written := c.rng.IntN(2) == 0
	messages, ended, history, passed := cloneMap(c.messages), cloneMap(c.ended), cloneMap(c.history), cloneMap(c.passed)
	rules, moved, waits, used, draw := cloneMap(c.rules), cloneMap(c.moved), cloneMap(c.waits), cloneMap(c.used), c.draw
	cids, lastGood := cloneMap(c.cids), c.lastGood
	list := []func(*chaos){(*chaos).join, (*chaos).say, (*chaos).pick, (*chaos).end, (*chaos).settings, (*chaos).transfer, (*chaos).presence}
	pickOf(c.rng, list)(c)
	if written {
		c.commit()
	} else {
		c.messages, c.ended, c.history, c.passed, c.cids = messages, ended, history, passed, cids
		c.lastGood, c.rules, c.moved, c.waits, c.used, c.draw = lastGood, rules, moved, waits, used, draw
	}
	c.group = c.group[:0]
	c.start(c.rng.IntN(2) == 0)
	if written {
		c.resend()
	}
}

// start: another router takes the lead, perhaps after a while, perhaps with the same gateways.
func (c *chaos) start(fromSnapshot bool) {
	c.commit()
	c.restart(fromSnapshot)
	c.now += c.rng.Int64N(pickOf(c.rng, []int64{1, 1, second, 20 * second, 20 * second, 5 * hour}))
	if c.rng.IntN(3) > 0 {
		c.gateways = []string{fmt.Sprintf("g%d", c.epoch+1)}
	} else if c.rng.IntN(2) == 0 {
		c.gateways = append(c.gateways, fmt.Sprintf("g%d", c.epoch+1))
		sort.Strings(c.gateways)
	}
	connected := c.connected()
	c.begin()
	for _, p := range connected {
		if c.rng.IntN(8) > 0 {
			c.try(desk.Connect{Principal: p, Gateway: pickOf(c.rng, c.gateways)})
		}
	}
}

// connected are all who have a connection, sorted.
func (c *chaos) connected() []desk.Principal {
	var list []desk.Principal
	for session, customer := range c.s.Customers {
		if len(customer.Gateways) > 0 {
			list = append(list, desk.CustomerPrincipal(session))
		}
	}
	for name, a := range c.s.Agents {
		if len(a.Gateways) > 0 {
			list = append(list, desk.AgentPrincipal(name))
		}
	}
	slices.Sort(list)
	return list
}

func pickOf[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	n := make(map[K]V, len(m))
	for k, v := range m {
		n[k] = v
	}
	return n
}

// ids are the conversations in a place, in the order of their numbers; all for 0.
func (c *chaos) ids(place desk.Place, agent string) []*desk.Conversation {
	var list []*desk.Conversation
	for _, conv := range c.s.Conversations {
		if (place == 0 || conv.Place == place) && (agent == "" || conv.Agent == agent) {
			list = append(list, conv)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Number < list[j].Number })
	return list
}

func longText(n int) string { return strings.Repeat("é", n) }
