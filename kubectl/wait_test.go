package kubectl

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

// report writes a status as the operator does.
func (p *plugin) report(name string, generation int64, state v1alpha1.OpenState, cause string, programmed metav1.ConditionStatus) {
	p.t.Helper()
	reason, message := v1alpha1.ReasonProgrammed, "the runtime has applied this generation"
	if programmed != metav1.ConditionTrue {
		reason, message = v1alpha1.ReasonRuntimeUnreachable, "the runtime cannot be reached: connection refused"
	}
	body, err := json.Marshal(map[string]any{"status": v1alpha1.QueueStatus{
		ObservedGeneration: generation, State: state, StateCause: cause,
		Conditions: []metav1.Condition{{Type: v1alpha1.ConditionProgrammed, Status: programmed, Reason: reason, Message: message,
			ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(morning)}},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	q := &v1alpha1.Queue{}
	q.Namespace, q.Name = p.namespace, name
	err = p.Status().Patch(context.Background(), q, client.RawPatch(types.MergePatchType, body), client.FieldOwner(v1alpha1.FieldManagerOperator))
	if err != nil {
		p.t.Fatal(err)
	}
}

// begin a command, and hand its result over when it ends.
func (p *plugin) begin(args ...string) <-chan result {
	ended := make(chan result, 1)
	var out, errOut bytes.Buffer
	go func() {
		code := p.start(context.Background(), genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut}, args...)
		ended <- result{p.t, strings.Join(args, " "), out.String(), errOut.String(), code}
	}()
	return ended
}

// written waits until the queue has an override of that state, and returns its generation.
func (p *plugin) written(name string, state v1alpha1.OpenState) int64 {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if q := p.queue(name); q.Spec.Override != nil && q.Spec.Override.State == state {
			return q.Generation
		}
	}
	p.t.Fatalf("queue %s was never %s", name, state)
	return 0
}

func (p *plugin) ended(c <-chan result) result {
	p.t.Helper()
	select {
	case r := <-c:
		return r
	case <-time.After(time.Minute):
		p.t.Fatal("it did not end")
		return result{}
	}
}

func (p *plugin) goesOn(c <-chan result) {
	p.t.Helper()
	select {
	case r := <-c:
		p.t.Fatalf("%s ended too early with %d: %s%s", r.args, r.code, r.out, r.err)
	case <-time.After(150 * time.Millisecond): // time in which it could have gone wrong
	}
}

func TestWaitingEndsWhenTheRuntimeHasDoneItAndNotBefore(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.report("support", p.queue("support").Generation, v1alpha1.StateClosed, "Schedule", metav1.ConditionTrue)
	closing := p.begin("close", "support", "--wait=2m")
	g := p.written("support", v1alpha1.StateClosed)
	p.goesOn(closing) // closed already, but by the schedule, of the generation before
	p.report("support", g, v1alpha1.StateClosed, "Schedule", metav1.ConditionFalse)
	p.goesOn(closing)
	p.report("support", g, v1alpha1.StateClosed, "Override", metav1.ConditionTrue)
	p.ended(closing).done().says("queue/support closed until \"kubectl usher auto support\"\n")

	auto := p.begin("auto", "support", "--wait=2m")
	for p.queue("support").Spec.Override != nil {
		time.Sleep(10 * time.Millisecond)
	}
	g = p.queue("support").Generation
	p.report("support", g, v1alpha1.StateClosed, "Override", metav1.ConditionTrue)
	p.goesOn(auto)
	p.report("support", g, v1alpha1.StateOpen, "Schedule", metav1.ConditionTrue)
	p.ended(auto).done().says("queue/support follows the schedule office again\n")
}

func TestWaitingInVainIsToldByItsOwnExitCodeAndWhy(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	r := p.run("close", "support", "--wait=5s").ends(ExitTimeout)
	r.names("queue/support: written, but not in force after 5s: the operator has not reported on this change yet")
	if p.queue("support").Spec.Override == nil {
		t.Error("it was not written")
	}
	g := p.queue("support").Generation
	p.report("support", g, v1alpha1.StateOpen, "Schedule", metav1.ConditionFalse)
	p.run("close", "support", "--wait=5s").ends(ExitTimeout).names("connection refused", "kubectl describe queues.usher.chat support")
}

func TestWaitingEndsWhenSomebodyElseChangesTheOverride(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	closing := p.begin("close", "support", "--wait=2m")
	p.written("support", v1alpha1.StateClosed)
	p.apply(v1alpha1.FieldManagerConsole, "kind: Queue\nmetadata: {name: support}\nspec: {override: {state: Open}}\n")
	p.ended(closing).ends(ExitFailed).names("somebody changed spec.override while it was waited for")

	closing = p.begin("close", "support", "--wait=2m")
	p.written("support", v1alpha1.StateClosed)
	if err := p.Delete(context.Background(), p.queue("support")); err != nil {
		t.Fatal(err)
	}
	p.ended(closing).ends(ExitFailed).names("was deleted while it was waited for")
}

// allow a user some verbs on some resources of the namespace, and wait until the API server, which reads roles now and
// then, grants each.
func (p *plugin) allow(user string, rules ...rbacv1.PolicyRule) {
	p.t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: user}, Rules: rules}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
	for _, o := range []client.Object{role, binding} {
		if err := p.Create(context.Background(), o); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					asked := authorizationv1.ResourceAttributes{Namespace: p.namespace, Verb: verb, Group: group}
					asked.Resource, asked.Subresource, _ = strings.Cut(resource, "/")
					if len(rule.ResourceNames) > 0 {
						asked.Name = rule.ResourceNames[0]
					}
					p.granted(user, asked)
				}
			}
		}
	}
}

