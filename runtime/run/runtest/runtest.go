// Package runtest starts a real runtime inside a test, on a port of its own:
//
//	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
//	ana := d.Agent("ana")
//	maria := d.Customer("web", "")
package runtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/gateway"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/run"
	"usher.chat/runtime/settings"
)

// patience is how long a test waits for what takes milliseconds: long enough for a machine that is slow and busy.
const patience = time.Minute

// Options of Start.
type Options struct {
	Settings settings.Settings
	Data     string // a directory of the test when empty
	Rates    gateway.Rates
	Store    string
	// TrustedProxies may say where a request comes from.
	TrustedProxies []netip.Prefix
	// ControlTLS is a directory of certificates (see controltest); with it the control port is open.
	ControlTLS string
	// MetadataKeys is a directory of keys of secure metadata.
	MetadataKeys string
	// Log, if set, gets each warning and error that the runtime writes; with Level what is below them too.
	Log   func(line string)
	Level slog.Level // below that of warnings, as slog.LevelDebug - slog.LevelWarn
}

// Desk is a runtime that runs.
type Desk struct {
	URL, Ops string
	Control  string // address of the control port, if it is open
	Data     string
	t        testing.TB
	options  Options
	file     string
	cancel   context.CancelFunc
	done     chan error
}

// Fast are rates that no test meets by accident.
func Fast() gateway.Rates {
	r := gateway.Rate{PerSecond: 1e6, Burst: 1e6}
	return gateway.Rates{Customer: r, Agent: r, Frames: r}
}

// Start starts a runtime and stops it with the test.
func Start(t testing.TB, o Options) *Desk {
	t.Helper()
	if o.Data == "" {
		o.Data = t.TempDir()
	}
	d := &Desk{t: t, options: o, Data: o.Data, file: filepath.Join(t.TempDir(), "settings.json")}
	d.write(o.Settings)
	d.Start()
	t.Cleanup(func() { d.Stop() })
	return d
}

// Start starts it again after Stop, with the same data, at another port.
func (d *Desk) Start() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan run.Addresses, 1)
	d.cancel, d.done = cancel, make(chan error, 1)
	log := slog.New(slog.NewTextHandler(&lines{d.t, d.options.Log}, &slog.HandlerOptions{Level: slog.LevelWarn + d.options.Level}))
	port := ""
	if d.options.ControlTLS != "" {
		port = "127.0.0.1:0"
	}
	go func() {
		d.done <- run.Runtime(ctx, run.Options{
			Data: d.Data, Settings: d.file, Store: d.options.Store, Listen: "127.0.0.1:0", Ops: "127.0.0.1:0", Rates: d.options.Rates,
			Logger: log, Version: "test", Ready: func(a run.Addresses) { ready <- a },
			Control: port, ControlTLS: d.options.ControlTLS, TrustedProxies: d.options.TrustedProxies,
			MetadataKeys: d.options.MetadataKeys,
		})
	}()
	select {
	case a := <-ready:
		d.URL, d.Ops, d.Control = "http://"+a.Listen, "http://"+a.Ops, a.Control
	case err := <-d.done:
		d.t.Fatalf("the runtime did not start: %v", err)
	case <-time.After(patience):
		d.t.Fatalf("the runtime did not start within %s", patience)
	}
}

// Stop stops it and reports how it ended.
func (d *Desk) Stop() {
	d.t.Helper()
	if d.cancel == nil {
		return
	}
	d.cancel()
	d.cancel = nil
	select {
	case err := <-d.done:
		if err != nil {
			d.t.Errorf("the runtime ended with: %v", err)
		}
	case <-time.After(patience):
		d.t.Errorf("the runtime did not stop within %s", patience)
	}
}

func (d *Desk) write(s settings.Settings) {
	d.t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		d.t.Fatal(err)
	}
	d.WriteSettings(b)
}

// WriteSettings puts any bytes where the runtime reads its settings.
func (d *Desk) WriteSettings(b []byte) {
	d.t.Helper()
	// Written beside and renamed, so that the runtime never reads half of it.
	if err := os.WriteFile(d.file+".new", b, 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(d.file+".new", d.file); err != nil {
		d.t.Fatal(err)
	}
}

// Apply puts other settings in force. The runtime finds them within half a second.
func (d *Desk) Apply(s settings.Settings) { d.t.Helper(); d.write(s) }

// Link makes a sign-in link.
func (d *Desk) Link(agent string) string {
	d.t.Helper()
	keys, err := access.LoadKeys(filepath.Join(d.Data, "keys"))
	if err != nil {
		d.t.Fatal(err)
	}
	tokens := access.New(access.Options{Desk: d.options.Settings.Desk.Name, Keys: keys, Now: time.Now})
	token, err := tokens.IssueLink(agent, access.NewID(rand.Reader), time.Now().Add(time.Minute))
	if err != nil {
		d.t.Fatal(err)
	}
	return access.SignInURL(d.URL, token)
}

// Context is for one test's waits.
func (d *Desk) Context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	d.t.Cleanup(cancel)
	return ctx
}

// Agent signs an agent in and connects.
func (d *Desk) Agent(name string) *gatewaytest.Client {
	d.t.Helper()
	c, err := gatewaytest.Agent(d.Context(), d.URL, d.Link(name))
	if err != nil {
		d.t.Fatalf("agent %s: %v", name, err)
	}
	d.t.Cleanup(c.Drop)
	return c
}

// Customer connects a customer.
func (d *Desk) Customer(channel, session string) *gatewaytest.Client {
	d.t.Helper()
	c, err := gatewaytest.Customer(d.Context(), d.URL, channel, session)
	if err != nil {
		d.t.Fatalf("customer: %v", err)
	}
	d.t.Cleanup(c.Drop)
	return c
}

// Sample is a desk with three agents, a queue where customers may wait and one where they may not.
func Sample() settings.Settings {
	s := settings.Settings{
		Desk: settings.Desk{Name: "acme", DisplayName: "Acme"},
		Teams: []settings.Team{{Name: "tier1", Generation: 1, DisplayName: "First line", Members: []settings.Member{
			{Name: "ana", DisplayName: "Ana Lind", Subject: "ana@acme.example", Role: settings.RoleAdmin, MaxConversations: 20},
			{Name: "ben", DisplayName: "Ben Okoro"}, {Name: "cem"},
		}}},
		Queues: []settings.Queue{
			{Name: "support", Generation: 1, DisplayName: "Customer support", Teams: []string{"tier1"},
				WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityFixed, Places: 1000}}},
			{Name: "billing", Generation: 1, DisplayName: "Billing", Teams: []string{"tier1"}},
		},
		Channels: []settings.Channel{
			{Name: "web", Generation: 1, Type: settings.ChannelWeb, Queue: "support", AllowedOrigins: []string{"https://www.acme.example"}},
			{Name: "bills", Generation: 1, Type: settings.ChannelWeb, Queue: "billing"},
		},
	}
	s.Sort()
	return s
}

// lines writes a log into the test's.
type lines struct {
	t   testing.TB
	log func(line string)
}

func (l *lines) Write(b []byte) (int, error) {
	l.t.Helper()
	if l.log != nil {
		l.log(string(b))
	}
	// The runtime may still say something when the test has ended.
	defer func() { _ = recover() }()
	l.t.Log(string(b))
	return len(b), nil
}
