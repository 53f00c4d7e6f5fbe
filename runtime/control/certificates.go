package control

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Files of a directory of certificates, named as in a Secret of type kubernetes.io/tls.
const (
	CertFile = "tls.crt"
	KeyFile  = "tls.key"
	CAFile   = "ca.crt"
)

// certificates are those of a directory, as they were last seen whole. They are looked at when
// somebody connects: no watcher that could die, nothing to do while nobody does.
type certificates struct {
	dir string
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	seen   [3]os.FileInfo
	config *tls.Config
}

// startRetry is the time between two looks at certificates that cannot be read at the start.
const startRetry = 50 * time.Millisecond

// openCertificates reads the certificates of a directory. Whoever writes them may be at it just now, so
// what cannot be read is looked at again until the patience is over, or the context.
func openCertificates(ctx context.Context, dir string, patience time.Duration, now func() time.Time, log *slog.Logger) (*certificates, error) {
	c := &certificates{dir: dir, now: now, log: log}
	err := c.refresh()
	if err == nil {
		return c, nil
	}
	log.Warn("the control port has no certificates yet: they cannot be read", "error", err, "patience", patience)
	over := time.NewTimer(patience)
	defer over.Stop()
	again := time.NewTicker(startRetry)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-over.C:
			return nil, err
		case <-again.C:
		}
		if err = c.refresh(); err == nil {
			return c, nil
		}
	}
}

// forClient is the configuration for a new connection.
func (c *certificates) forClient(*tls.ClientHelloInfo) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(); err != nil {
		c.log.Warn("the control port keeps its certificates: the new ones cannot be read", "error", err)
	}
	return c.config, nil
}

// refresh reads the files if they are others than before. Files that do not fit together, as while
// somebody writes them one after the other, change nothing, and are read again the next time.
func (c *certificates) refresh() error {
	seen, err := c.look()
	if err != nil {
		return err
	}
	if c.config != nil && same(seen, c.seen) {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(c.dir, CertFile), filepath.Join(c.dir, KeyFile))
	if err != nil {
		return fmt.Errorf("read the certificate of the control port: %w", err)
	}
	bundle, err := os.ReadFile(filepath.Join(c.dir, CAFile))
	if err != nil {
		return fmt.Errorf("read the authorities of the control port: %w", err)
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(bundle) {
		return fmt.Errorf("read the authorities of the control port: %s has no certificate", filepath.Join(c.dir, CAFile))
	}
	again, err := c.look()
	if err != nil {
		return err
	}
	if !same(seen, again) {
		return errors.New("the certificates of the control port change while they are read")
	}
	if c.config != nil {
		c.log.Info("the control port has new certificates", "until", cert.Leaf.NotAfter)
	}
	c.seen = seen
	c.config = &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
		Time:         c.now,
		// Every connection shows its certificate, judged by the authorities of now.
		SessionTicketsDisabled: true,
	}
	return nil
}

func (c *certificates) look() (seen [3]fs.FileInfo, err error) {
	for i, name := range []string{CertFile, KeyFile, CAFile} {
		if seen[i], err = os.Stat(filepath.Join(c.dir, name)); err != nil {
			return seen, fmt.Errorf("look at the certificates of the control port: %w", err)
		}
	}
	return seen, nil
}

func same(a, b [3]fs.FileInfo) bool {
	for i := range a {
		if !os.SameFile(a[i], b[i]) || a[i].Size() != b[i].Size() || !a[i].ModTime().Equal(b[i].ModTime()) {
			return false
		}
	}
	return true
}
