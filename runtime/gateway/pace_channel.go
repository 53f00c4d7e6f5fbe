package gateway

import (
	"bytes"
	"slices"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// channelTold is what those who look at a channel are told. Each socket knows up to which version it was.
type channelTold struct {
	key, first []byte // how it reads; without how many wait
	version    uint64
	urgent     uint64 // the version from which on all are told at once
	at         time.Time
}

// update notes how a channel reads now.
func (t *channelTold) update(v *protocol.Channel) {
	key := channelKey(v)
	if bytes.Equal(key, t.key) {
		return
	}
	t.key = key
	t.version++
	without := *v
	without.Waiting = 0
	if first := channelKey(&without); !bytes.Equal(first, t.first) {
		t.first, t.urgent = first, t.version
	}
}

// channel is what is told of a channel.
func (p *pacer) channel(name string) *channelTold {
	t := p.channels[name]
	if t == nil {
		t = &channelTold{}
		p.channels[name] = t
	}
	return t
}

// tellChannels gives the channels of a queue to who looks at them, and tells whether somebody is to be told yet.
func (h *hub) tellChannels(queue string, now time.Time) (more bool) {
	for channel := range h.lookers {
		if set := h.state.Channel(channel); set != nil && (set.Queue == queue || slices.Contains(set.IssueQueues, queue)) {
			more = h.tellChannel(channel, now) || more
		}
	}
	return more
}

// tellChannel gives a channel's view to those who look at it and were told otherwise. In a crowd those whom
// only the number who wait is new to are told it in turns: it changes with every customer of the desk, and each of
// thousands would be written to. It tells whether some are to be told yet.
func (h *hub) tellChannel(channel string, now time.Time) (more bool) {
	v := h.channelNow(channel, now)
	t := h.pace.channel(channel)
	t.update(v)
	turn, turns := h.turn(now)
	crowded := h.crowded()
	theirs := crowded && now.Sub(t.at) >= pick(turns > 1, placePause, countPause) && !h.shed(ShedPlaces)
	if theirs {
		t.at = now
	}
	var change []byte
	for s := range h.lookers[channel] {
		if s.seen == t.version {
			continue
		}
		urgent := s.seen < t.urgent
		if !urgent && crowded && (!theirs || s.beat%turns != turn) {
			more = true
			continue
		}
		if change == nil {
			change = channelChange(v)
		}
		s.seen = t.version
		switch {
		case !crowded:
			h.give(s, change)
		case urgent:
			h.giveCrowd(s, change)
		default:
			h.giveLater([]*socket{s}, change)
		}
	}
	return more
}

// looks notes what somebody is told who begins to look at a channel. Others are told later, when it is new to them.
func (h *hub) looks(s *socket, v *protocol.Channel) {
	t := h.pace.channel(s.channel)
	t.update(v)
	s.seen = t.version
}

// channelKey is what a channel reads like, whenever it is told.
func channelKey(v *protocol.Channel) []byte {
	without := *v
	without.Time = 0
	return channelChange(&without)
}

// channelNow is a channel as any customer sees it; one that was removed is closed.
func (h *hub) channelNow(name string, now time.Time) *protocol.Channel {
	if v := channelView(h.state, name, now); v != nil {
		return v
	}
	return &protocol.Channel{
		Name: name, DisplayName: name, Availability: protocol.Closed, QueueState: string(settings.QueueClosed),
		WhenUnavailable: string(settings.UnavailableMessage), Time: desk.Millis(now),
	}
}
