//go:build !linux

package ledger

// networkDisk cannot tell here; deployments run on Linux.
func networkDisk(string) (string, error) { return "", nil }
