package archive

import (
	"fmt"
	"strings"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// The sentences of explanations, for an operator who is tired: who, what, and by which rule. Agents are
// called by their display names as they were then, queues and teams as in the resources.

// agent is what people call an agent.
func (p *projection) agent(name string) string { return first(p.members[name], name) }

// customer is what people call the customer, at the beginning of a sentence.
func (c *conversation) customer() string { return first(c.name, "The customer") }

// them is the customer within a sentence.
func (c *conversation) them() string { return first(c.name, "the customer") }

func (p *projection) target(t *protocol.Target) string {
	switch {
	case t == nil:
		return "nobody"
	case t.Kind == string(desk.ToAgent):
		return p.agent(t.Name)
	}
	return t.Kind + " " + t.Name
}

// line is where it waits.
func (p *projection) line(c *conversation) string {
	if to := c.to(); to != nil {
		return p.target(to)
	}
	return "the line of queue " + c.queue
}

func noted(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

func (p *projection) joinedWords(c *conversation, e desk.CustomerJoined) string {
	text := fmt.Sprintf("%s came by channel %s and waits in %s", c.customer(), c.channel, p.line(c))
	if c.to() != nil {
		text = fmt.Sprintf("%s came by channel %s and waits for %s", c.customer(), c.channel, p.line(c))
	}
	var why []string
	switch e.Via {
	case desk.ViaKey:
		why = append(why, "by a session key")
	case desk.ViaLink:
		why = append(why, "by a support link")
	case desk.ViaChosen:
		why = append(why, "chosen by name on the page")
	case desk.ViaIssue:
		why = append(why, fmt.Sprintf("which owns the issue %q", e.Issue))
	}
	if e.Issue != "" && e.Via != desk.ViaIssue {
		why = append(why, fmt.Sprintf("with the issue %q", e.Issue))
	}
	if len(e.Skills) > 0 {
		why = append(why, "which asks for "+strings.Join(e.Skills, ", "))
	}
	if e.Priority != 0 {
		why = append(why, fmt.Sprintf("priority %d", e.Priority))
	}
	if len(why) > 0 {
		text += ", " + strings.Join(why, ", ")
	}
	return text
}

func (p *projection) pickedWords(c *conversation, e desk.Picked) string {
	who := p.agent(e.Agent)
	if e.Team != "" {
		who += fmt.Sprintf(" (team %s)", e.Team)
	}
	after := length(e.WaitedMS)
	switch e.How {
	case desk.PickedNext:
		return fmt.Sprintf("%s took %s, the first in order, after %s", who, c.them(), after)
	case desk.PickedChosen:
		return fmt.Sprintf("%s chose %s out of the line, after %s", who, c.them(), after)
	case desk.PickedOffer:
		return fmt.Sprintf("%s accepted the offer; %s had waited %s", who, c.them(), after)
	case desk.PickedGrab:
		return fmt.Sprintf("%s grabbed %s before the others, after %s", who, c.them(), after)
	case desk.PickedHanded:
		return fmt.Sprintf("%s took %s, who waited for %s in person, after %s", who, c.them(), p.agent(e.Agent), after)
	}
	return fmt.Sprintf("%s took %s after %s (%s)", who, c.them(), after, e.How)
}

func (p *projection) offeredWords(r desk.Record, e desk.Offered) string {
	who := p.agent(e.Agent)
	x := e.Choice
	if x == nil || len(x.Candidates) == 0 {
		return fmt.Sprintf("Offered to %s, who had just ended another conversation", who)
	}
	best := x.Candidates[0]
	load := fmt.Sprintf("%d of %d", best.Load, best.Limit)
	var why string
	switch {
	case x.Freed:
		return fmt.Sprintf("Offered to %s, who had just ended another conversation (%s now) and was free for the first in order", who, load) + passedWords(x.Passed)
	case x.Free == 1:
		why = fmt.Sprintf("the only free agent (%s conversations)", load)
	case x.Strategy == settings.StrategyLeastBusy:
		why = fmt.Sprintf("fewest conversations (%s)%s of %d free agents", load, longest(x), x.Free)
	case x.Strategy == settings.StrategyLongestIdle:
		why = fmt.Sprintf("no conversation began or ended for %s, the longest of %d free agents", length(r.At-best.Since), x.Free)
	case x.Strategy == settings.StrategyRoundRobin && best.Turn == 0:
		why = fmt.Sprintf("no offer yet, so it is the turn of this one of %d free agents", x.Free)
	case x.Strategy == settings.StrategyRoundRobin:
		why = fmt.Sprintf("longest without an offer of %d free agents", x.Free)
	case x.Strategy == settings.StrategySkillsThenLeastBusy:
		why = fmt.Sprintf("fewest conversations (%s)%s of %d free agents", load, longest(x), x.Free)
	default:
		why = fmt.Sprintf("drawn at random from %d free agents", x.Free)
	}
	if x.Strategy == settings.StrategySkillsThenLeastBusy && len(x.Required) > 0 {
		why = skillsWords(x) + why
	}
	return fmt.Sprintf("Offered to %s: %s", who, why) + passedWords(x.Passed)
}

// longest says what decided among those with as many conversations.
func longest(x *desk.Choice) string {
	for _, other := range x.Candidates[1:] {
		if other.Why == desk.PassedScore && other.Load == x.Candidates[0].Load {
			return " and longest so,"
		}
	}
	return ""
}

func skillsWords(x *desk.Choice) string {
	kept := x.Required[:max(0, len(x.Required)-x.Dropped)]
	switch {
	case x.Dropped <= 0:
		return "has " + strings.Join(kept, ", ") + "; "
	case len(kept) == 0:
		return "nobody free has " + x.Required[0] + "; "
	}
	return fmt.Sprintf("has %s, and nobody free has %s too; ", strings.Join(kept, ", "), x.Required[len(kept)])
}

// passedWords count those who could not be chosen, by reason.
func passedWords(n desk.Passed) string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{n.Away, "away"}, {n.FinishMine, "finishing theirs"}, {n.Limit, "at the limit"}, {n.Offline, "offline"},
		{n.Refused, "who refused before"}, {n.Skills, "with fewer of the skills"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; " + strings.Join(parts, ", ")
}

// passed is the same for programs.
func passed(n desk.Passed) map[string]int {
	all := map[string]int{}
	for reason, n := range map[desk.Reason]int{
		desk.PassedOffline: n.Offline, desk.PassedAway: n.Away, desk.PassedFinishMine: n.FinishMine, desk.PassedLimit: n.Limit,
		desk.PassedRefused: n.Refused, desk.PassedSkills: n.Skills,
	} {
		if n > 0 {
			all[string(reason)] = n
		}
	}
	return all
}

// wentWords are why an agent is not in a conversation any more.
func (p *projection) wentWords(agent string, why desk.ReturnedWhy) string {
	who := p.agent(agent)
	switch why {
	case desk.ReturnedRefused:
		return who + " refused the offer"
	case desk.ReturnedExpired:
		return who + " did not accept in time"
	case desk.ReturnedLeft:
		return who + " left"
	case desk.ReturnedLost:
		return who + " lost the connection for too long"
	case desk.ReturnedRemoved:
		return who + " is not entitled any more"
	case desk.ReturnedSignOut:
		return who + " signed out"
	case desk.ReturnedHanded:
		return who + " declined"
	}
	return fmt.Sprintf("%s left (%s)", who, why)
}

func (p *projection) returnedWords(c *conversation, e desk.Returned) string {
	if e.Pending {
		return fmt.Sprintf("%s; it waits for %s to come back", p.wentWords(e.Agent, e.Why), p.agent(e.Agent))
	}
	if c.to() != nil {
		return fmt.Sprintf("%s; it waits for %s again, since its time of arrival", p.wentWords(e.Agent, e.Why), p.line(c))
	}
	return fmt.Sprintf("%s; back in %s, by its time of arrival", p.wentWords(e.Agent, e.Why), p.line(c))
}

func (p *projection) endedWords(c *conversation, e desk.Ended) string {
	switch e.Why {
	case desk.EndedByAgent:
		return p.agent(e.By) + " ended it"
	case desk.EndedByCustomer:
		return c.customer() + " ended it"
	case desk.EndedLeft:
		return c.customer() + " left the line"
	case desk.EndedAbandoned:
		return c.customer() + " left the line: the connection was lost for too long"
	case desk.EndedIdle:
		return fmt.Sprintf("Ended, because %s wrote nothing for too long", c.them())
	case desk.EndedErased:
		return "Ended, to be erased"
	case desk.EndedRemoved:
		return "Ended, because where it waited is no more, and there is no other queue for it"
	}
	return fmt.Sprintf("Ended (%s)", e.Why)
}

func (p *projection) transferredWords(c *conversation, e desk.Transferred) string {
	text := fmt.Sprintf("%s handed it to %s", p.agent(e.By), p.target(target(e.Agent, e.Team, e.Queue)))
	if e.Queue != "" && e.Queue != c.queue {
		text += ", from queue " + c.queue
	}
	return text + noted(e.Note)
}

// reroutedWords are of the conversation as it was before.
func (p *projection) reroutedWords(c *conversation, e desk.Rerouted) string {
	to := "the line of queue " + e.Queue
	switch e.Why {
	case desk.ReturnedHanded:
		return fmt.Sprintf("%s declined; it waits in %s", p.agent(e.By), to)
	case desk.ReturnedLost:
		return fmt.Sprintf("%s, for whom it waited, lost the connection for too long; it waits in %s", first(p.agent(c.forAgent), "The agent"), to)
	}
	return fmt.Sprintf("Where it waited is no more; it waits in %s", to)
}

func (p *projection) ruleWords(c *conversation, e desk.RuleApplied) string {
	rule := fmt.Sprintf("the rule of queue %s for %s of waiting", e.Queue, length(int64(e.After)*1000))
	if e.Action != settings.RuleMove {
		return "Agents were alerted, by " + rule
	}
	switch e.Skipped {
	case "":
		return fmt.Sprintf("Moved from queue %s to queue %s by %s, keeping its time of arrival", c.queue, e.To, rule)
	case desk.SkippedMissing:
		return fmt.Sprintf("Not moved to queue %s by %s: there is no such queue", e.To, rule)
	case desk.SkippedVisited:
		return fmt.Sprintf("Not moved to queue %s by %s: it has waited there before", e.To, rule)
	case desk.SkippedUnserved:
		return fmt.Sprintf("Not moved to queue %s by %s: nobody serves that queue", e.To, rule)
	case desk.SkippedClosed:
		return fmt.Sprintf("Not moved to queue %s by %s: that queue is closed", e.To, rule)
	}
	return fmt.Sprintf("Not moved to queue %s by %s (%s)", e.To, rule, e.Skipped)
}

// length is a length of time in two units at most: 41s, 3m, 4m12s, 2h05m, 3d.
func length(ms int64) string {
	d := max(0, time.Duration(ms)*time.Millisecond).Truncate(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour && d%time.Minute == 0:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}
