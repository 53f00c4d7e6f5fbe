package kubectl

import (
	"fmt"
	"strings"
	"time"

	"usher.chat/runtime/protocol"
)

// logTypeWidth is that of the longest type: transferred.
const logTypeWidth = 11

// typeColor marks what people look for in a log.
func typeColor(kind string) color {
	switch kind {
	case "opened":
		return green
	case "closed":
		return red
	case "joined", "returned", "revived", "contact":
		return blue
	case "alerted", "passed", "keysLocked", "erased":
		return amber
	}
	return plain
}

// logLine is one line: when, what, who, why, until when, and under which generation of the Queue.
//
//	2026-11-21 14:02:11 EET  closed       by ana until 14:30 (EET): fire drill  [7]
func (v view) logLine(e protocol.LogEntry, z zone) string {
	at := time.UnixMilli(e.At).In(z.Location)
	line := fmt.Sprintf("%s %s  %s  %s", at.Format(time.DateTime), z.abbreviation(at),
		paint(v.color, typeColor(e.Type), fmt.Sprintf("%-*s", logTypeWidth, clean(e.Type))), v.logWords(e, z))
	line = strings.TrimRight(line, " ")
	if e.Generation > 0 {
		line += "  " + paint(v.color, faint, fmt.Sprintf("[%d]", e.Generation))
	}
	return line
}

// logWords say what the type does not.
func (v view) logWords(e protocol.LogEntry, z zone) string {
	customer := clean(e.Name)
	if customer == "" {
		customer = "a customer"
	}
	if e.Conversation != "" {
		customer += " (" + clean(e.Conversation) + ")"
	}
	to := ""
	if e.To != nil {
		if to = clean(e.To.Name); e.To.Kind != "agent" {
			to = clean(e.To.Kind) + " " + to
		}
	}
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	by := func() {
		if e.By != "" {
			add("by %s", clean(e.By))
		}
	}
	switch e.Type {
	case "opened", "closed":
		if e.Cause == "Override" && e.By != "" {
			by()
		} else {
			add("by %s", switchedBy(e.Cause))
			by()
		}
	case "joined":
		add("%s", customer)
		if e.Cause != "" {
			add("through %s", clean(e.Cause))
		}
		if to != "" {
			add("for %s", to)
		}
	case "picked":
		add("%s", customer)
		by()
		switch e.Cause {
		case "chosen":
			add("out of the line")
		case "offer":
			add("as offered")
		case "grab":
			add("before the others")
		case "handed":
			add("in person")
		}
		add("after %s", waited(time.Duration(e.WaitedMS)*time.Millisecond))
	case "offered":
		add("%s to %s", customer, clean(e.By))
	case "returned":
		add("%s", customer)
		if e.By != "" {
			add("from %s", clean(e.By))
		}
		if to != "" {
			add("to %s", to)
		}
		if why := returnedWhy(e.Cause); why != "" {
			add("(%s)", why)
		}
	case "entered", "revived":
		add("%s", customer)
		by()
	case "exited":
		add("%s", customer)
		by()
		if to != "" {
			add("to %s", to)
		}
		if why := returnedWhy(e.Cause); why != "" && e.Cause != "left" {
			add("(%s)", why)
		}
	case "transferred":
		add("%s", customer)
		by()
		add("to %s", to)
	case "moved":
		add("%s", customer)
		if e.Cause != "" {
			add("from queue %s", clean(e.Cause))
		}
		add("to %s by a waiting rule after %s", to, waited(time.Duration(e.WaitedMS)*time.Millisecond))
	case "passed":
		add("%s was not moved to %s by a waiting rule (%s)", customer, to, passedWhy(e.Cause))
	case "alerted":
		add("%s waits for %s, longer than a waiting rule says", customer, waited(time.Duration(e.WaitedMS)*time.Millisecond))
	case "invited":
		add("%s to %s", to, customer)
		by()
	case "uninvited":
		add("%s to %s", to, customer)
		if e.To != nil && e.To.Kind == "agent" && e.By == e.To.Name {
			add("(declined)")
		} else {
			by()
		}
	case "inactive":
		add("%s wrote and left before anybody came", customer)
		if e.Cause == "abandoned" {
			add("(the connection was lost)")
		}
	case "contact":
		add("%s left a form", customer)
		if e.Cause != "" {
			add("through %s", clean(e.Cause))
		}
	case "left", "ended":
		add("%s", customer)
		if e.By != "" {
			by()
		} else if why := endedWhy(e.Cause); why != "" {
			add("(%s)", why)
		}
	case "erased":
		if e.Conversation != "" { // else the reason says how many
			add("%s for good", clean(e.Conversation))
		} else {
			add("for good")
		}
		if e.Cause == "retention" {
			add("by age")
		} else {
			by()
		}
	case "override":
		add("%s", overrideWords(e.Cause))
		by()
	case "settings":
		add("%s", settingsWords(e.Cause))
	default:
		if e.Cause != "" {
			add("%s", clean(e.Cause))
		}
		by()
	}
	if e.Until > 0 {
		add("until %s", z.short(time.UnixMilli(e.Until), time.UnixMilli(e.At)))
	}
	text := strings.Join(words, " ")
	if e.Reason != "" {
		text += ": " + clean(e.Reason)
	}
	return text
}

func switchedBy(cause string) string {
	switch cause {
	case "Override":
		return "hand"
	case "Schedule":
		return "the schedule"
	case "Exception":
		return "an exception of the schedule"
	case "Holiday":
		return "a holiday"
	case "ScheduleSuspended":
		return "the schedule, which is suspended"
	case "AlwaysOpen":
		return "default, for it has no schedule"
	case "ScheduleMissing":
		return "default, for its schedule is missing"
	case "":
		return "settings"
	}
	return clean(cause)
}

func returnedWhy(cause string) string {
	switch cause {
	case "refused":
		return "the offer was refused"
	case "expired":
		return "the offer was not accepted in time"
	case "left":
		return "the agent left"
	case "lost":
		return "the agent's connection was lost"
	case "removed":
		return "the agent is no member any more"
	case "signedOut":
		return "the agent signed out"
	case "declined":
		return "declined"
	}
	return clean(cause)
}

// passedWhy is why a waiting rule did not move somebody.
func passedWhy(cause string) string {
	switch cause {
	case "missing":
		return "it is not there"
	case "visited":
		return "the customer has waited there before"
	case "unserved":
		return "nobody serves it"
	case "closed":
		return "it is closed"
	}
	return clean(cause)
}

func endedWhy(cause string) string {
	switch cause {
	case "customer":
		return "by the customer"
	case "left":
		return "gave up waiting"
	case "abandoned":
		return "the connection was lost"
	case "idle":
		return "the customer wrote nothing for too long"
	case "removed":
		return "the queue was removed"
	}
	return clean(cause)
}

func overrideWords(cause string) string {
	switch cause {
	case "RequestedOpen":
		return "opened in the console"
	case "RequestedClosed":
		return "closed in the console"
	case "RequestedAuto":
		return "given back to the schedule in the console"
	case "Carried":
		return "from the console is in the Queue now, as wished"
	case "Refused":
		return "from the console cannot be in the Queue, as wished"
	}
	return clean(cause)
}

func settingsWords(cause string) string {
	switch cause {
	case "Added":
		return "the queue was added"
	case "Removed":
		return "the queue was removed"
	case "":
		return "changed"
	}
	return "changed: " + clean(cause)
}
