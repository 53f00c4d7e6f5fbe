// Command imports checks who knows whom: every import between the parts of the house must be one that
// docs/architecture.md allows.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

const module = "usher.chat"

// allowed says which parts a part may import. A part is the longest prefix that stands here.
var allowed = map[string][]string{
	"":                    {"controllers", "kubectl", "runtime/run"},
	"api":                 {},
	"api/compile":         {"api", "runtime/calendar", "runtime/settings"},
	"controllers":         {"api", "api/compile", "runtime/calendar", "runtime/settings"},
	"kubectl":             {"api", "api/compile", "runtime/access", "runtime/backup", "runtime/calendar", "runtime/desk", "runtime/protocol", "runtime/settings"},
	"runtime/calendar":    {},
	"runtime/settings":    {"runtime/calendar"},
	"runtime/protocol":    {},
	"runtime/access":      {},
	"runtime/desk":        {"runtime/calendar", "runtime/settings"},
	"runtime/ledger":      {"runtime/ledger/rows", "runtime/ledger/wipe"},
	"runtime/ledger/wipe": {},
	"runtime/ledger/rows": {},
	"runtime/backup":      {"runtime/ledger/rows"},
	"runtime/peer":        {},
	"runtime/router":      {"runtime/desk", "runtime/ledger", "runtime/peer"},
	"runtime/archive":     {"runtime/desk", "runtime/ledger", "runtime/ledger/wipe", "runtime/protocol", "runtime/settings"},
	"runtime/control":     {"runtime/protocol", "runtime/settings"},
	"runtime/erasure":     {"runtime/archive", "runtime/desk", "runtime/protocol", "runtime/router"},
	"runtime/gateway":     {"runtime/access", "runtime/archive", "runtime/desk", "runtime/protocol", "runtime/router", "runtime/settings"},
	"runtime/console":     {},
	"runtime/widget":      {},
	"runtime/run":         {"runtime/access", "runtime/archive", "runtime/backup", "runtime/clock", "runtime/console", "runtime/control", "runtime/desk", "runtime/erasure", "runtime/gateway", "runtime/ledger", "runtime/ledger/rows", "runtime/peer", "runtime/protocol", "runtime/router", "runtime/settings", "runtime/widget"},
	"config":              {},
	"hack":                {"*"},
}

func part(path string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	best := ""
	for p := range allowed {
		if (path == p || strings.HasPrefix(path, p+"/")) && len(p) > len(best) {
			best = p
		}
	}
	return best
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func main() {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "imports: go list:", err)
		os.Exit(2)
	}
	bad := 0
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "imports:", err)
			os.Exit(2)
		}
		from := part(p.ImportPath)
		if from == "hack" || forTests(p.ImportPath) {
			continue
		}
		for _, i := range p.Imports {
			if i != module && !strings.HasPrefix(i, module+"/") {
				continue
			}
			to := part(i)
			name := strings.TrimPrefix(i, module+"/")
			if to == from || slices.Contains(allowed[from], to) || slices.Contains(allowed[from], name) {
				continue
			}
			fmt.Fprintf(os.Stderr, "%s imports %s: %q may know only %v\n", p.ImportPath, i, from, allowed[from])
			bad++
		}
	}
	if bad > 0 {
		os.Exit(1)
	}
}

// forTests: helpers of tests, as in net/http/httptest, may know what they start.
func forTests(path string) bool {
	last := path[strings.LastIndex(path, "/")+1:]
	return strings.HasSuffix(last, "test") || strings.HasSuffix(last, "bench") || strings.HasSuffix(last, "sim")
}
