package podstest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/backup"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// post sends a body to the control port.
func (m *movable) post(ctx context.Context, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+m.control+"/control/v1/"+path, body)
	if err != nil {
		return nil, err
	}
	return m.operator.Do(request)
}

// after calls something when so many bytes were read.
type after struct {
	io.Reader
	bytes int
	then  func()
}

func (a *after) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b[:min(len(b), max(1, a.bytes))])
	if a.bytes -= n; a.bytes <= 0 && a.then != nil {
		a.then()
		a.then = nil
	}
	return n, err
}

func (m *movable) info(ctx context.Context) (info protocol.LedgerInfo, err error) {
	resp, err := m.ask(ctx, m.operator, http.MethodGet, "ledger", nil)
	if err != nil {
		return info, err
	}
	defer resp.Body.Close()
	return info, json.NewDecoder(resp.Body).Decode(&info)
}

func (m *movable) again(t *testing.T, ctx context.Context) {
	t.Helper()
	m.Pods[0].Wait()
	if err := m.Pods[0].Start(ctx); err != nil {
		t.Fatal(err)
	}
}

func whole(b []byte) (entries uint64, err error) {
	r, err := backup.NewReader(bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	for _, err := range r.Rows() {
		if err != nil {
			return 0, err
		}
	}
	chain, _ := r.Chain()
	return chain.Entries, nil
}

// content are the messages of a backup or a ledger, in order.
func messages(t *testing.T, ctx context.Context, l *ledger.Ledger, to uint64) (texts []string) {
	t.Helper()
	for record, err := range router.Records(ctx, l, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, said := record.Event.(desk.MessageSent); said && record.Seq <= to {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

func TestABackupUnderLoadSurvivesKillsAndARestoreIsAllOrNothing(t *testing.T) {
	ctx := within(t)
	m := movableDesk(t, ctx)
	list := pairs(t, ctx, m.Desk, 6)
	stop := load(t, ctx, list)
	for {
		if texts, _, _ := list[0].agent.Said(); len(texts) >= 150 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	// Killed while it is read: what came is known not to be whole, and the desk goes on.
	kills := 0
	for _, size := range []int{1, 100, 4000} {
		resp, err := m.post(ctx, "backup", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(&after{Reader: resp.Body, bytes: size, then: func() { send(t, m.Pods[0], syscall.SIGKILL) }})
		_ = resp.Body.Close()
		kills++
		if _, bad := whole(got); err != nil && bad == nil {
			t.Errorf("%d bytes of a backup that was broken off are taken for whole", len(got))
		}
		m.again(t, ctx)
	}
	resp, err := m.post(ctx, "backup", nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	file, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := whole(file)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	send(t, m.Pods[0], syscall.SIGTERM)
	m.Pods[0].Wait()
	m.Ledger, err = ledger.Open(ctx, ledger.Options{URL: "sqlite://" + m.volume, Desk: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	checked(t, ctx, m.Desk, list)
	want := messages(t, ctx, m.Ledger, entries)

	// A new desk, killed at each step of the restore: it has nothing of it, or all.
	n := movableDesk(t, ctx)
	restored := 0
	for _, at := range []int{1, 50, len(file) / 2, len(file) - 1, len(file)} {
		for wait := time.Duration(0); ; wait += 7 * time.Millisecond {
			// With all sent, the kill comes some time later each time, until the answer was faster.
			answered, late, killed := false, make(chan *time.Timer, 1), make(chan struct{})
			resp, err := n.post(ctx, "restore", &after{Reader: bytes.NewReader(file), bytes: at, then: func() {
				if at < len(file) {
					send(t, n.Pods[0], syscall.SIGKILL)
					return
				}
				late <- time.AfterFunc(wait, func() { defer close(killed); _ = n.Pods[0].Signal(syscall.SIGKILL) })
			}})
			if err == nil {
				answered = resp.StatusCode == http.StatusOK
				_ = resp.Body.Close()
			}
			kills++
			// It may have ended by itself to start anew: a kill that comes late must not meet the next process.
			n.Pods[0].Wait()
			select {
			case kill := <-late:
				if !kill.Stop() {
					<-killed
				}
			default:
			}
			n.again(t, ctx)
			info, err := n.info(ctx)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case info.Last > entries:
				restored++
			case info.Last > 40:
				t.Fatalf("%d of %d entries are there", info.Last, entries)
			case answered:
				t.Fatal("it was answered, and is not there")
			}
			if at < len(file) || restored > 0 || wait > time.Minute {
				break
			}
		}
	}
	if restored == 0 {
		t.Fatal("it was never restored")
	}
	send(t, n.Pods[0], syscall.SIGTERM)
	n.Pods[0].Wait()
	if n.Ledger, err = ledger.Open(ctx, ledger.Options{URL: "sqlite://" + n.volume, Desk: "acme"}); err != nil {
		t.Fatal(err)
	}
	if got := messages(t, ctx, n.Ledger, entries); !slices.Equal(got, want) {
		t.Errorf("%d messages are there, want %d", len(got), len(want))
	}
	left, err := filepath.Glob(n.volume + ".rest*")
	if err != nil || slices.ContainsFunc(left, func(p string) bool { return filepath.Ext(p) == ".restored" }) {
		t.Errorf("left: %q, %v", left, err)
	}
	t.Logf("%d kills; %d entries in %d bytes", kills, entries, len(file))
}

func TestARestoreOfSomethingElseChangesNothing(t *testing.T) {
	ctx := within(t)
	m := movableDesk(t, ctx)
	for body, code := range map[string]string{"": protocol.CodeBadBackup, "kind: Queue": protocol.CodeBadBackup, "age-encryption.org/v1\n-> X": protocol.CodeBadBackup} {
		resp, err := m.post(ctx, "restore", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusConflict || !bytes.Contains(b, []byte(code)) {
			t.Errorf("%q: %d %s, %v", body, resp.StatusCode, b, err)
		}
	}
	if code, err := ready(ctx, m.Pods[0]); err != nil || code != http.StatusOK {
		t.Errorf("the desk is ready: %d, %v", code, err)
	}
}
