package runtimeclient

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"sync"
	"time"

	"usher.chat/runtime/settings"
)

// Times of the control port.
const (
	putTimeout  = 10 * time.Second
	idleTimeout = 40 * time.Second // the runtime sends at least a line each 15 s
	dialTimeout = 5 * time.Second
	retryFirst  = 200 * time.Millisecond
	retryMost   = 15 * time.Second
	retryLater  = time.Minute // after a refusal, which only other settings will cure
)

// desk keeps one runtime.
type desk struct {
	name    string
	options *Options
	ctx     context.Context
	stop    context.CancelFunc
	done    sync.WaitGroup
	wake    chan struct{} // of capacity one: there is something to send
	redial  chan struct{} // of capacity one: the credentials changed

	// telling keeps the calls of Notify in order.
	telling sync.Mutex

	mu      sync.Mutex
	creds   Credentials
	http    *http.Client
	body    []byte
	since   time.Time // when body was first set
	acked   []byte    // the body that the runtime applied
	version string    // what the runtime called it
	strange int       // reports in a row that name another version
	view    View
}

func newDesk(name string, o *Options) *desk {
	ctx, stop := context.WithCancel(context.Background())
	d := &desk{
		name: name, options: o, ctx: ctx, stop: stop,
		wake: make(chan struct{}, 1), redial: make(chan struct{}, 1),
	}
	d.view = View{Since: o.Clock.Now(), Problem: "not connected yet"}
	return d
}

// ServerName is the name in the serving certificate of a desk's runtime.
func ServerName(desk string) string { return "usher-control." + desk + ".svc" }

func (d *desk) set(body []byte, creds Credentials) error {
	d.mu.Lock()
	if d.http == nil || !d.creds.equal(creds) {
		config, err := creds.tls(ServerName(d.name), d.options.Clock.Now)
		if err != nil {
			d.mu.Unlock()
			return err
		}
		first := d.http == nil
		if !first {
			d.http.CloseIdleConnections()
		}
		d.creds = creds
		d.http = &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, dialTimeout)
				defer cancel()
				return d.options.Dial(ctx, d.name)
			},
			TLSClientConfig:     config,
			TLSHandshakeTimeout: dialTimeout,
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     2 * time.Minute,
		}}
		if first {
			d.done.Add(2)
			go d.send()
			go d.listen()
		} else {
			signal(d.redial)
		}
	}
	if !bytes.Equal(d.body, body) {
		d.body = body
		d.since = d.options.Clock.Now()
		d.view.Refused = ""
		d.view.Acked = false
		signal(d.wake)
	}
	d.mu.Unlock()
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (d *desk) current() View {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.view
}

// change alters the view and tells it if there is something to tell.
func (d *desk) change(alter func(*View)) {
	d.telling.Lock()
	defer d.telling.Unlock()
	d.mu.Lock()
	before := d.view
	alter(&d.view)
	after := d.view
	d.mu.Unlock()
	if d.ctx.Err() == nil && !same(before, after) {
		d.options.Notify(d.name, before, after)
	}
}

// same ignores the time of the reports: a heartbeat is no news.
func same(a, b View) bool {
	if a.Connected != b.Connected || a.Problem != b.Problem || a.Refused != b.Refused || a.Acked != b.Acked {
		return false
	}
	if a.Report == nil || b.Report == nil {
		return a.Report == b.Report
	}
	x, y := *a.Report, *b.Report
	x.At, y.At = time.Time{}, time.Time{}
	return reflect.DeepEqual(x, y)
}

// send puts settings whenever they differ from what the runtime applied.
func (d *desk) send() {
	defer d.done.Done()
	retry := backoff{first: retryFirst, most: retryMost}
	for {
		var wait <-chan time.Time
		if body, since, ok := d.outstanding(); ok {
			err := d.put(body, since)
			var refused *RefusedError
			switch {
			case err == nil:
				retry.reset()
				continue
			case d.ctx.Err() != nil:
				return
			case errors.As(err, &refused):
				d.options.Log.Info("the runtime refused the settings", "desk", d.name, "error", err.Error())
				d.change(func(v *View) { v.Refused = refused.Error() })
				wait = d.options.Clock.After(retryLater)
			default:
				d.options.Log.V(1).Info("sending settings failed; trying again", "desk", d.name, "error", err.Error())
				wait = d.options.Clock.After(retry.next())
			}
		}
		select {
		case <-d.ctx.Done():
			return
		case <-d.wake:
			retry.reset()
		case <-wait:
		}
	}
}

func (d *desk) outstanding() (body []byte, since time.Time, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.body, d.since, d.body != nil && !bytes.Equal(d.body, d.acked)
}

func (d *desk) client() *http.Client {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.http
}

func (d *desk) put(body []byte, since time.Time) error {
	ctx, cancel := context.WithTimeout(d.ctx, putTimeout)
	defer cancel()
	answer, err := putSettings(ctx, d.client(), d.name, body)
	if err != nil {
		return err
	}
	latest := false
	d.change(func(v *View) {
		d.acked, d.version = body, answer.Version
		latest = bytes.Equal(body, d.body)
		d.strange = 0
		v.Refused = ""
		v.Acked = latest
		if v.Report != nil {
			// Said by the runtime itself, and earlier than its next report.
			r := *v.Report
			r.Version, r.Applied = answer.Version, answer.Applied
			v.Report = &r
		}
	})
	if latest {
		d.options.Programmed(d.name, d.options.Clock.Since(since))
	}
	return nil
}

// listen keeps the stream of reports up.
func (d *desk) listen() {
	defer d.done.Done()
	retry := backoff{first: retryFirst, most: retryMost}
	for {
		ctx, cancel := context.WithCancel(d.ctx)
		renewed := false
		watch := make(chan struct{})
		go func() {
			defer close(watch)
			select {
			case <-ctx.Done():
			case <-d.redial:
				renewed = true
				cancel()
			}
		}()
		err := streamReports(ctx, d.client(), d.name, idleTimeout, func(r *settings.Report) {
			retry.reset()
			d.report(r)
		})
		cancel()
		<-watch
		if d.ctx.Err() != nil {
			return
		}
		if renewed {
			continue
		}
		d.options.Log.V(1).Info("the stream of reports ended; dialling again", "desk", d.name, "error", err.Error())
		d.change(func(v *View) {
			if v.Connected {
				v.Since = d.options.Clock.Now()
			}
			v.Connected, v.Problem = false, err.Error()
		})
		select {
		case <-d.ctx.Done():
			return
		case <-d.redial:
		case <-d.options.Clock.After(retry.next()):
		}
	}
}

func (d *desk) report(r *settings.Report) {
	d.change(func(v *View) {
		fresh := !v.Connected
		if fresh {
			v.Connected, v.Problem, v.Since = true, "", d.options.Clock.Now()
			signal(d.wake) // whoever waits with settings need not wait longer
		}
		switch {
		case d.acked == nil || r.Version == d.version:
			d.strange = 0
		case !fresh && d.strange == 0:
			// Most likely a line that was on its way while settings were applied: its figures are
			// good, what it says of settings is older than what we know. If not, the runtime has
			// lost them, by a restored volume say. Sending once more is right, or harmless.
			d.strange++
			d.acked = nil
			signal(d.wake)
			taken := *r
			taken.Version, taken.Applied = v.Report.Version, v.Report.Applied
			r = &taken
		default:
			d.strange, d.acked, v.Acked = 0, nil, false
			signal(d.wake)
		}
		v.Report = r
	})
}
