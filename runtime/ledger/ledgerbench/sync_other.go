//go:build !linux

package ledgerbench

import "os"

func syncData(file *os.File) error { return file.Sync() }
