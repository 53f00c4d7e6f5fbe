package desk

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher.chat/runtime/settings"
)

// Ways in for customers (features R9, R10, R18).

// Limits of how to reach a customer.
const (
	MaxEmail = 254 // bytes
	MaxPhone = 32  // characters
)

func (s *State) decideJoin(c Join, now int64) (Decision, *Error) {
	channel := s.Channel(c.Channel)
	if channel == nil {
		return Decision{}, refuse(NotFound, "there is no channel %q", c.Channel)
	}
	inactive, err := s.mayJoin(c.Session)
	if err != nil {
		return Decision{}, err
	}
	c.Name, c.Email, c.Phone = withoutMarks(c.Name), withoutMarks(c.Email), withoutMarks(c.Phone)
	if err := checkPerson(c.Name, c.Email, c.Phone, c.Page); err != nil {
		return Decision{}, err
	}
	c.SecureName = withoutMarks(c.SecureName)
	if err := checkPerson(c.SecureName, "", "", ""); err != nil {
		return Decision{}, err
	}
	if len(c.Page) > MaxPage {
		c.Page = ""
	}
	text := strings.TrimSpace(c.Text)
	if text != "" {
		if err := checkText(c.Text); err != nil {
			return Decision{}, err
		}
	}
	e := CustomerJoined{Session: c.Session, Queue: channel.Queue, Channel: c.Channel, Name: c.Name, Page: c.Page, Email: c.Email, Phone: c.Phone}
	if err := s.lead(channel, c, &e, now); err != nil {
		return Decision{}, err
	}
	if err := s.secure(c, &e); err != nil {
		return Decision{}, err
	}
	var d Decision
	if inactive != nil && inactive.Queue == e.Queue && e.Via == "" && e.Issue == "" && e.Secure+inactive.Secure == "" {
		// Who left this line and comes back goes on with the same conversation.
		d = only(Revived{Conversation: inactive.ID, Queue: e.Queue, Name: e.Name, Page: e.Page, Email: e.Email, Phone: e.Phone})
		d.Conversation = inactive.ID
	} else {
		e.Conversation = s.nextID()
		d = only(e)
		d.Conversation = e.Conversation
	}
	if text != "" {
		d.Events = append(d.Events, MessageSent{Conversation: d.Conversation, From: SideCustomer, Text: c.Text})
	}
	return d, nil
}

// secure takes the secure metadata of a join as the queue has it (feature C9). Facts speak of who joins and of nobody
// else: with them, or behind a conversation that has some, a new conversation begins, though the browser is the same.
func (s *State) secure(c Join, e *CustomerJoined) *Error {
	policy := settings.SecureOptional
	if set := s.Setting(e.Queue); set != nil && set.SecureMetadata != "" {
		policy = set.SecureMetadata
	}
	switch {
	case policy == settings.SecureIgnore:
		return nil
	case c.SecureError != "":
		return refuse(SecureInvalid, "%s", c.SecureError)
	case c.Secure == "" && policy == settings.SecureRequired:
		return refuse(SecureRequired, "this queue takes customers only whom the site vouches for; sign in there first")
	}
	e.Secure = c.Secure
	if c.SecureName != "" {
		e.Name = c.SecureName
	}
	return nil
}

// nextID is that of the next conversation.
func (s *State) nextID() ConversationID {
	return ConversationID("c" + strconv.FormatUint(s.LastConversation+1, 10))
}

// mayJoin tells whether a session may start a conversation, and the inactive one that it has.
func (s *State) mayJoin(session string) (inactive *Conversation, err *Error) {
	customer := s.customer(session)
	if customer == nil {
		return nil, nil
	}
	conv := s.Conversations[customer.Conversation]
	if conv == nil || conv.Place == Over {
		return nil, nil
	}
	if conv.Place == Inactive {
		return conv, nil
	}
	return nil, refuse(AlreadyJoined, "you have a conversation already")
}

