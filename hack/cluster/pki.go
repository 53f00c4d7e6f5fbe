package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"usher.chat/hack/cluster/machine"
)

// certificateLife is how long all certificates are good for. A development cluster does not live that long.
const certificateLife = 10 * 365 * 24 * time.Hour

// A certificate says who somebody is to the cluster.
type certificate struct {
	// File is the name, without ending, below the pki directory; Authority is that of its issuer.
	File, Authority string
	// User and Groups are what Kubernetes reads from the subject.
	User   string
	Groups []string
	// Names and Addresses are what a server may be called; without them the certificate is only a client's.
	Names     []string
	Addresses []net.IP
}

// authorities sign everything else. Each is trusted for one thing only: the cluster's own parts, the front proxy of
// aggregated APIs, and etcd.
func authorities() []string { return []string{"ca", "front-proxy-ca", "etcd-ca"} }

// certificates lists what a cluster of this plan needs.
func certificates(p machine.Plan) []certificate {
	control := p.Control
	local := net.IPv4(127, 0, 0, 1)
	service := p.ServiceSubnet.Addr().Next() // The first address of the service subnet is the API server's own.
	list := []certificate{
		{
			File: "apiserver", Authority: "ca", User: "kube-apiserver",
			Names:     []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"},
			Addresses: []net.IP{control.Address.AsSlice(), service.AsSlice(), local},
		},
		{File: "apiserver-kubelet-client", Authority: "ca", User: "usher:apiserver-kubelet-client"},
		{File: "front-proxy-client", Authority: "front-proxy-ca", User: "front-proxy-client"},
		{File: "etcd", Authority: "etcd-ca", User: "etcd", Names: []string{"localhost"}, Addresses: []net.IP{local}},
		{File: "apiserver-etcd-client", Authority: "etcd-ca", User: "kube-apiserver"},
		{File: "control", Authority: "ca", User: "usher:control", Addresses: []net.IP{control.Address.AsSlice(), local}},
		{File: "admin", Authority: "ca", User: "admin", Groups: []string{"system:masters"}},
		{File: "controller-manager", Authority: "ca", User: "system:kube-controller-manager"},
		{File: "scheduler", Authority: "ca", User: "system:kube-scheduler"},
		{File: "proxy", Authority: "ca", User: "system:kube-proxy"},
		{File: "volumes", Authority: "ca", User: "usher:volumes"},
	}
	for _, n := range p.Nodes {
		list = append(list,
			certificate{File: "kubelet-" + n.Name, Authority: "ca", User: "system:node:" + n.Name, Groups: []string{"system:nodes"}},
			certificate{File: "kubelet-server-" + n.Name, Authority: "ca", User: "system:node:" + n.Name, Names: []string{n.Name}, Addresses: []net.IP{n.Address.AsSlice()}},
		)
	}
	return list
}

// A pki is a directory of keys and certificates.
type pki struct {
	dir string
	now time.Time
}

func (k pki) cert(file string) string { return filepath.Join(k.dir, file+".crt") }
func (k pki) key(file string) string  { return filepath.Join(k.dir, file+".key") }

// ensure makes what is missing and keeps what is there: a cluster that is started again keeps its identity.
func (k pki) ensure(p machine.Plan) error {
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return fmt.Errorf("make the pki directory: %w", err)
	}
	for _, name := range authorities() {
		if k.have(name) {
			continue
		}
		template := k.template(name)
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
		key, err := newKey()
		if err != nil {
			return err
		}
		if err := k.write(name, template, template, key, key); err != nil {
			return err
		}
	}
	for _, c := range certificates(p) {
		if k.have(c.File) {
			continue
		}
		if err := k.issue(c); err != nil {
			return err
		}
	}
	if machine.Exists(k.key("service-account")) {
		return nil
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	return k.writeKey("service-account", key)
}

func (k pki) have(file string) bool {
	return machine.Exists(k.cert(file)) && machine.Exists(k.key(file))
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}

// template is what all certificates have in common.
func (k pki) template(name string) *x509.Certificate {
	return &x509.Certificate{
		// No serial number: x509 chooses a random one.
		Subject: pkix.Name{CommonName: name},
		// A little in the past: nodes of a cluster may disagree about the time.
		NotBefore: k.now.Add(-5 * time.Minute),
		NotAfter:  k.now.Add(certificateLife),
	}
}

func (k pki) issue(c certificate) error {
	issuer, issuerKey, err := k.load(c.Authority)
	if err != nil {
		return err
	}
	template := k.template(c.User)
	template.Subject.Organization = c.Groups
	template.DNSNames, template.IPAddresses = c.Names, c.Addresses
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(c.Names)+len(c.Addresses) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	return k.write(c.File, template, issuer, key, issuerKey)
}

func (k pki) write(file string, template, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) error {
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		return fmt.Errorf("sign %s: %w", file, err)
	}
	if err := k.writeKey(file, key); err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(k.cert(file), block, 0o644); err != nil {
		return fmt.Errorf("write the certificate %s: %w", file, err)
	}
	return nil
}

func (k pki) writeKey(file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the key %s: %w", file, err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(k.key(file), block, 0o600); err != nil {
		return fmt.Errorf("write the key %s: %w", file, err)
	}
	return nil
}

func (k pki) load(file string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	read := func(path string) ([]byte, error) {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		block, _ := pem.Decode(raw)
		if block == nil {
			return nil, fmt.Errorf("read %s: not PEM", path)
		}
		return block.Bytes, nil
	}
	der, err := read(k.cert(file))
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("read the certificate %s: %w", file, err)
	}
	if der, err = read(k.key(file)); err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(der)
	if err != nil {
		return nil, nil, fmt.Errorf("read the key %s: %w", file, err)
	}
	return cert, key, nil
}

// removeTree removes a directory tree; a tree that is not there is removed.
func removeTree(dir string) error {
	if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}
