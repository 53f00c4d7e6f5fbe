package kubectl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
)

const gitOps = "kustomize-controller"

func owners(q *v1alpha1.Queue) string { return strings.Join(compile.OverrideOwners(q), " ") }

func TestClosingSetsTheOverrideAndNothingElseAndTellsItInOneLine(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	before := p.queue("support")
	p.run("close", "support", "--until", "14:30", "--reason", "fire drill").done().
		says("queue/support closed until 14:30 (EET), fire drill\n")
	after := p.queue("support")
	o := after.Spec.Override
	if o == nil || o.State != v1alpha1.StateClosed || o.Reason != "fire drill" || !o.Until.Equal(new(stamp("2026-11-21T12:30:00Z"))) {
		t.Fatalf("override %+v", o)
	}
	if o.By == "" || o.By != p.whoami() {
		t.Errorf("by %q, not the user %q", o.By, p.whoami())
	}
	if owners(after) != v1alpha1.FieldManagerCLI {
		t.Errorf("held by %s", owners(after))
	}
	after.Spec.Override = nil
	if !equality.Semantic.DeepEqual(after.Spec, before.Spec) {
		t.Errorf("more than the override changed: %+v, was %+v", after.Spec, before.Spec)
	}
}

func TestWithoutAScheduleTimesAreThisMachinesAndThatIsSaid(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.local = time.FixedZone("XST", 3*3600)
	p.run("open", "billing", "--until", "tomorrow 08:00").done().
		says("queue/billing open until tomorrow 08:00 (XST, this machine's time)\n")
	p.run("open", "queue/billing", "--for", "90m", "--by", "ana").done().
		says("queue/billing open until 14:30 (XST, this machine's time)\n")
	if o := p.queue("billing").Spec.Override; o.By != "ana" {
		t.Errorf("by %q", o.By)
	}
	p.run("open", "billing").done().says("queue/billing open until \"kubectl usher auto billing\"\n")
}

func TestTenSyncsOfTheGitManifestChangeNothingOfAnOverride(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.run("close", "support", "--for", "2h").done()
	closed := p.queue("support")
	for range 10 {
		p.apply(gitOps, desk)
	}
	after := p.queue("support")
	if after.Spec.Override == nil || after.Generation != closed.Generation || owners(after) != v1alpha1.FieldManagerCLI {
		t.Fatalf("after ten syncs: %+v, generation %d (was %d), held by %s", after.Spec.Override, after.Generation, closed.Generation, owners(after))
	}
	p.run("auto", "support").done().says("queue/support follows the schedule office again\n")
	if q := p.queue("support"); q.Spec.Override != nil || slices.ContainsFunc(q.ManagedFields, isCLI) {
		t.Fatalf("given back, but %+v and %v", q.Spec.Override, q.ManagedFields)
	}
}

func TestAWrongNameCreatesNothingAndSaysWhichThereAre(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.run("close", "billing", "sales").ends(ExitFailed).
		says("error: queue sales not found in namespace " + p.namespace + "; there are: billing and support\n")
	var all v1alpha1.QueueList
	if err := p.List(context.Background(), &all, client.InNamespace(p.namespace)); err != nil {
		t.Fatal(err)
	}
	if len(all.Items) != 2 || p.queue("billing").Spec.Override != nil {
		t.Errorf("something was written: %v", queueNames(all.Items))
	}
	other := onCluster(t)
	other.run("auto", "support").ends(ExitFailed).names("has no queues; choose another with -n")
	other.run("close", "--all").ends(ExitFailed).names("has no queues")
}

func TestAllTakesEveryQueueOfTheNamespace(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.run("close", "--all", "--reason", "power cut").done().
		says("queue/billing closed until \"kubectl usher auto billing\", power cut\nqueue/support closed until \"kubectl usher auto support\", power cut\n")
	p.run("auto", "--all").done().says("queue/billing is always open again\nqueue/support follows the schedule office again\n")
	p.run("auto", "--all").done().names("queue/support follows the schedule office: nobody had opened or closed it by hand")
}

func TestTheConsolesOverrideIsTakenOverAndGivenBack(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	console := "kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Open, by: ben}}\n"
	p.apply(v1alpha1.FieldManagerConsole, console)
	p.run("close", "support").done()
	if q := p.queue("support"); q.Spec.Override.State != v1alpha1.StateClosed || owners(q) != v1alpha1.FieldManagerCLI {
		t.Fatalf("%+v held by %s", q.Spec.Override, owners(q))
	}
	p.run("auto", "support").done()
	p.apply(v1alpha1.FieldManagerConsole, console)
	p.run("auto", "support").done()
	if q := p.queue("support"); q.Spec.Override != nil {
		t.Fatalf("the console's override stayed: %+v", q.Spec.Override)
	}
}

