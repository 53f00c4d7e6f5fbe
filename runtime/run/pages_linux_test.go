package run

import (
	"strings"
	"testing"
)

func TestAProgramThatForgetsItsPagesGoesOn(t *testing.T) {
	var more [][]byte
	for range 3 {
		if err := dropStartupPages(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join([]string{"still", "here"}, " "); got != "still here" {
			t.Fatal(got)
		}
		// In a program that is linked with C, memory comes through a shared library.
		more = append(more, make([]byte, 256<<20))
		more[len(more)-1][0] = 1
	}
}
