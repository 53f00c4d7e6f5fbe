// Package certs makes and renews the certificates of one desk's control port and of its pods among
// themselves. Each desk has an authority of its own, kept in the Secret usher-ca; from it come the
// runtime's serving certificate, the client certificates of the operator and of kubectl, and the one
// by which the desk's pods know each other.
//
//	ca, changed, err := certs.EnsureAuthority(secret.Data, "acme", now)
//	leaf, changed, err := ca.EnsureLeaf(secret.Data, certs.Leaf{CommonName: "operator"}, now)
//
// It is pure but for the randomness of keys: the same data at the same time gives the same answer,
// and nothing is made anew before its time. Leaves live 90 days and are renewed when two thirds
// have passed. An authority lives five years; a year before its end the next one is made and
// trusted, and a day later, when everybody has read the new bundle, it begins to sign.
package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Keys of the data of a Secret.
const (
	KeyCert     = "tls.crt"
	KeyKey      = "tls.key"
	KeyBundle   = "ca.crt"
	KeyNextCert = "next.crt"
	KeyNextKey  = "next.key"
)

// Lifetimes.
const (
	AuthorityLife  = 5 * 365 * 24 * time.Hour
	AuthorityEarly = 365 * 24 * time.Hour // the next one is made this long before the end
	AuthorityTrust = 24 * time.Hour       // the next one is trusted this long before it signs
	LeafLife       = 90 * 24 * time.Hour

	// skew is how far back a certificate begins, for clocks that go slow.
	skew = 5 * time.Minute
)

type pair struct {
	cert    *x509.Certificate
	certPEM []byte
	key     crypto.Signer
	keyPEM  []byte
}

// Authority signs the certificates of one desk.
type Authority struct {
	active, next *pair
	bundle       []byte
}

// EnsureAuthority reads the authority from the data of its Secret, or makes one if there is none
// or none that can be read, and moves it on to its successor in time. It says whether anything
// changed, so that Data has to be stored.
func EnsureAuthority(data map[string][]byte, desk string, now time.Time) (*Authority, bool, error) {
	a := &Authority{}
	changed := false
	a.active = readPair(data[KeyCert], data[KeyKey])
	a.next = readPair(data[KeyNextCert], data[KeyNextKey])
	if a.active == nil || !now.Before(a.active.cert.NotAfter) {
		fresh, err := newAuthority(desk, now)
		if err != nil {
			return nil, false, err
		}
		a.active, a.next, changed = fresh, nil, true
		a.bundle = fresh.certPEM
	} else {
		a.bundle = data[KeyBundle]
	}
	if a.next == nil && !now.Before(a.active.cert.NotAfter.Add(-AuthorityEarly)) {
		fresh, err := newAuthority(desk, now)
		if err != nil {
			return nil, false, err
		}
		a.next, changed = fresh, true
	}
	if a.next != nil && !now.Before(a.next.cert.NotBefore.Add(skew+AuthorityTrust)) {
		a.active, a.next, changed = a.next, nil, true
	}
	bundle := bundleOf(data[KeyBundle], a, now)
	if !bytes.Equal(bundle, data[KeyBundle]) {
		changed = true
	}
	a.bundle = bundle
	return a, changed, nil
}

// bundleOf is what has to be trusted: the active authority, the next, and those before that have
// not ended.
func bundleOf(old []byte, a *Authority, now time.Time) []byte {
	list := [][]byte{a.active.cert.Raw}
	if a.next != nil {
		list = append(list, a.next.cert.Raw)
	}
	for rest := old; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !now.Before(cert.NotAfter) {
			continue
		}
		if !slices.ContainsFunc(list, func(raw []byte) bool { return bytes.Equal(raw, cert.Raw) }) {
			list = append(list, cert.Raw)
		}
	}
	// In one order, whoever is active, so that a mere change of roles changes no file.
	slices.SortFunc(list, bytes.Compare)
	var out bytes.Buffer
	for _, raw := range list {
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: raw}) // a Buffer does not fail
	}
	return out.Bytes()
}

