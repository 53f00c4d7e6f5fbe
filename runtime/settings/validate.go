package settings

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"usher.chat/runtime/calendar"
)

// Bounds of what a list may hold and how long a text may be, in letters. They are those of the custom
// resources.
const (
	MaxNames        = 64  // of most lists
	MaxSkills       = 16  // of a member, a queue, an issue
	MaxWaitingRules = 16  // of a queue
	MaxPriority     = 100 // of a queue, an issue; and as much below zero
	MaxName         = 63  // of a skill, an issue, an attribute
	MaxResourceName = 253 // of a reference to a resource
	MaxDisplayName  = 128
	MaxMessage      = 500 // of what a channel tells while the chat is not offered
	MaxPattern      = 500 // of a page's or referrer's address
	MaxLanguage     = 35  // of a language tag
	MaxValue        = 128 // of what an attribute is compared with
)

// Bounds of TargetingRule.AtLeast.
const (
	MaxTimeOnPage = 86400 // seconds
	MaxPagesSeen  = 1000
	MaxPercent    = 100
)

// adder notes a problem.
type adder func(format string, args ...any)

// Validate checks what the runtime relies on. A reference to something that is not there is not a
// problem: see Queue.Schedule, Queue.Teams and WaitingRule.Queue. Neither is a loop of moves, see
// MoveLoops.
func (s Settings) Validate() error {
	var bad []string
	add := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if s.Desk.Name == "" {
		add("desk.name: write the name of the desk")
	}
	s.Desk.Retention.validate(add, "desk.retention")
	for i, c := range s.Schedules {
		unique(add, "schedules", i, c.Name, func(j int) string { return s.Schedules[j].Name })
		if err := calendar.Validate(c); err != nil {
			add("schedules[%s]: %v", c.Name, err)
		}
	}
	for i, t := range s.Teams {
		unique(add, "teams", i, t.Name, func(j int) string { return s.Teams[j].Name })
		t.validate(add)
	}
	for i, q := range s.Queues {
		unique(add, "queues", i, q.Name, func(j int) string { return s.Queues[j].Name })
		q.validate(add)
	}
	for i, c := range s.Channels {
		unique(add, "channels", i, c.Name, func(j int) string { return s.Channels[j].Name })
		c.validate(add)
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return &InvalidError{Problems: bad}
	}
	return nil
}

func (t Team) validate(add adder) {
	at := "teams[" + t.Name + "]"
	oneOf(add, at+".mode", t.Mode, TeamCollaboration, TeamGrab)
	oneOf(add, at+".chat", t.Chat, TeamChatEnabled, TeamChatDisabled)
	if t.MaxConversations < 0 {
		add("%s.maxConversations: must not be negative", at)
	}
	seen := map[string]bool{}
	for _, m := range t.Members {
		switch {
		case m.Name == "":
			add("%s.members: every member has a name", at)
		case seen[m.Name]:
			add("%s.members: %q stands twice", at, m.Name)
		}
		seen[m.Name] = true
		member := at + ".members[" + m.Name + "]"
		oneOf(add, member+".role", m.Role, RoleRepresentative, RoleAdmin)
		oneOf(add, member+".listing", m.Listing, ListingHidden, ListingPublic)
		names(add, member+".skills", m.Skills, MaxSkills, MaxName)
		if m.MaxConversations < 0 {
			add("%s.maxConversations: must not be negative", member)
		}
	}
}

func (c Channel) validate(add adder) {
	at := "channels[" + c.Name + "]"
	if c.Type != ChannelWeb {
		add("%s.type: %q; write Web", at, c.Type)
	}
	if c.Queue == "" {
		add("%s.queue: write the queue that its customers wait in", at)
	}
	oneOf(add, at+".agents", c.Agents, AgentListHidden, AgentListOnline)
	oneOf(add, at+".sessionKeys", c.SessionKeys, SessionKeysAccepted, SessionKeysRefused)
	names(add, at+".issueQueues", c.IssueQueues, MaxNames, MaxResourceName)
	unavailable(add, at+".unavailable", c.Unavailable.Action, c.Unavailable.Message)
	for _, state := range []struct {
		name string
		is   *UnavailableState
	}{{"busy", c.Unavailable.Busy}, {"offline", c.Unavailable.Offline}, {"closed", c.Unavailable.Closed}} {
		if state.is != nil {
			unavailable(add, at+".unavailable."+state.name, state.is.Action, state.is.Message)
		}
	}
	if len(c.Targeting) > MaxNames {
		add("%s.targeting: %d rules; at most %d", at, len(c.Targeting), MaxNames)
	}
	for i, rule := range c.Targeting {
		rule.validate(add, fmt.Sprintf("%s.targeting[%d]", at, i))
	}
}

