package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Suffixes of the files of a restore, beside the ledger's.
const (
	restoringSuffix = ".restoring" // being written
	restoredSuffix  = ".restored"  // whole; takes the ledger's place at the next start
)

// importRows is how many rows one transaction of a restore has.
const importRows = 512

// files are those of a SQLite database.
func files(path string) []string { return []string{path + "-wal", path + "-shm", path} }

func removeAll(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Stage writes rows into a file beside that of a SQLite ledger, reads them back, and returns their chain. Each row is
// checked. Nothing becomes of the file before [Ledger.Replace]; one that a crash has left is written anew.
//
// check, if set, is called with the staged ledger before it is closed; its error is Stage's.
func (l *Ledger) Stage(ctx context.Context, from iter.Seq2[Row, error], check func(*Ledger) error) (chain Chain, err error) {
	if l.path == "" {
		return chain, errors.New("stage a restore: only for SQLite")
	}
	path := l.path + restoringSuffix
	clear := func() error { return removeAll(append(files(path), path+".lock")...) }
	if err := clear(); err != nil {
		return chain, fmt.Errorf("stage a restore: %w", err)
	}
	staged, err := Open(ctx, Options{URL: "sqlite://" + path, Desk: l.desk, Logger: l.log})
	if err != nil {
		return chain, err
	}
	defer func() {
		err = errors.Join(err, staged.Close())
		if err != nil {
			err = errors.Join(err, clear())
		}
	}()
	var epoch uint64
	if chain, epoch, err = staged.importAll(ctx, from); err != nil {
		return chain, err
	}
	if _, err := staged.appends.ExecContext(staged.statementContext(ctx), staged.dialect.rewrite(`insert into ledger_epoch
		(desk, epoch, claim, holder, address, lease_until) values ($1, $2, '', 'restore', '', 0)`), l.desk, int64(epoch)); err != nil {
		return chain, staged.failed("stage a restore", err)
	}
	var back Chain
	for row, err := range staged.Rows(ctx, 0, chain.Last) {
		if err == nil {
			err = back.Add(row)
		}
		if err != nil {
			return chain, err
		}
	}
	if back != chain {
		return chain, fmt.Errorf("stage a restore: %w: %s was written, %s is read", ErrCorrupt, chain.Sum, back.Sum)
	}
	if check != nil {
		return chain, check(staged)
	}
	return chain, nil
}

func (l *Ledger) importAll(ctx context.Context, from iter.Seq2[Row, error]) (chain Chain, epoch uint64, err error) {
	var batch []Row
	for row, err := range from {
		if err != nil {
			return chain, 0, err
		}
		if err := CheckRow(row); err != nil {
			return chain, 0, &CorruptError{Table: "ledger", Desk: l.desk, First: row.First, Cause: err.Error()}
		}
		if row.Epoch < epoch {
			return chain, 0, &CorruptError{Table: "ledger", Desk: l.desk, First: row.First, Cause: fmt.Sprintf("epoch %d follows epoch %d", row.Epoch, epoch)}
		}
		epoch = row.Epoch
		if err := chain.Add(row); err != nil {
			return chain, 0, err
		}
		if batch = append(batch, row); len(batch) == importRows {
			if err := l.importBatch(ctx, batch); err != nil {
				return chain, 0, err
			}
			batch = batch[:0]
		}
	}
	return chain, epoch, l.importBatch(ctx, batch)
}

func (l *Ledger) importBatch(ctx context.Context, batch []Row) (err error) {
	tx, err := l.appends.BeginTx(ctx, nil)
	if err != nil {
		return l.failed("stage a restore", err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	for _, r := range batch {
		if _, err := tx.ExecContext(ctx, l.dialect.rewrite(`insert into ledger (desk, first_seq, count, epoch, at, body)
			values ($1, $2, $3, $4, $5, $6)`), l.desk, int64(r.First), r.Count, int64(r.Epoch), r.At, r.Body); err != nil {
			return l.failed("stage a restore", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return l.failed("stage a restore", err)
	}
	return nil
}

// Replace lets what was staged take the ledger's place at the next Open of it, and fences the writer: nothing is
// acknowledged from here on. check is called when nothing can be appended any more; its error leaves all as it was.
func (l *Ledger) Replace(ctx context.Context, check func() error) error {
	conn, err := l.appends.Conn(ctx) // whoever has it is the only one who writes
	if err != nil {
		return l.failed("replace", err)
	}
	defer func() { _ = conn.Close() }()
	if err := check(); err != nil {
		return err
	}
	staged, ready := l.path+restoringSuffix, l.path+restoredSuffix
	if err := removeAll(staged + ".lock"); err != nil {
		return fmt.Errorf("replace the ledger of desk %q: %w", l.desk, err)
	}
	if err := errors.Join(os.Rename(staged, ready), syncDirectory(filepath.Dir(l.path))); err != nil {
		return errors.Join(fmt.Errorf("replace the ledger of desk %q: %w", l.desk, err), removeAll(ready))
	}
	_, err = conn.ExecContext(l.statementContext(ctx), l.dialect.rewrite(`update ledger_epoch set epoch = epoch + 1,
		claim = 'replaced', lease_until = 0 where desk = $1`), l.desk)
	if err != nil { // without the fence there must be no successor
		return errors.Join(l.failed("replace", err), removeAll(ready), syncDirectory(filepath.Dir(l.path)))
	}
	return nil
}

// adopt puts a restored ledger in the place of the one before, if there is one. It can be broken off anywhere.
func adopt(path string, before func() error) (bool, error) {
	if _, err := os.Stat(path + restoredSuffix); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if before != nil {
		if err := before(); err != nil {
			return false, err
		}
	}
	if err := removeAll(files(path)...); err != nil {
		return false, err
	}
	if err := os.Rename(path+restoredSuffix, path); err != nil {
		return false, err
	}
	return true, syncDirectory(filepath.Dir(path))
}

func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
