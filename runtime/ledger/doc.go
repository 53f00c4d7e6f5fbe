// Package ledger is the event log of a desk in SQL: one ordered log of opaque entries, written by one fenced writer in
// groups, read and followed by anybody. It knows nothing of the domain; an entry is bytes.
//
// Two databases, one code path and one schema: SQLite in a file beside the process, and PostgreSQL 15 or later. What it
// promises on both:
//
//   - An append that returned without an error is on disk, whole, at the positions that it was told.
//   - Positions are contiguous from 1. A hole or a damaged row is an error on reading, never skipped.
//   - A writer that was replaced cannot add a row: each append carries its epoch, and the statement that inserts also
//     holds the row that says whose epoch it is.
//   - An append whose answer was lost says so ([ErrUnknown]); [Writer.Recover] then tells whether it is in.
//
// A process that wants to write takes the lead, appends groups one after the other, and renews its lease:
//
//	l, err := ledger.Open(ctx, ledger.Options{URL: "sqlite:///data/ledger.db", Desk: "acme"})
//	if err != nil {
//		return err
//	}
//	defer l.Close()
//
//	w, err := l.Lead(ctx, ledger.Claim{Holder: "acme-0", Address: "10.0.0.7:7000", Lease: 6 * time.Second})
//	var held *ledger.HeldError
//	if errors.As(err, &held) {
//		return fmt.Errorf("%s leads until %s", held.Leader.Holder, held.Leader.Until)
//	}
//	first, err := w.Append(ctx, now, [][]byte{[]byte("first"), []byte("second")})
//
//	for group, err := range l.Read(ctx, 0, ledger.Limit{}) {
//		if err != nil {
//			return err
//		}
//		apply(group.First, group.Entries)
//	}
//
// Queueing callers into groups belongs to the caller: at most one append is in flight for a writer, and everything
// that arrives meanwhile is the next group (package ledgerbench has a small one).
//
// The clock of leases is the database's. The package reads no clock of its own.
package ledger
