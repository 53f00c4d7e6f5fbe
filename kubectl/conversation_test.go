package kubectl

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// automatic is the namespace's desk, whose queue support offers to whoever has least to do.
func automatic(t *testing.T) *served {
	t.Helper()
	s := onRuntime(t)
	s.settings.Queues[1].Distribution = settings.Distribution{Mode: settings.DistributionAutomatic, Strategy: settings.StrategyLeastBusy}
	s.settings.Queues[1].Generation = 2
	s.desk.Apply(s.settings)
	ana := s.desk.Agent("ana")
	s.until(ana, func(v *gatewaytest.View) bool {
		return v.Queues["support"].Mode == string(settings.DistributionAutomatic)
	})
	ana.Drop()
	return s
}

func (s *served) until(c *gatewaytest.Client, holds func(*gatewaytest.View) bool) {
	s.t.Helper()
	if err := c.Until(s.desk.Context(), holds); err != nil {
		s.t.Fatal(err)
	}
}

// offeredTo waits until the customer of a conversation is offered to one of several agents.
func (s *served) offeredTo(id string, agents map[string]*gatewaytest.Client) string {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for name, c := range agents {
			found := false
			c.Look(func(v *gatewaytest.View) {
				x, there := v.Conversations[id]
				found = there && x.State == protocol.StateOffered && x.Agent == name
			})
			if found {
				return name
			}
		}
	}
	s.t.Fatalf("%s is offered to nobody", id)
	return ""
}

func TestAConversationIsExplainedDecisionByDecision(t *testing.T) {
	s := automatic(t)
	s.apply(gitOps, desk)
	agents := map[string]*gatewaytest.Client{"ana": s.desk.Agent("ana"), "ben": s.desk.Agent("ben")}
	maria := s.desk.Customer("web", "")
	s.do(maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	one := s.offeredTo("c1", agents)
	s.do(agents[one], protocol.Command{Type: protocol.TypeRefuse, Conversation: "c1"})
	two := map[string]string{"ana": "ben", "ben": "ana"}[one]
	if got := s.offeredTo("c1", map[string]*gatewaytest.Client{two: agents[two]}); got != two {
		t.Fatalf("offered to %s", got)
	}
	s.do(agents[two], protocol.Command{Type: protocol.TypeAccept, Conversation: "c1"})
	s.do(agents[two], protocol.Command{Type: protocol.TypeTransfer, Conversation: "c1", To: &protocol.Target{Kind: "agent", Name: "cem"}, Text: "knows it"})

	r := s.run("explain", "conversation", "c1").done()
	person := map[string]string{"ana": "Ana Lind", "ben": "Ben Okoro"}
	for _, want := range []string{
		`(?m)^conversation/c1 · support · 6 steps$`,
		`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d E[ES]+T  joined       Maria came by channel web and waits in the line of queue support  \[2\]$`,
		`  offered      Offered to ` + person[one] + `: fewest conversations \(0 of \d+\).* of 2 free agents; 1 offline  \[2\]`,
		`(?m)^ +> ` + one + ` +0/\d+ .* chosen by LeastBusy$`,
		`(?m)^ +` + two + ` +0/\d+ .* ranked lower$`,
		`(?m)^ +cem +0/3 +offline$`,
		`  returned     ` + person[one] + ` refused the offer; back in the line of queue support`,
		`  offered      Offered to ` + person[two] + `: the only free agent \(0 of \d+ conversations\); 1 offline, 1 who refused before`,
		`(?m)^ +` + one + ` +0/\d+ .* refused this customer before$`,
		`  picked       ` + person[two] + ` \(team tier1\) accepted the offer; Maria had waited \d+s`,
		`  transferred  ` + person[two] + ` handed it to cem`,
	} {
		if !regexp.MustCompile(want).MatchString(r.out) {
			t.Errorf("no line %q in\n%s", want, r.out)
		}
	}
	if short := s.run("explain", "conversation/c1").done(); short.out != r.out {
		t.Errorf("by its name as printed it reads otherwise:\n%s", short.out)
	}
	var x protocol.Explanation
	if err := json.Unmarshal([]byte(s.run("explain", "conversation", "c1", "-o", "json").done().out), &x); err != nil {
		t.Fatal(err)
	}
	if x.Conversation != "c1" || len(x.Steps) != 6 || x.Steps[1].Strategy != "LeastBusy" || len(x.Steps[1].Candidates) != 3 || x.Steps[1].Generation != 2 {
		t.Errorf("as JSON it reads %+v", x)
	}
	s.run("explain", "conversation/c1", "-o", "yaml").done().names("conversation: c1", "strategy: LeastBusy", "passed: refused")
	s.width = 60
	for line := range strings.Lines(s.run("explain", "conversation", "c1").done().out) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 60 {
			t.Errorf("%d letters wide: %s", n, line)
		}
	}
	s.run("explain", "conversation", "c999").ends(ExitFailed).says("error: conversation c999 not found in desk " + s.namespace +
		"; the ids are in \"kubectl usher log QUEUE -n " + s.namespace + "\", behind the customers' names\n")
	s.run("log", "support", "--type", "transferred").done().names("transferred  Maria (c1) by " + two + " to cem")
	s.desk.Stop()
	s.run("explain", "conversation", "c1").ends(ExitFailed).names("the connection to the runtime of " + s.namespace + " failed")
}

func TestAQueueThatIsCalledConversationIsExplainedToo(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, "kind: Queue\nmetadata: {name: conversation}\nspec: {}\n")
	for _, args := range [][]string{{"explain", "queue", "conversation"}, {"explain", "queue/conversation"}, {"explain", "queue", "queue/conversation"}} {
		p.run(args...).done().names("queue/conversation is open")
	}
	p.run("explain", "conversation").ends(ExitUsage).names("name the conversation")
	p.run("__complete", "explain", "conv").done().names("conversation\tTell each decision", "conversation\n")
	p.run("__complete", "explain", "conversation", "").done().says(":4\n")
}

