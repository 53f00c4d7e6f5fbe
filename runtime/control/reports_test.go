package control_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/control"
)

func TestTheFirstReportComesAtOnceAndTheNextOnChange(t *testing.T) {
	p := serve(t, nil)
	s := p.watch(p.operator())
	if got := s.next(); got != 0 {
		t.Errorf("%d wait", got)
	}
	for n := 1; n <= 3; n++ {
		p.desk.wait(n)
		p.server.Changed()
		if got := s.next(); got != n {
			t.Errorf("%d wait, want %d", got, n)
		}
	}
}

func TestWhatReadsTheSameIsNotSentAgain(t *testing.T) {
	p := serve(t, nil)
	s := p.watch(p.operator())
	s.next()
	for range 20 {
		before := p.desk.asked()
		p.server.Changed() // nothing has
		p.desk.askedMore(before)
	}
	p.desk.wait(7)
	p.server.Changed()
	if got := s.next(); got != 7 {
		t.Errorf("the second line says %d", got)
	}
}

func TestManyChangesAreOneReportInATime(t *testing.T) {
	p := serve(t, func(o *control.Options) { o.Every = 200 * time.Millisecond })
	s := p.watch(p.operator())
	s.next()
	began := time.Now()
	for n := 1; n <= 20_000; n++ {
		p.desk.wait(n)
		p.server.Changed()
	}
	s.until(20_000)
	most := int(time.Since(began)/(200*time.Millisecond)) + 2
	if got := p.desk.asked(); got > most+1 {
		t.Errorf("%d reports in %v", got, time.Since(began))
	}
}

func TestWithoutWatchersNoReportIsMade(t *testing.T) {
	p := serve(t, nil)
	s := p.watch(p.operator())
	s.next()
	_ = s.body.Close()
	for p.server.Watchers() > 0 { // a write shows that it went
		n := p.desk.asked()
		p.desk.wait(n)
		p.server.Changed()
	}
	before := p.desk.asked()
	p.server.Changed()
	p.watch(p.operator()).next()
	if got := p.desk.asked(); got > before+2 { // the new one's, and one that was under way
		t.Errorf("%d reports for one watcher", got-before)
	}
}

func TestASilentDeskStillBeats(t *testing.T) {
	p := serve(t, func(o *control.Options) { o.Heartbeat = 50 * time.Millisecond })
	s := p.watch(p.operator())
	for range 4 {
		s.next()
	}
}

func TestOneReportWithoutWatching(t *testing.T) {
	p := serve(t, nil)
	p.desk.wait(5)
	status, answer := p.call(p.operator(), http.MethodGet, "/control/v1/reports?watch=false", "")
	if status != http.StatusOK || strings.Count(answer, "\n") != 1 || !strings.Contains(answer, `"waiting":5`) {
		t.Errorf("%d %s", status, answer)
	}
	p.desk.failing = errors.New("not yet")
	p.refused(p.operator(), http.MethodGet, "/control/v1/reports?watch=false", "", http.StatusServiceUnavailable, "unavailable")
}

func TestAReportThatFailsIsMadeAgain(t *testing.T) {
	p := serve(t, nil)
	p.desk.mu.Lock()
	p.desk.failing = errors.New("not yet")
	p.desk.mu.Unlock()
	done := make(chan int, 1)
	go func() { done <- p.watch(p.operator()).next() }()
	p.desk.askedMore(0)
	p.desk.mu.Lock()
	p.desk.failing = nil
	p.desk.mu.Unlock()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("the first report never came")
	}
}

func TestManyWatchersAndOneThatDoesNotReadAllSeeTheLast(t *testing.T) {
	p := serve(t, nil)
	c := p.operator()
	asleep := p.watch(c)
	asleep.next()
	var all sync.WaitGroup
	for range 40 {
		s := p.watch(c)
		all.Go(func() { s.until(500) })
	}
	for n := 1; n <= 500; n++ {
		p.desk.wait(n)
		before := p.desk.asked()
		p.server.Changed()
		if n%50 == 0 {
			p.desk.askedMore(before) // spreads the changes over several reports
		}
	}
	all.Wait()
	asleep.until(500)
	// Too many are told so, and not left waiting.
	for range 30 {
		res, err := c.Get("https://" + serverName + "/control/v1/reports")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		if res.StatusCode == http.StatusServiceUnavailable {
			return
		}
	}
	t.Error("watchers without a bound")
}

func TestStreamsEndWhenThePortDoes(t *testing.T) {
	p := serve(t, nil)
	s := p.watch(p.operator())
	s.next()
	p.stop()
	for s.lines.Scan() {
	}
}
