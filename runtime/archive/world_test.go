package archive_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// world drives a desk as the router does. Its records are what a ledger would have.
type world struct {
	t   testing.TB
	s   *desk.State
	now time.Time
	cid uint64

	mu  sync.Mutex // of the log: the archive reads it while the world goes on
	log []desk.Record
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, s: desk.New(), now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	w.must(desk.Start{Epoch: 1})
	w.apply(sample(1))
	return w
}

// strategies are chosen by the generation of the settings.
var strategies = [...]settings.Strategy{
	"", settings.StrategyLeastBusy, settings.StrategyLongestIdle, settings.StrategyRoundRobin, settings.StrategySkillsThenLeastBusy,
	settings.StrategyRandom,
}

func sample(generation int64) settings.Settings {
	s := settings.Settings{
		Desk: settings.Desk{Name: "acme"},
		Teams: []settings.Team{
			{Name: "tier1", Generation: 1, MaxConversations: 5, Members: []settings.Member{
				{Name: "ana", Role: settings.RoleAdmin}, {Name: "ben", Subject: "ben@acme.example"}}},
			{Name: "tier2", Generation: 1, MaxConversations: 3, Members: []settings.Member{
				{Name: "ben", DisplayName: "Ben Okoro"}, {Name: "cem", DisplayName: "Cem", Skills: []string{"de"}}, {Name: "dan"}}},
		},
		Queues: []settings.Queue{
			{Name: "sales", Generation: 7, Teams: []string{"tier1"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}},
			{Name: "support", Generation: generation, Teams: []string{"tier1"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}},
			{
				Name: "vip", Generation: 3, Teams: []string{"tier2"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue},
				Distribution: settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: strategies[int(generation)%len(strategies)], RequiredSkills: []string{"de"}},
				WaitingRules: []settings.WaitingRule{
					{AfterSeconds: 20, Action: settings.RuleAlert}, {AfterSeconds: 40, Action: settings.RuleMove, Queue: "support"},
					{AfterSeconds: 60, Action: settings.RuleMove, Queue: "nowhere"}},
				Thresholds: settings.Thresholds{AgentLost: settings.LostToPending, Idle: settings.IdleFree, IdleAfterSeconds: 60},
				Issues: []settings.Issue{
					{Name: "order", DisplayName: "An order", Team: "tier1"}, {Name: "gold", RequiredSkills: []string{"de"}, Priority: 7}},
			},
		},
		Channels: []settings.Channel{
			{Name: "shop", Type: settings.ChannelWeb, Queue: "sales"},
			{Name: "vip", Type: settings.ChannelWeb, Queue: "vip", Unavailable: settings.Unavailable{Action: settings.UnavailableContactForm}},
			{Name: "web", Type: settings.ChannelWeb, Queue: "support"}},
	}
	s.Sort()
	return s
}

func (w *world) apply(s settings.Settings) {
	w.t.Helper()
	if err := s.Validate(); err != nil {
		w.t.Fatal(err)
	}
	w.must(desk.ApplySettings{Settings: s})
}

func (w *world) do(c desk.Command) (desk.Decision, error) {
	d, err := desk.Decide(w.s, c, w.now)
	if err != nil {
		return d, err
	}
	w.record(d, desk.OriginOf(c))
	for {
		at, ok := w.s.NextDeadline()
		if !ok || at > desk.Millis(w.now) {
			return d, nil
		}
		tick, err := desk.Decide(w.s, desk.Tick{}, w.now)
		if err != nil {
			return d, err
		}
		w.record(tick, nil)
	}
}

func (w *world) record(d desk.Decision, o *desk.Origin) {
	for i, e := range d.Events {
		r := desk.Record{Seq: w.s.Seq + 1, At: desk.Millis(w.now), Event: e}
		if i == 0 {
			r.Origin = o
		}
		w.s.Apply(r)
		w.mu.Lock()
		w.log = append(w.log, r)
		w.mu.Unlock()
	}
}

func (w *world) must(c desk.Command) desk.Decision {
	w.t.Helper()
	d, err := w.do(c)
	if err != nil {
		w.t.Fatalf("%T: %v", c, err)
	}
	return d
}

func (w *world) by(p desk.Principal) desk.Origin {
	w.cid++
	return desk.Origin{Principal: p, Client: "client-1", CID: w.cid}
}

func (w *world) online(agents ...string) {
	for _, a := range agents {
		w.must(desk.Connect{Principal: desk.AgentPrincipal(a), Gateway: "g"})
	}
}

