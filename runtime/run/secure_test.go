package run_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/access/sealtest"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
	"usher.chat/runtime/settings"
)

// Secure metadata (feature C9), from a site's key to an agent's eyes.

func secretOf(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// plainName and plainFact are what is sealed below, and must stand nowhere.
const (
	plainName = "sotu-number"
	plainFact = "Kukkamäki-131052-308T"
)

// facts seals one with a key.
func facts(t *testing.T, kid string, b byte, more ...string) string {
	t.Helper()
	claims := sealtest.Claims(time.Now().Add(time.Hour), map[string]any{plainName: plainFact, "tier": 3, "verified": true})
	for _, name := range more {
		claims["preferred_username"] = name
	}
	return sealtest.Seal(t, kid, secretOf(b), claims)
}

// put writes a key as it comes into a mounted Secret, or takes it away.
func put(t *testing.T, dir, name string, secret []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if secret == nil {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(filepath.Join(dir, ".new"), secret, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, ".new"), path); err != nil {
		t.Fatal(err)
	}
}

// secureOf reads a conversation's facts as an agent: the status, the facts or the error's code, and its words.
func secureOf(t *testing.T, d *runtest.Desk, agent *gatewaytest.Client, conversation string) (int, protocol.SecureMetadata, protocol.Error) {
	t.Helper()
	r, err := http.NewRequestWithContext(d.Context(), http.MethodGet, d.URL+"/v1/conversations/"+conversation+"/secure-metadata", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = agent.Header()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("it may be kept: %v", res.Header)
	}
	var m protocol.SecureMetadata
	var e protocol.ErrorBody
	if res.StatusCode == http.StatusOK {
		err = json.Unmarshal(b, &m)
	} else {
		err = json.Unmarshal(b, &e)
	}
	if err != nil {
		t.Fatalf("%d %s: %v", res.StatusCode, b, err)
	}
	return res.StatusCode, m, e.Error
}

// eventually waits until something holds that the runtime comes to by itself.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// twoTeams is the sample, with a team of its own for billing.
func twoTeams() settings.Settings {
	s := runtest.Sample()
	s.Teams = append(s.Teams, settings.Team{Name: "money", Generation: 1, Members: []settings.Member{{Name: "dan"}}})
	for i := range s.Queues {
		if s.Queues[i].Name == "billing" {
			s.Queues[i].Teams = []string{"money"}
			s.Queues[i].WhenBusy = settings.WhenBusy{Offer: settings.OfferQueue}
		}
	}
	s.Sort()
	return s
}

func TestAgentsReadTheFactsThatASiteSealedIfTheyMayReadTheConversation(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "shop", secretOf(1))
	d := runtest.Start(t, runtest.Options{Settings: twoTeams(), Rates: runtest.Fast(), MetadataKeys: dir})
	ana, ben, dan := d.Agent("ana"), d.Agent("ben"), d.Agent("dan")
	maria, olga := d.Customer("web", ""), d.Customer("web", "")
	id := do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "xx", Text: "hello", Secure: facts(t, "shop", 1, "Maria Lind")}).Conversation
	bare := do(t, d, olga, protocol.Command{Type: protocol.TypeJoin, Name: "Olga"}).Conversation
	until(t, d, ben, "Ben sees who waits", func(v *gatewaytest.View) bool {
		w, o := v.Waiting[id], v.Waiting[bare]
		return w.Secure && w.Name == "Maria Lind" && o.Conversation != "" && !o.Secure
	})
	read := func(who *gatewaytest.Client, conversation string, status int, code string) protocol.SecureMetadata {
		t.Helper()
		got, m, e := secureOf(t, d, who, conversation)
		if got != status || e.Code != code || strings.Contains(e.Message, plainFact) {
			t.Errorf("%s: %d %+v; want %d %s", conversation, got, e, status, code)
		}
		return m
	}
	m := read(ben, id, http.StatusOK, "")
	if want := map[string]any{plainName: plainFact, "tier": 3.0, "verified": true}; !maps.Equal(m.Metadata, want) || m.KeyID != "shop" {
		t.Errorf("%+v", m)
	}
	if good := time.Until(time.UnixMilli(m.SealedUntil)); good < 0 || good > time.Hour {
		t.Errorf("it is good for %v", good)
	}
	read(dan, id, http.StatusForbidden, "not_entitled") // of another team
	read(ben, bare, http.StatusNotFound, "not_found")
	read(ben, "c99", http.StatusNotFound, "not_found")
	read(maria, id, http.StatusUnauthorized, "unauthorized")
	// In service of Ben alone, and then handed to who could not read it before.
	do(t, d, ben, protocol.Command{Type: protocol.TypePick, Conversation: id})
	until(t, d, ben, "Ben has it", func(v *gatewaytest.View) bool { return v.Conversations[id].Secure })
	until(t, d, maria, "Maria is served", func(v *gatewaytest.View) bool { return v.Conversation().State == protocol.StateInService })
	maria.Look(func(v *gatewaytest.View) {
		if v.Conversation().Secure {
			t.Error("the customer's side is told of it")
		}
	})
	read(ana, id, http.StatusOK, "") // an admin of the team
	read(dan, id, http.StatusForbidden, "not_entitled")
	do(t, d, ben, protocol.Command{Type: protocol.TypeTransfer, Conversation: id, To: &protocol.Target{Kind: "team", Name: "money"}})
	read(dan, id, http.StatusOK, "")
	do(t, d, dan, protocol.Command{Type: protocol.TypePick, Conversation: id})
	read(dan, id, http.StatusOK, "")
	read(ben, id, http.StatusForbidden, "not_entitled")
	// Through a restart.
	d.Stop()
	d.Start()
	read(d.Agent("dan"), id, http.StatusOK, "")
}

