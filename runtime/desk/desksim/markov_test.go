package desksim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"usher.chat/runtime/desk/desksim"
	"usher.chat/runtime/settings"
)

// The formulas below are those of telephone traffic. lambda customers come in a second and are served
// mu in a second by each of c agents; theta is one over the mean patience.
//
// Erlang C: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in
// automatic telephone exchanges", Elektroteknikeren 13 (1917). Everybody waits as long as it takes.
//
// Erlang A: C. Palm, "Research on telephone traffic carried by full availability groups", Tele 1
// (1957); as in O. Garnett, A. Mandelbaum and M. Reiman, "Designing a call center with impatient
// customers", Manufacturing & Service Operations Management 4 (2002). Patience is exponential.

// erlangC gives the probability of waiting and the mean wait of all.
func erlangC(lambda, mu float64, c int) (waits, mean float64) {
	a := lambda / mu
	b := 1.0 // Erlang B, by its recursion
	for k := 1; k <= c; k++ {
		b = a * b / (float64(k) + a*b)
	}
	rho := a / float64(c)
	waits = b / (1 - rho*(1-b))
	return waits, waits / (float64(c)*mu - lambda)
}

// erlangA gives the probability of waiting, the mean wait of all, and the share who leave: from the
// probabilities of the number n of customers, of whom max(0, n-c) wait.
func erlangA(lambda, mu, theta float64, c int) (waits, mean, left float64) {
	p, sum, waiting := 1.0, 1.0, 0.0
	for n := 1; n < c+10_000; n++ {
		p *= lambda / (float64(min(n, c))*mu + float64(max(0, n-c))*theta)
		sum += p
		if n >= c {
			waits += p
		}
		waiting += float64(max(0, n-c)) * p
	}
	mean = waiting / sum / lambda // Little's law
	return waits / sum, mean, theta * mean
}

// draws are those of a Poisson process of arrivals, and exponential times of service and patience.
func draws(seed uint64, lambda, mu, theta float64) func() (gap, service, patience float64) {
	rng := rand.New(rand.NewPCG(seed, 3))
	return func() (float64, float64, float64) {
		gap, service, patience := rng.ExpFloat64()/lambda, rng.ExpFloat64()/mu, math.Inf(1)
		if theta > 0 {
			patience = rng.ExpFloat64() / theta
		}
		return gap, service, patience
	}
}

// onPaper is the same desk without a desk: who comes is served by the agent who is free first, if that
// is in time (Kiefer and Wolfowitz 1955). It knows nothing of the formulas either.
type onPaper struct {
	free  []float64 // when each agent is, as a heap, the first on top
	clock float64
	draw  func() (gap, service, patience float64)
}

func (o *onPaper) next() desksim.MarkovWait {
	gap, service, patience := o.draw()
	o.clock += gap
	start := max(o.clock, o.free[0])
	if wait := start - o.clock; wait >= patience {
		return desksim.MarkovWait{Wait: patience, Left: true}
	}
	until, i := start+service, 0
	for {
		down := 2*i + 1
		if down+1 < len(o.free) && o.free[down+1] < o.free[down] {
			down++
		}
		if down >= len(o.free) || until <= o.free[down] {
			break
		}
		o.free[i] = o.free[down]
		i = down
	}
	o.free[i] = until
	return desksim.MarkovWait{Wait: start - o.clock}
}

// figure is an estimate by the means of batches, whose spread tells how good it is.
type figure struct{ sum, squares, batches float64 }

func (f *figure) add(mean float64) {
	f.sum, f.squares, f.batches = f.sum+mean, f.squares+mean*mean, f.batches+1
}
func (f *figure) mean() float64 { return f.sum / f.batches }

func (f *figure) variance() float64 {
	return (f.squares/f.batches - f.mean()*f.mean()) / (f.batches - 1)
}

// figures are the mean wait, who waited, and who left.
type figures [3]figure

func (f *figures) add(list []desksim.MarkovWait, minus []desksim.MarkovWait) {
	var sums [3]float64
	count := func(w desksim.MarkovWait, sign float64) {
		sums[0] += sign * w.Wait
		if w.Wait > 0.002 {
			sums[1] += sign
		}
		if w.Left {
			sums[2] += sign
		}
	}
	for _, w := range list {
		count(w, 1)
	}
	for _, w := range minus {
		count(w, -1)
	}
	for i := range f {
		f[i].add(sums[i] / float64(len(list)))
	}
}

