package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// write makes a file, if it has a name, and says so.
func write(path, say string, how func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	if err := errors.Join(how(file), file.Close()); err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	if say != "" {
		fmt.Fprintln(os.Stderr, say)
	}
	return nil
}
