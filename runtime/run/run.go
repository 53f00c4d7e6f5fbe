// Package run is the command `usher runtime`: it puts the parts of a desk's pod together, starts them
// in their order and stops them in the reverse of it. Without Kubernetes it takes its settings from a
// file, for development, tests and benches:
//
//	usher runtime --settings settings.yaml --data ./data
//	usher sign-in-link --data ./data --agent ana
package run

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"usher.chat/runtime/access"
	"usher.chat/runtime/archive"
	"usher.chat/runtime/clock"
	"usher.chat/runtime/console"
	"usher.chat/runtime/control"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/erasure"
	"usher.chat/runtime/gateway"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/peer"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
	"usher.chat/runtime/widget"
)

// Options of a runtime, as its flags give them.
type Options struct {
	Desk     string // the desk's name; that of the settings file if there is one
	Data     string // directory of the ledger, the archive and, for development, the keys
	Store    string // URL of the ledger; SQLite in Data when empty
	Settings string // settings file; empty when an operator sends them
	Listen   string // people's address
	Ops      string // health, metrics, profiles; empty for none
	Control  string // the operator's address; empty for none
	// StoreDir is a directory of what the ledger's URL is made of, as a mounted Secret; instead of Store.
	StoreDir string
	// Peers is the address for the other pods of the desk; empty when there are none. PeerTLS is the directory of
	// tls.crt, tls.key and ca.crt for it, PeerAddress what the others reach it by; that of Peers when empty.
	Peers, PeerTLS, PeerAddress string
	// Lease is how long the others wait for a leader that is silent; 0 for the default.
	Lease time.Duration
	// ControlTLS is the directory of tls.crt, tls.key and ca.crt of the control port.
	ControlTLS string
	// Keys is the directory of the session key, SignInKey the file of the sign-in key. Made in Data
	// when empty.
	Keys, SignInKey string
	// MetadataKeys is the directory of the keys of secure metadata, which may come and go; none when empty.
	MetadataKeys string
	Rates        gateway.Rates
	// TrustedProxies are the networks of proxies whose X-Forwarded-For says where people come from; none by default.
	TrustedProxies []netip.Prefix
	Logger         *slog.Logger
	Version        string
	// Now is the time of day by which the desk decides; clock.Now when nil.
	Now func() time.Time
	// Ready, if set, is called with the addresses that were taken, once people can come in.
	Ready func(Addresses)
}

// Addresses are where a runtime listens.
type Addresses struct{ Listen, Ops, Control, Peers string }

// Runtime runs until the context ends or something fails that only a new start can mend.
func Runtime(ctx context.Context, o Options) error {
	p, err := assemble(ctx, o)
	if err != nil {
		return err
	}
	defer p.close()
	defer collectLess()()
	if p.moved != nil {
		return p.rest(ctx)
	}
	return p.run(ctx)
}

// lead is the desk's router, in this pod or behind a stream.
type lead interface {
	gateway.Router
	Run(ctx context.Context) error
	Replica() (*desk.State, error)
	Follow(router.Follower)
}

// pod is one runtime's parts.
type pod struct {
	o       Options
	log     *slog.Logger
	ledger  *ledger.Ledger
	router  lead
	member  *router.Member // the router of a desk with several pods; nil otherwise
	peers   *peer.Server
	archive *archive.Archive
	recent  *archive.Recent // what people see of it
	gateway *gateway.Gateway
	control *control.Server
	file    *settings.Settings
	people  net.Listener
	ops     net.Listener
	rule    net.Listener // the control port
	others  net.Listener // the other pods' port
	began   uint64       // the ledger's position at the start
	leaving atomic.Bool  // nobody is to be sent here any more
	figures *figures
	left    atomic.Bool        // the ledger was moved, or replaced, while this pod led it
	moved   error              // why the ledger is not led here any more, at the start
	rested  context.CancelFunc // ends the pod, to be started again
	eraser  *erasure.Eraser
	tokens  *access.Tokens
	keyed   []string // names of the keys in force
	sealed  sealing
}