func unavailable(add adder, at string, action UnavailableAction, message string) {
	oneOf(add, at+".action", action, UnavailableMessage, UnavailableHide, UnavailableContactForm)
	short(add, at+".message", message, MaxMessage)
}

// validate checks that exactly the fields of the rule's type are set.
func (r TargetingRule) validate(add adder, at string) {
	var pattern, languages, attribute bool
	most := 0 // of AtLeast; 0: the type has none
	switch r.Type {
	case TargetPagePattern, TargetReferrer:
		pattern = true
	case TargetLanguage:
		languages = true
	case TargetTimeOnPage:
		most = MaxTimeOnPage
	case TargetPagesSeen:
		most = MaxPagesSeen
	case TargetScrollDepth, TargetShare:
		most = MaxPercent
	case TargetAttribute:
		attribute = true
	case TargetReturning, TargetExitIntent:
	default:
		add("%s.type: %q; write PagePattern, Referrer, Language, TimeOnPage, PagesSeen, ScrollDepth, ReturningVisitor, ExitIntent, Attribute or VisitorShare", at, r.Type)
		return
	}
	belongs := func(field string, has, should bool) {
		switch {
		case has && !should:
			add("%s.%s: does not belong to the type %s; remove it", at, field, r.Type)
		case !has && should:
			add("%s.%s: the type %s needs it; add it", at, field, r.Type)
		}
	}
	belongs("pattern", r.Pattern != "", pattern)
	belongs("languages", len(r.Languages) > 0, languages)
	belongs("attribute", r.Attribute != "", attribute)
	belongs("values", len(r.Values) > 0, attribute)
	belongs("atLeast", r.AtLeast != 0, most > 0)
	if most > 0 && r.AtLeast != 0 {
		within(add, at+".atLeast", r.AtLeast, 1, most)
	}
	short(add, at+".pattern", r.Pattern, MaxPattern)
	short(add, at+".attribute", r.Attribute, MaxName)
	names(add, at+".languages", r.Languages, MaxNames, MaxLanguage)
	names(add, at+".values", r.Values, MaxNames, MaxValue)
}

// unique reports a name that is missing, or that the entry before it has too (the lists are sorted).
func unique(add adder, list string, i int, name string, nameOf func(int) string) {
	if name == "" {
		add("%s[%d]: has no name", list, i)
	} else if i > 0 && nameOf(i-1) == name {
		add("%s: %q stands twice", list, name)
	}
}

// oneOf reports a word that is none of those there are. Empty is the default.
func oneOf[T ~string](add adder, at string, value T, known ...T) {
	if value == "" || slices.Contains(known, value) {
		return
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	last := len(words) - 1
	add("%s: %q; write %s or %s", at, value, strings.Join(words[:last], ", "), words[last])
}

// names reports a list that is too long, and names in it that are blank, too long or stand twice.
func names(add adder, at string, list []string, most, longest int) {
	if len(list) > most {
		add("%s: %d entries; at most %d", at, len(list), most)
		return
	}
	for i, name := range list {
		switch {
		case strings.TrimSpace(name) == "":
			add("%s[%d]: has no name", at, i)
		case slices.Contains(list[:i], name):
			add("%s: %q stands twice", at, name)
		default:
			short(add, fmt.Sprintf("%s[%d]", at, i), name, longest)
		}
	}
}

// short reports a text that is too long, in letters.
func short(add adder, at, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		add("%s: %d letters; at most %d", at, n, most)
	}
}

func within(add adder, at string, n, least, most int) {
	if n < least || n > most {
		add("%s: %d; must be %d to %d", at, n, least, most)
	}
}
