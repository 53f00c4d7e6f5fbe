package desksim

import (
	"fmt"
	"time"

	"usher.chat/runtime/desk"
)

// action is what a person does at a timer.
type action uint8

const (
	arrives      action = iota + 1 // a customer
	losesHeart                     // a customer who waits
	disconnects                    // a customer
	reconnects                     // a customer
	looks                          // an agent, at who waits
	looksAround                    // somebody, at lines that nobody looks at
	answers                        // an agent, an offer
	writes                         // either side
	shiftBegins                    // of an agent
	shiftEnds                      // of an agent
	leavesOffice                   // an agent without conversations, after the shift
)

func (d *day) act(t timer) {
	switch t.what {
	case arrives:
		d.arrive()
	case losesHeart:
		d.loseHeart(t.who)
	case disconnects:
		d.command(desk.Disconnect{Principal: d.customers[t.who].principal, Gateway: "g1"})
	case reconnects:
		d.command(desk.Connect{Principal: d.customers[t.who].principal, Gateway: "g1"})
	case looks:
		d.look(t.who)
	case looksAround:
		d.lookAround()
	case answers:
		d.answer(t.who)
	case writes:
		d.write(t.who)
	case shiftBegins:
		d.beginShift(t.who)
	case shiftEnds:
		d.agents[t.who].onShift = false
		d.timers.set(d.now+minute, leavesOffice, t.who)
	case leavesOffice:
		d.leaveOffice(t.who)
	}
}

func (d *day) customerOrigin(i int) desk.Origin {
	c := &d.customers[i]
	c.cid++
	return desk.Origin{Principal: c.principal, Client: "tab-0001", CID: c.cid}
}

func (d *day) agentOrigin(i int) desk.Origin {
	a := &d.agents[i]
	a.cid++
	return desk.Origin{Principal: a.principal, Client: "tab-0001", CID: a.cid}
}

// arrive: a customer comes, and the next one is awaited.
func (d *day) arrive() {
	mean := float64(d.config.ArrivalEvery / time.Millisecond)
	d.timers.set(d.now+1+int64(d.rng.ExpFloat64()*mean), arrives, 0)
	i := len(d.customers)
	session := fmt.Sprintf("s%08d", i)
	d.customers = append(d.customers, customer{session: session, principal: desk.CustomerPrincipal(session)})
	join := desk.Join{Origin: d.customerOrigin(i), Session: session, Channel: fmt.Sprintf("channel-%03d", d.rng.IntN(d.config.Queues)),
		Name: "Customer", Page: "https://www.acme.example/orders", Text: "Hello, where is my order?"}
	if !d.command(join) {
		return
	}
	d.command(desk.Connect{Principal: d.customers[i].principal, Gateway: "g1"})
	d.timers.set(d.now+10*second+int64(d.rng.ExpFloat64()*float64(12*minute)), losesHeart, i)
	if d.rng.IntN(20) == 0 {
		// A connection that comes and goes.
		at := d.after(second, 3*minute)
		d.timers.set(at, disconnects, i)
		d.timers.set(at+d.rng.Int64N(20*second), reconnects, i)
	}
	d.notify()
}

// notify: an agent who seems free will look.
func (d *day) notify() {
	for range 4 {
		i := d.rng.IntN(len(d.agents))
		if d.agents[i].onShift && d.s.Load(d.agents[i].name) < 3 {
			d.timers.set(d.after(second, 6*second), looks, i)
			return
		}
	}
}

func (d *day) loseHeart(i int) {
	t := d.customers[i].talk
	conv := d.s.Conversations[t.id]
	if conv == nil || conv.Place != desk.Waiting {
		return
	}
	if d.rng.IntN(2) == 0 {
		d.command(desk.Disconnect{Principal: d.customers[i].principal, Gateway: "g1"})
		return
	}
	d.command(desk.End{Origin: d.customerOrigin(i)})
}

func (d *day) look(i int) {
	a := d.agents[i]
	if a.onShift && d.s.Load(a.name) < 3 {
		d.command(desk.Pick{Origin: d.agentOrigin(i), Agent: a.name})
	}
}

