package run

import (
	"strings"
	"testing"
)

func TestAProgramThatForgetsItsPagesGoesOn(t *testing.T) {
	for range 3 {
		if err := dropStartupPages(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join([]string{"still", "here"}, " "); got != "still here" {
			t.Fatal(got)
		}
	}
}
