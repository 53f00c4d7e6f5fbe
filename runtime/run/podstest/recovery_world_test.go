package podstest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/run/podstest"
)

// archived is a desk on a server that archives, set and saved as docs/operations.md says.
type archived struct {
	*podstest.Desk
	t        *testing.T
	own      *pgtest.Server
	place    string // of the archive and the backups
	store    string // URL of the desk's database
	says     *heardLines
	controls []string
	operator *http.Client
}

const (
	recoverySection = "### Recovery to a moment"
	documentedTime  = "2026-11-21 12:04:10.5+00"
)

// Blocks of the section, in their order.
const (
	blockSettings = iota
	blockBackup
	blockName
	blockLastWords
	blockCopy
	blockTarget
	blockIsOver
	blocksOfRecovery
)

// heardLines keeps what the pods say.
type heardLines struct {
	*lines
	mu   sync.Mutex
	text strings.Builder
}

func (h *heardLines) Write(b []byte) (int, error) {
	h.mu.Lock()
	h.text.Write(b)
	h.mu.Unlock()
	return h.lines.Write(b)
}

func (h *heardLines) has(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Contains(h.text.String(), text)
}

// block is a documented one, for a server.
func (a *archived) block(n int, s *pgtest.Server) []string {
	a.t.Helper()
	pairs := []string{"/archive", a.place + "/archive", "/backups", a.place + "/backups", "--username=postgres", "--username=usher"}
	if s != nil {
		host, port, err := net.SplitHostPort(s.Address())
		if err != nil {
			a.t.Fatal(err)
		}
		at := "--host=" + host + " --port=" + port
		pairs = append(pairs, "--host=db-1", at, "--host=db-2", at, "/var/lib/postgresql/15/main", s.Data())
	}
	blocks := documented(a.t, recoverySection, strings.NewReplacer(pairs...))
	if len(blocks) != blocksOfRecovery {
		a.t.Fatalf("docs/operations.md has %d blocks on a recovery, this test knows %d", len(blocks), blocksOfRecovery)
	}
	return blocks[n]
}

// do runs the commands of a block and gives what the last one says.
func (a *archived) do(ctx context.Context, n int, s *pgtest.Server) (out string, err error) {
	for _, command := range a.block(n, s) {
		if out, err = s.Shell(ctx, command); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (a *archived) must(ctx context.Context, n int, s *pgtest.Server) string {
	a.t.Helper()
	out, err := a.do(ctx, n, s)
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

func archivedDesk(t *testing.T, ctx context.Context) *archived {
	t.Helper()
	a := &archived{t: t, says: &heardLines{lines: &lines{t: t}}}
	var err error
	if a.place, err = pgtest.Place("archive", "backups"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(a.place); err != nil {
			t.Error(err)
		}
	})
	if a.own, err = pgtest.StartSystem(a.block(blockSettings, nil)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.own.Stop(); err != nil {
			t.Error(err)
		}
	})
	if a.store, err = a.own.NewDatabase(ctx); err != nil {
		t.Fatal(err)
	}
	secret, control := t.TempDir(), ""
	if err := os.WriteFile(filepath.Join(secret, "uri"), []byte(a.store), 0o600); err != nil {
		t.Fatal(err)
	}
	control, a.operator, _ = controllers(t, "acme")
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		a.controls = append(a.controls, l.Addr().String())
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a.Desk = pods(t, ctx, func(o *podstest.Options) {
		o.Store, o.StoreDir, o.Log = a.store, secret, a.says
		for i := range o.Settings.Queues { // however long the recovery takes here, everybody is still expected back
			o.Settings.Queues[i].Thresholds.AgentLostSeconds = 3600
			o.Settings.Queues[i].Thresholds.CustomerLostSeconds = 3600
		}
		o.ArgsOf = func(pod int) []string { return []string{"--control", a.controls[pod], "--control-tls", control} }
	})
	return a
}

// control asks the control port of a pod.
func control[A any](ctx context.Context, a *archived, pod int, method, path string, body any) A {
	a.t.Helper()
	var answer A
	b, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://"+a.controls[pod]+"/control/v1/"+path, bytes.NewReader(b))
	if err != nil {
		a.t.Fatal(err)
	}
	response, err := a.operator.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %s: %s, %v", method, path, response.Status, err)
	}
	return answer
}

func (a *archived) erase(ctx context.Context, conversation string) {
	a.t.Helper()
	answer := control[protocol.Erasure](ctx, a, 0, http.MethodPost, "erasures",
		protocol.EraseRequest{Conversation: conversation, End: true, By: "the test", Reason: "asked for"})
	if len(answer.Conversations) != 1 || !answer.Done {
		a.t.Fatalf("%s was not erased: %+v", conversation, answer)
	}
}

// query reads one value from a server.
func query[V any](ctx context.Context, t *testing.T, url, statement string) (v V) {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.QueryRow(ctx, statement).Scan(&v); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return v
}

