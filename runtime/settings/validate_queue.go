package settings

import (
	"cmp"
	"fmt"
	"slices"

	"usher.chat/runtime/calendar"
)

func (q Queue) validate(add adder) {
	at := "queues[" + q.Name + "]"
	oneOf(add, at+".whenBusy.offer", q.WhenBusy.Offer, OfferNothing, OfferQueue)
	if c := q.WhenBusy.Capacity; c != nil {
		if c.Mode != CapacityFixed && c.Mode != CapacityPerOnlineAgent {
			add("%s.whenBusy.capacity.mode: %q; write Fixed or PerOnlineAgent", at, c.Mode)
		}
		within(add, at+".whenBusy.capacity.places", c.Places, 1, 10000)
	}
	oneOf(add, at+".manualSwitch", q.ManualSwitch, SwitchMembers, SwitchAdmins)
	oneOf(add, at+".secureMetadata", q.SecureMetadata, SecureIgnore, SecureOptional, SecureRequired)
	if q.Override != nil {
		if err := calendar.ValidateOverride(*q.Override); err != nil {
			add("%s.override: %v", at, err)
		}
		if u := q.Override.Until; u != nil && u.UTC().Year() >= 9999 {
			// In another zone it would have a year that JSON cannot carry, and no report could be sent.
			add("%s.override.until: must be before the year 9999; leave it out for no end", at)
		}
	}
	q.Thresholds.validate(add, at+".thresholds")
	q.Retention.validate(add, at+".retention")
	seconds(add, at+".offerTimeoutSeconds", q.OfferTimeoutSeconds)
	oneOf(add, at+".distribution.mode", q.Distribution.Mode, DistributionManual, DistributionAutomatic)
	oneOf(add, at+".distribution.strategy", q.Distribution.Strategy,
		StrategyRandom, StrategyLeastBusy, StrategyLongestIdle, StrategyRoundRobin, StrategySkillsThenLeastBusy)
	names(add, at+".distribution.requiredSkills", q.Distribution.RequiredSkills, MaxSkills, MaxName)
	within(add, at+".priority", q.Priority, -MaxPriority, MaxPriority)
	q.validateWaitingRules(add, at+".waitingRules")
	if t := q.TransferTargets; t != nil {
		names(add, at+".transferTargets.queues", t.Queues, MaxNames, MaxResourceName)
		names(add, at+".transferTargets.teams", t.Teams, MaxNames, MaxResourceName)
	}
	q.validateIssues(add, at+".issues")
	q.validateDisabled(add, at+".disabled")
}

func (q Queue) validateDisabled(add adder, list string) {
	if most := len(Features()); len(q.Disabled) > most {
		add("%s: %d entries; at most %d", list, len(q.Disabled), most)
		return
	}
	for i, f := range q.Disabled {
		switch {
		case !slices.Contains(Features(), f):
			add("%s[%d]: %q is no feature that could be switched off; there are %v", list, i, f, Features())
		case slices.Contains(q.Disabled[:i], f):
			add("%s: %q stands twice", list, f)
		}
	}
}

func (t Thresholds) validate(add adder, at string) {
	seconds(add, at+".agentLostSeconds", t.AgentLostSeconds)
	seconds(add, at+".customerLostSeconds", t.CustomerLostSeconds)
	seconds(add, at+".closeAfterIdleSeconds", t.CloseAfterIdleSeconds)
	seconds(add, at+".soonOverdueSeconds", t.SoonOverdueSeconds)
	seconds(add, at+".overdueSeconds", t.OverdueSeconds)
	seconds(add, at+".idleAfterSeconds", t.IdleAfterSeconds)
	soon, overdue := cmp.Or(t.SoonOverdueSeconds, DefaultSoonOverdueSeconds), cmp.Or(t.OverdueSeconds, DefaultOverdueSeconds)
	if soon >= overdue {
		add("%s.soonOverdueSeconds: %d; must be less than overdueSeconds, which is %d", at, soon, overdue)
	}
	oneOf(add, at+".clock", t.Clock, WallClock, OpeningHours)
	oneOf(add, at+".agentLost", t.AgentLost, LostToQueue, LostToPending)
	oneOf(add, at+".idle", t.Idle, IdleCounts, IdleFree)
}

func (q Queue) validateWaitingRules(add adder, list string) {
	if len(q.WaitingRules) > MaxWaitingRules {
		add("%s: %d rules; at most %d", list, len(q.WaitingRules), MaxWaitingRules)
		return
	}
	moves := map[int]bool{} // by AfterSeconds
	for i, r := range q.WaitingRules {
		at := fmt.Sprintf("%s[%d]", list, i)
		within(add, at+".afterSeconds", r.AfterSeconds, 1, MaxSeconds)
		if i > 0 && r.AfterSeconds < q.WaitingRules[i-1].AfterSeconds {
			add("%s.afterSeconds: %d comes after %d; sort the rules by afterSeconds", at, r.AfterSeconds, q.WaitingRules[i-1].AfterSeconds)
		}
		short(add, at+".queue", r.Queue, MaxResourceName)
		switch r.Action {
		case RuleAlert:
			if r.Queue != "" {
				add("%s.queue: Alert moves nobody; remove it or write action Move", at)
			}
		case RuleMove:
			switch {
			case r.Queue == "":
				add("%s.queue: write the queue to move to", at)
			case r.Queue == q.Name:
				add("%s.queue: %q is the queue itself; write another", at, r.Queue)
			case moves[r.AfterSeconds]:
				add("%s.afterSeconds: two rules move at %d; only one can, so change or remove one", at, r.AfterSeconds)
			}
			moves[r.AfterSeconds] = true
		default:
			add("%s.action: %q; write Alert or Move", at, r.Action)
		}
	}
}

func (q Queue) validateIssues(add adder, list string) {
	all := make([]string, len(q.Issues))
	for i, issue := range q.Issues {
		all[i] = issue.Name
		at := list + "[" + issue.Name + "]"
		short(add, at+".displayName", issue.DisplayName, MaxDisplayName)
		short(add, at+".team", issue.Team, MaxResourceName)
		names(add, at+".requiredSkills", issue.RequiredSkills, MaxSkills, MaxName)
		within(add, at+".priority", issue.Priority, -MaxPriority, MaxPriority)
	}
	names(add, list, all, MaxNames, MaxName)
}

// seconds reports a time limit that is none.
func seconds(add adder, at string, n int) {
	if n < 0 || n > MaxSeconds {
		add("%s: %d; must be 0 (the default) to %d", at, n, MaxSeconds)
	}
}