// lead finds where a customer is to wait, and whether that may be.
func (s *State) lead(channel *settings.Channel, c Join, e *CustomerJoined, now int64) *Error {
	ways := 0
	for _, way := range []string{c.Issue, c.Key, c.Agent, c.To.Name} {
		if way != "" {
			ways++
		}
	}
	if ways > 1 {
		return refuse(BadRequest, "give one of an issue, a session key, an agent and a link")
	}
	switch {
	case c.Key != "":
		agent, err := s.keyFor(channel, c.Key, now)
		e.Agent, e.Via, e.Key = agent, ViaKey, c.Key
		return err // whoever was given a key is awaited: it opens closed queues too
	case c.Issue != "":
		if err := s.leadByIssue(channel, c.Issue, e); err != nil {
			return err
		}
	case c.Agent != "":
		if !slices.Contains(s.Choosable(channel.Name), c.Agent) {
			return refuse(NotOffered, "this agent cannot be chosen at the moment")
		}
		e.Agent, e.Via = c.Agent, ViaChosen
	case c.To.Name != "":
		if err := s.leadByLink(c.To, e); err != nil {
			return err
		}
	}
	return s.mayWait(e, now)
}

func (s *State) leadByIssue(channel *settings.Channel, id string, e *CustomerJoined) *Error {
	queue, name, _ := strings.Cut(id, "/")
	set := s.Setting(queue)
	if set != nil && (queue == channel.Queue || slices.Contains(channel.IssueQueues, queue)) {
		for _, issue := range set.Issues {
			if issue.Name != name {
				continue
			}
			e.Queue, e.Issue, e.Skills, e.Priority = queue, first(issue.DisplayName, issue.Name), issue.RequiredSkills, issue.Priority
			if t := s.teams[issue.Team]; issue.Team != "" && t != nil && len(t.members) > 0 {
				e.Team, e.Via = issue.Team, ViaIssue
			}
			return nil
		}
	}
	return refuse(NotFound, "this page has no issue %q", id)
}

func (s *State) leadByLink(to Target, e *CustomerJoined) *Error {
	e.Via = ViaLink
	switch to.Kind {
	case ToQueue:
		if s.Queues[to.Name] == nil {
			return refuse(LinkInvalid, "what this link leads to is not there any more")
		}
		e.Queue, e.Via = to.Name, ""
	case ToTeam:
		if t := s.teams[to.Name]; t == nil || len(t.members) == 0 {
			return refuse(LinkInvalid, "what this link leads to is not there any more")
		}
		e.Team = to.Name
	case ToAgent:
		m := s.members[to.Name]
		if m == nil {
			return refuse(LinkInvalid, "what this link leads to is not there any more")
		}
		if s.PresenceOf(m.Name) == string(PassedOffline) {
			return refuse(NotOffered, "%s is not here at the moment", m.DisplayName)
		}
		e.Agent = to.Name
	default:
		return refuse(LinkInvalid, "this link leads nowhere")
	}
	return nil
}

// mayWait tells whether a customer may wait where the way in leads. For a team or an agent the queue
// must be open; its places count only for its own line.
func (s *State) mayWait(e *CustomerJoined, now int64) *Error {
	q := s.Queues[e.Queue]
	if q == nil {
		return refuse(NotOffered, "the queue of this channel is not there; try again later")
	}
	if e.Team == "" && e.Agent == "" {
		return s.offered(q, now)
	}
	if !s.answer(q, now).Open {
		return refuse(QueueClosed, "the queue is closed")
	}
	return nil
}

// Choosable are the agents whom customers of a channel may choose by name: public members of its
// queue's teams who are online.
func (s *State) Choosable(channel string) []string {
	c := s.Channel(channel)
	if c == nil || c.Agents != settings.AgentListOnline {
		return nil
	}
	var list []string
	for _, name := range s.AgentsOf(c.Queue) {
		if a := s.Agents[name]; a != nil && s.members[name].Public && (a.seat.standing == standsFree || a.seat.standing == standsFull) {
			list = append(list, name)
		}
	}
	return list
}

// checkPerson tells whether what customers say of themselves may stand.
func checkPerson(name, email, phone, page string) *Error {
	for _, t := range []string{name, email, phone, page} {
		if !utf8.ValidString(t) {
			return refuse(TextInvalid, "the name, address or page is not valid text")
		}
	}
	switch {
	case utf8.RuneCountInString(name) > MaxName:
		return refuse(TextTooLong, "a name may have %d characters", MaxName)
	case len(email) > MaxEmail:
		return refuse(TextTooLong, "an e-mail address may have %d characters", MaxEmail)
	case utf8.RuneCountInString(phone) > MaxPhone:
		return refuse(TextTooLong, "a phone number may have %d characters", MaxPhone)
	}
	for _, t := range []string{name, email, phone, page} {
		if strings.IndexFunc(t, unicode.IsControl) >= 0 {
			return refuse(TextInvalid, "the name, address or page has a control character")
		}
	}
	if email != "" {
		if at := strings.LastIndexByte(email, '@'); at < 1 || at == len(email)-1 || strings.ContainsFunc(email, unicode.IsSpace) {
			return refuse(TextInvalid, "this is not an e-mail address")
		}
	}
	if phone != "" && (strings.IndexFunc(phone, unicode.IsDigit) < 0 || strings.ContainsFunc(phone, unicode.IsLetter)) {
		return refuse(TextInvalid, "this is not a phone number")
	}
	return nil
}

