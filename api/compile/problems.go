package compile

import (
	"errors"
	"fmt"
	"strings"

	"usher.chat/runtime/calendar"
)

// Problems tells what to change in a Schedule that calendar.Compile refused, in the words of the
// calendar and the paths of the resource.
func Problems(err error) string {
	var invalid *calendar.InvalidError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	var b strings.Builder
	for i, p := range invalid.Problems {
		if i == 5 {
			fmt.Fprintf(&b, "; and %d more", len(invalid.Problems)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "spec.%s %q: %s", p.Field, p.Value, p.Message)
	}
	return b.String()
}
