package router

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"usher.chat/runtime/desk"
)

// named is a command that can be told from others.
func named(name string) request { return request{command: desk.Disconnect{Gateway: name}} }

func names(list []request) (got []string) {
	for _, q := range list {
		got = append(got, q.command.(desk.Disconnect).Gateway)
	}
	return got
}

func TestAPodToWhichVeryManyTalkDoesNotKeepTheOthersWaiting(t *testing.T) {
	in := newIntake(1000)
	for i := range 1000 {
		if err := in.put("loud", named(fmt.Sprint("loud ", i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.put("loud", named("one too many")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("one too many of a pod: %v", err)
	}
	for i := range 2 {
		if err := in.put("quiet", named(fmt.Sprint("quiet ", i))); err != nil {
			t.Errorf("another pod's line is full with it: %v", err)
		}
	}
	if got := names(in.take(5)); !slices.Equal(got, []string{"loud 0", "quiet 0", "loud 1", "quiet 1", "loud 2"}) {
		t.Errorf("taken: %v", got)
	}
	select {
	case <-in.ready:
	default:
		t.Error("nobody is told that there are more")
	}
	if rest := in.stop(); len(rest) != 997 || !errors.Is(in.put("quiet", named("late")), ErrStopped) {
		t.Errorf("%d at the end", len(rest))
	}
}

// Whatever comes and is taken: each line keeps its order and its bound, nothing is lost or doubled, and of two pods that
// both wait none gets more than one command ahead in a take.
func TestTheIntakeIsFairBoundedAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 8).Draw(t, "most")
		in := newIntake(most)
		waiting := map[string][]string{}
		pods := []string{"", "a", "b", "c"}
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				pod := rapid.SampledFrom(pods).Draw(t, "pod")
				next++
				name := fmt.Sprint(next)
				err := in.put(pod, named(name))
				if full := len(waiting[pod]) >= most; full != errors.Is(err, ErrUnavailable) {
					t.Fatalf("with %d of %d waiting: %v", len(waiting[pod]), most, err)
				}
				if err == nil {
					waiting[pod] = append(waiting[pod], name)
				}
			},
			"take": func(t *rapid.T) {
				before := map[string]int{}
				for pod, list := range waiting {
					before[pod] = len(list)
				}
				n := rapid.IntRange(1, 20).Draw(t, "n")
				got := map[string]int{}
				list := names(in.take(n))
				for _, name := range list {
					of := slices.IndexFunc(pods, func(pod string) bool { return len(waiting[pod]) > 0 && waiting[pod][0] == name })
					if of < 0 {
						t.Fatalf("%s is not the first of any line", name)
					}
					got[pods[of]]++
					waiting[pods[of]] = waiting[pods[of]][1:]
				}
				left := 0
				for _, pod := range pods {
					left += len(waiting[pod])
					for _, other := range pods {
						if len(waiting[pod]) > 0 && got[other] > got[pod]+1 {
							t.Fatalf("%q got %d and %q, which has more, %d", other, got[other], pod, got[pod])
						}
					}
				}
				if len(list) < n && left > 0 {
					t.Fatalf("%d taken of %d wanted, %d left", len(list), n, left)
				}
			},
		})
	})
}
