package podstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// Talker is a client as people have one: it keeps what it said until it has the answer, and moves to another pod when
// its own is gone.
type Talker struct {
	*gatewaytest.Client
	Name         string
	Conversation string // for agents
	desk         *Desk
	at           int

	mu    sync.Mutex
	texts []string
	acks  []protocol.Ack
	times []time.Time // of the acks
	again int         // times that something was said again
}

// patience is how long one answer is waited for before the client looks elsewhere.
const patience = 5 * time.Second

// Customer connects a customer to a pod.
func (d *Desk) Customer(ctx context.Context, pod int) (*Talker, error) {
	c, err := gatewaytest.Customer(ctx, d.Pods[pod].URL(), "web", "")
	if err != nil {
		return nil, err
	}
	return &Talker{Client: c, desk: d, at: pod, Name: "a customer"}, nil
}

// Agent signs an agent in on a pod and connects.
func (d *Desk) Agent(ctx context.Context, name string, pod int) (*Talker, error) {
	link, err := d.Link(name, d.Pods[pod].URL())
	if err != nil {
		return nil, err
	}
	c, err := gatewaytest.Agent(ctx, d.Pods[pod].URL(), link)
	if err != nil {
		return nil, err
	}
	return &Talker{Client: c, desk: d, at: pod, Name: name}, nil
}

// At is the pod that the client is connected to.
func (t *Talker) At() *Pod {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.desk.Pods[t.at]
}

// Insist sends a command until it has an answer, to whichever pod answers.
func (t *Talker) Insist(ctx context.Context, c protocol.Command) (protocol.Ack, error) {
	if c.CID == 0 {
		c.CID = t.Number()
	}
	for {
		trying, cancel := context.WithTimeout(ctx, patience)
		ack, err := t.Do(trying, c)
		cancel()
		var refused *gatewaytest.Refusal
		switch {
		case err == nil:
			return ack, nil
		case ctx.Err() != nil:
			return ack, fmt.Errorf("%s: %w", t.Name, err)
		case errors.As(err, &refused) && refused.Reason.Code == "unavailable":
			time.Sleep(20 * time.Millisecond) // as a client's pause before it asks again, only shorter
		case errors.As(err, &refused):
			return ack, fmt.Errorf("%s: %w", t.Name, err)
		default:
			t.move(ctx)
		}
		t.mu.Lock()
		t.again++
		t.mu.Unlock()
	}
}

// move connects to the next pod that takes the client.
func (t *Talker) move(ctx context.Context) {
	t.Drop()
	for ctx.Err() == nil {
		t.mu.Lock()
		t.at = (t.at + 1) % len(t.desk.Pods)
		t.mu.Unlock()
		url := t.At().URL()
		if url == "" {
			time.Sleep(time.Millisecond)
			continue
		}
		t.Move(url)
		trying, cancel := context.WithTimeout(ctx, patience)
		err := t.Connect(trying)
		cancel()
		if err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Say writes a message until it is acknowledged.
func (t *Talker) Say(ctx context.Context, text string) error {
	ack, err := t.Insist(ctx, protocol.Command{Type: protocol.TypeSay, Conversation: t.Conversation, Text: text})
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.texts, t.acks, t.times = append(t.texts, text), append(t.acks, ack), append(t.times, time.Now())
	return nil
}

// Said is what was acknowledged, in order, and how often the client had to say something again.
func (t *Talker) Said() (texts []string, acks []protocol.Ack, again int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.texts...), append([]protocol.Ack(nil), t.acks...), t.again
}

// First is the time of the first answer after an instant; false when there was none.
func (t *Talker) First(after time.Time) (time.Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(t.times) - 1; i >= 0; i-- {
		if !t.times[i].After(after) {
			if i == len(t.times)-1 {
				return time.Time{}, false
			}
			return t.times[i+1], true
		}
	}
	if len(t.times) == 0 {
		return time.Time{}, false
	}
	return t.times[0], true
}
