package router

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/peer"
)

// swallow is a route that takes everything and answers nothing.
type swallow struct{ got []string }

func (s *swallow) send(_, _ uint64, e *entry) error {
	s.got = append(s.got, strings.TrimPrefix(fmt.Sprintf("%T", e.command), "desk."))
	return nil
}

func TestCommandsThatMayNotHaveTheirEffectTwiceAreNotSentToTheNextRouter(t *testing.T) {
	q := newQueue(100, time.Hour)
	defer q.stop()
	answers := map[string]error{}
	submit := func(name string, c desk.Command) {
		q.submit(c, func(_ Result, err error) { answers[name] = err })
	}
	o := desk.Origin{Principal: "s:s1", Client: "client-1", CID: 1}
	submit("before any router", desk.SignIn{Agent: "ana"})
	first, second := &swallow{}, &swallow{}
	q.connect(first)
	submit("say", desk.Say{Origin: o})
	submit("settings", desk.ApplySettings{})
	submit("sign-out", desk.SignOut{})
	submit("end", desk.End{Origin: o})
	if got := strings.Join(first.got, " "); got != "SignIn Say ApplySettings SignOut End" {
		t.Errorf("the first router got %s", got)
	}
	q.disconnect()
	for _, name := range []string{"before any router", "settings"} {
		if !errors.Is(answers[name], ErrUnavailable) {
			t.Errorf("%s: nobody is told that its outcome is not known: %v", name, answers[name])
		}
	}
	submit("between", desk.LockKeys{})
	q.connect(second)
	if got := strings.Join(second.got, " "); got != "Say SignOut End LockKeys" {
		t.Errorf("the second router got %s", got)
	}
	if len(answers) != 2 {
		t.Errorf("answered: %v", answers)
	}
	// What a router did not look at goes to the next one, whatever it is.
	q.answered(peer.Answer{ID: 6, Failure: &peer.Failure{Kind: peer.NotTaken}})
	q.answered(peer.Answer{ID: 2, Seq: 9})
	q.answered(peer.Answer{ID: 2, Failure: &peer.Failure{Kind: peer.Refused}}) // once is enough
	q.disconnect()
	third := &swallow{}
	q.connect(third)
	if got := strings.Join(third.got, " "); got != "SignOut End LockKeys" || answers["say"] != nil {
		t.Errorf("the third router got %s; say: %v", got, answers["say"])
	}
	// An answer of a route that is gone, which says only that, does not count.
	q.finish(5, q.term-1, Result{}, ErrStopped)
	if !q.waiting[5].sent {
		t.Error("an old route's end was taken for the present one's")
	}
	q.answered(peer.Answer{ID: 5, Failure: &peer.Failure{Kind: peer.Refused, Code: "ended", Message: "m", By: "ana"}})
	var refused *desk.Error
	if !errors.As(answers["end"], &refused) || *refused != (desk.Error{Code: "ended", Message: "m", By: "ana"}) {
		t.Errorf("a refusal reads %v", answers["end"])
	}
	q.answered(peer.Answer{ID: 4, Failure: &peer.Failure{Kind: peer.Unknown, Message: "kind 99"}})
	if err := answers["sign-out"]; !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "kind 99") {
		t.Errorf("a command that the router does not know: %v", err)
	}
}

func TestWithoutARouterCommandsWaitForAWhileAndAreThenAnsweredInTheirOrder(t *testing.T) {
	q := newQueue(3, 50*time.Millisecond)
	defer q.stop()
	var mu sync.Mutex
	var order []int
	told := make(chan error, 3)
	for i := range 3 {
		q.submit(desk.Say{}, func(_ Result, err error) {
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			told <- err
		})
	}
	var over error
	q.submit(desk.Say{}, func(_ Result, err error) { over = err })
	if !errors.Is(over, ErrUnavailable) {
		t.Errorf("one too many: %v", over)
	}
	for range 3 {
		if err := <-told; !errors.Is(err, ErrUnavailable) {
			t.Errorf("after the patience: %v", err)
		}
	}
	if !slices.Equal(order, []int{0, 1, 2}) {
		t.Errorf("answered in the order %v", order)
	}
	if !q.given() {
		t.Error("the queue does not say that nobody leads")
	}
	q.submit(desk.Say{}, func(_ Result, err error) { over = err })
	if !errors.Is(over, ErrUnavailable) {
		t.Errorf("nobody leads: %v", over)
	}
	s := &swallow{}
	q.connect(s)
	q.submit(desk.Say{}, func(_ Result, err error) { over = err })
	if len(s.got) != 1 || q.given() {
		t.Errorf("with a router again: %v", s.got)
	}
	q.stop()
	if !errors.Is(over, ErrStopped) {
		t.Errorf("at the end: %v", over)
	}
}

func TestACommandOfAnotherReleaseIsRefusedAndTheStreamGoesOn(t *testing.T) {
	var got []peer.Answer
	serve(nil, "other", []byte{0x83, 1, 0x18, 200, 0xa0}, func(a peer.Answer) { got = append(got, a) })
	serve(nil, "other", []byte("nonsense"), func(a peer.Answer) { got = append(got, a) })
	for _, a := range got {
		if a.Failure == nil || a.Failure.Kind != peer.Unknown || a.Failure.Message == "" {
			t.Errorf("answered %+v", a)
		}
	}
	if len(got) != 2 {
		t.Errorf("%d answers", len(got))
	}
}
