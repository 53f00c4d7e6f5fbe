package archive

import (
	"context"
	"sync"
	"time"

	"usher.chat/runtime/desk"
)

// Bounds of what is queued for Run: enough for a second of the router's best, and never so much that
// an archive which stands still costs the pod its memory.
const (
	maxQueued      = 1 << 16
	maxQueuedBytes = 32 << 20
	recordBytes    = 256 // of a record without its text
	candidateBytes = 96  // of one agent who was looked at
)

// sizeOf is about how many bytes an event takes.
func sizeOf(e desk.Event) int {
	switch e := e.(type) {
	case desk.MessageSent:
		return recordBytes + len(e.Text)
	case desk.Posted:
		return recordBytes + len(e.Text)
	case desk.Offered:
		if e.Choice != nil {
			return recordBytes + candidateBytes*len(e.Choice.Candidates)
		}
	}
	return recordBytes
}

// linger is how long Run lets records gather when nobody waits for them: a transaction costs the same
// for one row as for many, and at a low rate the time is the desk's.
const linger = 200 * time.Millisecond

// intake is the queue between the router and Run: always one unbroken run of records. What does not
// fit is dropped, and the ledger has it.
type intake struct {
	wake  chan struct{} // of capacity one: there is something
	haste chan struct{} // of capacity one: somebody waits for it

	mu      sync.Mutex
	records []desk.Record
	bytes   int
	latest  uint64
	spare   []desk.Record
}

func (q *intake) init() {
	q.wake, q.haste = make(chan struct{}, 1), make(chan struct{}, 1)
}

// put queues records, and tells whether some were dropped.
func (q *intake) put(records []desk.Record) (dropped bool) {
	if len(records) == 0 {
		return false
	}
	size := 0
	for i := range records {
		size += sizeOf(records[i].Event)
	}
	q.mu.Lock()
	before := q.latest
	q.latest = records[len(records)-1].Seq
	full := len(q.records)+len(records) > maxQueued || q.bytes+size > maxQueuedBytes
	// After a drop the queue takes nothing until it was emptied: its run ends before `before`.
	broken := len(q.records) > 0 && (q.records[len(q.records)-1].Seq != before || records[0].Seq != before+1)
	if full || broken {
		dropped = true
	} else {
		q.records = append(q.records, records...)
		q.bytes += size
	}
	q.mu.Unlock()
	signal(q.wake)
	return dropped
}

func (q *intake) last() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.latest
}

func (q *intake) hurry() { signal(q.haste) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take waits for records and gives all that are there, with the sequence of the last that was put. The
// records are good until the next take. False means that other, which ends the waiting, or the context
// came first.
func (q *intake) take(ctx context.Context, urgent func() bool, other <-chan struct{}) (records []desk.Record, latest uint64, ok bool) {
	select {
	case <-ctx.Done():
		return nil, 0, false
	case <-other:
		return nil, 0, false
	case <-q.wake:
	}
	if !urgent() && !q.plenty() {
		pause := time.NewTimer(linger)
		select {
		case <-ctx.Done():
		case <-pause.C:
		case <-q.haste:
		}
		pause.Stop()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.spare) // lets go of the texts
	if cap(q.spare) > batchRecords {
		q.spare = nil // after a burst
	}
	records = q.records
	q.records, q.spare, q.bytes = q.spare[:0], records, 0
	return records, q.latest, true
}

// plenty tells whether enough is queued for a good transaction.
func (q *intake) plenty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.records) >= batchRecords/2
}
