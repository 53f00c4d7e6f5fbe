// Package wipe overwrites what SQLite leaves behind in the free middle of its pages: secure_delete clears what is
// deleted, but not the copies of rows that stay where they were when a full page is split in two. It is for files whose
// rows were erased, and works beside whoever reads and writes them.
//
// The layout of pages is that of https://www.sqlite.org/fileformat2.html, section 1.6.
package wipe

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// batch is how many pages are written at once: others write in between.
const batch = 32

// mostPages is from where on the first byte of a page that continues a long row could be taken for the kind of a page.
// With pages of 4 KiB these are 128 GiB.
const mostPages = 1 << 25

// ErrTooLarge means that the file has so many pages that their kinds cannot be told apart; VACUUM does the same for it.
var ErrTooLarge = errors.New("the file is too large to be wiped page by page")

// Pages clears all pages, and tells how many needed it. It reads from a pool; write lends the connection that may write,
// for a moment each time.
func Pages(ctx context.Context, reads *sql.DB, write func(func(*sql.Conn) error) error) (wiped int, err error) {
	var pages int64
	if err := reads.QueryRowContext(ctx, "pragma page_count").Scan(&pages); err != nil {
		return 0, fmt.Errorf("count the pages: %w", err)
	}
	if pages >= mostPages {
		return 0, ErrTooLarge
	}
	read, err := reads.PrepareContext(ctx, "select data from sqlite_dbpage where pgno = ?")
	if err != nil {
		return 0, fmt.Errorf("read pages: %w", err)
	}
	defer func() { _ = read.Close() }()
	var found []int64
	for page := int64(1); page <= pages; page++ {
		var data []byte
		if err := read.QueryRowContext(ctx, page).Scan(&data); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return wiped, fmt.Errorf("read page %d: %w", page, err)
		}
		if Clear(data, page == 1) {
			found = append(found, page)
		}
		if len(found) == batch || page == pages && len(found) > 0 {
			if err := write(func(c *sql.Conn) error { return writeAnew(ctx, c, found) }); err != nil {
				return wiped, fmt.Errorf("wipe pages: %w", err)
			}
			wiped += len(found)
			found = found[:0]
		}
	}
	return wiped, nil
}

// writeAnew clears pages in one transaction, as they are by then.
func writeAnew(ctx context.Context, c *sql.Conn, pages []int64) (err error) {
	ctx = context.WithoutCancel(ctx) // some milliseconds
	if _, err := c.ExecContext(ctx, "begin immediate"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = c.ExecContext(ctx, "rollback") // SQLite has done it already after some errors, and then says so
		}
	}()
	for _, page := range pages {
		var data []byte
		if err := c.QueryRowContext(ctx, "select data from sqlite_dbpage where pgno = ?", page).Scan(&data); err != nil {
			return err
		}
		if !Clear(data, page == 1) {
			continue
		}
		if _, err := c.ExecContext(ctx, "update sqlite_dbpage set data = ? where pgno = ?", data, page); err != nil {
			return err
		}
	}
	_, err = c.ExecContext(ctx, "commit")
	return err
}

// Clear overwrites what is free in the middle of a page of a tree, between the list of its cells and the first of them,
// and tells whether anything was there. Pages of other kinds, and what does not look like a page, stay as they are.
func Clear(page []byte, first bool) bool {
	head := 0
	if first {
		head = 100 // the file's own header
	}
	if len(page) < head+12 {
		return false
	}
	size := 8
	switch page[head] {
	case 0x02, 0x05: // inner pages
		size = 12
	case 0x0a, 0x0d: // leaves
	default:
		return false
	}
	cells := int(binary.BigEndian.Uint16(page[head+3:]))
	content := int(binary.BigEndian.Uint16(page[head+5:]))
	if content == 0 {
		content = 65536
	}
	begin := head + size + 2*cells
	if begin > content || content > len(page) {
		return false
	}
	found := false
	for i := begin; i < content; i++ {
		found = found || page[i] != 0
		page[i] = 0
	}
	return found
}
