package certs

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func authority(t *testing.T, data map[string][]byte, now time.Time) (*Authority, bool) {
	t.Helper()
	a, changed, err := EnsureAuthority(data, "acme", now)
	if err != nil {
		t.Fatal(err)
	}
	return a, changed
}

func leaf(t *testing.T, a *Authority, data map[string][]byte, want Leaf, now time.Time) (map[string][]byte, time.Time, bool) {
	t.Helper()
	out, renew, changed, err := a.EnsureLeaf(data, want, now)
	if err != nil {
		t.Fatal(err)
	}
	return out, renew, changed
}

func verify(t *testing.T, bundle []byte, data map[string][]byte, use x509.ExtKeyUsage, now time.Time) {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		t.Fatal("the bundle holds no certificate")
	}
	cert, err := decodeCert(data[KeyCert])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{use}}); err != nil {
		t.Fatalf("at %s: %v", now, err)
	}
}

func TestAnAuthorityAndItsLeavesStandUntilTheirTime(t *testing.T) {
	a, changed := authority(t, nil, start)
	if !changed {
		t.Fatal("a first authority has to be stored")
	}
	server := Leaf{CommonName: "usher-control.acme.svc", DNSNames: []string{"usher-control.acme.svc"}}
	data, renew, changed := leaf(t, a, nil, server, start)
	if !changed {
		t.Fatal("a first certificate has to be stored")
	}
	verify(t, a.Bundle(), data, x509.ExtKeyUsageServerAuth, start)
	if after := renew.Sub(start); after < 59*24*time.Hour || after > 61*24*time.Hour {
		t.Fatalf("renewed after %s, want two thirds of 90 days", after)
	}

	again, changed := authority(t, a.Data(), start.Add(24*time.Hour))
	if changed {
		t.Fatal("the authority changed within a day")
	}
	if _, _, changed := leaf(t, again, data, server, renew.Add(-time.Second)); changed {
		t.Fatal("the certificate was renewed before its time")
	}
	fresh, _, changed := leaf(t, again, data, server, renew)
	if !changed || bytes.Equal(fresh[KeyCert], data[KeyCert]) {
		t.Fatal("the certificate was not renewed at its time")
	}
	verify(t, a.Bundle(), fresh, x509.ExtKeyUsageServerAuth, renew)
}

func TestALeafForSomethingElseIsMadeAnew(t *testing.T) {
	a, _ := authority(t, nil, start)
	data, _, _ := leaf(t, a, nil, Leaf{CommonName: "operator"}, start)
	verify(t, a.Bundle(), data, x509.ExtKeyUsageClientAuth, start)
	if _, _, changed := leaf(t, a, data, Leaf{CommonName: "viewer"}, start); !changed {
		t.Fatal("the operator's certificate was taken for the viewer's")
	}
	broken := map[string][]byte{KeyCert: data[KeyCert], KeyKey: []byte("no key"), KeyBundle: data[KeyBundle]}
	if _, _, changed := leaf(t, a, broken, Leaf{CommonName: "operator"}, start); !changed {
		t.Fatal("a certificate without its key was kept")
	}
	other, _ := authority(t, nil, start)
	if _, _, changed := other.mustLeaf(t, data); !changed {
		t.Fatal("a certificate of a foreign authority was kept")
	}
}

func (a *Authority) mustLeaf(t *testing.T, data map[string][]byte) (map[string][]byte, time.Time, bool) {
	t.Helper()
	return leaf(t, a, data, Leaf{CommonName: "operator"}, start)
}

// Whoever holds yesterday's leaf and bundle must understand whoever holds today's, on each day of
// twelve years.
func TestThroughTwelveYearsNeighbouringDaysAlwaysTrustEachOther(t *testing.T) {
	const day = 24 * time.Hour
	ca, _ := authority(t, nil, start)
	data := ca.Data()
	held, _, _ := leaf(t, ca, nil, Leaf{CommonName: "operator"}, start)
	authorities := 1
	for now := start; now.Before(start.Add(12 * 365 * day)); now = now.Add(day) {
		a, changed := authority(t, data, now)
		if changed && !bytes.Equal(a.Data()[KeyCert], data[KeyCert]) {
			authorities++
		}
		data = a.Data()
		fresh, _, _ := leaf(t, a, held, Leaf{CommonName: "operator"}, now)
		verify(t, held[KeyBundle], fresh, x509.ExtKeyUsageClientAuth, now)
		verify(t, fresh[KeyBundle], held, x509.ExtKeyUsageClientAuth, now)
		held = fresh
	}
	if authorities != 3 {
		t.Fatalf("%d authorities in twelve years, want 3", authorities)
	}
}

func TestAPeerServesAndAsksWithOneCertificate(t *testing.T) {
	a, _ := authority(t, nil, start)
	name := []string{"acme.peers.usher.chat"}
	data, _, _ := leaf(t, a, nil, Leaf{CommonName: name[0], DNSNames: name, Peer: true}, start)
	verify(t, a.Bundle(), data, x509.ExtKeyUsageServerAuth, start)
	verify(t, a.Bundle(), data, x509.ExtKeyUsageClientAuth, start)
	cert, err := decodeCert(data[KeyCert])
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.VerifyHostname("globex.peers.usher.chat"); err == nil {
		t.Fatal("the certificate is good for another desk's name")
	}
	if _, _, changed := leaf(t, a, data, Leaf{CommonName: name[0], DNSNames: name}, start); !changed {
		t.Fatal("a certificate of both uses was taken for one that only serves")
	}
}
