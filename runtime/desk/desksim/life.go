package desksim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// LifeConfig of whole days of a desk. Zero values have defaults.
type LifeConfig struct {
	Seed uint64
	// Days to simulate. 4.
	Days int
	// Agents of the desk, who work in three shifts. 7.
	Agents int
	// Queues they serve. 3.
	Queues int
	// Customers a day, about. 40.
	Customers int
	// From is the first instant. Zero: a Monday, or the day before clocks change, drawn by the seed.
	From time.Time
	// CheckEvery: look at the whole state after so many steps; 1. Every record is judged anyway.
	CheckEvery int
	// Without names what does not happen (Happenings has them all).
	Without []string
	// Break, for tests of the simulator itself, spoils the state after a step.
	Break func(step uint64, s *desk.State)
}

// Happenings are what a day brings beside customers and answers, for LifeConfig.Without.
func Happenings() []string {
	return []string{
		"break", "connection", "transfer", "invitation", "chat", "settings", "restart", "sign-out", "key", "issue", "link", "chosen", "contact", "return",
	}
}

// Life runs whole days of a desk. Customers arrive by a Poisson process whose rate follows the hour,
// wait for as long as their patience lasts and are served for a log-normal time. Agents work in shifts,
// take breaks, lose connections, hand conversations on, invite others and write to each other, while
// settings change and routers start again. All rules are checked after every event. The error is a
// *Failure with the seed.
//
//	r, err := desksim.Life(desksim.LifeConfig{Seed: 1, Days: 4})
func Life(config LifeConfig) (Result, error) {
	began := time.Now()
	config = config.withDefaults()
	l := newLife(config)
	from := l.now
	l.open()
	end := from + int64(config.Days)*24*hour
	for l.now < end && len(l.problems) == 0 {
		next, ok := l.timers.next()
		if !ok || next.at > end {
			l.pass(end)
			break
		}
		if at, ok := l.s.NextDeadline(); ok && at < next.at {
			l.pass(at) // who hears of it may do something before the next
			continue
		}
		l.timers.pop()
		l.pass(next.at)
		l.act(next)
		l.commit()
		if config.Break != nil {
			config.Break(l.steps, l.s)
		}
	}
	l.commit()
	if len(l.problems) == 0 {
		l.restart(false)
	}
	l.result.Steps, l.result.Events, l.result.Entries = l.steps, l.events, l.entries
	l.result.SimulatedTime, l.result.WallTime = time.Duration(l.now-from)*time.Millisecond, time.Since(began)
	l.result.Conversations = l.s.LastConversation
	l.result.Hash, _ = l.s.Hash()
	if len(l.problems) > 0 {
		f := l.failure(config.Seed, l.doing)
		f.Without = config.Without
		return l.result, f
	}
	return l.result, nil
}

// ShrinkLife looks for what a failing run does not need: it leaves out one happening after the other,
// then days, and returns the failure that is left.
func ShrinkLife(config LifeConfig, f *Failure) *Failure {
	config = config.withDefaults()
	config.Days = int(f.At.Sub(config.From)/(24*time.Hour)) + 1
	for _, name := range Happenings() {
		try := config
		try.Without = append(slices.Clone(config.Without), name)
		var smaller *Failure
		if _, err := Life(try); errors.As(err, &smaller) && smaller.Step <= f.Step {
			config, f = try, smaller
		}
	}
	return f
}

func (c LifeConfig) withDefaults() LifeConfig {
	or := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	or(&c.Days, 4)
	or(&c.Agents, 7)
	or(&c.Queues, 3)
	or(&c.Customers, 40)
	or(&c.CheckEvery, 1)
	if c.From.IsZero() {
		days := []time.Time{
			time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC),
		}
		c.From = days[c.Seed%uint64(len(days))]
	}
	return c
}

// life is whole days of a desk.
type life struct {
	*router
	config    LifeConfig
	rng       *rand.Rand
	set       settings.Settings
	timers    timers
	customers []guest
	agents    []worker
	byAgent   map[string]int
	bySession map[string]int
	epoch     uint64
	checkAt   uint64
	doing     string
	sent      uint64 // numbers of all clients; each rises
	result    Result
}

// guest is a customer: patience, and how the conversation will go.
type guest struct {
	session   string
	principal desk.Principal
	id        desk.ConversationID
	channel   string
	turns     int   // messages to come
	pace      int64 // between two of them
	talking   bool
}

// worker is an agent.
type worker struct {
	name      string
	principal desk.Principal
	onShift   bool
	session   string
}

func newLife(c LifeConfig) *life {
	l := &life{
		router: newRouter(desk.Millis(c.From)), config: c, rng: rand.New(rand.NewPCG(c.Seed, 2)),
		byAgent: map[string]int{}, bySession: map[string]int{},
		result: Result{Did: map[string]int{}, Refused: map[string]int{}, Kinds: map[string]int{}},
	}
	l.keep, l.judge, l.told = true, true, l.hear
	l.after = l.look
	l.follower = desk.New().Follow()
	for i := range c.Agents {
		name := fmt.Sprintf("agent-%03d", i)
		l.agents = append(l.agents, worker{name: name, principal: desk.AgentPrincipal(name)})
		l.byAgent[name] = i
	}
	l.set = l.firstSettings()
	return l
}

