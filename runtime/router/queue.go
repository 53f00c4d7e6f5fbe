package router

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/peer"
)

// queue holds a pod's commands until they are answered, whoever leads meanwhile (ADR 13). Its order is that of submit.
type queue struct {
	most     int
	patience time.Duration

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]*entry
	route   route // nil while no leader is known
	term    uint64
	gaveUp  bool // nobody has led for too long
	stopped bool
	timer   *time.Timer
}

// entry is one command.
type entry struct {
	command desk.Command
	done    func(Result, error)
	body    []byte // encoded when it first travels
	sent    bool   // a leader has it, or had it: whether it has its effect is not known
}

// route leads to a router. send must not block; it is called in order. An error is an answer.
type route interface {
	send(id, term uint64, e *entry) error
}

func newQueue(most int, patience time.Duration) *queue {
	q := &queue{most: most, patience: patience, waiting: map[uint64]*entry{}}
	q.timer = time.AfterFunc(patience, q.giveUp)
	return q
}

// again tells whether a command that may have had its effect may be sent again: its effect is one, however often it
// comes. Settings are not such: others may have been put in force between.
func again(c desk.Command) bool {
	switch c.(type) {
	case desk.Sync, desk.SignOut, desk.Connect, desk.Disconnect, desk.Erase:
		return true
	}
	return desk.OriginOf(c) != nil
}

func (q *queue) submit(c desk.Command, done func(Result, error)) {
	if err := q.enter(&entry{command: c, done: done}); err != nil {
		done(Result{}, err)
	}
}

func (q *queue) enter(e *entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.stopped:
		return ErrStopped
	case q.gaveUp || len(q.waiting) >= q.most:
		return ErrUnavailable
	}
	q.next++
	id := q.next
	q.waiting[id] = e
	if q.route == nil {
		return nil
	}
	if err := q.send(id, e); err != nil {
		delete(q.waiting, id)
		return err
	}
	return nil
}

// send gives a command to the route. The caller holds the lock.
func (q *queue) send(id uint64, e *entry) error {
	e.sent = true
	err := q.route.send(id, q.term, e)
	if errors.Is(err, ErrStopped) { // that router ends; the next one gets it
		e.sent = false
		return nil
	}
	return err
}

// connect leads commands to a router: first those that wait, in their order.
func (q *queue) connect(to route) {
	q.mu.Lock()
	q.timer.Stop()
	q.route, q.gaveUp = to, false
	q.term++
	failed := q.resend(q.ids())
	q.mu.Unlock()
	failed.tell()
}

func (q *queue) ids() []uint64 { return slices.Sorted(maps.Keys(q.waiting)) }

// answers are told after the lock is given back.
type answers []func()

func (a answers) tell() {
	for _, f := range a {
		f()
	}
}

func (q *queue) resend(ids []uint64) (failed answers) {
	for _, id := range ids {
		e := q.waiting[id]
		if err := q.send(id, e); err != nil {
			delete(q.waiting, id)
			failed = append(failed, func() { e.done(Result{}, err) })
		}
	}
	return failed
}

// disconnect ends a route. Commands that it has not answered go to the next one, but for those that may have had
// their effect and must not have it twice.
func (q *queue) disconnect() {
	q.mu.Lock()
	q.route = nil
	q.timer.Reset(q.patience)
	var failed answers
	for _, id := range q.ids() {
		if e := q.waiting[id]; e.sent && !again(e.command) {
			delete(q.waiting, id)
			failed = append(failed, func() { e.done(Result{}, ErrUnavailable) })
		}
	}
	q.mu.Unlock()
	failed.tell()
}

// giveUp answers everything, in order, when nobody has led for too long.
func (q *queue) giveUp() {
	q.mu.Lock()
	if q.route != nil || q.stopped {
		q.mu.Unlock()
		return
	}
	q.gaveUp = true
	failed := q.all(ErrUnavailable)
	q.mu.Unlock()
	failed.tell()
}

