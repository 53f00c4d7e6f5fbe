package router_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/router"
)

func TestACommandIsAnsweredWhenItsEventsAreDurable(t *testing.T) {
	l := openLedger(t, sqliteURL(t.TempDir()))
	r := start(t, lead(t, router.Options{Ledger: l}))
	r.do(settingsOf())
	const callers, each = 50, 20
	var group sync.WaitGroup
	for caller := range callers {
		session := fmt.Sprintf("s%d", caller)
		group.Go(func() {
			r.do(join(session))
			for i := range each {
				text := fmt.Sprintf("%s says %d", session, i)
				result := r.do(say(session, uint64(i+2), text))
				// A reader of the ledger, on a connection of its own, finds it at once.
				found := false
				for record, err := range router.Records(t.Context(), l, result.Seq-1) {
					if err != nil {
						t.Error(err)
						return
					}
					m, ok := record.Event.(desk.MessageSent)
					found = ok && m.Text == text && record.Origin != nil && record.Origin.CID == uint64(i+2)
					break
				}
				if !found {
					t.Errorf("%q was acknowledged at %d and does not stand there", text, result.Seq)
				}
			}
		})
	}
	group.Wait()
	texts, _ := said(records(t, l))
	if len(texts) != callers*each {
		t.Errorf("%d messages stand in the ledger, %d were sent", len(texts), callers*each)
	}
}

func TestCommandsThatComeWhileAGroupIsWrittenShareTheNext(t *testing.T) {
	l := openLedger(t, sqliteURL(t.TempDir()))
	r := start(t, lead(t, router.Options{Ledger: l}))
	r.do(settingsOf())
	r.do(join("maria"))
	const commands = 1000
	answered := make(chan error, commands)
	for i := range commands {
		r.Submit(say("maria", uint64(i+2), "hello"), func(_ router.Result, err error) { answered <- err })
	}
	for range commands {
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
	}
	groups, entries := 0, 0
	for g, err := range l.Read(t.Context(), 0, ledger.Limit{}) {
		if err != nil {
			t.Fatal(err)
		}
		groups, entries = groups+1, entries+len(g.Entries)
	}
	t.Logf("%d entries in %d groups", entries, groups)
	if entries < commands || groups*2 > entries {
		t.Errorf("%d entries went in as %d groups", entries, groups)
	}
}

func TestARepeatedNumberGetsTheSameAnswerAlsoAfterARestart(t *testing.T) {
	directory := t.TempDir()
	l := openLedger(t, sqliteURL(directory))
	r := start(t, lead(t, router.Options{Ledger: l}))
	r.do(settingsOf())
	joined := r.do(join("maria"))
	first := r.do(say("maria", 7, "hello"))
	again := r.do(say("maria", 7, "hello"))
	want := router.Result{Seq: first.Seq, Conversation: first.Conversation, Repeated: true}
	if again != want {
		t.Errorf("sent again the answer is %+v, want %+v", again, want)
	}
	r.stop()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	l = openLedger(t, sqliteURL(directory))
	r = start(t, lead(t, router.Options{Ledger: l, Gateway: "another"}))
	if again := r.do(say("maria", 7, "hello")); again != want {
		t.Errorf("after a restart the answer is %+v, want %+v", again, want)
	}
	if joined.Conversation != want.Conversation {
		t.Errorf("the message is in %s, the customer joined %s", want.Conversation, joined.Conversation)
	}
	var refused *desk.Error
	if err := r.try(say("maria", 5, "late")); !errors.As(err, &refused) || refused.Code != desk.OutOfOrder {
		t.Errorf("a number before the last gives %v", err)
	}
	if texts, _ := said(records(t, l)); !slices.Equal(texts, []string{"hello"}) {
		t.Errorf("the ledger has %q", texts)
	}
}

// As after a machine has slept: nothing comes, and what is due is due.
func TestAClockThatStepsAheadBringsWhatIsDueThoughNobodySaysAnything(t *testing.T) {
	var c clock
	l := openLedger(t, sqliteURL(t.TempDir()))
	r := lead(t, router.Options{Ledger: l, Clock: c.now})
	ended := make(chan struct{})
	r.Follow(follower(func(records []desk.Record) {
		for _, record := range records {
			if _, is := record.Event.(desk.Ended); is {
				close(ended)
			}
		}
	}))
	running := start(t, r)
	running.do(settingsOf())
	running.do(join("maria"))
	c.move(30 * 24 * time.Hour)
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("a customer who has been away for a month is waited for")
	}
}

type follower func([]desk.Record)

func (f follower) Follow(records []desk.Record) { f(records) }

func TestAClockThatStepsBackGivesNoEarlierTime(t *testing.T) {
	directory := t.TempDir()
	var c clock
	l := openLedger(t, sqliteURL(directory))
	r := start(t, lead(t, router.Options{Ledger: l, Clock: c.now}))
	r.do(settingsOf())
	r.do(join("maria"))
	for i := range 10 {
		r.do(say("maria", uint64(i+2), fmt.Sprint(i)))
		c.move(-10 * time.Minute)
	}
	r.stop()
	// The next process starts with the clock still behind: the ledger knows better.
	r = start(t, lead(t, router.Options{Ledger: l, Clock: c.now, Gateway: "another"}))
	r.do(say("maria", 100, "after the restart"))
	last := int64(0)
	for _, record := range records(t, l) {
		if record.At < last {
			t.Fatalf("record %d (%T) has the time %d, the one before it %d", record.Seq, record.Event, record.At, last)
		}
		last = record.At
	}
}

