package run_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

const private = "Kukkamäki"

// grep is which files of a directory have a text in their bytes.
func grep(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			found = append(found, f.Name())
		}
	}
	return found
}

// eraseAs asks for an erasure over HTTP, as an agent.
func eraseAs(ctx context.Context, agent *gatewaytest.Client, url, conversation, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/conversations/"+conversation+"/erasure", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header = agent.Header()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func TestAnAdminErasesAConversationAndNobodySeesItAnyMore(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast()})
	ana, ben := d.Agent("ana"), d.Agent("ben")
	maria := d.Customer("web", "")
	do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: private, Text: private})
	id := do(t, d, ben, protocol.Command{Type: protocol.TypePick, Queue: "support"}).Conversation
	do(t, d, ben, protocol.Command{Type: protocol.TypeSay, Conversation: id, Text: "Good day, " + private})
	until(t, d, maria, "the answer", func(v *gatewaytest.View) bool { return strings.Contains(texts(v), "Good day") })
	ask := func(who *gatewaytest.Client, conversation, body string, status int, says string) {
		t.Helper()
		got, answer, err := eraseAs(d.Context(), who, d.URL, conversation, body)
		if err != nil || got != status || !strings.Contains(answer, says) {
			t.Errorf("%s %s: %d %s %v; want %d %s", conversation, body, got, answer, err, status, says)
		}
	}
	ask(ben, id, "", http.StatusForbidden, "not_entitled")
	ask(ana, id, "", http.StatusConflict, "still_open")
	ask(ana, "c99", "", http.StatusNotFound, "not_found")
	ask(ana, id, `{"end": 1}`, http.StatusBadRequest, "bad_request")
	ask(maria, id, "", http.StatusUnauthorized, "unauthorized")
	ask(ana, id, `{"reason": "asked for", "end": true}`, http.StatusOK, `"done":true`)
	for name, c := range map[string]*gatewaytest.Client{"ben": ben, "maria": maria} {
		until(t, d, c, name+" is told that it went", func(v *gatewaytest.View) bool {
			gone, told := v.Went(protocol.KindConversation, id)
			return told && gone.Why == "erased" && len(v.Texts(id)) == 0
		})
	}
	ask(ana, id, "", http.StatusOK, `"done":true`) // again
	if found := grep(t, d.Data, private); len(found) > 0 {
		t.Errorf("it is still in %q", found)
	}
	// She may begin anew, with another number.
	if again := do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"}).Conversation; again == id || again == "" {
		t.Errorf("the next conversation is %q", again)
	}
}

// rowsWith counts the groups of a ledger's file with a text, as another process sees them.
func rowsWith(ctx context.Context, t *testing.T, data, text string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "ledger.db")+"?_pragma=query_only(1)&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(ctx, "select count(*) from ledger where instr(body, cast(? as blob)) > 0", text).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAKilledProcessFinishesWhatItBeganToErase: the binary is killed while it writes its ledger anew, twice, and the
// third goes on until no file has a byte of it, with everything of the others as it was.
func TestAKilledProcessFinishesWhatItBeganToErase(t *testing.T) {
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
	write := func(name string, messages int) (*gatewaytest.Client, string) {
		t.Helper()
		c, err := gatewaytest.Customer(ctx, p.url, "web", "")
		if err != nil {
			t.Fatal(err)
		}
		ack, err := c.Do(ctx, protocol.Command{Type: protocol.TypeJoin, Name: name, Email: name + "@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range messages {
			if _, err := c.Do(ctx, protocol.Command{Type: protocol.TypeSay, CID: c.Number(), Text: fmt.Sprintf("%s says %d", name, i)}); err != nil {
				t.Fatal(err)
			}
		}
		return c, ack.Conversation
	}
	other, kept := write("Liisa", 40)
	const messages = 1200
	_, id := write(private, messages)
	before := rowsWith(ctx, t, data, private)
	if before < messages {
		t.Fatalf("only %d rows have it", before)
	}
	go func() { _, _, _ = eraseAs(ctx, ana, p.url, id, `{"reason": "asked for", "end": true}`) }()
	left := []int{before}
	for range 2 {
		// Killed as soon as some rows are written anew.
		for rowsWith(ctx, t, data, private) > left[len(left)-1]-100 {
			if ctx.Err() != nil {
				t.Fatalf("no row was written anew, %v have it", left)
			}
			time.Sleep(20 * time.Millisecond) // the process needs the machine too
		}
		p.kill()
		left = append(left, rowsWith(ctx, t, data, private))
		p = spawn(t, binary, data, file)
	}
	t.Logf("%d rows had it, %d after the first kill, %d after the second", left[0], left[1], left[2])
	if left[1] == 0 || left[2] == 0 {
		t.Error("a kill came too late to show anything")
	}
	for len(grep(t, data, private)) > 0 {
		if ctx.Err() != nil {
			t.Fatalf("it is still in %q", grep(t, data, private))
		}
		time.Sleep(50 * time.Millisecond)
	}
	got := history(ctx, t, p.url, other.Session())
	if len(got) != 40 || got[39].Text != "Liisa says 39" {
		t.Errorf("of %s %d messages are there", kept, len(got))
	}
	p.kill() // also the files of a process that did not end well
	if found := grep(t, data, private); len(found) > 0 {
		t.Errorf("after a kill it is in %q again", found)
	}
	p = spawn(t, binary, data, file)
	ana.Move(p.url)
	if err := ana.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	if status, answer, err := eraseAs(ctx, ana, p.url, id, ""); err != nil || status != http.StatusOK || !strings.Contains(answer, `"done":true`) {
		t.Errorf("asked again: %d %s %v", status, answer, err)
	}
}
