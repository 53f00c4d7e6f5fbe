package desk_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/calendar"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
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

// BenchmarkRouting is what the desk decides in a second, of the size that the design names.
func BenchmarkRouting(b *testing.B) {
	for _, strategy := range []settings.Strategy{settings.StrategyLeastBusy, settings.StrategyRandom, settings.StrategyLongestIdle, settings.StrategyRoundRobin} {
		b.Run(string(strategy), func(b *testing.B) {
			r, err := desksim.NewRush(desksim.RushConfig{Agents: 2000, Waiting: 10_000, Strategy: strategy})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			began := cpu(b)
			for b.Loop() {
				if err := r.Cycle(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(r.Decisions)/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(float64(r.Decisions)/(cpu(b)-began).Seconds(), "decisions/s-by-cpu")
		})
	}
}

// BenchmarkMemory is what the state needs for each waiting customer and each open conversation.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		waiting, open, err := desksim.Footprint(10_000, 20_000)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(waiting, "B/waiting")
		b.ReportMetric(open, "B/open")
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
