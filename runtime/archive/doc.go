// Package archive is what a desk remembers for people: the transcripts of its conversations and the
// activity log of its queues (feature Q4). It follows from the ledger alone, in a SQLite file of its
// own, and is made again from the ledger whenever the file is missing, damaged, of another release, or
// not of this ledger. So it need not be kept safe, and may be deleted while the desk is down.
//
//	a, err := archive.Open(ctx, "/data/archive.db", archive.Options{Logger: logger})
//	if err != nil {
//		return err
//	}
//	defer a.Close()
//	go a.Run(ctx, records) // catches up from the ledger, then takes what Follow gives
//
//	a.Follow(committed) // the router, after each commit; never blocks
//
//	err = a.Wait(ctx, seq) // what was acknowledged as seq can be read now
//	messages, err := a.Messages(ctx, "c7", 0, 0, 50)
//
// It lags a little behind the ledger, by some milliseconds in service and by more while it is made
// again; [Archive.Wait] is for those who must see what they wrote. Nothing that happens to it holds up
// the router: a queue that runs over is dropped and read from the ledger later, and a full disk stops
// the archive until there is room.
package archive
