package router_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/disktest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/router"
)

func TestAFullDiskAcknowledgesNothingAndAfterwardsEachCommandHasOneEffect(t *testing.T) {
	disktest.With(t, "8m", func(t *testing.T, dir string) {
		l := openLedger(t, sqliteURL(dir))
		r := start(t, lead(t, router.Options{Ledger: l, Retry: 20 * time.Millisecond}))
		r.do(settingsOf())
		r.do(join("maria"))
		r.do(join("olga"))
		ballast := filepath.Join(dir, "ballast")
		disktest.Stuff(t, ballast)
		// The last page of the file may have room for a few more.
		acked := []string{}
		var held string
		cid := uint64(2)
		for ; held == ""; cid++ {
			text := fmt.Sprintf("%d %s", cid, strings.Repeat("x", 2000))
			switch err := r.try(say("maria", cid, text)); {
			case err == nil:
				acked = append(acked, text)
			case errors.Is(err, router.ErrUnavailable):
				held = text
			default:
				t.Fatal(err)
			}
			if cid > 3000 {
				t.Fatal("the full disk still takes messages")
			}
		}
		heldCID := cid - 1
		if err := r.Stalled(); !errors.Is(err, ledger.ErrFull) || !strings.Contains(err.Error(), "full") {
			t.Errorf("the router says of itself: %v", err)
		}
		last, err := l.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var worst time.Duration
		for n := range uint64(200) {
			began := time.Now()
			if err := r.try(say("olga", n+2, fmt.Sprint("olga ", n))); !errors.Is(err, router.ErrUnavailable) {
				t.Fatalf("command %d on a full disk gives %v", n, err)
			}
			worst = max(worst, time.Since(began))
		}
		// Sent again while nothing can be written, the held command is not acknowledged either.
		if err := r.try(say("maria", heldCID, held)); !errors.Is(err, router.ErrUnavailable) {
			t.Errorf("the held command, sent again, gives %v", err)
		}
		t.Logf("%d acknowledged on the last page; the slowest answer while full took %v", len(acked), worst)
		if now, err := l.Last(t.Context()); err != nil || now != last {
			t.Errorf("the ledger went from %d to %d (%v) while nothing was acknowledged", last, now, err)
		}

		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		again := sendAgain(t, r, heldCID, held)
		if !again.Repeated || again.Seq != last+1 {
			t.Errorf("the held command was answered %+v, want the group that was held, at %d", again, last+1)
		}
		if err := r.Stalled(); err != nil {
			t.Errorf("with room again the router says: %v", err)
		}
		for n := range uint64(200) {
			r.do(say("olga", n+2, fmt.Sprint("olga ", n)))
		}
		texts, times := said(records(t, l))
		if want := len(acked) + 1 + 200; len(texts) != want || len(times) != want {
			t.Errorf("%d messages, %d different ones, want %d", len(texts), len(times), want)
		}
		for _, text := range append(acked, held) {
			if times[text] != 1 {
				t.Errorf("%.10q stands there %d times", text, times[text])
			}
		}
	})
}

// sendAgain sends a command as a client does until it is taken.
func sendAgain(t *testing.T, r *running, cid uint64, text string) router.Result {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		result, err := r.Do(within(t), say("maria", cid, text))
		if err == nil {
			return result
		}
		if !errors.Is(err, router.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	t.Fatal("with room again nothing is taken")
	return router.Result{}
}

func TestEverybodyIsToldAtOnceThatTheDiskIsFullAlsoBehindALargeGroup(t *testing.T) {
	disktest.With(t, "3m", func(t *testing.T, dir string) {
		l := openLedger(t, sqliteURL(dir))
		first := start(t, lead(t, router.Options{Ledger: l}))
		first.do(settingsOf())
		first.do(join("maria"))
		first.stop()

		// More than one group takes, come together: 8 MB for a disk of 3 MB.
		const come = 500
		r := lead(t, router.Options{Ledger: l, Gateway: "another", Retry: 20 * time.Millisecond})
		answers := make(chan error, come)
		text := strings.Repeat("😀", 4000)
		for n := range uint64(come) {
			r.Submit(say("maria", n+2, text), func(_ router.Result, err error) { answers <- err })
		}
		a := start(t, r)
		for n := range come {
			select {
			case err := <-answers:
				if !errors.Is(err, router.ErrUnavailable) {
					t.Fatalf("answer %d is %v", n, err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("the disk is full, and only %d of %d are told", n, come)
			}
		}
		a.stop() // and the end is not held up by the full disk
	})
}
