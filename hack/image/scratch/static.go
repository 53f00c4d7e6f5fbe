package scratch

import (
	"debug/elf"
	"fmt"
)

// A DynamicError says that a program needs a loader, which an empty image does not have.
type DynamicError struct {
	// Path is the program's.
	Path string
}

func (e *DynamicError) Error() string {
	return fmt.Sprintf("%s is dynamically linked and cannot run in an image from scratch: build it with CGO_ENABLED=0", e.Path)
}

// checkStatic gives the image architecture of a static Linux program, in Go's words ("amd64").
func checkStatic(path string) (string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the program %s as a Linux executable: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", &DynamicError{Path: path}
		}
	}
	switch f.Machine {
	case elf.EM_X86_64:
		return "amd64", nil
	case elf.EM_AARCH64:
		return "arm64", nil
	default:
		return "", fmt.Errorf("the program %s is for %s: only amd64 and arm64 are supported", path, f.Machine)
	}
}
