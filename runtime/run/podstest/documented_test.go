package podstest_test

import (
	"os"
	"strings"
	"testing"
)

// documented are the blocks of code in a section of docs/operations.md, in their order, with other words put in the
// place of some: commands without their prompt and what they answer, settings line by line.
func documented(t *testing.T, heading string, words *strings.Replacer) (blocks [][]string) {
	t.Helper()
	b, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(b), "\n"+heading+"\n")
	if !found {
		t.Fatalf("docs/operations.md has no section %q", heading)
	}
	level := heading[:strings.IndexByte(heading, ' ')]
	kind := ""
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if kind == "" && strings.HasPrefix(line, "#") && strings.IndexByte(line, ' ') <= len(level) {
			break
		}
		fence, is := strings.CutPrefix(line, "```")
		switch {
		case is && kind == "":
			kind = fence
			blocks = append(blocks, nil)
		case is:
			kind = ""
		case kind == "console":
			if command, is := strings.CutPrefix(line, "$ "); is {
				blocks[len(blocks)-1] = append(blocks[len(blocks)-1], words.Replace(command))
			}
		case kind != "":
			blocks[len(blocks)-1] = append(blocks[len(blocks)-1], words.Replace(line))
		}
	}
	return blocks
}
