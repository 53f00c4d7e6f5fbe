package desksim_test

import (
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
)

func TestAnOrdinaryDayKeepsEveryRule(t *testing.T) {
	r, err := desksim.Run(desksim.Config{Seed: 1, Agents: 20, Days: 0.4, ArrivalEvery: 12 * time.Second, CheckEvery: 20, Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d steps, %d records, %d conversations, %d served, refused %v", r.Steps, r.Events, r.Conversations, r.Served, r.Refused)
	if r.Served < r.Conversations/2 || r.Conversations < 1000 {
		t.Errorf("this is no ordinary day: %d of %d were served", r.Served, r.Conversations)
	}
	s, err := desksim.Replay(r.Entries)
	if err != nil {
		t.Fatal(err)
	}
	if hash, err := s.Hash(); err != nil || hash != r.Hash {
		t.Errorf("replayed it is %s, it was %s (%v)", hash, r.Hash, err)
	}
}

func TestTheSameSeedIsTheSameRun(t *testing.T) {
	config := desksim.Config{Seed: 7, Agents: 10, Days: 0.1}
	a, err := desksim.Run(config)
	if err != nil {
		t.Fatal(err)
	}
	b, err := desksim.Run(config)
	if err != nil {
		t.Fatal(err)
	}
	if a.Hash != b.Hash || a.Events != b.Events {
		t.Errorf("%s after %d records, then %s after %d", a.Hash, a.Events, b.Hash, b.Events)
	}
	config.Seed++
	if c, err := desksim.Run(config); err != nil || c.Hash == a.Hash {
		t.Errorf("another seed is the same run (%v)", err)
	}
}

// BenchmarkRun is a day of a desk with 100 agents: how many times faster than life.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	var simulated, wall time.Duration
	var events uint64
	began := cpu(b)
	for i := range b.N {
		r, err := desksim.Run(desksim.Config{Seed: uint64(i + 1), Agents: 100, Days: 1})
		if err != nil {
			b.Fatal(err)
		}
		simulated, wall, events = simulated+r.SimulatedTime, wall+r.WallTime, events+r.Events
	}
	b.ReportMetric(simulated.Seconds()/wall.Seconds(), "x-real-time")
	b.ReportMetric(float64(events)/float64(b.N), "events/day")
	b.ReportMetric(simulated.Seconds()/(cpu(b)-began).Seconds(), "x-real-time-by-cpu")
}

// BenchmarkReplay reads a ledger of a day: decode and apply, for each event.
func BenchmarkReplay(b *testing.B) {
	r, err := desksim.Run(desksim.Config{Seed: 1, Agents: 100, Days: 1, Keep: true})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	s := desk.New()
	next := 0
	began := cpu(b)
	for b.Loop() {
		if next == len(r.Entries) {
			s, next = desk.New(), 0
		}
		record, err := desk.Decode(uint64(next+1), r.Entries[next])
		if err != nil {
			b.Fatal(err)
		}
		s.Apply(record)
		next++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
}

// cpu is the processor's time of this process, which tells more than the clock on a busy machine.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
