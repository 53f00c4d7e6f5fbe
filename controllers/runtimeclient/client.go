// Package runtimeclient is the operator's side of the control port: it keeps every desk's runtime
// at the settings that were asked for, and listens to what the runtime reports.
//
//	c := runtimeclient.New(runtimeclient.Options{Dial: dial, Clock: clock.RealClock{}, Notify: notify})
//	c.Set("acme", settings, credentials) // returns at once; a later Set replaces it
//	view := c.View("acme")               // connected, the last report, what became of the settings
//	c.Remove("acme")
//
// Each desk has one goroutine that sends settings and one that reads reports; both go on by
// themselves, with a back-off, until the desk is removed. Nothing waits for them: whoever wants to
// know is told through Notify, and asks View.
package runtimeclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"usher.chat/runtime/settings"
)

// Dialer connects to the control port of a desk's runtime.
type Dialer func(ctx context.Context, desk string) (net.Conn, error)

// Credentials are what the operator shows to a desk's runtime, and what it trusts.
type Credentials struct {
	// Cert and Key are PEM: the client certificate with the common name operator.
	Cert, Key []byte
	// Roots is PEM: the desk's authorities.
	Roots []byte
}

func (c Credentials) equal(o Credentials) bool {
	return bytes.Equal(c.Cert, o.Cert) && bytes.Equal(c.Key, o.Key) && bytes.Equal(c.Roots, o.Roots)
}

func (c Credentials) tls(serverName string, now func() time.Time) (*tls.Config, error) {
	cert, err := tls.X509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the operator's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.Roots) {
		return nil, fmt.Errorf("reading the desk's authorities: no certificate in %d bytes", len(c.Roots))
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		RootCAs:      roots,
		ServerName:   serverName,
		Time:         now,
	}, nil
}

// Options of a Client.
type Options struct {
	Dial  Dialer
	Clock clock.Clock
	Log   logr.Logger
	// Notify is called after something changed, from the desk's goroutines and never twice at once
	// for one desk. It must not block. before and after differ in more than the time of the report.
	Notify func(desk string, before, after View)
	// Programmed is called when settings were applied, with the time since they were first set.
	Programmed func(desk string, took time.Duration)
}

// View is what is known of a desk's runtime at one moment. It is not to be changed.
type View struct {
	// Connected: the stream of reports is up.
	Connected bool
	// Since is when Connected last changed.
	Since time.Time
	// Problem says why it is not connected.
	Problem string
	// Report is the last one that came, also when the stream is down now. Nil: none yet.
	Report *settings.Report
	// Refused holds the runtime's words when it refused the settings; empty otherwise.
	Refused string
	// Acked: the runtime has applied what was set last.
	Acked bool
}

// Client keeps the runtimes of all desks.
type Client struct {
	options Options
	mu      sync.Mutex
	desks   map[string]*desk
}

// New returns a client without desks.
func New(o Options) *Client {
	if o.Notify == nil {
		o.Notify = func(string, View, View) {}
	}
	if o.Programmed == nil {
		o.Programmed = func(string, time.Duration) {}
	}
	return &Client{options: o, desks: map[string]*desk{}}
}

// Set says what the runtime of a desk is to apply. It returns at once. Equal settings with equal
// credentials do nothing.
func (c *Client) Set(name string, s *settings.Settings, creds Credentials) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("writing the settings of %q: %w", name, err)
	}
	c.mu.Lock()
	d, ok := c.desks[name]
	if !ok {
		d = newDesk(name, &c.options)
		c.desks[name] = d
	}
	c.mu.Unlock()
	return d.set(body, creds)
}

// Remove forgets a desk and ends its goroutines, without waiting for them.
func (c *Client) Remove(name string) {
	c.mu.Lock()
	d := c.desks[name]
	delete(c.desks, name)
	c.mu.Unlock()
	if d != nil {
		d.stop()
	}
}

// View of a desk; false when it was never set.
func (c *Client) View(name string) (View, bool) {
	c.mu.Lock()
	d := c.desks[name]
	c.mu.Unlock()
	if d == nil {
		return View{}, false
	}
	return d.current(), true
}

// Len is the number of desks.
func (c *Client) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.desks)
}

// Close removes all desks and waits for their goroutines.
func (c *Client) Close() {
	c.mu.Lock()
	all := c.desks
	c.desks = map[string]*desk{}
	c.mu.Unlock()
	for _, d := range all {
		d.stop()
	}
	for _, d := range all {
		d.done.Wait()
	}
}

// Connected is the number of desks whose stream of reports is up.
func (c *Client) Connected() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, d := range c.desks {
		if d.current().Connected {
			n++
		}
	}
	return n
}
