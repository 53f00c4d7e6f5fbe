package desksim

// timer is something that a person of an ordinary day will do.
type timer struct {
	at   int64
	seq  uint64 // of two at the same time the one set first comes first
	what action
	who  int
}

// timers is a heap, the earliest first; without interfaces, for it is used for every message.
type timers struct {
	list []timer
	seq  uint64
}

func (t *timers) set(at int64, what action, who int) {
	t.seq++
	t.list = append(t.list, timer{at, t.seq, what, who})
	for i := len(t.list) - 1; i > 0; {
		up := (i - 1) / 2
		if !t.list[i].before(t.list[up]) {
			break
		}
		t.list[i], t.list[up] = t.list[up], t.list[i]
		i = up
	}
}

func (a timer) before(b timer) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (t *timers) next() (timer, bool) {
	if len(t.list) == 0 {
		return timer{}, false
	}
	return t.list[0], true
}

func (t *timers) pop() {
	last := len(t.list) - 1
	t.list[0] = t.list[last]
	t.list = t.list[:last]
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && t.list[down].before(t.list[least]) {
				least = down
			}
		}
		if least == i {
			return
		}
		t.list[i], t.list[least] = t.list[least], t.list[i]
		i = least
	}
}
