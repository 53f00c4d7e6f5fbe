package archive_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

var update = flag.Bool("update", false, "write the golden files anew")

// routed are settings of a desk that offers, moves and hands on.
func routed() settings.Settings {
	s := settings.Settings{
		Desk: settings.Desk{Name: "acme"},
		Teams: []settings.Team{
			{Name: "tier1", Generation: 1, MaxConversations: 3, Members: []settings.Member{
				{Name: "ana", DisplayName: "Ana Lind", Role: settings.RoleAdmin}, {Name: "ben", DisplayName: "Ben Okoro"},
				{Name: "cem"}, {Name: "dan"}, {Name: "eve"}}},
			{Name: "tier2", Generation: 1, Members: []settings.Member{{Name: "fay", DisplayName: "Fay"}}},
		},
		Queues: []settings.Queue{
			{Name: "billing", Generation: 2, Teams: []string{"tier2"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue}},
			{
				Name: "support", Generation: 5, Teams: []string{"tier1"}, WhenBusy: settings.WhenBusy{Offer: settings.OfferQueue},
				Distribution: settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: settings.StrategyLeastBusy},
				WaitingRules: []settings.WaitingRule{{AfterSeconds: 60, Action: settings.RuleAlert},
					{AfterSeconds: 120, Action: settings.RuleMove, Queue: "gone"}, {AfterSeconds: 180, Action: settings.RuleMove, Queue: "billing"}},
				Thresholds: settings.Thresholds{Idle: settings.IdleFree, IdleAfterSeconds: 600},
				Issues:     []settings.Issue{{Name: "invoice", DisplayName: "An invoice", Team: "tier2", Priority: 5}},
			},
		},
		Channels: []settings.Channel{
			{Name: "web", Type: settings.ChannelWeb, Queue: "support", Unavailable: settings.Unavailable{Action: settings.UnavailableContactForm}}},
	}
	s.Sort()
	return s
}