func TestTheQueueSaysWhatBecomesOfFactsAndBadOnesAreRefusedByName(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "shop", secretOf(1))
	s := runtest.Sample()
	policy := func(p settings.SecureMetadata) {
		for i := range s.Queues {
			s.Queues[i].SecureMetadata = p
			s.Queues[i].Generation++
		}
	}
	policy(settings.SecureRequired)
	d := runtest.Start(t, runtest.Options{Settings: s, Rates: runtest.Fast(), MetadataKeys: dir})
	ana := d.Agent("ana")
	join := func(secure string) protocol.Command {
		return protocol.Command{Type: protocol.TypeJoin, Name: "xx", Secure: secure}
	}
	refused(t, d, d.Customer("web", ""), join(""), "secure_metadata_required")
	for says, secure := range map[string]string{
		"encrypted as they should be": "eyJhbGciOiJIUzI1NiJ9.e30.x",
		`unknown key: "other"`:        facts(t, "other", 1),
		"cannot be decrypted":         facts(t, "shop", 2),
		"have expired":                sealtest.Seal(t, "shop", secretOf(1), sealtest.Claims(time.Now().Add(-time.Minute), map[string]any{"a": 1})),
		"more than a week":            sealtest.Seal(t, "shop", secretOf(1), sealtest.Claims(time.Now().AddDate(0, 0, 8), map[string]any{"a": 1})),
		"no expiry":                   sealtest.Seal(t, "shop", secretOf(1), map[string]any{"usher.chat/metadata": map[string]any{"a": 1}}),
		"no metadata":                 sealtest.Seal(t, "shop", secretOf(1), map[string]any{"exp": time.Now().Unix() + 60}),
		"too large":                   strings.Repeat("x", 8193),
	} {
		if e := refused(t, d, d.Customer("web", ""), join(secure), "secure_metadata_invalid"); !strings.Contains(e.Message, says) {
			t.Errorf("%q is told, not %q", e.Message, says)
		}
	}
	do(t, d, d.Customer("web", ""), join(facts(t, "shop", 1)))
	// Each answer of the setting is followed as it changes.
	policy(settings.SecureIgnore)
	d.Apply(s)
	until(t, d, ana, "one who is ignored", func(v *gatewaytest.View) bool {
		c := d.Customer("web", "")
		defer c.Drop()
		ack, err := c.Do(d.Context(), join("not sealed at all"))
		if err != nil {
			return false // not in force yet
		}
		id := do(t, d, d.Customer("web", ""), join(facts(t, "shop", 1, "Maria Lind"))).Conversation
		for _, id := range []string{ack.Conversation, id} {
			if status, _, e := secureOf(t, d, ana, id); status != http.StatusNotFound {
				t.Errorf("of what is ignored something is kept: %d %+v", status, e)
			}
		}
		return true
	})
	policy("")
	d.Apply(s)
	eventually(t, "Optional is in force", func() bool {
		c := d.Customer("web", "")
		defer c.Drop()
		_, err := c.Do(d.Context(), join("not sealed at all"))
		return err != nil
	})
	do(t, d, d.Customer("web", ""), join(""))
	until(t, d, ana, "with and without facts", func(v *gatewaytest.View) bool {
		secure := 0
		for _, w := range v.Waiting {
			if w.Secure {
				secure++
			}
			if w.Name == "Maria Lind" {
				t.Error("the name of ignored facts is taken")
			}
		}
		return secure == 1 && len(v.Waiting) >= 4
	})
}

