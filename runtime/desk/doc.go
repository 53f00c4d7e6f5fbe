// Package desk is the domain: the waiting lines, conversations, agents and queues of one desk as a
// state machine. It does no I/O, has no clock, no goroutine and no randomness of its own; all that
// comes in with a command or an event. So it can be run far faster than life, replayed, fuzzed and
// explained.
//
//	s := desk.New()
//	events, err := desk.Decide(s, command, now)   // s is only read; err is a *desk.Error
//	for _, e := range events {
//		s.Apply(desk.Record{Seq: s.Seq + 1, At: desk.Millis(now), Event: e})
//	}
//	at, ok := s.NextDeadline()                    // when to call Decide with Tick{}
//
// Who calls it (the router) makes the events durable before it tells anybody. After each command it
// calls Decide with Tick until no deadline is due, so that what follows from a command (the next in
// line is offered to an agent who ended a conversation) stands in the same group of the ledger.
package desk
