package run

import "testing"

func TestAProgramThatForgetsItsPagesGoesOn(t *testing.T) {
	for range 3 {
		if err := dropStartupPages(); err != nil {
			t.Fatal(err)
		}
		if got := quoteAll([]string{"still", "here"}); got != "still here" {
			t.Fatal(got)
		}
	}
}

func quoteAll(list []string) string {
	out := ""
	for i, s := range list {
		if i > 0 {
			out += " "
		}
		out += s
	}
	return out
}
