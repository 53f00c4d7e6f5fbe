package gatewaytest

import (
	"maps"

	"usher.chat/runtime/protocol"
)

// View is what the client knows. Guarded by the client.
type View struct {
	Seq           uint64
	Welcome       protocol.Welcome
	Loaded        bool
	Channel       *protocol.Channel
	Queues        map[string]protocol.Queue
	Waiting       map[string]protocol.Waiting
	Conversations map[string]protocol.Conversation
	Messages      map[string][]protocol.Message
	Teams         map[string]protocol.Team
	Agents        map[string]protocol.Colleague
	Me            protocol.Standing
	Invitations   map[string]protocol.Invitation
	Opens         map[string]protocol.Open
	Inactives     map[string]protocol.Inactive
	Rooms         map[string]protocol.Room
	Posts         map[string][]protocol.Post // by room, as they came
	Notices       []protocol.Notice
	Gone          []protocol.Gone
	Errors        []protocol.Error
	Code          uint16 // close code
	GoAway        bool
	AwayMS        int64 // of GoAway
	Typing        int

	partial bool // more of the snapshot is to come
}

// Conversation is the customer's; the zero value before there is one.
func (v *View) Conversation() protocol.Conversation {
	var last protocol.Conversation
	for _, c := range v.Conversations {
		if c.ArrivedAt >= last.ArrivedAt {
			last = c
		}
	}
	return last
}

// newest is the newest message that the client has; nil without one.
func (v *View) newest() *protocol.Kept {
	var last *protocol.Kept
	for _, list := range v.Messages {
		if n := len(list); n > 0 && (last == nil || list[n-1].Seq > last.Seq) {
			last = &protocol.Kept{Seq: list[n-1].Seq, At: list[n-1].At}
		}
	}
	return last
}

func (v *View) reset() {
	v.Queues, v.Waiting = map[string]protocol.Queue{}, map[string]protocol.Waiting{}
	v.Conversations, v.Messages = map[string]protocol.Conversation{}, map[string][]protocol.Message{}
	v.Teams, v.Agents = map[string]protocol.Team{}, map[string]protocol.Colleague{}
	v.Invitations, v.Opens, v.Inactives = map[string]protocol.Invitation{}, map[string]protocol.Open{}, map[string]protocol.Inactive{}
	v.Rooms, v.Posts = map[string]protocol.Room{}, map[string][]protocol.Post{}
}

func (v *View) snapshot(s protocol.Snapshot) {
	if !v.partial {
		kept := v.Messages
		v.reset()
		v.Channel, v.Me = nil, protocol.Standing{}
		if s.MessagesAfter > 0 {
			for id, list := range kept {
				for _, m := range list {
					if m.Seq <= s.MessagesAfter {
						v.Messages[id] = append(v.Messages[id], m)
					}
				}
			}
		}
	}
	for _, change := range s.Changes {
		v.apply(change)
	}
	v.Seq, v.Loaded, v.partial = s.Seq, !s.More, s.More
}

func (v *View) apply(c protocol.Change) {
	switch c.Kind {
	case protocol.KindQueue:
		v.Queues[c.Queue.Name] = *c.Queue
	case protocol.KindWaiting:
		v.Waiting[c.Waiting.Conversation] = *c.Waiting
	case protocol.KindConversation:
		v.Conversations[c.Conversation.ID] = *c.Conversation
	case protocol.KindMessage:
		list := v.Messages[c.Message.Conversation]
		i := len(list)
		for i > 0 && list[i-1].Seq >= c.Message.Seq {
			i--
		}
		if i < len(list) && list[i].Seq == c.Message.Seq {
			list[i] = *c.Message
			return
		}
		list = append(list, protocol.Message{})
		copy(list[i+1:], list[i:])
		list[i] = *c.Message
		v.Messages[c.Message.Conversation] = list
	case protocol.KindChannel:
		v.Channel = c.Channel
	case protocol.KindTeam:
		v.Teams[c.Team.Name] = *c.Team
	case protocol.KindAgent:
		v.Agents[c.Agent.Name] = *c.Agent
	case protocol.KindMe:
		v.Me = *c.Me
	case protocol.KindInvitation:
		v.Invitations[c.Invitation.Conversation] = *c.Invitation
	case protocol.KindOpen:
		v.Opens[c.Open.Conversation] = *c.Open
	case protocol.KindInactive:
		v.Inactives[c.Inactive.Conversation] = *c.Inactive
	case protocol.KindRoom:
		v.Rooms[c.Room.ID] = *c.Room
	case protocol.KindPost:
		v.Posts[c.Post.Room] = append(v.Posts[c.Post.Room], *c.Post)
	case protocol.KindNotice:
		v.Notices = append(v.Notices, *c.Notice)
	case protocol.KindGone:
		v.Gone = append(v.Gone, *c.Gone)
		v.remove(*c.Gone)
	}
}

// remove takes away what is gone. With a queue or a team goes its line: nobody tells its entries one by
// one.
func (v *View) remove(gone protocol.Gone) {
	switch gone.Kind {
	case protocol.KindQueue:
		delete(v.Queues, gone.ID)
		maps.DeleteFunc(v.Waiting, func(_ string, w protocol.Waiting) bool { return w.Queue == gone.ID && w.Team == "" && w.Agent == "" })
	case protocol.KindTeam:
		delete(v.Teams, gone.ID)
		maps.DeleteFunc(v.Waiting, func(_ string, w protocol.Waiting) bool { return w.Team == gone.ID })
	case protocol.KindWaiting:
		delete(v.Waiting, gone.ID)
	case protocol.KindConversation:
		delete(v.Conversations, gone.ID)
		delete(v.Messages, gone.ID)
	case protocol.KindAgent:
		delete(v.Agents, gone.ID)
	case protocol.KindInvitation:
		delete(v.Invitations, gone.ID)
	case protocol.KindOpen:
		delete(v.Opens, gone.ID)
	case protocol.KindInactive:
		delete(v.Inactives, gone.ID)
	case protocol.KindRoom:
		delete(v.Rooms, gone.ID)
		delete(v.Posts, gone.ID)
	}
}

// Went finds the last that went of a kind and id.
func (v *View) Went(kind protocol.ChangeKind, id string) (protocol.Gone, bool) {
	for i := len(v.Gone) - 1; i >= 0; i-- {
		if v.Gone[i].Kind == kind && v.Gone[i].ID == id {
			return v.Gone[i], true
		}
	}
	return protocol.Gone{}, false
}

// Noticed finds the last notice with a code.
func (v *View) Noticed(code string) (protocol.Notice, bool) {
	for i := len(v.Notices) - 1; i >= 0; i-- {
		if v.Notices[i].Code == code {
			return v.Notices[i], true
		}
	}
	return protocol.Notice{}, false
}

// Texts are what was written in a conversation.
func (v *View) Texts(conversation string) (list []string) {
	for _, m := range v.Messages[conversation] {
		list = append(list, m.Text)
	}
	return list
}
