package settings

import "slices"

// MoveLoops finds the loops that waiting rules make (feature X7). A loop is the names of the queues
// along it, beginning with the alphabetically first and ending with it again:
//
//	MoveLoops([]Queue{
//		{Name: "support", WaitingRules: []WaitingRule{{AfterSeconds: 600, Action: RuleMove, Queue: "overflow"}}},
//		{Name: "overflow", WaitingRules: []WaitingRule{{AfterSeconds: 900, Action: RuleMove, Queue: "support"}}},
//	}) // [[overflow support overflow]]
//
// Where loops have moves in common, each move that lies on a loop is shown by the shortest one that
// it lies on, so that their number never exceeds that of the moves; there is none exactly when no
// customer could come back by rules. Sorted. The queues need not be, and a move to a queue that is
// not among them counts for nothing. A loop does no harm at run time, for nobody is moved twice into
// the same queue, but whoever wrote it meant something else.
func MoveLoops(queues []Queue) [][]string {
	names := make([]string, len(queues))
	for i, q := range queues {
		names[i] = q.Name
	}
	slices.Sort(names)
	names = slices.Compact(names)
	moves, into := movesAmong(queues, names)
	var loops [][]string
	from, line := make([]int, len(names)), make([]int, 0, len(names))
	for start := range names {
		if len(moves[start]) == 0 || len(into[start]) == 0 {
			continue
		}
		walk(start, moves, from, line)
		for _, last := range into[start] {
			if from[last] != unreached {
				loops = append(loops, loop(start, last, from, names))
			}
		}
	}
	slices.SortFunc(loops, slices.Compare[[]string])
	return slices.CompactFunc(loops, slices.Equal[[]string])
}

// movesAmong tells for each queue, by its place in names, to which ones its rules move and from which
// ones rules move into it, in order. Moves to a queue from which no rule moves on are left out: with
// them go those to queues that move only there, and so on, which is mostly all.
func movesAmong(queues []Queue, names []string) (moves, into [][]int) {
	moves, into = make([][]int, len(names)), make([][]int, len(names))
	for _, q := range queues {
		from, _ := slices.BinarySearch(names, q.Name)
		for _, r := range q.WaitingRules {
			if to, there := slices.BinarySearch(names, r.Queue); there && r.Action == RuleMove {
				moves[from] = append(moves[from], to)
			}
		}
	}
	for from := range moves {
		slices.Sort(moves[from])
		moves[from] = slices.Compact(moves[from])
		for _, to := range moves[from] {
			into[to] = append(into[to], from)
		}
	}
	var ends []int
	for q := range moves {
		if len(moves[q]) == 0 {
			ends = append(ends, q)
		}
	}
	for ; len(ends) > 0; ends = ends[1:] {
		end := ends[0]
		for _, q := range into[end] {
			moves[q] = slices.DeleteFunc(moves[q], func(to int) bool { return to == end })
			if len(moves[q]) == 0 {
				ends = append(ends, q)
			}
		}
		into[end] = nil
	}
	return moves, into
}

// What walk says of a queue that one does not come to, and of the one where it begins.
const (
	unreached = -1
	beginning = -2
)

// walk tells in from, for each queue, from which one it is reached the shortest way from start; of two
// such ways the first by name. The line is memory for it.
func walk(start int, moves [][]int, from, line []int) {
	for i := range from {
		from[i] = unreached
	}
	from[start] = beginning
	for line = append(line[:0], start); len(line) > 0; line = line[1:] {
		for _, next := range moves[line[0]] {
			if from[next] == unreached {
				from[next] = line[0]
				line = append(line, next)
			}
		}
	}
}

// loop from start to last and back, turned so that it begins with the first by name.
func loop(start, last int, from []int, names []string) []string {
	var path []string
	for q := last; q != start; q = from[q] {
		path = append(path, names[q])
	}
	path = append(path, names[start])
	slices.Reverse(path)
	first := slices.Index(path, slices.Min(path))
	turned := slices.Concat(path[first:], path[:first])
	return append(turned, turned[0])
}
