package podstest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/podstest"
)

// movable is a desk whose first pod is alone on SQLite and has a control port; the others are on PostgreSQL and do not
// run yet.
type movable struct {
	*podstest.Desk
	postgres string
	control  string
	volume   string // the SQLite file
	operator *http.Client
	viewer   *http.Client
}

func movableDesk(t *testing.T, ctx context.Context) *movable {
	t.Helper()
	m := &movable{}
	var err error
	if m.postgres, err = server.NewDatabase(ctx); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.control = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	o := podstest.Options{Binary: binary, Dir: t.TempDir(), Settings: sample(20), Pods: 3, Log: &lines{t: t}, Store: m.postgres}
	var dir string
	dir, m.operator, m.viewer = controllers(t, o.Settings.Desk.Name)
	m.volume = filepath.Join(o.Dir, "volume", "ledger.db")
	o.StoreOf = func(pod int) string {
		if pod == 0 {
			return "sqlite://" + m.volume
		}
		return m.postgres
	}
	o.ArgsOf = func(pod int) []string {
		if pod > 0 {
			return nil
		}
		return []string{"--control", m.control, "--control-tls", dir}
	}
	if m.Desk, err = podstest.New(o); err != nil {
		t.Fatal(err)
	}
	log := o.Log.(*lines)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		log.mu.Lock()
		log.t = nil
		log.mu.Unlock()
	})
	if err := m.Pods[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
	return m
}

// controllers are those who may use the control port of a desk, and the directory of the port's own certificate.
func controllers(t *testing.T, desk string) (dir string, operator, viewer *http.Client) {
	t.Helper()
	ca, err := controltest.NewCA(desk, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const name = "usher-control.acme.svc"
	pair, err := ca.Server(name)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := pair.Write(dir); err != nil {
		t.Fatal(err)
	}
	for who, to := range map[string]**http.Client{"operator": &operator, "viewer": &viewer} {
		client, err := ca.Client(who)
		if err != nil {
			t.Fatal(err)
		}
		config, err := client.ClientConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		*to = &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	}
	return dir, operator, viewer
}

func (m *movable) ask(ctx context.Context, client *http.Client, method, path string, body any) (*http.Response, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://"+m.control+"/control/v1/"+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return client.Do(request)
}

// migrate asks for the move until take says that it is enough; the last line, or an error when the connection is lost.
func (m *movable) migrate(ctx context.Context, take func(protocol.LedgerProgress)) (protocol.MigrateLine, error) {
	resp, err := m.ask(ctx, m.operator, http.MethodPost, "migration", protocol.MigrateRequest{Files: map[string][]byte{"uri": []byte(m.postgres)}})
	if err != nil {
		return protocol.MigrateLine{}, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var line protocol.MigrateLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return line, err
		}
		if line.Progress == nil {
			return line, nil
		}
		take(*line.Progress)
	}
	return protocol.MigrateLine{}, io.ErrUnexpectedEOF
}

func (m *movable) gap(list []pair, from, to time.Time) (longest time.Duration) {
	for _, p := range list {
		for _, w := range []*podstest.Talker{p.customer, p.agent} {
			at := from
			for {
				next, found := w.First(at)
				if !found || next.After(to) {
					break
				}
				longest = max(longest, next.Sub(at))
				at = next
			}
		}
	}
	return longest
}

