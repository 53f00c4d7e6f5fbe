//go:build !unix || solaris || aix

package ledger

import "errors"

// lockFile refuses: without a lock that ends with its process, two could write one file.
func lockFile(string) (release func() error, err error) {
	return nil, errors.New("a SQLite ledger needs Linux, macOS or a BSD for the lock of its file; use PostgreSQL")
}
