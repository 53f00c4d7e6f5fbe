package desksim

import (
	"fmt"
	"reflect"
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// What people do at their timers.
const (
	guestArrives action = iota + 100
	guestLosesHeart
	guestGoes
	guestComesBack
	guestReturns // after having left without an answer
	guestTurns   // one of the two writes, or it ends
	agentBegins
	agentEnds
	agentLooks
	agentAnswers
	agentBreaks
	agentIsBack
	agentDrops // the connection
	agentReconnects
	agentChats
	settingsChange
	routerStarts
)

func (l *life) act(t timer) {
	switch t.what {
	case guestArrives:
		l.timers.set(l.nextArrival(), guestArrives, 0)
		l.arrive()
	case guestLosesHeart:
		l.loseHeart(t.who)
	case guestGoes:
		l.try(desk.Disconnect{Principal: l.customers[t.who].principal, Gateway: l.gateway()})
	case guestComesBack:
		l.try(desk.Connect{Principal: l.customers[t.who].principal, Gateway: l.gateway()})
	case guestReturns:
		l.comeAgain(t.who)
	case guestTurns:
		l.turn(t.who)
	case settingsChange:
		l.timers.set(l.now+l.exponential(6*hour), settingsChange, 0)
		if l.happens("settings", 1) {
			l.change()
		}
	case routerStarts:
		l.timers.set(l.now+l.exponential(9*hour), routerStarts, 0)
		if l.happens("restart", 1) {
			l.startAgain()
		}
	default:
		l.work(t)
	}
}

func (l *life) gateway() string { return fmt.Sprintf("g%d", l.epoch) }

func (l *life) open() {
	l.epoch = 1
	l.try(desk.Start{Epoch: 1, Gateways: []string{l.gateway()}, Seed: l.config.Seed + 1})
	l.try(desk.ApplySettings{Settings: cloned(l.set)})
	for i := range l.agents {
		l.timers.set(l.now+int64(i%3)*8*hour+l.rng.Int64N(10*minute), agentBegins, i)
	}
	l.timers.set(l.nextArrival(), guestArrives, 0)
	l.timers.set(l.now+l.exponential(6*hour), settingsChange, 0)
	l.timers.set(l.now+l.exponential(9*hour), routerStarts, 0)
}

// arrive: a customer comes, by one of the ways in.
func (l *life) arrive() {
	i := len(l.customers)
	session := fmt.Sprintf("s%05d", i)
	g := guest{session: session, principal: desk.CustomerPrincipal(session), channel: fmt.Sprintf("channel-%d", l.rng.IntN(l.config.Queues))}
	l.bySession[session] = i
	g.turns = 2 + l.rng.IntN(5)
	g.pace = l.logNormal(5*minute, 0.8) / int64(g.turns)
	l.customers = append(l.customers, g)
	join := desk.Join{Session: session, Channel: g.channel, Name: "Customer", Page: "https://www.acme.example/orders"}
	if l.rng.IntN(4) > 0 {
		join.Text = "Hello, where is my order?"
	}
	someone := pickOf(l.rng, l.agents)
	switch {
	case l.happens("key", 0.04):
		key := fmt.Sprintf("%07d", l.rng.IntN(10_000_000))
		if l.try(desk.NewKey{Origin: l.origin(someone.principal), Agent: someone.name, Keys: []string{key}}) {
			join.Key = key
		}
	case l.happens("issue", 0.08):
		if q := pickOf(l.rng, l.set.Queues); len(q.Issues) > 0 {
			join.Issue = q.Name + "/" + pickOf(l.rng, q.Issues).Name
		}
	case l.happens("link", 0.06):
		join.To = pickOf(l.rng, []desk.Target{{Kind: desk.ToAgent, Name: someone.name}, {Kind: desk.ToTeam, Name: teamName(l.rng.IntN(2))}, {Kind: desk.ToQueue, Name: "queue-0"}})
	case l.happens("chosen", 0.06):
		join.Agent = someone.name
	}
	join.Origin = l.origin(g.principal)
	if !l.try(join) {
		if l.happens("contact", 0.5) {
			l.try(desk.Contact{Origin: l.origin(g.principal), Session: session, Channel: g.channel, Name: "Customer", Email: "customer@acme.example", Text: "Please write to me."})
		}
		return
	}
	l.arrived(i)
}

// arrived: the customer is connected, and waits for as long as patience lasts.
func (l *life) arrived(i int) {
	l.try(desk.Connect{Principal: l.customers[i].principal, Gateway: l.gateway()})
	l.timers.set(l.now+5*second+l.exponential(10*minute), guestLosesHeart, i)
	if l.happens("connection", 0.1) {
		at := l.now + l.exponential(3*minute)
		l.timers.set(at, guestGoes, i)
		l.timers.set(at+l.logNormal(20*second, 1), guestComesBack, i)
	}
}

func (l *life) conversation(i int) *desk.Conversation { return l.s.Conversations[l.customers[i].id] }

func (l *life) loseHeart(i int) {
	if c := l.conversation(i); c == nil || c.Place != desk.Waiting && c.Place != desk.OfferedTo {
		return
	}
	if l.rng.IntN(2) == 0 {
		l.try(desk.Disconnect{Principal: l.customers[i].principal, Gateway: l.gateway()})
	} else {
		l.try(desk.End{Origin: l.origin(l.customers[i].principal)})
	}
	if l.happens("return", 0.4) {
		l.timers.set(l.now+l.logNormal(30*minute, 1.5), guestReturns, i)
	}
}

// comeAgain: a customer who gave up opens the page again, and writes or joins.
func (l *life) comeAgain(i int) {
	g := l.customers[i]
	c := l.conversation(i)
	if c != nil && c.Place.Open() {
		return
	}
	if c != nil && c.Place == desk.Inactive && l.rng.IntN(2) == 0 {
		l.try(desk.Say{Origin: l.origin(g.principal), Text: "Is anybody there now?"})
	} else if !l.try(desk.Join{Origin: l.origin(g.principal), Session: g.session, Channel: g.channel, Name: "Customer"}) {
		return
	}
	l.arrived(i)
}

// turn: the two write in turn; then mostly the agent ends it.
func (l *life) turn(i int) {
	g := &l.customers[i]
	c := l.conversation(i)
	if c == nil || c.Place != desk.InService {
		g.talking = false
		return
	}
	owner := l.agents[l.byAgent[c.Agent]]
	g.turns--
	switch {
	case g.turns < 0 && l.rng.IntN(8) == 0:
		l.try(desk.End{Origin: l.origin(g.principal)})
		return
	case g.turns < 0:
		l.try(desk.End{Origin: l.origin(owner.principal), Conversation: c.ID})
		return
	case g.turns%2 == 1:
		l.try(desk.Say{Origin: l.origin(owner.principal), Conversation: c.ID, Text: "Thank you, let me look that up for you."})
	default:
		l.try(desk.Say{Origin: l.origin(g.principal), Text: "The number is 4711."})
	}
	l.handOn(c, owner)
	l.timers.set(l.now+1+int64(float64(g.pace)*(0.5+l.rng.Float64())), guestTurns, i)
}

// handOn: an agent hands a conversation on, invites somebody, or one of several leaves.
func (l *life) handOn(c *desk.Conversation, owner worker) {
	to := desk.Target{Kind: desk.ToAgent, Name: pickOf(l.rng, l.agents).name}
	switch l.rng.IntN(3) {
	case 0:
		to = desk.Target{Kind: desk.ToTeam, Name: teamName(l.rng.IntN(2))}
	case 1:
		to = desk.Target{Kind: desk.ToQueue, Name: pickOf(l.rng, l.set.Queues).Name}
	}
	switch {
	case l.happens("transfer", 0.05):
		l.try(desk.Transfer{Origin: l.origin(owner.principal), Agent: owner.name, Conversation: c.ID, To: to, Note: "knows about orders"})
	case to.Kind != desk.ToQueue && l.happens("invitation", 0.1):
		l.try(desk.Invite{Origin: l.origin(owner.principal), Agent: owner.name, Conversation: c.ID, To: to})
	case len(c.Sharers) > 0 && l.rng.IntN(3) == 0:
		name := pickOf(l.rng, c.Agents())
		l.try(desk.Leave{Origin: l.origin(desk.AgentPrincipal(name)), Agent: name, Conversation: c.ID})
	}
}

// work is what agents do.
func (l *life) work(t timer) {
	a := &l.agents[t.who]
	switch t.what {
	case agentBegins:
		l.timers.set(l.now+24*hour, agentBegins, t.who)
		a.onShift, a.session = true, fmt.Sprintf("%s-%d", a.name, l.now)
		l.try(desk.SignIn{Agent: a.name, Session: a.session, Link: a.session, Expires: l.now + 12*hour, LinkExpires: l.now + 10*minute})
		l.connect(t.who)
		l.timers.set(l.now+9*hour, agentEnds, t.who)
		l.timers.set(l.now+l.exponential(2*hour), agentBreaks, t.who)
		l.timers.set(l.now+l.exponential(3*hour), agentDrops, t.who)
		l.timers.set(l.now+l.exponential(2*hour), agentChats, t.who)
		l.timers.set(l.now+l.exponential(minute), agentLooks, t.who)
	case agentEnds:
		l.goHome(t.who)
	case agentAnswers:
		l.answer(t.who)
	default:
		if a.onShift {
			l.onShift(t)
		}
	}
}

func (l *life) connect(i int) {
	l.try(desk.Connect{Principal: l.agents[i].principal, Gateway: l.gateway()})
}

func (l *life) disconnect(i int) {
	l.try(desk.Disconnect{Principal: l.agents[i].principal, Gateway: l.gateway()})
}

func (l *life) present(i int, p desk.Presence) {
	l.try(desk.SetPresence{Origin: l.origin(l.agents[i].principal), Agent: l.agents[i].name, Presence: p})
}

func (l *life) onShift(t timer) {
	a := l.agents[t.who]
	switch t.what {
	case agentLooks:
		l.timers.set(l.now+l.exponential(4*minute), agentLooks, t.who)
		l.seek(t.who)
	case agentBreaks:
		l.timers.set(l.now+l.exponential(2*hour)+20*minute, agentBreaks, t.who)
		if l.happens("break", 1) {
			l.present(t.who, pickOf(l.rng, []desk.Presence{desk.Away, desk.FinishMine}))
			l.timers.set(l.now+l.logNormal(12*minute, 0.4), agentIsBack, t.who)
		}
	case agentIsBack:
		l.present(t.who, desk.Available)
	case agentDrops:
		l.timers.set(l.now+l.exponential(3*hour), agentDrops, t.who)
		if l.happens("connection", 1) {
			l.disconnect(t.who)
			l.timers.set(l.now+l.logNormal(15*second, 1.2), agentReconnects, t.who)
		}
	case agentReconnects:
		l.connect(t.who)
	case agentChats:
		l.timers.set(l.now+l.exponential(2*hour), agentChats, t.who)
		if !l.happens("chat", 1) {
			return
		}
		room := desk.TeamRoom(teamName(l.rng.IntN(2)))
		if l.rng.IntN(2) == 0 {
			room = desk.PrivateRoom(a.name, pickOf(l.rng, l.agents).name)
		}
		l.try(desk.Post{Origin: l.origin(a.principal), Agent: a.name, Room: room, Text: "Lunch?"})
		for _, room := range l.s.RoomsOf(a.name) {
			if r := l.s.Rooms[room]; r.Unread(a.name) > 0 {
				l.try(desk.ReadRoom{Origin: l.origin(a.principal), Agent: a.name, Room: room, Seq: r.LastSeq()})
			}
		}
	}
}

// seek: an agent looks at what waits, in person and in the queues, and at invitations.
func (l *life) seek(i int) {
	a := l.agents[i]
	if list := l.s.InvitationsFor(a.name); len(list) > 0 {
		c := pickOf(l.rng, list)
		if !c.Has(a.name) && l.rng.IntN(5) > 0 {
			l.try(desk.Enter{Origin: l.origin(a.principal), Agent: a.name, Conversation: c.ID})
		} else {
			l.try(desk.Decline{Origin: l.origin(a.principal), Agent: a.name, Conversation: c.ID})
		}
	}
	if list := l.s.PersonalLine(a.name); len(list) > 0 && l.rng.IntN(6) == 0 {
		l.try(desk.Decline{Origin: l.origin(a.principal), Agent: a.name, Conversation: list[0].ID})
	}
	if !l.waiting() && l.rng.IntN(8) > 0 {
		return // the console shows it
	}
	if m := l.s.Member(a.name); m != nil && l.s.Load(a.name) < m.Max && l.s.PresenceOf(a.name) == "available" {
		l.try(desk.Pick{Origin: l.origin(a.principal), Agent: a.name})
	}
}

// waiting tells whether anybody waits anywhere.
func (l *life) waiting() bool {
	for _, c := range l.s.Conversations {
		if c.Place == desk.Waiting {
			return true
		}
	}
	return false
}

// answer: most offers are accepted.
func (l *life) answer(i int) {
	a := l.agents[i]
	for _, c := range l.s.ConversationsOf(a.name) {
		if c.Place != desk.OfferedTo {
			continue
		}
		switch n := l.rng.IntN(100); {
		case n < 90:
			l.try(desk.Accept{Origin: l.origin(a.principal), Agent: a.name, Conversation: c.ID})
		case n < 95:
			l.try(desk.Refuse{Origin: l.origin(a.principal), Agent: a.name, Conversation: c.ID})
		}
		return
	}
}

// goHome: at the end of a shift an agent gives back what is open, or stays until it is done.
func (l *life) goHome(i int) {
	a := &l.agents[i]
	forced := l.happens("sign-out", 0.3)
	if len(l.s.ConversationsOf(a.name)) > 0 && !forced {
		l.present(i, desk.FinishMine)
		l.timers.set(l.now+5*minute, agentEnds, i)
		return
	}
	a.onShift = false
	l.present(i, desk.Available) // tomorrow
	l.disconnect(i)
	l.try(desk.SignOut{Agent: a.name, Session: a.session, Force: forced})
}

// change: settings change under way.
func (l *life) change() {
	q := &l.set.Queues[l.rng.IntN(len(l.set.Queues))]
	t := &l.set.Teams[l.rng.IntN(len(l.set.Teams))]
	q.Generation++
	switch l.rng.IntN(9) {
	case 0, 1:
		q.Distribution = anyDistribution(l.rng)
	case 2:
		q.WaitingRules = anyRules(l.rng, q.Name)
	case 3:
		q.Priority = pickOf(l.rng, []int{0, 5, -5})
	case 4:
		t.MaxConversations = l.rng.IntN(4)
	case 5:
		i := l.rng.IntN(len(t.Members))
		t.Members[i].MaxConversations = l.rng.IntN(4)
	case 6:
		*t = anyTeam(l.rng, *t)
	case 7:
		q.Override = anyOverride(l.rng, l.now)
	case 8:
		// Somebody joins a team, or leaves it.
		name := pickOf(l.rng, l.agents).name
		at := slices.IndexFunc(t.Members, func(m settings.Member) bool { return m.Name == name })
		if at >= 0 && len(t.Members) > 2 {
			t.Members = slices.Delete(slices.Clone(t.Members), at, at+1)
		} else if at < 0 {
			t.Members = append(slices.Clone(t.Members), anyMember(l.rng, name))
		}
	}
	l.set.Sort()
	l.try(desk.ApplySettings{Settings: cloned(l.set)})
}

// startAgain: another router takes the lead, from a snapshot or from the whole ledger, and people
// connect again, some of them late.
func (l *life) startAgain() {
	l.store()
	l.commit()
	l.restart(l.rng.IntN(4) > 0)
	l.now += l.logNormal(4*second, 1)
	l.epoch++
	var here []desk.Principal
	for i := range l.customers {
		if c := l.s.Customers[l.customers[i].session]; c.Online() {
			here = append(here, l.customers[i].principal)
		}
	}
	l.try(desk.Start{Epoch: l.epoch, Gateways: []string{l.gateway()}, Seed: l.rng.Uint64()})
	for i := range l.agents {
		if l.agents[i].onShift {
			l.timers.set(l.now+l.logNormal(3*second, 1.2), agentReconnects, i)
		}
	}
	for _, p := range here {
		l.timers.set(l.now+l.logNormal(3*second, 1.2), guestComesBack, l.bySession[string(p[2:])])
	}
}

// hear: people see what happens and plan what they do next.
func (l *life) hear(r desk.Record) {
	l.result.Kinds[reflect.TypeOf(r.Event).Name()]++
	switch e := r.Event.(type) {
	case desk.CustomerJoined:
		l.customers[l.bySession[e.Session]].id = e.Conversation
	case desk.ContactLeft:
		l.customers[l.bySession[e.Session]].id = e.Conversation
	case desk.Offered:
		l.timers.set(l.now+l.logNormal(5*second, 0.7), agentAnswers, l.byAgent[e.Agent])
	case desk.Picked:
		l.result.Served++
		i := l.bySession[l.s.Conversations[e.Conversation].Session]
		if g := &l.customers[i]; !g.talking {
			g.talking = true
			l.timers.set(l.now+g.pace/2+1, guestTurns, i)
		}
	case desk.Ended:
		c := l.s.Conversations[e.Conversation]
		l.timers.set(l.now+l.exponential(20*second), guestGoes, l.bySession[c.Session])
	}
}