// look checks the state when it is time to.
func (l *life) look() {
	if l.steps >= l.checkAt {
		l.checkAt = l.steps + uint64(l.config.CheckEvery)
		l.problems = append(l.problems, l.checks(l.now).all()...)
		l.remembers()
	}
}

// firstSettings of a desk: two teams, who share some queues, and all that routing knows drawn by the seed.
func (l *life) firstSettings() settings.Settings {
	all := []calendar.Weekday{calendar.Mon, calendar.Tue, calendar.Wed, calendar.Thu, calendar.Fri, calendar.Sat, calendar.Sun}
	s := settings.Settings{
		Desk: settings.Desk{Name: "acme"},
		Schedules: []calendar.Schedule{{Name: "hours", TimeZone: "Europe/Helsinki", Weekly: []calendar.WeeklyRule{
			{Days: all, Periods: []calendar.Period{{Start: "07:00", End: "12:00"}, {Start: "12:30", End: "22:00"}}}}}},
	}
	for i := range 2 {
		s.Teams = append(s.Teams, anyTeam(l.rng, settings.Team{Name: teamName(i)}))
	}
	for i, a := range l.agents {
		for t := range s.Teams {
			if i%2 == t || l.rng.IntN(3) == 0 {
				m := anyMember(l.rng, a.name)
				m.MaxConversations = 1 + l.rng.IntN(3)
				s.Teams[t].Members = append(s.Teams[t].Members, m)
			}
		}
	}
	for i := range l.config.Queues {
		name := fmt.Sprintf("queue-%d", i)
		q := settings.Queue{Name: name, Teams: []string{"team-0", "team-1"}[i%2:], Thresholds: settings.Thresholds{
			AgentLost: pickOf(l.rng, []settings.AgentLost{"", settings.LostToPending}), Idle: pickOf(l.rng, []settings.IdleCounting{"", settings.IdleFree})}}
		if i > 0 {
			q.Schedule = "hours"
		}
		q.WhenBusy = pickOf(l.rng, []settings.WhenBusy{{}, {Offer: settings.OfferQueue},
			{Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityPerOnlineAgent, Places: 2}}})
		q.Distribution, q.Issues, q.TransferTargets, q.Disabled = anyDistribution(l.rng), anyIssues(l.rng), anyTargets(l.rng), anyDisabled(l.rng)
		q.WaitingRules, q.Priority = anyRules(l.rng, name), pickOf(l.rng, []int{0, 0, 5})
		s.Queues = append(s.Queues, q)
		s.Channels = append(s.Channels, anyChannel(l.rng, i))
	}
	s.Sort()
	return s
}

// curve is the share of the peak's rate of arrivals at an hour of the day, UTC: two humps, and a quiet night.
func curve(at int64) float64 {
	h := float64(at%(24*hour)) / float64(hour)
	hump := func(middle, width float64) float64 {
		return math.Exp(-(h - middle) * (h - middle) / (2 * width * width))
	}
	return 0.04 + 0.96*max(hump(8, 2), hump(12.5, 2.5), 0.5*hump(18, 2))
}

// nextArrival draws the next one of a Poisson process with that rate, by thinning (Lewis and Shedler
// 1979).
func (l *life) nextArrival() int64 {
	mean := float64(24*hour) * 0.38 / float64(l.config.Customers) // at the peak; 0.38 is the curve's mean
	for at := float64(l.now); ; {
		at += l.rng.ExpFloat64() * mean
		if l.rng.Float64() < curve(int64(at)) {
			return int64(at) + 1
		}
	}
}

// logNormal draws a time by its median and the deviation of its logarithm.
func (l *life) logNormal(median int64, sigma float64) int64 {
	return 1 + int64(float64(median)*math.Exp(sigma*l.rng.NormFloat64()))
}

func (l *life) exponential(mean int64) int64 { return 1 + int64(l.rng.ExpFloat64()*float64(mean)) }

// happens draws whether something happens that the configuration may leave out.
func (l *life) happens(name string, chance float64) bool {
	yes := l.rng.Float64() < chance
	if yes = yes && !slices.Contains(l.config.Without, name); yes {
		l.result.Did[name]++
	}
	return yes
}

// origin is a number that no client used.
func (l *life) origin(p desk.Principal) desk.Origin {
	l.sent++
	return desk.Origin{Principal: p, Client: "tab", CID: l.sent}
}

func (l *life) try(c desk.Command) bool {
	l.doing = fmt.Sprintf("%T", c)
	if _, err := l.do(c); err != nil {
		var refused *desk.Error
		if !errors.As(err, &refused) {
			l.wrong("%T: %v", c, err)
			return false
		}
		l.result.Refused[string(refused.Code)]++
		switch refused.Code {
		case desk.BadRequest, desk.OutOfOrder, desk.Unauthorized, desk.TextInvalid, desk.TextTooLong, desk.LinkUsed, desk.LinkExpired:
			l.wrong("%+v: %v", c, err)
		}
		return false
	}
	return true
}
