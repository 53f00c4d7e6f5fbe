// Package controltest makes certificates of a desk for tests, benches and development, where no
// operator makes them.
//
//	ca, err := controltest.NewCA("acme", time.Now())
//	server, err := ca.Server("usher-control.acme.svc")
//	err = server.Write(dir)                   // tls.crt, tls.key, ca.crt
//	operator, err := ca.Client("operator")
//	config, err := operator.ClientConfig("usher-control.acme.svc")
package controltest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"usher.chat/runtime/control"
)

// life of every certificate made here.
const life = 24 * time.Hour

// CA is an authority that signs.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	now  time.Time
}

// Pair is a certificate with its key and the authorities to trust, all in PEM.
type Pair struct{ Cert, Key, CA []byte }

// NewCA makes the authority of a desk, good for a day from now.
func NewCA(desk string, now time.Time) (*CA, error) {
	ca := &CA{now: now}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "usher desk " + desk}, KeyUsage: x509.KeyUsageCertSign,
		BasicConstraintsValid: true, IsCA: true,
	}
	var err error
	if ca.cert, ca.key, err = ca.sign(template); err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	ca.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
	return ca, nil
}

// PEM is the authority's certificate.
func (ca *CA) PEM() []byte { return ca.pem }

// Server makes the certificate of a server with these names.
func (ca *CA) Server(names ...string) (Pair, error) {
	return ca.leaf(&x509.Certificate{DNSNames: names, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

// Client makes the certificate of a client with this common name.
func (ca *CA) Client(name string) (Pair, error) {
	return ca.leaf(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// Peer makes a certificate with this name for both sides, as the pods of a desk have among themselves.
func (ca *CA) Peer(name string) (Pair, error) {
	return ca.leaf(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
}

func (ca *CA) leaf(template *x509.Certificate) (Pair, error) {
	template.KeyUsage = x509.KeyUsageDigitalSignature
	cert, key, err := ca.sign(template)
	if err != nil {
		return Pair{}, fmt.Errorf("make a certificate: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("write a key: %w", err)
	}
	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		CA:   ca.pem,
	}, nil
}

// sign makes a key and its certificate, signed by the authority, or by itself when there is none yet.
func (ca *CA) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	template.NotBefore, template.NotAfter = ca.now.Add(-5*time.Minute), ca.now.Add(life)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	parent, signer := ca.cert, ca.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(raw)
	return cert, key, err
}

// Write puts the pair into a directory, under the names that control.Server.Serve reads.
func (p Pair) Write(dir string) error {
	return errors.Join(
		replace(filepath.Join(dir, control.CertFile), p.Cert),
		replace(filepath.Join(dir, control.KeyFile), p.Key),
		replace(filepath.Join(dir, control.CAFile), p.CA),
	)
}

func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return fmt.Errorf("write a certificate: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write a certificate: %w", err)
	}
	return nil
}

// ClientConfig is for a client that shows this pair to the server of that name.
func (p Pair) ClientConfig(server string) (*tls.Config, error) {
	cert, err := tls.X509KeyPair(p.Cert, p.Key)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(p.CA) {
		return nil, errors.New("read the authorities: no certificate")
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, RootCAs: roots, ServerName: server}, nil
}