func TestAStartFromASnapshotIsTheSameAsReplayingEverything(t *testing.T) {
	l := openLedger(t, sqliteURL(t.TempDir()))
	r := start(t, lead(t, router.Options{Ledger: l, SnapshotEvery: 20}))
	r.do(settingsOf())
	for i := range 40 {
		session := fmt.Sprintf("s%d", i)
		r.do(join(session))
		r.do(say(session, 2, "hello"))
		if i%3 == 0 {
			r.do(desk.End{Origin: origin(session, 3)})
		}
	}
	// Another takes the lead: the one before ends without the snapshot that a good end leaves.
	next := lead(t, router.Options{Ledger: l, Gateway: "another"})
	if err := r.try(say("s1", 9, "too late")); !errors.Is(err, router.ErrStopped) {
		t.Errorf("the former leader answers %v", err)
	}
	if err := r.end(); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("it ended with %v", err)
	}
	snap, found, err := l.LatestSnapshot(t.Context(), desk.SnapshotVersion)
	if err != nil || !found || snap.Position == 0 || snap.Position >= next.Position() {
		t.Fatalf("the snapshot is at %d (%v, %v), the ledger at %d: there is no tail to read", snap.Position, found, err, next.Position())
	}
	replayed := desk.New()
	for _, record := range records(t, l) {
		replayed.Apply(record)
	}
	copied, err := next.Replica()
	if err != nil {
		t.Fatal(err)
	}
	got, err := copied.Hash()
	if err != nil {
		t.Fatal(err)
	}
	want, err := replayed.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("snapshot at %d and tail to %d give %s, the whole ledger %s", snap.Position, next.Position(), got, want)
	}
}

func TestMoreThanMayWaitIsRefusedAtOnceAndNothingAcceptedIsLost(t *testing.T) {
	l := openLedger(t, sqliteURL(t.TempDir()))
	first := start(t, lead(t, router.Options{Ledger: l}))
	first.do(settingsOf())
	first.do(join("maria"))
	first.stop()

	const may, come = 8, 20
	r := lead(t, router.Options{Ledger: l, Waiting: may, Gateway: "another"}) // it does not run yet: all must wait
	type outcome struct {
		n   int
		err error
	}
	answers := make(chan outcome, come)
	for n := range come {
		r.Submit(say("maria", uint64(n+2), fmt.Sprint(n)), func(_ router.Result, err error) { answers <- outcome{n, err} })
	}
	if len(answers) != come-may {
		t.Fatalf("%d of %d are answered while %d may wait", len(answers), come, may)
	}
	for range come - may {
		if a := <-answers; !errors.Is(a.err, router.ErrUnavailable) {
			t.Errorf("command %d beyond the bound gives %v", a.n, a.err)
		}
	}
	start(t, r)
	for n := range may {
		select {
		case a := <-answers:
			if a.n != n || a.err != nil {
				t.Errorf("answer %d is for command %d: %v", n, a.n, a.err)
			}
		case <-time.After(time.Minute):
			t.Fatal("an accepted command was not answered")
		}
	}
	if texts, _ := said(records(t, l)); !slices.Equal(texts, []string{"0", "1", "2", "3", "4", "5", "6", "7"}) {
		t.Errorf("the ledger has %q", texts)
	}
}

func TestTheEndAnswersEverybody(t *testing.T) {
	l := openLedger(t, sqliteURL(t.TempDir()))
	for round := range 100 {
		r := start(t, lead(t, router.Options{Ledger: l, Gateway: fmt.Sprint("pod", round)}))
		if round == 0 {
			r.do(settingsOf())
			r.do(join("maria"))
		}
		const callers = 4
		var group sync.WaitGroup
		var open sync.WaitGroup // commands without an answer
		begun := make(chan struct{}, callers)
		for caller := range callers {
			group.Go(func() {
				for n := uint64(2); ; n++ {
					open.Add(1)
					stopped := make(chan bool, 1)
					r.Submit(desk.Say{Origin: desk.Origin{Principal: desk.CustomerPrincipal("maria"), Client: fmt.Sprint(round, caller), CID: n}, Text: "x"},
						func(_ router.Result, err error) {
							select {
							case stopped <- errors.Is(err, router.ErrStopped):
							default:
								t.Error("a command was answered twice")
							}
							open.Done()
						})
					if n == 3 {
						begun <- struct{}{}
					}
					select {
					case end := <-stopped:
						if end {
							return
						}
					default: // the answer comes later; the next one is sent meanwhile
					}
					if n > 4000 {
						return
					}
				}
			})
		}
		<-begun
		r.cancel()
		if err := r.end(); err != nil {
			t.Fatal(err)
		}
		answered := make(chan struct{})
		go func() { group.Wait(); open.Wait(); close(answered) }()
		select {
		case <-answered:
		case <-time.After(time.Minute):
			t.Fatalf("round %d: the router has ended and some commands are not answered", round)
		}
		if err := r.try(say("maria", 1<<40, "after the end")); !errors.Is(err, router.ErrStopped) {
			t.Fatalf("after the end a command gives %v", err)
		}
	}
}
