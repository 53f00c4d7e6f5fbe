package archive

import (
	"encoding/json"
	"fmt"
	"strconv"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// What happens to a conversation: its row follows the rules of the desk's Apply, and each event leaves a
// line in the log and a step of the explanation (features Q4, X3).

// tell adds a line to the log of the conversation's queue, and a step of the same type.
func (p *projection) tell(r desk.Record, c *conversation, e protocol.LogEntry, text string) {
	p.logOf(r, c, e)
	p.step(r, c, protocol.Step{Type: e.Type, By: e.By, Text: text})
}

// step adds a step, with the generation of the queue's settings in force.
func (p *projection) step(r desk.Record, c *conversation, s protocol.Step) {
	s.Seq, s.At, s.Queue = r.Seq, r.At, c.queue
	s.Generation = p.resources[resourceKey{kindQueue, c.queue}].generation
	detail, err := json.Marshal(s)
	if err != nil {
		panic(err) // a plain struct
	}
	p.batch.steps.add(r.Seq, c.key, string(detail))
}

// requeue puts a conversation into another queue; the line stands in the log of both.
func (p *projection) requeue(r desk.Record, c *conversation, queue string, e protocol.LogEntry) {
	if queue != "" && queue != c.queue {
		c.queue = queue
		p.logOf(r, c, e)
	}
}

// begin is a conversation that was not there before.
func (p *projection) begin(c *conversation) {
	p.live[c.id] = c
	p.changed(c)
}

func (p *projection) joined(r desk.Record, e desk.CustomerJoined) {
	c := &conversation{
		key: r.Seq, id: e.Conversation, queue: e.Queue, channel: e.Channel, session: e.Session, name: e.Name, page: e.Page,
		email: e.Email, phone: e.Phone, issue: e.Issue, forTeam: e.Team, forAgent: e.Agent, arrivedAt: r.At,
	}
	p.begin(c)
	p.reach(c, e.Email, e.Phone)
	p.tell(r, c, protocol.LogEntry{Type: "joined", Cause: e.Channel, To: c.to()}, p.joinedWords(c, e))
}

func (p *projection) contact(r desk.Record, e desk.ContactLeft) {
	c := p.live[e.Conversation]
	if c == nil {
		c = &conversation{
			key: r.Seq, id: e.Conversation, queue: e.Queue, channel: e.Channel, session: e.Session, page: e.Page, issue: e.Issue,
			arrivedAt: r.At, inactive: string(desk.EndedContact),
		}
		p.begin(c)
	}
	p.changed(c)
	c.name, c.email, c.phone = first(e.Name, c.name), first(e.Email, c.email), first(e.Phone, c.phone)
	p.reach(c, e.Email, e.Phone)
	text := fmt.Sprintf("%s left a contact form on channel %s", c.customer(), c.channel)
	if e.Issue != "" {
		text += fmt.Sprintf(", about %q", e.Issue)
	}
	p.tell(r, c, protocol.LogEntry{Type: "contact", Cause: e.Channel}, text)
}

func (p *projection) picked(r desk.Record, c *conversation, e desk.Picked) {
	c.agent, c.startedAt, c.forAgent = e.Agent, r.At, ""
	p.batch.served.add(c.key, e.Agent)
	entry := protocol.LogEntry{Type: "picked", By: e.Agent, Cause: string(e.How), WaitedMS: e.WaitedMS}
	p.tell(r, c, entry, p.pickedWords(c, e))
}

func (p *projection) offered(r desk.Record, c *conversation, e desk.Offered) {
	c.agent = e.Agent
	p.logOf(r, c, protocol.LogEntry{Type: "offered", By: e.Agent, Until: e.Until})
	s := protocol.Step{Type: "offered", By: e.Agent, Text: p.offeredWords(r, e)}
	if x := e.Choice; x != nil {
		s.Strategy, s.Free, s.Passed = string(x.Strategy), x.Free, passed(x.Passed)
		if x.Draw != 0 {
			s.Draw = strconv.FormatUint(x.Draw, 10)
		}
		for _, a := range x.Candidates {
			s.Candidates = append(s.Candidates, protocol.Candidate{
				Agent: a.Agent, Load: a.Load, Limit: a.Limit, Since: a.Since, Skills: a.Skills, Passed: string(a.Why),
			})
		}
	}
	p.step(r, c, s)
}

func (p *projection) returned(r desk.Record, c *conversation, e desk.Returned) {
	c.agent, c.startedAt = "", 0
	if e.Pending {
		c.forAgent, c.forTeam = e.Agent, ""
	}
	p.tell(r, c, protocol.LogEntry{Type: "returned", By: e.Agent, Cause: string(e.Why), To: c.to()}, p.returnedWords(c, e))
}

func (p *projection) ended(r desk.Record, c *conversation, e desk.Ended) {
	c.endedAt, c.endedWhy, c.ended, c.inactive = r.At, string(e.Why), e.By, ""
	delete(p.live, c.id)
	entry := protocol.LogEntry{Type: "ended", By: e.By, Cause: string(e.Why)}
	if e.Why == desk.EndedLeft || e.Why == desk.EndedAbandoned {
		entry.Type = "left"
	}
	p.tell(r, c, entry, p.endedWords(c, e))
}

func (p *projection) transferred(r desk.Record, c *conversation, e desk.Transferred) {
	c.agent, c.startedAt, c.forAgent, c.forTeam = "", 0, e.Agent, e.Team
	entry := protocol.LogEntry{Type: "transferred", By: e.By, To: target(e.Agent, e.Team, e.Queue), Reason: e.Note}
	p.tell(r, c, entry, p.transferredWords(c, e))
	p.requeue(r, c, e.Queue, entry)
}

func (p *projection) handedBack(r desk.Record, c *conversation, e desk.HandedBack) {
	c.agent, c.startedAt, c.forAgent, c.forTeam = "", 0, e.To, ""
	entry := protocol.LogEntry{Type: "returned", By: e.By, Cause: string(desk.ReturnedHanded), To: c.to()}
	p.tell(r, c, entry, fmt.Sprintf("%s declined; it waits for %s, who had handed it on", p.agent(e.By), p.agent(e.To)))
}

func (p *projection) rerouted(r desk.Record, c *conversation, e desk.Rerouted) {
	text := p.reroutedWords(c, e)
	c.agent, c.startedAt, c.forAgent, c.forTeam = "", 0, "", ""
	entry := protocol.LogEntry{Type: "returned", By: e.By, Cause: string(e.Why), To: target("", "", e.Queue)}
	p.tell(r, c, entry, text)
	p.requeue(r, c, e.Queue, entry)
}

func (p *projection) entered(r desk.Record, c *conversation, e desk.Entered) {
	p.batch.served.add(c.key, e.Agent)
	text := p.agent(e.Agent) + " joined"
	if e.Team != "" {
		text += " through team " + e.Team
	} else {
		text += ", invited in person"
	}
	p.tell(r, c, protocol.LogEntry{Type: "entered", By: e.Agent}, text)
}

func (p *projection) left(r desk.Record, c *conversation, e desk.Left) {
	entry := protocol.LogEntry{Type: "exited", By: e.Agent, Cause: string(e.Why)}
	text := p.wentWords(e.Agent, e.Why) + "; others stay"
	if e.Owner != "" {
		c.agent = e.Owner
		entry.To = target(e.Owner, "", "")
		text = fmt.Sprintf("%s; %s, who has shared it longest, has it now", p.wentWords(e.Agent, e.Why), p.agent(e.Owner))
	}
	p.tell(r, c, entry, text)
}

func (p *projection) invited(r desk.Record, c *conversation, e desk.Invited) {
	to := target(e.Agent, e.Team, "")
	text := fmt.Sprintf("%s invited %s", p.agent(e.By), p.target(to)) + noted(e.Note)
	p.tell(r, c, protocol.LogEntry{Type: "invited", By: e.By, To: to, Reason: e.Note}, text)
}

func (p *projection) uninvited(r desk.Record, c *conversation, e desk.Uninvited) {
	to := target(e.Agent, e.Team, "")
	text := fmt.Sprintf("The invitation of %s ended", p.target(to))
	switch e.By {
	case "":
	case e.Agent:
		text = p.agent(e.By) + " declined the invitation"
	default:
		text = fmt.Sprintf("%s took the invitation of %s back", p.agent(e.By), p.target(to))
	}
	p.tell(r, c, protocol.LogEntry{Type: "uninvited", By: e.By, To: to}, text)
}

func (p *projection) ruleApplied(r desk.Record, c *conversation, e desk.RuleApplied) {
	entry := protocol.LogEntry{Type: "alerted", WaitedMS: r.At - c.arrivedAt}
	moved := false
	if e.Action == settings.RuleMove {
		entry.Type, entry.Cause, entry.To = "passed", e.Skipped, target("", "", e.To)
		if moved = e.Skipped == ""; moved {
			entry.Type, entry.Cause = "moved", c.queue
			c.forAgent, c.forTeam = "", ""
		}
	}
	p.tell(r, c, entry, p.ruleWords(c, e))
	if moved {
		p.requeue(r, c, e.To, entry)
	}
}

func (p *projection) wentInactive(r desk.Record, c *conversation, e desk.WentInactive) {
	c.agent, c.startedAt, c.forAgent, c.forTeam, c.inactive = "", 0, "", "", string(e.Why)
	text := c.customer() + " wrote, and left before anybody came; kept as inactive"
	if e.Why == desk.EndedAbandoned {
		text = c.customer() + " wrote, and the connection was lost for too long before anybody came; kept as inactive"
	}
	p.tell(r, c, protocol.LogEntry{Type: "inactive", Cause: string(e.Why)}, text)
}

func (p *projection) revived(r desk.Record, c *conversation, e desk.Revived) {
	c.inactive, c.arrivedAt = "", r.At
	c.queue = e.Queue
	c.name, c.page = first(e.Name, c.name), first(e.Page, c.page)
	c.email, c.phone = first(e.Email, c.email), first(e.Phone, c.phone)
	p.reach(c, e.Email, e.Phone)
	p.tell(r, c, protocol.LogEntry{Type: "revived"}, fmt.Sprintf("%s came back, to the end of the line of queue %s", c.customer(), c.queue))
}

func (p *projection) wentIdle(r desk.Record, c *conversation) {
	p.step(r, c, protocol.Step{Type: "idle", Text: c.customer() + " has been silent for so long that it does not count against its agents' limits"})
}

// to is for whom it waits, if not in its queue's own line.
func (c *conversation) to() *protocol.Target { return target(c.forAgent, c.forTeam, "") }

// target is whichever of the three is named; nil for none.
func target(agent, team, queue string) *protocol.Target {
	switch {
	case agent != "":
		return &protocol.Target{Kind: string(desk.ToAgent), Name: agent}
	case team != "":
		return &protocol.Target{Kind: string(desk.ToTeam), Name: team}
	case queue != "":
		return &protocol.Target{Kind: string(desk.ToQueue), Name: queue}
	}
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
