package run_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/disktest"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

func readiness(t *testing.T, d *runtest.Desk) (int, string) {
	t.Helper()
	resp, err := http.Get(d.Ops + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestAFullDiskIsToldAndThePodRecoversByItself(t *testing.T) {
	disktest.With(t, "16m", func(t *testing.T, dir string) {
		d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Data: filepath.Join(dir, "data"), Rates: runtest.Fast()})
		ana := d.Agent("ana")
		maria := d.Customer("web", "")
		do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
		c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
		until(t, d, maria, "Maria is served", func(v *gatewaytest.View) bool { return v.Conversation().State == protocol.StateInService })
		if status, body := readiness(t, d); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}

		ballast := filepath.Join(dir, "ballast")
		disktest.Stuff(t, ballast)
		var want []string
		var held protocol.Command
		for held.CID == 0 {
			cmd := protocol.Command{Type: protocol.TypeSay, CID: maria.Number(), Text: fmt.Sprintf("%d %s", len(want), strings.Repeat("x", 2000))}
			_, err := maria.Do(d.Context(), cmd)
			want = append(want, cmd.Text)
			if err != nil {
				unavailable(t, err)
				held = cmd
			}
			if len(want) > 3000 {
				t.Fatal("the full disk still takes messages")
			}
		}
		// Sent again and again, by both sides: no acknowledgement, and an answer each time.
		for range 20 {
			_, err := maria.Do(d.Context(), held)
			unavailable(t, err)
			_, err = ana.Do(d.Context(), protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "are you there?"})
			unavailable(t, err)
		}
		status, body := readiness(t, d)
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "full") {
			t.Errorf("/readyz says %d %q", status, body)
		}
		ana.Look(func(v *gatewaytest.View) {
			if n := len(v.Messages[c]); n >= len(want) {
				t.Errorf("the agent sees %d messages, %d are durable", n, len(want)-1)
			}
		})

		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		// Nobody sends anything: the pod tries by itself.
		until(t, d, ana, "the message that was held arrives", func(v *gatewaytest.View) bool { return len(v.Messages[c]) == len(want) })
		ack := do(t, d, maria, held)
		status, body = readiness(t, d)
		if status != http.StatusOK {
			t.Errorf("/readyz says %d %q with room again", status, body)
		}
		last := do(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "afterwards"})
		if last.Seq <= ack.Seq {
			t.Errorf("the message after it has %d, the held one %d", last.Seq, ack.Seq)
		}
		want = append(want, "afterwards")
		once := func(v *gatewaytest.View) bool { return texts(v) == strings.Join(want, "|") }
		until(t, d, maria, "each message stands there once", once)
		until(t, d, ana, "for the agent too", func(v *gatewaytest.View) bool {
			var list []string
			for _, m := range v.Messages[c] {
				list = append(list, m.Text)
			}
			return strings.Join(list, "|") == strings.Join(want, "|")
		})
	})
}

func unavailable(t *testing.T, err error) {
	t.Helper()
	var r *gatewaytest.Refusal
	if !errors.As(err, &r) || r.Reason.Code != "unavailable" || r.Reason.RetryAfterMS <= 0 || r.Reason.RetryAfterMS > int64(time.Minute/time.Millisecond) {
		t.Fatalf("on a full disk the answer is %v", err)
	}
}
