package ledgerbench

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData is what SQLite does at a commit.
func syncData(file *os.File) error { return unix.Fdatasync(int(file.Fd())) }
