package settings_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"usher.chat/runtime/settings"
)

// moving makes queues out of moves such as "a>b".
func moving(moves ...string) []settings.Queue {
	var queues []settings.Queue
	at := func(name string) *settings.Queue {
		for i := range queues {
			if queues[i].Name == name {
				return &queues[i]
			}
		}
		queues = append(queues, settings.Queue{Name: name})
		return &queues[len(queues)-1]
	}
	for i, m := range moves {
		from, to, _ := strings.Cut(m, ">")
		if to != "" && to != "nowhere" {
			at(to)
		}
		q := at(from)
		if to != "" {
			q.WaitingRules = append(q.WaitingRules, settings.WaitingRule{AfterSeconds: i + 1, Action: settings.RuleMove, Queue: to})
		}
	}
	return queues
}

func TestLoopsOfMovesAreFoundWithTheirPath(t *testing.T) {
	for _, c := range []struct {
		name  string
		moves string
		want  string
	}{
		{"nothing", "", ""},
		{"no moves", "a b", ""},
		{"a chain", "a>b b>c c>d", ""},
		{"two ways to the same end", "a>b a>c b>d c>d", ""},
		{"there and back", "support>overflow overflow>support", "overflow support overflow"},
		{"a queue that moves into itself", "a>a", "a a"},
		{"three, begun at the last", "c>a a>b b>c", "a b c a"},
		{"the other way round", "a>c c>b b>a", "a c b a"},
		{"a way in and a way out are no part of it", "in>a a>b b>a b>out", "a b a"},
		{"two that share a queue", "a>b b>a b>c c>b", "a b a, b c b"},
		{"a short one and a long one", "a>b b>a b>c c>a", "a b a, a b c a"},
		{"two apart", "x>y y>x a>b b>a", "a b a, x y x"},
		{"the same move twice", "a>b a>b b>a", "a b a"},
		{"a move to a queue that is not there", "a>nowhere nowhere2>a", ""},
		{"every move on a loop, and not every way to go round", "a>b b>a b>c c>b c>a a>c", "a b a, a c a, b c b"},
	} {
		var got []string
		for _, path := range settings.MoveLoops(moving(strings.Fields(c.moves)...)) {
			got = append(got, strings.Join(path, " "))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: found %q, want %q", c.name, strings.Join(got, ", "), c.want)
		}
	}
}

func TestAnAlertIsNoMove(t *testing.T) {
	queues := moving("a>b", "b>a")
	queues[0].WaitingRules[0].Action = settings.RuleAlert
	if loops := settings.MoveLoops(queues); len(loops) != 0 {
		t.Errorf("found %v", loops)
	}
}

// Against the plain question: can one come from a queue back to it?
func TestAMoveIsOnALoopThatIsFoundExactlyWhenItCanBeComeBackFrom(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		n := 2 + rng.IntN(8)
		var moves []string
		reach := make([][]bool, n)
		for i := range reach {
			reach[i] = make([]bool, n)
		}
		for range rng.IntN(2 * n) {
			a, b := rng.IntN(n), rng.IntN(n)
			moves = append(moves, fmt.Sprintf("q%d>q%d", a, b))
			reach[a][b] = true
		}
		edge := make([][]bool, n)
		for i := range edge {
			edge[i] = slices.Clone(reach[i])
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		loops := settings.MoveLoops(moving(moves...))
		shown := map[string]bool{}
		for _, path := range loops {
			if path[0] != path[len(path)-1] || slices.Min(path) != path[0] || len(slices.Compact(slices.Sorted(slices.Values(path)))) != len(path)-1 {
				t.Fatalf("seed %d: %v is no loop from its first queue to it", seed, path)
			}
			for i := 1; i < len(path); i++ {
				shown[path[i-1]+">"+path[i]] = true
			}
		}
		for i := range n {
			for j := range n {
				move := fmt.Sprintf("q%d>q%d", i, j)
				if want := edge[i][j] && (i == j || reach[j][i]); shown[move] != want {
					t.Fatalf("seed %d, %v: %s is on a loop: found %v, want %v (%v)", seed, moves, move, shown[move], want, loops)
				}
			}
		}
		shuffled := moving(moves...)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := settings.MoveLoops(shuffled); fmt.Sprint(again) != fmt.Sprint(loops) {
			t.Fatalf("seed %d: in another order %v, before %v", seed, again, loops)
		}
	}
}

func BenchmarkMoveLoops(b *testing.B) {
	many := func(to func(i, r int) int) []settings.Queue {
		queues := make([]settings.Queue, 1000)
		for i := range queues {
			queues[i].Name = fmt.Sprintf("queue-%04d", i)
			for r := range settings.MaxWaitingRules {
				queues[i].WaitingRules = append(queues[i].WaitingRules, settings.WaitingRule{
					AfterSeconds: r + 1, Action: settings.RuleMove, Queue: fmt.Sprintf("queue-%04d", to(i, r))})
			}
		}
		return queues
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for name, queues := range map[string][]settings.Queue{
		"all to the next ones": many(func(i, r int) int { return min(i+r+1, 1000) }),
		"all anywhere":         many(func(int, int) int { return rng.IntN(1000) }),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				settings.MoveLoops(queues)
			}
		})
	}
}