func TestAnOverrideByAPlainPatchWithOurFieldManagerIsOursToo(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	patch := func() {
		t.Helper()
		body := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"override":{"state":"Open"}}}`))
		if err := p.Patch(context.Background(), p.queue("support"), body, client.FieldOwner(v1alpha1.FieldManagerCLI)); err != nil {
			t.Fatal(err)
		}
	}
	patch()
	p.run("close", "support").done()
	if q := p.queue("support"); q.Spec.Override.State != v1alpha1.StateClosed {
		t.Fatalf("%+v", q.Spec.Override)
	}
	patch()
	p.run("auto", "support").done()
	if q := p.queue("support"); q.Spec.Override != nil {
		t.Fatalf("it stayed: %+v", q.Spec.Override)
	}
}

func TestAnotherManagersOverrideStandsUnlessForced(t *testing.T) {
	p := onCluster(t)
	frozen := strings.Replace(desk, "displayName: Customer support", "override: {state: Closed, reason: release freeze}", 1)
	p.apply(gitOps, frozen)
	const held = `error: queue/support: the field manager kustomize-controller holds spec.override (Closed, "release freeze"); change it there, or take it over with --force, which lasts until that manager applies again` + "\n"
	for _, command := range []string{"open", "close", "auto"} {
		p.run(command, "support").ends(ExitFailed).says(held)
		p.run(command, "support", "--dry-run=client").ends(ExitFailed).says(held)
		p.run(command, "support", "--dry-run=server").ends(ExitFailed).says(held)
	}
	// The other queue is closed all the same.
	p.run("close", "--all").ends(ExitFailed).names("queue/billing closed", "kustomize-controller")
	if p.queue("billing").Spec.Override == nil {
		t.Error("billing was left out")
	}
	p.run("open", "support", "--force").done()
	if q := p.queue("support"); q.Spec.Override.State != v1alpha1.StateOpen || owners(q) != v1alpha1.FieldManagerCLI {
		t.Fatalf("%+v held by %s", q.Spec.Override, owners(q))
	}
	p.apply(gitOps, frozen)
	p.run("auto", "support").ends(ExitFailed).says(held)
	p.run("auto", "support", "--force").done()
	if q := p.queue("support"); q.Spec.Override != nil {
		t.Fatalf("%+v", q.Spec.Override)
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	before := p.queue("support").ResourceVersion
	p.run("close", "support", "--dry-run").done().names("queue/support closed until", "(dry run)")
	p.run("close", "support", "--dry-run=client", "-o", "yaml").done().names("override:", "state: Closed")
	p.run("close", "support", "--dry-run=server").done().names("(server dry run)")
	p.run("close", "support", "--dry-run=server", "-o", "jsonpath={.spec.override.state}").done().says("Closed")
	p.run("close", "support", "--dry-run=server", "-o", "name").done().says("queue.usher.chat/support\n")
	if after := p.queue("support").ResourceVersion; after != before {
		t.Fatalf("written: version %s, was %s", after, before)
	}
	p.run("close", "support").done()
	before = p.queue("support").ResourceVersion
	p.run("auto", "support", "--dry-run=server").done().says("queue/support follows the schedule office again (server dry run)\n")
	p.run("auto", "support", "--dry-run=client", "-o", "json").done()
	if after := p.queue("support").ResourceVersion; after != before {
		t.Fatalf("written: version %s, was %s", after, before)
	}
}

func TestAStatusThatChangesAllTheTimeIsNoObstacle(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	ctx, cancel := context.WithCancel(context.Background())
	var busy sync.WaitGroup
	busy.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			q := &v1alpha1.Queue{}
			q.Namespace, q.Name = p.namespace, "support"
			body := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status":{"waiting":%d}}`, n))
			if err := p.Status().Patch(ctx, q, body, client.FieldOwner(v1alpha1.FieldManagerOperator)); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
			time.Sleep(20 * time.Millisecond) // the pace of a writer, not a wait for something
		}
	})
	for range 5 {
		p.run("close", "support").done()
		p.run("auto", "support").done()
	}
	cancel()
	busy.Wait()
}

