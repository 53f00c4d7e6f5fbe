package kubectl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
)

// shop is a whole desk in one file, with holidays and an override.
const shop = "testdata/shop.yaml"

func TestAPreviewFromAFileNeedsNoCluster(t *testing.T) {
	p := offline(t)
	p.run("schedule", "preview", "-f", shop, "--from", "2026-12-23", "--to", "2026-12-29").done().golden("preview")
	p.run("schedule", "preview", "-f", shop, "--from", "2026-12-23", "--to", "2026-12-29", "-o", "json").done().golden("preview-json")
	p.run("schedule", "preview", "office", "-f", shop, "--from", "2026-11-27T23:00", "--to", "2026-11-28T12:00", "-o", "yaml").done().
		says("- cause: Schedule\n  state: Open\n  time: \"2026-11-27T21:00:00Z\"\n- cause: Schedule\n  state: Closed\n  time: \"2026-11-28T00:00:00Z\"\n")
	// A change at --from is the first entry, and one at --to is not in it.
	p.run("schedule", "preview", "-f", shop, "--from", "2026-12-28T08:00", "--to", "2026-12-28T12:00", "-o", "json").done().
		says("[\n  {\n    \"time\": \"2026-12-28T06:00:00Z\",\n    \"state\": \"Open\",\n    \"cause\": \"Schedule\"\n  }\n]\n")
	text, err := os.ReadFile(shop)
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = string(text)
	p.run("schedule", "preview", "-f", "-", "--from", "2026-12-23", "--to", "2026-12-29").done().golden("preview")
	p.run("schedule", "preview", "-f", "testdata", "--from", "2026-12-23", "--to", "2026-12-29").done().golden("preview")
}

