package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/settings"
)

// plainRouting puts into plain how a Queue's customers get to agents.
func plainRouting(plain *settings.Queue, spec *v1alpha1.QueueSpec) {
	plain.OfferTimeoutSeconds = int(cmp.Or(spec.Distribution.OfferTimeoutSeconds, settings.DefaultOfferTimeoutSeconds))
	plain.Distribution = settings.Distribution{
		Mode:           settings.DistributionMode(cmp.Or(spec.Distribution.Mode, v1alpha1.DistributionManual)),
		Strategy:       settings.Strategy(spec.Distribution.Strategy),
		RequiredSkills: texts(spec.Distribution.RequiredSkills),
	}
	if plain.Distribution.Mode == settings.DistributionAutomatic {
		plain.Distribution.Strategy = cmp.Or(plain.Distribution.Strategy, settings.StrategyRandom)
	}
	plain.Priority = int(spec.Priority)
	for _, r := range spec.WaitingRules {
		rule := settings.WaitingRule{AfterSeconds: int(r.AfterSeconds), Action: settings.RuleAction(r.Action)}
		if r.QueueRef != nil {
			rule.Queue = r.QueueRef.Name
		}
		plain.WaitingRules = append(plain.WaitingRules, rule)
	}
	// In time, and at one time the alert before the move, after which nobody would be left to alert.
	slices.SortFunc(plain.WaitingRules, func(a, b settings.WaitingRule) int {
		return cmp.Or(cmp.Compare(a.AfterSeconds, b.AfterSeconds), cmp.Compare(a.Action, b.Action))
	})
	if t := spec.TransferTargets; t != nil {
		plain.TransferTargets = &settings.TransferTargets{Queues: texts(t.Queues), Teams: texts(t.Teams)}
	}
	for _, i := range spec.Issues {
		issue := settings.Issue{Name: i.Name, DisplayName: i.DisplayName, RequiredSkills: texts(i.RequiredSkills), Priority: int(i.Priority)}
		if i.TeamRef != nil {
			issue.Team = i.TeamRef.Name
		}
		plain.Issues = append(plain.Issues, issue)
	}
	for feature, is := range map[settings.Feature]v1alpha1.Switch{
		settings.FeatureEmoji: spec.Features.Emoji, settings.FeatureTyping: spec.Features.Typing, settings.FeaturePreview: spec.Features.Preview,
		settings.FeatureTransfer: spec.Features.Transfer, settings.FeatureInvitations: spec.Features.Invitations,
	} {
		if is == v1alpha1.Disabled {
			plain.Disabled = append(plain.Disabled, feature)
		}
	}
	slices.Sort(plain.Disabled)
}

func plainThresholds(t v1alpha1.Thresholds) settings.Thresholds {
	return settings.Thresholds{
		AgentLostSeconds:      int(cmp.Or(t.AgentLostSeconds, settings.DefaultAgentLostSeconds)),
		CustomerLostSeconds:   int(cmp.Or(t.CustomerLostSeconds, settings.DefaultCustomerLostSeconds)),
		CloseAfterIdleSeconds: int(cmp.Or(t.CloseAfterIdleSeconds, settings.DefaultCloseAfterIdleSeconds)),
		SoonOverdueSeconds:    int(cmp.Or(t.SoonOverdueSeconds, settings.DefaultSoonOverdueSeconds)),
		OverdueSeconds:        int(cmp.Or(t.OverdueSeconds, settings.DefaultOverdueSeconds)),
		Clock:                 settings.Clock(cmp.Or(t.Clock, v1alpha1.WallClock)),
		AgentLost:             settings.AgentLost(cmp.Or(t.AgentLost, v1alpha1.LostToQueue)),
		IdleAfterSeconds:      int(cmp.Or(t.IdleAfterSeconds, settings.DefaultIdleAfterSeconds)),
		Idle:                  settings.IdleCounting(cmp.Or(t.Idle, v1alpha1.IdleCounts)),
	}
}

