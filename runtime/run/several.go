package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/peer"
	"usher.chat/runtime/router"
)

// checkSeveral checks the flags of a desk with several pods.
func checkSeveral(o Options) error {
	switch {
	case o.Store != "" && o.StoreDir != "":
		return errors.New("--store and --store-dir say the same thing: give one")
	case o.Peers != "" && o.PeerTLS == "":
		return errors.New("--peer-listen needs --peer-tls: the directory of tls.crt, tls.key and ca.crt")
	case o.Peers != "" && o.StoreDir == "" && !strings.HasPrefix(o.Store, "postgres"):
		return errors.New("several pods need a database they share: give --store postgres://… or --store-dir, or leave --peer-listen away")
	case o.Lease < 0 || o.Lease > 0 && o.Lease < 300*time.Millisecond:
		return errors.New("--lease must be at least 300ms")
	}
	return nil
}

func (p *pod) openLedger(ctx context.Context) (*ledger.Ledger, error) {
	o := ledger.Options{URL: p.o.Store, Desk: p.o.Desk, Logger: p.log, Adopting: p.forgetArchive}
	switch {
	case p.o.StoreDir != "":
		o.Source = func() (string, error) { return StoreURL(p.o.StoreDir) }
	case p.o.Store == "":
		path, err := filepath.Abs(filepath.Join(p.o.Data, "ledger.db"))
		if err != nil {
			return nil, err
		}
		o.URL = "sqlite://" + path
	}
	return ledger.Open(ctx, o)
}

// StoreURL makes the ledger's URL of the files in a directory, as the Secrets of PostgreSQL operators have them: "uri",
// or "host", "port", "dbname", "user" (or "username") and "password", with "sslmode" if it is not to be the default.
// A file "ca.crt" is the authority of the server, whose name is checked then.
func StoreURL(dir string) (string, error) {
	read := func(names ...string) (string, error) {
		for _, name := range names {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil {
				return strings.TrimSpace(string(b)), nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return "", fmt.Errorf("read where the ledger is: %w", err)
			}
		}
		return "", nil
	}
	values := map[string]string{}
	for key, names := range map[string][]string{
		"uri": {"uri"}, "host": {"host"}, "port": {"port"}, "dbname": {"dbname"}, "user": {"user", "username"},
		"password": {"password"}, "sslmode": {"sslmode"},
	} {
		value, err := read(names...)
		if err != nil {
			return "", err
		}
		values[key] = value
	}
	u := &url.URL{Scheme: "postgres"}
	if values["uri"] != "" {
		var err error
		if u, err = url.Parse(values["uri"]); err != nil {
			return "", errors.New("read where the ledger is: uri is not a URL") // its error would repeat the password
		}
	} else {
		if values["host"] == "" || values["dbname"] == "" || values["user"] == "" {
			return "", fmt.Errorf("read where the ledger is: %s has neither uri nor all of host, dbname and user", dir)
		}
		u.Host = values["host"]
		if values["port"] != "" {
			u.Host = net.JoinHostPort(values["host"], values["port"])
		}
		u.Path = "/" + values["dbname"]
		if u.User = url.User(values["user"]); values["password"] != "" {
			u.User = url.UserPassword(values["user"], values["password"])
		}
	}
	query := u.Query()
	if values["sslmode"] != "" {
		query.Set("sslmode", values["sslmode"])
	}
	authority := filepath.Join(dir, "ca.crt")
	if _, err := os.Stat(authority); err == nil {
		if !query.Has("sslrootcert") {
			query.Set("sslrootcert", authority)
		}
		if !query.Has("sslmode") {
			query.Set("sslmode", "verify-full")
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// openRouter leads the desk, or with several pods makes this one a member.
func (p *pod) openRouter(ctx context.Context, holder, id string) (lead, error) {
	o := router.Options{Ledger: p.ledger, Holder: holder, Gateway: id, Logger: p.log, Lease: p.o.Lease, Clock: p.o.Now}
	if p.others == nil {
		return router.Lead(ctx, o)
	}
	o.Address = p.o.PeerAddress
	if o.Address == "" {
		o.Address = p.others.Addr().String()
	}
	// The address too: several processes on one machine are several pods, and a pod that is started again has its own.
	o.Holder = holder + "@" + o.Address
	var err error
	if p.peers, err = peer.NewServer(peer.ServerOptions{Desk: p.o.Desk, TLS: p.o.PeerTLS, Gateway: id, Now: p.o.Now, Logger: p.log}); err != nil {
		return nil, err
	}
	p.member, err = router.Join(ctx, router.MemberOptions{
		Options: o, Peers: p.peers, Desk: p.o.Desk, TLS: p.o.PeerTLS,
		Led:   func() { p.control.Changed() },
		Apart: func(is bool) { p.gateway.Apart(is) },
		Typed: func(m peer.Mark) { p.gateway.Typed(desk.ConversationID(m.Conversation), m.Agent) },
	})
	return p.member, err
}

// typing tells the other pods who types here; nil when there are none.
func (p *pod) typing() func(desk.ConversationID, string) {
	if p.member == nil {
		return nil
	}
	return func(id desk.ConversationID, agent string) {
		p.member.Type(peer.Mark{Conversation: string(id), Agent: agent})
	}
}
