package ledgerbench

import (
	"context"
	"sync"
	"time"

	"usher.chat/runtime/ledger"
)

// committer groups what callers put while the commit before is under way. No timer: the commit before is the wait.
type committer struct {
	writer *ledger.Writer
	groups uint64

	mu    sync.Mutex
	queue []request
	wake  chan struct{}
}

type request struct {
	entry  []byte
	answer chan<- error
}

func newCommitter(w *ledger.Writer) *committer {
	return &committer{writer: w, wake: make(chan struct{}, 1)}
}

func (c *committer) put(r request) {
	c.mu.Lock()
	c.queue = append(c.queue, r)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// run commits groups until the context ends or an append fails, and answers each caller.
func (c *committer) run(ctx context.Context) error {
	var batch []request
	var entries [][]byte
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		}
		c.mu.Lock()
		batch, c.queue = c.queue, batch[:0]
		c.mu.Unlock()
		if len(batch) == 0 {
			continue
		}
		entries = entries[:0]
		for _, r := range batch {
			entries = append(entries, r.entry)
		}
		_, err := c.writer.Append(ctx, time.Now(), entries)
		c.groups++
		for _, r := range batch {
			r.answer <- err
		}
		if err != nil {
			return err
		}
	}
}