// decideContact takes a contact form: an inactive conversation in the queue that the customer would
// have waited in. A second form of the same customer is one more message.
func (s *State) decideContact(c Contact) (Decision, *Error) {
	channel := s.Channel(c.Channel)
	if channel == nil {
		return Decision{}, refuse(NotFound, "there is no channel %q", c.Channel)
	}
	if !takesContact(channel.Unavailable) {
		return Decision{}, refuse(FeatureOff, "this page has no contact form")
	}
	inactive, err := s.mayJoin(c.Session)
	if err != nil {
		return Decision{}, err
	}
	c.Name, c.Email, c.Phone = withoutMarks(c.Name), withoutMarks(c.Email), withoutMarks(c.Phone)
	if err := checkPerson(c.Name, c.Email, c.Phone, c.Page); err != nil {
		return Decision{}, err
	}
	if c.Email == "" && c.Phone == "" {
		return Decision{}, refuse(TextEmpty, "leave an e-mail address or a phone number, so that we can answer")
	}
	if err := checkText(c.Text); err != nil {
		return Decision{}, err
	}
	if len(c.Page) > MaxPage {
		c.Page = ""
	}
	e := CustomerJoined{Queue: channel.Queue}
	if c.Issue != "" {
		if err := s.leadByIssue(channel, c.Issue, &e); err != nil {
			return Decision{}, err
		}
	}
	if s.Queues[e.Queue] == nil {
		return Decision{}, refuse(NotOffered, "the queue of this channel is not there; try again later")
	}
	left := ContactLeft{
		Conversation: s.nextID(), Session: c.Session, Queue: e.Queue, Channel: c.Channel,
		Name: c.Name, Email: c.Email, Phone: c.Phone, Page: c.Page, Issue: e.Issue,
	}
	if inactive != nil && inactive.Queue == e.Queue && inactive.Secure == "" {
		left.Conversation = inactive.ID
	}
	return Decision{Conversation: left.Conversation, Events: []Event{
		left, MessageSent{Conversation: left.Conversation, From: SideCustomer, Text: c.Text},
	}}, nil
}

func takesContact(u settings.Unavailable) bool {
	if u.Action == settings.UnavailableContactForm {
		return true
	}
	for _, state := range []*settings.UnavailableState{u.Busy, u.Offline, u.Closed} {
		if state != nil && state.Action == settings.UnavailableContactForm {
			return true
		}
	}
	return false
}

func (s *State) applyContact(e ContactLeft, at int64) {
	if c := s.Conversations[e.Conversation]; c != nil {
		c.Name, c.Email, c.Phone = first(e.Name, c.Name), first(e.Email, c.Email), first(e.Phone, c.Phone)
		return
	}
	c := s.newConversation(e.Conversation, e.Session, e.Queue, e.Channel, at)
	c.Name, c.Email, c.Phone, c.Page, c.Issue = e.Name, e.Email, e.Phone, e.Page, e.Issue
	c.Place, c.EndedWhy = Inactive, EndedContact
	s.leftBehind(c)
}

// leftBehind counts an inactive conversation in its queue, or in that of its channel when its own is no
// more.
func (s *State) leftBehind(c *Conversation) {
	if q := s.Queues[s.refuge(c)]; q != nil {
		if q.inactive == nil {
			q.inactive = map[ConversationID]*Conversation{}
		}
		q.inactive[c.ID] = c
	}
}

// InactiveOf are the inactive conversations of a queue, by number.
func (s *State) InactiveOf(queue string) []*Conversation {
	if q := s.Queues[queue]; q != nil {
		return byNumber(q.inactive)
	}
	return nil
}

func byNumber(set map[ConversationID]*Conversation) []*Conversation {
	list := make([]*Conversation, 0, len(set))
	for _, c := range set {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *Conversation) int {
		if a.Number < b.Number {
			return -1
		}
		return 1
	})
	return list
}
