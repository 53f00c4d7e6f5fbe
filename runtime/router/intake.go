package router

import "sync"

// intake holds the commands that wait for a decision: a line for each pod that they come from. The lines are taken from
// in turn, one command each, so that a pod to which very many talk does not keep the others waiting; within a line the
// order is that of coming. Each line is bounded by itself.
type intake struct {
	most  int           // of one line
	ready chan struct{} // of capacity one: something is there

	mu      sync.Mutex
	lines   map[string]*line
	turns   []*line // the lines that are not empty; the first is next
	stopped bool
}

type line struct {
	waiting []request
	taken   int // of waiting, from the front
}

func newIntake(most int) *intake {
	return &intake{most: most, ready: make(chan struct{}, 1), lines: map[string]*line{}}
}

// put adds a command to the line of a pod; empty is this one. ErrUnavailable tells that the line is full, ErrStopped
// that nothing is decided any more.
func (in *intake) put(pod string, q request) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.stopped {
		return ErrStopped
	}
	l := in.lines[pod]
	if l == nil {
		l = &line{}
		in.lines[pod] = l
	}
	if len(l.waiting)-l.taken >= in.most {
		return ErrUnavailable
	}
	if l.waiting = append(l.waiting, q); len(l.waiting)-l.taken == 1 {
		in.turns = append(in.turns, l)
	}
	in.signal()
	return nil
}

func (in *intake) signal() {
	select {
	case in.ready <- struct{}{}:
	default:
	}
}

// take gives up to n commands, in the order in which they are to be decided, and signals again if there are more.
func (in *intake) take(n int) []request {
	in.mu.Lock()
	defer in.mu.Unlock()
	list := in.pop(n)
	if len(in.turns) > 0 {
		in.signal()
	}
	return list
}

func (in *intake) pop(n int) []request {
	var list []request
	for len(in.turns) > 0 && len(list) < n {
		l := in.turns[0]
		if len(in.turns) == 1 { // nobody to take turns with
			end := min(len(l.waiting), l.taken+n-len(list))
			list = append(list, l.waiting[l.taken:end]...)
			clear(l.waiting[l.taken:end])
			l.taken = end
		} else {
			list = append(list, l.waiting[l.taken])
			l.waiting[l.taken] = request{}
			l.taken++
		}
		copy(in.turns, in.turns[1:])
		in.turns = in.turns[:len(in.turns)-1]
		if l.taken < len(l.waiting) {
			in.turns = append(in.turns, l)
		} else {
			l.waiting, l.taken = l.emptied(), 0
		}
	}
	return list
}

// keptLine is the capacity up to which a line keeps its memory when it is empty.
const keptLine = 1024

func (l *line) emptied() []request {
	if cap(l.waiting) > keptLine {
		return nil // after a rush
	}
	return l.waiting[:0]
}

// stop lets nothing in any more and gives all that waits.
func (in *intake) stop() []request {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.stopped = true
	var list []request
	for len(in.turns) > 0 {
		list = append(list, in.pop(groupRequests)...)
	}
	return list
}
