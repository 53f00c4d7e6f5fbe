package machine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

// NoProxy sends every request straight to its host.
func NoProxy(*http.Request) (*url.URL, error) { return nil, nil }

// HTTPHealth asks a health address. With an authority it is asked over TLS that this authority must have signed.
func HTTPHealth(url, authority string) func(context.Context) error {
	return func(ctx context.Context) error {
		transport := &http.Transport{DisableKeepAlives: true}
		if authority != "" {
			raw, err := os.ReadFile(authority)
			if err != nil {
				return fmt.Errorf("read the cluster's authority: %w", err)
			}
			roots := x509.NewCertPool()
			if !roots.AppendCertsFromPEM(raw) {
				return errors.New("the cluster's authority is not PEM")
			}
			transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		}
		client := &http.Client{Transport: transport, Timeout: 2 * time.Second}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, answer.Status)
		}
		return nil
	}
}
