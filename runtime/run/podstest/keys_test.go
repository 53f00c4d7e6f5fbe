package podstest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/gateway/gatewaytest"
)

// rotate writes key files as a Secret's volume has them after a step.
func rotate(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if content == nil {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := errors.Join(os.WriteFile(path+".new", content, 0o600), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
}

// becomes waits until something succeeds, or does not.
func becomes(t *testing.T, ctx context.Context, what string, well bool, try func() error) {
	t.Helper()
	for {
		err := try()
		if (err == nil) == well {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestOldCookiesAndLinksWorkAfterARotationAndEndWithTheOldKeyWithoutARestart(t *testing.T) {
	ctx := within(t)
	m := movableDesk(t, ctx)
	url, dir := m.Pods[0].URL(), m.Keys()
	link := func(agent string) string { // with the keys that this was made with: the old ones
		text, err := m.Link(agent, url)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	fresh := func() []byte {
		b := make([]byte, access.MinKeyBytes)
		if _, err := rand.Read(b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	customer, err := m.Customer(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := gatewaytest.Agent(ctx, url, link("ana"))
	if err != nil {
		t.Fatal(err)
	}
	// Clients keep the newest token that they were given; these keep the old one.
	oldSession := customer.Session()
	withOld := func() error {
		c, err := gatewaytest.Customer(ctx, url, "web", oldSession)
		if err == nil {
			c.Drop()
		}
		return err
	}
	links := []string{link("ben"), link("cem")}
	a, b := map[string][]byte{}, map[string][]byte{}
	for _, name := range []string{access.SessionFile, access.SignInFile} {
		a[name], b[name] = read(name), fresh()
	}
	step := func(signs, old map[string][]byte) {
		files := map[string][]byte{}
		for name := range signs {
			files[name], files[name+access.OldSuffix] = signs[name], old[name]
		}
		rotate(t, dir, files)
	}
	newKeys := func(names map[string][]byte) *access.Tokens {
		var keys access.Keys
		for name, ring := range map[string]*access.Ring{access.SessionFile: &keys.Session, access.SignInFile: &keys.SignIn} {
			key, err := access.NewKey(names[name])
			if err != nil {
				t.Fatal(err)
			}
			*ring = access.Ring{key}
		}
		return access.New(access.Options{Desk: "acme", Keys: keys, Now: time.Now})
	}
	signIn := func(tokens *access.Tokens) error {
		token, err := tokens.IssueLink("agent-1", access.NewID(rand.Reader), time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		c, err := gatewaytest.Agent(ctx, url, access.SignInURL(url, token))
		if err == nil {
			c.Drop()
		}
		return err
	}
	if err := signIn(newKeys(b)); err == nil {
		t.Fatal("a key that nobody knows is accepted")
	}
	step(a, b)
	becomes(t, ctx, "a link with the key that is accepted", true, func() error { return signIn(newKeys(b)) })
	step(b, a)
	// A session that begins now is signed with the new key once that is in force.
	var newSession string
	becomes(t, ctx, "a session with the new key", true, func() error {
		c, err := gatewaytest.Customer(ctx, url, "web", "")
		if err != nil {
			return err
		}
		defer c.Drop()
		newSession = c.Session()
		_, _, _, err = newKeys(b).VerifyCustomer(newSession)
		return err
	})
	if err := withOld(); err != nil {
		t.Errorf("an old session after the rotation: %v", err)
	}
	old, err := gatewaytest.Agent(ctx, url, links[0])
	if err != nil {
		t.Fatalf("an old link after the rotation: %v", err)
	}
	defer old.Drop()
	agent.Drop()
	if err := agent.Connect(ctx); err != nil {
		t.Errorf("an agent's old cookie after the rotation: %v", err)
	}
	step(b, map[string][]byte{access.SessionFile: nil, access.SignInFile: nil})
	becomes(t, ctx, "an old session after the old key was dropped", false, withOld)
	if c, err := gatewaytest.Agent(ctx, url, links[1]); err == nil {
		c.Drop()
		t.Error("an old link works after the old key was dropped")
	}
	agent.Drop()
	if err := agent.Connect(ctx); err == nil {
		t.Error("an agent's old cookie works after the old key was dropped")
	}
	if err := signIn(newKeys(b)); err != nil {
		t.Errorf("a new link: %v", err)
	}
	c, err := gatewaytest.Customer(ctx, url, "web", newSession)
	if err != nil {
		t.Fatalf("a new session: %v", err)
	}
	c.Drop()
	if !m.Pods[0].Running() {
		t.Error("the runtime was restarted")
	}
}
