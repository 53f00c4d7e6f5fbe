package run_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
	"usher.chat/runtime/settings"
)

// transcript is a conversation's history as an agent reads it.
func transcript(t *testing.T, d *runtest.Desk, agent *gatewaytest.Client, conversation string) []protocol.Message {
	t.Helper()
	req, err := http.NewRequestWithContext(d.Context(), http.MethodGet, d.URL+"/v1/conversations/"+conversation+"/messages?limit=200", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = agent.Header()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var page protocol.MessagePage
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return page.Messages
}

func TestTheArchiveIsMadeAgainFromTheLedger(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast()})
	ana, maria := d.Agent("ana"), d.Customer("web", "")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "hello"})
	c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
	for i := range 60 {
		do(t, d, maria, protocol.Command{Type: protocol.TypeSay, Text: fmt.Sprint("question ", i)})
		do(t, d, ana, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: fmt.Sprint("answer ", i, " 😀")})
	}
	before := transcript(t, d, ana, c)
	if len(before) != 121 {
		t.Fatalf("%d messages", len(before))
	}
	d.Stop()
	files, err := filepath.Glob(filepath.Join(d.Data, "archive.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archive in %s: %v", d.Data, err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	d.Start()
	ana.Move(d.URL)
	if err := ana.Connect(d.Context()); err != nil {
		t.Fatal(err)
	}
	if after := transcript(t, d, ana, c); !slices.Equal(after, before) {
		t.Errorf("before:\n%+v\nafter:\n%+v", before, after)
	}
}

func TestABadSettingsFileLeavesTheLastGoodOneInForce(t *testing.T) {
	complaints := make(chan string, 100)
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Log: func(line string) {
		if strings.Contains(line, "the last good settings stay in force") {
			complaints <- line
		}
	}})
	ana := d.Agent("ana")
	changed := func(change func(s *settings.Settings)) string {
		s := runtest.Sample()
		change(&s)
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, file := range map[string]string{
		"not YAML":             "desk: [",
		"empty":                "",
		"two of one name":      changed(func(s *settings.Settings) { s.Queues = append(s.Queues, s.Queues[0]) }),
		"another desk's":       changed(func(s *settings.Settings) { s.Desk.Name = "other" }),
		"a field nobody knows": strings.Replace(changed(func(*settings.Settings) {}), `"desk"`, `"desk2"`, 1),
	} {
		d.WriteSettings([]byte(file))
		select {
		case line := <-complaints:
			t.Logf("%s: %s", name, line)
		case <-time.After(time.Minute):
			t.Errorf("%s: the runtime does not complain", name)
		}
		// The desk goes on with what it had.
		customer := d.Customer("web", "")
		do(t, d, customer, protocol.Command{Type: protocol.TypeJoin, Name: name})
		do(t, d, customer, protocol.Command{Type: protocol.TypeEnd})
		if status, body := readiness(t, d); status != http.StatusOK {
			t.Errorf("%s: /readyz says %d %q", name, status, body)
		}
	}
	renamed := runtest.Sample()
	for i := range renamed.Queues {
		renamed.Queues[i].DisplayName = "Renamed"
	}
	d.Apply(renamed)
	until(t, d, ana, "the next good file is taken", func(v *gatewaytest.View) bool { return v.Queues["support"].DisplayName == "Renamed" })
}

func TestAQueueThatIsRemovedLetsItsPeopleGoAndKeepsTheOthers(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	ana := d.Agent("ana")
	until(t, d, ana, "the desk knows that an agent is there: else billing is not offered", func(v *gatewaytest.View) bool {
		return v.Queues["billing"].Online == 1
	})
	served, waits, billed := d.Customer("web", ""), d.Customer("web", ""), d.Customer("bills", "")
	do(t, d, served, protocol.Command{Type: protocol.TypeJoin, Name: "Served"})
	c := do(t, d, ana, protocol.Command{Type: protocol.TypePick}).Conversation
	do(t, d, waits, protocol.Command{Type: protocol.TypeJoin, Name: "Waits"})
	do(t, d, billed, protocol.Command{Type: protocol.TypeJoin, Name: "Billed"})
	other := do(t, d, ana, protocol.Command{Type: protocol.TypePick, Queue: "billing"}).Conversation
	do(t, d, served, protocol.Command{Type: protocol.TypeSay, Text: "before"})

	without := runtest.Sample()
	without.Queues = slices.DeleteFunc(without.Queues, func(q settings.Queue) bool { return q.Name == "support" })
	without.Channels = slices.DeleteFunc(without.Channels, func(c settings.Channel) bool { return c.Name == "web" })
	d.Apply(without)
	until(t, d, waits, "who waits is told the end", func(v *gatewaytest.View) bool { return v.Conversation().State == protocol.StateEnded })
	refused(t, d, waits, protocol.Command{Type: protocol.TypeSay, Text: "hello?"}, "ended")
	until(t, d, ana, "the agent has the queue no more, and both conversations", func(v *gatewaytest.View) bool {
		_, row := v.Queues["support"]
		return !row && len(v.Waiting) == 0 && v.Conversations[c].State == protocol.StateInService &&
			v.Conversations[other].State == protocol.StateInService
	})
	do(t, d, served, protocol.Command{Type: protocol.TypeSay, Text: "are you still there?"})
	do(t, d, ana, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "we go on"})
	until(t, d, served, "who is served is served on", func(v *gatewaytest.View) bool {
		return texts(v) == "before|are you still there?|we go on"
	})
	do(t, d, billed, protocol.Command{Type: protocol.TypeSay, Text: "and so do we"})

	// A pod that starts with it comes back to the same.
	d.Stop()
	d.Start()
	for name, client := range map[string]*gatewaytest.Client{"ana": ana, "who is served": served} {
		client.Move(d.URL)
		if err := client.Connect(d.Context()); err != nil && name == "ana" {
			t.Fatalf("%s: %v", name, err)
		}
	}
	until(t, d, ana, "after a restart the agent has both", func(v *gatewaytest.View) bool {
		return v.Conversations[c].State == protocol.StateInService && v.Conversations[other].State == protocol.StateInService
	})

	// The queue comes back, with nobody in line and the one who is served.
	d.Apply(runtest.Sample())
	until(t, d, ana, "the queue is there again", func(v *gatewaytest.View) bool {
		row, there := v.Queues["support"]
		return there && row.Waiting == 0 && row.InService == 1
	})
	do(t, d, d.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin})
}
