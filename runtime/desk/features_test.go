package desk_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryTestThatTheTableOfFeaturesNamesExists reads docs/reference/features-and-tests.md.
func TestEveryTestThatTheTableOfFeaturesNamesExists(t *testing.T) {
	folder := filepath.Join("..", "..", "docs", "reference")
	table, err := os.ReadFile(filepath.Join(folder, "features-and-tests.md"))
	if err != nil {
		t.Fatal(err)
	}
	item := regexp.MustCompile("^\\[[^]]+\\]\\(([^)]+)\\): (`[^`]+`(?:, `[^`]+`)*)$")
	rows, names := map[string]bool{}, 0
	files := map[string]string{}
	for _, line := range strings.Split(string(table), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasSuffix(line, "| shown by |") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if rows[cells[0]] {
			t.Errorf("%s stands twice", cells[0])
		}
		rows[cells[0]] = true
		for _, shown := range strings.Split(cells[len(cells)-1], "<br>") {
			m := item.FindStringSubmatch(shown)
			if m == nil {
				t.Errorf("%s: %q is not a file with its tests", cells[0], shown)
				continue
			}
			path := filepath.Join(folder, m[1])
			if _, read := files[path]; !read {
				b, err := os.ReadFile(path)
				if err != nil {
					t.Errorf("%s: %v", cells[0], err)
				}
				files[path] = string(b)
			}
			for _, name := range strings.Split(strings.Trim(m[2], "`"), "`, `") {
				names++
				if !hasTest(files[path], path, name) {
					t.Errorf("%s: %s has no test %q", cells[0], m[1], name)
				}
			}
		}
	}
	for _, feature := range strings.Fields("R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R16 R17 R18 Q5 Q6 Q7 Q8 Q9 Q10 Q12 Q13 C13 C14 V2 V3 V4 V5 X3 X7") {
		if !rows[feature] {
			t.Errorf("%s has no row", feature)
		}
	}
	if names < 100 {
		t.Errorf("only %d tests are named", names)
	}
}

// hasTest tells whether a file has a test of that name: a function, or a title.
func hasTest(text, path, name string) bool {
	if strings.HasSuffix(path, ".go") {
		return strings.Contains(text, "\nfunc "+name+"(t *testing.T)")
	}
	for _, quote := range []string{"'", `"`, "`"} {
		if strings.Contains(text, "("+quote+name+quote) {
			return true
		}
	}
	return false
}
