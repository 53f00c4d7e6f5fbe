package desk_test

import (
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Waiting rules.

func alert(after int) settings.WaitingRule {
	return settings.WaitingRule{AfterSeconds: after, Action: settings.RuleAlert}
}

func move(after int, queue string) settings.WaitingRule {
	return settings.WaitingRule{AfterSeconds: after, Action: settings.RuleMove, Queue: queue}
}

func ruled(rules ...settings.WaitingRule) settings.Settings {
	set := acme()
	set.Queues[0].WaitingRules = rules
	return set
}

func (w *world) rules(queue string, rules ...settings.WaitingRule) {
	w.t.Helper()
	w.queue(queue, func(q *settings.Queue) { q.WaitingRules = rules })
}

// applied are the rules that came due: "support@60 Move billing", with a reason when it was skipped.
func (w *world) applied(want ...string) {
	w.t.Helper()
	var got []string
	for _, e := range events[desk.RuleApplied](w, 0) {
		text := e.Queue + "@" + (time.Duration(e.After) * time.Second).String() + " " + string(e.Action)
		if e.To != "" {
			text += " " + e.To
		}
		if e.Skipped != "" {
			text += " skipped: " + e.Skipped
		}
		got = append(got, text)
	}
	if len(got) != len(want) {
		w.t.Fatalf("applied %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			w.t.Fatalf("applied %q, want %q", got, want)
		}
	}
}

func TestWaitingRulesComeInTheirOrderCountedFromArrival(t *testing.T) {
	w := newWorld(t, ruled(alert(60), alert(90), move(120, "overflow")))
	id := w.join("s1")
	w.until(w.now.Add(60*time.Second - time.Millisecond))
	w.applied()
	w.until(w.now.Add(time.Millisecond))
	w.applied("support@1m0s Alert")
	if f, _ := w.s.Figures("support"); f.Alerted != 1 || !w.conv(id).Alerted {
		t.Fatalf("%+v", f)
	}
	w.until(w.now.Add(time.Minute))
	w.applied("support@1m0s Alert", "support@1m30s Alert", "support@2m0s Move overflow")
	w.is(id, "waits in overflow, place 1")
	w.until(w.now.Add(time.Hour))
	count[desk.RuleApplied](t, w, 3) // each once
	if f, _ := w.s.Figures("support"); f.Alerted != 0 {
		t.Errorf("%+v", f)
	}
}

func TestAMoveKeepsArrivalTimeInTheOrderOfTheNewLine(t *testing.T) {
	set := ruled(move(60, "billing"))
	w := newWorld(t, set)
	first := w.join("s1")
	w.pass(10 * time.Second)
	shop := w.shop("s2")
	w.until(w.now.Add(50 * time.Second))
	w.is(first, "waits in billing, place 1") // was here before who waits there since ten seconds later
	w.is(shop, "waits in billing, place 2")
	w.online("eve")
	if d := w.must(w.next("eve")); d.Conversation != first {
		t.Errorf("next is %s", d.Conversation)
	}
}

func TestRulesOfTheNewQueueCountFromArrivalNotFromEnteringTheStep(t *testing.T) {
	set := ruled(move(60, "billing"))
	set.Queues[1].WaitingRules = []settings.WaitingRule{alert(30), move(90, "overflow")}
	w := newWorld(t, set)
	id := w.join("s1")
	w.until(w.now.Add(time.Minute))
	w.applied("support@1m0s Move billing", "billing@30s Alert") // a minute is over thirty seconds
	w.until(w.now.Add(30 * time.Second))
	w.is(id, "waits in overflow, place 1")
}

func TestAConversationNeverMovesToAQueueThatARuleHadItInAndALoopEnds(t *testing.T) {
	set := ruled(move(60, "billing"))
	set.Queues[1].WaitingRules = []settings.WaitingRule{move(60, "support"), move(120, "overflow")}
	set.Queues[2].WaitingRules = []settings.WaitingRule{move(130, "billing"), move(140, "support")}
	w := newWorld(t, set)
	id := w.join("s1")
	w.until(w.now.Add(time.Hour))
	w.is(id, "waits in overflow, place 1")
	w.applied("support@1m0s Move billing", "billing@1m0s Move support skipped: visited", "billing@2m0s Move overflow",
		"overflow@2m10s Move billing skipped: visited", "overflow@2m20s Move support skipped: visited")
}

func TestAMoveToAQueueThatIsMissingClosedOrServedByNobodyIsSkippedAndToldAndTheNextRuleComes(t *testing.T) {
	set := ruled(move(60, "gone"), move(70, "unserved"), move(80, "billing"), move(90, "overflow"))
	set.Queues = append(set.Queues, settings.Queue{Name: "unserved", Teams: []string{"ghosts"}})
	w := newWorld(t, set)
	w.must(desk.Switch{Origin: w.who("dan"), Agent: "dan", ID: "r", Queue: "billing", State: settings.QueueClosed})
	id := w.join("s1")
	w.until(w.now.Add(89 * time.Second))
	w.is(id, "waits in support, place 1")
	w.until(w.now.Add(time.Second))
	w.is(id, "waits in overflow, place 1")
	w.applied("support@1m0s Move gone skipped: missing", "support@1m10s Move unserved skipped: unserved",
		"support@1m20s Move billing skipped: closed", "support@1m30s Move overflow")
}

func TestTwoRulesOfTheSameSecondAreBothApplied(t *testing.T) {
	w := newWorld(t, ruled(alert(60), move(60, "overflow")))
	id := w.join("s1")
	w.until(w.now.Add(time.Minute))
	w.applied("support@1m0s Alert", "support@1m0s Move overflow")
	w.is(id, "waits in overflow, place 1")
	if !w.conv(id).Alerted {
		t.Error("the alert went with the move")
	}
	// A move that is written before the alert takes the customer away from it.
	w = newWorld(t, ruled(move(60, "overflow"), alert(60)))
	w.join("s1")
	w.until(w.now.Add(time.Hour))
	w.applied("support@1m0s Move overflow")
	// One that is skipped does not.
	w = newWorld(t, ruled(move(60, "gone"), alert(60)))
	w.join("s1")
	w.until(w.now.Add(time.Hour))
	w.applied("support@1m0s Move gone skipped: missing", "support@1m0s Alert")
}

func TestARuleWaitsForAnOfferToEnd(t *testing.T) {
	set := ruled(move(60, "overflow"))
	set.Queues[0].Distribution.Mode = settings.DistributionAutomatic
	w := newWorld(t, set)
	id := w.join("s1")
	w.until(w.now.Add(50 * time.Second))
	w.online("ben")
	w.is(id, "offered to ben")
	w.until(w.now.Add(29 * time.Second))
	w.is(id, "offered to ben") // the rule was due 19 seconds ago
	w.applied()
	w.must(w.refuse("ben", id))
	w.is(id, "waits in overflow, place 1")
	// Accepted in time, the rule is never applied.
	w = newWorld(t, set)
	id = w.join("s1")
	w.until(w.now.Add(50 * time.Second))
	w.online("ben")
	w.until(w.now.Add(15 * time.Second))
	w.must(w.accept("ben", id))
	w.until(w.now.Add(time.Hour))
	w.is(id, "with ben")
	w.applied()
}

func TestRulesAfterATransferCountFromTheTransfer(t *testing.T) {
	set := ruled()
	set.Queues[1].WaitingRules = []settings.WaitingRule{move(60, "overflow")}
	w := newWorld(t, set)
	w.online("ben")
	id := w.served("s1")
	w.until(w.now.Add(10 * time.Minute)) // a long service is no wait
	w.must(w.hand("ben", id, toQueue("billing")))
	w.until(w.now.Add(59 * time.Second))
	w.is(id, "waits in billing, place 1")
	w.until(w.now.Add(time.Second))
	w.is(id, "waits in overflow, place 1")
}

func TestRulesAfterAnAgentLeavesCountFromLeaving(t *testing.T) {
	w := newWorld(t, ruled(alert(60)))
	w.online("ben")
	id := w.served("s1")
	w.until(w.now.Add(10 * time.Minute))
	w.must(w.leave("ben", id))
	w.applied()
	w.until(w.now.Add(time.Minute))
	w.applied("support@1m0s Alert")
}

func TestRulesOfAQueueHoldForItsCustomersInTeamAndPersonalQueues(t *testing.T) {
	set := acme()
	set.Queues[1].WaitingRules = []settings.WaitingRule{move(60, "overflow")}
	w := newWorld(t, set)
	w.online("ben")
	team := w.joinBy("s1", func(j *desk.Join) { j.Issue = "billing/refund" })
	w.is(team, "waits for team tier2, place 1")
	w.until(w.now.Add(time.Minute))
	w.is(team, "waits in overflow, place 1")
	if w.conv(team).Via != desk.ViaRule {
		t.Errorf("via %q", w.conv(team).Via)
	}
}

func TestRulesThatAreChangedUnderWayHoldAtOnce(t *testing.T) {
	w := newWorld(t, acme())
	id := w.join("s1")
	w.until(w.now.Add(5 * time.Minute))
	w.applied()
	w.rules("support", alert(60), move(600, "overflow"))
	w.applied("support@1m0s Alert") // long due
	w.until(w.now.Add(4 * time.Minute))
	w.rules("support", alert(60), move(1200, "billing"))
	w.until(w.now.Add(2 * time.Minute)) // eleven minutes since arrival: the old rule is no more
	w.is(id, "waits in support, place 1")
	w.until(w.now.Add(9 * time.Minute))
	w.is(id, "waits in billing, place 1")
	w.applied("support@1m0s Alert", "support@20m0s Move billing")
	// Rules that are shortened below what is done are not done again.
	w.rules("billing", alert(30))
	count[desk.RuleApplied](t, w, 3)
	w.rules("billing", alert(20))
	count[desk.RuleApplied](t, w, 3)
}

func TestWhoIsRevivedWaitsAnewByTheRules(t *testing.T) {
	w := newWorld(t, ruled(alert(60)))
	id := w.join("s1")
	w.must(w.write("s1", "hello"))
	w.until(w.now.Add(50 * time.Second))
	w.must(desk.End{Origin: w.by("s:s1")})
	w.is(id, "inactive in support: left")
	w.until(w.now.Add(time.Hour))
	w.must(w.write("s1", "back again"))
	w.is(id, "waits in support, place 1")
	w.until(w.now.Add(59 * time.Second))
	w.applied()
	w.until(w.now.Add(time.Second))
	w.applied("support@1m0s Alert")
}
