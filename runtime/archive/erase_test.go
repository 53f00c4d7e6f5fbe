package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
)

const private = "Kukkamäki"

// confided is a world in which c1 to c20 ended and were full of what people say of themselves, among many others.
func confided(t *testing.T) *world {
	w := newWorld(t)
	w.online("ana")
	for i := range 20 {
		session := fmt.Sprintf("private-%d", i)
		p := desk.CustomerPrincipal(session)
		d := w.must(desk.Join{Origin: w.by(p), Session: session, Channel: "web", Name: private, Page: "https://example.org/" + private,
			Email: fmt.Sprintf("%s%d@Example.org", private, i%4), Phone: "+358 (40) 123-45", Text: strings.Repeat(private+" ", 1+i*15)})
		w.must(desk.Pick{Origin: w.by("a:ana"), Agent: "ana", Conversation: d.Conversation})
		w.must(desk.Say{Origin: w.by("a:ana"), Conversation: d.Conversation, Text: "Good day, " + private})
		w.must(desk.Invite{Origin: w.by("a:ana"), Agent: "ana", Conversation: d.Conversation, To: desk.Target{Kind: desk.ToAgent, Name: "ben"}, Note: private})
		w.must(desk.End{Origin: w.by("a:ana"), Conversation: d.Conversation})
	}
	return w
}

func grep(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			found = append(found, f.Name())
		}
	}
	return found
}

