package run

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"usher.chat/runtime/access"
)

// Command is `usher runtime`.
func Command(version string) *cobra.Command {
	o := Options{Version: version}
	var logLevel string
	var proxies []string
	c := &cobra.Command{
		Use:   "runtime",
		Short: "Serve one desk: its lines, conversations, agents and customers",
		Long: "Serve one desk. In a cluster the operator starts this and sends the settings over the control port.\n" +
			"With --settings it runs by itself: for development, tests and benches.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var level slog.Level
			if err := level.UnmarshalText([]byte(logLevel)); err != nil {
				return fmt.Errorf("--log-level: %w", err)
			}
			if o.Control != "" && o.ControlTLS == "" {
				return errors.New("--control needs --control-tls: the directory of tls.crt, tls.key and ca.crt")
			}
			if (o.Keys == "") != (o.SignInKey == "") {
				return errors.New("--keys and --sign-in-key are given together, or neither")
			}
			if err := checkSeveral(o); err != nil {
				return err
			}
			var err error
			if o.TrustedProxies, err = networks(proxies); err != nil {
				return fmt.Errorf("--trusted-proxies: %w", err)
			}
			o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
			o.Ready = func(a Addresses) {
				fmt.Fprintf(cmd.OutOrStdout(), "listening on http://%s\n", a.Listen)
			}
			ctx, cancel := UntilSignal()
			defer cancel()
			return Runtime(ctx, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Desk, "desk", "", "name of the desk (its namespace); with --settings that of the file")
	f.StringVar(&o.Data, "data", "data", "directory of the ledger and the archive")
	f.StringVar(&o.Store, "store", "", "URL of the ledger: sqlite:///path or postgres://…; SQLite in --data when empty")
	f.StringVar(&o.StoreDir, "store-dir", "", "directory with uri, or host, port, dbname, user and password (sslmode, ca.crt), of the ledger's PostgreSQL; read again for each connection")
	f.StringVar(&o.Peers, "peer-listen", "", "address for the other pods of the desk; empty when there are none")
	f.StringVar(&o.PeerTLS, "peer-tls", "", "directory of tls.crt, tls.key and ca.crt between the pods")
	f.StringVar(&o.PeerAddress, "peer-address", "", "host and port by which the other pods reach this one; that of --peer-listen when empty")
	f.DurationVar(&o.Lease, "lease", 0, "how long the other pods wait for a silent router (1.5s with several pods)")
	f.StringVar(&o.Settings, "settings", "", "settings file (YAML or JSON); it is read again when it changes")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "address for customers and agents")
	f.StringVar(&o.Ops, "ops", "", "address of health, readiness, metrics and profiles; empty for none")
	f.StringVar(&o.Control, "control", "", "address of the control port; empty for none")
	f.StringVar(&o.ControlTLS, "control-tls", "", "directory of tls.crt, tls.key and ca.crt of the control port")
	f.StringVar(&o.Keys, "keys", "", "directory of the session key; made in --data when empty")
	f.StringVar(&o.SignInKey, "sign-in-key", "", "file of the key of sign-in links")
	f.StringVar(&o.MetadataKeys, "metadata-keys", "", "directory of the keys of secure metadata, which may come and go; none when empty")
	f.StringVar(&logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringSliceVar(&proxies, "trusted-proxies", nil, "networks (CIDR) of proxies whose X-Forwarded-For says where people come from; none: the connection says it")
	f.Float64Var(&o.Rates.Customer.PerSecond, "customer-rate", 0, "commands a second of one customer (5)")
	f.IntVar(&o.Rates.Customer.Burst, "customer-burst", 0, "commands of one customer at once (20)")
	f.Float64Var(&o.Rates.Agent.PerSecond, "agent-rate", 0, "commands a second of one agent's socket (20)")
	f.IntVar(&o.Rates.Agent.Burst, "agent-burst", 0, "commands of one agent's socket at once (60)")
	f.Float64Var(&o.Rates.Frames.PerSecond, "frame-rate", 0, "frames a second of one socket (50)")
	f.IntVar(&o.Rates.Frames.Burst, "frame-burst", 0, "frames of one socket at once (200)")
	return c
}

// networks reads CIDRs.
func networks(list []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no network such as 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes, nil
}

// SignInLink is `usher sign-in-link`, for a runtime that makes its keys itself. In a cluster it is
// `kubectl usher sign-in-link`.
func SignInLink() *cobra.Command {
	var data, agent, name, url string
	var valid time.Duration
	c := &cobra.Command{
		Use:           "sign-in-link",
		Short:         "Print a link with which an agent signs in, once",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := access.LoadKeys(keysIn(data))
			if err != nil {
				return fmt.Errorf("no keys in %s; start the runtime with this --data first: %w", filepath.Clean(data), err)
			}
			tokens := access.New(access.Options{Desk: name, Keys: keys, Now: time.Now})
			token, err := tokens.IssueLink(agent, access.NewID(rand.Reader), time.Now().Add(valid))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), access.SignInURL(url, token))
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", "data", "the runtime's --data")
	f.StringVar(&agent, "agent", "", "name of the agent, as a team declares it")
	f.StringVar(&name, "desk", "acme", "name of the desk")
	f.StringVar(&url, "url", "http://127.0.0.1:8080", "address of the desk")
	f.DurationVar(&valid, "valid", 15*time.Minute, "how long the link works")
	_ = c.MarkFlagRequired("agent")
	return c
}