// granted waits until the API server allows a user something.
func (p *plugin) granted(user string, asked authorizationv1.ResourceAttributes) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user, ResourceAttributes: &asked}}
		if err := p.Create(context.Background(), review); err != nil {
			p.t.Fatal(err)
		}
		if review.Status.Allowed {
			return
		}
	}
	p.t.Fatalf("%s was never allowed %+v", user, asked)
}

func TestWhoMayOnlyGetAndPatchQueuesClosesAndWaits(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	p.allow("sue", rbacv1.PolicyRule{APIGroups: []string{v1alpha1.Group}, Resources: []string{"queues"}, Verbs: []string{"get", "patch"}})
	sue := p.as(apitest.User(t, "sue"))
	closing := sue.begin("close", "support", "--wait=2m", "--for", "2h")
	p.report("support", p.written("support", v1alpha1.StateClosed), v1alpha1.StateClosed, "Override", metav1.ConditionTrue)
	// Without the right to read schedules the time is this machine's.
	sue.ended(closing).done().says("queue/support closed until 12:00 (UTC, this machine's time)\n")
	if by := p.queue("support").Spec.Override.By; by != "sue" {
		t.Errorf("by %q", by)
	}
	sue.run("close", "sales").ends(ExitFailed).says("error: queue sales not found in namespace " + p.namespace + "\n")
	sue.run("auto", "support").done()
}

func TestWhoMayNotIsToldWhat(t *testing.T) {
	p := onCluster(t)
	p.apply(gitOps, desk)
	tim := p.as(apitest.User(t, "tim"))
	tim.run("status").ends(ExitFailed).names("could not list the queues of namespace "+p.namespace, "you are not allowed to", "tim", "kubectl auth can-i --list")
	p.allow("tim", rbacv1.PolicyRule{APIGroups: []string{v1alpha1.Group}, Resources: []string{"queues", "teams"}, Verbs: []string{"get", "list"}})
	tim.run("close", "support").ends(ExitFailed).names("could not change spec.override of the queue support", "you are not allowed to")
	tim.run("top", "--once").ends(ExitFailed).names("you may not read the Secret usher-viewer", "status and explain need neither")
	tim.run("status").done()
}