// scrubbed is the ledger of a world, written anew.
func scrubbed(w *world) archive.Read {
	ids := map[desk.ConversationID]bool{}
	all := w.records(0, w.s.Seq)
	for _, r := range all {
		if e, ok := r.Event.(desk.Erased); ok {
			for _, id := range e.Conversations {
				ids[id] = true
			}
		}
	}
	return func(_ context.Context, after uint64) iter.Seq2[desk.Record, error] {
		return func(yield func(desk.Record, error) bool) {
			for _, r := range all[after:] {
				r.Event, _ = desk.Scrub(r.Event, ids)
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func TestNoByteOfWhatWasErasedIsInTheFilesAndTheLogSaysThatItHappened(t *testing.T) {
	w := confided(t)
	w.wander(rand.New(rand.NewPCG(1, 2)), 300)
	dir := t.TempDir()
	a := open(t, filepath.Join(dir, "archive.db"))
	stop := run(t, a, w.read)
	defer stop()
	wait(t, a, w.s.Seq)
	if len(grep(t, dir, private)) == 0 {
		t.Fatal("it is in no file before, so that this shows nothing")
	}
	var ids []desk.ConversationID
	for i := range 20 {
		ids = append(ids, desk.ConversationID(fmt.Sprintf("c%d", i+1)))
	}
	before := w.s.Seq
	w.must(desk.Erase{Conversations: ids[:1], By: "dpo", Why: "asked for", Cause: desk.ErasedRequest})
	w.must(desk.Erase{Conversations: ids[1:], Cause: desk.ErasedRetention})
	a.Follow(w.records(before, w.s.Seq))
	wait(t, a, w.s.Seq)
	if found := grep(t, dir, private); len(found) > 0 {
		t.Errorf("it is still in %q", found)
	}
	entries, err := a.Log(t.Context(), "support", 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	told, lines := []string{}, 0
	for _, e := range entries {
		if e.Type == "erased" && e.Seq > before {
			told = append(told, fmt.Sprintf("%s|%s|%s|%s", e.By, e.Cause, e.Reason, e.Conversation))
		}
		if e.Conversation == "c1" {
			if lines++; e.Name != "" || e.Reason != "" && e.Type != "erased" {
				t.Errorf("a line still says %+v", e)
			}
		}
	}
	if want := []string{"|retention|19 conversations|", "dpo|request|asked for|c1"}; !slices.Equal(told, want) {
		t.Errorf("the log says %q, want %q", told, want)
	}
	if lines < 5 {
		t.Errorf("only %d lines of it are left", lines)
	}
	steps, err := a.Steps(t.Context(), "c1")
	if err != nil || len(steps) != 1 || steps[0].Type != "erased" || steps[0].Text != "Erased for dpo: asked for" {
		t.Errorf("an explanation is %+v, %v", steps, err)
	}
	if m, err := a.Messages(t.Context(), "c1", 0, 0, 10); err != nil || len(m) != 0 {
		t.Errorf("%d messages are left, %v", len(m), err)
	}
}

// TestAnArchiveOfALedgerWrittenAnewIsTheSame: what a pod took out of its file, and what one that came later never had.
func TestAnArchiveOfALedgerWrittenAnewIsTheSame(t *testing.T) {
	erasures := 0
	for seed := range uint64(8) {
		w := wandered(t, seed, 1500)
		for _, r := range w.records(0, w.s.Seq) {
			if _, ok := r.Event.(desk.Erased); ok {
				erasures++
			}
		}
		alike(t, dump(t, rebuilt(t, w.read, w.s.Seq)), dump(t, rebuilt(t, scrubbed(w), w.s.Seq)))
	}
	if erasures < 20 {
		t.Errorf("only %d erasures", erasures)
	}
}

func TestConversationsAreFoundByWhatTheCustomerStatedAndByAge(t *testing.T) {
	w := confided(t)
	p := desk.CustomerPrincipal("form")
	w.must(desk.Contact{Origin: w.by(p), Session: "form", Channel: "vip", Name: "A", Email: "first@example.org", Text: "call me"})
	w.must(desk.Contact{Origin: w.by(p), Session: "form", Channel: "vip", Email: "second@example.org", Text: "call me"})
	ended := w.now
	w.pass(48 * time.Hour)
	late := w.join("s1", "web", "")
	a := caughtUp(t, w)
	reached := func(value string) (ids []string) {
		t.Helper()
		list, err := a.Reached(t.Context(), value, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			ids = append(ids, s.ID)
		}
		return ids
	}
	spaced := "\tfirst@example.org "
	for value, want := range map[string][]string{
		strings.ToUpper(private) + "1@example.ORG": {"c2", "c6", "c10", "c14", "c18"},
		spaced:               {"c21"}, // though another one came later
		"second@example.org": {"c21"},
		"third@example.org":  nil,
		"":                   nil,
		"%":                  nil,
	} {
		if got := reached(value); !slices.Equal(got, want) {
			t.Errorf("%q reaches %q, want %q", value, got, want)
		}
	}
	if got := reached("00358 40 12345"); len(got) != 20 {
		t.Errorf("a phone number reaches %q", got)
	}
	old := func(queue string, before time.Time, limit int) int {
		t.Helper()
		list, err := a.Old(t.Context(), queue, before.UnixMilli(), limit)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n := old("support", ended.Add(time.Second), 100); n != 20 {
		t.Errorf("%d of support are old, want 20: %s is not", n, late)
	}
	if n := old("support", ended.Add(time.Second), 7); n != 7 {
		t.Errorf("%d were given, at most 7 were asked for", n)
	}
	if n := old("support", ended, 100); n != 0 {
		t.Errorf("%d are older than they are", n)
	}
	if queues, err := a.Queues(t.Context()); err != nil || !slices.Equal(queues, []string{"support", "vip"}) {
		t.Errorf("queues %q, %v", queues, err)
	}
	s, err := a.Span(t.Context(), "c1")
	if err != nil || s.From == 0 || s.To <= s.From || s.EndedAt == 0 || s.Erased {
		t.Errorf("%+v, %v", s, err)
	}
	last := w.records(s.To-1, s.To)[0].Event
	if e, ok := last.(desk.Ended); !ok || e.Conversation != "c1" {
		t.Errorf("it ends with %+v", last)
	}
	if _, err := a.Span(t.Context(), "c99"); !errors.Is(err, archive.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}
