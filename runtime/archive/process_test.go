package archive_test

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// processTB stands for a test in a process that is none: whatever fails ends it.
type processTB struct{ testing.TB }

func (*processTB) Helper()                  {}
func (*processTB) Context() context.Context { return context.Background() }
func (*processTB) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}
func (*processTB) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
