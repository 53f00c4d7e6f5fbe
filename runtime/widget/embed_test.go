package widget_test

import (
	"io/fs"
	"strings"
	"testing"

	"usher.chat/runtime/widget"
)

func TestTheHostedPageLoadsWhatIsThereOrSaysHowToBuildIt(t *testing.T) {
	page := string(widget.HostedPage())
	if !widget.Built() {
		if !strings.Contains(page, "npm run build") {
			t.Fatalf("the page of a program without the widget does not say how to build it:\n%s", page)
		}
		return
	}
	names, err := fs.Glob(widget.Assets(), "assets/*")
	if err != nil {
		t.Fatal(err)
	}
	// The page names the app, the loader the app and the rules, the app the rest: nothing is there that
	// nobody loads, and what is loaded is of the same build.
	named := page + file(t, "loader.js")
	for _, name := range names {
		if strings.HasPrefix(name, "assets/app-") {
			if !strings.Contains(page, "/widget/"+name) {
				t.Errorf("the page does not name %s, which is there", name)
			}
			named += file(t, name)
		}
	}
	for _, name := range names {
		if !strings.Contains(named, name) {
			t.Errorf("neither page, loader nor app names %s, which is there", name)
		}
	}
	for _, name := range []string{"loader.js", "hosted.css"} {
		if _, err := fs.Stat(widget.Assets(), name); err != nil {
			t.Errorf("the page needs %s: %v", name, err)
		}
	}
}

func file(t *testing.T, name string) string {
	t.Helper()
	b, err := fs.ReadFile(widget.Assets(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
