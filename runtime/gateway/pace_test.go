package gateway

import (
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// rows are the figures of a queue that a socket was told: how many wait, each time.
func rows(t *testing.T, s *socket) (waiting []int) {
	t.Helper()
	for _, c := range changes(t, s) {
		if c.Kind == protocol.KindQueue {
			waiting = append(waiting, c.Queue.Waiting)
		}
	}
	return waiting
}

// places are what a customer's socket was told of the line: place and how many wait.
func places(t *testing.T, s *socket) (list [][2]int) {
	t.Helper()
	for _, c := range changes(t, s) {
		if c.Kind == protocol.KindConversation {
			list = append(list, [2]int{c.Conversation.Place, c.Conversation.Waiting})
		}
	}
	return list
}

func same[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	equal := len(got) == len(want)
	for i := 0; equal && i < len(got); i++ {
		equal = got[i] == want[i]
	}
	if !equal {
		t.Errorf("%s: told %v, want %v", what, got, want)
	}
}

func TestTheFirstChangeOfAQueueIsToldAtOnceAndThenOneEachPause(t *testing.T) {
	w := newTale(t)
	w.pass(time.Minute)
	ana := w.agent("ana")
	w.join("s1")
	same(t, "the first change", rows(t, ana), 1)
	for i := range 10 {
		w.join(name(i + 2))
	}
	same(t, "ten changes within the pause", rows(t, ana))
	w.pass(queuePause - time.Millisecond)
	same(t, "just before the pause is over", rows(t, ana))
	w.pass(time.Millisecond)
	same(t, "after the pause", rows(t, ana), 11)
	w.pass(time.Minute)
	same(t, "nothing more to tell", rows(t, ana))
	w.end("s1")
	same(t, "a change after a quiet time", rows(t, ana), 10)
}

func TestPlacesAreToldAtOnceOnAQuietDeskAndWithinTwoSecondsOnABusyOne(t *testing.T) {
	w := newTale(t)
	var sockets []*socket
	for i := range 6 {
		w.join(name(i))
		sockets = append(sockets, w.customer(name(i)))
	}
	w.pass(time.Minute)
	w.pass(time.Minute)
	for _, s := range sockets {
		s.taken()
	}
	w.end(name(0))
	for i, s := range sockets[1:] {
		same(t, "a quiet desk", places(t, s), [2]int{i + 1, 5})
	}
	w.pass(100 * time.Millisecond)
	w.end(name(1))
	w.end(name(2))
	for _, s := range sockets[3:] {
		same(t, "soon after", places(t, s))
	}
	w.pass(placePause - 101*time.Millisecond)
	same(t, "just before two seconds", places(t, sockets[3]))
	w.pass(time.Millisecond)
	for i, s := range sockets[3:] {
		same(t, "after two seconds", places(t, s), [2]int{i + 1, 3})
	}
}

func TestHowManyWaitIsToldMoreSeldomThanThePlaceAndNeverForgotten(t *testing.T) {
	w := newTale(t)
	w.join("s1")
	first := w.customer("s1")
	w.pass(time.Minute)
	w.pass(time.Minute)
	first.taken()
	w.join("s2")
	same(t, "one more on a quiet desk", places(t, first), [2]int{1, 2})
	w.join("s3")
	var told [][2]int
	var after time.Duration
	for after < countPause+placePause && len(told) == 0 {
		w.pass(50 * time.Millisecond)
		after += 50 * time.Millisecond
		told = places(t, first)
	}
	same(t, "the number that wait", told, [2]int{1, 3})
	if after < countPause {
		t.Errorf("it was told after %v, the pause is %v", after, countPause)
	}
	w.pass(time.Minute)
	same(t, "nothing more to tell", places(t, first))
	if len(w.h.pace.dirty) != 0 {
		t.Errorf("the queue is still looked at: %v", w.h.pace.dirty)
	}
}

func TestAQueueThatClosesIsToldWithoutAPause(t *testing.T) {
	w := newTale(t)
	w.pass(time.Minute)
	ana, visitor := w.agent("ana"), w.customer("visitor")
	w.join("s1")
	ana.taken()
	visitor.taken()
	w.do(desk.Switch{Origin: desk.Origin{Principal: desk.AgentPrincipal("ana"), Client: "tab", CID: 1}, Agent: "ana", ID: "r1",
		Queue: "support", State: settings.QueueClosed})
	last := func(s *socket) (state []string) {
		for _, c := range changes(t, s) {
			switch c.Kind {
			case protocol.KindQueue:
				state = []string{c.Queue.State}
			case protocol.KindChannel:
				state = []string{c.Channel.QueueState}
			}
		}
		return state
	}
	same(t, "the agent", last(ana), "Closed")
	same(t, "a visitor", last(visitor), "Closed")
}

func TestAQueueThatIsRemovedIsToldAndNotLookedAtAnyMore(t *testing.T) {
	w := newTale(t)
	w.pass(time.Minute)
	ana := w.agent("ana")
	w.join("s1")
	w.join("s2") // something is held back when the queue goes
	ana.taken()
	without := sample()
	without.Queues = nil
	w.do(applying(without))
	var gone []string
	for _, c := range changes(t, ana) {
		if c.Kind == protocol.KindGone && c.Gone.Kind == protocol.KindQueue {
			gone = append(gone, c.Gone.ID)
		}
	}
	same(t, "the agent", gone, "support")
	w.pass(time.Minute)
	w.pass(time.Minute)
	if len(w.h.pace.dirty) != 0 {
		t.Errorf("still looked at: %v", w.h.pace.dirty)
	}
}