// The mean wait of a desk spreads so widely that millions of customers tell it to a hundredth. So the
// desk is compared with the same customers on paper, which differ by little if they differ at all, and
// the paper's own mean comes from many more (a control variate). The formula has no part in either.
func TestWaitsAgreeWithErlangAndThoseWhoLeaveWithPalm(t *testing.T) {
	const mu = 1 / 300.0 // a second: five minutes of service
	for i, c := range []struct {
		agents   int
		load     float64 // lambda/(c mu)
		patience float64 // mean, seconds; 0 for ever
		strategy settings.Strategy
		onPaper  int // batches
	}{
		{1, 0.6, 0, "", 1000},
		{5, 0.75, 0, settings.StrategyLongestIdle, 2500},
		{5, 0.8, 0, "", 3500},
		{20, 0.8, 0, settings.StrategyLeastBusy, 4000},
		{1, 0.9, 300, settings.StrategyRandom, 500},
		{5, 0.9, 600, settings.StrategyLongestIdle, 500},
		{10, 1, 150, "", 500},
		{20, 1.15, 300, settings.StrategyRoundRobin, 500},
	} {
		lambda, theta := c.load*mu*float64(c.agents), 0.0
		if c.patience > 0 {
			theta = 1 / c.patience
		}
		name := fmt.Sprintf("%d agents at %.0f %%, patience %.0f s, %s", c.agents, 100*c.load, c.patience, c.strategy)
		t.Run(name, func(t *testing.T) {
			const size = 1000
			got := sampled(t, desksim.MarkovConfig{Agents: c.agents, Customers: 25 * size, Strategy: c.strategy}, uint64(i), lambda, mu, theta, c.onPaper, 10*size)
			want := [3]float64{}
			if theta == 0 {
				want[1], want[0] = erlangC(lambda, mu, c.agents)
			} else {
				want[1], want[0], want[2] = erlangA(lambda, mu, theta, c.agents)
			}
			for k, what := range []string{"mean wait", "share who wait", "share who leave"} {
				if want[k] == 0 {
					continue
				}
				mean, spread := got[0][k].mean()+got[1][k].mean(), math.Sqrt(got[0][k].variance()+got[1][k].variance())
				off, bound := (mean-want[k])/want[k], 2.58*spread/want[k]
				t.Logf("%s: %.5g, by the formula %.5g: %+.2f %% (99 %% within %.2f %%)", what, mean, want[k], 100*off, 100*bound)
				if math.Abs(off) > 0.02 {
					t.Errorf("%s is %.5g, by the formula %.5g", what, mean, want[k])
				}
				if bound > 0.015 {
					t.Errorf("%s is known to %.2f %% only", what, 100*bound)
				}
			}
		})
	}
}

// sampled gives how the desk differs from the paper for the same customers, and the paper for others.
func sampled(t *testing.T, config desksim.MarkovConfig, seed uint64, lambda, mu, theta float64, batches, size int) (f [2]figures) {
	t.Helper()
	config.Draw = draws(seed, lambda, mu, theta)
	onDesk, err := desksim.Markov(config)
	if err != nil {
		t.Fatal(err)
	}
	paper := onPaper{free: make([]float64, config.Agents), draw: draws(seed, lambda, mu, theta)}
	same := make([]desksim.MarkovWait, len(onDesk))
	for i := range same {
		same[i] = paper.next()
	}
	const each = 1000
	for i := 0; i+each <= len(onDesk); i += each {
		f[0].add(onDesk[i:i+each], same[i:i+each])
	}
	paper = onPaper{free: make([]float64, config.Agents), draw: draws(seed+1000, lambda, mu, theta)}
	batch := make([]desksim.MarkovWait, size)
	for range 10 {
		for i := range batch {
			batch[i] = paper.next() // until it is as it always is
		}
	}
	for range batches {
		for i := range batch {
			batch[i] = paper.next()
		}
		f[1].add(batch, nil)
	}
	return f
}
