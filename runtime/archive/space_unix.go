//go:build unix

package archive

import (
	"errors"
	"syscall"
)

// isNoSpace tells whether the file system, not SQLite, said that there is no room.
func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
