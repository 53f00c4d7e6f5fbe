package controllers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the operator, beside those of controller-runtime.
type Metrics struct {
	programmed prometheus.Histogram
}

// NewMetrics registers the operator's metrics. desks and connected are asked at each scrape.
func NewMetrics(r prometheus.Registerer, desks, connected func() int) (*Metrics, error) {
	m := &Metrics{programmed: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "usher_programmed_seconds",
		Help:    "Time from compiled settings to the runtime's word that it applied and stored them.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 120, 600},
	})}
	for _, c := range []prometheus.Collector{
		m.programmed,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "usher_desks", Help: "Desks that this operator keeps.",
		}, func() float64 { return float64(desks()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "usher_desks_connected", Help: "Desks whose runtime is sending reports.",
		}, func() float64 { return float64(connected()) }),
	} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Programmed records one round of settings.
func (m *Metrics) Programmed(_ string, took time.Duration) { m.programmed.Observe(took.Seconds()) }
