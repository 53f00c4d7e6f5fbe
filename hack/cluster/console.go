package main

import (
	"fmt"
	"io"
	"time"
)

// A console tells a person what happens. What programs read goes to standard output, all of this to standard error.
type console struct {
	out io.Writer
	now func() time.Time
}

// step says one thing.
func (c console) step(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

// timed says what begins, and when it is done how long it took.
func (c console) timed(what string, do func() error) error {
	begin := c.now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	c.step("  %-58s %6.1f s", what, c.now().Sub(begin).Seconds())
	return nil
}
