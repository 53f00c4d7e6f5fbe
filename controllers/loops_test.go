package controllers

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/api/v1alpha1"
)

// ring of n queues, each of which moves into the next, with long names.
func ring(n, letters int) Objects {
	name := func(i int) string { return fmt.Sprintf("%s-%04d", strings.Repeat("q", letters), i%n) }
	o := Objects{Namespace: "acme"}
	for i := range n {
		o.Queues = append(o.Queues, v1alpha1.Queue{
			ObjectMeta: metav1.ObjectMeta{Name: name(i), Generation: 1},
			Spec: v1alpha1.QueueSpec{WaitingRules: []v1alpha1.WaitingRule{
				{AfterSeconds: 60, Action: v1alpha1.RuleMove, QueueRef: &v1alpha1.LocalRef{Name: name(i + 1)}},
			}},
		})
	}
	return o
}

func TestTheMessageOfALongLoopStillSaysWhatToChange(t *testing.T) {
	for _, c := range []struct{ n, letters int }{{2, 1}, {2, 248}, {3, 248}, {4, 248}, {40, 10}, {1000, 50}} {
		o := ring(c.n, c.letters)
		compiled := Compile(o)
		for _, q := range o.Queues {
			loop := compiled.Findings[Key{KindQueue, q.Name}].Loop
			path, rest, _ := strings.Cut(loop.Message, ": ")
			if clip(loop.Message) != loop.Message || !strings.Contains(rest, "remove or redirect one of these waiting rules") {
				t.Fatalf("%v: a message of %d bytes: %.1000s", c, len(loop.Message), loop.Message)
			}
			if !strings.HasPrefix(path, q.Name+" -> ") || !strings.HasSuffix(path, " -> "+q.Name) {
				t.Fatalf("%v: the path of %s is %.1000s", c, q.Name, path)
			}
			var named, left int
			for _, p := range strings.Split(path, " -> ") {
				if n, err := fmt.Sscanf(p, "(%d more)", &left); n == 1 && err == nil {
					continue
				}
				named++
			}
			if named+left != c.n+1 {
				t.Fatalf("%v: %d named and %d left out of %d: %s", c, named, left, c.n+1, path)
			}
		}
	}
}

func TestAQueueOnSeveralLoopsSaysHowMany(t *testing.T) {
	o := ring(3, 1)
	back := v1alpha1.WaitingRule{AfterSeconds: 90, Action: v1alpha1.RuleMove, QueueRef: &v1alpha1.LocalRef{Name: o.Queues[0].Name}}
	o.Queues[1].Spec.WaitingRules = append(o.Queues[1].Spec.WaitingRules, back)
	got := Compile(o).Findings[Key{KindQueue, o.Queues[0].Name}].Loop
	if got.Reason != v1alpha1.ReasonRuleLoop || !strings.HasPrefix(got.Message, "q-0000 -> q-0001 -> q-0000 (and 1 more): ") {
		t.Errorf("%+v", got)
	}
}

func BenchmarkCompileAThousandQueuesInALoop(b *testing.B) {
	o := ring(1000, 50)
	for b.Loop() {
		if c := Compile(o); c.Findings[Key{KindQueue, o.Queues[0].Name}].Loop.OK() {
			b.Fatal("the loop was not found")
		}
	}
}
