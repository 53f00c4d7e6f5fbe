package main

import (
	"crypto/x509"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"usher.chat/hack/cluster/machine"
)

func examplePKI(t *testing.T) (pki, machine.Plan) {
	t.Helper()
	k := pki{dir: filepath.Join(t.TempDir(), "pki"), now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	p := machine.NewPlan("/state", 2)
	if err := k.ensure(p); err != nil {
		t.Fatal(err)
	}
	return k, p
}

func TestEveryCertificateIsSignedByItsAuthorityForItsUse(t *testing.T) {
	k, p := examplePKI(t)
	for _, c := range certificates(p) {
		cert, key, err := k.load(c.File)
		if err != nil {
			t.Fatal(err)
		}
		authority, _, err := k.load(c.Authority)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(authority)
		verify := x509.VerifyOptions{Roots: roots, CurrentTime: k.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := cert.Verify(verify); err != nil {
			t.Errorf("%s as a client: %v", c.File, err)
		}
		verify.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		_, err = cert.Verify(verify)
		if server := len(c.Names)+len(c.Addresses) > 0; server != (err == nil) {
			t.Errorf("%s as a server: %v, want it allowed: %v", c.File, err, server)
		}
		if cert.Subject.CommonName != c.User || !slices.Equal(cert.Subject.Organization, c.Groups) {
			t.Errorf("%s: subject %s", c.File, cert.Subject)
		}
		if !key.PublicKey.Equal(cert.PublicKey) {
			t.Errorf("%s: the key is not the certificate's", c.File)
		}
	}
}

func TestTheAPIServerIsKnownByAllItsNames(t *testing.T) {
	k, _ := examplePKI(t)
	cert, _, err := k.load("apiserver")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"10.77.0.20", "10.96.0.1", "127.0.0.1", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"} {
		if err := cert.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if err := cert.VerifyHostname("10.77.0.3"); err == nil {
		t.Error("the certificate is also good for another node")
	}
}

func TestAClusterThatStartsAgainKeepsItsIdentity(t *testing.T) {
	k, p := examplePKI(t)
	before, err := os.ReadFile(k.cert("apiserver"))
	if err != nil {
		t.Fatal(err)
	}
	k.now = k.now.Add(time.Hour)
	if err := k.ensure(p); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(k.cert("apiserver"))
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("a second start made a new certificate")
	}
}

func TestKeysAreReadableByTheirOwnerOnly(t *testing.T) {
	k, _ := examplePKI(t)
	keys, err := filepath.Glob(filepath.Join(k.dir, "*.key"))
	if err != nil || len(keys) < 10 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, path := range keys {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
	}
}

func TestAKubeconfigHoldsAllThatIsNeeded(t *testing.T) {
	k, p := examplePKI(t)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := writeKubeconfig(path, p.APIServer(), "admin", k, "admin"); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://10.77.0.20:6443" || len(config.CAData) == 0 || len(config.CertData) == 0 || len(config.KeyData) == 0 {
		t.Errorf("host %s, authority %d, certificate %d, key %d bytes", config.Host, len(config.CAData), len(config.CertData), len(config.KeyData))
	}
}

func TestNodesHaveAddressesOfTheirOwn(t *testing.T) {
	p := machine.NewPlan("/state", machine.MostNodes)
	addresses, pods := map[netip.Addr]bool{p.HostAddress: true}, map[netip.Prefix]bool{}
	for _, n := range p.Nodes {
		if addresses[n.Address] || pods[n.PodSubnet] || !p.Subnet.Contains(n.Address) || !p.PodSubnet.Overlaps(n.PodSubnet) {
			t.Errorf("%s: address %s, pods %s", n.Name, n.Address, n.PodSubnet)
		}
		addresses[n.Address], pods[n.PodSubnet] = true, true
		if len(n.Link) > 15 { // Linux cuts no interface name: it refuses a longer one.
			t.Errorf("%s: the link name %s is too long", n.Name, n.Link)
		}
	}
}