func (w *world) join(session, channel, text string) string {
	w.t.Helper()
	p := desk.CustomerPrincipal(session)
	d := w.must(desk.Join{Origin: w.by(p), Session: session, Channel: channel, Name: "name of " + session, Page: "https://acme.example/", Text: text})
	w.must(desk.Connect{Principal: p, Gateway: "g"})
	return string(d.Conversation)
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.must(desk.Tick{})
}

// wander lets so many random things happen; commands that are refused are part of it.
func (w *world) wander(r *rand.Rand, steps int) {
	agents := []string{"ana", "ben", "cem", "dan"}
	for range steps {
		agent := agents[r.IntN(len(agents))]
		session := fmt.Sprintf("s%d", r.IntN(20))
		a, c := desk.AgentPrincipal(agent), desk.CustomerPrincipal(session)
		var conversation desk.ConversationID
		if list := w.s.ConversationsOf(agent); len(list) > 0 {
			conversation = list[r.IntN(len(list))].ID
		}
		w.now = w.now.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
		target := []desk.Target{{Kind: desk.ToAgent, Name: agents[r.IntN(len(agents))]},
			{Kind: desk.ToTeam, Name: "tier" + fmt.Sprint(1+r.IntN(2))}, {Kind: desk.ToQueue, Name: []string{"sales", "support", "vip"}[r.IntN(3)]}}[r.IntN(3)]
		// Any that there is, of others too.
		any := desk.ConversationID(fmt.Sprintf("c%d", 1+r.IntN(1+int(w.s.LastConversation))))
		var command desk.Command
		switch n := r.IntN(160); {
		case n < 12:
			command = desk.Join{Origin: w.by(c), Session: session, Channel: []string{"web", "shop", "vip"}[r.IntN(3)], Text: strings.Repeat("where ", r.IntN(3))}
		case n < 18:
			command = desk.Connect{Principal: c, Gateway: "g"}
		case n < 24:
			command = desk.Disconnect{Principal: c, Gateway: "g"}
		case n < 36:
			command = desk.Pick{Origin: w.by(a), Agent: agent}
		case n < 55:
			command = desk.Say{Origin: w.by(c), Text: fmt.Sprintf("customer %d", n)}
		case n < 74:
			command = desk.Say{Origin: w.by(a), Conversation: conversation, Text: fmt.Sprintf("agent %d", n)}
		case n < 80:
			command = desk.End{Origin: w.by(a), Conversation: conversation}
		case n < 84:
			command = desk.End{Origin: w.by(c)}
		case n < 87:
			command = desk.Accept{Origin: w.by(a), Agent: agent, Conversation: conversation}
		case n < 89:
			command = desk.Refuse{Origin: w.by(a), Agent: agent, Conversation: conversation}
		case n < 91:
			command = desk.Leave{Origin: w.by(a), Agent: agent, Conversation: conversation}
		case n < 94:
			command = desk.Connect{Principal: a, Gateway: "g"}
		case n < 95:
			command = desk.Disconnect{Principal: a, Gateway: "g"}
		case n < 97:
			state := []settings.QueueState{"", settings.QueueOpen, settings.QueueClosed}[r.IntN(3)]
			command = desk.Switch{Origin: w.by(a), Agent: agent, ID: fmt.Sprintf("r%d", w.cid), Queue: "support", State: state, Reason: "drill"}
		case n < 99:
			s := sample(int64(1 + r.IntN(5)))
			if request, ok := w.s.Requests["support"]; ok {
				s.Queues[1].OverrideAnswer = &settings.OverrideAnswer{Request: request.ID, Refused: []string{"", "someone holds it"}[r.IntN(2)]}
			}
			command = desk.ApplySettings{Settings: s}
		case n < 104:
			command = desk.Transfer{Origin: w.by(a), Agent: agent, Conversation: conversation, To: target, Note: strings.Repeat("note", r.IntN(2))}
		case n < 110:
			command = desk.Invite{Origin: w.by(a), Agent: agent, Conversation: conversation, To: target}
		case n < 112:
			command = desk.Uninvite{Origin: w.by(a), Agent: agent, Conversation: conversation, To: target}
		case n < 120:
			command = desk.Enter{Origin: w.by(a), Agent: agent, Conversation: any}
		case n < 124:
			command = desk.Decline{Origin: w.by(a), Agent: agent, Conversation: any}
		case n < 127:
			command = desk.Contact{Origin: w.by(c), Session: session, Channel: "vip", Name: "N", Email: "n@example.org", Text: "call me"}
		case n < 130:
			command = desk.Join{Origin: w.by(c), Session: session, Channel: "vip", Issue: []string{"vip/order", "vip/gold"}[r.IntN(2)]}
		case n < 132:
			command = desk.Join{Origin: w.by(c), Session: session, Channel: "web", To: target}
		case n < 136:
			command = desk.Post{Origin: w.by(a), Agent: agent, Room: []desk.RoomID{desk.TeamRoom("tier1"), desk.TeamRoom("tier2"), desk.PrivateRoom("ana", "cem")}[r.IntN(3)], Text: "free?"}
		case n < 138:
			command = desk.SetPresence{Origin: w.by(a), Agent: agent, Presence: []desk.Presence{desk.Available, desk.Away, desk.FinishMine}[r.IntN(3)]}
		case n < 140:
			command = desk.LockKeys{Source: "192.0.2.7", Tries: 10, Until: w.now.Add(time.Hour).UnixMilli()}
		case n < 142:
			command = desk.Erase{Conversations: []desk.ConversationID{any}, By: "dpo", Why: "asked for", Cause: desk.ErasedRequest, End: n == 141}
		case n < 150:
			command = desk.Connect{Principal: a, Gateway: "g"}
		default:
			w.now = w.now.Add(time.Duration(r.IntN(90)) * time.Second)
			command = desk.Tick{}
		}
		_, err := w.do(command)
		var refused *desk.Error
		if err != nil && !errors.As(err, &refused) {
			w.t.Fatal(err)
		}
	}
}

