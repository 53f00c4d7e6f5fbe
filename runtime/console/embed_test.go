package console

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func TestABinaryWithoutTheConsoleSaysHowToBuildIt(t *testing.T) {
	page, err := fs.ReadFile(orMissing(fstest.MapFS{".keep": {}}), index)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "npm run build") {
		t.Errorf("the page does not say how to build the console:\n%s", page)
	}
}

func TestABuiltConsoleIsServedAsItIs(t *testing.T) {
	built := fstest.MapFS{index: {Data: []byte("built")}}
	page, err := fs.ReadFile(orMissing(built), index)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != "built" {
		t.Errorf("got %q, want the built page", page)
	}
}

// The pages are served under a policy that allows no inline script and no inline style.
func TestThePageHasNothingInline(t *testing.T) {
	page, err := fs.ReadFile(Assets(), index)
	if err != nil {
		t.Fatal(err)
	}
	inline := regexp.MustCompile(`(?is)<style|\sstyle=|\son\w+=|<script(?:\s[^>]*)?>\s*[^<\s]`)
	if found := inline.Find(page); found != nil {
		t.Errorf("%s has %q", index, found)
	}
}
