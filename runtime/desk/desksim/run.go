package desksim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Config of a desk under an ordinary load. Zero values have defaults.
type Config struct {
	Seed uint64
	// Agents of the desk, who work in three shifts. 100.
	Agents int
	// Queues they serve, half of them closed at night. 4.
	Queues int
	// Days to simulate. 1.
	Days float64
	// ArrivalEvery is the mean time between two customers. 4 s.
	ArrivalEvery time.Duration
	// From is the first instant. 2026-03-28T00:00Z, the day before clocks change in Europe.
	From time.Time
	// CheckEvery: judge every record, and check the state after so many steps. 0: never.
	CheckEvery int
	// Keep the encoded records in Result.Entries.
	Keep bool
}

// Run simulates a desk under an ordinary load. The error is a *Failure; without CheckEvery it is one
// only when something is refused that an ordinary day does not bring.
func Run(config Config) (Result, error) {
	config = config.withDefaults()
	d := newDay(config)
	began := time.Now()
	from := d.now
	end := from + int64(config.Days*24*float64(hour))
	d.open()
	for d.now < end && len(d.problems) == 0 {
		next, ok := d.timers.next()
		if !ok || next.at > end {
			d.pass(end)
			break
		}
		if at, ok := d.s.NextDeadline(); ok && at < next.at {
			d.pass(at) // who hears of it may do something before the next
			continue
		}
		d.timers.pop()
		d.pass(next.at)
		d.act(next)
		d.commit()
		if config.CheckEvery > 0 && d.steps >= d.checkAt {
			d.checkAt = d.steps + uint64(config.CheckEvery)
			d.problems = append(d.problems, d.checks(d.now).all()...)
		}
	}
	d.commit()
	r := Result{
		Steps: d.steps, Events: d.events, Conversations: d.s.LastConversation, Served: d.served, Entries: d.entries,
		SimulatedTime: time.Duration(d.now-from) * time.Millisecond, WallTime: time.Since(began), Refused: d.refused,
	}
	var err error
	if r.Hash, err = d.s.Hash(); err != nil {
		d.wrong("%v", err)
	}
	if len(d.problems) > 0 {
		return r, d.failure(config.Seed, "an ordinary day")
	}
	return r, nil
}

func (c Config) withDefaults() Config {
	if c.Agents <= 0 {
		c.Agents = 100
	}
	if c.Queues <= 0 {
		c.Queues = 4
	}
	if c.Days <= 0 {
		c.Days = 1
	}
	if c.ArrivalEvery <= 0 {
		c.ArrivalEvery = 4 * time.Second
	}
	if c.From.IsZero() {
		c.From = time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	}
	return c
}

// day is a desk under an ordinary load.
type day struct {
	*router
	config    Config
	rng       *rand.Rand
	timers    timers
	customers []customer
	agents    []agent
	byName    map[string]int
	talks     map[desk.ConversationID]*talk
	served    uint64
	checkAt   uint64
	refused   map[string]int
}

type customer struct {
	session   string
	principal desk.Principal
	talk      *talk
	cid       uint64
}

type agent struct {
	name      string
	principal desk.Principal
	cid       uint64
	onShift   bool
}

// talk is a conversation as its two sides see it.
type talk struct {
	id       desk.ConversationID
	customer int
	agent    int
	left     int // messages to come
	running  bool
}

func newDay(c Config) *day {
	d := &day{
		router: newRouter(desk.Millis(c.From)), config: c, rng: rand.New(rand.NewPCG(c.Seed, 1)),
		byName: map[string]int{}, talks: map[desk.ConversationID]*talk{}, refused: map[string]int{},
	}
	d.keep, d.judge, d.told = c.Keep, c.CheckEvery > 0, d.hear
	for i := range c.Agents {
		name := fmt.Sprintf("agent-%04d", i)
		d.agents = append(d.agents, agent{name: name, principal: desk.AgentPrincipal(name)})
		d.byName[name] = i
	}
	return d
}

// ordinary are the settings of the desk: two teams, which share some queues.
func (d *day) ordinary() settings.Settings {
	all := []calendar.Weekday{calendar.Mon, calendar.Tue, calendar.Wed, calendar.Thu, calendar.Fri, calendar.Sat, calendar.Sun}
	s := settings.Settings{
		Desk: settings.Desk{Name: "acme"},
		Schedules: []calendar.Schedule{{Name: "hours", TimeZone: "Europe/Helsinki", Weekly: []calendar.WeeklyRule{
			{Days: all, Periods: []calendar.Period{{Start: "07:00", End: "12:00"}, {Start: "12:30", End: "23:00"}}}}}},
		Teams: []settings.Team{{Name: "team-0"}, {Name: "team-1"}},
	}
	for i, a := range d.agents {
		t := &s.Teams[i%2]
		t.Members = append(t.Members, settings.Member{Name: a.name, DisplayName: a.name})
	}
	for i := range d.config.Queues {
		q := settings.Queue{Name: fmt.Sprintf("queue-%03d", i), Teams: []string{"team-0", "team-1"}[i%2:], WhenBusy: settings.WhenBusy{
			Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityPerOnlineAgent, Places: 2}}}
		if i%2 == 1 {
			q.Schedule = "hours"
		}
		s.Queues = append(s.Queues, q)
		s.Channels = append(s.Channels, settings.Channel{Name: fmt.Sprintf("channel-%03d", i), Type: settings.ChannelWeb, Queue: q.Name})
	}
	s.Sort()
	return s
}

func (d *day) open() {
	d.command(desk.Start{Epoch: 1, Gateways: []string{"g1"}})
	d.command(desk.ApplySettings{Settings: d.ordinary()})
	for i := range d.agents {
		// Shifts of nine hours, every eight; who is on the one that runs already begins at once.
		begin := d.now + int64(i%3)*8*hour + d.rng.Int64N(10*minute)
		d.timers.set(begin, shiftBegins, i)
	}
	d.timers.set(d.now+1, arrives, 0)
	d.timers.set(d.now+5*second, looksAround, 0)
}

// command has something decided that may be refused in the ordinary course of a day.
func (d *day) command(c desk.Command) bool {
	_, err := d.do(c)
	if err == nil {
		return true
	}
	var refused *desk.Error
	if !errors.As(err, &refused) {
		d.wrong("%T: %v", c, err)
		return false
	}
	d.refused[string(refused.Code)]++
	switch refused.Code {
	case desk.QueueClosed, desk.QueueFull, desk.NotOffered, desk.QueueEmpty, desk.LimitReached, desk.OfferExpired, desk.ConversationEnded, desk.NotWaiting, desk.AlreadyTaken:
	default:
		d.wrong("%+v: %v", c, err)
	}
	return false
}

func (d *day) after(from, to int64) int64 { return d.now + from + d.rng.Int64N(to-from+1) }
