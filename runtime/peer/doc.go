// Package peer is the stream that each pod of a desk keeps to the one that leads (ADR 13): commands and typing marks
// go up; answers, groups of records and marks come down.
//
// The pod that leads:
//
//	server := peer.NewServer(peer.ServerOptions{Desk: "acme", TLS: dir, Gateway: id})
//	go server.Serve(ctx, listener)
//	term := server.Begin(peer.TermOptions{Epoch: 7, Last: 4711, Do: do})
//	term.Carry(4712, entries) // after each commit
//	term.End("usher-1/x")     // the successor, if there is one
//
// The others:
//
//	stream, err := peer.Join(ctx, peer.JoinOptions{Address: "10.0.0.7:7443", Desk: "acme", TLS: dir, Gateway: id, After: 4700})
//	stream.Send(peer.Command{ID: 1, Body: body})
//	for {
//		down, err := stream.Next()
//		…
//	}
//
// Nothing here knows what a command means or whether a group is the next one: package router does.
//
// Every queue is bounded. Groups are in a ring that all pods read at their own pace, and who falls out of it is sent to
// the ledger's table ([ErrBehind]); commands of a pod without an answer are at most [InFlight], then it is not read
// from; marks are dropped.
package peer