// recover makes a server of the backup and the archive, up to a target, which stands in the place of the documented time;
// with the log that the lost server had not archived, if there is one.
func (a *archived) recover(ctx context.Context, target, wal string) (*pgtest.Server, error) {
	var settings []string
	for _, line := range a.block(blockTarget, nil) {
		if strings.HasPrefix(line, "recovery_target_time") {
			if line = target; line == "" {
				continue
			}
		}
		settings = append(settings, line)
	}
	next, err := a.own.Successor(func(next *pgtest.Server) error {
		if _, err := a.do(ctx, blockCopy, next); err != nil || wal == "" {
			return err
		}
		_, err := next.Shell(ctx, "rm -rf "+next.Data()+"/pg_wal && cp -a "+wal+" "+next.Data()+"/pg_wal")
		return err
	}, settings...)
	if err != nil {
		return nil, err
	}
	a.t.Cleanup(func() {
		if err := next.Stop(); err != nil {
			a.t.Error(err)
		}
	})
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := a.do(ctx, blockIsOver, next)
		if strings.TrimSpace(out) == "f" && err == nil {
			return next, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the recovery does not come to its end: %q: %w", out, err)
		case <-tick.C:
		}
	}
}

// at is the URL of the desk's database on another server.
func (a *archived) at(s *pgtest.Server) string {
	return strings.Replace(a.store, a.own.Address(), s.Address(), 1)
}

// spoken is a message that was acknowledged.
type spoken struct {
	conversation, from, text string
	sent, acked              time.Time
	seq                      uint64
}

// speech is what people say, in the order of each of them.
type speech struct {
	mu sync.Mutex
	by map[string][]spoken
}

// last is the highest sequence that was acknowledged.
func (s *speech) last() (seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.by {
		if len(one) > 0 {
			seq = max(seq, one[len(one)-1].seq)
		}
	}
	return seq
}

// since waits until everybody has had so many answers more.
func (s *speech) since(t *testing.T, ctx context.Context, more int) {
	t.Helper()
	s.mu.Lock()
	want := map[string]int{}
	for name, one := range s.by {
		want[name] = len(one) + more
	}
	s.mu.Unlock()
	for {
		s.mu.Lock()
		behind := 0
		for name, n := range want {
			if len(s.by[name]) < n {
				behind++
			}
		}
		s.mu.Unlock()
		if behind == 0 {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%d of %d people have no answer", behind, len(want))
		}
		pause(ctx, 5*time.Millisecond)
	}
}

// talk lets all of them write until stop is called, which waits for the last answers.
func (s *speech) talk(t *testing.T, ctx context.Context, list []pair) (stop func()) {
	t.Helper()
	named := func(pair int, side string) string { return fmt.Sprint(side, " ", pair) }
	s.mu.Lock()
	for n := range list {
		s.by[named(n, "customer")], s.by[named(n, "agent")] = nil, nil
	}
	s.mu.Unlock()
	return paced(t, list, func(pair int, side string, w *podstest.Talker, turn int) error {
		name := named(pair, side)
		one := spoken{conversation: list[pair].agent.Conversation, from: side, text: fmt.Sprint(name, " says ", turn), sent: time.Now()}
		ack, err := w.Insist(ctx, protocol.Command{Type: protocol.TypeSay, Conversation: w.Conversation, Text: one.text})
		if err != nil {
			return err
		}
		one.acked, one.seq = time.Now(), ack.Seq
		s.mu.Lock()
		defer s.mu.Unlock()
		s.by[name] = append(s.by[name], one)
		return nil
	})
}

// written are the messages of a ledger, by conversation, side and text, with how often each is there and the last place.
func written(t *testing.T, ctx context.Context, l *ledger.Ledger) (seqs map[string][]uint64) {
	t.Helper()
	seqs = map[string][]uint64{}
	for record, err := range router.Records(ctx, l, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, is := record.Event.(desk.MessageSent); is {
			key := string(e.Conversation) + " " + string(e.From) + " " + e.Text
			seqs[key] = append(seqs[key], record.Seq)
		}
	}
	return seqs
}

// compare looks for what was said: that which is wanted must be there once and where the answer said, and that which is
// lost must not be.
func (s *speech) compare(t *testing.T, ctx context.Context, l *ledger.Ledger, what string, wanted, lost func(spoken) bool) {
	t.Helper()
	there := written(t, ctx, l)
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, gone, missing, doubled, elsewhere, disordered, back := 0, 0, 0, 0, 0, 0, 0
	for _, list := range s.by {
		last := uint64(0)
		for _, one := range list {
			at := there[one.conversation+" "+one.from+" "+one.text]
			switch {
			case lost(one):
				gone++
				if len(at) > 0 {
					back++
				}
			case !wanted(one):
			case len(at) == 0:
				missing++
			case len(at) > 1:
				doubled++
			case at[0] != one.seq:
				elsewhere++
			case at[0] <= last:
				disordered++
			default:
				kept++
				last = at[0]
			}
		}
	}
	t.Logf("%s: %d there; missing %d, doubled %d, elsewhere %d, out of order %d; of %d that were lost %d are there", what,
		kept, missing, doubled, elsewhere, disordered, gone, back)
	if kept == 0 || missing+doubled+elsewhere+disordered+back > 0 {
		t.Errorf("%s: the ledger is not what was acknowledged", what)
	}
}

// chains are the chain of a ledger after each of its groups.
func chains(t *testing.T, ctx context.Context, l *ledger.Ledger) (after map[ledger.Position]ledger.Chain, last ledger.Chain) {
	t.Helper()
	after = map[ledger.Position]ledger.Chain{}
	end, err := l.Last(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range l.Rows(ctx, 0, end) {
		if err == nil {
			err = last.Add(row)
		}
		if err != nil {
			t.Fatal(err)
		}
		after[last.Last] = last
	}
	return after, last
}
