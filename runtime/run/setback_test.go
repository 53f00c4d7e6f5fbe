package run_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

// After a restore a customer comes back who has seen more than the desk knows of, at once or when the desk has gone past
// that sequence by another way: what is shown is what is there, all of it and nothing else.
func TestACustomerWhoHasSeenMoreThanARestoredDeskSeesWhatIsThere(t *testing.T) {
	for name, more := range map[string]int{"at once": 0, "when the desk has gone past it": 40} {
		t.Run(name, func(t *testing.T) {
			d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast()})
			ana, maria := d.Agent("ana"), d.Customer("web", "")
			do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "hello"})
			c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
			talk := func(what string, times int) (last uint64) {
				for i := range times {
					last = do(t, d, ana, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: fmt.Sprint(what, " ", i)}).Seq
				}
				return last
			}
			again := func(who *gatewaytest.Client) {
				t.Helper()
				who.Move(d.URL)
				if err := who.Connect(d.Context()); err != nil {
					t.Fatal(err)
				}
			}
			seen := func() (texts []string, seq uint64) {
				maria.Look(func(v *gatewaytest.View) { texts, seq = v.Texts(c), v.Seq })
				return texts, seq
			}
			shown := func(last uint64) {
				t.Helper()
				if err := maria.Until(d.Context(), func(v *gatewaytest.View) bool { return v.Seq >= last }); err != nil {
					t.Fatal(err)
				}
			}
			talk("before", 3)
			d.Stop()
			saved := t.TempDir()
			ledgers(t, d.Data, saved)
			d.Start()
			again(ana)
			again(maria)
			shown(talk("lost", 20))
			maria.Drop()
			_, had := seen()
			d.Stop()
			ledgers(t, saved, d.Data)
			d.Start()
			again(ana)
			now := talk("after", 1+more)
			if past := more > 0; (now > had) != past {
				t.Fatalf("the desk is at %d, the customer at %d: this test shows nothing", now, had)
			}
			again(maria)
			shown(talk("with the customer", 2))
			var want []string
			for _, m := range transcript(t, d, ana, c) {
				want = append(want, m.Text)
			}
			if got, _ := seen(); !slices.Equal(got, want) {
				t.Errorf("the customer sees %q, want %q", got, want)
			}
			do(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: "and goes on"})
		})
	}
}

func TestACustomerWhoComesBackIsToldOnlyWhatCameSince(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast()})
	ana, maria := d.Agent("ana"), d.Customer("web", "")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "hello"})
	c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
	var want []string
	for i := range 70 { // more than a snapshot has
		want = append(want, fmt.Sprint("message ", i))
		last := do(t, d, ana, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: want[i]}).Seq
		if i != 59 {
			continue
		}
		if err := maria.Until(d.Context(), func(v *gatewaytest.View) bool { return v.Seq >= last }); err != nil {
			t.Fatal(err)
		}
		maria.Drop()
	}
	told := 0
	maria.Watch(func(_, _ uint64, change protocol.Change) {
		if change.Kind == protocol.KindMessage {
			told++
		}
	})
	if err := maria.Connect(d.Context()); err != nil {
		t.Fatal(err)
	}
	maria.Look(func(v *gatewaytest.View) {
		if got := v.Texts(c); !slices.Equal(got, append([]string{"hello"}, want...)) || told != 10 {
			t.Errorf("the customer was told %d messages, want 10, and sees %q", told, got)
		}
	})
}

// ledgers puts the ledger's files of one directory into another, instead of those that it has.
func ledgers(t *testing.T, from, to string) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(to, "ledger.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(from, "ledger.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no ledger in %s: %v", from, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(file)), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