// records are those after a sequence, up to and with another; 0 is the last.
func (w *world) records(after, last uint64) []desk.Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last == 0 {
		last = uint64(len(w.log))
	}
	return append([]desk.Record(nil), w.log[min(after, last):last]...)
}

// read is the world's ledger.
func (w *world) read(_ context.Context, after uint64) iter.Seq2[desk.Record, error] {
	return upTo(w, 0)(nil, after)
}

// upTo is a ledger that ends early.
func upTo(w *world, last uint64) archive.Read {
	return func(_ context.Context, after uint64) iter.Seq2[desk.Record, error] {
		return func(yield func(desk.Record, error) bool) {
			for _, r := range w.records(after, last) {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// open opens an archive for the time of the test.
func open(t testing.TB, path string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(t.Context(), path, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// run runs an archive until stop is called or the test ends.
func run(t testing.TB, a *archive.Archive, read archive.Read) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, read) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// wait waits for a sequence, through stalls.
func wait(t testing.TB, a *archive.Archive, seq uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := a.Wait(ctx, seq); err != nil {
		t.Fatal(err)
	}
}

// rebuilt is an archive file that was filled from a ledger at once.
func rebuilt(t testing.TB, read archive.Read, last uint64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rebuilt.db")
	a := open(t, path)
	stop := run(t, a, read)
	wait(t, a, last)
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// dump is everything in an archive file, as text in one order.
func dump(t testing.TB, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out []string
	for _, table := range []string{"position", "conversation", "served", "said", "log", "step", "post", "resource", "request", "member", "reach"} {
		found, err := db.Query("select * from " + table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := found.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for found.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := found.Scan(values...); err != nil {
				t.Fatal(err)
			}
			if table == "said" { // as single messages: what is in a row with what is of no account
				var messages []cbor.RawMessage
				if err := cbor.Unmarshal((*values[3].(*any)).([]byte), &messages); err != nil {
					t.Fatal(err)
				}
				for _, m := range messages {
					out = append(out, fmt.Sprintf("said conversation=%v %x", *values[2].(*any), m))
				}
				continue
			}
			line := table
			for i, v := range values {
				line += fmt.Sprintf(" %s=%v", columns[i], *v.(*any))
			}
			out = append(out, line)
		}
		if err := found.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// alike fails with the first line that differs.
func alike(t testing.TB, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("row %d of %d and %d\n got %s\nwant %s", i, len(g), len(w), g[i], w[i])
		}
	}
	t.Fatalf("%d rows, want %d", len(g), len(w))
}

// positionOf is how far an archive file is.
func positionOf(t testing.TB, path string) (seq uint64) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("select seq from position").Scan(&seq); err != nil {
		t.Fatal(err)
	}
	return seq
}