func TestKeysOfSecureMetadataRotateWithoutARestartAndWhatOneSealedIsUnreadableWithoutIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "metadata") // there is no Secret yet
	var mu sync.Mutex
	var told []string
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast(), MetadataKeys: dir, Log: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, line)
	}})
	ana := d.Agent("ana")
	join := func(secure string) (string, error) {
		c := d.Customer("web", "")
		ack, err := c.Do(d.Context(), protocol.Command{Type: protocol.TypeJoin, Secure: secure})
		return ack.Conversation, err
	}
	if _, err := join(facts(t, "k1", 1)); err == nil || !strings.Contains(err.Error(), "unknown key") {
		t.Fatalf("without any key: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "k1", secretOf(1))
	var first string
	eventually(t, "the first key is in force", func() (ok bool) {
		id, err := join(facts(t, "k1", 1))
		first = id
		return err == nil
	})
	put(t, dir, "k2", secretOf(2))
	var second string
	eventually(t, "the second key is in force", func() bool {
		id, err := join(facts(t, "k2", 2))
		second = id
		return err == nil
	})
	third, err := join(facts(t, "k1", 1))
	if err != nil {
		t.Fatalf("with both keys the first one seals no more: %v", err)
	}
	for id, key := range map[string]string{first: "k1", second: "k2", third: "k1"} {
		if status, m, e := secureOf(t, d, ana, id); status != http.StatusOK || m.KeyID != key || m.Metadata[plainName] != plainFact {
			t.Errorf("with both keys %s: %d %+v %+v", id, status, m, e)
		}
	}
	put(t, dir, "k1", nil)
	eventually(t, "the first key is gone", func() bool {
		status, _, e := secureOf(t, d, ana, first)
		return status == http.StatusGone && e.Code == "key_gone" && strings.Contains(e.Message, `"k1"`)
	})
	if status, _, e := secureOf(t, d, ana, third); status != http.StatusGone {
		t.Errorf("%d %+v", status, e)
	}
	if status, m, _ := secureOf(t, d, ana, second); status != http.StatusOK || m.Metadata[plainName] != plainFact {
		t.Errorf("of the second key: %d %+v", status, m)
	}
	if _, err := join(facts(t, "k1", 1)); err == nil {
		t.Error("what the key that is gone seals is taken")
	}
	// Another key by its name opens nothing of it, and one that is no key is told and harms nobody.
	put(t, dir, "k1", secretOf(9))
	put(t, dir, "k0", []byte("short"))
	eventually(t, "another key by that name is in force", func() bool { _, err := join(facts(t, "k1", 9)); return err == nil })
	if status, _, e := secureOf(t, d, ana, first); status != http.StatusGone || e.Code != "key_gone" {
		t.Errorf("%d %+v", status, e)
	}
	eventually(t, "the wrong key is told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.ContainsFunc(told, func(line string) bool { return strings.Contains(line, "k0") && !strings.Contains(line, "short") })
	})
}

