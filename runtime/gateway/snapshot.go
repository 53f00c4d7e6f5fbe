package gateway

import (
	"context"
	"slices"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

const (
	// snapshotMessages is how many messages of a conversation a snapshot has; older ones are asked for
	// by GET /v1/conversations/{id}/messages.
	snapshotMessages = 50
	// snapshotPart is how many changes one frame of a snapshot has.
	snapshotPart = 1000
)

// view is what a snapshot is made of.
type view struct {
	seq           uint64
	changes       [][]byte
	conversations []string
}

// hydrate sends a socket all that it may see, and then lets updates go to it. The state part is taken
// and the socket entered in one step, so that nothing falls between; the messages are read from the
// archive afterwards, up to that point.
func (g *Gateway) hydrate(ctx context.Context, s *socket, keeps *protocol.Kept) error {
	h := g.hub
	h.mu.Lock()
	v := h.view(s)
	h.enter(s)
	s.prev = v.seq
	s.beat = int(h.clock().UnixNano()/1000) % beats
	h.mu.Unlock()

	messages, after, err := g.snapshotMessages(ctx, s, v, keeps)
	if err != nil {
		return err
	}
	changes := append(v.changes, messages...)
	for more := true; more; {
		part := changes
		if more = len(part) > snapshotPart; more {
			part = part[:snapshotPart]
		}
		changes = changes[len(part):]
		s.queue(frame{bytes: snapshotFrame(v.seq, after, part, more), snapshot: true})
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	s.live = true
	if len(s.pending) > 0 {
		s.queue(update(h.state.Seq, s.prev, s.pending))
		s.prev, s.pending = h.state.Seq, nil
	}
	return nil
}

// view is what a socket sees of the state. The caller holds the lock.
func (h *hub) view(s *socket) view {
	v := view{seq: h.state.Seq}
	now := h.clock()
	if s.agent == "" {
		channel := h.channelNow(s.channel, now)
		v.changes = append(v.changes, channelChange(channel))
		h.looks(s, channel)
		if customer := h.state.Customers[s.session]; customer != nil {
			if c := h.state.Conversations[customer.Conversation]; c != nil {
				view := customerView(h.state, c)
				s.told = told{view.Place, view.Waiting}
				v.changes = append(v.changes, conversationChange(view))
				v.conversations = append(v.conversations, string(c.ID))
			}
		}
		return v
	}
	if m := h.state.Member(s.agent); m != nil {
		s.queues = m.Queues
		for _, name := range m.Queues {
			v.changes = append(v.changes, h.queueChanges(s.agent, name, desk.Millis(now))...)
		}
	}
	v.changes = append(v.changes, h.ownChanges(s.agent, desk.Millis(now))...)
	for _, c := range h.state.ConversationsOf(s.agent) {
		v.changes = append(v.changes, conversationChange(agentView(h.state, c)))
		v.conversations = append(v.conversations, string(c.ID))
	}
	return v
}

// snapshotMessages reads the messages of a snapshot. A customer who has some already gets what came
// after; an agent gets the last of each conversation, for it may have come to a conversation whose
// messages are older than what this tab has.
func (g *Gateway) snapshotMessages(ctx context.Context, s *socket, v view, keeps *protocol.Kept) (changes [][]byte, after uint64, err error) {
	if len(v.conversations) == 0 {
		return nil, 0, nil
	}
	if err := g.o.Archive.Wait(ctx, v.seq); err != nil {
		return nil, 0, err
	}
	for _, id := range v.conversations {
		if s.agent == "" {
			if after, err = g.common(ctx, s.principal, id, keeps); err != nil {
				return nil, 0, err
			}
		}
		list, err := g.o.Archive.MessagesFor(ctx, s.principal, id, after, v.seq+1, snapshotMessages+1)
		if err != nil {
			return nil, 0, err
		}
		if len(list) > snapshotMessages {
			after, list = 0, list[len(list)-snapshotMessages:]
		}
		changes = append(changes, g.messageChanges(list)...)
	}
	return changes, after, nil
}

// common is up to where a customer's client and this desk have the same of a conversation: the newest message that the
// client has, unless the desk has another one at that sequence, or none. Then the client has seen what is lost since a
// restore, and gets everything: a sequence alone does not tell, for the desk may have gone past it by another way.
func (g *Gateway) common(ctx context.Context, reader desk.Principal, id string, keeps *protocol.Kept) (uint64, error) {
	if keeps == nil || keeps.Seq == 0 {
		return 0, nil
	}
	list, err := g.o.Archive.MessagesFor(ctx, reader, id, keeps.Seq-1, keeps.Seq+1, 1)
	if err != nil || len(list) == 0 || list[0].At != keeps.At {
		return 0, err
	}
	return keeps.Seq, nil
}

func (g *Gateway) messageChanges(list []protocol.Message) [][]byte {
	changes := make([][]byte, len(list))
	for i := range g.named(list) {
		changes[i] = messageChange(&list[i])
	}
	return changes
}

// named gives archived messages the names under which people know their authors.
func (g *Gateway) named(list []protocol.Message) []protocol.Message {
	g.hub.read(func(s *desk.State) {
		for i := range list {
			if list[i].Author != "" {
				list[i].Author = agentName(s, list[i].Author)
			}
		}
	})
	return list
}

// historyAgain is the pause before an archive that stands still is asked again.
const historyAgain = 500 * time.Millisecond

// sendHistory gives an agent's sockets the messages of a conversation that just came to the agent.
// It is called with the hub's lock held, and works after it. While the archive stands still, on a disk that is full, it
// asks again, as long as the agent is in the conversation and connected: nobody would tell the agent otherwise.
func (g *Gateway) sendHistory(agent string, id desk.ConversationID, upTo uint64) {
	go func() {
		for told := false; ; told = true {
			err := g.tellHistory(agent, id, upTo)
			if err == nil {
				return
			}
			if !told {
				g.log.Warn("no history for an agent yet", "conversation", id, "error", err)
			}
			select {
			case <-g.hub.ended:
				return
			case <-time.After(historyAgain):
			}
		}
	}()
}

// tellHistory does it once; it is done when there is nobody to be told.
func (g *Gateway) tellHistory(agent string, id desk.ConversationID, upTo uint64) error {
	h := g.hub
	wanted := func() bool {
		c := h.state.Conversations[id]
		return c != nil && slices.Contains(present(c), agent) && len(h.agents[agent]) > 0
	}
	gone := false
	h.read(func(*desk.State) { gone = !wanted() })
	if gone {
		return nil // it went on meanwhile
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := g.o.Archive.Wait(ctx, upTo); err != nil {
		return err
	}
	list, err := g.o.Archive.MessagesFor(ctx, desk.AgentPrincipal(agent), string(id), 0, upTo+1, snapshotMessages)
	if err != nil {
		return err
	}
	changes := g.messageChanges(list)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !wanted() {
		return nil
	}
	for _, s := range h.agents[agent] {
		for _, change := range changes {
			h.give(s, change)
		}
	}
	h.flush()
	return nil
}