// texts of a list of named strings, nil of none.
func texts[T ~string](list []T) []string {
	var out []string
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// missingTargets tells what a Queue's routing names and is not there.
func missingTargets(spec *v1alpha1.QueueSpec, queueThere, teamThere func(string) bool) []Verdict {
	var missing []Verdict
	add := func(reason, format string, args ...any) {
		missing = append(missing, Verdict{reason, fmt.Sprintf(format, args...)})
	}
	for _, r := range spec.WaitingRules {
		if r.QueueRef != nil && !queueThere(r.QueueRef.Name) {
			add(v1alpha1.ReasonQueueNotFound, "spec.waitingRules moves customers after %d s to the Queue %q, which is not in this namespace; create it or name another. Until then that rule is passed over",
				r.AfterSeconds, r.QueueRef.Name)
		}
	}
	for _, i := range spec.Issues {
		if i.TeamRef != nil && !teamThere(i.TeamRef.Name) {
			add(v1alpha1.ReasonTeamNotFound, "spec.issues says that the issue %q belongs to the Team %q, which is not in this namespace; create it or name another. Until then its customers wait in this queue",
				i.Name, i.TeamRef.Name)
		}
	}
	if t := spec.TransferTargets; t != nil {
		for _, name := range t.Queues {
			if !queueThere(string(name)) {
				add(v1alpha1.ReasonQueueNotFound, "spec.transferTargets names the Queue %q, which is not in this namespace; create it or remove it from the list", name)
			}
		}
		for _, name := range t.Teams {
			if !teamThere(string(name)) {
				add(v1alpha1.ReasonTeamNotFound, "spec.transferTargets names the Team %q, which is not in this namespace; create it or remove it from the list", name)
			}
		}
	}
	return missing
}

// loops notes at each queue of a loop of waiting rules the paths that it is on.
func (c *Compiled) loops() {
	paths := map[string][]string{} // by queue
	for _, loop := range settings.MoveLoops(c.Settings.Queues) {
		for i, queue := range loop[:len(loop)-1] {
			// Each queue reads the path as it leaves it.
			paths[queue] = append(paths[queue], pathFrom(loop, i))
		}
	}
	for queue, list := range paths {
		text := list[0]
		if more := len(list) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		key := Key{KindQueue, queue}
		f := c.Findings[key]
		f.Loop = Verdict{v1alpha1.ReasonRuleLoop, text + ": a customer would be moved in a circle; remove or redirect one of these waiting rules. " +
			"Until then the runtime moves nobody twice into the same queue, and whoever has been in all of them waits on in the last"}
		c.Findings[key] = f
	}
}

// pathFrom one of the queues of a loop round to it. The middle of a long one is left out: what to
// change would not fit after it.
func pathFrom(loop []string, i int) string {
	const most, arrow = 700, " -> " // bytes
	at := func(n int) string { return loop[(i+n)%(len(loop)-1)] }
	// From both ends inwards, for as long as it fits; the ends themselves always.
	head, tail := 1, 1
	size := 2 * len(at(0))
	for head+tail < len(loop) {
		next := at(head)
		if head > tail {
			next = at(len(loop) - 1 - tail)
		}
		if size += len(arrow) + len(next); size > most {
			break
		}
		if head > tail {
			tail++
		} else {
			head++
		}
	}
	var names []string
	for n := range head {
		names = append(names, at(n))
	}
	if left := len(loop) - head - tail; left > 0 {
		names = append(names, fmt.Sprintf("(%d more)", left))
	}
	for n := len(loop) - tail; n < len(loop); n++ {
		names = append(names, at(n))
	}
	return strings.Join(names, arrow)
}

func plainUnavailable(w v1alpha1.WhenUnavailable) settings.Unavailable {
	state := func(s *v1alpha1.UnavailableState) *settings.UnavailableState {
		if s == nil {
			return nil
		}
		return &settings.UnavailableState{Action: settings.UnavailableAction(s.Action), Message: s.Message}
	}
	return settings.Unavailable{
		Action:  settings.UnavailableAction(cmp.Or(w.Action, v1alpha1.UnavailableMessage)),
		Message: w.Message,
		Busy:    state(w.Busy),
		Offline: state(w.Offline),
		Closed:  state(w.Closed),
	}
}

// plainWeb puts into plain what is said of a Channel on the web.
func plainWeb(plain *settings.Channel, web *v1alpha1.WebChannel) {
	plain.AllowedOrigins = slices.Sorted(slices.Values(web.AllowedOrigins))
	plain.AccentColor = web.AccentColor
	plain.Greeting = web.Greeting
	plain.Agents = settings.AgentList(cmp.Or(web.Agents, v1alpha1.AgentListHidden))
	plain.SessionKeys = settings.SessionKeys(cmp.Or(web.SessionKeys, v1alpha1.SessionKeysAccepted))
	for _, ref := range web.IssueQueueRefs {
		plain.IssueQueues = append(plain.IssueQueues, ref.Name)
	}
	for _, r := range web.Targeting {
		plain.Targeting = append(plain.Targeting, settings.TargetingRule{
			Type:      settings.TargetingType(r.Type),
			Pattern:   r.Pattern,
			Languages: slices.Sorted(slices.Values(r.Languages)),
			// The schema lets only one of them be there.
			AtLeast:   int(ptr.Deref(r.Seconds, 0) + ptr.Deref(r.Pages, 0) + ptr.Deref(r.Percent, 0)),
			Attribute: r.Attribute,
			Values:    slices.Sorted(slices.Values(r.Values)),
		})
	}
}
