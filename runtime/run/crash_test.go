package run_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/podstest"
	"usher.chat/runtime/run/runtest"
)

// build makes the binary that people run.
func build(t *testing.T) string {
	t.Helper()
	binary, err := podstest.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// process is `usher runtime` as a process of its own.
type process struct {
	command *exec.Cmd
	url     string
	ended   chan error
}

func spawn(t *testing.T, binary, data, file string) *process {
	t.Helper()
	p := &process{ended: make(chan error, 1)}
	p.command = exec.Command(binary, "runtime", "--settings", file, "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--customer-rate", "1e6", "--customer-burst", "1000000", "--agent-rate", "1e6", "--agent-burst", "1000000",
		"--frame-rate", "1e6", "--frame-burst", "1000000")
	p.command.Stderr = os.Stderr
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
		p.ended <- p.command.Wait()
	}()
	select {
	case line := <-said:
		_, url, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
		if !ok {
			t.Fatalf("the runtime said %q", line)
		}
		p.url = url
	case <-time.After(time.Minute):
		t.Fatal("the runtime did not start within a minute")
	}
	return p
}

// kill is SIGKILL: nothing is flushed, nobody is told.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	err := <-p.ended
	p.ended <- err
}

func link(t *testing.T, binary, data, url, agent string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, "sign-in-link", "--data", data, "--agent", agent, "--url", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// writer is a customer who writes until its connection is lost, and knows what was acknowledged.
type writer struct {
	*gatewaytest.Client
	conversation string
	sent         []protocol.Command
	acked        []protocol.Ack // of the first of sent
}

func (w *writer) write(ctx context.Context, started chan<- struct{}) error {
	for i := 0; ; i++ {
		w.sent = append(w.sent, protocol.Command{Type: protocol.TypeSay, CID: w.Number(), Text: fmt.Sprintf("%s says %d", w.conversation, i)})
		ack, err := w.Do(ctx, w.sent[i])
		if errors.Is(err, gatewaytest.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		w.acked = append(w.acked, ack)
		if i == 100 {
			started <- struct{}{}
		}
	}
}

func TestAKilledProcessHasEveryAcknowledgedMessageOnceAndInOrder(t *testing.T) {
	binary, data := build(t), t.TempDir()
	file := filepath.Join(t.TempDir(), "settings.json")
	settings, err := json.Marshal(runtest.Sample())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, settings, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute) // a slow, busy machine is no failure
	defer cancel()
	p := spawn(t, binary, data, file)
	ana, err := gatewaytest.Agent(ctx, p.url, link(t, binary, data, p.url, "ana"))
	if err != nil {
		t.Fatal(err)
	}
	const count, waiting, kills = 8, 3, 3
	var writers []*writer
	for range count {
		c, err := gatewaytest.Customer(ctx, p.url, "web", "")
		if err != nil {
			t.Fatal(err)
		}
		w := &writer{Client: c}
		if _, err := w.Do(ctx, protocol.Command{Type: protocol.TypeJoin}); err != nil {
			t.Fatal(err)
		}
		picked, err := ana.Do(ctx, protocol.Command{Type: protocol.TypePick, Queue: "support"})
		if err != nil {
			t.Fatal(err)
		}
		w.conversation = picked.Conversation
		writers = append(writers, w)
	}
	var line []*gatewaytest.Client
	for n := range waiting {
		c, err := gatewaytest.Customer(ctx, p.url, "web", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(ctx, protocol.Command{Type: protocol.TypeJoin}); err != nil {
			t.Fatal(err)
		}
		if err := c.Until(ctx, place(n+1)); err != nil {
			t.Fatal(err)
		}
		line = append(line, c)
	}
	want := map[string][]string{} // by conversation, what must stand there
	for round := range kills {
		started := make(chan struct{}, count)
		failed := make(chan error, count)
		var group sync.WaitGroup
		for _, w := range writers {
			w.sent, w.acked = nil, nil
			group.Go(func() {
				if err := w.write(ctx, started); err != nil {
					failed <- err
				}
			})
		}
		for range count {
			select {
			case <-started:
			case err := <-failed:
				t.Fatal(err)
			}
		}
		p.kill() // while all of them write
		group.Wait()

		p = spawn(t, binary, data, file)
		acked := 0
		for _, w := range writers {
			acked += len(w.acked)
			w.Move(p.url)
			if err := w.Connect(ctx); err != nil {
				t.Fatal(err)
			}
			// What was acknowledged is so still, with the same answer; what was not is sent again.
			for i := max(0, len(w.acked)-1); i < len(w.sent); i++ {
				again, err := w.Do(ctx, w.sent[i])
				if err != nil {
					t.Fatal(err)
				}
				if i < len(w.acked) && again != w.acked[i] {
					t.Errorf("message %d was acknowledged as %+v, after the kill as %+v", i, w.acked[i], again)
				}
			}
			for _, sent := range w.sent {
				want[w.conversation] = append(want[w.conversation], fmt.Sprint(sent.CID, " ", sent.Text))
			}
		}
		t.Logf("kill %d: %d messages were acknowledged before it", round+1, acked)
		ana.Move(p.url)
		if err := ana.Connect(ctx); err != nil {
			t.Fatal(err)
		}
		for n, c := range line {
			c.Move(p.url)
			if err := c.Connect(ctx); err != nil {
				t.Fatal(err)
			}
			if err := c.Until(ctx, place(n+1)); err != nil {
				t.Errorf("customer %d in the line has another place: %v", n+1, err)
			}
		}
	}
	for _, w := range writers {
		var got []string
		for _, m := range history(ctx, t, p.url, w.Session()) {
			got = append(got, fmt.Sprint(m.CID, " ", m.Text))
		}
		if fmt.Sprint(got) != fmt.Sprint(want[w.conversation]) {
			t.Errorf("%s has %d messages, want %d:\n%q\n%q", w.conversation, len(got), len(want[w.conversation]), got, want[w.conversation])
		}
	}
}