func assemble(ctx context.Context, o Options) (_ *pod, err error) {
	if o.Now == nil {
		o.Now = clock.Now
	}
	p := &pod{o: o, log: o.Logger}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if o.Settings != "" {
		if p.file, err = settingsFile(o.Settings); err != nil {
			return nil, err
		}
		p.o.Desk = p.file.Desk.Name
	}
	if p.o.Desk == "" {
		return nil, errors.New("the desk has no name: give --desk or --settings")
	}
	if err := p.listen(); err != nil {
		return nil, err
	}
	keys, err := p.keys()
	if err != nil {
		return nil, err
	}
	if p.ledger, err = p.openLedger(ctx); err != nil {
		return nil, err
	}
	holder, err := os.Hostname()
	if err != nil {
		holder = "runtime"
	}
	id := holder + "/" + access.NewID(rand.Reader)
	keeper := &keeper{pod: p}
	info := control.VersionInfo{Version: o.Version, Desk: p.o.Desk}
	if p.router, err = p.openRouter(ctx, holder, id); errors.Is(err, ledger.ErrMoved) {
		p.moved = err
		p.control = control.New(control.Options{Desk: away{err}, Keeper: keeper, Info: info, Now: p.o.Now, Logger: p.log})
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if p.archive, err = archive.Open(ctx, filepath.Join(o.Data, "archive.db"), archive.Options{Logger: p.log}); err != nil {
		return nil, err
	}
	replica, err := p.router.Replica()
	if err != nil {
		return nil, err
	}
	p.began = replica.Seq
	p.recent = archive.NewRecent(p.archive)
	if err := p.recent.Gather(ctx, p.replay, replica); err != nil {
		return nil, err
	}
	p.figures = &figures{pod: p}
	p.tokens = access.New(access.Options{Desk: p.o.Desk, Keys: keys, Now: p.o.Now})
	p.keyed = keys.Names()
	p.sealed.start(p)
	p.control = control.New(control.Options{
		Desk: p.figures, Keeper: keeper, Info: info, Now: p.o.Now, Logger: p.log,
	})
	p.eraser = erasure.New(erasure.Options{Router: p.router, Archive: p.archive, Read: p.read, At: p.writtenAt, Now: p.o.Now, Logger: p.log})
	p.gateway = gateway.New(gateway.Options{
		Eraser:  p.eraser,
		Changed: p.control.Changed,
		Desk:    p.o.Desk, Router: p.router, State: replica, Archive: p.recent, Gateway: id, Clock: p.o.Now,
		Tokens: p.tokens, Metadata: p.sealed.metadata,
		Console: console.Assets(), Widget: widget.Assets(), OpenAPI: protocol.OpenAPI(), Rates: o.Rates, TrustedProxies: o.TrustedProxies, Logger: p.log,
		Typing: p.typing(),
	})
	p.router.Follow(p.recent)
	p.router.Follow(p.gateway)
	return p, nil
}

// read lets f look at the state of this pod's copy.
func (p *pod) read(f func(s *desk.State)) { p.gateway.Read(f) }

// leads tells whether this pod decides.
func (p *pod) leads() bool { return p.member == nil || p.member.Leads() }

func settingsFile(path string) (*settings.Settings, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return parseSettings(path, data)
}

func parseSettings(path string, data []byte) (*settings.Settings, error) {
	s, err := settings.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &s, nil
}

func (p *pod) listen() (err error) {
	for _, l := range []struct {
		name, address string
		to            *net.Listener
	}{{"listen", p.o.Listen, &p.people}, {"ops", p.o.Ops, &p.ops}, {"control", p.o.Control, &p.rule}, {"peer-listen", p.o.Peers, &p.others}} {
		if l.address == "" {
			continue
		}
		if *l.to, err = net.Listen("tcp", l.address); err != nil {
			return fmt.Errorf("--%s: %w", l.name, err)
		}
	}
	return nil
}

// run starts the parts and waits. The order of the end matters: people first, then the router, so
// that what was acknowledged is told; the ledger last.
func (p *pod) run(ctx context.Context) error {
	ctx, p.rested = context.WithCancel(ctx)
	defer p.rested()
	// Each part gets a context of its own that ends in its turn.
	routing, stopRouting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRouting()
	group, ctx := errgroup.WithContext(ctx)
	routed := make(chan struct{})
	group.Go(func() error {
		defer close(routed)
		err := p.router.Run(routing)
		if errors.Is(err, ledger.ErrFenced) && (p.left.Load() || errors.Is(p.ledger.Moved(ctx), ledger.ErrMoved)) {
			p.left.Store(true)
			<-routing.Done() // what is asked of the move is still answered
			return nil
		}
		return err
	})
	group.Go(func() error {
		if err := p.archive.Run(routing, p.replay); err != nil && routing.Err() == nil {
			return fmt.Errorf("archive: %w", err)
		}
		return nil
	})
	if p.member != nil {
		group.Go(func() error { return p.peers.Serve(routing, p.others) })
	}
	serving := p.serve(group, ctx)
	group.Go(func() error {
		p.gateway.Run(ctx)
		p.leaving.Store(true)
		if p.member != nil {
			p.member.HandOver() // before requests that are still being answered: the next router answers them
		}
		serving()
		stopRouting()
		<-routed
		return nil
	})
	group.Go(func() error { p.trim(ctx); return nil })
	group.Go(func() error { p.followKeys(ctx); return nil })
	group.Go(func() error { p.eraser.Run(ctx, p.leads); return nil })
	if p.file != nil {
		group.Go(func() error { return p.followFile(ctx) })
	} else {
		p.ready()
	}
	return group.Wait()
}

func (p *pod) ready() {
	if p.o.Ready != nil {
		p.o.Ready(Addresses{Listen: addr(p.people), Ops: addr(p.ops), Control: addr(p.rule), Peers: addr(p.others)})
	}
}

type records = iter.Seq2[desk.Record, error]

// replay reads the ledger for who makes something of it.
func (p *pod) replay(ctx context.Context, after uint64) records {
	return router.Records(ctx, p.ledger, after)
}

func addr(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// serve starts the HTTP servers; the function that it returns ends those of people and operator.
func (p *pod) serve(group *errgroup.Group, ctx context.Context) (stop func()) {
	people := &http.Server{
		Handler: p.gateway, ReadHeaderTimeout: gateway.ReadHeaderWithin, IdleTimeout: gateway.IdleAtMost,
		MaxHeaderBytes: gateway.MaxHeaderBytes, ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	ops := &http.Server{Handler: p.opsHandler(), ReadHeaderTimeout: gateway.ReadHeaderWithin}
	ignoreClosed := func(err error) error {
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	}
	group.Go(func() error { return ignoreClosed(people.Serve(p.people)) })
	if p.ops != nil {
		group.Go(func() error { return ignoreClosed(ops.Serve(p.ops)) })
	}
	if p.rule != nil {
		group.Go(func() error { return p.control.Serve(ctx, p.rule, p.o.ControlTLS) })
	}
	return func() {
		ending, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = people.Shutdown(ending)
		_ = people.Close()
		_ = ops.Close()
	}
}

// followFile applies the settings file, and again when it changes.
func (p *pod) followFile(ctx context.Context) error {
	last := *p.file
	result, err := p.router.Do(ctx, desk.ApplySettings{Settings: last})
	for errors.Is(err, router.ErrUnavailable) {
		// A full disk at the start is waited for like one later.
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(500 * time.Millisecond):
		}
		result, err = p.router.Do(ctx, desk.ApplySettings{Settings: last})
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("apply the settings: %w", err)
	}
	p.gateway.Wait(result.Seq)
	p.ready()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	told := ""
	var used []byte // as it was applied
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		data, err := os.ReadFile(p.o.Settings)
		if err == nil && used != nil && bytes.Equal(data, used) {
			told = ""
			continue
		}
		var s *settings.Settings
		if err != nil {
			err = fmt.Errorf("read the settings: %w", err)
		} else {
			s, err = parseSettings(p.o.Settings, data)
		}
		if err == nil && s.Version() != last.Version() {
			// Not applied, as over the control port: signatures and the ledger are under the desk's name.
			if s.Desk.Name != p.o.Desk {
				err = fmt.Errorf("%s: these are the settings of desk %q, this is desk %q", p.o.Settings, s.Desk.Name, p.o.Desk)
			} else if _, err = p.router.Do(ctx, desk.ApplySettings{Settings: *s}); err == nil {
				last = *s
				p.log.Info("settings applied", "version", s.Version())
			}
		}
		switch {
		case err == nil:
			told, used = "", data
		case errors.Is(err, router.ErrUnavailable): // for the moment
		case told != err.Error() && ctx.Err() == nil:
			told = err.Error()
			p.log.Error("the settings file cannot be used; the last good settings stay in force", "error", err)
		}
	}
}

func (p *pod) close() {
	for _, l := range []net.Listener{p.people, p.ops, p.rule, p.others} {
		if l != nil {
			_ = l.Close()
		}
	}
	if p.archive != nil {
		if err := p.archive.Close(); err != nil {
			p.log.Warn("the archive was not closed well; it can be rebuilt", "error", err)
		}
	}
	if p.ledger != nil {
		if err := p.ledger.Close(); err != nil {
			p.log.Error("the ledger was not closed well", "error", err)
		}
	}
}

// UntilSignal is a context that ends with SIGTERM or SIGINT.
func UntilSignal() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}