func (d *day) lookAround() {
	d.timers.set(d.now+5*second, looksAround, 0)
	for name := range d.config.Queues {
		for range min(3, len(d.s.Line(fmt.Sprintf("queue-%03d", name)))) {
			d.notify()
		}
	}
}

// answer: most offers are accepted.
func (d *day) answer(i int) {
	a := d.agents[i]
	for _, conv := range d.s.ConversationsOf(a.name) {
		if conv.Place != desk.OfferedTo {
			continue
		}
		switch n := d.rng.IntN(100); {
		case n < 94:
			d.command(desk.Accept{Origin: d.agentOrigin(i), Agent: a.name, Conversation: conv.ID})
		case n < 97:
			d.command(desk.Refuse{Origin: d.agentOrigin(i), Agent: a.name, Conversation: conv.ID})
		}
		return
	}
}

// write: the two write in turn; then mostly the agent ends it.
func (d *day) write(customer int) {
	t := d.customers[customer].talk
	conv := d.s.Conversations[t.id]
	if conv == nil || conv.Place != desk.InService || d.agents[t.agent].name != conv.Agent {
		t.running = false
		return
	}
	switch {
	case t.left <= 0 && d.rng.IntN(10) == 0:
		d.command(desk.End{Origin: d.customerOrigin(customer)})
		return
	case t.left <= 0:
		d.command(desk.End{Origin: d.agentOrigin(t.agent), Conversation: t.id})
		return
	case t.left%2 == 0:
		d.command(desk.Say{Origin: d.agentOrigin(t.agent), Conversation: t.id, Text: "Thank you, let me look that up for you. It left our house on Tuesday."})
	default:
		d.command(desk.Say{Origin: d.customerOrigin(customer), Text: "It should have come yesterday, the number is 4711."})
	}
	t.left--
	d.timers.set(d.after(4*second, 45*second), writes, customer)
}

func (d *day) beginShift(i int) {
	a := &d.agents[i]
	a.onShift = true
	id := fmt.Sprintf("%s-%d", a.name, d.now)
	d.command(desk.SignIn{Agent: a.name, Session: id, Link: id, Expires: d.now + 12*hour, LinkExpires: d.now + 10*minute})
	d.command(desk.Connect{Principal: a.principal, Gateway: "g1"})
	d.timers.set(d.after(second, 10*second), looks, i)
	d.timers.set(d.now+9*hour, shiftEnds, i)
	d.timers.set(d.now+24*hour, shiftBegins, i)
}

func (d *day) leaveOffice(i int) {
	a := &d.agents[i]
	if a.onShift {
		return
	}
	if d.s.Load(a.name) > 0 {
		d.timers.set(d.now+minute, leavesOffice, i)
		return
	}
	d.command(desk.Disconnect{Principal: a.principal, Gateway: "g1"})
	if known := d.s.Agents[a.name]; known != nil {
		for id := range known.Sessions {
			d.command(desk.SignOut{Agent: a.name, Session: id})
			break
		}
	}
}

// hear: people see what happens and plan what they do next.
func (d *day) hear(r desk.Record) {
	switch e := r.Event.(type) {
	case desk.CustomerJoined:
		t := &talk{id: e.Conversation, customer: len(d.customers) - 1, left: 4 + d.rng.IntN(9)}
		d.talks[e.Conversation] = t
		d.customers[t.customer].talk = t
	case desk.Offered:
		d.timers.set(d.after(2*second, 9*second), answers, d.byName[e.Agent])
	case desk.Picked:
		d.served++
		t := d.talks[e.Conversation]
		t.agent = d.byName[e.Agent]
		if !t.running {
			t.running = true
			d.timers.set(d.after(3*second, 20*second), writes, t.customer)
		}
	case desk.Ended:
		t := d.talks[e.Conversation]
		delete(d.talks, e.Conversation)
		d.timers.set(d.after(second, 15*second), disconnects, t.customer)
		if e.By != "" {
			d.timers.set(d.after(second, 5*second), looks, d.byName[e.By])
		}
	}
}