// tale writes the steps of conversations as an operator reads them, times from the first on.
func tale(t *testing.T, a *archive.Archive, ids ...string) string {
	t.Helper()
	var b strings.Builder
	for _, id := range ids {
		steps, err := a.Steps(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", id)
		for _, s := range steps {
			fmt.Fprintf(&b, "%6s  %-11s %s  [%s %d]\n", time.Duration(s.At-steps[0].At)*time.Millisecond, s.Type, s.Text, s.Queue, s.Generation)
			if s.Strategy != "" || len(s.Passed) > 0 {
				fmt.Fprintf(&b, "        %s free %d passed %v\n", s.Strategy, s.Free, s.Passed)
			}
			for _, c := range s.Candidates {
				fmt.Fprintf(&b, "        - %s %d/%d %s\n", c.Agent, c.Load, c.Limit, c.Passed)
			}
		}
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s\nnot\n%s", path, got, want)
	}
}

// day is a world in which much was decided about four conversations.
func day(t *testing.T) (*world, []string) {
	w := newWorld(t)
	w.apply(routed())
	w.online("ana", "ben", "cem", "dan")
	presence := func(agent string, p desk.Presence) {
		w.must(desk.SetPresence{Origin: w.by(desk.AgentPrincipal(agent)), Agent: agent, Presence: p})
	}
	accept := func(agent, id string) {
		t.Helper()
		w.must(desk.Accept{Origin: w.by(desk.AgentPrincipal(agent)), Agent: agent, Conversation: desk.ConversationID(id)})
	}
	presence("cem", desk.Away)
	presence("dan", desk.FinishMine)
	// The first is offered to one, who refuses, and then to the other.
	maria := w.join("s1", "web", "Where is my parcel?")
	offered := w.s.Conversations[desk.ConversationID(maria)].Agent
	other := map[string]string{"ana": "ben", "ben": "ana"}[offered]
	w.pass(4 * time.Second)
	w.must(desk.Refuse{Origin: w.by(desk.AgentPrincipal(offered)), Agent: offered, Conversation: desk.ConversationID(maria)})
	w.pass(8 * time.Second)
	accept(other, maria)
	// Ben has one, so the next goes to Ana.
	pekka := w.join("s2", "web", "")
	w.pass(5 * time.Second)
	accept(w.s.Conversations[desk.ConversationID(pekka)].Agent, pekka)
	one := desk.ConversationID(maria)
	owner := desk.AgentPrincipal(other)
	// Invitations, sharing, leaving.
	w.online("fay")
	w.must(desk.Invite{Origin: w.by(owner), Agent: other, Conversation: one, To: desk.Target{Kind: desk.ToTeam, Name: "tier2"}, Note: "knows parcels"})
	w.must(desk.Invite{Origin: w.by(owner), Agent: other, Conversation: one, To: desk.Target{Kind: desk.ToAgent, Name: "dan"}})
	w.must(desk.Decline{Origin: w.by("a:dan"), Agent: "dan", Conversation: one})
	w.must(desk.Invite{Origin: w.by(owner), Agent: other, Conversation: one, To: desk.Target{Kind: desk.ToAgent, Name: "cem"}})
	w.must(desk.Uninvite{Origin: w.by(owner), Agent: other, Conversation: one, To: desk.Target{Kind: desk.ToAgent, Name: "cem"}})
	w.must(desk.Enter{Origin: w.by("a:fay"), Agent: "fay", Conversation: one})
	w.must(desk.Say{Origin: w.by("a:fay"), Conversation: one, Text: "It is on its way."})
	w.must(desk.Leave{Origin: w.by(owner), Agent: other, Conversation: one})
	// Handed to a person, who declines; then to a queue.
	w.pass(time.Minute)
	w.must(desk.Transfer{Origin: w.by("a:fay"), Agent: "fay", Conversation: one, To: desk.Target{Kind: desk.ToAgent, Name: "eve"}, Note: "speaks Finnish"})
	w.must(desk.Decline{Origin: w.by("a:eve"), Agent: "eve", Conversation: one})
	w.must(desk.Pick{Origin: w.by("a:fay"), Agent: "fay", Conversation: one})
	w.must(desk.Transfer{Origin: w.by("a:fay"), Agent: "fay", Conversation: one, To: desk.Target{Kind: desk.ToQueue, Name: "billing"}})
	w.must(desk.Pick{Origin: w.by("a:fay"), Agent: "fay", Queue: "billing"})
	w.must(desk.End{Origin: w.by("a:fay"), Conversation: one})
	// Everybody is gone: the rules of waiting have their turn, and the customer gives up after having written.
	for _, agent := range []string{"ana", "ben"} {
		presence(agent, desk.Away)
	}
	liisa := w.join("s3", "web", "Hello?")
	for range 20 {
		w.pass(10 * time.Second)
	}
	w.must(desk.End{Origin: w.by("s:s3")})
	w.must(desk.Say{Origin: w.by("s:s3"), Text: "Still here"})
	w.must(desk.Disconnect{Principal: "s:s3", Gateway: "g"})
	w.pass(2 * time.Minute)
	// An issue that a team owns, and a contact form.
	session := desk.CustomerPrincipal("s4")
	aino := w.must(desk.Join{Origin: w.by(session), Session: "s4", Channel: "web", Name: "Aino", Issue: "support/invoice"})
	w.must(desk.Connect{Principal: session, Gateway: "g"})
	w.must(desk.Pick{Origin: w.by("a:fay"), Agent: "fay", Team: "tier2"})
	w.must(desk.Disconnect{Principal: "a:fay", Gateway: "g"})
	w.pass(31 * time.Second)
	form := w.must(desk.Contact{Origin: w.by("s:s5"), Session: "s5", Channel: "web", Email: "olli@example.org", Phone: "+358 40 1", Text: "Please call"})
	w.must(desk.LockKeys{Source: "192.0.2.7", Tries: 10, Until: w.now.Add(15 * time.Minute).UnixMilli()})
	return w, []string{maria, pekka, liisa, string(aino.Conversation), string(form.Conversation)}
}

func caughtUp(t *testing.T, w *world) *archive.Archive {
	t.Helper()
	a := open(t, filepath.Join(t.TempDir(), "archive.db"))
	run(t, a, w.read)
	wait(t, a, w.s.Seq)
	return a
}

func TestAnExplanationTellsEachDecisionInASentence(t *testing.T) {
	w, ids := day(t)
	golden(t, "steps", tale(t, caughtUp(t, w), ids...))
}

func TestTheLogTellsWhereAConversationWentInTheLogsOfBothQueues(t *testing.T) {
	w, ids := day(t)
	a := caughtUp(t, w)
	lines := func(queue string) string {
		t.Helper()
		entries, err := a.Log(t.Context(), queue, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(entries)
		var b strings.Builder
		fmt.Fprintf(&b, "queue %q\n", queue)
		for _, e := range entries {
			if e.Queue != queue {
				t.Errorf("a line of %q is in the log of %q", e.Queue, queue)
			}
			to := ""
			if e.To != nil {
				to = e.To.Kind + "/" + e.To.Name
			}
			fmt.Fprintf(&b, "%-11s by=%s to=%s cause=%s reason=%q conversation=%s name=%q generation=%d waited=%d\n",
				e.Type, e.By, to, e.Cause, e.Reason, e.Conversation, e.Name, e.Generation, e.WaitedMS)
		}
		return b.String()
	}
	golden(t, "log", lines("support")+lines("billing")+lines(""))
	c, err := a.Conversation(t.Context(), ids[4])
	if err != nil || c.Email != "olli@example.org" || c.Phone != "+358 40 1" || c.Inactive != "contact" || c.EndedAt != 0 {
		t.Errorf("the contact form reads %+v, %v", c, err)
	}
	if c, err := a.Conversation(t.Context(), ids[0]); err != nil || !reflect.DeepEqual(c.Served, []string{"ben", "fay"}) && !reflect.DeepEqual(c.Served, []string{"ana", "fay"}) {
		t.Errorf("the first was served by %v, %v", c.Served, err)
	}
}

func TestAConversationThatNeverWasHasNoSteps(t *testing.T) {
	w, _ := day(t)
	a := caughtUp(t, w)
	for _, id := range []string{"", "c999", "c1'--", "\x00", strings.Repeat("c", 1<<16)} {
		if steps, err := a.Steps(t.Context(), id); !errors.Is(err, archive.ErrNotFound) || steps != nil {
			t.Errorf("%.20q gives %v, %v", id, steps, err)
		}
	}
}

func TestOfAConversationThatWentToAndFroTheNewestStepsAreTold(t *testing.T) {
	w := newWorld(t)
	w.apply(sample(1))
	w.online("ana")
	id := desk.ConversationID(w.join("s1", "web", ""))
	for range archive.MaxSteps {
		w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
		w.must(desk.Leave{Origin: w.by("a:ana"), Agent: "ana", Conversation: id})
	}
	steps, err := caughtUp(t, w).Steps(t.Context(), string(id))
	if err != nil || len(steps) != archive.MaxSteps {
		t.Fatalf("%d steps, %v", len(steps), err)
	}
	if last := steps[len(steps)-1]; last.Seq != w.s.Seq || last.Type != "returned" {
		t.Errorf("the last step is %+v, the world is at %d", last, w.s.Seq)
	}
	if !slices.IsSortedFunc(steps, func(a, b protocol.Step) int { return int(a.Seq) - int(b.Seq) }) {
		t.Error("the steps are in no order")
	}
}

// The archive follows the events by rules of its own; they must lead where the desk's lead.
func TestTheArchiveKnowsOfEachConversationWhatTheDeskKnows(t *testing.T) {
	places := map[desk.Place]int{}
	for seed := range uint64(20) {
		w := wandered(t, seed, 1500)
		a := caughtUp(t, w)
		for id, c := range w.s.Conversations {
			places[c.Place]++
			got, err := a.Conversation(t.Context(), string(id))
			if err != nil {
				t.Fatal(err)
			}
			want := archive.Conversation{
				ID: string(id), Queue: c.Queue, Channel: c.Channel, Session: c.Session, Name: c.Name, Page: c.Page, Email: c.Email,
				Phone: c.Phone, Issue: c.Issue, ArrivedAt: c.ArrivedAt, Agent: c.Agent, ForTeam: c.ForTeam, ForAgent: c.ForAgent,
				StartedAt: c.StartedAt, EndedAt: c.EndedAt,
				Served: got.Served, EndedBy: got.EndedBy, EndedWhy: got.EndedWhy, Inactive: got.Inactive,
			}
			if c.Place == desk.Inactive {
				want.Inactive = string(c.EndedWhy)
			} else {
				want.EndedWhy = string(c.EndedWhy)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d\n got %+v\nwant %+v", seed, got, want)
			}
			if c.Place == desk.InService {
				for _, agent := range c.Agents() {
					if !slices.Contains(got.Served, agent) {
						t.Errorf("%s is in %s and may not read it later: %v", agent, id, got.Served)
					}
				}
			}
			steps, err := a.Steps(t.Context(), string(id))
			if err != nil || (steps[0].Type != "joined" && steps[0].Type != "contact") {
				t.Fatalf("%s begins with %+v, %v", id, steps, err)
			}
		}
	}
	if len(places) < 5 {
		t.Errorf("they came only to %v", places)
	}
}