func TestADeskMovesToPostgreSQLUnderLoadThroughKillsAndLosesNothingThatWasAcknowledged(t *testing.T) {
	ctx := within(t)
	m := movableDesk(t, ctx)
	list := pairs(t, ctx, m.Desk, 6)
	stop := load(t, ctx, list)
	for len(list) > 0 { // some history first
		if texts, _, _ := list[0].agent.Said(); len(texts) >= 100 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if resp, err := m.ask(ctx, m.viewer, http.MethodPost, "migration", nil); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Fatalf("who may read may move the desk: %v, %v", resp, err)
	}
	var moved *protocol.LedgerMoved
	kills := 0
	for n := 1; moved == nil; n++ {
		steps := 0
		last, err := m.migrate(ctx, func(p protocol.LedgerProgress) {
			if steps++; n <= 6 && (steps == n || p.Phase == ledger.PhasePausing) {
				kills++
				send(t, m.Pods[0], syscall.SIGKILL)
			}
		})
		moved = last.Moved
		if last.Error != nil {
			t.Fatal(last.Error)
		}
		if err != nil || !m.Pods[0].Running() {
			m.Pods[0].Wait()
			if err := m.Pods[0].Start(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if n > 20 {
			t.Fatal("it does not come to its end")
		}
	}
	// The old pod serves nobody any more, neither as it is nor when it is started again, and still tells what became of it.
	for _, again := range []bool{false, true} {
		if again {
			send(t, m.Pods[0], syscall.SIGKILL)
			m.Pods[0].Wait()
			if err := m.Pods[0].Start(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for code := http.StatusOK; code == http.StatusOK; time.Sleep(10 * time.Millisecond) {
			if now, err := ready(ctx, m.Pods[0]); err == nil { // a connection of before the kill may be broken
				code = now
			}
		}
		last, err := m.migrate(ctx, func(protocol.LedgerProgress) {})
		if err != nil || last.Moved == nil || last.Moved.Hash != moved.Hash {
			t.Fatalf("asked again: %+v, %v", last, err)
		}
	}
	send(t, m.Pods[0], syscall.SIGTERM) // as the operator ends it
	if code := m.Pods[0].Wait(); code != 0 {
		t.Errorf("the old pod ended with %d", code)
	}
	for _, p := range m.Pods[1:] {
		if err := p.Start(ctx); err != nil {
			t.Fatal(err)
		}
	}
	before, _, _ := list[0].agent.Said()
	for {
		if texts, _, _ := list[0].agent.Said(); len(texts) > len(before)+50 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	var err error
	if m.Ledger, err = ledger.Open(ctx, ledger.Options{URL: m.postgres, Desk: "acme"}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills; moved %d entries, nothing acknowledged for %d ms at the end", kills, moved.Entries, moved.PausedMS)
	checked(t, ctx, m.Desk, list)
	heard(t, ctx, list)
}

func TestAMoveIsHardlyNoticed(t *testing.T) {
	ctx := within(t)
	m := movableDesk(t, ctx)
	list := pairs(t, ctx, m.Desk, 6)
	stop := load(t, ctx, list)
	began := time.Now()
	last, err := m.migrate(ctx, func(protocol.LedgerProgress) {})
	if err != nil || last.Moved == nil {
		t.Fatal(last.Error, err)
	}
	ended := time.Now()
	send(t, m.Pods[0], syscall.SIGTERM)
	if err := m.Pods[1].Start(ctx); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	for {
		if first, found := list[0].agent.First(started); found {
			t.Logf("longest time without an answer while it moved: %s; from the end of the move to the next answer: %s; the pause itself %d ms",
				m.gap(list, began, ended).Round(time.Millisecond), first.Sub(ended).Round(time.Millisecond), last.Moved.PausedMS)
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if m.Ledger, err = ledger.Open(ctx, ledger.Options{URL: m.postgres, Desk: "acme"}); err != nil {
		t.Fatal(err)
	}
	checked(t, ctx, m.Desk, list)
}

func TestAMoveToADatabaseWhereADeskRunsIsRefusedAndTheDeskGoesOn(t *testing.T) {
	ctx := within(t)
	m := movableDesk(t, ctx)
	if err := m.Pods[1].Start(ctx); err != nil { // somebody was too early
		t.Fatal(err)
	}
	last, err := m.migrate(ctx, func(protocol.LedgerProgress) {})
	if err != nil || last.Error == nil || last.Error.Code != protocol.CodeTargetInUse {
		t.Fatalf("got %+v, %v", last, err)
	}
	customer, err := m.Customer(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer customer.Drop()
	for _, files := range []map[string][]byte{
		{"uri": []byte("postgres://nobody@127.0.0.1:1/none")}, {}, {"../uri": []byte("x")},
	} {
		resp, err := m.ask(ctx, m.operator, http.MethodPost, "migration", protocol.MigrateRequest{Files: files})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil || !bytes.Contains(b, []byte(`"error"`)) {
			t.Errorf("%s: %s, %v", fmt.Sprint(files), b, err)
		}
		_ = resp.Body.Close()
	}
}