func TestWhatIsWrittenWronglyIsRefusedBeforeAClusterIsAsked(t *testing.T) {
	p := offline(t)
	for _, c := range []struct{ args, want string }{
		{"close", "name a queue, or give --all"},
		{"close support --all", "not both"},
		{"close support --for 2h --until 18:00", "--until or --for, not both"},
		{"close support --for soon", `--for "soon" is no length of time; write 2h, 90m, 1h30m or 3d`},
		{"close support --for 0s", "too short"},
		{"close support --for 400d", "no length of time"},
		{"close support --until someday", `--until "someday" is no time; write RFC 3339`},
		{"close support --dry-run=maybe", "write none, client or server"},
		{"close support --wait --dry-run=server", "--wait waits for nothing"},
		{"close support --wait=ever", "--wait="},
		{"close support -o table", "-o:"},
		{"close support --reason " + strings.Repeat("é", 257), "--reason has 257 letters; it may have 256"},
		{"close team/support", `"team/support" is no queue`},
		{"close support --frobnicate", "unknown flag: --frobnicate"},
		{"auto support --for 2h", "unknown flag: --for"},
		{"stauts", "did you mean status?"},
		{"status a b", "one queue at a time, not 2"},
		{"status a -A", "not both"},
		{"log a b", "one queue at a time, not 2"},
		{"log queue/", "a queue's name is empty"},
		{"log a --type closd", "there are opened, closed"},
		{"log a --since tomorrow", "still to come"},
		{"top --interval 1ms", "write 200ms to 1h0m0s"},
		{"explain", "name the queue"},
		{"explain a --at noonish", "--at"},
		{"explain a --output xml", "write json or yaml"},
		{"explain queue", "name the queue"},
		{"explain queue conversation --at noonish", "--at"},
		{"explain conversation", "name the conversation"},
		{"explain conversation c1 c2", "one conversation at a time, not 2"},
		{"explain conversation 12", `"12" is no conversation; write its id, such as c12`},
		{"explain conversation c", "is no conversation"},
		{"explain conversation c1x", "is no conversation"},
		{"explain conversation c" + strings.Repeat("1", 21), "is no conversation"},
		{"explain conversation queue/support", "is no conversation"},
		{"explain conversation/support", `"support" is no conversation`},
		{"explain conversation c1 -o xml", "write json or yaml"},
		{"explain conversation c1 --at 18:00", "unknown flag: --at"},
		{"schedule preview --from 2026-12-24 --to 2026-12-24", "--to must be after --from"},
		{"schedule preview --from 2000-01-01 --to 2100-01-01", "at most 45 years"},
		{"schedule review", "did you mean preview?"},
		{"sign-in-link", "name the agent"},
		{"sign-in-link ana --valid 48h", "write 1m0s to 24h0m0s"},
		{"sign-in-link ana --url acme.example", "write scheme and host"},
		{"support-link", "give the channel"},
		{"support-link web", "takes no arguments"},
		{"support-link --channel web", "say where the link leads"},
		{"support-link --channel queue/web --to team/tier1", `"queue/web" is no channel`},
		{"support-link --channel web --to ana", "write queue/NAME, team/NAME or agent/NAME"},
		{"support-link --channel web --to customer/ana", "write queue/NAME"},
		{"support-link --channel web --to queue/", "write queue/NAME"},
		{"support-link --channel web --to queue/a/b", "write queue/NAME"},
		{"support-link --channel web --to team/a --for 400d", "no length of time"},
		{"support-link --channel web --to team/a --for 0s", "too short"},
		{"support-link --channel web --to team/a --until someday", "--until"},
		{"support-link --channel web --to team/a --until 18:00 --for 1d", "not both"},
		{"support-link --channel web --to team/a --url acme.example", "write scheme and host"},
		{"support-link --channel web --to team/a -o xml", "write json or yaml"},
		{"version -o xml", "write json or yaml"},
	} {
		p.run(strings.Fields(c.args)...).ends(ExitUsage).names(c.want)
	}
	past := p.run("close", "support", "--until", "2020-01-01")
	past.ends(ExitFailed).names("no cluster is configured") // what is over depends on the zone
}

func TestAnEndThatIsOverIsRefused(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.run("close", "support", "--until", "2026-11-21T11:59").ends(ExitUsage).
		says("error: --until 2026-11-21T11:59 is over: it was 11:59 (EET)\n")
	if p.queue("support").Spec.Override != nil {
		t.Error("it was written")
	}
}