// Data is what the Secret of the authority holds.
func (a *Authority) Data() map[string][]byte {
	data := map[string][]byte{
		KeyCert:   a.active.certPEM,
		KeyKey:    a.active.keyPEM,
		KeyBundle: a.bundle,
	}
	if a.next != nil {
		data[KeyNextCert] = a.next.certPEM
		data[KeyNextKey] = a.next.keyPEM
	}
	return data
}

// Bundle is the PEM of all authorities to trust.
func (a *Authority) Bundle() []byte { return a.bundle }

// NextStep is when EnsureAuthority will next change something.
func (a *Authority) NextStep() time.Time {
	if a.next != nil {
		return a.next.cert.NotBefore.Add(skew + AuthorityTrust)
	}
	return a.active.cert.NotAfter.Add(-AuthorityEarly)
}

// Leaf says what a certificate is for.
type Leaf struct {
	// CommonName of a client: operator or viewer.
	CommonName string
	// DNSNames of a server. With names it is a serving certificate, without a client's.
	DNSNames []string
	// Peer: a serving certificate that is a client's too, for pods of which each calls the others.
	Peer bool
}

func (l Leaf) usage() []x509.ExtKeyUsage {
	switch {
	case l.Peer:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	case len(l.DNSNames) > 0:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	return []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
}

// EnsureLeaf reads a certificate from the data of its Secret and makes it anew if there is none,
// if it was made for something else or by an authority that no longer signs, or if two thirds of
// its life have passed. The answer also carries the bundle to trust. It says whether anything
// changed, and when the certificate is to be renewed.
func (a *Authority) EnsureLeaf(data map[string][]byte, leaf Leaf, now time.Time) (out map[string][]byte, renewAt time.Time, changed bool, err error) {
	p := readPair(data[KeyCert], data[KeyKey])
	if p == nil || !a.stands(p, leaf, now) {
		if p, err = a.sign(leaf, now); err != nil {
			return nil, time.Time{}, false, err
		}
		changed = true
	}
	if !bytes.Equal(data[KeyBundle], a.bundle) {
		changed = true
	}
	return map[string][]byte{KeyCert: p.certPEM, KeyKey: p.keyPEM, KeyBundle: a.bundle}, renewal(p.cert), changed, nil
}

func (a *Authority) stands(p *pair, leaf Leaf, now time.Time) bool {
	return p.cert.CheckSignatureFrom(a.active.cert) == nil &&
		p.cert.Subject.CommonName == leaf.CommonName &&
		slices.Equal(p.cert.DNSNames, leaf.DNSNames) &&
		slices.Equal(p.cert.ExtKeyUsage, leaf.usage()) &&
		!now.Before(p.cert.NotBefore) && now.Before(renewal(p.cert))
}

func renewal(cert *x509.Certificate) time.Time {
	return cert.NotBefore.Add(cert.NotAfter.Sub(cert.NotBefore) * 2 / 3)
}

func (a *Authority) sign(leaf Leaf, now time.Time) (*pair, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: leaf.CommonName},
		DNSNames:    leaf.DNSNames,
		NotBefore:   now.Add(-skew),
		NotAfter:    now.Add(LeafLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: leaf.usage(),
	}
	return make509(template, a.active)
}

func newAuthority(desk string, now time.Time) (*pair, error) {
	return make509(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "usher desk " + desk},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(AuthorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}, nil)
}

// make509 makes a key and a certificate for it, signed by parent or, without one, by itself.
func make509(template *x509.Certificate, parent *pair) (*pair, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	issuer, signer := template, crypto.Signer(key)
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %q: %w", template.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %q: %w", template.Subject.CommonName, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("writing the key of %q: %w", template.Subject.CommonName, err)
	}
	return &pair{
		cert:    cert,
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}),
		key:     key,
		keyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}, nil
}

// readPair is nil when there is no certificate and key that belong together: then a new one is
// made, whatever the reason.
func readPair(certPEM, keyPEM []byte) *pair {
	cert, err := decodeCert(certPEM)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(cert.PublicKey) {
		return nil
	}
	return &pair{cert: cert, certPEM: certPEM, key: key, keyPEM: keyPEM}
}

func decodeCert(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	return x509.ParseCertificate(block.Bytes)
}
