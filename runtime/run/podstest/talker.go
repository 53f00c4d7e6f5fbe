package podstest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// Talker is a client as people have one: it keeps what it said until it has the answer, and moves to another pod when
// its own is gone. It is less patient than people's, so that tests wait for the desk and not for it.
type Talker struct {
	*gatewaytest.Person
	Name         string
	Conversation string // for agents
	desk         *Desk

	mu    sync.Mutex
	texts []string
	acks  []protocol.Ack
	times []time.Time // of the acks
}

// Addresses are where people reach the pods, in their order; empty for one that does not run.
func (d *Desk) Addresses() []string {
	list := make([]string, len(d.Pods))
	for i, p := range d.Pods {
		list[i] = p.URL()
	}
	return list
}

func (d *Desk) talker(c *gatewaytest.Client, name string, pod int) *Talker {
	o := gatewaytest.PersonOptions{Addresses: d.Addresses, Patience: 5 * time.Second, Pause: 20 * time.Millisecond}
	return &Talker{Person: gatewaytest.NewPerson(c, pod, o), desk: d, Name: name}
}

// Customer connects a customer to a pod.
func (d *Desk) Customer(ctx context.Context, pod int) (*Talker, error) {
	c, err := gatewaytest.Customer(ctx, d.Pods[pod].URL(), "web", "")
	if err != nil {
		return nil, err
	}
	return d.talker(c, "a customer", pod), nil
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
	return d.talker(c, name, pod), nil
}

// At is the pod that the client is connected to.
func (t *Talker) At() *Pod { return t.desk.Pods[t.Person.At()] }

// Insist sends a command until it has an answer, to whichever pod answers.
func (t *Talker) Insist(ctx context.Context, c protocol.Command) (protocol.Ack, error) {
	ack, err := t.Do(ctx, c)
	if err != nil {
		return ack, fmt.Errorf("%s: %w", t.Name, err)
	}
	return ack, nil
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
	return append([]string(nil), t.texts...), append([]protocol.Ack(nil), t.acks...), t.Again()
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
