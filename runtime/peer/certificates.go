package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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

// Name is the DNS name in the certificates of a desk's pods. Both sides show it and ask for it: a certificate of another
// desk, or one of this desk's authority that is for something else, opens nothing.
//
//	peer.Name("acme") // acme.peers.usher.chat
func Name(desk string) string { return desk + ".peers.usher.chat" }

// certificates are those of a directory. They are read at each connection: there are few, and none is missed.
type certificates struct {
	dir  string
	name string
	now  func() time.Time
	log  *slog.Logger

	mu   sync.Mutex
	last *material // the last that fitted together
}

type material struct {
	cert  tls.Certificate
	roots *x509.CertPool
}

// load reads the files. While somebody writes them one after the other they do not fit together: the last good ones are
// used then.
func (c *certificates) load() (*material, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh, err := c.read()
	switch {
	case err == nil:
		c.last = fresh
	case c.last == nil:
		return nil, err
	default:
		c.log.Warn("the certificates between pods cannot be read; the last ones are used", "error", err)
	}
	return c.last, nil
}

func (c *certificates) read() (*material, error) {
	cert, err := tls.LoadX509KeyPair(filepath.Join(c.dir, CertFile), filepath.Join(c.dir, KeyFile))
	if err != nil {
		return nil, fmt.Errorf("read the certificate between pods: %w", err)
	}
	bundle, err := os.ReadFile(filepath.Join(c.dir, CAFile))
	if err != nil {
		return nil, fmt.Errorf("read the authorities between pods: %w", err)
	}
	m := &material{cert: cert, roots: x509.NewCertPool()}
	if !m.roots.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("read the authorities between pods: %s has no certificate", filepath.Join(c.dir, CAFile))
	}
	if err := cert.Leaf.VerifyHostname(c.name); err != nil {
		return nil, fmt.Errorf("the certificate between pods is not one of this desk: %w", err)
	}
	return m, nil
}

func (c *certificates) client() (*tls.Config, error) {
	m, err := c.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: c.name, RootCAs: m.roots,
		Certificates: []tls.Certificate{m.cert}, Time: c.now,
	}, nil
}

func (c *certificates) server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		m, err := c.load()
		if err != nil {
			return nil, err
		}
		return &tls.Config{
			MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{m.cert}, ClientCAs: m.roots,
			ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{"h2"}, Time: c.now,
			SessionTicketsDisabled: true, // every connection shows its certificate, judged by the authorities of now
			VerifyConnection: func(state tls.ConnectionState) error {
				if len(state.PeerCertificates) == 0 {
					return errors.New("a pod shows its certificate")
				}
				return state.PeerCertificates[0].VerifyHostname(c.name)
			},
		}, nil
	}}
}