func TestNoByteOfWhatASiteSealedIsInTheFilesTheLogAndTheFigures(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "shop", secretOf(1))
	var mu sync.Mutex
	var log bytes.Buffer
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample(), Rates: runtest.Fast(), MetadataKeys: dir,
		Level: slog.LevelDebug - slog.LevelWarn, Log: func(line string) {
			mu.Lock()
			defer mu.Unlock()
			log.WriteString(line)
		}})
	ana := d.Agent("ana")
	maria := d.Customer("web", "")
	secure := facts(t, "shop", 1)
	id := do(t, d, maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria", Text: "hello", Secure: secure}).Conversation
	do(t, d, ana, protocol.Command{Type: protocol.TypePick, Conversation: id})
	for range 3 {
		if status, m, _ := secureOf(t, d, ana, id); status != http.StatusOK || m.Metadata[plainName] != plainFact {
			t.Fatalf("%d %+v", status, m)
		}
	}
	refused(t, d, d.Customer("web", ""), protocol.Command{Type: protocol.TypeJoin, Secure: facts(t, "shop", 2)}, "secure_metadata_invalid")
	// Everything that an agent can find it by, and everybody's figures.
	for _, path := range []string{
		d.URL + "/v1/queues/support/log", d.URL + "/v1/conversations/" + id + "/messages", d.URL + "/v1/conversations/" + id + "/explanation",
		d.URL + "/v1/me", d.URL + "/v1/queues", d.Ops + "/metrics",
	} {
		r, err := http.NewRequestWithContext(d.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = ana.Header()
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || bytes.Contains(b, []byte(plainFact)) || bytes.Contains(b, []byte(plainName)) || bytes.Contains(b, []byte(secure)) {
			t.Errorf("%s: %d %v %.200s", path, res.StatusCode, err, b)
		}
	}
	d.Stop() // a snapshot is written at the end
	has := func(text string) (files []string) {
		err := filepath.WalkDir(d.Data, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if bytes.Contains(b, []byte(text)) {
				files = append(files, filepath.Base(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	for _, text := range []string{plainFact, plainName} {
		if files := has(text); len(files) > 0 {
			t.Errorf("%q is in %v", text, files)
		}
		mu.Lock()
		if strings.Contains(log.String(), text) {
			t.Errorf("%q is in the log", text)
		}
		mu.Unlock()
	}
	// What was looked through has what it should: the sealed text, in the ledger alone.
	for _, file := range has(secure) {
		if !strings.HasPrefix(file, "ledger.db") {
			t.Errorf("the sealed text is in %s", file)
		}
	}
	if len(has(secure)) == 0 {
		t.Error("the sealed text is in no file")
	}
	mu.Lock()
	if strings.Contains(log.String(), secure) || !strings.Contains(log.String(), "keys of secure metadata are in force") {
		t.Errorf("the log has the sealed text, or was not looked through: %.500s", log.String())
	}
	mu.Unlock()
	d.Start()
	// And with the conversation it is erased.
	ana = d.Agent("ana")
	if status, answer, err := eraseAs(d.Context(), ana, d.URL, id, `{"end": true}`); err != nil || status != http.StatusOK || !strings.Contains(answer, `"done":true`) {
		t.Fatalf("%d %s %v", status, answer, err)
	}
	if status, _, e := secureOf(t, d, ana, id); status != http.StatusNotFound {
		t.Errorf("after the erasure: %d %+v", status, e)
	}
	if files := has(secure); len(files) > 0 {
		t.Errorf("after the erasure the sealed text is in %v", files)
	}
	if tail := secure[len(secure)-60:]; len(has(tail)) > 0 {
		t.Errorf("after the erasure a part of it is in %v", has(tail))
	}
}
