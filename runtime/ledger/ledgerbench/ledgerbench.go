// Package ledgerbench measures a ledger as a router uses it: many callers, their entries queued into groups, one group
// in flight, each caller answered after its entry is on disk.
//
//	result, err := ledgerbench.AppendBench(ctx, "sqlite:///data/bench.db", 100, 300, 5*time.Second)
//	fmt.Printf("%.0f entries/s, p50 %s\n", result.PerSecond, result.P50)
//
// A figure means little without the limit of the disk that it was measured on, taken in the same minute: [SyncBench].
package ledgerbench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"usher.chat/runtime/ledger"
)

// Result is what a bench measured.
type Result struct {
	Entries   uint64        // acknowledged, or read
	Groups    uint64        // rows that they were in
	Elapsed   time.Duration // wall time
	PerSecond float64       // entries a second
	P50, P99  time.Duration // of a caller's wait; zero for reads
}

func result(entries, groups uint64, elapsed time.Duration, waits []time.Duration) Result {
	r := Result{Entries: entries, Groups: groups, Elapsed: elapsed, PerSecond: float64(entries) / elapsed.Seconds()}
	if len(waits) > 0 {
		slices.Sort(waits)
		r.P50, r.P99 = waits[len(waits)/2], waits[len(waits)*99/100]
	}
	return r
}

// AppendBench lets callers append entries of a size for a while, each one entry at a time, to a new desk of the
// database, and measures what was acknowledged.
func AppendBench(ctx context.Context, url string, callers, entryBytes int, duration time.Duration) (Result, error) {
	l, err := ledger.Open(ctx, ledger.Options{URL: url, Desk: "bench-" + rand.Text()})
	if err != nil {
		return Result{}, fmt.Errorf("append bench: %w", err)
	}
	defer func() { _ = l.Close() }()
	w, err := l.Lead(ctx, ledger.Claim{Holder: "bench", Lease: time.Hour})
	if err != nil {
		return Result{}, fmt.Errorf("append bench: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newCommitter(w)
	committed := make(chan error, 1)
	go func() { committed <- c.run(ctx) }()

	begin := time.Now()
	waits := make([][]time.Duration, callers)
	errs := make([]error, callers)
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			entry := text(entryBytes)
			answer := make(chan error, 1)
			for time.Since(begin) < duration && errs[i] == nil {
				asked := time.Now()
				c.put(request{entry, answer})
				errs[i] = <-answer
				waits[i] = append(waits[i], time.Since(asked))
			}
		})
	}
	running.Wait()
	elapsed := time.Since(begin)
	cancel()
	if err := errors.Join(append(errs, <-committed)...); err != nil {
		return Result{}, fmt.Errorf("append bench: %w", err)
	}
	all := slices.Concat(waits...)
	return result(uint64(len(all)), c.groups, elapsed, all), nil
}

// ReadBench writes a new desk of so many entries in groups of a size, and measures how fast all of it is read and
// checked.
func ReadBench(ctx context.Context, url string, entries, entryBytes, groupSize int) (Result, error) {
	l, err := ledger.Open(ctx, ledger.Options{URL: url, Desk: "bench-" + rand.Text()})
	if err != nil {
		return Result{}, fmt.Errorf("read bench: %w", err)
	}
	defer func() { _ = l.Close() }()
	w, err := l.Lead(ctx, ledger.Claim{Holder: "bench", Lease: time.Hour})
	if err != nil {
		return Result{}, fmt.Errorf("read bench: %w", err)
	}
	group := make([][]byte, groupSize)
	for i := range group {
		group[i] = text(entryBytes)
	}
	for written := 0; written < entries; written += groupSize {
		if _, err := w.Append(ctx, time.Now(), group[:min(groupSize, entries-written)]); err != nil {
			return Result{}, fmt.Errorf("read bench: %w", err)
		}
	}
	begin := time.Now()
	var read, groups uint64
	for group, err := range l.Read(ctx, 0, ledger.Limit{}) {
		if err != nil {
			return Result{}, fmt.Errorf("read bench: %w", err)
		}
		read += uint64(len(group.Entries))
		groups++
	}
	return result(read, groups, time.Since(begin), nil), nil
}

// SyncBench measures how often a second the disk of a directory takes a write of 4 KiB at the end of a file and answers
// its fdatasync: what a store that syncs each entry alone could reach.
func SyncBench(directory string, duration time.Duration) (perSecond float64, err error) {
	file, err := os.CreateTemp(directory, "sync-bench-")
	if err != nil {
		return 0, fmt.Errorf("sync bench: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	block := text(4096)
	begin, syncs := time.Now(), 0
	for time.Since(begin) < duration {
		if _, err := file.Write(block); err != nil {
			return 0, fmt.Errorf("sync bench: %w", err)
		}
		if err := syncData(file); err != nil {
			return 0, fmt.Errorf("sync bench: %w", err)
		}
		syncs++
	}
	return float64(syncs) / time.Since(begin).Seconds(), nil
}

// text is random, so that nothing on the way can make it smaller than it is.
func text(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails, by its documentation
	return b
}
