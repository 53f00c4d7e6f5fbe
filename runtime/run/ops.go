package run

import (
	"fmt"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
)

// opsHandler serves health, readiness, metrics and profiles, on a port that people do not reach.
func (p *pod) opsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		ready := false
		p.gateway.Read(func(s *desk.State) { ready = s.Version != "" })
		switch err := p.router.Stalled(); {
		case p.left.Load():
			http.Error(w, ledger.ErrMoved.Error(), http.StatusServiceUnavailable)
		case err != nil:
			http.Error(w, "the ledger cannot be written: "+err.Error(), http.StatusServiceUnavailable)
		case p.leaving.Load():
			http.Error(w, "this pod ends", http.StatusServiceUnavailable)
		case p.member != nil && !p.recent.Serves():
			http.Error(w, "the history of this pod is being made from the ledger", http.StatusServiceUnavailable)
		case !ready:
			http.Error(w, "waiting for settings from the operator", http.StatusServiceUnavailable)
		default:
			_, _ = fmt.Fprintln(w, "ok")
		}
	})
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &deskCollector{p})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	return mux
}

// deskCollector reads the figures when they are scraped: they follow from the state.
type deskCollector struct{ p *pod }

var (
	descWaiting   = prometheus.NewDesc("usher_queue_waiting", "Customers waiting in the queue.", []string{"queue"}, nil)
	descLongest   = prometheus.NewDesc("usher_queue_longest_wait_seconds", "Wait of the first in line.", []string{"queue"}, nil)
	descInService = prometheus.NewDesc("usher_queue_in_service", "Conversations of the queue that an agent serves.", []string{"queue"}, nil)
	descOpen      = prometheus.NewDesc("usher_queue_open", "1 while the queue is open.", []string{"queue"}, nil)
	descOnline    = prometheus.NewDesc("usher_queue_agents_online", "Agents of the queue who are connected.", []string{"queue"}, nil)
	descFree      = prometheus.NewDesc("usher_queue_agents_available", "Agents of the queue who are connected and under their limit.", []string{"queue"}, nil)
	descSockets   = prometheus.NewDesc("usher_sockets", "Open sockets of this pod.", nil, nil)
	descSeq       = prometheus.NewDesc("usher_ledger_sequence", "Sequence of the last event that this pod applied.", nil, nil)
	descArchive   = prometheus.NewDesc("usher_archive_sequence", "Sequence of the last event that this pod's history has.", nil, nil)
	descCommands  = prometheus.NewDesc("usher_commands_waiting", "Commands of this pod's people that have no answer yet.", nil, nil)
	descHeld      = prometheus.NewDesc("usher_sockets_held", "Sockets that are not read from until there is room for their commands.", nil, nil)
	descShed      = prometheus.NewDesc("usher_shed_total", "What was left out because there was too much to do: typing marks, tellings of places, new joins.", []string{"what"}, nil)
	descLeads     = prometheus.NewDesc("usher_router_leads", "1 while this pod is the desk's router.", nil, nil)
	descStalled   = prometheus.NewDesc("usher_ledger_stalled", "1 while the ledger cannot be written.", nil, nil)
)

func (c *deskCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descWaiting, descLongest, descInService, descOpen, descOnline, descFree, descSockets, descSeq, descArchive, descCommands, descHeld, descShed, descLeads, descStalled} {
		ch <- d
	}
}

func (c *deskCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	flag := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	now := c.p.o.Now()
	c.p.gateway.Read(func(s *desk.State) {
		for _, set := range s.Settings.Queues {
			f, ok := s.Figures(set.Name)
			if !ok {
				continue
			}
			gauge(descWaiting, float64(f.Waiting), set.Name)
			longest := 0.0
			if f.FirstArrival != 0 {
				longest = now.Sub(desk.Instant(f.FirstArrival)).Seconds()
			}
			gauge(descLongest, longest, set.Name)
			gauge(descInService, float64(f.InService), set.Name)
			gauge(descOpen, flag(s.Queues[set.Name].State == "Open"), set.Name)
			gauge(descOnline, float64(f.Online), set.Name)
			gauge(descFree, float64(f.Available), set.Name)
		}
		ch <- prometheus.MustNewConstMetric(descSeq, prometheus.CounterValue, float64(s.Seq))
	})
	ch <- prometheus.MustNewConstMetric(descArchive, prometheus.CounterValue, float64(c.p.archive.Position()))
	load := c.p.gateway.Load()
	gauge(descCommands, float64(load.Waiting))
	gauge(descHeld, float64(load.Held))
	for what, n := range load.Shed {
		ch <- prometheus.MustNewConstMetric(descShed, prometheus.CounterValue, float64(n), what.String())
	}
	gauge(descSockets, float64(c.p.gateway.Sockets()))
	gauge(descLeads, flag(c.p.member == nil || c.p.member.Leads()))
	gauge(descStalled, flag(c.p.router.Stalled() != nil))
}
