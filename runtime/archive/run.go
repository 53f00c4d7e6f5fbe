package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"usher.chat/runtime/desk"
)

// Bounds of one transaction.
const (
	batchRecords = 8192
	batchBytes   = 8 << 20
)

// Times between two tries of an archive that stands still.
const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// Read gives the records of the ledger after a sequence, in order, up to the end that it meets.
type Read func(ctx context.Context, after uint64) iter.Seq2[desk.Record, error]

// Run brings the archive up to the end of the ledger and then keeps it there with what Follow gives,
// until the context ends, which is no error. Whatever else goes wrong stalls it for a while: see
// Status. Only one Run at a time.
func (a *Archive) Run(ctx context.Context, read Read) error {
	if !a.running.CompareAndSwap(false, true) {
		return errors.New("run the archive: it runs already")
	}
	defer a.running.Store(false)
	retry := retryFirst
	for {
		err := a.work(ctx, read, func() { retry = retryFirst })
		if ctx.Err() != nil {
			return nil
		}
		a.stall(err)
		pause := time.NewTimer(retry)
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil
		case <-pause.C:
		}
		retry = min(2*retry, retryMost)
	}
}

// work runs until something fails. What is in memory is then worth nothing and read from the file
// again by the next call, so that a transaction that failed leaves no trace.
func (a *Archive) work(ctx context.Context, read Read, caughtUp func()) error {
	p, err := a.begin(ctx, read)
	if err != nil {
		return err
	}
	if err := a.catchUp(ctx, read, p); err != nil {
		return a.afterDamage(ctx, err)
	}
	a.goOn()
	caughtUp()
	for {
		records, latest, ok := a.intake.take(ctx, a.waited, a.damage)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !ok {
			return a.rebuild(ctx, errors.New("a reader met a damaged page"))
		}
		if err := a.follow(ctx, read, p, records, latest); err != nil {
			return a.afterDamage(ctx, err)
		}
	}
}

// begin reads where the file stands, and starts from nothing when it is not of this ledger.
func (a *Archive) begin(ctx context.Context, read Read) (*projection, error) {
	p := a.opened
	a.opened = nil
	if p == nil {
		var err error
		if p, err = a.openStore(ctx); err != nil {
			return nil, err
		}
	}
	known, err := p.knows(ctx, read)
	if err != nil {
		return nil, err
	}
	if !known {
		a.log.Warn("the archive is made again: it is not of this ledger, or ahead of it", "position", p.position)
		if p, err = a.again(ctx); err != nil {
			return nil, err
		}
	}
	// A process that was killed may have left some of what it erased.
	if err := a.clean(ctx, p); err != nil {
		return nil, err
	}
	a.advance(p.position)
	return p, nil
}

// afterDamage replaces a file that turned out to be damaged, so that the next try starts from nothing.
func (a *Archive) afterDamage(ctx context.Context, err error) error {
	if kindOf(err) == kindCorrupt {
		return a.rebuild(ctx, err)
	}
	return err
}

func (a *Archive) rebuild(ctx context.Context, because error) error {
	a.log.Warn("the archive is made again from the ledger", "file", a.path, "because", because)
	if _, err := a.again(ctx); err != nil {
		return errors.Join(because, err)
	}
	return because
}

// again begins with an empty file. From now on nobody is told that something can be read which cannot.
func (a *Archive) again(ctx context.Context) (*projection, error) {
	a.advance(0)
	a.countRebuild()
	p, err := a.store.replace(ctx, a.path)
	if err != nil {
		return nil, fmt.Errorf("replace the archive: %w", err)
	}
	return p, nil
}

// catchUp takes everything that the ledger has.
func (a *Archive) catchUp(ctx context.Context, read Read, p *projection) error {
	for r, err := range read(ctx, p.position) {
		if err != nil {
			return fmt.Errorf("read the ledger after %d: %w", p.position, err)
		}
		if err := a.take(ctx, p, r); err != nil {
			return err
		}
	}
	return a.commit(ctx, p)
}

// follow takes records that came by the queue, and those from the ledger that the queue dropped.
func (a *Archive) follow(ctx context.Context, read Read, p *projection, records []desk.Record, latest uint64) error {
	for len(records) > 0 && records[0].Seq <= p.position {
		records = records[1:]
	}
	if len(records) > 0 && records[0].Seq == p.position+1 {
		for _, r := range records {
			if err := a.take(ctx, p, r); err != nil {
				return err
			}
		}
		if err := a.commit(ctx, p); err != nil {
			return err
		}
	}
	if p.position >= latest {
		return nil
	}
	if err := a.catchUp(ctx, read, p); err != nil {
		return err
	}
	if p.position < latest {
		return fmt.Errorf("the ledger ends at %d and %d was committed", p.position, latest)
	}
	return nil
}

// take adds one record to the transaction to be, and writes it when it is large.
func (a *Archive) take(ctx context.Context, p *projection, r desk.Record) error {
	if err := p.apply(r); err != nil {
		return err
	}
	// What is erased ends a batch: it is done behind all rows of before, with the settings of then.
	if p.batch.records >= batchRecords || p.batch.bytes >= batchBytes || len(p.batch.erasures) > 0 {
		return a.commit(ctx, p)
	}
	return nil
}

func (a *Archive) commit(ctx context.Context, p *projection) error {
	if p.batch.records == 0 {
		return ctx.Err()
	}
	erases := len(p.batch.erasures) > 0
	if err := a.store.writes.write(ctx, p); err != nil {
		return fmt.Errorf("write up to %d: %w", p.position, err)
	}
	if erases || p.unclean {
		if err := a.clean(ctx, p); err != nil {
			return err
		}
	}
	a.advance(p.position)
	return nil
}

// clean leaves nothing of what was erased in the file; when readers are in the way, the next commit tries again.
func (a *Archive) clean(ctx context.Context, p *projection) error {
	done, err := a.store.writes.clean(ctx, a.store.reads)
	if err != nil {
		return fmt.Errorf("clean the file: %w", err)
	}
	p.unclean = !done
	return nil
}
