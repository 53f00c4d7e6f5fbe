package gateway

import (
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// BenchmarkOfferInACrowd is what the hub does for one end, with the offer and the customer who comes after it, at
// 10,000 waiting and 2,000 agents, and BenchmarkPaceOfACrowd what it tells at a pace in two seconds of 20 such.
func crowdedTale(t testing.TB, waiting, agents int) *tale {
	w := &tale{t: t, s: desk.New(), at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	w.h = newHub(desk.New().Follow(), func() time.Time { return w.at })
	w.h.presence = newPresence(w.h, nil, "pod")
	w.h.history = func(string, desk.ConversationID, uint64) {}
	w.do(desk.Start{Epoch: 1, Gateways: []string{"pod"}})
	s := sample()
	s.Teams[0].Members = nil
	for i := range agents {
		s.Teams[0].Members = append(s.Teams[0].Members, settings.Member{Name: "a" + name(i)})
	}
	s.Queues[0].WhenBusy.Capacity = nil
	s.Sort()
	w.do(desk.ApplySettings{Settings: s})
	conn := someConn(t)
	for i := range agents {
		w.enter(held(conn, &socket{agent: "a" + name(i), principal: desk.AgentPrincipal("a" + name(i))}))
	}
	for i := range waiting {
		w.join(name(i))
		c := w.enter(held(conn, &socket{session: name(i), channel: "web", principal: desk.CustomerPrincipal(name(i)), beat: i % beats}))
		c.told = told{i + 1, i + 1}
	}
	return w
}

// drop forgets what waits on its way out.
func (w *tale) drop() {
	for s := range w.h.sockets {
		s.out, s.waiting = nil, 0
	}
}

func BenchmarkPaceOfACrowd(b *testing.B) {
	w := crowdedTale(b, 10000, 2000)
	for range 600 {
		w.pass(50 * time.Millisecond)
	}
	w.drop()
	next := 0
	var worst, apply time.Duration
	b.ResetTimer()
	for range b.N { // one second
		for range 20 {
			began := time.Now()
			w.end(name(next))
			apply = max(apply, time.Since(began))
			w.join(name(10000 + next))
			next++
			began = time.Now()
			w.pass(50 * time.Millisecond)
			worst = max(worst, time.Since(began))
		}
		b.StopTimer()
		w.drop()
		b.StartTimer()
	}
	b.ReportMetric(ms(worst), "worst-tick-ms")
	b.ReportMetric(ms(apply), "worst-end-ms")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
