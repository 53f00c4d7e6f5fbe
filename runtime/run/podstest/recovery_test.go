package podstest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/podstest"
)

// guest is a customer with an agent of the pair's number, apart from those who talk all the time.
func guest(t *testing.T, ctx context.Context, a *archived, texts ...string) pair {
	t.Helper()
	p := pairs(t, ctx, a.Desk, 1)[0]
	for _, text := range texts {
		if err := p.customer.Say(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// ends waits for the end of a pod that has more than the ledger, and starts it again as Kubernetes does.
func ends(t *testing.T, ctx context.Context, p *podstest.Pod) {
	t.Helper()
	ended := make(chan int, 1)
	go func() { ended <- p.Wait() }()
	select {
	case code := <-ended:
		if code == 0 {
			t.Errorf("%s, which has more than the ledger, ended as if it had been told to", p.Name())
		}
	case <-ctx.Done():
		t.Fatalf("%s, which has more than the ledger, goes on", p.Name())
	}
	if err := p.Start(ctx); err != nil {
		t.Fatal(err)
	}
}

// As docs/operations.md says, with its settings and commands: a base backup and an archive, made while people talk; the
// server is lost with all that it had; another one is recovered to a moment, and the desk pointed there.
func TestADeskThatIsRecoveredToAMomentHasWhatWasAcknowledgedBeforeAndGoesOn(t *testing.T) {
	ctx := within(t)
	a := archivedDesk(t, ctx)
	list := pairs(t, ctx, a.Desk, 5)
	away := guest(t, ctx, a, "before the moment")
	const private = "of what was erased "
	early, late := guest(t, ctx, a, private+"early"), guest(t, ctx, a, private+"late")
	said := &speech{by: map[string][]spoken{}}
	stop := said.talk(t, ctx, list)

	said.since(t, ctx, 10)
	a.must(ctx, blockBackup, a.own)
	a.erase(ctx, early.agent.Conversation)
	said.since(t, ctx, 10)
	beforeName := time.Now()
	a.must(ctx, blockName, a.own)
	afterName := time.Now()
	said.since(t, ctx, 10)
	moment := query[time.Time](ctx, t, a.own.URL("postgres"), "select clock_timestamp()")
	said.since(t, ctx, 10)
	after, _ := chains(t, ctx, a.Ledger)
	if err := away.agent.Say(ctx, "after the moment"); err != nil {
		t.Fatal(err)
	}
	if err := last(ctx, away.customer, away.agent.Conversation, "after the moment"); err != nil {
		t.Fatal(err)
	}
	newcomer := guest(t, ctx, a, "came after the moment")
	link, err := a.Link("agent-19", a.Pods[0].URL())
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := gatewaytest.Agent(ctx, a.Pods[0].URL(), link)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(signedIn.Drop)
	a.erase(ctx, late.agent.Conversation)
	erased := control[protocol.ErasedPage](ctx, a, 0, http.MethodGet, "erasures", nil).Erased
	var seen uint64
	away.customer.Drop()
	away.customer.Look(func(v *gatewaytest.View) { seen = v.Seq })
	lead := leader(t, ctx, a.Desk)

	// The loss. The one that leads is frozen over all of it, and wakes when the desk goes on without it.
	words := query[string](ctx, t, a.own.URL("postgres"), "select pg_walfile_name(pg_current_wal_lsn())")
	a.must(ctx, blockLastWords, a.own)
	becomes(t, ctx, "the archive has the last words", true, func() error {
		if got := query[string](ctx, t, a.own.URL("postgres"), "select coalesce(last_archived_wal, '') from pg_stat_archiver"); got < words {
			return fmt.Errorf("it ends with %s, before %s", got, words)
		}
		return nil
	})
	said.since(t, ctx, 3) // of which nothing is in the archive
	send(t, lead, syscall.SIGSTOP)
	if err := a.own.Crash(); err != nil {
		t.Fatal(err)
	}
	wal := a.place + "/pg_wal"
	if _, err := a.own.Shell(ctx, "cp -a "+a.own.Data()+"/pg_wal "+wal+" && rm -rf "+a.own.Data()); err != nil {
		t.Fatal(err)
	}
	was := said.last()

	// The recoveries, each of which is looked at before any pod reaches it.
	look := func(what, target, wal string, wanted, lost func(spoken) bool) string {
		next, err := a.recover(ctx, target, wal)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		l, err := ledger.Open(ctx, ledger.Options{URL: a.at(next), Desk: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		said.compare(t, ctx, l, what, wanted, lost)
		_, chain := chains(t, ctx, l)
		if want, known := after[chain.Last]; known && chain != want {
			t.Errorf("%s: the log has the chain %+v, want %+v", what, chain, want)
		} else if !known && wal == "" {
			t.Errorf("%s: the log ends at %d, which was not the end of a group", what, chain.Last)
		}
		return a.at(next)
	}
	if got := query[string](ctx, t, look("to the end, with what was not archived", "", wal,
		func(spoken) bool { return true }, func(spoken) bool { return false }), "select current_setting('synchronous_standby_names')"); got != "" {
		t.Errorf("commits would wait for %q", got)
	}
	look("to a name", "recovery_target_name = 'before_import'", "",
		func(one spoken) bool { return one.acked.Before(beforeName) },
		func(one spoken) bool { return one.sent.After(afterName) })
	store := look("to a moment", "recovery_target_time = '"+moment.UTC().Format("2006-01-02 15:04:05.999999")+"+00'", "",
		func(one spoken) bool { return one.acked.Before(moment) }, func(one spoken) bool { return one.sent.After(moment) })

	// The desk is pointed there. Pods that have more end by themselves, and begin anew.
	pointed := time.Now()
	if err := a.Point(ctx, store); err != nil {
		t.Fatal(err)
	}
	recovered, err := a.Ledger.Last(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range a.Pods {
		if p != lead {
			ends(t, ctx, p)
		}
	}
	said.since(t, ctx, 5)
	for said.last() <= max(was, seen) && ctx.Err() == nil {
		pause(ctx, 10*time.Millisecond)
	}
	t.Logf("the log ended at %d and was recovered to %d; it is at %d when the pod that led wakes", was, recovered, said.last())
	send(t, lead, syscall.SIGCONT)
	ends(t, ctx, lead)
	if !a.says.has("the ledger was set back behind what this pod has") {
		t.Error("no pod said why it ended")
	}

	// Who saw what is not there any more sees what is there, though the desk has gone past that sequence.
	if err := away.agent.Say(ctx, "after the recovery"); err != nil {
		t.Fatal(err)
	}
	if err := away.customer.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	if err := away.customer.Say(ctx, "and on"); err != nil {
		t.Fatal(err)
	}
	want := []string{"before the moment", "after the recovery", "and on"}
	if err := last(ctx, away.customer, away.agent.Conversation, want...); err != nil {
		t.Error(err)
	}
	away.customer.Look(func(v *gatewaytest.View) {
		if got := v.Texts(away.agent.Conversation); !slices.Equal(got, want) {
			t.Errorf("who had seen more sees %q, want %q", got, want)
		}
	})
	// Who came after the moment is told so, and comes again.
	var refused *gatewaytest.Refusal
	if err := newcomer.customer.Say(ctx, "is anybody there?"); !errors.As(err, &refused) || refused.Reason.Code != "ended" {
		t.Errorf("a customer who came after the moment is told %v, want ended", err)
	}
	if _, err := newcomer.customer.Insist(ctx, protocol.Command{Type: protocol.TypeJoin}); err != nil {
		t.Error(err)
	}
	// Who signed in after it has to do so again, with the same link if it is still good.
	signedIn.Drop()
	signedIn.Move(a.Pods[0].URL())
	if err := signedIn.Connect(ctx); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("an agent who signed in after the moment is told %v, want 401", err)
	}
	if again, err := gatewaytest.Agent(ctx, a.Pods[0].URL(), link); err != nil {
		t.Errorf("the link that was used after the moment: %v", err)
	} else {
		again.Drop()
	}
	// What was erased after the moment is back, and is erased again; what was erased before it is not.
	back := func(text string) bool {
		for key := range written(t, ctx, a.Ledger) {
			if strings.HasSuffix(key, text) {
				return true
			}
		}
		return false
	}
	if back(private+"early") || !back(private+"late") {
		t.Errorf("erased before the moment and back: %v; erased after it and back: %v", back(private+"early"), back(private+"late"))
	}
	again := control[protocol.ErasedAgain](ctx, a, 0, http.MethodPost, "erasures/again", protocol.EraseAgainRequest{Erased: erased, By: "the test"})
	if !slices.Equal(again.Conversations, []string{late.agent.Conversation}) || !slices.Equal(again.Before, []string{early.agent.Conversation}) || !again.Done || back(private) {
		t.Errorf("erased again: %+v", again)
	}
	stop()
	lost := func(one spoken) bool { return one.sent.After(moment) && one.acked.Before(pointed) }
	said.compare(t, ctx, a.Ledger, "at the end", func(one spoken) bool {
		underWay := one.sent.Before(moment) && one.acked.After(moment) && one.acked.Before(pointed) // either is right
		return !lost(one) && !underWay
	}, lost)
}
