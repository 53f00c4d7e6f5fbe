//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A customer on the hosted page with a phone, one with the widget on a page of another origin, an agent
// in the console, and a container that dies between them.
func TestTheScenarioInBrowsers(t *testing.T) {
	ns := "e2e-browser"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	site := "http://" + listener.Addr().String()
	freshDesk(t, ns, strings.Replace(talk(ns), "https://www.acme.example", site, 1))
	url := address(t, ns)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1><script src="` + url + `/widget/loader.js" data-channel="web" async></script>`))
	}), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })

	playBrowsers(t, "browser.mjs", "browser", map[string]any{"url": url, "link": link(t, ns, "ana", url), "site": site}, func(line string) {
		if line == "kill" {
			killRuntime(t, ns)
		}
	})
}

// playBrowsers runs a scenario in Chromium; told gets each line that it prints.
func playBrowsers(t *testing.T, script, name string, input map[string]any, told func(string)) {
	t.Helper()
	artifacts := os.Getenv("E2E_ARTIFACTS")
	if artifacts == "" {
		artifacts = t.TempDir()
	}
	input["artifacts"] = filepath.Join(artifacts, name)
	arguments, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", script, string(arguments))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
		told(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the browsers: %v; pictures are in %s", err, artifacts)
	}
}
