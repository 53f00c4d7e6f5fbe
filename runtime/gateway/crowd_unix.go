//go:build unix

package gateway

import (
	"errors"
	"syscall"
)

// writeTo writes to a descriptor that does not block; 0 when it is full.
func writeTo(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), b)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil
		default:
			return max(n, 0), err
		}
	}
}
