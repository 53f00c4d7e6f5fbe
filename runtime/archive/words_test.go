package archive

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// said is the step of an event in a conversation that is as told.
func said(t *testing.T, c conversation, e desk.Event) string {
	t.Helper()
	p := newProjection()
	p.members["ben"] = "Ben"
	p.begin(&c)
	if err := p.project(desk.Record{Seq: 9, At: 600_000, Event: e}); err != nil {
		t.Fatalf("%T: %v", e, err)
	}
	if p.batch.steps.count != 1 {
		t.Fatalf("%T makes %d steps", e, p.batch.steps.count)
	}
	var s protocol.Step
	if err := json.Unmarshal([]byte(p.batch.steps.values[2].(string)), &s); err != nil {
		t.Fatal(err)
	}
	if s.Seq != 9 || s.At != 600_000 || s.Type == "" || s.Text == "" {
		t.Errorf("%T is told as %+v", e, s)
	}
	return fmt.Sprintf("%-12T %s\n", e, s.Text)
}

func TestEverySentence(t *testing.T) {
	var b strings.Builder
	in := conversation{key: 1, id: "c1", queue: "support", channel: "web", name: "Maria", arrivedAt: 0}
	say := func(events ...desk.Event) {
		t.Helper()
		for _, e := range events {
			b.WriteString(said(t, in, e))
		}
	}
	for _, via := range []desk.Via{"", desk.ViaKey, desk.ViaLink, desk.ViaChosen} {
		say(desk.CustomerJoined{Conversation: "c1", Queue: "support", Channel: "web", Name: "Maria", Agent: "ben", Via: via})
	}
	say(desk.CustomerJoined{Conversation: "c1", Queue: "support", Channel: "web", Team: "tier2", Via: desk.ViaIssue, Issue: "Invoice", Skills: []string{"de", "vat"}},
		desk.CustomerJoined{Conversation: "c1", Queue: "support", Channel: "web", Issue: "Parcel", Priority: -3},
		desk.ContactLeft{Conversation: "c2", Queue: "support", Channel: "web", Issue: "Invoice"})
	for _, how := range []desk.PickedHow{desk.PickedNext, desk.PickedChosen, desk.PickedOffer, desk.PickedGrab, desk.PickedHanded, "later"} {
		say(desk.Picked{Conversation: "c1", Agent: "ben", Team: "tier1", How: how, WaitedMS: 7_500_000})
	}
	choice := func(strategy settings.Strategy, x desk.Choice) desk.Offered {
		x.Strategy = strategy
		if x.Candidates == nil {
			x.Candidates = []desk.Candidate{{Agent: "ben", Load: 1, Limit: 3, Since: 348_000, Turn: 4}, {Agent: "ana", Load: 2, Limit: 3, Why: desk.PassedScore}}
		}
		return desk.Offered{Conversation: "c1", Agent: "ben", Choice: &x}
	}
	say(desk.Offered{Conversation: "c1", Agent: "ben"})
	say(choice("", desk.Choice{Freed: true, Free: 1, Passed: desk.Passed{Limit: 2}}))
	for _, s := range []settings.Strategy{settings.StrategyRandom, settings.StrategyLeastBusy, settings.StrategyLongestIdle, settings.StrategyRoundRobin, settings.StrategySkillsThenLeastBusy, "Later"} {
		say(choice(s, desk.Choice{Free: 2}))
	}
	say(choice(settings.StrategyLeastBusy, desk.Choice{Free: 1, Passed: desk.Passed{Offline: 1, Away: 2, FinishMine: 3, Limit: 4, Refused: 5, Skills: 6}}),
		choice(settings.StrategyLeastBusy, desk.Choice{Free: 2, Candidates: []desk.Candidate{{Agent: "ben", Limit: 3}, {Agent: "ana", Limit: 3, Why: desk.PassedScore}}}),
		choice(settings.StrategyRoundRobin, desk.Choice{Free: 2, Candidates: []desk.Candidate{{Agent: "ben", Limit: 3}}}))
	for dropped := range 3 {
		say(choice(settings.StrategySkillsThenLeastBusy, desk.Choice{Free: 2, Required: []string{"de", "vat"}, Dropped: dropped}))
	}
	say(choice(settings.StrategySkillsThenLeastBusy, desk.Choice{Free: 1, Required: []string{"de"}}))
	for _, why := range []desk.ReturnedWhy{desk.ReturnedRefused, desk.ReturnedExpired, desk.ReturnedLeft, desk.ReturnedLost, desk.ReturnedRemoved,
		desk.ReturnedSignOut, desk.ReturnedHanded, "later"} {
		say(desk.Returned{Conversation: "c1", Agent: "ben", Why: why})
	}
	say(desk.Returned{Conversation: "c1", Agent: "ben", Why: desk.ReturnedLost, Pending: true},
		desk.Left{Conversation: "c1", Agent: "ben", Why: desk.ReturnedLost, Owner: "ana"}, desk.Left{Conversation: "c1", Agent: "ben", Why: desk.ReturnedLeft},
		desk.Transferred{Conversation: "c1", By: "ana", Agent: "ben", Note: "knows it"}, desk.Transferred{Conversation: "c1", By: "ben", Team: "tier2"},
		desk.Transferred{Conversation: "c1", By: "ben", Queue: "billing"}, desk.HandedBack{Conversation: "c1", By: "ben", To: "ana"})
	for _, why := range []desk.ReturnedWhy{desk.ReturnedRemoved, desk.ReturnedLost, desk.ReturnedHanded} {
		say(desk.Rerouted{Conversation: "c1", Queue: "billing", Why: why, By: "ben"})
	}
	in.forAgent = "ben"
	say(desk.Rerouted{Conversation: "c1", Queue: "support", Why: desk.ReturnedLost}, desk.Returned{Conversation: "c1", Agent: "ana", Why: desk.ReturnedExpired})
	in.forAgent, in.name = "", ""
	say(desk.Entered{Conversation: "c1", Agent: "ben", Team: "tier1"}, desk.Entered{Conversation: "c1", Agent: "ben"},
		desk.Invited{Conversation: "c1", By: "ana", Agent: "ben"}, desk.Invited{Conversation: "c1", By: "ben", Team: "tier2", Note: "vat"},
		desk.Uninvited{Conversation: "c1", Agent: "ben", By: "ben"}, desk.Uninvited{Conversation: "c1", Team: "tier2", By: "ana"}, desk.Uninvited{Conversation: "c1", Agent: "ben"},
		desk.RuleApplied{Conversation: "c1", Queue: "support", After: 90, Action: settings.RuleAlert})
	for _, skipped := range []string{"", desk.SkippedMissing, desk.SkippedVisited, desk.SkippedUnserved, desk.SkippedClosed, "later"} {
		say(desk.RuleApplied{Conversation: "c1", Queue: "support", After: 600, Action: settings.RuleMove, To: "overflow", Skipped: skipped})
	}
	say(desk.WentInactive{Conversation: "c1", Why: desk.EndedLeft}, desk.WentInactive{Conversation: "c1", Why: desk.EndedAbandoned},
		desk.Revived{Conversation: "c1", Queue: "billing"}, desk.WentIdle{Conversation: "c1"})
	for _, why := range []desk.EndedWhy{desk.EndedByAgent, desk.EndedByCustomer, desk.EndedLeft, desk.EndedAbandoned, desk.EndedIdle, desk.EndedRemoved, "later"} {
		say(desk.Ended{Conversation: "c1", Why: why, By: "ben"})
	}
	const path = "testdata/words.golden"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s\nnot\n%s", path, &b, want)
	}
}

func TestLengthsOfTimeAreShort(t *testing.T) {
	for ms, want := range map[int64]string{
		-5: "0s", 0: "0s", 999: "0s", 41_000: "41s", 180_000: "3m", 252_000: "4m12s", 3_600_000: "1h", 7_500_000: "2h05m", 7_200_000: "2h", 300_000_000: "3d",
	} {
		if got := length(ms); got != want {
			t.Errorf("%d ms read %s, not %s", ms, got, want)
		}
	}
}