func TestTheDesksOwnLogTellsOfSessionKeysThatWereTried(t *testing.T) {
	s := onRuntime(t)
	mallory := s.desk.Customer("web", "")
	for range 1000 {
		_, err := mallory.Do(s.desk.Context(), protocol.Command{Type: protocol.TypeJoin, Key: "0000000"})
		if err == nil {
			t.Fatal("the key is good")
		}
		if strings.Contains(err.Error(), "rate_limited") {
			break
		}
	}
	// Whoever tries is answered before it stands in the log.
	line := regexp.MustCompile(`(?m)^\S+ \S+ UTC  keysLocked   until \S+.*: \d+ wrong session keys from 127\.0\.0\.1$`)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		r := s.run("log").done()
		if line.MatchString(r.out) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the desk's own log reads\n%s", r.out)
		}
	}
	s.run("log", "--type", "keysLocked", "-o", "json").done().names(`"type": "keysLocked"`)
	s.run("log", "support", "--type", "keysLocked").done().says("")
}

func TestTopShowsWhoIsInactiveAlertedAndWaitsForATeam(t *testing.T) {
	v := view{now: morning}
	report := settings.Report{
		Queues: map[string]settings.QueueFigures{"support": {State: settings.QueueOpen, Waiting: 3, Alerted: 2, Inactive: 4, PlacesLeft: -1}},
		Teams:  map[string]settings.TeamFigures{"tier1": {Online: 2}, "tier2": {Online: 3, Available: 1, Waiting: 5}},
	}
	r := result{t: t, args: "live", out: v.live("acme", report, map[string]zone{"support": {Location: time.UTC}})}
	r.names("INACTIVE", "  ! 2 waiting longer than a waiting rule says\n", "TEAM   WAITING  AGENTS\ntier2        5     1/3\n")
	if strings.Contains(r.out, "tier1") {
		t.Errorf("a team for which nobody waits is shown:\n%s", r.out)
	}
}

func TestEveryTypeOfTheLogHasWords(t *testing.T) {
	v, z := view{now: morning}, zone{Location: time.UTC}
	var b strings.Builder
	at := morning.UnixMilli()
	agent := &protocol.Target{Kind: "agent", Name: "ben"}
	team, queue := &protocol.Target{Kind: "team", Name: "tier2"}, &protocol.Target{Kind: "queue", Name: "overflow"}
	for _, e := range []protocol.LogEntry{
		{Type: "opened", Cause: "Schedule"}, {Type: "closed", Cause: "Override", By: "ana", Until: at + 3_600_000, Reason: "drill"},
		{Type: "joined", Cause: "web"}, {Type: "joined", Cause: "web", To: team}, {Type: "offered", By: "ana", Until: at + 30_000},
		{Type: "picked", By: "ana", Cause: "next", WaitedMS: 21_000}, {Type: "picked", By: "ana", Cause: "grab"}, {Type: "picked", By: "ana", Cause: "handed"},
		{Type: "returned", By: "ana", Cause: "refused"}, {Type: "returned", By: "ana", Cause: "lost", To: team}, {Type: "returned", By: "ben", Cause: "declined", To: agent},
		{Type: "returned", By: "ana", Cause: "signedOut"}, {Type: "left", Cause: "abandoned"}, {Type: "ended", By: "ana", Cause: "agent"},
		{Type: "override", Cause: "RequestedAuto", By: "ana"}, {Type: "settings", Cause: "Queue"}, {Type: "entered", By: "ben"},
		{Type: "exited", By: "ana", Cause: "left", To: agent}, {Type: "exited", By: "ana", Cause: "lost"},
		{Type: "transferred", By: "ana", To: agent, Reason: "speaks Finnish"}, {Type: "transferred", By: "ana", To: queue},
		{Type: "moved", Cause: "support", To: queue, WaitedMS: 600_000}, {Type: "alerted", WaitedMS: 180_000},
		{Type: "passed", Cause: "missing", To: queue}, {Type: "passed", Cause: "visited", To: queue}, {Type: "passed", Cause: "closed", To: queue},
		{Type: "invited", By: "ana", To: team, Reason: "vat"}, {Type: "uninvited", By: "ben", To: agent}, {Type: "uninvited", By: "ana", To: team},
		{Type: "inactive", Cause: "left"}, {Type: "inactive", Cause: "abandoned"}, {Type: "revived"}, {Type: "contact", Cause: "web"},
		{Type: "erased", Cause: "request", By: "ana", Reason: "request 4711"}, {Type: "erased", Cause: "retention", Reason: "12 conversations"},
		{Type: "keysLocked", Reason: "10 wrong session keys from 192.0.2.7", Until: at + 900_000}, {Type: "later", Cause: "unknown", By: "ana"},
	} {
		e.At, e.Generation = at, 7
		switch e.Type {
		case "opened", "closed", "override", "settings", "keysLocked":
		case "erased":
			if e.Cause == "request" {
				e.Conversation = "c12"
			}
		default:
			e.Conversation, e.Name = "c12", "Maria"
		}
		b.WriteString(v.logLine(e, z) + "\n")
	}
	golden(t, "log-words", b.String())
	for _, kind := range logTypes {
		if !strings.Contains(b.String(), "  "+kind+" ") {
			t.Errorf("%s is not shown", kind)
		}
		if len(kind) > logTypeWidth {
			t.Errorf("%s is wider than its column", kind)
		}
	}
}
