package gateway

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// The row of a table that states what codes are over HTTP: `one`, `another` | 409.
var (
	statusRow = regexp.MustCompile("(?m)^\\| ((?:`[a-z_]+`(?:, )?)+) \\| (\\d{3}) \\|")
	statusOne = regexp.MustCompile("`([a-z_]+)`")
)

func TestCodesHaveTheStatusThatThePageAboutTheProtocolStates(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "socket-protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	for _, row := range statusRow.FindAllSubmatch(page, -1) {
		stated, err := strconv.Atoi(string(row[2]))
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range statusOne.FindAllSubmatch(row[1], -1) {
			codes++
			if got := statusOf(string(code[1])); got != stated {
				t.Errorf("%s: %d, and the page says %d", code[1], got, stated)
			}
		}
	}
	if codes < 30 {
		t.Errorf("only %d codes were found in the page", codes)
	}
}
