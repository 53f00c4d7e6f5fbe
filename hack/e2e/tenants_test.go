//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// Two desks in two namespaces of one cluster: what one of them has opens nothing of the other, even for who
// knows the other's addresses (feature X8).
func TestWhatADeskHasOpensNothingOfAnother(t *testing.T) {
	const victim, thief = "e2e-victim", "e2e-thief"
	freshDesk(t, victim, talk(victim))
	freshDesk(t, thief, talk(thief))
	url := address(t, victim)

	maria := customer(t, victim, "web")
	joined := do(t, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "for the victim's eyes only"})

	t.Run("a sign-in link", func(t *testing.T) {
		stolen := link(t, thief, "ana", url) // made by the thief's key for the victim's address
		_, err := gatewaytest.SignIn(short(t), url, stolen)
		refusedWith(t, err, "unauthorized")
	})
	t.Run("an agent's cookie", func(t *testing.T) {
		own := agent(t, thief, "ana")
		if got := status(t, address(t, thief)+"/v1/me", own.Header()); got != http.StatusOK {
			t.Errorf("the thief's own desk answers %d", got)
		}
		for _, path := range []string{"/v1/me", "/v1/queues", "/v1/queues/support/log", "/v1/conversations/" + joined.Conversation + "/messages"} {
			if got := status(t, url+path, own.Header()); got != http.StatusUnauthorized {
				t.Errorf("%s answers %d", path, got)
			}
		}
		own.Move(url)
		if err := own.Connect(short(t)); err == nil {
			t.Error("a socket of the victim is open to the thief's agent")
		}
	})
	t.Run("a customer's session", func(t *testing.T) {
		own := customer(t, thief, "web")
		do(t, own, protocol.Command{Type: protocol.TypeJoin, Name: "Theodore"})
		c, err := gatewaytest.Customer(short(t), url, "web", own.Session())
		if err == nil {
			defer c.Drop()
			c.Look(func(v *gatewaytest.View) {
				if id := v.Conversation().ID; id != "" {
					t.Errorf("the thief's session has conversation %q of the victim", id)
				}
			})
			if c.Session() == own.Session() {
				t.Error("the victim goes on with a session of the thief's")
			}
		}
		// The one to whom it belongs is known by it.
		again, err := gatewaytest.Customer(short(t), url, "web", maria.Session())
		if err != nil {
			t.Fatal(err)
		}
		defer again.Drop()
		again.Look(func(v *gatewaytest.View) {
			if v.Conversation().ID != joined.Conversation {
				t.Errorf("Maria finds %q, not %q", v.Conversation().ID, joined.Conversation)
			}
		})
	})
	t.Run("certificates, on the control port", func(t *testing.T) {
		forged, err := controltest.NewCA(victim, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		pair, err := forged.Client("operator")
		if err != nil {
			t.Fatal(err)
		}
		made, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		pod := net.JoinHostPort(field(t, victim, "pod/usher-0", ".status.podIP"), "8443")
		for name, certificate := range map[string]*tls.Certificate{
			"nothing":                 nil,
			"the thief's operator":    secretPair(t, thief, "usher-operator"),
			"the thief's viewer":      secretPair(t, thief, "usher-viewer"),
			"the thief's own server":  secretPair(t, thief, "usher-control"),
			"an authority of its own": &made,
		} {
			if got, err := version(t, pod, certificate); err == nil {
				t.Errorf("%s: the control port answers %q", name, got)
			} else {
				t.Logf("%s: %v", name, err)
			}
		}
		if got, err := version(t, pod, secretPair(t, victim, "usher-viewer")); err != nil || !strings.Contains(got, "version") {
			t.Errorf("the victim's own viewer: %q %v", got, err)
		}
	})
	t.Run("policies of the network", func(t *testing.T) {
		for _, namespace := range []string{victim, thief} {
			from := field(t, namespace, "networkpolicy/usher", `.spec.ingress[?(@.ports[0].port==8443)].from[*].namespaceSelector.matchLabels.kubernetes\.io/metadata\.name`)
			if from != "usher-system" {
				t.Errorf("%s: the control port is open to %q", namespace, from)
			}
			if out := field(t, namespace, "networkpolicy/usher", ".spec.egress"); out != "" {
				t.Errorf("%s: pods on SQLite may reach %s", namespace, out)
			}
		}
	})
	t.Run("a quota of objects", func(t *testing.T) {
		apply(t, "flux", `
apiVersion: v1
kind: ResourceQuota
metadata: {name: desk, namespace: `+thief+`}
spec: {hard: {count/queues.usher.chat: "1"}}
`)
		eventually(t, patience, "the quota is known", func() (string, bool) {
			hard := field(t, thief, "resourcequota/desk", `.status.hard`)
			return hard, hard != ""
		})
		declare := func(namespace, name string) (string, error) {
			return tryKubectl(t, fmt.Sprintf("apiVersion: usher.chat/v1alpha1\nkind: Queue\nmetadata: {name: %s}\nspec: {teamRefs: [{name: all}]}\n", name),
				"-n", namespace, "apply", "--server-side", "-f", "-")
		}
		// The queue that was there before may not be counted yet; then one more is let in.
		out, err := declare(thief, "another")
		if err == nil {
			out, err = declare(thief, "one-more")
		}
		if err == nil || !strings.Contains(out, "exceeded quota: desk") {
			t.Errorf("a queue too many: %s %v", out, err)
		}
		for _, name := range []string{"another", "one-more"} {
			if out, err := declare(victim, name); err != nil {
				t.Errorf("the quota of one desk holds for the other: %s %v", out, err)
			}
		}
	})
	maria.Look(func(v *gatewaytest.View) {
		if len(v.Messages[joined.Conversation]) != 1 {
			t.Errorf("Maria's conversation has %v", v.Texts(joined.Conversation))
		}
	})
}

func refusedWith(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *gatewaytest.Refusal
	if !errors.As(err, &refusal) || refusal.Reason.Code != code {
		t.Errorf("answered with %v, not %s", err, code)
	}
}

func status(t *testing.T, url string, header http.Header) int {
	t.Helper()
	code, _ := get(t, url, header)
	return code
}

// get reads a page of a desk.
func get(t *testing.T, url string, header http.Header) (code int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(short(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(content)
}

// secretPair is the certificate and key in a Secret.
func secretPair(t *testing.T, namespace, name string) *tls.Certificate {
	t.Helper()
	read := func(key string) []byte {
		content, err := base64.StdEncoding.DecodeString(field(t, namespace, "secret/"+name, `.data.tls\.`+key))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	pair, err := tls.X509KeyPair(read("crt"), read("key"))
	if err != nil {
		t.Fatal(err)
	}
	return &pair
}

// version asks a control port for its version. It trusts any server: what is tried is whom the server trusts.
func version(t *testing.T, address string, certificate *tls.Certificate) (string, error) {
	t.Helper()
	config := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, RootCAs: x509.NewCertPool()} //nolint:gosec // see above
	if certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(short(t), http.MethodGet, "https://"+address+"/control/v1/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return string(body), err
}
