package desk_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// largest is a desk of the size that the design names: 1,000 queues, 2,000 agents.
func largest() settings.Settings {
	s := settings.Settings{Desk: settings.Desk{Name: "large"}, Schedules: scheduled().Schedules}
	for t := range 100 {
		team := settings.Team{Name: fmt.Sprintf("team-%03d", t)}
		for m := range 40 {
			team.Members = append(team.Members, settings.Member{Name: fmt.Sprintf("agent-%04d", (20*t+m)%2000)})
		}
		s.Teams = append(s.Teams, team)
	}
	for q := range 1000 {
		name := fmt.Sprintf("queue-%04d", q)
		s.Queues = append(s.Queues, settings.Queue{Name: name, Schedule: "hours", Teams: []string{fmt.Sprintf("team-%03d", q%100), fmt.Sprintf("team-%03d", (q+1)%100)}})
		s.Channels = append(s.Channels, settings.Channel{Name: name, Type: settings.ChannelWeb, Queue: name})
	}
	s.Sort()
	return s
}

// BenchmarkSettings puts settings of the largest desk in force: what an open by kubectl costs there,
// during which the router does nothing else.
func BenchmarkSettings(b *testing.B) {
	s, set, now := desk.New(), largest(), time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for i := 0; b.Loop(); i++ {
		set.Queues[0].Override = &calendar.Override{State: calendar.Closed, Reason: fmt.Sprint(i)}
		d, err := desk.Decide(s, desk.ApplySettings{Settings: set}, now)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range d.Events {
			s.Apply(desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e})
		}
	}
}

// BenchmarkPlaces is one of 10,000 leaving the line and another joining its end.
func BenchmarkPlaces(b *testing.B) {
	s, set, now := desk.New(), oneQueue(), time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	set.Queues[0].WhenBusy.Capacity = nil
	apply := func(c desk.Command) {
		d, err := desk.Decide(s, c, now)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range d.Events {
			s.Apply(desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e})
		}
	}
	join := func(i int) {
		p := desk.CustomerPrincipal(fmt.Sprint(i))
		apply(desk.Join{Origin: desk.Origin{Principal: p, Client: "t", CID: 1}, Session: fmt.Sprint(i), Channel: "web"})
	}
	apply(desk.ApplySettings{Settings: set})
	for i := range 10_000 {
		join(i)
	}
	next := 10_000
	for b.Loop() {
		c := s.Line("support")[5000]
		apply(desk.End{Origin: desk.Origin{Principal: desk.CustomerPrincipal(c.Session), Client: "t", CID: 2}})
		join(next)
		next++
	}
}

// routed is a desk with 2,000 agents of whom half are busy, while 10,000 customers wait for them, and
// half are free for other queues.
type routed struct {
	b    *testing.B
	s    *desk.State
	now  time.Time
	next int // customer
	cid  uint64
	made int // decisions that had an effect
}

func newRouted(b *testing.B, strategy settings.Strategy) *routed {
	b.Helper()
	r := &routed{b: b, s: desk.New(), now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	set := settings.Settings{Desk: settings.Desk{Name: "large"}}
	for _, half := range []string{"busy", "free"} {
		team := settings.Team{Name: half, MaxConversations: 1}
		if half == "free" {
			team.MaxConversations = 3
		}
		for i := range 1000 {
			team.Members = append(team.Members, settings.Member{Name: fmt.Sprintf("%s-%04d", half, i)})
		}
		set.Teams = append(set.Teams, team)
		set.Queues = append(set.Queues, settings.Queue{
			Name: half, Teams: []string{half}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue},
			Distribution: settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: strategy},
		})
		set.Channels = append(set.Channels, settings.Channel{Name: half, Type: settings.ChannelWeb, Queue: half})
	}
	set.Sort()
	r.do(desk.Start{Epoch: 1, Gateways: []string{"g"}, Seed: 1})
	r.do(desk.ApplySettings{Settings: set})
	for _, team := range set.Teams {
		for _, m := range team.Members {
			r.do(desk.Connect{Principal: desk.AgentPrincipal(m.Name), Gateway: "g"})
		}
	}
	for range 11_000 {
		r.join("busy")
	}
	for range 1000 {
		r.join("free")
	}
	if f, _ := r.s.Figures("busy"); f.Waiting != 10_000 || f.InService != 1000 {
		b.Fatalf("%+v", f)
	}
	r.made = 0
	return r
}

// do decides a command and all that follows from it, as the router does, and accepts what is offered.
func (r *routed) do(c desk.Command) {
	var offers []desk.Offered
	for {
		d, err := desk.Decide(r.s, c, r.now)
		if err != nil {
			r.b.Fatalf("%+v: %v", c, err)
		}
		origin := desk.OriginOf(c)
		for _, e := range d.Events {
			r.s.Apply(desk.Record{Seq: r.s.Seq + 1, At: desk.Millis(r.now), Origin: origin, Event: e})
			origin = nil
			if offer, ok := e.(desk.Offered); ok {
				offers = append(offers, offer)
			}
		}
		r.made++
		if at, due := r.s.NextDeadline(); !due || at > desk.Millis(r.now) {
			break
		}
		c = desk.Tick{}
	}
	for _, e := range offers {
		r.do(desk.Accept{Origin: r.origin(desk.AgentPrincipal(e.Agent)), Agent: e.Agent, Conversation: e.Conversation})
	}
}

func (r *routed) origin(p desk.Principal) desk.Origin {
	r.cid++
	return desk.Origin{Principal: p, Client: "t", CID: r.cid}
}

func (r *routed) join(queue string) {
	session := fmt.Sprint(r.next)
	r.next++
	p := desk.CustomerPrincipal(session)
	r.do(desk.Join{Origin: r.origin(p), Session: session, Channel: queue})
	r.do(desk.Connect{Principal: p, Gateway: "g"})
}

// cycle: an agent of the full queue ends a conversation and gets the first in line; a customer of the
// other leaves, and one comes to each.
func (r *routed) cycle(i int) {
	r.now = r.now.Add(200 * time.Millisecond)
	busy := r.s.ConversationsOf(fmt.Sprintf("busy-%04d", i%1000))[0]
	r.do(desk.End{Origin: r.origin(desk.AgentPrincipal(busy.Agent)), Conversation: busy.ID})
	r.join("busy")
	for n := i; ; n++ {
		if list := r.s.ConversationsOf(fmt.Sprintf("free-%04d", n%1000)); len(list) > 0 {
			r.do(desk.End{Origin: r.origin(desk.CustomerPrincipal(list[0].Session))})
			break
		}
	}
	r.join("free")
}

// BenchmarkRouting is what the desk decides in a second, of the size that the design names.
func BenchmarkRouting(b *testing.B) {
	for _, strategy := range []settings.Strategy{settings.StrategyLeastBusy, settings.StrategyRandom, settings.StrategyLongestIdle, settings.StrategyRoundRobin} {
		b.Run(string(strategy), func(b *testing.B) {
			r := newRouted(b, strategy)
			b.ReportAllocs()
			i, began := 0, cpu(b)
			for b.Loop() {
				r.cycle(i)
				i++
			}
			b.ReportMetric(float64(r.made)/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(float64(r.made)/(cpu(b)-began).Seconds(), "decisions/s-by-cpu")
		})
	}
}

// cpu is the processor's time of this process, which tells more than the clock on a busy machine.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