func TestAPreviewIsTheScheduleAtEveryMinuteOfAYear(t *testing.T) {
	p := offline(t)
	r := p.run("schedule", "preview", "-f", shop, "--from", "2026-10-01", "--to", "2027-10-01", "-o", "json").done()
	var entries []Entry
	if err := json.Unmarshal([]byte(r.out), &entries); err != nil {
		t.Fatal(err)
	}
	d, err := readFiles([]string{shop}, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := compile.Schedule(&d.schedules[0])
	plain.Holidays = compile.HolidayYears(&d.schedules[0], &d.configMaps[0], 2025, 2028).Days
	c, err := calendar.Compile(plain)
	if err != nil {
		t.Fatal(err)
	}
	next, state := 0, v1alpha1.OpenState("")
	minutes := 0
	for at := entries[0].Time; at.Before(time.Date(2027, 9, 30, 21, 0, 0, 0, time.UTC)); at = at.Add(time.Minute) {
		for next < len(entries) && !entries[next].Time.After(at) {
			if entries[next].State == state {
				t.Fatalf("entry %d changes nothing: %+v", next, entries[next])
			}
			state = entries[next].State
			next++
		}
		if want := stateOf(c.At(at).Open); state != want {
			t.Fatalf("at %s the preview has %s, the schedule %s", at, state, want)
		}
		minutes++
	}
	if next != len(entries) || minutes < 500_000 {
		t.Errorf("%d of %d entries, %d minutes", next, len(entries), minutes)
	}
}

func TestExplainFromAFileNeedsNoCluster(t *testing.T) {
	p := offline(t)
	p.width = 80
	p.run("explain", "support", "-f", shop, "--at", "2026-12-24T10:00").done().golden("explain-holiday")
	p.run("explain", "support", "-f", shop, "--at", "12:15").done().golden("explain-override")
	p.run("explain", "billing", "-f", shop).done().golden("explain-always")
	p.run("explain", "schedule/office", "-f", shop, "--at", "2026-11-28T01:00").done().golden("explain-night")
	p.run("explain", "support", "-f", shop, "--at", "2026-12-24T10:00", "-o", "json").done().golden("explain-json")
	p.run("explain", "-f", shop).ends(ExitUsage).names("name a queue: in the files there are billing and support")
	p.run("explain", "sales", "-f", shop).ends(ExitFailed).names("queue sales not found in the files; there are: billing and support")
}

func TestFilesThatDoNotFitAreRefusedWithWhatToDo(t *testing.T) {
	p := offline(t)
	write := func(text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "file.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(shop)
	if err != nil {
		t.Fatal(err)
	}
	schedule, holidays, _ := strings.Cut(string(whole), "\n---\n")
	preview := func(text string) result {
		t.Helper()
		return p.run("schedule", "preview", "-f", write(text), "--from", "2026-12-23", "--to", "2026-12-29")
	}
	preview(schedule).ends(ExitFailed).names("takes its holidays from the ConfigMap holidays-fi; add the file with it by another -f")
	preview(strings.Replace(string(whole), "weekly:", "weekley:", 1)).ends(ExitFailed).names("document 1 of", `unknown field "spec.weekley"`)
	preview(strings.Replace(string(whole), "Europe/Helsinki", "Europe/Helsingfors", 1)).ends(ExitFailed).names(`spec.timeZone "Europe/Helsingfors"`, "write an IANA time zone")
	preview(strings.Replace(string(whole), `end: "12:00"`, `end: "14:00"`, 1)).ends(ExitFailed).names("overlaps with 08:00-14:00")
	preview(strings.Replace(string(whole), "BEGIN:VEVENT", "BEGIN:VEVNT", 1)).ends(ExitFailed).names("holidays-fi.ics in the ConfigMap")
	preview(strings.Replace(string(whole), "usher.chat/v1alpha1", "usher.chat/v2", 1)).ends(ExitFailed).names("the version usher.chat/v2 of Schedule is not known; write usher.chat/v1alpha1")
	preview(strings.Replace(string(whole), `    usher.chat/holidays: "true"`, `    other: "true"`, 1)).done().names("warning: the ConfigMap \"holidays-fi\" has no label", "Wed 23 Dec 2026 18:00")
	preview("kind: [").ends(ExitFailed).names("document 1 of")
	preview(holidays).ends(ExitFailed)
	preview("").ends(ExitFailed).names("there is no Schedule in the files")
	preview(schedule + "\n---\n" + strings.Replace(schedule, "name: office", "name: night", 1)).ends(ExitUsage).names("name a schedule: in the files there are night and office")
	p.run("schedule", "preview", "-f", "testdata/none.yaml").ends(ExitFailed).names("no such file")
	p.run("schedule", "preview", "nightly", "-f", shop).ends(ExitFailed).names("schedule nightly not found in the files; there are: office")
}

func TestAListOfResourcesIsReadLikeItsDocuments(t *testing.T) {
	p := offline(t)
	p.stdin = `{"apiVersion": "v1", "kind": "List", "items": [
		{"apiVersion": "usher.chat/v1alpha1", "kind": "Schedule", "metadata": {"name": "always"},
		 "spec": {"timeZone": "UTC", "weekly": [{"days": ["Mon"], "periods": [{"start": "00:00", "end": "24:00"}]}]}},
		{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"}}]}`
	p.run("schedule", "preview", "-f", "-", "--from", "2026-11-23", "--to", "2026-11-25", "-o", "json").done().
		names("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z")
}

func TestPreviewAndExplainReadTheCluster(t *testing.T) {
	p := onCluster(t)
	whole, err := os.ReadFile(shop)
	if err != nil {
		t.Fatal(err)
	}
	p.apply(gitOps, string(whole))
	p.run("schedule", "preview", "office", "--from", "2026-12-23", "--to", "2026-12-29").done().golden("preview")
	p.run("schedule", "preview", "--from", "2026-12-23", "--to", "2026-12-29").done().golden("preview")
	p.run("schedule", "preview", "night").ends(ExitFailed).names("schedule night not found in namespace "+p.namespace, "there are: office")
	p.width = 80
	p.run("explain", "support", "--at", "2026-12-24T10:00").done().golden("explain-holiday")
	p.run("explain", "support", "--at", "12:15").done().golden("explain-override")
	p.run("explain", "sales").ends(ExitFailed).names("there are: billing and support")
}