func (q *queue) all(err error) (failed answers) {
	for _, id := range q.ids() {
		e := q.waiting[id]
		failed = append(failed, func() { e.done(Result{}, err) })
	}
	clear(q.waiting)
	return failed
}

func (q *queue) given() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.gaveUp
}

func (q *queue) stop() {
	q.mu.Lock()
	q.stopped, q.route = true, nil
	q.timer.Stop()
	failed := q.all(ErrStopped)
	q.mu.Unlock()
	failed.tell()
}

// finish takes an answer. One of a route that is gone does not count when it says only that it is gone.
func (q *queue) finish(id, term uint64, result Result, err error) {
	q.mu.Lock()
	e := q.waiting[id]
	if e == nil {
		q.mu.Unlock()
		return
	}
	if errors.Is(err, ErrStopped) {
		if term == q.term {
			// Not looked at, or with an outcome that is not known: disconnect tells them apart.
			e.sent = errors.Is(err, errInterrupted)
		}
		q.mu.Unlock()
		return
	}
	delete(q.waiting, id)
	q.mu.Unlock()
	e.done(result, err)
}

// answered takes an answer that travelled.
func (q *queue) answered(a peer.Answer) {
	result := Result{Seq: a.Seq, Conversation: desk.ConversationID(a.Conversation), Repeated: a.Repeated}
	var err error
	if f := a.Failure; f != nil {
		switch f.Kind {
		case peer.Refused:
			err = &desk.Error{Code: desk.Code(f.Code), Message: f.Message, By: f.By}
		case peer.NotTaken:
			err = ErrStopped
		case peer.Unknown:
			err = fmt.Errorf("%w: the router is of another release: %s", ErrUnavailable, f.Message)
		default:
			err = ErrUnavailable
		}
	}
	q.mu.Lock()
	term := q.term
	q.mu.Unlock()
	q.finish(a.ID, term, result, err)
}

// local is the route to this pod's own router.
type local struct {
	router *Router
	queue  *queue
}

func (l local) send(id, term uint64, e *entry) error {
	return l.router.requests.put("", request{e.command, func(result Result, err error) { l.queue.finish(id, term, result, err) }})
}

// remote is the route to another pod's.
type remote struct{ stream *peer.Stream }

func (r remote) send(id, _ uint64, e *entry) error {
	if e.body == nil {
		body, err := desk.EncodeCommand(e.command)
		if err != nil {
			return err
		}
		e.body = body
	}
	r.stream.Send(peer.Command{ID: id, Body: e.body})
	return nil
}

// serve has another pod's command decided.
func serve(r *Router, pod string, body []byte, done func(peer.Answer)) {
	c, err := desk.DecodeCommand(body)
	if err != nil {
		done(peer.Answer{Failure: &peer.Failure{Kind: peer.Unknown, Message: err.Error()}})
		return
	}
	r.submit(pod, c, func(result Result, err error) {
		a := peer.Answer{Seq: result.Seq, Conversation: string(result.Conversation), Repeated: result.Repeated}
		var refused *desk.Error
		switch {
		case err == nil:
		case errors.As(err, &refused):
			a.Failure = &peer.Failure{Kind: peer.Refused, Code: string(refused.Code), Message: refused.Message, By: refused.By}
		case errors.Is(err, errInterrupted):
			return // nobody knows; the pod does what is right when the stream ends
		case errors.Is(err, ErrStopped):
			a.Failure = &peer.Failure{Kind: peer.NotTaken}
		default:
			a.Failure = &peer.Failure{Kind: peer.Unavailable}
		}
		done(a)
	})
}

// submitter is a router, here or elsewhere.
type submitter interface {
	Submit(c desk.Command, done func(Result, error))
}

// do submits a command and waits for its answer.
func do(ctx context.Context, s submitter, c desk.Command) (Result, error) {
	type outcome struct {
		result Result
		err    error
	}
	answer := make(chan outcome, 1)
	s.Submit(c, func(result Result, err error) { answer <- outcome{result, err} })
	select {
	case o := <-answer:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}
